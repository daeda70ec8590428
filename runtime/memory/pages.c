/* Pages of a chunk: bringing them in, taking them away, and what the host allows with them. */
#include "runtime/memory/internal.h"
#include <string.h>

bool page_is_zero(const uint8_t *page)
{
    const uint64_t *word = (const uint64_t *)(const void *)page;
    for (size_t i = 0; i < PAGE / sizeof(*word); i += 4)
        if (word[i] | word[i + 1] | word[i + 2] | word[i + 3])
            return false;
    return true;
}

/* Neighbouring pages that get the same treatment from the host go in one call, which may not
 * cross from one reservation or view into another. */
struct run {
    struct space *space;
    enum { RUN_PROTECT, RUN_COMMIT, RUN_DECOMMIT } action;
    uint64_t start, end;
    unsigned protection;
    int error;
};

/* The host refused: what was noted as done is noted as not done, so that it is done another time.
 */
static void note_refused(const struct run *run)
{
    uint16_t readable = run->protection ? 0 : 0xffff;
    for (uint64_t at = chunk_down(run->start); at < run->end; at += CHUNK) {
        uint16_t pages = page_mask(at, run->start, run->end);
        struct chunk *chunk = chunk_find(run->space, at);
        chunk->readable = (chunk->readable & ~pages) | (readable & pages);
        chunk->writable &= (uint16_t)~pages;
    }
}

static void run_flush(struct run *run)
{
    if (run->start == run->end)
        return;
    uint64_t host = run->space->base + run->start;
    size_t size = run->end - run->start;
    int error = 0;
    if (run->action == RUN_PROTECT) {
        error = host_protect(host, size, run->protection);
        if (error)
            note_refused(run);
    } else if (run->action == RUN_COMMIT)
        error = host_commit(host, size, run->protection);
    else
        error = host_decommit(host, size);
    if (error)
        run->error = error;
    run->start = run->end = 0;
}

/* A host call may not pass this address. */
static bool is_barrier(const struct space *space, uint64_t address)
{
    if (address & (CHUNK - 1))
        return false;
    if (!(address & (SEGMENT - 1)))
        return true;
    struct segment *segment = segment_find(space, address);
    unsigned number = (unsigned)(address >> CHUNK_SHIFT) & (SEGMENT_CHUNKS - 1);
    return segment->starts[number] || segment->chunks[number].kind != CHUNK_PRIVATE ||
           segment->chunks[number - 1].kind != CHUNK_PRIVATE;
}

static void run_add(struct run *run, uint64_t start, uint64_t end, unsigned protection)
{
    if (run->end != start || run->protection != protection || is_barrier(run->space, start)) {
        run_flush(run);
        run->start = start;
        run->protection = protection;
    }
    run->end = end;
}

/* Adds the pages of a mask, as runs of ones. */
static void run_add_pages(struct run *run, uint64_t chunk, uint16_t pages, unsigned protection)
{
    uint32_t left = pages;
    while (left) {
        unsigned first = (unsigned)__builtin_ctz(left);
        unsigned count = (unsigned)__builtin_ctz(~(left >> first));
        run_add(run, chunk + first * PAGE, chunk + (first + count) * PAGE, protection);
        left &= ~(((1u << count) - 1) << first);
    }
}

static uint16_t pages_before_end_of_file(const struct region *region, uint64_t chunk)
{
    uint64_t size = page_up(atomic_load(&region->file->size));
    if (size <= region->offset)
        return 0;
    uint64_t end = region->start + (size - region->offset);
    return end <= chunk ? 0 : page_mask(chunk, chunk, end);
}

/* Pages of a view that become writable stay protected while code may have been translated from
 * them: the first store has to be seen. */
static uint16_t writable_view(const struct region *region, struct chunk *chunk, uint16_t writable,
                              uint16_t pages)
{
    uint16_t newly = writable & (uint16_t)~chunk->writable & pages;
    if (!newly)
        return writable;
    atomic_store(&region->file->stored, 1);
    if (!atomic_load(&region->file->executed))
        return writable;
    chunk->code |= newly & (uint16_t)~chunk->checked;
    return writable & (uint16_t)~chunk->code;
}

static void apply_to_chunk(struct run *run, const struct region *region, struct chunk *chunk,
                           uint64_t address, uint16_t pages)
{
    uint16_t readable = region->prot & (L_PROT_READ | L_PROT_WRITE | L_PROT_EXEC) ? pages : 0;
    uint16_t writable = region->prot & L_PROT_WRITE ? pages : 0;
    writable &= (uint16_t) ~(chunk->code | chunk->kept);
    if (chunk->kind == CHUNK_VIEW) {
        uint16_t valid = pages_before_end_of_file(region, address);
        readable &= valid;
        writable &= chunk->untold ? 0 : valid;
        writable = writable_view(region, chunk, writable, pages);
    }
    chunk->written |= writable;
    uint16_t changed = ((chunk->readable ^ readable) | (chunk->writable ^ writable)) & pages;
    chunk->readable = (chunk->readable & ~pages) | readable;
    chunk->writable = (chunk->writable & ~pages) | writable;
    run_add_pages(run, address, changed & writable, HOST_READ | HOST_WRITE);
    run_add_pages(run, address, changed & readable & ~writable, HOST_READ);
    run_add_pages(run, address, changed & ~readable, HOST_NONE);
}

int pages_apply(struct space *space, uint64_t start, uint64_t end)
{
    struct run run = {.space = space, .action = RUN_PROTECT};
    for (size_t i = region_index(space, start);
         i < space->region_count && space->regions[i].start < end; i++) {
        const struct region *region = &space->regions[i];
        uint64_t from = max_u64(start, region->start), to = min_u64(end, region->end);
        struct segment *segment;
        for (uint64_t address = chunk_down(from);
             (segment = segment_next(space, &address)) && address < to; address += CHUNK) {
            struct chunk *chunk = &segment->chunks[(address >> CHUNK_SHIFT) & (SEGMENT_CHUNKS - 1)];
            uint16_t pages = page_mask(address, from, to) & chunk->present;
            if (pages)
                apply_to_chunk(&run, region, chunk, address, pages);
        }
    }
    run_flush(&run);
    return run.error;
}

static unsigned region_protection(const struct region *region)
{
    if (region->prot & L_PROT_WRITE)
        return HOST_READ | HOST_WRITE;
    return region->prot & (L_PROT_READ | L_PROT_EXEC) ? HOST_READ : HOST_NONE;
}

static void mark_present(struct space *space, const struct region *region, struct chunk *chunk,
                         uint16_t pages)
{
    unsigned protection = region_protection(region);
    chunk->present |= pages;
    chunk->code &= (uint16_t)~pages;
    chunk->checked &= (uint16_t)~pages;
    chunk->written &= (uint16_t)~pages;
    chunk->readable = (chunk->readable & ~pages) | (protection & HOST_READ ? pages : 0);
    chunk->writable = (chunk->writable & ~pages) | (protection & HOST_WRITE ? pages : 0);
    chunk->written |= chunk->writable & pages;
    space->resident += page_count(pages);
}

/* As many chunks as go in one call of supply_piece. */
#define PIECE_CHUNKS 17

/* The host refused to commit: what was noted as present is not. */
static void take_back(struct space *space, uint64_t first, const uint16_t *made)
{
    struct run run = {.space = space, .action = RUN_DECOMMIT};
    for (unsigned i = 0; i < PIECE_CHUNKS; i++) {
        if (!made[i])
            continue;
        struct chunk *chunk = chunk_find(space, first + i * CHUNK);
        run_add_pages(&run, first + i * CHUNK, made[i], HOST_NONE);
        chunk->present &= (uint16_t)~made[i];
        chunk->readable &= (uint16_t)~made[i];
        chunk->writable &= (uint16_t)~made[i];
        chunk->written &= (uint16_t)~made[i];
        space->resident -= page_count(made[i]);
        memory_uncharge(page_count(made[i]) * PAGE);
    }
    run_flush(&run);
}

static int supply_piece(struct space *space, const struct region *region, uint64_t start,
                        uint64_t end)
{
    uint64_t first = chunk_down(start);
    uint16_t made[PIECE_CHUNKS] = {0};
    int error = chunk_reserve(space, first, end);
    struct run run = {.space = space, .action = RUN_COMMIT};
    for (uint64_t address = first; address < end && !error; address += CHUNK) {
        struct chunk *chunk = chunk_find(space, address);
        if (chunk->kind != CHUNK_PRIVATE) {
            error = -L_ENOMEM;
            break;
        }
        if (chunk->pending && (error = origin_pull(space, chunk, address)))
            break;
        uint16_t pages = page_mask(address, start, end) & ~chunk->present;
        if (!pages)
            continue;
        if (!memory_charge(page_count(pages) * PAGE)) {
            error = -L_ENOMEM;
            break;
        }
        mark_present(space, region, chunk, pages);
        made[(address - first) >> CHUNK_SHIFT] = pages;
        run_add_pages(&run, address, pages, region_protection(region));
    }
    run_flush(&run);
    if (run.error)
        take_back(space, first, made);
    return error ? error : run.error;
}

int pages_supply(struct space *space, const struct region *region, uint64_t start, uint64_t end)
{
    int error = 0;
    while (start < end && !error) {
        uint64_t stop = min_u64(chunk_down(start) + PIECE_CHUNKS * CHUNK, end);
        error = supply_piece(space, region, start, stop);
        start = stop;
    }
    return error;
}

/* Nobody looks before all of it is there. Pages of zeros are left as they are. */
static int fill_alone(uint64_t host, size_t size, const uint8_t *data, unsigned protection)
{
    int error = host_commit(host, size, HOST_READ | HOST_WRITE);
    if (error)
        return error;
    for (size_t at = 0, end; at < size; at = end + PAGE) {
        for (end = at; end < size && !page_is_zero(data + end); end += PAGE)
            continue;
        if (end > at + PAGE)
            host_prefault(host + at, end - at);
        memcpy((uint8_t *)(uintptr_t)host + at, data + at, end - at);
    }
    if (protection != (HOST_READ | HOST_WRITE))
        error = host_protect(host, size, protection);
    if (error)
        host_decommit(host, size);
    return error;
}

int pages_fill(struct space *space, const struct region *region, uint64_t start, uint64_t end,
               const uint8_t *data)
{
    uint64_t address = chunk_down(start);
    int error = chunk_reserve(space, address, end);
    if (error)
        return error;
    struct chunk *chunk = chunk_find(space, address);
    uint16_t pages = page_mask(address, start, end) & ~(chunk->present | chunk->pending);
    if (chunk->kind != CHUNK_PRIVATE)
        return -L_ENOMEM;
    if (!pages)
        return 0;
    if (!memory_charge(page_count(pages) * PAGE))
        return -L_ENOMEM;
    unsigned protection = region_protection(region);
    bool alone = threads_are_alone(space);
    if (data && !alone)
        threads_hold(space);
    for (uint32_t left = pages; left && !error;) {
        unsigned first = (unsigned)__builtin_ctz(left);
        unsigned count = (unsigned)__builtin_ctz(~(left >> first));
        uint64_t from = address + first * PAGE;
        if (data && alone)
            error = fill_alone(space->base + from, count * PAGE, data + (from - start), protection);
        else if (data)
            error = host_fill(space->base + from, count * PAGE, data + (from - start), protection);
        else
            error = host_commit(space->base + from, count * PAGE, protection);
        left &= ~(((1u << count) - 1) << first);
    }
    if (data && !alone)
        threads_resume(space);
    if (error)
        memory_uncharge(page_count(pages) * PAGE);
    else
        mark_present(space, region, chunk, pages);
    return error;
}

int pages_copy(struct space *space, uint64_t address, uint16_t pages, const uint8_t *data)
{
    int error = chunk_reserve(space, address, address + CHUNK);
    if (error)
        return error;
    struct chunk *chunk = chunk_find(space, address);
    uint16_t fresh = pages & (uint16_t)~chunk->spare;
    if (chunk->kind != CHUNK_PRIVATE || !memory_charge(page_count(fresh) * PAGE))
        return -L_ENOMEM;
    struct run run = {.space = space, .action = RUN_COMMIT};
    run_add_pages(&run, address, fresh, HOST_READ | HOST_WRITE);
    run_flush(&run);
    if (run.error) {
        memory_uncharge(page_count(fresh) * PAGE);
        return run.error;
    }
    for (uint32_t left = pages; left; left &= left - 1) {
        uint64_t at = (uint64_t)__builtin_ctz(left) * PAGE;
        memcpy(host_pointer(space, address + at), data + at, PAGE);
    }
    chunk->spare &= (uint16_t)~pages;
    chunk->present |= pages;
    chunk->readable |= pages;
    chunk->writable |= pages;
    chunk->written |= pages;
    space->resident += page_count(fresh);
    return 0;
}

int pages_drop_spare(struct space *space)
{
    struct run run = {.space = space, .action = RUN_DECOMMIT};
    struct segment *segment;
    for (uint64_t address = 0; (segment = segment_next(space, &address)); address += CHUNK) {
        struct chunk *chunk = &segment->chunks[(address >> CHUNK_SHIFT) & (SEGMENT_CHUNKS - 1)];
        if (!chunk->spare)
            continue;
        run_add_pages(&run, address, chunk->spare, HOST_NONE);
        space->resident -= page_count(chunk->spare);
        memory_uncharge(page_count(chunk->spare) * PAGE);
        chunk->spare = 0;
    }
    run_flush(&run);
    return run.error;
}

/* Some region shows the chunk outside of [start, end). */
static bool shown_elsewhere(const struct space *space, uint64_t chunk, uint64_t start, uint64_t end)
{
    for (size_t i = region_index(space, chunk);
         i < space->region_count && space->regions[i].start < chunk + CHUNK; i++) {
        const struct region *region = &space->regions[i];
        if (max_u64(region->start, chunk) < start || min_u64(region->end, chunk + CHUNK) > end)
            return true;
    }
    return false;
}

static int discard_private(struct run *run, struct chunk *chunk, uint64_t address, uint16_t pages)
{
    struct space *space = run->space;
    origin_forget(space, chunk, pages);
    if (chunk->kept & pages) {
        int error = origin_release(space, chunk);
        if (error)
            return error;
    }
    pages &= chunk->present;
    if (!pages)
        return 0;
    run_add_pages(run, address, pages, HOST_NONE);
    chunk->present &= (uint16_t)~pages;
    chunk->readable &= (uint16_t)~pages;
    chunk->writable &= (uint16_t)~pages;
    chunk->written &= (uint16_t)~pages;
    chunk->code &= (uint16_t)~pages;
    chunk->checked &= (uint16_t)~pages;
    space->resident -= page_count(pages);
    memory_uncharge(page_count(pages) * PAGE);
    return 0;
}

static void discard_view(struct run *run, struct chunk *chunk, uint64_t address, uint16_t pages,
                         bool shown)
{
    if (!shown) {
        run_flush(run);
        chunk_unview(run->space, chunk, address);
        return;
    }
    pages &= chunk->readable | chunk->writable;
    chunk->readable &= (uint16_t)~pages;
    chunk->writable &= (uint16_t)~pages;
    run_flush(run);
    struct run protect = {.space = run->space, .action = RUN_PROTECT};
    run_add_pages(&protect, address, pages, HOST_NONE);
    run_flush(&protect);
}

int pages_discard(struct space *space, uint64_t start, uint64_t end)
{
    struct run run = {.space = space, .action = RUN_DECOMMIT};
    int error = 0;
    struct segment *segment;
    for (uint64_t address = chunk_down(start);
         (segment = segment_next(space, &address)) && address < end && !error; address += CHUNK) {
        struct chunk *chunk = &segment->chunks[(address >> CHUNK_SHIFT) & (SEGMENT_CHUNKS - 1)];
        uint16_t pages = page_mask(address, start, end);
        if (chunk->kind == CHUNK_VIEW)
            discard_view(&run, chunk, address, pages, shown_elsewhere(space, address, start, end));
        else
            error = discard_private(&run, chunk, address, pages);
    }
    run_flush(&run);
    return error ? error : run.error;
}

int pages_open(struct space *space, struct chunk *chunk, uint64_t address)
{
    struct run run = {.space = space, .action = RUN_PROTECT};
    uint16_t pages = chunk->present & (uint16_t) ~(chunk->readable & ~chunk->writable);
    run_add_pages(&run, chunk_down(address), pages, HOST_READ);
    run_flush(&run);
    if (!run.error) {
        chunk->readable |= pages;
        chunk->writable &= (uint16_t)~pages;
    }
    return run.error;
}
