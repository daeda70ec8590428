/* Address spaces: their windows, life and limits. */
#define HEAP_TIER HEAP_RESERVE /* as the pages it stands for */
#include "runtime/memory/space.h"
#include "runtime/host/heap.h"
#include "runtime/memory/internal.h"
#include <string.h>

/* Where windows lie in the host's addresses. */
#define SLOTS_START ((uint64_t)0x200000000000)
#define SLOTS_END   ((uint64_t)0x600000000000)
#define SLOTS       ((unsigned)((SLOTS_END - SLOTS_START) / WINDOW_SIZE))

static struct host_mutex list_lock = HOST_MUTEX_INIT(RANK_SPACES);
static struct space *list;
static uint64_t slot_used[SLOTS / 64];
static unsigned slot_next;
static uint64_t next_id = 1;

/* The program itself and its heap may lie in the range of the windows (Linux puts position
 * independent programs there). In the guard at the end of a window is the table of the next. */
static bool slot_is_free(unsigned slot)
{
    uint64_t base = SLOTS_START + slot * WINDOW_SIZE;
    return !(slot_used[slot / 64] >> (slot % 64) & 1) &&
           host_address_free(base - WINDOW_GUARD, WINDOW_SIZE);
}

/* A window just left is not the next to be used: a stale pointer shall fault. */
static int take_slot(void)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        unsigned slot = (slot_next + i) % SLOTS;
        if (!slot_is_free(slot))
            continue;
        slot_used[slot / 64] |= (uint64_t)1 << (slot % 64);
        slot_next = slot + 1;
        return (int)slot;
    }
    return -1;
}

void space_begin(struct space *space)
{
    host_mutex_init(&space->lock, RANK_SPACE);
    space->data_limit = space->address_limit = space->stack_limit = UINT64_MAX;
    space->lock_limit = UINT64_MAX;
    space->lock_future = space->lock_on_fault = false;
    space->private_end = HIGH_END;
    space->brk_start = space->brk = 0;
    space->fills_small = false;
    space->thread_count = 0;
    space->unknown_threads = false;
    atomic_init(&space->refs, 1);
    atomic_init(&space->holds, 1);
    host_mutex_lock(&list_lock);
    space->id = next_id++;
    space->previous = NULL;
    space->next = list;
    if (list)
        list->previous = space;
    list = space;
    host_mutex_unlock(&list_lock);
}

struct space *space_create(void)
{
    struct space *space = calloc(1, sizeof(*space));
    if (!space)
        return NULL;
    int slot;
    do {
        host_mutex_lock(&list_lock);
        slot = take_slot();
        host_mutex_unlock(&list_lock);
    } while (slot < 0 && rest_release());
    if (slot < 0) {
        free(space);
        return NULL;
    }
    space->slot = (unsigned)slot;
    space->base = SLOTS_START + space->slot * WINDOW_SIZE;
    space_begin(space);
    return space;
}

struct space *space_get(struct space *space)
{
    atomic_fetch_add(&space->refs, 1);
    return space;
}

static void leave_list(struct space *space)
{
    host_mutex_lock(&list_lock);
    if (space->next)
        space->next->previous = space->previous;
    if (space->previous)
        space->previous->next = space->next;
    else
        list = space->next;
    host_mutex_unlock(&list_lock);
}

/* Nothing refers to the window any more. */
void space_unhold(struct space *space)
{
    if (atomic_fetch_sub(&space->holds, 1) != 1)
        return;
    chunk_release_all(space);
    memory_uncharge(space->resident * PAGE);
    host_mutex_lock(&list_lock);
    slot_used[space->slot / 64] &= ~((uint64_t)1 << (space->slot % 64));
    host_mutex_unlock(&list_lock);
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
    leave_list(space);
    rest_end(space->children);
    bool rests = rest_is_wanted(space);
    if (rests && space->codeview)
        space->rest_code(space->codeview);
    else if (space->codeview)
        space->destroy_code(space->codeview);
    struct mapping **files = NULL;
    size_t count = 0;
    region_remove(space, 0, WINDOW_SIZE, &files, &count);
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
    (void)space;
    return WINDOW_LIMIT;
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

/* A reference unless the last one is already gone. */
static bool try_get(struct space *space)
{
    uint32_t refs = atomic_load(&space->refs);
    while (refs)
        if (atomic_compare_exchange_weak(&space->refs, &refs, refs + 1))
            return true;
    return false;
}

void space_for_each(void (*fn)(struct space *space, void *arg), void *arg)
{
    struct space *spaces[SLOTS];
    size_t count = 0;
    host_mutex_lock(&list_lock);
    for (struct space *space = list; space; space = space->next)
        if (try_get(space))
            spaces[count++] = space;
    host_mutex_unlock(&list_lock);
    for (size_t i = 0; i < count; i++) {
        fn(spaces[i], arg);
        space_put(spaces[i]);
    }
}
