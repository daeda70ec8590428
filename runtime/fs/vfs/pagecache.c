/* The data of files in memory: reading and writing it, and writing it back. */
#define HEAP_TIER HEAP_RESERVE /* as the pages it stands for */
#include "runtime/fs/vfs/pageslots.h"

#include "runtime/abi/errno.h"
#include "runtime/fs/vfs/inode.h"
#include "runtime/host/heap.h"
#include "runtime/host/memory.h"
#include "runtime/memory/shared_block.h"
#include "runtime/memory/space.h"
#include "runtime/task/task.h"
#include <string.h>

/* Larger pieces become blocks at once. */
#define HEAP_BLOCK_MAX 16384u

_Atomic uint64_t pagecache_dirty_blocks;
_Atomic uint64_t pagecache_held;
_Atomic uint64_t pagecache_in_memory;

/* Waiting for a block that another thread is loading. The generation is read while LOADING is seen
 * under inode->state, and moves after LOADING was cleared there, so no wake-up is lost. */
static struct host_mutex loading_lock = HOST_MUTEX_INIT(RANK_PAGE_LOADING);
static struct host_cond loading_cond = HOST_COND_INIT;
static _Atomic uint64_t loading_generation;

void page_wait_for_load(struct inode *inode)
{
    uint64_t seen = atomic_load(&loading_generation);
    host_mutex_unlock(&inode->state);
    host_mutex_lock(&loading_lock);
    while (atomic_load(&loading_generation) == seen)
        host_cond_wait(&loading_cond, &loading_lock, HOST_FOREVER);
    host_mutex_unlock(&loading_lock);
    host_mutex_lock(&inode->state);
}

static void load_finished(void)
{
    host_mutex_lock(&loading_lock);
    atomic_fetch_add(&loading_generation, 1);
    host_cond_broadcast(&loading_cond);
    host_mutex_unlock(&loading_lock);
}

struct page_slot *page_slot_at(struct pagecache *pages, uint64_t index, bool create)
{
    if (index == 0)
        return &pages->first;
    uint64_t leaf = index / PAGE_LEAF_SLOTS;
    if (leaf >= pages->leaf_count) {
        if (!create || leaf >= 1u << 22)
            return NULL;
        uint32_t count = pages->leaf_count ? pages->leaf_count : 4;
        while (count <= leaf)
            count *= 2;
        struct page_leaf **leaves = realloc(pages->leaves, count * sizeof(*leaves));
        if (!leaves)
            return NULL;
        memset(leaves + pages->leaf_count, 0, (count - pages->leaf_count) * sizeof(*leaves));
        pages->leaves = leaves;
        pages->leaf_count = count;
    }
    if (!pages->leaves[leaf]) {
        if (!create)
            return NULL;
        pages->leaves[leaf] = calloc(1, sizeof(struct page_leaf));
        if (!pages->leaves[leaf])
            return NULL;
    }
    return &pages->leaves[leaf]->slots[index % PAGE_LEAF_SLOTS];
}

uint8_t *page_slot_data(const struct page_slot *slot)
{
    return slot->block ? slot->block->data : slot->heap;
}

/* Bytes of the slot that exist in memory; the rest of the block is zero. */
static uint32_t slot_capacity(const struct page_slot *slot)
{
    return slot->block ? FS_BLOCK_SIZE : slot->heap_size;
}

uint64_t pagecache_in_memory_most(void)
{
    uint64_t limit = memory_limit();
    return limit ? limit - limit / 8 : UINT64_MAX;
}

static struct superblock *super_of(struct pagecache *pages)
{
    struct inode *inode = (struct inode *)((char *)pages - offsetof(struct inode, pages));
    return inode->ops && !inode->ops->read_block && !inode->ops->write_block ? inode->super : NULL;
}

static void give_room(struct pagecache *pages, uint64_t n)
{
    struct superblock *super = super_of(pages);
    pages->held -= n;
    atomic_fetch_sub(&pagecache_held, n);
    if (super) {
        atomic_fetch_sub(&super->held, n);
        atomic_fetch_sub(&pagecache_in_memory, n);
    }
}

/* Counts n more bytes of a file's blocks, where there is room for them. */
static int take_room(struct pagecache *pages, uint64_t n)
{
    struct superblock *super = super_of(pages);
    pages->held += n;
    atomic_fetch_add(&pagecache_held, n);
    if (!super)
        return 0;
    uint64_t most = atomic_load(&super->held_most);
    bool fits = atomic_fetch_add(&super->held, n) + n <= (most ? most : UINT64_MAX);
    if (atomic_fetch_add(&pagecache_in_memory, n) + n <= pagecache_in_memory_most() && fits)
        return 0;
    give_room(pages, n);
    return -L_ENOSPC;
}

/* Each change of SLOT_DIRTY and SLOT_WRITING goes through here. state held. */
static void set_flags(struct pagecache *pages, struct page_slot *slot, uint32_t flags)
{
    if ((slot->flags ^ flags) & SLOT_DIRTY)
        atomic_fetch_add(&pagecache_dirty_blocks, flags & SLOT_DIRTY ? 1 : -(uint64_t)1);
    pages->unstored += (flags & SLOT_UNSTORED ? 1 : 0) - (slot->flags & SLOT_UNSTORED ? 1 : 0);
    slot->flags = flags;
}

void page_slot_dirty(struct pagecache *pages, struct page_slot *slot)
{
    set_flags(pages, slot, slot->flags | SLOT_DIRTY);
    pages->dirty = true;
}

void page_slot_drop(struct pagecache *pages, struct page_slot *slot)
{
    set_flags(pages, slot, 0);
    give_room(pages, slot_capacity(slot));
    block_put(slot->block);
    free(slot->heap);
    *slot = (struct page_slot){0};
}

static int make_block(struct page_slot *slot)
{
    struct block *block = block_alloc();
    if (!block)
        return -L_ENOMEM;
    if (slot->heap)
        memcpy(block->data, slot->heap, slot->heap_size);
    free(slot->heap);
    slot->heap = NULL;
    slot->heap_size = 0;
    slot->block = block;
    return 0;
}

static int make_heap(struct page_slot *slot, uint32_t size)
{
    uint8_t *heap = realloc(slot->heap, size);
    if (!heap)
        return -L_ENOMEM;
    memset(heap + slot->heap_size, 0, size - slot->heap_size);
    slot->heap = heap;
    slot->heap_size = size;
    return 0;
}

int page_slot_grow(struct pagecache *pages, struct page_slot *slot, uint32_t needed, bool as_block)
{
    if (slot->block || (!as_block && slot->heap_size >= needed))
        return 0;
    uint32_t size = 512;
    if (as_block || needed > HEAP_BLOCK_MAX)
        size = FS_BLOCK_SIZE;
    while (size < needed)
        size *= 2;
    uint32_t more = size - slot_capacity(slot);
    int error = take_room(pages, more);
    if (error)
        return error;
    error = size == FS_BLOCK_SIZE ? make_block(slot) : make_heap(slot, size);
    if (error)
        give_room(pages, more);
    return error;
}

uint32_t page_length_in(uint64_t size, uint64_t index)
{
    uint64_t start = index << FS_BLOCK_SHIFT;
    if (size <= start)
        return 0;
    return size - start > FS_BLOCK_SIZE ? FS_BLOCK_SIZE : (uint32_t)(size - start);
}

int page_slot_load(struct inode *inode, uint64_t index, struct page_slot **out)
{
    struct pagecache *pages = &inode->pages;
    bool backed = inode->ops->read_block != NULL;
    *out = NULL;
    for (;;) {
        struct page_slot *slot = page_slot_at(pages, index, backed);
        if (!slot)
            return backed ? -L_ENOMEM : 0;
        if (slot->flags & SLOT_LOADING) {
            page_wait_for_load(inode);
            continue;
        }
        if (slot->flags & SLOT_VALID) {
            slot->flags |= SLOT_USED;
            *out = slot;
            return 0;
        }
        if (!backed)
            return 0;
        uint32_t length = page_length_in(inode->size, index);
        int error = page_slot_grow(pages, slot, length ? length : 1, false);
        if (error)
            return error;
        /* The slot stays where it is: leaves are never freed while the inode lives, and nobody
         * drops a slot that is loading. */
        slot->flags = SLOT_LOADING;
        uint8_t *data = page_slot_data(slot);
        bool whole = slot->block && length == FS_BLOCK_SIZE;
        host_mutex_unlock(&inode->state);
        if (whole)
            host_prefault((uint64_t)(uintptr_t)data, FS_BLOCK_SIZE);
        if (length)
            error = inode->ops->read_block(inode, index, data, length);
        host_mutex_lock(&inode->state);
        if (error < 0)
            page_slot_drop(pages, slot);
        else
            slot->flags = SLOT_VALID | SLOT_USED;
        load_finished();
        if (error < 0)
            return error;
        *out = slot;
        return 0;
    }
}

int64_t pagecache_read(struct inode *inode, void *buffer, size_t n, uint64_t pos)
{
    uint8_t *to = buffer;
    size_t done = 0;
    int error = 0;
    pagecache_reclaim();
    host_mutex_lock(&inode->state);
    while (done < n && pos < inode->size) {
        uint32_t offset = pos & (FS_BLOCK_SIZE - 1);
        uint64_t left = inode->size - pos;
        size_t piece = FS_BLOCK_SIZE - offset;
        if (piece > n - done)
            piece = n - done;
        if (piece > left)
            piece = (size_t)left;
        struct page_slot *slot;
        error = page_slot_load(inode, pos >> FS_BLOCK_SHIFT, &slot);
        if (error)
            break;
        uint32_t have = slot ? slot_capacity(slot) : 0;
        size_t copy = offset >= have ? 0 : have - offset;
        if (copy > piece)
            copy = piece;
        if (copy)
            memcpy(to + done, page_slot_data(slot) + offset, copy);
        memset(to + done + copy, 0, piece - copy);
        done += piece;
        pos += piece;
    }
    host_mutex_unlock(&inode->state);
    return done || !error ? (int64_t)done : error;
}

void pagecache_update(struct inode *inode, const void *buffer, size_t n, uint64_t pos)
{
    const uint8_t *from = buffer;
    uint64_t start = pos, end = pos + n;
    host_mutex_lock(&inode->state);
    while (pos < end) {
        uint32_t offset = pos & (FS_BLOCK_SIZE - 1);
        uint32_t piece = FS_BLOCK_SIZE - offset;
        if (piece > end - pos)
            piece = (uint32_t)(end - pos);
        struct page_slot *slot = page_slot_at(&inode->pages, pos >> FS_BLOCK_SHIFT, false);
        if (slot && (slot->flags & SLOT_LOADING)) {
            page_wait_for_load(inode);
            continue;
        }
        if (slot && (slot->flags & SLOT_VALID) &&
            page_slot_grow(&inode->pages, slot, offset + piece, false) == 0)
            memcpy(page_slot_data(slot) + offset, from + (pos - start), piece);
        pos += piece;
    }
    host_mutex_unlock(&inode->state);
    mapping_changed(&inode->pages.mapping, start, end);
}

bool pagecache_present(struct inode *inode, uint64_t pos, size_t n)
{
    bool present = false;
    if (n == 0 || inode->pages.held == 0)
        return false;
    uint64_t last = (pos + n - 1) >> FS_BLOCK_SHIFT;
    host_mutex_lock(&inode->state);
    for (uint64_t index = pos >> FS_BLOCK_SHIFT; index <= last && !present; index++) {
        struct page_slot *slot = page_slot_at(&inode->pages, index, false);
        present = slot && slot->flags;
    }
    host_mutex_unlock(&inode->state);
    return present;
}

/* Call fn for each slot from block `first` on that is in use. state held throughout. */
static void each_slot(struct pagecache *pages, uint64_t first,
                      void (*fn)(struct inode *, struct page_slot *, uint64_t, void *),
                      struct inode *inode, void *arg)
{
    if (first == 0 && pages->first.flags)
        fn(inode, &pages->first, 0, arg);
    for (uint64_t leaf = first / PAGE_LEAF_SLOTS; leaf < pages->leaf_count; leaf++) {
        if (!pages->leaves[leaf])
            continue;
        for (uint32_t k = 0; k < PAGE_LEAF_SLOTS; k++) {
            uint64_t index = leaf * PAGE_LEAF_SLOTS + k;
            struct page_slot *slot = &pages->leaves[leaf]->slots[k];
            if (index >= first && index && slot->flags)
                fn(inode, slot, index, arg);
        }
    }
}

static void note_loading(struct inode *inode, struct page_slot *slot, uint64_t index, void *arg)
{
    (void)inode;
    (void)index;
    if (slot->flags & SLOT_LOADING)
        *(bool *)arg = true;
}

static void wait_all_loads(struct inode *inode, uint64_t first)
{
    for (;;) {
        bool loading = false;
        each_slot(&inode->pages, first, note_loading, inode, &loading);
        if (!loading)
            return;
        page_wait_for_load(inode);
    }
}

static void drop_slot(struct inode *inode, struct page_slot *slot, uint64_t index, void *arg)
{
    (void)index;
    (void)arg;
    page_slot_drop(&inode->pages, slot);
}

/* Zero [from, to) of a block that is in memory. */
static void clear_part(struct page_slot *slot, uint32_t from, uint32_t to)
{
    uint32_t have = slot_capacity(slot);
    if (to > have)
        to = have;
    if (from < to)
        memset(page_slot_data(slot) + from, 0, to - from);
}

void pagecache_truncate(struct inode *inode, uint64_t size)
{
    host_mutex_lock(&inode->state);
    uint64_t before = inode->size;
    inode->size = size;
    atomic_store(&inode->pages.mapping.size, size);
    host_mutex_unlock(&inode->state);
    /* What was allocated beyond the end goes also when that stays where it is. */
    if (size > before || (size == before && inode->ops->read_block)) {
        mapping_changed(&inode->pages.mapping, before, size);
        return;
    }
    mapping_truncated(&inode->pages.mapping, size);
    uint64_t first = (size + FS_BLOCK_SIZE - 1) >> FS_BLOCK_SHIFT;
    uint32_t rest = size & (FS_BLOCK_SIZE - 1);
    host_mutex_lock(&inode->state);
    wait_all_loads(inode, size >> FS_BLOCK_SHIFT);
    each_slot(&inode->pages, first, drop_slot, inode, NULL);
    if (rest) {
        struct page_slot *slot = page_slot_at(&inode->pages, size >> FS_BLOCK_SHIFT, false);
        if (slot && (slot->flags & SLOT_VALID))
            clear_part(slot, rest, FS_BLOCK_SIZE);
    }
    host_mutex_unlock(&inode->state);
    mapping_changed(&inode->pages.mapping, size, before);
}

bool page_call_is_dying(void)
{
    struct task *task = task_current();
    return task && signal_fatal_pending(task);
}

/* The first block at or after index with data in a file of `blocks` blocks: stored, or dirty. */
static int next_data(struct inode *inode, uint64_t index, uint64_t blocks, uint64_t *out)
{
    int (*next_stored)(struct inode *, uint64_t, uint64_t *) = inode->ops->next_stored;
    bool backed = inode->ops->read_block != NULL;
    uint64_t stored = blocks;
    int error = backed && !next_stored ? 0 : -L_ENXIO;
    if (!error)
        stored = index;
    else if (next_stored)
        error = next_stored(inode, index, &stored);
    if (error && error != -L_ENXIO)
        return error;
    if (error || stored > blocks)
        stored = blocks;
    const uint32_t wanted = backed ? SLOT_UNSTORED : ~0u;
    host_mutex_lock(&inode->state);
    for (uint64_t i = index; i < stored; i++) {
        uint64_t leaf = i / PAGE_LEAF_SLOTS;
        if (i > 0 && (leaf >= inode->pages.leaf_count || !inode->pages.leaves[leaf])) {
            if (leaf >= inode->pages.leaf_count)
                break;
            i = (leaf + 1) * PAGE_LEAF_SLOTS - 1;
            continue;
        }
        if (page_slot_at(&inode->pages, i, false)->flags & wanted)
            stored = i;
    }
    host_mutex_unlock(&inode->state);
    *out = stored;
    return 0;
}

/* One block's part of a hole. */
static int punch_piece(struct inode *inode, uint64_t pos, uint32_t piece)
{
    uint32_t offset = pos & (FS_BLOCK_SIZE - 1);
    struct page_slot *slot = NULL;
    host_mutex_lock(&inode->state);
    int error = page_slot_load(inode, pos >> FS_BLOCK_SHIFT, &slot);
    if (!error && slot) {
        bool all = offset == 0 && piece >= slot_capacity(slot);
        if (all && !inode->ops->read_block && !(slot->flags & SLOT_MAPPED)) {
            page_slot_drop(&inode->pages, slot);
        } else {
            clear_part(slot, offset, offset + piece);
            if (inode->ops->write_block)
                page_slot_dirty(&inode->pages, slot);
        }
    }
    host_mutex_unlock(&inode->state);
    return error;
}

int pagecache_punch(struct inode *inode, uint64_t pos, uint64_t n)
{
    uint64_t start = pos, end = pos + n, at;
    /* Files that are only in memory may have blocks beyond their end. */
    uint64_t limit = inode->ops->read_block && inode->size < end ? inode->size : end;
    uint64_t blocks = (limit + FS_BLOCK_SIZE - 1) >> FS_BLOCK_SHIFT;
    int error = 0;
    while (pos < limit && !error) {
        error =
            page_call_is_dying() ? -L_EINTR : next_data(inode, pos >> FS_BLOCK_SHIFT, blocks, &at);
        if (!error && at << FS_BLOCK_SHIFT > pos)
            pos = at << FS_BLOCK_SHIFT;
        if (error || pos >= end || at >= blocks)
            break;
        uint32_t piece = FS_BLOCK_SIZE - (pos & (FS_BLOCK_SIZE - 1));
        if (piece > end - pos)
            piece = (uint32_t)(end - pos);
        error = punch_piece(inode, pos, piece);
        pos += piece;
    }
    mapping_changed(&inode->pages.mapping, start, end);
    return error;
}

int64_t pagecache_seek(struct inode *inode, uint64_t pos, bool hole)
{
    uint64_t size = inode->size, blocks = (size + FS_BLOCK_SIZE - 1) >> FS_BLOCK_SHIFT;
    uint64_t index = pos >> FS_BLOCK_SHIFT, found;
    if (pos >= size)
        return -L_ENXIO;
    for (;;) {
        int error = next_data(inode, index, blocks, &found);
        if (error)
            return error;
        if (!hole || found != index)
            break;
        if (page_call_is_dying())
            return -L_EINTR;
        index++;
    }
    if (!hole && found == blocks)
        return -L_ENXIO;
    uint64_t start = (hole ? index : found) << FS_BLOCK_SHIFT;
    if (start > size)
        start = size;
    return (int64_t)(start > pos ? start : pos);
}

/* The first slot with one of the flags at or after *index, or NULL. state held. */
static struct page_slot *next_with(struct pagecache *pages, uint64_t *index, uint32_t flags)
{
    for (uint64_t i = *index;; i++) {
        uint64_t leaf = i / PAGE_LEAF_SLOTS;
        if (i > 0 && leaf >= pages->leaf_count)
            return NULL;
        if (i > 0 && !pages->leaves[leaf]) {
            i = (leaf + 1) * PAGE_LEAF_SLOTS - 1;
            continue;
        }
        struct page_slot *slot = page_slot_at(pages, i, false);
        if (slot && (slot->flags & flags)) {
            *index = i;
            return slot;
        }
    }
}

/* With inode->writing. */
static int write_dirty(struct inode *inode)
{
    uint8_t *copy = malloc(FS_BLOCK_SIZE);
    if (!copy)
        return -L_ENOMEM;
    int result = 0;
    host_mutex_lock(&inode->state);
    inode->pages.dirty = false;
    uint64_t index = 0;
    struct page_slot *slot;
    while ((slot = next_with(&inode->pages, &index, SLOT_DIRTY))) {
        set_flags(&inode->pages, slot, (slot->flags & ~(uint32_t)SLOT_DIRTY) | SLOT_WRITING);
        if (slot->flags & SLOT_STORED) {
            /* What is stored until then is copied, what comes after makes it dirty again. */
            slot->flags &= ~(uint32_t)SLOT_STORED;
            host_mutex_unlock(&inode->state);
            mapping_clean(&inode->pages.mapping, index << FS_BLOCK_SHIFT,
                          (index + 1) << FS_BLOCK_SHIFT);
            host_mutex_lock(&inode->state);
        }
        uint32_t length = page_length_in(inode->size, index);
        uint32_t have = slot_capacity(slot);
        uint32_t part = have < length ? have : length;
        if (part)
            memcpy(copy, page_slot_data(slot), part);
        memset(copy + part, 0, length - part);
        host_mutex_unlock(&inode->state);
        int error = length ? inode->ops->write_block(inode, index, copy, length) : 0;
        host_mutex_lock(&inode->state);
        slot = page_slot_at(&inode->pages, index, false);
        if (slot)
            set_flags(&inode->pages, slot, slot->flags & ~(uint32_t)SLOT_WRITING);
        if (error < 0) {
            result = error;
            if (slot && (slot->flags & SLOT_VALID))
                page_slot_dirty(&inode->pages, slot);
        }
        index++;
    }
    host_mutex_unlock(&inode->state);
    free(copy);
    return result;
}

int pagecache_write_back(struct inode *inode)
{
    if (!inode->ops || !inode->ops->write_block)
        return 0;
    host_mutex_lock(&inode->writing);
    int result = inode->pages.dirty ? write_dirty(inode) : 0;
    host_mutex_unlock(&inode->writing);
    return result;
}

void pagecache_each_dirty(struct inode *inode, void (*fn)(void *arg, uint64_t index), void *arg)
{
    uint64_t index = 0;
    host_mutex_lock(&inode->state);
    for (uint64_t left = inode->pages.unstored; left; left--) {
        next_with(&inode->pages, &index, SLOT_UNSTORED);
        fn(arg, index++);
    }
    host_mutex_unlock(&inode->state);
}

static void drop_if_clean(struct inode *inode, struct page_slot *slot, uint64_t index, void *arg)
{
    const bool *all = arg;
    (void)index;
    if (!*all && (slot->flags & SLOT_USED))
        slot->flags &= ~(uint32_t)SLOT_USED;
    else if (!(slot->flags & (SLOT_DIRTY | SLOT_LOADING | SLOT_MAPPED)))
        page_slot_drop(&inode->pages, slot);
}

static void drop_clean(struct inode *inode, bool all)
{
    if (!inode->ops->read_block)
        return;
    /* A block on its way to write_block is clean already but cannot be read back yet. */
    host_mutex_lock(&inode->writing);
    host_mutex_lock(&inode->state);
    if (atomic_load(&inode->pages.mapping.mapped) == 0) {
        struct page_slot *first = &inode->pages.first;
        first->flags &= ~(uint32_t)SLOT_MAPPED;
        for (uint32_t leaf = 0; leaf < inode->pages.leaf_count; leaf++) {
            for (uint32_t k = 0; inode->pages.leaves[leaf] && k < PAGE_LEAF_SLOTS; k++)
                inode->pages.leaves[leaf]->slots[k].flags &= ~(uint32_t)SLOT_MAPPED;
        }
    }
    each_slot(&inode->pages, 0, drop_if_clean, inode, &all);
    host_mutex_unlock(&inode->state);
    host_mutex_unlock(&inode->writing);
}

void pagecache_drop_clean(struct inode *inode)
{
    drop_clean(inode, true);
}

void pagecache_drop_unused(struct inode *inode)
{
    drop_clean(inode, false);
}

struct block *pagecache_block(struct inode *inode, uint64_t index, int *error)
{
    struct block *block = NULL;
    pagecache_reclaim();
    host_mutex_lock(&inode->state);
    struct page_slot *slot = NULL;
    *error = page_slot_load(inode, index, &slot);
    if (!*error && !slot) {
        slot = page_slot_at(&inode->pages, index, true);
        *error = slot ? 0 : -L_ENOMEM;
    }
    if (!*error)
        *error = page_slot_grow(&inode->pages, slot, FS_BLOCK_SIZE, true);
    if (!*error) {
        slot->flags |= SLOT_VALID | SLOT_MAPPED | SLOT_USED;
        block = block_get(slot->block);
    }
    host_mutex_unlock(&inode->state);
    return block;
}

/* --- what memory sees --- */

static struct inode *inode_of(struct mapping *mapping)
{
    return (struct inode *)((char *)mapping - offsetof(struct inode, pages.mapping));
}

static int mapping_block(struct mapping *mapping, uint64_t index, bool create, struct block **out)
{
    struct inode *inode = inode_of(mapping);
    int error = 0;
    *out = NULL;
    if (!create && !inode->ops->read_block) {
        host_mutex_lock(&inode->state);
        struct page_slot *slot = page_slot_at(&inode->pages, index, false);
        bool hole = !slot || !slot->flags;
        host_mutex_unlock(&inode->state);
        if (hole)
            return 0;
    }
    *out = pagecache_block(inode, index, &error);
    return error;
}

static int mapping_peek(struct mapping *mapping, uint64_t index, void *data)
{
    struct inode *inode = inode_of(mapping);
    host_mutex_lock(&inode->state);
    const struct page_slot *slot = page_slot_at(&inode->pages, index, false);
    uint32_t length = page_length_in(inode->size, index), have = 0;
    if (slot && (slot->flags & SLOT_VALID)) {
        have = slot_capacity(slot) < length ? slot_capacity(slot) : length;
        memcpy(data, page_slot_data(slot), have);
        length = 0;
    }
    host_mutex_unlock(&inode->state);
    uint32_t filled = have ? have : inode->ops->near ? length : 0;
    memset((uint8_t *)data + filled, 0, FS_BLOCK_SIZE - filled);
    return length && inode->ops->read_block ? inode->ops->read_block(inode, index, data, length)
                                            : 0;
}

static int mapping_look(struct mapping *mapping, uint64_t index, void *data, struct block **out)
{
    struct inode *inode = inode_of(mapping);
    *out = NULL;
    bool there = !inode->ops->near;
    if (!there) {
        host_mutex_lock(&inode->state);
        const struct page_slot *slot = page_slot_at(&inode->pages, index, false);
        there = slot && slot->flags;
        host_mutex_unlock(&inode->state);
    }
    if (there)
        return mapping_block(mapping, index, false, out);
    int error = mapping_peek(mapping, index, data);
    return error ? error : 1;
}

static int mapping_store(struct mapping *mapping, uint64_t index)
{
    struct inode *inode = inode_of(mapping);
    host_mutex_lock(&inode->state);
    struct page_slot *slot = page_slot_at(&inode->pages, index, false);
    bool dirty = slot && (slot->flags & SLOT_DIRTY);
    uint32_t length = page_length_in(inode->size, index);
    host_mutex_unlock(&inode->state);
    int error = dirty || !inode->ops->claim ? 0 : inode->ops->claim(inode, index, 0, length);
    if (error)
        return error;
    host_mutex_lock(&inode->state);
    slot = page_slot_at(&inode->pages, index, false);
    if (slot && (slot->flags & SLOT_VALID)) {
        slot->flags |= SLOT_STORED;
        page_slot_dirty(&inode->pages, slot);
    }
    host_mutex_unlock(&inode->state);
    if (inode->ops->dirty_inode)
        inode->ops->dirty_inode(inode);
    return 0;
}

static int mapping_sync(struct mapping *mapping, uint64_t start, uint64_t end)
{
    (void)start;
    (void)end;
    struct inode *inode = inode_of(mapping);
    int error = pagecache_write_back(inode);
    if (!error && inode->ops->fsync)
        error = inode->ops->fsync(inode, true);
    return error;
}

/* See pagecache_map: each time the count of references rises from zero it holds the inode. */
static void mapping_release(struct mapping *mapping)
{
    struct inode *inode = inode_of(mapping);
    if (inode->ops->unmapped)
        inode->ops->unmapped(inode);
    inode_put(inode);
}

static void mapping_identity(struct mapping *mapping, uint64_t *device, uint64_t *ino)
{
    struct inode *inode = inode_of(mapping);
    *device = inode->super->dev;
    *ino = inode->ino;
}

static const struct mapping_ops pagecache_mapping_ops = {
    .block = mapping_block,
    .peek = mapping_peek,
    .look = mapping_look,
    .store = mapping_store,
    .sync = mapping_sync,
    .release = mapping_release,
    .name = inode_map_name,
    .identity = mapping_identity,
};

/* Of files that are nowhere else: what holds a block is room for what is stored in it. */
static const struct mapping_ops memory_mapping_ops = {
    .block = mapping_block,
    .peek = mapping_peek,
    .release = mapping_release,
    .name = inode_map_name,
    .identity = mapping_identity,
};

void pagecache_init(struct inode *inode)
{
    bool stored = inode->ops && inode->ops->write_block;
    mapping_init(&inode->pages.mapping, stored ? &pagecache_mapping_ops : &memory_mapping_ops, 0);
    atomic_store(&inode->pages.mapping.refs, 0);
}

struct mapping *pagecache_map(struct inode *inode)
{
    struct mapping *mapping = &inode->pages.mapping;
    inode_get(inode);
    if (atomic_fetch_add(&mapping->refs, 1) != 0)
        inode_put(inode);
    return mapping;
}

void pagecache_destroy(struct inode *inode)
{
    struct pagecache *pages = &inode->pages;
    each_slot(pages, 0, drop_slot, inode, NULL);
    for (uint32_t leaf = 0; leaf < pages->leaf_count; leaf++)
        free(pages->leaves[leaf]);
    free(pages->leaves);
}
