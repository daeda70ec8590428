/* Handlers that change the context they return to: registers, flags, vectors, x87, mask, alternate
 * stack; nested handlers; siglongjmp out of a handler on the alternate stack. */
#include "check.h"

#include <pthread.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <ucontext.h>

#define REG(context, name) ((ucontext_t *)(context))->uc_mcontext.gregs[name]

/* The part of the extended state that lies behind the 512 bytes of fxsave. */
static uint8_t *extended(void *context)
{
    return (uint8_t *)((ucontext_t *)context)->uc_mcontext.fpregs;
}

static void change_everything(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    REG(context, REG_RAX) = 0x1111;
    REG(context, REG_RBX) = 0x2222;
    REG(context, REG_RCX) = 0x3333;
    REG(context, REG_RDX) = 0x4444;
    REG(context, REG_RSI) = 0x5555;
    REG(context, REG_RDI) = 0x6666;
    REG(context, REG_R8) = 0x8888;
    REG(context, REG_R11) = 0xbbbb;
    REG(context, REG_R15) = 0xffff;
    REG(context, REG_EFL) |= 0x8d5;
    REG(context, REG_RIP) += 2;
    uint8_t *frame = extended(context);
    uint32_t mxcsr = 0x3f80;
    memcpy(frame + 24, &mxcsr, 4);
    for (int i = 0; i < 16; i++)
        memset(frame + 160 + 16 * i, 0xa0 + i, 16);
    uint64_t present;
    memcpy(&present, frame + 512, 8);
    present |= 7;
    memcpy(frame + 512, &present, 8);
    for (int i = 0; i < 16; i++)
        memset(frame + 576 + 16 * i, 0xc0 + i, 16);
}

static void edits(void)
{
    struct sigaction action = {.sa_sigaction = change_everything, .sa_flags = SA_SIGINFO};
    sigaction(SIGILL, &action, NULL);
    uint64_t got[10] = {0};
    uint32_t mxcsr = 0, usual = 0x1f80;
    uint8_t ymm[2][32];
    __asm__ volatile("sub $128, %%rsp\n"
                     "ud2\n"
                     "pushfq\n"
                     "mov %%rax, (%[got])\n"
                     "pop %%rax\n"
                     "mov %%rax, 64(%[got])\n"
                     "mov %%rbx, 8(%[got])\n"
                     "mov %%rcx, 16(%[got])\n"
                     "mov %%rdx, 24(%[got])\n"
                     "mov %%rsi, 32(%[got])\n"
                     "mov %%rdi, 40(%[got])\n"
                     "mov %%r8, 48(%[got])\n"
                     "mov %%r11, 56(%[got])\n"
                     "mov %%r15, 72(%[got])\n"
                     "vmovdqu %%ymm0, (%[ymm])\n"
                     "vmovdqu %%ymm15, 32(%[ymm])\n"
                     "stmxcsr (%[mxcsr])\n"
                     "ldmxcsr (%[usual])\n"
                     "vzeroupper\n"
                     "add $128, %%rsp\n"
                     :
                     : [got] "r"((uint64_t *)got), [ymm] "r"(&ymm[0][0]), [mxcsr] "r"(&mxcsr),
                       [usual] "r"(&usual)
                     : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r11", "r15", "memory", "cc",
                       "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
                       "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
    static const uint64_t wanted[8] = {0x1111, 0x2222, 0x3333, 0x4444,
                                       0x5555, 0x6666, 0x8888, 0xbbbb};
    for (int i = 0; i < 8; i++)
        CHECK_EQ(got[i], wanted[i]);
    CHECK_EQ(got[9], 0xffff);
    CHECK_EQ(got[8] & 0x8d5, 0x8d5);
    CHECK_EQ(mxcsr, 0x3f80);
    for (int i = 0; i < 32; i++) {
        CHECK_EQ(ymm[0][i], i < 16 ? 0xa0 : 0xc0);
        CHECK_EQ(ymm[1][i], i < 16 ? 0xaf : 0xcf);
    }
}

static uint64_t frame_magic, frame_features, frame_size, frame_end;

static void look_at_frame(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    uint8_t *frame = extended(context);
    uint32_t words[3];
    memcpy(words, frame + 464, 12);
    frame_magic = words[0];
    frame_size = words[1];
    memcpy(&frame_features, frame + 472, 8);
    uint32_t end, xstate_size;
    memcpy(&xstate_size, frame + 480, 4);
    memcpy(&end, frame + xstate_size, 4);
    frame_end = end;
    check_(frame_size == xstate_size + 4u, __FILE__, __LINE__,
           "sizes of the extended state disagree");
    CHECK_EQ((uintptr_t)frame % 64, 0);
}

static void layout(void)
{
    struct sigaction action = {.sa_sigaction = look_at_frame, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    CHECK_EQ(frame_magic, 0x46505853);
    CHECK_EQ(frame_features & 7, 7);
    CHECK_EQ(frame_end, 0x46505845);
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    CHECK_EQ(frame_features & ~UINT64_C(0xffffffff9ff), low & ~UINT64_C(0xffffffff9ff));
}

static uint8_t *alternate;
static volatile int depth, deepest, on_alternate;
static sigjmp_buf escape;

static bool inside_alternate(const void *address)
{
    return (uint8_t *)address - alternate < 65536 && (uint8_t *)address >= alternate;
}

static void nest(int signal, siginfo_t *info, void *context)
{
    (void)info;
    volatile char here = 0;
    on_alternate += inside_alternate((const void *)&here);
    stack_t old;
    sigaltstack(NULL, &old);
    CHECK(old.ss_flags & SS_ONSTACK);
    CHECK_EQ(((ucontext_t *)context)->uc_stack.ss_size, 65536);
    stack_t other = old;
    other.ss_flags = 0;
    CHECK_ERRNO(sigaltstack(&other, NULL), EPERM);
    depth++;
    if (depth > deepest)
        deepest = depth;
    if (depth < 4)
        raise(signal);
    depth--;
}

static void overflow(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    (void)context;
    volatile char here = 0;
    on_alternate += inside_alternate((const void *)&here);
    siglongjmp(escape, 1);
}

__attribute__((noinline)) static int recurse(int n)
{
    volatile char block[4096];
    block[0] = n;
    if (n < 0)
        return 0;
    return recurse(n + 1) + block[0];
}

static void alternate_stack(void)
{
    alternate = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t old, stack = {.ss_sp = alternate, .ss_size = 65536};
    CHECK_OK(sigaltstack(&stack, &old));
    CHECK_EQ(old.ss_flags, SS_DISABLE);
    stack_t small = {.ss_sp = alternate, .ss_size = 512};
    CHECK_ERRNO(sigaltstack(&small, NULL), ENOMEM);
    struct sigaction action = {.sa_sigaction = nest,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigaction(SIGUSR2, &action, NULL);
    raise(SIGUSR2);
    CHECK_EQ(deepest, 4);
    CHECK_EQ(on_alternate, 4);
    CHECK_EQ(depth, 0);
    sigaltstack(NULL, &old);
    CHECK_EQ(old.ss_flags, 0);

    /* A stack overflow is caught, twice. */
    action.sa_sigaction = overflow;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(SIGSEGV, &action, NULL);
    for (int i = 0; i < 2; i++) {
        on_alternate = 0;
        if (sigsetjmp(escape, 1) == 0)
            recurse(0);
        CHECK_EQ(on_alternate, 1);
    }
    stack.ss_flags = SS_DISABLE;
    CHECK_OK(sigaltstack(&stack, NULL));
    signal(SIGSEGV, SIG_DFL);
}

static void change_mask(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    CHECK(sigismember(&now, SIGUSR1) == 1);
    CHECK(sigismember(&now, SIGHUP) == 1);
    CHECK(sigismember(&now, SIGTERM) == 0);
    CHECK(sigismember(&((ucontext_t *)context)->uc_sigmask, SIGUSR1) == 0);
    sigaddset(&((ucontext_t *)context)->uc_sigmask, SIGTERM);
}

static void mask_in_context(void)
{
    struct sigaction action = {.sa_sigaction = change_mask, .sa_flags = SA_SIGINFO};
    sigaddset(&action.sa_mask, SIGHUP);
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    CHECK(sigismember(&now, SIGTERM) == 1);
    CHECK(sigismember(&now, SIGHUP) == 0);
    CHECK(sigismember(&now, SIGUSR1) == 0);
    sigemptyset(&now);
    sigprocmask(SIG_SETMASK, &now, NULL);
}

/* A division that the handler repairs: the instruction is executed again. */
static void repair(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    REG(context, REG_RCX) = 7;
}

static void again(void)
{
    struct sigaction action = {.sa_sigaction = repair, .sa_flags = SA_SIGINFO};
    sigaction(SIGFPE, &action, NULL);
    uint32_t quotient, rest;
    __asm__ volatile("div %%ecx" : "=a"(quotient), "=d"(rest) : "a"(100), "d"(0), "c"(0) : "cc");
    CHECK_EQ(quotient, 14);
    CHECK_EQ(rest, 2);
}

/* SIGFPE of SSE and x87 with what caused it. */
static volatile int float_code, float_trap;

static void float_fault(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    float_code = info->si_code;
    float_trap = REG(context, REG_TRAPNO);
    uint32_t mxcsr = 0x1f80;
    uint16_t control = 0x37f, status = 0;
    memcpy(extended(context) + 24, &mxcsr, 4);
    memcpy(extended(context), &control, 2);
    memcpy(extended(context) + 2, &status, 2);
}

static void floating(void)
{
    struct sigaction action = {.sa_sigaction = float_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGFPE, &action, NULL);
    uint32_t mxcsr = 0x1f80 & ~0x200;
    double one = 1, zero = 0, result = 0;
    __asm__ volatile("ldmxcsr %2\n movsd %1, %0\n divsd %3, %0"
                     : "=&x"(result)
                     : "m"(one), "m"(mxcsr), "m"(zero));
    CHECK_EQ(float_code, FPE_FLTDIV);
    CHECK_EQ(float_trap, 19);
    CHECK(result > 1e308);
    mxcsr = 0x1f80 & ~0x80;
    __asm__ volatile("ldmxcsr %1\n sqrtsd %2, %0" : "=x"(result) : "m"(mxcsr), "m"((double){-1}));
    CHECK_EQ(float_code, FPE_FLTINV);
    uint16_t control = 0x37f & ~4;
    __asm__ volatile(
        "fldcw %0\n fld1\n fldz\n fdivrp %%st, %%st(1)\n fwait\n fninit" ::"m"(control));
    CHECK_EQ(float_code, FPE_FLTDIV);
    CHECK_EQ(float_trap, 16);
}

int main(void)
{
    edits();
    layout();
    alternate_stack();
    mask_in_context();
    again();
    floating();
    return check_done();
}
