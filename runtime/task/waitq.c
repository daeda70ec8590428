/* Wait queues, and waiting. */
#include "runtime/task/waitq.h"

#include <stdatomic.h>
#include <stddef.h>

#include "runtime/abi/errno.h"
#include "runtime/host/park.h"
#include "runtime/host/time.h"
#include "runtime/task/task.h"
#include "runtime/task/timer.h"

#define LATER_MAX 16

void waitq_init(struct waitq *q)
{
    host_mutex_init(&q->lock, RANK_WAITQ);
    atomic_init(&q->first, NULL);
    q->last = NULL;
}

void waitq_init_nested(struct waitq *q)
{
    host_mutex_init(&q->lock, RANK_WAITQ_NESTED);
    atomic_init(&q->first, NULL);
    q->last = NULL;
}

void waitq_add(struct waitq *q, struct wait_entry *entry)
{
    host_mutex_lock(&q->lock);
    struct wait_entry *first = atomic_load(&q->first);
    entry->queue = q;
    entry->prev = entry->exclusive ? q->last : NULL;
    entry->next = entry->exclusive ? NULL : first;
    if (entry->next)
        entry->next->prev = entry;
    else
        q->last = entry;
    if (entry->prev)
        entry->prev->next = entry;
    else
        atomic_store(&q->first, entry);
    host_mutex_unlock(&q->lock);
}

void waitq_remove(struct wait_entry *entry)
{
    struct waitq *q = entry->queue;
    if (!q)
        return;
    host_mutex_lock(&q->lock);
    if (entry->prev)
        entry->prev->next = entry->next;
    else
        atomic_store(&q->first, entry->next);
    if (entry->next)
        entry->next->prev = entry->prev;
    else
        q->last = entry->prev;
    entry->queue = NULL;
    host_mutex_unlock(&q->lock);
}

void waitq_wake(struct waitq *q, uint32_t events)
{
    /* Who makes something ready publishes it before this; who waits adds itself before it tests. */
    atomic_thread_fence(memory_order_seq_cst);
    if (!waitq_is_waited_for(q))
        return;
    /* A thread that wakes wants the queue's lock first: it is let go before. */
    struct host_parker *asleep[LATER_MAX];
    unsigned count = 0;
    host_mutex_lock(&q->lock);
    for (struct wait_entry *e = atomic_load(&q->first); e; e = e->next) {
        bool woken = false;
        if (e->wake != wait_entry_unpark || count == LATER_MAX)
            woken = e->wake(e, events);
        else if (host_unpark_mark(e->parker))
            asleep[count++] = e->parker;
        if (woken && e->exclusive)
            break;
    }
    host_mutex_unlock(&q->lock);
    for (unsigned i = 0; i < count; i++)
        host_unpark_wake(asleep[i]);
}

bool wait_entry_unpark(struct wait_entry *entry, uint32_t events)
{
    (void)events;
    host_unpark(entry->parker);
    return true;
}

struct alarm {
    struct timer timer;
    struct host_parker *parker;
};

static void alarm_fire(struct timer *timer)
{
    host_unpark(((struct alarm *)timer)->parker);
}

void wait_park(struct host_parker *parker, uint64_t deadline_ns)
{
    struct alarm alarm = {{.fire = alarm_fire}, parker};
    /* A wait that is already over, or that nothing can time, is left to the host. */
    if (deadline_ns == WAIT_FOREVER || !host_waits_coarsely() ||
        timer_arm(&alarm.timer, deadline_ns)) {
        host_park(parker, deadline_ns);
        return;
    }
    host_park(parker, WAIT_FOREVER);
    timer_cancel(&alarm.timer);
}

static int wait_for(struct waitq *q, bool (*ready)(void *), void *arg, uint64_t deadline,
                    uint32_t work)
{
    if (ready && ready(arg))
        return 0;
    struct task *t = task_current();
    struct host_parker own = HOST_PARKER_INIT;
    struct wait_entry entry = {.wake = wait_entry_unpark, .parker = t ? &t->parker : &own};
    if (q)
        waitq_add(q, &entry);
    if (t)
        atomic_store(&t->state, work == TASK_WORK_KILL ? TASK_UNINTERRUPTIBLE : TASK_SLEEPING);
    int result;
    for (;;) {
        if (ready && ready(arg)) {
            result = 0;
            break;
        }
        if (t && (atomic_load(&t->work) & work)) {
            result = -L_ERESTARTSYS;
            break;
        }
        if (deadline != WAIT_FOREVER && host_clock_monotonic_ns() >= deadline) {
            result = -L_ETIMEDOUT;
            break;
        }
        wait_park(entry.parker, deadline);
    }
    if (t)
        atomic_store(&t->state, TASK_RUNNING);
    waitq_remove(&entry);
    return result;
}

int wait_until(struct waitq *q, bool (*ready)(void *), void *arg, uint64_t deadline_ns)
{
    return wait_for(q, ready, arg, deadline_ns, TASK_WORK_ANY);
}

int wait_until_killable(struct waitq *q, bool (*ready)(void *), void *arg, uint64_t deadline_ns)
{
    return wait_for(q, ready, arg, deadline_ns, TASK_WORK_KILL);
}

int wait_for_signal(uint64_t deadline_ns)
{
    return wait_for(NULL, NULL, NULL, deadline_ns, TASK_WORK_ANY);
}
