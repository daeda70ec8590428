/* The 128 bytes below RSP survive system calls, faults with handlers, and signals from a timer. */
#include "check.h"

#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>

uint64_t red_zone_keep(uint64_t what, uint64_t rounds, volatile uint32_t *page);
extern char red_zone_load[], red_zone_loaded[];

static volatile uint32_t arrived;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    ucontext_t *state = context;
    if (state->uc_mcontext.gregs[REG_RIP] == (greg_t)(uintptr_t)red_zone_load)
        state->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)red_zone_loaded;
    volatile char noise[512];
    memset((char *)noise, 0xee, sizeof(noise));
}

static void on_alarm(int signal)
{
    (void)signal;
    volatile char noise[512];
    memset((char *)noise, 0xdd, sizeof(noise));
    arrived = 1;
}

int main(void)
{
    CHECK_EQ(red_zone_keep(0, 1000, NULL), 0);

    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    CHECK_OK(sigaction(SIGSEGV, &action, NULL));
    void *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_EQ(red_zone_keep(1, 200, page), 0);

    struct sigaction alarm_action = {.sa_handler = on_alarm};
    CHECK_OK(sigaction(SIGALRM, &alarm_action, NULL));
    struct itimerval often = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
    CHECK_OK(setitimer(ITIMER_REAL, &often, NULL));
    CHECK_EQ(red_zone_keep(2, 20, &arrived), 0);
    CHECK_OK(setitimer(ITIMER_REAL, &never, NULL));
    return check_done();
}
