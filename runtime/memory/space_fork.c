/* A copy of an address space that shares its pages until they are written. */
#include "runtime/memory/internal.h"
#include <string.h>

static int copy_regions(struct space *child, const struct space *parent)
{
    int error = region_reserve(child, parent->region_count);
    for (size_t i = 0; i < parent->region_count && !error; i++)
        if (!(parent->regions[i].flags & REGION_DONTFORK))
            region_insert(child, &parent->regions[i]);
    for (size_t i = 0; i < child->region_count; i++) /* locks are not inherited */
        child->regions[i].flags &= ~(uint32_t)REGION_LOCKED;
    return error;
}

/* Pages of the chunk whose contents the child shall have: all that are there, but those of a file
 * only when they may differ from it. */
static uint16_t inherited(const struct region *region, const struct chunk *chunk, uint64_t address)
{
    if (region->flags & (REGION_SHARED | REGION_DONTFORK | REGION_WIPEONFORK))
        return 0;
    uint16_t pages = chunk->present;
    if (region->file)
        pages &= chunk->written;
    return (pages | chunk->pending) &
           page_mask(address, max_u64(region->start, address), region->end);
}

static int copy_chunk(struct space *child, struct space *parent, struct chunk *chunk,
                      uint64_t address, uint16_t pages)
{
    struct origin *origin;
    struct chunk *copy = chunk_make(child, address);
    if (!copy)
        return -L_ENOMEM;
    int error = origin_share(parent, chunk, address, pages, &origin);
    if (error || !origin)
        return error;
    copy->origin = origin;
    copy->pending = pages;
    return 0;
}

/* Pages of a chunk that several regions share are collected before they are passed on. */
static int copy_contents(struct space *child, struct space *parent)
{
    uint64_t done = 0; /* chunks below are dealt with */
    for (size_t i = 0; i < parent->region_count; i++) {
        const struct region *region = &parent->regions[i];
        uint64_t address = max_u64(chunk_down(region->start), done);
        for (; address < region->end; address += CHUNK) {
            if (!segment_find(parent, address)) {
                address |= SEGMENT - CHUNK;
                continue;
            }
            struct chunk *chunk = chunk_find(parent, address);
            if (chunk->kind == CHUNK_VIEW || !(chunk->present | chunk->pending))
                continue;
            uint16_t pages = 0;
            for (size_t j = i;
                 j < parent->region_count && parent->regions[j].start < address + CHUNK; j++)
                pages |= inherited(&parent->regions[j], chunk, address);
            int error = pages ? copy_chunk(child, parent, chunk, address, pages) : 0;
            if (error)
                return error;
        }
        done = address;
    }
    return 0;
}

struct space *space_fork(struct space *parent, int *error)
{
    struct space *child = space_create();
    if (!child) {
        *error = -L_EAGAIN;
        return NULL;
    }
    host_mutex_lock(&parent->lock);
    *error = copy_regions(child, parent);
    if (!*error)
        *error = copy_contents(child, parent);
    /* Also after an error: what became kept must be protected. */
    int failed = pages_apply(parent, 0, WINDOW_LIMIT);
    if (!*error)
        *error = failed;
    child->brk_start = parent->brk_start;
    child->brk = parent->brk;
    child->data_limit = parent->data_limit;
    child->address_limit = parent->address_limit;
    child->stack_limit = parent->stack_limit;
    child->private_end = parent->private_end;
    if (!*error && parent->codeview) {
        child->drop_code = parent->drop_code;
        child->destroy_code = parent->destroy_code;
        child->fork_code = parent->fork_code;
        child->codeview = parent->fork_code(parent->codeview, child, child->base);
        if (!child->codeview)
            *error = -L_ENOMEM;
    }
    host_mutex_unlock(&parent->lock);
    if (!*error)
        return child;
    space_put(child);
    return NULL;
}
