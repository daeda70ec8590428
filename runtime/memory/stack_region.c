/* Memory that grows downwards when it is touched below its start: the main stack, MAP_GROWSDOWN. */
#include "runtime/memory/internal.h"

/* Between a stack's limit and the mappings below it; Linux's bounds, within a window. */
#define GAP_MIN ((uint64_t)128 << 20)
#define GAP_MAX ((WINDOW_FIRST - SHARED_START) / 4)

uint64_t region_floor(const struct region *region)
{
    if (!(region->flags & REGION_GROWSDOWN))
        return region->start;
    return region->start > STACK_GUARD ? region->start - STACK_GUARD : 0;
}

/* The lowest start that the region at index i may have, its neighbour below being what it is. */
static uint64_t lowest_start(const struct space *space, size_t i)
{
    const struct region *region = &space->regions[i];
    uint64_t lowest = SPACE_MIN;
    if (i > 0) {
        const struct region *below = &space->regions[i - 1];
        bool guard = below->prot && !(below->flags & REGION_GROWSDOWN);
        lowest = below->end + (guard ? STACK_GUARD : 0);
    }
    if (region->end > space->stack_limit)
        lowest = max_u64(lowest, page_up(region->end - space->stack_limit));
    return lowest;
}

static bool may_grow(const struct space *space, const struct region *region, uint64_t start)
{
    return space->mapped + (region->start - start) <= space->address_limit &&
           place_fits(space, start, region->start, NULL, 0);
}

struct region *region_grow_down(struct space *space, uint64_t address)
{
    size_t i = region_index(space, address);
    if (i == space->region_count || !(space->regions[i].flags & REGION_GROWSDOWN))
        return NULL;
    struct region *region = &space->regions[i];
    uint64_t lowest = lowest_start(space, i), page = page_down(address);
    if (page < lowest)
        return NULL;
    /* A whole chunk costs no more than a page. */
    uint64_t start = max_u64(chunk_down(page), lowest);
    if (!may_grow(space, region, start))
        start = page;
    if (!may_grow(space, region, start))
        return NULL;
    space->mapped += region->start - start;
    space->sequence++;
    region->start = start;
    return region;
}

int space_make_stack(struct space *space, uint64_t size, uint64_t limit, uint32_t prot)
{
    struct region region = {.start = WINDOW_FIRST - page_up(size),
                            .end = WINDOW_FIRST,
                            .name = "[stack]",
                            .prot = prot,
                            .flags = REGION_GROWSDOWN};
    host_mutex_lock(&space->lock);
    uint64_t gap = max_u64(GAP_MIN, min_u64(limit, GAP_MAX)) + STACK_GUARD;
    space->private_end = chunk_down(WINDOW_FIRST - gap);
    space->stack_limit = limit;
    int error = size > GAP_MIN || !place_is_free(space, region.start, region.end)
                    ? -L_ENOMEM
                    : region_reserve(space, 1);
    if (!error)
        region_insert(space, &region);
    host_mutex_unlock(&space->lock);
    return error;
}

void space_set_stack_limit(struct space *space, uint64_t bytes)
{
    host_mutex_lock(&space->lock);
    space->stack_limit = bytes;
    host_mutex_unlock(&space->lock);
}
