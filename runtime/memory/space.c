/* Address spaces: their windows, life and limits. */
#define HEAP_TIER HEAP_RESERVE /* as the pages it stands for */
#include "runtime/memory/space.h"
#include "runtime/host/heap.h"
#include "runtime/memory/internal.h"
#include <string.h>

static _Atomic uint64_t last_id;

void space_begin(struct space *space)
{
    host_mutex_init(&space->lock, RANK_SPACE);
    space->data_limit = space->address_limit = space->stack_limit = UINT64_MAX;
    space->lock_limit = UINT64_MAX;
    space->lock_future = space->lock_on_fault = false;
    space->private_end = WINDOW_FIRST;
    space->brk_start = space->brk = 0;
    space->fills_small = false;
    space->thread_count = 0;
    space->unknown_threads = false;
    space->id = atomic_fetch_add(&last_id, 1) + 1;
    atomic_init(&space->holds, 1);
    atomic_store(&space->refs, 1); /* now it can be found */
}

struct space *space_make(uint64_t limit)
{
    struct space *space = calloc(1, sizeof(*space));
    if (!space)
        return NULL;
    bool taken;
    do {
        taken = window_take(space, max_u64(WINDOW_FIRST, limit));
    } while (!taken && rest_release());
    if (!taken) {
        free(space);
        return NULL;
    }
    space_begin(space);
    return space;
}

struct space *space_create(void)
{
    return space_make(WINDOW_FIRST);
}

struct space *space_get(struct space *space)
{
    atomic_fetch_add(&space->refs, 1);
    return space;
}

/* Nothing refers to the window any more. */
void space_unhold(struct space *space)
{
    if (atomic_fetch_sub(&space->holds, 1) != 1)
        return;
    chunk_release_all(space);
    memory_uncharge(space->resident * PAGE);
    window_give_back(space);
    family_put(space->family);
    family_put(space->children);
    free(space->regions);
    free(space->threads);
    free(space);
}

/* Drops the origins' references of the whole window: what dependants still need stays. */
static void leave_origins(struct space *space)
{
    struct segment *segment;
    for (uint64_t base = 0; (segment = segment_next(space, &base)); base += SEGMENT) {
        for (unsigned i = 0; i < SEGMENT_CHUNKS; i++) {
            struct chunk *chunk = &segment->chunks[i];
            if (chunk->kind == CHUNK_VIEW || !chunk->origin)
                continue;
            struct origin *origin = chunk->origin;
            chunk->origin = NULL;
            chunk->kept = chunk->pending = 0;
            origin_put(origin);
        }
    }
}

void space_put(struct space *space)
{
    if (!space || atomic_fetch_sub(&space->refs, 1) != 1)
        return;
    rest_end(space->children);
    bool rests = rest_is_wanted(space);
    if (rests && space->codeview)
        space->rest_code(space->codeview);
    else if (space->codeview)
        space->destroy_code(space->codeview);
    struct mapping **files = NULL;
    size_t count = 0;
    region_remove(space, 0, window_limit(space), &files, &count);
    leave_origins(space);
    region_put_files(files, count);
    if (rests && rest_keep(space))
        return;
    if (rests && space->codeview)
        space->destroy_code(space->codeview);
    space_unhold(space);
}

uint64_t space_base(const struct space *space)
{
    return space->base;
}

uint64_t space_limit(const struct space *space)
{
    return window_limit(space);
}

uint64_t space_id(const struct space *space)
{
    return space->id;
}

void space_set_data_limit(struct space *space, uint64_t bytes)
{
    host_mutex_lock(&space->lock);
    space->data_limit = bytes;
    host_mutex_unlock(&space->lock);
}

void space_set_address_limit(struct space *space, uint64_t bytes)
{
    host_mutex_lock(&space->lock);
    space->address_limit = bytes;
    host_mutex_unlock(&space->lock);
}

void space_drop_code(struct space *space, uint64_t start, uint64_t end)
{
    if (space->codeview)
        space->drop_code(space->codeview, start, end);
}
