/* push, pop and their kin: memory first, guest rsp after; runs of them move rsp once. */
#include "runtime/translate/xlate.h"

static struct host_mem top(const struct xlate *x, int32_t off)
{
    return emit_guest(HOST_GUEST_RSP, x->sp + off);
}

/* Host register that holds guest register g, as rsp was before the instruction. */
static int source(struct xlate *x, int g)
{
    if (g == CPU_RSP) {
        emit_lea(&x->e, HOST_SCRATCH, emit_mem(HOST_GUEST_RSP, x->sp));
        return HOST_SCRATCH;
    }
    return modrm_source(x, g);
}

static enum xlate_step push(struct xlate *x, const struct insn *in, int size)
{
    const ZydisDecodedOperand *o = &in->op[0];
    if (o->type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
        int64_t v = o->imm.value.s;
        if (size == 8) {
            xlate_mark(x, RECOVERY_STACK);
            emit_store_imm32(&x->e, top(x, -8), (int32_t)v);
        } else {
            emit_imm(&x->e, HOST_SCRATCH, (uint64_t)v & 0xffff);
            xlate_store(x, top(x, -size), HOST_SCRATCH, size, RECOVERY_STACK);
        }
    } else if (in->mem) {
        struct host_mem m = modrm_address(x, in, HOST_SCRATCH, true, 0);
        xlate_load(x, HOST_SCRATCH, m, size, modrm_segment(in), false);
        modrm_return(x);
        xlate_store(x, top(x, -size), HOST_SCRATCH, size, RECOVERY_STACK);
    } else {
        int g = decode_gpr(o->reg.value);
        if (g < 0) { /* fs or gs */
            segment_selector(x, HOST_SCRATCH, o->reg.value);
            xlate_store(x, top(x, -size), HOST_SCRATCH, size, RECOVERY_STACK);
        } else {
            xlate_store(x, top(x, -size), source(x, g), size, RECOVERY_STACK);
        }
    }
    x->sp -= size;
    return STEP_NEXT;
}

static void pop_register(struct xlate *x, int g, int size)
{
    int to = g == CPU_R8 || g == CPU_R10 || g == CPU_R11 ? HOST_SCRATCH : g;
    if (g == CPU_RCX)
        to = HOST_GUEST_RCX;
    if (size == 2) {
        if (to == HOST_SCRATCH)
            modrm_read(x, to, g);
        if (g == CPU_RSP) {
            xlate_flush_sp(x);
            to = HOST_GUEST_RSP;
        }
    } else if (g == CPU_RSP) {
        to = HOST_GUEST_RSP;
    }
    xlate_load(x, to, top(x, 0), size, RECOVERY_STACK, false);
    if (to == HOST_SCRATCH)
        modrm_write(x, g, to);
    if (g == CPU_RSP)
        x->sp = 0;
    else
        x->sp += size;
}

static enum xlate_step pop_memory(struct xlate *x, const struct insn *in, int size)
{
    /* The value first; an rsp in the address is the one after the pop. */
    int value = modrm_borrow(x, in, 0, false);
    xlate_load(x, value, top(x, 0), size, RECOVERY_STACK, false);
    int32_t before = x->sp;
    x->sp += size;
    struct host_mem m = modrm_address(x, in, HOST_SCRATCH, true, 0);
    int32_t after = x->sp;
    x->sp = before;
    xlate_store(x, m, value, size, modrm_segment(in));
    x->sp = after;
    modrm_return(x);
    return STEP_NEXT;
}

static enum xlate_step pop(struct xlate *x, const struct insn *in, int size)
{
    if (in->mem) {
        if (in->address32)
            xlate_flush_sp(x);
        return pop_memory(x, in, size);
    }
    int g = decode_gpr(in->op[0].reg.value);
    if (g < 0)
        return segment_pop(x, in, size);
    pop_register(x, g, size);
    return STEP_NEXT;
}

/* Sets rbp, or its low half word. */
static void set_frame(struct xlate *x, int from, int size)
{
    if (size == 2)
        emit_byte(&x->e, 0x66);
    if (size == 8)
        emit_mov(&x->e, CPU_RBP, from);
    else
        emit_mov32(&x->e, CPU_RBP, from);
}

static enum xlate_step translate_leave(struct xlate *x, int size)
{
    xlate_load(x, HOST_SCRATCH, emit_guest(CPU_RBP, 0), size, RECOVERY_STACK, false);
    emit_lea(&x->e, HOST_GUEST_RSP, emit_mem(CPU_RBP, size));
    set_frame(x, HOST_SCRATCH, size);
    x->sp = 0;
    return STEP_NEXT;
}

/* Faults as a store of that size there would, and changes nothing, flags neither: they wait in the
 * scratch register. As in push_flags, host rsp is off for moments. */
static void probe(struct xlate *x, struct host_mem m, int size)
{
    struct emit *e = &x->e;
    emit_byte(e, 0x9c); /* pushfq; pop */
    emit_byte(e, 0x58 | HOST_SCRATCH);
    xlate_mark(x, RECOVERY_STACK);
    if (size == 2)
        emit_byte(e, 0x66);
    emit_byte(e, 0xf0);                    /* lock or [m], 0 */
    emit_byte(e, size == 2 ? 0x43 : 0x4b); /* base and index are r8 and r11 */
    emit_byte(e, 0x83);
    emit_modrm_mem(e, 1, &m);
    emit_byte(e, 0);
    emit_byte(e, 0x50 | HOST_SCRATCH); /* push; popfq */
    emit_byte(e, 0x9d);
}

/* The processor asks whether it may write to the new top of the stack before it commits. */
static enum xlate_step translate_enter(struct xlate *x, const struct insn *in, int size)
{
    struct emit *e = &x->e;
    int32_t bytes = (int32_t)in->op[0].imm.value.u & 0xffff;
    int level = (int)in->op[1].imm.value.u & 31;
    xlate_store(x, top(x, -size), CPU_RBP, size, RECOVERY_STACK);
    for (int i = 1; i < level; i++) {
        xlate_load(x, HOST_SCRATCH, emit_guest(CPU_RBP, -size * i), size, RECOVERY_STACK, false);
        xlate_store(x, top(x, -size - size * i), HOST_SCRATCH, size, RECOVERY_STACK);
    }
    if (level > 0) {
        emit_lea(e, HOST_SCRATCH, emit_mem(HOST_GUEST_RSP, x->sp - size));
        xlate_store(x, top(x, -size - size * level), HOST_SCRATCH, size, RECOVERY_STACK);
    }
    probe(x, top(x, -size - size * level - bytes), size);
    emit_lea(e, HOST_SCRATCH, emit_mem(HOST_GUEST_RSP, x->sp - size));
    set_frame(x, HOST_SCRATCH, size);
    emit_lea(e, HOST_GUEST_RSP, emit_mem(HOST_SCRATCH, -size * level - bytes));
    x->sp = 0;
    control_leave(x, in->next);
    return STEP_END;
}

/* Host rsp is off for one instruction, in which an interruption leaves the thread alone; the block
 * ends here so that `pending` is tested right after. */
static enum xlate_step push_flags(struct xlate *x, const struct insn *in, int size)
{
    emit_byte(&x->e, 0x9c);
    emit_byte(&x->e, 0x58 | HOST_SCRATCH);
    xlate_store(x, top(x, -size), HOST_SCRATCH, size, RECOVERY_STACK);
    x->sp -= size;
    xlate_flush_sp(x);
    control_leave(x, in->next);
    return STEP_END;
}

static enum xlate_step pop_flags(struct xlate *x, const struct insn *in, int size)
{
    xlate_load(x, HOST_SCRATCH, top(x, 0), size, RECOVERY_STACK, false);
    emit_store(&x->e, emit_state(offsetof(struct cpu, helper_value)), HOST_SCRATCH);
    x->sp += size;
    xlate_flush_sp(x);
    control_trap(x, size == 2 ? TRAP_POPF16 : TRAP_POPF, in->next);
    return STEP_END;
}

enum xlate_step stack(struct xlate *x, const struct insn *in, bool *handled)
{
    int size = in->z.operand_width == 16 ? 2 : 8;
    *handled = true;
    switch (in->mnemonic) {
    case ZYDIS_MNEMONIC_PUSH:
        return push(x, in, size);
    case ZYDIS_MNEMONIC_POP:
        return pop(x, in, size);
    case ZYDIS_MNEMONIC_LEAVE:
        return translate_leave(x, size);
    case ZYDIS_MNEMONIC_ENTER:
        return translate_enter(x, in, size);
    case ZYDIS_MNEMONIC_PUSHF:
    case ZYDIS_MNEMONIC_PUSHFQ:
        return push_flags(x, in, size);
    case ZYDIS_MNEMONIC_POPF:
    case ZYDIS_MNEMONIC_POPFQ:
        return pop_flags(x, in, size);
    default:
        *handled = false;
        return STEP_NEXT;
    }
}
