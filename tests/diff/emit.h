/* What the parts of the generator share: bytes of code in a case's slot, memory operands. */
#ifndef DIFF_EMIT_H
#define DIFF_EMIT_H

#include "diff.h"

struct emit {
    uint64_t *seed;
    uint8_t *code;
    uint64_t base;
    uint32_t at;
    uint32_t groups; /* chosen */
    bool lasting;    /* registers are read long after they were set */
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

static inline bool chance(struct emit *e, unsigned one_in)
{
    return below(e->seed, one_in) == 0;
}

static inline void byte(struct emit *e, uint8_t value)
{
    e->code[e->at++] = value;
}

static inline void number(struct emit *e, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        byte(e, value >> i * 8);
}

/* mov reg, value */
static inline void load_register(struct emit *e, unsigned reg, uint64_t value)
{
    byte(e, 0x48 | reg >> 3);
    byte(e, 0xb8 | (reg & 7));
    number(e, value, 8);
}

/* operand.c */

/* An address for an operand: nearly always inside the arena, sometimes one that has to fault. */
uint64_t choose_target(struct emit *e, unsigned size, unsigned align);
/* Chooses base, index, scale and displacement for o->target and emits the moves that set the
 * registers. avoid: a register that must keep its value, or -1. */
void choose_address(struct emit *e, struct operand *o, int avoid, bool vector_index);
uint64_t segment_base(const struct operand *o);
/* ModRM and what belongs to it; tail bytes of the instruction follow. */
void emit_operand(struct emit *e, const struct operand *o, unsigned tail);
/* Legacy prefixes in random order, some of them redundant. */
void emit_prefixes(struct emit *e, const uint8_t *wanted, unsigned count, bool spare);

/* Each emits one instruction, with moves before it, and returns where it starts. */

/* generate.c: of the groups. */
uint32_t emit_instruction(struct emit *e);
/* row.c: of the row. */
uint32_t emit_row(struct emit *e, const struct row *row);
/* special.c: one that no row describes, of the chosen groups. */
uint32_t emit_special(struct emit *e);

/* random.c */
uint64_t random_flags(uint64_t *seed);

#endif
