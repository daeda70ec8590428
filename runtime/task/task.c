/* Threads of guests, and their CPU time. */
#include "runtime/task/task.h"

#include <string.h>

#include "runtime/host/heap.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"
#include "runtime/task/pid.h"
#include "runtime/task/process.h"
#include "runtime/translate/cpu.h"

struct host_mutex kernel_lock = HOST_MUTEX_INIT(RANK_KERNEL);

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
    free(t->trace);
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
    uint64_t user_ns;
    host_clock_thread(&user_ns, &t->base_system_ns);
    t->base_ns = host_thread_clock(host_thread_self());
}

/* The sum comes from one clock, whoever asks: the host's other one, which knows both parts, is
 * behind it by a little. */
struct cpu_clock task_clock(struct task *t)
{
    struct cpu_clock c = {0, 0};
    bool own = t == task_current();
    if (!own && !t->host)
        return c;
    uint64_t all = host_thread_clock(own ? host_thread_self() : t->host);
    all = all > t->base_ns ? all - t->base_ns : 0;
    if (own) {
        host_clock_thread(&c.user_ns, &c.system_ns);
        c.system_ns -= t->base_system_ns;
        c.system_ns = c.system_ns < all ? c.system_ns : all;
    }
    c.user_ns = all - c.system_ns;
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
