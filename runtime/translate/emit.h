/*
 * Assembles host instructions into a buffer. Register numbers are host register numbers.
 */
#ifndef RUNTIME_TRANSLATE_EMIT_H
#define RUNTIME_TRANSLATE_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/translate/cpu.h"

/* Host registers with a fixed part (cpu.h). */
enum {
    HOST_SCRATCH = CPU_RCX,
    HOST_STATE = CPU_RSP,
    HOST_GUEST_RSP = CPU_R8,
    HOST_GUEST_RCX = CPU_R10,
    HOST_WINDOW = CPU_R11,
    NO_REG = -1
};

/* A host memory operand: [base + index * scale + disp]; index or base may be NO_REG. An index of
 * a vector register (VSIB) is given by its number with vector set. */
struct host_mem {
    int8_t base, index;
    uint8_t scale;
    bool vector;
    int32_t disp;
};

/* What the scratch register is known to hold, between guest instructions of one block: nothing, the
 * value of a guest register whose home is the state block, or a host register and the window. Only
 * the functions below keep count; who emits bytes that change the scratch register says so. */
enum {
    HOLDS_NOTHING = 0,
    HOLDS_GUEST = 1,   /* + the guest register */
    HOLDS_WINDOW = 17, /* + the host register */
};

struct emit {
    uint8_t *buf;
    size_t n, cap;
    bool full; /* set when bytes did not fit; the buffer is then not to be used */
    uint8_t holds;
};

void emit_byte(struct emit *e, uint8_t b);
void emit_u32(struct emit *e, uint32_t v);
void emit_bytes(struct emit *e, const void *p, size_t n);

/* ModRM, SIB and displacement of a memory operand; reg is the low three bits of the reg field. */
void emit_modrm_mem(struct emit *e, int reg, const struct host_mem *m);

/* Operand at an offset of the state block. */
struct host_mem emit_state(size_t offset);
struct host_mem emit_mem(int base, int32_t disp);
/* Guest memory at the guest address in reg, plus disp. */
struct host_mem emit_guest(int reg, int32_t disp);

void emit_mov(struct emit *e, int to, int from);
void emit_mov32(struct emit *e, int to, int from);         /* zero-extends */
void emit_load(struct emit *e, int to, struct host_mem m); /* 64 bits */
void emit_load32(struct emit *e, int to, struct host_mem m);
void emit_store(struct emit *e, struct host_mem m, int from); /* 64 bits */
void emit_store32(struct emit *e, struct host_mem m, int from);
void emit_load16(struct emit *e, int to, struct host_mem m); /* the rest of the register stays */
void emit_store16(struct emit *e, struct host_mem m, int from);
void emit_store_imm32(struct emit *e, struct host_mem m,
                      int32_t imm); /* sign-extended to 64 bits */
void emit_lea(struct emit *e, int to, struct host_mem m);
void emit_lea32(struct emit *e, int to, struct host_mem m);
void emit_imm(struct emit *e, int to, uint64_t value); /* shortest form */
void emit_not(struct emit *e, int reg);
void emit_movzx16(struct emit *e, int to, int from);
void emit_jmp_mem(struct emit *e, struct host_mem m);
void emit_call_mem(struct emit *e, struct host_mem m);
/* Pads with a NOP so that the 4 bytes at n + skip lie inside one aligned 8 bytes. */
void emit_align_patch(struct emit *e, size_t skip);
void emit_nop(struct emit *e, size_t n);

#endif
