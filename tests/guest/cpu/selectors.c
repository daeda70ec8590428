/* Segment registers: what a process starts with, what loads do, which are refused and with what
 * error code, what lar, lsl, verr and verw say of every selector, where far branches lead, and who
 * inherits them. */
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>

/* <asm/prctl.h>, which not every libc has. */
#define ARCH_SET_GS 0x1001
#define ARCH_GET_GS 0x1004
#define RPL         3u

static sigjmp_buf back;
static volatile greg_t trap, error, stack_pointer, at, flags_then;
static volatile int code;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    const greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    (void)signal;
    trap = registers[REG_TRAPNO];
    error = registers[REG_ERR];
    stack_pointer = registers[REG_RSP];
    at = registers[REG_RIP];
    flags_then = registers[REG_EFL];
    code = info->si_code;
    siglongjmp(back, 1);
}

#define READ(segment)                                                                              \
    ({                                                                                             \
        unsigned value_;                                                                           \
        __asm__ volatile("mov %%" #segment ", %0" : "=r"(value_));                                 \
        value_;                                                                                    \
    })
#define LOAD(segment, value) __asm__ volatile("mov %0, %%" #segment ::"r"((unsigned)(value)))

static bool is_data(unsigned selector)
{
    selector &= ~RPL;
    return selector == 0x20 || selector == 0x28 || selector == 0x30 || selector == 0x78;
}

static void load_each(void)
{
    for (volatile unsigned selector = 0; selector < 0x200; selector++) {
        volatile bool faulted = false;
        if (sigsetjmp(back, 1) == 0)
            LOAD(ds, selector);
        else
            faulted = true;
        check_(faulted == !(selector <= RPL || is_data(selector)), __FILE__, __LINE__,
               "ds %#x: faulted %d", selector, faulted);
        if (faulted)
            check_(trap == 13 && error == (greg_t)(selector & ~RPL) && code == SI_KERNEL, __FILE__,
                   __LINE__, "ds %#x: trap %d error %#x", selector, (int)trap, (int)error);
        else
            CHECK_EQ(READ(ds), selector);
    }
    LOAD(ds, 0);
    for (volatile unsigned selector = 0; selector < 0x200; selector++) {
        volatile bool faulted = false;
        if (sigsetjmp(back, 1) == 0)
            LOAD(ss, selector);
        else
            faulted = true;
        check_(faulted == (selector != 0x2b), __FILE__, __LINE__, "ss %#x: faulted %d", selector,
               faulted);
        if (faulted)
            check_(trap == 13 && error == (greg_t)(selector & ~RPL), __FILE__, __LINE__,
                   "ss %#x: trap %d error %#x", selector, (int)trap, (int)error);
    }
    CHECK_EQ(READ(ss), 0x2b);
}

static void forms(void)
{
    uint64_t value = ~UINT64_C(0), address;
    uint16_t in = 0x2b, out[4] = {7, 7, 7, 7};
    __asm__ volatile("mov %0, %%es" ::"m"(in));
    __asm__ volatile("mov %%es, %w0" : "+r"(value));
    CHECK_EQ(value, 0xffffffffffff002b);
    __asm__ volatile("mov %%es, %k0" : "+r"(value));
    CHECK_EQ(value, 0x2b);
    __asm__ volatile("mov %%es, %0" : "=m"(out[1]));
    CHECK(out[0] == 7 && out[1] == 0x2b && out[2] == 7);
    LOAD(es, 0);
    __asm__ volatile("mov $0x2b, %%r11d\n mov %%r11d, %%es\n mov %%es, %%r10\n mov %%r10, %0\n"
                     : "=r"(value)::"r10", "r11");
    CHECK_EQ(value, 0x2b);
    LOAD(es, 0);
    /* The base of gs: 0 after a load; a base that is set makes the selector 0. */
    CHECK_OK(syscall(SYS_arch_prctl, ARCH_SET_GS, 0x123456));
    LOAD(gs, 0x2b);
    CHECK_OK(syscall(SYS_arch_prctl, ARCH_GET_GS, &address));
    CHECK(address == 0 && READ(gs) == 0x2b);
    CHECK_OK(syscall(SYS_arch_prctl, ARCH_SET_GS, 0x123456));
    CHECK_EQ(READ(gs), 0);
    /* push, pop, far pointers */
    __asm__ volatile("mov $0x23, %%eax\n mov %%eax, %%gs\n push %%gs\n pop %0"
                     : "=r"(value)::"rax");
    CHECK_EQ(value, 0x23);
    __asm__ volatile("pushq $0x2b\n pop %%gs" ::: "memory");
    CHECK_EQ(READ(gs), 0x2b);
    struct {
        uint32_t offset;
        uint16_t selector;
    } __attribute__((packed)) pointer = {0x87654321, 0x33}, bad = {1, 0x40};
    value = ~UINT64_C(0);
    __asm__ volatile("lgs %1, %k0" : "+r"(value) : "m"(pointer));
    CHECK(value == 0x87654321 && READ(gs) == 0x33);
    pointer.selector = 0x2b;
    __asm__ volatile("lss %1, %k0" : "+r"(value) : "m"(pointer));
    CHECK_EQ(READ(ss), 0x2b);
    volatile uint64_t kept = 0;
    if (sigsetjmp(back, 1) == 0) {
        __asm__ volatile("lgs %1, %k0" : "+r"(value) : "m"(bad));
        kept = value;
    }
    CHECK(kept == 0 && trap == 13 && error == 0x40 && READ(gs) == 0x33);
    /* A pop that is refused leaves the stack pointer where it was. */
    static volatile uint64_t before;
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile("pushq $0x48\n mov %%rsp, %0\n pop %%gs\n lea 8(%%rsp), %%rsp"
                         : "=m"(before)::"memory");
    CHECK((uint64_t)stack_pointer == before && error == 0x48);
    LOAD(gs, 0);
}

static void refused(void)
{
    trap = 0;
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile(".byte 0x8e, 0xc8" ::: "memory"); /* mov cs, eax */
    CHECK_EQ(trap, 6);
    trap = 0;
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile(".byte 0x8e, 0xf0" ::: "memory"); /* to a seventh */
    CHECK_EQ(trap, 6);
}

/* Far branches to the code segment that is there, and refused ones. The stack pointer is the same
 * before and behind each. */
static void far_branches(void)
{
    static uint64_t before, after, pushed[2];
    uint64_t flags;
#define AROUND(text)                                                                               \
    __asm__ volatile("sub $256, %%rsp\n mov %%rsp, %0\n mov %%rsp, %%rcx\n" text                   \
                     "\n 1: mov %%rsp, %1\n mov %0, %%rsp\n add $256, %%rsp"                       \
                     : "=m"(before), "=m"(after)::"rax", "rcx", "cc", "memory")
    AROUND("pushq $0x33\n lea 1f(%%rip), %%rax\n push %%rax\n lretq\n ud2");
    CHECK_EQ(before, after);
    AROUND(
        "pushq $7\n pushq $8\n pushq $0x33\n lea 1f(%%rip), %%rax\n push %%rax\n lretq $16\n ud2");
    CHECK_EQ(before, after);
    AROUND("pushq $0x2b\n push %%rcx\n pushq $0xed7\n pushq $0x33\n lea 1f(%%rip), %%rax\n"
           "push %%rax\n iretq\n ud2");
    __asm__ volatile("pushfq\n pop %0\n cld" : "=r"(flags)::"cc", "memory");
    CHECK_EQ(before, after);
    CHECK(flags & 0x400);
    if (!((uintptr_t)far_branches >> 32)) { /* a pointer of 32 bits, pushed as such */
        static struct {
            uint32_t offset;
            uint16_t selector;
        } __attribute__((packed)) pointer = {0, 0x33};
        __asm__ volatile("lea 1f(%%rip), %%rax\n mov %%eax, %0\n ljmp *%0\n ud2\n 1:"
                         : "+m"(pointer)::"rax", "memory");
        __asm__ volatile("sub $256, %%rsp\n mov %%rsp, %1\n lea 1f(%%rip), %%rax\n mov %%eax, %0\n"
                         "lcall *%0\n ud2\n 1: pop %2\n mov %%rsp, %3\n add $256, %%rsp"
                         : "+m"(pointer), "=m"(before), "=m"(pushed[0]), "=m"(after)::"rax",
                           "memory");
        CHECK(before == after && pushed[0] >> 32 == 0x33);
        CHECK_EQ((uint32_t)pushed[0] + 2, pointer.offset);
        pointer.selector = 0x30; /* its privilege does not count */
        __asm__ volatile("lea 1f(%%rip), %%rax\n mov %%eax, %0\n ljmp *%0\n ud2\n 1:"
                         : "+m"(pointer)::"rax", "memory");
        CHECK_EQ(READ(cs), 0x33);
        __asm__ volatile("sub $256, %%rsp\n mov %%rsp, %0\n sub $8, %%rsp\n movl $0x33, 4(%%rsp)\n"
                         "lea 1f(%%rip), %%rax\n mov %%eax, (%%rsp)\n lretl\n ud2\n"
                         "1: mov %%rsp, %1\n mov %0, %%rsp\n add $256, %%rsp"
                         : "=m"(before), "=m"(after)::"rax", "memory");
        CHECK_EQ(before, after);
    }
    if (sigsetjmp(back, 1) == 0)
        AROUND("pushq $0x2b\n push $0\n mov %%rsp, %0\n lretq");
    CHECK(trap == 13 && error == 0x28 && (uint64_t)stack_pointer == before);
    if (sigsetjmp(back, 1) == 0)
        AROUND("pushq $0x23\n push %%rcx\n pushq $0x2\n pushq $0x33\n push $0\n mov %%rsp, %0\n"
               "iretq");
    CHECK(trap == 13 && error == 0x20 && (uint64_t)stack_pointer == before);
    if (sigsetjmp(back, 1) == 0)
        AROUND("pushq $0x2b\n push %%rcx\n pushq $0x2\n pushq $0x40\n push $0\n mov %%rsp, %0\n"
               "iretq");
    CHECK(trap == 13 && error == 0x40 && (uint64_t)stack_pointer == before);
}

/* Far returns that are refused at the instruction, with everything as it was before it: to where
 * nothing can be, and iret of a nested task. And iret with 16 bits. */
static void far_returns(void)
{
    static uint64_t before, site;
#define REFUSED(text, instruction)                                                                 \
    do {                                                                                           \
        at = 0;                                                                                    \
        if (sigsetjmp(back, 1) == 0)                                                               \
            __asm__ volatile("movabs $0x0012345678abcdef, %%rcx\n" text                            \
                             "\n mov %%rsp, %0\n lea 1f(%%rip), %%rax\n mov %%rax, %1\n"           \
                             "1: " instruction                                                     \
                             : "=m"(before), "=m"(site)::"rax", "rcx", "cc", "memory");            \
        CHECK(trap == 13 && error == 0 && code == SI_KERNEL);                                      \
        CHECK_EQ(at, site);                                                                        \
        CHECK_EQ(stack_pointer, before);                                                           \
    } while (0)
#define FRAME(where)                                                                               \
    "mov %%rsp, %%rax\n pushq $0x2b\n push %%rax\n pushq $0x2\n pushq $0x33\n push " where "\n"
#define NEST "pushfq\n orl $0x4000, (%%rsp)\n popfq\n"
    REFUSED("pushq $0x33\n push %%rcx", "lretq");
    REFUSED("pushq $0x33\n push %%rcx", "lretq $8");
    REFUSED(FRAME("%%rcx"), "iretq");
    REFUSED(FRAME("$0") NEST, "iretq");
    REFUSED("push $0x40\n push $0x40\n push $0x40\n push $0x40\n push $0x40\n" NEST, "iretl");
    REFUSED(NEST, ".byte 0x66, 0xcf");
    __asm__ volatile("sub $128, %%rsp\n push $2\n popfq\n add $128, %%rsp" ::: "cc", "memory");

    static uint16_t frame[] = {0x1234, 0x33, 0x8d7, 0x5678, 0x2b};
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile("lea %0, %%rsp\n .byte 0x66, 0xcf" ::"m"(frame) : "memory");
    CHECK(trap == 14 && at == 0x1234 && stack_pointer == 0x5678);
    CHECK_EQ(flags_then & 0xcd5, 0x8d5);
    frame[1] = 0x40;
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile("lea %0, %%rsp\n .byte 0x66, 0xcf" ::"m"(frame) : "memory");
    CHECK(trap == 13 && error == 0x40 && stack_pointer == (greg_t)(uintptr_t)frame);
}

/* fs: the thread's own data hang on it. */
static void load_fs(void)
{
    uint64_t base, loaded = 1, selector = 7;
    __asm__ volatile("sub $128, %%rsp\n" /* the red zone */
                     "push $0\n mov $158, %%eax\n mov $0x1003, %%edi\n mov %%rsp, %%rsi\n syscall\n"
                     "pop %0\n mov $0x2b, %%eax\n mov %%eax, %%fs\n mov %%fs, %2\n"
                     "push $1\n mov $158, %%eax\n mov $0x1003, %%edi\n mov %%rsp, %%rsi\n syscall\n"
                     "pop %1\n mov $158, %%eax\n mov $0x1002, %%edi\n mov %0, %%rsi\n syscall\n"
                     "add $128, %%rsp\n"
                     : "=&r"(base), "=&r"(loaded), "=&r"(selector)
                     :
                     : "rax", "rcx", "r11", "rdi", "rsi", "memory");
    CHECK(base != 0 && loaded == 0 && selector == 0x2b && READ(fs) == 0);
}

static void look(void)
{
    static const struct {
        unsigned selector, rights;
        bool writable;
    } known[] = {{0x20, 0xcffb00, false}, {0x28, 0xcff300, true}, {0x30, 0xaffb00, false}};
    for (unsigned selector = 0; selector < 0x10000; selector += selector < 0x200 ? 1 : 0x3d) {
        unsigned rights = 0, wanted = 0;
        bool seen, has_limit, readable, writable, can_write = false;
        uint32_t limit = 1;
        for (unsigned i = 0; i < 3; i++)
            if (known[i].selector == (selector & ~RPL)) {
                wanted = known[i].rights;
                can_write = known[i].writable;
            }
        if ((selector & ~RPL) == 0x78)
            continue;
        __asm__ volatile("lar %2, %0" : "+r"(rights), "=@ccz"(seen) : "r"(selector));
        __asm__ volatile("lsl %2, %0" : "+r"(limit), "=@ccz"(has_limit) : "r"(selector));
        __asm__ volatile("verr %w1" : "=@ccz"(readable) : "r"(selector));
        __asm__ volatile("verw %w1" : "=@ccz"(writable) : "r"(selector));
        check_(seen == !!wanted && has_limit == seen && readable == seen && writable == can_write &&
                   ((rights ^ wanted) & 0xf0ff00) == 0 && limit == (wanted ? UINT32_MAX : 1),
               __FILE__, __LINE__, "%#x: lar %d %#x lsl %d %#x verr %d verw %d", selector, seen,
               rights, has_limit, limit, readable, writable);
    }
    /* Widths, other flags, a word in memory. */
    uint64_t wide = ~UINT64_C(0), before, after;
    uint16_t selector = 0x2b;
    __asm__ volatile("lsl %w1, %w0" : "+r"(wide) : "r"(0x2b) : "cc");
    CHECK_EQ(wide, UINT64_MAX);
    __asm__ volatile("lar %w1, %w0" : "+r"(wide) : "m"(selector) : "cc");
    CHECK_EQ(wide, 0xfffffffffffff300);
    __asm__ volatile("lsl %1, %0" : "+r"(wide) : "r"(UINT64_C(0x2b)) : "cc");
    CHECK_EQ(wide, 0xffffffff);
    __asm__ volatile(
        "sub $128, %%rsp\n push $0x8d7\n popfq\n pushfq\n verw %w2\n pushfq\n pop %1\n pop %0\n"
        "push $2\n popfq\n add $128, %%rsp"
        : "=&r"(before), "=&r"(after)
        : "r"(0x33)
        : "cc", "memory");
    CHECK_EQ(before ^ after, 0x40);
}

/* Its limit is the number of the processor, as the vDSO's getcpu takes it. */
static void processor(void)
{
    cpu_set_t set, one;
    CHECK_OK(sched_getaffinity(0, sizeof(set), &set));
    int first = 0;
    while (!CPU_ISSET(first, &set))
        first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    CHECK_OK(sched_setaffinity(0, sizeof(one), &one));
    uint32_t limit = ~0u;
    bool seen, readable, writable;
    __asm__ volatile("lsl %2, %0" : "+r"(limit), "=@ccz"(seen) : "r"(0x7b));
    CHECK(seen && (int)(limit & 0xfff) == first);
    __asm__ volatile("verr %w1" : "=@ccz"(readable) : "r"(0x7b));
    __asm__ volatile("verw %w1" : "=@ccz"(writable) : "r"(0x7b));
    CHECK(readable && !writable);
    CHECK_OK(sched_setaffinity(0, sizeof(set), &set));
}

static volatile uint64_t traps[8];
static volatile unsigned trap_count;

static void on_trap(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)info;
    if (trap_count < 8)
        traps[trap_count++] = (uint64_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
}

/* The step after a load of ss goes over two instructions. */
static void steps(void)
{
    uint64_t at;
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
    CHECK_OK(sigaction(SIGTRAP, &action, NULL));
    __asm__ volatile("sub $128, %%rsp\n mov $0x2b, %%ecx\n lea 1f(%%rip), %0\n push $0x102\n"
                     "popfq\n 1: mov %%ecx, %%ds\n mov %%ecx, %%ss\n nop\n push $2\n popfq\n"
                     "add $128, %%rsp"
                     : "=&r"(at)::"rcx", "cc", "memory");
    LOAD(ds, 0);
    static const uint8_t offsets[] = {2, 5, 7, 8};
    CHECK_EQ(trap_count, 4);
    for (unsigned i = 0; i < 4; i++)
        CHECK_EQ(traps[i] - at, offsets[i]);
}

static void *in_thread(void *argument)
{
    (void)argument;
    return (void *)(uintptr_t)(READ(ds) << 16 | READ(gs) << 8 | READ(fs));
}

static void inherited(const char *self)
{
    pthread_t thread;
    void *seen;
    int status;
    LOAD(ds, 0x2b);
    LOAD(gs, 0x23);
    CHECK_OK(pthread_create(&thread, NULL, in_thread, NULL) == 0 ? 0 : -1);
    pthread_join(thread, &seen);
    CHECK_EQ((uintptr_t)seen, 0x2b2300);
    pid_t pid = fork();
    if (pid == 0)
        _exit(READ(ds) == 0x2b && READ(gs) == 0x23 ? 0 : 1);
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    pid = fork();
    if (pid == 0) {
        execl(self, self, "new", (char *)NULL);
        _exit(2);
    }
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    CHECK_OK(sched_yield());
    CHECK(READ(ds) == 0x2b && READ(gs) == 0x23);
    LOAD(ds, 0);
    LOAD(gs, 0);
}

static bool is_new(void)
{
    return READ(cs) == 0x33 && READ(ss) == 0x2b && READ(ds) == 0 && READ(es) == 0 &&
           READ(fs) == 0 && READ(gs) == 0;
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return !is_new();
    static uint8_t stack[1 << 15];
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    CHECK_OK(sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof(stack)}, NULL));
    CHECK(is_new());
    CHECK_OK(sigaction(SIGSEGV, &action, NULL));
    CHECK_OK(sigaction(SIGILL, &action, NULL));
    load_each();
    forms();
    refused();
    far_branches();
    far_returns();
    load_fs();
    look();
    processor();
    steps();
    inherited(argv[0]);
    return check_done();
}
