/* For stats.sh: as many system calls, faults and cpuid instructions as the arguments say. */
#include <cpuid.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* mov (%rdi), %al has two bytes. */
static void skip(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_sigaction = skip, .sa_flags = SA_SIGINFO};
    if (argc != 4)
        return 2;
    sigaction(SIGSEGV, &action, NULL);
    for (int n = atoi(argv[1]); n > 0; n--)
        syscall(SYS_getppid);
    for (int n = atoi(argv[2]); n > 0; n--)
        __asm__ volatile("mov (%%rdi), %%al" : : "D"(0L) : "rax", "memory");
    for (int n = atoi(argv[3]); n > 0; n--) {
        unsigned a, b, c, d;
        __cpuid(0, a, b, c, d);
    }
    return 0;
}
