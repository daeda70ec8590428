/* What a handler is told about faults: signal, si_code, si_addr, trap number, error code, cr2, rip
 * and every general register. */
#include "check.h"

#include <sys/mman.h>
#include <ucontext.h>

#define PAGE 4096u

void fault_case(uint64_t number, uint64_t *registers);
extern char fault_resume[];
extern uint64_t fault_sites[];

static volatile int seen_signal;
static siginfo_t seen_info;
static greg_t seen[NGREG];
static uint64_t stack_top;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    ucontext_t *state = context;
    seen_signal = signal;
    seen_info = *info;
    memcpy(seen, state->uc_mcontext.gregs, sizeof(seen));
    if (signal == SIGSEGV && seen[REG_RSP])
        memcpy(&stack_top, (void *)seen[REG_RSP], 8);
    state->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)fault_resume;
}

enum { NO_ADDRESS, AT_RIP, ADDRESS };
static const struct expectation {
    int signal, code, trap, error;
    enum {
        HERE,
        AFTER,
        EITHER,
        ELSEWHERE
    } rip; /* the instruction, the next one, one of these, an address in a register */
    int address_kind;
} expectations[] = {
    [0] = {SIGSEGV, SEGV_MAPERR, 14, 4, HERE, ADDRESS},
    [1] = {SIGSEGV, SEGV_ACCERR, 14, 7, HERE, ADDRESS},
    [2] = {SIGSEGV, SEGV_ACCERR, 14, 7, HERE, ADDRESS},
    [3] = {SIGSEGV, SEGV_ACCERR, 14, 4, HERE, ADDRESS},
    [4] = {SIGSEGV, SI_KERNEL, 13, 0, HERE, NO_ADDRESS},
    [5] = {SIGSEGV, SEGV_MAPERR, 14, 4, HERE, ADDRESS},
    [6] = {SIGFPE, FPE_INTDIV, 0, 0, HERE, AT_RIP},
    [7] = {SIGILL, ILL_ILLOPN, 6, 0, HERE, AT_RIP},
    [8] = {SIGTRAP, SI_KERNEL, 3, 0, AFTER, NO_ADDRESS},
    [9] = {SIGSEGV, SI_KERNEL, 13, 0, HERE, NO_ADDRESS},
    [10] = {SIGSEGV, SEGV_MAPERR, 14, 20, ELSEWHERE, ADDRESS},
    [11] = {SIGSEGV, SEGV_MAPERR, 14, 20, ELSEWHERE, ADDRESS},
    [12] = {SIGSEGV, SI_KERNEL, 13, 0, HERE, NO_ADDRESS},
    [13] = {SIGSEGV, SI_KERNEL, 13, 0, HERE, NO_ADDRESS},
    [14] = {SIGSEGV, SEGV_ACCERR, 14, 7, HERE, ADDRESS},
    [15] = {SIGSEGV, SEGV_ACCERR, 14, 7, HERE, ADDRESS},
    [16] = {SIGSEGV, SEGV_ACCERR, 14, 4, HERE, ADDRESS},
    [17] = {SIGTRAP, TRAP_BRKPT, 1, 0, EITHER, AT_RIP},
    [18] = {SIGFPE, FPE_INTDIV, 0, 0, HERE, AT_RIP},
    [19] = {SIGSEGV, SEGV_MAPERR, 14, 6, HERE, ADDRESS},
    [20] = {SIGSEGV, SEGV_ACCERR, 14, 20, ELSEWHERE, ADDRESS},
    [21] = {SIGSEGV, SI_KERNEL, 13, 0, HERE, NO_ADDRESS},
    [22] = {SIGSEGV, SEGV_ACCERR, 14, 7, HERE, ADDRESS},
    [23] = {SIGSEGV, SEGV_MAPERR, 14, 6, HERE, ADDRESS},
    [24] = {SIGSEGV, SEGV_MAPERR, 14, 4, HERE, ADDRESS},
    [25] = {SIGSEGV, SEGV_MAPERR, 14, 4, HERE, ADDRESS},
    [26] = {SIGSEGV, SI_KERNEL, 13, 0, HERE, NO_ADDRESS},
    [27] = {SIGSEGV, SI_KERNEL, 13, 0, HERE, NO_ADDRESS},
    [28] = {SIGSEGV, SI_KERNEL, 13, 0, HERE, NO_ADDRESS},
    [29] = {SIGSEGV, SEGV_MAPERR, 14, 6, HERE, ADDRESS},
};
#define CASES (sizeof(expectations) / sizeof(*expectations))

static void one(unsigned number, uint64_t *registers, uint64_t address)
{
    static const uint8_t order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                      REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                      REG_R12, REG_R13, REG_R14, REG_R15};
    const struct expectation *e = &expectations[number];
    uint64_t site = fault_sites[number];
    seen_signal = 0;
    memset(&seen_info, 0, sizeof(seen_info));
    memset(seen, 0, sizeof(seen));
    fault_case(number, registers);

    uint64_t rip = e->rip == AFTER ? site + 1 : e->rip == ELSEWHERE ? address : site;
    /* A jump to an address that is not canonical faults at the jump on Intel, at its target on AMD.
     */
    if (number == 12 && (uint64_t)seen[REG_RIP] == registers[12])
        rip = registers[12];
    /* The trap of int1 comes after it, but a hypervisor that intercepts it may report it at it, as
     * KVM on AMD's processors does. */
    if (e->rip == EITHER && (uint64_t)seen[REG_RIP] == site + 1)
        rip = site + 1;
    uint64_t expected = e->address_kind == AT_RIP ? rip : e->address_kind == ADDRESS ? address : 0;
    bool right = seen_signal == e->signal && seen_info.si_signo == e->signal &&
                 seen_info.si_code == e->code && (uint64_t)seen_info.si_addr == expected &&
                 seen[REG_TRAPNO] == e->trap && seen[REG_ERR] == e->error &&
                 (uint64_t)seen[REG_RIP] == rip;
    check_(right, __FILE__, __LINE__,
           "case %u: signal %d code %d address %#llx trap %lld error %lld rip %#llx", number,
           seen_signal, seen_info.si_code, (unsigned long long)seen_info.si_addr,
           (long long)seen[REG_TRAPNO], (long long)seen[REG_ERR],
           (unsigned long long)seen[REG_RIP]);
    if (!right)
        printf("  expected signal %d code %d address %#llx trap %d error %d rip %#llx\n", e->signal,
               e->code, (unsigned long long)expected, e->trap, e->error, (unsigned long long)rip);
    if (e->trap == 14)
        CHECK_EQ(seen[REG_CR2], address);
    for (unsigned i = 0; i < 16; i++)
        if (i != 4)
            check_((uint64_t)seen[order[i]] == registers[i], __FILE__, __LINE__,
                   "case %u: register %u is %#llx", number, i, (unsigned long long)seen[order[i]]);
    uint64_t flags = 0x2d7;
    check_(((uint64_t)seen[REG_EFL] & 0xffff) == flags ||
               (e->signal == SIGFPE && ((uint64_t)seen[REG_EFL] & 0xf700) == (flags & 0xf700)),
           __FILE__, __LINE__, "case %u: flags are %#llx", number,
           (unsigned long long)seen[REG_EFL]);
    CHECK_EQ(seen[REG_CSGSFS] & 0xffff, 0x33);
    if (number == 11)
        CHECK_EQ(stack_top, site + 3);
    static uint64_t usual;
    if (number == 0)
        usual = seen[REG_RSP];
    CHECK_EQ(seen[REG_RSP], number == 11 ? usual - 8 : usual);
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
        CHECK_OK(sigaction(signals[i], &action, NULL));

    uint8_t *area =
        mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(area, 1, 4 * PAGE);
    uint8_t *read_only = area, *plain = area + PAGE, *none = area + 2 * PAGE,
            *hole = area + 3 * PAGE;
    mprotect(read_only, PAGE, PROT_READ);
    mprotect(none, PAGE, PROT_NONE);
    munmap(hole, PAGE);
    *(uint32_t *)plain = 1;

    uint64_t registers[16];
    for (int i = 0; i < 16; i++)
        registers[i] = UINT64_C(0x0101010101010101) * (i + 1);
    registers[1] = 4;                            /* rcx */
    registers[2] = 0x7fffffff;                   /* rdx */
    registers[3] = UINT64_C(0x8765432112345678); /* rbx */
    registers[6] = 0;                            /* rsi */
    registers[7] = 0;                            /* rdi */
    registers[8] = (uintptr_t)hole + 0x123;
    registers[9] = (uintptr_t)read_only + 0x40;
    registers[11] = (uintptr_t)none;
    registers[12] = UINT64_C(0x0012345678abcdef);
    registers[13] = (uintptr_t)plain;

    for (unsigned number = 0; number < CASES; number++) {
        uint64_t address = registers[8];
        switch (number) {
        case 2:
            address = registers[9] + 16;
            break;
        case 1:
        case 14:
        case 15:
        case 22:
            address = registers[9];
            break;
        case 3:
        case 16:
        case 20:
            address = registers[11];
            break;
        case 19:
        case 25:
        case 29:
            address = 0;
            break;
        }
        one(number, registers, address);
    }
    return check_done();
}
