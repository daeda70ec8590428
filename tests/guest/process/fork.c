/* fork: private memory is copied, shared memory is shared, the mappings and registers are the same;
 * vfork; clone with shared memory; fork of a fork; fork from a thread. */
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PAGE 4096u

static uint8_t data[100000] = {1}, zero[100000];

static int finish(pid_t child)
{
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    return status;
}

static void private_and_shared(void)
{
    uint8_t *private_area =
        mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint8_t *shared =
        mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint8_t *read_only =
        mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(private_area, 1, 64 * PAGE);
    memset(read_only, 9, 2 * PAGE);
    mprotect(read_only, PAGE, PROT_READ);
    shared[0] = 1;
    pid_t child = fork();
    if (child == 0) {
        int wrong = 0;
        for (unsigned i = 0; i < 64 * PAGE; i += PAGE)
            wrong += private_area[i] != 1;
        memset(private_area, 2, 64 * PAGE);
        memset(data, 3, sizeof(data));
        wrong += shared[0] != 1;
        for (unsigned i = 0; i < 64; i++)
            shared[i * PAGE] = i + 5;
        wrong += read_only[0] != 9 || read_only[PAGE] != 9;
        read_only[PAGE] = 8;
        zero[70000] = 1;
        /* A mapping made by the child belongs to the child alone. */
        wrong += munmap(read_only, PAGE) != 0;
        _exit(wrong);
    }
    CHECK_EQ(finish(child), 0);
    for (unsigned i = 0; i < 64; i++) {
        CHECK_EQ(private_area[i * PAGE], 1);
        CHECK_EQ(shared[i * PAGE], i + 5);
    }
    CHECK_EQ(data[0], 1);
    CHECK_EQ(data[99999], 0);
    CHECK_EQ(zero[70000], 0);
    CHECK_EQ(read_only[0], 9);
    CHECK_EQ(read_only[PAGE], 9);

    /* What the parent writes after the fork is not seen by the child. */
    int go[2];
    CHECK_OK(pipe(go));
    child = fork();
    if (child == 0) {
        char byte;
        close(go[1]);
        if (read(go[0], &byte, 1) != 1)
            _exit(100);
        int wrong = 0;
        for (unsigned i = 0; i < 64; i++)
            wrong += private_area[i * PAGE + 5] != 1;
        wrong += shared[7] != 44;
        wrong += data[0] != 1;
        _exit(wrong);
    }
    memset(private_area, 77, 64 * PAGE);
    data[0] = 55;
    shared[7] = 44;
    CHECK_EQ(write(go[1], "x", 1), 1);
    CHECK_EQ(finish(child), 0);
    close(go[0]);
    close(go[1]);
    munmap(private_area, 64 * PAGE);
    munmap(shared, 64 * PAGE);
}

/* A chain: each process forks the next and changes one page; every one sees its ancestors' state of
 * the fork. */
static int chain(int depth, uint8_t *pages)
{
    for (int i = 0; i < 12; i++)
        if (pages[i * PAGE] != (i < depth ? i + 1 : 0))
            return 100 + depth;
    if (depth == 12)
        return 0;
    pages[depth * PAGE] = depth + 1;
    pid_t child = fork();
    if (child == 0)
        _exit(chain(depth + 1, pages));
    pages[depth * PAGE] = 99;
    int status;
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return 200;
    return WEXITSTATUS(status);
}

/* The child outlives the parent that it was copied from. */
static void orphan(void)
{
    int report[2], hold[2];
    CHECK_OK(pipe(report));
    CHECK_OK(pipe(hold));
    uint8_t *pages =
        mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (unsigned i = 0; i < 16; i++)
        pages[i * PAGE] = i + 1;
    pid_t child = fork();
    if (child == 0) {
        pages[0] = 50;
        if (fork() == 0) {
            char byte;
            close(hold[1]);
            if (read(hold[0], &byte, 1) != 0) /* end of file: both ancestors have closed it */
                _exit(1);
            int sum = 0;
            for (unsigned i = 0; i < 16; i++)
                sum += pages[i * PAGE];
            if (write(report[1], &sum, sizeof(sum)) < 0)
                _exit(1);
            _exit(0);
        }
        _exit(0);
    }
    CHECK_EQ(finish(child), 0);
    munmap(pages, 16 * PAGE);
    close(hold[0]);
    close(hold[1]);
    close(report[1]);
    int sum = 0;
    CHECK_EQ(read(report[0], &sum, sizeof(sum)), (ssize_t)sizeof(sum));
    CHECK_EQ(sum, 50 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 + 10 + 11 + 12 + 13 + 14 + 15 + 16);
    close(report[0]);
}

static void registers_survive(void)
{
    uint64_t rbx, r12, rsi, pid;
    double number;
    __asm__ volatile(
        "mov $0x1234, %%rbx\n mov $0x5678, %%r12\n mov $0x9abc, %%rsi\n"
        "mov $0x3ff8000000000000, %%rcx\n movq %%rcx, %%xmm7\n"
        "mov %5, %%eax\n syscall\n"
        "mov %%rbx, %0\n mov %%r12, %1\n mov %%rsi, %2\n movq %%xmm7, %3\n mov %%rax, %4\n"
        : "=m"(rbx), "=m"(r12), "=m"(rsi), "=m"(number), "=m"(pid)
        : "i"(SYS_fork)
        : "rax", "rbx", "rcx", "rsi", "r11", "r12", "xmm7", "memory");
    bool right = rbx == 0x1234 && r12 == 0x5678 && rsi == 0x9abc && number == 1.5;
    if (pid == 0)
        _exit(right ? 0 : 1);
    CHECK(right);
    CHECK_EQ(finish(pid), 0);
}

static volatile int vfork_value;

static void with_vfork(void)
{
    vfork_value = 0;
    pid_t child = vfork();
    if (child == 0) {
        vfork_value = 5; /* the same memory, and the parent waits */
        _exit(6);
    }
    CHECK_EQ(vfork_value, 5);
    CHECK_EQ(finish(child), 6 << 8);
}

static int clone_main(void *argument)
{
    *(volatile int *)argument += 1;
    return 42;
}

static void with_clone(void)
{
    static uint8_t stack[65536] __attribute__((aligned(16)));
    volatile int value = 1;
    pid_t child = clone(clone_main, stack + sizeof(stack), CLONE_VM | SIGCHLD, (void *)&value);
    CHECK(child > 0);
    CHECK_EQ(finish(child), 42 << 8);
    CHECK_EQ(value, 2);
    child = clone(clone_main, stack + sizeof(stack), SIGCHLD, (void *)&value);
    CHECK_EQ(finish(child), 42 << 8);
    CHECK_EQ(value, 2);
    CHECK_ERRNO(clone(clone_main, stack + sizeof(stack), CLONE_SIGHAND | SIGCHLD, (void *)&value),
                EINVAL);
}

static void *other_thread(void *argument)
{
    volatile uint64_t *counter = argument;
    while (counter[1] == 0)
        counter[0]++;
    return NULL;
}

/* Only the forking thread exists in the child, also while others write. */
static void from_threads(void)
{
    uint64_t words[2] = {0, 0};
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, other_thread, words), 0);
    for (int i = 0; i < 20; i++) {
        pid_t child = fork();
        if (child == 0) {
            volatile uint64_t *counter = words;
            uint64_t before = counter[0];
            /* Few: on a single processor each gives the spinning thread its whole share. */
            for (int j = 0; j < 10; j++)
                sched_yield();
            _exit(counter[0] == before ? 0 : 1);
        }
        CHECK_EQ(finish(child), 0);
    }
    ((volatile uint64_t *)words)[1] = 1;
    pthread_join(thread, NULL);
}

int main(void)
{
    private_and_shared();
    uint8_t *pages =
        mmap(NULL, 12 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_EQ(chain(0, pages), 0);
    orphan();
    registers_survive();
    with_vfork();
    with_clone();
    from_threads();
    return check_done();
}
