/* Loops without system calls are stopped within a deadline by SIGKILL, by signals with handlers, by
 * SIGSTOP, by a timer, by exit of another thread and by the key Ctrl-C. */
#include "check.h"
#include "terminal.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

/* Milliseconds in which a running process stops: the median of TRIES, while no other test runs, on
 * a machine that has time; on a busier one as many times that as it makes us wait. One try alone
 * may be later, but not by more than LATEST. */
#define PROMISE 100
#define LATEST  10000
#define TRIES   20

static volatile int *looping; /* shared with the children */

static void loop_kind(int kind)
{
    static volatile uint64_t memory[4];
    switch (kind) {
    case 0:
        for (;;)
            ;
    case 1:
        for (;;)
            memory[0]++;
    case 2: /* string instructions that take long */
        for (;;) {
            static uint8_t large[1 << 20];
            void *to = large;
            size_t count = sizeof(large);
            __asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(1) : "memory");
        }
    case 3: /* calls and returns */
        for (;;)
            __asm__ volatile("call 1f\n jmp 2f\n 1: ret\n 2:" ::: "memory");
    case 4: /* indirect jumps */
        for (;;)
            __asm__ volatile("lea 1f(%%rip), %%rax\n jmp *%%rax\n ud2\n 1:" ::: "rax");
    default: /* faults that the handler returns to */
        for (;;)
            *(volatile int *)8 = 1;
    }
}

static void ignore_fault(int signal)
{
    (void)signal;
}

static int64_t wait_status(pid_t child, int *status, int options)
{
    int64_t start = check_now();
    while (waitpid(child, status, options | WNOHANG) == 0) {
        if (check_now() - start > CHECK_PATIENCE * INT64_C(1000000000)) {
            kill(child, SIGKILL);
            return CHECK_PATIENCE * 1000;
        }
        poll(NULL, 0, 1);
    }
    return (check_now() - start) / 1000000;
}

/* A child that is in the loop, or a few instructions before it, when this returns. */
static pid_t start_loop(int kind, void (*prepare)(void))
{
    *looping = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, ignore_fault);
        prepare();
        *looping = 1;
        loop_kind(kind);
    }
    CHECK_EVENTUALLY(*looping);
    return child;
}

static void nothing(void)
{
}

static int by_length(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

/* How many times longer than the processor's work a while of it takes here and now; at least 1. */
static int64_t busyness(void)
{
    struct timespec work;
    int64_t start = check_now(), from, used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &work);
    from = work.tv_sec * INT64_C(1000000000) + work.tv_nsec;
    do {
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &work);
        used = work.tv_sec * INT64_C(1000000000) + work.tv_nsec - from;
    } while (used < 50 * INT64_C(1000000));
    int64_t times = (check_now() - start) / used;
    return times < 1 ? 1 : times;
}

static void check_times(const char *what, int kind, int64_t *took)
{
    qsort(took, TRIES, sizeof(*took), by_length);
    check_((took[TRIES / 2] < PROMISE || took[TRIES / 2] < PROMISE * busyness()) &&
               took[TRIES - 1] < LATEST,
           __FILE__, __LINE__, "loop %d ended by %s: median %d ms, longest %d ms", kind, what,
           (int)took[TRIES / 2], (int)took[TRIES - 1]);
}

static void kill_them(void)
{
    static const int signals[] = {SIGKILL, SIGTERM, SIGINT, SIGHUP, SIGKILL, SIGKILL};
    int64_t took[TRIES];
    for (int kind = 0; kind <= 5; kind++) {
        for (int i = 0; i < TRIES; i++) {
            int status = 0, signal = i % 2 ? SIGKILL : signals[kind];
            pid_t child = start_loop(kind, nothing);
            CHECK_OK(kill(child, signal));
            took[i] = wait_status(child, &status, 0);
            CHECK_EQ(status, signal);
        }
        check_times("a signal", kind, took);
    }
    /* Stop, go on, kill while stopped. */
    int status = 0;
    pid_t child = start_loop(1, nothing);
    CHECK_OK(kill(child, SIGSTOP));
    CHECK(wait_status(child, &status, WUNTRACED) < LATEST);
    CHECK_EQ(status, SIGSTOP << 8 | 0x7f);
    CHECK_OK(kill(child, SIGCONT));
    CHECK(wait_status(child, &status, WCONTINUED) < LATEST);
    CHECK_OK(kill(child, SIGSTOP));
    CHECK(wait_status(child, &status, WUNTRACED) < LATEST);
    CHECK_OK(kill(child, SIGKILL));
    CHECK(wait_status(child, &status, 0) < LATEST);
    CHECK_EQ(status, SIGKILL);
}

static volatile sig_atomic_t alarms;

static void on_alarm(int signal)
{
    (void)signal;
    alarms++;
}

/* The handler changes what the loop tests; nothing else in the loop enters the kernel. */
static void timer(void)
{
    struct sigaction action = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &action, NULL);
    struct itimerval often = {{0, 3000}, {0, 3000}}, never = {{0, 0}, {0, 0}};
    CHECK_OK(setitimer(ITIMER_REAL, &often, NULL));
    uint64_t spins = 0;
    while (alarms < 100)
        spins++;
    CHECK_OK(setitimer(ITIMER_REAL, &never, NULL));
    CHECK(spins > 0);
}

static void *spin(void *argument)
{
    (void)argument;
    loop_kind(1);
    return NULL;
}

static void threads(void)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        for (int i = 0; i < 3; i++)
            pthread_create(&thread, NULL, spin, NULL);
        _exit(12);
    }
    CHECK(wait_status(child, &status, 0) < LATEST);
    CHECK_EQ(status, 12 << 8);
}

static void own_terminal(void)
{
    setsid();
    ioctl(terminal_slave, TIOCSCTTY, 0);
}

static void control_c(void)
{
    int64_t took[TRIES];
    terminal_open();
    for (int i = 0; i < TRIES; i++) {
        int status = 0;
        pid_t child = start_loop(0, own_terminal);
        TYPE("\003");
        took[i] = wait_status(child, &status, 0);
        CHECK_EQ(status, SIGINT);
    }
    check_times("Ctrl-C", 0, took);
    terminal_close();
}

int main(void)
{
    looping = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    kill_them();
    timer();
    threads();
    control_c();
    return check_done();
}
