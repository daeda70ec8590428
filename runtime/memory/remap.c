/* mremap(2). */
#include "runtime/memory/internal.h"

/* Copies what is there of one chunk's worth of source pages; both ranges are private. */
static int move_chunk(struct space *space, const struct region *to, uint64_t source, uint64_t end,
                      uint64_t target)
{
    struct chunk *chunk = chunk_find(space, source);
    int error = 0;
    if (!chunk || !(chunk->present | chunk->pending))
        return 0;
    if (chunk->pending) {
        error = chunk_reserve(space, chunk_down(source), chunk_down(source) + CHUNK);
        if (!error)
            error = origin_pull(space, chunk, source);
    }
    if (!error)
        error = pages_open(space, chunk, source);
    for (; source < end && !error; source += PAGE, target += PAGE) {
        if (!(chunk->present & page_bit(source)))
            continue;
        error = pages_fill(space, to, target, target + PAGE, host_pointer(space, source));
        if (!error)
            chunk_find(space, target)->written |= page_bit(target);
    }
    return error;
}

static int move_pages(struct space *space, uint64_t source, uint64_t length, uint64_t target)
{
    uint64_t end = source + length;
    int error = 0;
    while (!error) {
        uint64_t there = source;
        if (!segment_next(space, &there) || there >= end)
            break;
        target += there - source;
        source = there;
        uint64_t stop = min_u64(end, chunk_down(source) + CHUNK);
        error = move_chunk(space, region_at(space, target), source, stop, target);
        target += stop - source;
        source = stop;
    }
    return error;
}

struct remap {
    uint64_t address, old_length, new_length, new_address;
    uint32_t flags;
    struct mapping **files;
    size_t count;
};

/* Where it goes; free from then on. */
static int64_t target_of(struct space *space, const struct region *region, struct remap *remap)
{
    bool shared = region->flags & REGION_SHARED;
    uint32_t flags = shared ? L_MAP_SHARED : L_MAP_PRIVATE;
    if (!(remap->flags & L_MREMAP_FIXED))
        return place_mapping(space, remap->new_length, flags, region->file, region->offset);
    int error = place_check_fixed(space, remap->new_address, remap->new_length,
                                  shared ? region->file : NULL, region->offset);
    if (!error)
        error = window_reach(space, remap->new_address + remap->new_length);
    if (!error)
        error =
            space_unmap_locked(space, remap->new_address, remap->new_address + remap->new_length,
                               &remap->files, &remap->count);
    return error ? error : (int64_t)remap->new_address;
}

static int64_t move_mapping(struct space *space, struct remap *remap)
{
    struct region region = *region_at(space, remap->address);
    if (region.file)
        region.offset += remap->address - region.start;
    int64_t target = target_of(space, &region, remap);
    int error = target < 0 ? (int)target : region_reserve(space, 3);
    if (error)
        return error;
    region.start = (uint64_t)target;
    region.end = region.start + remap->new_length;
    region.flags &= ~(uint32_t)REGION_HEAP;
    region.name = NULL;
    region_insert(space, &region);
    uint64_t common = min_u64(remap->old_length, remap->new_length);
    if (!(region.flags & REGION_SHARED))
        error = move_pages(space, remap->address, common, region.start);
    uint64_t gone = error ? region.start : remap->address;
    uint64_t length = error ? remap->new_length : remap->old_length;
    if (error || !(remap->flags & L_MREMAP_DONTUNMAP)) {
        int failed = space_unmap_locked(space, gone, gone + length, &remap->files, &remap->count);
        error = error ? error : failed;
    } else {
        error = pages_discard(space, gone, gone + length);
    }
    /* What was to be copied was made readable, and with it all that shares a chunk with it. */
    int closed = pages_apply(space, chunk_down(remap->address),
                             chunk_up(remap->address + remap->old_length));
    error = error ? error : closed;
    region_merge(space, region.start, region.end);
    return error ? error : target;
}

static int64_t grow_mapping(struct space *space, struct remap *remap)
{
    struct region *region = region_at(space, remap->address);
    uint64_t old_end = remap->address + remap->old_length;
    uint64_t new_end = remap->address + remap->new_length;
    uint64_t limit = memory_limit(), more = remap->new_length - remap->old_length;
    bool data = (region->prot & L_PROT_WRITE) && !(region->flags & REGION_SHARED);
    if (space->mapped + more > space->address_limit || (data && space_over_data(space, more)))
        return -L_ENOMEM;
    if ((region->flags & REGION_LOCKED) && !space_may_lock(space, more))
        return -L_EAGAIN;
    if (limit && !(region->flags & (REGION_SHARED | REGION_NORESERVE)) &&
        memory_used() + more > limit)
        return -L_ENOMEM;
    /* In place only when the mapping ends there and nothing follows. */
    const struct mapping *shared = region->flags & REGION_SHARED ? region->file : NULL;
    if (region->end == old_end && new_end <= SPACE_END && place_is_clear(space, old_end, new_end) &&
        place_fits(space, region->start, new_end, shared, region->offset) &&
        window_grow(space, new_end)) {
        region->end = new_end;
        space->mapped += more;
        space->sequence++;
        region_merge(space, remap->address, new_end);
        return (int64_t)remap->address;
    }
    return remap->flags & L_MREMAP_MAYMOVE ? move_mapping(space, remap) : -L_ENOMEM;
}

static int64_t remap_locked(struct space *space, struct remap *remap)
{
    struct region *region = region_at(space, remap->address);
    if (!region)
        return -L_EFAULT;
    if (remap->old_length == 0) /* a second view of shared memory */
        return region->flags & REGION_SHARED && (remap->flags & L_MREMAP_MAYMOVE)
                   ? move_mapping(space, remap)
                   : -L_EINVAL;
    if (remap->address + remap->old_length > region->end)
        return -L_EFAULT;
    if ((remap->flags & L_MREMAP_DONTUNMAP) && remap->old_length != remap->new_length)
        return -L_EINVAL;
    if (remap->flags & (L_MREMAP_FIXED | L_MREMAP_DONTUNMAP))
        return move_mapping(space, remap);
    if (remap->new_length > remap->old_length)
        return grow_mapping(space, remap);
    int error = 0;
    if (remap->new_length < remap->old_length)
        error =
            space_unmap_locked(space, remap->address + remap->new_length,
                               remap->address + remap->old_length, &remap->files, &remap->count);
    return error ? error : (int64_t)remap->address;
}

int64_t space_mremap(struct space *space, uint64_t address, uint64_t old_length,
                     uint64_t new_length, uint32_t flags, uint64_t new_address)
{
    struct remap remap = {.address = address,
                          .old_length = page_up(old_length),
                          .new_length = page_up(new_length),
                          .new_address = new_address,
                          .flags = flags};
    const uint32_t known = L_MREMAP_MAYMOVE | L_MREMAP_FIXED | L_MREMAP_DONTUNMAP;
    if ((flags & ~known) || (address & (PAGE - 1)) || remap.new_length == 0)
        return -L_EINVAL;
    if ((flags & (L_MREMAP_FIXED | L_MREMAP_DONTUNMAP)) && !(flags & L_MREMAP_MAYMOVE))
        return -L_EINVAL;
    if (remap.new_length > SPACE_END)
        return -L_ENOMEM;
    if (address >= SPACE_END || remap.old_length > SPACE_END)
        return -L_EFAULT;
    if (flags & L_MREMAP_FIXED) {
        uint64_t end = new_address + remap.new_length;
        if ((new_address & (PAGE - 1)) || end > SPACE_END || end < new_address ||
            (new_address < address + remap.old_length && address < end))
            return -L_EINVAL;
        if (new_address < SPACE_MIN)
            return -L_EPERM;
    }
    host_mutex_lock(&space->lock);
    int64_t result = remap_locked(space, &remap);
    host_mutex_unlock(&space->lock);
    region_put_files(remap.files, remap.count);
    return result;
}
