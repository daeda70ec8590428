/* Echo of what is typed. It is gathered while a run of bytes is worked on, so that an interrupt
   among them discards it, and never makes the typist wait: the oldest is lost. */
#include "runtime/tty/ldisc.h"

static void emit(struct ldisc *l, const uint8_t *bytes, uint32_t n)
{
    if (ring_room(&l->echo) < n)
        l->echo.tail += n;
    ring_put(&l->echo, bytes, n);
}

void ldisc_flush_echoes(struct ldisc *l)
{
    uint8_t chunk[256];
    while (!l->stopped && ring_count(&l->echo) > 0) {
        uint32_t room = ring_room(&l->output);
        if (room == 0)
            return;
        uint32_t n = ring_take(&l->echo, chunk, room < sizeof(chunk) ? room : sizeof(chunk));
        ring_put(&l->output, chunk, n);
    }
}

void ldisc_echo_raw(struct ldisc *l, uint8_t c)
{
    uint8_t out[8] = {c};
    uint32_t n = 1;
    if (ldisc_oflag(l, L_OPOST))
        n = ldisc_process(l, c, out);
    emit(l, out, n);
}

void ldisc_echo(struct ldisc *l, uint8_t c)
{
    if (!ldisc_lflag(l, L_ECHOCTL) || !ldisc_control(c) || c == '\t') {
        ldisc_echo_raw(l, c);
        return;
    }
    uint8_t out[2] = {'^', c ^ 0100};
    emit(l, out, 2);
    l->column += 2;
}

void ldisc_echo_back(struct ldisc *l, uint32_t columns)
{
    for (uint32_t i = 0; i < columns; i++) {
        emit(l, (const uint8_t *)"\b", 1);
        if (l->column > 0)
            l->column--;
    }
}

void ldisc_finish_erasing(struct ldisc *l)
{
    if (!l->erasing)
        return;
    ldisc_echo_raw(l, '/');
    l->erasing = false;
}

void ldisc_echo_start(struct ldisc *l)
{
    if (l->ready == l->head)
        l->start_column = l->column;
}
