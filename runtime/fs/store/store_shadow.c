/* What is written to a file that is only read, in memory. */
#define HEAP_TIER HEAP_RESERVE /* what was accepted had room (store_fits) */
#include "runtime/fs/store/store_shadow.h"

#include "runtime/host/heap.h"
#include <string.h>

#define BLOCK 4096

struct shadow {
    sqlite3_file *base;
    sqlite3_int64 size, base_size; /* base_size: what of the base still shows */
    uint8_t **blocks;
    uint64_t count;
};

struct shadow *shadow_new(sqlite3_file *base)
{
    struct shadow *shadow = calloc(1, sizeof(*shadow));
    if (!shadow)
        return NULL;
    shadow->base = base;
    if (base && base->pMethods->xFileSize(base, &shadow->size) != SQLITE_OK) {
        free(shadow);
        return NULL;
    }
    shadow->base_size = shadow->size;
    return shadow;
}

void shadow_free(struct shadow *shadow)
{
    for (uint64_t i = 0; shadow && i < shadow->count; i++)
        free(shadow->blocks[i]);
    if (shadow)
        free(shadow->blocks);
    free(shadow);
}

/* Part of the base; zeros where it shows nothing. */
static int read_base(struct shadow *shadow, uint8_t *to, int amount, sqlite3_int64 offset)
{
    sqlite3_int64 there = shadow->base_size - offset;
    int part = there <= 0 ? 0 : there < amount ? (int)there : amount;
    memset(to + part, 0, (size_t)(amount - part));
    return part ? shadow->base->pMethods->xRead(shadow->base, to, part, offset) : SQLITE_OK;
}

static uint8_t *block_at(const struct shadow *shadow, uint64_t index)
{
    return index < shadow->count ? shadow->blocks[index] : NULL;
}

/* The block to be written, with what it holds so far. */
static int make_block(struct shadow *shadow, uint64_t index, uint8_t **out)
{
    if (index >= shadow->count) {
        uint64_t count = shadow->count ? shadow->count : 64;
        while (count <= index)
            count *= 2;
        uint8_t **blocks = realloc(shadow->blocks, count * sizeof(*blocks));
        if (!blocks)
            return SQLITE_FULL;
        memset(blocks + shadow->count, 0, (count - shadow->count) * sizeof(*blocks));
        shadow->blocks = blocks;
        shadow->count = count;
    }
    if (!shadow->blocks[index]) {
        uint8_t *block = malloc(BLOCK);
        if (!block)
            return SQLITE_FULL;
        int result = read_base(shadow, block, BLOCK, (sqlite3_int64)index * BLOCK);
        if (result != SQLITE_OK) {
            free(block);
            return result;
        }
        shadow->blocks[index] = block;
    }
    *out = shadow->blocks[index];
    return SQLITE_OK;
}

/* How much of a piece lies in the block at its start. */
static int part_of(int amount, sqlite3_int64 offset)
{
    int room = BLOCK - (int)(offset % BLOCK);
    return amount < room ? amount : room;
}

int shadow_read(struct shadow *shadow, void *data, int amount, sqlite3_int64 offset)
{
    uint8_t *to = data;
    sqlite3_int64 there = shadow->size - offset;
    int left = there <= 0 ? 0 : there < amount ? (int)there : amount;
    int beyond = amount - left;
    while (left) {
        int part = part_of(left, offset), result = SQLITE_OK;
        const uint8_t *block = block_at(shadow, (uint64_t)offset / BLOCK);
        if (block)
            memcpy(to, block + offset % BLOCK, (size_t)part);
        else
            result = read_base(shadow, to, part, offset);
        if (result != SQLITE_OK)
            return result;
        to += part;
        offset += part;
        left -= part;
    }
    memset(to, 0, (size_t)beyond);
    return beyond ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

int shadow_write(struct shadow *shadow, const void *data, int amount, sqlite3_int64 offset)
{
    const uint8_t *from = data;
    while (amount) {
        int part = part_of(amount, offset);
        uint8_t *block;
        int result = make_block(shadow, (uint64_t)offset / BLOCK, &block);
        if (result != SQLITE_OK)
            return result;
        memcpy(block + offset % BLOCK, from, (size_t)part);
        from += part;
        offset += part;
        amount -= part;
        if (offset > shadow->size)
            shadow->size = offset;
    }
    return SQLITE_OK;
}

void shadow_truncate(struct shadow *shadow, sqlite3_int64 size)
{
    uint64_t first = (uint64_t)(size + BLOCK - 1) / BLOCK;
    for (uint64_t i = first; i < shadow->count; i++) {
        free(shadow->blocks[i]);
        shadow->blocks[i] = NULL;
    }
    uint8_t *last = size % BLOCK ? block_at(shadow, (uint64_t)size / BLOCK) : NULL;
    if (last)
        memset(last + size % BLOCK, 0, (size_t)(BLOCK - size % BLOCK));
    if (size < shadow->base_size)
        shadow->base_size = size;
    shadow->size = size;
}

void shadow_extend(struct shadow *shadow, sqlite3_int64 size)
{
    if (size > shadow->size)
        shadow->size = size;
}

sqlite3_int64 shadow_size(const struct shadow *shadow)
{
    return shadow->size;
}
