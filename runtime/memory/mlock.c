/* mlock(2): what is locked is counted against RLIMIT_MEMLOCK. That nothing of it has to be read in
 * again is all that is done about it: only the host can keep pages out of its swap file. */
#include "runtime/memory/internal.h"

static uint64_t locked_bytes(const struct space *space, uint64_t start, uint64_t end)
{
    uint64_t bytes = 0;
    for (size_t i = region_index(space, start);
         i < space->region_count && space->regions[i].start < end; i++) {
        const struct region *region = &space->regions[i];
        if (region->flags & REGION_LOCKED)
            bytes += min_u64(end, region->end) - max_u64(start, region->start);
    }
    return bytes;
}

static void set_locked(struct space *space, uint64_t start, uint64_t end, bool on)
{
    for (size_t i = region_index(space, start);
         i < space->region_count && space->regions[i].start < end; i++) {
        if (on)
            space->regions[i].flags |= REGION_LOCKED;
        else
            space->regions[i].flags &= ~(uint32_t)REGION_LOCKED;
    }
    region_merge(space, start, end);
}

int space_lock_pages(struct space *space, uint64_t address, uint64_t length, bool on,
                     uint64_t limit)
{
    uint64_t start = page_down(address), end = page_up(address + length);
    if (length > SPACE_END || address > SPACE_END - length)
        return -L_ENOMEM;
    host_mutex_lock(&space->lock);
    uint64_t before = on ? locked_bytes(space, 0, SPACE_END) - locked_bytes(space, start, end) : 0;
    int error = on && before + (end - start) > limit ? -L_ENOMEM : region_reserve(space, 2);
    if (!error && !region_covers(space, start, end))
        error = -L_ENOMEM;
    if (!error) {
        region_split(space, start);
        region_split(space, end);
        set_locked(space, start, end, on);
    }
    host_mutex_unlock(&space->lock);
    return error;
}

bool space_may_lock(const struct space *space, uint64_t more)
{
    uint64_t limit = atomic_load(&space->lock_limit);
    return limit == UINT64_MAX ||
           (more <= limit && locked_bytes(space, 0, SPACE_END) <= limit - more);
}

void space_set_lock_limit(struct space *space, uint64_t bytes)
{
    atomic_store(&space->lock_limit, bytes);
}

/* The next locked range at or above *at that can be touched. */
static bool next_locked(struct space *space, uint64_t *at, uint64_t *end, bool *write)
{
    bool found = false;
    host_mutex_lock(&space->lock);
    for (size_t i = region_index(space, *at); i < space->region_count && !found; i++) {
        const struct region *region = &space->regions[i];
        if (!(region->flags & REGION_LOCKED) || !(region->prot & (L_PROT_READ | L_PROT_WRITE)))
            continue;
        found = true;
        *at = max_u64(*at, region->start);
        *end = region->end;
        *write = (region->prot & L_PROT_WRITE) && !(region->flags & REGION_SHARED);
    }
    host_mutex_unlock(&space->lock);
    return found;
}

int space_lock_all(struct space *space, uint32_t flags, uint64_t limit)
{
    bool current = flags & L_MCL_CURRENT, future = flags & L_MCL_FUTURE;
    host_mutex_lock(&space->lock);
    int error = current && space->mapped > limit ? -L_ENOMEM : 0;
    if (!error) {
        space->lock_future = future;
        space->lock_on_fault = future && (flags & L_MCL_ONFAULT);
        if (current || !future)
            set_locked(space, 0, SPACE_END, current);
    }
    host_mutex_unlock(&space->lock);
    uint64_t at = 0, end;
    bool write;
    while (!error && current && !(flags & L_MCL_ONFAULT) && !memory_dying() &&
           next_locked(space, &at, &end, &write)) {
        space_populate(space, at, end, write);
        at = end;
    }
    return error;
}
