/* Faults as signals. */
#include "runtime/host/fault.h"
#include "runtime/abi/errno.h"
#include "runtime/host/fault_hooks.h"
#include "runtime/host/thread_native.h"
#include <signal.h>
#include <ucontext.h>

/* Exception vectors (Intel SDM vol. 3, 6.3.1) as REG_TRAPNO shows them. */
enum { DE = 0, DB = 1, BP = 3, UD = 6, SS = 12, GP = 13, PF = 14, MF = 16, AC = 17, XM = 19 };

static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};

static void fill_memory(struct host_fault *fault, int signo, uint64_t address, uint64_t error)
{
    fault->kind = signo == SIGBUS ? HOST_FAULT_BUS : HOST_FAULT_MEMORY;
    fault->address = address;
    fault->address_valid = true;
    if (error & 16)
        fault->access = HOST_ACCESS_EXEC;
    else
        fault->access = error & 2 ? HOST_ACCESS_WRITE : HOST_ACCESS_READ;
}

static void fill_fault(struct host_fault *fault, int signo, const greg_t *registers)
{
    switch (registers[REG_TRAPNO]) {
    case PF:
        fill_memory(fault, signo, (uint64_t)registers[REG_CR2], (uint64_t)registers[REG_ERR]);
        break;
    case DE:
        fault->kind = HOST_FAULT_DIVIDE;
        break;
    case DB:
        fault->kind = HOST_FAULT_STEP;
        break;
    case BP:
        fault->kind = HOST_FAULT_BREAKPOINT;
        break;
    case UD:
        fault->kind = HOST_FAULT_ILLEGAL;
        break;
    case MF:
        fault->kind = HOST_FAULT_FP;
        break;
    case XM:
        fault->kind = HOST_FAULT_SIMD;
        break;
    case AC:
        fault->kind = HOST_FAULT_ALIGN;
        break;
    default:
        fault->kind = HOST_FAULT_GENERAL;
        break;
    }
}

static void on_fault(int signo, siginfo_t *info, void *context)
{
    /* The guest's alignment check flag is still set: compiled code may misalign. lea keeps the
     * red zone of this frame. */
    __asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
                     "pushfq\n\t"
                     "andl $~0x40000, (%%rsp)\n\t"
                     "popfq\n\t"
                     "lea 128(%%rsp), %%rsp" ::
                         : "cc", "memory");
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    struct host_fault fault = {.rip = (uint64_t)registers[REG_RIP],
                               .rsp = (uint64_t)registers[REG_RSP],
                               .rflags = (uint64_t)registers[REG_EFL],
                               .thread = host_native_self()};
    /* Positive codes come from the kernel, others from kill(2) and the like. */
    if (info->si_code > 0) {
        fill_fault(&fault, signo, registers);
        uint64_t rip = host_fault_offer(&fault);
        if (rip) {
            registers[REG_RIP] = (greg_t)rip;
            return;
        }
        host_fault_report(&fault);
    }
    /* The instruction faults again on return, and the default action ends the process. */
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(signo, &action, NULL);
    if (info->si_code <= 0)
        raise(signo);
}

int host_fault_install(void)
{
    host_thread_self();
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigfillset(&action.sa_mask);
    for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        if (sigaction(signals[i], &action, NULL))
            return -L_EINVAL;
    return 0;
}
