/* Translated blocks: their place, their links, their tables. */
#define HEAP_TIER HEAP_ALWAYS /* code memory is the bound */
#include "runtime/translate/code_block.h"

#include <stdatomic.h>
#include <string.h>

#include "runtime/host/heap.h"
#include "runtime/translate/cache.h"

/* One piece of memory holds the block and all that belongs to it. */
struct block *block_create(const struct xlate *x, const uint8_t *guest, size_t guest_size)
{
    struct block *b;
    size_t links = x->exit_count * sizeof(*b->link);
    size_t recoveries = x->recoveries * sizeof(*b->recovery);
    size_t indirects = x->indirect_count * sizeof(*b->indirect);
    b = malloc(sizeof(*b) + links + recoveries + indirects + (guest ? guest_size : 0));
    if (!b)
        return NULL;
    uint8_t *rest = (uint8_t *)(b + 1);
    *b = (struct block){.pc = x->start,
                        .guest_size = (uint32_t)guest_size,
                        .size = (uint32_t)x->e.n,
                        .body = x->body,
                        .checked = x->checked,
                        .self_check = x->self_check,
                        .recoveries = (uint16_t)x->recoveries,
                        .links = (uint16_t)x->exit_count,
                        .indirects = (uint16_t)x->indirect_count};
    b->link = (struct link *)rest;
    b->recovery = memcpy(rest + links, x->recovery, recoveries);
    b->indirect = memcpy(rest + links + recoveries, x->indirects, indirects);
    for (size_t i = 0; i < x->exit_count; i++)
        b->link[i] = (struct link){.patch = x->exits[i].patch,
                                   .stub = x->exits[i].stub,
                                   .target = x->exits[i].target,
                                   .from = b};
    if (guest)
        b->guest_bytes = memcpy(rest + links + recoveries + indirects, guest, guest_size);
    return b;
}

void block_place(struct block *b, const uint8_t *code, uint8_t *writable)
{
    memcpy(writable, code, b->size);
    b->code = cache_executable(writable);
}

void block_free(struct block *b)
{
    free(b);
}

const struct recovery *block_recovery(const struct block *b, uint32_t offset)
{
    if (b->origin)
        b = b->origin;
    uint32_t low = 0, high = b->recoveries;
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (b->recovery[mid].host < offset)
            low = mid + 1;
        else
            high = mid;
    }
    return low < b->recoveries && b->recovery[low].host == offset ? &b->recovery[low] : NULL;
}

/* Replaces the rel32, which lies inside one aligned 8 bytes, in one store. */
static void patch(const struct block *b, uint16_t at, int32_t rel)
{
    uint8_t *p = cache_writable(b->code) + at;
    uintptr_t word = (uintptr_t)p & ~(uintptr_t)7;
    unsigned shift = (unsigned)((uintptr_t)p - word) * 8;
    _Atomic uint64_t *w = (_Atomic uint64_t *)word;
    uint64_t v = atomic_load(w);
    v &= ~((uint64_t)UINT32_MAX << shift);
    v |= (uint64_t)(uint32_t)rel << shift;
    atomic_store(w, v);
}

void block_link(struct link *l, struct block *to)
{
    const uint8_t *after = l->from->code + l->patch + 4;
    patch(l->from, l->patch, (int32_t)(to->code + to->body - after));
    l->to = to;
    l->next_in = to->incoming;
    l->held_in = &to->incoming;
    if (l->next_in)
        l->next_in->held_in = &l->next_in;
    to->incoming = l;
}

static void block_unlink(struct link *l)
{
    if (!l->to)
        return;
    *l->held_in = l->next_in;
    if (l->next_in)
        l->next_in->held_in = l->held_in;
    l->to = NULL;
    patch(l->from, l->patch, (int32_t)l->stub - XLATE_STUB_CALL - (l->patch + 4));
}

void block_unlink_incoming(struct block *b)
{
    while (b->incoming)
        block_unlink(b->incoming);
}

void block_unlink_to(struct block *b, const struct codespace *space)
{
    for (uint16_t i = 0; i < b->links; i++)
        if (b->link[i].to && b->link[i].to->space == space)
            block_unlink(&b->link[i]);
}

void block_unlink_outgoing(struct block *b)
{
    for (uint16_t i = 0; i < b->links; i++)
        block_unlink(&b->link[i]);
}
