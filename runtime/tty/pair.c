/* Pairs of master and slave: their life, their lock, what changes wake. */
#include "runtime/tty/pair.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/poll.h"
#include "runtime/host/heap.h"

/* Terminals by number; table_lock guards it and is taken before nothing else. */
static struct host_mutex table_lock = HOST_MUTEX_INIT(RANK_TTY_TABLE);
static struct tty *table[TTY_COUNT_MAX];

static int enter_number(struct tty *tty)
{
    int error = -L_ENOSPC;
    host_mutex_lock(&table_lock);
    for (uint32_t i = 0; i < TTY_COUNT_MAX && error; i++) {
        if (table[i])
            continue;
        table[i] = tty;
        tty->index = i;
        error = 0;
    }
    host_mutex_unlock(&table_lock);
    return error;
}

static int create(const struct tty_master_ops *ops, void *owner, struct tty **result)
{
    struct tty *tty = calloc(1, sizeof(*tty));
    if (!tty)
        return -L_ENOMEM;
    tty->refs = 1;
    tty->ops = ops;
    tty->owner = owner;
    tty->master_open = true;
    tty->input_speed = tty->output_speed = 38400;
    waitq_init(&tty->slave_wait);
    waitq_init(&tty->master_wait);
    host_mutex_init(&tty->lock, RANK_TTY);
    int error = ldisc_init(&tty->ldisc) ? 0 : -L_ENOMEM;
    if (!error) {
        error = enter_number(tty);
        if (error)
            ldisc_free(&tty->ldisc);
    }
    if (error)
        free(tty);
    else
        *result = tty;
    return error;
}

int tty_create(const struct tty_master_ops *ops, void *owner, struct tty **result)
{
    int error = create(ops, owner, result);
    if (!error)
        (*result)->ldisc.termios.c_iflag |= L_IUTF8;
    return error;
}

int tty_create_file_master(struct tty **result)
{
    int error = create(NULL, NULL, result);
    if (!error)
        (*result)->locked = true;
    return error;
}

void tty_forget_number(struct tty *tty)
{
    host_mutex_lock(&table_lock);
    if (table[tty->index] == tty)
        table[tty->index] = NULL;
    host_mutex_unlock(&table_lock);
}

struct tty *tty_get(struct tty *tty)
{
    atomic_fetch_add(&tty->refs, 1);
    return tty;
}

void tty_put(struct tty *tty)
{
    /* tty_find must not meet one that is going. */
    host_mutex_lock(&table_lock);
    bool last = atomic_fetch_sub(&tty->refs, 1) == 1;
    if (last && table[tty->index] == tty)
        table[tty->index] = NULL;
    host_mutex_unlock(&table_lock);
    if (!last)
        return;
    ldisc_free(&tty->ldisc);
    free(tty);
}

struct tty *tty_find(uint32_t index)
{
    struct tty *tty = NULL;
    host_mutex_lock(&table_lock);
    if (index < TTY_COUNT_MAX && table[index] && table[index]->master_open)
        tty = tty_get(table[index]);
    host_mutex_unlock(&table_lock);
    return tty;
}

int tty_list(int (*each)(void *arg, uint32_t index), void *arg)
{
    int result = 0;
    for (uint32_t i = 0; i < TTY_COUNT_MAX && !result; i++) {
        struct tty *tty = tty_find(i);
        if (!tty)
            continue;
        tty_put(tty);
        result = each(arg, i);
    }
    return result;
}

uint64_t tty_device(const struct tty *tty)
{
    return ((uint64_t)TTY_MAJOR_SLAVES << 8) | (tty->index & 0xff) |
           ((uint64_t)(tty->index & ~0xffu) << 12);
}

/* Where a reader may read to. */
static uint32_t input_end(const struct ldisc *l)
{
    return ldisc_canonical(l) ? l->ready : l->published;
}

void tty_lock(struct tty *tty, struct tty_before *before)
{
    host_mutex_lock(&tty->lock);
    const struct ldisc *l = &tty->ldisc;
    before->input = input_end(l);
    before->output_head = l->output.head;
    before->output_tail = l->output.tail;
    before->packet_status = l->packet_status;
    before->stopped = l->stopped;
}

/* What to wake the slave's waiters for. */
static uint32_t slave_events(struct tty *tty, const struct tty_before *before)
{
    const struct ldisc *l = &tty->ldisc;
    uint32_t events = 0;
    if (ldisc_readable(l, false) && input_end(l) != before->input)
        events |= L_POLLIN | L_POLLRDNORM;
    if (ldisc_writable(l) && (l->output.tail != before->output_tail || before->stopped))
        events |= L_POLLOUT | L_POLLWRNORM;
    return events;
}

static void wake_master_file(struct tty *tty, const struct tty_before *before, bool room)
{
    const struct ldisc *l = &tty->ldisc;
    uint32_t events = 0;
    if (l->output.head != before->output_head)
        events |= L_POLLIN | L_POLLRDNORM;
    if (l->packet_status && l->packet_status != before->packet_status)
        events |= L_POLLIN | L_POLLRDNORM | L_POLLPRI;
    if (room)
        events |= L_POLLOUT | L_POLLWRNORM;
    if (events)
        waitq_wake(&tty->master_wait, events);
}

const struct tty_master_ops *tty_calls(struct tty *tty)
{
    if (!tty->ops || !tty->master_open)
        return NULL;
    atomic_fetch_add(&tty->calling, 1);
    return tty->ops;
}

void tty_called(struct tty *tty)
{
    if (atomic_fetch_sub(&tty->calling, 1) == 1)
        host_wake_all(&tty->calling);
}

void tty_unlock(struct tty *tty, const struct tty_before *before)
{
    struct ldisc *l = &tty->ldisc;
    uint32_t signals = l->signals;
    l->signals = 0;
    bool room = tty->refused_input && ring_room(&l->typed) > 0;
    if (room)
        tty->refused_input = false;
    bool output = ring_count(&l->output) > 0 && before->output_head == before->output_tail;
    const struct tty_master_ops *ops = output || room ? tty_calls(tty) : NULL;
    uint32_t events = slave_events(tty, before);
    if (!tty->ops)
        wake_master_file(tty, before, room);
    host_mutex_unlock(&tty->lock);

    /* First: a writer must not fill again what the key of a signal has discarded. */
    for (int sig = 1; signals >> sig; sig++)
        if (signals >> sig & 1)
            tty_signal_foreground(tty, sig);
    if (events)
        waitq_wake(&tty->slave_wait, events);
    if (ops && output)
        ops->output(tty->owner);
    if (ops && room)
        ops->room(tty->owner);
    if (ops)
        tty_called(tty);
}

size_t tty_master_read(struct tty *tty, void *buffer, size_t n)
{
    struct tty_before before;
    tty_lock(tty, &before);
    size_t done = ldisc_take_output(&tty->ldisc, buffer, ldisc_piece(&tty->ldisc, n));
    /* Echoes that waited for the room are there now: the caller asks again until there is none. */
    before.output_head = before.output_tail + 1;
    tty_unlock(tty, &before);
    return done;
}

size_t tty_input(struct tty *tty, const void *bytes, size_t n)
{
    struct tty_before before;
    tty_lock(tty, &before);
    size_t done = ldisc_type(&tty->ldisc, bytes, n);
    if (done < n)
        tty->refused_input = true;
    tty_unlock(tty, &before);
    return done;
}

bool tty_interrupt(struct tty *tty, uint8_t key)
{
    struct tty_before before;
    tty_lock(tty, &before);
    bool done = ldisc_interrupt(&tty->ldisc, key);
    tty_unlock(tty, &before);
    return done;
}

bool tty_discarded(struct tty *tty)
{
    struct tty_before before;
    tty_lock(tty, &before);
    bool discarded = ldisc_drop_spared(&tty->ldisc);
    before.output_head = before.output_tail + 1; /* as for a read */
    tty_unlock(tty, &before);
    return discarded;
}

void tty_message(struct task *t, const char *text)
{
    struct tty *tty = tty_of_task(t);
    if (!tty)
        return;
    struct tty_before before;
    tty_lock(tty, &before);
    ldisc_write(&tty->ldisc, (const uint8_t *)text, strlen(text));
    tty_unlock(tty, &before);
    tty_put(tty);
}
