/* prctl(2) and arch_prctl(2). */
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/process.h"
#include "runtime/kernel/kernel_calls.h"
#include "runtime/memory/access.h"
#include "runtime/memory/space.h"
#include "runtime/task/process.h"
#include "runtime/translate/cpu.h"

int64_t sys_arch_prctl(struct task *t, uint64_t code, uint64_t address)
{
    struct space *space = t->process->space;
    struct cpu *cpu = t->cpu;
    /* What the hardware would refuse: addresses of the upper half. */
    const uint64_t task_size = 1ull << 47;
    switch ((int)code) {
    case L_ARCH_SET_FS:
    case L_ARCH_SET_GS:
        if (address >= task_size)
            return -L_EPERM;
        cpu->selector[(int)code == L_ARCH_SET_FS ? CPU_FS : CPU_GS] = 0;
        if ((int)code == L_ARCH_SET_FS)
            cpu->fs_base = address;
        else
            cpu->gs_base = address;
        return 0;
    case L_ARCH_GET_FS:
        return put_guest_u64(space, address, cpu->fs_base);
    case L_ARCH_GET_GS:
        return put_guest_u64(space, address, cpu->gs_base);
    case L_ARCH_GET_CPUID:
        return 1;
    case L_ARCH_SET_CPUID:
        return address ? 0 : -L_ENODEV;
    default:
        return -L_EINVAL;
    }
}

static int64_t set_name(struct task *t, uint64_t address)
{
    char name[TASK_COMM_SIZE] = {0};
    size_t n = copy_from_guest_partial(t->process->space, name, address, sizeof(name) - 1);
    char *end = memchr(name, 0, n);
    if (n < sizeof(name) - 1 && !end)
        return -L_EFAULT;
    if (end)
        memset(end, 0, (size_t)(name + sizeof(name) - end));
    host_mutex_lock(&kernel_lock);
    memcpy(t->comm, name, sizeof(t->comm));
    host_mutex_unlock(&kernel_lock);
    return 0;
}

/* Those from here to sys_prctl change what other threads of the process change as well, and are
 * called with kernel_lock. */

static int64_t set_dumpable(struct process *p, uint64_t value)
{
    if (value > 1)
        return -L_EINVAL;
    p->dumpable = (int32_t)value;
    return 0;
}

static int64_t ambient(struct process *p, uint64_t operation, uint64_t cap, uint64_t a4,
                       uint64_t a5)
{
    struct cred *c = &p->cred;
    uint64_t bit = cap <= L_CAP_LAST ? L_CAP_BIT(cap) : 0;
    if (a4 || a5)
        return -L_EINVAL;
    if (operation == L_PR_CAP_AMBIENT_CLEAR_ALL) {
        if (cap)
            return -L_EINVAL;
        c->ambient = 0;
        return 0;
    }
    if (!bit)
        return -L_EINVAL;
    switch (operation) {
    case L_PR_CAP_AMBIENT_IS_SET:
        return (c->ambient & bit) != 0;
    case L_PR_CAP_AMBIENT_LOWER:
        c->ambient &= ~bit;
        return 0;
    case L_PR_CAP_AMBIENT_RAISE:
        if (!(c->permitted & c->inheritable & bit) ||
            (c->securebits & L_SECBIT_NO_CAP_AMBIENT_RAISE))
            return -L_EPERM;
        c->ambient |= bit;
        return 0;
    default:
        return -L_EINVAL;
    }
}

static int64_t drop_bounding(struct process *p, uint64_t cap)
{
    if (!cred_capable(&p->cred, L_CAP_SETPCAP))
        return -L_EPERM;
    if (cap > L_CAP_LAST)
        return -L_EINVAL;
    p->cred.bounding &= ~L_CAP_BIT(cap);
    return 0;
}

/* What is locked stays, and so do the locks. */
static int64_t set_securebits(struct process *p, uint64_t bits)
{
    uint32_t old = p->cred.securebits, locks = old & L_SECBITS_LOCKS;
    if (((locks >> 1) & (old ^ (uint32_t)bits)) || (locks & ~bits) ||
        (bits & ~(uint64_t)(L_SECBITS_ALL | L_SECBITS_LOCKS)) ||
        !cred_capable(&p->cred, L_CAP_SETPCAP))
        return -L_EPERM;
    p->cred.securebits = (uint32_t)bits;
    return 0;
}

static int64_t set_keep_caps(struct process *p, uint64_t value)
{
    if (value > 1)
        return -L_EINVAL;
    if (p->cred.securebits & L_SECBIT_KEEP_CAPS_LOCKED)
        return -L_EPERM;
    p->cred.securebits &= ~L_SECBIT_KEEP_CAPS;
    p->cred.securebits |= value ? L_SECBIT_KEEP_CAPS : 0;
    return 0;
}

static int64_t set_death_signal(struct task *t, uint64_t sig)
{
    if (sig > L_NSIG)
        return -L_EINVAL;
    t->pdeath_signal = (int32_t)sig;
    return 0;
}

static int64_t set_no_new_privs(struct process *p, uint64_t a2, uint64_t a3, uint64_t a4,
                                uint64_t a5)
{
    if (a2 != 1 || a3 || a4 || a5)
        return -L_EINVAL;
    p->no_new_privs = true;
    return 0;
}

/* The options that change the process or its credentials; false for others. */
static bool change_locked(struct task *t, const uint64_t a[5], int64_t *result)
{
    struct process *p = t->process;
    switch ((int)a[0]) {
    case L_PR_SET_PDEATHSIG:
        *result = set_death_signal(t, a[1]);
        return true;
    case L_PR_SET_DUMPABLE:
        *result = set_dumpable(p, a[1]);
        return true;
    case L_PR_SET_KEEPCAPS:
        *result = set_keep_caps(p, a[1]);
        return true;
    case L_PR_CAPBSET_DROP:
        *result = drop_bounding(p, a[1]);
        return true;
    case L_PR_SET_SECUREBITS:
        *result = set_securebits(p, a[1]);
        return true;
    case L_PR_SET_CHILD_SUBREAPER:
        p->subreaper = a[1];
        *result = 0;
        return true;
    case L_PR_SET_NO_NEW_PRIVS:
        *result = set_no_new_privs(p, a[1], a[2], a[3], a[4]);
        return true;
    case L_PR_CAP_AMBIENT:
        *result = ambient(p, a[1], a[2], a[3], a[4]);
        return true;
    }
    return false;
}

int64_t sys_prctl(struct task *t, uint64_t option, uint64_t a2, uint64_t a3, uint64_t a4,
                  uint64_t a5)
{
    struct process *p = t->process;
    struct space *space = p->space;
    int64_t result;
    host_mutex_lock(&kernel_lock);
    bool changed = change_locked(t, (const uint64_t[]){option, a2, a3, a4, a5}, &result);
    host_mutex_unlock(&kernel_lock);
    if (changed)
        return result;
    switch ((int)option) {
    case L_PR_GET_PDEATHSIG:
        return put_guest_u32(space, a2, (uint32_t)t->pdeath_signal);
    case L_PR_GET_DUMPABLE:
        return p->dumpable;
    case L_PR_GET_KEEPCAPS:
        return (p->cred.securebits & L_SECBIT_KEEP_CAPS) != 0;
    case L_PR_SET_NAME:
        return set_name(t, a2);
    case L_PR_GET_NAME:
        return copy_to_guest(space, a2, t->comm, sizeof(t->comm));
    case L_PR_GET_TIMING:
        return 0;
    case L_PR_SET_TIMING:
        return a2 ? -L_EINVAL : 0;
    case L_PR_GET_SECCOMP:
        return 0;
    case L_PR_CAPBSET_READ:
        return a2 > L_CAP_LAST ? -L_EINVAL : (int64_t)(p->cred.bounding >> a2 & 1);
    case L_PR_GET_TSC:
        return put_guest_u32(space, a2, L_PR_TSC_ENABLE);
    case L_PR_SET_TSC:
        return a2 == L_PR_TSC_ENABLE ? 0 : -L_EINVAL;
    case L_PR_GET_SECUREBITS:
        return p->cred.securebits;
    case L_PR_SET_TIMERSLACK:
        t->timer_slack = a2 ? a2 : 50000;
        return 0;
    case L_PR_GET_TIMERSLACK:
        return (int64_t)t->timer_slack;
    case L_PR_GET_CHILD_SUBREAPER:
        return put_guest_u32(space, a2, p->subreaper);
    case L_PR_GET_NO_NEW_PRIVS:
        return a2 || a3 || a4 || a5 ? -L_EINVAL : p->no_new_privs;
    case L_PR_GET_TID_ADDRESS:
        return put_guest_u64(space, a2, t->clear_child_tid);
    case L_PR_GET_THP_DISABLE:
        return 0;
    default:
        return -L_EINVAL;
    }
}
