/* Far branches and iret. They may go to code of 64 bits, whose selector is 0x33, with the stack's
 * 0x2b; every other selector is refused, that of 32-bit code too. */
#include "runtime/translate/selector.h"
#include "runtime/translate/stubs.h"
#include "runtime/translate/xlate.h"

#define STATE(field) emit_state(offsetof(struct cpu, field))

/* The branch has read everything: rsp will be what is in the scratch register, and C does the rest.
 */
static enum xlate_step go(struct xlate *x, enum xlate_trap trap)
{
    emit_store(&x->e, STATE(helper_detail), HOST_SCRATCH);
    control_trap(x, trap, x->pc);
    return STEP_END;
}

/* Goes on when the selector in memory is wanted or one of some before it. Changes no flags;
 * clobbers the scratch register. */
static void want_selector(struct xlate *x, const struct insn *in, struct host_mem m, int wanted,
                          int before, uint8_t kind)
{
    struct emit *e = &x->e;
    uint16_t borrowed = x->borrowed;
    size_t jumps[4];
    xlate_load(x, HOST_SCRATCH, m, 2, kind, true);
    emit_store(e, STATE(helper_value), HOST_SCRATCH);
    for (int i = 0; i <= before; i++) {
        emit_lea(e, HOST_SCRATCH, emit_mem(HOST_SCRATCH, i ? 1 : -wanted));
        emit_byte(e, 0xe3); /* jrcxz */
        jumps[i] = e->n;
        emit_byte(e, 0);
    }
    modrm_return(x);
    emit_store_imm32(e, STATE(helper_detail), SELECTOR_REFUSE | in->length << 16);
    control_trap(x, TRAP_SELECTOR, x->pc);
    x->borrowed = borrowed;
    for (int i = 0; i <= before; i++)
        e->buf[jumps[i]] = (uint8_t)(e->n - jumps[i] - 1);
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
    want_selector(x, in, emit_guest(HOST_GUEST_RSP, size), CPU_SELECTOR_CS, 0, RECOVERY_STACK);
    xlate_load(x, HOST_SCRATCH, emit_guest(HOST_GUEST_RSP, 0), size, RECOVERY_STACK, true);
    emit_store(e, STATE(helper_offset), HOST_SCRATCH);
    emit_lea(e, HOST_SCRATCH, emit_mem(HOST_GUEST_RSP, 2 * size + extra));
    return go(x, TRAP_FAR);
}

/* In 64-bit mode there is no return to another task. */
static void refuse_nested_task(struct xlate *x)
{
    struct emit *e = &x->e;
    emit_byte(e, 0x9c); /* pushfq: only looked at after it, as in stack.c */
    emit_byte(e, 0x58 | HOST_SCRATCH);
    /* Bit 14, without a change of flags: two more to the left it is the lowest of the next half. */
    emit_movzx16(e, HOST_SCRATCH, HOST_SCRATCH);
    emit_lea32(e, HOST_SCRATCH,
               (struct host_mem){.base = NO_REG, .index = HOST_SCRATCH, .scale = 4});
    emit_store(e, STATE(helper_value), HOST_SCRATCH);
    emit_imm(e, HOST_SCRATCH, 0);
    emit_load16(e, HOST_SCRATCH, emit_state(offsetof(struct cpu, helper_value) + 2));
    emit_byte(e, 0xe3); /* jrcxz */
    size_t at = e->n;
    emit_byte(e, 0);
    control_trap(x, TRAP_PRIVILEGED, x->pc);
    e->buf[at] = (uint8_t)(e->n - at - 1);
}

enum xlate_step far_iret(struct xlate *x, const struct insn *in)
{
    struct emit *e = &x->e;
    int size = operand_size(in);
    xlate_flush_sp(x);
    refuse_nested_task(x);
    want_selector(x, in, emit_guest(HOST_GUEST_RSP, size), CPU_SELECTOR_CS, 0, RECOVERY_STACK);
    want_selector(x, in, emit_guest(HOST_GUEST_RSP, 4 * size), CPU_SELECTOR_SS, 0, RECOVERY_STACK);
    xlate_load(x, HOST_SCRATCH, emit_guest(HOST_GUEST_RSP, 2 * size), size, RECOVERY_STACK, true);
    emit_store(e, STATE(helper_value), HOST_SCRATCH);
    xlate_load(x, HOST_SCRATCH, emit_guest(HOST_GUEST_RSP, 0), size, RECOVERY_STACK, true);
    emit_store(e, STATE(helper_offset), HOST_SCRATCH);
    xlate_load(x, HOST_SCRATCH, emit_guest(HOST_GUEST_RSP, 3 * size), size, RECOVERY_STACK, true);
    return go(x, size == 2 ? TRAP_IRET16 : TRAP_IRET);
}

enum xlate_step far_branch(struct xlate *x, const struct insn *in, bool call)
{
    struct emit *e = &x->e;
    if (!in->mem)
        return STEP_PRIVILEGED;
    int size = operand_size(in);
    int wide = size == 8 && !selector_wide_pointers() ? 4 : size;
    xlate_flush_sp(x);
    int pointer = modrm_borrow(x, in, 0, false);
    emit_lea(e, pointer, modrm_address(x, in, HOST_SCRATCH, true, 0));
    /* The privilege in the selector does not count here. */
    want_selector(x, in, emit_mem(pointer, wide), CPU_SELECTOR_CS, 3, modrm_segment(in));
    xlate_load(x, HOST_SCRATCH, emit_mem(pointer, 0), wide, modrm_segment(in), true);
    emit_store(e, STATE(helper_offset), HOST_SCRATCH);
    modrm_return(x);
    if (call) {
        emit_imm(e, HOST_SCRATCH, CPU_SELECTOR_CS);
        xlate_store(x, emit_guest(HOST_GUEST_RSP, -size), HOST_SCRATCH, size, RECOVERY_STACK);
        emit_imm(e, HOST_SCRATCH, in->next);
        xlate_store(x, emit_guest(HOST_GUEST_RSP, -2 * size), HOST_SCRATCH, size, RECOVERY_STACK);
    }
    emit_lea(e, HOST_SCRATCH, emit_mem(HOST_GUEST_RSP, call ? -2 * size : 0));
    return go(x, TRAP_FAR);
}
