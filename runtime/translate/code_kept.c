/* Blocks that were kept. */
#define HEAP_TIER HEAP_ALWAYS /* code memory is the bound */
#include "runtime/translate/code_kept.h"

#include "runtime/host/file.h"
#include "runtime/host/heap.h"
#include "runtime/translate/codespace.h"

static uint64_t pc_of(const struct kept *k, uint32_t index)
{
    return k->header->key.start + k->tables.blocks[index].pc;
}

static uint8_t *code_of(const struct kept *k, uint32_t index)
{
    const struct saved_block *saved = &k->tables.blocks[index];
    return k->code + (size_t)saved->chunk * CACHE_CHUNK + saved->offset;
}

/* Exits that lead to blocks of the file do so already; nothing has to be known of that, as all of
 * them go together. */
static void make_links(struct kept *k, struct block *b, const struct saved_block *saved)
{
    for (uint16_t i = 0; i < saved->links; i++) {
        const struct saved_link *l = &k->tables.links[saved->link + i];
        b->link[i] = (struct link){.patch = l->patch,
                                   .stub = l->stub,
                                   .target = k->header->key.start + l->target,
                                   .from = b};
    }
}

struct block *kept_block(struct kept *k, uint32_t index)
{
    const struct saved_block *saved = &k->tables.blocks[index];
    struct block *b = &k->blocks[index];
    if (b->code)
        return b;
    *b = (struct block){.pc = pc_of(k, index),
                        .guest_size = saved->guest_size,
                        .size = saved->size,
                        .code = code_of(k, index),
                        .body = saved->body,
                        .checked = saved->checked,
                        .recoveries = saved->recoveries,
                        .links = saved->links,
                        .indirects = saved->indirects,
                        .aimed_at = saved->aimed_at,
                        .guest_bytes = k->tables.bytes + saved->bytes,
                        .recovery = k->tables.recoveries + saved->recovery,
                        .link = k->links + saved->link,
                        .indirect = k->tables.indirects + saved->indirect};
    make_links(k, b, saved);
    codespace_enter(k->space, b);
    return b;
}

uint32_t kept_first(const struct kept *k, uint32_t chunk)
{
    return chunk < k->header->chunks ? k->tables.chunks[chunk].first : k->header->blocks;
}

/* The index of the block with code there, or SAVED_NOWHERE. */
static uint32_t index_at(const struct kept *k, uint32_t chunk, uint32_t offset)
{
    uint32_t low = kept_first(k, chunk), high = kept_first(k, chunk + 1);
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        const struct saved_block *b = &k->tables.blocks[middle];
        if (offset < b->offset)
            high = middle;
        else if (offset >= (uint32_t)b->offset + b->size)
            low = middle + 1;
        else
            return middle;
    }
    return SAVED_NOWHERE;
}

struct block *kept_at(struct kept *k, uint32_t chunk, uint32_t offset)
{
    uint32_t index = index_at(k, chunk, offset);
    return index == SAVED_NOWHERE ? NULL : kept_block(k, index);
}

bool kept_pc_at(const struct kept *k, uint32_t chunk, uint32_t offset, uint64_t *pc)
{
    uint32_t index = index_at(k, chunk, offset);
    *pc = index == SAVED_NOWHERE ? 0 : pc_of(k, index);
    return index != SAVED_NOWHERE;
}

struct block *kept_find(struct kept *k, uint64_t pc, bool entry)
{
    const struct saved_place *places = k->tables.places;
    uint64_t wanted = pc - k->header->key.start;
    uint32_t low = 0, high = k->header->blocks;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (places[middle].pc < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < k->header->blocks && places[low].pc == wanted; low++)
        if (!entry || k->tables.blocks[places[low].block].body)
            return kept_block(k, places[low].block);
    return NULL;
}

uint64_t kept_entry(const struct kept *k, uint32_t index, uint64_t *pc)
{
    *pc = pc_of(k, index);
    return (uint64_t)code_of(k, index) + XLATE_ENTRY;
}

void kept_free(struct kept *k)
{
    if (!k)
        return;
    for (struct chunk *c = k->chunks, *next; c; c = next) {
        next = c->next;
        cache_chunk_free(c);
    }
    if (k->header)
        host_file_hide(k->header, k->size);
    free(k->blocks);
    free(k->links);
    free(k);
}
