/* The load averages. */
#include "runtime/task/loadavg.h"

#include "runtime/host/time.h"
#include "runtime/task/clock.h"
#include "runtime/task/process.h"
#include "runtime/task/process_tree.h"
#include "runtime/task/timer.h"

#define PERIOD_NS (5 * NS_PER_SEC)
/* After so many nothing of what was before is left to see. */
#define MISSED_MAX 2000u

static void step_all(struct timer *timer);

static struct timer timer = {.fire = step_all};
static uint64_t due_ns; /* of the timer thread */
static _Atomic uint64_t averages[3];

struct load_tasks load_count(void)
{
    struct load_tasks n = {0, 0, 0, 0};
    struct process *p;
    while ((p = process_next(n.last))) {
        n.last = p->pid;
        host_mutex_lock(&kernel_lock);
        for (struct task *t = p->threads; t; t = t->next) {
            uint32_t state = atomic_load(&t->state);
            n.running += state == TASK_RUNNING;
            n.blocked += state == TASK_UNINTERRUPTIBLE;
            n.all++;
        }
        host_mutex_unlock(&kernel_lock);
        process_put(p);
    }
    return n;
}

uint64_t load_step(uint64_t load, uint64_t exp, uint64_t active)
{
    uint64_t next = load * exp + active * (LOAD_ONE - exp);
    if (active >= load)
        next += LOAD_ONE - 1;
    return next / LOAD_ONE;
}

/* Also for the steps that were missed while the machine slept. */
static void step_all(struct timer *self)
{
    static const uint64_t exps[3] = {LOAD_EXP_1, LOAD_EXP_5, LOAD_EXP_15};
    struct load_tasks n = load_count();
    uint64_t now = host_clock_monotonic_ns();
    uint64_t active = (uint64_t)(n.running + n.blocked) * LOAD_ONE;
    uint64_t steps = now >= due_ns ? (now - due_ns) / PERIOD_NS + 1 : 1;
    due_ns += steps * PERIOD_NS;
    for (int i = 0; i < 3; i++) {
        uint64_t load = atomic_load(&averages[i]);
        for (uint64_t k = 0; k < steps && k < MISSED_MAX; k++)
            load = load_step(load, exps[i], active);
        atomic_store(&averages[i], load);
    }
    timer_arm(self, due_ns);
}

int load_init(void)
{
    due_ns = host_clock_monotonic_ns() + PERIOD_NS;
    return timer_arm(&timer, due_ns);
}

void load_averages(uint64_t out[3])
{
    for (int i = 0; i < 3; i++)
        out[i] = atomic_load(&averages[i]);
}
