/* Saving and restoring floating-point state: fxsave, xsave and xsavec stay inside what cpuid
 * reports, cpuid and xgetbv agree, and everything comes back. */
#include "check.h"

static uint8_t area[16384] __attribute__((aligned(64))), other[16384] __attribute__((aligned(64)));

static void cpuid(uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    __asm__ volatile("cpuid"
                     : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
                     : "a"(leaf), "c"(sub));
}

static uint64_t enabled(void)
{
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low | (uint64_t)high << 32;
}

/* What is offered has to be usable: no feature without its registers. */
static void agreement(void)
{
    uint32_t basic[4], extended[4], state[4];
    cpuid(1, 0, basic);
    cpuid(7, 0, extended);
    cpuid(0xd, 0, state);
    CHECK(basic[2] & 1u << 27); /* OSXSAVE */
    uint64_t mask = enabled();
    CHECK_EQ(mask & 3, 3);
    CHECK(!(basic[2] & 1u << 28) || (mask & 7) == 7);                /* AVX */
    CHECK(!(extended[1] & 1u << 5) || (basic[2] & 1u << 28));        /* AVX2 */
    CHECK(!(extended[1] & 1u << 16) || (mask & 0xe0) == 0xe0);       /* AVX-512 */
    CHECK(!(extended[3] & 1u << 24) || (mask & 0x60000) == 0x60000); /* AMX */
    CHECK_EQ(mask & ~(state[0] | (uint64_t)state[3] << 32), 0);
    CHECK(state[1] <= state[2] && state[1] >= 576);
    if (mask & 4) {
        cpuid(0xd, 2, state);
        CHECK_EQ(state[0], 256);
        CHECK_EQ(state[1], 576);
    }
}

#define SAVE(instruction, place, mask)                                                             \
    __asm__ volatile(instruction " %0"                                                             \
                     : "+m"(place)                                                                 \
                     : "a"((uint32_t)(mask)), "d"((uint32_t)((mask) >> 32))                        \
                     : "memory")
#define LOAD(instruction, place, mask)                                                             \
    __asm__ volatile(instruction " %0" ::"m"(place), "a"((uint32_t)(mask)),                        \
                     "d"((uint32_t)((mask) >> 32))                                                 \
                     : "memory")

static void stays_inside(void)
{
    uint32_t state[4];
    cpuid(0xd, 0, state);
    memset(area, 0x5a, sizeof(area));
    memset(area + 512, 0, 64);
    SAVE("xsave64", area, UINT64_MAX);
    bool inside = true;
    for (size_t i = state[1]; i < sizeof(area); i++)
        inside &= area[i] == 0x5a;
    CHECK(inside);
    uint64_t present;
    memcpy(&present, area + 512, 8);
    CHECK_EQ(present & ~enabled(), 0);
    cpuid(0xd, 1, state);
    if (state[0] & 2) {
        memset(area, 0x5a, sizeof(area));
        SAVE("xsavec64", area, UINT64_MAX);
        inside = true;
        for (size_t i = state[1]; i < sizeof(area); i++)
            inside &= area[i] == 0x5a;
        CHECK(inside);
        uint64_t compact;
        memcpy(&compact, area + 520, 8);
        CHECK_EQ(compact, enabled() | UINT64_C(1) << 63);
    }
}

static void comes_back(void)
{
    uint64_t in[4] = {1, 2, 3, 4}, out[4] = {0}, mask = 7 & enabled();
    long double pi = 3.14159265358979323846L, got = 0;
    uint32_t rounding = 0x7f80, usual = 0x1f80, now = 0;
    memset(area, 0, sizeof(area));
    memset(other, 0, sizeof(other));
    __asm__ volatile("fninit\n fldt %1\n vmovdqu %2, %%ymm11\n ldmxcsr %3\n xsave64 %0\n"
                     "ldmxcsr %4\n vzeroall\n fninit\n"
                     : "+m"(area)
                     : "m"(pi), "m"(in), "m"(rounding), "m"(usual), "a"((uint32_t)mask), "d"(0)
                     : "memory", "xmm0", "xmm11");
    __asm__ volatile("xrstor64 %3\n vmovdqu %%ymm11, %0\n fstpt %1\n stmxcsr %2\n vzeroall\n "
                     "ldmxcsr %4\n fninit\n"
                     : "=m"(out), "=m"(got), "=m"(now)
                     : "m"(area), "m"(usual), "a"((uint32_t)mask), "d"(0)
                     : "memory", "xmm0", "xmm11");
    CHECK(memcmp(in, out, sizeof(in)) == 0);
    CHECK(got == pi);
    CHECK_EQ(now, rounding);
    /* Only x87: the rest stays as it is. */
    __asm__ volatile("vmovdqu %0, %%ymm11" ::"m"(in) : "xmm11");
    LOAD("xrstor64", area, UINT64_C(1));
    __asm__ volatile("fstpt %0\n vmovdqu %%ymm11, %1\n fninit\n vzeroupper"
                     : "=m"(got), "=m"(out)::"xmm11");
    CHECK(got == pi);
    CHECK(memcmp(in, out, sizeof(in)) == 0);
    /* fxsave, fnsave, fnstenv. */
    uint8_t environment[28], image[108];
    __asm__ volatile("fldt %2\n fxsave64 %0\n fnstenv %1\n fninit"
                     : "=m"(other), "=m"(environment)
                     : "m"(pi));
    CHECK_EQ(other[0] | other[1] << 8, 0x37f);
    CHECK_EQ(other[4], 0x80);
    CHECK(memcmp(other + 32, &pi, 10) == 0);
    CHECK_EQ(environment[8] | environment[9] << 8, 0x3fff);
    __asm__ volatile("fxrstor64 %1\n fnsave %0\n" : "=m"(image) : "m"(other));
    CHECK(memcmp(image + 28, &pi, 10) == 0);
    uint16_t status;
    __asm__ volatile("frstor %2\n fstpt %0\n fnstsw %1" : "=m"(got), "=a"(status) : "m"(image));
    CHECK(got == pi);
    CHECK_EQ(status & 0x3800, 0);
}

int main(void)
{
    agreement();
    stays_inside();
    comes_back();
    return check_done();
}
