/* The list of regions: finding, cutting, joining. */
#define HEAP_TIER HEAP_RESERVE /* as the pages it stands for */
#include "runtime/host/heap.h"
#include "runtime/memory/internal.h"
#include <string.h>

/* Linux's vm.max_map_count. */
#define REGIONS_MAX 65530

static void shown(struct mapping *file, bool more)
{
    atomic_fetch_add(&file->mapped, more ? 1u : UINT32_MAX);
    if (file->ops->shown)
        file->ops->shown(file, more);
}

static void get_file(const struct region *region)
{
    if (!region->file)
        return;
    mapping_get(region->file);
    shown(region->file, true);
}

size_t region_index(const struct space *space, uint64_t address)
{
    size_t low = 0, high = space->region_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (space->regions[middle].end > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

struct region *region_at(const struct space *space, uint64_t address)
{
    size_t i = region_index(space, address);
    if (i == space->region_count || space->regions[i].start > address)
        return NULL;
    return &space->regions[i];
}

int region_reserve(struct space *space, size_t n)
{
    if (space->region_count + n > REGIONS_MAX)
        return -L_ENOMEM;
    if (space->region_count + n <= space->region_room)
        return 0;
    size_t room = space->region_room * 2 + n + 16;
    struct region *regions = realloc(space->regions, room * sizeof(*regions));
    if (!regions)
        return -L_ENOMEM;
    space->regions = regions;
    space->region_room = room;
    return 0;
}

static struct region *open_gap(struct space *space, size_t i)
{
    memmove(&space->regions[i + 1], &space->regions[i],
            (space->region_count - i) * sizeof(struct region));
    space->region_count++;
    return &space->regions[i];
}

void region_split(struct space *space, uint64_t address)
{
    size_t i = region_index(space, address);
    if (i == space->region_count || space->regions[i].start >= address)
        return;
    struct region *low = open_gap(space, i);
    struct region *high = low + 1;
    *low = *high;
    low->end = address;
    high->start = address;
    if (high->file) {
        high->offset += address - low->start;
        get_file(high);
    }
}

void region_insert(struct space *space, const struct region *region)
{
    size_t i = region_index(space, region->start);
    *open_gap(space, i) = *region;
    get_file(region);
    space->mapped += region->end - region->start;
    space->sequence++;
}

void region_remove(struct space *space, uint64_t start, uint64_t end, struct mapping ***files,
                   size_t *count)
{
    size_t first = region_index(space, start), last = first;
    size_t with_file = 0;
    while (last < space->region_count && space->regions[last].start < end)
        with_file += space->regions[last++].file != NULL;
    if (first == last)
        return;
    if (with_file) {
        /* Not refused: it is to give memory back. */
        struct mapping **more =
            heap_resize(HEAP_ALWAYS, *files, (*count + with_file) * sizeof(**files));
        if (more)
            *files = more;
        for (size_t i = first; i < last; i++) {
            struct mapping *file = space->regions[i].file;
            if (!file)
                continue;
            shown(file, false);
            /* Without memory for the list the reference leaks, which harms nobody else. */
            if (more)
                (*files)[(*count)++] = file;
        }
    }
    for (size_t i = first; i < last; i++)
        space->mapped -= space->regions[i].end - space->regions[i].start;
    memmove(&space->regions[first], &space->regions[last],
            (space->region_count - last) * sizeof(struct region));
    space->region_count -= last - first;
    space->sequence++;
}

void region_put_files(struct mapping **files, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mapping_put(files[i]);
    free(files);
}

static bool alike(const struct region *low, const struct region *high)
{
    return low->end == high->start && low->file == high->file && low->prot == high->prot &&
           low->flags == high->flags && low->name == high->name &&
           (!low->file || low->offset + (low->end - low->start) == high->offset);
}

void region_merge(struct space *space, uint64_t start, uint64_t end)
{
    size_t i = region_index(space, start ? start - 1 : 0);
    while (i + 1 < space->region_count && space->regions[i].start <= end) {
        struct region *low = &space->regions[i], *high = low + 1;
        if (!alike(low, high)) {
            i++;
            continue;
        }
        if (high->file) { /* low keeps one */
            shown(high->file, false);
            atomic_fetch_sub(&high->file->refs, 1);
        }
        low->end = high->end;
        memmove(high, high + 1, (space->region_count - i - 2) * sizeof(struct region));
        space->region_count--;
    }
}

bool region_covers(const struct space *space, uint64_t start, uint64_t end)
{
    for (size_t i = region_index(space, start); start < end; i++) {
        if (i == space->region_count || space->regions[i].start > start)
            return false;
        start = space->regions[i].end;
    }
    return true;
}
