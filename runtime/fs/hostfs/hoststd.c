/* The standard handles of the host process as files of guests. */
#include "runtime/fs/hostfs/hoststd.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/poll.h"
#include "runtime/abi/termios.h"
#include "runtime/host/stdio.h"
#include "runtime/memory/access.h"
#include "runtime/task/process.h"
#include "runtime/task/waitq.h"

/* One for each standard handle, forever: the pump may call back at any time. */
struct standard {
    int number;
    struct waitq wait;
    struct host_mutex moving; /* held over each use of the position of a handle that has one */
};

#define STANDARD(n)                                                                                \
    {                                                                                              \
        .number = (n), .wait = WAITQ_INIT, .moving = HOST_MUTEX_INIT(RANK_HOST_POSITION)           \
    }
static struct standard standards[3] = {STANDARD(0), STANDARD(1), STANDARD(2)};

static void changed(void *arg)
{
    struct standard *s = arg;
    waitq_wake(&s->wait, 0);
}

static bool readable(void *arg)
{
    const struct standard *s = arg;
    return host_stdio_readable(s->number);
}

static int64_t move_bytes(struct standard *s, void *in, const void *out, size_t n)
{
    return in ? host_stdio_read(s->number, in, n) : host_stdio_write(s->number, out, n);
}

/* The handle has one position: pread and pwrite put it back. */
static int64_t move_at(struct file *file, void *in, const void *out, size_t n, uint64_t *pos)
{
    struct standard *s = file->priv;
    host_mutex_lock(&s->moving);
    int64_t before = pos == &file->pos ? 0 : host_stdio_seek(s->number, 0, L_SEEK_CUR);
    int64_t moved = before;
    if (moved >= 0 && pos != &file->pos)
        moved = host_stdio_seek(s->number, (int64_t)*pos, L_SEEK_SET);
    if (moved >= 0) {
        moved = move_bytes(s, in, out, n);
        if (pos != &file->pos)
            host_stdio_seek(s->number, before, L_SEEK_SET);
    }
    host_mutex_unlock(&s->moving);
    if (moved > 0)
        *pos += (uint64_t)moved;
    return moved;
}

static int64_t std_read(struct file *file, void *buffer, size_t n, uint64_t *pos)
{
    struct standard *s = file->priv;
    if (!(file->kind & FILE_STREAM))
        return move_at(file, buffer, NULL, n, pos);
    for (;;) {
        int64_t got = host_stdio_read(s->number, buffer, n);
        if (got != -L_EAGAIN || (atomic_load(&file->flags) & L_O_NONBLOCK))
            return got;
        int error = wait_until(&s->wait, readable, s, WAIT_FOREVER);
        if (error)
            return error;
    }
}

static bool is_pipe(const struct file *file)
{
    return (file->inode->mode & L_S_IFMT) == L_S_IFIFO;
}

/* A pipe without a reader has no room either: the next write says why. */
static bool takes_bytes(void *arg)
{
    const struct standard *s = arg;
    return host_stdio_writable(s->number) || host_stdio_broken(s->number);
}

/* 0 when the pipe may have room again. As in Linux, a signal ends the wait before room does. */
static int wait_for_room(const struct file *file, struct task *t)
{
    struct standard *s = file->priv;
    if (atomic_load(&file->flags) & L_O_NONBLOCK)
        return -L_EAGAIN;
    return signal_pending(t) ? -L_ERESTARTSYS : wait_until(&s->wait, takes_bytes, s, WAIT_FOREVER);
}

static int64_t write_pipe(struct file *file, struct task *t, const char *bytes, size_t n)
{
    const struct standard *s = file->priv;
    size_t done = 0;
    int64_t error = 0;
    while (!error && done < n) {
        int64_t put = host_stdio_write_now(s->number, bytes + done, n - done);
        if (put > 0)
            done += (size_t)put;
        else
            error = put == -L_EAGAIN ? wait_for_room(file, t) : put;
    }
    if (error == -L_EPIPE)
        signal_send_task(t, L_SIGPIPE, NULL);
    return done ? (int64_t)done : error;
}

static int64_t std_write(struct file *file, const void *buffer, size_t n, uint64_t *pos)
{
    struct standard *s = file->priv;
    struct task *t = task_current();
    if (!(file->kind & FILE_STREAM))
        return move_at(file, NULL, buffer, n, pos);
    return t && is_pipe(file) ? write_pipe(file, t, buffer, n)
                              : host_stdio_write(s->number, buffer, n);
}

static int64_t std_seek(struct file *file, int64_t offset, int whence)
{
    struct standard *s = file->priv;
    int64_t to = host_stdio_seek(s->number, offset, whence);
    if (to >= 0)
        file->pos = (uint64_t)to;
    return to;
}

static uint32_t output_events(const struct file *file)
{
    const struct standard *s = file->priv;
    if (!is_pipe(file))
        return L_POLLOUT | L_POLLWRNORM;
    uint32_t room = host_stdio_writable(s->number) ? L_POLLOUT | L_POLLWRNORM : 0;
    return room | (host_stdio_broken(s->number) ? L_POLLERR : 0);
}

static uint32_t std_poll(struct file *file, struct poll_table *table)
{
    struct standard *s = file->priv;
    poll_wait(table, &s->wait);
    uint32_t events = file_writable(file) ? output_events(file) : 0;
    if (!file_readable(file) || !host_stdio_readable(s->number))
        return events;
    /* Of a pipe that ended there is nothing to be read but what is still in it. */
    bool ended = host_stdio_ended(s->number);
    if (ended)
        events |= L_POLLHUP;
    if (!ended || host_stdio_available(s->number))
        events |= L_POLLIN | L_POLLRDNORM;
    return events;
}

static int64_t std_ioctl(struct file *file, struct task *task, uint32_t command, uint64_t arg)
{
    struct standard *s = file->priv;
    if (command != L_FIONREAD)
        return -L_ENOTTY;
    return put_guest_u32(task->process->space, arg, (uint32_t)host_stdio_available(s->number));
}

/* What was written is out of our hands already. */
static int std_fsync(struct file *file, bool data_only)
{
    struct standard *s = file->priv;
    (void)data_only;
    return host_stdio_kind(s->number) == HOST_STDIO_FILE ? 0 : -L_EINVAL;
}

static const struct file_ops std_ops = {
    .read = std_read,
    .write = std_write,
    .seek = std_seek,
    .poll = std_poll,
    .ioctl = std_ioctl,
    .fsync = std_fsync,
};

struct file *hoststd_open(int number, int *error)
{
    enum host_stdio_kind kind = host_stdio_kind(number);
    if (number < 0 || number > 2 || kind == HOST_STDIO_NONE) {
        *error = -L_EBADF;
        return NULL;
    }
    struct standard *s = &standards[number];
    bool seeks = kind == HOST_STDIO_FILE;
    uint32_t type = seeks ? L_S_IFREG : kind == HOST_STDIO_PIPE ? L_S_IFIFO : L_S_IFCHR;
    struct file *file = file_anonymous(kind == HOST_STDIO_PIPE ? "pipe:" : "host:", type | 0600,
                                       number == 0 ? L_O_RDONLY : L_O_WRONLY, &std_ops, s);
    *error = file ? 0 : -L_ENOMEM;
    if (!file)
        return NULL;
    if (seeks) {
        int64_t size = host_stdio_size(number);
        file->kind &= ~(uint32_t)FILE_STREAM;
        file->inode->size = size > 0 ? (uint64_t)size : 0;
    }
    if (kind == HOST_STDIO_PIPE)
        host_stdio_notify(number, changed, s);
    return file;
}
