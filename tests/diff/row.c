/* Instructions of a row of the table. */
#include "emit.h"

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

static void emit_vex(struct emit *e, const struct row *row, const struct operand *o,
                     unsigned opcode, unsigned pp, bool wide, bool length, unsigned v,
                     uint64_t immediate)
{
    uint8_t wanted[3] = {0};
    unsigned count = 0;
    bool addressed = o->memory || (row->flags & F_RDI);
    if (addressed && o->segment)
        wanted[count++] = o->segment;
    if (addressed && o->narrow)
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

/* The memory that an instruction names by rdi. */
static void load_rdi(struct emit *e, struct operand *o)
{
    o->segment = chance(e, 4) ? 0x64 + below(e->seed, 2) : 0;
    uint64_t target = choose_target(e, 16, 0) - segment_base(o);
    o->narrow = chance(e, 4) && !(target >> 32);
    load_register(e, 7, target + (o->narrow ? next_random(e->seed) << 32 : 0));
}

/* With a VEX prefix. */
static uint32_t emit_row_vex(struct emit *e, const struct row *row, struct operand *o,
                             unsigned opcode, unsigned pp, bool wide)
{
    bool length = row->flags & F_L1 ? true : row->flags & F_L0 ? false : chance(e, 2);
    unsigned v = row->flags & F_V ? below(e->seed, 16) : 0;
    if (row->flags & F_GATHER) {
        o->index = below(e->seed, 16);
        while (o->reg == (unsigned)o->index)
            o->reg = below(e->seed, 16);
        while (v == o->reg || v == (unsigned)o->index)
            v = below(e->seed, 16);
        load_indices(e, o->index);
    }
    uint32_t start = e->at;
    emit_vex(e, row, o, opcode, pp, wide, length, v, next_random(e->seed));
    return start;
}

/* With legacy prefixes and REX. half: 16 bits. */
static uint32_t emit_row_legacy(struct emit *e, const struct row *row, const struct operand *o,
                                unsigned opcode, unsigned pp, bool wide, bool half)
{
    bool modrm = !(row->flags & F_NOMODRM);
    uint8_t wanted[6];
    unsigned count = 0;
    bool addressed = o->memory || (row->flags & F_RDI);
    if (addressed && o->segment)
        wanted[count++] = o->segment;
    bool narrow = addressed ? o->narrow : row->imm == I_OFFSET && chance(e, 4);
    if (row->imm == I_OFFSET && o->target >> 32)
        narrow = false;
    if (narrow)
        wanted[count++] = 0x67;
    if (half || pp == 1)
        wanted[count++] = 0x66;
    if (pp >= 2)
        wanted[count++] = pp == 2 ? 0xf3 : 0xf2;
    bool lock = o->memory && (row->flags & F_LOCK) && chance(e, 3);
    if (lock)
        wanted[count++] = 0xf0;
    uint32_t start = e->at;
    emit_prefixes(e, wanted, count, true);

    unsigned rex = wide << 3;
    if (modrm) {
        /* An extension in ModRM.reg and x87 or MMX registers do not look at REX. */
        rex |= (o->reg >> 3) << 2;
        if (o->memory)
            rex |= (o->index >= 8) << 1 | (o->base >= 8 && o->base < 16);
        else
            rex |= o->rm >> 3;
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
        emit_operand(e, o, tail);
    if (row->imm == I_OFFSET)
        number(e, o->target, tail);
    else
        number(e, chance(e, 2) ? next_random(e->seed) : random_value(e->seed), tail);
    return start;
}

uint32_t emit_row(struct emit *e, const struct row *row)
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
        load_rdi(e, &o);
    if (o.memory)
        prepare_memory(e, row, &o);
    else if (row->imm == I_OFFSET)
        o.target = choose_target(e, row->size, 0);
    if (row->flags & F_VEX)
        return emit_row_vex(e, row, &o, opcode, pp, wide);
    return emit_row_legacy(e, row, &o, opcode, pp, wide, half);
}
