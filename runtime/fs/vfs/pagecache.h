/*
 * The cached data of one regular file, in blocks of 64 KiB (runtime/memory/shared_block.h), so that
 * read, write and shared mappings see one copy. A block that nobody has mapped and that belongs to
 * a small file is kept in ordinary heap memory of the right size and becomes a real block when it
 * is first mapped or outgrows HEAP_BLOCK_MAX.
 *
 * Every function locks by itself (inode->state); none is called with it held. Functions that change
 * data or size are called with inode->lock held. Loading a block from the file system is done with
 * no lock but inode->lock; readers of other blocks do not wait for it.
 */
#ifndef RUNTIME_FS_VFS_PAGECACHE_H
#define RUNTIME_FS_VFS_PAGECACHE_H

#include "runtime/memory/mapping.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct inode;
struct block;

#define FS_BLOCK_SHIFT 16
#define FS_BLOCK_SIZE  (1u << FS_BLOCK_SHIFT)

struct page_slot {
    struct block *block; /* referenced */
    uint8_t *heap;       /* instead of block */
    uint32_t heap_size;
    uint32_t flags; /* SLOT_* */
};

enum {
    SLOT_VALID = 1,      /* holds data */
    SLOT_DIRTY = 2,      /* newer than what the file system has */
    SLOT_LOADING = 4,    /* read_block is under way */
    SLOT_MAPPED = 8,     /* given to a mapping: shared stores may change it unseen */
    SLOT_USED = 16,      /* used since the last time unused blocks were dropped */
    SLOT_STORED = 32,    /* a mapping may be stored to without a word (mapping_ops.store) */
    SLOT_WRITING = 64,   /* on its way to write_block */
    SLOT_RESERVED = 128, /* of an allocation that is under way */
    SLOT_UNSTORED = SLOT_DIRTY | SLOT_WRITING,
};

#define PAGE_LEAF_SLOTS 256u

struct page_leaf {
    struct page_slot slots[PAGE_LEAF_SLOTS];
};

struct pagecache {
    struct mapping mapping; /* what memory and the translator see of the file */
    struct page_slot first; /* block 0 */
    struct page_leaf **leaves;
    uint32_t leaf_count;
    _Atomic uint64_t held; /* bytes of memory the slots hold; changed with the inode's state */
    uint64_t unstored;     /* slots with one of SLOT_UNSTORED; the inode's state */
    /* Some slot is dirty or mapped; changed with the inode's state. False also while the last of
     * them are on their way to write_block: pagecache_write_back waits for those. */
    atomic_bool dirty;
};

/* Dirty blocks of all files. */
extern _Atomic uint64_t pagecache_dirty_blocks;
/* Bytes that the blocks of all files take. */
extern _Atomic uint64_t pagecache_held;

void pagecache_init(struct inode *inode);
/* Drop all blocks. The inode is going. */
void pagecache_destroy(struct inode *inode);

/* Bytes of the blocks of files that are only in memory. They leave an eighth of all memory to
 * processes, or these would be killed one after the other for want of a page: more is -L_ENOSPC, as
 * what their file system's own bound refuses. */
extern _Atomic uint64_t pagecache_in_memory;
uint64_t pagecache_in_memory_most(void);

/* Copy out of the file at pos; holes are zero. Returns the bytes copied (0 at the end). */
int64_t pagecache_read(struct inode *inode, void *buffer, size_t n, uint64_t pos);
/* Copy into the file at pos and grow it. Returns the bytes copied or -L_ENOMEM, -L_ENOSPC, -L_EIO,
 * -L_EFBIG. */
int64_t pagecache_write(struct inode *inode, const void *buffer, size_t n, uint64_t pos);
/* Bytes at pos of a file that changed behind the cache: update the blocks that are there. */
void pagecache_update(struct inode *inode, const void *buffer, size_t n, uint64_t pos);
/* Whether any block in the range is in memory. */
bool pagecache_present(struct inode *inode, uint64_t pos, size_t n);
/* Forget what lies beyond size and clear the rest of its last block; does not set inode->size. */
void pagecache_truncate(struct inode *inode, uint64_t size);
/* Make a hole: zero the range, dropping whole blocks where nothing is behind the cache. -L_EINTR
 * when the thread has to die. */
int pagecache_punch(struct inode *inode, uint64_t pos, uint64_t n);
/* Reserve memory for the range so that later writes do not fail. -L_EINTR when the
 * thread has to die; what an error ends gives back what it took. inode->lock is held. */
int pagecache_allocate(struct inode *inode, uint64_t pos, uint64_t n);
/* The next offset of data (or hole) at or after pos; -L_ENXIO beyond the end. */
int64_t pagecache_seek(struct inode *inode, uint64_t pos, bool hole);
/* Give dirty blocks to write_block, and wait for those that another thread is giving to it.
 * inode->writing is held meanwhile. */
int pagecache_write_back(struct inode *inode);
/* Drop the blocks that are neither dirty nor mapped: the file changed elsewhere, or memory is
 * short. */
void pagecache_drop_clean(struct inode *inode);
/* Of those, the ones that were not used since the last call. */
void pagecache_drop_unused(struct inode *inode);
/* Call fn with the index of each block that is not stored yet; inode->state is held meanwhile.
 * Costs nothing when all are, as each stat asks. */
void pagecache_each_dirty(struct inode *inode, void (*fn)(void *arg, uint64_t index), void *arg);
/* When guests' memory is nearly used up, drop what file systems can read again: first what was not
 * used since the last time, then the rest. Cheap when there is enough. Called with no lock but an
 * inode->lock. */
void pagecache_reclaim(void);
/* The same at once, whatever is left: memory is used up. True when there is more afterwards. Called
 * with no lock at all. */
bool pagecache_reclaim_now(void);
/* The mapping with a new reference (mapping_put): it holds the inode while there are any. */
struct mapping *pagecache_map(struct inode *inode);
/* A referenced block that holds the file's data at index, loading it first; the errno in *error. */
struct block *pagecache_block(struct inode *inode, uint64_t index, int *error);

#endif
