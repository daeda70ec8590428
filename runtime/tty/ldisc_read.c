/* From the line to guests. */
#include "runtime/tty/ldisc.h"

bool ldisc_readable(const struct ldisc *l, bool for_poll)
{
    if (ldisc_canonical(l))
        return l->ready != l->tail;
    uint32_t least = 1;
    if (for_poll && !l->termios.c_cc[L_VTIME] && l->termios.c_cc[L_VMIN])
        least = l->termios.c_cc[L_VMIN];
    return l->published - l->tail >= least;
}

/*
 * One line or as much of it as fits. An end of file is not handed over but ends the read; when the
 * buffer is full just before one, it goes with it, or the next read would return 0.
 */
static size_t read_line(struct ldisc *l, uint8_t *bytes, size_t n)
{
    size_t done = 0;
    while (l->tail != l->ready) {
        bool end = ldisc_ends_at(l, l->tail);
        uint8_t c = ldisc_at(l, l->tail);
        bool end_of_file = end && c == LDISC_DISABLED;
        if (done == n && !(end_of_file && n > 0))
            break;
        if (end)
            ldisc_set_end(l, l->tail, false);
        l->tail++;
        if (!end_of_file)
            bytes[done++] = c;
        if (end)
            break;
    }
    return done;
}

static size_t read_bytes(struct ldisc *l, uint8_t *bytes, size_t n)
{
    size_t count = l->published - l->tail;
    if (count > n)
        count = n;
    /* With EXTPROC the master sends an end of file as the key that stands for it. */
    if (ldisc_lflag(l, L_EXTPROC) && ldisc_lflag(l, L_ICANON) && count == 1 &&
        l->published - l->tail == 1 && ldisc_at(l, l->tail) == l->termios.c_cc[L_VEOF]) {
        l->tail++;
        return 0;
    }
    for (size_t i = 0; i < count; i++)
        bytes[i] = ldisc_at(l, l->tail + (uint32_t)i);
    l->tail += (uint32_t)count;
    return count;
}

size_t ldisc_read(struct ldisc *l, uint8_t *bytes, size_t n)
{
    return ldisc_canonical(l) ? read_line(l, bytes, n) : read_bytes(l, bytes, n);
}

uint32_t ldisc_input_count(const struct ldisc *l)
{
    if (!ldisc_canonical(l))
        return l->head - l->tail;
    uint32_t count = l->ready - l->tail;
    for (uint32_t at = l->tail; at != l->ready; at++)
        if (ldisc_ends_at(l, at) && ldisc_at(l, at) == LDISC_DISABLED)
            count--;
    return count;
}
