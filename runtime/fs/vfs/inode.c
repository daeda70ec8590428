/* Inodes: the one in memory for each number, their attributes and life. */
#include "runtime/fs/vfs/inode.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/vfs/dentry.h"
#include "runtime/fs/vfs/file_lock.h"
#include "runtime/host/hash.h"
#include "runtime/host/heap.h"
#include "runtime/host/time.h"
#include <stdio.h>
#include <string.h>

#define INODE_BUCKETS 8192u

static struct host_mutex table_lock = HOST_MUTEX_INIT(RANK_INODE_TABLE);
static struct inode *table[INODE_BUCKETS];

fs_time fs_now(void)
{
    return (fs_time)host_clock_realtime_ns();
}

static uint32_t bucket_of(const struct superblock *super, uint64_t ino)
{
    uint64_t key = (ino ^ ((uint64_t)(uintptr_t)super >> 4)) * HASH_FACTOR;
    return (uint32_t)(key >> 40) & (INODE_BUCKETS - 1);
}

struct inode *inode_new(struct superblock *super, uint64_t ino, uint32_t mode,
                        const struct inode_ops *ops)
{
    struct inode *inode = calloc(1, sizeof(*inode));
    if (!inode)
        return NULL;
    atomic_init(&inode->refs, 1);
    super_get(super);
    inode->super = super;
    inode->ino = ino;
    inode->ops = ops;
    inode->mode = mode;
    inode->nlink = 1;
    turn_init(&inode->data);
    host_mutex_init(&inode->lock, RANK_INODE);
    host_mutex_init(&inode->writing, RANK_INODE_WRITING);
    host_mutex_init(&inode->state, RANK_INODE_STATE);
    inode->atime = inode->mtime = inode->ctime = inode->btime = fs_now();
    pagecache_init(inode);
    return inode;
}

static struct inode *find_locked(struct superblock *super, uint64_t ino, uint32_t bucket)
{
    for (struct inode *i = table[bucket]; i; i = i->hash_next) {
        if (i->super == super && i->ino == ino) {
            atomic_fetch_add(&i->refs, 1);
            return i;
        }
    }
    return NULL;
}

struct inode *inode_find(struct superblock *super, uint64_t ino)
{
    uint32_t bucket = bucket_of(super, ino);
    host_mutex_lock(&table_lock);
    struct inode *found = find_locked(super, ino, bucket);
    host_mutex_unlock(&table_lock);
    return found;
}

struct inode *inode_hash(struct inode *inode)
{
    uint32_t bucket = bucket_of(inode->super, inode->ino);
    host_mutex_lock(&table_lock);
    struct inode *found = find_locked(inode->super, inode->ino, bucket);
    if (!found) {
        inode->hash_next = table[bucket];
        table[bucket] = inode;
        inode->hashed = true;
    }
    host_mutex_unlock(&table_lock);
    if (!found)
        return inode;
    inode_put(inode);
    return found;
}

struct inode *inode_get(struct inode *inode)
{
    atomic_fetch_add(&inode->refs, 1);
    return inode;
}

/* One more in the direction of step, unless some are in the other. */
static int count(struct inode *inode, int step)
{
    int now = atomic_load(&inode->write_count);
    do {
        if (now * step < 0)
            return -L_ETXTBSY;
    } while (!atomic_compare_exchange_weak(&inode->write_count, &now, now + step));
    return 0;
}

int inode_get_writer(struct inode *inode)
{
    return count(inode, 1);
}

void inode_put_writer(struct inode *inode)
{
    atomic_fetch_sub(&inode->write_count, 1);
}

int inode_get_executed(struct inode *inode)
{
    return count(inode, -1);
}

void inode_put_executed(struct inode *inode)
{
    atomic_fetch_add(&inode->write_count, 1);
}

static void unhash_locked(struct inode *inode)
{
    if (!inode->hashed)
        return;
    struct inode **link = &table[bucket_of(inode->super, inode->ino)];
    while (*link != inode)
        link = &(*link)->hash_next;
    *link = inode->hash_next;
    inode->hashed = false;
}

void inode_unhash(struct inode *inode)
{
    host_mutex_lock(&table_lock);
    unhash_locked(inode);
    host_mutex_unlock(&table_lock);
}

static void evict(struct inode *inode)
{
    struct superblock *super = inode->super;
    if (super->ops && super->ops->evict)
        super->ops->evict(inode);
    if (inode->locks)
        lock_free(inode);
    pagecache_destroy(inode);
    free(inode->map_name);
    free(inode);
    super_put(super);
}

static bool has_to_be_written(struct inode *inode)
{
    return inode->pages.dirty && inode->nlink && inode->ops && inode->ops->write_block;
}

/* An inode that is still wanted on disk is written back while it can be found, so that nobody reads
 * an older copy of it; only then does it leave the table. Who finds it meanwhile may write to it
 * and be done before this is: then it is written back again, unless that fails. */
void inode_put(struct inode *inode)
{
    bool again, last = false;
    do {
        unsigned refs = atomic_load(&inode->refs);
        while (refs > 1) {
            if (atomic_compare_exchange_weak(&inode->refs, &refs, refs - 1))
                return;
        }
        int error = has_to_be_written(inode) ? pagecache_write_back(inode) : 0;
        host_mutex_lock(&table_lock);
        again = !error && atomic_load(&inode->refs) == 1 && has_to_be_written(inode);
        if (!again)
            last = atomic_fetch_sub(&inode->refs, 1) == 1;
        if (last)
            unhash_locked(inode);
        host_mutex_unlock(&table_lock);
    } while (again);
    if (last)
        evict(inode);
}

void inode_each(struct superblock *super, void (*fn)(struct inode *, void *), void *arg)
{
    for (uint32_t bucket = 0; bucket < INODE_BUCKETS; bucket++) {
        struct inode *found[64];
        size_t count = 0;
        host_mutex_lock(&table_lock);
        for (struct inode *i = table[bucket]; i && count < 64; i = i->hash_next) {
            if (i->super == super) {
                atomic_fetch_add(&i->refs, 1);
                found[count++] = i;
            }
        }
        host_mutex_unlock(&table_lock);
        for (size_t k = 0; k < count; k++) {
            fn(found[k], arg);
            inode_put(found[k]);
        }
    }
}

int inode_setattr(struct inode *inode, const struct attr *attr)
{
    if (attr->valid & ATTR_SIZE)
        pagecache_truncate(inode, attr->size);
    host_mutex_lock(&inode->state);
    if (attr->valid & ATTR_MODE)
        inode->mode = (inode->mode & L_S_IFMT) | (attr->mode & 07777);
    if (attr->valid & ATTR_UID)
        inode->uid = attr->uid;
    if (attr->valid & ATTR_GID)
        inode->gid = attr->gid;
    if (attr->valid & ATTR_SIZE) {
        inode->size = attr->size;
        atomic_store(&inode->pages.mapping.size, attr->size);
    }
    if (attr->valid & ATTR_ATIME)
        inode->atime = attr->atime;
    if (attr->valid & ATTR_MTIME)
        inode->mtime = attr->mtime;
    if (attr->valid & ATTR_CTIME)
        inode->ctime = attr->ctime;
    host_mutex_unlock(&inode->state);
    return 0;
}

void inode_getattr(struct inode *inode, struct kstat *out)
{
    host_mutex_lock(&inode->state);
    *out = (struct kstat){
        .dev = inode->super->dev,
        .ino = inode->ino,
        .rdev = inode->rdev,
        .size = inode->size,
        .blocks = (inode->pages.held + 511) / 512 + inode->extra_blocks,
        .mode = inode->mode,
        .nlink = inode->nlink,
        .uid = inode->uid,
        .gid = inode->gid,
        .blksize = 4096,
        .atime = inode->atime,
        .mtime = inode->mtime,
        .ctime = inode->ctime,
        .btime = inode->btime,
    };
    host_mutex_unlock(&inode->state);
}

bool inode_keeps_xattr(const char *name)
{
    return strncmp(name, "trusted.", 8) == 0 || strncmp(name, "security.", 9) == 0 ||
           strncmp(name, "user.", 5) == 0;
}

int inode_xattr_conflict(bool there, int flags)
{
    if (there && (flags & L_XATTR_CREATE))
        return -L_EEXIST;
    return !there && (flags & L_XATTR_REPLACE) ? -L_ENODATA : 0;
}

static void told(struct inode *inode)
{
    if (inode->ops && inode->ops->dirty_inode)
        inode->ops->dirty_inode(inode);
}

void inode_touch_modified(struct inode *inode)
{
    fs_time now = fs_now();
    host_mutex_lock(&inode->state);
    inode->mtime = inode->ctime = now;
    host_mutex_unlock(&inode->state);
    told(inode);
}

void inode_touch_changed(struct inode *inode)
{
    fs_time now = fs_now();
    host_mutex_lock(&inode->state);
    inode->ctime = now;
    host_mutex_unlock(&inode->state);
    told(inode);
}

/* relatime: only when the old one is no later than the last change, or a day old. */
void inode_touch_accessed(struct inode *inode)
{
    const fs_time day = 86400ll * 1000000000;
    fs_time now = fs_now();
    host_mutex_lock(&inode->state);
    bool set =
        inode->atime <= inode->mtime || inode->atime <= inode->ctime || now - inode->atime > day;
    if (set)
        inode->atime = now;
    host_mutex_unlock(&inode->state);
    if (set)
        told(inode);
}

void inode_set_nlink(struct inode *inode, uint32_t nlink)
{
    host_mutex_lock(&inode->state);
    inode->nlink = nlink;
    host_mutex_unlock(&inode->state);
}

void inode_map_name(struct mapping *mapping, char *buffer, size_t size)
{
    struct inode *inode = (struct inode *)((char *)mapping - offsetof(struct inode, pages.mapping));
    host_mutex_lock(&inode->state);
    snprintf(buffer, size, "%s%s", inode->map_name ? inode->map_name : "",
             inode->map_name && !inode->nlink ? " (deleted)" : "");
    host_mutex_unlock(&inode->state);
}
