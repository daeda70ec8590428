/* Data and attributes of files of the host. */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/hostfs/hostfs.h"
#include "runtime/host/sparse.h"
#include "runtime/task/signal.h"
#include "runtime/task/task.h"
#include <string.h>

static int stat_path(struct inode *inode, const char *path, void *arg)
{
    struct host_stat *st = arg;
    int error = host_at_stat(host_super_of(inode->super)->root, path, st);
    if (error)
        return error;
    if (!st->nlink)
        st->nlink = 1;
    return host_node_is(inode, st, path) ? 0 : -L_ESTALE;
}

int host_node_stat(struct inode *inode, struct host_stat *st)
{
    struct host_node *node = host_node_of(inode);
    int error = -L_ENOENT;
    host_mutex_lock(&node->lock);
    struct host_file *file = node->writer ? node->writer : node->reader;
    if (file)
        error = host_file_fstat(file, st);
    host_mutex_unlock(&node->lock);
    if (!file && inode->nlink)
        error = host_node_each_path(inode, stat_path, st);
    return error;
}

bool host_node_open(struct inode *inode)
{
    struct host_node *node = host_node_of(inode);
    host_mutex_lock(&node->lock);
    bool open = node->reader || node->writer;
    host_mutex_unlock(&node->lock);
    return open;
}

int hostfs_getattr(struct inode *inode, struct kstat *out)
{
    struct host_stat st;
    const struct task *t = task_current();
    /* Once for each call is enough: who walks to a name has just asked. */
    bool known = t && t->asked == inode;
    if (!known && host_node_stat(inode, &st) == 0) {
        uint32_t nlink = inode->nlink;
        host_node_refresh(inode, &st);
        if (!nlink)
            inode_set_nlink(inode, 0);
    }
    inode_getattr(inode, out);
    out->blocks = inode->extra_blocks;
    return 0;
}

struct opening {
    uint32_t flags;
    struct host_file *file;
};

/* A guest's root may open what its user's own mode bits deny. */
static int open_denied(struct inode *inode, const char *path, struct opening *opening)
{
    struct host_root *root = host_super_of(inode->super)->root;
    uint32_t mode = inode->mode & 07777, needed = opening->flags & HOST_FILE_WRITE ? 0600 : 0400;
    if ((mode & needed) == needed || host_at_chmod(root, path, mode | needed))
        return -L_EACCES;
    int error = host_at_open(root, path, opening->flags, 0, &opening->file);
    if (error)
        host_at_chmod(root, path, mode);
    else
        host_file_chmod(opening->file, mode);
    return error;
}

static int open_path(struct inode *inode, const char *path, void *arg)
{
    struct opening *opening = arg;
    struct host_root *root = host_super_of(inode->super)->root;
    struct host_stat st;
    atomic_store(&host_node_of(inode)->opened, true);
    int error = host_at_open(root, path, opening->flags, 0, &opening->file);
    if (error == -L_EACCES)
        error = open_denied(inode, path, opening);
    if (error)
        return error;
    /* Not what the name leads to by now. Some file systems number open files in their own way. */
    error = host_file_fstat(opening->file, &st);
    if (!error && st.inode && !host_node_is(inode, &st, path)) {
        error = host_at_stat(root, path, &st);
        if (!error && !host_node_is(inode, &st, path))
            error = -L_ESTALE;
    }
    if (error) {
        host_file_close(opening->file);
        opening->file = NULL;
    }
    return error;
}

/* The file opened for reading or writing; node->lock is held. */
static int handle_locked(struct inode *inode, bool write, struct host_file **out)
{
    struct host_node *node = host_node_of(inode);
    struct opening opening = {.flags = HOST_FILE_READ | (write ? HOST_FILE_WRITE : 0)};
    if (node->writer || (!write && node->reader)) {
        *out = node->writer ? node->writer : node->reader;
        return 0;
    }
    int error = -L_ENOSYS;
    if (node->reader)
        error = host_file_reopen(node->reader, opening.flags, &opening.file);
    if (error == -L_ENOSYS)
        error = host_node_each_path(inode, open_path, &opening);
    if (error) {
        atomic_store(&node->opened, node->reader || node->writer);
        return error;
    }
    *out = opening.file;
    if (write)
        node->writer = *out;
    else
        node->reader = *out;
    return 0;
}

static int handle_of(struct inode *inode, bool write, struct host_file **out)
{
    struct host_node *node = host_node_of(inode);
    host_mutex_lock(&node->lock);
    int error = handle_locked(inode, write, out);
    host_mutex_unlock(&node->lock);
    return error;
}

static int set_size(struct inode *inode, uint64_t size)
{
    struct host_file *file;
    /* Nobody can see it any more. */
    if (host_node_of(inode)->dead && !host_node_open(inode))
        return 0;
    int error = handle_of(inode, true, &file);
    if (!error)
        error = host_file_truncate(file, size);
    return error == -L_ESTALE ? -L_ENOENT : error;
}

static int set_path_attributes(struct inode *inode, const char *path, void *arg)
{
    const struct attr *attr = arg;
    struct host_root *root = host_super_of(inode->super)->root;
    int error = 0;
    if (attr->valid & (ATTR_UID | ATTR_GID))
        error = host_at_chown(root, path, attr->uid, attr->gid);
    if (!error && (attr->valid & ATTR_MODE))
        error = host_at_chmod(root, path, attr->mode);
    if (!error && (attr->valid & (ATTR_ATIME | ATTR_MTIME)))
        error = host_at_utimes(root, path, attr->atime, attr->mtime);
    return error;
}

static int set_file_attributes(struct host_file *file, const struct attr *attr)
{
    int error = 0;
    if (attr->valid & (ATTR_UID | ATTR_GID))
        error = host_file_chown(file, attr->uid, attr->gid);
    if (!error && (attr->valid & ATTR_MODE))
        error = host_file_chmod(file, attr->mode);
    if (!error && (attr->valid & (ATTR_ATIME | ATTR_MTIME)))
        error = host_file_utimes(file, attr->atime, attr->mtime);
    return error;
}

/* Of the open file, as its names may be gone or another's; else of what its names lead to. */
static int set_attributes(struct inode *inode, struct attr *attr)
{
    struct host_node *node = host_node_of(inode);
    int error = 0;
    host_mutex_lock(&node->lock);
    struct host_file *file = node->writer ? node->writer : node->reader;
    if (file)
        error = set_file_attributes(file, attr);
    host_mutex_unlock(&node->lock);
    if (!file && !node->dead)
        error = host_node_each_path(inode, set_path_attributes, attr);
    return error == -L_ESTALE ? -L_ENOENT : error;
}

int hostfs_setattr(struct inode *inode, const struct attr *attr)
{
    struct attr wanted = *attr;
    if (!(wanted.valid & ATTR_UID))
        wanted.uid = UINT32_MAX;
    if (!(wanted.valid & ATTR_GID))
        wanted.gid = UINT32_MAX;
    if (!(wanted.valid & ATTR_ATIME))
        wanted.atime = INT64_MIN;
    if (!(wanted.valid & ATTR_MTIME))
        wanted.mtime = INT64_MIN;
    /* Cutting a file sets its times. */
    if (wanted.valid & ATTR_SIZE)
        wanted.valid &= ~(uint32_t)(ATTR_ATIME | ATTR_MTIME);
    int error = attr->valid & ATTR_SIZE ? set_size(inode, attr->size) : 0;
    if (!error)
        error = set_attributes(inode, &wanted);
    return error ? error : inode_setattr(inode, attr);
}

int hostfs_read_block(struct inode *inode, uint64_t index, void *data, size_t length)
{
    struct host_file *file;
    int error = handle_of(inode, false, &file);
    if (error)
        return error;
    int64_t got = host_file_read(file, data, length, index << FS_BLOCK_SHIFT);
    if (got >= 0 && (size_t)got < length)
        memset((uint8_t *)data + got, 0, length - (size_t)got);
    return got < 0 ? (int)got : 0;
}

int hostfs_write_block(struct inode *inode, uint64_t index, const void *data, size_t length)
{
    struct host_file *file;
    int error = handle_of(inode, true, &file);
    if (error)
        return error;
    int64_t put = host_file_write(file, data, length, index << FS_BLOCK_SHIFT);
    return put < 0 ? (int)put : put < (int64_t)length ? -L_EIO : 0;
}

int hostfs_fsync(struct inode *inode, bool data_only)
{
    struct host_node *node = host_node_of(inode);
    host_mutex_lock(&node->lock);
    int error = node->writer ? host_file_sync(node->writer, data_only) : 0;
    host_mutex_unlock(&node->lock);
    return error;
}

/* --- open files --- */

void host_node_close(struct host_node *node)
{
    host_file_close(node->reader);
    host_file_close(node->writer);
    node->reader = node->writer = NULL;
    atomic_store(&node->opened, false);
}

int hostfs_open(struct inode *inode, struct file *file)
{
    struct host_node *node = host_node_of(inode);
    struct host_file *handle;
    struct host_stat st;
    if ((inode->mode & L_S_IFMT) != L_S_IFREG)
        return 0;
    bool write = file_writable(file) || (atomic_load(&file->flags) & L_O_TRUNC);
    host_mutex_lock(&node->lock);
    int error = handle_locked(inode, write, &handle);
    if (!error)
        node->opens++;
    host_mutex_unlock(&node->lock);
    if (!error && host_node_stat(inode, &st) == 0)
        host_node_refresh(inode, &st);
    return error;
}

/* Windows keeps the name of a file with open handles taken, so none stays open without need. A
 * mapping goes on reading and writing blocks after close. */
static void close_unneeded(struct inode *inode, uint32_t fewer)
{
    struct host_node *node = host_node_of(inode);
    pagecache_write_back(inode);
    host_mutex_lock(&node->lock);
    node->opens -= fewer;
    if (node->opens == 0 && atomic_load(&inode->pages.mapping.refs) == 0)
        host_node_close(node);
    host_mutex_unlock(&node->lock);
}

static void hostfs_release(struct file *file)
{
    close_unneeded(file->inode, 1);
}

void hostfs_unmapped(struct inode *inode)
{
    close_unneeded(inode, 0);
}

static int64_t hostfs_read(struct file *file, void *buffer, size_t n, uint64_t *pos)
{
    struct inode *inode = file->inode;
    struct host_file *handle;
    struct host_stat st;
    int64_t got;
    if (inode->pages.held) {
        if (host_node_stat(inode, &st) == 0)
            host_node_refresh(inode, &st);
    }
    if (inode->pages.held) {
        got = pagecache_read(inode, buffer, n, *pos);
    } else {
        int error = handle_of(inode, false, &handle);
        if (error)
            return error;
        got = host_file_read(handle, buffer, n, *pos);
    }
    if (got > 0)
        *pos += (uint64_t)got;
    return got;
}

/* inode->lock is held. */
static int64_t write_through(struct inode *inode, const void *buffer, size_t n, uint64_t *pos,
                             bool append)
{
    struct host_file *handle;
    struct host_stat st;
    int error = handle_of(inode, true, &handle);
    if (error)
        return error;
    if (append && host_file_fstat(handle, &st) == 0)
        *pos = st.size;
    int64_t result = file_write_limit(task_current(), *pos, n);
    if (result > 0)
        result = host_file_write(handle, buffer, (size_t)result, *pos);
    if (result <= 0)
        return result;
    uint64_t end = *pos + (uint64_t)result;
    host_mutex_lock(&inode->state);
    if (end > inode->size) {
        inode->size = end;
        atomic_store(&inode->pages.mapping.size, end);
    }
    host_mutex_unlock(&inode->state);
    pagecache_update(inode, buffer, (size_t)result, *pos);
    if (inode->pages.held && host_file_fstat(handle, &st) == 0)
        host_node_of(inode)->seen_mtime = st.mtime;
    *pos = end;
    return result;
}

static int64_t hostfs_write(struct file *file, const void *buffer, size_t n, uint64_t *pos)
{
    struct inode *inode = file->inode;
    bool append = atomic_load(&file->flags) & L_O_APPEND;
    host_mutex_lock(&inode->lock);
    inode_strip_privileges(inode, task_has_fsetid());
    int64_t result = write_through(inode, buffer, n, pos, append);
    host_mutex_unlock(&inode->lock);
    return result;
}

static int64_t seek_in_holes(struct file *file, uint64_t offset, bool hole)
{
    struct inode *inode = file->inode;
    struct host_file *handle;
    /* Through a mapping data comes unseen: all may be data. */
    if (atomic_load(&inode->pages.mapping.mapped))
        return seek_by_size(file, (int64_t)offset, hole ? L_SEEK_HOLE : L_SEEK_DATA);
    /* The host knows of no data that is only in our cache. */
    int64_t result = inode->pages.dirty ? pagecache_write_back(inode) : 0;
    if (!result)
        result = handle_of(inode, false, &handle);
    if (!result)
        result = host_file_seek(handle, offset, hole);
    if (result >= 0)
        file->pos = (uint64_t)result;
    return result;
}

static int64_t hostfs_seek(struct file *file, int64_t offset, int whence)
{
    struct host_stat st;
    struct inode *inode = file->inode;
    bool regular = (inode->mode & L_S_IFMT) == L_S_IFREG;
    if (whence != L_SEEK_SET && whence != L_SEEK_CUR && host_node_stat(inode, &st) == 0)
        host_node_refresh(inode, &st);
    if (regular && (whence == L_SEEK_DATA || whence == L_SEEK_HOLE))
        return offset < 0 ? -L_ENXIO : seek_in_holes(file, (uint64_t)offset, whence == L_SEEK_HOLE);
    return seek_by_size(file, offset, whence);
}

/* The range reads as zeros, as far as the file goes. inode->lock is held. */
static int write_zeros(struct inode *inode, uint64_t pos, uint64_t end)
{
    static const uint8_t zeros[16384];
    while (pos < end && pos < inode->size) {
        if (task_current() && signal_fatal_pending(task_current()))
            return -L_EINTR;
        uint64_t piece = end < inode->size ? end - pos : inode->size - pos;
        if (piece > sizeof(zeros))
            piece = sizeof(zeros);
        int64_t put = write_through(inode, zeros, (size_t)piece, &pos, false);
        if (put < 0)
            return (int)put;
    }
    return 0;
}

/* What is cached of the range reads as zeros as well. inode->lock is held. */
static void zero_cached(struct inode *inode, uint64_t pos, uint64_t end)
{
    static const uint8_t zeros[FS_BLOCK_SIZE];
    if (end > inode->size)
        end = inode->size;
    while (inode->pages.held && pos < end) {
        uint64_t piece = FS_BLOCK_SIZE - (pos & (FS_BLOCK_SIZE - 1));
        if (piece > end - pos)
            piece = end - pos;
        pagecache_update(inode, zeros, (size_t)piece, pos);
        pos += piece;
    }
}

static int room_of_mode(int mode)
{
    switch (mode) {
    case 0:
        return HOST_ROOM_EXTEND;
    case L_FALLOC_FL_KEEP_SIZE:
        return HOST_ROOM_KEEP;
    case L_FALLOC_FL_PUNCH_HOLE | L_FALLOC_FL_KEEP_SIZE:
        return HOST_ROOM_PUNCH;
    case L_FALLOC_FL_ZERO_RANGE:
        return HOST_ROOM_ZERO;
    case L_FALLOC_FL_ZERO_RANGE | L_FALLOC_FL_KEEP_SIZE:
        return HOST_ROOM_ZERO_KEEP;
    default:
        return -L_EOPNOTSUPP;
    }
}

/* inode->lock is held. */
static int change_room(struct inode *inode, enum host_room room, uint64_t offset, uint64_t length)
{
    bool zero = room >= HOST_ROOM_PUNCH;
    bool keep = room != HOST_ROOM_EXTEND && room != HOST_ROOM_ZERO;
    struct host_file *handle;
    struct host_stat st;
    int error = handle_of(inode, true, &handle);
    if (!error)
        error = host_file_room(handle, room, offset, length);
    if (!error && zero)
        zero_cached(inode, offset, offset + length);
    if (!error && host_file_fstat(handle, &st) == 0) {
        /* What is cached is still right. */
        host_node_of(inode)->seen_mtime = st.mtime;
        host_mutex_lock(&inode->state);
        if (!keep && st.size > inode->size) {
            inode->size = st.size;
            atomic_store(&inode->pages.mapping.size, st.size);
        }
        host_mutex_unlock(&inode->state);
    }
    if (error != -L_EOPNOTSUPP || (room != HOST_ROOM_ZERO && room != HOST_ROOM_ZERO_KEEP))
        return error;
    struct attr attr = {.valid = ATTR_SIZE, .size = offset + length};
    error = write_zeros(inode, offset, offset + length);
    return !error && !keep && attr.size > inode->size ? hostfs_setattr(inode, &attr) : error;
}

static int hostfs_fallocate(struct file *file, int mode, uint64_t offset, uint64_t length)
{
    int room = room_of_mode(mode);
    if (room < 0)
        return room;
    host_mutex_lock(&file->inode->lock);
    int error = change_room(file->inode, (enum host_room)room, offset, length);
    host_mutex_unlock(&file->inode->lock);
    return error;
}

const struct file_ops hostfs_file_ops = {
    .kind_flags = FILE_OPS_PAGED,
    .read = hostfs_read,
    .write = hostfs_write,
    .seek = hostfs_seek,
    .fallocate = hostfs_fallocate,
    .release = hostfs_release,
};
