/* Small guest programs through the translator alone: one window, no kernel. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/host/budget.h"
#define HEAP_PLAIN
#include "runtime/host/heap.h"
#include "runtime/host/memory.h"
#include "runtime/host/thread.h"
#include "runtime/translate/cache.h"
#include "runtime/translate/code_source.h"
#include "runtime/translate/codeview.h"
#include "runtime/translate/counters.h"
#include "runtime/translate/cpu.h"
#include "runtime/translate/stubs.h"
#include "tests/unit/run.h"

#define WINDOW_SIZE ((size_t)16 << 20)
#define CODE_AT     0x10000u
#define DATA_AT     0x100000u
#define STACK_TOP   0x200000u

static uint64_t window;
static struct codeview *view;
static struct cpu result;
static int faults;

static size_t fetch(void *owner, uint64_t addr, void *buf, size_t n, struct code_extent *extent,
                    struct cpu_fault *fault)
{
    (void)owner;
    if (addr < CODE_AT || addr >= DATA_AT) {
        *fault = (struct cpu_fault){.signo = 11, .code = 1};
        return 0;
    }
    if (n > DATA_AT - addr)
        n = DATA_AT - addr;
    memcpy(buf, (void *)(window + addr), n);
    *extent = (struct code_extent){.start = CODE_AT, .end = DATA_AT};
    return n;
}

static bool fault(void *owner, uint64_t addr, enum code_access access, struct cpu_fault *out)
{
    (void)owner, (void)addr, (void)access;
    *out = (struct cpu_fault){.signo = 11, .code = 1};
    return false;
}

static const struct code_source source = {.fetch = fetch, .fault = fault};

static int service(struct cpu *cpu, enum cpu_event event)
{
    if (event == CPU_INTERRUPT)
        return 0;
    if (event == CPU_FAULT)
        faults++;
    memcpy(&result, cpu, sizeof result);
    return 1 + (int)event;
}

static void init(struct cpu *cpu, void *arg)
{
    cpu_set_view(cpu, view, window);
    cpu->rip = CODE_AT;
    cpu->gpr[CPU_RSP] = STACK_TOP;
    if (arg)
        memcpy(cpu->gpr, arg, 8 * 4);
}

/* Runs the code until it makes a system call or faults. */
static int run(const void *code, size_t n)
{
    memcpy((void *)(window + CODE_AT), code, n);
    codeview_drop(view, CODE_AT, CODE_AT + 4096);
    return cpu_start(init, NULL, service);
}

#define CODE(name, text)                                                                           \
    extern const uint8_t code_##name[], code_##name##_end[];                                       \
    __asm__(".text\n.globl code_" #name "\n.globl code_" #name "_end\ncode_" #name ":\n" text      \
            "\ncode_" #name "_end:\n");
#define RUN(name) run(code_##name, (size_t)(code_##name##_end - code_##name))

CODE(registers,
     "mov $1,%rax\n mov $2,%rcx\n mov $3,%rdx\n mov $4,%rbx\n mov $5,%rbp\n mov $6,%rsi\n"
     "mov $7,%rdi\n mov $8,%r8\n mov $9,%r9\n mov $10,%r10\n mov $11,%r11\n mov $12,%r12\n"
     "mov $13,%r13\n mov $14,%r14\n mov $15,%r15\n add %r8,%r10\n xchg %r11,%r8\n"
     "lea 5(%r10,%r8,4),%r9\n sub $16,%rsp\n mov %rcx,(%rsp)\n mov (%rsp),%ebx\n ud2")

START_TEST(registers_keep_their_values)
{
    ck_assert_int_eq(RUN(registers), 1 + CPU_FAULT);
    ck_assert_uint_eq(result.gpr[CPU_RAX], 1);
    ck_assert_uint_eq(result.gpr[CPU_RCX], 2);
    ck_assert_uint_eq(result.gpr[CPU_RBX], 2);
    ck_assert_uint_eq(result.gpr[CPU_R10], 18);
    ck_assert_uint_eq(result.gpr[CPU_R8], 11);
    ck_assert_uint_eq(result.gpr[CPU_R11], 8);
    ck_assert_uint_eq(result.gpr[CPU_R9], 5 + 18 + 44);
    ck_assert_uint_eq(result.gpr[CPU_RSP], STACK_TOP - 16);
    ck_assert_uint_eq(result.gpr[CPU_R15], 15);
    ck_assert_int_eq(result.fault.signo, 4);
}
END_TEST

#define FIBONACCI(n)                                                                               \
    "mov $" n ",%edi\n call 1f\n mov %rax,%rdi\n mov $60,%eax\n syscall\n"                         \
    "1: cmp $2,%edi\n jae 2f\n mov %edi,%eax\n ret\n"                                              \
    "2: push %rbx\n push %rdi\n sub $8,%rsp\n dec %edi\n call 1b\n mov %eax,%ebx\n"                \
    "mov 8(%rsp),%rdi\n sub $2,%edi\n call 1b\n add %ebx,%eax\n add $16,%rsp\n pop %rbx\n ret"
CODE(fib, FIBONACCI("20"))
CODE(fib_short, FIBONACCI("8"))

START_TEST(calls_and_returns)
{
    ck_assert_int_eq(RUN(fib), 1 + CPU_SYSCALL);
    ck_assert_uint_eq(result.gpr[CPU_RDI], 6765);
    ck_assert_uint_eq(result.gpr[CPU_RAX], 60);
    ck_assert_uint_eq(result.gpr[CPU_RSP], STACK_TOP);
}
END_TEST

CODE(strings,
     "mov $0x100000,%rdi\n mov $0x5a,%al\n mov $100,%ecx\n rep stosb\n mov $0x100000,%rsi\n"
     "mov $0x100200,%rdi\n mov $50,%ecx\n rep movsw\n mov $0x100200,%rdi\n mov $200,%ecx\n"
     "repe scasb\n mov $0x100000,%rbx\n mov $3,%cl\n mov %cl,%ch\n shl %cl,%edx\n"
     "movzbl %ch,%ebp\n mov %ch,5(%rbx)\n mov 5(%rbx),%ah\n mov $60,%eax\n syscall")

START_TEST(strings_and_high_bytes)
{
    memset((void *)(window + DATA_AT), 0, 4096);
    ck_assert_int_eq(RUN(strings), 1 + CPU_SYSCALL);
    ck_assert_uint_eq(result.gpr[CPU_RSI], 0x100000 + 100);
    ck_assert_uint_eq(result.gpr[CPU_RDI], 0x100200 + 101);
    ck_assert_uint_eq(result.gpr[CPU_RBP], 3);
    ck_assert_uint_eq(*(uint8_t *)(window + 0x100005), 3);
    ck_assert_uint_eq(*(uint8_t *)(window + 0x100200 + 99), 0x5a);
}
END_TEST

CODE(fault, "mov $77,%rbx\n mov $0x12345,%r8\n push %rbx\n push %r8\n mov $0x7fff00001000,%rax\n"
            "mov %r8,8(%rax,%rbx,2)\n nop")

START_TEST(faults_have_exact_state)
{
    ck_assert_int_eq(RUN(fault), 1 + CPU_FAULT);
    ck_assert_int_eq(result.fault.signo, 11);
    ck_assert_int_eq(result.fault.code, 1);
    ck_assert_uint_eq(result.fault.address, 0x7fff00001000 + 154 + 8);
    ck_assert_uint_eq(result.gpr[CPU_RSP], STACK_TOP - 16);
    ck_assert_uint_eq(result.gpr[CPU_R8], 0x12345);
    ck_assert_uint_eq(result.gpr[CPU_RBX], 77);
    ck_assert_uint_eq(result.rip, CODE_AT + (uint64_t)(code_fault_end - code_fault) - 6);
}
END_TEST

CODE(spin, "xor %eax,%eax\n1: inc %rax\n mov %rax,(%rsp)\n test %rsp,%rsp\n jnz 1b")

/* A comparison that faults between folded pushes and pops and a conditional jump. */
CODE(folded, "mov $0x7fff00001000,%rax\n push %rax\n push %rax\n pop %rbx\n push %rax\n push %rbx\n"
             "1: cmp %rbx,8(%rax)\n je 1b\n nop")

START_TEST(a_comparison_faults_with_the_stack_as_it_is)
{
    memset((void *)(window + STACK_TOP - 64), 0, 64);
    ck_assert_int_eq(RUN(folded), 1 + CPU_FAULT);
    ck_assert_uint_eq(result.fault.address, 0x7fff00001008);
    ck_assert_uint_eq(result.gpr[CPU_RSP], STACK_TOP - 24);
    ck_assert_uint_eq(result.gpr[CPU_RBX], 0x7fff00001000);
    ck_assert_uint_eq(*(uint64_t *)(window + STACK_TOP - 24), 0x7fff00001000);
    ck_assert_uint_eq(result.rip, CODE_AT + (uint64_t)(code_folded_end - code_folded) - 7);
}
END_TEST

/* Values that one instruction leaves where the next looks, and bases that change between two uses.
 */
CODE(held, "mov $0x100000,%ebx\n movq $0x11,(%rbx)\n movq $0x22,8(%rbx)\n movq $0x33,16(%rbx)\n"
           "mov $1,%r8d\n mov $2,%r10d\n add %r8,%r10\n mov %r10,%r11\n inc %r10\n add %r10,%r11\n"
           "mov $1,%edx\n mov (%rbx,%rdx,8),%rax\n add (%rbx,%rdx,8),%rax\n add $8,%rbx\n"
           "mov (%rbx,%rdx,8),%rsi\n mov %rbx,%r9\n mov $0x100000,%ebx\n mov (%rbx,%rdx,8),%rdi\n"
           "xchg %r9,%rbx\n mov (%rbx,%rdx,8),%rbp\n mov (%rbx,%rdx,8),%r8\n add %r8,%rbp\n"
           "mov (%rbx,%rdx,8),%r12\n push %rbx\n push $0x100000\n pop %rbx\n"
           "mov (%rbx,%rdx,8),%r13\n pop %rbx\n mov (%rbx,%rdx,8),%r14\n mov %r8,%r15\n"
           "movb $0x7f,%r8b\n add %r8,%r15\n push %rax\n mov $0x100008,%eax\n"
           "mov (%rax,%rdx,8),%rcx\n mov $0x80000,%eax\n mov (%rax,%rax,1),%r9\n mov $2,%r9d\n"
           "mul %r9\n mov (%rax,%rdx,8),%r9\n add %r9,%rcx\n pop %rax\n push %r11\n pop %r9\n"
           "xchg %r9,%r8\n ud2")

START_TEST(what_the_scratch_register_holds)
{
    ck_assert_int_eq(RUN(held), 1 + CPU_FAULT);
    ck_assert_int_eq(result.fault.signo, 4);
    ck_assert_uint_eq(result.gpr[CPU_RAX], 0x44);
    ck_assert_uint_eq(result.gpr[CPU_RBX], 0x100008);
    ck_assert_uint_eq(result.gpr[CPU_RCX], 0x33 + 0x11);
    ck_assert_uint_eq(result.gpr[CPU_RSI], 0x33);
    ck_assert_uint_eq(result.gpr[CPU_RDI], 0x22);
    ck_assert_uint_eq(result.gpr[CPU_RBP], 0x66);
    ck_assert_uint_eq(result.gpr[CPU_R8], 7);
    ck_assert_uint_eq(result.gpr[CPU_R9], 0x7f);
    ck_assert_uint_eq(result.gpr[CPU_R10], 4);
    ck_assert_uint_eq(result.gpr[CPU_R11], 7);
    ck_assert_uint_eq(result.gpr[CPU_R12], 0x33);
    ck_assert_uint_eq(result.gpr[CPU_R13], 0x22);
    ck_assert_uint_eq(result.gpr[CPU_R14], 0x33);
    ck_assert_uint_eq(result.gpr[CPU_R15], 0x33 + 0x7f);
}
END_TEST

static struct cpu *_Atomic spinning;
static _Atomic int interrupts, wanted;
static _Atomic bool interrupted; /* for the last time: the state block may go */

static void wait_interrupted(void)
{
    while (!interrupted)
        host_thread_yield();
}

static int spin_service(struct cpu *cpu, enum cpu_event event)
{
    (void)cpu;
    if (event != CPU_INTERRUPT)
        return 1;
    if (++interrupts < wanted)
        return 0;
    wait_interrupted();
    return 99;
}

static void spin_init(struct cpu *cpu, void *arg)
{
    init(cpu, arg);
    spinning = cpu;
}

static void interrupter(void *arg)
{
    (void)arg;
    int seen = -1;
    while (interrupts < wanted - 1) {
        if (spinning && seen != interrupts) {
            seen = interrupts;
            cpu_interrupt(spinning);
        }
    }
    cpu_interrupt(spinning);
    interrupted = true;
}

static void interrupt_often(int times)
{
    spinning = NULL;
    wanted = times;
    interrupts = 0;
    interrupted = false;
    ck_assert_int_eq(host_thread_start(interrupter, NULL), 0);
}

/* Calls every byte of a large piece of code that holds nothing but returns, twice over: each is a
 * block of its own, and all together are many times what the limit below lets in. */
CODE(many, "mov $2,%ebp\n 2: mov $0x20000,%ebx\n 1: call *%rbx\n inc %rbx\n cmp $0x40000,%rbx\n"
           " jb 1b\n dec %ebp\n jnz 2b\n mov $60,%eax\n syscall")

START_TEST(code_memory_is_used_again)
{
    memset((void *)(window + 0x20000), 0xc3, 0x20000);
    ck_assert_int_eq(RUN(many), 1 + CPU_SYSCALL);
    ck_assert_uint_eq(result.gpr[CPU_RAX], 60);
    ck_assert_uint_eq(result.gpr[CPU_RBX], 0x40000);
    ck_assert_int_eq(RUN(fib), 1 + CPU_SYSCALL);
    ck_assert_uint_eq(result.gpr[CPU_RDI], 6765);
}
END_TEST

/* While armed each seventh allocation of the runtime's fails (the linker's --wrap). */
static atomic_bool armed;
static _Atomic unsigned asked;
void *__real_heap_alloc(enum heap_tier tier, size_t size);
void *__real_heap_zalloc(enum heap_tier tier, size_t count, size_t size);
void *__real_heap_resize(enum heap_tier tier, void *p, size_t size);
void *__wrap_heap_alloc(enum heap_tier tier, size_t size);
void *__wrap_heap_zalloc(enum heap_tier tier, size_t count, size_t size);
void *__wrap_heap_resize(enum heap_tier tier, void *p, size_t size);

static bool fails(void)
{
    return armed && ++asked % 7 == 0;
}

void *__wrap_heap_alloc(enum heap_tier tier, size_t size)
{
    return fails() ? NULL : __real_heap_alloc(tier, size);
}

void *__wrap_heap_zalloc(enum heap_tier tier, size_t count, size_t size)
{
    return fails() ? NULL : __real_heap_zalloc(tier, count, size);
}

void *__wrap_heap_resize(enum heap_tier tier, void *p, size_t size)
{
    return fails() ? NULL : __real_heap_resize(tier, p, size);
}

static void armed_init(struct cpu *cpu, void *arg)
{
    spin_init(cpu, arg);
    asked = 0;
    armed = true;
}

/* The host has no memory now and then: guest code goes on, also where it is interrupted. */
START_TEST(allocations_fail)
{
    memset((void *)(window + 0x20000), 0xc3, 0x20000);
    memcpy((void *)(window + CODE_AT), code_many, (size_t)(code_many_end - code_many));
    codeview_drop(view, CODE_AT, CODE_AT + 4096);
    ck_assert_int_eq(cpu_start(armed_init, NULL, service), 1 + CPU_SYSCALL);
    armed = false;
    ck_assert_uint_gt(asked, 1000);
    ck_assert_uint_eq(result.gpr[CPU_RBX], 0x40000);
    memcpy((void *)(window + CODE_AT), code_spin, (size_t)(code_spin_end - code_spin));
    codeview_drop(view, CODE_AT, CODE_AT + 4096);
    interrupt_often(1000);
    ck_assert_int_eq(cpu_start(armed_init, NULL, spin_service), 99);
    armed = false;
}
END_TEST

START_TEST(a_loop_is_interrupted)
{
    size_t n = (size_t)(code_spin_end - code_spin);
    memcpy((void *)(window + CODE_AT), code_spin, n);
    codeview_drop(view, CODE_AT, CODE_AT + 4096);
    interrupt_often(1000);
    ck_assert_int_eq(cpu_start(spin_init, NULL, spin_service), 99);
}
END_TEST

/* Calls six functions in turns whose addresses agree in their low 16 bits, with every flag set and
 * then clear: each adds 1 to rsi, which is rdi at the end. */
CODE(collide,
     "xor %esi,%esi\n mov $10000,%r12d\n 1: mov $0x20040,%ebx\n"
     "2: mov $0x1122334455667788,%rax\n mov $0x99aabbccddeeff00,%rdx\n mov $0x7fffffff,%ebp\n"
     "add $1,%ebp\n stc\n call *%rbx\n jno 9f\n jnc 9f\n jns 9f\n jz 9f\n"
     "xor %ebp,%ebp\n call *%rbx\n jo 9f\n jc 9f\n js 9f\n jnz 9f\n"
     "mov $0x1122334455667788,%rcx\n cmp %rcx,%rax\n jne 9f\n"
     "mov $0x99aabbccddeeff00,%rcx\n cmp %rcx,%rdx\n jne 9f\n"
     "add $0x10000,%ebx\n cmp $0x80040,%ebx\n jb 2b\n dec %r12d\n jnz 1b\n"
     "mov %rsi,%rdi\n mov $60,%eax\n syscall\n 9: ud2")

/* lea n(%rsi),%rsi; ret */
static void put_adder(uint64_t address, uint8_t n)
{
    uint8_t code[] = {0x48, 0x8d, 0x76, n, 0xc3};
    memcpy((void *)(window + address), code, sizeof(code));
    codeview_drop(view, address, address + sizeof(code));
}

static void put_adders(void)
{
    for (uint64_t address = 0x20040; address < 0x80040; address += 0x10000)
        put_adder(address, 1);
}

static uint64_t counted(enum counter which)
{
    uint64_t sum[COUNTERS];
    counters_sum(sum);
    return sum[which];
}

START_TEST(addresses_that_collide_stay_known)
{
    put_adders();
    uint64_t before = counted(COUNT_MISSES);
    ck_assert_int_eq(RUN(collide), 1 + CPU_SYSCALL);
    ck_assert_uint_eq(result.gpr[CPU_RDI], 120000);
    ck_assert_uint_lt(counted(COUNT_MISSES) - before, 100);
    put_adder(0x20040, 3);
    put_adder(0x50040, 5);
    ck_assert_int_eq(RUN(collide), 1 + CPU_SYSCALL);
    ck_assert_uint_eq(result.gpr[CPU_RDI], 240000);
}
END_TEST

/* Calls 0x20040 and 0x30040, whose low 16 bits agree, and then the first of them again and again.
 */
CODE(favour, "xor %esi,%esi\n mov $0x20040,%ebx\n call *%rbx\n add $0x10000,%ebx\n call *%rbx\n"
             "sub $0x10000,%ebx\n mov $10000,%r12d\n 1: call *%rbx\n dec %r12d\n jnz 1b\n"
             "mov %rsi,%rdi\n mov $60,%eax\n syscall\n ud2")

START_TEST(what_is_jumped_to_often_is_in_the_first_table)
{
    put_adders();
    uint64_t before = counted(COUNT_MOVES);
    ck_assert_int_eq(RUN(favour), 1 + CPU_SYSCALL);
    ck_assert_uint_eq(result.gpr[CPU_RDI], 10002);
    ck_assert_uint_eq(counted(COUNT_MOVES) - before, 1);
}
END_TEST

/* The same with the other way to check addresses, which another maker's processor has. */
START_TEST(addresses_are_checked_in_both_ways)
{
    control_by_loop = !control_by_loop;
    put_adders();
    ck_assert_int_eq(RUN(collide), 1 + CPU_SYSCALL);
    ck_assert_uint_eq(result.gpr[CPU_RDI], 120000);
    ck_assert_int_eq(RUN(fib), 1 + CPU_SYSCALL);
    ck_assert_uint_eq(result.gpr[CPU_RDI], 6765);
    control_by_loop = !control_by_loop;
}
END_TEST

static int collide_service(struct cpu *cpu, enum cpu_event event)
{
    if (event == CPU_INTERRUPT) {
        interrupts++;
        return 0;
    }
    /* Once more until there were enough. */
    if (event == CPU_SYSCALL && cpu->gpr[CPU_RDI] == 120000 && interrupts < wanted) {
        cpu->rip = CODE_AT;
        return 0;
    }
    if (interrupts >= wanted)
        wait_interrupted();
    return service(cpu, event);
}

START_TEST(collisions_are_interrupted)
{
    put_adders();
    memcpy((void *)(window + CODE_AT), code_collide, (size_t)(code_collide_end - code_collide));
    codeview_drop(view, CODE_AT, CODE_AT + 4096);
    interrupt_often(200);
    ck_assert_int_eq(cpu_start(spin_init, NULL, collide_service), 1 + CPU_SYSCALL);
    ck_assert_uint_eq(result.gpr[CPU_RDI], 120000);
}
END_TEST

/* A place for a window, the table below it included. */
static bool find_room(uint64_t *at, uint64_t size)
{
    if (host_reserve(0, CPU_TABLE_BELOW + size, at) != 0)
        return false;
    host_release(*at, CPU_TABLE_BELOW + size);
    *at += CPU_TABLE_BELOW;
    return true;
}

/* What the kernel has more than then, in tables: the rest is less than one. */
static uint64_t tables_more(uint64_t before)
{
    return (memory_kernel_used() - before) / VIEW_TABLE_BYTES;
}

/* Two views that share a table: it is counted once, and as long as one of them is there. */
START_TEST(tables_are_counted)
{
    uint64_t first, second, before = memory_kernel_used();
    ck_assert(find_room(&first, HOST_GRANULARITY));
    struct codeview *v = codeview_create(&source, NULL, first);
    ck_assert_ptr_nonnull(v);
    ck_assert(find_room(&second, HOST_GRANULARITY));
    struct codeview *other = codeview_fork(v, NULL, second, NULL);
    ck_assert_ptr_nonnull(other);
    ck_assert_ptr_eq(v->table, other->table);
    ck_assert_uint_eq(tables_more(before), 1);
    codeview_destroy(v);
    ck_assert_uint_eq(tables_more(before), 1);
    codeview_destroy(other);
    ck_assert_uint_eq(tables_more(before), 0);
}
END_TEST

static uint64_t shown(uint64_t base, uint64_t pc)
{
    return ((const uint64_t *)(base - CPU_TABLE_BELOW))[pc & 0xffff];
}

/* Of two views that share a table one gets code of its own: what both knew stays with both. */
START_TEST(tables_part)
{
    uint64_t first, second, nowhere = 0;
    uint8_t code[16];
    ck_assert(find_room(&first, HOST_GRANULARITY));
    struct codeview *v = codeview_create(&source, NULL, first);
    ck_assert_ptr_nonnull(v);
    struct block a = {.pc = 0x1234, .code = code, .space = v->own};
    struct block b = {.pc = 0x4321, .code = code, .space = v->own};
    nowhere = shown(first, 0x1234);
    view_publish(v, &a);
    ck_assert_uint_ne(shown(first, 0x1234), nowhere);
    ck_assert(find_room(&second, HOST_GRANULARITY));
    struct codeview *other = codeview_fork(v, NULL, second, NULL);
    ck_assert_ptr_nonnull(other);
    ck_assert_uint_eq(shown(second, 0x1234), shown(first, 0x1234));
    ck_assert_ptr_nonnull(view_space(v, &(struct code_extent){.start = CODE_AT, .end = DATA_AT}));
    view_publish(v, &b);
    ck_assert_uint_eq(shown(second, 0x1234), shown(first, 0x1234));
    ck_assert_uint_ne(shown(first, 0x4321), nowhere);
    ck_assert_uint_eq(shown(second, 0x4321), nowhere);
    codeview_destroy(v);
    codeview_destroy(other);
}
END_TEST

/* While a table is replaced none is there: what the thread would have found is looked up. */
START_TEST(a_table_that_is_not_shown_is_done_without)
{
    table_hide(window);
    ck_assert_int_eq(RUN(fib_short), 1 + CPU_SYSCALL);
    ck_assert_uint_eq(result.gpr[CPU_RDI], 21);
    ck_assert_uint_eq(result.gpr[CPU_RSP], STACK_TOP);
    ck_assert(table_show(view->table, window));
    ck_assert_int_eq(RUN(fib), 1 + CPU_SYSCALL);
    ck_assert_uint_eq(result.gpr[CPU_RDI], 6765);
}
END_TEST

/* A pointer that went astray changes no table, and the address 0 is none. */
CODE(astray, "mov $-512*1024*1024,%rbx\n mov %rbx,8(%rbx)")
CODE(nowhere, "xor %ebx,%ebx\n call *%rbx")

START_TEST(tables_are_out_of_reach)
{
    ck_assert_int_eq(RUN(astray), 1 + CPU_FAULT);
    ck_assert_int_eq(result.fault.signo, 11);
    ck_assert_uint_eq(result.fault.address, (uint64_t)8 - CPU_TABLE_BELOW);
    ck_assert_int_eq(RUN(nowhere), 1 + CPU_FAULT);
    ck_assert_int_eq(result.fault.signo, 11);
    ck_assert_uint_eq(result.rip, 0);
}
END_TEST

/* Of each test its own, and empty: the processes of tests share the memory of tables. */
static void make_view(void)
{
    view = codeview_create(&source, NULL, window);
    ck_assert_ptr_nonnull(view);
    memset(view->table->second, 0, SECOND_SETS * sizeof(*view->table->second));
}

static void destroy_view(void)
{
    codeview_destroy(view);
}

int main(void)
{
    if (cpu_init() != 0)
        return 1;
    cache_limit(4 << 20);
    if (!find_room(&window, WINDOW_SIZE) || host_reserve(window, WINDOW_SIZE, &window) != 0 ||
        host_commit(window, WINDOW_SIZE, HOST_READ | HOST_WRITE) != 0)
        return 1;
    TCase *t = tcase_create("run");
    tcase_add_test(t, registers_keep_their_values);
    tcase_add_test(t, calls_and_returns);
    tcase_add_test(t, strings_and_high_bytes);
    tcase_add_test(t, faults_have_exact_state);
    tcase_add_test(t, a_comparison_faults_with_the_stack_as_it_is);
    tcase_add_test(t, what_the_scratch_register_holds);
    tcase_add_test(t, a_loop_is_interrupted);
    tcase_add_test(t, code_memory_is_used_again);
    tcase_add_test(t, allocations_fail);
    tcase_add_test(t, addresses_that_collide_stay_known);
    tcase_add_test(t, what_is_jumped_to_often_is_in_the_first_table);
    tcase_add_test(t, addresses_are_checked_in_both_ways);
    tcase_add_test(t, collisions_are_interrupted);
    tcase_add_test(t, tables_are_counted);
    tcase_add_test(t, tables_part);
    tcase_add_test(t, a_table_that_is_not_shown_is_done_without);
    tcase_add_test(t, tables_are_out_of_reach);
    tcase_add_checked_fixture(t, make_view, destroy_view);
    tcase_set_timeout(t, 60);
    return unit_run("translate", t);
}
