/* Every register after a system call: rax holds the result, rcx the next address, r11 the flags,
 * all others, DF, MXCSR, the x87 and YMM registers are what they were. */
#include "check.h"

#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>

struct registers {
    uint64_t general[16];
    uint64_t flags;
    uint64_t padding[3];
    uint8_t ymm[16][32];
    uint8_t x87[108];
    uint8_t padding2[4];
    uint32_t mxcsr;
};
_Static_assert(offsetof(struct registers, ymm) == 160, "known to registers.S");
_Static_assert(offsetof(struct registers, x87) == 672, "known to registers.S");
_Static_assert(offsetof(struct registers, mxcsr) == 784, "known to registers.S");

void system_call_registers(struct registers *registers);
extern char system_call_after[];

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };

static void one(uint64_t flags, uint32_t mxcsr, uint16_t control, uint64_t number, uint64_t *seed)
{
    struct registers before, after;
    memset(&before, 0, sizeof(before));
    for (int i = 0; i < 16; i++)
        before.general[i] = check_random(seed);
    before.general[RAX] = number;
    if (number == SYS_mmap) {
        before.general[RDI] = 0;
        before.general[RSI] = 4096;
        before.general[RDX] = PROT_READ;
        before.general[R10] = MAP_PRIVATE | MAP_ANONYMOUS;
    }
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 32; j++)
            before.ymm[i][j] = check_random(seed) >> 56;
    before.flags = flags;
    before.mxcsr = mxcsr;
    uint32_t environment[7] = {0xffff0000u | control, 0xffff0000u | 3 << 11, 0xffff0000u};
    memcpy(before.x87, environment, sizeof(environment));
    for (int i = 0; i < 8; i++) {
        uint64_t mantissa = check_random(seed) | UINT64_C(1) << 63;
        uint16_t exponent = 0x3fff + i;
        memcpy(before.x87 + 28 + i * 10, &mantissa, 8);
        memcpy(before.x87 + 28 + i * 10 + 8, &exponent, 2);
    }
    after = before;
    system_call_registers(&after);
    for (int i = 0; i < 16; i++)
        if (i != RAX && i != RCX && i != R11 && i != RSP)
            check_(before.general[i] == after.general[i], __FILE__, __LINE__,
                   "register %d changed from %#llx to %#llx by system call %d", i,
                   (unsigned long long)before.general[i], (unsigned long long)after.general[i],
                   (int)number);
    if (number == SYS_getpid)
        CHECK_EQ(after.general[RAX], getpid());
    CHECK_EQ(after.general[RCX], (uintptr_t)system_call_after);
    CHECK_EQ(after.general[R11], flags);
    CHECK_EQ(after.flags, flags);
    CHECK_EQ(after.mxcsr, mxcsr);
    for (int i = 0; i < 16; i++)
        CHECK(memcmp(before.ymm[i], after.ymm[i], 32) == 0);
    CHECK_EQ(*(uint16_t *)after.x87, control);
    CHECK_EQ(*(uint16_t *)(after.x87 + 4), 3 << 11);
    CHECK_EQ(*(uint16_t *)(after.x87 + 8), 0);
    CHECK(memcmp(before.x87 + 28, after.x87 + 28, 80) == 0);
}

int main(void)
{
    static const uint64_t numbers[] = {SYS_getpid, SYS_mmap, SYS_clock_gettime, 99999};
    uint64_t seed = 1;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        one(0x202, 0x1f80, 0x37f, numbers[i], &seed);
        one(0x602, 0x9fc0, 0xf7f, numbers[i], &seed);    /* DF */
        one(0xad7, 0x7fbf, 0x27f, numbers[i], &seed);    /* every arithmetic flag */
        one(0x40246, 0x1f80, 0x37f, numbers[i], &seed);  /* AC */
        one(0x200202, 0x3f80, 0x77f, numbers[i], &seed); /* ID */
    }
    return check_done();
}
