/* enter asks whether it may write to the new top of the stack before it changes anything: where it
 * may not the fault is a store's, else neither memory there nor flags change. */
#include "check.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <ucontext.h>

#define PAGE 4096u
#define FILL 0x5a

/* Runs the instruction with that rsp and rbp 0x1234, and gives the flags, which were 0x2d7. */
uint64_t enter_at(uint64_t rsp, const void *instruction);
extern const char enter_flat[], enter_short[];
extern uint64_t enter_rsp, enter_rbp;
__asm__(".text\n"
        "enter_at: push %rbp; push %rbx; mov %rsp, %rbx; mov $0x1234, %ebp\n"
        "push $0x2d7; popf; mov %rdi, %rsp; jmp *%rsi\n"
        "enter_flat: enter $64, $0; jmp enter_back\n"
        "enter_short: .byte 0x66; enter $64, $0\n"
        "enter_back: mov %rsp, enter_rsp(%rip); mov %rbp, enter_rbp(%rip); mov %rbx, %rsp\n"
        "pushf; pop %rax; pop %rbx; pop %rbp; ret\n"
        ".data\n"
        "enter_rsp: .quad 0\n"
        "enter_rbp: .quad 0\n"
        ".text\n");

static sigjmp_buf back;
static siginfo_t seen;
static greg_t registers[NGREG];

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    seen = *info;
    memcpy(registers, ((ucontext_t *)context)->uc_mcontext.gregs, sizeof(registers));
    siglongjmp(back, 1);
}

static void refused(const void *instruction, uint64_t rsp, uint64_t address, int code, int error)
{
    if (!sigsetjmp(back, 1)) {
        enter_at(rsp, instruction);
        CHECK(!"no fault");
        return;
    }
    CHECK_EQ(seen.si_signo, SIGSEGV);
    CHECK_EQ(seen.si_code, code);
    CHECK_EQ((uintptr_t)seen.si_addr, address);
    CHECK_EQ(registers[REG_ERR], error);
    CHECK_EQ(registers[REG_RSP], rsp);
    CHECK_EQ(registers[REG_RBP], 0x1234);
    CHECK_EQ(registers[REG_EFL] & 0xfff, 0x2d7);
    CHECK_EQ(registers[REG_RIP], (uintptr_t)instruction);
}

static void allowed(const void *instruction, uint8_t *rsp, uint64_t frame, uint64_t down)
{
    memset(rsp - down, FILL, down);
    CHECK_EQ(enter_at((uintptr_t)rsp, instruction) & 0xfff, 0x2d7);
    CHECK_EQ(enter_rsp, (uintptr_t)rsp - down);
    CHECK_EQ(enter_rbp, frame);
    for (uint64_t i = 0; i < 8; i++)
        CHECK_EQ(rsp[i - down], FILL);
}

int main(void)
{
    static char stack[65536];
    stack_t other = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    CHECK_OK(sigaltstack(&other, NULL));
    CHECK_OK(sigaction(SIGSEGV, &action, NULL));
    uint8_t *area =
        mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(area, FILL, 4 * PAGE);
    munmap(area + 2 * PAGE, PAGE);
    mprotect(area, PAGE, PROT_READ);
    uint8_t *above_read_only = area + PAGE, *above_hole = area + 3 * PAGE;

    for (unsigned up = 16; up <= 64; up += 8) {
        uint64_t a = (uintptr_t)above_read_only + up, b = (uintptr_t)above_hole + up;
        refused(enter_flat, a, a - 72, SEGV_ACCERR, 7);
        refused(enter_flat, b, b - 72, SEGV_MAPERR, 6);
        refused(enter_short, a, a - 66, SEGV_ACCERR, 7);
        refused(enter_short, b, b - 66, SEGV_MAPERR, 6);
    }
    allowed(enter_flat, above_hole + 80, (uintptr_t)above_hole + 72, 72);
    allowed(enter_flat, above_hole + 1024, (uintptr_t)above_hole + 1016, 72);
    return check_done();
}
