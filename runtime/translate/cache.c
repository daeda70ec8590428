/* The memory of code, in chunks. */
#define HEAP_TIER HEAP_ALWAYS /* code memory is the bound */
#include "runtime/translate/cache.h"

#include <stdatomic.h>

#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/host/budget.h"
#include "runtime/host/heap.h"
#include "runtime/host/memory.h"
#include "runtime/translate/code_block.h"
#include "runtime/translate/code_kept.h"

struct host_mutex translate_lock = HOST_MUTEX_INIT(RANK_TRANSLATE);

static uint8_t *executable, *writable;
static struct chunk *chunks[CACHE_SIZE / CACHE_CHUNK]; /* NULL: free */
static uint32_t chunk_most = CACHE_SIZE / CACHE_CHUNK;
static uint32_t lowest; /* none below is free */
static uint32_t taken;
#define SLOTS_LEAST 8u
static atomic_bool is_short;

/* Chunks that only slots may have: a thread that is stopped in a block has to get out of it before
 * memory of code can be used again. */
static uint32_t kept_for_slots(void)
{
    return chunk_most / 16 < SLOTS_LEAST ? SLOTS_LEAST : chunk_most / 16;
}

int cache_init(void)
{
    uint64_t x, w;
    struct host_section *section = host_section_create(CACHE_SIZE, true);
    if (!section)
        return -L_ENOMEM;
    bool mapped = host_view_map(section, 0, CACHE_SIZE, 0, HOST_READ | HOST_EXEC, &x) == 0 &&
                  host_view_map(section, 0, CACHE_SIZE, 0, HOST_READ | HOST_WRITE, &w) == 0;
    host_section_free(section);
    if (!mapped)
        return -L_ENOMEM;
    executable = (uint8_t *)x;
    writable = (uint8_t *)w;
    return 0;
}

void cache_limit(size_t bytes)
{
    size_t use = bytes < CACHE_LEAST ? CACHE_LEAST : bytes < CACHE_SIZE ? bytes : CACHE_SIZE;
    chunk_most = (uint32_t)(use / CACHE_CHUNK);
}

/* The first of so many free ones side by side, or chunk_most. */
static uint32_t find_free(uint32_t count)
{
    uint32_t found = 0;
    while (lowest < chunk_most && chunks[lowest])
        lowest++;
    for (uint32_t i = lowest; i < chunk_most; i++) {
        found = chunks[i] ? 0 : found + 1;
        if (found == count)
            return i + 1 - count;
    }
    return chunk_most;
}

static struct chunk *take(uint32_t count)
{
    uint32_t first = find_free(count);
    struct chunk *list = NULL;
    if (first == chunk_most)
        return NULL;
    for (uint32_t i = first + count; i-- > first;) {
        struct chunk *c = calloc(1, sizeof *c);
        if (!c) {
            for (struct chunk *next; list; list = next) {
                next = list->next;
                cache_chunk_free(list);
            }
            return NULL;
        }
        memory_charge_always(CACHE_CHUNK);
        taken++;
        c->index = i;
        c->next = list;
        chunks[i] = list = c;
    }
    return list;
}

static struct chunk *note(struct chunk *list)
{
    if (!list)
        atomic_store_explicit(&is_short, true, memory_order_relaxed);
    return list;
}

struct chunk *cache_chunks(uint32_t count)
{
    bool fits = count > 0 && taken + count <= chunk_most - kept_for_slots();
    return fits ? take(count) : NULL;
}

struct chunk *cache_chunk(void)
{
    return note(cache_chunks(1));
}

struct chunk *cache_chunk_for_slot(void)
{
    return note(take(1));
}

bool cache_is_short(void)
{
    return atomic_load_explicit(&is_short, memory_order_relaxed);
}

void cache_chunk_free(struct chunk *chunk)
{
    chunks[chunk->index] = NULL;
    if (chunk->index < lowest)
        lowest = chunk->index;
    if (--taken < chunk_most / 2)
        atomic_store_explicit(&is_short, false, memory_order_relaxed);
    memory_uncharge_kernel(CACHE_CHUNK);
    free(chunk->blocks);
    free(chunk);
}

void cache_fill(const struct chunk *first, const void *code, size_t size)
{
    uint8_t *to = cache_memory(first);
    host_prefault((uint64_t)(uintptr_t)to, (size + HOST_PAGE - 1) & ~(HOST_PAGE - 1));
    memcpy(to, code, size);
}

uint8_t *cache_place(struct chunk *c, struct block *block, size_t size)
{
    uint32_t at = (c->used + CACHE_LINE - 1) & ~(CACHE_LINE - 1);
    if (at + size > CACHE_CHUNK)
        return NULL;
    if (c->count == c->room) {
        uint32_t room = c->room ? c->room * 2 : 64;
        struct block **grown = malloc(room * sizeof(struct block *));
        if (!grown)
            return NULL;
        for (uint32_t i = 0; i < c->count; i++)
            grown[i] = c->blocks[i];
        free(c->blocks);
        c->blocks = grown;
        c->room = room;
    }
    c->blocks[c->count++] = block;
    c->live++;
    c->used = at + (uint32_t)size;
    return writable + (size_t)c->index * CACHE_CHUNK + at;
}

uint8_t *cache_memory(const struct chunk *c)
{
    return writable + (size_t)c->index * CACHE_CHUNK;
}

uint8_t *cache_executable(const uint8_t *p)
{
    return executable + (p - writable);
}

uint8_t *cache_writable(const uint8_t *p)
{
    return writable + (p - executable);
}

bool cache_contains(uint64_t host)
{
    return host - (uint64_t)executable < CACHE_SIZE;
}

struct chunk *cache_chunk_of(const uint8_t *p)
{
    return chunks[(size_t)(p - executable) / CACHE_CHUNK];
}

static const struct chunk *chunk_at(uint64_t host, uint32_t *offset)
{
    uint64_t at = host - (uint64_t)executable;
    *offset = (uint32_t)(at % CACHE_CHUNK);
    return at < CACHE_SIZE ? chunks[at / CACHE_CHUNK] : NULL;
}

struct block *cache_find(uint64_t host)
{
    uint32_t offset;
    const struct chunk *c = chunk_at(host, &offset);
    if (!c)
        return NULL;
    if (offset < c->kept_bytes)
        return kept_at(c->kept, c->kept_number, offset);
    uint32_t low = 0, high = c->count;
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        const struct block *b = c->blocks[mid];
        if (host < (uint64_t)b->code)
            high = mid;
        else if (host >= (uint64_t)b->code + b->size)
            low = mid + 1;
        else
            return c->blocks[mid];
    }
    return NULL;
}

bool cache_find_pc(uint64_t host, uint64_t *pc)
{
    uint32_t offset;
    const struct chunk *c = chunk_at(host, &offset);
    if (c && offset < c->kept_bytes)
        return kept_pc_at(c->kept, c->kept_number, offset, pc);
    const struct block *b = cache_find(host);
    *pc = b ? b->pc : 0;
    return b != NULL;
}
