/* Where in the window there is room. */
#include "runtime/host/hash.h"
#include "runtime/memory/internal.h"

bool place_is_free(const struct space *space, uint64_t start, uint64_t end)
{
    size_t i = region_index(space, start);
    return i == space->region_count || space->regions[i].start >= end;
}

bool place_is_clear(const struct space *space, uint64_t start, uint64_t end)
{
    size_t i = region_index(space, start);
    return i == space->region_count || region_floor(&space->regions[i]) >= end;
}

/* Where a mapping that is placed cannot lie: a chunk that shows a file's block has no room for
 * anything else. */
static uint64_t taken_from(const struct region *region)
{
    return region->flags & REGION_SHARED ? chunk_down(region->start) : region_floor(region);
}

static uint64_t taken_to(const struct region *region)
{
    return region->flags & REGION_SHARED ? chunk_up(region->end) : region->end;
}

/* The lowest free address in [low, high) that is `remainder` modulo align, or 0. */
uint64_t place_find_up(const struct space *space, uint64_t low, uint64_t high, uint64_t length,
                       uint64_t align, uint64_t remainder)
{
    uint64_t at = low;
    for (size_t i = region_index(space, low);; i++) {
        at = ((at - remainder + align - 1) & ~(align - 1)) + remainder;
        if (at + length > high || at + length < at)
            return 0;
        if (i == space->region_count || taken_from(&space->regions[i]) >= at + length)
            return at;
        at = max_u64(at, taken_to(&space->regions[i]));
    }
}

/* The highest. */
static uint64_t find_down(const struct space *space, uint64_t low, uint64_t high, uint64_t length,
                          uint64_t align)
{
    uint64_t end = high;
    size_t i = region_index(space, high);
    if (i < space->region_count)
        end = min_u64(end, taken_from(&space->regions[i]));
    for (;; i--) {
        if (end < low + length)
            return 0;
        uint64_t at = (end - length) & ~(align - 1);
        if (at < low)
            return 0;
        if (i == 0 || taken_to(&space->regions[i - 1]) <= at)
            return at;
        end = min_u64(end, taken_from(&space->regions[i - 1]));
    }
}

/* The same file gets the same address in every space, and in every run with the same seed: it is
 * made from the file's name. The next of them is for where something else lies. */
#define PREFERENCES 4
static uint64_t seed;

void space_place_seed(uint64_t value)
{
    seed = value;
}

void place_name(struct mapping *file)
{
    char name[512] = "";
    if (!file || atomic_load(&file->place))
        return;
    if (file->ops->name)
        file->ops->name(file, name, sizeof(name));
    uint64_t hash = FNV_START;
    for (const char *c = name[0] ? name : "?"; *c; c++)
        hash = (hash ^ (uint8_t)*c) * FNV_FACTOR;
    atomic_store(&file->place, hash | 1);
}

static uint64_t preferred(const struct mapping *file, uint64_t length, unsigned which)
{
    uint64_t hash = (atomic_load(&file->place) ^ seed) + which * HASH_FACTOR;
    hash = (hash ^ hash >> 31) * HASH_FACTOR;
    hash ^= hash >> 32;
    uint64_t places = (LOW_END - LOW_START - chunk_up(length)) / CHUNK;
    return LOW_START + hash % places * CHUNK;
}

/* Big files would crowd out the programs. */
#define LOW_FILE_MAX ((uint64_t)256 << 20)

static uint64_t place_file(const struct space *space, uint64_t length, struct mapping *file)
{
    if (length > LOW_FILE_MAX)
        return 0;
    for (unsigned i = 0; i < PREFERENCES; i++) {
        uint64_t address = preferred(file, length, i);
        if (place_is_clear(space, address, address + length) &&
            place_fits(space, address, address + length, NULL, 0))
            return address;
    }
    return place_find_up(space, LOW_START, LOW_END, length, CHUNK, 0);
}

/* A window that has to grow for the mapping gets room for it above all that is there. */
static uint64_t grow_for(struct space *space, uint64_t length)
{
    uint64_t limit = window_limit(space);
    if (length > SPACE_END - limit || window_reach(space, limit + length))
        return 0;
    return limit;
}

static uint64_t place_shared(struct space *space, uint64_t size)
{
    uint64_t address = place_find_up(space, SHARED_START, window_limit(space), size, CHUNK, 0);
    return address ? address : grow_for(space, size);
}

static uint64_t place_private(struct space *space, uint64_t length, uint64_t align)
{
    uint64_t address = find_down(space, SHARED_START, space->private_end, length, align);
    if (!address)
        address = find_down(space, WINDOW_FIRST, window_limit(space), length, align);
    if (!address && grow_for(space, length))
        address = find_down(space, WINDOW_FIRST, window_limit(space), length, align);
    /* Rather no room for the stack than none at all. */
    return address ? address : find_down(space, SHARED_START, WINDOW_FIRST, length, align);
}

int64_t place_mapping(struct space *space, uint64_t length, uint32_t flags, struct mapping *file,
                      uint64_t offset)
{
    uint64_t address = 0;
    bool shared = (flags & L_MAP_TYPE) != L_MAP_PRIVATE;
    if (shared) {
        /* Whole chunks of its own, congruent to the offset. */
        uint64_t within = offset & (CHUNK - 1);
        uint64_t size = chunk_up(within + length);
        if (flags & L_MAP_32BIT)
            address = place_find_up(space, LOW_START, LOW_END, size, CHUNK, 0);
        else
            address = place_shared(space, size);
        return address ? (int64_t)(address + within) : -L_ENOMEM;
    }
    if (flags & L_MAP_32BIT)
        address = place_find_up(space, LOW_START, LOW_END, length, CHUNK, 0);
    else if (file)
        address = place_file(space, length, file);
    uint64_t align = length >= CHUNK ? CHUNK : PAGE;
    if (!address && !(flags & L_MAP_32BIT))
        address = place_private(space, length, align);
    return address ? (int64_t)address : -L_ENOMEM;
}

int64_t space_place(struct space *space, struct mapping *file, uint64_t length)
{
    length = page_up(length);
    if (length == 0 || length > SPACE_END)
        return -L_ENOMEM;
    place_name(file);
    host_mutex_lock(&space->lock);
    uint64_t address = place_file(space, length, file);
    host_mutex_unlock(&space->lock);
    return address ? (int64_t)address : -L_ENOMEM;
}
