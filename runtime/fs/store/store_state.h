/*
 * What the store*.c files share of an open store: what is known of it, its queue, and the thread
 * that owns the connection. Submitters put batches, marks and reads into the queue (store_queue.c);
 * the thread takes them in that order, applies and commits (store_thread.c). What it has applied it
 * keeps until a commit has succeeded, to try again from the start.
 */
#ifndef RUNTIME_FS_STORE_STORE_STATE_H
#define RUNTIME_FS_STORE_STORE_STATE_H

#include "runtime/fs/store/store.h"
#include "runtime/fs/store/store_queue.h"
#include "runtime/host/lock.h"

#define PENDING_BITS 10   /* of a hash of inode numbers */
#define REFUSED_MOST 256u /* inodes with refused changes that are remembered */
#define LOG_FRAME    24   /* bytes before each page in the log (SQLite's file format, 4.1) */

struct batch_list {
    struct store_batch *first, **last;
};

struct store {
    char *path;
    bool read_only;
    struct media_file *media;
    struct store_db db;     /* the thread's alone, as is kept */
    struct batch_list kept; /* applied or rolled back, but not committed */
    size_t kept_bytes;
    bool kept_lost; /* too much to keep */
    uint32_t told;  /* refused changes that are in the log */
    uint64_t next_ino;

    struct host_mutex lock; /* guards the rest */
    struct host_cond work, room, done;
    struct batch_list queue;
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
    uint32_t pending[1u << PENDING_BITS]; /* queued changes by inode */
};

/* --- store_queue.c --- */

void batch_list_init(struct batch_list *list);
void batch_list_add(struct batch_list *list, struct store_batch *batch);
/* The first, of a list that has one. */
struct store_batch *batch_list_take(struct batch_list *list);
void batch_list_free(struct batch_list *list);
/* Counts the changes of a batch, by inode, in (1) or out (-1) of the queue. lock held. */
void store_count_pending(struct store *store, const struct store_batch *batch, int by);

/* --- store_thread.c --- */

/* What the image takes as of the last commit. On the thread, or before there is one. */
void store_measure(struct store *store, struct store_usage *usage);
/* The thread, until store->stopping. */
void store_run(void *store);

#endif
