/*
 * A directory of the host as a file system. Everything is written through: what the guest did, the
 * host sees, and the other way round. An inode remembers its parent and its name, from which its
 * host path is made; the same host file is one inode under all its names.
 *
 * Data goes straight to the host's file until somebody maps the file; then the blocks that are in
 * the page cache are the truth, and writes go to both.
 */
#include "runtime/fs/hostfs.h"

#include "runtime/abi/errno.h"
#include "runtime/fs/mountapi.h"
#include "runtime/host/random.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct inode_ops hostfs_ops;

int host_node_path(struct inode *inode, const char *name, char *path)
{
    struct host_super *hs = host_super_of(inode->super);
    size_t start = HOST_PATH_MAX - 2, root = strlen(hs->path);
    bool fits = true;
    path[start] = 0;
    host_mutex_lock(&hs->names);
    const struct inode *at = inode;
    while (fits && (name || host_node_of((struct inode *)at)->parent)) {
        const struct host_node *node = host_node_of((struct inode *)at);
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
    if (st->device != host_super_of(super)->device)
        ino ^= st->device * 0x9e3779b97f4a7c15u;
    return ino ? ino : 1;
}

void host_node_refresh(struct inode *inode, const struct host_stat *st)
{
    struct host_node *node = host_node_of(inode);
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
    host_node_refresh(inode, st);
    return inode;
}

/* The node is now known under this name. */
static void set_name(struct inode *inode, struct inode *parent, const char *name)
{
    struct host_node *node = host_node_of(inode);
    struct host_super *hs = host_super_of(inode->super);
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
    int error = host_node_path(dir, name, path);
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
        host_node_refresh(inode, &st);
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
    if (!inode || host_node_path(dir, name, path) || host_path_stat(path, &st))
        return false;
    uint64_t ino = number_of(dir->super, &st, path);
    if ((ino != inode->ino && (ino ^ (uint64_t)1 << 63) != inode->ino) ||
        ((st.mode ^ inode->mode) & L_S_IFMT))
        return false;
    host_node_refresh(inode, &st);
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
    int error = host_node_path(dir, name, path);
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
    int error = host_node_path(dir, name, path);
    if (!error)
        error = host_path_mkdir(path, attr->mode);
    return error ? error : made(dir, name, path, attr, out);
}

static int hostfs_symlink(struct inode *dir, const char *name, const char *target,
                          const struct new_inode *attr, struct inode **out)
{
    char path[HOST_PATH_MAX];
    int error = host_node_path(dir, name, path);
    if (!error)
        error = host_path_symlink(target, path);
    return error ? error : made(dir, name, path, attr, out);
}

static int hostfs_link(struct inode *dir, const char *name, struct inode *inode)
{
    char from[HOST_PATH_MAX], to[HOST_PATH_MAX];
    int error = host_node_path(inode, NULL, from);
    if (!error)
        error = host_node_path(dir, name, to);
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
    int error = host_node_path(dir, name, path);
    if (error)
        return error;
    struct host_node *node = host_node_of(inode);
    bool open = node->reader || node->writer;
    if (open && (inode->super->flags & SUPER_CASE_FOLDS)) {
        char hidden[48];
        snprintf(hidden, sizeof(hidden), ".foreland-%016llx.deleted",
                 (unsigned long long)host_random_u64());
        if (host_node_path(dir, hidden, aside) == 0 && host_path_rename(path, aside) == 0)
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
    int error = host_node_path(dir, name, path);
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
    int error = host_node_path(olddir, oldname, from);
    if (!error)
        error = host_node_path(newdir, newname, to);
    if (error)
        return error;
    if (exchange) {
        error = exchange_paths(from, to);
        if (!error)
            set_name(target, olddir, oldname);
    } else {
        struct host_node *other = target ? host_node_of(target) : NULL;
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
    int error = host_node_path(inode, NULL, path);
    return error ? error : host_path_readlink(path, text, size);
}

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
    struct host_node *node = host_node_of(inode);
    if (!node)
        return;
    host_node_close(node);
    if (node->parent)
        inode_put(node->parent);
    free(node->name);
    free(node);
}

static int hostfs_statfs(struct superblock *super, struct fs_usage *out)
{
    struct host_fs_usage usage;
    const char *path = host_super_of(super)->path;
    int error = host_path_statfs(*path ? path : "/", &usage);
    if (error)
        return error;
    *out = (struct fs_usage){usage.blocks,     usage.free,       usage.available, usage.files,
                             usage.files_free, usage.block_size, usage.name_max};
    return 0;
}

static void hostfs_destroy(struct superblock *super)
{
    free(host_super_of(super)->path);
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
