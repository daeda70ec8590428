/* From guests to the master: output processing (c_oflag). */
#include "runtime/tty/ldisc.h"

static uint8_t to_upper(uint8_t c)
{
    return c >= 'a' && c <= 'z' ? (uint8_t)(c - 32) : c;
}

static uint32_t process_newline(struct ldisc *l, uint8_t out[8])
{
    if (ldisc_oflag(l, L_ONLRET))
        l->column = 0;
    if (ldisc_oflag(l, L_ONLCR)) {
        l->start_column = l->column = 0;
        out[0] = '\r';
        out[1] = '\n';
        return 2;
    }
    l->start_column = l->column;
    out[0] = '\n';
    return 1;
}

static uint32_t process_return(struct ldisc *l, uint8_t out[8])
{
    if (ldisc_oflag(l, L_ONOCR) && l->column == 0)
        return 0;
    if (ldisc_oflag(l, L_OCRNL)) {
        if (ldisc_oflag(l, L_ONLRET))
            l->start_column = l->column = 0;
        out[0] = '\n';
        return 1;
    }
    l->start_column = l->column = 0;
    out[0] = '\r';
    return 1;
}

static uint32_t process_tab(struct ldisc *l, uint8_t out[8])
{
    uint32_t spaces = 8 - (l->column & 7);
    l->column += spaces;
    if ((l->termios.c_oflag & L_TABDLY) == L_XTABS) {
        memset(out, ' ', spaces);
        return spaces;
    }
    out[0] = '\t';
    return 1;
}

uint32_t ldisc_process(struct ldisc *l, uint8_t c, uint8_t out[8])
{
    switch (c) {
    case '\n':
        return process_newline(l, out);
    case '\r':
        return process_return(l, out);
    case '\t':
        return process_tab(l, out);
    case '\b':
        if (l->column > 0)
            l->column--;
        break;
    default:
        if (ldisc_control(c))
            break;
        if (ldisc_oflag(l, L_OLCUC))
            c = to_upper(c);
        if (!ldisc_continuation(l, c))
            l->column++;
    }
    out[0] = c;
    return 1;
}

/* Length of the run of bytes that go out as they are; counts their columns. */
static size_t plain_run(struct ldisc *l, const uint8_t *bytes, size_t n)
{
    if (ldisc_oflag(l, L_OLCUC))
        return 0;
    size_t run = 0;
    while (run < n && !ldisc_control(bytes[run])) {
        if (!ldisc_continuation(l, bytes[run]))
            l->column++;
        run++;
    }
    return run;
}

static size_t write_processed(struct ldisc *l, const uint8_t *bytes, size_t n)
{
    size_t done = 0;
    while (done < n) {
        size_t room = ring_room(&l->output);
        if (room < 8)
            break;
        size_t left = n - done < room ? n - done : room;
        size_t run = plain_run(l, bytes + done, left);
        if (run == 0) {
            uint8_t out[8];
            ring_put(&l->output, out, ldisc_process(l, bytes[done], out));
            run = 1;
        } else {
            ring_put(&l->output, bytes + done, run);
        }
        done += run;
    }
    return done;
}

size_t ldisc_write(struct ldisc *l, const uint8_t *bytes, size_t n)
{
    ldisc_flush_echoes(l);
    if (!ldisc_writable(l))
        return 0;
    if (!ldisc_oflag(l, L_OPOST))
        return ring_put(&l->output, bytes, n);
    return write_processed(l, bytes, n);
}

bool ldisc_writable(const struct ldisc *l)
{
    return !l->stopped && ring_count(&l->echo) == 0 && ring_room(&l->output) >= 8;
}

size_t ldisc_take_output(struct ldisc *l, uint8_t *bytes, size_t n)
{
    size_t taken = ring_take(&l->output, bytes, n);
    ldisc_flush_echoes(l);
    return taken;
}

size_t ldisc_piece(struct ldisc *l, size_t n)
{
    uint32_t spared = l->discard_end - l->output.tail;
    if (spared == 0 || spared > ring_count(&l->output))
        l->discarded = false; /* older output is gone */
    return l->discarded && n > spared ? spared : n;
}

bool ldisc_drop_spared(struct ldisc *l)
{
    uint32_t spared = l->discard_end - l->output.tail;
    bool discarded = l->discarded;
    if (discarded && spared <= ring_count(&l->output))
        l->output.tail += spared;
    l->discarded = false;
    ldisc_flush_echoes(l);
    return discarded;
}
