/* One process whose threads make hostile calls, and whose children do so for a while. */
#include "attack.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static void open_mask(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static struct thread {
    struct random random;
    struct now *now;
    uint64_t calls;
    atomic_int id;
    atomic_bool done;
} threads[THREADS];

/* A thread that faults goes on behind the call, some times: most faults are of its own making, and
 * a new process takes long. */
#define FAULTS_MAX 100
static __thread sigjmp_buf behind;
static __thread bool can_go_on;
static atomic_uint faults;

static void on_signal(int number)
{
    (void)number;
}

static void on_fault(int number)
{
    if (can_go_on && atomic_fetch_add(&faults, 1) < FAULTS_MAX)
        siglongjmp(behind, 1);
    signal(number, SIG_DFL);
    open_mask();
    raise(number);
}

static void take_signals(void)
{
    static const int numbers[] = {SIGUSR1, SIGUSR2, SIGALRM, SIGIO,  SIGPIPE,
                                  SIGCHLD, SIGURG,  SIGXFSZ, SIGHUP, SIGTTOU,
                                  SIGTTIN, SIGTSTP, SIGTRAP, 34,     40};
    struct sigaction action = {.sa_handler = on_signal};
    static const int fault_numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
    for (size_t i = 0; i < COUNT(numbers); i++)
        sigaction(numbers[i], &action, NULL);
    action.sa_handler = on_fault;
    for (size_t i = 0; i < COUNT(fault_numbers); i++)
        sigaction(fault_numbers[i], &action, NULL);
}

static void attack(struct random *r, struct now *now, uint64_t calls, unsigned depth);

static _Noreturn void in_child(struct random *r, struct now *now, unsigned depth)
{
    r->state ^= 0x5bd1e9955bd1e995;
    attack(r, now, below(r, 150), depth + 1);
    syscall(SYS_exit_group, 0);
    for (;;)
        __asm__ volatile("hlt");
}

static void make(struct random *r, struct now *now, unsigned depth)
{
    struct call c = call_choose(r, depth >= 2);
    now->number = c.number;
    for (unsigned i = 0; i < 6; i++)
        now->arguments[i] = c.arguments[i];
    now->inside = true;
    uint64_t result = raw_call(&c);
    if (call_makes_process(c.number) && (uint32_t)c.number == c.number) {
        if (result == 0)
            in_child(r, now, depth);
        value_child((int)result);
    }
    now->inside = false;
    atomic_fetch_add_explicit(&shared->calls, 1, memory_order_relaxed);
    if (c.number < NUMBERS && result < (uint64_t)-4095)
        atomic_fetch_add_explicit(&shared->succeeded[c.number], 1, memory_order_relaxed);
}

static void attack(struct random *r, struct now *now, uint64_t calls, unsigned depth)
{
    for (volatile uint64_t i = 0; i < calls; i++) {
        if (sigsetjmp(behind, 0) == 0) {
            can_go_on = true;
            if (one_in(r, 8))
                open_mask();
            if (one_in(r, 100))
                take_signals();
            if (one_in(r, 12))
                descriptor_make(r);
            make(r, now, depth);
        } else {
            open_mask();
        }
    }
}

static void *thread_main(void *arg)
{
    struct thread *t = arg;
    t->id = (int)syscall(SYS_gettid);
    attack(&t->random, t->now, t->calls, 0);
    t->done = true;
    return NULL;
}

static int64_t milliseconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What a call waits for does not come: signals end the waiting, until the time is over. */
static void disturb(struct random *r, unsigned milliseconds)
{
    static const int numbers[] = {SIGUSR1, SIGUSR1, SIGUSR2, SIGIO, SIGURG, 34, 40};
    int64_t end = milliseconds_now() + milliseconds;
    unsigned done = 0;
    while (done < THREADS && milliseconds_now() < end) {
        struct timespec pause = {0, 1000000};
        done = 0;
        for (unsigned i = 0; i < THREADS; i++) {
            if (threads[i].done)
                done++;
            else if (threads[i].id)
                syscall(SYS_tgkill, getpid(), threads[i].id, PICK(r, numbers));
        }
        nanosleep(&pause, NULL);
    }
}

static void make_names(void)
{
    mkdir("d", 0777);
    mkdir("d/d", 0777);
    mkdir("d/d/d", 0777);
    mkdir("e", 0777);
    mknod("fifo", S_IFIFO | 0666, 0);
    (void)!symlink("a", "link");
    (void)!symlink("loop", "loop");
}

_Noreturn void worker(unsigned slot, uint64_t seed, uint64_t calls, unsigned milliseconds)
{
    struct random r = {seed};
    struct rlimit files = {one_in(&r, 3) ? 80 : 1024, 2048}, size = {4 << 20, 4 << 20};
    setrlimit(RLIMIT_NOFILE, &files);
    setrlimit(RLIMIT_FSIZE, &size);
    take_signals();
    make_names();
    if (one_in(&r, 3)) {
        syscall(SYS_setresgid, 1000, 1000, 1000);
        syscall(SYS_setresuid, 1000, 1000, 1000);
    }
    values_prepare(&r);
    descriptors_prepare(&r);
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_t id;
        threads[i].random.state = next(&r);
        threads[i].now = &shared->now[slot][i];
        threads[i].calls = calls;
        if (pthread_create(&id, NULL, thread_main, &threads[i]))
            threads[i].done = true;
    }
    disturb(&r, milliseconds);
    syscall(SYS_exit_group, 0);
    for (;;)
        __asm__ volatile("hlt");
}
