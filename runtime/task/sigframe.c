/*
 * The frame that a handler runs on, and its way back (rt_sigreturn(2)).
 *
 * From the top: the xsave area (64-byte aligned, with the software-reserved bytes that say how
 * large it is, and a second mark behind it), then struct l_rt_sigframe so that the handler starts
 * with RSP 8 below a multiple of 16, as after a call.
 */
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/memory/access.h"
#include "runtime/memory/space.h"
#include "runtime/task/process.h"
#include "runtime/task/sigframe.h"
#include "runtime/translate/cpu.h"

#define RED_ZONE         128
#define SOFTWARE_BYTES   464
#define XSTATE_BV        (CPU_XSAVE_HEADER + 0)
#define XCOMP_BV         (CPU_XSAVE_HEADER + 8)
#define XSTATE_RESERVED  (CPU_XSAVE_HEADER + 16)
#define MXCSR_VALID      0xffffu
#define FCW_DEFAULT      0x37f
#define MXCSR_DEFAULT    0x1f80u
#define AVX_STATE        4u
#define LEGACY_STATE     3u
#define XSAVE_SIZE_NOAVX 576u

/* Flags that a handler or sigreturn may set. */
#define USER_FLAGS                                                                                 \
    (CPU_FLAG_CF | CPU_FLAG_PF | CPU_FLAG_AF | CPU_FLAG_ZF | CPU_FLAG_SF | CPU_FLAG_TF |           \
     CPU_FLAG_DF | CPU_FLAG_OF | CPU_FLAG_RF | CPU_FLAG_AC)

uint32_t sigframe_xsave_size(void)
{
    return cpu_xcr0() & AVX_STATE ? CPU_XSAVE_SIZE : XSAVE_SIZE_NOAVX;
}

static bool on_altstack(const struct task *t, uint64_t sp)
{
    if (t->altstack.ss_flags & (int32_t)L_SS_AUTODISARM)
        return false;
    return t->altstack.ss_size && sp > t->altstack.ss_sp &&
           sp - t->altstack.ss_sp <= t->altstack.ss_size;
}

static void altstack_describe(const struct task *t, uint64_t sp, struct l_stack *out)
{
    memset(out, 0, sizeof(*out));
    out->ss_sp = t->altstack.ss_sp;
    out->ss_size = t->altstack.ss_size;
    out->ss_flags = t->altstack.ss_flags & (int32_t)L_SS_AUTODISARM;
    if (!out->ss_size)
        out->ss_flags |= L_SS_DISABLE;
    else if (on_altstack(t, sp))
        out->ss_flags |= L_SS_ONSTACK;
}

int64_t altstack_change(struct task *t, uint64_t sp, const struct l_stack *want,
                        struct l_stack *old)
{
    if (old)
        altstack_describe(t, sp, old);
    if (!want)
        return 0;
    if (on_altstack(t, sp))
        return -L_EPERM;
    uint32_t mode = (uint32_t)want->ss_flags & ~L_SS_AUTODISARM;
    if (mode && mode != L_SS_ONSTACK && mode != L_SS_DISABLE)
        return -L_EINVAL;
    if (mode == L_SS_DISABLE) {
        memset(&t->altstack, 0, sizeof(t->altstack));
        t->altstack.ss_flags = want->ss_flags & (int32_t)L_SS_AUTODISARM;
        return 0;
    }
    if (want->ss_size < L_MINSIGSTKSZ)
        return -L_ENOMEM;
    t->altstack = *want;
    return 0;
}

static void save_registers(struct l_sigcontext *sc, const struct cpu *cpu, uint64_t mask)
{
    const uint64_t *g = cpu->gpr;
    *sc = (struct l_sigcontext){
        .r8 = g[CPU_R8],
        .r9 = g[CPU_R9],
        .r10 = g[CPU_R10],
        .r11 = g[CPU_R11],
        .r12 = g[CPU_R12],
        .r13 = g[CPU_R13],
        .r14 = g[CPU_R14],
        .r15 = g[CPU_R15],
        .di = g[CPU_RDI],
        .si = g[CPU_RSI],
        .bp = g[CPU_RBP],
        .bx = g[CPU_RBX],
        .dx = g[CPU_RDX],
        .ax = g[CPU_RAX],
        .cx = g[CPU_RCX],
        .sp = g[CPU_RSP],
        .ip = cpu->rip,
        .flags = cpu->rflags,
        .cs = CPU_SELECTOR_CS,
        .ss = CPU_SELECTOR_SS,
        .err = cpu->fault.error,
        .trapno = cpu->fault.trapno,
        .oldmask = mask,
        .cr2 = cpu->fault.cr2,
    };
}

static void load_registers(struct cpu *cpu, const struct l_sigcontext *sc)
{
    const uint64_t values[16] = {sc->ax,  sc->cx,  sc->dx,  sc->bx, sc->sp,  sc->bp,
                                 sc->si,  sc->di,  sc->r8,  sc->r9, sc->r10, sc->r11,
                                 sc->r12, sc->r13, sc->r14, sc->r15};
    memcpy(cpu->gpr, values, sizeof(values));
    cpu->rip = sc->ip;
    cpu->rflags = (cpu->rflags & ~(uint64_t)USER_FLAGS) | (sc->flags & USER_FLAGS);
}

/* Writes the xsave area with its marks at a 64-byte aligned address. */
static int push_xsave(struct space *space, struct cpu *cpu, uint64_t address)
{
    uint32_t size = sigframe_xsave_size();
    uint8_t area[CPU_XSAVE_SIZE + 4];
    memcpy(area, cpu_extended(cpu), size);
    struct l_fpx_sw_bytes marks = {
        .magic1 = L_FP_XSTATE_MAGIC1,
        .extended_size = size + 4,
        .xfeatures = cpu_xcr0(),
        .xstate_size = size,
    };
    memcpy(area + SOFTWARE_BYTES, &marks, sizeof(marks));
    uint32_t magic2 = L_FP_XSTATE_MAGIC2;
    memcpy(area + size, &magic2, sizeof(magic2));
    return copy_to_guest(space, address, area, size + 4);
}

/* The state a handler starts with. */
static void reset_xsave(struct cpu *cpu)
{
    const uint16_t fcw = FCW_DEFAULT;
    const uint32_t mxcsr[2] = {MXCSR_DEFAULT, MXCSR_VALID};
    const uint64_t features = cpu_xcr0();
    memset(cpu_extended(cpu), 0, sizeof(cpu->xsave));
    memcpy(cpu->xsave + CPU_XSAVE_FCW, &fcw, sizeof(fcw));
    memcpy(cpu->xsave + CPU_XSAVE_MXCSR, mxcsr, sizeof(mxcsr));
    memcpy(cpu->xsave + XSTATE_BV, &features, sizeof(features));
}

int sigframe_push(struct task *t, struct cpu *cpu, int sig, const struct l_sigaction *action,
                  const struct l_siginfo *info, uint64_t mask)
{
    struct space *space = t->process->space;
    uint64_t sp = cpu->gpr[CPU_RSP];
    uint64_t top = sp - RED_ZONE;
    bool entering = (action->flags & L_SA_ONSTACK) && t->altstack.ss_size && !on_altstack(t, sp);
    if (entering)
        top = t->altstack.ss_sp + t->altstack.ss_size;
    uint64_t xsave = (top - sigframe_xsave_size() - 4) & ~(uint64_t)63;
    uint64_t address = ((xsave - sizeof(struct l_rt_sigframe)) & ~(uint64_t)15) - 8;
    /* A frame that would leave the alternate stack is not written below it. */
    if ((entering || on_altstack(t, sp)) &&
        (address < t->altstack.ss_sp || address >= t->altstack.ss_sp + t->altstack.ss_size))
        return -L_EFAULT;
    if (!(action->flags & L_SA_RESTORER))
        return -L_EFAULT;

    struct l_rt_sigframe frame;
    memset(&frame, 0, sizeof(frame));
    frame.pretcode = action->restorer;
    frame.uc.uc_flags = L_UC_FP_XSTATE | L_UC_SIGCONTEXT_SS | L_UC_STRICT_RESTORE_SS;
    altstack_describe(t, sp, &frame.uc.uc_stack);
    frame.uc.uc_stack.ss_flags =
        t->altstack.ss_size ? t->altstack.ss_flags : L_SS_DISABLE | t->altstack.ss_flags;
    save_registers(&frame.uc.uc_mcontext, cpu, mask);
    frame.uc.uc_mcontext.fpstate = xsave;
    frame.uc.uc_sigmask = mask;
    frame.info = *info;
    if (push_xsave(space, cpu, xsave) || copy_to_guest(space, address, &frame, sizeof(frame)))
        return -L_EFAULT;

    if (t->altstack.ss_flags & (int32_t)L_SS_AUTODISARM) {
        memset(&t->altstack, 0, sizeof(t->altstack));
        t->altstack.ss_flags = L_SS_DISABLE;
    }
    cpu->gpr[CPU_RDI] = (uint64_t)sig;
    cpu->gpr[CPU_RSI] = address + offsetof(struct l_rt_sigframe, info);
    cpu->gpr[CPU_RDX] = address + offsetof(struct l_rt_sigframe, uc);
    cpu->gpr[CPU_RAX] = 0;
    cpu->gpr[CPU_RSP] = address;
    cpu->rip = action->handler;
    cpu->rflags &= ~(uint64_t)(CPU_FLAG_DF | CPU_FLAG_RF | CPU_FLAG_TF);
    reset_xsave(cpu);
    return 0;
}

static uint64_t get64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

/* Takes over an xsave area of the guest; whatever the hardware would refuse is -L_EFAULT. */
static int load_xsave(struct space *space, struct cpu *cpu, uint64_t address)
{
    uint32_t size = sigframe_xsave_size();
    uint8_t area[CPU_XSAVE_SIZE + 4];
    if (copy_from_guest(space, area, address, CPU_XSAVE_HEADER))
        return -L_EFAULT;
    struct l_fpx_sw_bytes marks;
    memcpy(&marks, area + SOFTWARE_BYTES, sizeof(marks));
    uint64_t features = LEGACY_STATE;
    uint32_t magic2 = 0;
    bool extended = marks.magic1 == L_FP_XSTATE_MAGIC1 && marks.xstate_size == size &&
                    marks.extended_size == size + 4;
    if (extended) {
        if (copy_from_guest(space, area + CPU_XSAVE_HEADER, address + CPU_XSAVE_HEADER,
                            size + 4 - CPU_XSAVE_HEADER))
            return -L_EFAULT;
        memcpy(&magic2, area + size, sizeof(magic2));
        extended = magic2 == L_FP_XSTATE_MAGIC2;
    }
    if (extended) {
        features = get64(area + XSTATE_BV) & marks.xfeatures & cpu_xcr0();
        for (int i = XCOMP_BV; i < CPU_XSAVE_YMMH; i++) {
            if (area[i])
                return -L_EFAULT;
        }
    }
    uint32_t mxcsr;
    memcpy(&mxcsr, area + CPU_XSAVE_MXCSR, sizeof(mxcsr));
    if (mxcsr & ~MXCSR_VALID)
        return -L_EFAULT;

    /* Components that are off have their initial value. */
    reset_xsave(cpu);
    if (features & 1) {
        memcpy(cpu->xsave, area, CPU_XSAVE_MXCSR);
        memcpy(cpu->xsave + 32, area + 32, CPU_XSAVE_XMM - 32);
    }
    if (features & 2)
        memcpy(cpu->xsave + CPU_XSAVE_XMM, area + CPU_XSAVE_XMM, 256);
    if (features & 6)
        memcpy(cpu->xsave + CPU_XSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
    if (features & AVX_STATE)
        memcpy(cpu->xsave + CPU_XSAVE_YMMH, area + CPU_XSAVE_YMMH, 256);
    return 0;
}

int sigframe_pop(struct task *t, struct cpu *cpu)
{
    struct space *space = t->process->space;
    struct l_ucontext uc;
    uint64_t address = cpu->gpr[CPU_RSP] - 8;
    if (copy_from_guest(space, &uc, address + offsetof(struct l_rt_sigframe, uc), sizeof(uc)))
        return -L_EFAULT;
    signal_set_mask(t, uc.uc_sigmask);
    load_registers(cpu, &uc.uc_mcontext);
    if (uc.uc_mcontext.fpstate) {
        if (load_xsave(space, cpu, uc.uc_mcontext.fpstate))
            return -L_EFAULT;
    } else {
        reset_xsave(cpu);
    }
    altstack_change(t, cpu->gpr[CPU_RSP], &uc.uc_stack, NULL);
    return 0;
}
