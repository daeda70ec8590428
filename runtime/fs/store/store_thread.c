/* The one thread that owns the connection: applies batches, tries again what failed, commits. */
#include "runtime/fs/store/store_state.h"

#include "runtime/abi/errno.h"
#include "runtime/host/log.h"
#include <stdlib.h>

#define KEPT_MOST      (256u << 20) /* bytes kept of one transaction, to repeat it */
#define LOG_PAGES_GOAL 1024         /* checkpoint when idle beyond this (8 MiB) */
#define LOG_PAGES_MOST 8192         /* checkpoint at once beyond this (64 MiB) */
#define TOLD_MOST      100u         /* refused changes that are told in the log */

/* The transaction cannot go on: roll it back; what it held is kept for another try. */
static void fail(struct store *store, int error)
{
    store_db_rollback(&store->db);
    bool again = (error == -L_ENOSPC || error == -L_ENOMEM) && !store->kept_lost;
    host_mutex_lock(&store->lock);
    bool news = store->error == 0;
    if (!store->fatal) {
        store->fatal = !again;
        store->error = again ? error : -L_EIO;
    }
    host_cond_broadcast(&store->room);
    host_mutex_unlock(&store->lock);
    if (news)
        host_log_error("%s: changes cannot be stored: %s", store->path,
                       sqlite3_errmsg(store->db.handle));
    if (!again)
        batch_list_free(&store->kept);
}

/* --- inodes that go --- */

/* The inodes that the kept batches remove: what else they hold of those need not be stored. */
struct going {
    uint64_t *ino;
    size_t count, room;
};

static void note_going(struct going *going, uint64_t ino)
{
    if (going->count == going->room) {
        size_t room = going->room ? going->room * 2 : 256;
        uint64_t *more = realloc(going->ino, room * sizeof(*more));
        if (!more)
            return; /* it is stored and removed then */
        going->ino = more;
        going->room = room;
    }
    going->ino[going->count++] = ino;
}

static int by_number(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;
    return (one > other) - (one < other);
}

static bool is_going(const struct going *going, uint64_t ino)
{
    return going->count && bsearch(&ino, going->ino, going->count, sizeof(ino), by_number) != NULL;
}

/* --- applying --- */

/* The change cannot be stored, because what it is about is damaged; the others can. */
static void refuse(struct store *store, struct store_batch *batch)
{
    char path[STORE_PATH_MOST];
    const struct store_op *first = batch->first;
    batch->refused = true;
    if (store->told++ < TOLD_MOST) {
        store_db_name_of(&store->db, first->ino, path, sizeof(path));
        host_log_error(
            "%s: the image is damaged: a change of %s cannot be stored; fore image repair "
            "makes a whole image of what can be read",
            store->path, path);
    }
    host_mutex_lock(&store->lock);
    store->refused_ever++;
    for (const struct store_op *op = first; op && store->refused_count < REFUSED_MOST;
         op = op->next)
        store->refused[store->refused_count++] = op->ino;
    host_mutex_unlock(&store->lock);
}

static int apply_ops(struct store *store, const struct store_batch *batch,
                     const struct going *going)
{
    int error = store_db_save(&store->db);
    if (error)
        return error;
    store->db.leaves = batch->leaves;
    for (const struct store_op *op = batch->first; op && !error; op = op->next) {
        if (op->kind != OP_PUT_CHUNK || !is_going(going, op->ino))
            error = store_db_apply(&store->db, op);
    }
    store->db.leaves = false;
    return store_db_settle(&store->db, error);
}

/*
 * Applies a batch as a whole or not at all. Damage that cannot be mended is left behind if the
 * batch only removes it, else the batch is refused. *again: the transaction has to be rolled back
 * and tried anew, after *page has been mended if there is one.
 */
static int apply(struct store *store, struct store_batch *batch, const struct going *going,
                 bool *again, uint64_t *page)
{
    int error = 0;
    *page = 0;
    *again = false;
    while (!*again && batch->first && !batch->refused) {
        media_damaged_page(store->db.handle);
        error = store_db_begin(&store->db);
        if (!error)
            error = apply_ops(store, batch, going);
        if (error != -L_EUCLEAN)
            return error;
        if (!store->kept_lost && store_db_can_mend(&store->db, page)) {
            *again = true;
            return error;
        }
        *page = 0;
        if (!batch->leaves)
            batch->leaves = true;
        else
            refuse(store, batch);
        *again = store_db_is_spoiled(&store->db);
    }
    return *again ? error : 0;
}

/* Rolls the transaction back; a page, if it is not 0, is mended. Should that fail, none is before
 * the next commit. */
static void mend(struct store *store, uint64_t page)
{
    store_db_rollback(&store->db);
    if (page)
        store_db_mend(&store->db, page);
}

/* Tries the rolled back transaction again from its start, without the data of files that it
 * removes. */
static int repeat(struct store *store)
{
    struct going going = {0};
    int error = store->fatal ? store->error : 0;
    for (struct store_batch *batch = store->kept.first; batch && !error; batch = batch->next) {
        for (const struct store_op *op = batch->first; op; op = op->next) {
            if (op->kind == OP_REMOVE_INODE && !batch->refused)
                note_going(&going, op->ino);
        }
    }
    if (going.count)
        qsort(going.ino, going.count, sizeof(*going.ino), by_number);
    for (struct store_batch *batch = store->kept.first; batch && !error;) {
        uint64_t page;
        bool again;
        error = apply(store, batch, &going, &again, &page);
        batch = batch->next;
        if (!again)
            continue;
        mend(store, page);
        batch = store->kept.first;
        error = 0;
    }
    free(going.ino);
    return error;
}

/* Begins the transaction anew. */
static void restart(struct store *store, uint64_t page)
{
    int error = -L_EUCLEAN;
    mend(store, page);
    if (!store->kept_lost)
        error = repeat(store);
    if (error)
        fail(store, error);
}

static void do_changes(struct store *store, struct store_batch *batch)
{
    static const struct going nothing;
    uint64_t page = 0;
    bool again = false;
    size_t bytes = batch->bytes;
    if (store->kept_bytes + bytes > KEPT_MOST && !store->error)
        store->kept_lost = true;
    if (!store->error) {
        int error = apply(store, batch, &nothing, &again, &page);
        if (error && !again)
            fail(store, error);
    }
    host_mutex_lock(&store->lock);
    store_count_pending(store, batch, -1);
    host_cond_broadcast(&store->room);
    host_mutex_unlock(&store->lock);
    if (store->kept_lost) {
        store_batch_free(batch);
        batch_list_free(&store->kept);
    } else {
        store->kept_bytes += bytes;
        batch_list_add(&store->kept, batch);
    }
    if (again)
        restart(store, page);
}

void store_measure(struct store *store, struct store_usage *usage)
{
    int64_t pages = 0, free_pages = 0;
    store_db_number(&store->db, "PRAGMA page_count", &pages);
    store_db_number(&store->db, "PRAGMA freelist_count", &free_pages);
    usage->bytes = (uint64_t)pages * STORE_PAGE_SIZE;
    usage->bytes_free = (uint64_t)free_pages * STORE_PAGE_SIZE;
    usage->bytes_log = (uint64_t)store->db.wal_pages * (STORE_PAGE_SIZE + LOG_FRAME);
}

/* Moves the log into the image and starts it anew. */
static void fold(struct store *store, bool whole)
{
    struct store_usage usage = {0};
    if (whole && sqlite3_wal_checkpoint_v2(store->db.handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
                                           NULL) == SQLITE_OK)
        store->db.wal_pages = 0;
    else
        store_db_checkpoint(&store->db);
    store_measure(store, &usage);
    host_mutex_lock(&store->lock);
    store->usage = usage;
    host_mutex_unlock(&store->lock);
}

static void do_commit(struct store *store, uint64_t at, bool settles)
{
    struct store_usage usage = {0};
    int error = store->error ? repeat(store) : 0;
    if (!error)
        error = store_db_commit(&store->db);
    if (error) {
        fail(store, error);
    } else {
        batch_list_free(&store->kept);
        store->kept_bytes = 0;
        store->kept_lost = false;
        store->db.no_mending = false;
        store_measure(store, &usage);
        if (settles)
            fold(store, true);
    }
    host_mutex_lock(&store->lock);
    if (!error)
        store->error = 0;
    if (!error && !settles)
        store->usage = usage;
    store->result = error ? store->error : 0;
    store->committed_mark = at;
    host_cond_broadcast(&store->done);
    host_mutex_unlock(&store->lock);
}

/* Whether a rolled back transaction holds the only copy of something of this inode. */
static bool is_kept(const struct store *store, uint64_t ino)
{
    for (const struct store_batch *batch = store->kept.first; batch; batch = batch->next) {
        for (const struct store_op *op = batch->first; op; op = op->next) {
            if (op->ino == ino)
                return true;
        }
    }
    return false;
}

static void do_read(struct store *store, struct store_request *request)
{
    int64_t result;
    if (store->error && (store->fatal || request->in_order || is_kept(store, request->ino)))
        result = store->error;
    else
        result = request->run(&store->db, request->arg);
    /* What a reader meets is not to cost others their changes. */
    if (result == -L_EUCLEAN && store_db_is_spoiled(&store->db))
        restart(store, 0);
    host_mutex_lock(&store->lock);
    request->result = result;
    request->done = true;
    host_cond_broadcast(&store->done);
    host_mutex_unlock(&store->lock);
}

/* One thing to do, or false when the store is closing. lock held before and after. */
static bool step(struct store *store)
{
    if (store->urgent) {
        struct store_request *request = store->urgent;
        store->urgent = request->next;
        host_mutex_unlock(&store->lock);
        do_read(store, request);
    } else if (store->queue.first) {
        struct store_batch *item = batch_list_take(&store->queue);
        store->queued_bytes -= item->bytes;
        host_mutex_unlock(&store->lock);
        if (item->item == ITEM_CHANGES) {
            do_changes(store, item);
        } else if (item->item == ITEM_READ) {
            do_read(store, item->request);
        } else {
            do_commit(store, item->mark, item->settles);
            store_batch_free(item);
            if (store->db.wal_pages > LOG_PAGES_MOST)
                fold(store, false);
        }
    } else if (store->stopping) {
        return false;
    } else if (store->db.wal_pages > LOG_PAGES_GOAL && !store->db.in_transaction) {
        host_mutex_unlock(&store->lock);
        fold(store, false);
        store->db.wal_pages = 0; /* not again before the next commit */
    } else {
        host_cond_wait(&store->work, &store->lock, HOST_FOREVER);
        return true;
    }
    host_mutex_lock(&store->lock);
    return true;
}

void store_run(void *arg)
{
    struct store *store = arg;
    host_mutex_lock(&store->lock);
    while (step(store))
        ;
    store->stopped = true;
    host_cond_broadcast(&store->done);
    host_mutex_unlock(&store->lock);
}

struct unstored {
    struct store *store;
    enum store_op_kind kind;
    void (*fn)(void *arg, uint64_t ino);
    void *arg;
};

static int64_t each_unstored(struct store_db *db, void *arg)
{
    const struct unstored *unstored = arg;
    (void)db;
    for (struct store_batch *batch = unstored->store->kept.first; batch; batch = batch->next) {
        for (const struct store_op *op = batch->first; op; op = op->next) {
            if (op->kind == unstored->kind)
                unstored->fn(unstored->arg, op->kind == OP_PUT_NAME ? op->number : op->ino);
        }
    }
    return 0;
}

int store_unstored(struct store *store, bool names, void (*fn)(void *arg, uint64_t ino), void *arg)
{
    struct unstored unstored = {store, names ? OP_PUT_NAME : OP_PUT_CHUNK, fn, arg};
    return (int)store_ask(store, 0, false, each_unstored, &unstored);
}
