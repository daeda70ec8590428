/* tmpfs: everything in memory. */
#include "runtime/fs/tmpfs/tmpfs.h"

#include "runtime/abi/errno.h"
#include "runtime/fs/vfs/dentry.h"
#include "runtime/fs/vfs/directory.h"
#include "runtime/host/budget.h"
#include "runtime/host/env.h"
#include "runtime/host/heap.h"
#include <string.h>

struct xattr {
    struct xattr *next;
    size_t size;
    char *name;
    uint8_t value[];
};

/* inode->priv: a directory, the text of a symbolic link, or nothing; and extended attributes. */
struct node {
    struct directory *directory;
    char *link;
    struct xattr *xattrs;
};

/* superblock->priv: what names, nodes and attributes take, by Linux's count (mm/shmem.c). */
struct tmpfs {
    _Atomic uint64_t used, most; /* most 0: no bound */
};

/* What one node, and each further name of it, counts as. */
#define PAGE_BYTES   4096u /* f_bsize, and the unit of nr_blocks */
#define PERCENT_MOST 1000u /* of memory, in size= */
#define NODE_COST    1024u

static const struct inode_ops tmpfs_ops;

static void give(struct superblock *super, uint64_t cost)
{
    struct tmpfs *fs = super->priv;
    atomic_fetch_sub(&fs->used, cost);
}

static bool take(struct superblock *super, uint64_t cost)
{
    struct tmpfs *fs = super->priv;
    uint64_t most = atomic_load(&fs->most);
    if (atomic_fetch_add(&fs->used, cost) + cost <= (most ? most : UINT64_MAX))
        return true;
    give(super, cost);
    return false;
}

static struct node *node_of(struct inode *inode)
{
    return inode->priv;
}

static void entry_free(struct entry *e)
{
    inode_put(e->inode);
    free(e);
}

/* Makes what take has admitted. */
static struct inode *make_node(struct superblock *super, const struct new_inode *attr)
{
    struct node *node = calloc(1, sizeof(*node));
    if (!node)
        return NULL;
    if ((attr->mode & L_S_IFMT) == L_S_IFDIR) {
        node->directory = directory_new();
        if (!node->directory) {
            free(node);
            return NULL;
        }
    }
    struct inode *inode =
        inode_new(super, atomic_fetch_add(&super->next_ino, 1), attr->mode, &tmpfs_ops);
    if (!inode) {
        directory_free(node->directory);
        free(node);
        return NULL;
    }
    inode->uid = attr->uid;
    inode->gid = attr->gid;
    inode->rdev = attr->rdev;
    inode->priv = node;
    if (node->directory)
        inode->nlink = 2;
    return inode;
}

static struct inode *make_inode(struct superblock *super, const struct new_inode *attr)
{
    if (!take(super, NODE_COST))
        return NULL;
    struct inode *inode = make_node(super, attr);
    if (!inode)
        give(super, NODE_COST);
    return inode;
}

static int enter_name(struct inode *dir, const char *name, struct inode *inode)
{
    struct directory *d = node_of(dir)->directory;
    struct entry *e = directory_prepare(d, name);
    if (!e)
        return -L_ENOMEM;
    e->inode = inode_get(inode);
    directory_add(d, e);
    host_mutex_lock(&dir->state);
    dir->size += 20;
    host_mutex_unlock(&dir->state);
    inode_touch_modified(dir);
    return 0;
}

static int leave_name(struct inode *dir, const char *name)
{
    struct directory *d = node_of(dir)->directory;
    struct entry *e = directory_find(d, name);
    if (!e)
        return -L_ENOENT;
    directory_take(d, e);
    entry_free(e);
    host_mutex_lock(&dir->state);
    dir->size -= 20;
    host_mutex_unlock(&dir->state);
    inode_touch_modified(dir);
    return 0;
}

static int tmpfs_lookup(struct inode *dir, const char *name, struct inode **out)
{
    struct entry *e = directory_find(node_of(dir)->directory, name);
    if (!e)
        return -L_ENOENT;
    *out = inode_get(e->inode);
    return 0;
}

static int tmpfs_create(struct inode *dir, const char *name, const struct new_inode *attr,
                        struct inode **out)
{
    struct inode *inode = make_inode(dir->super, attr);
    if (!inode)
        return -L_ENOSPC;
    int error = enter_name(dir, name, inode);
    if (error)
        inode_put(inode);
    else
        *out = inode;
    return error;
}

static int tmpfs_tmpfile(struct inode *dir, const struct new_inode *attr, struct inode **out)
{
    *out = make_inode(dir->super, attr);
    if (!*out)
        return -L_ENOSPC;
    (*out)->nlink = 0;
    return 0;
}

static int tmpfs_mkdir(struct inode *dir, const char *name, const struct new_inode *attr,
                       struct inode **out)
{
    int error = tmpfs_create(dir, name, attr, out);
    if (!error)
        inode_set_nlink(dir, dir->nlink + 1);
    return error;
}

static int tmpfs_symlink(struct inode *dir, const char *name, const char *target,
                         const struct new_inode *attr, struct inode **out)
{
    struct inode *inode = make_inode(dir->super, attr);
    if (!inode)
        return -L_ENOSPC;
    node_of(inode)->link = strdup(target);
    inode->size = strlen(target);
    int error = node_of(inode)->link ? enter_name(dir, name, inode) : -L_ENOMEM;
    if (error)
        inode_put(inode);
    else
        *out = inode;
    return error;
}

static int tmpfs_link(struct inode *dir, const char *name, struct inode *inode)
{
    if (!take(dir->super, NODE_COST))
        return -L_ENOSPC;
    int error = enter_name(dir, name, inode);
    if (error) {
        give(dir->super, NODE_COST);
        return error;
    }
    inode_set_nlink(inode, inode->nlink + 1);
    inode_touch_changed(inode);
    return 0;
}

/* Of a node that is no directory. */
static void name_gone(struct inode *inode)
{
    if (inode->nlink > 1)
        give(inode->super, NODE_COST);
    inode_set_nlink(inode, inode->nlink - 1);
}

static int tmpfs_unlink(struct inode *dir, const char *name, struct inode *inode)
{
    int error = leave_name(dir, name);
    if (error)
        return error;
    name_gone(inode);
    inode_touch_changed(inode);
    return 0;
}

static int tmpfs_rmdir(struct inode *dir, const char *name, struct inode *inode)
{
    if (node_of(inode)->directory->count)
        return -L_ENOTEMPTY;
    int error = leave_name(dir, name);
    if (error)
        return error;
    inode_set_nlink(inode, 0);
    inode_set_nlink(dir, dir->nlink - 1);
    inode_touch_changed(inode);
    return 0;
}

static bool is_dir(const struct inode *inode)
{
    return inode && (inode->mode & L_S_IFMT) == L_S_IFDIR;
}

static int tmpfs_exchange(struct inode *olddir, struct entry *a, struct inode *newdir,
                          struct entry *b)
{
    struct inode *inode = a->inode;
    a->inode = b->inode;
    b->inode = inode;
    if (olddir != newdir && is_dir(a->inode) != is_dir(b->inode)) {
        int delta = is_dir(a->inode) ? 1 : -1;
        inode_set_nlink(olddir, olddir->nlink + (uint32_t)delta);
        inode_set_nlink(newdir, newdir->nlink - (uint32_t)delta);
    }
    inode_touch_modified(olddir);
    inode_touch_modified(newdir);
    inode_touch_changed(a->inode);
    inode_touch_changed(b->inode);
    return 0;
}

static int tmpfs_rename(struct inode *olddir, const char *oldname, struct inode *inode,
                        struct inode *newdir, const char *newname, struct inode *target,
                        bool exchange)
{
    struct entry *from = directory_find(node_of(olddir)->directory, oldname);
    struct entry *to = directory_find(node_of(newdir)->directory, newname);
    if (!from || (target && !to))
        return -L_ENOENT;
    if (exchange)
        return tmpfs_exchange(olddir, from, newdir, to);
    if (is_dir(target) && node_of(target)->directory->count)
        return -L_ENOTEMPTY;
    if (target) {
        struct inode *replaced = to->inode;
        to->inode = inode_get(inode);
        if (is_dir(target)) {
            inode_set_nlink(target, 0);
            inode_set_nlink(newdir, newdir->nlink - 1);
        } else {
            name_gone(target);
        }
        inode_touch_changed(target);
        inode_touch_modified(newdir);
        inode_put(replaced);
    } else {
        int error = enter_name(newdir, newname, inode);
        if (error)
            return error;
    }
    leave_name(olddir, oldname);
    if (is_dir(inode)) {
        inode_set_nlink(olddir, olddir->nlink - 1);
        inode_set_nlink(newdir, newdir->nlink + 1);
    }
    inode_touch_changed(inode);
    return 0;
}

static int tmpfs_readlink(struct inode *inode, char *text, size_t size)
{
    const char *link = node_of(inode)->link;
    size_t length = strlen(link);
    if (length > size)
        length = size;
    memcpy(text, link, length);
    return (int)length;
}

static int tmpfs_readdir(struct inode *dir, uint64_t cookie, dir_emit *emit, void *arg)
{
    struct entry *e = node_of(dir)->directory->first;
    while (e && e->cookie < cookie)
        e = e->next;
    for (; e; e = e->next) {
        uint64_t next = e->cookie + 1;
        if (!emit(arg, e->name, e->length, e->inode->ino, e->inode->mode & L_S_IFMT, next))
            break;
    }
    return 0;
}

static uint64_t cost_of(const char *name, size_t size)
{
    return strlen(name) + size;
}

static void free_xattr(struct inode *inode, struct xattr *x)
{
    give(inode->super, cost_of(x->name, x->size));
    free(x->name);
    free(x);
}

static struct xattr **find_xattr(struct inode *inode, const char *name)
{
    struct xattr **link = &node_of(inode)->xattrs;
    while (*link && strcmp((*link)->name, name) != 0)
        link = &(*link)->next;
    return link;
}

static int64_t tmpfs_getxattr(struct inode *inode, const char *name, void *value, size_t size)
{
    if (!inode_keeps_xattr(name))
        return -L_EOPNOTSUPP;
    int64_t result = -L_ENODATA;
    host_mutex_lock(&inode->state);
    struct xattr *x = *find_xattr(inode, name);
    if (x) {
        result = (int64_t)x->size;
        if (size && size < x->size)
            result = -L_ERANGE;
        else if (size)
            memcpy(value, x->value, x->size);
    }
    host_mutex_unlock(&inode->state);
    return result;
}

static int tmpfs_setxattr(struct inode *inode, const char *name, const void *value, size_t size,
                          int flags)
{
    if (!inode_keeps_xattr(name))
        return -L_EOPNOTSUPP;
    if (!take(inode->super, cost_of(name, size)))
        return -L_ENOSPC;
    struct xattr *x = malloc(sizeof(*x) + size);
    char *copy = strdup(name);
    if (!x || !copy) {
        give(inode->super, cost_of(name, size));
        free(x);
        free(copy);
        return -L_ENOMEM;
    }
    x->name = copy;
    x->size = size;
    memcpy(x->value, value, size);
    host_mutex_lock(&inode->state);
    struct xattr **link = find_xattr(inode, name), *before = *link;
    int error = inode_xattr_conflict(before != NULL, flags);
    if (!error) {
        x->next = before ? before->next : NULL;
        *link = x;
        x = before;
    }
    host_mutex_unlock(&inode->state);
    if (x)
        free_xattr(inode, x);
    return error;
}

static int64_t tmpfs_listxattr(struct inode *inode, char *list, size_t size)
{
    size_t need = 0;
    host_mutex_lock(&inode->state);
    for (struct xattr *x = node_of(inode)->xattrs; x; x = x->next) {
        size_t length = strlen(x->name) + 1;
        if (need + length <= size)
            memcpy(list + need, x->name, length);
        need += length;
    }
    host_mutex_unlock(&inode->state);
    return size && need > size ? -L_ERANGE : (int64_t)need;
}

static int tmpfs_removexattr(struct inode *inode, const char *name)
{
    if (!inode_keeps_xattr(name))
        return -L_EOPNOTSUPP;
    host_mutex_lock(&inode->state);
    struct xattr **link = find_xattr(inode, name), *x = *link;
    if (x)
        *link = x->next;
    host_mutex_unlock(&inode->state);
    if (!x)
        return -L_ENODATA;
    free_xattr(inode, x);
    return 0;
}

static const struct inode_ops tmpfs_ops = {
    .lookup = tmpfs_lookup,
    .create = tmpfs_create,
    .tmpfile = tmpfs_tmpfile,
    .mkdir = tmpfs_mkdir,
    .symlink = tmpfs_symlink,
    .link = tmpfs_link,
    .unlink = tmpfs_unlink,
    .rmdir = tmpfs_rmdir,
    .rename = tmpfs_rename,
    .readlink = tmpfs_readlink,
    .readdir = tmpfs_readdir,
    .getxattr = tmpfs_getxattr,
    .setxattr = tmpfs_setxattr,
    .listxattr = tmpfs_listxattr,
    .removexattr = tmpfs_removexattr,
};

/* A directory that goes with entries in it: only when the whole file system goes. Deep trees must
 * not deepen the stack, so the subdirectories' entries are moved up into one list first. */
static void empty(struct directory *d)
{
    struct entry *list = d->first;
    d->first = d->last = NULL;
    while (list) {
        struct entry *e = list;
        struct directory *below = node_of(e->inode)->directory;
        list = e->next;
        if (below && below->first && atomic_load(&e->inode->refs) == 1) {
            below->last->next = list;
            list = below->first;
            below->first = below->last = NULL;
            below->count = 0;
        }
        entry_free(e);
    }
}

static void tmpfs_evict(struct inode *inode)
{
    struct node *node = node_of(inode);
    if (!node)
        return;
    if (node->directory) {
        empty(node->directory);
        directory_free(node->directory);
    }
    while (node->xattrs) {
        struct xattr *x = node->xattrs;
        node->xattrs = x->next;
        free_xattr(inode, x);
    }
    free(node->link);
    free(node);
    give(inode->super, NODE_COST);
}

static int tmpfs_statfs(struct superblock *super, struct fs_usage *out)
{
    struct tmpfs *fs = super->priv;
    uint64_t most = super->held_most, held = super->held, nodes = fs->most, used = fs->used;
    *out = (struct fs_usage){
        .blocks = most / PAGE_BYTES,
        .free = most > held ? (most - held) / PAGE_BYTES : 0,
        .files = nodes / NODE_COST,
        .files_free = nodes > used ? (nodes - used) / NODE_COST : 0,
        .block_size = PAGE_BYTES,
        .name_max = NAME_LENGTH_MAX,
    };
    out->available = out->free;
    return 0;
}

static void tmpfs_destroy(struct superblock *super)
{
    free(super->priv);
}

static const struct super_ops tmpfs_super_ops = {
    .evict = tmpfs_evict,
    .statfs = tmpfs_statfs,
    .destroy = tmpfs_destroy,
};

static uint64_t memory(void)
{
    uint64_t limit = memory_limit();
    return limit ? limit : host_memory_size();
}

void tmpfs_bound(struct superblock *super, uint64_t bytes, uint64_t nodes)
{
    struct tmpfs *fs = super->priv;
    atomic_store(&super->held_most, bytes);
    atomic_store(&fs->most, nodes * NODE_COST);
}

/* A number with k, m or g behind it, or percent of all memory. */
static bool parse_number(const char *text, size_t length, bool percent, uint64_t *out)
{
    uint64_t value = 0;
    size_t i = 0;
    for (; i < length && text[i] >= '0' && text[i] <= '9'; i++) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
            return false;
    }
    if (i == 0)
        return false;
    static const char units[] = "kmg";
    const char *unit = i < length ? memchr(units, text[i] | 32, 3) : NULL;
    if (unit && __builtin_mul_overflow(value, (uint64_t)1 << (10 * (unit - units + 1)), &value))
        return false;
    i += unit != NULL;
    if (percent && i < length && text[i] == '%') {
        value = memory() / 100 * (value < PERCENT_MOST ? value : PERCENT_MOST);
        i++;
    }
    *out = value;
    return i == length;
}

struct options {
    uint64_t bytes, nodes;
    int64_t mode; /* -1: as it is */
};

static bool parse_mode(const char *text, size_t length, int64_t *mode)
{
    *mode = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '7' || *mode > 07777)
            return false;
        *mode = *mode * 8 + (text[i] - '0');
    }
    return length && *mode <= 07777;
}

static bool parse_option(const char *text, size_t length, struct options *options)
{
    const char *equals = memchr(text, '=', length);
    if (!equals)
        return false;
    size_t name = (size_t)(equals - text), rest = length - name - 1;
    const char *value = equals + 1;
    if (name == 4 && memcmp(text, "size", 4) == 0)
        return parse_number(value, rest, true, &options->bytes);
    if (name == 9 && memcmp(text, "nr_blocks", 9) == 0)
        return parse_number(value, rest, false, &options->bytes) &&
               !__builtin_mul_overflow(options->bytes, PAGE_BYTES, &options->bytes);
    if (name == 9 && memcmp(text, "nr_inodes", 9) == 0)
        return parse_number(value, rest, false, &options->nodes) && options->nodes < UINT32_MAX;
    return name == 4 && memcmp(text, "mode", 4) == 0 && parse_mode(value, rest, &options->mode);
}

int tmpfs_set_options(struct superblock *super, const char *text)
{
    struct tmpfs *fs = super->priv;
    struct options options = {super->held_most, fs->most / NODE_COST, -1};
    while (*text) {
        size_t length = strcspn(text, ",");
        if (length && !parse_option(text, length, &options))
            return -L_EINVAL;
        text += length + (text[length] == ',');
    }
    uint64_t pages =
        options.bytes % PAGE_BYTES ? options.bytes / PAGE_BYTES + 1 : options.bytes / PAGE_BYTES;
    if ((pages && super->held > pages * PAGE_BYTES) ||
        (options.nodes && fs->used > options.nodes * NODE_COST))
        return -L_EINVAL;
    tmpfs_bound(super, pages * PAGE_BYTES, options.nodes);
    if (options.mode >= 0)
        super->root->inode->mode = L_S_IFDIR | (uint32_t)options.mode;
    return 0;
}

struct superblock *tmpfs_new_typed(const char *type, const char *source, uint32_t magic,
                                   uint32_t root_mode, int *error)
{
    *error = -L_ENOMEM;
    struct tmpfs *fs = calloc(1, sizeof(*fs));
    struct superblock *super = fs ? super_new(type, source, magic, &tmpfs_super_ops, fs) : NULL;
    if (!super) {
        free(fs);
        return NULL;
    }
    tmpfs_bound(super, memory() / 2, memory() / 2 / PAGE_BYTES);
    struct new_inode attr = {.mode = L_S_IFDIR | root_mode};
    struct inode *root = make_inode(super, &attr);
    if (!root || super_set_root(super, root)) {
        super_put(super);
        return NULL;
    }
    *error = 0;
    return super;
}

struct superblock *tmpfs_new(const char *source, uint32_t root_mode, int *error)
{
    return tmpfs_new_typed("tmpfs", source, L_TMPFS_MAGIC, root_mode, error);
}

struct inode *tmpfs_inode(struct superblock *super, uint32_t mode)
{
    struct new_inode attr = {.mode = mode};
    struct inode *inode = make_inode(super, &attr);
    if (inode)
        inode->nlink = 0;
    return inode;
}
