/*
 * The file system over the image store: what its files share.
 *
 * A node is what is known in memory of one inode of the image: the attributes, the text of a
 * symbolic link, the entries of a directory once it has been visited. Nodes outlive the VFS's
 * inodes, so a path that was seen is walked again without the store. Changes are made in memory and
 * put into the store's queue; nobody waits for the store but readers of what is not in memory,
 * writers that are far ahead of it, and fsync.
 *
 * A commit must hold all data written before any metadata in it. So every change of names, links
 * and sizes, and the flush that precedes a commit, happens under image->order: the flush hands over
 * all dirty blocks and attributes and marks the place to commit at, and no change can come between.
 *
 * Locks: inode->lock, image->committing, image->order, inode->writing, image->lock, inode->state;
 * the last two for moments. A directory's entries are guarded by its inode->lock.
 */
#ifndef RUNTIME_FS_IMAGEFS_IMAGE_NODE_H
#define RUNTIME_FS_IMAGEFS_IMAGE_NODE_H

#include "runtime/fs/store/store.h"
#include "runtime/fs/vfs/directory.h"
#include "runtime/fs/vfs/inode.h"

/* The blocks of a regular file that are stored; known once it has been read or is new. */
struct chunk_map {
    uint64_t first;    /* bits of the first 64 */
    uint64_t **leaves; /* bits of the others */
    uint32_t leaf_count, count;
    bool known;
};

struct node {
    struct node *hash_next;
    struct node *dirty_next, *flush_next;
    struct store_inode attr; /* newest attributes; guarded by image->lock, as are: */
    struct store_inode sent; /* the attributes the store has been given */
    uint64_t parent;         /* of a directory: the one its name lies in, once that is known */
    uint64_t ready;          /* the size whose data the flush under way has handed over */
    uint32_t live;           /* VFS inodes over this node */
    uint32_t busy;           /* a flush is looking at it */
    bool dirty;              /* on the dirty list */
    bool dead;               /* removed from the store; goes with the last live and busy */
    bool no_xattrs;          /* known to have none */
    uint32_t xattr_changes;  /* since the node is in memory */
    bool told;               /* that it is damaged */
    struct chunk_map chunks; /* guarded by a lock of its own */
    char *target;            /* of a symbolic link; constant */
    struct directory *directory;
};

/* Bytes that were accepted: new ones, and such that take the place of others. */
struct image_claims {
    uint64_t grow, rewrite;
};

#define NODE_BUCKETS 16384u

struct image {
    struct store *store;
    struct superblock *super;
    struct host_mutex committing; /* from the start of a flush to its mark */
    struct host_mutex order;
    struct host_mutex lock; /* guards the rest */
    struct node *table[NODE_BUCKETS];
    uint32_t node_count, sweeps;
    uint32_t told; /* nodes found damaged */
    struct node *dirty;
    _Atomic uint64_t next_ino;
    bool stopping, flusher_running, shut;
    atomic_flag shrinking;
    struct host_mutex
        room_lock; /* before the store's; guards what concerns claims (imagefs_room.c) */
    struct image_claims claims;  /* not stored, nor being so */
    struct image_claims storing; /* of commits under way */
    uint64_t granted;            /* bytes that need not be asked for */
    bool unsettled;              /* the log has not been folded in since a commit */
    uint64_t cache_most;         /* bytes of cached blocks before some are dropped */
    uint64_t flush_at;           /* when the flusher is to commit; HOST_FOREVER: nothing to do */
    struct host_cond wake;
};

static inline struct image *image_of(struct inode *inode)
{
    return inode->super->priv;
}

static inline struct node *node_of(struct inode *inode)
{
    return inode->priv;
}

/* --- imagefs_node.c --- */

/* A new node, not in the table. target may be NULL. NULL: no memory. */
struct node *node_new(const struct store_inode *attr, const char *target, size_t length);
void node_free(struct node *node);
/* Enters a node; another one for the same inode wins and is returned. */
struct node *node_enter(struct image *image, struct node *node);
/* Takes a node that the store never got to know out of the table and frees it. */
void node_forget(struct image *image, struct node *node);
/* The VFS's inode over an inode of the image: a reference, or NULL and the errno. */
struct inode *node_inode(struct image *image, uint64_t ino, int *error);
/* The VFS inode over a live node in the table; takes that liveness over. NULL: no memory. */
struct inode *node_make_inode(struct image *image, struct node *node);

/* The entries of a directory, read from the store at first. NULL and the errno. dir->lock held. */
struct directory *directory_of(struct inode *dir, int *error);
/* An entry for a directory (directory_prepare). */
struct entry *node_entry(struct directory *d, const char *name, uint64_t ino, uint32_t mode);

/* The directory that a directory's name lies in has changed. */
void node_moved(struct image *image, struct inode *inode, uint64_t parent);
/* What a guest gets for an error of the store: for damage EIO, with the file's name in the log. */
int image_error(struct image *image, uint64_t ino, int64_t error);

/* --- imagefs_chunks.c --- */

void chunks_free(struct chunk_map *map);
/* Reads the map of a file if it is not known. inode->writing held. */
int chunks_load(struct inode *inode);
void chunks_set(struct inode *inode, uint64_t index, bool stored);
void chunks_cut(struct inode *inode, uint64_t size);
/* For inode_ops.next_stored. */
int chunks_next(struct inode *inode, uint64_t index, uint64_t *out);
/* st_blocks of a file of that size; `unknown` when the map is not known. with_dirty counts what is
 * not stored yet as well; inode->state is not held then. */
uint64_t chunks_blocks(struct inode *inode, uint64_t size, uint64_t unknown, bool with_dirty);

/* Whether a block is stored; reads the map if it is not known. inode->writing not held. */
bool chunks_has(struct inode *inode, uint64_t index);

/* --- imagefs_room.c --- */

/* What a change of names, links or attributes may take besides its text. */
#define CLAIM_NAMES (24u << 10)

/* Claims room before something is accepted: bytes that are new, and such that take the place of
 * others. May commit, so none but an inode->lock is held. -L_ENOSPC. */
int image_claim(struct image *image, uint64_t grow, uint64_t rewrite);
/* The same for data in a block of a file (inode_ops.claim). */
int image_claim_data(struct inode *inode, uint64_t index, uint64_t grow, uint64_t rewrite);
/* Takes the claims that a commit which begins now will store, and says what became of them. */
struct image_claims image_claims_take(struct image *image);
void image_claims_done(struct image *image, struct image_claims claims, bool stored, bool settled);
/* Bytes that may be claimed, about. */
uint64_t image_room(struct image *image);

/* --- imagefs_flush.c --- */

/* Takes over the attributes of an inode into its node and sees to it that they are stored. */
void image_touch(struct inode *inode);
/* The same, into a batch that is about to be submitted under image->order. */
void image_put(struct store_batch *batch, struct inode *inode);
/* Submit a batch with the attributes of inodes; attributes reach the store in the order in which
 * they were taken. A commit may follow right behind a batch, so what has to hold in the image holds
 * after each. May wait for the store; image->lock not held. */
int image_submit(struct image *image, struct store_batch *batch, struct inode *const *inodes,
                 int count);
/* Data of a file up to `end`: its size goes with it when the store has a smaller one.
 * inode->writing held, as for the next. */
int image_submit_data(struct inode *inode, struct store_batch *batch, uint64_t end);
/* What makes a file that short in the store; with its size. */
int image_submit_cut(struct inode *inode, struct store_batch *batch, uint64_t size);
/* Commits everything done so far and waits for it. */
int image_commit(struct image *image);
/* The same, with the log folded into the image. */
int image_settle(struct image *image);
/* The inode is gone: forget the node or, if it has no links, remove it from the store. */
void image_evict(struct inode *inode);
/* Asks for a commit soon. */
void image_hurry(struct image *image);
/* Drops cached blocks when those of all files take too much memory. Neither inode->state nor
 * inode->writing of any file is held. */
void image_shrink_cache(struct image *image);
int image_start_flusher(struct image *image);
void image_stop_flusher(struct image *image);

/* --- imagefs_lost.c --- */

/* A sentence on what the last commit has not stored. */
void image_tell_lost(struct image *image, int error, char *message, size_t size);

/* --- imagefs.c --- */
extern const struct inode_ops imagefs_ops;

#endif
