/* The line discipline: its state, flow control, signals, new settings. */
#include "runtime/tty/ldisc.h"

#include "runtime/abi/signal.h"
#include "runtime/host/heap.h"

static const struct l_termios initial = {
    .c_iflag = L_ICRNL | L_IXON,
    .c_oflag = L_OPOST | L_ONLCR,
    .c_cflag = L_B38400 | L_CS8 | L_CREAD,
    .c_lflag = L_ISIG | L_ICANON | L_ECHO | L_ECHOE | L_ECHOK | L_ECHOCTL | L_ECHOKE | L_IEXTEN,
    .c_cc = {[L_VINTR] = 3,
             [L_VQUIT] = 28,
             [L_VERASE] = 127,
             [L_VKILL] = 21,
             [L_VEOF] = 4,
             [L_VMIN] = 1,
             [L_VSTART] = 17,
             [L_VSTOP] = 19,
             [L_VSUSP] = 26,
             [L_VREPRINT] = 18,
             [L_VDISCARD] = 15,
             [L_VWERASE] = 23,
             [L_VLNEXT] = 22},
};

bool ldisc_init(struct ldisc *l)
{
    memset(l, 0, sizeof(*l));
    l->termios = initial;
    l->line = malloc(LDISC_LINE_SIZE);
    l->ends = calloc(LDISC_LINE_SIZE / 32, sizeof(*l->ends));
    bool rings = ring_init(&l->typed, LDISC_TYPED_SIZE);
    rings = ring_init(&l->output, LDISC_OUTPUT_SIZE) && rings;
    rings = ring_init(&l->echo, LDISC_ECHO_SIZE) && rings;
    if (rings && l->line && l->ends)
        return true;
    ldisc_free(l);
    return false;
}

void ldisc_free(struct ldisc *l)
{
    ring_free(&l->typed);
    ring_free(&l->output);
    ring_free(&l->echo);
    free(l->line);
    free(l->ends);
    l->line = NULL;
    l->ends = NULL;
}

static void set_packet_status(struct ldisc *l, uint8_t set, uint8_t clear)
{
    if (l->packet)
        l->packet_status = (uint8_t)((l->packet_status & ~clear) | set);
}

void ldisc_stop(struct ldisc *l)
{
    if (l->stopped)
        return;
    l->stopped = true;
    set_packet_status(l, L_TIOCPKT_STOP, L_TIOCPKT_START);
}

void ldisc_start(struct ldisc *l)
{
    if (!l->stopped || l->held)
        return;
    l->stopped = false;
    set_packet_status(l, L_TIOCPKT_START, L_TIOCPKT_STOP);
}

void ldisc_hold(struct ldisc *l, bool hold)
{
    if (l->held == hold)
        return;
    l->held = hold;
    if (hold) {
        ldisc_stop(l);
    } else {
        ldisc_start(l);
        ldisc_flush_echoes(l);
    }
}

static void reset_line(struct ldisc *l)
{
    l->head = l->ready = l->published = l->tail = 0;
    l->literal = l->erasing = false;
    memset(l->ends, 0, LDISC_LINE_SIZE / 8);
}

void ldisc_discard_input(struct ldisc *l)
{
    reset_line(l);
    ring_clear(&l->typed);
    set_packet_status(l, L_TIOCPKT_FLUSHREAD, 0);
}

void ldisc_discard_output(struct ldisc *l)
{
    /* Linux has handed the first bytes to the master's own buffer by then, where they stay. */
    if (ring_count(&l->output) > LDISC_LINE_SIZE - 1)
        l->output.head = l->output.tail + LDISC_LINE_SIZE - 1;
    set_packet_status(l, L_TIOCPKT_FLUSHWRITE, 0);
}

void ldisc_signal(struct ldisc *l, int sig)
{
    l->signals |= 1u << sig;
    if (ldisc_lflag(l, L_NOFLSH))
        return;
    ring_clear(&l->echo);
    ldisc_discard_output(l);
    l->discarded = true;
    l->discard_end = l->output.head;
    /* Bytes typed after the key are kept: only what came before it is discarded. */
    reset_line(l);
    set_packet_status(l, L_TIOCPKT_FLUSHREAD, 0);
}

/* TIOCPKT_DOSTOP says that the master may stop and start the output by itself. */
static bool plain_flow_control(const struct l_termios *t)
{
    return (t->c_iflag & L_IXON) && t->c_cc[L_VSTOP] == 19 && t->c_cc[L_VSTART] == 17;
}

static void tell_master(struct ldisc *l, const struct l_termios *old, const struct l_termios *new)
{
    bool was = plain_flow_control(old), is = plain_flow_control(new);
    if (was != is)
        set_packet_status(l, is ? L_TIOCPKT_DOSTOP : L_TIOCPKT_NOSTOP,
                          is ? L_TIOCPKT_NOSTOP : L_TIOCPKT_DOSTOP);
    if ((old->c_lflag ^ new->c_lflag) & L_EXTPROC)
        set_packet_status(l, L_TIOCPKT_IOCTL, 0);
}

void ldisc_set_termios(struct ldisc *l, const struct l_termios *termios)
{
    struct l_termios old = l->termios;
    l->termios = *termios;
    l->termios.c_cflag &= ~(uint32_t)(L_CSIZE | L_PARENB);
    l->termios.c_cflag |= L_CS8 | L_CREAD;
    tell_master(l, &old, &l->termios);

    if ((old.c_lflag ^ l->termios.c_lflag) & (L_ICANON | L_EXTPROC)) {
        memset(l->ends, 0, LDISC_LINE_SIZE / 8);
        /* What is there becomes a line, even without its end. */
        if (ldisc_lflag(l, L_ICANON) && l->head != l->tail) {
            ldisc_set_end(l, l->head - 1, true);
            l->ready = l->head;
        } else {
            l->ready = l->tail;
        }
        l->published = l->head;
        l->erasing = l->literal = false;
    }
    if ((old.c_iflag & L_IXON) && !ldisc_iflag(l, L_IXON) && !l->held) {
        ldisc_start(l);
        ldisc_flush_echoes(l);
    }
}
