/*
 * Spaces at rest: what the children of a fork leave to the next ones. A program that forks once
 * mostly forks again, and its children touch the same pages: with a window, reservations, memory
 * and a codeview of the last one's, the next one needs next to nothing of the host.
 */
#define HEAP_TIER HEAP_RESERVE /* as the pages it stands for */
#include "runtime/host/heap.h"
#include "runtime/memory/internal.h"
#include <string.h>

/* Spaces at rest, and what one of them may hold. */
#define REST_MOST     8
#define REST_PAGES    64
#define REST_SEGMENTS 16

struct family {
    _Atomic uint32_t refs;
    _Atomic bool ended;
};

static struct host_mutex rest_lock = HOST_MUTEX_INIT(RANK_SPACES);
static struct space *resting[REST_MOST]; /* the oldest first */
static unsigned resting_count;

struct family *family_get(struct family *family)
{
    if (!family && (family = calloc(1, sizeof(*family))))
        atomic_init(&family->refs, 1);
    if (family)
        atomic_fetch_add(&family->refs, 1);
    return family;
}

void family_put(struct family *family)
{
    if (family && atomic_fetch_sub(&family->refs, 1) == 1)
        free(family);
}

/* With the lock: takes it out of the list. */
static struct space *take(unsigned i)
{
    struct space *space = resting[i];
    resting_count--;
    memmove(&resting[i], &resting[i + 1], (resting_count - i) * sizeof(*resting));
    return space;
}

static void release(struct space *space)
{
    if (space->codeview)
        space->destroy_code(space->codeview);
    space_unhold(space);
}

/* The youngest of a family, or of all; NULL for none. */
static struct space *take_of(const struct family *family)
{
    struct space *space = NULL;
    host_mutex_lock(&rest_lock);
    for (unsigned i = resting_count; i-- > 0 && !space;)
        if (!family || resting[i]->family == family)
            space = take(i);
    host_mutex_unlock(&rest_lock);
    return space;
}

bool rest_release(void)
{
    struct space *space;
    bool some = false;
    for (; (space = take_of(NULL)); some = true)
        release(space);
    return some;
}

void rest_end(struct family *family)
{
    struct space *space;
    if (!family)
        return;
    atomic_store(&family->ended, true);
    while ((space = take_of(family)))
        release(space);
}

bool rest_is_wanted(const struct space *space)
{
    return space->family && !atomic_load(&space->family->ended) &&
           (!space->codeview || space->rest_code);
}

/* Pages that the next one shall find, which were the hot ones of this one. */
static uint16_t worth_keeping(const struct chunk *chunk, unsigned room)
{
    uint16_t pages = chunk->present & chunk->writable & chunk->hot;
    return page_count(pages) <= room ? pages : 0;
}

/* Takes everything away but a few pages. False when that would be too much to keep. */
static bool strip(struct space *space)
{
    struct segment *segment;
    unsigned room = REST_PAGES, segments = 0;
    for (uint64_t base = 0; (segment = segment_next(space, &base)); base += SEGMENT) {
        if (++segments > REST_SEGMENTS)
            return false;
        for (unsigned i = 0; i < SEGMENT_CHUNKS; i++) {
            struct chunk *chunk = &segment->chunks[i];
            uint64_t address = base + i * CHUNK;
            if (chunk->kind == CHUNK_VIEW) {
                chunk_unview(space, chunk, address);
                continue;
            }
            uint16_t keep = worth_keeping(chunk, room);
            room -= page_count(keep);
            chunk->spare = chunk->present & (uint16_t)~keep;
            chunk->present = keep;
        }
    }
    if (pages_drop_spare(space))
        return false;
    for (uint64_t base = 0; (segment = segment_next(space, &base)); base += SEGMENT) {
        for (unsigned i = 0; i < SEGMENT_CHUNKS; i++) {
            struct chunk *chunk = &segment->chunks[i];
            uint8_t kind = chunk->kind;
            uint16_t spare = chunk->present;
            memset(chunk, 0, sizeof(*chunk));
            chunk->kind = kind;
            chunk->spare = spare;
        }
    }
    return true;
}

bool rest_keep(struct space *space)
{
    if (atomic_load(&space->holds) != 1 || !strip(space))
        return false;
    struct space *oldest = NULL;
    host_mutex_lock(&rest_lock);
    /* Under the lock, so that rest_end finds what comes here before it. */
    bool ended = atomic_load(&space->family->ended);
    if (!ended && resting_count == REST_MOST)
        oldest = take(0);
    if (!ended)
        resting[resting_count++] = space;
    host_mutex_unlock(&rest_lock);
    if (oldest)
        release(oldest);
    return !ended;
}

struct space *rest_take(struct family *family, uint64_t limit)
{
    struct space *space = family ? take_of(family) : NULL;
    if (space && !window_grow(space, limit)) { /* the parent's grew meanwhile */
        release(space);
        space = NULL;
    }
    if (space)
        space_begin(space);
    return space;
}
