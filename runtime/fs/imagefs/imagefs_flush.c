/* What makes changes durable: the dirty list, the flush before a commit, and the thread that
 * commits every few seconds. */
#include "runtime/fs/imagefs/image_node.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/stat.h"
#include "runtime/host/env.h"
#include "runtime/host/errno_names.h"
#include "runtime/host/log.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"
#include <string.h>

#define FLUSH_AFTER 5000000000u  /* ns from the first change to its commit */
#define CACHE_MOST  (512u << 20) /* bytes of blocks cached, if that is at most 1/16 of memory */
#define DIRTY_MOST  256u         /* blocks dirty before a commit is begun */

/* lock held. */
static void wake_at(struct image *image, uint64_t when)
{
    if (when < image->flush_at) {
        image->flush_at = when;
        host_cond_signal(&image->wake);
    }
}

static bool same(const struct store_inode *a, const struct store_inode *b)
{
    return a->mode == b->mode && a->nlink == b->nlink && a->uid == b->uid && a->gid == b->gid &&
           a->rdev == b->rdev && a->size == b->size && a->blocks == b->blocks &&
           a->atime == b->atime && a->mtime == b->mtime && a->ctime == b->ctime &&
           a->btime == b->btime;
}

/* lock held. */
static struct store_inode snapshot(struct inode *inode)
{
    host_mutex_lock(&inode->state);
    struct store_inode attr = {.ino = inode->ino,
                               .mode = inode->mode,
                               .nlink = inode->nlink,
                               .uid = inode->uid,
                               .gid = inode->gid,
                               .rdev = inode->rdev,
                               .size = inode->size,
                               .atime = inode->atime,
                               .mtime = inode->mtime,
                               .ctime = inode->ctime,
                               .btime = inode->btime};
    host_mutex_unlock(&inode->state);
    attr.blocks = node_of(inode)->attr.blocks;
    if ((attr.mode & L_S_IFMT) == L_S_IFREG)
        attr.blocks = chunks_blocks(inode, attr.size, attr.blocks, false);
    return attr;
}

/* lock held. */
static void list_dirty(struct image *image, struct node *node)
{
    if (node->dirty || node->dead)
        return;
    node->dirty = true;
    node->dirty_next = image->dirty;
    image->dirty = node;
    wake_at(image, host_clock_monotonic_ns() + FLUSH_AFTER);
}

void image_touch(struct inode *inode)
{
    struct image *image = image_of(inode);
    struct node *node = node_of(inode);
    if (!node)
        return;
    host_mutex_lock(&image->lock);
    node->attr = snapshot(inode);
    if (inode->pages.dirty || !same(&node->attr, &node->sent))
        list_dirty(image, node);
    if (atomic_load(&pagecache_dirty_blocks) > DIRTY_MOST)
        wake_at(image, 0);
    host_mutex_unlock(&image->lock);
}

/* lock held. */
static void put_present(struct store_batch *batch, struct inode *inode)
{
    struct node *node = node_of(inode);
    node->attr = snapshot(inode);
    store_put_inode(batch, &node->attr);
}

/* The node's attributes with a size of their own as the last of the batch. lock held. */
static int put_row(struct image *image, struct store_batch *batch, struct node *node, uint64_t size)
{
    struct store_inode row = node->attr;
    row.size = size;
    store_put_inode(batch, &row);
    int error = store_submit(image->store, batch, true);
    if (!error)
        node->sent = row;
    return error;
}

void image_put(struct store_batch *batch, struct inode *inode)
{
    struct image *image = image_of(inode);
    host_mutex_lock(&image->lock);
    put_present(batch, inode);
    host_mutex_unlock(&image->lock);
}

int image_submit(struct image *image, struct store_batch *batch, struct inode *const *inodes,
                 int count)
{
    store_wait_for_room(image->store);
    host_mutex_lock(&image->lock);
    for (int i = 0; i < count; i++)
        put_present(batch, inodes[i]);
    int error = store_submit(image->store, batch, true);
    for (int i = 0; i < count && !error; i++)
        node_of(inodes[i])->sent = node_of(inodes[i])->attr;
    host_mutex_unlock(&image->lock);
    return error;
}

int image_submit_data(struct inode *inode, struct store_batch *batch, uint64_t end)
{
    struct image *image = image_of(inode);
    struct node *node = node_of(inode);
    host_mutex_lock(&image->lock);
    bool grows = node->sent.size < end;
    host_mutex_unlock(&image->lock);
    if (!grows)
        return store_submit(image->store, batch, false);
    store_wait_for_room(image->store);
    host_mutex_lock(&image->lock);
    node->attr = snapshot(inode);
    /* What was written since then is not in the store. */
    int error = put_row(image, batch, node, end);
    host_mutex_unlock(&image->lock);
    return error;
}

int image_submit_cut(struct inode *inode, struct store_batch *batch, uint64_t size)
{
    struct image *image = image_of(inode);
    struct node *node = node_of(inode);
    store_wait_for_room(image->store);
    host_mutex_lock(&image->lock);
    int error = put_row(image, batch, node, size);
    host_mutex_unlock(&image->lock);
    return error;
}

/* --- flush --- */

/* Hands over the dirty blocks of a node's file, if it is in memory. */
static int write_blocks(struct image *image, struct node *node)
{
    struct inode *inode = inode_find(image->super, node->attr.ino);
    if (!inode) {
        host_mutex_lock(&image->lock);
        node->ready = node->attr.size;
        host_mutex_unlock(&image->lock);
        return 0;
    }
    host_mutex_lock(&inode->state);
    uint64_t size = inode->size;
    bool unstored = inode->pages.dirty || inode->pages.unstored;
    host_mutex_unlock(&inode->state);
    int error = unstored ? pagecache_write_back(inode) : 0;
    host_mutex_lock(&image->lock);
    node->ready = error ? 0 : size;
    bool still = inode->pages.dirty;
    if (still)
        list_dirty(image, node);
    host_mutex_unlock(&image->lock);
    inode_put(inode);
    return error;
}

/* Takes the dirty list; its nodes are busy. */
static struct node *take_dirty(struct image *image)
{
    host_mutex_lock(&image->lock);
    struct node *list = NULL, *node = image->dirty;
    image->dirty = NULL;
    while (node) {
        struct node *next = node->dirty_next;
        node->dirty = false;
        node->busy++;
        node->flush_next = list;
        list = node;
        node = next;
    }
    host_mutex_unlock(&image->lock);
    return list;
}

/* lock held. */
static void image_drop_node(struct image *image, struct node *node)
{
    struct node **link = &image->table[node->attr.ino * 0x9e3779b97f4a7c15u >> 50];
    while (*link != node)
        link = &(*link)->hash_next;
    *link = node->hash_next;
    image->node_count--;
    if (node->dirty) {
        link = &image->dirty;
        while (*link != node)
            link = &(*link)->dirty_next;
        *link = node->dirty_next;
    }
    node_free(node);
}

/* lock held. */
static void node_done(struct image *image, struct node *node)
{
    node->busy--;
    if (node->dead && !node->busy && !node->live)
        image_drop_node(image, node);
}

/* The attributes for the store: the size grows only as far as the data that is there already, or a
 * crash would leave zeros behind it. lock held. */
static struct store_inode row_of(const struct node *node)
{
    struct store_inode row = node->attr;
    uint64_t most = node->ready > node->sent.size ? node->ready : node->sent.size;
    if ((row.mode & L_S_IFMT) == L_S_IFREG && row.size > most)
        row.size = most;
    return row;
}

/* Gives the store the attributes of the nodes of a list that was taken. */
static int put_nodes(struct image *image, struct node *list)
{
    struct store_batch *batch = store_batch_new();
    host_mutex_lock(&image->lock);
    for (struct node *node = list; node; node = node->flush_next) {
        struct store_inode row = row_of(node);
        if (!node->dead && !same(&row, &node->sent))
            store_put_inode(batch, &row);
    }
    int error = store_submit(image->store, batch, true);
    while (list) {
        struct node *node = list;
        list = node->flush_next;
        if (!error)
            node->sent = row_of(node);
        if (!same(&node->attr, &node->sent))
            list_dirty(image, node);
        node_done(image, node);
    }
    host_mutex_unlock(&image->lock);
    return error;
}

static int flush(struct image *image)
{
    int error = 0;
    struct node *list = take_dirty(image);
    for (struct node *node = list; node; node = node->flush_next) {
        int failed = write_blocks(image, node);
        error = failed ? failed : error;
    }
    int failed = put_nodes(image, list);
    return failed ? failed : error;
}

static int commit_once(struct image *image, bool settles)
{
    host_mutex_lock(&image->committing);
    struct image_claims claims = image_claims_take(image);
    /* Most of the work without keeping changes of names waiting. */
    flush(image);
    host_mutex_lock(&image->order);
    int error = flush(image);
    uint64_t mark = settles ? store_mark_settled(image->store) : store_mark(image->store);
    host_mutex_unlock(&image->order);
    host_mutex_unlock(&image->committing);
    int committed = store_committed(image->store, mark);
    image_claims_done(image, claims, !error && !committed, settles);
    return committed ? committed : error;
}

static int commit(struct image *image, bool settles)
{
    int error = commit_once(image, settles);
    /* A store that was full takes nothing before a commit has succeeded. */
    return error ? commit_once(image, settles) : 0;
}

int image_commit(struct image *image)
{
    return commit(image, false);
}

int image_settle(struct image *image)
{
    return commit(image, true);
}

void image_hurry(struct image *image)
{
    host_mutex_lock(&image->lock);
    wake_at(image, 0);
    host_mutex_unlock(&image->lock);
}

/* --- memory --- */

static void drop_unused(struct inode *inode, void *arg)
{
    (void)arg;
    pagecache_drop_unused(inode);
}

void image_shrink_cache(struct image *image)
{
    if (atomic_load(&pagecache_held) <= image->cache_most ||
        atomic_flag_test_and_set(&image->shrinking))
        return;
    /* The first round marks what is used, the second finds what was not used since. */
    for (int i = 0; i < 2 && atomic_load(&pagecache_held) > image->cache_most / 4 * 3; i++)
        inode_each(image->super, drop_unused, NULL);
    atomic_flag_clear(&image->shrinking);
}

/* --- the end of an inode --- */

void image_evict(struct inode *inode)
{
    struct image *image = image_of(inode);
    struct node *node = node_of(inode);
    if (!node)
        return;
    host_mutex_lock(&image->lock);
    node->live--;
    if (inode->nlink == 0 && !node->live && !node->dead) {
        /* Should the store not take it now, the next open finds an orphan and removes it. */
        struct store_batch *batch = store_batch_new();
        node->dead = true;
        store_remove_inode(batch, node->attr.ino);
        store_batch_frees(batch);
        store_submit(image->store, batch, true);
        wake_at(image, host_clock_monotonic_ns() + FLUSH_AFTER);
    }
    if (node->dead && !node->live && !node->busy)
        image_drop_node(image, node);
    host_mutex_unlock(&image->lock);
}

/* --- the flusher --- */

static void flusher(void *arg)
{
    struct image *image = arg;
    bool complained = false;
    host_mutex_lock(&image->lock);
    while (!image->stopping) {
        if (host_clock_monotonic_ns() < image->flush_at) {
            host_cond_wait(&image->wake, &image->lock, image->flush_at);
            continue;
        }
        image->flush_at = HOST_FOREVER;
        host_mutex_unlock(&image->lock);
        int error = image_commit(image);
        if (error && !complained)
            host_log_error("%s: changes are not stored: %s; trying again", store_path(image->store),
                           errno_text(-error));
        complained = error != 0;
        host_mutex_lock(&image->lock);
        if (error || image->dirty) {
            uint64_t when = host_clock_monotonic_ns() + FLUSH_AFTER;
            if (when < image->flush_at)
                image->flush_at = when;
        }
    }
    image->flusher_running = false;
    host_cond_broadcast(&image->wake);
    host_mutex_unlock(&image->lock);
}

int image_start_flusher(struct image *image)
{
    uint64_t most = host_memory_size() / 16;
    image->cache_most = most > CACHE_MOST ? CACHE_MOST : most;
    image->flush_at = HOST_FOREVER;
    image->flusher_running = true;
    int error = host_thread_start(flusher, image);
    if (error)
        image->flusher_running = false;
    return error;
}

void image_stop_flusher(struct image *image)
{
    host_mutex_lock(&image->lock);
    image->stopping = true;
    host_cond_broadcast(&image->wake);
    while (image->flusher_running)
        host_cond_wait(&image->wake, &image->lock, HOST_FOREVER);
    host_mutex_unlock(&image->lock);
}
