#include "runtime/fs/pipe.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/poll.h"
#include "runtime/abi/termios.h"
#include "runtime/fs/ring.h"
#include "runtime/host/heap.h"
#include "runtime/kernel/process.h"
#include "runtime/kernel/signal.h"
#include "runtime/kernel/task.h"
#include "runtime/kernel/waitq.h"
#include "runtime/memory/access.h"
#include <string.h>

struct pipe {
    struct host_mutex lock; /* everything below */
    struct fs_ring ring;
    uint32_t readers, writers;
    uint32_t reader_opens, writer_opens; /* ever; for opens of fifos that wait for the other end */
    uint32_t files;                      /* files over this pipe; the last one frees it */
    struct inode *fifo;                  /* the node it belongs to, or NULL */
    struct waitq read_wait, write_wait;
};

static struct pipe *pipe_new(void)
{
    struct pipe *pipe = calloc(1, sizeof(*pipe));
    if (!pipe)
        return NULL;
    host_mutex_init(&pipe->lock);
    waitq_init(&pipe->read_wait);
    waitq_init(&pipe->write_wait);
    fs_ring_init(&pipe->ring, PIPE_DEFAULT_SIZE);
    return pipe;
}

static void pipe_free(struct pipe *pipe)
{
    fs_ring_free(&pipe->ring);
    free(pipe);
}

static bool can_read(void *arg)
{
    struct pipe *pipe = arg;
    host_mutex_lock(&pipe->lock);
    bool ready = pipe->ring.used || !pipe->writers;
    host_mutex_unlock(&pipe->lock);
    return ready;
}

static int64_t pipe_read(struct file *file, void *buffer, size_t n, uint64_t *pos)
{
    (void)pos;
    struct pipe *pipe = file->priv;
    if (n == 0)
        return 0;
    for (;;) {
        host_mutex_lock(&pipe->lock);
        size_t got = fs_ring_take(&pipe->ring, buffer, n);
        bool end = !pipe->writers;
        host_mutex_unlock(&pipe->lock);
        if (got) {
            waitq_wake(&pipe->write_wait, L_POLLOUT | L_POLLWRNORM);
            return (int64_t)got;
        }
        if (end)
            return 0;
        if (atomic_load(&file->flags) & L_O_NONBLOCK)
            return -L_EAGAIN;
        int error = wait_until(&pipe->read_wait, can_read, pipe, WAIT_FOREVER);
        if (error)
            return error;
    }
}

struct room {
    struct pipe *pipe;
    size_t wanted;
};

static bool can_write(void *arg)
{
    const struct room *room = arg;
    struct pipe *pipe = room->pipe;
    host_mutex_lock(&pipe->lock);
    bool ready = pipe->ring.size - pipe->ring.used >= room->wanted || !pipe->readers;
    host_mutex_unlock(&pipe->lock);
    return ready;
}

static int64_t broken(void)
{
    struct task *task = task_current();
    if (task)
        signal_send_task(task, L_SIGPIPE, NULL);
    return -L_EPIPE;
}

/* Up to PIPE_ATOMIC bytes go in as one piece or not at all; more goes in as it fits. */
static int64_t pipe_write(struct file *file, const void *buffer, size_t n, uint64_t *pos)
{
    (void)pos;
    struct pipe *pipe = file->priv;
    const uint8_t *from = buffer;
    size_t done = 0;
    if (n == 0)
        return 0;
    for (;;) {
        size_t left = n - done;
        struct room room = {pipe, left <= PIPE_ATOMIC && done == 0 ? left : 1};
        int put = 0;
        host_mutex_lock(&pipe->lock);
        bool gone = !pipe->readers;
        size_t space = pipe->ring.size - pipe->ring.used;
        if (!gone && space >= room.wanted)
            put = fs_ring_put(&pipe->ring, from + done, left < space ? left : space);
        host_mutex_unlock(&pipe->lock);
        if (gone)
            return done ? (int64_t)done : broken();
        if (put < 0)
            return done ? (int64_t)done : put;
        if (put) {
            waitq_wake(&pipe->read_wait, L_POLLIN | L_POLLRDNORM);
            done += (size_t)put;
            if (done == n)
                return (int64_t)n;
            continue;
        }
        if (atomic_load(&file->flags) & L_O_NONBLOCK)
            return done ? (int64_t)done : -L_EAGAIN;
        int error = wait_until(&pipe->write_wait, can_write, &room, WAIT_FOREVER);
        if (error)
            return done ? (int64_t)done : error;
    }
}

static uint32_t pipe_poll(struct file *file, struct poll_table *table)
{
    struct pipe *pipe = file->priv;
    uint32_t events = 0;
    if (file_readable(file))
        poll_wait(table, &pipe->read_wait);
    if (file_writable(file))
        poll_wait(table, &pipe->write_wait);
    host_mutex_lock(&pipe->lock);
    if (file_readable(file)) {
        if (pipe->ring.used)
            events |= L_POLLIN | L_POLLRDNORM;
        if (!pipe->writers && pipe->writer_opens)
            events |= L_POLLHUP;
    }
    if (file_writable(file)) {
        if (pipe->ring.size - pipe->ring.used >= PIPE_ATOMIC)
            events |= L_POLLOUT | L_POLLWRNORM;
        if (!pipe->readers)
            events |= L_POLLERR;
    }
    host_mutex_unlock(&pipe->lock);
    return events;
}

static int64_t pipe_ioctl(struct file *file, struct task *task, uint32_t command, uint64_t arg)
{
    struct pipe *pipe = file->priv;
    if (command != L_FIONREAD)
        return -L_ENOTTY;
    host_mutex_lock(&pipe->lock);
    uint32_t used = (uint32_t)pipe->ring.used;
    host_mutex_unlock(&pipe->lock);
    return put_guest_u32(task->process->space, arg, used);
}

static void pipe_release(struct file *file)
{
    struct pipe *pipe = file->priv;
    struct inode *fifo = pipe->fifo;
    if (fifo)
        host_mutex_lock(&fifo->lock);
    host_mutex_lock(&pipe->lock);
    if (file_readable(file))
        pipe->readers--;
    if (file_writable(file))
        pipe->writers--;
    bool last = --pipe->files == 0;
    /* Under the lock: once it is free, another release may be the last one. */
    waitq_wake(&pipe->read_wait, 0);
    waitq_wake(&pipe->write_wait, 0);
    host_mutex_unlock(&pipe->lock);
    if (fifo && last)
        fifo->ipc = NULL;
    if (fifo)
        host_mutex_unlock(&fifo->lock);
    if (last)
        pipe_free(pipe);
}

static uint64_t pipe_memory(struct file *file)
{
    struct pipe *pipe = file->priv;
    host_mutex_lock(&pipe->lock);
    uint64_t bytes = pipe->ring.capacity;
    host_mutex_unlock(&pipe->lock);
    return bytes;
}

static const struct file_ops pipe_ops = {
    .read = pipe_read,
    .write = pipe_write,
    .poll = pipe_poll,
    .ioctl = pipe_ioctl,
    .release = pipe_release,
    .memory = pipe_memory,
};

struct pipe *pipe_of(struct file *file)
{
    return file->ops == &pipe_ops ? file->priv : NULL;
}

int pipe_create(uint32_t flags, struct file **reader, struct file **writer)
{
    struct pipe *pipe = pipe_new();
    if (!pipe)
        return -L_ENOMEM;
    flags &= L_O_NONBLOCK | L_O_DIRECT;
    pipe->readers = pipe->writers = pipe->reader_opens = pipe->writer_opens = 1;
    pipe->files = 1;
    *reader = file_anonymous("pipe:", L_S_IFIFO | 0600, L_O_RDONLY | flags, &pipe_ops, pipe);
    if (!*reader) {
        pipe_free(pipe);
        return -L_ENOMEM;
    }
    struct path same = path_get((*reader)->path);
    *writer = file_new(same, L_O_WRONLY | flags, &pipe_ops, pipe);
    if (!*writer) {
        pipe->writers = 0;
        file_put(*reader);
        return -L_ENOMEM;
    }
    (*writer)->kind |= FILE_STREAM;
    pipe->files = 2;
    /* Found again through /proc/PID/fd. */
    pipe->fifo = (*reader)->inode;
    pipe->fifo->ipc = pipe;
    return 0;
}

/* --- fifos --- */

struct opening {
    struct pipe *pipe;
    bool reading;
    uint32_t seen;
};

/* The other end is there, or was opened in between. */
static bool other_end(void *arg)
{
    const struct opening *o = arg;
    struct pipe *pipe = o->pipe;
    host_mutex_lock(&pipe->lock);
    bool ready = o->reading ? pipe->writers || pipe->writer_opens != o->seen
                            : pipe->readers || pipe->reader_opens != o->seen;
    host_mutex_unlock(&pipe->lock);
    return ready;
}

/* The pipe at a node, made by its first open; counted as one more file. */
static struct pipe *fifo_pipe(struct inode *inode)
{
    host_mutex_lock(&inode->lock);
    if (!inode->ipc) {
        struct pipe *made = pipe_new();
        if (made)
            made->fifo = inode;
        inode->ipc = made;
    }
    struct pipe *pipe = inode->ipc;
    if (pipe)
        pipe->files++;
    host_mutex_unlock(&inode->lock);
    return pipe;
}

int fifo_open(struct inode *inode, struct file *file)
{
    bool nonblock = atomic_load(&file->flags) & L_O_NONBLOCK;
    bool reads = file_readable(file), writes = file_writable(file);
    struct pipe *pipe = fifo_pipe(inode);
    if (!pipe)
        return -L_ENOMEM;
    file->priv = pipe;
    file->ops = &pipe_ops;
    file->kind |= FILE_STREAM;
    host_mutex_lock(&pipe->lock);
    struct opening opening = {pipe, reads, reads ? pipe->writer_opens : pipe->reader_opens};
    bool alone = reads ? !pipe->writers : !pipe->readers;
    if (reads) {
        pipe->readers++;
        pipe->reader_opens++;
    }
    if (writes) {
        pipe->writers++;
        pipe->writer_opens++;
    }
    host_mutex_unlock(&pipe->lock);
    waitq_wake(&pipe->read_wait, 0);
    waitq_wake(&pipe->write_wait, 0);
    int error = 0;
    /* A pipe opened again through /proc/PID/fd waits for nobody: its other end may be gone for
     * good. */
    bool anonymous = inode->super->magic == L_ANON_INODE_FS_MAGIC;
    if ((reads && writes) || anonymous)
        return 0;
    if (nonblock)
        error = writes && alone ? -L_ENXIO : 0;
    else if (alone)
        error = wait_until(reads ? &pipe->read_wait : &pipe->write_wait, other_end, &opening,
                           WAIT_FOREVER);
    if (error)
        pipe_release(file);
    return error;
}

int64_t pipe_get_size(struct pipe *pipe)
{
    host_mutex_lock(&pipe->lock);
    int64_t size = (int64_t)pipe->ring.size;
    host_mutex_unlock(&pipe->lock);
    return size;
}

int64_t pipe_set_size(struct pipe *pipe, uint64_t size, bool privileged)
{
    uint64_t rounded = 4096;
    if (size > (uint64_t)1 << 31)
        return -L_EINVAL;
    while (rounded < size)
        rounded *= 2;
    if (rounded > PIPE_MAX_SIZE && !privileged)
        return -L_EPERM;
    host_mutex_lock(&pipe->lock);
    int error = fs_ring_resize(&pipe->ring, (size_t)rounded);
    host_mutex_unlock(&pipe->lock);
    waitq_wake(&pipe->write_wait, L_POLLOUT | L_POLLWRNORM);
    return error ? error : (int64_t)rounded;
}
