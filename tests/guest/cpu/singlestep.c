/* The trap flag: SIGTRAP after every instruction, with the address of the next one; a handler that
 * clears the flag ends it. */
#include "check.h"

#include <ucontext.h>

void step_run(void);
extern char step_first[], step_end[];

static int steps, offsets[64], codes;
static bool stop;

static void on_trap(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    if (steps < 64)
        offsets[steps] = (int)((char *)registers[REG_RIP] - step_first);
    steps++;
    codes += info->si_code == TRAP_TRACE && registers[REG_TRAPNO] == 1 &&
             info->si_addr == (void *)registers[REG_RIP];
    if (stop)
        registers[REG_EFL] &= ~0x100;
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
    CHECK_OK(sigaction(SIGTRAP, &action, NULL));
    step_run();
    /* nop; add; push; pop; call; ret; jmp; dec; jnz; dec; jnz; cpuid; mov; syscall; pushfq; and;
     * popfq: the last traps as well, the system
     * call does not. */
    static const int wanted[] = {1, 4, 5, 6, 13, 11, 14, 16, 14, 16, 18, 20, 25, 28, 35, 36};
    CHECK_EQ(steps, 16);
    CHECK_EQ(codes, 16);
    for (int i = 0; i < 16; i++)
        CHECK_EQ(offsets[i], wanted[i]);
    steps = codes = 0;
    stop = true;
    step_run();
    CHECK_EQ(steps, 1);
    CHECK_EQ(codes, 1);
    return check_done();
}
