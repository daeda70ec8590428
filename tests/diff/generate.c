/* Makes random instructions from the table, and those that are not in it. */
#include "emit.h"

static uint32_t chosen_groups;
static uint32_t weights[1024];
static uint32_t weight_sum;

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

uint32_t generate_groups(void)
{
    return chosen_groups;
}

uint32_t emit_instruction(struct emit *e)
{
    bool specials = e->groups & ~(uint32_t)(G_BASIC | G_MMX | G_AVX | G_BMI);
    unsigned one_in = weight_sum == 0 ? 1 : 4;
    if (specials && chance(e, one_in))
        return emit_special(e);
    return emit_row(e, pick_row(e, e->groups));
}

void generate(uint64_t *seed, uint8_t *code, uint64_t base, uint64_t leave, unsigned steps,
              struct made *made)
{
    struct emit e = {.seed = seed, .code = code, .base = base, .groups = chosen_groups};
    made->start = base;
    made->steps = steps;
    for (unsigned i = 0; i < steps; i++) {
        uint32_t start = emit_instruction(&e);
        made->step[i].offset = start;
        made->step[i].length = e.at - start;
    }
    made->length = e.at;
    byte(&e, 0xe9);
    number(&e, leave - (base + e.at + 4), 4);
}
