/* mprotect(2). */
#include "runtime/memory/internal.h"

#define PROT_ALL (L_PROT_READ | L_PROT_WRITE | L_PROT_EXEC)

/* Dependants of a fork read the pages in place: they may not become unreadable. */
static int release_kept(struct space *space, uint64_t start, uint64_t end)
{
    int error = 0;
    for (uint64_t address = chunk_down(start);
         segment_next(space, &address) && address < end && !error; address += CHUNK) {
        struct chunk *chunk = chunk_find(space, address);
        if (chunk->kind == CHUNK_PRIVATE)
            error = origin_release(space, chunk);
    }
    return error;
}

/* Translations of the pages are gone: they need no protection any more. */
static void forget_code(struct space *space, uint64_t start, uint64_t end)
{
    space_drop_code(space, start, end);
    for (uint64_t address = chunk_down(start); address < end; address += CHUNK) {
        struct chunk *chunk = chunk_find(space, address);
        if (chunk)
            chunk->code &= (uint16_t)~page_mask(address, start, end);
    }
}

static int protect_region(struct space *space, struct region *region, uint32_t prot)
{
    if ((region->flags & REGION_DENY_WRITE) && (prot & L_PROT_WRITE))
        return -L_EACCES;
    bool more = (prot & ~region->prot & L_PROT_WRITE) && !(region->flags & REGION_SHARED);
    if (more && space_over_data(space, region->end - region->start))
        return -L_ENOMEM;
    int error = prot & PROT_ALL ? 0 : release_kept(space, region->start, region->end);
    if (error)
        return error;
    if (region->prot & L_PROT_EXEC)
        forget_code(space, region->start, region->end);
    region->prot = prot;
    return pages_apply(space, region->start, region->end);
}

static int protect_locked(struct space *space, uint64_t start, uint64_t end, uint32_t prot)
{
    int error = region_reserve(space, 2);
    if (error)
        return error;
    region_split(space, start);
    region_split(space, end);
    /* As far as the first hole, as Linux does. */
    uint64_t address = start;
    while (address < end && !error) {
        struct region *region = region_at(space, address);
        if (!region) {
            error = -L_ENOMEM;
            break;
        }
        address = region->end;
        error = protect_region(space, region, prot);
    }
    space->sequence++;
    if (!error && (prot & L_PROT_WRITE) && end - start <= COMMIT_AT_ONCE)
        space_commit_small(space, start, end);
    region_merge(space, start, end);
    return error;
}

/* PROT_GROWSDOWN: from where the memory that grows starts now. */
static int find_start(const struct space *space, uint64_t *address, uint64_t end)
{
    size_t i = region_index(space, *address);
    if (i == space->region_count || space->regions[i].start >= end)
        return -L_ENOMEM;
    if (!(space->regions[i].flags & REGION_GROWSDOWN))
        return -L_EINVAL;
    *address = space->regions[i].start;
    return 0;
}

int space_mprotect(struct space *space, uint64_t address, uint64_t length, uint32_t prot)
{
    if ((address & (PAGE - 1)) || (prot & ~(uint32_t)(PROT_ALL | L_PROT_GROWSDOWN)))
        return -L_EINVAL;
    if (length == 0)
        return 0;
    uint64_t end = address + page_up(length);
    if (end < address || end > SPACE_END || page_up(length) == 0)
        return -L_ENOMEM;
    host_mutex_lock(&space->lock);
    int error = 0;
    if (prot & L_PROT_GROWSDOWN)
        error = find_start(space, &address, end);
    if (!error)
        error = protect_locked(space, address, end, prot & PROT_ALL);
    host_mutex_unlock(&space->lock);
    return error;
}
