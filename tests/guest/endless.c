/* Loops without system calls are stopped within a deadline by SIGKILL, by signals with handlers, by
 * SIGSTOP, by a timer, by exit of another thread and by the key Ctrl-C. */
#include "check.h"
#include "terminal.h"

#include <pthread.h>
#include <sys/time.h>
#include <sys/wait.h>

/* Milliseconds in which a running process has to stop; the promise is 100, the rest is for a busy
 * machine. */
#define LIMIT 2000

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

static pid_t start_loop(int kind)
{
    int ready[2];
    char byte;
    CHECK_OK(pipe(ready));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, ignore_fault);
        if (write(ready[1], "r", 1) == 1)
            loop_kind(kind);
        _exit(1);
    }
    CHECK_EQ(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return child;
}

static void kill_them(void)
{
    for (int kind = 0; kind <= 5; kind++) {
        static const int signals[] = {SIGKILL, SIGTERM, SIGINT, SIGHUP, SIGKILL, SIGKILL};
        int status = 0;
        pid_t child = start_loop(kind);
        CHECK_OK(kill(child, signals[kind]));
        int64_t took = wait_status(child, &status, 0);
        check_(took < LIMIT, __FILE__, __LINE__, "loop %d ended after %d ms", kind, (int)took);
        CHECK_EQ(status, signals[kind]);
    }
    /* Stop, go on, kill while stopped. */
    int status = 0;
    pid_t child = start_loop(1);
    CHECK_OK(kill(child, SIGSTOP));
    CHECK(wait_status(child, &status, WUNTRACED) < LIMIT);
    CHECK_EQ(status, SIGSTOP << 8 | 0x7f);
    CHECK_OK(kill(child, SIGCONT));
    CHECK(wait_status(child, &status, WCONTINUED) < LIMIT);
    CHECK_OK(kill(child, SIGSTOP));
    CHECK(wait_status(child, &status, WUNTRACED) < LIMIT);
    CHECK_OK(kill(child, SIGKILL));
    CHECK(wait_status(child, &status, 0) < LIMIT);
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
    CHECK(wait_status(child, &status, 0) < LIMIT);
    CHECK_EQ(status, 12 << 8);
}

static void control_c(void)
{
    terminal_open();
    int ready[2], status = 0;
    char byte;
    CHECK_OK(pipe(ready));
    pid_t child = fork();
    if (child == 0) {
        setsid();
        ioctl(terminal_slave, TIOCSCTTY, 0);
        if (write(ready[1], "r", 1) == 1)
            loop_kind(0);
        _exit(1);
    }
    CHECK_EQ(read(ready[0], &byte, 1), 1);
    TYPE("\003");
    CHECK(wait_status(child, &status, 0) < LIMIT);
    CHECK_EQ(status, SIGINT);
    terminal_close();
}

int main(void)
{
    kill_them();
    timer();
    threads();
    control_c();
    return check_done();
}
