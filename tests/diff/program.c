/* Makes a random program of several blocks: functions that call each other, loops, indirect jumps,
 * recursion, and stores into code that runs later. It always ends: each jump backwards takes from
 * the fuel. */
#include "emit.h"

#define BLOCKS_MAX 40
#define FIXES_MAX  512

enum fix_kind { FIX_RELATIVE, FIX_ABSOLUTE_32, FIX_ABSOLUTE_64 };

struct block {
    uint32_t start;
    uint32_t
        patch; /* where a store may change the block: an opcode of a short jcc, or an immediate */
};

struct fix {
    uint32_t at;
    uint8_t kind;
    bool patch; /* the block's patch, not its start */
    uint8_t block;
};

struct program {
    struct emit *e;
    struct block blocks[BLOCKS_MAX];
    unsigned count;
    struct fix fixes[FIXES_MAX];
    unsigned fix_count;
    unsigned entries; /* of the table of jumps */
    bool note_all;    /* at every block */
    uint64_t note;
};

/* A function's blocks are [first, end); it calls functions after it alone. */
struct function {
    unsigned first, end, number;
};

/* Four bytes of code that depend on where a block, or its patch, comes to lie. */
static void fix(struct program *p, enum fix_kind kind, unsigned block, bool patch)
{
    p->fixes[p->fix_count++] =
        (struct fix){.at = p->e->at, .kind = kind, .patch = patch, .block = block};
    number(p->e, 0, 4);
}

/* ModRM, SIB and an absolute address. */
static void absolute(struct emit *e, unsigned reg, uint64_t address)
{
    byte(e, reg << 3 | 4);
    byte(e, 0x25);
    number(e, address, 4);
}

static uint64_t entry_address(const struct program *p)
{
    return p->e->base + PROGRAM_TABLE + p->entries * 8;
}

static void add_entry(struct program *p, unsigned block)
{
    p->fixes[p->fix_count++] = (struct fix){
        .at = PROGRAM_TABLE + 8 * p->entries++, .kind = FIX_ABSOLUTE_64, .block = block};
}

/* mov esp, the place of a function's return address */
static void load_stack(struct program *p, unsigned function, unsigned used)
{
    byte(p->e, 0xbc);
    number(p->e, PROGRAM_STACK - function * 0x400 - used, 4);
}

static void emit_note(struct program *p, unsigned block)
{
    struct emit *e = p->e;
    byte(e, 0x48); /* mov [PROGRAM_RSP], rsp */
    byte(e, 0x89);
    absolute(e, 4, PROGRAM_RSP);
    byte(e, 0xbc);
    number(e, PROGRAM_NOTE_STACK, 4);
    byte(e, 0x68);
    number(e, block, 4);
    byte(e, 0xe8);
    number(e, p->note - (e->base + e->at + 4), 4);
    byte(e, 0x48); /* mov rsp, [PROGRAM_RSP] */
    byte(e, 0x8b);
    absolute(e, 4, PROGRAM_RSP);
}

/* What a store may change: mov r32, imm32, or a short jump over an addition. */
static void emit_patch(struct program *p, struct block *b)
{
    static const uint8_t registers[] = {0, 1, 2, 3, 5, 6, 7};
    struct emit *e = p->e;
    if (!chance(e, 3)) {
        byte(e, 0xb8 + registers[below(e->seed, sizeof(registers))]);
        b->patch = e->at;
        number(e, next_random(e->seed), 4);
        return;
    }
    b->patch = e->at;
    byte(e, 0x70 + below(e->seed, 16));
    byte(e, 3);
    byte(e, 0x48); /* add rax, rcx */
    byte(e, 0x01);
    byte(e, 0xc8);
}

/* A store into some block of the program, run already or not. */
static void emit_store(struct program *p, unsigned total)
{
    struct emit *e = p->e;
    unsigned target = below(e->seed, total);
    unsigned kind = below(e->seed, 3);
    if (kind == 2) { /* and al, 0Fh; or al, 70h; mov [patch], al: fits both */
        byte(e, 0x24);
        byte(e, 0x0f);
        byte(e, 0x0c);
        byte(e, 0x70);
        byte(e, 0x88);
        byte(e, 0x04);
        byte(e, 0x25);
        fix(p, FIX_ABSOLUTE_32, target, true);
        return;
    }
    /* xor byte [patch], 1 or 0: another condition or number, or a write that changes nothing */
    byte(e, 0x80);
    byte(e, 0x34);
    byte(e, 0x25);
    fix(p, FIX_ABSOLUTE_32, target, true);
    byte(e, kind == 0);
}

static unsigned forward(struct program *p, const struct function *f, unsigned block)
{
    return block + 1 + below(p->e->seed, f->end - block - 1);
}

static void emit_jump_to(struct program *p, int condition, unsigned target)
{
    struct emit *e = p->e;
    if (target < p->count && chance(e, 2)) {
        int64_t distance = (int64_t)p->blocks[target].start - (e->at + 2);
        if (distance >= -128) {
            byte(e, condition < 0 ? 0xeb : 0x70 + condition);
            byte(e, distance);
            return;
        }
    }
    if (condition < 0) {
        byte(e, 0xe9);
    } else {
        byte(e, 0x0f);
        byte(e, 0x80 + condition);
    }
    fix(p, FIX_RELATIVE, target, false);
}

/* dec dword [PROGRAM_FUEL] */
static void emit_fuel(struct emit *e)
{
    byte(e, 0xff);
    absolute(e, 1, PROGRAM_FUEL);
}

/* Through a table of four blocks of the function; backwards too when there is fuel. */
static void emit_switch(struct program *p, const struct function *f, unsigned block)
{
    struct emit *e = p->e;
    static const uint8_t registers[] = {0, 1, 2, 3, 6, 7};
    unsigned reg = registers[below(e->seed, sizeof(registers))];
    uint64_t table = entry_address(p);
    bool anywhere = chance(e, 2);
    if (anywhere) {
        emit_fuel(e);
        emit_jump_to(p, 8, block + 1); /* js */
    }
    byte(e, 0x83); /* and reg, 3 */
    byte(e, 0xe0 | reg);
    byte(e, 3);
    switch (below(e->seed, 3)) {
    case 0: /* jmp [reg * 8 + table] */
        byte(e, 0xff);
        byte(e, 0x24);
        byte(e, 0xc5 | reg << 3);
        number(e, table, 4);
        break;
    case 1: /* mov rax, [reg * 8 + table]; jmp rax */
        byte(e, 0x48);
        byte(e, 0x8b);
        byte(e, 0x04);
        byte(e, 0xc5 | reg << 3);
        number(e, table, 4);
        byte(e, 0xff);
        byte(e, 0xe0);
        break;
    default: /* push [reg * 8 + table]; ret */
        byte(e, 0xff);
        byte(e, 0x34);
        byte(e, 0xc5 | reg << 3);
        number(e, table, 4);
        byte(e, 0xc3);
    }
    for (unsigned i = 0; i < 4; i++) {
        unsigned target =
            anywhere ? f->first + below(e->seed, f->end - f->first) : forward(p, f, block);
        add_entry(p, target);
    }
}

static void emit_call(struct program *p, unsigned function, unsigned entry)
{
    struct emit *e = p->e;
    load_stack(p, function, 0);
    switch (below(e->seed, 3)) {
    case 0: /* call [table] */
        byte(e, 0xff);
        absolute(e, 2, entry_address(p));
        add_entry(p, entry);
        return;
    case 1: /* mov ebx, entry; call rbx */
        byte(e, 0xbb);
        fix(p, FIX_ABSOLUTE_32, entry, false);
        byte(e, 0xff);
        byte(e, 0xd3);
        return;
    default:
        byte(e, 0xe8);
        fix(p, FIX_RELATIVE, entry, false);
    }
}

/* The last function calls itself, with instructions that leave the stack alone. */
static void emit_recursive(struct program *p, unsigned block)
{
    struct emit *e = p->e;
    byte(e, 0xff); /* dec dword [PROGRAM_DEPTH]; js to the return */
    absolute(e, 1, PROGRAM_DEPTH);
    byte(e, 0x78);
    uint32_t jump = e->at;
    byte(e, 0);
    byte(e, 0x53); /* push rbx */
    byte(e, 0x48); /* lea rbx, [rbx + rcx * 2 + 1] */
    byte(e, 0x8d);
    byte(e, 0x5c);
    byte(e, 0x4b);
    byte(e, 0x01);
    byte(e, 0xe8);
    fix(p, FIX_RELATIVE, block, false);
    byte(e, 0x48); /* adc rcx, rbx */
    byte(e, 0x11);
    byte(e, 0xd9);
    byte(e, 0x5b); /* pop rbx */
    e->code[jump] = e->at - (jump + 1);
    byte(e, 0xc3);
}

static void emit_recursion(struct program *p, unsigned function, unsigned entry)
{
    struct emit *e = p->e;
    byte(e, 0xc7); /* mov dword [PROGRAM_DEPTH], n */
    absolute(e, 0, PROGRAM_DEPTH);
    number(e, below(e->seed, 24), 4);
    emit_call(p, function, entry);
}

struct shape {
    struct function functions[4];
    unsigned count, total; /* functions, and blocks of all with the recursive one */
};

/* How a block goes on. It falls into the next one otherwise. */
static void emit_end(struct program *p, const struct shape *s, const struct function *f,
                     unsigned block)
{
    struct emit *e = p->e;
    switch (below(e->seed, 10)) {
    case 0:
        emit_jump_to(p, -1, forward(p, f, block));
        return;
    case 1:
        emit_jump_to(p, below(e->seed, 16), forward(p, f, block));
        return;
    case 2: /* jns backwards */
    case 8:
        emit_fuel(e);
        emit_jump_to(p, 9, f->first + below(e->seed, block - f->first + 1));
        return;
    case 3:
        emit_switch(p, f, block);
        return;
    case 4:
        if (f->number + 1 < s->count) {
            unsigned other = f->number + 1 + below(e->seed, s->count - f->number - 1);
            emit_call(p, other, s->functions[other].first);
            return;
        }
        emit_recursion(p, s->count, s->total - 1);
        return;
    case 5:
        emit_recursion(p, s->count, s->total - 1);
        return;
    case 6:
        emit_store(p, s->total - 1);
        return;
    default:
        return;
    }
}

static void emit_block(struct program *p, const struct shape *s, const struct function *f)
{
    struct emit *e = p->e;
    unsigned block = p->count;
    struct block *b = &p->blocks[block];
    b->start = e->at;
    p->count++;
    if (p->note_all || chance(e, 4))
        emit_note(p, block);
    emit_patch(p, b);
    /* Room for what they pop. */
    load_stack(p, f->number, 0x108);
    for (unsigned n = below(e->seed, 4); n > 0; n--)
        emit_instruction(e);
    load_stack(p, f->number, 8);
    if (block + 1 < f->end)
        emit_end(p, s, f, block);
}

static void resolve(struct program *p)
{
    struct emit *e = p->e;
    for (unsigned i = 0; i < p->fix_count; i++) {
        const struct fix *x = &p->fixes[i];
        const struct block *b = &p->blocks[x->block];
        uint64_t target = e->base + (x->patch ? b->patch : b->start);
        if (x->kind == FIX_RELATIVE)
            target -= e->base + x->at + 4;
        for (unsigned j = 0; j < (x->kind == FIX_ABSOLUTE_64 ? 8 : 4); j++)
            e->code[x->at + j] = target >> j * 8;
    }
}

void generate_program(uint64_t *seed, uint8_t *code, uint64_t base, uint64_t leave, uint64_t note,
                      struct made *made)
{
    static struct program program;
    struct program *p = &program;
    struct emit e = {
        .seed = seed, .code = code, .base = base, .groups = generate_groups(), .lasting = true};
    struct shape s = {.count = 1 + below(seed, 4)};
    __builtin_memset(p, 0, sizeof(*p));
    p->e = &e;
    p->note = note;
    p->note_all = chance(&e, 2);
    if (!chance(&e, 8))
        e.groups &= ~(uint32_t)G_FAULT;
    for (unsigned i = 0; i < s.count; i++) {
        unsigned blocks = 2 + below(seed, 7);
        s.functions[i] = (struct function){.first = s.total, .end = s.total + blocks, .number = i};
        s.total += blocks;
    }
    s.total++;
    load_stack(p, 0, 8);
    byte(&e, 0xc7); /* mov dword [PROGRAM_FUEL], n */
    absolute(&e, 0, PROGRAM_FUEL);
    number(&e, 1 + below(seed, 200), 4);
    for (unsigned i = 0; i < s.count; i++) {
        const struct function *f = &s.functions[i];
        while (p->count < f->end)
            emit_block(p, &s, f);
        if (i > 0) {
            byte(&e, 0xc3);
            continue;
        }
        byte(&e, 0xe9);
        number(&e, leave - (e.base + e.at + 4), 4);
    }
    p->blocks[p->count++].start = e.at;
    emit_recursive(p, s.total - 1);
    resolve(p);
    *made = (struct made){.start = base, .length = e.at, .steps = 1};
    made->step[0].length = e.at;
}
