/* Faults in translated code: the guest's exact state, and what they mean to Linux. */
#include "runtime/translate/cpu_fault.h"

#include <string.h>

#include "runtime/abi/signal.h"
#include "runtime/host/log.h"
#include "runtime/host/thread.h"
#include "runtime/translate/dispatch.h"
#include "runtime/translate/fault_operand.h"
#include "runtime/translate/selector.h"
#include "runtime/translate/stubs.h"

#define SI_KERNEL_CODE 0x80
#define USER_TOP       0x7ffffffff000u
#define TRAP_ALIGNMENT 17
#define TRAP_PAGE      14
#define TRAP_GENERAL   13
#define TRAP_STACK     12

/* --- in the host's handler: only redirect ------------------------------------------------------
 */

uint64_t fault_hook(const struct host_fault *f)
{
    if (!cache_contains(f->rip))
        return 0;
    struct cpu *cpu = (struct cpu *)f->rsp;
    cpu->host_rip = f->rip;
    cpu->host_fault_kind = f->kind;
    cpu->host_fault_access = f->access;
    cpu->host_fault_address = f->address;
    cpu->host_fault_valid = f->address_valid;
    return (uint64_t)(uintptr_t)stub_fault;
}

uint64_t fault_redirect(struct host_thread *thread, uint64_t rip, uint64_t rsp)
{
    (void)thread;
    if (rip >= (uint64_t)stub_leave_test && rip < (uint64_t)stub_leave_end)
        return (uint64_t)stub_leave_pending;
    if (rip >= (uint64_t)stub_raw_test && rip < (uint64_t)stub_raw_end)
        return (uint64_t)stub_raw_pending;
    if (rip >= (uint64_t)stub_probe_test && rip < (uint64_t)stub_probe_end)
        return (uint64_t)stub_probe_pending;
    if (!cache_contains(rip) || (rsp & 15))
        return 0;
    struct cpu *cpu = (struct cpu *)rsp;
    cpu->host_rip = rip;
    return (uint64_t)(uintptr_t)stub_async;
}

/* --- guest state from host state ---------------------------------------------------------------
 */

static void plain_registers(struct cpu *cpu, uint16_t in_slot)
{
    static const uint8_t own[] = {CPU_RAX, CPU_RDX, CPU_RBX, CPU_RBP, CPU_RSI, CPU_RDI,
                                  CPU_R9,  CPU_R12, CPU_R13, CPU_R14, CPU_R15};
    for (size_t i = 0; i < sizeof own; i++)
        if (!(in_slot >> own[i] & 1))
            cpu->gpr[own[i]] = cpu->raw[own[i]];
    cpu->gpr[CPU_RCX] = cpu->raw[HOST_GUEST_RCX];
    cpu->gpr[CPU_RSP] = cpu->raw[HOST_GUEST_RSP];
}

/* A string instruction with 32-bit addresses that has done nothing yet. */
static bool is_untouched(const struct cpu *cpu, const struct recovery *r)
{
    return (r->kind & RECOVERY_NARROW) &&
           (!(r->kind & RECOVERY_REP) ||
            (uint32_t)cpu->raw[HOST_SCRATCH] == (uint32_t)cpu->raw[HOST_GUEST_RCX]);
}

static void recover(struct cpu *cpu, const struct block *b, const struct recovery *r)
{
    if (is_untouched(cpu, r)) {
        plain_registers(cpu, (r->kind & RECOVERY_RSI ? 1 << CPU_RSI : 0) |
                                 (r->kind & RECOVERY_RDI ? 1 << CPU_RDI : 0));
        cpu->gpr[CPU_RSP] += (uint64_t)(int64_t)r->sp;
        cpu->rip = b->pc + r->guest;
        return;
    }
    plain_registers(cpu, r->in_slot);
    cpu->gpr[CPU_RSP] += (uint64_t)(int64_t)r->sp;
    if (r->kind & RECOVERY_RCX)
        cpu->gpr[CPU_RCX] = cpu->raw[HOST_SCRATCH];
    if (r->kind & RECOVERY_RSI)
        cpu->gpr[CPU_RSI] -= cpu->window;
    if (r->kind & RECOVERY_RDI)
        cpu->gpr[CPU_RDI] -= cpu->window;
    if (r->kind & RECOVERY_FS)
        cpu->gpr[CPU_RSI] -= cpu->fs_base;
    if (r->kind & RECOVERY_GS)
        cpu->gpr[CPU_RSI] -= cpu->gs_base;
    if ((r->kind & RECOVERY_NARROW) && (r->kind & RECOVERY_RSI))
        cpu->gpr[CPU_RSI] = (uint32_t)cpu->gpr[CPU_RSI];
    if ((r->kind & RECOVERY_NARROW) && (r->kind & RECOVERY_RDI))
        cpu->gpr[CPU_RDI] = (uint32_t)cpu->gpr[CPU_RDI];
    cpu->rip = b->pc + r->guest;
}

/* --- what a fault means ------------------------------------------------------------------------
 */

void fault_set(struct cpu *cpu, int signo, int code, uint64_t address, uint32_t trapno,
               uint32_t error)
{
    cpu->fault = (struct cpu_fault){
        .signo = signo, .code = code, .address = address, .trapno = trapno, .error = error};
}

void fault_general(struct cpu *cpu, uint32_t error)
{
    fault_set(cpu, L_SIGSEGV, SI_KERNEL_CODE, 0, TRAP_GENERAL, error);
}

void fault_address(struct cpu *cpu, uint64_t address, enum code_access access)
{
    if (!is_canonical(address)) {
        fault_general(cpu, 0);
        return;
    }
    /* Linux calls every access to an address of the kernel's a protection violation. */
    bool present = (cpu->fault.error & 1) || address >= USER_TOP;
    cpu->fault.address = address;
    cpu->fault.cr2 = address;
    cpu->fault.trapno = TRAP_PAGE;
    cpu->fault.error =
        4u | (access == CODE_WRITE ? 2u : 0) | (access == CODE_EXEC ? 16u : 0) | (present ? 1u : 0);
}

void fault_defect(struct cpu *cpu, const char *what)
{
    host_log_error("defect: %s (guest rip %#llx, host %#llx)", what, (unsigned long long)cpu->rip,
                   (unsigned long long)cpu->host_rip);
    fault_set(cpu, L_SIGKILL, CPU_CODE_DEFECT, 0, 0, 0);
}

/* The guest's address is not canonical. */
static void fault_nowhere(struct cpu *cpu, const struct recovery *r)
{
    if (r->kind & RECOVERY_STACK)
        fault_set(cpu, L_SIGBUS, SI_KERNEL_CODE, 0, TRAP_STACK, 0);
    else
        fault_general(cpu, 0);
}

/* #AC: the host has the address, but perhaps not the guest. */
static void alignment_check(struct cpu *cpu, const struct recovery *r)
{
    struct fault_operand operand;
    if (fault_operand(cpu, &operand) && !is_canonical(operand.address - cpu->window))
        fault_nowhere(cpu, r);
    else
        fault_set(cpu, L_SIGBUS, 1, 0, TRAP_ALIGNMENT, 0);
}

/* #GP: an address that is not canonical on the host, or not aligned as the instruction demands. */
static void general_protection(struct cpu *cpu, const struct recovery *r)
{
    struct fault_operand operand;
    fault_general(cpu, 0);
    if (!fault_operand(cpu, &operand))
        return;
    uint64_t guest = operand.address - cpu->window;
    if (!is_canonical(guest)) {
        if (operand.aligned)
            fault_nowhere(cpu, r);
        return;
    }
    if (!operand.aligned)
        return;
    if ((cpu->rflags & CPU_FLAG_AC) && operand.odd) {
        fault_set(cpu, L_SIGBUS, 1, 0, TRAP_ALIGNMENT, 0);
        return;
    }
    if (is_canonical(operand.address)) /* it is for something else */
        return;
    cpu->fault.code = 1;
    fault_address(cpu, guest, operand.written ? CODE_WRITE : CODE_READ);
}

static int simd_code(uint32_t mxcsr)
{
    uint32_t raised = ~(mxcsr >> 7) & mxcsr & 0x3f;
    return raised & 1 ? 7 : raised & 4 ? 3 : raised & 8 ? 4 : raised & 0x12 ? 5 : 6;
}

static int x87_code(const uint8_t *xsave)
{
    uint16_t control, status;
    memcpy(&control, xsave, 2);
    memcpy(&status, xsave + 2, 2);
    uint32_t raised = (uint32_t)(status & ~control & 0x3f);
    return raised & 1 ? 7 : raised & 4 ? 3 : raised & 8 ? 4 : raised & 0x12 ? 5 : 6;
}

/* Whether the instruction looks at the x87 state, where an exception may be pending: by its opcode
 * (fisttp counts as SSE3 elsewhere), or by a register. */
static bool is_x87(const struct cpu *cpu)
{
    struct insn in;
    if (!(cpu->xsave[2] & 0x80)) /* nothing is pending (ES) */
        return false;
    if (decode(&in, (const uint8_t *)cpu->host_rip, 15, cpu->host_rip) != INSN_OK)
        return false;
    if (in.z.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT &&
        (in.z.opcode == 0x9b || (in.z.opcode & 0xf8) == 0xd8))
        return true;
    for (int i = 0; i < in.z.operand_count; i++)
        if (in.op[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
            ZydisRegisterGetClass(in.op[i].reg.value) == ZYDIS_REGCLASS_MMX)
            return true;
    return in.z.meta.isa_ext == ZYDIS_ISA_EXT_MMX;
}

static void classify(struct cpu *cpu, const struct recovery *r)
{
    uint32_t mxcsr;
    memcpy(&mxcsr, cpu->xsave + CPU_XSAVE_MXCSR, 4);
    switch (cpu->host_fault_kind) {
    case HOST_FAULT_GENERAL:
        general_protection(cpu, r);
        break;
    case HOST_FAULT_BUS:
        fault_set(cpu, L_SIGBUS, 2, cpu->host_fault_address - cpu->window, TRAP_PAGE, 4);
        break;
    case HOST_FAULT_ALIGN:
        alignment_check(cpu, r);
        break;
    case HOST_FAULT_ILLEGAL:
        fault_set(cpu, L_SIGILL, 2, cpu->rip, 6, 0);
        break;
    case HOST_FAULT_DIVIDE:
        fault_set(cpu, L_SIGFPE, 1, cpu->rip, 0, 0);
        break;
    case HOST_FAULT_FP:
        /* Wine calls #XM so too. */
        if (is_x87(cpu)) {
            fault_set(cpu, L_SIGFPE, x87_code(cpu->xsave), cpu->rip, 16, 0);
            break;
        }
        __attribute__((fallthrough));
    case HOST_FAULT_SIMD:
        fault_set(cpu, L_SIGFPE, simd_code(mxcsr), cpu->rip, 19, 0);
        break;
    default:
        fault_defect(cpu, "a fault of a kind that translated code cannot have");
        break;
    }
}

/* The block and the offset in it of cpu->host_rip. */
static struct block *here(const struct cpu *cpu, uint32_t *offset)
{
    host_mutex_lock(&translate_lock);
    struct block *b = cache_find(cpu->host_rip);
    host_mutex_unlock(&translate_lock);
    if (b)
        *offset = (uint32_t)(cpu->host_rip - (uint64_t)b->code);
    return b;
}

static void note_block(struct cpu *cpu, const struct block *b)
{
    const struct block *tables = b && b->origin ? b->origin : b;
    cpu->block = (struct cpu_block){.host = cpu->host_rip};
    if (b)
        cpu->block = (struct cpu_block){.host = cpu->host_rip,
                                        .code = (uint64_t)b->code,
                                        .pc = tables->pc,
                                        .size = tables->guest_size};
}

static bool served(struct cpu *cpu, const struct recovery *r)
{
    if (cpu->host_fault_kind != HOST_FAULT_MEMORY || !cpu->host_fault_valid)
        return false;
    enum code_access access = cpu->host_fault_access == HOST_ACCESS_WRITE ? CODE_WRITE : CODE_READ;
    uint64_t guest = cpu->host_fault_address - cpu->window;
    cpu->fault = (struct cpu_fault){.signo = L_SIGSEGV, .code = 1};
    if (cpu->view->source->fault(cpu->view->owner, guest, access, &cpu->fault))
        return true;
    if (is_canonical(guest))
        fault_address(cpu, guest, access);
    else
        fault_nowhere(cpu, r);
    return false;
}

static bool is_indirect(const struct block *b, uint32_t offset)
{
    const struct block *tables = b->origin ? b->origin : b;
    for (uint16_t i = 0; i < tables->indirects; i++)
        if (offset == tables->indirect[i].jump)
            return true;
    return false;
}

/* An indirect jump found its table not shown (codeview.c). */
static bool is_unshown(const struct cpu *cpu, const struct block *b, uint32_t offset)
{
    return b && cpu->host_fault_kind == HOST_FAULT_MEMORY && cpu->host_fault_valid &&
           table_contains(cpu->window, cpu->host_fault_address) && is_indirect(b, offset);
}

int fault_event(struct cpu *cpu)
{
    uint32_t offset = 0;
    struct block *b = here(cpu, &offset);
    const struct recovery *r = b ? block_recovery(b, offset) : NULL;
    if (!r && is_unshown(cpu, b, offset)) {
        plain_registers(cpu, 0);
        return dispatch_resume(cpu, true);
    }
    if (!r) {
        note_block(cpu, b);
        fault_defect(cpu, "a fault where no instruction can fault");
        return dispatch_serve(cpu, CPU_FAULT);
    }
    uint32_t drops = cpu->view->drops;
    bool memory = cpu->host_fault_kind == HOST_FAULT_MEMORY && cpu->host_fault_valid;
    if (memory && served(cpu, r)) {
        cpu->resume = cpu->host_rip;
        if (drops == cpu->view->drops)
            return LEAVE_RAW;
        /* Code changed, perhaps this block: finish the instruction by itself, then look again. */
        recover(cpu, b, r);
        return dispatch_single(cpu);
    }
    recover(cpu, b, r);
    if (!memory)
        classify(cpu, r);
    note_block(cpu, b);
    cpu->thread->stepping = false;
    return dispatch_serve(cpu, CPU_FAULT);
}

int fault_interrupted(struct cpu *cpu)
{
    uint32_t offset = 0;
    struct block *b = here(cpu, &offset);
    if (!b) {
        fault_defect(cpu, "interrupted where no block is");
        return dispatch_serve(cpu, CPU_FAULT);
    }
    const struct block *tables = b->origin ? b->origin : b;
    bool boundary = offset < b->body || is_indirect(b, offset);
    if (boundary || offset == b->body) {
        plain_registers(cpu, 0);
        if (!boundary)
            cpu->rip = b->pc;
        return dispatch_resume(cpu, false);
    }
    const struct recovery *r = block_recovery(b, offset);
    if (r && (r->kind & RECOVERY_REP)) {
        recover(cpu, tables, r);
        return dispatch_resume(cpu, false);
    }
    cpu->resume = cpu->host_rip;
    if (b->space) {
        uint8_t *copy = dispatch_copy(cpu, b);
        if (!copy) {
            fault_defect(cpu, "no memory for an interruption");
            return dispatch_serve(cpu, CPU_FAULT);
        }
        cpu->resume = (uint64_t)copy + offset;
    }
    return LEAVE_COPY;
}

/* --- traps ---------------------------------------------------------------------------------------
 */

static void emulate_cpuid(struct cpu *cpu)
{
    uint32_t out[4];
    cpu_cpuid((uint32_t)cpu->gpr[CPU_RAX], (uint32_t)cpu->gpr[CPU_RCX], out);
    if ((uint32_t)cpu->gpr[CPU_RAX] == 1 && !(cpu_xcr0() & 4))
        out[2] &= ~(1u << 28);
    cpu->gpr[CPU_RAX] = out[0];
    cpu->gpr[CPU_RBX] = out[1];
    cpu->gpr[CPU_RCX] = out[2];
    cpu->gpr[CPU_RDX] = out[3];
}

static int emulate_xgetbv(struct cpu *cpu)
{
    uint32_t index = (uint32_t)cpu->gpr[CPU_RCX];
    uint64_t value = cpu_xcr0();
    if (index > 1) {
        cpu->rip -= 3;
        fault_general(cpu, 0);
        return dispatch_serve(cpu, CPU_FAULT);
    }
    if (index == 1)
        memcpy(&value, cpu->xsave + CPU_XSAVE_HEADER, 8);
    cpu->gpr[CPU_RAX] = (uint32_t)value;
    cpu->gpr[CPU_RDX] = value >> 32;
    return dispatch_resume(cpu, false);
}

#define POPF_BITS                                                                                  \
    (CPU_FLAG_CF | CPU_FLAG_PF | CPU_FLAG_AF | CPU_FLAG_ZF | CPU_FLAG_SF | CPU_FLAG_TF |           \
     CPU_FLAG_DF | CPU_FLAG_OF | 1u << 14 | CPU_FLAG_AC | CPU_FLAG_ID)

/* A far branch has read where it leads, and iret the flags. False: that is nowhere. */
static bool go_far(struct cpu *cpu)
{
    if (!is_canonical(cpu->helper_offset)) {
        fault_general(cpu, 0);
        return false;
    }
    cpu->rip = cpu->helper_offset;
    cpu->gpr[CPU_RSP] = cpu->helper_detail;
    return true;
}

static void set_flags(struct cpu *cpu, uint64_t bits)
{
    cpu->rflags = (cpu->rflags & ~bits) | (cpu->helper_value & bits);
}

/* A self-checking block: the guest bytes are as they were when it was translated, or it goes. */
static int check_block(struct cpu *cpu)
{
    struct codeview *v = cpu->view;
    struct code_extent extent;
    host_mutex_lock(&translate_lock);
    struct block *b = view_find(v, cpu->rip, false);
    uint32_t size = b ? b->guest_size : 0;
    host_mutex_unlock(&translate_lock);
    if (!b || !b->self_check)
        return dispatch_resume(cpu, true);
    size_t n = v->source->fetch(v->owner, cpu->rip, cpu->thread->guest, size, &extent, &cpu->fault);
    if (n == size && memcmp(cpu->thread->guest, b->guest_bytes, size) == 0) {
        cpu->resume = (uint64_t)b->code + b->checked;
        return LEAVE_GUEST;
    }
    codeview_drop(v, cpu->rip, cpu->rip + 1);
    return dispatch_resume(cpu, true);
}

int fault_trap(struct cpu *cpu)
{
    bool stepping = cpu->thread->stepping;
    cpu->thread->stepping = false;
    switch ((enum xlate_trap)cpu->helper_arg) {
    case TRAP_CPUID:
        emulate_cpuid(cpu);
        break;
    case TRAP_XGETBV:
        return emulate_xgetbv(cpu);
    case TRAP_POPF:
        set_flags(cpu, POPF_BITS);
        break;
    case TRAP_POPF16:
        set_flags(cpu, POPF_BITS & 0xffff);
        break;
    case TRAP_FAR:
    case TRAP_IRET:
    case TRAP_IRET16:
        if (!go_far(cpu))
            return dispatch_serve(cpu, CPU_FAULT);
        if (cpu->helper_arg != TRAP_FAR)
            set_flags(cpu, cpu->helper_arg == TRAP_IRET ? POPF_BITS : POPF_BITS & 0xffff);
        break;
    case TRAP_SELECTOR:
        if (!selector_answer(cpu))
            return dispatch_serve(cpu, CPU_FAULT);
        /* Nothing comes between a load of ss and the instruction after it. */
        stepping &= SELECTOR_USE(cpu->helper_detail) != SELECTOR_LOAD ||
                    SELECTOR_SEGMENT(cpu->helper_detail) != CPU_SS;
        break;
    case TRAP_CHECK:
        return check_block(cpu);
    case TRAP_BREAKPOINT:
        fault_set(cpu, L_SIGTRAP, SI_KERNEL_CODE, 0, 3, 0);
        return dispatch_serve(cpu, CPU_FAULT);
    case TRAP_ICEBP:
        fault_set(cpu, L_SIGTRAP, 1, cpu->rip, 1, 0);
        return dispatch_serve(cpu, CPU_FAULT);
    case TRAP_INTERRUPT:
        fault_general(cpu, (uint32_t)cpu->helper_value);
        return dispatch_serve(cpu, CPU_FAULT);
    case TRAP_PRIVILEGED:
        fault_general(cpu, 0);
        return dispatch_serve(cpu, CPU_FAULT);
    default:
        fault_set(cpu, L_SIGILL, 2, cpu->rip, 6, 0);
        return dispatch_serve(cpu, CPU_FAULT);
    }
    if (stepping) {
        fault_set(cpu, L_SIGTRAP, 2, cpu->rip, 1, 0);
        return dispatch_serve(cpu, CPU_FAULT);
    }
    return dispatch_resume(cpu, false);
}
