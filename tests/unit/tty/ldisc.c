/* The table of cases.h played on the line discipline. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/tty/ldisc.h"
#include "tests/unit/run.h"
#include "tests/unit/tty/cases.h"

static const char *case_name;
static int step_number;

static void expect_bytes(const char *what, const uint8_t *got, size_t n, const struct step *s)
{
    if (n == s->size && memcmp(got, s->text, n) == 0)
        return;
    char text[512];
    size_t at = 0;
    for (size_t i = 0; i < n && at < sizeof(text) - 5; i++)
        at += (size_t)snprintf(text + at, 6, got[i] < 32 || got[i] > 126 ? "\\%03o" : "%c", got[i]);
    text[at] = 0;
    ck_abort_msg("%s, step %d: %s \"%s\"", case_name, step_number, what, text);
}

static void expect(bool right, const char *what)
{
    ck_assert_msg(right, "%s, step %d: %s", case_name, step_number, what);
}

static void change_modes(struct ldisc *l, const struct step *s)
{
    struct l_termios t = l->termios;
    uint32_t *flags = s->kind == STEP_IFLAG   ? &t.c_iflag
                      : s->kind == STEP_OFLAG ? &t.c_oflag
                                              : &t.c_lflag;
    if (s->kind == STEP_CC)
        t.c_cc[s->a] = (uint8_t)s->b;
    else
        *flags = (*flags & ~s->b) | s->a;
    ldisc_set_termios(l, &t);
    ldisc_pump(l);
}

/* As a read without waiting: with VMIN 0 nothing is an end. */
static int64_t read_now(struct ldisc *l, uint8_t *bytes, size_t n)
{
    if (!ldisc_readable(l, false))
        return ldisc_canonical(l) || l->termios.c_cc[L_VMIN] ? -1 : 0;
    size_t done = ldisc_read(l, bytes, n);
    ldisc_pump(l);
    return (int64_t)done;
}

static void play_input(struct ldisc *l, const struct step *s)
{
    if (s->kind == STEP_TYPE) {
        expect(ldisc_type(l, (const uint8_t *)s->text, s->size) == s->size, "typed too much");
        return;
    }
    uint8_t *many = malloc(s->a);
    memset(many, s->text[0], s->a);
    expect(ldisc_type(l, many, s->a) == s->a, "typed too much");
    free(many);
}

static void play_read(struct ldisc *l, const struct step *s)
{
    static uint8_t bytes[65536];
    int64_t n;
    switch (s->kind) {
    case STEP_SEEN:
        expect_bytes("seen", bytes, ldisc_take_output(l, bytes, sizeof(bytes)), s);
        break;
    case STEP_READ:
        n = read_now(l, bytes, s->a);
        expect(n >= 0, "nothing to read");
        expect_bytes("read", bytes, (size_t)n, s);
        break;
    case STEP_COUNT:
        n = read_now(l, bytes, s->a);
        ck_assert_msg(n == s->b, "%s, step %d: read %d", case_name, step_number, (int)n);
        break;
    default:
        expect(read_now(l, bytes, 16) < 0, "something to read");
    }
}

static void play_flow(struct ldisc *l, uint32_t action)
{
    const uint8_t *cc = l->termios.c_cc;
    if (action == L_TCOOFF || action == L_TCOON)
        ldisc_hold(l, action == L_TCOOFF);
    else
        ring_put(&l->output, &cc[action == L_TCIOFF ? L_VSTOP : L_VSTART], 1);
}

static void play_control(struct ldisc *l, const struct step *s)
{
    switch (s->kind) {
    case STEP_INQ:
        ck_assert_msg(ldisc_input_count(l) == s->a, "%s, step %d: %u", case_name, step_number,
                      ldisc_input_count(l));
        break;
    case STEP_FLUSH:
        if (s->a != L_TCOFLUSH)
            ldisc_discard_input(l);
        if (s->a != L_TCIFLUSH)
            ldisc_discard_output(l);
        break;
    case STEP_FLOW:
        play_flow(l, s->a);
        break;
    case STEP_PACKET:
        l->packet = s->a != 0;
        l->packet_status = 0;
        break;
    case STEP_STATUS:
        ck_assert_msg(l->packet_status == s->a, "%s, step %d: %u", case_name, step_number,
                      l->packet_status);
        l->packet_status = 0;
        break;
    case STEP_SIGNALS:
        ck_assert_msg(l->signals == s->a, "%s, step %d: %x", case_name, step_number, l->signals);
        l->signals = 0;
        break;
    default:
        expect(ldisc_readable(l, true) == (s->a != 0), "readable");
    }
}

static void play(struct ldisc *l, const struct step *s)
{
    switch (s->kind) {
    case STEP_IFLAG:
    case STEP_OFLAG:
    case STEP_LFLAG:
    case STEP_CC:
        change_modes(l, s);
        break;
    case STEP_TYPE:
    case STEP_FILL:
        play_input(l, s);
        break;
    case STEP_SEEN:
    case STEP_READ:
    case STEP_COUNT:
    case STEP_NOTHING:
        play_read(l, s);
        break;
    case STEP_WRITE:
        expect(ldisc_write(l, (const uint8_t *)s->text, s->size) == s->size, "write is held");
        break;
    case STEP_HELD:
        expect(ldisc_write(l, (const uint8_t *)s->text, s->size) == 0, "write is not held");
        break;
    default:
        play_control(l, s);
    }
}

START_TEST(test_case)
{
    const struct tty_case *c = &tty_cases[_i];
    struct ldisc l;
    case_name = c->name;
    ck_assert(ldisc_init(&l));
    for (step_number = 0; c->steps[step_number].kind != STEP_END; step_number++)
        play(&l, &c->steps[step_number]);
    expect(!ldisc_readable(&l, false), "bytes left unread");
    expect(ring_count(&l.output) == 0 || c->steps[step_number - 1].kind == STEP_STATUS,
           "bytes left unseen");
    ldisc_free(&l);
}
END_TEST

/* Echo that finds output stopped is bounded: the newest of it survives. */
START_TEST(test_echo_bound)
{
    struct ldisc l;
    ck_assert(ldisc_init(&l));
    case_name = "echo bound";
    struct l_termios t = l.termios;
    t.c_lflag &= ~(uint32_t)L_ICANON;
    ldisc_set_termios(&l, &t);
    ldisc_stop(&l);
    uint8_t bytes[100];
    for (int i = 0; i < 200; i++) {
        memset(bytes, 'a' + i % 26, sizeof(bytes));
        ck_assert_uint_eq(ldisc_type(&l, bytes, sizeof(bytes)), sizeof(bytes));
        while (ldisc_readable(&l, false))
            ldisc_read(&l, bytes, sizeof(bytes));
    }
    ldisc_start(&l);
    ldisc_flush_echoes(&l);
    static uint8_t seen[65536];
    size_t n = ldisc_take_output(&l, seen, sizeof(seen));
    ck_assert_uint_eq(n, LDISC_ECHO_SIZE);
    ck_assert_uint_eq(seen[n - 1], 'a' + 199 % 26);
    ldisc_free(&l);
}
END_TEST

/* A writer that is faster than the master is held at the bound and goes on when there is room. */
START_TEST(test_output_bound)
{
    struct ldisc l;
    ck_assert(ldisc_init(&l));
    uint8_t chunk[1000];
    memset(chunk, '\n', sizeof(chunk));
    size_t written = 0, n;
    while ((n = ldisc_write(&l, chunk, sizeof(chunk))) > 0)
        written += n;
    ck_assert_uint_le(2 * written, LDISC_OUTPUT_SIZE);
    ck_assert_uint_ge(2 * written, LDISC_OUTPUT_SIZE - 8);
    ck_assert(!ldisc_writable(&l));
    ck_assert_uint_eq(ldisc_take_output(&l, chunk, sizeof(chunk)), sizeof(chunk));
    ck_assert_mem_eq(chunk, "\r\n\r\n", 4);
    ck_assert(ldisc_writable(&l));
    ldisc_free(&l);
}
END_TEST

/* Discarding leaves what the master could have had already. */
START_TEST(test_output_discard)
{
    struct ldisc l;
    ck_assert(ldisc_init(&l));
    static uint8_t many[20000], seen[20000];
    memset(many, 'a', sizeof(many));
    ck_assert_uint_eq(ldisc_write(&l, many, sizeof(many)), sizeof(many));
    uint8_t interrupt = 3;
    ldisc_type(&l, &interrupt, 1);
    ck_assert_uint_eq(l.signals, 1u << L_SIGINT);
    ck_assert_uint_eq(ldisc_take_output(&l, seen, sizeof(seen)), LDISC_LINE_SIZE - 1 + 2);
    ck_assert_mem_eq(seen + LDISC_LINE_SIZE - 1, "^C", 2);
    ldisc_free(&l);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("cases");
    tcase_add_loop_test(tc, test_case, 0, (int)TTY_CASE_COUNT);
    tcase_add_test(tc, test_echo_bound);
    tcase_add_test(tc, test_output_bound);
    tcase_add_test(tc, test_output_discard);
    return unit_run("ldisc", tc);
}
