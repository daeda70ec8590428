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

#define FLUSH_AFTER 5000000000u  /* ns: from the first change to its commit */
#define CACHE_MOST  (512u << 20) /* bytes of blocks cached, if that is at most 1/16 of memory */
#define DIRTY_MOST  256u         /* blocks dirty before a commit is begun */
#define ROWS_MOST   64u          /* rows of a flush in one batch */

/* lock held. */
static void wake_at(struct image *image, uint64_t when)
{
    if (when < image->flush_at) {
        image->flush_at = when;
        host_cond_signal(&image->wake);
    }
}

/* Takes over what an inode says into its node (rule 5); the rest of it never changes. lock held. */
static void take_over(struct inode *inode)
{
    struct store_inode *attr = &node_of(inode)->attr;
    host_mutex_lock(&inode->state);
    attr->mode = inode->mode;
    attr->nlink = inode->nlink;
    attr->uid = inode->uid;
    attr->gid = inode->gid;
    attr->size = inode->size;
    attr->atime = inode->atime;
    attr->mtime = inode->mtime;
    attr->ctime = inode->ctime;
    host_mutex_unlock(&inode->state);
}

/* Rule 2. lock held. */
static void list_dirty(struct image *image, struct node *node)
{
    if (node->dirty || node->dead)
        return;
    node->dirty = true;
    node->dirty_next = image->dirty;
    image->dirty = node;
    wake_at(image, host_clock_monotonic_ns() + FLUSH_AFTER);
}

/* What the store is to have of a node, when the data up to `ready` is handed over (rule 3). lock
 * held. */
static struct store_inode row_of(struct node *node, uint64_t ready)
{
    struct store_inode row = node->attr;
    if ((row.mode & L_S_IFMT) != L_S_IFREG)
        return row;
    uint64_t most = ready > node->stored_size ? ready : node->stored_size;
    if (row.size > most)
        row.size = most;
    row.blocks = chunks_blocks(node, NULL, row.size);
    return row;
}

/* Submits a batch with a row of a node as its last (rule 6). lock held. */
static int submit_row(struct image *image, struct store_batch *batch, struct node *node,
                      const struct store_inode *row)
{
    store_put_inode(batch, row);
    int error = store_submit(image->store, batch, true);
    if (!error)
        node->stored_size = row->size;
    return error;
}

void image_touch(struct inode *inode)
{
    struct image *image = image_of(inode);
    if (!node_of(inode))
        return;
    host_mutex_lock(&image->lock);
    take_over(inode);
    list_dirty(image, node_of(inode));
    if (atomic_load(&pagecache_dirty_blocks) > DIRTY_MOST)
        wake_at(image, 0);
    host_mutex_unlock(&image->lock);
}

int image_submit(struct image *image, struct store_batch *batch, struct inode *const *inodes,
                 int count)
{
    store_wait_for_room(image->store);
    host_mutex_lock(&image->lock);
    for (int i = 0; i < count; i++) {
        take_over(inodes[i]);
        struct store_inode row = row_of(node_of(inodes[i]), 0);
        store_put_inode(batch, &row);
    }
    int error = store_submit(image->store, batch, true);
    for (int i = 0; i < count && !error; i++)
        node_of(inodes[i])->stored_size = row_of(node_of(inodes[i]), 0).size;
    host_mutex_unlock(&image->lock);
    return error;
}

int image_submit_data(struct inode *inode, struct store_batch *batch, uint64_t end)
{
    struct image *image = image_of(inode);
    struct node *node = node_of(inode);
    host_mutex_lock(&image->lock);
    bool grows = node->stored_size < end;
    host_mutex_unlock(&image->lock);
    if (!grows)
        return store_submit(image->store, batch, false);
    store_wait_for_room(image->store);
    host_mutex_lock(&image->lock);
    take_over(inode);
    struct store_inode row = row_of(node, end);
    int error = submit_row(image, batch, node, &row);
    host_mutex_unlock(&image->lock);
    return error;
}

int image_submit_cut(struct inode *inode, struct store_batch *batch, uint64_t size)
{
    struct image *image = image_of(inode);
    struct node *node = node_of(inode);
    store_wait_for_room(image->store);
    host_mutex_lock(&image->lock);
    struct store_inode row = row_of(node, 0);
    if (row.size > size)
        row.size = size;
    int error = submit_row(image, batch, node, &row);
    host_mutex_unlock(&image->lock);
    return error;
}

/* --- flush --- */

/* A node whose data has been handed over up to a size. */
struct handed {
    struct node *node;
    uint64_t ready;
};

/* Hands over the dirty blocks of a node's file (rule 3). Without an inode there are none up to the
 * size that the node had before (rule 2). */
static int write_blocks(struct image *image, struct handed *handed)
{
    struct node *node = handed->node;
    host_mutex_lock(&image->lock);
    handed->ready = node->attr.size;
    host_mutex_unlock(&image->lock);
    struct inode *inode = inode_find(image->super, node->attr.ino);
    if (!inode)
        return 0;
    host_mutex_lock(&inode->state);
    uint64_t size = inode->size;
    bool unstored = inode->pages.dirty || inode->pages.unstored;
    host_mutex_unlock(&inode->state);
    int error = unstored ? pagecache_write_back(inode) : 0;
    handed->ready = error ? 0 : size; /* what was written since then is not in the store */
    host_mutex_lock(&inode->state);
    bool still = inode->pages.dirty || inode->pages.unstored;
    host_mutex_unlock(&inode->state);
    host_mutex_lock(&image->lock);
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
    node_take_out(image, node);
    if (node->dirty) {
        struct node **link = &image->dirty;
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

/* Gives the store the rows of nodes whose data was handed over (rules 3 and 6). */
static int put_rows(struct image *image, const struct handed *handed, size_t count)
{
    struct store_batch *batch = store_batch_new();
    struct store_inode rows[ROWS_MOST];
    host_mutex_lock(&image->lock);
    for (size_t i = 0; i < count; i++) {
        rows[i] = row_of(handed[i].node, handed[i].ready);
        if (!handed[i].node->dead)
            store_put_inode(batch, &rows[i]);
    }
    int error = store_submit(image->store, batch, true);
    for (size_t i = 0; i < count; i++) {
        struct node *node = handed[i].node;
        if (!error)
            node->stored_size = rows[i].size;
        if (error || rows[i].size != node->attr.size)
            list_dirty(image, node);
        node_done(image, node);
    }
    host_mutex_unlock(&image->lock);
    return error;
}

static int flush(struct image *image)
{
    struct handed handed[ROWS_MOST];
    int error = 0;
    struct node *list = take_dirty(image);
    while (list) {
        size_t count = 0;
        for (; list && count < ROWS_MOST; list = list->flush_next, count++) {
            handed[count].node = list;
            int failed = write_blocks(image, &handed[count]);
            error = failed ? failed : error;
        }
        int failed = put_rows(image, handed, count);
        error = failed ? failed : error;
    }
    return error;
}

/* Rules 4 and 7. */
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
