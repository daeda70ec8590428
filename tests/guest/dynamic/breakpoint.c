/* A breakpoint written into libc by one process while another runs the same code: the first gets
 * SIGTRAP, the other nothing. A process forked with a breakpoint in place has it too, until it
 * takes its own away. */
#include "check.h"

#include <sys/mman.h>
#include <sys/wait.h>

static long (*volatile function)(long) = labs;
static volatile int traps;
static volatile uint8_t *place;
static uint8_t original;

static void set(uint8_t value)
{
    uint8_t *page = (uint8_t *)((uintptr_t)place & ~UINT64_C(4095));
    CHECK_OK(mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC));
    *place = value;
    CHECK_OK(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static void on_trap(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    traps++;
    if ((uint8_t *)registers[REG_RIP] == place + 1) {
        registers[REG_RIP]--;
        set(original);
    }
}

static int run_forever(volatile uint64_t *counter)
{
    for (long i = 1;; i++) {
        if (function(-i) != i)
            return 1;
        counter[0]++;
        if (counter[1])
            return 0;
    }
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
    volatile uint64_t *shared =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status;
    place = (volatile uint8_t *)(uintptr_t)function;
    original = *place;
    CHECK_EQ(function(-5), 5);
    pid_t runner = fork();
    if (runner == 0)
        _exit(run_forever(shared));
    CHECK_OK(sigaction(SIGTRAP, &action, NULL));
    for (int i = 1; i <= 50; i++) {
        uint64_t before = shared[0];
        set(0xcc);
        CHECK_EQ(*place, 0xcc);
        CHECK_EVENTUALLY(shared[0] > before + 10);
        CHECK_EQ(function(-i), i);
        CHECK_EQ(traps, i);
        CHECK_EQ(function(-i), i);
        CHECK_EQ(traps, i);
    }
    /* Both sides of a fork have the breakpoint; each takes away its own. */
    set(0xcc);
    pid_t child = fork();
    if (child == 0) {
        traps = 0;
        _exit(function(-9) == 9 && traps == 1 && function(-9) == 9 && traps == 1 ? 0 : 1);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    CHECK_EQ(traps, 50);
    CHECK_EQ(function(-3), 3);
    CHECK_EQ(traps, 51);
    CHECK_EQ(kill(runner, 0), 0);
    shared[1] = 1;
    CHECK_EQ(waitpid(runner, &status, 0), runner);
    CHECK_EQ(status, 0);
    return check_done();
}
