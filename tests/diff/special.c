/* Instructions that no row of the table describes. */
#include "emit.h"

#define REP  0xf3
#define REPN 0xf2

static bool in_arena(uint64_t address)
{
    return address - ARENA_BASE < ARENA_SIZE;
}

static uint32_t emit_string(struct emit *e)
{
    static const uint8_t opcodes[] = {0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf};
    uint64_t source = choose_target(e, 1, 0), target = choose_target(e, 1, 0);
    /* Of two that fault, processors differ in which they look at first. */
    if (!in_arena(source))
        target = ARENA_BASE + 0x800 + below(e->seed, 64) * 8;
    else if (!in_arena(target))
        source = ARENA_BASE + 0x800 + below(e->seed, 64) * 8;
    uint8_t segment = chance(e, 6) ? 0x64 + below(e->seed, 2) : 0;
    struct operand o = {.segment = segment};
    uint8_t wanted[4];
    unsigned count = 0;
    bool repeated = !chance(e, 3), narrow = chance(e, 8);
    uint64_t times = below(e->seed, 80), garbage = 0;
    if ((source - segment_base(&o)) >> 32 || target >> 32)
        narrow = false;
    /* Processors leave different upper halves when nothing is repeated. */
    if (narrow && times)
        garbage = next_random(e->seed) << 32;
    load_register(e, 6, source - segment_base(&o) + garbage);
    load_register(e, 7, target + garbage);
    if (repeated) {
        load_register(e, 1, times + garbage);
        wanted[count++] = chance(e, 2) ? REP : REPN;
    }
    if (chance(e, 2))
        load_register(e, 0, UINT64_C(0x0101010101010101) * below(e->seed, 3));
    if (segment)
        wanted[count++] = segment;
    if (narrow)
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
        if (chance(e, 4))
            byte(e, 0x66);
        byte(e, 0x9c);
        break;
    case 7:
        byte(e, 0x68);
        number(e, random_flags(e->seed), 4);
        start = e->at;
        if (chance(e, 4))
            byte(e, 0x66);
        byte(e, 0x9d);
        break;
    default:
        if (chance(e, 2)) {
            load_register(e, 5, choose_target(e, 8, 8));
            start = e->at;
            if (chance(e, 4))
                byte(e, 0x66);
            byte(e, 0xc9);
        } else {
            if (chance(e, 4)) {
                if (chance(e, 2))
                    load_register(e, 5, choose_target(e, 8, 1));
                start = e->at;
                byte(e, 0x66);
            }
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
    struct operand o = {.segment = chance(e, 4) ? 0x64 + below(e->seed, 2) : 0};
    uint64_t table = choose_target(e, 1, 0) - segment_base(&o);
    uint8_t wanted[2];
    unsigned count = 0;
    if (o.segment)
        wanted[count++] = o.segment;
    if (chance(e, 4) && !(table >> 32)) {
        wanted[count++] = 0x67;
        table += next_random(e->seed) << 32;
    }
    load_register(e, 3, table);
    uint32_t start = e->at;
    emit_prefixes(e, wanted, count, true);
    byte(e, 0xd7);
    return start;
}

static uint16_t choose_selector(struct emit *e)
{
    static const uint8_t list[] = {0, 1, 2, 3, 0x20, 0x23, 0x28, 0x2b, 0x2b, 0x2b, 0x30, 0x33};
    return chance(e, 4) ? below(e->seed, 0x70) : list[below(e->seed, sizeof(list))];
}

/* With a register that holds a selector: 66h or REX, opcode, ModRM with reg. */
static uint32_t emit_with_selector(struct emit *e, const uint8_t *opcode, unsigned length,
                                   unsigned reg, bool half)
{
    unsigned rm = below(e->seed, 16);
    uint16_t selector = choose_selector(e);
    /* The next interrupt makes these 0 when it returns to a program that has loaded them. */
    if (e->lasting && opcode[0] == 0x8e && selector > 0 && selector < 4)
        selector = 0;
    load_register(e, rm, selector + (chance(e, 2) ? next_random(e->seed) << 16 : 0));
    uint32_t start = e->at;
    if (half)
        byte(e, 0x66);
    unsigned wide = !half && chance(e, 3) ? 8 : 0;
    if (wide || reg >= 8 || rm >= 8 || chance(e, 8))
        byte(e, 0x40 | wide | (reg >> 3) << 2 | rm >> 3);
    for (unsigned i = 0; i < length; i++)
        byte(e, opcode[i]);
    byte(e, 0xc0 | (reg & 7) << 3 | (rm & 7));
    return start;
}

/* Segment registers and what asks about descriptors. fs and gs stay: the arena hangs on them. */
static uint32_t emit_segment(struct emit *e)
{
    static const struct row read = {0, 1, 0, 0x8c, 0x8c, 0x3f, I_NONE, 2, F_SIZES};
    static const struct row load = {0, 1, 0, 0x8e, 0x8e, 0x09, I_NONE, 2, F_MEMORY};
    static const struct row verify = {0, 1, 1, 0x00, 0x00, 0x30, I_NONE, 2, F_MEMORY};
    static const struct row pointer = {0, 3, 1, 0xb2, 0xb2, 0, I_NONE, 6, F_MEMORY};
    static const uint8_t load_opcode[] = {0x8e}, verify_opcode[] = {0x0f, 0x00};
    static const uint8_t look_opcode[2][2] = {{0x0f, 0x02}, {0x0f, 0x03}};
    static const uint8_t loaded[] = {0, 0, 2, 3};
    uint32_t start;
    switch (below(e->seed, 12)) {
    case 0:
        return emit_row(e, &load);
    case 1:
        return emit_row(e, &verify);
    case 2:
        return emit_row(e, &pointer);
    case 3:
    case 4:
        return emit_with_selector(e, load_opcode, 1, loaded[below(e->seed, 4)], false);
    case 5:
    case 6:
        return emit_with_selector(e, verify_opcode, 2, 4 + below(e->seed, 2), false);
    case 7: /* lar of 16 bits: above, processors differ */
        return emit_with_selector(e, look_opcode[0], 2, below(e->seed, 16), true);
    case 8:
        return emit_with_selector(e, look_opcode[1], 2, below(e->seed, 16), chance(e, 3));
    case 9:
        load_register(e, 4, choose_target(e, 8, chance(e, 2) ? 8 : 1));
        start = e->at;
        if (chance(e, 3))
            byte(e, 0x66);
        byte(e, 0x0f);
        byte(e, chance(e, 2) ? 0xa0 : 0xa8); /* push fs, push gs */
        return start;
    default:
        return emit_row(e, &read);
    }
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

uint32_t emit_special(struct emit *e)
{
    struct {
        uint32_t groups;
        unsigned weight;
        uint32_t (*make)(struct emit *);
    } kinds[] = {
        {G_STRING, 4, emit_string}, {G_CONTROL, 4, emit_stack},
        {G_CONTROL, 4, emit_jump},  {G_CONTROL, 3, emit_segment},
        {G_X87, 2, emit_x87},       {G_SSE, 1, emit_mxcsr},
        {G_INTEGER, 1, emit_xlat},  {G_CONTROL, 1, emit_system_call},
        {G_FAULT, 1, emit_trap},
    };
    unsigned sum = 0, count = sizeof(kinds) / sizeof(*kinds);
    for (unsigned i = 0; i < count; i++)
        sum += kinds[i].groups & e->groups ? kinds[i].weight : 0;
    unsigned pick = below(e->seed, sum);
    for (unsigned i = 0;; i++) {
        unsigned weight = kinds[i].groups & e->groups ? kinds[i].weight : 0;
        if (pick < weight)
            return kinds[i].make(e);
        pick -= weight;
    }
}
