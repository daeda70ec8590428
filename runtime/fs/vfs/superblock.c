/* Superblocks, and writing all of them back. */
#include "runtime/abi/errno.h"
#include "runtime/fs/vfs/dentry.h"
#include "runtime/host/heap.h"
#include <stdio.h>
#include <string.h>

static struct host_mutex list_lock = HOST_MUTEX_INIT(RANK_SUPERBLOCKS);
static struct superblock *list;
static uint32_t next_minor = 1;

struct superblock *super_new(const char *type, const char *source, uint32_t magic,
                             const struct super_ops *ops, void *priv)
{
    struct superblock *super = calloc(1, sizeof(*super));
    if (!super)
        return NULL;
    atomic_init(&super->refs, 1);
    atomic_init(&super->next_ino, 1);
    super->type = type;
    snprintf(super->source, sizeof(super->source), "%s", source);
    super->magic = magic;
    super->ops = ops;
    super->priv = priv;
    super->max_size = (uint64_t)1 << 44;
    host_mutex_lock(&list_lock);
    super->dev = l_makedev(0, next_minor++);
    super->next = list;
    list = super;
    host_mutex_unlock(&list_lock);
    return super;
}

void super_get(struct superblock *super)
{
    atomic_fetch_add(&super->refs, 1);
}

void super_put(struct superblock *super)
{
    unsigned refs = atomic_load(&super->refs);
    while (refs > 1) {
        if (atomic_compare_exchange_weak(&super->refs, &refs, refs - 1))
            return;
    }
    host_mutex_lock(&list_lock);
    bool last = atomic_fetch_sub(&super->refs, 1) == 1;
    if (last) {
        struct superblock **link = &list;
        while (*link != super)
            link = &(*link)->next;
        *link = super->next;
    }
    host_mutex_unlock(&list_lock);
    if (!last)
        return;
    if (super->ops && super->ops->destroy)
        super->ops->destroy(super);
    free(super);
}

int super_set_root(struct superblock *super, struct inode *root)
{
    super->root = dentry_root(super, root);
    return super->root ? 0 : -L_ENOMEM;
}

void super_each(void (*fn)(struct superblock *, void *), void *arg)
{
    enum { MOST = 256 };
    struct superblock *found[MOST];
    size_t count = 0;
    host_mutex_lock(&list_lock);
    for (struct superblock *s = list; s && count < MOST; s = s->next) {
        super_get(s);
        found[count++] = s;
    }
    host_mutex_unlock(&list_lock);
    for (size_t i = 0; i < count; i++) {
        fn(found[i], arg);
        super_put(found[i]);
    }
}

static void write_back(struct inode *inode, void *arg)
{
    int *error = arg;
    int result = pagecache_write_back(inode);
    if (result < 0)
        *error = result;
}

int super_sync(struct superblock *super)
{
    int error = 0;
    inode_each(super, write_back, &error);
    if (super->ops && super->ops->sync_fs) {
        int result = super->ops->sync_fs(super);
        if (result < 0)
            error = result;
    }
    return error;
}

static void sync_one(struct superblock *super, void *arg)
{
    (void)arg;
    super_sync(super);
}

void super_sync_all(void)
{
    super_each(sync_one, NULL);
}
