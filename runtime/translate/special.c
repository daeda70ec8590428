/* String instructions, implicit memory operands, the XSAVE family. */
#include "runtime/translate/xlate.h"

#define STATE(field) emit_state(offsetof(struct cpu, field))

/* --- string instructions -------------------------------------------------------------------- */

struct string_use {
    bool rsi, rdi;
};

/* Adds (or takes away) the window and a segment base to a host register. Changes no flags. */
static void bias(struct xlate *x, int reg)
{
    emit_lea(&x->e, reg, (struct host_mem){.base = (int8_t)reg, .index = HOST_WINDOW, .scale = 1});
}

static void segment_bias(struct xlate *x, const struct insn *in)
{
    size_t at = in->segment == 0x64 ? offsetof(struct cpu, fs_base) : offsetof(struct cpu, gs_base);
    emit_load(&x->e, HOST_SCRATCH, emit_state(at));
}

static void lea_sum(struct xlate *x, int reg, int index, int32_t disp)
{
    emit_lea(
        &x->e, reg,
        (struct host_mem){.base = (int8_t)reg, .index = (int8_t)index, .scale = 1, .disp = disp});
}

/* With 32-bit addresses the registers lose their upper halves when the instruction has done
 * something: until then their values are in the state block. */
static uint8_t keep_wide(struct xlate *x, struct string_use use)
{
    if (use.rsi)
        emit_store(&x->e, emit_state(offsetof(struct cpu, gpr) + 8 * CPU_RSI), CPU_RSI);
    if (use.rdi)
        emit_store(&x->e, emit_state(offsetof(struct cpu, gpr) + 8 * CPU_RDI), CPU_RDI);
    return RECOVERY_NARROW;
}

static uint8_t enter_string(struct xlate *x, const struct insn *in, struct string_use use)
{
    uint8_t kind = in->address32 ? keep_wide(x, use) : 0;
    if (use.rsi) {
        if (in->address32)
            emit_mov32(&x->e, CPU_RSI, CPU_RSI);
        if (in->segment) {
            segment_bias(x, in);
            lea_sum(x, CPU_RSI, HOST_SCRATCH, 0);
            kind |= in->segment == 0x64 ? RECOVERY_FS : RECOVERY_GS;
        }
        bias(x, CPU_RSI);
        kind |= RECOVERY_RSI;
    }
    if (use.rdi) {
        if (in->address32)
            emit_mov32(&x->e, CPU_RDI, CPU_RDI);
        bias(x, CPU_RDI);
        kind |= RECOVERY_RDI;
    }
    return kind;
}

static void leave_string(struct xlate *x, const struct insn *in, struct string_use use)
{
    emit_mov(&x->e, HOST_SCRATCH, HOST_WINDOW);
    emit_not(&x->e, HOST_SCRATCH);
    if (use.rsi)
        lea_sum(x, CPU_RSI, HOST_SCRATCH, 1);
    if (use.rdi)
        lea_sum(x, CPU_RDI, HOST_SCRATCH, 1);
    if (use.rsi && in->segment) {
        segment_bias(x, in);
        emit_not(&x->e, HOST_SCRATCH);
        lea_sum(x, CPU_RSI, HOST_SCRATCH, 1);
    }
    if (in->address32 && use.rsi)
        emit_mov32(&x->e, CPU_RSI, CPU_RSI);
    if (in->address32 && use.rdi)
        emit_mov32(&x->e, CPU_RDI, CPU_RDI);
}

static enum xlate_step string(struct xlate *x, const struct insn *in, struct string_use use)
{
    struct emit *e = &x->e;
    bool rep = in->prefix_rep;
    size_t none = 0;
    if (rep && in->address32) {
        emit_mov32(e, HOST_SCRATCH, HOST_GUEST_RCX);
        emit_byte(e, 0xe3); /* jrcxz: all registers stay as they are */
        none = e->n;
        emit_byte(e, 0);
    }
    uint8_t kind = enter_string(x, in, use);
    if (rep) {
        if (in->address32)
            emit_mov32(e, HOST_SCRATCH, HOST_GUEST_RCX);
        else
            emit_mov(e, HOST_SCRATCH, HOST_GUEST_RCX);
        kind |= RECOVERY_RCX | RECOVERY_REP;
    }
    xlate_mark(x, kind);
    if (in->prefix_66)
        emit_byte(e, 0x66);
    if (rep)
        emit_byte(e, in->prefix_rep);
    if (in->rex_w)
        emit_byte(e, 0x48);
    emit_byte(e, in->opcode);
    if (rep)
        emit_mov(e, HOST_GUEST_RCX, HOST_SCRATCH);
    leave_string(x, in, use);
    if (none)
        e->buf[none] = (uint8_t)(e->n - none - 1);
    return STEP_NEXT;
}

static bool is_string(const struct insn *in, struct string_use *use)
{
    if (in->vex || in->opcode_len != 1 || in->has_modrm)
        return false;
    switch (in->opcode) {
    case 0xa4: /* movs */
    case 0xa5:
    case 0xa6: /* cmps */
    case 0xa7:
        *use = (struct string_use){true, true};
        return true;
    case 0xaa: /* stos */
    case 0xab:
    case 0xae: /* scas */
    case 0xaf:
        *use = (struct string_use){false, true};
        return true;
    case 0xac: /* lods */
    case 0xad:
        *use = (struct string_use){true, false};
        return true;
    default:
        return false;
    }
}

/* --- implicit operands ---------------------------------------------------------------------- */

static void put_segment_base(struct xlate *x, const struct insn *in, const struct insn *use)
{
    int t = modrm_borrow(x, use, 0, false);
    size_t at = in->segment == 0x64 ? offsetof(struct cpu, fs_base) : offsetof(struct cpu, gs_base);
    emit_load(&x->e, t, emit_state(at));
    lea_sum(x, HOST_SCRATCH, t, 0);
}

static enum xlate_step xlat(struct xlate *x, const struct insn *in)
{
    struct emit *e = &x->e;
    emit_bytes(e, "\x0f\xb6\xc8", 3); /* movzx ecx, al */
    lea_sum(x, HOST_SCRATCH, CPU_RBX, 0);
    if (in->address32)
        emit_mov32(e, HOST_SCRATCH, HOST_SCRATCH);
    if (in->segment)
        put_segment_base(x, in, in);
    xlate_mark(x, 0);
    emit_bytes(e, "\x42\x8a\x04\x19", 4); /* mov al, [rcx + r11] */
    modrm_return(x);
    return STEP_NEXT;
}

/* mov between the accumulator and an absolute 64-bit address. */
static enum xlate_step mov_offset(struct xlate *x, const struct insn *in)
{
    struct emit *e = &x->e;
    uint64_t address = 0;
    for (int i = in->imm_len - 1; i >= 0; i--)
        address = address << 8 | in->bytes[in->imm_at + i];
    emit_imm(e, HOST_SCRATCH, address);
    if (in->segment)
        put_segment_base(x, in, in);
    xlate_mark(x, 0);
    if (in->prefix_66)
        emit_byte(e, 0x66);
    emit_byte(e, in->rex_w ? 0x4a : 0x42);
    static const uint8_t opcode[4] = {0x8a, 0x8b, 0x88, 0x89};
    emit_byte(e, opcode[in->opcode & 3]);
    emit_bytes(e, "\x04\x19", 2); /* [rcx + r11] */
    modrm_return(x);
    return STEP_NEXT;
}

/* maskmovq, maskmovdqu: memory at rdi, which holds the host's address for the instruction. */
static enum xlate_step mask_move(struct xlate *x, const struct insn *in)
{
    struct emit *e = &x->e;
    emit_store(e, emit_state(offsetof(struct cpu, gpr) + 8 * CPU_RDI), CPU_RDI);
    x->borrowed |= 1 << CPU_RDI;
    if (in->address32)
        emit_mov32(e, CPU_RDI, CPU_RDI);
    if (in->segment) {
        segment_bias(x, in);
        lea_sum(x, CPU_RDI, HOST_SCRATCH, 0);
    }
    bias(x, CPU_RDI);
    xlate_mark(x, 0);
    size_t from = in->opcode_at;
    if (in->vex) {
        from -= in->bytes[from - 2] == 0xc5 ? 2 : 3;
    } else {
        if (in->prefix_66)
            emit_byte(e, 0x66);
        if (in->rex_r | in->rex_b)
            emit_byte(e, (uint8_t)(0x40 | in->rex_r >> 1 | in->rex_b >> 3));
    }
    emit_bytes(e, in->bytes + from, in->length - from);
    modrm_return(x);
    return STEP_NEXT;
}

/* --- XSAVE and its relatives: the mask in edx:eax is ANDed with the guest's XCR0 ------------ */

static enum xlate_step xsave_family(struct xlate *x, const struct insn *in)
{
    struct emit *e = &x->e;
    struct host_mem address = modrm_address(x, in, HOST_SCRATCH, true, 0);
    emit_lea(e, HOST_SCRATCH, address);
    modrm_return(x);
    emit_store(e, emit_state(offsetof(struct cpu, gpr) + 8 * CPU_RAX), CPU_RAX);
    emit_store(e, emit_state(offsetof(struct cpu, gpr) + 8 * CPU_RDX), CPU_RDX);
    emit_store32(e, STATE(helper_value), CPU_RAX);
    emit_bytes(e, "\x9f\x0f\x90\xc0", 4); /* lahf; seto al */
    emit_mov32(e, CPU_RDX, CPU_RAX);
    emit_load32(e, CPU_RAX, STATE(helper_value));
    emit_bytes(e, "\x83\xe0", 2); /* and eax, xcr0 */
    emit_byte(e, (uint8_t)cpu_xcr0());
    emit_store32(e, STATE(helper_value), CPU_RAX);
    emit_mov32(e, CPU_RAX, CPU_RDX);
    emit_bytes(e, "\x04\x7f\x9e", 3); /* add al, 0x7f; sahf */
    emit_load32(e, CPU_RAX, STATE(helper_value));
    emit_imm(e, CPU_RDX, 0);
    x->borrowed = 1 << CPU_RAX | 1 << CPU_RDX;
    xlate_mark(x, 0);
    if (in->rex_w)
        emit_byte(e, 0x48);
    emit_bytes(e, in->bytes + in->opcode_at, in->opcode_len);
    emit_byte(e, (uint8_t)(in->reg << 3 | HOST_SCRATCH)); /* [rcx] */
    modrm_return(x);
    return STEP_NEXT;
}

static bool runs_as_nop(const struct insn *in)
{
    return in->mnemonic == ZYDIS_MNEMONIC_NOP || in->mnemonic == ZYDIS_MNEMONIC_ENDBR32 ||
           in->mnemonic == ZYDIS_MNEMONIC_ENDBR64 || in->mnemonic == ZYDIS_MNEMONIC_RDSSPD ||
           in->mnemonic == ZYDIS_MNEMONIC_RDSSPQ;
}

enum xlate_step special(struct xlate *x, const struct insn *in, bool *handled)
{
    struct string_use use;
    *handled = true;
    if (runs_as_nop(in))
        return STEP_NEXT;
    if (is_string(in, &use))
        return string(x, in, use);
    switch (in->mnemonic) {
    case ZYDIS_MNEMONIC_XLAT:
        return xlat(x, in);
    case ZYDIS_MNEMONIC_MASKMOVQ:
    case ZYDIS_MNEMONIC_MASKMOVDQU:
    case ZYDIS_MNEMONIC_VMASKMOVDQU:
        return mask_move(x, in);
    case ZYDIS_MNEMONIC_XSAVE:
    case ZYDIS_MNEMONIC_XSAVE64:
    case ZYDIS_MNEMONIC_XSAVEC:
    case ZYDIS_MNEMONIC_XSAVEC64:
    case ZYDIS_MNEMONIC_XSAVEOPT:
    case ZYDIS_MNEMONIC_XSAVEOPT64:
    case ZYDIS_MNEMONIC_XRSTOR:
    case ZYDIS_MNEMONIC_XRSTOR64:
        return xsave_family(x, in);
    case ZYDIS_MNEMONIC_MOV:
        if (!in->vex && in->opcode_len == 1 && (in->opcode & 0xfc) == 0xa0)
            return mov_offset(x, in);
        break;
    default:
        if (in->z.meta.isa_set == ZYDIS_ISA_SET_CET)
            return STEP_UNDEFINED;
        break;
    }
    *handled = false;
    return STEP_NEXT;
}
