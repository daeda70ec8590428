/* fs: and gs: operands of every form, with threads on different bases; arch_prctl; thread-local
 * variables; segment overrides without an effect in 64-bit mode. */
#include "segment.h"
#include "check.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* <asm/prctl.h>, which not every libc has. */
#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004

#define THREADS 3
#define ROUNDS  20000

struct block {
    uint64_t words[64];
};

static __thread uint64_t local = 7;
static __thread uint64_t local_zero[100];
static struct block blocks[THREADS + 1];

static void forms(const struct block *block)
{
    for (uint64_t form = 0; form < SEGMENT_FORMS; form++) {
        check_(segment_read(form, 8) == block->words[1], __FILE__, __LINE__,
               "gs form %d reads another word", (int)form);
    }
}

static void *thread(void *argument)
{
    struct block *block = argument;
    uint64_t failures = 0, read = 0;
    if (syscall(SYS_arch_prctl, ARCH_SET_GS, block) != 0)
        return (void *)1;
    for (int i = 0; i < ROUNDS; i++) {
        for (uint64_t form = 0; form < SEGMENT_FORMS; form++)
            failures += segment_read(form, 8) != block->words[1];
        segment_add(i % 3, 16);
        local++;
        local_zero[i % 100]++;
        if (i % 1000 == 0)
            failures +=
                syscall(SYS_arch_prctl, ARCH_GET_GS, &read) != 0 || read != (uintptr_t)block;
    }
    failures += block->words[2] != ROUNDS;
    failures += local != 7 + ROUNDS;
    failures += local_zero[99] != ROUNDS / 100;
    return (void *)failures;
}

int main(void)
{
    for (int i = 0; i <= THREADS; i++)
        blocks[i].words[1] = UINT64_C(0x1111111111111111) * (i + 1);

    uint64_t base = 1;
    CHECK_OK(syscall(SYS_arch_prctl, ARCH_GET_GS, &base));
    CHECK_EQ(base, 0);
    CHECK_OK(syscall(SYS_arch_prctl, ARCH_GET_FS, &base));
    uint64_t self;
    __asm__ volatile("mov %%fs:0, %0" : "=r"(self));
    CHECK_EQ(base, self);
    CHECK_OK(syscall(SYS_arch_prctl, ARCH_SET_GS, &blocks[THREADS]));
    forms(&blocks[THREADS]);
    CHECK_OK(syscall(SYS_arch_prctl, ARCH_SET_GS, &blocks[0]));
    forms(&blocks[0]);
    /* A base that needs more than 32 bits, alone and with an offset that does. */
    struct block *high = mmap((void *)UINT64_C(0x540000000), 4096, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    CHECK(high == (void *)UINT64_C(0x540000000));
    *high = blocks[0];
    CHECK_OK(syscall(SYS_arch_prctl, ARCH_SET_GS, high));
    forms(high);
    CHECK_OK(syscall(SYS_arch_prctl, ARCH_SET_GS, (uint64_t)high - 0x100000000));
    uint64_t far = 0x100000008, value;
    __asm__ volatile("mov %%gs:(%1), %0" : "=r"(value) : "r"(far));
    CHECK_EQ(value, blocks[0].words[1]);
    CHECK_OK(syscall(SYS_arch_prctl, ARCH_SET_GS, &blocks[THREADS]));
    forms(&blocks[THREADS]);

    CHECK_ERRNO(syscall(SYS_arch_prctl, ARCH_SET_GS, UINT64_C(1) << 63), EPERM);
    CHECK_ERRNO(syscall(SYS_arch_prctl, ARCH_SET_FS, UINT64_C(0x800000000000)), EPERM);
    CHECK_ERRNO(syscall(SYS_arch_prctl, 0x9999, 0), EINVAL);

    /* lea ignores the segment; cs:, ds:, es: and ss: do not count. */
    uint64_t address, got;
    __asm__ volatile(".byte 0x65\n lea 8(%1), %0" : "=r"(address) : "r"(&blocks[0]));
    CHECK_EQ(address, (uintptr_t)&blocks[0] + 8);
    __asm__ volatile(".byte 0x3e, 0x48, 0x8b, 0x41, 0x08" : "=a"(got) : "c"(&blocks[0]));
    CHECK_EQ(got, blocks[0].words[1]);
    __asm__ volatile(".byte 0x2e, 0x48, 0x8b, 0x41, 0x08" : "=a"(got) : "c"(&blocks[0]));
    CHECK_EQ(got, blocks[0].words[1]);
    __asm__ volatile(".byte 0x26, 0x48, 0x8b, 0x41, 0x08" : "=a"(got) : "c"(&blocks[0]));
    CHECK_EQ(got, blocks[0].words[1]);
    __asm__ volatile(".byte 0x36, 0x48, 0x8b, 0x41, 0x08" : "=a"(got) : "c"(&blocks[0]));
    CHECK_EQ(got, blocks[0].words[1]);

    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, thread, &blocks[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failures = (void *)1;
        pthread_join(threads[i], &failures);
        CHECK_EQ((uintptr_t)failures, 0);
    }
    CHECK_EQ(local, 7);
    forms(&blocks[THREADS]);
    return check_done();
}
