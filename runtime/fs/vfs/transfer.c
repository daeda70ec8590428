/* A read or write in pieces that is one operation for everybody else. */
#include "runtime/fs/vfs/transfer.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/vfs/inotify.h"
#include "runtime/task/process.h"

static bool is_regular(const struct file *file)
{
    return (file->inode->mode & L_S_IFMT) == L_S_IFREG;
}

/* Where Linux has a lock on the position; that of a device may move in between. */
static bool keeps_position(const struct file *file)
{
    return is_regular(file) || (file->inode->mode & L_S_IFMT) == L_S_IFDIR;
}

static int check_mode(const struct file *file, bool write)
{
    if (!(write ? file_writable(file) : file_readable(file)))
        return -L_EBADF;
    if (write)
        return file->ops->write ? 0 : -L_EINVAL;
    if (file->ops->read)
        return 0;
    return (file->inode->mode & L_S_IFMT) == L_S_IFDIR ? -L_EISDIR : -L_EINVAL;
}

static uint64_t size_now(struct inode *inode)
{
    struct kstat st;
    if (inode->ops->getattr && inode->ops->getattr(inode, &st) == 0)
        return st.size;
    return inode->size;
}

static int take_turns(struct transfer *t, bool own_position)
{
    int error = 0;
    if (own_position && keeps_position(t->file)) {
        error = turn_take(&t->file->position);
        t->own = !error;
    }
    if (!error && (t->flags & TRANSFER_WRITE) && is_regular(t->file)) {
        error = turn_take(&t->file->inode->data);
        t->exclusive = !error;
    }
    return error;
}

static void give_turns(struct transfer *t)
{
    if (t->exclusive)
        turn_give(&t->file->inode->data);
    if (t->own)
        turn_give(&t->file->position);
}

int transfer_begin(struct transfer *t, struct file *file, uint64_t *pos, uint32_t flags)
{
    int error = check_mode(file, flags & TRANSFER_WRITE);
    if (error)
        return error;
    *t = (struct transfer){.file = file, .flags = flags};
    bool stream = file->kind & FILE_STREAM;
    t->pos = stream ? &t->none : pos ? pos : &file->pos;
    if (stream)
        return 0;
    uint32_t status = atomic_load(&file->flags);
    if (status & L_O_APPEND)
        t->flags |= TRANSFER_APPEND;
    if (status & L_O_DSYNC)
        t->flags |= (status & L_O_SYNC) == L_O_SYNC ? TRANSFER_SYNC : TRANSFER_DSYNC;
    error = take_turns(t, !pos);
    if (error) {
        give_turns(t);
        return error;
    }
    if (t->exclusive && (t->flags & TRANSFER_APPEND))
        *t->pos = size_now(file->inode);
    return 0;
}

uint64_t transfer_limit(const struct transfer *t, uint64_t n)
{
    struct task *task = task_current();
    if (!t->exclusive || !task)
        return n;
    uint64_t limit = task->process->rlimits[L_RLIMIT_FSIZE].rlim_cur;
    return *t->pos < limit && n > limit - *t->pos ? limit - *t->pos : n;
}

int64_t transfer_read(struct transfer *t, void *buffer, size_t n)
{
    return t->file->ops->read(t->file, buffer, n, t->pos);
}

int64_t transfer_write(struct transfer *t, const void *buffer, size_t n)
{
    return t->file->ops->write(t->file, buffer, n, t->pos);
}

int64_t transfer_end(struct transfer *t, int64_t result)
{
    bool write = t->flags & TRANSFER_WRITE;
    give_turns(t);
    if (result <= 0)
        return result;
    inotify_file(t->file->path.dentry, write ? L_IN_MODIFY : L_IN_ACCESS);
    if (t->exclusive && (t->flags & (TRANSFER_SYNC | TRANSFER_DSYNC))) {
        int error = file_fsync(t->file, !(t->flags & TRANSFER_SYNC));
        if (error)
            return error;
    }
    return result;
}

bool transfer_stops(const struct file *file)
{
    struct task *task = task_current();
    if (!task)
        return false;
    return (file->inode->mode & L_S_IFMT) == L_S_IFCHR ? signal_pending(task)
                                                       : signal_fatal_pending(task);
}

int64_t file_read(struct file *file, void *buffer, size_t n, uint64_t *pos)
{
    struct transfer t;
    int error = transfer_begin(&t, file, pos, 0);
    return error ? error : transfer_end(&t, transfer_read(&t, buffer, n));
}

int64_t file_write(struct file *file, const void *buffer, size_t n, uint64_t *pos)
{
    struct transfer t;
    int error = transfer_begin(&t, file, pos, TRANSFER_WRITE);
    return error ? error : transfer_end(&t, transfer_write(&t, buffer, n));
}
