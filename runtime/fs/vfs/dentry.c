/* The dentry cache: names in memory, and which inode each leads to. */
#include "runtime/fs/vfs/dentry.h"

#include "runtime/abi/errno.h"
#include "runtime/fs/vfs/mount_tree.h"
#include "runtime/host/hash.h"
#include "runtime/host/heap.h"
#include <string.h>

#define DENTRY_BUCKETS 32768u
#define UNUSED_MAX     65536u
#define RECLAIM_STEP   256u /* names forgotten under one lock */

struct host_mutex tree_lock = HOST_MUTEX_INIT(RANK_DENTRIES);

static struct dentry *table[DENTRY_BUCKETS];
/* Unreferenced names, most recently used first. */
static struct dentry *lru_first, *lru_last;
static uint32_t unused_count;

static uint32_t hash_name(const struct dentry *parent, const char *name, size_t length)
{
    uint64_t hash = FNV_START ^ ((uint64_t)(uintptr_t)parent >> 4);
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (uint8_t)name[i]) * FNV_FACTOR;
    return (uint32_t)(hash ^ (hash >> 32));
}

static void lru_remove(struct dentry *d)
{
    *(d->lru_previous ? &d->lru_previous->lru_next : &lru_first) = d->lru_next;
    *(d->lru_next ? &d->lru_next->lru_previous : &lru_last) = d->lru_previous;
    d->lru_next = d->lru_previous = NULL;
    unused_count--;
}

static void lru_add(struct dentry *d)
{
    d->lru_previous = NULL;
    d->lru_next = lru_first;
    *(lru_first ? &lru_first->lru_previous : &lru_last) = d;
    lru_first = d;
    unused_count++;
}

static void hash_remove(struct dentry *d)
{
    if (!d->hashed)
        return;
    struct dentry **link = &table[d->hash & (DENTRY_BUCKETS - 1)];
    while (*link != d)
        link = &(*link)->hash_next;
    *link = d->hash_next;
    d->hashed = false;
}

static void hash_add(struct dentry *d)
{
    d->hash = hash_name(d->parent, d->name, d->length);
    struct dentry **bucket = &table[d->hash & (DENTRY_BUCKETS - 1)];
    d->hash_next = *bucket;
    *bucket = d;
    d->hashed = true;
}

static void sibling_remove(struct dentry *d)
{
    if (d->parent == d)
        return;
    if (d->sibling_previous)
        d->sibling_previous->sibling_next = d->sibling_next;
    else if (d->parent->children == d)
        d->parent->children = d->sibling_next;
    if (d->sibling_next)
        d->sibling_next->sibling_previous = d->sibling_previous;
    d->sibling_next = d->sibling_previous = NULL;
}

static void sibling_add(struct dentry *d)
{
    d->sibling_previous = NULL;
    d->sibling_next = d->parent->children;
    if (d->sibling_next)
        d->sibling_next->sibling_previous = d;
    d->parent->children = d;
}

/* Take an unreferenced dentry out of everything and put it on the garbage list (by hash_next); its
 * parent may follow. */
static void kill_locked(struct dentry *d, struct dentry **garbage)
{
    for (;;) {
        struct dentry *parent = d->parent;
        hash_remove(d);
        sibling_remove(d);
        d->hash_next = *garbage;
        *garbage = d;
        if (parent == d || atomic_fetch_sub(&parent->refs, 1) != 1)
            return;
        if (parent->hashed) {
            lru_add(parent);
            return;
        }
        d = parent;
    }
}

static void collect_garbage(struct dentry *garbage)
{
    while (garbage) {
        struct dentry *next = garbage->hash_next;
        if (garbage->inode)
            inode_put(garbage->inode);
        free(garbage->name);
        free(garbage);
        garbage = next;
    }
}

struct dentry *dentry_get(struct dentry *dentry)
{
    atomic_fetch_add(&dentry->refs, 1);
    return dentry;
}

struct dentry *dentry_get_locked(struct dentry *dentry)
{
    if (atomic_fetch_add(&dentry->refs, 1) == 0)
        lru_remove(dentry);
    return dentry;
}

/* That there is no such name need not be known where it is asked anew, or of a directory that is
 * gone, which it would keep. tree_lock held. */
static bool worth_keeping(const struct dentry *d)
{
    if (!d->hashed)
        return false;
    if (d->inode)
        return d->inode->nlink != 0;
    return !(d->super->flags & SUPER_NO_NEGATIVE) && d->parent->inode && d->parent->inode->nlink;
}

void dentry_put(struct dentry *dentry)
{
    unsigned refs = atomic_load(&dentry->refs);
    while (refs > 1) {
        if (atomic_compare_exchange_weak(&dentry->refs, &refs, refs - 1))
            return;
    }
    struct dentry *garbage = NULL;
    host_mutex_lock(&tree_lock);
    if (atomic_fetch_sub(&dentry->refs, 1) == 1) {
        if (worth_keeping(dentry)) {
            lru_add(dentry);
            while (unused_count > UNUSED_MAX) {
                struct dentry *oldest = lru_last;
                lru_remove(oldest);
                kill_locked(oldest, &garbage);
            }
        } else {
            kill_locked(dentry, &garbage);
        }
    }
    host_mutex_unlock(&tree_lock);
    collect_garbage(garbage);
}

bool dentry_reclaim(void)
{
    bool any = false;
    for (;;) {
        struct dentry *garbage = NULL;
        host_mutex_lock(&tree_lock);
        for (unsigned n = 0; n < RECLAIM_STEP && lru_last; n++) {
            struct dentry *oldest = lru_last;
            lru_remove(oldest);
            kill_locked(oldest, &garbage);
        }
        host_mutex_unlock(&tree_lock);
        if (!garbage)
            return any;
        collect_garbage(garbage);
        any = true;
    }
}

static struct dentry *dentry_make(struct superblock *super, struct inode *inode, const char *name,
                                  size_t length)
{
    struct dentry *d = calloc(1, sizeof(*d));
    char *copy = malloc(length + 1);
    if (!d || !copy) {
        free(d);
        free(copy);
        return NULL;
    }
    memcpy(copy, name, length);
    copy[length] = 0;
    atomic_init(&d->refs, 1);
    d->parent = d;
    d->inode = inode;
    d->super = super;
    d->name = copy;
    d->length = (uint16_t)length;
    return d;
}

struct dentry *dentry_root(struct superblock *super, struct inode *inode)
{
    struct dentry *d = dentry_make(super, inode, "/", 1);
    if (!d)
        inode_put(inode);
    return d;
}

struct dentry *dentry_anonymous(struct superblock *super, struct inode *inode, const char *name)
{
    struct dentry *d = dentry_make(super, inode, name, strlen(name));
    if (!d)
        inode_put(inode);
    return d;
}

struct dentry *dentry_find_locked(struct dentry *parent, const char *name, size_t length)
{
    uint32_t hash = hash_name(parent, name, length);
    for (struct dentry *d = table[hash & (DENTRY_BUCKETS - 1)]; d; d = d->hash_next) {
        if (d->hash == hash && d->parent == parent && d->length == length &&
            memcmp(d->name, name, length) == 0)
            return d;
    }
    return NULL;
}

struct dentry *dentry_find(struct dentry *parent, const char *name, size_t length)
{
    host_mutex_lock(&tree_lock);
    struct dentry *found = dentry_find_locked(parent, name, length);
    if (found)
        dentry_get_locked(found);
    host_mutex_unlock(&tree_lock);
    return found;
}

struct dentry *dentry_enter(struct dentry *parent, const char *name, size_t length,
                            struct inode *inode)
{
    struct dentry *d = dentry_make(parent->super, inode, name, length);
    if (!d) {
        if (inode)
            inode_put(inode);
        return NULL;
    }
    host_mutex_lock(&tree_lock);
    struct dentry *other = dentry_find_locked(parent, name, length);
    if (other) {
        dentry_get_locked(other);
    } else {
        d->parent = dentry_get(parent);
        hash_add(d);
        sibling_add(d);
    }
    host_mutex_unlock(&tree_lock);
    if (!other)
        return d;
    free(d->name);
    free(d);
    if (inode)
        inode_put(inode);
    return other;
}

void dentry_instantiate(struct dentry *dentry, struct inode *inode)
{
    host_mutex_lock(&tree_lock);
    struct inode *before = dentry->inode;
    dentry->inode = inode;
    host_mutex_unlock(&tree_lock);
    if (before)
        inode_put(before);
}

void dentry_remove(struct dentry *dentry)
{
    host_mutex_lock(&tree_lock);
    hash_remove(dentry);
    host_mutex_unlock(&tree_lock);
}

void dentry_exchange(struct dentry *a, struct dentry *b)
{
    host_mutex_lock(&tree_lock);
    hash_remove(a);
    hash_remove(b);
    sibling_remove(a);
    sibling_remove(b);
    struct dentry *parent = a->parent;
    char *name = a->name;
    uint16_t length = a->length;
    a->parent = b->parent;
    a->name = b->name;
    a->length = b->length;
    b->parent = parent;
    b->name = name;
    b->length = length;
    /* Each parent has lost one child and won one, so their counts are right as they are. */
    sibling_add(a);
    sibling_add(b);
    hash_add(a);
    hash_add(b);
    host_mutex_unlock(&tree_lock);
}

char *dentry_copy_name(const struct dentry *dentry)
{
    char *copy = malloc((size_t)dentry->length + 1);
    if (copy)
        memcpy(copy, dentry->name, (size_t)dentry->length + 1);
    return copy;
}

void dentry_replace(struct dentry *dentry, struct dentry *target, char *name)
{
    host_mutex_lock(&tree_lock);
    struct dentry *old_parent = dentry->parent;
    char *old_name = dentry->name;
    hash_remove(dentry);
    hash_remove(target);
    sibling_remove(dentry);
    dentry->parent = dentry_get(target->parent);
    dentry->name = name;
    dentry->length = target->length;
    sibling_add(dentry);
    hash_add(dentry);
    host_mutex_unlock(&tree_lock);
    free(old_name);
    dentry_put(old_parent);
}

/* Some unused dentry below top: one without children. tree_lock held. */
static struct dentry *unused_below(struct dentry *top)
{
    struct dentry *d = top;
    for (;;) {
        if (d->children) {
            d = d->children;
            continue;
        }
        if (d != top && atomic_load(&d->refs) == 0)
            return d;
        while (d != top && !d->sibling_next)
            d = d->parent;
        if (d == top)
            return NULL;
        d = d->sibling_next;
    }
}

void dentry_prune(struct dentry *dentry)
{
    struct dentry *garbage;
    do {
        garbage = NULL;
        host_mutex_lock(&tree_lock);
        for (unsigned n = 0; n < RECLAIM_STEP; n++) {
            struct dentry *victim = unused_below(dentry);
            if (!victim)
                break;
            lru_remove(victim);
            kill_locked(victim, &garbage);
        }
        host_mutex_unlock(&tree_lock);
        collect_garbage(garbage);
    } while (garbage);
}

void dentry_name(struct dentry *dentry, char *name)
{
    host_mutex_lock(&tree_lock);
    size_t length = dentry->length > NAME_LENGTH_MAX ? NAME_LENGTH_MAX : dentry->length;
    memcpy(name, dentry->name, length);
    name[length] = 0;
    host_mutex_unlock(&tree_lock);
}

struct dentry *dentry_parent(struct dentry *dentry)
{
    host_mutex_lock(&tree_lock);
    struct dentry *parent = dentry_get_locked(dentry->parent);
    host_mutex_unlock(&tree_lock);
    return parent;
}

bool dentry_is_ancestor(struct dentry *a, struct dentry *b)
{
    bool is = false;
    host_mutex_lock(&tree_lock);
    for (struct dentry *d = b;; d = d->parent) {
        if (d == a)
            is = true;
        if (is || d->parent == d)
            break;
    }
    host_mutex_unlock(&tree_lock);
    return is;
}

bool dentry_unlinked(struct dentry *dentry)
{
    return !dentry->hashed && dentry->parent != dentry;
}
