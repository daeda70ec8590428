/* mmap(2) and munmap(2). */
#include "runtime/host/log.h"
#include "runtime/memory/internal.h"

#define PROT_ALL (L_PROT_READ | L_PROT_WRITE | L_PROT_EXEC)

static void drop_code_of_regions(struct space *space, uint64_t start, uint64_t end)
{
    if (!space->codeview)
        return;
    for (size_t i = region_index(space, start);
         i < space->region_count && space->regions[i].start < end; i++)
        if (space->regions[i].prot & L_PROT_EXEC)
            space_drop_code(space, max_u64(start, space->regions[i].start),
                            min_u64(end, space->regions[i].end));
}

int space_unmap_locked(struct space *space, uint64_t start, uint64_t end, struct mapping ***files,
                       size_t *count)
{
    int error = region_reserve(space, 2);
    if (error || place_is_free(space, start, end))
        return error;
    region_split(space, start);
    region_split(space, end);
    drop_code_of_regions(space, start, end);
    error = pages_discard(space, start, end);
    if (!error)
        region_remove(space, start, end, files, count);
    return error;
}

static bool is_small(const struct region *region, uint64_t start, uint64_t end)
{
    return !region->file && (region->prot & L_PROT_WRITE) && end - start <= COMMIT_AT_ONCE;
}

void space_commit_small(struct space *space, uint64_t start, uint64_t end)
{
    for (size_t i = region_index(space, start);
         i < space->region_count && space->regions[i].start < end; i++) {
        const struct region *region = &space->regions[i];
        uint64_t from = max_u64(start, region->start), to = min_u64(end, region->end);
        /* What cannot be had now is asked for again at the touch. */
        if (!is_small(region, from, to))
            continue;
        if (!pages_supply(space, region, from, to) && space->fills_small)
            host_prefault(space->base + from, to - from);
    }
}

/* Looks at one in so many. */
#define LOOK_EVERY 16

/* A program that writes to all of its small mappings gets the next ones with memory behind every
 * page, which costs less than a fault of the host's for each. */
static void learn_from(struct space *space, uint64_t start, uint64_t end)
{
    const struct region *region = region_at(space, start);
    if (!region || !is_small(region, start, end) || end > region->end ||
        space->small_unmaps++ % LOOK_EVERY)
        return;
    space->fills_small =
        host_touched(space->base + start, end - start) * 4 * PAGE >= (end - start) * 3;
}

/* Whether what else lies in the chunk of `edge`, between from and to, can share the chunk with a
 * mapping of file (NULL: private) whose offset 0 would be at origin. A chunk is private or shows
 * one block. */
static bool edge_fits(const struct space *space, uint64_t from, uint64_t to,
                      const struct mapping *file, uint64_t origin)
{
    for (size_t i = region_index(space, from);
         from < to && i < space->region_count && space->regions[i].start < to; i++) {
        const struct region *other = &space->regions[i];
        bool shared = other->flags & REGION_SHARED;
        if (shared != (file != NULL) ||
            (shared && (other->file != file || other->start - other->offset != origin)))
            return false;
    }
    return true;
}

bool place_fits(const struct space *space, uint64_t start, uint64_t end,
                const struct mapping *shared_file, uint64_t offset)
{
    uint64_t origin = start - offset;
    return edge_fits(space, chunk_down(start), start, shared_file, origin) &&
           edge_fits(space, end, chunk_up(end), shared_file, origin);
}

int place_check_fixed(const struct space *space, uint64_t address, uint64_t length,
                      const struct mapping *shared_file, uint64_t offset)
{
    const char *why = NULL;
    if (shared_file && ((address - offset) & (CHUNK - 1)))
        why = "its address and file offset differ within 64 KiB";
    else if (!place_fits(space, address, address + length, shared_file, offset))
        why = "private and shared memory, or two files, would meet within 64 KiB";
    if (!why)
        return 0;
    host_log("mmap: a mapping at fixed address 0x%llx cannot be made: %s",
             (unsigned long long)address, why);
    return -L_ENOMEM;
}

/* Chunks of a shared mapping must be free: views cannot lie in reservations. */
static int carve_for_shared(struct space *space, uint64_t start, uint64_t end)
{
    for (uint64_t address = chunk_down(start); segment_next(space, &address) && address < end;
         address += CHUNK) {
        const struct chunk *chunk = chunk_find(space, address);
        if (chunk->kind != CHUNK_PRIVATE)
            continue;
        int error = chunk_carve(space, address);
        if (error)
            return error;
    }
    return 0;
}

/* What RLIMIT_DATA counts. */
static bool is_data(uint32_t prot, uint32_t flags)
{
    return (prot & L_PROT_WRITE) && !(flags & (REGION_SHARED | REGION_GROWSDOWN));
}

bool space_over_data(const struct space *space, uint64_t more)
{
    if (space->data_limit == UINT64_MAX)
        return false;
    uint64_t data = more;
    for (size_t i = 0; i < space->region_count; i++) {
        const struct region *region = &space->regions[i];
        if (is_data(region->prot, region->flags))
            data += region->end - region->start;
    }
    return data > space->data_limit;
}

static bool too_much(const struct space *space, uint64_t length, const struct region *region,
                     uint32_t flags)
{
    uint32_t prot = region->prot;
    if (space->mapped + length > space->address_limit ||
        (is_data(prot, region->flags) && space_over_data(space, length)))
        return true;
    uint64_t limit = memory_limit();
    bool charged = (prot & L_PROT_WRITE) && (flags & L_MAP_TYPE) == L_MAP_PRIVATE &&
                   !(flags & L_MAP_NORESERVE);
    return limit && charged && memory_used() + length > limit;
}

/* The address that mmap(2)'s rules give, or a negative errno. */
static int64_t choose_address(struct space *space, uint64_t address, uint64_t length,
                              uint32_t flags, struct mapping *file, uint64_t offset)
{
    bool shared = (flags & L_MAP_TYPE) != L_MAP_PRIVATE;
    if (flags & (L_MAP_FIXED | L_MAP_FIXED_NOREPLACE)) {
        if (address & (PAGE - 1))
            return -L_EINVAL;
        if (address < SPACE_MIN)
            return -L_EPERM; /* as below vm.mmap_min_addr */
        if (address + length > SPACE_END || address + length < address)
            return -L_ENOMEM;
        if ((flags & L_MAP_FIXED_NOREPLACE) && !place_is_free(space, address, address + length))
            return -L_EEXIST;
        int error = place_check_fixed(space, address, length, shared ? file : NULL, offset);
        if (!error)
            error = window_reach(space, address + length);
        return error ? error : (int64_t)address;
    }
    address = page_up(address);
    uint64_t wishes_end = max_u64(WISHES_END, window_limit(space));
    if (!shared && address >= SPACE_MIN && address + length <= wishes_end &&
        address + length > address && place_is_clear(space, address, address + length) &&
        place_fits(space, address, address + length, NULL, 0) &&
        window_grow(space, address + length))
        return (int64_t)address;
    return place_mapping(space, length, flags, file, offset);
}

static int64_t map_locked(struct space *space, uint64_t address, struct region *region,
                          uint64_t length, uint32_t flags, struct mapping ***files, size_t *count)
{
    if (too_much(space, length, region, flags))
        return -L_ENOMEM;
    int64_t place = choose_address(space, address, length, flags, region->file, region->offset);
    if (place < 0)
        return place;
    region->start = (uint64_t)place;
    region->end = region->start + length;
    int error = space_unmap_locked(space, region->start, region->end, files, count);
    if (!error && (region->flags & REGION_SHARED))
        error = carve_for_shared(space, region->start, region->end);
    if (!error)
        error = region_reserve(space, 1);
    if (error)
        return error;
    uint64_t end = region->end;
    region_insert(space, region);
    region_merge(space, (uint64_t)place, end);
    if (!region->file && length <= COMMIT_AT_ONCE)
        space_commit_small(space, (uint64_t)place, end);
    return place;
}

static int check_arguments(uint64_t *length, uint32_t flags, struct mapping *file, uint64_t offset)
{
    uint32_t type = flags & L_MAP_TYPE;
    if (type != L_MAP_PRIVATE && type != L_MAP_SHARED && type != L_MAP_SHARED_VALIDATE)
        return -L_EINVAL;
    if (*length == 0 || (offset & (PAGE - 1)))
        return -L_EINVAL;
    *length = page_up(*length);
    if (*length == 0 || *length > SPACE_END)
        return -L_ENOMEM;
    if (file && offset + *length < offset)
        return -L_EOVERFLOW;
    if (flags & L_MAP_HUGETLB)
        return -L_ENOMEM;
    return 0;
}

void space_populate(struct space *space, uint64_t start, uint64_t end, bool write)
{
    struct space_fault fault;
    enum space_access access = write ? SPACE_WRITE : SPACE_READ;
    for (uint64_t address = start; address < end && !memory_dying(); address += PAGE)
        if (!fault_supply_within(space, address, start, end, access, &fault))
            return;
}

int64_t space_mmap(struct space *space, uint64_t address, uint64_t length, uint32_t prot,
                   uint32_t flags, struct mapping *file, uint64_t offset)
{
    const uint32_t both = L_MAP_POPULATE | L_MAP_NONBLOCK;
    int error = check_arguments(&length, flags, file, offset);
    if (!error && (flags & L_MAP_LOCKED) && !atomic_load(&space->lock_limit))
        error = -L_EPERM;
    if (error)
        return error;
    bool shared = (flags & L_MAP_TYPE) != L_MAP_PRIVATE;
    struct mapping *made = NULL;
    if (shared && !file) {
        made = file = mapping_create_anonymous(length, "/dev/zero (deleted)");
        offset = 0;
        if (!made)
            return -L_ENOMEM;
    }
    struct region region = {.file = file,
                            .offset = file ? offset : 0,
                            .prot = prot & PROT_ALL,
                            .flags = (shared ? REGION_SHARED : 0) |
                                     (flags & L_MAP_GROWSDOWN && !file ? REGION_GROWSDOWN : 0) |
                                     (flags & L_MAP_NORESERVE ? REGION_NORESERVE : 0)};
    struct mapping **files = NULL;
    size_t count = 0;
    if (!shared)
        place_name(file);
    host_mutex_lock(&space->lock);
    bool locked = space->lock_future || (flags & L_MAP_LOCKED);
    bool eager = locked ? !space->lock_on_fault : (flags & both) == L_MAP_POPULATE;
    if (locked)
        region.flags |= REGION_LOCKED;
    int64_t result = locked && !space_may_lock(space, length) ? -L_EAGAIN : 0;
    if (!result)
        result = map_locked(space, address, &region, length, flags, &files, &count);
    host_mutex_unlock(&space->lock);
    region_put_files(files, count);
    if (made)
        mapping_put(made);
    if (result >= 0 && eager)
        space_populate(space, (uint64_t)result, (uint64_t)result + length, prot & L_PROT_WRITE);
    return result;
}

int space_munmap(struct space *space, uint64_t address, uint64_t length)
{
    if ((address & (PAGE - 1)) || length == 0 || length > SPACE_END || address > SPACE_END - length)
        return -L_EINVAL;
    struct mapping **files = NULL;
    size_t count = 0;
    host_mutex_lock(&space->lock);
    learn_from(space, address, address + page_up(length));
    int error = space_unmap_locked(space, address, address + page_up(length), &files, &count);
    host_mutex_unlock(&space->lock);
    region_put_files(files, count);
    return error;
}

void space_deny_write(struct space *space, uint64_t address, uint64_t length)
{
    uint64_t end = address + page_up(length);
    host_mutex_lock(&space->lock);
    if (region_reserve(space, 2) == 0) {
        region_split(space, address);
        region_split(space, end);
        for (size_t i = region_index(space, address);
             i < space->region_count && space->regions[i].start < end; i++)
            if (space->regions[i].flags & REGION_SHARED)
                space->regions[i].flags |= REGION_DENY_WRITE;
    }
    host_mutex_unlock(&space->lock);
}
