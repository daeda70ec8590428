/* The parts of the differential instruction test (see diffinsn.c). The program is freestanding: it
 * has no C library, uses a handful of system calls, and all its memory lies at fixed addresses, so
 * that two runs with the same seed give the same output on every correct x86-64 Linux. */
#ifndef DIFF_H
#define DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Guest addresses. The arena is what instructions read and write; a page without access lies at
 * either end. */
#define CODE_BASE  UINT64_C(0x10000000)
#define ARENA_BASE UINT64_C(0x60000000)
#define ARENA_SIZE UINT64_C(0x3000)
#define SLOT_SIZE  1024u /* room for the code of one case */
#define SLOTS      128u  /* cases made before the code becomes executable */
/* A program (program.c) has several slots: code, and at PROGRAM_TABLE addresses of its blocks. */
#define PROGRAM_SIZE  (16 * SLOT_SIZE)
#define PROGRAM_TABLE (12 * SLOT_SIZE)
#define PROGRAMS      (SLOTS * SLOT_SIZE / PROGRAM_SIZE)
/* What programs use beside the arena: stacks, which grow down from here, and numbers. */
#define PROGRAM_DATA       UINT64_C(0x50000000)
#define PROGRAM_DATA_SIZE  UINT64_C(0x10000)
#define PROGRAM_STACK      (PROGRAM_DATA + 0x8000)
#define PROGRAM_NOTE_STACK (PROGRAM_DATA + 0xc000)
#define PROGRAM_RSP        (PROGRAM_DATA + 0xf000) /* while a note is taken */
#define PROGRAM_FUEL       (PROGRAM_DATA + 0xf008) /* jumps backwards that are left */
#define PROGRAM_DEPTH      (PROGRAM_DATA + 0xf010) /* of recursion */
#define FS_BASE            (ARENA_BASE - UINT64_C(0x1234568))
#define GS_BASE            UINT64_C(0x140000)
#define MAX_STEPS          8

/* Groups of instructions, chosen with a mask. */
enum group {
    G_BASIC = 1 << 0,   /* mov and arithmetic between registers, no memory, no faults */
    G_INTEGER = 1 << 1, /* all of the integer instructions */
    G_X87 = 1 << 2,
    G_MMX = 1 << 3,
    G_SSE = 1 << 4, /* to SSE4.2, AES, PCLMUL, SHA */
    G_AVX = 1 << 5, /* with AVX2, FMA, F16C */
    G_BMI = 1 << 6,
    G_STRING = 1 << 7,
    G_CONTROL = 1 << 8, /* jumps, calls, returns, stack */
    G_FAULT = 1 << 9,   /* deliberate faults and traps */
    G_ALL = 0x3fe,
};

/* One row of the instruction table: a range of opcodes that have the same shape. */
struct row {
    uint16_t group;
    uint8_t pp;    /* mask of mandatory prefixes: 1 none, 2 66h, 4 F3h, 8 F2h */
    uint8_t map;   /* 0 one byte, 1 0Fh, 2 0F38h, 3 0F3Ah */
    uint8_t first; /* opcodes first..last */
    uint8_t last;
    uint8_t digits; /* mask of opcode extensions in ModRM.reg; 0: reg is an operand */
    uint8_t imm;    /* enum imm */
    uint8_t size;   /* bytes of the memory operand, for its alignment and place */
    uint32_t flags;
};

enum imm { I_NONE, I_8, I_Z, I_16, I_V, I_OFFSET };

enum row_flag {
    F_NOMODRM = 1 << 0,
    F_MEMORY = 1 << 1,   /* the ModRM operand has to be memory */
    F_REGISTER = 1 << 2, /* ... has to be a register */
    F_SIZES = 1 << 3,    /* 16, 32 and 64 bits by 66h and REX.W */
    F_WIDE = 1 << 4,     /* 32 and 64 bits by REX.W (VEX.W) */
    F_BYTE = 1 << 5,     /* byte registers: ah..bh without REX */
    F_LOCK = 1 << 6,     /* may carry a lock prefix with a memory operand */
    F_ALIGNED = 1 << 7,  /* faults when its memory operand is not aligned */
    F_OPREG = 1 << 8,    /* a register in the opcode's low bits */
    F_BITS = 1 << 9,     /* ModRM.reg is a bit offset that reaches beyond the operand */
    F_VEX = 1 << 10,
    F_V = 1 << 11,  /* VEX.vvvv is an operand */
    F_L0 = 1 << 12, /* only VEX.L = 0; neither flag: both lengths */
    F_L1 = 1 << 13,
    F_W1 = 1 << 14, /* VEX.W = 1; without it and F_WIDE 0 */
    F_GATHER = 1 << 15,
    F_RDI = 1 << 16,    /* stores through RDI */
    F_DIVIDE = 1 << 17, /* RDX gets a small value most of the time */
    F_NOHIGH = 1 << 18, /* no F2h or F3h in front */
};

extern const struct row row_table[];
extern const size_t row_count;

/* Everything a case starts and ends with. The layout is known to enter.S. */
struct state {
    uint64_t general[16]; /* rax rcx rdx rbx rsp rbp rsi rdi r8..r15 */
    uint64_t rip;         /* in: where to start; out: where the case ended */
    uint64_t flags;
    uint64_t padding[2];
    uint8_t ymm_high[16][16];
    uint8_t fx[512] __attribute__((aligned(16))); /* as fxsave stores it */
    /* Out: the signal that ended the case; all zero when it reached its end. */
    uint64_t signal, code, address, trap, error;
    uint64_t padding2[3];
};
_Static_assert(offsetof(struct state, flags) == 136, "known to enter.S");
_Static_assert(offsetof(struct state, ymm_high) == 160, "known to enter.S");
_Static_assert(offsetof(struct state, fx) == 416, "known to enter.S");

/* One case: code in its slot, and where it starts. */
struct made {
    uint64_t start;
    uint32_t length; /* bytes of code, without the jump out */
    uint32_t steps;
    struct {
        uint16_t offset, length; /* of the instruction proper */
    } step[MAX_STEPS];
};

/* splitmix64 with the state in *seed. */
static inline uint64_t next_random(uint64_t *seed)
{
    uint64_t x = *seed += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static inline uint64_t below(uint64_t *seed, uint64_t limit)
{
    return (next_random(seed) >> 11) % limit;
}

/* Sums up the weights of the rows of the chosen groups; before generate(). */
void generate_init(uint32_t groups);
/* Leaves AC clear. Windows and Wine swallow alignment faults: they clear AC and go on. */
void generate_without_alignment_checks(void);
/* Makes one case for the slot at guest address base: code is what will lie there, steps the number
 * of instructions. leave is the address to jump to at the end. */
void generate(uint64_t *seed, uint8_t *code, uint64_t base, uint64_t leave, unsigned steps,
              struct made *made);
/* The chosen groups. */
uint32_t generate_groups(void);
/* Makes a program of PROGRAM_SIZE bytes at base. It jumps to note at the start of some or all of
 * its blocks, with the block's number on the stack. */
void generate_program(uint64_t *seed, uint8_t *code, uint64_t base, uint64_t leave, uint64_t note,
                      struct made *made);
/* Random registers, flags, control words and vectors. */
void random_state(uint64_t *seed, struct state *state, uint32_t groups);
/* A value of a general register or memory word: small, round, extreme or random. */
uint64_t random_value(uint64_t *seed);
/* Sixteen bytes for a vector register or memory: floats of every class, or bits. */
void random_vector(uint64_t *seed, uint8_t *bytes);

#endif
