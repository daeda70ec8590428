/* Where guest threads enter the kernel, and how they leave it. */
#include "runtime/kernel/entry/service.h"

#include <stdio.h>

#include "runtime/abi/errno.h"
#include "runtime/host/log.h"
#include "runtime/kernel/entry/syscall.h"
#include "runtime/kernel/entry/trace.h"
#include "runtime/kernel/entry/where.h"
#include "runtime/kernel/life/exit.h"
#include "runtime/kernel/life/fork.h"
#include "runtime/kernel/life/oom.h"
#include "runtime/task/loadavg.h"
#include "runtime/task/process.h"
#include "runtime/task/process_tree.h"
#include "runtime/task/timer.h"
#include "runtime/tty/tty.h"

/* The translator met a defect of its own, and has logged which. The user is told where he looks. */
static void tell_defect(struct task *t)
{
    char text[512];
    const char *log = host_log_path();
    snprintf(text, sizeof(text),
             "\nforeland: %s (process %d) was ended by a defect of Foreland%s%s\n", t->comm,
             t->process->pid, log ? "; the log is " : "", log ? log : "");
    tty_message(t, text);
}

/* Where it was, for who looks for the fault's cause: in our code, or in the guest's. */
static void log_fault(struct task *t, const struct cpu *cpu, bool defect)
{
    char text[900];
    if (!defect && !host_log_wants(HOST_LOG_DEBUG))
        return;
    where_fault(t, cpu, text, sizeof(text));
    if (defect)
        host_log_error("%s[%d]: %s", t->comm, (int)t->process->pid, text);
    else
        host_log_debug("%s[%d]: %s", t->comm, (int)t->process->pid, text);
}

static void serve_fault(struct task *t, const struct cpu *cpu)
{
    struct l_siginfo info = {.si_signo = cpu->fault.signo, .si_code = cpu->fault.code};
    info.fault.addr = cpu->fault.address;
    bool defect = cpu->fault.signo == L_SIGKILL && cpu->fault.code == CPU_CODE_DEFECT;
    log_fault(t, cpu, defect);
    /* No guest's fault is SIGKILL. */
    if (defect)
        tell_defect(t);
    else if (cpu->fault.signo == L_SIGKILL && !signal_fatal_pending(t))
        host_log_error("%s[%d]: killed: no memory", t->comm, (int)t->process->pid);
    signal_force(t, cpu->fault.signo, &info);
}

int service(struct cpu *cpu, enum cpu_event event)
{
    struct task *t = cpu->task;
    switch (event) {
    case CPU_SYSCALL:
        syscall_dispatch(t, cpu);
        break;
    case CPU_FAULT:
        serve_fault(t, cpu);
        break;
    case CPU_INTERRUPT:
        break;
    }
    if (atomic_load_explicit(&cpu->pending, memory_order_relaxed))
        cpu_clear_pending(cpu);
    if (!atomic_load(&t->work) && !t->restore_mask)
        return 0;
    if (signal_deliver(t, cpu)) {
        t->syscall = -1;
        return 0;
    }
    task_exit(t, t->exit_status);
    return 1;
}

static const struct life_ops life = {.service = service, .exits = trace_exit};

int kernel_init(void)
{
    life_ops = &life;
    signal_watcher = trace_signal;
    process_tree_init();
    oom_init();
    int error = timers_init();
    return error ? error : load_init();
}
