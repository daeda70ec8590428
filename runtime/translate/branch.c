/* Branches, calls, returns and everything that leaves a block. */
#include "runtime/translate/xlate.h"

#include <string.h>

#include "runtime/translate/stubs.h"

#define STATE(field) emit_state(offsetof(struct cpu, field))

static struct host_mem stub(int index)
{
    size_t at = index <= STUB_MISS ? offsetof(struct cpu, near_stub) : offsetof(struct cpu, stub);
    return emit_state(at + 8 * (size_t)index);
}

bool control_by_loop;

/* Goes to the miss at the block's start when the scratch register is not what it ought to be: the
 * value less `minus` is 0. A jump that is hardly ever taken is cheaper than one that always is:
 * where `loop` is quick it counts from 1. */
static void demand(struct xlate *x, struct host_mem value, bool wide, uint64_t minus)
{
    struct emit *e = &x->e;
    struct host_mem rest = emit_mem(HOST_SCRATCH, (int32_t)(uint32_t)(control_by_loop - minus));
    if (wide) {
        emit_load(e, HOST_SCRATCH, value);
        emit_lea(e, HOST_SCRATCH, rest);
    } else {
        emit_load32(e, HOST_SCRATCH, value);
        emit_lea32(e, HOST_SCRATCH, rest);
    }
    if (control_by_loop)
        emit_byte(e, 0xe2); /* loop */
    else
        emit_bytes(e, "\xe3\x02\xeb", 3); /* jrcxz over a jump */
    emit_byte(e, (uint8_t) - (e->n + 1));
}

static void check_target(struct xlate *x)
{
    emit_jmp_mem(&x->e, stub(STUB_MISS));
    if (x->start < INT32_MAX) {
        demand(x, STATE(rip), true, x->start);
    } else {
        demand(x, emit_state(offsetof(struct cpu, rip) + 4), false, x->start >> 32);
        demand(x, STATE(rip), false, x->start & UINT32_MAX);
    }
}

void control_prologue(struct xlate *x)
{
    if (!x->bare)
        check_target(x);
    x->body = (uint16_t)x->e.n;
    if (x->self_check)
        check_enter(x);
    x->checked = (uint16_t)x->e.n;
}

static void add_exit(struct xlate *x, uint64_t target)
{
    if (x->exit_count >= XLATE_EXIT_MAX) {
        x->e.full = true;
        return;
    }
    x->exits[x->exit_count++] = (struct exit_point){.patch = (uint16_t)x->e.n, .target = target};
    emit_u32(&x->e, 0);
}

/* Jumps to the guest address in a host register, which is also in rip. */
static void table_jump(struct xlate *x, int target)
{
    struct indirect_point *p = &x->indirects[x->indirect_count++];
    emit_movzx16(&x->e, HOST_SCRATCH, target);
    p->jump = (uint16_t)x->e.n;
    emit_bytes(&x->e, "\x41\xff\xa4\xcb", 4); /* jmp [r11 + rcx * 8 - CPU_TABLE_BELOW] */
    emit_u32(&x->e, (uint32_t)-CPU_TABLE_BELOW);
}

static bool linkable(const struct xlate *x, uint64_t target)
{
    return target >= x->limit_low && target < x->limit_high;
}

void control_exit(struct xlate *x, uint64_t target)
{
    xlate_flush_sp(x);
    if (linkable(x, target)) {
        emit_align_patch(&x->e, 1);
        emit_byte(&x->e, 0xe9);
        add_exit(x, target);
    } else {
        emit_imm(&x->e, HOST_SCRATCH, target);
        emit_store(&x->e, STATE(rip), HOST_SCRATCH);
        table_jump(x, HOST_SCRATCH);
    }
}

void control_trap(struct xlate *x, enum xlate_trap trap, uint64_t rip)
{
    xlate_store_rip(x, rip);
    emit_store_imm32(&x->e, STATE(helper_arg), (int32_t)trap);
    emit_jmp_mem(&x->e, stub(STUB_TRAP));
}

void control_leave(struct xlate *x, uint64_t rip)
{
    xlate_store_rip(x, rip);
    emit_jmp_mem(&x->e, stub(STUB_LEAVE));
}

void control_stubs(struct xlate *x)
{
    for (size_t i = 0; i < x->exit_count && !x->e.full; i++) {
        struct exit_point *p = &x->exits[i];
        int32_t rel = (int32_t)(x->e.n - (p->patch + 4u));
        for (int b = 0; b < 4; b++)
            x->e.buf[p->patch + b] = (uint8_t)((uint32_t)rel >> 8 * b);
        emit_call_mem(&x->e, stub(STUB_LINK));
        p->stub = (uint16_t)x->e.n;
    }
}

/* --- branches ------------------------------------------------------------------------------- */

static uint64_t branch_target(const struct insn *in)
{
    uint64_t t = in->next + (uint64_t)in->op[0].imm.value.s;
    return t;
}

/* Puts what was emitted from end on before the host instruction that ends there. The processor
 * takes a comparison and the jump that follows for one operation when nothing is between them. */
static void put_before(struct xlate *x, size_t end)
{
    struct emit *e = &x->e;
    size_t from = x->last, more = e->n - end, size = end - from;
    uint8_t moved[16];
    if (!more || e->full || x->last_end != end || size > sizeof(moved))
        return;
    memcpy(moved, e->buf + from, size);
    memmove(e->buf + from, e->buf + end, more);
    memcpy(e->buf + from + more, moved, size);
    for (size_t i = x->recoveries; i > 0 && x->recovery[i - 1].host >= from; i--)
        x->recovery[i - 1].host += (uint16_t)more;
    x->last += (uint16_t)more;
    x->last_end += (uint16_t)more;
}

/* The folded pushes and pops before a conditional jump. The instruction before it may fault: when
 * it does, rsp is what it is then. */
static void flush_sp_before(struct xlate *x)
{
    size_t end = x->e.n;
    bool moves = x->sp && x->last_end == end && !x->last_rsp;
    xlate_flush_sp(x);
    for (size_t i = x->recoveries; moves && i > 0 && x->recovery[i - 1].host >= x->last; i--)
        x->recovery[i - 1].sp = 0;
    if (moves)
        put_before(x, end);
}

/* So that the rel32 of the conditional jump that comes next can be patched. */
static void align_condition(struct xlate *x)
{
    size_t end = x->e.n;
    emit_align_patch(&x->e, 2);
    put_before(x, end);
}

static void conditional(struct xlate *x, uint8_t condition, uint64_t target)
{
    flush_sp_before(x);
    if (linkable(x, target)) {
        align_condition(x);
        emit_byte(&x->e, 0x0f);
        emit_byte(&x->e, 0x80 | condition);
        add_exit(x, target);
        return;
    }
    emit_byte(&x->e, 0x70 | (condition ^ 1));
    size_t at = x->e.n;
    emit_byte(&x->e, 0);
    control_exit(x, target);
    x->e.buf[at] = (uint8_t)(x->e.n - at - 1);
}

/* An exit that is taken when host rcx is zero (or not zero). */
static void rcx_branch(struct xlate *x, bool when_zero, uint64_t target)
{
    struct emit *e = &x->e;
    emit_byte(e, 0xe3); /* jrcxz */
    size_t at = e->n;
    emit_byte(e, 0);
    if (!when_zero) {
        control_exit(x, target);
        e->buf[at] = (uint8_t)(e->n - at - 1);
        return;
    }
    emit_byte(e, 0xeb);
    size_t over = e->n;
    emit_byte(e, 0);
    e->buf[at] = (uint8_t)(e->n - at - 1);
    control_exit(x, target);
    e->buf[over] = (uint8_t)(e->n - over - 1);
}

static void loop(struct xlate *x, const struct insn *in)
{
    struct emit *e = &x->e;
    uint64_t target = branch_target(in);
    xlate_flush_sp(x);
    if (in->mnemonic == ZYDIS_MNEMONIC_JRCXZ || in->mnemonic == ZYDIS_MNEMONIC_JECXZ ||
        in->mnemonic == ZYDIS_MNEMONIC_JCXZ) {
        if (in->address32)
            emit_mov32(e, HOST_SCRATCH, HOST_GUEST_RCX);
        else
            emit_mov(e, HOST_SCRATCH, HOST_GUEST_RCX);
        rcx_branch(x, true, target);
        return;
    }
    struct host_mem less = emit_mem(HOST_GUEST_RCX, -1);
    if (in->address32)
        emit_lea32(e, HOST_GUEST_RCX, less);
    else
        emit_lea(e, HOST_GUEST_RCX, less);
    emit_mov(e, HOST_SCRATCH, HOST_GUEST_RCX);
    size_t skip = 0;
    if (in->mnemonic != ZYDIS_MNEMONIC_LOOP) {
        /* Not taken when ZF does not hold: jump over the exit. */
        emit_byte(e, in->mnemonic == ZYDIS_MNEMONIC_LOOPE ? 0x75 : 0x74);
        skip = e->n;
        emit_byte(e, 0);
    }
    rcx_branch(x, false, target);
    if (skip)
        e->buf[skip] = (uint8_t)(e->n - skip - 1);
}

/* The target of an indirect branch into rip; returns the host register that holds it. */
static int indirect_target(struct xlate *x, const struct insn *in)
{
    int target = HOST_SCRATCH;
    if (in->mem) {
        struct host_mem m = modrm_address(x, in, HOST_SCRATCH, true, 0);
        xlate_mark(x, modrm_segment(in));
        emit_load(&x->e, HOST_SCRATCH, m);
        modrm_return(x);
    } else if (in->role_rm.reg == CPU_RSP) {
        emit_lea(&x->e, HOST_SCRATCH, emit_mem(HOST_GUEST_RSP, x->sp));
    } else {
        target = modrm_source(x, in->role_rm.reg);
    }
    emit_store(&x->e, STATE(rip), target);
    return target;
}

/* Pushes the return address; when keep is set the scratch register holds a target that is also in
 * rip and is restored. */
static void push_return(struct xlate *x, uint64_t next, bool keep)
{
    struct emit *e = &x->e;
    struct host_mem top = emit_guest(HOST_GUEST_RSP, x->sp - 8);
    if ((int64_t)next >= INT32_MIN && (int64_t)next <= INT32_MAX) {
        xlate_mark(x, RECOVERY_STACK);
        emit_store_imm32(e, top, (int32_t)next);
    } else {
        emit_imm(e, HOST_SCRATCH, next);
        xlate_mark(x, RECOVERY_STACK);
        emit_store(e, top, HOST_SCRATCH);
        if (keep)
            emit_load(e, HOST_SCRATCH, STATE(rip));
    }
    x->sp -= 8;
    xlate_flush_sp(x);
}

static enum xlate_step call(struct xlate *x, const struct insn *in)
{
    if (in->op[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
        push_return(x, in->next, false);
        control_exit(x, branch_target(in));
        return STEP_END;
    }
    if (in->z.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
        return far_branch(x, in, true);
    int target = indirect_target(x, in);
    push_return(x, in->next, target == HOST_SCRATCH);
    table_jump(x, target);
    return STEP_END;
}

static enum xlate_step ret(struct xlate *x, const struct insn *in)
{
    if (in->z.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
        return far_return(x, in);
    uint32_t extra = in->imm_len == 2 ? (uint32_t)in->op[0].imm.value.u & 0xffff : 0;
    xlate_mark(x, RECOVERY_STACK);
    emit_load(&x->e, HOST_SCRATCH, emit_guest(HOST_GUEST_RSP, x->sp));
    emit_store(&x->e, STATE(rip), HOST_SCRATCH);
    x->sp += 8 + (int32_t)extra;
    xlate_flush_sp(x);
    table_jump(x, HOST_SCRATCH);
    return STEP_END;
}

static enum xlate_step jump(struct xlate *x, const struct insn *in)
{
    if (in->op[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
        control_exit(x, branch_target(in));
        return STEP_END;
    }
    if (in->z.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
        return far_branch(x, in, false);
    int target = indirect_target(x, in);
    xlate_flush_sp(x);
    table_jump(x, target);
    return STEP_END;
}

static enum xlate_step trap(struct xlate *x, enum xlate_trap kind, uint64_t rip)
{
    xlate_flush_sp(x);
    control_trap(x, kind, rip);
    return STEP_END;
}

static enum xlate_step system_call(struct xlate *x, const struct insn *in)
{
    xlate_flush_sp(x);
    xlate_store_rip(x, in->next);
    emit_jmp_mem(&x->e, stub(STUB_SYSCALL));
    return STEP_END;
}

enum xlate_step control(struct xlate *x, const struct insn *in, bool *handled)
{
    *handled = true;
    switch (in->mnemonic) {
    case ZYDIS_MNEMONIC_JMP:
        return jump(x, in);
    case ZYDIS_MNEMONIC_CALL:
        return call(x, in);
    case ZYDIS_MNEMONIC_RET:
        return ret(x, in);
    case ZYDIS_MNEMONIC_LOOP:
    case ZYDIS_MNEMONIC_LOOPE:
    case ZYDIS_MNEMONIC_LOOPNE:
    case ZYDIS_MNEMONIC_JCXZ:
    case ZYDIS_MNEMONIC_JECXZ:
    case ZYDIS_MNEMONIC_JRCXZ:
        loop(x, in);
        return STEP_NEXT;
    case ZYDIS_MNEMONIC_SYSCALL:
        return system_call(x, in);
    case ZYDIS_MNEMONIC_CPUID:
        return trap(x, TRAP_CPUID, in->next);
    case ZYDIS_MNEMONIC_XGETBV:
        return trap(x, TRAP_XGETBV, in->next);
    case ZYDIS_MNEMONIC_INT3:
        return trap(x, TRAP_BREAKPOINT, in->next);
    case ZYDIS_MNEMONIC_INT1:
        return trap(x, TRAP_ICEBP, in->next);
    case ZYDIS_MNEMONIC_INT:
        emit_store_imm32(&x->e, STATE(helper_value), (int32_t)in->op[0].imm.value.u * 8 + 2);
        return trap(x, TRAP_INTERRUPT, x->pc);
    case ZYDIS_MNEMONIC_SYSENTER:
    case ZYDIS_MNEMONIC_SYSEXIT:
    case ZYDIS_MNEMONIC_UD0:
    case ZYDIS_MNEMONIC_UD1:
    case ZYDIS_MNEMONIC_UD2:
        return STEP_UNDEFINED;
    case ZYDIS_MNEMONIC_IRET:
    case ZYDIS_MNEMONIC_IRETD:
    case ZYDIS_MNEMONIC_IRETQ:
        return far_iret(x, in);
    case ZYDIS_MNEMONIC_HLT:
    case ZYDIS_MNEMONIC_SYSRET:
        return STEP_PRIVILEGED;
    default:
        break;
    }
    if (in->z.meta.category == ZYDIS_CATEGORY_COND_BR) {
        conditional(x, in->opcode & 15, branch_target(in));
        return STEP_NEXT;
    }
    *handled = false;
    return STEP_NEXT;
}
