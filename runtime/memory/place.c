/* Where in the window there is room. */
#include "runtime/host/random.h"
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

/* The same file gets the same address in every space: given out in the order of first use. */
#define PREFERENCES 4096
static struct {
    uint64_t id, address, length;
} preferences[PREFERENCES];
static struct host_mutex preference_lock = HOST_MUTEX_INIT(RANK_PREFERENCES);
static uint64_t preference_next;

static uint64_t preferred(uint64_t id, uint64_t length)
{
    host_mutex_lock(&preference_lock);
    size_t i = (id * 0x9e3779b97f4a7c15) >> 52;
    uint64_t address = 0;
    if (preferences[i].id == id && preferences[i].length >= length) {
        address = preferences[i].address;
    } else {
        if (!preference_next)
            preference_next = LOW_START + chunk_down(host_random_u64() % (LOW_START));
        uint64_t room = chunk_up(length) + CHUNK;
        if (preference_next + room > LOW_END)
            preference_next = LOW_START;
        address = preference_next;
        preference_next += room;
        preferences[i].id = id;
        preferences[i].address = address;
        preferences[i].length = length;
    }
    host_mutex_unlock(&preference_lock);
    return address;
}

/* Big files would crowd out the programs. */
#define LOW_FILE_MAX ((uint64_t)256 << 20)

static uint64_t place_file(const struct space *space, uint64_t length, struct mapping *file)
{
    if (length > LOW_FILE_MAX)
        return 0;
    uint64_t address = preferred(file->id, length);
    if (place_is_clear(space, address, address + length) &&
        place_fits(space, address, address + length, NULL, 0))
        return address;
    return place_find_up(space, LOW_START, LOW_END, length, CHUNK, 0);
}

int64_t place_mapping(struct space *space, uint64_t length, uint32_t flags, struct mapping *file,
                      uint64_t offset)
{
    uint64_t address = 0;
    bool shared = (flags & L_MAP_TYPE) != L_MAP_PRIVATE;
    if (length > WINDOW_LIMIT)
        return -L_ENOMEM;
    if (shared) {
        /* Whole chunks of its own, congruent to the offset. */
        uint64_t within = offset & (CHUNK - 1);
        uint64_t low = flags & L_MAP_32BIT ? LOW_START : SHARED_START;
        uint64_t high = flags & L_MAP_32BIT ? LOW_END : SHARED_END;
        address = place_find_up(space, low, high, chunk_up(within + length), CHUNK, 0);
        return address ? (int64_t)(address + within) : -L_ENOMEM;
    }
    if (flags & L_MAP_32BIT)
        address = place_find_up(space, LOW_START, LOW_END, length, CHUNK, 0);
    else if (file)
        address = place_file(space, length, file);
    uint64_t align = length >= CHUNK ? CHUNK : PAGE;
    if (!address && !(flags & L_MAP_32BIT))
        address = find_down(space, HIGH_START, space->private_end, length, align);
    /* Rather no room for the stack than none at all. */
    if (!address && !(flags & L_MAP_32BIT))
        address = find_down(space, HIGH_START, HIGH_END, length, align);
    return address ? (int64_t)address : -L_ENOMEM;
}

int64_t space_place(struct space *space, struct mapping *file, uint64_t length)
{
    length = page_up(length);
    if (length == 0 || length > WINDOW_LIMIT)
        return -L_ENOMEM;
    host_mutex_lock(&space->lock);
    uint64_t address = place_file(space, length, file);
    host_mutex_unlock(&space->lock);
    return address ? (int64_t)address : -L_ENOMEM;
}
