/* The state of a guest thread, and the way into and out of guest code. */
#include "runtime/translate/cpu.h"

#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/host/thread.h"
#include "runtime/translate/cpu_fault.h"
#include "runtime/translate/cpuid.h"
#include "runtime/translate/dispatch.h"
#include "runtime/translate/stubs.h"

/* Jumps to what only the second table has until the next of them moves its target to the first: few
 * enough for what is hot to get there in no time. Where two that are hot want the same place they
 * would have it in turns for ever; so after every so many moves it takes twice as many jumps, up to
 * so many times. */
#define PATIENCE       251
#define PATIENCE_MOVES 256
#define PATIENCE_TIMES 8

struct boot {
    void (*init)(struct cpu *, void *);
    void *arg;
    cpu_service_fn *service;
    struct cpu_thread *thread;
};

int cpu_init(void)
{
    if (cpuid_init() < 0)
        return -L_ENODEV;
    stub_xmask = (uint32_t)cpuid_xcr0();
    stub_light = cpuid_xgetbv1();
    control_by_loop = cpuid_quick_loop();
    decode_init();
    int r = cache_init();
    if (r == 0)
        r = table_init();
    if (r == 0)
        r = host_fault_add(fault_hook);
    if (r == 0)
        host_redirect_set(fault_redirect);
    return r;
}

void cpu_first(struct cpu *cpu, void *arg, uint64_t host_rsp)
{
    const struct boot *boot = arg;
    memset(cpu, 0, sizeof *cpu);
    cpu->host_rsp = host_rsp;
    cpu->service = boot->service;
    cpu->thread = boot->thread;
    cpu->host = host_thread_self();
    cpu->patience = PATIENCE;
    cpu->near_stub[STUB_LINK] = (uint64_t)(uintptr_t)stub_link;
    cpu->near_stub[STUB_MISS] = (uint64_t)(uintptr_t)stub_miss;
    cpu->stub[STUB_SYSCALL] = (uint64_t)(uintptr_t)stub_syscall;
    cpu->stub[STUB_TRAP] = (uint64_t)(uintptr_t)stub_trap;
    cpu->stub[STUB_LEAVE] = (uint64_t)(uintptr_t)stub_leave;
    cpu_reset(cpu);
    boot->init(cpu, boot->arg);
}

/* Remembers the block past the end of its life. */
static void leave_view(struct cpu *cpu)
{
    host_mutex_lock(&translate_lock);
    if (cpu->view)
        view_leave(cpu->view, cpu);
    host_mutex_unlock(&translate_lock);
}

int cpu_start(void (*init)(struct cpu *, void *), void *arg, cpu_service_fn *service)
{
    struct boot boot = {init, arg, service, thread_create()};
    if (!boot.thread)
        return -L_ENOMEM;
    int r = stub_start(&boot);
    thread_free(boot.thread);
    return r;
}

void cpu_reset(struct cpu *cpu)
{
    static const uint16_t fcw = 0x37f;
    static const uint32_t mxcsr = 0x1f80;
    memset(cpu->gpr, 0, sizeof cpu->gpr);
    memset(cpu->selector, 0, sizeof cpu->selector);
    cpu->selector[CPU_CS] = CPU_SELECTOR_CS;
    cpu->selector[CPU_SS] = CPU_SELECTOR_SS;
    memset(cpu->xsave, 0, sizeof cpu->xsave);
    memcpy(cpu->xsave + CPU_XSAVE_FCW, &fcw, 2);
    memcpy(cpu->xsave + CPU_XSAVE_MXCSR, &mxcsr, 4);
    cpu->rflags = 0x202;
    cpu->light = 0;
}

uint8_t *cpu_extended(struct cpu *cpu)
{
    static const uint16_t fcw = 0x37f;
    static const uint32_t mxcsr_mask = 0xffff;
    static const uint64_t features = 2; /* SSE; the others are in their initial state */
    if (!cpu->light)
        return cpu->xsave;
    memset(cpu->xsave, 0, sizeof cpu->xsave);
    memcpy(cpu->xsave + CPU_XSAVE_FCW, &fcw, 2);
    memcpy(cpu->xsave + CPU_XSAVE_MXCSR, &cpu->light_mxcsr, 4);
    memcpy(cpu->xsave + CPU_XSAVE_MXCSR + 4, &mxcsr_mask, 4);
    memcpy(cpu->xsave + CPU_XSAVE_HEADER, &features, 8);
    memcpy(cpu->xsave + CPU_XSAVE_XMM, cpu->xmm, sizeof cpu->xmm);
    cpu->light = 0;
    return cpu->xsave;
}

void cpu_copy_state(struct cpu *to, const struct cpu *from)
{
    memcpy(to->gpr, from->gpr, sizeof to->gpr);
    if (from->light)
        memcpy(to->xmm, from->xmm, sizeof to->xmm);
    else
        memcpy(to->xsave, from->xsave, sizeof to->xsave);
    to->light = from->light;
    to->light_mxcsr = from->light_mxcsr;
    to->rip = from->rip;
    to->rflags = from->rflags;
    memcpy(to->selector, from->selector, sizeof to->selector);
    to->fs_base = from->fs_base;
    to->gs_base = from->gs_base;
}

void cpu_set_view(struct cpu *cpu, struct codeview *view, uint64_t window)
{
    leave_view(cpu);
    host_mutex_lock(&translate_lock);
    if (view)
        view_enter(view, cpu);
    host_mutex_unlock(&translate_lock);
    cpu->window = window;
}

void cpu_interrupt(struct cpu *cpu)
{
    atomic_store(&cpu->pending, 1);
    if (cpu->host != host_thread_self())
        host_thread_redirect(cpu->host);
}

void cpu_clear_pending(struct cpu *cpu)
{
    atomic_store(&cpu->pending, 0);
}

static int event(struct cpu *cpu, int kind)
{
    if (cpu->thread->stepping)
        cpu->rflags |= CPU_FLAG_TF; /* the host's flags never have it */
    switch (kind) {
    case STUB_LINK:
        return dispatch_exit(cpu);
    case STUB_MISS:
        if (cpu->patience == 0) {
            uint32_t times = ++cpu->thread->moves / PATIENCE_MOVES;
            cpu->patience = PATIENCE << (times < PATIENCE_TIMES ? times : PATIENCE_TIMES);
        }
        return dispatch_miss(cpu, true);
    case STUB_LEAVE:
        return dispatch_miss(cpu, false);
    case STUB_SYSCALL:
        cpu->gpr[CPU_RCX] = cpu->rip;
        cpu->gpr[CPU_R11] = cpu->rflags;
        cpu->thread->stepping = false; /* a system call itself does not trap, on Linux */
        return dispatch_serve(cpu, CPU_SYSCALL);
    case STUB_TRAP:
        return fault_trap(cpu);
    case STUB_FAULT:
        return fault_event(cpu);
    case STUB_RAW_PENDING:
        cpu->host_rip = cpu->resume;
        return fault_interrupted(cpu);
    case STUB_ASYNC:
        return fault_interrupted(cpu);
    default:
        return dispatch_resume(cpu, false);
    }
}

int cpu_event(struct cpu *cpu, int kind)
{
    static const uint8_t counts[] = {
        [STUB_LINK] = COUNT_EXITS,        [STUB_MISS] = COUNT_MISSES,
        [STUB_SYSCALL] = COUNT_SYSCALLS,  [STUB_TRAP] = COUNT_TRAPS,
        [STUB_FAULT] = COUNT_HOST_FAULTS, [STUB_ASYNC] = COUNT_INTERRUPTED,
        [STUB_PENDING] = COUNT_PENDING,   [STUB_RAW_PENDING] = COUNT_PENDING,
        [STUB_LEAVE] = COUNT_TRAPS};
    bool moves = kind == STUB_MISS && cpu->patience == 0;
    counters_add(&cpu->thread->counters, moves ? COUNT_MOVES : counts[kind], 1);
    int answer = event(cpu, kind);
    if (answer == LEAVE_STOP)
        leave_view(cpu);
    return answer;
}
