/*
 * A directory of the host as a file system. Everything is written through: what the guest did, the
 * host sees, and the other way round. An inode remembers its names on the host, from which its path
 * there is made; the same host file is one inode under all of them.
 *
 * Data goes straight to the host's file until somebody maps the file; then the blocks that are in
 * the page cache are the truth, and writes go to both.
 */
#include "runtime/fs/hostfs/hostfs.h"

#include "runtime/abi/errno.h"
#include "runtime/host/hash.h"
#include "runtime/host/heap.h"
#include "runtime/host/random.h"
#include "runtime/host/sparse.h"
#include "runtime/task/task.h"
#include <stdio.h>
#include <string.h>

static const struct inode_ops hostfs_ops;

/* The top bits of a number say which of several files it is that got the same one from the host. */
#define NUMBER_VARIANTS 16u
#define VARIANT_SHIFT   60

/* Files of other file systems below the root get numbers of their own. */
static uint64_t host_number_of(struct superblock *super, const struct host_stat *st,
                               const char *path)
{
    uint64_t ino = st->inode;
    if (!ino) {
        ino = FNV_START;
        for (const char *at = path; *at; at++)
            ino = (ino ^ (uint8_t)*at) * FNV_FACTOR;
    }
    if (st->device != host_super_of(super)->device)
        ino ^= st->device * HASH_FACTOR;
    return ino ? ino : 1;
}

bool host_node_is(struct inode *inode, const struct host_stat *st, const char *path)
{
    uint64_t difference = host_number_of(inode->super, st, path) ^ inode->ino;
    return (difference & (((uint64_t)1 << VARIANT_SHIFT) - 1)) == 0 &&
           ((inode->mode ^ st->mode) & L_S_IFMT) == 0 && !host_node_of(inode)->dead;
}

void host_node_refresh(struct inode *inode, const struct host_stat *st)
{
    struct host_node *node = host_node_of(inode);
    bool regular = (inode->mode & L_S_IFMT) == L_S_IFREG;
    bool mapped = atomic_load(&inode->pages.mapping.mapped) != 0;
    bool changed = regular && (st->mtime != node->seen_mtime || st->size != inode->size);
    if (changed && !mapped && inode->pages.held && !inode->pages.dirty)
        pagecache_drop_clean(inode);
    host_mutex_lock(&inode->state);
    bool replaced = regular && !mapped && (changed || st->ctime != inode->ctime);
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
    /* Code that was translated from it is another file's now. */
    if (replaced && atomic_load(&inode->pages.mapping.executed))
        mapping_changed(&inode->pages.mapping, 0, UINT64_MAX);
    /* While it is mapped it stays as it was: then it is looked at again. */
    if (!changed || !mapped)
        node->seen_mtime = st->mtime;
}

/* What the host says of the inode is known, as of this system call. */
static void note_asked(const struct inode *inode)
{
    struct task *t = task_current();
    if (t)
        t->asked = inode;
}

/* target: of a symbolic link, taken over. */
static struct inode *make_inode(struct superblock *super, uint64_t ino, const struct host_stat *st,
                                char *target)
{
    struct host_node *node = calloc(1, sizeof(*node));
    struct inode *inode = node ? inode_new(super, ino, st->mode, &hostfs_ops) : NULL;
    if (!inode) {
        free(target);
        free(node);
        return NULL;
    }
    host_mutex_init(&node->lock, RANK_HOST_NODE);
    node->target = target;
    inode->priv = node;
    uint32_t type = st->mode & L_S_IFMT;
    inode->file_ops = type == L_S_IFDIR ? &hostfs_dir_ops : &hostfs_file_ops;
    host_node_refresh(inode, st);
    return inode;
}

/* What the host says of a name in a directory; a link's target is malloced. The gate is held. */
static int ask_host(struct inode *dir, const char *name, char *path, struct host_stat *st,
                    char **target)
{
    struct host_root *root = host_super_of(dir->super)->root;
    char text[PATH_LENGTH_MAX];
    *target = NULL;
    int error = host_node_path(dir, name, path);
    if (!error)
        error = host_at_stat(root, path, st);
    if (error)
        return error;
    if (!st->nlink)
        st->nlink = 1; /* not every file system counts */
    if ((st->mode & L_S_IFMT) != L_S_IFLNK)
        return 0;
    /* A link never changes, so its text is asked for once. */
    int length = host_at_readlink(root, path, text, sizeof(text) - 1);
    if (length < 0)
        return length;
    text[length] = 0;
    *target = strdup(text);
    return *target ? 0 : -L_ENOMEM;
}

struct search {
    struct inode *found, *others[NUMBER_VARIANTS];
    unsigned count;
    uint64_t free_number;
};

/* The inode of a file, or a number for it. Others that were looked at are kept, as none may be
 * released here. */
static void search(struct superblock *super, const struct host_stat *st, const char *path,
                   struct search *s)
{
    uint64_t number = host_number_of(super, st, path);
    for (uint64_t i = 0; i < NUMBER_VARIANTS && !s->found; i++) {
        uint64_t variant = number ^ i << VARIANT_SHIFT;
        struct inode *inode = inode_find(super, variant);
        if (!inode)
            s->free_number = s->free_number ? s->free_number : variant;
        else if (host_node_is(inode, st, path))
            s->found = inode;
        else
            s->others[s->count++] = inode;
    }
    /* The host gives the number of a file that is gone to another, while guests may still have the
     * one that is gone. */
    for (unsigned i = 0; i < s->count && !s->found && !s->free_number; i++) {
        if (host_node_of(s->others[i])->dead) {
            inode_unhash(s->others[i]);
            s->free_number = s->others[i]->ino;
        }
    }
}

static int find(struct inode *dir, const char *name, struct inode **out)
{
    char path[HOST_PATH_MAX], *target;
    struct host_stat st;
    struct search s = {.found = NULL};
    host_names_use(dir->super);
    int error = ask_host(dir, name, path, &st, &target);
    if (!error) {
        search(dir->super, &st, path, &s);
        if (s.found) {
            free(target);
            host_node_refresh(s.found, &st);
        } else {
            s.found = s.free_number ? make_inode(dir->super, s.free_number, &st, target) : NULL;
            if (s.found)
                s.found = inode_hash(s.found);
        }
        if (s.found) {
            host_name_add(s.found, dir, name);
            note_asked(s.found);
        } else {
            error = -L_ENOMEM;
        }
    }
    host_names_used(dir->super);
    for (unsigned i = 0; i < s.count; i++)
        inode_put(s.others[i]);
    host_names_free(dir->super);
    *out = s.found;
    return error;
}

static int hostfs_lookup(struct inode *dir, const char *name, struct inode **out)
{
    int error = find(dir, name, out);
    /* What the host cannot even name does not exist. */
    return error == -L_EINVAL || error == -L_ENOTDIR || error == -L_ELOOP ? -L_ENOENT : error;
}

static bool hostfs_revalidate(struct inode *dir, const char *name, struct inode *inode)
{
    char path[HOST_PATH_MAX];
    struct host_stat st;
    if (!inode)
        return false;
    host_names_use(dir->super);
    bool valid = !host_node_path(dir, name, path) &&
                 !host_at_stat(host_super_of(dir->super)->root, path, &st) &&
                 host_node_is(inode, &st, path);
    if (valid) {
        if (!st.nlink)
            st.nlink = 1;
        host_name_add(inode, dir, name);
        host_node_refresh(inode, &st);
        note_asked(inode);
    }
    host_names_used(dir->super);
    host_names_free(dir->super);
    return valid;
}

/* Makes a regular file with owner and mode as asked, where the host can; it stays open. */
static int make_file(struct host_root *root, const char *path, const struct new_inode *attr,
                     struct host_file **out)
{
    const uint32_t flags =
        HOST_FILE_READ | HOST_FILE_WRITE | HOST_FILE_CREATE | HOST_FILE_EXCLUSIVE;
    int error = host_at_open(root, path, flags, attr->mode & 07777, out);
    if (error)
        return error;
    host_file_chmod(*out, attr->mode & 07777);
    if (attr->uid || attr->gid)
        host_file_chown(*out, attr->uid, attr->gid);
    return 0;
}

/* Anything else; target is a symbolic link's. */
static int make_other(struct host_root *root, const char *path, const struct new_inode *attr,
                      const char *target)
{
    uint32_t type = attr->mode & L_S_IFMT;
    int error;
    if (type == L_S_IFLNK)
        error = host_at_symlink(root, target, path);
    else if (type == L_S_IFDIR)
        error = host_at_mkdir(root, path, attr->mode & 07777);
    else
        error = host_at_mknod(root, path, attr->mode, attr->rdev);
    if (error)
        return error;
    if (type != L_S_IFLNK)
        host_at_chmod(root, path, attr->mode & 07777);
    if (attr->uid || attr->gid)
        host_at_chown(root, path, attr->uid, attr->gid);
    return 0;
}

/* The open file is the inode's, or is closed. */
static void keep_open(struct inode *inode, struct host_file *file)
{
    struct host_node *node = host_node_of(inode);
    struct host_stat st;
    bool same = host_file_fstat(file, &st) == 0 && st.inode && host_node_is(inode, &st, "");
    host_mutex_lock(&node->lock);
    if (same && !node->writer) {
        node->writer = file;
        atomic_store(&node->opened, true);
        file = NULL;
    }
    host_mutex_unlock(&node->lock);
    host_file_close(file);
}

static int make_on_host(struct inode *dir, const char *name, const char *target,
                        const struct new_inode *attr, struct inode **out)
{
    struct host_root *root = host_super_of(dir->super)->root;
    struct host_file *file = NULL;
    char path[HOST_PATH_MAX];
    host_names_use(dir->super);
    int error = host_node_path(dir, name, path);
    if (!error && (attr->mode & L_S_IFMT) == L_S_IFREG)
        error = make_file(root, path, attr, &file);
    else if (!error)
        error = make_other(root, path, attr, target);
    host_names_used(dir->super);
    if (!error)
        error = find(dir, name, out);
    /* Nobody may be permitted to open it again for writing. */
    if (!error && file && attr->opens)
        keep_open(*out, file);
    else
        host_file_close(file);
    return error;
}

static int hostfs_create(struct inode *dir, const char *name, const struct new_inode *attr,
                         struct inode **out)
{
    return make_on_host(dir, name, NULL, attr, out);
}

static int hostfs_symlink(struct inode *dir, const char *name, const char *target,
                          const struct new_inode *attr, struct inode **out)
{
    return make_on_host(dir, name, target, attr, out);
}

/* The file is the new inode's, or is closed. */
static int keep_nameless(struct superblock *super, struct host_file *file, struct inode **out)
{
    struct inode *others[NUMBER_VARIANTS], *inode = NULL;
    unsigned count = 0;
    struct host_stat st;
    int error = host_file_fstat(file, &st);
    uint64_t number = error ? 0 : host_number_of(super, &st, "");
    /* Whoever has the number has a file that is gone from the host. */
    while (!error && count < NUMBER_VARIANTS) {
        uint64_t variant = number ^ (uint64_t)count << VARIANT_SHIFT;
        struct inode *other = inode_find(super, variant);
        if (other) {
            others[count++] = other;
            continue;
        }
        inode = make_inode(super, variant, &st, NULL);
        break;
    }
    while (count > 0)
        inode_put(others[--count]);
    if (!inode) {
        host_file_close(file);
        return error ? error : -L_ENOMEM;
    }
    host_node_of(inode)->writer = file;
    atomic_store(&host_node_of(inode)->opened, true);
    *out = inode_hash(inode);
    return 0;
}

static int hostfs_tmpfile(struct inode *dir, const struct new_inode *attr, struct inode **out)
{
    struct host_file *file;
    char path[HOST_PATH_MAX];
    host_names_use(dir->super);
    int error = host_node_path(dir, NULL, path);
    if (!error)
        error = host_at_nameless(host_super_of(dir->super)->root, path, attr->mode, &file);
    host_names_used(dir->super);
    if (error)
        return error;
    host_file_chmod(file, attr->mode & 07777);
    if (attr->uid || attr->gid)
        host_file_chown(file, attr->uid, attr->gid);
    return keep_nameless(dir->super, file, out);
}

/* A file that has no name gets its first. */
static int name_nameless(struct inode *dir, const char *name, struct inode *inode)
{
    struct host_node *node = host_node_of(inode);
    char path[HOST_PATH_MAX];
    host_mutex_lock(&node->lock);
    host_names_use(dir->super);
    int error = node->writer ? host_node_path(dir, name, path) : -L_ENOENT;
    if (!error)
        error = host_file_name(node->writer, host_super_of(dir->super)->root, path);
    host_names_used(dir->super);
    host_mutex_unlock(&node->lock);
    return error;
}

struct linking {
    struct inode *dir;
    const char *name;
    int result;
};

/* 0 when the name is right: whether the link could be made is another matter. */
static int link_path(struct inode *inode, const char *path, void *arg)
{
    struct linking *linking = arg;
    struct host_root *root = host_super_of(inode->super)->root;
    char to[HOST_PATH_MAX];
    struct host_stat st;
    int error = host_at_stat(root, path, &st);
    if (error)
        return error;
    if (!host_node_is(inode, &st, path))
        return -L_ESTALE;
    linking->result = host_node_path(linking->dir, linking->name, to);
    if (!linking->result)
        linking->result = host_at_link(root, path, to);
    return 0;
}

static int hostfs_link(struct inode *dir, const char *name, struct inode *inode)
{
    struct linking linking = {.dir = dir, .name = name};
    int error = inode->nlink ? host_node_each_path(inode, link_path, &linking)
                             : name_nameless(dir, name, inode);
    if (!error)
        error = linking.result;
    if (error)
        return error == -L_ESTALE ? -L_ENOENT : error;
    host_name_add(inode, dir, name);
    host_names_free(dir->super);
    inode_set_nlink(inode, inode->nlink + 1);
    return 0;
}

/* A name was taken from a file, whose lock is held; the gate is held alone. */
static void lost(struct inode *inode, struct inode *dir, const char *name)
{
    bool last = (inode->mode & L_S_IFMT) == L_S_IFDIR || inode->nlink <= 1;
    host_name_drop(inode, dir, last ? NULL : name);
    host_node_of(inode)->dead = last;
    inode_set_nlink(inode, last ? 0 : inode->nlink - 1);
}

static int hostfs_unlink(struct inode *dir, const char *name, struct inode *inode)
{
    char path[HOST_PATH_MAX];
    host_names_change(dir->super);
    bool open = atomic_load(&host_node_of(inode)->opened);
    int error = host_node_path(dir, name, path);
    if (!error)
        error = host_at_unlink(host_super_of(dir->super)->root, path, open);
    if (!error) {
        lost(inode, dir, name);
        host_dir_gone(dir, name);
    }
    host_names_changed(dir->super);
    host_names_free(dir->super);
    return error;
}

/* For guests a directory is empty when only what they do not see is in it. */
static int remove_directory(struct host_root *root, const char *path)
{
    int error = host_at_rmdir(root, path);
    return error == -L_ENOTEMPTY && host_dir_sweep(root, path) ? host_at_rmdir(root, path) : error;
}

static int hostfs_rmdir(struct inode *dir, const char *name, struct inode *inode)
{
    char path[HOST_PATH_MAX];
    host_names_change(dir->super);
    int error = host_node_path(dir, name, path);
    if (!error)
        error = remove_directory(host_super_of(dir->super)->root, path);
    if (!error) {
        lost(inode, dir, name);
        host_dir_gone(dir, name);
    }
    host_names_changed(dir->super);
    host_names_free(dir->super);
    return error;
}

static int exchange_paths(struct host_root *root, const char *from, const char *to)
{
    char aside[HOST_PATH_MAX + 24];
    int error = host_at_exchange(root, from, to);
    if (error != -L_ENOSYS)
        return error;
    snprintf(aside, sizeof(aside), "%s.%016llx", from, (unsigned long long)host_random_u64());
    error = host_at_rename(root, from, aside, false);
    if (error)
        return error;
    error = host_at_rename(root, to, from, false);
    if (error) {
        host_at_rename(root, aside, from, false);
        return error;
    }
    return host_at_rename(root, aside, to, false);
}

static int rename_path(struct host_root *root, const char *from, const char *to, bool open)
{
    int error = host_at_rename(root, from, to, open);
    return error == -L_ENOTEMPTY && host_dir_sweep(root, to) ? host_at_rename(root, from, to, open)
                                                             : error;
}

static int hostfs_rename(struct inode *olddir, const char *oldname, struct inode *inode,
                         struct inode *newdir, const char *newname, struct inode *target,
                         bool exchange)
{
    struct host_root *root = host_super_of(inode->super)->root;
    char from[HOST_PATH_MAX], to[HOST_PATH_MAX];
    host_names_change(inode->super);
    bool open = target && atomic_load(&host_node_of(target)->opened);
    int error = host_node_path(olddir, oldname, from);
    if (!error)
        error = host_node_path(newdir, newname, to);
    if (!error)
        error = exchange ? exchange_paths(root, from, to) : rename_path(root, from, to, open);
    if (!error) {
        host_name_drop(inode, olddir, oldname);
        if (exchange) {
            host_name_drop(target, newdir, newname);
            host_name_add(target, olddir, oldname);
        } else if (target) {
            lost(target, newdir, newname);
        }
        host_name_add(inode, newdir, newname);
        if (!exchange)
            host_dir_gone(olddir, oldname);
    }
    host_names_changed(inode->super);
    host_names_free(inode->super);
    return error;
}

static int hostfs_readlink(struct inode *inode, char *text, size_t size)
{
    const char *target = host_node_of(inode)->target;
    if (!target)
        return -L_EINVAL;
    size_t length = strlen(target);
    length = length < size ? length : size;
    memcpy(text, target, length);
    return (int)length;
}

static const struct inode_ops hostfs_ops = {
    .lookup = hostfs_lookup,
    .revalidate = hostfs_revalidate,
    .create = hostfs_create,
    .mkdir = hostfs_create,
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
    .near = true,
    .write_block = hostfs_write_block,
    .unmapped = hostfs_unmapped,
    .fsync = hostfs_fsync,
    .tmpfile = hostfs_tmpfile,
    .getxattr = hostfs_getxattr,
    .setxattr = hostfs_setxattr,
    .listxattr = hostfs_listxattr,
    .removexattr = hostfs_removexattr,
};

static void hostfs_evict(struct inode *inode)
{
    struct host_node *node = host_node_of(inode);
    if (!node)
        return;
    host_node_close(node);
    host_name_drop(inode, NULL, NULL);
    inode->priv = NULL;
    free(node->target);
    free(node);
    host_names_free(inode->super);
}

static int hostfs_statfs(struct superblock *super, struct fs_usage *out)
{
    struct host_fs_usage usage;
    int error = host_root_statfs(host_super_of(super)->root, &usage);
    if (error)
        return error;
    *out = (struct fs_usage){usage.blocks,     usage.free,       usage.available, usage.files,
                             usage.files_free, usage.block_size, usage.name_max};
    return 0;
}

static void hostfs_destroy(struct superblock *super)
{
    host_root_close(host_super_of(super)->root);
    free(super->priv);
}

static const struct super_ops hostfs_super_ops = {
    .evict = hostfs_evict,
    .statfs = hostfs_statfs,
    .destroy = hostfs_destroy,
};

static int make_root(struct superblock *super, const struct host_stat *st)
{
    struct inode *root = make_inode(super, host_number_of(super, st, ""), st, NULL);
    if (!root)
        return -L_ENOMEM;
    host_node_of(root)->root = true;
    root = inode_hash(root);
    return super_set_root(super, root);
}

struct superblock *hostfs_new(const char *host_path, int *error)
{
    struct host_stat st;
    *error = -L_ENOMEM;
    struct host_super *hs = calloc(1, sizeof(*hs));
    if (!hs)
        return NULL;
    host_mutex_init(&hs->gate.lock, RANK_HOST_GATE);
    host_mutex_init(&hs->names, RANK_HOST_NAMES);
    *error = host_root_open(host_path, &hs->root);
    if (!*error)
        *error = host_at_stat(hs->root, "", &st);
    struct superblock *super = NULL;
    if (!*error) {
        hs->device = st.device;
        super = super_new("hostfs", host_path, 0x00c0ffee, &hostfs_super_ops, hs);
        *error = super ? 0 : -L_ENOMEM;
    }
    if (!super) {
        host_root_close(hs->root);
        free(hs);
        return NULL;
    }
    super->flags = SUPER_NO_NEGATIVE | (host_names_fold() ? SUPER_CASE_FOLDS : 0);
    super->max_size = (uint64_t)INT64_MAX;
    *error = make_root(super, &st);
    if (*error) {
        super_put(super);
        return NULL;
    }
    return super;
}
