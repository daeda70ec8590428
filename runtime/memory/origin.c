/* Pages that a fork left with the parent until one of both writes. */
#define HEAP_PLAIN /* contents are charged by their pages */
#include "runtime/host/heap.h"
#include "runtime/memory/internal.h"
#include <string.h>

static uint64_t origin_bytes(uint16_t pages)
{
    return page_count(pages) * PAGE;
}

void origin_put(struct origin *origin)
{
    if (atomic_fetch_sub(&origin->refs, 1) != 1)
        return;
    struct space *owner = origin->owner;
    if (!owner) {
        free(origin->data);
        memory_uncharge(origin_bytes(origin->pages));
    }
    heap_free(origin);
    if (owner)
        space_unhold(owner);
}

static struct origin *origin_create(struct space *owner, uint8_t *data, uint16_t pages)
{
    struct origin *origin = heap_alloc(HEAP_RESERVE, sizeof(*origin));
    if (!origin)
        return NULL;
    host_mutex_init(&origin->lock, RANK_ORIGIN);
    atomic_init(&origin->refs, 1);
    origin->owner = owner;
    origin->data = data;
    origin->pages = pages;
    atomic_fetch_add(&owner->holds, 1);
    return origin;
}

/* To zeroed memory: pages of zeros need none behind them. */
static void copy_pages(uint8_t *to, const uint8_t *from, uint16_t pages)
{
    for (unsigned page = 0; page < CHUNK_PAGES; page++)
        if ((pages & (1u << page)) && !page_is_zero(from + page * PAGE))
            memcpy(to + page * PAGE, from + page * PAGE, PAGE);
}

/* The dependants get a copy; the owner has nothing to do with the origin any more but its
 * reference. */
static int detach(struct origin *origin)
{
    uint8_t *copy = calloc(1, CHUNK);
    if (!copy)
        return -L_ENOMEM;
    if (!memory_charge(origin_bytes(origin->pages))) {
        free(copy);
        return -L_ENOMEM;
    }
    host_mutex_lock(&origin->lock);
    struct space *owner = origin->owner;
    copy_pages(copy, origin->data, origin->pages);
    origin->data = copy;
    origin->owner = NULL;
    host_mutex_unlock(&origin->lock);
    space_unhold(owner);
    return 0;
}

int origin_release(struct space *space, struct chunk *chunk)
{
    (void)space;
    if (!chunk->kept)
        return 0;
    struct origin *origin = chunk->origin;
    if (atomic_load(&origin->refs) > 1) {
        int error = detach(origin);
        if (error)
            return error;
    }
    origin_learn(chunk);
    chunk->kept = 0;
    chunk->origin = NULL;
    origin_put(origin);
    return 0;
}

void origin_forget(struct space *space, struct chunk *chunk, uint16_t pages)
{
    (void)space;
    if (!(chunk->pending & pages))
        return;
    chunk->pending &= (uint16_t)~pages;
    if (!chunk->pending) {
        origin_put(chunk->origin);
        chunk->origin = NULL;
    }
}

/* Pages whose host protection lets nobody read cannot be left in place. */
static int open_for_dependants(struct space *space, struct chunk *chunk, uint64_t address,
                               uint16_t pages)
{
    if ((pages & chunk->readable) == pages)
        return 0;
    return pages_open(space, chunk, address);
}

void origin_learn(struct chunk *chunk)
{
    if (chunk->kept)
        chunk->hot |= atomic_load(&chunk->origin->touched);
}

int origin_share(struct space *parent, struct chunk *chunk, uint64_t address, uint16_t pages,
                 struct origin **out)
{
    *out = NULL;
    /* An origin for all of them: what came since the last fork is not in the old one. */
    if ((chunk->pending & pages) && (chunk->present & pages)) {
        int error = origin_pull(parent, chunk, address);
        if (error)
            return error;
    }
    if (chunk->pending & pages) {
        atomic_fetch_add(&chunk->origin->refs, 1);
        *out = chunk->origin;
        return 0;
    }
    pages &= chunk->present;
    if (!pages)
        return 0;
    bool last = chunk->kept && atomic_load(&chunk->origin->refs) == 1;
    if (chunk->kept && (pages & ~chunk->kept || (last && pages != chunk->origin->pages))) {
        int error = origin_release(parent, chunk);
        if (error)
            return error;
    }
    bool unreadable = (pages & chunk->readable) != pages;
    int error = open_for_dependants(parent, chunk, address, pages);
    if (error)
        return error;
    if (!chunk->kept) {
        chunk->origin = origin_create(parent, host_pointer(parent, chunk_down(address)), pages);
        if (!chunk->origin)
            return -L_ENOMEM;
        chunk->kept = pages;
    }
    struct origin *origin = chunk->origin;
    atomic_fetch_add(&origin->refs, 1);
    if (unreadable && (error = origin_release(parent, chunk))) {
        origin_put(origin);
        return error;
    }
    *out = origin;
    return 0;
}

/* Pages of [first, end) of one region, contents from data (of the chunk). */
static int pull_run(struct space *space, const struct region *region, uint64_t start, uint64_t end,
                    const uint8_t *data)
{
    uint64_t chunk = chunk_down(start);
    if (threads_are_alone(space))
        return pages_fill(space, region, start, end, data + (start - chunk));
    while (start < end) {
        uint64_t stop = start + PAGE;
        bool zero = page_is_zero(data + (start - chunk));
        while (stop < end && page_is_zero(data + (stop - chunk)) == zero)
            stop += PAGE;
        int error = pages_fill(space, region, start, stop, zero ? NULL : data + (start - chunk));
        if (error)
            return error;
        start = stop;
    }
    return 0;
}

int origin_pull(struct space *space, struct chunk *chunk, uint64_t address)
{
    struct origin *origin = chunk->origin;
    uint16_t pages = chunk->pending;
    uint64_t base = chunk_down(address);
    int error = 0;
    if (!pages)
        return 0;
    /* pages_fill leaves pending pages alone. */
    chunk->pending = 0;
    chunk->origin = NULL;
    host_mutex_lock(&origin->lock);
    for (size_t i = region_index(space, base);
         i < space->region_count && space->regions[i].start < base + CHUNK && !error; i++) {
        const struct region *region = &space->regions[i];
        uint32_t left = page_mask(base, max_u64(region->start, base), region->end) & pages;
        while (left && !error) {
            unsigned first = (unsigned)__builtin_ctz(left);
            unsigned count = (unsigned)__builtin_ctz(~(left >> first));
            uint16_t some = (uint16_t)(((1u << count) - 1) << first);
            error = pull_run(space, region, base + first * PAGE, base + (first + count) * PAGE,
                             origin->data);
            left &= ~(uint32_t)some;
            if (error)
                break;
            pages &= (uint16_t)~some;
            /* They may differ from the file, whatever protection they have. */
            chunk->written |= some;
        }
    }
    host_mutex_unlock(&origin->lock);
    if (error) { /* what is left is still to come */
        chunk->pending = pages & (uint16_t)~chunk->present;
        chunk->origin = origin;
        return error;
    }
    origin_put(origin);
    return 0;
}
