/* How fast the time-stamp counter runs. */
#include "runtime/host/time.h"
#include <cpuid.h>
#include <stdatomic.h>
#include <x86intrin.h>

/* Intel SDM vol. 3, 18.17: CPUID.80000007H:EDX[8], the counter runs at a constant rate. */
static bool constant_rate(void)
{
    uint32_t eax, ebx, ecx, edx;
    return __get_cpuid(0x80000007, &eax, &ebx, &ecx, &edx) && (edx & (1u << 8));
}

/* Counter and clock read close together: of several tries the one that took least. */
static uint64_t sample(uint64_t *clock)
{
    uint64_t best = UINT64_MAX, tsc = 0;
    *clock = 0;
    for (int i = 0; i < 8; i++) {
        uint64_t before = __rdtsc();
        uint64_t now = host_clock_monotonic_ns();
        uint64_t after = __rdtsc();
        if (after - before < best) {
            best = after - before;
            tsc = before + (after - before) / 2;
            *clock = now;
        }
    }
    return tsc;
}

uint64_t host_tsc_frequency(void)
{
    static _Atomic uint64_t frequency;
    uint64_t known = atomic_load(&frequency);
    if (known || !constant_rate())
        return known;
    uint64_t clock0, clock1;
    uint64_t tsc0 = sample(&clock0);
    while (host_clock_monotonic_ns() - clock0 < 10000000)
        __builtin_ia32_pause();
    uint64_t tsc1 = sample(&clock1);
    known = (uint64_t)((double)(tsc1 - tsc0) * 1e9 / (double)(clock1 - clock0));
    atomic_store(&frequency, known);
    return known;
}
