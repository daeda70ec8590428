/* Threads of guests, and their CPU time. */
#include "runtime/task/task.h"

#include <string.h>

#include "runtime/host/heap.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"
#include "runtime/task/pid.h"
#include "runtime/task/process.h"
#include "runtime/translate/cpu.h"

struct host_mutex kernel_lock = HOST_MUTEX_INIT;

struct task *task_current(void)
{
    return host_current_get();
}

void task_get(struct task *t)
{
    atomic_fetch_add(&t->refs, 1);
}

void task_put(struct task *t)
{
    if (!t || atomic_fetch_sub(&t->refs, 1) != 1)
        return;
    process_put(t->process);
    free(t->bounce);
    free(t);
}

struct task *task_find(int32_t tid)
{
    host_mutex_lock(&kernel_lock);
    struct pid *e = pid_entry(tid);
    struct task *t = e ? e->task : NULL;
    if (t)
        task_get(t);
    host_mutex_unlock(&kernel_lock);
    return t;
}

void task_clock_start(struct task *t)
{
    host_clock_thread(&t->base_user_ns, &t->base_system_ns);
}

struct cpu_clock task_clock(struct task *t)
{
    struct cpu_clock c = {t->base_user_ns, t->base_system_ns};
    if (t == task_current())
        host_clock_thread(&c.user_ns, &c.system_ns);
    else if (t->host)
        c.user_ns = host_thread_clock(t->host) - t->base_system_ns;
    c.user_ns -= t->base_user_ns;
    c.system_ns -= t->base_system_ns;
    /* The host's two clocks may differ by a little. */
    if ((int64_t)c.user_ns < 0)
        c.user_ns = 0;
    return c;
}

uint64_t task_cpu_ns(struct task *t)
{
    struct cpu_clock c = task_clock(t);
    return c.user_ns + c.system_ns;
}

void task_kick_locked(struct task *t)
{
    if (t == task_current())
        return; /* it tests `work` before it waits and before it returns to the guest */
    if (t->cpu)
        cpu_interrupt(t->cpu);
    host_unpark(&t->parker);
}
