/* madvise(2), mincore(2), msync(2). */
#include "runtime/memory/internal.h"

static int discard_private(struct space *space, uint64_t start, uint64_t end)
{
    int error = 0;
    for (size_t i = region_index(space, start);
         i < space->region_count && space->regions[i].start < end && !error; i++) {
        const struct region *region = &space->regions[i];
        if (region->flags & REGION_SHARED)
            continue;
        uint64_t from = max_u64(start, region->start), to = min_u64(end, region->end);
        if (region->prot & L_PROT_EXEC)
            space_drop_code(space, from, to);
        error = pages_discard(space, from, to);
    }
    return error;
}

static int change_flags(struct space *space, uint64_t start, uint64_t end, uint32_t set,
                        uint32_t clear)
{
    int error = region_reserve(space, 2);
    if (error)
        return error;
    region_split(space, start);
    region_split(space, end);
    for (size_t i = region_index(space, start);
         i < space->region_count && space->regions[i].start < end; i++) {
        struct region *region = &space->regions[i];
        if ((set & REGION_WIPEONFORK) && region->file)
            return -L_EINVAL;
        region->flags = (region->flags | set) & ~clear;
    }
    region_merge(space, start, end);
    return 0;
}

static int advise_locked(struct space *space, uint64_t start, uint64_t end, int advice)
{
    bool whole = region_covers(space, start, end);
    int error = 0;
    switch (advice) {
    case L_MADV_DONTNEED:
        error = discard_private(space, start, end);
        break;
    case L_MADV_DONTFORK:
        error = change_flags(space, start, end, REGION_DONTFORK, 0);
        break;
    case L_MADV_DOFORK:
        error = change_flags(space, start, end, 0, REGION_DONTFORK);
        break;
    case L_MADV_WIPEONFORK:
        error = change_flags(space, start, end, REGION_WIPEONFORK, 0);
        break;
    case L_MADV_KEEPONFORK:
        error = change_flags(space, start, end, 0, REGION_WIPEONFORK);
        break;
    default: /* hints, which may be ignored; also MADV_FREE */
        break;
    }
    return error ? error : whole ? 0 : -L_ENOMEM;
}

static int populate(struct space *space, uint64_t start, uint64_t end, enum space_access access)
{
    struct space_fault fault;
    for (uint64_t page = start; page < end; page += PAGE) {
        if (memory_dying())
            return -L_EINTR;
        if (fault_supply_within(space, page, start, end, access, &fault))
            continue;
        if (fault.signo == 11)
            return fault.code == 1 ? -L_ENOMEM : -L_EFAULT;
        return fault.signo == 9 ? -L_ENOMEM : -L_EFAULT;
    }
    return 0;
}

static bool is_known(int advice)
{
    return (advice >= L_MADV_NORMAL && advice <= L_MADV_DONTNEED) || advice == L_MADV_FREE ||
           (advice >= L_MADV_DONTFORK && advice <= L_MADV_PAGEOUT);
}

int space_madvise(struct space *space, uint64_t address, uint64_t length, int advice)
{
    uint64_t end = address + page_up(length);
    if ((address & (PAGE - 1)) || end < address || (length && !page_up(length)))
        return -L_EINVAL;
    if (advice == L_MADV_REMOVE) /* no file system here can punch holes */
        return -L_EOPNOTSUPP;
    if (advice == L_MADV_POPULATE_READ || advice == L_MADV_POPULATE_WRITE)
        return populate(space, address, end,
                        advice == L_MADV_POPULATE_READ ? SPACE_READ : SPACE_WRITE);
    if (!is_known(advice))
        return -L_EINVAL;
    if (address == end)
        return 0;
    if (end > SPACE_END)
        return -L_ENOMEM;
    host_mutex_lock(&space->lock);
    int error = advise_locked(space, address, end, advice);
    host_mutex_unlock(&space->lock);
    return error;
}

/* The next shared file region at or above *at; its file with a reference, and the bytes. */
static bool next_shared(struct space *space, uint64_t *at, uint64_t limit, struct mapping **file,
                        uint64_t *start, uint64_t *end)
{
    bool found = false;
    host_mutex_lock(&space->lock);
    for (size_t i = region_index(space, *at);
         i < space->region_count && space->regions[i].start < limit && !found; i++) {
        const struct region *region = &space->regions[i];
        uint64_t from = max_u64(*at, region->start), to = min_u64(limit, region->end);
        *at = to;
        if (!(region->flags & REGION_SHARED))
            continue;
        found = true;
        *file = mapping_get(region->file);
        *start = region->offset + (from - region->start);
        *end = *start + (to - from);
    }
    host_mutex_unlock(&space->lock);
    return found;
}

int space_msync(struct space *space, uint64_t address, uint64_t length, uint32_t flags)
{
    const uint32_t both = L_MS_ASYNC | L_MS_SYNC;
    uint64_t limit = address + page_up(length);
    if ((flags & ~(both | L_MS_INVALIDATE)) || (flags & both) == both || (address & (PAGE - 1)))
        return -L_EINVAL;
    if (limit < address || limit > SPACE_END)
        return -L_ENOMEM;
    host_mutex_lock(&space->lock);
    int error = region_covers(space, address, limit) ? 0 : -L_ENOMEM;
    host_mutex_unlock(&space->lock);
    uint64_t at = address, start, end;
    struct mapping *file;
    while ((flags & L_MS_SYNC) && at < limit &&
           next_shared(space, &at, limit, &file, &start, &end)) {
        int failed = file->ops->sync ? file->ops->sync(file, start, end) : 0;
        mapping_put(file);
        if (failed)
            return failed;
    }
    return error;
}

int space_mincore(struct space *space, uint64_t address, uint64_t length, uint8_t *vector)
{
    uint64_t end = address + page_up(length);
    if (address & (PAGE - 1))
        return -L_EINVAL;
    if (end < address || end > SPACE_END)
        return -L_ENOMEM;
    host_mutex_lock(&space->lock);
    int error = region_covers(space, address, end) ? 0 : -L_ENOMEM;
    for (uint64_t page = address; page < end && !error; page += PAGE) {
        const struct chunk *chunk = chunk_find(space, page);
        *vector++ = chunk && ((chunk->present | chunk->pending) & page_bit(page));
    }
    host_mutex_unlock(&space->lock);
    return error;
}
