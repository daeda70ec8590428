/* What others are told of an address space: its regions, its size, the key of a word. */
#define HEAP_TIER HEAP_RESERVE /* as the pages it stands for */
#include "runtime/host/heap.h"
#include "runtime/memory/internal.h"
#include <string.h>

static uint64_t resident_in(const struct space *space, uint64_t start, uint64_t end)
{
    uint64_t pages = 0;
    for (uint64_t address = chunk_down(start); segment_next(space, &address) && address < end;
         address += CHUNK) {
        const struct chunk *chunk = chunk_find(space, address);
        pages += page_count((chunk->present | chunk->pending) & page_mask(address, start, end));
    }
    return pages * PAGE;
}

/* The regions as they are now, with references to their files, and what is resident of each. */
static struct region *take_copy(struct space *space, size_t *count)
{
    host_mutex_lock(&space->lock);
    *count = space->region_count;
    struct region *copy = malloc((*count + 1) * sizeof(*copy));
    for (size_t i = 0; copy && i < *count; i++) {
        copy[i] = space->regions[i];
        copy[i].step = resident_in(space, copy[i].start, copy[i].end);
        if (copy[i].file)
            mapping_get(copy[i].file);
    }
    host_mutex_unlock(&space->lock);
    return copy;
}

int space_describe(struct space *space, int (*fn)(void *arg, const struct space_region *region),
                   void *arg)
{
    size_t count;
    struct region *copy = take_copy(space, &count);
    int result = copy ? 0 : -L_ENOMEM;
    for (size_t i = 0; copy && i < count; i++) {
        char name[4096] = "";
        struct mapping *file = copy[i].file;
        struct space_region region = {.start = copy[i].start,
                                      .end = copy[i].end,
                                      .prot = copy[i].prot,
                                      .shared = copy[i].flags & REGION_SHARED,
                                      .offset = copy[i].offset,
                                      .resident = copy[i].step,
                                      .name = copy[i].name ? copy[i].name : name};
        if (!result && file) {
            if (!copy[i].name && file->ops->name)
                file->ops->name(file, name, sizeof(name));
            if (file->ops->identity)
                file->ops->identity(file, &region.device, &region.inode);
        }
        if (!result)
            result = fn(arg, &region);
        if (file)
            mapping_put(file);
    }
    free(copy);
    return result;
}

void space_usage(struct space *space, struct space_usage *usage)
{
    memset(usage, 0, sizeof(*usage));
    host_mutex_lock(&space->lock);
    for (size_t i = 0; i < space->region_count; i++) {
        const struct region *region = &space->regions[i];
        uint64_t size = region->end - region->start;
        uint64_t resident = resident_in(space, region->start, region->end);
        usage->mapped += size;
        usage->resident += resident;
        if (region->flags & REGION_SHARED)
            usage->shared += resident;
        else if (region->prot & L_PROT_WRITE)
            usage->data += size;
        if (region->prot & L_PROT_EXEC)
            usage->text += size;
        if (region->flags & REGION_LOCKED)
            usage->locked += size;
        if (region->name && strcmp(region->name, "[stack]") == 0)
            usage->stack += size;
    }
    usage->brk_start = space->brk_start;
    usage->brk = space->brk;
    host_mutex_unlock(&space->lock);
}

int space_key(struct space *space, uint64_t address, struct space_key *key)
{
    int error = -L_EFAULT;
    host_mutex_lock(&space->lock);
    const struct region *region = address < SPACE_END ? region_at(space, address) : NULL;
    if (region) {
        bool shared = region->flags & REGION_SHARED;
        key->object = shared ? region->file->id | (uint64_t)1 << 63 : space->id;
        key->offset = shared ? region->offset + (address - region->start) : address;
        error = 0;
    }
    host_mutex_unlock(&space->lock);
    return error;
}
