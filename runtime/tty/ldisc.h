/*
 * The line discipline of a terminal: what lies between the keys a master types and the bytes a
 * guest reads, and between the bytes a guest writes and those the master sees. It is Linux's
 * N_TTY (termios(3)), corner cases included.
 *
 *   ldisc_type -> typed --(editing, signals, echo)--> line --> ldisc_read
 *                                  |
 *                                  v echo
 *   ldisc_write --(output processing)--> output --> ldisc_take_output
 *
 * It knows no tasks and never waits: every function does what can be done now. The owner holds its
 * lock around each call, then looks at `signals` and wakes whom it must. Bytes typed while `line`
 * is full stay in `typed`, as in Linux: keys that make signals wait there as well.
 */
#ifndef RUNTIME_TTY_LDISC_H
#define RUNTIME_TTY_LDISC_H

#include "runtime/abi/termios.h"
#include "runtime/tty/byte_ring.h"

#define LDISC_LINE_SIZE   4096 /* Linux's N_TTY_BUF_SIZE: a line holds 4095 bytes and its end */
#define LDISC_TYPED_SIZE  65536
#define LDISC_OUTPUT_SIZE 65536
#define LDISC_ECHO_SIZE   4096

/* c_cc holds this for a key that is switched off; in `line` it stands for an end of file. */
#define LDISC_DISABLED 0

struct ldisc {
    struct l_termios termios;

    struct ring typed;  /* from the master, not yet looked at */
    struct ring output; /* for the master */
    struct ring echo;   /* not yet in output: gathered, or held back; goes before any write */

    /*
     * The line buffer. Positions count bytes and wrap at 2^32; index is position modulo size.
     * tail <= ready <= head. In canonical mode [tail, ready) is complete lines and [ready, head)
     * the line being edited; otherwise published says how far a reader may go.
     */
    uint8_t *line;
    uint32_t *ends; /* one bit per index: a line ends here */
    uint32_t head, ready, published, tail;

    uint32_t column;       /* where the cursor is, for tabs */
    uint32_t start_column; /* where the line being edited began */
    bool literal;          /* VLNEXT was typed: the next byte is taken as it is */
    bool erasing;          /* inside a \.../ of ECHOPRT */
    bool stopped;          /* output is held, by VSTOP or TCOOFF */
    bool held;             /* by TCOOFF: keys do not release it */

    bool discarded;       /* a key has discarded output since the master asked last */
    uint32_t discard_end; /* what output had then and kept ends here */

    bool packet;           /* the master reads in packet mode */
    uint8_t packet_status; /* TIOCPKT_* not yet read */

    uint32_t signals; /* bit n: send signal n to the foreground group */
};

/* False when there is no memory. */
bool ldisc_init(struct ldisc *l);
void ldisc_free(struct ldisc *l);

/* Queues what the master typed and works on it. Returns how many bytes were taken. */
size_t ldisc_type(struct ldisc *l, const uint8_t *bytes, size_t n);

/*
 * A key that makes a signal acts at once though earlier bytes wait, which are discarded unless
 * NOFLSH keeps them. False, and nothing done, when none wait or c makes no signal. Linux's keys
 * wait with the others: this is for a master with a user before it.
 */
bool ldisc_interrupt(struct ldisc *l, uint8_t c);

/* Works on queued bytes as far as the line has room: after every read and change of modes. */
void ldisc_pump(struct ldisc *l);

/* True when a read would return; for_poll counts VMIN as poll(2) does. */
bool ldisc_readable(const struct ldisc *l, bool for_poll);

/*
 * Takes what is there: in canonical mode at most one line (0 for an end of file typed at its
 * start), else up to n bytes. ldisc_readable must hold. Does not pump.
 */
size_t ldisc_read(struct ldisc *l, uint8_t *bytes, size_t n);

/* Bytes FIONREAD reports. */
uint32_t ldisc_input_count(const struct ldisc *l);

/* Writes as many bytes as can be taken now; returns how many of the caller's were used. */
size_t ldisc_write(struct ldisc *l, const uint8_t *bytes, size_t n);
bool ldisc_writable(const struct ldisc *l);

/* Takes bytes for the master. */
size_t ldisc_take_output(struct ldisc *l, uint8_t *bytes, size_t n);

/* How many of n bytes to take now, so that what a key spared comes without later ones. */
size_t ldisc_piece(struct ldisc *l, size_t n);
/* True once after a key has discarded output, for a master whose last bytes are older than that.
 * What the key spared goes too. */
bool ldisc_drop_spared(struct ldisc *l);

/* Puts waiting echoes into output. */
void ldisc_flush_echoes(struct ldisc *l);

void ldisc_set_termios(struct ldisc *l, const struct l_termios *termios);

void ldisc_stop(struct ldisc *l);
void ldisc_start(struct ldisc *l);
/* TCOOFF, TCOON: held until asked otherwise, whatever is typed. */
void ldisc_hold(struct ldisc *l, bool hold);
void ldisc_discard_input(struct ldisc *l);  /* TCIFLUSH */
void ldisc_discard_output(struct ldisc *l); /* TCOFLUSH */

/* A signal key: the signal and, without NOFLSH, both queues discarded. */
void ldisc_signal(struct ldisc *l, int sig);

/* Between the discipline's own files. */

static inline bool ldisc_iflag(const struct ldisc *l, uint32_t flag)
{
    return (l->termios.c_iflag & flag) != 0;
}

static inline bool ldisc_oflag(const struct ldisc *l, uint32_t flag)
{
    return (l->termios.c_oflag & flag) != 0;
}

static inline bool ldisc_lflag(const struct ldisc *l, uint32_t flag)
{
    return (l->termios.c_lflag & flag) != 0;
}

/* Lines are made: canonical, and not left to the master by EXTPROC. */
static inline bool ldisc_canonical(const struct ldisc *l)
{
    return (l->termios.c_lflag & (L_ICANON | L_EXTPROC)) == L_ICANON;
}

static inline uint8_t ldisc_at(const struct ldisc *l, uint32_t position)
{
    return l->line[position % LDISC_LINE_SIZE];
}

static inline bool ldisc_ends_at(const struct ldisc *l, uint32_t position)
{
    uint32_t i = position % LDISC_LINE_SIZE;
    return l->ends[i / 32] >> (i % 32) & 1;
}

static inline void ldisc_set_end(struct ldisc *l, uint32_t position, bool end)
{
    uint32_t i = position % LDISC_LINE_SIZE;
    if (end)
        l->ends[i / 32] |= 1u << (i % 32);
    else
        l->ends[i / 32] &= ~(1u << (i % 32));
}

/* Not the C library's: those follow a locale. */
static inline bool ldisc_control(uint8_t c)
{
    return c < 32 || c == 127;
}

/* A byte inside a UTF-8 character. */
static inline bool ldisc_continuation(const struct ldisc *l, uint8_t c)
{
    return ldisc_iflag(l, L_IUTF8) && (c & 0xc0) == 0x80;
}

/* Turns one byte of output into up to 8; returns how many. Moves the column. */
uint32_t ldisc_process(struct ldisc *l, uint8_t c, uint8_t out[8]);

/* Echo of one byte: through output processing; with ECHOCTL as ^X; a byte that moves nothing. */
void ldisc_echo_raw(struct ldisc *l, uint8_t c);
void ldisc_echo(struct ldisc *l, uint8_t c);
void ldisc_echo_back(struct ldisc *l, uint32_t columns);
/* Ends the \.../ of ECHOPRT. */
void ldisc_finish_erasing(struct ldisc *l);
/* Remembers the column at which the line being edited begins. */
void ldisc_echo_start(struct ldisc *l);

/* VERASE, VWERASE or VKILL was typed. */
void ldisc_erase(struct ldisc *l, uint8_t key);

#endif
