/*
 * One guest instruction, decoded into what the relocator needs: the encoding taken apart and the
 * roles its general registers play. Zydis does the decoding.
 */
#ifndef RUNTIME_TRANSLATE_DECODE_H
#define RUNTIME_TRANSLATE_DECODE_H

#include <Zydis/Zydis.h>
#include <stdbool.h>
#include <stdint.h>

/* A general register in an encoded field. */
struct reg_role {
    int8_t reg;   /* guest register 0..15, or -1 when the field is no general register */
    uint8_t size; /* bits: 8, 16, 32, 64 */
    bool high;    /* ah, ch, dh, bh: reg is 0..3 */
    bool read;    /* also set for partial and conditional writes */
    bool written;
};

enum insn_status {
    INSN_OK,
    INSN_TRUNCATED,  /* more bytes are needed */
    INSN_UNDEFINED,  /* #UD: not an instruction, or one that the guest's cpuid does not report */
    INSN_PRIVILEGED, /* #GP in user mode */
};

struct insn {
    ZydisDecodedInstruction z;
    ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
    const uint8_t *bytes;
    uint8_t length;
    ZydisMnemonic mnemonic;

    /* Legacy prefixes that stay: 66, F0, and the last of F2 and F3. */
    bool prefix_66, prefix_f0;
    uint8_t prefix_rep; /* 0, 0xf2 or 0xf3 */
    bool address32;     /* 67 */
    uint8_t segment;    /* 0, 0x64 (fs) or 0x65 (gs) */
    bool vex;
    bool rex_w;
    uint8_t rex_r, rex_x, rex_b; /* 0 or 8 */
    uint8_t vex_map, vex_pp, vex_l, vex_v;
    uint8_t opcode_at, opcode_len; /* the opcode bytes of a legacy instruction with 0F, 38, 3A */
    uint8_t opcode;                /* last opcode byte */
    bool has_modrm;
    uint8_t mod, reg, rm; /* three-bit fields */
    uint8_t imm_at, imm_len;

    struct reg_role role_reg, role_rm, role_v, role_op;

    const ZydisDecodedOperand *mem; /* operand encoded in ModRM; NULL when none */
    bool mem_vsib;

    uint16_t used;    /* guest registers it touches in any way */
    uint16_t written; /* those that it changes */
    bool rcx_in;      /* reads rcx without naming it in an encoded field */
    bool rcx_out;     /* writes it so */
    bool no_rex;      /* a high byte register excludes REX */
    uint64_t next;    /* guest address after it */
};

/* Prepares the decoder for what guest cpuid reports. Once. */
void decode_init(void);

/* Decodes the instruction at bytes (n available) that lies at guest address pc. */
enum insn_status decode(struct insn *insn, const uint8_t *bytes, size_t n, uint64_t pc);

/* Number 0..15 of a general register of any width (ah..bh give 0..3), or -1. */
int decode_gpr(ZydisRegister reg);

#endif
