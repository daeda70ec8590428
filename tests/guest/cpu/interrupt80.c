/* int n is SIGSEGV with the error code of a general protection fault, int 0x80 included: there is
 * no 32-bit emulation. A real kernel that has it answers int 0x80; there only the other vectors are
 * looked at. */
#include "check.h"

#include <ucontext.h>

#define REG(context, name) ((ucontext_t *)(context))->uc_mcontext.gregs[name]

static volatile sig_atomic_t faults;
static volatile long long rip, error, trap, code, address, rax;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    faults++;
    rip = REG(context, REG_RIP);
    error = REG(context, REG_ERR);
    trap = REG(context, REG_TRAPNO);
    rax = REG(context, REG_RAX);
    code = info->si_code;
    address = (intptr_t)info->si_addr;
    REG(context, REG_RIP) += 2;
}

#define INTERRUPT(vector)                                                                          \
    ({                                                                                             \
        uint64_t place_, result_;                                                                  \
        __asm__ volatile("lea 1f(%%rip), %0\n mov $20, %%eax\n 1: .byte 0xcd, " #vector            \
                         : "=&r"(place_), "=&a"(result_)::"memory", "r8", "r9", "r10", "r11");     \
        last_result = result_;                                                                     \
        place_;                                                                                    \
    })

static uint64_t last_result;

static void check_fault(uint64_t place, int count, unsigned vector)
{
    CHECK_EQ(faults, count);
    CHECK_EQ(rip, place);
    CHECK_EQ(error, vector * 8 + 2);
    CHECK_EQ(trap, 13);
    CHECK_EQ(code, SI_KERNEL);
    CHECK_EQ(address, 0);
    CHECK_EQ(rax, 20);
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    CHECK_OK(sigaction(SIGSEGV, &action, NULL));
    check_fault(INTERRUPT(0x81), 1, 0x81);
    check_fault(INTERRUPT(0x20), 2, 0x20);
    check_fault(INTERRUPT(0xff), 3, 0xff);
    check_fault(INTERRUPT(0x29), 4, 0x29);
    check_fault(INTERRUPT(0x2d), 5, 0x2d);
    check_fault(INTERRUPT(0x2e), 6, 0x2e);
    uint64_t place = INTERRUPT(0x80);
    if (faults == 6 && last_result == (uint64_t)getpid() && getenv("GUEST_REAL_KERNEL")) {
        check_fault(INTERRUPT(0x82), 7, 0x82);
    } else {
        check_fault(place, 7, 0x80);
    }
    return check_done();
}
