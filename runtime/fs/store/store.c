/* Opening and closing a store. */
#include "runtime/fs/store/store_state.h"

#include "runtime/abi/errno.h"
#include "runtime/host/budget.h"
#include "runtime/host/env.h"
#include "runtime/host/thread.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INODES_UNSEEN (1 << 24) /* numbers left out where the last ones cannot be read */

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
    store_measure(store, &store->usage);
    if (!error)
        error = host_thread_start(store_run, store);
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
    batch_list_init(&store->queue);
    batch_list_init(&store->kept);
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
    batch_list_free(&store->kept);
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

uint64_t store_next_ino(struct store *store)
{
    return store->next_ino;
}

const char *store_path(struct store *store)
{
    return store->path;
}
