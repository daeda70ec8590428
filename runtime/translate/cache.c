/* The memory of code, in chunks. */
#define HEAP_TIER HEAP_ALWAYS /* code memory is the bound */
#include "runtime/translate/cache.h"

#include "runtime/abi/errno.h"
#include "runtime/host/budget.h"
#include "runtime/host/heap.h"
#include "runtime/host/memory.h"
#include "runtime/translate/code_block.h"

struct host_mutex translate_lock = HOST_MUTEX_INIT(RANK_TRANSLATE);

static uint8_t *executable, *writable;
static struct chunk *chunks[CACHE_SIZE / CACHE_CHUNK];
static uint32_t chunk_top, chunk_most = CACHE_SIZE / CACHE_CHUNK;
static uint32_t free_list[CACHE_SIZE / CACHE_CHUNK];
static uint32_t free_count;

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
    chunk_most = (uint32_t)(bytes / CACHE_CHUNK);
}

struct chunk *cache_chunk(void)
{
    uint32_t index;
    struct chunk *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    if (free_count > 0) {
        index = free_list[--free_count];
    } else if (chunk_top < chunk_most) {
        index = chunk_top++;
    } else {
        free(c);
        return NULL;
    }
    memory_charge_always(CACHE_CHUNK);
    c->index = index;
    chunks[index] = c;
    return c;
}

void cache_chunk_free(struct chunk *chunk)
{
    chunks[chunk->index] = NULL;
    free_list[free_count++] = chunk->index;
    memory_uncharge_kernel(CACHE_CHUNK);
    free(chunk->blocks);
    free(chunk);
}

uint8_t *cache_place(struct chunk *c, struct block *block, size_t size)
{
    uint32_t at = (c->used + 15) & ~15u;
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

struct block *cache_find(uint64_t host)
{
    uint64_t off = host - (uint64_t)executable;
    if (off >= CACHE_SIZE)
        return NULL;
    const struct chunk *c = chunks[off / CACHE_CHUNK];
    if (!c)
        return NULL;
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
