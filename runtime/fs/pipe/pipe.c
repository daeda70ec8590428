/* Pipes and FIFOs: both ends as files, and what splice(2) takes from and puts into them. */
#include "runtime/fs/pipe/pipe.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/poll.h"
#include "runtime/abi/termios.h"
#include "runtime/fs/pipe/pipe_ring.h"
#include "runtime/fs/vfs/sigio.h"
#include "runtime/host/heap.h"
#include "runtime/memory/access.h"
#include "runtime/task/process.h"
#include "runtime/task/signal.h"
#include "runtime/task/task.h"
#include "runtime/task/user.h"
#include "runtime/task/waitq.h"
#include <string.h>

/* Bytes in a row that were written alike: a packet (O_DIRECT), or whatever lies between packets. */
struct run {
    struct run *next;
    size_t length;
    bool packet;
};

struct pipe {
    struct turn reading;    /* of a reader that stores what it has looked at */
    struct host_mutex lock; /* everything below */
    struct fs_ring ring;
    struct run *first, *last; /* what is in the ring; none while there is no packet */
    struct run *spare;        /* for what is put into reserved room */
    uint32_t packets;
    bool taking, putting; /* a splice has the bytes; reserved room */
    uint32_t readers, writers;
    uint32_t reader_opens, writer_opens; /* ever; for opens of fifos that wait for the other end */
    uint32_t files;                      /* files over this pipe; the last one frees it */
    struct inode *fifo;                  /* the node it belongs to, or NULL */
    struct user *user;                   /* whose pages its size counts as; referenced */
    struct waitq read_wait, write_wait;
};

#define PIPE_LITTLE_SIZE 8192u
#define PAGE             4096u

static bool is_privileged(const struct task *t)
{
    return cred_capable(&t->process->cred, L_CAP_SYS_RESOURCE) ||
           cred_capable(&t->process->cred, L_CAP_SYS_ADMIN);
}

static bool too_many(struct user *user, uint64_t pages)
{
    return user && pages > PIPE_USER_PAGES_SOFT && !is_privileged(task_current());
}

static void count_size(struct pipe *pipe, size_t before, size_t after)
{
    if (pipe->user)
        atomic_fetch_add(&pipe->user->pipe_pages, after / PAGE - before / PAGE);
}

static struct pipe *pipe_new(void)
{
    struct task *t = task_current();
    struct pipe *pipe = calloc(1, sizeof(*pipe));
    if (!pipe)
        return NULL;
    size_t size = PIPE_DEFAULT_SIZE;
    pipe->user = t ? user_find(t->process->cred.uid) : NULL;
    if (too_many(pipe->user, pipe->user ? atomic_load(&pipe->user->pipe_pages) + size / PAGE : 0))
        size = PIPE_LITTLE_SIZE;
    turn_init(&pipe->reading);
    host_mutex_init(&pipe->lock, RANK_PIPE);
    waitq_init(&pipe->read_wait);
    waitq_init(&pipe->write_wait);
    fs_ring_init(&pipe->ring, size);
    count_size(pipe, 0, size);
    return pipe;
}

static void pipe_free(struct pipe *pipe)
{
    count_size(pipe, pipe->ring.size, 0);
    user_put(pipe->user);
    while (pipe->first) {
        struct run *run = pipe->first;
        pipe->first = run->next;
        free(run);
    }
    fs_ring_free(&pipe->ring);
    free(pipe);
}

/* --- with the lock: bytes and packets --- */

static size_t room_in(const struct pipe *pipe)
{
    /* A packet takes a page of its own. */
    if (pipe->packets >= pipe->ring.size / PAGE)
        return 0;
    return pipe->ring.size - pipe->ring.used - pipe->ring.reserved;
}

static struct run *add_run(struct pipe *pipe, size_t length, bool packet)
{
    struct run *run = pipe->putting ? NULL : pipe->spare;
    if (run)
        pipe->spare = NULL;
    else if (!(run = malloc(sizeof(*run))))
        return NULL;
    *run = (struct run){NULL, length, packet};
    *(pipe->last ? &pipe->last->next : &pipe->first) = run;
    pipe->last = run;
    pipe->packets += packet;
    return run;
}

static void end_run(struct pipe *pipe)
{
    struct run *run = pipe->first;
    pipe->first = run->next;
    if (!pipe->first)
        pipe->last = NULL;
    pipe->packets -= run->packet;
    free(run);
}

/* Linux lets bytes join those before them in the last page, also through O_DIRECT. */
static bool joins(const struct pipe *pipe, size_t n)
{
    bool packet = pipe->last && pipe->last->packet;
    size_t before = pipe->last ? pipe->last->length : pipe->ring.used;
    return before && !packet && n % PAGE && before % PAGE + n % PAGE <= PAGE;
}

/* Puts n bytes, for which there is room; n or -L_ENOMEM. */
static int put_bytes(struct pipe *pipe, const void *data, size_t n, bool packet)
{
    bool plain = !packet && !pipe->first;
    if (packet && !pipe->first && pipe->ring.used && !add_run(pipe, pipe->ring.used, false))
        return -L_ENOMEM;
    struct run *run = NULL;
    if (!plain && !packet && !pipe->last->packet)
        run = pipe->last;
    else if (!plain && !(run = add_run(pipe, 0, packet)))
        return -L_ENOMEM;
    int done = fs_ring_put(&pipe->ring, data, n);
    if (run && done > 0)
        run->length += (size_t)done;
    return done;
}

/* An empty pipe keeps a page. */
static void shrink(struct pipe *pipe)
{
    if (!pipe->ring.used && !pipe->ring.reserved && pipe->ring.capacity > PAGE)
        fs_ring_free(&pipe->ring);
}

/* Bytes up to and with the next packet, n at most; they stay. */
static size_t peek(struct pipe *pipe, uint8_t *data, size_t n)
{
    size_t most = 0;
    const struct run *run = pipe->first;
    for (bool packet = false; run && most < n && !packet; run = run->next) {
        most += run->length;
        packet = run->packet;
    }
    return fs_ring_peek(&pipe->ring, 0, data, pipe->first && most < n ? most : n);
}

/* Ends the first n bytes. read: what a packet holds beyond the reader's buffer is lost. */
static void drop(struct pipe *pipe, size_t n, bool read)
{
    fs_ring_drop(&pipe->ring, n);
    while (pipe->first && n) {
        struct run *run = pipe->first;
        size_t piece = n < run->length ? n : run->length;
        run->length -= piece;
        n -= piece;
        if (read && run->packet) {
            fs_ring_drop(&pipe->ring, run->length);
            run->length = 0;
        }
        if (!run->length)
            end_run(pipe);
    }
    shrink(pipe);
}

/* What is taken when only the first n bytes of those looked at were stored. Linux takes pages and
 * packets as a whole or not at all. */
static size_t wholly_stored(const struct pipe *pipe, size_t n)
{
    size_t whole = 0;
    for (const struct run *run = pipe->first; run && whole + run->length <= n; run = run->next)
        whole += run->length;
    if (pipe->first)
        return whole;
    size_t part = (pipe->ring.start + n) % PAGE;
    return n > part ? n - part : 0;
}

static bool can_read(void *arg)
{
    struct pipe *pipe = arg;
    host_mutex_lock(&pipe->lock);
    bool ready = pipe->ring.used ? !pipe->taking : !pipe->writers;
    host_mutex_unlock(&pipe->lock);
    return ready;
}

static int64_t pipe_look(struct file *file, void *buffer, size_t n)
{
    struct pipe *pipe = file->priv;
    if (n == 0)
        return 0;
    for (;;) {
        int error = turn_take(&pipe->reading);
        if (error)
            return error;
        host_mutex_lock(&pipe->lock);
        size_t got = pipe->taking ? 0 : peek(pipe, buffer, n);
        bool end = !pipe->writers && !pipe->ring.used;
        host_mutex_unlock(&pipe->lock);
        if (got)
            return (int64_t)got;
        turn_give(&pipe->reading);
        if (end)
            return 0;
        if (atomic_load(&file->flags) & L_O_NONBLOCK)
            return -L_EAGAIN;
        error = wait_until(&pipe->read_wait, can_read, pipe, WAIT_FOREVER);
        if (error)
            return error;
    }
}

static int64_t pipe_looked(struct file *file, size_t n, size_t stored)
{
    struct pipe *pipe = file->priv;
    host_mutex_lock(&pipe->lock);
    if (stored < n)
        stored = wholly_stored(pipe, stored);
    drop(pipe, stored, true);
    host_mutex_unlock(&pipe->lock);
    turn_give(&pipe->reading);
    if (!stored)
        return -L_EFAULT;
    waitq_wake(&pipe->write_wait, L_POLLOUT | L_POLLWRNORM);
    return (int64_t)stored;
}

static int64_t pipe_read(struct file *file, void *buffer, size_t n, uint64_t *pos)
{
    (void)pos;
    int64_t got = pipe_look(file, buffer, n);
    return got > 0 ? pipe_looked(file, (size_t)got, (size_t)got) : got;
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
    bool ready = room_in(pipe) >= room->wanted || !pipe->readers;
    host_mutex_unlock(&pipe->lock);
    return ready;
}

static void broken(void)
{
    struct task *task = task_current();
    if (task)
        signal_send_task(task, L_SIGPIPE, NULL);
}

/* Up to PIPE_ATOMIC bytes go in as one piece or not at all; more goes in as it fits. Through
 * O_DIRECT each piece of that size is a packet. */
static int64_t pipe_write(struct file *file, const void *buffer, size_t n, uint64_t *pos)
{
    (void)pos;
    struct pipe *pipe = file->priv;
    const uint8_t *from = buffer;
    size_t done = 0;
    if (n == 0)
        return 0;
    for (;;) {
        bool packet = atomic_load(&file->flags) & L_O_DIRECT;
        size_t left = packet && n - done > PIPE_ATOMIC ? PIPE_ATOMIC : n - done;
        struct room room = {pipe, packet || (left <= PIPE_ATOMIC && done == 0) ? left : 1};
        int written = 0;
        host_mutex_lock(&pipe->lock);
        bool gone = !pipe->readers;
        size_t space = room_in(pipe);
        if (!gone && space >= room.wanted)
            written = put_bytes(pipe, from + done, left < space ? left : space,
                                packet && !joins(pipe, left < space ? left : space));
        host_mutex_unlock(&pipe->lock);
        if (gone)
            broken();
        if (gone || written < 0)
            return done ? (int64_t)done : gone ? -L_EPIPE : written;
        if (written) {
            waitq_wake(&pipe->read_wait, L_POLLIN | L_POLLRDNORM);
            done += (size_t)written;
            if (done == n)
                return (int64_t)n;
            continue;
        }
        async_no_room(file);
        if (atomic_load(&file->flags) & L_O_NONBLOCK)
            return done ? (int64_t)done : -L_EAGAIN;
        int error = wait_until(&pipe->write_wait, can_write, &room, WAIT_FOREVER);
        if (error)
            return done ? (int64_t)done : error;
    }
}

/* --- the ends for splice --- */

int pipe_wait_bytes(struct pipe *pipe)
{
    return wait_until(&pipe->read_wait, can_read, pipe, WAIT_FOREVER);
}

int pipe_take_begin(struct pipe *pipe)
{
    int error = turn_take(&pipe->reading);
    if (error)
        return error;
    host_mutex_lock(&pipe->lock);
    int result = pipe->taking ? -L_EAGAIN : pipe->ring.used ? 1 : pipe->writers ? -L_EAGAIN : 0;
    if (result > 0)
        pipe->taking = true;
    host_mutex_unlock(&pipe->lock);
    turn_give(&pipe->reading);
    return result;
}

size_t pipe_take_peek(struct pipe *pipe, size_t skip, void *buffer, size_t n, bool *packet)
{
    host_mutex_lock(&pipe->lock);
    const struct run *run = pipe->first;
    size_t left = skip;
    for (; run && left >= run->length; run = run->next)
        left -= run->length;
    if (run && n > run->length - left)
        n = run->length - left;
    *packet = run && run->packet;
    n = fs_ring_peek(&pipe->ring, skip, buffer, n);
    host_mutex_unlock(&pipe->lock);
    return n;
}

void pipe_take_end(struct pipe *pipe, size_t n)
{
    host_mutex_lock(&pipe->lock);
    drop(pipe, n, false);
    pipe->taking = false;
    host_mutex_unlock(&pipe->lock);
    waitq_wake(&pipe->read_wait, L_POLLIN | L_POLLRDNORM);
    waitq_wake(&pipe->write_wait, L_POLLOUT | L_POLLWRNORM);
}

static bool can_put(void *arg)
{
    struct pipe *pipe = arg;
    host_mutex_lock(&pipe->lock);
    bool ready = !pipe->readers || (!pipe->putting && room_in(pipe) >= PIPE_ATOMIC);
    host_mutex_unlock(&pipe->lock);
    return ready;
}

int pipe_wait_room(struct pipe *pipe)
{
    return wait_until(&pipe->write_wait, can_put, pipe, WAIT_FOREVER);
}

int64_t pipe_put_begin(struct pipe *pipe, size_t n)
{
    struct run *spare = malloc(sizeof(*spare));
    host_mutex_lock(&pipe->lock);
    bool gone = !pipe->readers;
    size_t room = room_in(pipe);
    int error = gone                                  ? -L_EPIPE
                : pipe->putting || room < PIPE_ATOMIC ? -L_EAGAIN
                : !spare                              ? -L_ENOMEM
                                                      : 0;
    if (n > room)
        n = room;
    if (!error)
        error = fs_ring_reserve(&pipe->ring, n);
    if (!error) {
        pipe->putting = true;
        pipe->spare = spare;
    }
    host_mutex_unlock(&pipe->lock);
    if (error)
        free(spare);
    if (gone)
        broken();
    return error ? error : (int64_t)n;
}

int pipe_put_end(struct pipe *pipe, const void *data, size_t n, bool packet)
{
    host_mutex_lock(&pipe->lock);
    pipe->ring.reserved = 0;
    pipe->putting = false;
    int done = n ? put_bytes(pipe, data, n, packet) : 0;
    struct run *spare = pipe->spare;
    pipe->spare = NULL;
    shrink(pipe);
    host_mutex_unlock(&pipe->lock);
    free(spare);
    if (n)
        waitq_wake(&pipe->read_wait, L_POLLIN | L_POLLRDNORM);
    waitq_wake(&pipe->write_wait, L_POLLOUT | L_POLLWRNORM);
    return done;
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
        if (pipe->ring.used && !pipe->taking)
            events |= L_POLLIN | L_POLLRDNORM;
        if (!pipe->writers && pipe->writer_opens)
            events |= L_POLLHUP;
    }
    if (file_writable(file)) {
        if (room_in(pipe) >= PIPE_ATOMIC)
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
    .kind_flags = FILE_OPS_ASYNC,
    .read = pipe_read,
    .look = pipe_look,
    .looked = pipe_looked,
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
    uint64_t rounded = PAGE;
    if (size > (uint64_t)1 << 31)
        return -L_EINVAL;
    while (rounded < size)
        rounded *= 2;
    if (rounded > PIPE_MAX_SIZE && !privileged)
        return -L_EPERM;
    host_mutex_lock(&pipe->lock);
    size_t before = pipe->ring.size;
    uint64_t pages = pipe->user ? atomic_load(&pipe->user->pipe_pages) : 0;
    int error = 0;
    if (rounded > before && too_many(pipe->user, pages - before / PAGE + rounded / PAGE))
        error = -L_EPERM;
    else if (pipe->packets > rounded / PAGE)
        error = -L_EBUSY;
    else
        error = fs_ring_resize(&pipe->ring, (size_t)rounded);
    if (!error)
        count_size(pipe, before, (size_t)rounded);
    host_mutex_unlock(&pipe->lock);
    waitq_wake(&pipe->write_wait, L_POLLOUT | L_POLLWRNORM);
    return error ? error : (int64_t)rounded;
}
