/* Code that changes: a store into the next instruction, loops that patch themselves, trampolines on
 * an executable stack, a function replaced again and again, one memfd mapped twice (written here,
 * executed there), code patched by one thread and run by another, code unmapped and replaced at the
 * same address, pages made writable and executable in turns, execution refused without PROT_EXEC.
 */
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PAGE 4096u

typedef int function(void);

/* mov eax, value; ret */
static void write_constant(uint8_t *code, uint32_t value)
{
    code[0] = 0xb8;
    memcpy(code + 1, &value, 4);
    code[5] = 0xc3;
}

static int run(const void *code)
{
    return ((function *)(uintptr_t)code)();
}

static uint8_t *executable(void)
{
    return mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0);
}

/* movb $value, 1(%rip)... the stored byte is the immediate of the next instruction. */
static void next_instruction(void)
{
    uint8_t *code = executable();
    static const uint8_t text[] = {
        0x40, 0x88, 0x3d, 0x01, 0x00, 0x00, 0x00, /* mov [rip + 1], dil */
        0xb8, 0x00, 0x00, 0x00, 0x00,             /* mov eax, 0 */
        0xc3,
    };
    memcpy(code, text, sizeof(text));
    int (*patched)(int) = (int (*)(int))(uintptr_t)code;
    for (int i = 0; i < 300; i++)
        CHECK_EQ(patched(i & 255), i & 255);
    munmap(code, 4 * PAGE);
}

/* A loop that increments the immediate of an instruction in its own body, over a jump. */
static void own_loop(void)
{
    uint8_t *code = executable();
    static const uint8_t text[] = {
        0x31, 0xc0,                         /* xor eax, eax */
        0x83, 0xc0, 0x00,                   /* 2: add eax, 0 */
        0xfe, 0x05, 0xf9, 0xff, 0xff, 0xff, /* inc byte [rip - 7]: the immediate at 4 */
        0xff, 0xcf,                         /* dec edi */
        0x75, 0xf3,                         /* jnz 2 */
        0xc3,
    };
    memcpy(code, text, sizeof(text));
    int (*loop)(int) = (int (*)(int))(uintptr_t)code;
    CHECK_EQ(loop(100), 99 * 100 / 2);
    munmap(code, 4 * PAGE);
}

static void on_the_stack(void)
{
    uint8_t buffer[3 * PAGE];
    uint8_t *page = (uint8_t *)(((uintptr_t)buffer + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
    CHECK_OK(mprotect(page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC));
    /* Each call rewrites the trampoline and writes data beside it in the same page. */
    for (int i = 0; i < 3000; i++) {
        write_constant(page + 64 * (i % 7), i);
        ((volatile uint8_t *)page)[PAGE - 1] = i;
        if (run(page + 64 * (i % 7)) != i) {
            CHECK(!"a trampoline on the stack runs its present code");
            break;
        }
    }
    CHECK_OK(mprotect(page, PAGE, PROT_READ | PROT_WRITE));
}

static void across_pages(void)
{
    uint8_t *code = executable();
    for (int i = 0; i < 50; i++) {
        write_constant(code + PAGE - 3, 1000 + i); /* the immediate lies on both pages */
        CHECK_EQ(run(code + PAGE - 3), 1000 + i);
        code[PAGE] ^= 0x40;
        CHECK_EQ(run(code + PAGE - 3), (1000 + i) ^ 0x400000);
    }
    munmap(code, 4 * PAGE);
}

static void mapped_twice(void)
{
    int fd = syscall(SYS_memfd_create, "code", 0);
    CHECK_OK(fd);
    CHECK_OK(ftruncate(fd, 2 * PAGE));
    uint8_t *writable = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    uint8_t *runnable = mmap(NULL, 2 * PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    CHECK(writable != MAP_FAILED && runnable != MAP_FAILED && writable != runnable);
    for (int i = 0; i < 500; i++) {
        write_constant(writable + 16 * (i % 5), i);
        if (run(runnable + 16 * (i % 5)) != i) {
            CHECK(!"code written through one mapping runs through the other");
            break;
        }
    }
    /* Also through write(2). */
    uint8_t code[6];
    for (int i = 0; i < 20; i++) {
        write_constant(code, 77 + i);
        CHECK_EQ(pwrite(fd, code, sizeof(code), PAGE), (ssize_t)sizeof(code));
        CHECK_EQ(run(runnable + PAGE), 77 + i);
    }
    munmap(writable, 2 * PAGE);
    munmap(runnable, 2 * PAGE);
    close(fd);
}

static void replaced(void)
{
    uint8_t *place = executable();
    for (int i = 0; i < 100; i++) {
        uint8_t *code = mmap(place, PAGE, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        CHECK(code == place);
        write_constant(code, i);
        CHECK_OK(mprotect(code, PAGE, PROT_READ | PROT_EXEC));
        CHECK_EQ(run(code), i);
    }
    uint8_t *moved = mremap(place, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place + 2 * PAGE);
    CHECK(moved == place + 2 * PAGE);
    CHECK_EQ(run(moved), 99);
    munmap(place, 4 * PAGE);
}

/* Adds up its immediates; the carry set at its start counts too. */
static size_t write_sum(uint8_t *code, unsigned terms, uint8_t value)
{
    static const uint8_t start[] = {0x31, 0xc0, 0xf9};     /* xor eax, eax; stc */
    static const uint8_t end[] = {0x83, 0xd0, 0x00, 0xc3}; /* adc eax, 0; ret */
    size_t at = sizeof(start);
    memcpy(code, start, sizeof(start));
    for (unsigned i = 0; i < terms; i++) {
        code[at++] = 0x8d; /* lea eax, [rax + value] */
        code[at++] = 0x40;
        code[at++] = value;
    }
    memcpy(code + at, end, sizeof(end));
    return at + sizeof(end);
}

/* Functions of many lengths on a page that is written and executed in turns; one byte after the
 * other of each changes. Flags that cross a block's start keep their value. */
static void each_byte(void)
{
    uint8_t *code = executable();
    for (int i = 0; i < 50; i++) { /* until the page is known for it */
        write_constant(code + 2048, (uint32_t)i);
        CHECK_EQ(run(code + 2048), i);
    }
    for (unsigned terms = 0; terms < 24; terms++) {
        write_sum(code, terms, 2);
        CHECK_EQ(run(code), 2 * terms + 1);
        for (unsigned i = 0; i < terms; i++) {
            code[3 + 3 * i + 2] = 5;
            CHECK_EQ(run(code), 2 * terms + 1 + 3 * (i + 1));
            CHECK_EQ(run(code), 2 * terms + 1 + 3 * (i + 1));
        }
    }
    static const uint8_t split[] = {0xf9, 0xeb, 0x00, 0xb8, 0,    0,    0,    0,   0xeb,
                                    0x00, 0x90, 0xeb, 0x00, 0x83, 0xd0, 0x07, 0xc3};
    memcpy(code, split, sizeof(split)); /* stc; jmp; mov eax, 0; jmp; nop; jmp; adc eax, 7; ret */
    CHECK_EQ(run(code), 8);
    code[15] = 9;
    CHECK_EQ(run(code), 10);
    code[0] = 0xf8; /* clc: a change of one byte in the first of the blocks */
    CHECK_EQ(run(code), 9);

    pid_t child = fork();
    if (child == 0) {
        code[15] = 20;
        _exit(run(code));
    }
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 20 << 8);
    CHECK_EQ(run(code), 9);
    code[15] = 30;
    CHECK_EQ(run(code), 30);
    munmap(code, 4 * PAGE);
}

static sigjmp_buf again;
static volatile int refused_code;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    refused_code = info->si_code;
    siglongjmp(again, 1);
}

static int run_refused(uint8_t *code)
{
    refused_code = 0;
    if (sigsetjmp(again, 1) == 0)
        run(code);
    return refused_code;
}

static void refused(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    uint8_t *code = executable();
    write_constant(code, 5);
    CHECK_EQ(run(code), 5);
    CHECK_OK(mprotect(code, PAGE, PROT_READ | PROT_WRITE));
    CHECK_EQ(run_refused(code), SEGV_ACCERR);
    CHECK_OK(mprotect(code, PAGE, PROT_READ | PROT_EXEC));
    CHECK_EQ(run(code), 5);
    munmap(code, 4 * PAGE);
    CHECK_EQ(run_refused(code), SEGV_MAPERR);
    signal(SIGSEGV, SIG_DFL);
}

static uint8_t *shared_code;
static _Atomic int wanted, seen;
static _Atomic bool stop;

/* Both threads wait for each other without the kernel, but not for the rest of their share of a
 * single processor. */
static void spin(unsigned *spins)
{
    if (++*spins % 1000 == 0)
        sched_yield();
}

/* Runs the code until it gives what the other thread has written; each value has to arrive. */
static void *runner(void *argument)
{
    (void)argument;
    int64_t until = check_now() + CHECK_PATIENCE * INT64_C(1000000000);
    unsigned spins = 0;
    while (!stop && check_now() < until) {
        int want = wanted;
        uint32_t unused;
        __asm__ volatile("cpuid" : "=a"(unused) : "a"(0) : "ebx", "ecx", "edx", "memory");
        if (run(shared_code) != want)
            continue;
        if (seen == want)
            spin(&spins);
        seen = want;
    }
    return NULL;
}

static void another_thread(void)
{
    shared_code = executable();
    write_constant(shared_code + 3, 0); /* the immediate is aligned: stores are single */
    shared_code += 3;
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, runner, NULL), 0);
    int64_t until = check_now() + CHECK_PATIENCE * INT64_C(1000000000);
    unsigned spins = 0;
    int i;
    for (i = 1; i <= 200 && check_now() < until; i++) {
        __atomic_store_n((uint32_t *)(shared_code + 1), i, __ATOMIC_SEQ_CST);
        wanted = i;
        while (seen != i && check_now() < until)
            spin(&spins);
    }
    CHECK_EQ(i, 201);
    stop = true;
    pthread_join(thread, NULL);
    munmap(shared_code - 3, 4 * PAGE);
}

static uint8_t *neighbour;

static void *run_neighbour(void *argument)
{
    intptr_t wrong = 0;
    (void)argument;
    while (!stop) {
        wrong += run(neighbour) != 77;
        seen++;
    }
    return (void *)wrong;
}

/* As a compiler at run time does it: never writable and executable at once. Several functions on
 * the page are written anew each time, while another thread runs what stands on the next page. */
static void flipped(void)
{
    uint8_t *code = executable();
    pthread_t thread;
    void *wrong;
    neighbour = code + PAGE;
    write_constant(neighbour, 77);
    CHECK_OK(mprotect(code, 4 * PAGE, PROT_READ | PROT_EXEC));
    stop = false;
    seen = 0;
    CHECK_EQ(pthread_create(&thread, NULL, run_neighbour, NULL), 0);
    CHECK_EVENTUALLY(seen > 100);
    for (int i = 0; i < 150; i++) {
        CHECK_OK(mprotect(code, PAGE, PROT_READ | PROT_WRITE));
        for (int k = 0; k < 8; k++)
            write_constant(code + 100 * k, i * 8 + k);
        CHECK_OK(mprotect(code, PAGE, PROT_READ | PROT_EXEC));
        for (int k = 0; k < 8; k++)
            CHECK_EQ(run(code + 100 * k), i * 8 + k);
    }
    stop = true;
    CHECK_EQ(pthread_join(thread, &wrong), 0);
    CHECK_EQ((intptr_t)wrong, 0);
    munmap(code, 4 * PAGE);
}

int main(void)
{
    next_instruction();
    own_loop();
    on_the_stack();
    across_pages();
    mapped_twice();
    replaced();
    each_byte();
    refused();
    another_thread();
    flipped();
    return check_done();
}
