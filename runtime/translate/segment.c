/* Segment registers, which are numbers in the state block, and instructions that ask about
 * descriptors and tables. */
#include "runtime/translate/selector.h"
#include "runtime/translate/xlate.h"

#define STATE(field) emit_state(offsetof(struct cpu, field))

/* What Linux answers where the processor leaves the answer to it (UMIP): addresses in its own half,
 * a fixed CR0, no local table, its task register. */
#define TABLE_GLOBAL    (-0x20000)
#define TABLE_INTERRUPT (-0x10000)
#define STATUS_WORD     0x80050033u
#define LOCAL_TABLE     0
#define TASK_REGISTER   0x40

static int segment_of(ZydisRegister r)
{
    return r >= ZYDIS_REGISTER_ES && r <= ZYDIS_REGISTER_GS ? (int)(r - ZYDIS_REGISTER_ES) : -1;
}

static int segment_operand(const ZydisDecodedOperand *o)
{
    return o->type == ZYDIS_OPERAND_TYPE_REGISTER ? segment_of(o->reg.value) : -1;
}

static void load_zero16(struct xlate *x, int to, struct host_mem m)
{
    emit_imm(&x->e, to, 0);
    emit_load16(&x->e, to, m);
}

static struct host_mem selector_slot(int segment)
{
    return emit_state(offsetof(struct cpu, selector) + 2 * (size_t)segment);
}

void segment_selector(struct xlate *x, int to, ZydisRegister reg)
{
    load_zero16(x, to, selector_slot(segment_of(reg)));
}

/* --- selectors that come from the guest ------------------------------------------------------ */

/* The value has been stored in helper_value: C does the rest. */
static enum xlate_step ask_selector(struct xlate *x, const struct insn *in, enum selector_use use,
                                    unsigned more)
{
    xlate_flush_sp(x);
    emit_store_imm32(&x->e, STATE(helper_detail), (int32_t)(use | more | in->length << 16));
    control_trap(x, TRAP_SELECTOR, x->pc);
    return STEP_END;
}

/* The instruction's register or word in memory to helper_value. */
static void take_selector(struct xlate *x, const struct insn *in)
{
    if (in->mem) {
        struct host_mem m = modrm_address(x, in, HOST_SCRATCH, true, 0);
        xlate_load(x, HOST_SCRATCH, m, 2, modrm_segment(in), false);
        modrm_return(x);
    } else {
        xlate_flush_sp(x);
        modrm_read(x, HOST_SCRATCH, in->role_rm.reg);
    }
    emit_store(&x->e, STATE(helper_value), HOST_SCRATCH);
}

static enum xlate_step load(struct xlate *x, const struct insn *in, int segment)
{
    if (segment == CPU_CS)
        return STEP_UNDEFINED;
    take_selector(x, in);
    return ask_selector(x, in, SELECTOR_LOAD, (unsigned)segment << 4);
}

enum xlate_step segment_pop(struct xlate *x, const struct insn *in, int size)
{
    int segment = segment_operand(&in->op[0]);
    xlate_load(x, HOST_SCRATCH, emit_guest(HOST_GUEST_RSP, x->sp), 2, RECOVERY_STACK, false);
    emit_store(&x->e, STATE(helper_value), HOST_SCRATCH);
    return ask_selector(x, in, SELECTOR_LOAD, (unsigned)segment << 4 | (unsigned)size << 20);
}

/* A pointer in memory to a register and a segment register. */
static enum xlate_step load_pointer(struct xlate *x, const struct insn *in, int segment)
{
    int size = in->rex_w && selector_wide_pointers() ? 8 : in->prefix_66 && !in->rex_w ? 2 : 4;
    int offset = modrm_borrow(x, in, 0, false);
    struct host_mem m = modrm_address(x, in, HOST_SCRATCH, true, 0);
    emit_lea(&x->e, HOST_SCRATCH, m);
    xlate_load(x, offset, emit_mem(HOST_SCRATCH, 0), size, modrm_segment(in), false);
    xlate_load(x, HOST_SCRATCH, emit_mem(HOST_SCRATCH, size), 2, modrm_segment(in), false);
    emit_store(&x->e, STATE(helper_value), HOST_SCRATCH);
    emit_store(&x->e, STATE(helper_offset), offset);
    modrm_return(x);
    return ask_selector(x, in, SELECTOR_LOAD,
                        (unsigned)segment << 4 | (unsigned)in->role_reg.reg << 8 |
                            (unsigned)size << 12);
}

static enum xlate_step answer_selector(struct xlate *x, const struct insn *in,
                                       enum selector_use use)
{
    unsigned more = 0;
    if (use == SELECTOR_LAR || use == SELECTOR_LSL)
        more = (unsigned)in->role_reg.reg << 8 | (in->role_reg.size / 8u) << 12;
    take_selector(x, in);
    return ask_selector(x, in, use, more);
}

/* --- what the guest reads ------------------------------------------------------------------- */

static enum xlate_step read_selector(struct xlate *x, const struct insn *in, int segment)
{
    if (in->mem) {
        int value = modrm_borrow(x, in, 0, false);
        emit_load16(&x->e, value, selector_slot(segment));
        struct host_mem m = modrm_address(x, in, HOST_SCRATCH, true, 0);
        xlate_store(x, m, value, 2, modrm_segment(in));
        modrm_return(x);
        return STEP_NEXT;
    }
    xlate_flush_sp(x);
    if (in->role_rm.size == 16) {
        modrm_read(x, HOST_SCRATCH, in->role_rm.reg);
        emit_load16(&x->e, HOST_SCRATCH, selector_slot(segment));
    } else {
        load_zero16(x, HOST_SCRATCH, selector_slot(segment));
    }
    modrm_write(x, in->role_rm.reg, HOST_SCRATCH);
    return STEP_NEXT;
}

static void store_imm16(struct xlate *x, struct host_mem m, uint16_t value)
{
    struct emit *e = &x->e;
    emit_byte(e, 0x66);
    uint8_t rex = (uint8_t)(0x40 | (m.index >= 8) << 1 | (m.base >= 8));
    if (rex != 0x40)
        emit_byte(e, rex);
    emit_byte(e, 0xc7);
    emit_modrm_mem(e, 0, &m);
    emit_byte(e, (uint8_t)value);
    emit_byte(e, (uint8_t)(value >> 8));
}

/* The kernel stores these, not the processor: outside of memory is no fault of the stack segment.
 */
#define KERNEL_STORES 0

/* sgdt, sidt: a limit of 0 and the address. */
static enum xlate_step store_table(struct xlate *x, const struct insn *in, int32_t address)
{
    struct host_mem m = modrm_address(x, in, HOST_SCRATCH, true, 0);
    emit_lea(&x->e, HOST_SCRATCH, m);
    xlate_mark(x, KERNEL_STORES);
    store_imm16(x, emit_mem(HOST_SCRATCH, 0), 0);
    xlate_mark(x, KERNEL_STORES);
    emit_store_imm32(&x->e, emit_mem(HOST_SCRATCH, 2), address);
    modrm_return(x);
    return STEP_NEXT;
}

/* sldt, str, smsw: 16 bits of memory, or as many of a register as the operand has; the rest of the
 * register stays, also of one of 32 bits. */
static enum xlate_step store_word(struct xlate *x, const struct insn *in, uint32_t value)
{
    struct emit *e = &x->e;
    int g = in->role_rm.reg;
    if (in->mem) {
        struct host_mem m = modrm_address(x, in, HOST_SCRATCH, true, 0);
        xlate_mark(x, KERNEL_STORES);
        store_imm16(x, m, (uint16_t)value);
        modrm_return(x);
        return STEP_NEXT;
    }
    xlate_flush_sp(x);
    if (in->role_rm.size == 64) {
        emit_imm(e, HOST_SCRATCH, value);
        modrm_write(x, g, HOST_SCRATCH);
        return STEP_NEXT;
    }
    modrm_read(x, HOST_SCRATCH, g);
    emit_store(e, STATE(helper_value), HOST_SCRATCH);
    if (in->role_rm.size == 16) {
        store_imm16(x, STATE(helper_value), (uint16_t)value);
    } else {
        emit_imm(e, HOST_SCRATCH, value);
        emit_store32(e, STATE(helper_value), HOST_SCRATCH);
    }
    emit_load(e, HOST_SCRATCH, STATE(helper_value));
    modrm_write(x, g, HOST_SCRATCH);
    return STEP_NEXT;
}

enum xlate_step segment(struct xlate *x, const struct insn *in, bool *handled)
{
    *handled = true;
    switch (in->mnemonic) {
    case ZYDIS_MNEMONIC_LAR:
        return answer_selector(x, in, SELECTOR_LAR);
    case ZYDIS_MNEMONIC_LSL:
        return answer_selector(x, in, SELECTOR_LSL);
    case ZYDIS_MNEMONIC_VERR:
        return answer_selector(x, in, SELECTOR_VERR);
    case ZYDIS_MNEMONIC_VERW:
        return answer_selector(x, in, SELECTOR_VERW);
    case ZYDIS_MNEMONIC_SGDT:
        return store_table(x, in, TABLE_GLOBAL);
    case ZYDIS_MNEMONIC_SIDT:
        return store_table(x, in, TABLE_INTERRUPT);
    case ZYDIS_MNEMONIC_SMSW:
        return store_word(x, in, STATUS_WORD);
    case ZYDIS_MNEMONIC_SLDT:
        return store_word(x, in, LOCAL_TABLE);
    case ZYDIS_MNEMONIC_STR:
        return store_word(x, in, TASK_REGISTER);
    case ZYDIS_MNEMONIC_LSS:
        return load_pointer(x, in, CPU_SS);
    case ZYDIS_MNEMONIC_LFS:
        return load_pointer(x, in, CPU_FS);
    case ZYDIS_MNEMONIC_LGS:
        return load_pointer(x, in, CPU_GS);
    case ZYDIS_MNEMONIC_MOV:
        if (segment_operand(&in->op[0]) >= 0)
            return load(x, in, segment_operand(&in->op[0]));
        if (segment_operand(&in->op[1]) >= 0)
            return read_selector(x, in, segment_operand(&in->op[1]));
        break;
    default:
        break;
    }
    *handled = false;
    return STEP_NEXT;
}
