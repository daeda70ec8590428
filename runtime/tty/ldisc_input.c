/* From the master to the line: input mapping, special keys, echo. */
#include "runtime/abi/signal.h"
#include "runtime/tty/ldisc.h"

static void put_typed(struct ldisc *l, uint8_t c)
{
    l->line[l->head % LDISC_LINE_SIZE] = c;
    l->head++;
}

/* With PARMRK a byte 0377 is doubled, to be told from a mark. */
static void put_marked(struct ldisc *l, uint8_t c)
{
    if (c == 0377 && ldisc_iflag(l, L_PARMRK))
        put_typed(l, c);
    put_typed(l, c);
}

static bool is_key(const struct ldisc *l, int index, uint8_t c)
{
    return c != LDISC_DISABLED && l->termios.c_cc[index] == c;
}

static void release_output(struct ldisc *l)
{
    ldisc_start(l);
    ldisc_flush_echoes(l);
}

/* IXANY: any byte releases the output. */
static void release_by_any(struct ldisc *l)
{
    if (l->stopped && !l->held && ldisc_iflag(l, L_IXON) && ldisc_iflag(l, L_IXANY))
        release_output(l);
}

static void take_plain(struct ldisc *l, uint8_t c)
{
    release_by_any(l);
    if (ldisc_lflag(l, L_ECHO)) {
        ldisc_finish_erasing(l);
        ldisc_echo_start(l);
        ldisc_echo(l, c);
    }
    put_marked(l, c);
}

/* Returns true when c was a key of flow control. */
static bool take_flow_key(struct ldisc *l, uint8_t c)
{
    if (!ldisc_iflag(l, L_IXON))
        return false;
    if (is_key(l, L_VSTART, c)) {
        release_output(l);
        return true;
    }
    if (is_key(l, L_VSTOP, c)) {
        ldisc_stop(l);
        return true;
    }
    return false;
}

static bool take_signal_key(struct ldisc *l, uint8_t c)
{
    if (!ldisc_lflag(l, L_ISIG))
        return false;
    int sig = is_key(l, L_VINTR, c)   ? L_SIGINT
              : is_key(l, L_VQUIT, c) ? L_SIGQUIT
              : is_key(l, L_VSUSP, c) ? L_SIGTSTP
                                      : 0;
    if (!sig)
        return false;
    ldisc_signal(l, sig);
    if (ldisc_iflag(l, L_IXON))
        ldisc_start(l);
    if (ldisc_lflag(l, L_ECHO))
        ldisc_echo(l, c);
    ldisc_flush_echoes(l);
    return true;
}

static void end_line(struct ldisc *l, uint8_t c)
{
    ldisc_set_end(l, l->head, true);
    put_typed(l, c);
    l->ready = l->head;
}

static void take_literal_key(struct ldisc *l)
{
    l->literal = true;
    if (!ldisc_lflag(l, L_ECHO))
        return;
    ldisc_finish_erasing(l);
    if (ldisc_lflag(l, L_ECHOCTL)) {
        ldisc_echo_raw(l, '^');
        ldisc_echo_raw(l, '\b');
    }
}

static void reprint(struct ldisc *l, uint8_t key)
{
    ldisc_finish_erasing(l);
    ldisc_echo(l, key);
    ldisc_echo_raw(l, '\n');
    for (uint32_t at = l->ready; at != l->head; at++)
        ldisc_echo(l, ldisc_at(l, at));
}

/* Keys that make or end a line. */
static bool take_line_key(struct ldisc *l, uint8_t c)
{
    bool extended = ldisc_lflag(l, L_IEXTEN);
    if (is_key(l, L_VERASE, c) || is_key(l, L_VKILL, c) || (is_key(l, L_VWERASE, c) && extended)) {
        ldisc_erase(l, c);
    } else if (is_key(l, L_VLNEXT, c) && extended) {
        take_literal_key(l);
    } else if (is_key(l, L_VREPRINT, c) && extended && ldisc_lflag(l, L_ECHO)) {
        reprint(l, c);
    } else if (c == '\n') {
        if (ldisc_lflag(l, L_ECHO | L_ECHONL))
            ldisc_echo_raw(l, '\n');
        end_line(l, c);
    } else if (is_key(l, L_VEOF, c)) {
        end_line(l, LDISC_DISABLED);
    } else if (is_key(l, L_VEOL, c) || (is_key(l, L_VEOL2, c) && extended)) {
        if (ldisc_lflag(l, L_ECHO)) {
            ldisc_echo_start(l);
            ldisc_echo(l, c);
        }
        if (c == 0377 && ldisc_iflag(l, L_PARMRK))
            put_typed(l, c);
        end_line(l, c);
    } else {
        return false;
    }
    return true;
}

static uint8_t to_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static uint8_t strip(const struct ldisc *l, uint8_t c)
{
    if (ldisc_iflag(l, L_ISTRIP))
        c &= 0x7f;
    if (ldisc_iflag(l, L_IUCLC) && ldisc_lflag(l, L_IEXTEN))
        c = to_lower(c);
    return c;
}

static void take_byte(struct ldisc *l, uint8_t c)
{
    c = strip(l, c);
    if (l->literal) {
        l->literal = false;
        take_plain(l, c);
        return;
    }
    if (ldisc_lflag(l, L_EXTPROC)) {
        put_typed(l, c);
        return;
    }
    if (take_flow_key(l, c) || take_signal_key(l, c))
        return;
    bool mapped = true;
    if (c == '\r' && ldisc_iflag(l, L_IGNCR)) {
        release_by_any(l);
        return;
    } else if (c == '\r' && ldisc_iflag(l, L_ICRNL)) {
        c = '\n';
    } else if (c == '\n' && ldisc_iflag(l, L_INLCR)) {
        c = '\r';
    } else {
        mapped = false;
    }
    if (ldisc_lflag(l, L_ICANON)) {
        release_by_any(l);
        if (take_line_key(l, c))
            return;
    }
    /* A newline made from a return is echoed as one even where ECHOCTL would show ^J. */
    if (mapped && c == '\n' && ldisc_lflag(l, L_ECHO)) {
        release_by_any(l);
        ldisc_finish_erasing(l);
        ldisc_echo_raw(l, '\n');
        put_typed(l, c);
        return;
    }
    take_plain(l, c);
}

/*
 * How many more bytes may be looked at. A full line without its end takes bytes for ever, each over
 * the last one, so that the key ending it is not lost; `overflow` says so.
 */
static uint32_t line_room(struct ldisc *l, bool *overflow)
{
    int32_t room = LDISC_LINE_SIZE - (int32_t)(l->head - l->tail);
    if (ldisc_iflag(l, L_PARMRK))
        room = (room + 2) / 3;
    room--;
    *overflow = false;
    if (room > 0)
        return (uint32_t)room;
    *overflow = ldisc_lflag(l, L_ICANON) && l->ready == l->tail;
    if (*overflow && room < 0)
        l->head--;
    return *overflow ? 1 : 0;
}

bool ldisc_interrupt(struct ldisc *l, uint8_t c)
{
    if (ring_count(&l->typed) == 0 || l->literal || ldisc_lflag(l, L_EXTPROC))
        return false;
    if (!take_signal_key(l, strip(l, c)))
        return false;
    if (!ldisc_lflag(l, L_NOFLSH))
        ring_clear(&l->typed);
    return true;
}

void ldisc_pump(struct ldisc *l)
{
    uint8_t chunk[256];
    while (ring_count(&l->typed) > 0) {
        bool overflow;
        uint32_t room = line_room(l, &overflow);
        uint32_t n = ring_take(&l->typed, chunk, room < sizeof(chunk) ? room : sizeof(chunk));
        if (n == 0)
            break;
        for (uint32_t i = 0; i < n; i++)
            take_byte(l, chunk[i]);
        ldisc_flush_echoes(l);
        if (!ldisc_canonical(l))
            l->published = l->head;
    }
}

size_t ldisc_type(struct ldisc *l, const uint8_t *bytes, size_t n)
{
    size_t done = 0;
    for (;;) {
        uint32_t taken = ring_put(&l->typed, bytes + done, n - done);
        done += taken;
        ldisc_pump(l);
        if (done == n || ring_room(&l->typed) == 0)
            return done;
    }
}
