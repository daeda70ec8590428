/* From an address of the host to the block and the guest's instruction. */
#include "runtime/translate/code_where.h"

#include "runtime/translate/cache.h"
#include "runtime/translate/code_block.h"
#include "runtime/translate/codespace.h"
#include "runtime/translate/codeview.h"
#include "runtime/translate/cpu.h"
#include "runtime/translate/dispatch.h"
#include "runtime/translate/stubs.h"

/* Between which guest instructions the place lies: only host instructions that may fault say of
 * which they are. */
static void find_guest(const struct block *tables, struct code_place *place)
{
    place->guest = place->pc;
    place->guest_end = place->pc + place->guest_size;
    for (uint16_t i = 0; i < tables->recoveries; i++) {
        const struct recovery *r = &tables->recovery[i];
        if (r->host <= place->offset)
            place->guest = place->pc + r->guest;
        if (r->host >= place->offset) {
            place->guest_end = place->pc + r->guest;
            break;
        }
    }
    if (place->offset <= tables->body)
        place->guest_end = place->guest;
}

void code_where(uint64_t host, struct code_place *place)
{
    const struct block *b = cache_find(host);
    bool stub = host >= (uint64_t)stub_text && host < (uint64_t)stub_text_end;
    *place = (struct code_place){.kind = stub                   ? CODE_STUB
                                         : cache_contains(host) ? CODE_FREE
                                                                : CODE_ELSEWHERE};
    if (!b)
        return;
    const struct block *tables = b->origin ? b->origin : b;
    *place = (struct code_place){.kind = b->space ? CODE_BLOCK : CODE_SLOT,
                                 .block = b,
                                 .code = (uint64_t)b->code,
                                 .offset = (uint32_t)(host - (uint64_t)b->code),
                                 .size = b->size,
                                 .pc = b->pc,
                                 .guest_size = tables->guest_size,
                                 .dead = b->dead,
                                 .file_id = b->space ? b->space->file_id : 0};
    find_guest(tables, place);
}

bool code_where_used(const struct cpu *cpu, const struct code_place *place)
{
    const struct codeview *view = cpu->view;
    if (!place->block)
        return false;
    if (place->kind == CODE_SLOT)
        return cpu->thread && cpu->thread->slot_block == place->block;
    if (!view)
        return false;
    for (uint32_t i = 0; i < view->held_count; i++)
        if (view->held[i] == place->block->space)
            return true;
    return view->own == place->block->space;
}

static void take(struct code_sample *out, const struct block *b, uint64_t guest)
{
    const struct codespace *s = b->space;
    *out = (struct code_sample){.code = (uint64_t)b->code, .size = b->size, .guest = guest};
    if (s && s->file_id) {
        out->file_id = s->file_id;
        out->offset = guest - s->base;
    }
}

bool code_sample(uint64_t host, struct code_sample *out)
{
    host_mutex_lock(&translate_lock);
    const struct block *b = cache_find(host);
    if (b) {
        /* What a copy in a slot is one of may be gone. */
        uint16_t guest = 0;
        uint32_t offset = (uint32_t)(host - (uint64_t)b->code);
        for (uint16_t i = 0; i < b->recoveries && b->recovery[i].host <= offset; i++)
            guest = b->recovery[i].guest;
        take(out, b, b->pc + guest);
    }
    host_mutex_unlock(&translate_lock);
    return b != NULL;
}

struct listing {
    struct code_sample *out;
    size_t room, count;
};

static void list_block(void *arg, const struct block *b, uint32_t chunk)
{
    struct listing *l = arg;
    (void)chunk;
    if (b->dead)
        return;
    if (l->count < l->room)
        take(&l->out[l->count], b, b->pc);
    l->count++;
}

static void list_space(void *arg, struct codespace *s)
{
    codespace_each_block(s, list_block, arg);
}

size_t code_shared(struct code_sample *out, size_t room)
{
    struct listing l = {.out = out, .room = room};
    host_mutex_lock(&translate_lock);
    codespace_each_shared(list_space, &l);
    host_mutex_unlock(&translate_lock);
    return l.count;
}
