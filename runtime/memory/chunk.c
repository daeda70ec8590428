/* Chunks, the 64 KiB in which the host maps, and the segments of their table. */
#define HEAP_TIER HEAP_RESERVE /* as the pages it stands for */
#include "runtime/host/heap.h"
#include "runtime/memory/internal.h"
#include <string.h>

static unsigned chunk_number(uint64_t address)
{
    return (unsigned)(address >> CHUNK_SHIFT) & (SEGMENT_CHUNKS - 1);
}

struct segment *segment_find(const struct space *space, uint64_t address)
{
    size_t index = address >> DIRECTORY_SHIFT;
    struct segment **directory = index < space->directory_count ? space->directories[index] : NULL;
    return directory ? directory[(address >> SEGMENT_SHIFT) & (DIRECTORY - 1)] : NULL;
}

static bool make_directories(struct space *space, size_t count)
{
    if (count <= space->directory_count)
        return true;
    struct segment ***more = realloc(space->directories, count * sizeof(*more));
    if (!more)
        return false;
    memset(more + space->directory_count, 0, (count - space->directory_count) * sizeof(*more));
    space->directories = more;
    space->directory_count = count;
    return true;
}

struct segment *segment_make(struct space *space, uint64_t address)
{
    if (!make_directories(space, (address >> DIRECTORY_SHIFT) + 1))
        return NULL;
    struct segment ***directory = &space->directories[address >> DIRECTORY_SHIFT];
    if (!*directory && !(*directory = calloc(DIRECTORY, sizeof(**directory))))
        return NULL;
    struct segment **segment = &(*directory)[(address >> SEGMENT_SHIFT) & (DIRECTORY - 1)];
    if (!*segment)
        *segment = calloc(1, sizeof(**segment));
    return *segment;
}

struct segment *segment_next(const struct space *space, uint64_t *address)
{
    size_t index;
    while ((index = *address >> DIRECTORY_SHIFT) < space->directory_count) {
        struct segment *segment = segment_find(space, *address);
        if (segment)
            return segment;
        uint64_t shift = space->directories[index] ? SEGMENT_SHIFT : DIRECTORY_SHIFT;
        *address = ((*address >> shift) + 1) << shift;
    }
    return NULL;
}

struct chunk *chunk_find(const struct space *space, uint64_t address)
{
    struct segment *segment = segment_find(space, address);
    return segment ? &segment->chunks[chunk_number(address)] : NULL;
}

struct chunk *chunk_make(struct space *space, uint64_t address)
{
    struct segment *segment = segment_make(space, address);
    return segment ? &segment->chunks[chunk_number(address)] : NULL;
}

static int reserve_run(struct space *space, struct segment *segment, uint64_t base, unsigned first,
                       unsigned end)
{
    uint64_t out;
    if (host_reserve(space->base + base + first * CHUNK, (end - first) * CHUNK, &out))
        return -L_ENOMEM;
    segment->starts[first] = 1;
    for (unsigned i = first; i < end; i++)
        segment->chunks[i].kind = CHUNK_PRIVATE;
    return 0;
}

/* Free chunks [first, end) of a segment become private. Without views in the segment the whole
 * free run around them is reserved at once. */
static int reserve_in_segment(struct space *space, uint64_t base, unsigned first, unsigned end)
{
    struct segment *segment = segment_make(space, base);
    if (!segment)
        return -L_ENOMEM;
    for (unsigned i = first; i < end;) {
        if (segment->chunks[i].kind != CHUNK_FREE) {
            i++;
            continue;
        }
        unsigned low = i, high = i + 1, limit = segment->views ? end : SEGMENT_CHUNKS;
        while (!segment->views && low > 0 && segment->chunks[low - 1].kind == CHUNK_FREE)
            low--;
        while (high < limit && segment->chunks[high].kind == CHUNK_FREE)
            high++;
        int error = reserve_run(space, segment, base, low, high);
        if (error)
            return error;
        i = high;
    }
    return 0;
}

int chunk_reserve(struct space *space, uint64_t start, uint64_t end)
{
    while (start < end) {
        uint64_t base = start & ~(SEGMENT - 1);
        uint64_t stop = min_u64(end, base + SEGMENT);
        int error = reserve_in_segment(space, base, chunk_number(start),
                                       (unsigned)((stop - base + CHUNK - 1) >> CHUNK_SHIFT));
        if (error)
            return error;
        start = stop;
    }
    return 0;
}

/* What is present in a reservation, while it is taken down and put up again. */
struct saved {
    uint8_t *data;
    unsigned first, end; /* chunks */
};

static int save(struct space *space, struct segment *segment, uint64_t base, struct saved *saved)
{
    /* For a moment, and a segment at most. */
    saved->data = heap_alloc(HEAP_ALWAYS, (size_t)(saved->end - saved->first) * CHUNK);
    if (!saved->data)
        return -L_ENOMEM;
    for (unsigned i = saved->first; i < saved->end; i++) {
        struct chunk *chunk = &segment->chunks[i];
        uint64_t address = base + i * CHUNK;
        int error = pages_open(space, chunk, address);
        if (error) {
            free(saved->data);
            return error;
        }
        for (unsigned page = 0; page < CHUNK_PAGES; page++)
            if (chunk->present & (1u << page))
                memcpy(saved->data + (i - saved->first) * CHUNK + page * PAGE,
                       host_pointer(space, address + page * PAGE), PAGE);
    }
    return 0;
}

static int restore(struct space *space, struct segment *segment, uint64_t base,
                   const struct saved *saved)
{
    int error = 0;
    for (unsigned i = saved->first; i < saved->end; i++) {
        struct chunk *chunk = &segment->chunks[i];
        uint64_t address = base + i * CHUNK;
        for (unsigned page = 0; page < CHUNK_PAGES && !error; page++) {
            if (!(chunk->present & (1u << page)))
                continue;
            error = host_commit(space->base + address + page * PAGE, PAGE, HOST_READ | HOST_WRITE);
            if (!error)
                memcpy(host_pointer(space, address + page * PAGE),
                       saved->data + (i - saved->first) * CHUNK + page * PAGE, PAGE);
        }
        chunk->readable = chunk->writable = chunk->present;
    }
    if (!error)
        error = pages_apply(space, base + saved->first * CHUNK, base + saved->end * CHUNK);
    return error;
}

/* Those that depend on these chunks read them without our lock: they get copies. */
static int let_go(struct space *space, struct segment *segment, const struct saved *saved)
{
    int error = 0;
    for (unsigned i = saved->first; i < saved->end && !error; i++)
        error = origin_release(space, &segment->chunks[i]);
    return error;
}

/* The host cannot free part of a reservation: what it holds is set aside, and what is left of it
 * becomes two. Threads that touch it meanwhile fault and wait for the lock. */
static int rebuild_around(struct space *space, struct segment *segment, uint64_t base,
                          unsigned number)
{
    struct saved saved = {NULL, number, number + 1};
    while (!segment->starts[saved.first])
        saved.first--;
    while (saved.end < SEGMENT_CHUNKS && !segment->starts[saved.end] &&
           segment->chunks[saved.end].kind == CHUNK_PRIVATE)
        saved.end++;
    int error = let_go(space, segment, &saved);
    if (!error)
        error = save(space, segment, base, &saved);
    if (error) {
        pages_apply(space, base + saved.first * CHUNK, base + saved.end * CHUNK);
        return error;
    }
    host_release(space->base + base + saved.first * CHUNK, (saved.end - saved.first) * CHUNK);
    segment->starts[saved.first] = 0;
    for (unsigned i = saved.first; i < saved.end; i++)
        segment->chunks[i].kind = CHUNK_FREE;
    if (saved.first < number)
        error = reserve_run(space, segment, base, saved.first, number);
    if (!error && number + 1 < saved.end)
        error = reserve_run(space, segment, base, number + 1, saved.end);
    if (!error)
        error = restore(space, segment, base, &saved);
    free(saved.data);
    return error;
}

int chunk_carve(struct space *space, uint64_t address)
{
    uint64_t base = address & ~(SEGMENT - 1);
    unsigned number = chunk_number(address);
    struct segment *segment = segment_find(space, address);
    struct chunk *chunk = &segment->chunks[number];
    if (host_release_part(space->base + chunk_down(address), CHUNK))
        return rebuild_around(space, segment, base, number);
    chunk->kind = CHUNK_FREE;
    segment->starts[number] = 0;
    if (number + 1 < SEGMENT_CHUNKS && segment->chunks[number + 1].kind == CHUNK_PRIVATE)
        segment->starts[number + 1] = 1;
    return 0;
}

void chunk_unview(struct space *space, struct chunk *chunk, uint64_t address)
{
    host_view_unmap(space->base + chunk_down(address), CHUNK);
    block_put(chunk->block);
    memset(chunk, 0, sizeof(*chunk));
    segment_find(space, address)->views--;
}

/* What the host ended all at once has to be forgotten only. */
static void forget_views(const struct segment *segment)
{
    for (unsigned i = 0; i < SEGMENT_CHUNKS && segment->views; i++)
        if (segment->chunks[i].kind == CHUNK_VIEW)
            block_put(segment->chunks[i].block);
}

static void release_segment(struct space *space, struct segment *segment, uint64_t base)
{
    for (unsigned i = 0; i < SEGMENT_CHUNKS;) {
        struct chunk *chunk = &segment->chunks[i];
        if (chunk->kind == CHUNK_VIEW)
            chunk_unview(space, chunk, base + i * CHUNK);
        if (!segment->starts[i]) {
            i++;
            continue;
        }
        unsigned end = i + 1;
        while (end < SEGMENT_CHUNKS && !segment->starts[end] &&
               segment->chunks[end].kind == CHUNK_PRIVATE)
            end++;
        host_release(space->base + base + i * CHUNK, (end - i) * CHUNK);
        i = end;
    }
}

void chunk_release_all(struct space *space)
{
    bool released = host_release_part(space->base, window_limit(space)) == 0;
    for (uint64_t i = 0; i < space->directory_count; i++) {
        struct segment **directory = space->directories[i];
        for (uint64_t j = 0; directory && j < DIRECTORY; j++) {
            if (!directory[j])
                continue;
            if (released)
                forget_views(directory[j]);
            else
                release_segment(space, directory[j], i << DIRECTORY_SHIFT | j << SEGMENT_SHIFT);
            free(directory[j]);
        }
        free(directory);
    }
    free(space->directories);
    space->directories = NULL;
    space->directory_count = 0;
}
