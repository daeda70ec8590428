/* mmap, munmap, mprotect, mremap and brk in units of 4 KiB, also inside one 64 KiB block. */
#include "check.h"

#include <fcntl.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef MADV_POPULATE_WRITE /* musl */
#define MADV_POPULATE_WRITE 23
#endif

#define PAGE 4096u

static sigjmp_buf again;
static volatile int fault_code;
static void *volatile fault_address;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    fault_code = info->si_code;
    fault_address = info->si_addr;
    siglongjmp(again, 1);
}

/* 0 when the byte can be read (or written), else the si_code of the fault. */
static int try(volatile uint8_t *address, bool write)
{
    fault_code = 0;
    if (sigsetjmp(again, 1) == 0) {
        if (write)
            *address = 1;
        else
            (void)*address;
    }
    if (fault_code)
        CHECK(fault_address == (void *)address);
    return fault_code;
}

static void anonymous(void)
{
    uint8_t *block =
        mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(block != MAP_FAILED);
    CHECK(((uintptr_t)block & (PAGE - 1)) == 0);
    for (unsigned i = 0; i < 64 * PAGE; i += 97)
        if (block[i]) {
            CHECK(!"fresh memory is zero");
            break;
        }
    memset(block, 0x5a, 64 * PAGE);

    /* Every third page read-only, every third without access. */
    for (unsigned i = 0; i < 64; i++) {
        if (i % 3 == 1)
            CHECK_OK(mprotect(block + i * PAGE, PAGE, PROT_READ));
        else if (i % 3 == 2)
            CHECK_OK(mprotect(block + i * PAGE, PAGE, PROT_NONE));
    }
    for (unsigned i = 0; i < 64; i++) {
        CHECK_EQ(try(block + i * PAGE, false), i % 3 == 2 ? SEGV_ACCERR : 0);
        CHECK_EQ(try(block + i * PAGE + PAGE - 1, true), i % 3 == 0 ? 0 : SEGV_ACCERR);
    }
    CHECK_OK(mprotect(block, 64 * PAGE, PROT_READ | PROT_WRITE));
    CHECK_EQ(block[2 * PAGE], 0x5a);

    /* Holes of one page. */
    for (unsigned i = 0; i < 64; i += 2)
        CHECK_OK(munmap(block + i * PAGE, PAGE));
    for (unsigned i = 0; i < 64; i++)
        CHECK_EQ(try(block + i * PAGE, true), i % 2 ? 0 : SEGV_MAPERR);
    CHECK_ERRNO(mprotect(block, 4 * PAGE, PROT_READ), ENOMEM);
    /* Filled again at exactly these addresses with zeros; neighbours stay. */
    for (unsigned i = 0; i < 64; i += 2)
        CHECK(mmap(block + i * PAGE, PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == block + i * PAGE);
    CHECK_EQ(block[0], 0);
    CHECK_EQ(block[PAGE + 7], 0x5a);
    CHECK_EQ(block[2 * PAGE + 7], 0);

    /* MAP_FIXED_NOREPLACE refuses, MAP_FIXED replaces. */
    CHECK_ERRNO((intptr_t)mmap(block, PAGE, PROT_READ,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
                EEXIST);
    CHECK(mmap(block + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
          block + PAGE);
    CHECK_EQ(block[PAGE + 7], 0);
    CHECK_OK(munmap(block, 64 * PAGE));
    CHECK_OK(munmap(block, 64 * PAGE));
}

static void bad_arguments(void)
{
    CHECK_ERRNO((intptr_t)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EINVAL);
    CHECK_ERRNO((intptr_t)mmap((void *)4097, PAGE, PROT_READ,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
                EINVAL);
    CHECK_ERRNO((intptr_t)mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL);
    CHECK_ERRNO((intptr_t)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
    CHECK_ERRNO(
        (intptr_t)mmap(NULL, UINT64_C(1) << 62, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
        ENOMEM);
    CHECK_ERRNO(munmap((void *)1, PAGE), EINVAL);
    CHECK_ERRNO(munmap((void *)PAGE, 0), EINVAL);
    CHECK_ERRNO(syscall(SYS_mprotect, 1, PAGE, PROT_READ), EINVAL);
    CHECK_OK(mprotect((void *)PAGE, 0, PROT_READ));
    CHECK_ERRNO(madvise((void *)1, PAGE, MADV_DONTNEED), EINVAL);
}

static void grow_and_move(void)
{
    uint8_t *block =
        mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (unsigned i = 0; i < 16; i++)
        block[i * PAGE] = i + 1;
    /* Shrinking in place gives back the tail only. */
    CHECK(mremap(block, 16 * PAGE, 8 * PAGE, 0) == block);
    CHECK_EQ(try(block + 8 * PAGE, false), SEGV_MAPERR);
    CHECK_EQ(try(block + 7 * PAGE, false), 0);
    /* Growing where something is in the way moves; the contents go along. */
    void *obstacle =
        mmap(block + 8 * PAGE, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(obstacle == block + 8 * PAGE);
    CHECK_ERRNO((intptr_t)mremap(block, 8 * PAGE, 32 * PAGE, 0), ENOMEM);
    uint8_t *moved = mremap(block, 8 * PAGE, 32 * PAGE, MREMAP_MAYMOVE);
    CHECK(moved != MAP_FAILED && moved != block);
    for (unsigned i = 0; i < 32; i++)
        CHECK_EQ(moved[i * PAGE], i < 8 ? i + 1 : 0);
    CHECK_EQ(try(block, false), SEGV_MAPERR);
    /* Moved to a chosen place. */
    uint8_t *target = mmap(NULL, 64 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(mremap(moved, 32 * PAGE, 32 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + 3 * PAGE) ==
          target + 3 * PAGE);
    CHECK_EQ(target[3 * PAGE + 5 * PAGE], 6);
    CHECK_EQ(try(target + 2 * PAGE, false), SEGV_ACCERR);
    CHECK_OK(madvise(target + 3 * PAGE, 2 * PAGE, MADV_DONTNEED));
    CHECK_EQ(target[3 * PAGE], 0);
    CHECK_EQ(target[5 * PAGE], 3);
    munmap(target, 64 * PAGE);
    munmap(obstacle, PAGE);
}

static void program_break(void)
{
    uint8_t *start = (uint8_t *)syscall(SYS_brk, 0);
    uint8_t *page = (uint8_t *)(((uintptr_t)start + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
    CHECK((uint8_t *)syscall(SYS_brk, page + 5 * PAGE + 100) == page + 5 * PAGE + 100);
    for (unsigned i = 0; i < 6; i++) {
        CHECK_EQ(page[i * PAGE + 99], 0);
        page[i * PAGE + 99] = 7;
    }
    CHECK_EQ(try(page + 6 * PAGE, true), SEGV_MAPERR);
    CHECK((uint8_t *)syscall(SYS_brk, page + PAGE) == page + PAGE);
    CHECK_EQ(try(page + PAGE + 99, false), SEGV_MAPERR);
    CHECK_EQ(page[99], 7);
    CHECK((uint8_t *)syscall(SYS_brk, page + 2 * PAGE) == page + 2 * PAGE);
    CHECK_EQ(page[PAGE + 99], 0);
    /* Below the start nothing changes. */
    CHECK((uint8_t *)syscall(SYS_brk, 4096) == page + 2 * PAGE);
    CHECK((uint8_t *)syscall(SYS_brk, start) == start);
}

static void low_and_high(void)
{
    /* 32-bit addresses on request. */
    uint8_t *low = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    CHECK(low != MAP_FAILED && (uintptr_t)low < UINT64_C(0x80000000));
    low[3 * PAGE - 1] = 1;
    munmap(low, 3 * PAGE);
    /* A gigabyte that is hardly touched. */
    uint64_t size = UINT64_C(1) << 30;
    uint8_t *large = mmap(NULL, size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(large != MAP_FAILED);
    large[0] = large[size / 2 + 12345] = large[size - 1] = 3;
    CHECK_EQ(large[size / 2], 0);
    CHECK_EQ(large[size / 2 + 12345], 3);
    CHECK_OK(munmap(large, size));
    CHECK_EQ(try(large + size / 2, false), SEGV_MAPERR);
}

/* A mapping of /dev/zero is memory of its own; each costs no more than what is touched of it. */
static void zero_device(void)
{
    int fd = open("/dev/zero", O_RDWR), status = -1;
    CHECK(fd >= 0);
    for (int round = 0; round < 64; round++) {
        int how = round & 1 ? MAP_SHARED : MAP_PRIVATE;
        volatile uint8_t *at = mmap(NULL, 65536, PROT_READ | PROT_WRITE, how, fd, 0);
        CHECK(at != MAP_FAILED && at[0] == 0 && at[65535] == 0);
        at[PAGE] = 7;
        CHECK_OK(munmap((void *)at, 65536));
    }
    volatile uint8_t *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    volatile uint8_t *other = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    volatile uint8_t *own = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    pid_t child = fork();
    if (child == 0) {
        shared[0] = own[0] = 9;
        _exit(0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(shared[0] == 9 && other[0] == 0 && own[0] == 0);
    uint8_t *grown = mremap((void *)own, PAGE, 16 * PAGE, MREMAP_MAYMOVE);
    CHECK(grown != MAP_FAILED && grown[15 * PAGE] == 0);
    grown[15 * PAGE] = 1;
    close(fd);
}

static long present(char *area, size_t size)
{
    static uint8_t pages[1024];
    long count = 0;
    CHECK_OK(mincore(area, size, pages));
    for (size_t i = 0; i < size / PAGE; i++)
        count += pages[i] & 1;
    return count;
}

/* What MAP_POPULATE and MADV_POPULATE_WRITE bring in is what they name and nothing of what lies
 * behind it, wherever the border is. */
static void populated_alone(void)
{
    const size_t size = 4 << 20, least = 64 << 10;
    for (size_t shift = least; shift <= size / 2; shift += least) {
        char *area = mmap(NULL, 2 * size + shift, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(area != MAP_FAILED);
        char *later = area + shift + size;
        CHECK(mmap(later, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                   0) == later);
        /* Huge pages may lie on both sides of the border. */
        madvise(later, size, MADV_NOHUGEPAGE);
        CHECK(mmap(area + shift, size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1, 0) == area + shift);
        CHECK_EQ(present(area + shift, size), size / PAGE);
        CHECK_EQ(present(later, size), 0);
        if (madvise(later, PAGE, MADV_POPULATE_WRITE) == 0)
            CHECK_EQ(present(later, size), 1);
        CHECK_OK(munmap(area, 2 * size + shift));
    }
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    CHECK_OK(sigaction(SIGSEGV, &action, NULL));
    anonymous();
    bad_arguments();
    grow_and_move();
    program_break();
    low_and_high();
    zero_device();
    populated_alone();
    return check_done();
}
