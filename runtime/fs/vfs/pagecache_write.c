/* Writing through the page cache: room is claimed before data is accepted, and kept for what is
 * allocated. */
#define HEAP_TIER HEAP_RESERVE /* as the pages it stands for */
#include "runtime/fs/vfs/pageslots.h"

#include "runtime/abi/errno.h"
#include <string.h>

/* One block's part of a write. state held. */
static int write_piece(struct inode *inode, const uint8_t *from, uint32_t piece, uint64_t pos)
{
    struct pagecache *pages = &inode->pages;
    uint64_t index = pos >> FS_BLOCK_SHIFT;
    uint32_t offset = pos & (FS_BLOCK_SIZE - 1);
    struct page_slot *slot = NULL;
    uint32_t stored = page_length_in(inode->size, index);
    bool covers = offset == 0 && piece >= stored;
    int error = 0;
    if (stored && !(covers && inode->ops->read_block))
        error = page_slot_load(inode, index, &slot);
    if (error)
        return error;
    while (!slot) {
        slot = page_slot_at(pages, index, true);
        if (!slot)
            return -L_ENOMEM;
        if (slot->flags & SLOT_LOADING) {
            page_wait_for_load(inode);
            slot = NULL;
        }
    }
    error = page_slot_grow(pages, slot, offset + piece, false);
    if (error)
        return error;
    memcpy(page_slot_data(slot) + offset, from, piece);
    slot->flags |= SLOT_VALID | SLOT_USED;
    if (inode->ops->write_block)
        page_slot_dirty(pages, slot);
    return 0;
}

/* Asks for room for one block's part of a write. state is held before and after, but not
 * throughout. */
static int claim_piece(struct inode *inode, uint32_t piece, uint64_t pos)
{
    uint64_t index = pos >> FS_BLOCK_SHIFT;
    uint32_t end = (uint32_t)(pos & (FS_BLOCK_SIZE - 1)) + piece;
    if (!inode->ops->claim)
        return 0;
    uint32_t before = page_length_in(inode->size, index);
    const struct page_slot *slot = page_slot_at(&inode->pages, index, false);
    bool dirty = slot && (slot->flags & SLOT_DIRTY);
    uint32_t grow = end > before ? end - before : 0;
    if (dirty && !grow)
        return 0;
    host_mutex_unlock(&inode->state);
    int error = inode->ops->claim(inode, index, grow, dirty ? 0 : before);
    host_mutex_lock(&inode->state);
    return error;
}

int64_t pagecache_write(struct inode *inode, const void *buffer, size_t n, uint64_t pos)
{
    const uint8_t *from = buffer;
    size_t done = 0;
    int error = 0;
    uint64_t start = pos, limit = inode->super->max_size;
    if (n == 0)
        return 0;
    if (pos >= limit)
        return -L_EFBIG;
    if (n > limit - pos)
        n = (size_t)(limit - pos);
    pagecache_reclaim();
    host_mutex_lock(&inode->state);
    while (done < n) {
        uint32_t piece = FS_BLOCK_SIZE - (pos & (FS_BLOCK_SIZE - 1));
        if (piece > n - done)
            piece = (uint32_t)(n - done);
        error = claim_piece(inode, piece, pos);
        if (!error)
            error = write_piece(inode, from + done, piece, pos);
        if (error)
            break;
        done += piece;
        pos += piece;
        if (pos > inode->size) {
            inode->size = pos;
            atomic_store(&inode->pages.mapping.size, pos);
        }
    }
    host_mutex_unlock(&inode->state);
    if (done)
        mapping_changed(&inode->pages.mapping, start, start + done);
    return done ? (int64_t)done : error;
}

static int allocate_block(struct inode *inode, uint64_t index)
{
    struct page_slot *slot = NULL;
    host_mutex_lock(&inode->state);
    int error = page_slot_load(inode, index, &slot);
    if (!error && !slot) {
        slot = page_slot_at(&inode->pages, index, true);
        error = slot ? 0 : -L_ENOMEM;
    }
    if (!error)
        error = page_slot_grow(&inode->pages, slot, FS_BLOCK_SIZE, true);
    if (!error)
        slot->flags |= slot->flags & SLOT_VALID ? 0 : SLOT_VALID | SLOT_RESERVED;
    host_mutex_unlock(&inode->state);
    return error;
}

/* Blocks that were given to a mapping meanwhile stay. */
static void end_allocation(struct inode *inode, uint64_t first, uint64_t end, bool keep)
{
    for (uint64_t index = first; index < end; index++) {
        host_mutex_lock(&inode->state);
        struct page_slot *slot = page_slot_at(&inode->pages, index, false);
        if (slot && !keep && slot->flags == (SLOT_VALID | SLOT_RESERVED))
            page_slot_drop(&inode->pages, slot);
        else if (slot)
            slot->flags &= ~(uint32_t)SLOT_RESERVED;
        host_mutex_unlock(&inode->state);
    }
}

int pagecache_allocate(struct inode *inode, uint64_t pos, uint64_t n)
{
    uint64_t last = (pos + n - 1) >> FS_BLOCK_SHIFT;
    uint64_t first = pos >> FS_BLOCK_SHIFT, index = first;
    uint64_t most = inode->super->held_most;
    int error = (most && n > most) || n > pagecache_in_memory_most() ? -L_ENOSPC : 0;
    for (; index <= last && !error; index++)
        error = page_call_is_dying() ? -L_EINTR : allocate_block(inode, index);
    end_allocation(inode, first, index, !error);
    return error;
}
