/* Far branches and iret. They may go to code of 64 bits, whose selector is 0x33, with the stack's
 * 0x2b; every other selector is refused, that of 32-bit code too. */
#include "runtime/translate/selector.h"
#include "runtime/translate/stubs.h"
#include "runtime/translate/xlate.h"

#define STATE(field) emit_state(offsetof(struct cpu, field))

static void leave_through(struct xlate *x, int stub)
{
    emit_jmp_mem(&x->e, emit_state(offsetof(struct cpu, stub) + 8 * (size_t)stub));
}

static void load_sized(struct xlate *x, int to, struct host_mem m, int size, uint8_t kind)
{
    if (size == 2)
        emit_imm(&x->e, to, 0);
    xlate_mark(x, kind);
    if (size == 2)
        emit_byte(&x->e, 0x66);
    if (size == 8)
        emit_load(&x->e, to, m);
    else
        emit_load32(&x->e, to, m);
}

/* Goes on when the selector in memory is the wanted one. Changes no flags; clobbers the scratch
 * register. */
static void want_selector(struct xlate *x, const struct insn *in, struct host_mem m, int wanted,
                          uint8_t kind)
{
    struct emit *e = &x->e;
    uint16_t borrowed = x->borrowed;
    load_sized(x, HOST_SCRATCH, m, 2, kind);
    emit_store(e, STATE(helper_value), HOST_SCRATCH);
    emit_lea(e, HOST_SCRATCH, emit_mem(HOST_SCRATCH, -wanted));
    emit_byte(e, 0xe3); /* jrcxz */
    size_t at = e->n;
    emit_byte(e, 0);
    relocate_return(x);
    emit_store_imm32(e, STATE(helper_detail), SELECTOR_REFUSE | in->length << 16);
    control_trap(x, TRAP_SELECTOR, x->pc);
    x->borrowed = borrowed;
    e->buf[at] = (uint8_t)(e->n - at - 1);
}

static int operand_size(const struct insn *in)
{
    return in->rex_w ? 8 : in->prefix_66 ? 2 : 4;
}

enum xlate_step far_return(struct xlate *x, const struct insn *in)
{
    struct emit *e = &x->e;
    int size = operand_size(in);
    int32_t extra = in->imm_len == 2 ? (int32_t)in->op[0].imm.value.u & 0xffff : 0;
    xlate_flush_sp(x);
    want_selector(x, in, emit_guest(HOST_GUEST_RSP, size), CPU_SELECTOR_CS, RECOVERY_STACK);
    load_sized(x, HOST_SCRATCH, emit_guest(HOST_GUEST_RSP, 0), size, RECOVERY_STACK);
    emit_store(e, STATE(rip), HOST_SCRATCH);
    emit_lea(e, HOST_GUEST_RSP, emit_mem(HOST_GUEST_RSP, 2 * size + extra));
    leave_through(x, STUB_MISS);
    return STEP_END;
}

enum xlate_step far_iret(struct xlate *x, const struct insn *in)
{
    struct emit *e = &x->e;
    int size = operand_size(in);
    if (size == 2)
        return STEP_PRIVILEGED; /* its stack lies in the first 64 KiB */
    xlate_flush_sp(x);
    want_selector(x, in, emit_guest(HOST_GUEST_RSP, size), CPU_SELECTOR_CS, RECOVERY_STACK);
    want_selector(x, in, emit_guest(HOST_GUEST_RSP, 4 * size), CPU_SELECTOR_SS, RECOVERY_STACK);
    load_sized(x, HOST_SCRATCH, emit_guest(HOST_GUEST_RSP, 2 * size), size, RECOVERY_STACK);
    emit_store(e, STATE(helper_value), HOST_SCRATCH);
    load_sized(x, HOST_SCRATCH, emit_guest(HOST_GUEST_RSP, 0), size, RECOVERY_STACK);
    emit_store(e, STATE(rip), HOST_SCRATCH);
    load_sized(x, HOST_GUEST_RSP, emit_guest(HOST_GUEST_RSP, 3 * size), size, RECOVERY_STACK);
    emit_store_imm32(e, STATE(helper_arg), TRAP_POPF);
    leave_through(x, STUB_TRAP);
    return STEP_END;
}

static void push_sized(struct xlate *x, int32_t at, int size)
{
    xlate_mark(x, RECOVERY_STACK);
    if (size == 2)
        emit_byte(&x->e, 0x66);
    if (size == 8)
        emit_store(&x->e, emit_guest(HOST_GUEST_RSP, at), HOST_SCRATCH);
    else
        emit_store32(&x->e, emit_guest(HOST_GUEST_RSP, at), HOST_SCRATCH);
}

enum xlate_step far_branch(struct xlate *x, const struct insn *in, bool call)
{
    struct emit *e = &x->e;
    if (!in->mem)
        return STEP_PRIVILEGED;
    int size = operand_size(in);
    int wide = size == 8 && !selector_wide_pointers() ? 4 : size;
    xlate_flush_sp(x);
    int pointer = relocate_borrow(x, in, 0, false);
    emit_lea(e, pointer, relocate_address(x, in, HOST_SCRATCH, true, 0));
    want_selector(x, in, emit_mem(pointer, wide), CPU_SELECTOR_CS, relocate_segment(in));
    load_sized(x, HOST_SCRATCH, emit_mem(pointer, 0), wide, relocate_segment(in));
    emit_store(e, STATE(rip), HOST_SCRATCH);
    relocate_return(x);
    if (call) {
        emit_imm(e, HOST_SCRATCH, CPU_SELECTOR_CS);
        push_sized(x, -size, size);
        emit_imm(e, HOST_SCRATCH, in->next);
        push_sized(x, -2 * size, size);
        emit_lea(e, HOST_GUEST_RSP, emit_mem(HOST_GUEST_RSP, -2 * size));
    }
    leave_through(x, STUB_MISS);
    return STEP_END;
}
