/* Makes random instructions from the table, and prepares the registers that their memory operands
 * need. */
#include "diff.h"

#define REP  0xf3
#define REPN 0xf2

struct emit {
    uint64_t *seed;
    uint8_t *code;
    uint64_t base;
    uint32_t at;
};

/* A chosen memory operand, before it is encoded. */
struct operand {
    uint64_t target; /* linear address */
    uint8_t segment; /* 0, 64h or 65h */
    bool narrow;     /* 67h */
    bool memory;
    uint8_t reg, rm;    /* ModRM.reg; the register operand when not memory */
    int8_t base, index; /* -1: none; base 16: RIP */
    uint8_t scale;
    int32_t disp;
    uint8_t disp_size; /* 0, 1, 4 */
};

static uint32_t chosen_groups;
static uint32_t alignment_flag = 0x40000;
static uint32_t weights[1024];
static uint32_t weight_sum;

void generate_without_alignment_checks(void)
{
    alignment_flag = 0;
}

static unsigned bits(unsigned mask)
{
    unsigned count = 0;
    for (; mask; mask &= mask - 1)
        count++;
    return count;
}

void generate_init(uint32_t groups)
{
    chosen_groups = groups;
    weight_sum = 0;
    for (size_t i = 0; i < row_count; i++) {
        const struct row *row = &row_table[i];
        unsigned weight = (row->last - row->first + 1) * bits(row->pp);
        if (row->digits)
            weight *= bits(row->digits);
        weights[i] = row->group & groups ? (weight > 8 ? 8 + weight / 4 : weight + 1) : 0;
        weight_sum += weights[i];
    }
}

static bool chance(struct emit *e, unsigned one_in)
{
    return below(e->seed, one_in) == 0;
}

static void byte(struct emit *e, uint8_t value)
{
    e->code[e->at++] = value;
}

static void number(struct emit *e, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        byte(e, value >> i * 8);
}

static void load_register(struct emit *e, unsigned reg, uint64_t value)
{
    byte(e, 0x48 | reg >> 3);
    byte(e, 0xb8 | (reg & 7));
    number(e, value, 8);
}

/* An address for an operand: nearly always inside the arena, sometimes one that has to fault. */
static uint64_t choose_target(struct emit *e, unsigned size, unsigned align)
{
    if (size == 0)
        size = 1;
    if ((chosen_groups & G_FAULT) && chance(e, 40)) {
        switch (below(e->seed, 7)) {
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
        default:
            return UINT64_C(0x2100000000) + below(e->seed, 0x100000);
        }
    }
    uint64_t target = ARENA_BASE + 0x400 + below(e->seed, ARENA_SIZE - 0x800);
    if (align)
        target &= ~(uint64_t)(align - 1);
    return target;
}

static uint64_t segment_base(const struct operand *o)
{
    return o->segment == 0x64 ? FS_BASE : o->segment == 0x65 ? GS_BASE : 0;
}

static bool fits(int64_t value, unsigned bit_count)
{
    return value >= -(INT64_C(1) << (bit_count - 1)) && value < INT64_C(1) << (bit_count - 1);
}

/* Chooses base, index, scale and displacement for o->target and emits the moves that set the
 * registers. avoid: a register that must keep its value, or -1. */
static void choose_address(struct emit *e, struct operand *o, int avoid, bool vector_index)
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

static void emit_operand(struct emit *e, const struct operand *o, unsigned tail)
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

static unsigned imm_size(const struct row *row, bool wide, bool half, bool narrow)
{
    switch (row->imm) {
    case I_8:
        return 1;
    case I_16:
        return 2;
    case I_Z:
        return wide ? 4 : half ? 2 : 4;
    case I_V:
        return wide ? 8 : half ? 2 : 4;
    case I_OFFSET:
        return narrow ? 4 : 8;
    default:
        return 0;
    }
}

/* Legacy prefixes in random order, some of them redundant. */
static void emit_prefixes(struct emit *e, const uint8_t *wanted, unsigned count, bool spare)
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

static void emit_vex(struct emit *e, const struct row *row, const struct operand *o,
                     unsigned opcode, unsigned pp, bool wide, bool length, unsigned v,
                     uint64_t immediate)
{
    uint8_t wanted[3] = {0};
    unsigned count = 0;
    if (o->memory && o->segment)
        wanted[count++] = o->segment;
    if (o->memory && o->narrow)
        wanted[count++] = 0x67;
    emit_prefixes(e, wanted, count, true);
    bool r = o->reg >> 3, x = o->memory && o->index >= 8;
    bool b = o->memory ? o->base >= 8 && o->base < 16 : o->rm >> 3;
    if (row->map == 1 && !x && !b && !wide && !chance(e, 3)) {
        byte(e, 0xc5);
        byte(e, !r << 7 | (~v & 15) << 3 | length << 2 | pp);
    } else {
        byte(e, 0xc4);
        byte(e, !r << 7 | !x << 6 | !b << 5 | row->map);
        byte(e, wide << 7 | (~v & 15) << 3 | length << 2 | pp);
    }
    byte(e, opcode);
    unsigned tail = row->imm == I_8 ? 1 : 0;
    if (!(row->flags & F_NOMODRM))
        emit_operand(e, o, tail);
    number(e, immediate, tail);
}

static unsigned choose_pp(struct emit *e, unsigned mask)
{
    unsigned pp;
    do
        pp = below(e->seed, 4);
    while (!(mask & 1 << pp));
    return pp;
}

/* vmovdqu ymm, [disp32]: small indices for a gather, which the arena holds near its end. */
static void load_indices(struct emit *e, unsigned reg)
{
    byte(e, 0xc5);
    byte(e, (reg < 8) << 7 | 0x7e);
    byte(e, 0x6f);
    byte(e, (reg & 7) << 3 | 4);
    byte(e, 0x25);
    number(e, ARENA_BASE + ARENA_SIZE - 0x100 + below(e->seed, 4) * 32, 4);
}

static void prepare_memory(struct emit *e, const struct row *row, struct operand *o)
{
    unsigned align = 0;
    if (row->flags & (F_ALIGNED | F_LOCK))
        align = row->size;
    if ((row->flags & F_ALIGNED) && !(row->flags & F_LOCK) && chance(e, 12))
        align = 0;
    if (!align && chance(e, 3))
        align = row->size && !(row->size & (row->size - 1)) ? row->size : 0;
    o->target = choose_target(e, row->size, align);
    if (row->flags & F_LOCK)
        o->target &=
            ~(uint64_t)(row->size - 1); /* a locked access across cache lines stops the machine */
    choose_address(e, o, row->flags & F_BITS ? o->reg : -1, row->flags & F_GATHER);
    if (row->flags & F_BITS)
        load_register(e, o->reg, (int64_t)below(e->seed, 8000) - 4000);
}

/* Emits one instruction of the row; returns where it starts. */
static uint32_t emit_row(struct emit *e, const struct row *row)
{
    struct operand o = {0};
    unsigned opcode = row->first + below(e->seed, row->last - row->first + 1);
    unsigned pp = choose_pp(e, row->pp);
    o.reg = below(e->seed, 16);
    o.rm = below(e->seed, 16);
    if (row->digits) {
        do
            o.reg = below(e->seed, 8);
        while (!(row->digits & 1 << o.reg));
    }
    bool modrm = !(row->flags & F_NOMODRM);
    o.memory = modrm &&
               ((row->flags & F_MEMORY) || (!(row->flags & F_REGISTER) && below(e->seed, 10) < 6));
    bool wide = (row->flags & (F_WIDE | F_SIZES)) && chance(e, 2);
    bool half = (row->flags & F_SIZES) && chance(e, 4);
    if (row->flags & F_W1)
        wide = true;
    if ((row->flags & F_BITS) && !o.memory && chance(e, 2))
        load_register(e, o.reg, random_value(e->seed));
    if ((row->flags & F_DIVIDE) && !chance(e, 6)) {
        load_register(e, 2, below(e->seed, 3));
        load_register(e, 0, random_value(e->seed) >> below(e->seed, 64));
    }
    if (row->flags & F_RDI)
        load_register(e, 7, choose_target(e, 16, 0));
    if (o.memory)
        prepare_memory(e, row, &o);
    else if (row->imm == I_OFFSET)
        o.target = choose_target(e, row->size, 0);

    if (row->flags & F_VEX) {
        bool length = row->flags & F_L1 ? true : row->flags & F_L0 ? false : chance(e, 2);
        unsigned v = row->flags & F_V ? below(e->seed, 16) : 0;
        if (row->flags & F_GATHER) {
            o.index = below(e->seed, 16);
            while (o.reg == (unsigned)o.index)
                o.reg = below(e->seed, 16);
            while (v == o.reg || v == (unsigned)o.index)
                v = below(e->seed, 16);
            load_indices(e, o.index);
        }
        uint32_t start = e->at;
        emit_vex(e, row, &o, opcode, pp, wide, length, v, next_random(e->seed));
        return start;
    }

    uint8_t wanted[6];
    unsigned count = 0;
    if (o.memory && o.segment)
        wanted[count++] = o.segment;
    bool narrow = o.memory ? o.narrow : row->imm == I_OFFSET && chance(e, 4);
    if (row->imm == I_OFFSET && o.target >> 32)
        narrow = false;
    if (narrow)
        wanted[count++] = 0x67;
    if (half || pp == 1)
        wanted[count++] = 0x66;
    if (pp >= 2)
        wanted[count++] = pp == 2 ? 0xf3 : 0xf2;
    bool lock = o.memory && (row->flags & F_LOCK) && chance(e, 3);
    if (lock)
        wanted[count++] = 0xf0;
    uint32_t start = e->at;
    emit_prefixes(e, wanted, count, true);

    unsigned rex = wide << 3;
    if (modrm) {
        /* An extension in ModRM.reg and x87 or MMX registers do not look at REX. */
        rex |= (o.reg >> 3) << 2;
        if (o.memory)
            rex |= (o.index >= 8) << 1 | (o.base >= 8 && o.base < 16);
        else
            rex |= o.rm >> 3;
    } else if (row->flags & F_OPREG) {
        rex |= chance(e, 2);
    }
    if (rex || chance(e, 8))
        byte(e, 0x40 | rex);
    if (row->map)
        byte(e, 0x0f);
    if (row->map >= 2)
        byte(e, row->map == 2 ? 0x38 : 0x3a);
    byte(e, opcode);
    unsigned tail = imm_size(row, wide, half, narrow);
    if (modrm)
        emit_operand(e, &o, tail);
    if (row->imm == I_OFFSET)
        number(e, o.target, tail);
    else
        number(e, chance(e, 2) ? next_random(e->seed) : random_value(e->seed), tail);
    return start;
}

static const struct row *pick_row(struct emit *e, uint32_t groups)
{
    for (;;) {
        uint32_t pick = below(e->seed, weight_sum);
        size_t i = 0;
        while (pick >= weights[i])
            pick -= weights[i++];
        if (row_table[i].group & groups)
            return &row_table[i];
    }
}

static void random_flags(struct emit *e, uint64_t *flags)
{
    *flags = 0x202 | (next_random(e->seed) & 0x8d5) | (chance(e, 4) ? 0x400 : 0) |
             (chance(e, 64) ? alignment_flag : 0);
}

static uint32_t emit_string(struct emit *e)
{
    static const uint8_t opcodes[] = {0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf};
    uint64_t source = choose_target(e, 1, 0), target = choose_target(e, 1, 0);
    uint8_t segment = chance(e, 6) ? 0x64 + below(e->seed, 2) : 0;
    struct operand o = {.segment = segment};
    uint8_t wanted[4];
    unsigned count = 0;
    load_register(e, 6, source - segment_base(&o));
    load_register(e, 7, target);
    if (!chance(e, 3)) {
        load_register(e, 1, below(e->seed, 80));
        wanted[count++] = chance(e, 2) ? REP : REPN;
    }
    if (chance(e, 2))
        load_register(e, 0, UINT64_C(0x0101010101010101) * below(e->seed, 3));
    if (segment)
        wanted[count++] = segment;
    if (chance(e, 8) && !((source - segment_base(&o)) >> 32) && !(target >> 32))
        wanted[count++] = 0x67;
    if (chance(e, 4))
        wanted[count++] = 0x66;
    uint32_t start = e->at;
    emit_prefixes(e, wanted, count, true);
    if (chance(e, 3))
        byte(e, 0x48);
    byte(e, opcodes[below(e->seed, sizeof(opcodes))]);
    return start;
}

static uint32_t emit_stack(struct emit *e)
{
    static const struct row push_memory = {0, 1, 0, 0xff, 0xff, 0x40, I_NONE, 8, F_SIZES};
    static const struct row pop_memory = {0, 1, 0, 0x8f, 0x8f, 0x01, I_NONE, 8, F_SIZES};
    if (chance(e, 2))
        load_register(e, 4, choose_target(e, 8, chance(e, 2) ? 8 : 1));
    uint32_t start = e->at;
    uint64_t flags;
    switch (below(e->seed, 9)) {
    case 0:
    case 1: /* push and pop of a register */
        if (chance(e, 6))
            byte(e, 0x66);
        if (chance(e, 2))
            byte(e, 0x41);
        byte(e, 0x50 + below(e->seed, 16));
        break;
    case 2:
        byte(e, 0x6a);
        byte(e, next_random(e->seed));
        break;
    case 3: {
        bool half = chance(e, 4);
        if (half)
            byte(e, 0x66);
        byte(e, 0x68);
        number(e, next_random(e->seed), half ? 2 : 4);
        break;
    }
    case 4:
        return emit_row(e, &push_memory);
    case 5:
        return emit_row(e, &pop_memory);
    case 6:
        byte(e, 0x9c);
        break;
    case 7:
        random_flags(e, &flags);
        byte(e, 0x68);
        number(e, flags, 4);
        start = e->at;
        byte(e, 0x9d);
        break;
    default:
        if (chance(e, 2)) {
            load_register(e, 5, choose_target(e, 8, 8));
            start = e->at;
            byte(e, 0xc9);
        } else {
            byte(e, 0xc8);
            number(e, below(e->seed, 64), 2);
            byte(e, chance(e, 2) ? 0 : below(e->seed, 4));
        }
    }
    return start;
}

/* A short instruction between a jump and its target. */
static void emit_filler(struct emit *e)
{
    byte(e, 0x48 | below(e->seed, 2) | below(e->seed, 2) << 2);
    byte(e, 0x03 + 8 * below(e->seed, 8)); /* arithmetic r64, r64 */
    byte(e, 0xc0 | below(e->seed, 64));
}

static uint32_t emit_jump(struct emit *e)
{
    uint32_t start = e->at, patch;
    unsigned reg;
    switch (below(e->seed, 9)) {
    case 0: /* jcc rel8 */
        byte(e, 0x70 + below(e->seed, 16));
        break;
    case 1: /* jcc rel32 */
        byte(e, 0x0f);
        byte(e, 0x80 + below(e->seed, 16));
        number(e, 3, 4);
        emit_filler(e);
        return start;
    case 2: /* loop, loope, loopne, jrcxz */
        load_register(e, 1, below(e->seed, 3));
        start = e->at;
        if (chance(e, 4))
            byte(e, 0x67);
        byte(e, 0xe0 + below(e->seed, 4));
        break;
    case 3: { /* a loop backwards */
        load_register(e, 1, 1 + below(e->seed, 5));
        start = e->at;
        byte(e, 0x48); /* add rax, rdx */
        byte(e, 0x01);
        byte(e, 0xd0);
        byte(e, 0xe2);
        byte(e, 0x100 - 5);
        return start;
    }
    case 4: /* call rel32 to the next instruction */
        load_register(e, 4, choose_target(e, 8, 1));
        start = e->at;
        byte(e, 0xe8);
        number(e, 0, 4);
        return start;
    case 5: /* jmp rel32 */
        byte(e, 0xe9);
        number(e, 3, 4);
        emit_filler(e);
        return start;
    case 6: /* call or jmp through a register */
        load_register(e, 4, choose_target(e, 8, 8));
        reg = below(e->seed, 4); /* rax rcx rdx rbx */
        patch = e->at;
        load_register(e, reg, 0);
        start = e->at;
        byte(e, 0xff);
        byte(e, (chance(e, 2) ? 0xd0 : 0xe0) | reg);
        emit_filler(e);
        for (unsigned i = 0; i < 8; i++)
            e->code[patch + 2 + i] = (e->base + e->at) >> i * 8;
        return start;
    case 7: /* through memory, RIP-relative: the address lies in the filler's place */
        load_register(e, 4, choose_target(e, 8, 8));
        start = e->at;
        byte(e, 0xff);
        byte(e, chance(e, 2) ? 0x15 : 0x25);
        number(e, 0, 4);
        number(e, e->base + e->at + 8, 8);
        return start;
    default: /* push and return */
        load_register(e, 4, choose_target(e, 8, 8));
        patch = e->at;
        load_register(e, 0, 0);
        byte(e, 0x50);
        start = e->at;
        if (chance(e, 2)) {
            if (chance(e, 3))
                byte(e, 0xf3);
            byte(e, 0xc3);
        } else {
            byte(e, 0xc2);
            number(e, below(e->seed, 64), 2);
        }
        emit_filler(e);
        for (unsigned i = 0; i < 8; i++)
            e->code[patch + 2 + i] = (e->base + e->at) >> i * 8;
        return start;
    }
    byte(e, 3);
    emit_filler(e);
    return start;
}

static uint32_t emit_x87(struct emit *e)
{
    static const uint8_t list[][2] = {
        {0xd9, 0xd0}, {0xd9, 0xe0}, {0xd9, 0xe1}, {0xd9, 0xe4}, {0xd9, 0xe5}, {0xd9, 0xe8},
        {0xd9, 0xe9}, {0xd9, 0xea}, {0xd9, 0xeb}, {0xd9, 0xec}, {0xd9, 0xed}, {0xd9, 0xee},
        {0xda, 0xe9}, {0xdb, 0xe2}, {0xdb, 0xe3}, {0xde, 0xd9}, {0xdf, 0xe0}, {0x0f, 0x77},
    };
    uint32_t start = e->at;
    const uint8_t *pair = list[below(e->seed, sizeof(list) / sizeof(*list))];
    byte(e, pair[0]);
    byte(e, pair[1]);
    return start;
}

/* mov dword [t], value; ldmxcsr or vldmxcsr [t] */
static uint32_t emit_mxcsr(struct emit *e)
{
    uint64_t target = ARENA_BASE + 0x800 + below(e->seed, 0x1000);
    uint32_t value = next_random(e->seed) & (chance(e, 16) ? 0xffffffff : 0xffff);
    if (!chance(e, 8))
        value |= 0x1f80;
    byte(e, 0xc7);
    byte(e, 0x04);
    byte(e, 0x25);
    number(e, target, 4);
    number(e, value, 4);
    uint32_t start = e->at;
    if (chance(e, 3)) {
        byte(e, 0xc5);
        byte(e, 0xf8);
    } else {
        byte(e, 0x0f);
    }
    byte(e, 0xae);
    byte(e, 0x14);
    byte(e, 0x25);
    number(e, target, 4);
    return start;
}

static uint32_t emit_xlat(struct emit *e)
{
    load_register(e, 3, choose_target(e, 1, 0));
    uint32_t start = e->at;
    byte(e, 0xd7);
    return start;
}

/* A system call without effect: number 9999 is ENOSYS. */
static uint32_t emit_system_call(struct emit *e)
{
    load_register(e, 0, 9999);
    uint32_t start = e->at;
    byte(e, 0x0f);
    byte(e, 0x05);
    return start;
}

/* What user code may not do. */
static uint32_t emit_trap(struct emit *e)
{
    static const struct {
        uint8_t length, bytes[4];
    } list[] = {
        {2, {0x0f, 0x0b}},             /* ud2 */
        {1, {0xcc}},                   /* int3 */
        {2, {0xcd, 0x81}},             /* int 81h */
        {1, {0xf4}},                   /* hlt */
        {1, {0xfa}},                   /* cli */
        {1, {0xfb}},                   /* sti */
        {1, {0xec}},                   /* in al, dx */
        {2, {0xe6, 0x80}},             /* out 80h, al */
        {1, {0x06}},                   /* push es: invalid */
        {1, {0x27}},                   /* daa: invalid */
        {1, {0x60}},                   /* pusha: invalid */
        {1, {0xce}},                   /* into: invalid */
        {2, {0xd4, 0x0a}},             /* aam: invalid */
        {2, {0xd6, 0x90}},             /* salc: invalid */
        {3, {0x82, 0xc0, 0x01}},       /* invalid alias of 80h */
        {2, {0x0f, 0x04}},             /* invalid */
        {2, {0x0f, 0x0a}},             /* invalid */
        {3, {0x0f, 0x24, 0xc0}},       /* invalid */
        {2, {0x0f, 0x30}},             /* wrmsr */
        {2, {0x0f, 0x32}},             /* rdmsr */
        {2, {0x0f, 0x06}},             /* clts */
        {2, {0x0f, 0x08}},             /* invd */
        {2, {0x0f, 0x07}},             /* sysret */
        {3, {0x0f, 0x20, 0xc0}},       /* mov rax, cr0 */
        {3, {0x0f, 0x22, 0xc0}},       /* mov cr0, rax */
        {3, {0xf0, 0x01, 0xc8}},       /* lock add eax, ecx: invalid */
        {3, {0xf0, 0x90, 0x90}},       /* lock nop: invalid */
        {4, {0xc5, 0xf8, 0x0b, 0xc0}}, /* invalid VEX opcode */
        {4, {0x66, 0xc5, 0xf8, 0x28}}, /* 66h before VEX: invalid */
        {4, {0x0f, 0x38, 0x0c, 0xc0}}, /* invalid */
        {3, {0x8d, 0xc0, 0x90}},       /* lea of a register: invalid */
        {3, {0xc6, 0xc8, 0x00}},       /* C6 /1: invalid */
        {2, {0xfe, 0xd0}},             /* FE /2: invalid */
        {2, {0xff, 0xf8}},             /* FF /7: invalid */
        {2, {0xff, 0xd8}},             /* far call of a register: invalid */
        {2, {0x8f, 0xc8}},             /* 8F /1: invalid */
        {2, {0xd9, 0xd1}},             /* invalid x87 */
    };
    uint32_t start = e->at;
    unsigned pick = below(e->seed, sizeof(list) / sizeof(*list));
    for (unsigned i = 0; i < list[pick].length; i++)
        byte(e, list[pick].bytes[i]);
    return start;
}

static uint32_t emit_special(struct emit *e)
{
    struct {
        uint32_t groups;
        unsigned weight;
        uint32_t (*make)(struct emit *);
    } kinds[] = {
        {G_STRING, 4, emit_string},       {G_CONTROL, 4, emit_stack},
        {G_CONTROL, 4, emit_jump},        {G_X87, 2, emit_x87},
        {G_SSE, 1, emit_mxcsr},           {G_INTEGER, 1, emit_xlat},
        {G_CONTROL, 1, emit_system_call}, {G_FAULT, 1, emit_trap},
    };
    unsigned sum = 0, count = sizeof(kinds) / sizeof(*kinds);
    for (unsigned i = 0; i < count; i++)
        sum += kinds[i].groups & chosen_groups ? kinds[i].weight : 0;
    unsigned pick = below(e->seed, sum);
    for (unsigned i = 0;; i++) {
        unsigned weight = kinds[i].groups & chosen_groups ? kinds[i].weight : 0;
        if (pick < weight)
            return kinds[i].make(e);
        pick -= weight;
    }
}

void generate(uint64_t *seed, uint8_t *code, uint64_t base, uint64_t leave, unsigned steps,
              struct made *made)
{
    struct emit e = {.seed = seed, .code = code, .base = base};
    bool specials = chosen_groups & ~(uint32_t)(G_BASIC | G_MMX | G_AVX | G_BMI);
    unsigned one_in = weight_sum == 0 ? 1 : 4;
    made->start = base;
    made->steps = steps;
    for (unsigned i = 0; i < steps; i++) {
        uint32_t start;
        if (specials && chance(&e, one_in))
            start = emit_special(&e);
        else
            start = emit_row(&e, pick_row(&e, chosen_groups));
        made->step[i].offset = start;
        made->step[i].length = e.at - start;
    }
    made->length = e.at;
    byte(&e, 0xe9);
    number(&e, leave - (base + e.at + 4), 4);
}

uint64_t random_value(uint64_t *seed)
{
    static const uint64_t edges[] = {
        0,
        1,
        2,
        0x7f,
        0x80,
        0xff,
        0x7fff,
        0x8000,
        0xffff,
        0x7fffffff,
        0x80000000,
        0xffffffff,
        UINT64_C(0x7fffffffffffffff),
        UINT64_C(0x8000000000000000),
        UINT64_C(0xffffffffffffffff),
    };
    switch (below(seed, 4)) {
    case 0:
        return edges[below(seed, sizeof(edges) / sizeof(*edges))];
    case 1:
        return below(seed, 256);
    default:
        return next_random(seed) >> (below(seed, 4) ? 0 : below(seed, 64));
    }
}

void random_vector(uint64_t *seed, uint8_t *bytes)
{
    static const uint32_t singles[] = {0,          0x80000000, 0x3f800000, 0xbf800000,
                                       0x7f800000, 0xff800000, 0x7fc00000, 0x7fa00000,
                                       0x00000001, 0x007fffff, 0x7f7fffff, 0x40490fdb,
                                       0x4b000001, 0x4f000000, 0x33800000, 0xc2c80000};
    static const uint64_t doubles[] = {0,
                                       UINT64_C(0x8000000000000000),
                                       UINT64_C(0x3ff0000000000000),
                                       UINT64_C(0xbff0000000000000),
                                       UINT64_C(0x7ff0000000000000),
                                       UINT64_C(0xfff0000000000000),
                                       UINT64_C(0x7ff8000000000000),
                                       UINT64_C(0x7ff4000000000000),
                                       1,
                                       UINT64_C(0x000fffffffffffff),
                                       UINT64_C(0x7fefffffffffffff),
                                       UINT64_C(0x400921fb54442d18),
                                       UINT64_C(0x41e0000000000000),
                                       UINT64_C(0x43e0000000000000)};
    unsigned kind = below(seed, 4);
    for (unsigned i = 0; i < 16; i += 4) {
        uint32_t word = next_random(seed);
        if (kind == 0)
            word = singles[below(seed, 16)];
        else if (kind == 1) /* ordinary numbers of moderate size */
            word = (word & 0x807fffff) | (uint32_t)(0x70 + below(seed, 32)) << 23;
        __builtin_memcpy(bytes + i, &word, 4);
    }
    if (kind == 2) {
        for (unsigned i = 0; i < 16; i += 8) {
            uint64_t word = doubles[below(seed, 14)];
            if (below(seed, 2))
                word = (next_random(seed) & UINT64_C(0x800fffffffffffff)) |
                       (uint64_t)(0x3f0 + below(seed, 32)) << 52;
            __builtin_memcpy(bytes + i, &word, 8);
        }
    }
}

static void random_x87(uint64_t *seed, uint8_t *fx)
{
    uint16_t control = 0x37f;
    if (below(seed, 3) == 0)
        control = 0x3f | (next_random(seed) & 0xf00);
    bool unmasked = below(seed, 16) == 0;
    if (unmasked)
        control &= ~(next_random(seed) & 0x3f);
    uint16_t status = (next_random(seed) & 0x7f00) & ~0x3800;
    status |= below(seed, 8) << 11;
    if (!unmasked && below(seed, 4) == 0)
        status |= next_random(seed) & 0x3f;
    __builtin_memcpy(fx, &control, 2);
    __builtin_memcpy(fx + 2, &status, 2);
    fx[4] = below(seed, 3) ? 0xff : next_random(seed);
    for (unsigned i = 0; i < 8; i++) {
        uint64_t mantissa = next_random(seed);
        uint16_t exponent = 0x3fff - 16 + below(seed, 32);
        switch (below(seed, 6)) {
        case 0:
            mantissa = 0;
            exponent = 0;
            break;
        case 1:
            exponent = next_random(seed);
            break;
        case 2:
            mantissa = UINT64_C(1) << 63;
            break;
        default:
            mantissa |= UINT64_C(1) << 63;
        }
        exponent |= (next_random(seed) & 1) << 15;
        __builtin_memcpy(fx + 32 + i * 16, &mantissa, 8);
        __builtin_memcpy(fx + 32 + i * 16 + 8, &exponent, 2);
    }
}

void random_state(uint64_t *seed, struct state *state, uint32_t groups)
{
    __builtin_memset(state, 0, sizeof(*state));
    for (unsigned i = 0; i < 16; i++)
        state->general[i] = random_value(seed);
    state->general[4] =
        ARENA_BASE + 0x1000 + (below(seed, 4) ? below(seed, 256) * 8 : below(seed, 2048));
    struct emit e = {.seed = seed};
    random_flags(&e, &state->flags);
    uint16_t control = 0x37f;
    uint32_t mxcsr = 0x1f80;
    __builtin_memcpy(state->fx, &control, 2);
    if (groups == G_BASIC) {
        state->flags &= 0x8d7;
        state->flags |= 0x202;
    } else {
        random_x87(seed, state->fx);
        if (below(seed, 2))
            mxcsr |= next_random(seed) & 0xe07f;
        if (below(seed, 24) == 0)
            mxcsr &= ~(next_random(seed) & 0x1f80);
    }
    __builtin_memcpy(state->fx + 24, &mxcsr, 4);
    uint32_t mask = 0xffff;
    __builtin_memcpy(state->fx + 28, &mask, 4);
    for (unsigned i = 0; i < 16; i++) {
        random_vector(seed, state->fx + 160 + 16 * i);
        random_vector(seed, state->ymm_high[i]);
    }
}
