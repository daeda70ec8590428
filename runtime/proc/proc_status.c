/* /proc/PID/stat, statm, status: fields as proc(5) lists them. */
#include "runtime/abi/sched.h"
#include "runtime/abi/time.h"
#include "runtime/fs/vfs/fdtable.h"
#include "runtime/fs/vfs/vfs.h"
#include "runtime/host/env.h"
#include "runtime/host/time.h"
#include "runtime/memory/space.h"
#include "runtime/proc/proc.h"
#include "runtime/task/process.h"
#include "runtime/task/process_session.h"
#include "runtime/task/task.h"
#include "runtime/tty/tty.h"
#include <string.h>

#define NS_PER_TICK (NS_PER_SEC / L_USER_HZ)
#define OLD_SIGNALS 0x7fffffff /* the ones that stat shows, as sets: 1 to 31 */

/* Everything that needs kernel_lock, copied out. */
struct snapshot {
    char comm[TASK_COMM_SIZE];
    char state;
    int32_t pid, tgid, ppid, pgrp, session, tty_nr, tpgid, exit_signal, exit_code;
    uint32_t threads;
    int32_t nice, policy, priority;
    uint64_t user_ns, system_ns, child_user_ns, child_system_ns, start_ns;
    uint64_t pending, shared_pending, blocked, ignored, caught, queued, queue_limit;
    struct cred cred;
    bool no_new_privs;
    uint64_t processors[TASK_CPUS_MAX / 64];
    struct tty *tty;
};

static bool is_realtime(int32_t policy)
{
    return policy == L_SCHED_FIFO || policy == L_SCHED_RR;
}

uint64_t proc_ticks_at(uint64_t monotonic_ns)
{
    uint64_t now = host_clock_monotonic_ns(), boot = host_clock_boottime_ns();
    uint64_t ago = now > monotonic_ns ? now - monotonic_ns : 0;
    return (boot > ago ? boot - ago : 0) / NS_PER_TICK;
}

static char state_of(const struct proc_subject *s, const struct task *t)
{
    static const char letters[] = {'R', 'S', 'D', 'T', 'Z'};
    if (s->process->state == PROCESS_ZOMBIE || !t)
        return 'Z';
    if (s->process->state == PROCESS_STOPPED)
        return 'T';
    uint32_t state = atomic_load(&t->state);
    return state < sizeof(letters) ? letters[state] : 'S';
}

static void handlers(const struct process *p, struct snapshot *out)
{
    for (int sig = 1; p->sighand && sig < L_NSIG; sig++) {
        uint64_t handler = p->sighand->action[sig].handler;
        if (handler == L_SIG_IGN)
            out->ignored |= L_SIGBIT(sig);
        else if (handler)
            out->caught |= L_SIGBIT(sig);
    }
}

static void take_snapshot(const struct proc_subject *s, struct snapshot *out)
{
    struct process *p = s->process;
    memset(out, 0, sizeof(*out));
    host_mutex_lock(&kernel_lock);
    struct task *t = s->task ? s->task : process_leader(p);
    if (t) {
        memcpy(out->comm, t->comm, TASK_COMM_SIZE);
        out->nice = t->nice;
        out->policy = t->sched_policy;
        out->priority = t->sched_priority;
        out->pending = t->pending.set;
        out->blocked = t->mask;
    }
    unsigned cpus = host_cpu_count();
    for (unsigned i = 0; i < cpus && i < TASK_CPUS_MAX; i++) {
        if (!t || !t->has_affinity || (t->affinity[i / 64] >> i % 64 & 1))
            out->processors[i / 64] |= (uint64_t)1 << i % 64;
    }
    out->state = state_of(s, t);
    out->pid = s->task ? s->task->tid : p->pid;
    out->tgid = p->pid;
    out->ppid = p->parent ? p->parent->pid : 0;
    out->pgrp = p->pgrp ? p->pgrp->id : 0;
    struct session *session = p->pgrp ? p->pgrp->session : NULL;
    out->session = session ? session->id : 0;
    if (session && session->tty)
        out->tty = tty_get(session->tty);
    out->exit_signal = p->exit_signal;
    out->exit_code = p->group_code;
    out->threads = p->live_threads;
    struct cpu_clock clock = s->task ? task_clock(s->task) : process_clock(p);
    out->user_ns = clock.user_ns;
    out->system_ns = clock.system_ns;
    out->child_user_ns = p->dead_children.user_ns;
    out->child_system_ns = p->dead_children.system_ns;
    out->start_ns = s->task ? s->task->start_ns : p->start_ns;
    out->shared_pending = p->pending.set;
    out->queued = p->sigqueue_count;
    out->queue_limit = p->rlimits[L_RLIMIT_SIGPENDING].rlim_cur;
    out->cred = p->cred;
    out->no_new_privs = p->no_new_privs;
    handlers(p, out);
    host_mutex_unlock(&kernel_lock);
    out->tpgid = -1;
    if (out->tty) {
        /* The kernel's old 16 bit form of the number, which fits. */
        uint64_t dev = tty_device(out->tty);
        out->tty_nr = (int32_t)((l_major(dev) << 8) | (l_minor(dev) & 0xff) |
                                ((l_minor(dev) & ~0xffu) << 12));
        out->tpgid = tty_foreground(out->tty);
        tty_put(out->tty);
    }
}

static void usage_of(const struct proc_subject *s, struct space_usage *usage)
{
    struct space *space = process_space(s->process);
    memset(usage, 0, sizeof(*usage));
    if (space) {
        space_usage(space, usage);
        space_put(space);
    }
}

int proc_show_stat(struct proc_text *text, const struct proc_subject *s)
{
    struct snapshot k;
    struct space_usage usage;
    struct process *p = s->process;
    take_snapshot(s, &k);
    usage_of(s, &usage);
    /* Addresses are for those who may look into it. */
    bool inspects = process_may_inspect(task_current(), p, true);
    uint64_t addresses[6] = {p->stack_start, usage.brk_start, p->arg_start,
                             p->arg_end,     p->env_start,    p->env_end};
    if (!inspects)
        memset(addresses, 0, sizeof(addresses));
    proc_add(text, "%d (%s) %c %d %d %d %d %d 0 0 0 0 0 ", k.pid, k.comm, k.state, k.ppid, k.pgrp,
             k.session, k.tty_nr, k.tpgid);
    proc_add(text, "%llu %llu %llu %llu %d %d %u 0 %llu %llu %llu %llu ",
             (unsigned long long)(k.user_ns / NS_PER_TICK),
             (unsigned long long)(k.system_ns / NS_PER_TICK),
             (unsigned long long)(k.child_user_ns / NS_PER_TICK),
             (unsigned long long)(k.child_system_ns / NS_PER_TICK),
             is_realtime(k.policy) ? -k.priority - 1 : 20 + k.nice, k.nice, k.threads,
             (unsigned long long)proc_ticks_at(k.start_ns), (unsigned long long)usage.mapped,
             (unsigned long long)(usage.resident / SPACE_PAGE),
             (unsigned long long)p->rlimits[L_RLIMIT_RSS].rlim_cur);
    proc_add(text, "1 1 %llu 0 0 %llu %llu %llu %llu 0 0 0 %d 0 %d %d 0 0 0 ",
             (unsigned long long)addresses[0], (unsigned long long)(k.pending & OLD_SIGNALS),
             (unsigned long long)(k.blocked & OLD_SIGNALS),
             (unsigned long long)(k.ignored & OLD_SIGNALS),
             (unsigned long long)(k.caught & OLD_SIGNALS), k.exit_signal,
             is_realtime(k.policy) ? k.priority : 0, k.policy);
    proc_add(text, "0 0 %llu %llu %llu %llu %llu %d\n", (unsigned long long)addresses[1],
             (unsigned long long)addresses[2], (unsigned long long)addresses[3],
             (unsigned long long)addresses[4], (unsigned long long)addresses[5],
             inspects ? k.exit_code : 0);
    return 0;
}

int proc_show_statm(struct proc_text *text, const struct proc_subject *s)
{
    struct space_usage usage;
    usage_of(s, &usage);
    proc_add(text, "%llu %llu %llu %llu 0 %llu 0\n",
             (unsigned long long)(usage.mapped / SPACE_PAGE),
             (unsigned long long)(usage.resident / SPACE_PAGE),
             (unsigned long long)(usage.shared / SPACE_PAGE),
             (unsigned long long)(usage.text / SPACE_PAGE),
             (unsigned long long)((usage.data + usage.stack) / SPACE_PAGE));
    return 0;
}

static const char *state_name(char state)
{
    switch (state) {
    case 'R':
        return "running";
    case 'D':
        return "disk sleep";
    case 'T':
        return "stopped";
    case 'Z':
        return "zombie";
    default:
        return "sleeping";
    }
}

static void add_memory(struct proc_text *text, const struct proc_subject *s)
{
    struct space_usage u;
    usage_of(s, &u);
    if (!u.mapped)
        return;
    const struct {
        const char *name;
        uint64_t bytes;
    } rows[] = {
        {"VmPeak", u.mapped},
        {"VmSize", u.mapped},
        {"VmLck", u.locked},
        {"VmPin", 0},
        {"VmHWM", u.resident},
        {"VmRSS", u.resident},
        {"RssAnon", u.resident - u.shared},
        {"RssFile", 0},
        {"RssShmem", u.shared},
        {"VmData", u.data},
        {"VmStk", u.stack},
        {"VmExe", u.text},
        {"VmLib", 0},
        {"VmPTE", 0},
        {"VmSwap", 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        proc_add(text, "%s:\t%8llu kB\n", rows[i].name, (unsigned long long)(rows[i].bytes / 1024));
}

/* The processors a thread may run on: in words of 32 bits, highest first, and as ranges. */
static void add_processors(struct proc_text *text, const uint64_t *set)
{
    unsigned count = host_cpu_count();
    proc_add(text, "Cpus_allowed:\t");
    for (int word = (int)((count - 1) / 32); word >= 0; word--) {
        uint32_t bits = (uint32_t)(set[word / 2] >> (word % 2 * 32));
        if (word == (int)((count - 1) / 32))
            proc_add(text, "%x", bits);
        else
            proc_add(text, ",%08x", bits);
    }
    proc_add(text, "\nCpus_allowed_list:\t");
    bool any = false;
    for (unsigned i = 0; i < count; i++) {
        unsigned first = i;
        if (!(set[i / 64] >> i % 64 & 1))
            continue;
        while (i + 1 < count && (set[(i + 1) / 64] >> (i + 1) % 64 & 1))
            i++;
        proc_add(text, "%s%u", any ? "," : "", first);
        if (first < i)
            proc_add(text, "-%u", i);
        any = true;
    }
    proc_add(text, "\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
}

int proc_show_status(struct proc_text *text, const struct proc_subject *s)
{
    struct snapshot k;
    take_snapshot(s, &k);
    struct fs_context *context = proc_context(s);
    proc_add(text, "Name:\t%s\n", k.comm);
    if (context) {
        proc_add(text, "Umask:\t%04o\n", context->umask);
        fs_context_put(context);
    }
    proc_add(text, "State:\t%c (%s)\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n",
             k.state, state_name(k.state), k.tgid, k.pid, k.ppid);
    proc_add(text, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nFDSize:\t64\nGroups:\t", k.cred.uid,
             k.cred.euid, k.cred.suid, k.cred.fsuid, k.cred.gid, k.cred.egid, k.cred.sgid,
             k.cred.fsgid);
    for (uint32_t i = 0; i < k.cred.ngroups; i++)
        proc_add(text, "%u ", k.cred.groups[i]);
    proc_add(text, "\nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", k.tgid, k.pid, k.pgrp,
             k.session);
    add_memory(text, s);
    proc_add(text, "CoreDumping:\t0\nTHP_enabled:\t0\nThreads:\t%u\nSigQ:\t%llu/%llu\n", k.threads,
             (unsigned long long)k.queued, (unsigned long long)k.queue_limit);
    proc_add(text, "SigPnd:\t%016llx\nShdPnd:\t%016llx\nSigBlk:\t%016llx\n",
             (unsigned long long)k.pending, (unsigned long long)k.shared_pending,
             (unsigned long long)k.blocked);
    proc_add(text, "SigIgn:\t%016llx\nSigCgt:\t%016llx\n", (unsigned long long)k.ignored,
             (unsigned long long)k.caught);
    proc_add(text,
             "CapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\nCapBnd:\t%016llx\n"
             "CapAmb:\t%016llx\n",
             (unsigned long long)k.cred.inheritable, (unsigned long long)k.cred.permitted,
             (unsigned long long)k.cred.effective, (unsigned long long)k.cred.bounding,
             (unsigned long long)k.cred.ambient);
    proc_add(text, "NoNewPrivs:\t%d\nSeccomp:\t0\nSeccomp_filters:\t0\n", k.no_new_privs);
    add_processors(text, k.processors);
    proc_add(text, "voluntary_ctxt_switches:\t0\nnonvoluntary_ctxt_switches:\t0\n");
    return 0;
}
