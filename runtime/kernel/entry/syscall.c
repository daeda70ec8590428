/* A system call, from the guest's registers to its result in them. */
#include "runtime/kernel/entry/syscall.h"

#include <stddef.h>

#include "runtime/abi/errno.h"
#define HEAP_PLAIN
#include "runtime/fs/vfs/sigio.h"
#include "runtime/host/budget.h"
#include "runtime/host/heap.h"
#include "runtime/host/log.h"
#include "runtime/kernel/entry/trace.h"
#include "runtime/kernel/life/oom.h"
#include "runtime/task/process.h"
#include "runtime/translate/cpu.h"

bool syscall_trace;

static int64_t not_implemented(struct task *t, uint64_t number)
{
    struct process *p = t->process;
    host_mutex_lock(&kernel_lock);
    /* All beyond the last number share its bit. */
    uint64_t one = number < 511 ? number : 511;
    uint32_t *word = &p->enosys_logged[one / 32];
    uint32_t bit = 1u << (one % 32);
    bool first = !(*word & bit);
    *word |= bit;
    host_mutex_unlock(&kernel_lock);
    if (first) {
        const char *name = number < syscall_table_size ? syscall_table[number].name : NULL;
        host_log("%s[%d]: system call %llu (%s) is not implemented", t->comm, (int)p->pid,
                 (unsigned long long)number, name ? name : "unknown");
    }
    return -L_ENOSYS;
}

static bool wants_memory(int64_t result)
{
    return result == -L_ENOMEM || result == -L_EAGAIN || result == -L_ENOSPC;
}

/* A call that fails for want of the kernel's own memory has done nothing: it is done again when
 * some was made free. */
static int64_t call(struct task *t, const struct syscall_entry *entry, const uint64_t args[6])
{
    int64_t result;
    uint32_t refusals;
    do {
        refusals = memory_refusals();
        result = entry->fn(t, args[0], args[1], args[2], args[3], args[4], args[5]);
    } while (__builtin_expect(memory_refusals() != refusals, false) && wants_memory(result) &&
             oom_relieve_kernel());
    if (__builtin_expect(async_waiting(), false))
        async_deliver();
    if (__builtin_expect(heap_wants_trim(), false))
        heap_trim();
    return result;
}

void syscall_dispatch(struct task *t, struct cpu *cpu)
{
    const uint64_t *g = cpu->gpr;
    /* Linux looks at 32 bits of the number. */
    uint64_t number = (uint32_t)g[CPU_RAX];
    uint64_t args[6] = {g[CPU_RDI], g[CPU_RSI], g[CPU_RDX], g[CPU_R10], g[CPU_R8], g[CPU_R9]};
    const struct syscall_entry *entry = number < syscall_table_size ? &syscall_table[number] : NULL;
    t->syscall = (int64_t)number;
    t->asked = NULL;
    if (__builtin_expect(syscall_trace, false))
        trace_enter(t, (uint32_t)number, args);
    int64_t result;
    if (entry && entry->fn)
        result = call(t, entry, args);
    else
        result = not_implemented(t, number);
    cpu->gpr[CPU_RAX] = (uint64_t)result;
    if (__builtin_expect(syscall_trace, false))
        trace_leave(t, (uint32_t)number, args, result);
    else if (result < -L_MAX_ERRNO || result > -L_ERESTARTSYS || result < -L_ERESTART_RESTARTBLOCK)
        t->syscall = -1;
}
