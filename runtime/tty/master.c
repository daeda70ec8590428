/* The master as a file: /dev/ptmx (pty(7)). Its own modes are raw. */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/poll.h"
#include "runtime/task/task.h"
#include "runtime/tty/pair.h"

static bool may_read(void *arg)
{
    struct tty *tty = arg;
    host_mutex_lock(&tty->lock);
    bool ready = ring_count(&tty->ldisc.output) > 0 || tty->ldisc.packet_status || tty->slave_gone;
    host_mutex_unlock(&tty->lock);
    return ready;
}

/* Packet mode puts a byte before what is read: 0 before data, else a status alone. */
static size_t take_output(struct tty *tty, uint8_t *bytes, size_t n)
{
    struct tty_before before;
    struct ldisc *l = &tty->ldisc;
    size_t done = 0;
    tty_lock(tty, &before);
    if (l->packet && l->packet_status) {
        bytes[done++] = l->packet_status;
        l->packet_status = 0;
    } else if (ring_count(&l->output) > 0) {
        if (l->packet)
            bytes[done++] = L_TIOCPKT_DATA;
        done += ldisc_take_output(l, bytes + done, n - done);
    }
    tty_unlock(tty, &before);
    return done;
}

static int64_t master_read(struct file *file, void *buffer, size_t n, uint64_t *pos)
{
    (void)pos;
    struct tty *tty = file->priv;
    if (n == 0)
        return 0;
    for (;;) {
        size_t done = take_output(tty, buffer, n);
        if (done)
            return (int64_t)done;
        host_mutex_lock(&tty->lock);
        bool gone = tty->slave_gone;
        host_mutex_unlock(&tty->lock);
        if (gone)
            return -L_EIO;
        if (atomic_load(&file->flags) & L_O_NONBLOCK)
            return -L_EAGAIN;
        int error = wait_until(&tty->master_wait, may_read, tty, WAIT_FOREVER);
        if (error)
            return error;
    }
}

static bool may_write(void *arg)
{
    struct tty *tty = arg;
    host_mutex_lock(&tty->lock);
    bool ready = ring_room(&tty->ldisc.typed) > 0;
    host_mutex_unlock(&tty->lock);
    return ready;
}

static int64_t master_write(struct file *file, const void *buffer, size_t n, uint64_t *pos)
{
    (void)pos;
    struct tty *tty = file->priv;
    size_t done = 0;
    while (done < n) {
        done += tty_input(tty, (const uint8_t *)buffer + done, n - done);
        if (done == n)
            break;
        if (atomic_load(&file->flags) & L_O_NONBLOCK)
            return done ? (int64_t)done : -L_EAGAIN;
        int error = wait_until(&tty->master_wait, may_write, tty, WAIT_FOREVER);
        if (error)
            return done ? (int64_t)done : error;
    }
    return (int64_t)done;
}

static uint32_t master_poll(struct file *file, struct poll_table *table)
{
    struct tty *tty = file->priv;
    poll_wait(table, &tty->master_wait);
    uint32_t events = 0;
    host_mutex_lock(&tty->lock);
    if (ring_count(&tty->ldisc.output) > 0)
        events |= L_POLLIN | L_POLLRDNORM;
    if (tty->ldisc.packet && tty->ldisc.packet_status)
        events |= L_POLLPRI | L_POLLIN | L_POLLRDNORM;
    if (tty->slave_gone)
        events |= L_POLLHUP;
    if (ring_room(&tty->ldisc.typed) > 0)
        events |= L_POLLOUT | L_POLLWRNORM;
    else
        tty->refused_input = true;
    host_mutex_unlock(&tty->lock);
    return events;
}

static int64_t master_ioctl(struct file *file, struct task *task, uint32_t command, uint64_t arg)
{
    return tty_ioctl(file, file->priv, true, task, command, arg);
}

static void master_release(struct file *file)
{
    tty_master_close(file->priv);
}

const struct file_ops tty_master_file_ops = {
    .kind_flags = FILE_OPS_ASYNC,
    .read = master_read,
    .write = master_write,
    .ioctl = master_ioctl,
    .poll = master_poll,
    .release = master_release,
};
