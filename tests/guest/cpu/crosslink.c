/* Code in one mapping that calls code in another, many times over, while the other one changes:
 * another file takes its place, it is unmapped, protected, written, in another process and by
 * another thread. What is called is always what lies there. */
#include "check.h"

#include <pthread.h>
#include <setjmp.h>
#include <sys/mman.h>

#define PAGE  4096
#define FAR   (64 * PAGE) /* from the page that calls to those that are called */
#define CALLS 200

typedef int function(void);

static uint8_t *calling, *called; /* the latter two pages long */
static int first, second;         /* files with two pages of code each */

/* mov eax, number; ret */
static void put_number(uint8_t *at, uint32_t number)
{
    at[0] = 0xb8;
    memcpy(at + 1, &number, 4);
    at[5] = 0xc3;
}

/* sub rsp, 8; call target; add rsp, 8; ret: `at` is where it will run. */
static void put_call(uint8_t *to, const uint8_t *at, const uint8_t *target)
{
    static const uint8_t before[] = {0x48, 0x83, 0xec, 8, 0xe8},
                         after[] = {0x48, 0x83, 0xc4, 8, 0xc3};
    int32_t distance = (int32_t)(target - (at + 9));
    memcpy(to, before, sizeof(before));
    memcpy(to + 5, &distance, 4);
    memcpy(to + 9, after, sizeof(after));
}

/* In the first page a number, and behind it a call of the number in the second. */
static int file(uint32_t number)
{
    uint8_t pages[2 * PAGE] = {0};
    char name[] = "/tmp/crosslinkXXXXXX";
    int fd = mkstemp(name);
    unlink(name);
    put_number(pages, number);
    put_call(pages + 64, called + 64, called + PAGE);
    put_number(pages + PAGE, number + 1000);
    CHECK_EQ(write(fd, pages, sizeof(pages)), (ssize_t)sizeof(pages));
    return fd;
}

static void map(int fd, unsigned page, unsigned pages)
{
    uint8_t *at = called + (size_t)page * PAGE;
    CHECK(mmap(at, (size_t)pages * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd,
               (off_t)page * PAGE) == at);
}

/* How often it does not give the number. */
static int wrong(const uint8_t *code, int number)
{
    int n = 0;
    for (int i = 0; i < CALLS; i++)
        n += ((function *)(uintptr_t)code)() != number;
    return n;
}

static sigjmp_buf back;
static void *volatile fault_at;

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)number, (void)context;
    fault_at = info->si_addr;
    siglongjmp(back, 1);
}

static void check_fault(const uint8_t *code, const uint8_t *address)
{
    fault_at = NULL;
    if (!sigsetjmp(back, 1))
        ((function *)(uintptr_t)code)();
    CHECK(fault_at == address);
}

static void replaced(void)
{
    for (int i = 0; i < 20; i++) {
        map(i % 2 ? second : first, 0, 2);
        CHECK_EQ(wrong(calling, i % 2 ? 2 : 1), 0);
        CHECK_EQ(wrong(calling + 64, i % 2 ? 1002 : 1001), 0);
    }
}

/* The second page alone: the first one's own code leads there too. */
static void half_replaced(void)
{
    map(first, 0, 2);
    CHECK_EQ(wrong(calling + 64, 1001), 0);
    CHECK_EQ(wrong(calling + 128, 1001), 0);
    map(second, 1, 1);
    CHECK_EQ(wrong(calling + 64, 1002), 0);
    CHECK_EQ(wrong(calling + 128, 1002), 0);
    CHECK_EQ(wrong(calling, 1), 0);
    CHECK_OK(mprotect(called + PAGE, PAGE, PROT_READ));
    check_fault(calling + 64, called + PAGE);
    check_fault(calling + 128, called + PAGE);
    map(first, 1, 1);
    CHECK_EQ(wrong(calling + 64, 1001), 0);
}

static void gone(void)
{
    map(first, 0, 2);
    CHECK_EQ(wrong(calling, 1), 0);
    CHECK_OK(mprotect(called, 2 * PAGE, PROT_NONE));
    check_fault(calling, called);
    CHECK_OK(mprotect(called, 2 * PAGE, PROT_READ | PROT_EXEC));
    CHECK_EQ(wrong(calling, 1), 0);
    CHECK_OK(munmap(called, 2 * PAGE));
    check_fault(calling, called);
    map(second, 0, 2);
    CHECK_EQ(wrong(calling, 2), 0);
}

/* Through the mapping, and through the file. */
static void written(void)
{
    uint8_t code[8];
    map(first, 0, 2);
    CHECK_EQ(wrong(calling, 1), 0);
    put_number(code, 7);
    CHECK_EQ(pwrite(first, code, 6, 0), 6);
    CHECK_EQ(wrong(calling, 7), 0);
    CHECK_OK(mprotect(called, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC));
    put_number(called, 8);
    CHECK_EQ(wrong(calling, 8), 0);
    put_number(code, 1);
    CHECK_EQ(pwrite(first, code, 6, 0), 6);
    map(first, 0, 2);
    CHECK_EQ(wrong(calling, 1), 0);
}

static void in_child(void)
{
    CHECK_EQ(wrong(calling, 1), 0);
    map(second, 0, 2);
    CHECK_EQ(wrong(calling, 2), 0);
}

static _Atomic bool stop;
static _Atomic int calls, expected, mistakes;

/* What is expected is not told before it is there, and the old file gave 2. */
static void *caller(void *argument)
{
    (void)argument;
    while (!stop) {
        int at_least = expected, got = ((function *)(uintptr_t)calling)();
        mistakes += at_least == 1 && got != 1;
        calls++;
    }
    return NULL;
}

static void while_calling(void)
{
    pthread_t thread;
    map(second, 0, 2);
    CHECK_EQ(pthread_create(&thread, NULL, caller, NULL), 0);
    for (int i = 0; i < 20; i++) {
        expected = 0;
        int before = calls;
        CHECK_EVENTUALLY(calls > before + 100);
        map(second, 0, 2);
        before = calls;
        CHECK_EVENTUALLY(calls > before + 100);
        map(first, 0, 2);
        expected = 1;
        before = calls;
        CHECK_EVENTUALLY(calls > before + 100);
    }
    stop = true;
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(mistakes, 0);
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    calling = mmap(NULL, FAR + 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    called = calling + FAR;
    put_call(calling, calling, called);
    put_call(calling + 64, calling + 64, called + 64);
    put_call(calling + 128, calling + 128, called + PAGE);
    first = file(1);
    second = file(2);
    replaced();
    half_replaced();
    gone();
    written();
    map(first, 0, 2);
    CHECK_EQ(wrong(calling, 1), 0);
    check_in_child(in_child);
    CHECK_EQ(wrong(calling, 1), 0);
    while_calling();
    return check_done();
}
