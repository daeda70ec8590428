/*
 * The file system over the image store: what its files share.
 *
 * A node is what is known in memory of one inode of the image: the attributes, the text of a
 * symbolic link, the entries of a directory once it has been visited. Nodes outlive the VFS's
 * inodes, so a path that was seen is walked again without the store. Changes are made in memory and
 * put into the store's queue; nobody waits for the store but readers of what is not in memory,
 * writers that are far ahead of it, and fsync.
 *
 * The way of a write: pagecache_write claims room and fills a block in memory; dirty_inode lists
 * the node as dirty. Later a flush takes the list, hands the blocks of each file down
 * (write_block), then the rows of the files, and marks the place to commit at. The rules (the code
 * names their numbers):
 *
 *  1. Room. Data and names are accepted when room on the disk has been claimed for them, and not
 *     else (ENOSPC, to the writer). A claim stands until a commit that began after it was made has
 *     succeeded. A block that is dirty already is claimed for; what makes room needs no claim.
 *  2. Dirty. A file with a block that is dirty or on its way (SLOT_UNSTORED), or with attributes
 *     that the store has not been given, is on the dirty list, or in the hands of a flush, which
 *     puts it back if something is left. An inode leaves the table only when its blocks are handed
 *     over, so a node without one has none to hand over. (Where handing over failed for good they
 *     are lost, and told: imagefs_lost.c.) A node that is listed, live or busy stays in memory.
 *  3. Data before size. The size that the store is given of a regular file is never beyond the data
 *     it has been given: it grows with a block in the same batch, or once a flush has handed over
 *     all that there was up to it. A crash leaves no zeros where data was to be.
 *  4. One commit. A commit comes where it was marked, and marks are made under image->order after a
 *     flush under it. Changes of names and link counts, and cuts, are made in the store's queue and
 *     in the nodes within one hold of image->order: a commit has all of one or nothing.
 *  5. Attributes. inode: what is true. node->attr: what the inode said when it was last touched;
 *     everything that changes an inode touches it before its reference goes, so without an inode
 *     this is what is true. It cannot be had from the inode alone: an inode leaves the table before
 *     evict is called, and the store may refuse a row for long after (the disk is full). The row in
 *     the store: equal to node->attr but for size and blocks, or the node is dirty (2). Of the row
 *     only the size is kept (node->stored_size, for 3); blocks are those of the chunk map.
 *  6. Order of rows. A row is made from node->attr and submitted in one hold of image->lock, so no
 *     older row follows a newer one. An inode and its node agree again before image->order is
 *     given back (4).
 *  7. fsync. It returns 0 only after a commit whose flush began after it was called: all that was
 *     accepted before is in that commit, with its checksums. A change refused for damage is EIO to
 *     the next fsync of the file, with its name in the log.
 *  8. Blocks. What write_block is given for a file goes down with inode->writing held, as does a
 *     cut: so what is cut does not come back. The chunk map has a block's bit changed before
 *     inode->writing is released.
 *  9. Extended attributes. They go straight to the queue, in a hold of image->lock that also counts
 *     the change: what a reader found before it is not remembered after it (no_xattrs).
 *
 * Locks: inode->lock, image->committing, image->order, inode->writing, image->lock, inode->state;
 * the last two for moments. image->lock guards nodes, table and dirty list; inode->state an inode's
 * attributes and slots; image->room_lock the claims. A directory's entries are guarded by its
 * inode->lock. chunk_map has a lock of its own, below all of these.
 */
#ifndef RUNTIME_FS_IMAGEFS_IMAGE_NODE_H
#define RUNTIME_FS_IMAGEFS_IMAGE_NODE_H

#include "runtime/fs/store/store.h"
#include "runtime/fs/vfs/directory.h"
#include "runtime/fs/vfs/inode.h"

#define STAT_BLOCK 512u  /* bytes: the unit of st_blocks, stat(2) */
#define PAGE_BYTES 4096u /* f_bsize, st_blksize and what a directory is said to take */

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
    struct store_inode attr; /* rule 5; guarded by image->lock, as are: */
    uint64_t stored_size;    /* the size that the store has been given (rule 3) */
    uint64_t parent;         /* of a directory: the one its name lies in, once that is known */
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

#define NODE_BITS    14 /* of the hash of an inode number */
#define NODE_BUCKETS (1u << NODE_BITS)

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
/* Takes a node out of the table. image->lock held. */
void node_take_out(struct image *image, struct node *node);
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
/* st_blocks of a file of that size; what the node says when the map is not known. With an inode
 * what is not stored yet counts as well; its state is not held then. */
uint64_t chunks_blocks(struct node *node, struct inode *inode, uint64_t size);

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

/* Takes over the attributes of an inode into its node and sees to it that they are stored (rule
 * 5). */
void image_touch(struct inode *inode);
/* Submits a batch with the attributes of inodes (rules 3 and 6). A commit may follow right behind a
 * batch, so what has to hold in the image holds after each. May wait for the store; image->lock not
 * held. */
int image_submit(struct image *image, struct store_batch *batch, struct inode *const *inodes,
                 int count);
/* Data of a file up to `end`: its size goes with it when the store has a smaller one.
 * inode->writing held, as for the next. */
int image_submit_data(struct inode *inode, struct store_batch *batch, uint64_t end);
/* What makes a file that short in the store; with its size, if the store has a larger one. */
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
