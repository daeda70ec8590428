/* The store's queue, and the one thread that owns the connection and commits. */
#include "runtime/fs/store/store.h"

#include "runtime/abi/errno.h"
#include "runtime/fs/store/store_queue.h"
#include "runtime/host/budget.h"
#include "runtime/host/env.h"
#include "runtime/host/file.h"
#include "runtime/host/lock.h"
#include "runtime/host/log.h"
#include "runtime/host/thread.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUEUE_MOST      (32u << 20)  /* bytes queued before submitters wait */
#define KEPT_MOST       (256u << 20) /* bytes kept of one transaction, to repeat it */
#define LOG_PAGES_GOAL  1024         /* checkpoint when idle beyond this */
#define LOG_PAGES_MOST  8192         /* checkpoint at once beyond this */
#define PENDING_BUCKETS 1024u
#define REFUSED_MOST    256u
#define TOLD_MOST       100u
#define INODES_UNSEEN   (1 << 24) /* numbers left out where the last ones cannot be read */
#define LOG_FRAME       24        /* bytes before each page in the log */
#define OVERHEAD        (64u << 10)
/* Left free for changes that were not foreseen, and those that make room. */
#define ROOM_KEPT (1u << 20)

struct list {
    struct store_batch *first, **last;
};

struct store {
    char *path;
    bool read_only;
    struct media_file *media;
    struct store_db db; /* the thread's alone, as is kept */
    struct list kept;   /* applied or rolled back, but not committed */
    size_t kept_bytes;
    bool kept_lost; /* too much to keep */
    uint32_t told;  /* refused changes that are in the log */
    uint64_t next_ino;

    struct host_mutex lock; /* guards the rest */
    struct host_cond work, room, done;
    struct list queue;
    struct store_request *urgent;
    size_t queued_bytes, since_mark;
    uint64_t last_mark, committed_mark;
    int error;  /* of the present transaction; submissions fail with it */
    int result; /* of the last commit */
    bool fatal; /* error stays */
    bool stopping, stopped;
    uint64_t refused[REFUSED_MOST]; /* inodes with changes that met damage, since asked */
    uint32_t refused_count, refused_ever;
    struct store_usage usage;
    uint32_t pending[PENDING_BUCKETS]; /* queued changes by inode */
};

/* --- queue --- */

static void list_init(struct list *list)
{
    list->first = NULL;
    list->last = &list->first;
}

static void list_add(struct list *list, struct store_batch *batch)
{
    batch->next = NULL;
    *list->last = batch;
    list->last = &batch->next;
}

static struct store_batch *list_take(struct list *list)
{
    struct store_batch *batch = list->first;
    list->first = batch->next;
    if (!list->first)
        list->last = &list->first;
    return batch;
}

static uint32_t *pending_of(struct store *store, uint64_t ino)
{
    return &store->pending[ino * 0x9e3779b97f4a7c15u >> 54];
}

/* lock held. */
static void count_pending(struct store *store, const struct store_batch *batch, int by)
{
    for (const struct store_op *op = batch->first; op; op = op->next)
        *pending_of(store, op->ino) += (uint32_t)by;
}

/* lock held. */
static void enqueue(struct store *store, struct store_batch *batch)
{
    list_add(&store->queue, batch);
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
        count_pending(store, batch, 1);
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

/* --- the thread --- */

static void free_list(struct list *list)
{
    while (list->first)
        store_batch_free(list_take(list));
}

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
        free_list(&store->kept);
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
    char path[4096];
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
    count_pending(store, batch, -1);
    host_cond_broadcast(&store->room);
    host_mutex_unlock(&store->lock);
    if (store->kept_lost) {
        store_batch_free(batch);
        free_list(&store->kept);
    } else {
        store->kept_bytes += bytes;
        list_add(&store->kept, batch);
    }
    if (again)
        restart(store, page);
}

static void measure(struct store *store, struct store_usage *usage)
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
    measure(store, &usage);
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
        free_list(&store->kept);
        store->kept_bytes = 0;
        store->kept_lost = false;
        store->db.no_mending = false;
        measure(store, &usage);
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
        struct store_batch *item = list_take(&store->queue);
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

static void store_thread(void *arg)
{
    struct store *store = arg;
    host_mutex_lock(&store->lock);
    while (step(store))
        ;
    store->stopped = true;
    host_cond_broadcast(&store->done);
    host_mutex_unlock(&store->lock);
}

/* --- open and close --- */

/* A number of the image; `otherwise` where damage hides it, if the image is only to be read. */
static int number_of(struct store_db *db, const char *sql, bool read_only, int64_t otherwise,
                     int64_t *out, bool *damaged)
{
    int error = store_db_number(db, sql, out);
    if (error != -L_EUCLEAN || !read_only)
        return error;
    *out = otherwise;
    *damaged = true;
    return 0;
}

/* The largest inode number that anything in the image bears; more where that cannot be read. */
static int last_inode(struct store_db *db, bool read_only, int64_t *out)
{
    int64_t first = 0, chunk = 0;
    bool damaged = false;
    int error = number_of(db, "SELECT ifnull(max(ino), 0) FROM inode", read_only, 0, out, &damaged);
    if (!error)
        error = number_of(db, "SELECT ifnull(min(ino), 0) FROM inode", read_only, STORE_ROOT,
                          &first, &damaged);
    if (!error)
        error =
            number_of(db, "SELECT ifnull(max(id), 0) FROM chunk", read_only, 0, &chunk, &damaged);
    if (!error && (first != STORE_ROOT || *out > (int64_t)STORE_INODE_MAX || chunk < 0))
        error = -L_EUCLEAN;
    if (chunk >> STORE_INDEX_BITS > *out)
        *out = chunk >> STORE_INDEX_BITS;
    if (damaged)
        *out += INODES_UNSEEN;
    return error;
}

static int prepare_store(struct store *store, bool read_only, const struct store_watch *watch,
                         char *message, size_t size)
{
    int error = store_db_open(&store->db, store->path, read_only ? MEDIA_MEMORY : MEDIA_DISK,
                              message, size);
    if (!error && !read_only && !store->db.sealed)
        error = store_convert(&store->db, store->path, watch, message, size);
    if (error)
        return error;
    int64_t last = 0;
    error = store_db_remove_orphans(&store->db);
    if (error == -L_EUCLEAN && read_only)
        error = 0; /* what can be read is to be read */
    if (!error)
        error = last_inode(&store->db, read_only, &last);
    store->next_ino = (uint64_t)last + 1;
    store->read_only = read_only;
    store->media = media_of(store->db.handle);
    if (read_only) {
        struct media_usage used;
        media_usage(store->media, &used);
        media_limit(store->media, used.image + used.log + host_memory_size() / 4);
    }
    measure(store, &store->usage);
    if (!error)
        error = host_thread_start(store_thread, store);
    if (error) {
        snprintf(message, size, "%s: %s", store->path,
                 error == -L_EUCLEAN  ? STORE_DAMAGED
                 : error == -L_ENOSPC ? "the disk is full"
                                      : sqlite3_errmsg(store->db.handle));
        store_db_close(&store->db, store->path);
    }
    return error;
}

int store_open(const char *path, bool read_only, const struct store_watch *watch,
               struct store **out, char *message, size_t size)
{
    struct store *store = calloc(1, sizeof(*store));
    *out = NULL;
    if (store)
        store->path = malloc(strlen(path) + 1);
    if (!store || !store->path) {
        free(store);
        snprintf(message, size, "%s: not enough memory", path);
        return -L_ENOMEM;
    }
    strcpy(store->path, path);
    host_mutex_init(&store->lock, RANK_STORE);
    list_init(&store->queue);
    list_init(&store->kept);
    int error = prepare_store(store, read_only, watch, message, size);
    if (error) {
        free(store->path);
        free(store);
        return error;
    }
    *out = store;
    return 0;
}

int store_stop(struct store *store)
{
    if (store->stopping)
        return 0;
    int error = store_commit(store);
    host_mutex_lock(&store->lock);
    store->stopping = true;
    host_cond_signal(&store->work);
    while (!store->stopped)
        host_cond_wait(&store->done, &store->lock, HOST_FOREVER);
    host_cond_broadcast(&store->room);
    host_mutex_unlock(&store->lock);
    store_db_rollback(&store->db);
    int closed = store_db_close(&store->db, store->path);
    free_list(&store->kept);
    return error ? error : closed;
}

/* Frees a stopped store that nobody uses any more. */
static void store_free(struct store *store)
{
    free(store->path);
    free(store);
}

int store_close(struct store *store)
{
    int error = store_stop(store);
    store_free(store);
    return error;
}

/* --- about the whole --- */

uint64_t store_next_ino(struct store *store)
{
    return store->next_ino;
}

void store_usage(struct store *store, struct store_usage *out)
{
    host_mutex_lock(&store->lock);
    *out = store->usage;
    host_mutex_unlock(&store->lock);
}

void store_limit(struct store *store, uint64_t bytes)
{
    media_limit(store->media, bytes);
}

/* Pages for so many bytes of data, with rows, lists of free pages and the tree above them. */
static uint64_t with_overhead(uint64_t bytes)
{
    return bytes ? bytes + bytes / 8 + OVERHEAD : 0;
}

static uint64_t beyond(uint64_t needed, uint64_t there)
{
    return needed > there ? needed - there : 0;
}

/* Bytes that there are on the disk, or in memory for an image that is only read. */
static uint64_t room_outside(const struct store *store)
{
    struct host_fs_usage host = {.block_size = 4096};
    if (store->read_only)
        return memory_kernel_room();
    if (host_path_statfs(store->path, &host))
        return UINT64_MAX;
    return host.available * host.block_size;
}

bool store_fits(struct store *store, uint64_t grow, uint64_t rewrite, uint64_t *spare)
{
    struct media_usage media;
    struct store_usage usage;
    store_usage(store, &usage);
    media_usage(store->media, &media);
    uint64_t room = room_outside(store);
    if (media.room < room)
        room = media.room;
    uint64_t more = grow ? with_overhead(grow) + ROOM_KEPT : 0;
    uint64_t growth = beyond(usage.bytes, media.image) + beyond(more, usage.bytes_free);
    uint64_t needed = growth + beyond(usage.bytes_log + with_overhead(grow + rewrite), media.log);
    if (store->read_only)
        needed += grow + rewrite; /* the queue's copies take of the same memory */
    *spare = beyond(room, needed);
    if (!store->read_only)
        return needed <= room;
    /* Log and queue are given back, the image's pages are not: they leave an eighth of all memory,
     * as files in memory do. */
    uint64_t lasting = beyond(memory_kernel_room(), memory_limit() / 16);
    if (beyond(lasting, growth) < *spare)
        *spare = beyond(lasting, growth);
    return needed <= room && growth <= lasting;
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

const char *store_path(struct store *store)
{
    return store->path;
}
