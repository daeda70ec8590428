/* The trace of system calls (--strace): one line for each call, as strace shows it. */
#include "runtime/kernel/entry/trace.h"

#include <string.h>

#include "runtime/abi/signal.h"
#include "runtime/abi/syscall.h"
#include "runtime/host/heap.h"
#include "runtime/host/log.h"
#include "runtime/kernel/entry/syscall.h"
#include "runtime/kernel/entry/trace_line.h"
#include "runtime/task/process.h"

static bool never_returns(uint32_t number)
{
    return number == L_SYS_exit || number == L_SYS_exit_group;
}

/* What is known before the call has been made. */
static void begin(struct trace_line *l, struct task *t, uint32_t number, const uint64_t args[6])
{
    const struct syscall_entry *e = number < syscall_table_size ? &syscall_table[number] : NULL;
    l->used = 0;
    l->at = 0;
    l->done = false;
    l->task = t;
    l->kinds = e && e->args ? e->args : "xxxxxx";
    memcpy(l->args, args, sizeof(l->args));
    trace_put(l, "[%d] ", (int)t->tid);
    if (e && e->name)
        trace_put(l, "%s(", e->name);
    else
        trace_put(l, "syscall_%u(", number);
    trace_put_args(l);
}

void trace_enter(struct task *t, uint32_t number, const uint64_t args[6])
{
    if (!t->trace && !(t->trace = malloc(sizeof(*t->trace))))
        return;
    begin(t->trace, t, number, args);
    if (never_returns(number))
        host_log_all("%s) = ?", t->trace->text);
}

void trace_leave(struct task *t, uint32_t number, const uint64_t args[6], int64_t result)
{
    struct trace_line own, *l = t->trace;
    if (never_returns(number))
        return;
    if (!l) { /* no memory when it began */
        l = &own;
        begin(l, t, number, args);
    }
    l->done = true;
    l->result = result;
    trace_put_args(l);
    trace_put(l, ")");
    trace_put_result(l, number);
    host_log_all("%s", l->text);
}

void trace_signal(struct task *t, const struct l_siginfo *info)
{
    struct trace_line l = {.task = t};
    if (!syscall_trace)
        return;
    trace_put(&l, "[%d] --- ", (int)t->tid);
    trace_put_signal(&l, info->si_signo);
    trace_put(&l, " ");
    trace_put_siginfo(&l, info);
    host_log_all("%s ---", l.text);
}

void trace_exit(struct task *t, bool last)
{
    struct trace_line l = {.task = t};
    if (!syscall_trace)
        return;
    unsigned status = last ? (unsigned)t->process->group_code : (unsigned)t->exit_status;
    trace_put(&l, "[%d] +++ ", (int)t->tid);
    if (status & 0x7f) {
        trace_put(&l, "killed by ");
        trace_put_signal(&l, status & 0x7f);
        trace_put(&l, status & 0x80 ? " (core dumped)" : "");
    } else {
        trace_put(&l, "exited with %u", status >> 8 & 0xff);
    }
    host_log_all("%s +++", l.text);
}
