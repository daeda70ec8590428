/*
 * A directory of the host as a file system. Everything is written through: what the guest did, the
 * host sees, and the other way round. An inode remembers its parent and its name, from which its
 * host path is made; the same host file is one inode under all its names.
 *
 * Data goes straight to the host's file until somebody maps the file; then the blocks that are in
 * the page cache are the truth, and writes go to both.
 */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/mountapi.h"
#include "runtime/fs/vfs.h"
#include "runtime/host/file.h"
#include "runtime/host/random.h"
#include "runtime/kernel/task.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST_PATH_MAX 8192

struct host_super {
    char *path; /* of the root, without a slash at the end */
    uint64_t device;
    struct host_mutex names; /* parent and name of all nodes; short */
};

struct host_node {
    struct inode *parent; /* referenced; NULL for the root */
    char *name;
    struct host_mutex lock;            /* members below; may be held over host calls */
    struct host_file *reader, *writer; /* the same file, opened as far as needed */
    uint32_t opens;
    fs_time seen_mtime; /* of the host when the cache was filled */
};

static const struct inode_ops hostfs_ops;
static const struct file_ops hostfs_file_ops, hostfs_dir_ops;

static struct host_node *node_of(struct inode *inode)
{
    return inode->priv;
}

static struct host_super *super_of(struct superblock *super)
{
    return super->priv;
}

/* The host path of an inode, or of a name in it. -L_ENAMETOOLONG. */
static int path_of(struct inode *inode, const char *name, char *path)
{
    struct host_super *hs = super_of(inode->super);
    size_t start = HOST_PATH_MAX - 2, root = strlen(hs->path);
    bool fits = true;
    path[start] = 0;
    host_mutex_lock(&hs->names);
    const struct inode *at = inode;
    while (fits && (name || node_of((struct inode *)at)->parent)) {
        const struct host_node *node = node_of((struct inode *)at);
        const char *part = name ? name : node->name;
        size_t length = strlen(part);
        fits = start > length + 1;
        if (!fits)
            break;
        start -= length;
        memcpy(path + start, part, length);
        path[--start] = '/';
        if (name)
            name = NULL;
        else
            at = node->parent;
    }
    host_mutex_unlock(&hs->names);
    if (!fits || start < root)
        return -L_ENAMETOOLONG;
    start -= root;
    memcpy(path + start, hs->path, root);
    /* "/" and "C:/" are roots only with their slash. */
    if (!path[start + root] && (root == 0 || hs->path[root - 1] == ':')) {
        path[start + root] = '/';
        path[start + root + 1] = 0;
    }
    memmove(path, path + start, HOST_PATH_MAX - start);
    return 0;
}

/* Files of other file systems below the root get numbers of their own. */
static uint64_t number_of(struct superblock *super, const struct host_stat *st, const char *path)
{
    uint64_t ino = st->inode;
    if (!ino) {
        ino = 0xcbf29ce484222325u;
        for (const char *at = path; *at; at++)
            ino = (ino ^ (uint8_t)*at) * 0x100000001b3u;
    }
    if (st->device != super_of(super)->device)
        ino ^= st->device * 0x9e3779b97f4a7c15u;
    return ino ? ino : 1;
}

/* Take over what the host says. */
static void refresh(struct inode *inode, const struct host_stat *st)
{
    struct host_node *node = node_of(inode);
    bool regular = (inode->mode & L_S_IFMT) == L_S_IFREG;
    bool mapped = atomic_load(&inode->pages.mapping.mapped) != 0;
    bool changed = regular && inode->pages.held && !inode->pages.dirty &&
                   (st->mtime != node->seen_mtime || st->size != inode->size);
    if (changed && !mapped)
        pagecache_drop_clean(inode);
    host_mutex_lock(&inode->state);
    /* Where the host has no modes, whatever looks like a script must run. */
    uint32_t extra = host_has_modes() ? 0 : 0111;
    inode->mode = (inode->mode & L_S_IFMT) | (st->mode & 07777) | extra;
    inode->uid = st->uid;
    inode->gid = st->gid;
    inode->nlink = st->nlink;
    inode->rdev = st->rdev;
    inode->atime = st->atime;
    inode->mtime = st->mtime;
    inode->ctime = st->ctime;
    inode->btime = st->btime;
    if (!regular || !mapped || st->size > inode->size)
        inode->size = st->size;
    atomic_store(&inode->pages.mapping.size, inode->size);
    inode->extra_blocks = st->blocks;
    host_mutex_unlock(&inode->state);
    node->seen_mtime = st->mtime;
}

static struct inode *make_inode(struct superblock *super, struct inode *parent, const char *name,
                                uint64_t ino, const struct host_stat *st)
{
    struct host_node *node = calloc(1, sizeof(*node));
    struct inode *inode = node ? inode_new(super, ino, st->mode, &hostfs_ops) : NULL;
    char *copy = name ? strdup(name) : NULL;
    if (!inode || (name && !copy)) {
        free(copy);
        free(node);
        if (inode)
            inode_put(inode);
        return NULL;
    }
    host_mutex_init(&node->lock);
    node->name = copy;
    node->parent = parent ? inode_get(parent) : NULL;
    inode->priv = node;
    uint32_t type = st->mode & L_S_IFMT;
    inode->file_ops = type == L_S_IFDIR ? &hostfs_dir_ops : &hostfs_file_ops;
    refresh(inode, st);
    return inode;
}

/* The node is now known under this name. */
static void set_name(struct inode *inode, struct inode *parent, const char *name)
{
    struct host_node *node = node_of(inode);
    struct host_super *hs = super_of(inode->super);
    char *copy = strdup(name);
    if (!copy || !node->parent) {
        free(copy);
        return;
    }
    inode_get(parent);
    host_mutex_lock(&hs->names);
    struct inode *before = node->parent;
    char *old = node->name;
    node->parent = parent;
    node->name = copy;
    host_mutex_unlock(&hs->names);
    free(old);
    inode_put(before);
}

static int find(struct inode *dir, const char *name, struct inode **out)
{
    char path[HOST_PATH_MAX];
    struct host_stat st;
    int error = path_of(dir, name, path);
    if (!error)
        error = host_path_stat(path, &st);
    if (error)
        return error;
    uint64_t ino = number_of(dir->super, &st, path);
    struct inode *inode = inode_find(dir->super, ino);
    if (inode && ((inode->mode ^ st.mode) & L_S_IFMT)) {
        /* The host gave a number to another file. */
        inode_put(inode);
        inode = NULL;
        ino ^= (uint64_t)1 << 63;
    }
    if (inode) {
        set_name(inode, dir, name);
        refresh(inode, &st);
    } else {
        inode = make_inode(dir->super, dir, name, ino, &st);
        if (inode)
            inode = inode_hash(inode);
    }
    *out = inode;
    return inode ? 0 : -L_ENOMEM;
}

static int hostfs_lookup(struct inode *dir, const char *name, struct inode **out)
{
    int error = find(dir, name, out);
    /* What the host cannot even name does not exist. */
    return error == -L_EINVAL || error == -L_ENOTDIR ? -L_ENOENT : error;
}

static bool hostfs_revalidate(struct inode *dir, const char *name, struct inode *inode)
{
    char path[HOST_PATH_MAX];
    struct host_stat st;
    if (!inode || path_of(dir, name, path) || host_path_stat(path, &st))
        return false;
    uint64_t ino = number_of(dir->super, &st, path);
    if ((ino != inode->ino && (ino ^ (uint64_t)1 << 63) != inode->ino) ||
        ((st.mode ^ inode->mode) & L_S_IFMT))
        return false;
    refresh(inode, &st);
    return true;
}

/* A host file was made: owner and mode as asked where the host can. */
static int made(struct inode *dir, const char *name, const char *path, const struct new_inode *attr,
                struct inode **out)
{
    if ((attr->mode & L_S_IFMT) != L_S_IFLNK)
        host_path_chmod(path, attr->mode);
    if (attr->uid || attr->gid)
        host_path_chown(path, attr->uid, attr->gid);
    return find(dir, name, out);
}

static int hostfs_create(struct inode *dir, const char *name, const struct new_inode *attr,
                         struct inode **out)
{
    char path[HOST_PATH_MAX];
    int error = path_of(dir, name, path);
    if (error)
        return error;
    if ((attr->mode & L_S_IFMT) == L_S_IFREG) {
        struct host_file *file;
        error = host_file_open(
            path, HOST_FILE_READ | HOST_FILE_WRITE | HOST_FILE_CREATE | HOST_FILE_EXCLUSIVE,
            attr->mode, &file);
        if (!error)
            host_file_close(file);
    } else {
        error = host_path_mknod(path, attr->mode, attr->rdev);
    }
    return error ? error : made(dir, name, path, attr, out);
}

static int hostfs_mkdir(struct inode *dir, const char *name, const struct new_inode *attr,
                        struct inode **out)
{
    char path[HOST_PATH_MAX];
    int error = path_of(dir, name, path);
    if (!error)
        error = host_path_mkdir(path, attr->mode);
    return error ? error : made(dir, name, path, attr, out);
}

static int hostfs_symlink(struct inode *dir, const char *name, const char *target,
                          const struct new_inode *attr, struct inode **out)
{
    char path[HOST_PATH_MAX];
    int error = path_of(dir, name, path);
    if (!error)
        error = host_path_symlink(target, path);
    return error ? error : made(dir, name, path, attr, out);
}

static int hostfs_link(struct inode *dir, const char *name, struct inode *inode)
{
    char from[HOST_PATH_MAX], to[HOST_PATH_MAX];
    int error = path_of(inode, NULL, from);
    if (!error)
        error = path_of(dir, name, to);
    if (!error)
        error = host_path_link(from, to);
    if (!error)
        inode_set_nlink(inode, inode->nlink + 1);
    return error;
}

/* Where the name of an open file stays taken until it is closed, move it out of the way first. */
static int remove_file(struct inode *dir, const char *name, struct inode *inode)
{
    char path[HOST_PATH_MAX], aside[HOST_PATH_MAX];
    int error = path_of(dir, name, path);
    if (error)
        return error;
    struct host_node *node = node_of(inode);
    bool open = node->reader || node->writer;
    if (open && (inode->super->flags & SUPER_CASE_FOLDS)) {
        char hidden[48];
        snprintf(hidden, sizeof(hidden), ".foreland-%016llx.deleted",
                 (unsigned long long)host_random_u64());
        if (path_of(dir, hidden, aside) == 0 && host_path_rename(path, aside) == 0)
            return host_path_unlink(aside);
    }
    return host_path_unlink(path);
}

static int hostfs_unlink(struct inode *dir, const char *name, struct inode *inode)
{
    int error = remove_file(dir, name, inode);
    if (!error)
        inode_set_nlink(inode, inode->nlink ? inode->nlink - 1 : 0);
    return error;
}

static int hostfs_rmdir(struct inode *dir, const char *name, struct inode *inode)
{
    char path[HOST_PATH_MAX];
    int error = path_of(dir, name, path);
    if (!error)
        error = host_path_rmdir(path);
    if (!error)
        inode_set_nlink(inode, 0);
    return error;
}

static int exchange_paths(const char *from, const char *to)
{
    char aside[HOST_PATH_MAX + 24];
    snprintf(aside, sizeof(aside), "%s.%016llx", from, (unsigned long long)host_random_u64());
    int error = host_path_rename(from, aside);
    if (error)
        return error;
    error = host_path_rename(to, from);
    if (error) {
        host_path_rename(aside, from);
        return error;
    }
    return host_path_rename(aside, to);
}

static int hostfs_rename(struct inode *olddir, const char *oldname, struct inode *inode,
                         struct inode *newdir, const char *newname, struct inode *target,
                         bool exchange)
{
    char from[HOST_PATH_MAX], to[HOST_PATH_MAX];
    int error = path_of(olddir, oldname, from);
    if (!error)
        error = path_of(newdir, newname, to);
    if (error)
        return error;
    if (exchange) {
        error = exchange_paths(from, to);
        if (!error)
            set_name(target, olddir, oldname);
    } else {
        struct host_node *other = target ? node_of(target) : NULL;
        if (other && (other->reader || other->writer) && (inode->super->flags & SUPER_CASE_FOLDS))
            remove_file(newdir, newname, target);
        error = host_path_rename(from, to);
        if (!error && target)
            inode_set_nlink(target, target->nlink ? target->nlink - 1 : 0);
    }
    if (!error)
        set_name(inode, newdir, newname);
    return error;
}

static int hostfs_readlink(struct inode *inode, char *text, size_t size)
{
    char path[HOST_PATH_MAX];
    int error = path_of(inode, NULL, path);
    return error ? error : host_path_readlink(path, text, size);
}

/* What the host says now: of the open file, or of the path. */
static int host_says(struct inode *inode, struct host_stat *st)
{
    struct host_node *node = node_of(inode);
    char path[HOST_PATH_MAX];
    int error = -L_ENOENT;
    host_mutex_lock(&node->lock);
    struct host_file *file = node->writer ? node->writer : node->reader;
    if (file)
        error = host_file_fstat(file, st);
    host_mutex_unlock(&node->lock);
    if (!file && inode->nlink) {
        error = path_of(inode, NULL, path);
        if (!error)
            error = host_path_stat(path, st);
    }
    return error;
}

static int hostfs_getattr(struct inode *inode, struct kstat *out)
{
    struct host_stat st;
    if (host_says(inode, &st) == 0) {
        uint32_t nlink = inode->nlink;
        refresh(inode, &st);
        if (!nlink)
            inode_set_nlink(inode, 0);
    }
    inode_getattr(inode, out);
    out->blocks = inode->extra_blocks;
    return 0;
}

/* The file opened for reading or writing; node->lock is held. */
static int handle_locked(struct inode *inode, bool write, struct host_file **out)
{
    struct host_node *node = node_of(inode);
    char path[HOST_PATH_MAX];
    if (node->writer || (!write && node->reader)) {
        *out = node->writer ? node->writer : node->reader;
        return 0;
    }
    int error = path_of(inode, NULL, path);
    if (error)
        return error;
    error = host_file_open(path, HOST_FILE_READ | (write ? HOST_FILE_WRITE : 0), 0, out);
    if (error)
        return error;
    if (write)
        node->writer = *out;
    else
        node->reader = *out;
    return 0;
}

static int handle_of(struct inode *inode, bool write, struct host_file **out)
{
    struct host_node *node = node_of(inode);
    host_mutex_lock(&node->lock);
    int error = handle_locked(inode, write, out);
    host_mutex_unlock(&node->lock);
    return error;
}

static int set_size(struct inode *inode, uint64_t size)
{
    struct host_file *file;
    int error = handle_of(inode, true, &file);
    if (!error)
        error = host_file_truncate(file, size);
    return error;
}

static int hostfs_setattr(struct inode *inode, const struct attr *attr)
{
    char path[HOST_PATH_MAX];
    int error = path_of(inode, NULL, path);
    if (!error && (attr->valid & ATTR_SIZE))
        error = set_size(inode, attr->size);
    if (!error && (attr->valid & (ATTR_UID | ATTR_GID)))
        error = host_path_chown(path, attr->valid & ATTR_UID ? attr->uid : UINT32_MAX,
                                attr->valid & ATTR_GID ? attr->gid : UINT32_MAX);
    if (!error && (attr->valid & ATTR_MODE))
        error = host_path_chmod(path, attr->mode);
    if (!error && (attr->valid & (ATTR_ATIME | ATTR_MTIME)) && !(attr->valid & ATTR_SIZE))
        error = host_path_utimes(path, attr->valid & ATTR_ATIME ? attr->atime : INT64_MIN,
                                 attr->valid & ATTR_MTIME ? attr->mtime : INT64_MIN);
    return error ? error : inode_setattr(inode, attr);
}

static int hostfs_read_block(struct inode *inode, uint64_t index, void *data, size_t length)
{
    struct host_file *file;
    int error = handle_of(inode, false, &file);
    if (error)
        return error;
    int64_t got = host_file_read(file, data, length, index << FS_BLOCK_SHIFT);
    return got < 0 ? (int)got : 0;
}

static int hostfs_write_block(struct inode *inode, uint64_t index, const void *data, size_t length)
{
    struct host_file *file;
    int error = handle_of(inode, true, &file);
    if (error)
        return error;
    int64_t put = host_file_write(file, data, length, index << FS_BLOCK_SHIFT);
    return put < 0 ? (int)put : put < (int64_t)length ? -L_EIO : 0;
}

static int hostfs_fsync(struct inode *inode, bool data_only)
{
    struct host_node *node = node_of(inode);
    host_mutex_lock(&node->lock);
    int error = node->writer ? host_file_sync(node->writer, data_only) : 0;
    host_mutex_unlock(&node->lock);
    return error;
}

/* --- open files --- */

static void close_handles(struct host_node *node)
{
    host_file_close(node->reader);
    host_file_close(node->writer);
    node->reader = node->writer = NULL;
}

static int hostfs_open(struct inode *inode, struct file *file)
{
    struct host_node *node = node_of(inode);
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
    if (!error && host_says(inode, &st) == 0)
        refresh(inode, &st);
    return error;
}

/* Windows keeps the name of a file with open handles taken, so none stays open without need. A
 * mapping goes on reading and writing blocks after close. */
static void close_unneeded(struct inode *inode, uint32_t fewer)
{
    struct host_node *node = node_of(inode);
    if (inode->pages.dirty)
        pagecache_write_back(inode);
    host_mutex_lock(&node->lock);
    node->opens -= fewer;
    if (node->opens == 0 && atomic_load(&inode->pages.mapping.refs) == 0)
        close_handles(node);
    host_mutex_unlock(&node->lock);
}

static void hostfs_release(struct file *file)
{
    close_unneeded(file->inode, 1);
}

static void hostfs_unmapped(struct inode *inode)
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
        if (host_says(inode, &st) == 0)
            refresh(inode, &st);
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
        node_of(inode)->seen_mtime = st.mtime;
    *pos = end;
    return result;
}

static int64_t hostfs_write(struct file *file, const void *buffer, size_t n, uint64_t *pos)
{
    struct inode *inode = file->inode;
    uint32_t flags = atomic_load(&file->flags);
    host_mutex_lock(&inode->lock);
    int64_t result = write_through(inode, buffer, n, pos, flags & L_O_APPEND);
    host_mutex_unlock(&inode->lock);
    if (result > 0 && (flags & (L_O_SYNC | L_O_DSYNC)))
        hostfs_fsync(inode, false);
    return result;
}

static int64_t hostfs_seek(struct file *file, int64_t offset, int whence)
{
    struct host_stat st;
    struct inode *inode = file->inode;
    if (whence != L_SEEK_SET && whence != L_SEEK_CUR && host_says(inode, &st) == 0)
        refresh(inode, &st);
    return seek_by_size(file, offset, whence);
}

/* The range reads as zeros, as far as the file goes. inode->lock is held. */
static int write_zeros(struct inode *inode, uint64_t pos, uint64_t end)
{
    static const uint8_t zeros[16384];
    while (pos < end && pos < inode->size) {
        uint64_t piece = end < inode->size ? end - pos : inode->size - pos;
        if (piece > sizeof(zeros))
            piece = sizeof(zeros);
        int64_t put = write_through(inode, zeros, (size_t)piece, &pos, false);
        if (put < 0)
            return (int)put;
    }
    return 0;
}

static int hostfs_fallocate(struct file *file, int mode, uint64_t offset, uint64_t length)
{
    struct inode *inode = file->inode;
    bool zero = mode & (L_FALLOC_FL_PUNCH_HOLE | L_FALLOC_FL_ZERO_RANGE);
    bool keep = mode & L_FALLOC_FL_KEEP_SIZE;
    /* The host is not asked to set space aside beyond the end. */
    if ((mode & ~(L_FALLOC_FL_KEEP_SIZE | L_FALLOC_FL_PUNCH_HOLE | L_FALLOC_FL_ZERO_RANGE)) ||
        (keep && !zero) || ((mode & L_FALLOC_FL_PUNCH_HOLE) && !keep))
        return -L_EOPNOTSUPP;
    struct attr attr = {.valid = ATTR_SIZE, .size = offset + length};
    host_mutex_lock(&inode->lock);
    int error = zero ? write_zeros(inode, offset, offset + length) : 0;
    if (!error && !keep && attr.size > inode->size)
        error = hostfs_setattr(inode, &attr);
    host_mutex_unlock(&inode->lock);
    return error;
}

static const struct file_ops hostfs_file_ops = {
    .kind_flags = FILE_OPS_PAGED,
    .read = hostfs_read,
    .write = hostfs_write,
    .seek = hostfs_seek,
    .fallocate = hostfs_fallocate,
    .release = hostfs_release,
};

/* --- directories: the names as they were when reading began --- */

struct snapshot_entry {
    uint64_t ino;
    uint32_t type;
    char *name;
};

struct snapshot {
    struct snapshot_entry *entries;
    size_t count, room;
};

static void snapshot_free(struct snapshot *snapshot)
{
    if (!snapshot)
        return;
    for (size_t i = 0; i < snapshot->count; i++)
        free(snapshot->entries[i].name);
    free(snapshot->entries);
    free(snapshot);
}

static bool snapshot_add(struct snapshot *snapshot, const struct host_dirent *entry)
{
    if (snapshot->count == snapshot->room) {
        size_t room = snapshot->room ? snapshot->room * 2 : 64;
        struct snapshot_entry *entries = realloc(snapshot->entries, room * sizeof(*entries));
        if (!entries)
            return false;
        snapshot->entries = entries;
        snapshot->room = room;
    }
    struct snapshot_entry *e = &snapshot->entries[snapshot->count];
    e->ino = entry->inode ? entry->inode : snapshot->count + 1;
    e->type = entry->type << 12;
    e->name = strdup(entry->name);
    if (!e->name)
        return false;
    snapshot->count++;
    return true;
}

static int snapshot_take(struct inode *dir, struct snapshot **out)
{
    char path[HOST_PATH_MAX];
    struct host_dir *handle;
    struct host_dirent *entry = malloc(sizeof(*entry));
    struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
    int error = entry && snapshot ? path_of(dir, NULL, path) : -L_ENOMEM;
    if (!error)
        error = host_dir_open(path, &handle);
    if (!error) {
        while ((error = host_dir_next(handle, entry)) > 0) {
            if (strlen(entry->name) > NAME_LENGTH_MAX ||
                (strncmp(entry->name, ".foreland-", 10) == 0 && strstr(entry->name, ".deleted")))
                continue;
            if (!snapshot_add(snapshot, entry)) {
                error = -L_ENOMEM;
                break;
            }
        }
        host_dir_close(handle);
    }
    free(entry);
    if (error < 0) {
        snapshot_free(snapshot);
        return error;
    }
    *out = snapshot;
    return 0;
}

static bool emit_dots(struct file *file, dir_emit *emit, void *arg)
{
    if (file->pos == 0 && !emit(arg, ".", 1, file->inode->ino, L_S_IFDIR, 1))
        return false;
    if (file->pos <= 1) {
        struct dentry *parent = dentry_parent(file->path.dentry);
        bool more = emit(arg, "..", 2, parent->inode->ino, L_S_IFDIR, 2);
        dentry_put(parent);
        return more;
    }
    return true;
}

/* The caller holds pos_lock; emit moves file->pos. */
static int hostfs_readdir(struct file *file, dir_emit *emit, void *arg)
{
    if (file->pos == 0) {
        snapshot_free(file->priv);
        file->priv = NULL;
    }
    if (!file->priv) {
        struct snapshot *taken;
        int error = snapshot_take(file->inode, &taken);
        if (error)
            return error;
        file->priv = taken;
    }
    uint64_t start = file->pos;
    if (start <= 1 && !emit_dots(file, emit, arg))
        return 0;
    struct snapshot *snapshot = file->priv;
    for (uint64_t i = start <= 2 ? 0 : start - 2; i < snapshot->count; i++) {
        struct snapshot_entry *e = &snapshot->entries[i];
        if (!emit(arg, e->name, strlen(e->name), e->ino, e->type, i + 3))
            break;
    }
    return 0;
}

static void hostfs_dir_release(struct file *file)
{
    snapshot_free(file->priv);
}

static int64_t hostfs_dir_seek(struct file *file, int64_t offset, int whence)
{
    return directory_file_ops.seek(file, offset, whence);
}

static const struct file_ops hostfs_dir_ops = {
    .seek = hostfs_dir_seek,
    .readdir = hostfs_readdir,
    .release = hostfs_dir_release,
};

static const struct inode_ops hostfs_ops = {
    .lookup = hostfs_lookup,
    .revalidate = hostfs_revalidate,
    .create = hostfs_create,
    .mkdir = hostfs_mkdir,
    .symlink = hostfs_symlink,
    .link = hostfs_link,
    .unlink = hostfs_unlink,
    .rmdir = hostfs_rmdir,
    .rename = hostfs_rename,
    .readlink = hostfs_readlink,
    .getattr = hostfs_getattr,
    .setattr = hostfs_setattr,
    .open = hostfs_open,
    .read_block = hostfs_read_block,
    .write_block = hostfs_write_block,
    .unmapped = hostfs_unmapped,
    .fsync = hostfs_fsync,
};

static void hostfs_evict(struct inode *inode)
{
    struct host_node *node = node_of(inode);
    if (!node)
        return;
    close_handles(node);
    if (node->parent)
        inode_put(node->parent);
    free(node->name);
    free(node);
}

static int hostfs_statfs(struct superblock *super, struct fs_usage *out)
{
    struct host_fs_usage usage;
    const char *path = super_of(super)->path;
    int error = host_path_statfs(*path ? path : "/", &usage);
    if (error)
        return error;
    *out = (struct fs_usage){usage.blocks,     usage.free,       usage.available, usage.files,
                             usage.files_free, usage.block_size, usage.name_max};
    return 0;
}

static void hostfs_destroy(struct superblock *super)
{
    free(super_of(super)->path);
    free(super->priv);
}

static const struct super_ops hostfs_super_ops = {
    .evict = hostfs_evict,
    .statfs = hostfs_statfs,
    .destroy = hostfs_destroy,
};

struct superblock *hostfs_new(const char *host_path, int *error)
{
    struct host_stat st;
    *error = host_path_stat_follow(host_path, &st);
    if (*error)
        return NULL;
    if ((st.mode & L_S_IFMT) != L_S_IFDIR) {
        *error = -L_ENOTDIR;
        return NULL;
    }
    *error = -L_ENOMEM;
    struct host_super *hs = calloc(1, sizeof(*hs));
    char *path = strdup(host_path);
    if (!hs || !path) {
        free(hs);
        free(path);
        return NULL;
    }
    size_t length = strlen(path);
    while (length && (path[length - 1] == '/' || path[length - 1] == '\\'))
        path[--length] = 0;
    hs->path = path;
    hs->device = st.device;
    host_mutex_init(&hs->names);
    struct superblock *super = super_new("hostfs", host_path, 0x00c0ffee, &hostfs_super_ops, hs);
    if (!super) {
        free(hs);
        free(path);
        return NULL;
    }
    super->flags = SUPER_NO_NEGATIVE | (host_names_fold() ? SUPER_CASE_FOLDS : 0);
    super->max_size = (uint64_t)INT64_MAX;
    struct inode *root = make_inode(super, NULL, NULL, number_of(super, &st, path), &st);
    if (root)
        root = inode_hash(root);
    if (!root || super_set_root(super, root)) {
        super_put(super);
        return NULL;
    }
    *error = 0;
    return super;
}
