/*
 * The inside of the page cache: the slots that hold a file's blocks. Only pagecache.c and
 * pagecache_write.c include this. inode->state is held.
 */
#ifndef RUNTIME_FS_VFS_PAGESLOTS_H
#define RUNTIME_FS_VFS_PAGESLOTS_H

#include "runtime/fs/vfs/inode.h"

/* The slot of a block, or NULL if it has none (create false) or there is no memory. It stays where
 * it is while the inode lives. */
struct page_slot *page_slot_at(struct pagecache *pages, uint64_t index, bool create);
/* Find the slot of a block with its data in memory. *out is NULL for a hole of a file with nothing
 * behind the cache. state is held before and after, but not throughout. */
int page_slot_load(struct inode *inode, uint64_t index, struct page_slot **out);
/* Wait for any block that another thread is loading; state is not held meanwhile. */
void page_wait_for_load(struct inode *inode);
/* Make the first `needed` bytes of the slot exist; as_block: a real block. */
int page_slot_grow(struct pagecache *pages, struct page_slot *slot, uint32_t needed, bool as_block);
uint8_t *page_slot_data(const struct page_slot *slot);
/* It is newer than what the file system has. */
void page_slot_dirty(struct pagecache *pages, struct page_slot *slot);
void page_slot_drop(struct pagecache *pages, struct page_slot *slot);

/* Bytes of a block that lie inside a file of that size. */
uint32_t page_length_in(uint64_t size, uint64_t index);
/* The calling thread has to die. No lock needed. */
bool page_call_is_dying(void);

#endif
