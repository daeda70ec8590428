/* The store's queue: what submitters and readers put into it, and what they wait for. */
#include "runtime/fs/store/store_state.h"

#include "runtime/abi/errno.h"
#include "runtime/host/hash.h"

#define QUEUE_MOST (32u << 20) /* bytes queued before submitters wait */

void batch_list_init(struct batch_list *list)
{
    list->first = NULL;
    list->last = &list->first;
}

void batch_list_add(struct batch_list *list, struct store_batch *batch)
{
    batch->next = NULL;
    *list->last = batch;
    list->last = &batch->next;
}

struct store_batch *batch_list_take(struct batch_list *list)
{
    struct store_batch *batch = list->first;
    list->first = batch->next;
    if (!list->first)
        list->last = &list->first;
    return batch;
}

void batch_list_free(struct batch_list *list)
{
    while (list->first)
        store_batch_free(batch_list_take(list));
}

static uint32_t *pending_of(struct store *store, uint64_t ino)
{
    return &store->pending[ino * HASH_FACTOR >> (64 - PENDING_BITS)];
}

void store_count_pending(struct store *store, const struct store_batch *batch, int by)
{
    for (const struct store_op *op = batch->first; op; op = op->next)
        *pending_of(store, op->ino) += (uint32_t)by;
}

/* lock held. */
static void enqueue(struct store *store, struct store_batch *batch)
{
    batch_list_add(&store->queue, batch);
    store->queued_bytes += batch->bytes;
    host_cond_signal(&store->work);
}

/* lock held. */
static void wait_for_room(struct store *store)
{
    while (store->queued_bytes > QUEUE_MOST && !store->error && !store->stopping)
        host_cond_wait(&store->room, &store->lock, HOST_FOREVER);
}

void store_wait_for_room(struct store *store)
{
    host_mutex_lock(&store->lock);
    wait_for_room(store);
    host_mutex_unlock(&store->lock);
}

int store_submit(struct store *store, struct store_batch *batch, bool urgent)
{
    if (!batch || batch->failed) {
        store_batch_free(batch);
        return -L_ENOMEM;
    }
    host_mutex_lock(&store->lock);
    if (!urgent)
        wait_for_room(store);
    int error = store->stopping ? -L_EIO : store->error;
    if (error == -L_ENOSPC && batch->frees)
        error = 0;
    if (!error) {
        store->since_mark += batch->bytes;
        store_count_pending(store, batch, 1);
        enqueue(store, batch);
    }
    host_mutex_unlock(&store->lock);
    if (error)
        store_batch_free(batch);
    return error;
}

static uint64_t mark(struct store *store, bool settles)
{
    struct store_batch *batch = store_batch_new();
    if (!batch)
        return 0;
    batch->item = ITEM_COMMIT;
    batch->settles = settles;
    uint64_t at = 0;
    host_mutex_lock(&store->lock);
    if (!store->stopping) {
        at = batch->mark = ++store->last_mark;
        store->since_mark = 0;
        enqueue(store, batch);
    }
    host_mutex_unlock(&store->lock);
    if (!at)
        store_batch_free(batch);
    return at;
}

uint64_t store_mark(struct store *store)
{
    return mark(store, false);
}

uint64_t store_mark_settled(struct store *store)
{
    return mark(store, true);
}

int store_committed(struct store *store, uint64_t mark)
{
    if (!mark)
        return -L_EIO;
    host_mutex_lock(&store->lock);
    while (store->committed_mark < mark)
        host_cond_wait(&store->done, &store->lock, HOST_FOREVER);
    int result = store->result;
    host_mutex_unlock(&store->lock);
    return result;
}

int store_commit(struct store *store)
{
    return store_committed(store, store_mark(store));
}

bool store_refused(struct store *store, uint64_t ino)
{
    uint32_t kept = 0;
    host_mutex_lock(&store->lock);
    uint32_t before = store->refused_count;
    for (uint32_t i = 0; i < before; i++) {
        if (store->refused[i] != ino)
            store->refused[kept++] = store->refused[i];
    }
    store->refused_count = kept;
    host_mutex_unlock(&store->lock);
    return kept < before;
}

uint32_t store_refusals(struct store *store)
{
    host_mutex_lock(&store->lock);
    uint32_t count = store->refused_ever;
    host_mutex_unlock(&store->lock);
    return count;
}

uint64_t store_pending(struct store *store)
{
    host_mutex_lock(&store->lock);
    uint64_t bytes = store->since_mark;
    host_mutex_unlock(&store->lock);
    return bytes;
}

int64_t store_ask(struct store *store, uint64_t ino, bool in_order,
                  int64_t (*run)(struct store_db *db, void *arg), void *arg)
{
    struct store_request request = {.run = run, .arg = arg, .ino = ino, .in_order = in_order};
    struct store_batch item = {.item = ITEM_READ, .request = &request};
    host_mutex_lock(&store->lock);
    if (store->stopping) {
        host_mutex_unlock(&store->lock);
        return -L_EIO;
    }
    if (!in_order && *pending_of(store, ino) == 0) {
        request.next = store->urgent;
        store->urgent = &request;
        host_cond_signal(&store->work);
    } else {
        enqueue(store, &item);
    }
    while (!request.done)
        host_cond_wait(&store->done, &store->lock, HOST_FOREVER);
    host_mutex_unlock(&store->lock);
    return request.result;
}
