/* The operations of the file system over an image: names, data, attributes, superblock. */
#include "runtime/fs/imagefs/image_node.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/stat.h"
#include "runtime/fs/imagefs/imagefs.h"
#include "runtime/fs/vfs/dentry.h"
#include "runtime/host/errno_names.h"
#include "runtime/host/heap.h"
#include "runtime/host/log.h"
#include "runtime/host/time.h"
#include <stdio.h>
#include <string.h>

#define IMAGE_MAGIC    0x464f5245 /* f_type; the store's application id */
#define DIRECTORY_SIZE PAGE_BYTES
#define DIRTY_LIMIT    1024u       /* dirty blocks (64 MiB) before writers write back themselves */
#define PENDING_MOST   (48u << 20) /* bytes given to the store before a commit is begun */

static bool is_dir(const struct inode *inode)
{
    return inode && (inode->mode & L_S_IFMT) == L_S_IFDIR;
}

/* --- finding --- */

static int imagefs_lookup(struct inode *dir, const char *name, struct inode **out)
{
    int error;
    struct directory *d = directory_of(dir, &error);
    struct entry *e = d ? directory_find(d, name) : NULL;
    if (!e)
        return error ? error : -L_ENOENT;
    *out = node_inode(image_of(dir), e->ino, &error);
    return error;
}

static int imagefs_readdir(struct inode *dir, uint64_t cookie, dir_emit *emit, void *arg)
{
    int error;
    struct directory *d = directory_of(dir, &error);
    struct entry *e = d ? d->first : NULL;
    while (e && e->cookie < cookie)
        e = e->next;
    while (e && emit(arg, e->name, e->length, e->ino, e->type, e->cookie + 1))
        e = e->next;
    return error;
}

static int imagefs_readlink(struct inode *inode, char *text, size_t size)
{
    const char *target = node_of(inode)->target;
    if (!target)
        return -L_EIO;
    size_t length = strlen(target);
    if (length > size)
        length = size;
    memcpy(text, target, length);
    return (int)length;
}

static int imagefs_getattr(struct inode *inode, struct kstat *out)
{
    inode_getattr(inode, out);
    out->blocks = node_of(inode)->attr.blocks; /* never changes */
    if ((out->mode & L_S_IFMT) == L_S_IFREG)
        out->blocks = chunks_blocks(node_of(inode), inode, out->size);
    return 0;
}

/* --- making --- */

/* An inode that is in memory only; undone by forget. */
static struct inode *make_entry(struct inode *dir, const struct new_inode *attr, const char *target,
                                uint32_t nlink, int *error)
{
    struct image *image = image_of(dir);
    struct store_inode row = {.ino = atomic_fetch_add(&image->next_ino, 1),
                              .mode = attr->mode,
                              .nlink = nlink,
                              .uid = attr->uid,
                              .gid = attr->gid,
                              .rdev = attr->rdev,
                              .size = target ? strlen(target) : 0};
    row.atime = row.mtime = row.ctime = row.btime = fs_now();
    *error = -L_ENOMEM;
    if (row.ino > STORE_INODE_MAX) {
        *error = -L_ENOSPC;
        return NULL;
    }
    bool directory = (attr->mode & L_S_IFMT) == L_S_IFDIR;
    if (directory) {
        row.size = DIRECTORY_SIZE;
        row.blocks = DIRECTORY_SIZE / STAT_BLOCK;
    }
    struct node *node = node_new(&row, target, (size_t)row.size);
    if (node && directory)
        node->directory = directory_new();
    if (!node || (directory && !node->directory)) {
        node_free(node);
        return NULL;
    }
    node->no_xattrs = true;
    node->chunks.known = true;
    node->live = 1;
    node_enter(image, node);
    struct inode *inode = node_make_inode(image, node);
    if (!inode)
        node_forget(image, node);
    else
        *error = 0;
    return inode;
}

static void forget(struct inode *inode)
{
    struct node *node = node_of(inode);
    struct image *image = image_of(inode);
    inode->priv = NULL;
    inode_put(inode);
    node_forget(image, node);
}

/* Makes an inode with a name; nlink is what it starts with, 2 for directories. */
static int make_named(struct inode *dir, const char *name, const struct new_inode *attr,
                      const char *target, struct inode **out)
{
    struct image *image = image_of(dir);
    bool directory = (attr->mode & L_S_IFMT) == L_S_IFDIR;
    int error = image_claim(image, CLAIM_NAMES, 0);
    struct directory *d = error ? NULL : directory_of(dir, &error);
    struct inode *inode = d ? make_entry(dir, attr, target, directory ? 2 : 1, &error) : NULL;
    if (!inode)
        return error;
    struct entry *e = node_entry(d, name, inode->ino, attr->mode);
    if (!e) {
        forget(inode);
        return -L_ENOMEM;
    }
    struct store_batch *batch = store_batch_new();
    host_mutex_lock(&image->order);
    if (directory)
        inode_set_nlink(dir, dir->nlink + 1);
    store_put_inode(batch, &node_of(inode)->attr);
    if (target)
        store_put_target(batch, inode->ino, target, strlen(target));
    store_put_name(batch, dir->ino, name, e->length, inode->ino);
    error = image_submit(image, batch, &dir, directory ? 1 : 0);
    if (error && directory) {
        inode_set_nlink(dir, dir->nlink - 1);
        image_touch(dir);
    }
    host_mutex_unlock(&image->order);
    if (error) {
        free(e);
        forget(inode);
        return error;
    }
    node_moved(image, inode, dir->ino);
    directory_add(d, e);
    inode_touch_modified(dir);
    *out = inode;
    return 0;
}

static int imagefs_create(struct inode *dir, const char *name, const struct new_inode *attr,
                          struct inode **out)
{
    return make_named(dir, name, attr, NULL, out);
}

static int imagefs_symlink(struct inode *dir, const char *name, const char *target,
                           const struct new_inode *attr, struct inode **out)
{
    return make_named(dir, name, attr, target, out);
}

static int imagefs_tmpfile(struct inode *dir, const struct new_inode *attr, struct inode **out)
{
    int error = image_claim(image_of(dir), CLAIM_NAMES, 0);
    struct inode *inode = error ? NULL : make_entry(dir, attr, NULL, 0, &error);
    if (!inode)
        return error;
    struct store_batch *batch = store_batch_new();
    store_put_inode(batch, &node_of(inode)->attr);
    error = store_submit(image_of(dir)->store, batch, false);
    if (error)
        forget(inode);
    else
        *out = inode;
    return error;
}

/* --- names --- */

/* Changes of link counts that belong to one change of names. */
struct links {
    struct inode *inode[4];
    int by[4];
    int count;
};

static void links_add(struct links *links, struct inode *inode, int by)
{
    links->inode[links->count] = inode;
    links->by[links->count++] = by;
}

static void links_apply(const struct links *links, int sign)
{
    for (int i = 0; i < links->count; i++) {
        struct inode *inode = links->inode[i];
        inode_set_nlink(inode, inode->nlink + (uint32_t)(links->by[i] * sign));
    }
}

/* Submits a change of names with the link counts that follow from it (rule 4). Takes over the
 * batch. */
static int change(struct image *image, struct store_batch *batch, const struct links *links)
{
    host_mutex_lock(&image->order);
    links_apply(links, 1);
    int error = image_submit(image, batch, links->inode, links->count);
    if (error) {
        links_apply(links, -1);
        for (int i = 0; i < links->count; i++)
            image_touch(links->inode[i]);
    }
    host_mutex_unlock(&image->order);
    return error;
}

static int imagefs_link(struct inode *dir, const char *name, struct inode *inode)
{
    int error = image_claim(image_of(dir), CLAIM_NAMES, 0);
    struct directory *d = error ? NULL : directory_of(dir, &error);
    struct entry *e = d ? node_entry(d, name, inode->ino, inode->mode) : NULL;
    if (!e)
        return error ? error : -L_ENOMEM;
    struct links links = {.count = 0};
    struct store_batch *batch = store_batch_new();
    links_add(&links, inode, 1);
    store_put_name(batch, dir->ino, name, e->length, inode->ino);
    error = change(image_of(dir), batch, &links);
    if (error) {
        free(e);
        return error;
    }
    directory_add(d, e);
    inode_touch_modified(dir);
    inode_touch_changed(inode);
    return 0;
}

static int remove_entry(struct inode *dir, const char *name, struct inode *inode)
{
    int error;
    struct directory *d = directory_of(dir, &error);
    struct entry *e = d ? directory_find(d, name) : NULL;
    if (!e)
        return error ? error : -L_ENOENT;
    struct links links = {.count = 0};
    struct store_batch *batch = store_batch_new();
    links_add(&links, inode, is_dir(inode) ? -2 : -1);
    if (is_dir(inode))
        links_add(&links, dir, -1);
    store_remove_name(batch, dir->ino, name, e->length);
    store_batch_frees(batch);
    error = change(image_of(dir), batch, &links);
    if (error)
        return error;
    directory_take(d, e);
    free(e);
    inode_touch_modified(dir);
    inode_touch_changed(inode);
    return 0;
}

static int imagefs_rmdir(struct inode *dir, const char *name, struct inode *inode)
{
    int error;
    struct directory *d = directory_of(inode, &error);
    if (!d)
        return error;
    return d->count ? -L_ENOTEMPTY : remove_entry(dir, name, inode);
}

static int exchange_names(struct inode *olddir, struct entry *a, struct inode *inode,
                          struct inode *newdir, struct entry *b, struct inode *target)
{
    struct links links = {.count = 0};
    struct store_batch *batch = store_batch_new();
    if (olddir != newdir && is_dir(inode) != is_dir(target)) {
        links_add(&links, olddir, is_dir(inode) ? -1 : 1);
        links_add(&links, newdir, is_dir(inode) ? 1 : -1);
    }
    store_put_name(batch, olddir->ino, a->name, a->length, b->ino);
    store_put_name(batch, newdir->ino, b->name, b->length, a->ino);
    int error = change(image_of(olddir), batch, &links);
    if (error)
        return error;
    uint64_t ino = a->ino;
    uint16_t type = a->type;
    a->ino = b->ino;
    a->type = b->type;
    b->ino = ino;
    b->type = type;
    node_moved(image_of(olddir), inode, newdir->ino);
    node_moved(image_of(olddir), target, olddir->ino);
    inode_touch_modified(olddir);
    inode_touch_modified(newdir);
    inode_touch_changed(inode);
    inode_touch_changed(target);
    return 0;
}

/* Moves an entry to a new name, which leads nowhere or to target. */
static int move_name(struct inode *olddir, struct entry *from, struct inode *inode,
                     struct inode *newdir, struct directory *d, const char *newname,
                     struct inode *target)
{
    struct entry *to = directory_find(d, newname), *fresh = NULL;
    struct links links = {.count = 0};
    if (!to) {
        fresh = node_entry(d, newname, inode->ino, inode->mode);
        if (!fresh)
            return -L_ENOMEM;
    }
    struct store_batch *batch = store_batch_new();
    if (target)
        links_add(&links, target, is_dir(target) ? -2 : -1);
    if (is_dir(inode) && olddir != newdir) {
        links_add(&links, olddir, -1);
        if (!target)
            links_add(&links, newdir, 1);
    } else if (is_dir(target)) {
        links_add(&links, newdir, -1);
    }
    store_put_name(batch, newdir->ino, newname, strlen(newname), inode->ino);
    store_remove_name(batch, olddir->ino, from->name, from->length);
    int error = change(image_of(olddir), batch, &links);
    if (error) {
        free(fresh);
        return error;
    }
    if (fresh) {
        directory_add(d, fresh);
    } else {
        to->ino = inode->ino;
        to->type = (uint16_t)(inode->mode & L_S_IFMT);
    }
    node_moved(image_of(olddir), inode, newdir->ino);
    directory_take(node_of(olddir)->directory, from);
    free(from);
    inode_touch_modified(olddir);
    if (newdir != olddir)
        inode_touch_modified(newdir);
    if (target)
        inode_touch_changed(target);
    inode_touch_changed(inode);
    return 0;
}

static int imagefs_rename(struct inode *olddir, const char *oldname, struct inode *inode,
                          struct inode *newdir, const char *newname, struct inode *target,
                          bool exchange)
{
    int error;
    struct directory *old = directory_of(olddir, &error);
    struct directory *new = old ? directory_of(newdir, &error) : NULL;
    struct entry *from = new ? directory_find(old, oldname) : NULL;
    struct entry *to = new ? directory_find(new, newname) : NULL;
    if (!from || (target && !to))
        return error ? error : -L_ENOENT;
    if (exchange)
        return exchange_names(olddir, from, inode, newdir, to, target);
    if (!to)
        error = image_claim(image_of(olddir), CLAIM_NAMES, 0);
    if (error)
        return error;
    if (is_dir(target)) {
        struct directory *d = directory_of(target, &error);
        if (!d)
            return error;
        if (d->count)
            return -L_ENOTEMPTY;
    }
    return move_name(olddir, from, inode, newdir, new, newname, target);
}

/* --- attributes --- */

/* Shortens a file: the store forgets the rest before any later block can reach it (rule 8). The
 * size it is given may be less, where data is not handed over yet (rule 3). */
static int cut_locked(struct inode *inode, const struct attr *attr)
{
    struct store_batch *batch = store_batch_new();
    store_cut(batch, inode->ino, attr->size);
    store_batch_frees(batch);
    int error = image_submit_cut(inode, batch, attr->size);
    if (error)
        return error;
    chunks_cut(inode, attr->size);
    return inode_setattr(inode, attr);
}

/* Under image->order until the node has the size (rule 4). */
static int cut(struct inode *inode, const struct attr *attr)
{
    struct image *image = image_of(inode);
    host_mutex_lock(&inode->writing);
    int error = chunks_load(inode);
    host_mutex_unlock(&inode->writing);
    if (error)
        return error;
    host_mutex_lock(&image->order);
    host_mutex_lock(&inode->writing);
    error = cut_locked(inode, attr);
    host_mutex_unlock(&inode->writing);
    image_touch(inode);
    host_mutex_unlock(&image->order);
    return error;
}

static int imagefs_setattr(struct inode *inode, const struct attr *attr)
{
    if ((attr->valid & ATTR_SIZE) && attr->size < inode->size)
        return cut(inode, attr);
    int error = inode_setattr(inode, attr);
    image_touch(inode);
    return error;
}

/*
 * Whether a file has no attributes is remembered, so that most are never asked for. Changes are
 * made under inode->lock; what a reader found before one may arrive after it, so only a reader
 * between whose question and answer nothing was changed may remember it.
 */
static bool without_xattrs(struct inode *inode)
{
    struct image *image = image_of(inode);
    struct node *node = node_of(inode);
    host_mutex_lock(&image->lock);
    bool none = node->no_xattrs;
    uint32_t changes = node->xattr_changes;
    host_mutex_unlock(&image->lock);
    if (none || store_list_xattr(image->store, inode->ino, NULL, 0) != 0)
        return none;
    host_mutex_lock(&image->lock);
    node->no_xattrs = none = node->xattr_changes == changes;
    host_mutex_unlock(&image->lock);
    return none;
}

static int64_t imagefs_getxattr(struct inode *inode, const char *name, void *value, size_t size)
{
    struct image *image = image_of(inode);
    if (!inode_keeps_xattr(name))
        return -L_EOPNOTSUPP;
    if (without_xattrs(inode))
        return -L_ENODATA;
    int64_t length = store_get_xattr(image->store, inode->ino, name, value, size);
    return length < 0 ? image_error(image, inode->ino, length) : length;
}

static int64_t imagefs_listxattr(struct inode *inode, char *list, size_t size)
{
    struct image *image = image_of(inode);
    if (without_xattrs(inode))
        return 0;
    int64_t length = store_list_xattr(image->store, inode->ino, list, size);
    return length < 0 ? image_error(image, inode->ino, length) : length;
}

/* Hands over a change of attributes (rule 9). The store must have it before a reader may find that
 * nothing was changed. */
static int change_xattrs(struct inode *inode, struct store_batch *batch)
{
    struct image *image = image_of(inode);
    struct node *node = node_of(inode);
    store_wait_for_room(image->store);
    host_mutex_lock(&image->lock);
    int error = store_submit(image->store, batch, true);
    if (!error) {
        node->no_xattrs = false;
        node->xattr_changes++;
    }
    host_mutex_unlock(&image->lock);
    if (!error)
        inode_touch_changed(inode);
    return error;
}

static int imagefs_setxattr(struct inode *inode, const char *name, const void *value, size_t size,
                            int flags)
{
    int64_t before = imagefs_getxattr(inode, name, NULL, 0);
    if (before < 0 && before != -L_ENODATA)
        return (int)before;
    int error = inode_xattr_conflict(before >= 0, flags);
    if (!error)
        error = image_claim(image_of(inode), CLAIM_NAMES + size, 0);
    if (error)
        return error;
    struct store_batch *batch = store_batch_new();
    store_put_xattr(batch, inode->ino, name, value, size);
    return change_xattrs(inode, batch);
}

static int imagefs_removexattr(struct inode *inode, const char *name)
{
    int64_t before = imagefs_getxattr(inode, name, NULL, 0);
    if (before < 0)
        return (int)before;
    struct store_batch *batch = store_batch_new();
    store_remove_xattr(batch, inode->ino, name);
    return change_xattrs(inode, batch);
}

/* --- data --- */

static int imagefs_read_block(struct inode *inode, uint64_t index, void *data, size_t length)
{
    image_shrink_cache(image_of(inode));
    int error = store_get_chunk(image_of(inode)->store, inode->ino, index, data, length);
    return image_error(image_of(inode), inode->ino, error);
}

/* Rule 8. */
static int imagefs_write_block(struct inode *inode, uint64_t index, const void *data, size_t length)
{
    struct image *image = image_of(inode);
    int error = chunks_load(inode);
    if (error)
        return error;
    struct store_batch *batch = store_batch_new();
    bool stored = store_put_chunk(batch, inode->ino, index, data, length) > 0;
    error = image_submit_data(inode, batch, (index << STORE_CHUNK_SHIFT) + length);
    if (error)
        return error;
    chunks_set(inode, index, stored);
    if (store_pending(image->store) > PENDING_MOST)
        image_hurry(image);
    return 0;
}

static void imagefs_dirty(struct inode *inode)
{
    image_touch(inode);
    /* Writers far ahead of the store wait for it here. */
    if (inode->pages.dirty && atomic_load(&pagecache_dirty_blocks) > DIRTY_LIMIT)
        pagecache_write_back(inode);
    image_shrink_cache(image_of(inode));
}

/* Rule 7. */
static int imagefs_fsync(struct inode *inode, bool data_only)
{
    struct image *image = image_of(inode);
    (void)data_only;
    int error = image_commit(image);
    return !error && store_refused(image->store, inode->ino) ? -L_EIO : error;
}

const struct inode_ops imagefs_ops = {
    .lookup = imagefs_lookup,
    .create = imagefs_create,
    .tmpfile = imagefs_tmpfile,
    .mkdir = imagefs_create,
    .symlink = imagefs_symlink,
    .link = imagefs_link,
    .unlink = remove_entry,
    .rmdir = imagefs_rmdir,
    .rename = imagefs_rename,
    .readlink = imagefs_readlink,
    .getattr = imagefs_getattr,
    .setattr = imagefs_setattr,
    .readdir = imagefs_readdir,
    .getxattr = imagefs_getxattr,
    .setxattr = imagefs_setxattr,
    .listxattr = imagefs_listxattr,
    .removexattr = imagefs_removexattr,
    .claim = image_claim_data,
    .read_block = imagefs_read_block,
    .write_block = imagefs_write_block,
    .next_stored = chunks_next,
    .dirty_inode = imagefs_dirty,
    .fsync = imagefs_fsync,
};

/* --- the whole --- */

static int imagefs_statfs(struct superblock *super, struct fs_usage *out)
{
    struct image *image = super->priv;
    struct store_usage usage;
    store_usage(image->store, &usage);
    uint64_t room = image_room(image) + usage.bytes_free;
    *out = (struct fs_usage){
        .blocks = (usage.bytes - usage.bytes_free + room) / PAGE_BYTES,
        .free = room / PAGE_BYTES,
        .available = room / PAGE_BYTES,
        .files = STORE_INODE_MAX,
        .files_free = STORE_INODE_MAX - atomic_load(&image->next_ino),
        .block_size = PAGE_BYTES,
        .name_max = NAME_LENGTH_MAX,
    };
    return 0;
}

static int imagefs_sync(struct superblock *super)
{
    return image_commit(super->priv);
}

static void imagefs_destroy(struct superblock *super)
{
    struct image *image = super->priv;
    image_stop_flusher(image);
    image_commit(image);
    store_close(image->store);
    for (uint32_t i = 0; i < NODE_BUCKETS; i++) {
        while (image->table[i]) {
            struct node *node = image->table[i];
            image->table[i] = node->hash_next;
            node_free(node);
        }
    }
    free(image);
}

static const struct super_ops imagefs_super_ops = {
    .evict = image_evict,
    .statfs = imagefs_statfs,
    .sync_fs = imagefs_sync,
    .destroy = imagefs_destroy,
};

struct closing {
    char *message;
    size_t size;
    int error;
};

static void shut_down(struct superblock *super, void *arg)
{
    struct closing *closing = arg;
    struct image *image = super->priv;
    if (super->ops != &imagefs_super_ops || image->shut)
        return;
    image->shut = true;
    image_stop_flusher(image);
    int error = super_sync(super);
    if (error && !closing->error) {
        image_tell_lost(image, error, closing->message, closing->size);
        host_log_error("%s", closing->message);
        closing->error = error;
    }
    store_stop(image->store);
    uint32_t refused = store_refusals(image->store);
    if (closing->error || !refused)
        return;
    closing->error = -L_EUCLEAN;
    snprintf(closing->message, closing->size,
             "%s: the image is damaged: %u changes could not be stored; fore image repair makes "
             "a whole image of what can be read",
             store_path(image->store), refused);
    host_log_error("%s", closing->message);
}

int imagefs_shutdown(char *message, size_t size)
{
    struct closing closing = {message, size, 0};
    message[0] = 0;
    super_each(shut_down, &closing);
    return closing.error;
}

void imagefs_limit(struct superblock *super, uint64_t bytes)
{
    struct image *image = super->priv;
    struct store_usage usage;
    store_usage(image->store, &usage);
    store_limit(image->store, bytes == UINT64_MAX ? bytes : usage.bytes + bytes);
}

static struct superblock *mount_store(struct store *store, const char *host_path, int *error)
{
    struct image *image = calloc(1, sizeof(*image));
    *error = -L_ENOMEM;
    if (!image)
        return NULL;
    image->store = store;
    host_mutex_init(&image->committing, RANK_IMAGE_COMMITTING);
    host_mutex_init(&image->order, RANK_IMAGE_ORDER);
    host_mutex_init(&image->lock, RANK_IMAGE);
    host_mutex_init(&image->room_lock, RANK_IMAGE_ROOM);
    atomic_flag_clear(&image->shrinking);
    atomic_init(&image->next_ino, store_next_ino(store));
    struct superblock *super =
        super_new("foreland", host_path, IMAGE_MAGIC, &imagefs_super_ops, NULL);
    if (!super) {
        free(image);
        return NULL;
    }
    super->priv = image;
    super->max_size = STORE_SIZE_MAX;
    image->super = super;
    *error = image_start_flusher(image);
    struct inode *root = *error ? NULL : node_inode(image, STORE_ROOT, error);
    if (root && super_set_root(super, root))
        *error = -L_ENOMEM;
    if (!*error)
        return super;
    /* The store is still its opener's. */
    image_stop_flusher(image);
    super->ops = NULL;
    super_put(super);
    free(image);
    return NULL;
}

struct superblock *imagefs_new(const char *host_path, bool read_only,
                               const struct store_watch *watch, int *error, char *message,
                               size_t size)
{
    struct store *store;
    *error = store_open(host_path, read_only, watch, &store, message, size);
    if (*error)
        return NULL;
    struct superblock *super = mount_store(store, host_path, error);
    if (!super) {
        snprintf(message, size, "%s: cannot be used: %s", host_path, errno_text(-*error));
        store_close(store);
    }
    return super;
}
