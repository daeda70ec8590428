/* Memory operands: where they point, and the registers that make it so. */
#include "emit.h"

uint64_t choose_target(struct emit *e, unsigned size, unsigned align)
{
    if (size == 0)
        size = 1;
    if ((e->groups & G_FAULT) && chance(e, 40)) {
        switch (below(e->seed, 9)) {
        case 0: /* across the end */
            return ARENA_BASE + ARENA_SIZE - 1 - below(e->seed, size);
        case 1:
            return ARENA_BASE - 1 - below(e->seed, 64);
        case 2:
            return below(e->seed, 0x10000);
        case 3:
            return UINT64_C(0x0000800000000000) + below(e->seed, 0x100000);
        case 4:
            return UINT64_C(0x1234) << 48 | below(e->seed, 0x100000000);
        case 5:
            return UINT64_C(0xffff888000000000) + below(e->seed, 0x100000);
        case 7: /* with a window's address it is one of the kernel's */
            return UINT64_C(0xffff7fc000000000) + below(e->seed, 0x100000);
        case 6: /* the host has nothing there either */
            return UINT64_C(0x00007ff000000000) + below(e->seed, 0x100000);
        default:
            return UINT64_C(0x2100000000) + below(e->seed, 0x100000);
        }
    }
    uint64_t target = ARENA_BASE + 0x400 + below(e->seed, ARENA_SIZE - 0x800);
    if (align)
        target &= ~(uint64_t)(align - 1);
    return target;
}

uint64_t segment_base(const struct operand *o)
{
    return o->segment == 0x64 ? FS_BASE : o->segment == 0x65 ? GS_BASE : 0;
}

static bool fits(int64_t value, unsigned bit_count)
{
    return value >= -(INT64_C(1) << (bit_count - 1)) && value < INT64_C(1) << (bit_count - 1);
}

void choose_address(struct emit *e, struct operand *o, int avoid, bool vector_index)
{
    o->segment = chance(e, 6) ? 0x64 + below(e->seed, 2) : 0;
    o->narrow = !vector_index && chance(e, 8);
    uint64_t effective = o->target - segment_base(o);
    if (o->narrow && effective >> 32)
        o->narrow = false;
    unsigned form = below(e->seed, 10);
    if (vector_index)
        form = 1;
    o->scale = below(e->seed, 4);
    o->base = o->index = -1;
    if (form == 8 && effective < 0x80000000) {
        o->disp = effective;
        o->disp_size = 4;
        return;
    }
    if (form == 9 && fits((int64_t)(effective - e->base), 32)) {
        o->base = 16; /* the displacement is known at the end of the instruction */
        o->disp_size = 4;
        return;
    }
    bool with_index = form < 4, with_base = form != 3 || vector_index;
    do
        o->base = with_base ? (int)below(e->seed, 16) : -1;
    while (o->base == avoid && avoid >= 0);
    do
        o->index = with_index ? (int)below(e->seed, 16) : -1;
    while (o->index == 4 || (o->index == avoid && avoid >= 0 && o->index >= 0));
    o->disp_size = below(e->seed, 3);
    if (o->disp_size == 2 || !with_base || (with_index && o->index == o->base))
        o->disp_size = 4;
    o->disp = o->disp_size == 0   ? 0
              : o->disp_size == 1 ? (int8_t)next_random(e->seed)
              : chance(e, 2)      ? (int32_t)next_random(e->seed)
                                  : (int32_t)below(e->seed, 256) - 128;
    if (vector_index) {
        load_register(e, o->base, effective - (int64_t)o->disp);
        return;
    }
    uint64_t rest = effective - (int64_t)o->disp;
    uint64_t index = chance(e, 3) ? next_random(e->seed) : below(e->seed, 4096);
    if (with_index && (!with_base || o->index == o->base)) {
        /* One register alone: the division's remainder goes into the displacement. */
        unsigned factor = (1u << o->scale) + (with_base ? 1 : 0);
        o->disp = (int32_t)below(e->seed, 1000);
        rest = effective - o->disp;
        o->disp += rest % factor;
        load_register(e, o->index, rest / factor);
        return;
    }
    uint64_t garbage = o->narrow ? next_random(e->seed) << 32 : 0;
    if (with_index) {
        load_register(e, o->index, index);
        rest -= index << o->scale;
    }
    load_register(e, o->base, rest + garbage);
}

void emit_operand(struct emit *e, const struct operand *o, unsigned tail)
{
    unsigned reg = (o->reg & 7) << 3;
    if (!o->memory) {
        byte(e, 0xc0 | reg | (o->rm & 7));
        return;
    }
    if (o->base == 16) {
        byte(e, reg | 5);
        uint64_t effective = o->target - segment_base(o);
        number(e, effective - (e->base + e->at + 4 + tail), 4);
        return;
    }
    unsigned size = o->disp_size;
    if (o->base >= 0 && (o->base & 7) == 5 && size == 0)
        size = 1;
    unsigned mod = o->base < 0 ? 0 : size == 0 ? 0 : size == 1 ? 0x40 : 0x80;
    if (o->base >= 0 && o->index < 0 && (o->base & 7) != 4) {
        byte(e, mod | reg | (o->base & 7));
    } else {
        byte(e, mod | reg | 4);
        unsigned base = o->base < 0 ? 5 : o->base & 7;
        unsigned index = o->index < 0 ? 4 : o->index & 7;
        byte(e, o->scale << 6 | index << 3 | base);
    }
    number(e, (uint32_t)o->disp, o->base < 0 ? 4 : size);
}

void emit_prefixes(struct emit *e, const uint8_t *wanted, unsigned count, bool spare)
{
    uint8_t list[8];
    unsigned n = 0;
    while (n < count) {
        list[n] = wanted[n];
        n++;
    }
    bool segment = false;
    for (unsigned i = 0; i < count; i++)
        segment |= wanted[i] == 0x64 || wanted[i] == 0x65;
    if (spare && !segment && chance(e, 16)) {
        static const uint8_t ignored[] = {0x2e, 0x3e, 0x26, 0x36};
        list[n++] = ignored[below(e->seed, 4)];
    }
    while (n) {
        unsigned pick = below(e->seed, n);
        byte(e, list[pick]);
        list[pick] = list[--n];
    }
}
