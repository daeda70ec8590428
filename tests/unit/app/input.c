/* A session's way from keys to the screen. */
#define SDL_MAIN_HANDLED
#include <check.h>
#include <stdatomic.h>
#include <string.h>

#include "app/session/finder.h"
#include "app/session/session.h"
#include "runtime/host/lock.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"
#include "runtime/tty/tty.h"
#include "tests/unit/app/shown.h"
#include "tests/unit/run.h"

static void nothing(void *context)
{
    (void)context;
}

static const struct session_events events = {nothing, nothing, NULL};

/* Without a guest the line discipline answers: it echoes. */
START_TEST(typed_text_is_echoed)
{
    struct session *s = session_new(10, 40, &events);
    ck_assert_ptr_nonnull(s);
    session_text(s, "hello", 5);
    wait_for(s, "hello");
    struct term_key backspace = {.code = TERM_KEY_BACKSPACE};
    ck_assert(session_key(s, &backspace));
    session_text(s, "\303\244", 2);
    wait_for(s, "hell\303\244");
    session_print(s, "\nour own\n");
    wait_for(s, "our own");
    session_free(s);
}
END_TEST

/* What the tty does not take waits in the session, in order; the UI never does. */
START_TEST(large_paste)
{
    static char text[300000];
    struct session *s = session_new(10, 40, &events);
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = i % 50 == 49 ? '\n' : (char)('a' + i / 50 % 26);
    uint64_t start = host_clock_monotonic_ns();
    session_paste(s, text, sizeof(text));
    ck_assert_uint_lt(host_clock_monotonic_ns() - start, 5000000000u);
    session_free(s);
}
END_TEST

/* A key that makes a signal passes what waits because no guest reads, and drops it. */
START_TEST(interrupt_passes_waiting_text)
{
    static char text[1000000];
    struct session *s = session_new(10, 40, &events);
    memset(text, 'x', sizeof(text));
    for (size_t i = 49; i < sizeof(text); i += 50)
        text[i] = '\n';
    session_paste(s, text, sizeof(text));
    wait_for(s, "xxx");
    struct term_key key = {.code = 'c', .mods = TERM_MOD_CTRL};
    ck_assert(session_key(s, &key));
    wait_for(s, "^C");
    session_text(s, "then", 4);
    wait_for(s, "^Cthen");
    session_free(s);
}
END_TEST

/* Whatever makes bytes for the program sends them: each is seen as the line discipline's echo. */
START_TEST(every_call_sends)
{
    struct session *s = session_new(10, 100, &events);
    struct term_mouse press = {.kind = TERM_MOUSE_PRESS, .button = 1, .row = 2, .col = 3};
    ck_assert(!session_mouse(s, &press));
    session_print(s, "\033[?1000h\033[?1006h\033[?1004h\033[?2004h");
    ck_assert(session_mouse(s, &press));
    wait_for(s, "^[[<0;4;3M");
    session_focus(s, false);
    wait_for(s, "^[[O");
    struct term_options options;
    term_options_default(&options);
    options.clipboard_read = true;
    session_set_options(s, &options);
    session_clipboard_reply(s, 'c', "hi", 2);
    wait_for(s, "^[]52;c;aGk=^[\\");
    session_paste(s, "pasted", 6);
    wait_for(s, "^[[200~pasted^[[201~");
    session_hangup(s);
}
END_TEST

START_TEST(resized)
{
    struct session *s = session_new(10, 40, &events);
    session_resize(s, 20, 100, 9, 17);
    ck_assert_int_eq(term_cols(session_lock(s)), 100);
    session_unlock(s);
    session_resize(s, 1, 1, 9, 17);
    session_print(s, "some text that wraps\n");
    session_resize(s, 500, 1000, 9, 17);
    ck_assert_int_eq(term_rows(session_lock(s)), 500);
    session_unlock(s);
    session_free(s);
}
END_TEST

static atomic_uint told;

static void on_told(void *context)
{
    atomic_fetch_add((atomic_uint *)context, 1);
}

static void types(void *arg)
{
    struct tty *tty = arg;
    for (int i = 0; i < 2000; i++)
        tty_input(tty, "text\r", 5);
    tty_put(tty);
}

/* While text comes, and while it is looked through. */
START_TEST(ended_at_work)
{
    const struct session_events counts = {on_told, on_told, &told};
    for (int i = 0; i < 20; i++) {
        struct session *s = session_new(10, 40, &counts);
        ck_assert_ptr_nonnull(s);
        struct finder *f = finder_new(s);
        ck_assert_ptr_nonnull(f);
        ck_assert_int_eq(host_thread_start(types, tty_get(session_tty(s))), 0);
        wait_for(s, "text");
        if (i % 2)
            ck_assert(finder_start(f, "none", 0));
        finder_free(f);
        session_free(s);
        ck_assert_uint_gt(atomic_load(&told), 0);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("input");
    tcase_set_timeout(tc, 100);
    tcase_add_test(tc, typed_text_is_echoed);
    tcase_add_test(tc, large_paste);
    tcase_add_test(tc, interrupt_passes_waiting_text);
    tcase_add_test(tc, every_call_sends);
    tcase_add_test(tc, resized);
    tcase_add_test(tc, ended_at_work);
    return unit_run("input", tc);
}
