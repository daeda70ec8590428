/* How long a signal takes to interrupt a thread that loops without system calls.
 *   interrupt COUNT      a row for each shape of loop: its name, and the median, 99th percentile
 *                        and longest of COUNT times between tgkill and the handler, in ns */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static atomic_ullong came;
static atomic_int looping, over;
static atomic_int tid;

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void on_signal(int number)
{
    (void)number;
    atomic_store(&came, now());
}

/* Each goes round until over is set; how much it does in between differs. */
static void one_block(void)
{
    atomic_store(&looping, 1);
    while (!atomic_load_explicit(&over, memory_order_relaxed))
        ;
}

static __attribute__((noinline)) uint64_t leaf(uint64_t x)
{
    __asm__ volatile("" : "+r"(x));
    return x * 3 + 1;
}

static __attribute__((noinline)) uint64_t deep(unsigned n)
{
    uint64_t x = n ? deep(n - 1) + deep(n / 2) : 1;
    __asm__ volatile("" : "+r"(x));
    return x;
}

static void calls(void)
{
    uint64_t x = 1;
    atomic_store(&looping, 1);
    while (!atomic_load_explicit(&over, memory_order_relaxed))
        x = leaf(x);
}

static void recursion(void)
{
    atomic_store(&looping, 1);
    while (!atomic_load_explicit(&over, memory_order_relaxed))
        deep(40);
}

static void indirect(void)
{
    uint64_t (*volatile to)(uint64_t) = leaf;
    uint64_t x = 1;
    atomic_store(&looping, 1);
    while (!atomic_load_explicit(&over, memory_order_relaxed))
        x = to(x);
}

static void strings(void)
{
    static char from[1 << 20], target[1 << 20];
    atomic_store(&looping, 1);
    while (!atomic_load_explicit(&over, memory_order_relaxed)) {
        void *to = target, *with = from;
        size_t n = sizeof(target);
        __asm__ volatile("rep movsb" : "+D"(to), "+S"(with), "+c"(n)::"memory");
    }
}

static void atomics(void)
{
    static atomic_ullong counter;
    atomic_store(&looping, 1);
    while (!atomic_load_explicit(&over, memory_order_relaxed))
        atomic_fetch_add(&counter, 1);
}

static const struct shape {
    const char *name;
    void (*run)(void);
} shapes[] = {{"one-block", one_block}, {"calls", calls},     {"recursion", recursion},
              {"indirect", indirect},   {"strings", strings}, {"atomics", atomics}};

static void *loop(void *arg)
{
    const struct shape *shape = arg;
    atomic_store(&tid, (int)syscall(SYS_gettid));
    shape->run();
    return NULL;
}

static int ascending(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static void measure(const struct shape *shape, uint64_t *times, size_t count)
{
    pthread_t thread;
    atomic_store(&over, 0);
    atomic_store(&looping, 0);
    if (pthread_create(&thread, NULL, loop, (void *)shape))
        exit(1);
    while (!atomic_load(&looping))
        sched_yield();
    for (size_t i = 0; i < count; i++) {
        atomic_store(&came, 0);
        uint64_t start = now();
        syscall(SYS_tgkill, getpid(), atomic_load(&tid), SIGUSR1);
        while (!atomic_load(&came))
            sched_yield();
        times[i] = atomic_load(&came) - start;
    }
    atomic_store(&over, 1);
    pthread_join(thread, NULL);
    qsort(times, count, sizeof(*times), ascending);
    printf("%s %llu %llu %llu\n", shape->name, (unsigned long long)times[count / 2],
           (unsigned long long)times[count * 99 / 100], (unsigned long long)times[count - 1]);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    uint64_t *times = count ? calloc(count, sizeof(*times)) : NULL;
    if (!times)
        return 2;
    signal(SIGUSR1, on_signal);
    for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
        measure(&shapes[i], times, count);
    return 0;
}
