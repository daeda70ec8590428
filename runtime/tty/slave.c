/* The slave as a file: what guests call their terminal. */

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/poll.h"
#include "runtime/abi/signal.h"
#include "runtime/host/heap.h"
#include "runtime/task/process.h"
#include "runtime/task/signal.h"
#include "runtime/task/task.h"
#include "runtime/tty/pair.h"

int slave_open(struct tty *tty, struct file *file, struct task *task)
{
    struct slave *s = malloc(sizeof(*s));
    if (!s)
        return -L_ENOMEM;
    bool root = !task || cred_capable(&task->process->cred, L_CAP_SYS_ADMIN);
    host_mutex_lock(&tty->lock);
    int error = tty->locked || !tty->master_open ? -L_EIO : tty->exclusive && !root ? -L_EBUSY : 0;
    if (!error) {
        s->tty = tty_get(tty);
        s->hangups = tty->hangups;
        tty->slaves++;
        tty->slave_gone = false;
        file->ops = &tty_slave_ops;
        file->kind |= FILE_STREAM;
        file->priv = s;
    }
    host_mutex_unlock(&tty->lock);
    if (error)
        free(s);
    return error;
}

static void slave_release(struct file *file)
{
    struct slave *s = file->priv;
    struct tty *tty = s->tty;
    free(s);
    host_mutex_lock(&tty->lock);
    bool last = --tty->slaves == 0;
    if (last) {
        tty->slave_gone = true;
        tty->exclusive = false;
    }
    bool unused = last && !tty->master_open;
    const struct tty_master_ops *ops = last ? tty_calls(tty) : NULL;
    host_mutex_unlock(&tty->lock);
    if (last)
        waitq_wake(&tty->master_wait, L_POLLIN | L_POLLHUP);
    if (unused)
        tty_forget_number(tty);
    if (ops) {
        ops->closed(tty->owner);
        tty_called(tty);
    }
    tty_put(tty);
}

static bool may_write(void *arg)
{
    struct slave *s = arg;
    host_mutex_lock(&s->tty->lock);
    bool ready = slave_dead(s) || ldisc_writable(&s->tty->ldisc);
    host_mutex_unlock(&s->tty->lock);
    return ready;
}

static bool stops_background(struct tty *tty)
{
    host_mutex_lock(&tty->lock);
    bool stops = tty->ldisc.termios.c_lflag & L_TOSTOP;
    host_mutex_unlock(&tty->lock);
    return stops;
}

static int64_t slave_write(struct file *file, const void *buffer, size_t n, uint64_t *pos)
{
    (void)pos;
    struct slave *s = file->priv;
    struct tty *tty = s->tty;
    if (stops_background(tty)) {
        int error = tty_check_background(tty, task_current(), L_SIGTTOU);
        if (error)
            return error;
    }
    struct task *task = task_current();
    size_t done = 0;
    while (done < n) {
        /* A key that makes a signal discards the output: nothing more may follow it. */
        if (task && signal_pending(task))
            return done ? (int64_t)done : -L_ERESTARTSYS;
        struct tty_before before;
        tty_lock(tty, &before);
        bool dead = slave_dead(s);
        if (!dead)
            done += ldisc_write(&tty->ldisc, (const uint8_t *)buffer + done, n - done);
        tty_unlock(tty, &before);
        if (dead)
            return done ? (int64_t)done : -L_EIO;
        if (done == n)
            break;
        if (atomic_load(&file->flags) & L_O_NONBLOCK)
            return done ? (int64_t)done : -L_EAGAIN;
        int error = wait_until(&tty->slave_wait, may_write, s, WAIT_FOREVER);
        if (error)
            return done ? (int64_t)done : error;
    }
    return (int64_t)done;
}

static uint32_t slave_poll(struct file *file, struct poll_table *table)
{
    struct slave *s = file->priv;
    poll_wait(table, &s->tty->slave_wait);
    uint32_t events = 0;
    host_mutex_lock(&s->tty->lock);
    if (slave_dead(s))
        events = L_POLLIN | L_POLLOUT | L_POLLERR | L_POLLHUP | L_POLLRDNORM | L_POLLWRNORM;
    if (ldisc_readable(&s->tty->ldisc, true))
        events |= L_POLLIN | L_POLLRDNORM;
    if (ldisc_writable(&s->tty->ldisc))
        events |= L_POLLOUT | L_POLLWRNORM;
    host_mutex_unlock(&s->tty->lock);
    return events;
}

static int64_t slave_ioctl(struct file *file, struct task *task, uint32_t command, uint64_t arg)
{
    struct slave *s = file->priv;
    host_mutex_lock(&s->tty->lock);
    bool dead = slave_dead(s);
    host_mutex_unlock(&s->tty->lock);
    if (dead)
        return command == L_TIOCSPGRP ? -L_ENOTTY : -L_EIO;
    return tty_ioctl(file, s->tty, false, task, command, arg);
}

const struct file_ops tty_slave_ops = {
    .kind_flags = FILE_OPS_ASYNC,
    .read = slave_read,
    .write = slave_write,
    .ioctl = slave_ioctl,
    .poll = slave_poll,
    .release = slave_release,
};
