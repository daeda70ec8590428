/* The processor as a guest sees it. */
#include "runtime/translate/cpuid.h"

#include <cpuid.h>
#include <stdatomic.h>
#include <string.h>

static uint64_t xcr0;
static uint32_t highest[2]; /* leaf, of the basic ones and of the extended */

static void host_cpuid(uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    __cpuid_count(leaf, sub, out[0], out[1], out[2], out[3]);
}

int cpuid_init(void)
{
    uint32_t r[4], low, high;
    host_cpuid(0x80000000u, 0, r);
    highest[1] = r[0];
    host_cpuid(0, 0, r);
    highest[0] = r[0];
    host_cpuid(1, 0, r);
    if (!(r[2] >> 27 & 1) || !(r[2] >> 20 & 1))
        return -1;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    xcr0 = low & 7;
    if (xcr0 != 7)
        xcr0 = 3;
    return 0;
}

bool cpuid_xgetbv1(void)
{
    uint32_t r[4];
    if (highest[0] < 0xd)
        return false;
    host_cpuid(0xd, 1, r);
    return r[0] >> 2 & 1;
}

bool cpuid_quick_loop(void)
{
    uint32_t r[4];
    char maker[12];
    cpu_cpuid(0, 0, r);
    memcpy(maker, &r[1], 4);
    memcpy(maker + 4, &r[3], 4);
    memcpy(maker + 8, &r[2], 4);
    return !memcmp(maker, "AuthenticAMD", 12) || !memcmp(maker, "HygonGenuine", 12);
}

uint64_t cpuid_xcr0(void)
{
    return xcr0;
}

uint64_t cpu_xcr0(void)
{
    return xcr0;
}

/* Leaf 1 ecx bits a guest may see: SSE3 PCLMUL SSSE3 FMA CX16 SSE4.1 SSE4.2 MOVBE POPCNT AES XSAVE
 * OSXSAVE AVX F16C RDRAND. */
#define LEAF1_ECX     0x7ed83203u
#define LEAF1_ECX_AVX ((1u << 12) | (1u << 28) | (1u << 29))
/* edx: all but MCA-related, ACPI, thermal and debug-store features: FPU VME DE PSE TSC MSR PAE MCE
 * CX8 APIC SEP MTRR PGE MCA CMOV PAT PSE36 CLFSH MMX FXSR SSE SSE2 SS HTT. */
#define LEAF1_EDX 0x1f8bfbffu
/* Leaf 7 ebx: BMI1 AVX2 SMEP BMI2 ERMS RDSEED ADX SMAP CLFLUSHOPT CLWB SHA. */
#define LEAF7_EBX                                                                                  \
    ((1u << 3) | (1u << 5) | (1u << 7) | (1u << 8) | (1u << 9) | (1u << 18) | (1u << 19) |         \
     (1u << 20) | (1u << 23) | (1u << 24) | (1u << 29))
/* ecx: GFNI VAES VPCLMULQDQ RDPID; the first three also have forms of AVX. */
#define LEAF7_ECX_AVX ((1u << 8) | (1u << 9) | (1u << 10))
#define LEAF7_ECX     (LEAF7_ECX_AVX | (1u << 22))
#define LEAF7_EDX     (1u << 4) /* FSRM */

static void leaf1(uint32_t out[4])
{
    out[2] &= LEAF1_ECX;
    out[2] |= 1u << 27;
    if (xcr0 != 7)
        out[2] &= ~LEAF1_ECX_AVX;
    out[3] &= LEAF1_EDX;
}

static void leaf7(uint32_t sub, uint32_t out[4])
{
    if (sub != 0) {
        memset(out, 0, 16);
        return;
    }
    out[0] = 0;
    out[1] &= LEAF7_EBX;
    if (xcr0 != 7)
        out[1] &= ~(1u << 5);
    out[2] &= xcr0 == 7 ? LEAF7_ECX : LEAF7_ECX & ~LEAF7_ECX_AVX;
    out[3] &= LEAF7_EDX;
}

static void leaf_xsave(uint32_t sub, uint32_t out[4])
{
    uint32_t size = xcr0 == 7 ? CPU_XSAVE_SIZE : 576;
    if (sub == 0) {
        out[0] = (uint32_t)xcr0;
        out[1] = out[2] = size;
        out[3] = 0;
    } else if (sub == 1) {
        out[0] &= 3; /* XSAVEOPT, XSAVEC */
        out[1] = size;
        out[2] = out[3] = 0;
    } else if (sub == 2 && xcr0 == 7) {
        out[0] = 256;
        out[1] = CPU_XSAVE_YMMH;
        out[2] = out[3] = 0;
    } else {
        memset(out, 0, 16);
    }
}

static void compute(uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    if ((leaf & 0x7fff0000) || (leaf & 0xffff) > (highest[leaf >> 31] & 0xffff)) {
        memset(out, 0, 16);
        return;
    }
    host_cpuid(leaf, sub, out);
    switch (leaf) {
    case 0:
        if (out[0] > 0x16)
            out[0] = 0x16;
        break;
    case 1:
        leaf1(out);
        break;
    case 7:
        leaf7(sub, out);
        break;
    case 0xd:
        leaf_xsave(sub, out);
        break;
    case 0x80000001:
        out[2] &= (1u << 0) | (1u << 5) | (1u << 8);       /* LAHF LZCNT PREFETCHW */
        out[3] &= ~((1u << 22) | (1u << 30) | (1u << 31)); /* MMXEXT 3DNOW */
        break;
    case 0x80000008:
        out[1] = 0;
        break;
    case 5:
    case 6:
    case 0xa:
    case 0xf:
    case 0x10:
    case 0x12:
    case 0x14:
        memset(out, 0, 16);
        break;
    default:
        if (leaf > 0x16 && leaf < 0x80000000u)
            memset(out, 0, 16);
        break;
    }
}

/* The instruction leaves a virtual machine, which takes some 30 us, and ld.so asks dozens of times:
 * answers are kept. */
#define KEPT 256

enum { EMPTY, BEING_MADE, READY };

static struct kept {
    _Atomic uint32_t state;
    uint32_t leaf, sub, out[4];
} kept[KEPT];

void cpu_cpuid(uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    uint32_t hash = (leaf * 0x9e3779b1u) ^ (sub * 0x85ebca6bu);
    struct kept *entry = &kept[hash >> 24];
    if (atomic_load_explicit(&entry->state, memory_order_acquire) == READY && entry->leaf == leaf &&
        entry->sub == sub) {
        memcpy(out, entry->out, sizeof(entry->out));
        return;
    }
    compute(leaf, sub, out);
    uint32_t empty = EMPTY;
    if (!atomic_compare_exchange_strong(&entry->state, &empty, BEING_MADE))
        return;
    entry->leaf = leaf;
    entry->sub = sub;
    memcpy(entry->out, out, sizeof(entry->out));
    atomic_store_explicit(&entry->state, READY, memory_order_release);
}
