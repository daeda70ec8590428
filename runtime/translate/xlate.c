/* A block translated, instruction by instruction. */
#include "runtime/translate/xlate.h"

#include <string.h>

/* Folded pushes and pops stay within what struct recovery can say. */
#define SP_LIMIT 112
/* Room that one guest instruction and the stubs may need. */
#define CODE_RESERVE 1024
/* Host bytes that compare four guest bytes (selfcheck.c). */
#define CHECK_WORD 20

void xlate_mark(struct xlate *x, uint8_t kind)
{
    if (x->recoveries >= sizeof x->recovery / sizeof *x->recovery) {
        x->e.full = true;
        return;
    }
    x->recovery[x->recoveries++] = (struct recovery){.host = (uint16_t)x->e.n,
                                                     .guest = (uint16_t)(x->pc - x->start),
                                                     .in_slot = x->borrowed,
                                                     .sp = (int8_t)x->sp,
                                                     .kind = kind};
}

void xlate_load(struct xlate *x, int to, struct host_mem m, int size, uint8_t kind, bool clear)
{
    if (size == 2 && clear)
        emit_imm(&x->e, to, 0);
    xlate_mark(x, kind);
    if (size == 2)
        emit_load16(&x->e, to, m);
    else if (size == 4)
        emit_load32(&x->e, to, m);
    else
        emit_load(&x->e, to, m);
}

void xlate_store(struct xlate *x, struct host_mem m, int from, int size, uint8_t kind)
{
    xlate_mark(x, kind);
    if (size == 2)
        emit_store16(&x->e, m, from);
    else if (size == 4)
        emit_store32(&x->e, m, from);
    else
        emit_store(&x->e, m, from);
}

void xlate_flush_sp(struct xlate *x)
{
    if (x->sp)
        emit_lea(&x->e, HOST_GUEST_RSP, emit_mem(HOST_GUEST_RSP, x->sp));
    x->sp = 0;
}

void xlate_store_rip(struct xlate *x, uint64_t pc)
{
    struct host_mem rip = emit_state(offsetof(struct cpu, rip));
    if ((int64_t)pc >= INT32_MIN && (int64_t)pc <= INT32_MAX) {
        emit_store_imm32(&x->e, rip, (int32_t)pc);
    } else {
        emit_imm(&x->e, HOST_SCRATCH, pc);
        emit_store(&x->e, rip, HOST_SCRATCH);
    }
}

static enum xlate_step one(struct xlate *x, const struct insn *in)
{
    bool handled = false;
    enum xlate_step step = control(x, in, &handled);
    if (!handled)
        step = stack(x, in, &handled);
    if (handled) {
        modrm_forget(x, in->written);
        return step;
    }
    /* Those that come now emit bytes of their own. */
    uint8_t holds = x->e.holds;
    x->e.holds = HOLDS_NOTHING;
    step = segment(x, in, &handled);
    if (!handled)
        step = special(x, in, &handled);
    if (handled) {
        x->e.holds = HOLDS_NOTHING;
        return step;
    }
    x->e.holds = holds;
    return modrm_rewrite(x, in);
}

static bool room(const struct xlate *x)
{
    size_t size = (size_t)(x->pc - x->start);
    size_t words = x->self_check ? (size + 16) / 4 : 0;
    return x->e.n + CODE_RESERVE + words * CHECK_WORD < x->e.cap &&
           x->exit_count + 4 < XLATE_EXIT_MAX &&
           x->recoveries + 8 + words < sizeof x->recovery / sizeof *x->recovery;
}

static void end_with_trap(struct xlate *x, enum xlate_trap trap)
{
    xlate_flush_sp(x);
    control_trap(x, trap, x->pc);
}

static bool writes_memory(const struct insn *in)
{
    for (int i = 0; i < in->z.operand_count; i++)
        if (in->op[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
            (in->op[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
            return true;
    return false;
}

size_t xlate_block(struct xlate *x, const uint8_t *code, size_t n)
{
    struct insn in;
    x->pc = x->start;
    control_prologue(x);
    for (int count = 0;; count++) {
        if (count > 0 && (x->single || count >= XLATE_INSN_MAX || !room(x))) {
            control_exit(x, x->pc);
            break;
        }
        size_t at = (size_t)(x->pc - x->start);
        if (x->begins)
            x->begins[count] = x->begins[count + 1] = (uint16_t)x->e.n;
        enum insn_status status = decode(&in, code + at, n - at, x->pc);
        if (status == INSN_TRUNCATED) {
            if (count == 0)
                return 0;
            control_exit(x, x->pc);
            break;
        }
        enum xlate_step step = status == INSN_UNDEFINED    ? STEP_UNDEFINED
                               : status == INSN_PRIVILEGED ? STEP_PRIVILEGED
                                                           : one(x, &in);
        if (step == STEP_UNDEFINED || step == STEP_PRIVILEGED) {
            end_with_trap(x, step == STEP_UNDEFINED ? TRAP_UNDEFINED : TRAP_PRIVILEGED);
            x->pc += in.length ? in.length : 1;
            break;
        }
        x->pc = in.next;
        if (x->begins)
            x->begins[count + 1] = (uint16_t)x->e.n;
        if (step == STEP_END)
            break;
        /* What a self-checking block stores may be its own next instruction. */
        if (x->self_check && writes_memory(&in)) {
            control_exit(x, x->pc);
            break;
        }
        if (x->sp > SP_LIMIT || x->sp < -SP_LIMIT)
            xlate_flush_sp(x);
    }
    control_stubs(x);
    size_t size = (size_t)(x->pc - x->start);
    if (x->self_check)
        check_bytes(x, code, size);
    return size;
}
