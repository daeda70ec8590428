/* What goes through the store's queue: batches, places to commit at, and reads. For store*.c only.
 */
#ifndef RUNTIME_FS_STORE_STORE_QUEUE_H
#define RUNTIME_FS_STORE_STORE_QUEUE_H

#include "runtime/fs/store/store_sql.h"

struct store_batch {
    struct store_batch *next;
    struct store_op *first, **last;
    size_t bytes;
    bool failed;  /* memory was short while it was made */
    bool frees;   /* accepted when the disk is full */
    bool leaves;  /* what is damaged is left behind where it only removes */
    bool refused; /* it met damage: left out when its transaction is repeated */
    bool settles;
    enum { ITEM_CHANGES, ITEM_COMMIT, ITEM_READ } item;
    uint64_t mark;
    struct store_request *request;
};

/* A read, on the stack of the thread that waits for it. */
struct store_request {
    struct store_request *next;
    int64_t (*run)(struct store_db *db, void *arg);
    void *arg;
    uint64_t ino;
    bool in_order;
    int64_t result;
    bool done;
};

/* Runs a read on the store's thread: at once when nothing queued concerns the inode, unless it is
 * to come in order (it reads other inodes as well). */
int64_t store_ask(struct store *store, uint64_t ino, bool in_order,
                  int64_t (*run)(struct store_db *db, void *arg), void *arg);

#endif
