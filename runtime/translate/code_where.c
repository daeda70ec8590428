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
