/* Random values, and the registers that a case starts with. */
#include "emit.h"

static uint32_t alignment_flag = 0x40000;

void generate_without_alignment_checks(void)
{
    alignment_flag = 0;
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

uint64_t random_flags(uint64_t *seed)
{
    return 0x202 | (next_random(seed) & 0x8d5) | (below(seed, 4) == 0 ? 0x400 : 0) |
           (below(seed, 64) == 0 ? alignment_flag : 0);
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
    state->flags = random_flags(seed);
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
