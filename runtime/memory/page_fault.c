/* A fault on a mapping: what is supplied, or what signal it is. */
#define HEAP_TIER HEAP_RESERVE /* as the pages it stands for */
#include "runtime/abi/signal.h"
#include "runtime/host/heap.h"
#include "runtime/memory/internal.h"
#include <string.h>

/* Writes to a chunk's code after which its pages are taken to be written and executed in turns. */
#define CODE_FAULTS_MAX 6

/* The largest step by which a big mapping is supplied. */
#define STEP_MAX COMMIT_AT_ONCE

/* Blocks of a file that a fault waits for. They are fetched without the lock, and the fault is
 * looked at again with them in hand. */
struct blocks {
    struct mapping *file;
    uint64_t first;
    unsigned count;
    bool create;
    bool store;       /* the file is told of a store to the first */
    uint32_t cleaned; /* of the file, before it was told */
    bool valid;
    struct block *block[2];
    uint8_t *copy;       /* of those that are not in memory; NULL: they are */
    bool copied[2];      /* it is in there */
    uint64_t generation; /* of the file, before it was copied */
};

enum outcome { RESOLVED, REFUSED, NEED_BLOCKS };

struct request {
    struct space *space;
    uint64_t address;
    enum space_access access;
    bool force;
    uint64_t from, until; /* what may be supplied with the page, where nothing lies behind it */
    struct space_fault *fault;
    struct blocks blocks;
    bool slow;               /* what was copied has changed: not once more */
    struct mapping *written; /* code in this file's page was written: drop it everywhere */
    uint64_t written_offset;
};

static enum outcome refuse(struct request *request, int signo, int code)
{
    request->fault->signo = signo;
    request->fault->code = code;
    return REFUSED;
}

static enum outcome finish_request(struct request *request, int error)
{
    if (!error)
        return RESOLVED;
    if (error == -L_ENOMEM)
        return refuse(request, L_SIGKILL, 0);
    return refuse(request, L_SIGBUS, L_BUS_ADRERR);
}

static void put_blocks(struct blocks *blocks)
{
    if (!blocks->file)
        return;
    for (unsigned i = 0; i < blocks->count && blocks->valid; i++)
        block_put(blocks->block[i]);
    free(blocks->copy);
    mapping_put(blocks->file);
    memset(blocks, 0, sizeof(*blocks));
}

static int fetch_block(struct blocks *blocks, unsigned i)
{
    const struct mapping_ops *ops = blocks->file->ops;
    uint64_t index = blocks->first + i;
    if (!blocks->copy)
        return ops->block(blocks->file, index, blocks->create, &blocks->block[i]);
    int result = ops->look(blocks->file, index, blocks->copy + i * BLOCK_SIZE, &blocks->block[i]);
    blocks->copied[i] = result == 1;
    return result == 1 ? 0 : result;
}

static int fetch_blocks(struct blocks *blocks, bool slow)
{
    if (!slow && !blocks->create && blocks->file->ops->look) /* without memory: the block itself */
        blocks->copy = malloc(blocks->count * BLOCK_SIZE);
    blocks->generation = atomic_load(&blocks->file->generation);
    for (unsigned i = 0; i < blocks->count; i++) {
        int error = fetch_block(blocks, i);
        if (!error)
            continue;
        while (i-- > 0)
            block_put(blocks->block[i]);
        return error;
    }
    blocks->valid = true;
    blocks->cleaned = atomic_load(&blocks->file->cleaned);
    return blocks->store ? blocks->file->ops->store(blocks->file, blocks->first) : 0;
}

static bool tells_stores(const struct mapping *file)
{
    return file->ops->store != NULL;
}

/* True when the wanted blocks are in hand, and the file knows of the store; otherwise notes what to
 * fetch. */
static bool have_blocks(struct request *request, const struct region *region, uint64_t first,
                        unsigned count, bool create)
{
    struct blocks *blocks = &request->blocks;
    if (blocks->valid && blocks->file == region->file && blocks->first == first &&
        blocks->count >= count && blocks->create == create) {
        if (blocks->copy && blocks->generation != atomic_load(&region->file->generation)) {
            request->slow = true;
            return false;
        }
        return !blocks->store || blocks->cleaned == atomic_load(&region->file->cleaned);
    }
    /* Putting the old ones may call the file system: not with the lock. They go in space_fault. */
    if (!blocks->valid) {
        blocks->file = mapping_get(region->file);
        blocks->first = first;
        blocks->count = count;
        blocks->create = create;
        blocks->store = create && request->access == SPACE_WRITE && tells_stores(region->file);
    }
    return false;
}

/* First address of the region that lies beyond the file's last page. */
static uint64_t end_of_file(const struct region *region)
{
    uint64_t size = page_up(atomic_load(&region->file->size));
    if (size <= region->offset)
        return region->start;
    return size - region->offset < region->end - region->start
               ? region->start + (size - region->offset)
               : region->end;
}

static enum outcome fill_from_file(struct request *request, const struct region *region)
{
    uint64_t chunk = chunk_down(request->address);
    uint64_t from = max_u64(chunk, region->start);
    uint64_t to = min_u64(chunk + CHUNK, end_of_file(region));
    if (request->address >= to)
        return refuse(request, L_SIGBUS, L_BUS_ADRERR);
    uint64_t offset = region->offset + (from - region->start);
    uint64_t last = offset + (to - from) - 1;
    uint64_t first = offset >> BLOCK_SHIFT;
    unsigned count = (unsigned)((last >> BLOCK_SHIFT) - first) + 1;
    if (!have_blocks(request, region, first, count, false))
        return NEED_BLOCKS;
    int error = 0;
    for (unsigned i = 0; i < count && !error; i++) {
        uint64_t within = offset & (BLOCK_SIZE - 1);
        uint64_t stop = min_u64(to, from + (BLOCK_SIZE - within));
        const struct blocks *blocks = &request->blocks;
        const uint8_t *data = blocks->copied[i]  ? blocks->copy + i * BLOCK_SIZE
                              : blocks->block[i] ? blocks->block[i]->data
                                                 : NULL;
        error = pages_fill(request->space, region, from, stop, data ? data + within : NULL);
        offset += stop - from;
        from = stop;
    }
    return finish_request(request, error);
}

/* The block of a shared region at the address is in hand, and its file was told when it is to be
 * stored to. */
static bool have_shared(struct request *request, const struct region *region)
{
    uint64_t offset = region->offset + (request->address - region->start);
    return have_blocks(request, region, offset >> BLOCK_SHIFT, 1, true);
}

/* The view of a block takes the place of a free chunk. */
static enum outcome show_block(struct request *request, const struct region *region)
{
    struct space *space = request->space;
    if (request->address >= end_of_file(region))
        return refuse(request, L_SIGBUS, L_BUS_ADRERR);
    uint64_t address = chunk_down(request->address);
    struct segment *segment = segment_make(space, address);
    struct chunk *chunk = chunk_make(space, address);
    if (!chunk)
        return finish_request(request, -L_ENOMEM);
    if (chunk->kind != CHUNK_VIEW) {
        if (!have_shared(request, region))
            return NEED_BLOCKS;
        if (chunk->kind == CHUNK_PRIVATE && chunk_carve(space, address))
            return finish_request(request, -L_ENOMEM);
        struct block *block = request->blocks.block[0];
        uint64_t out;
        if (host_view_map(block->section, block->offset, CHUNK, space->base + address, HOST_NONE,
                          &out))
            return finish_request(request, -L_ENOMEM);
        memset(chunk, 0, sizeof(*chunk));
        chunk->kind = CHUNK_VIEW;
        chunk->present = 0xffff;
        chunk->untold = tells_stores(region->file) && !request->blocks.store;
        chunk->block = block_get(block);
        segment->views++;
    }
    return finish_request(request, pages_apply(space, address, address + CHUNK));
}

/* Neighbours that nobody depends on any more are freed from protection together. */
static void extend_release(struct space *space, const struct region *region, uint64_t *start,
                           uint64_t *end)
{
    const uint64_t most = 4 * SEGMENT;
    while (*end < region->end && *end - *start < most) {
        struct chunk *chunk = chunk_find(space, *end);
        if (!chunk || chunk->kind != CHUNK_PRIVATE || !chunk->kept ||
            atomic_load(&chunk->origin->refs) != 1 || origin_release(space, chunk))
            break;
        *end += CHUNK;
    }
    while (*start > region->start && *end - *start < most) {
        struct chunk *chunk = chunk_find(space, *start - CHUNK);
        if (!chunk || chunk->kind != CHUNK_PRIVATE || !chunk->kept ||
            atomic_load(&chunk->origin->refs) != 1 || origin_release(space, chunk))
            break;
        *start -= CHUNK;
    }
}

static int write_code(struct request *request, const struct region *region, struct chunk *chunk,
                      uint64_t page)
{
    struct space *space = request->space;
    uint16_t bit = page_bit(page);
    if (++chunk->code_faults >= CODE_FAULTS_MAX) {
        chunk->checked |= bit;
        chunk->code_faults = CODE_FAULTS_MAX;
    }
    chunk->code &= (uint16_t)~bit;
    space_drop_code(space, page, page + PAGE);
    if (chunk->kind != CHUNK_VIEW)
        return 0;
    request->written = mapping_get(region->file);
    request->written_offset = region->offset + (page - region->start);
    /* pages_apply would protect it again. */
    chunk->writable |= bit;
    return host_protect(space->base + page, PAGE, HOST_READ | HOST_WRITE);
}

static int settle(struct space *space, const struct region *region);

/* The page is there and the region allows the access; the host does not, or did not yet. */
static enum outcome lift_protection(struct request *request, const struct region *region,
                                    struct chunk *chunk)
{
    struct space *space = request->space;
    uint64_t page = page_down(request->address);
    uint64_t start = chunk_down(page), end = start + CHUNK;
    int error = 0;
    if (request->access == SPACE_WRITE) {
        if (chunk->untold && !have_shared(request, region))
            return NEED_BLOCKS;
        chunk->untold = false;
        if (chunk->kind == CHUNK_PRIVATE && chunk->kept) {
            chunk->hot |= page_bit(page);
            bool last = atomic_load(&chunk->origin->refs) == 1;
            error = origin_release(space, chunk);
            if (!error && last)
                extend_release(space, region, &start, &end);
        }
        if (!error && (chunk->code & page_bit(page)))
            error = write_code(request, region, chunk, page);
    }
    if (!error)
        error = pages_apply(space, start, end);
    if (error == -L_ENOMEM && chunk->kind == CHUNK_PRIVATE)
        error = settle(space, region);
    return finish_request(request, error);
}

static enum outcome supply_anonymous(struct request *request, struct region *region)
{
    uint64_t size = region->end - region->start;
    if (size <= COMMIT_AT_ONCE)
        region->step = CHUNK;
    else if (region->step < STEP_MAX)
        region->step = region->step ? region->step * 2 : CHUNK;
    uint64_t start = request->address & ~(region->step - 1);
    uint64_t end = min_u64(start + region->step, min_u64(region->end, request->until));
    start = max_u64(start, max_u64(region->start, request->from));
    int error = pages_supply(request->space, region, start, end);
    /* Who writes on where the last step ended goes on so. */
    uint64_t page = page_down(request->address);
    if (!error && request->access == SPACE_WRITE && page == region->next)
        host_prefault(request->space->base + page, end - page);
    region->next = end;
    if (error == -L_ENOMEM) { /* not that much, then */
        start = page_down(request->address);
        error = pages_supply(request->space, region, start, start + PAGE);
    }
    return finish_request(request, error);
}

static bool is_allowed(const struct region *region, enum space_access access)
{
    switch (access) {
    case SPACE_WRITE:
        return region->prot & L_PROT_WRITE;
    case SPACE_EXEC:
        return region->prot & L_PROT_EXEC;
    default:
        return region->prot & (L_PROT_READ | L_PROT_WRITE | L_PROT_EXEC);
    }
}

/* Most chunks pulled at one fault. */
#define PULL_MAX 16

static int pull_chunk(struct space *space, uint64_t address)
{
    struct chunk *chunk = chunk_find(space, address);
    int error = chunk_reserve(space, address, address + CHUNK);
    return error ? error : origin_pull(space, chunk, address);
}

/* Pulls the chunk, and as many behind it as before it are there already: who reads through its
 * memory takes few faults, who touches here and there copies little. */
static int pull(struct space *space, const struct region *region, uint64_t address)
{
    uint64_t start = chunk_down(address);
    struct chunk *first = chunk_find(space, start);
    atomic_fetch_or(&first->origin->touched, page_bit(address));
    first->hot |= page_bit(address);
    int error = pull_chunk(space, start);
    unsigned before = 0;
    while (before < PULL_MAX && start >= region->start + (before + 1) * CHUNK) {
        const struct chunk *chunk = chunk_find(space, start - (before + 1) * CHUNK);
        if (!chunk || chunk->pending || !chunk->present)
            break;
        before++;
    }
    for (uint64_t next = start + CHUNK; !error && before-- > 0 && next + CHUNK <= region->end;
         next += CHUNK) {
        const struct chunk *chunk = chunk_find(space, next);
        if (!chunk || !chunk->pending)
            break;
        error = pull_chunk(space, next);
    }
    return error;
}

/* Makes one chunk ordinary memory. What the host refused before is noted as done: all of it is to
 * be done again. */
static int settle_chunk(struct space *space, const struct region *region, uint64_t at)
{
    struct chunk *chunk = chunk_find(space, at);
    int error = 0;
    if (chunk->kind != CHUNK_VIEW && chunk->pending)
        error = pull_chunk(space, at);
    else if (chunk->kind == CHUNK_PRIVATE)
        error = origin_release(space, chunk);
    uint16_t pages = page_mask(at, max_u64(region->start, at), region->end);
    chunk->readable &= (uint16_t)~pages;
    chunk->writable &= (uint16_t)~pages;
    return error;
}

/* The host has a limit on mappings (65,530 on Linux), which single chunks of different protection
 * can reach: all of the region becomes ordinary memory. A few chunks at a time: each batch gives
 * mappings back, which the memory for the next may need. */
static int settle(struct space *space, const struct region *region)
{
    const uint64_t batch = 16 * CHUNK;
    int error = 0;
    for (uint64_t at = chunk_down(region->start);
         segment_next(space, &at) && at < region->end && !error;) {
        uint64_t end = min_u64((at | (batch - 1)) + 1, region->end);
        for (uint64_t next = at; next < end && !error; next += CHUNK)
            error = settle_chunk(space, region, next);
        int failed = pages_apply(space, at, end);
        error = error ? error : failed;
        at = end;
    }
    return error;
}

static enum outcome look_up_page(struct request *request)
{
    struct space *space = request->space;
    struct region *region = region_at(space, request->address);
    if (!region)
        region = region_grow_down(space, request->address);
    if (!region)
        return refuse(request, L_SIGSEGV, L_SEGV_MAPERR);
    if (!request->force && !is_allowed(region, request->access))
        return refuse(request, L_SIGSEGV, L_SEGV_ACCERR);
    struct chunk *chunk = chunk_make(space, request->address);
    if (!chunk)
        return finish_request(request, -L_ENOMEM);
    uint16_t bit = page_bit(request->address);
    if (region->flags & REGION_SHARED) {
        if (chunk->kind == CHUNK_VIEW && (chunk->readable & bit))
            return lift_protection(request, region, chunk);
        return show_block(request, region);
    }
    if (chunk->pending) {
        int error = pull(space, region, request->address);
        if (error == -L_ENOMEM)
            error = settle(space, region);
        if (error)
            return finish_request(request, error);
        if (chunk->present & bit)
            return RESOLVED;
    }
    if (chunk->present & bit)
        return lift_protection(request, region, chunk);
    return region->file ? fill_from_file(request, region) : supply_anonymous(request, region);
}

static bool supply(struct request request)
{
    struct space *space = request.space;
    enum outcome outcome;
    do {
        host_mutex_lock(&space->lock);
        outcome = look_up_page(&request);
        host_mutex_unlock(&space->lock);
        if (outcome != NEED_BLOCKS)
            break;
        if (request.blocks.valid) { /* of a mapping that was replaced or cleaned meanwhile */
            put_blocks(&request.blocks);
            continue;
        }
        int error = fetch_blocks(&request.blocks, request.slow);
        if (error)
            outcome = finish_request(&request, error);
    } while (outcome == NEED_BLOCKS);
    put_blocks(&request.blocks);
    if (request.written) {
        mapping_drop_code(request.written, request.written_offset, request.written_offset + PAGE);
        mapping_put(request.written);
    }
    return outcome == RESOLVED;
}

/* How often an access is tried again that was refused memory although there is some: it was given
 * back meanwhile, or the host refuses for reasons of its own. */
#define TRIES_MAX 4

static bool supply_or_retry(const struct request *request)
{
    struct space_fault *fault = request->fault;
    if (request->address >= window_limit(request->space)) {
        *fault = (struct space_fault){L_SIGSEGV, L_SEGV_MAPERR};
        return false;
    }
    for (unsigned tries = 0;;) {
        if (supply(*request))
            return true;
        if (fault->signo != L_SIGKILL)
            return false;
        if (memory_is_short() ? !memory_short() : ++tries == TRIES_MAX)
            return false;
    }
}

bool fault_supply(struct space *space, uint64_t address, enum space_access access, bool force,
                  struct space_fault *fault)
{
    struct request request = {.space = space,
                              .address = address,
                              .access = access,
                              .force = force,
                              .until = UINT64_MAX,
                              .fault = fault};
    return supply_or_retry(&request);
}

bool fault_supply_within(struct space *space, uint64_t address, uint64_t from, uint64_t until,
                         enum space_access access, struct space_fault *fault)
{
    struct request request = {.space = space,
                              .address = address,
                              .access = access,
                              .from = from,
                              .until = until,
                              .fault = fault};
    return supply_or_retry(&request);
}

bool space_fault(struct space *space, uint64_t address, enum space_access access,
                 struct space_fault *fault)
{
    return fault_supply(space, address, access, false, fault);
}
