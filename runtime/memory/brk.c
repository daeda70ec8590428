/* The program break. */
#include "runtime/memory/internal.h"

uint64_t space_set_brk(struct space *space, uint64_t start)
{
    host_mutex_lock(&space->lock);
    start = page_up(start);
    if (!start)
        start = place_find_up(space, BRK_START, SHARED_START, CHUNK, CHUNK, 0);
    space->brk_start = space->brk = start;
    host_mutex_unlock(&space->lock);
    return start;
}

static bool grow_break(struct space *space, uint64_t from, uint64_t to)
{
    uint64_t limit = memory_limit();
    if (to > window_limit(space) || !place_is_clear(space, from, to) ||
        !place_fits(space, from, to, NULL, 0) || space_over_data(space, to - from) ||
        space->mapped + (to - from) > space->address_limit ||
        (space->lock_future && !space_may_lock(space, to - from)) ||
        (limit && memory_used() + (to - from) > limit) || region_reserve(space, 1))
        return false;
    struct region heap = {.start = from,
                          .end = to,
                          .name = "[heap]",
                          .prot = L_PROT_READ | L_PROT_WRITE,
                          .flags = REGION_HEAP | (space->lock_future ? REGION_LOCKED : 0)};
    region_insert(space, &heap);
    region_merge(space, from, to);
    if (to - from <= COMMIT_AT_ONCE)
        space_commit_small(space, from, to);
    return true;
}

uint64_t space_brk(struct space *space, uint64_t address)
{
    struct mapping **files = NULL;
    size_t count = 0;
    host_mutex_lock(&space->lock);
    uint64_t old_end = page_up(space->brk), new_end = page_up(address);
    bool moved =
        address >= space->brk_start && new_end >= address && address <= window_limit(space);
    if (moved && new_end > old_end)
        moved = grow_break(space, old_end, new_end);
    else if (moved && new_end < old_end)
        moved = space_unmap_locked(space, new_end, old_end, &files, &count) == 0;
    if (moved)
        space->brk = address;
    uint64_t result = space->brk;
    bool eager = moved && new_end > old_end && space->lock_future && !space->lock_on_fault;
    host_mutex_unlock(&space->lock);
    region_put_files(files, count);
    if (eager)
        space_populate(space, old_end, new_end, true);
    return result;
}
