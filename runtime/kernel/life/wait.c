/* wait4(2) and waitid(2). */
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/process.h"
#include "runtime/kernel/events/pidfd.h"
#include "runtime/kernel/kernel_calls.h"
#include "runtime/memory/access.h"
#include "runtime/task/clock.h"
#include "runtime/task/pid.h"
#include "runtime/task/process_tree.h"
#include "runtime/task/thread_group.h"

struct wait_request {
    struct task *task;
    int type; /* L_P_ALL, L_P_PID, L_P_PGID */
    int32_t id;
    struct process *only; /* counted; the one behind a pidfd, else NULL */
    bool nonblock;        /* of the pidfd */
    uint32_t options;
    /* What was found; error when there is nothing to wait for. */
    int error;
    bool found;
    int32_t pid, status, code;
    uint32_t uid;
    struct cpu_times times;
};

static bool matches(const struct wait_request *w, const struct process *p)
{
    bool clone = p->exit_signal != L_SIGCHLD;
    if (!(w->options & L_WALL) && clone != !!(w->options & L_WCLONE))
        return false;
    if (w->only)
        return p == w->only;
    if (w->type == L_P_PID)
        return p->pid == w->id;
    return w->type == L_P_ALL || p->pgrp->id == w->id;
}

static void fill_times(struct wait_request *w, struct process *p)
{
    struct cpu_clock c = process_clock(p);
    w->times.user_ns = c.user_ns + p->dead_children.user_ns;
    w->times.system_ns = c.system_ns + p->dead_children.system_ns;
    w->times.max_rss = p->dead_threads.max_rss > p->dead_children.max_rss
                           ? p->dead_threads.max_rss
                           : p->dead_children.max_rss;
}

static void report_child(struct wait_request *w, struct process *p, int32_t code, int32_t status)
{
    w->found = true;
    w->pid = p->pid;
    w->uid = p->cred.uid;
    w->code = code;
    w->status = status;
    fill_times(w, p);
}

static void collect_zombie(struct wait_request *w, struct process *p)
{
    struct cpu_times *sum = &w->task->process->dead_children;
    sum->user_ns += w->times.user_ns;
    sum->system_ns += w->times.system_ns;
    if (w->times.max_rss > sum->max_rss)
        sum->max_rss = w->times.max_rss;
    process_reap_locked(p);
}

/* True when the child has something to tell. */
static bool look_at(struct wait_request *w, struct process *p)
{
    bool keep = w->options & L_WNOWAIT;
    if (p->state == PROCESS_ZOMBIE) {
        if (!(w->options & L_WEXITED))
            return false;
        int32_t s = p->group_code;
        report_child(w, p, s & 0x7f ? (s & 0x80 ? L_CLD_DUMPED : L_CLD_KILLED) : L_CLD_EXITED, s);
        if (!keep)
            collect_zombie(w, p);
        return true;
    }
    if (p->state == PROCESS_STOPPED && !p->stop_reported && (w->options & L_WUNTRACED)) {
        report_child(w, p, L_CLD_STOPPED, p->stop_signal << 8 | 0x7f);
        if (!keep)
            p->stop_reported = true;
        return true;
    }
    if (p->continued && (w->options & L_WCONTINUED)) {
        report_child(w, p, L_CLD_CONTINUED, 0xffff);
        if (!keep)
            p->continued = false;
        return true;
    }
    return false;
}

static bool wait_ready(void *arg)
{
    struct wait_request *w = arg;
    bool any = false;
    host_mutex_lock(&kernel_lock);
    for (struct process *p = w->task->process->children; p && !w->found; p = p->sibling_next) {
        if (!matches(w, p))
            continue;
        any = true;
        if (look_at(w, p))
            break;
    }
    host_mutex_unlock(&kernel_lock);
    w->error = any || w->found ? 0 : -L_ECHILD;
    return w->found || w->error;
}

/* 1 when found, 0 with WNOHANG and nothing to tell, or a negative errno. */
static int do_wait(struct wait_request *w)
{
    bool polls = w->options & L_WNOHANG;
    if (polls || w->nonblock) {
        wait_ready(w);
        return w->error ? w->error : w->found || polls ? w->found : -L_EAGAIN;
    }
    int error = wait_until(&w->task->process->child_wait, wait_ready, w, WAIT_FOREVER);
    if (w->found)
        return 1;
    return w->error ? w->error : error;
}

static void fill_rusage(const struct wait_request *w, struct l_rusage *out)
{
    memset(out, 0, sizeof(*out));
    out->ru_utime = ns_to_timeval(w->times.user_ns);
    out->ru_stime = ns_to_timeval(w->times.system_ns);
    out->ru_maxrss = (int64_t)w->times.max_rss;
}

int64_t sys_wait4(struct task *t, uint64_t upid, uint64_t ustatus, uint64_t options,
                  uint64_t urusage)
{
    struct space *space = t->process->space;
    const uint32_t known = L_WNOHANG | L_WUNTRACED | L_WCONTINUED | L_WNOTHREAD | L_WCLONE | L_WALL;
    int32_t pid = (int32_t)upid;
    if ((uint32_t)options & ~known)
        return -L_EINVAL;
    if (pid == INT32_MIN)
        return -L_ESRCH;
    struct wait_request w = {.task = t, .options = (uint32_t)options | L_WEXITED};
    if (pid > 0) {
        w.type = L_P_PID;
        w.id = pid;
    } else if (pid == -1) {
        w.type = L_P_ALL;
    } else {
        w.type = L_P_PGID;
        w.id = pid ? -pid : (int32_t)sys_getpgrp(t);
    }
    int found = do_wait(&w);
    if (found <= 0)
        return found;
    if (ustatus && put_guest_u32(space, ustatus, (uint32_t)w.status))
        return -L_EFAULT;
    if (urusage) {
        struct l_rusage usage;
        fill_rusage(&w, &usage);
        if (copy_to_guest(space, urusage, &usage, sizeof(usage)))
            return -L_EFAULT;
    }
    return w.pid;
}

static int waitid_target(struct task *t, struct wait_request *w, int type, int32_t id)
{
    uint32_t flags = 0;
    w->type = type;
    w->id = id;
    switch (type) {
    case L_P_ALL:
        return 0;
    case L_P_PID:
        return id > 0 ? 0 : -L_EINVAL;
    case L_P_PGID:
        if (id < 0)
            return -L_EINVAL;
        if (!id)
            w->id = (int32_t)sys_getpgrp(t);
        return 0;
    case L_P_PIDFD:
        w->only = pidfd_process(t, id, &flags);
        w->nonblock = flags & L_O_NONBLOCK;
        return w->only ? 0 : -L_EBADF;
    default:
        return -L_EINVAL;
    }
}

int64_t sys_waitid(struct task *t, uint64_t type, uint64_t id, uint64_t uinfo, uint64_t options,
                   uint64_t urusage)
{
    struct space *space = t->process->space;
    const uint32_t known = L_WNOHANG | L_WNOWAIT | L_WEXITED | L_WSTOPPED | L_WCONTINUED |
                           L_WNOTHREAD | L_WCLONE | L_WALL;
    uint32_t flags = (uint32_t)options;
    if ((flags & ~known) || !(flags & (L_WEXITED | L_WSTOPPED | L_WCONTINUED)))
        return -L_EINVAL;
    struct wait_request w = {.task = t, .options = flags};
    int error = waitid_target(t, &w, (int)type, (int32_t)id);
    if (error)
        return error;
    int found = do_wait(&w);
    process_put(w.only);
    if (found < 0)
        return found;
    struct l_siginfo info;
    memset(&info, 0, sizeof(info));
    if (found) {
        info.si_signo = L_SIGCHLD;
        info.si_code = w.code;
        info.chld.pid = w.pid;
        info.chld.uid = w.uid;
        if (w.code == L_CLD_EXITED || w.code == L_CLD_STOPPED)
            info.chld.status = w.status >> 8 & 0xff;
        else
            info.chld.status = w.code == L_CLD_CONTINUED ? L_SIGCONT : w.status & 0x7f;
        if (urusage) {
            struct l_rusage usage;
            fill_rusage(&w, &usage);
            if (copy_to_guest(space, urusage, &usage, sizeof(usage)))
                return -L_EFAULT;
        }
    }
    /* Linux writes these members alone and leaves the rest of the structure as it is. */
    if (uinfo && (copy_to_guest(space, uinfo, &info, 12) ||
                  copy_to_guest(space, uinfo + 16, &info.chld, 12)))
        return -L_EFAULT;
    return 0;
}
