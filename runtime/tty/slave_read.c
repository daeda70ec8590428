/* Reading from a terminal: canonical lines, and every case of VMIN and VTIME (termios(3)). */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/signal.h"
#include "runtime/host/time.h"
#include "runtime/task/task.h"
#include "runtime/tty/pair.h"

#define TENTH_NS 100000000u

/* Linux fills a buffer of this size and looks at VMIN no further: a larger VMIN ends the read
   here. */
#define PIECE 64

/* How a read waits; decided when it starts, as Linux does. */
struct reading {
    struct slave *slave;
    size_t least;         /* bytes that end it */
    uint64_t first_ns;    /* how long to wait for the first byte */
    uint64_t between_ns;  /* and for each further one */
    uint64_t deadline_ns; /* monotonic, of the current wait */
};

static uint64_t after(uint64_t ns)
{
    return ns == WAIT_FOREVER ? WAIT_FOREVER : host_clock_monotonic_ns() + ns;
}

static void start(struct reading *r, struct slave *s)
{
    const struct l_termios *t = &s->tty->ldisc.termios;
    uint64_t time = t->c_cc[L_VTIME] * (uint64_t)TENTH_NS;
    r->slave = s;
    r->least = 1;
    r->first_ns = r->between_ns = WAIT_FOREVER;
    host_mutex_lock(&s->tty->lock);
    if (!(t->c_lflag & L_ICANON)) {
        r->least = t->c_cc[L_VMIN];
        if (r->least == 0) {
            r->least = 1;
            r->first_ns = time;
        } else if (time) {
            r->between_ns = time;
        }
    }
    host_mutex_unlock(&s->tty->lock);
    r->deadline_ns = after(r->first_ns);
}

static bool may_read(void *arg)
{
    struct slave *s = ((struct reading *)arg)->slave;
    host_mutex_lock(&s->tty->lock);
    bool ready = slave_dead(s) || ldisc_readable(&s->tty->ldisc, false);
    host_mutex_unlock(&s->tty->lock);
    return ready;
}

enum taken { TOOK_NOTHING, TOOK_LINE, TOOK_BYTES, TOOK_END };

/* Takes what is there. */
static enum taken take_input(struct slave *s, uint8_t *bytes, size_t n, size_t *done)
{
    struct tty_before before;
    struct ldisc *l = &s->tty->ldisc;
    enum taken taken = TOOK_NOTHING;
    tty_lock(s->tty, &before);
    if (slave_dead(s)) {
        taken = TOOK_END;
    } else if (ldisc_readable(l, false)) {
        taken = ldisc_canonical(l) ? TOOK_LINE : TOOK_BYTES;
        size_t got = ldisc_read(l, bytes + *done, n - *done);
        /* An end of file sent under EXTPROC. */
        if (got == 0)
            taken = TOOK_LINE;
        *done += got;
        ldisc_pump(l);
    }
    tty_unlock(s->tty, &before);
    return taken;
}

/* Who waits while the master goes sees an error, who comes later an end. */
static bool master_gone(struct tty *tty)
{
    host_mutex_lock(&tty->lock);
    bool gone = !tty->master_open;
    host_mutex_unlock(&tty->lock);
    return gone;
}

int64_t slave_read(struct file *file, void *buffer, size_t n, uint64_t *pos)
{
    (void)pos;
    struct slave *s = file->priv;
    int error = tty_check_background(s->tty, task_current(), L_SIGTTIN);
    if (error)
        return error;
    if (n == 0)
        return 0;
    struct reading r;
    start(&r, s);
    if (r.least > PIECE && n > PIECE)
        n = PIECE;
    size_t done = 0;
    bool waited = false;
    while (done < n) {
        switch (take_input(s, buffer, n, &done)) {
        case TOOK_LINE:
            return (int64_t)done;
        case TOOK_END:
            return waited && done == 0 && master_gone(s->tty) ? -L_EIO : (int64_t)done;
        case TOOK_BYTES:
            if (done >= r.least)
                return (int64_t)done;
            r.deadline_ns = after(r.between_ns);
            continue;
        case TOOK_NOTHING:
            break;
        }
        if (r.first_ns == 0)
            break;
        if (atomic_load(&file->flags) & L_O_NONBLOCK)
            return done ? (int64_t)done : -L_EAGAIN;
        waited = true;
        error = wait_until(&s->tty->slave_wait, may_read, &r, r.deadline_ns);
        if (error == -L_ETIMEDOUT)
            break;
        if (error)
            return done ? (int64_t)done : error;
    }
    return (int64_t)done;
}
