/* /proc/cpuinfo, from what the guest's cpuid reports. Flag names as Linux prints them; bits from
 * the Intel SDM vol. 2A, CPUID. */
#include "runtime/host/env.h"
#include "runtime/host/time.h"
#include "runtime/proc/proc.h"
#include "runtime/translate/cpu.h"
#include <stdio.h>
#include <string.h>

enum { EAX, EBX, ECX, EDX };

struct flag {
    const char *name;
    uint32_t leaf;
    uint8_t subleaf, reg, bit;
};

static const struct flag flags[] = {
    {"fpu", 1, 0, EDX, 0},
    {"vme", 1, 0, EDX, 1},
    {"de", 1, 0, EDX, 2},
    {"pse", 1, 0, EDX, 3},
    {"tsc", 1, 0, EDX, 4},
    {"msr", 1, 0, EDX, 5},
    {"pae", 1, 0, EDX, 6},
    {"mce", 1, 0, EDX, 7},
    {"cx8", 1, 0, EDX, 8},
    {"apic", 1, 0, EDX, 9},
    {"sep", 1, 0, EDX, 11},
    {"mtrr", 1, 0, EDX, 12},
    {"pge", 1, 0, EDX, 13},
    {"mca", 1, 0, EDX, 14},
    {"cmov", 1, 0, EDX, 15},
    {"pat", 1, 0, EDX, 16},
    {"pse36", 1, 0, EDX, 17},
    {"clflush", 1, 0, EDX, 19},
    {"mmx", 1, 0, EDX, 23},
    {"fxsr", 1, 0, EDX, 24},
    {"sse", 1, 0, EDX, 25},
    {"sse2", 1, 0, EDX, 26},
    {"ss", 1, 0, EDX, 27},
    {"ht", 1, 0, EDX, 28},
    {"syscall", 0x80000001, 0, EDX, 11},
    {"nx", 0x80000001, 0, EDX, 20},
    {"pdpe1gb", 0x80000001, 0, EDX, 26},
    {"rdtscp", 0x80000001, 0, EDX, 27},
    {"lm", 0x80000001, 0, EDX, 29},
    {"constant_tsc", 0x80000007, 0, EDX, 8},
    {"pni", 1, 0, ECX, 0},
    {"pclmulqdq", 1, 0, ECX, 1},
    {"ssse3", 1, 0, ECX, 9},
    {"fma", 1, 0, ECX, 12},
    {"cx16", 1, 0, ECX, 13},
    {"pcid", 1, 0, ECX, 17},
    {"sse4_1", 1, 0, ECX, 19},
    {"sse4_2", 1, 0, ECX, 20},
    {"x2apic", 1, 0, ECX, 21},
    {"movbe", 1, 0, ECX, 22},
    {"popcnt", 1, 0, ECX, 23},
    {"aes", 1, 0, ECX, 25},
    {"xsave", 1, 0, ECX, 26},
    {"avx", 1, 0, ECX, 28},
    {"f16c", 1, 0, ECX, 29},
    {"rdrand", 1, 0, ECX, 30},
    {"hypervisor", 1, 0, ECX, 31},
    {"lahf_lm", 0x80000001, 0, ECX, 0},
    {"abm", 0x80000001, 0, ECX, 5},
    {"sse4a", 0x80000001, 0, ECX, 6},
    {"misalignsse", 0x80000001, 0, ECX, 7},
    {"3dnowprefetch", 0x80000001, 0, ECX, 8},
    {"fsgsbase", 7, 0, EBX, 0},
    {"bmi1", 7, 0, EBX, 3},
    {"avx2", 7, 0, EBX, 5},
    {"smep", 7, 0, EBX, 7},
    {"bmi2", 7, 0, EBX, 8},
    {"erms", 7, 0, EBX, 9},
    {"rdseed", 7, 0, EBX, 18},
    {"adx", 7, 0, EBX, 19},
    {"clflushopt", 7, 0, EBX, 23},
    {"clwb", 7, 0, EBX, 24},
    {"sha_ni", 7, 0, EBX, 29},
    {"xsaveopt", 0xd, 1, EAX, 0},
    {"xsavec", 0xd, 1, EAX, 1},
    {"xgetbv1", 0xd, 1, EAX, 2},
    {"gfni", 7, 0, ECX, 8},
    {"vaes", 7, 0, ECX, 9},
    {"vpclmulqdq", 7, 0, ECX, 10},
    {"rdpid", 7, 0, ECX, 22},
    {"movdiri", 7, 0, ECX, 27},
    {"fsrm", 7, 0, EDX, 4},
};

static void add_flags(struct proc_text *text)
{
    proc_add(text, "flags\t\t:");
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        const struct flag *f = &flags[i];
        uint32_t top[4], regs[4];
        cpu_cpuid(f->leaf & 0x80000000u, 0, top);
        if (top[EAX] < f->leaf)
            continue;
        cpu_cpuid(f->leaf, f->subleaf, regs);
        if (regs[f->reg] >> f->bit & 1)
            proc_add(text, " %s", f->name);
    }
    proc_add(text, "\n");
}

/* The twelve bytes of the vendor and the 48 of the name. */
static void names(char vendor[13], char model[49])
{
    uint32_t r[4];
    cpu_cpuid(0, 0, r);
    memcpy(vendor, &r[EBX], 4);
    memcpy(vendor + 4, &r[EDX], 4);
    memcpy(vendor + 8, &r[ECX], 4);
    vendor[12] = 0;
    memset(model, 0, 49);
    cpu_cpuid(0x80000000u, 0, r);
    for (uint32_t i = 0; r[EAX] >= 0x80000004u && i < 3; i++) {
        uint32_t part[4];
        cpu_cpuid(0x80000002u + i, 0, part);
        memcpy(model + i * 16, part, 16);
    }
}

/* As Linux has it: of the second level on AMD's processors, of the last one on others; 0 when the
 * processor does not say. */
static uint32_t cache_kib(const char *vendor)
{
    uint32_t r[4], last = 0;
    cpu_cpuid(0x80000000u, 0, r);
    if (!strcmp(vendor, "AuthenticAMD") || !strcmp(vendor, "HygonGenuine")) {
        if (r[EAX] < 0x80000006u)
            return 0;
        cpu_cpuid(0x80000006u, 0, r);
        return r[ECX] >> 16;
    }
    cpu_cpuid(0, 0, r);
    for (uint32_t i = 0; r[EAX] >= 4 && i < 16; i++) {
        uint32_t c[4];
        cpu_cpuid(4, i, c);
        if (!(c[EAX] & 31))
            break;
        uint64_t ways = (c[EBX] >> 22) + 1, parts = (c[EBX] >> 12 & 1023) + 1;
        uint64_t bytes = ways * parts * ((c[EBX] & 4095) + 1) * ((uint64_t)c[ECX] + 1);
        last = (uint32_t)(bytes >> 10);
    }
    return last;
}

int proc_show_cpuinfo(struct proc_text *text, const struct proc_subject *s)
{
    char vendor[13], model[49];
    uint32_t r[4];
    unsigned count = host_cpu_count();
    uint64_t hz = host_tsc_frequency();
    (void)s;
    names(vendor, model);
    uint32_t cache = cache_kib(vendor);
    cpu_cpuid(1, 0, r);
    uint32_t family = r[EAX] >> 8 & 15, number = r[EAX] >> 4 & 15;
    if (family == 15)
        family += r[EAX] >> 20 & 255;
    if (family >= 6)
        number += (r[EAX] >> 16 & 15) << 4;
    for (unsigned i = 0; i < count; i++) {
        proc_add(text,
                 "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\n"
                 "model name\t: %s\nstepping\t: %u\n",
                 i, vendor, family, number, model[0] ? model : "unknown", r[EAX] & 15);
        if (hz)
            proc_add(text, "cpu MHz\t\t: %llu.%03llu\n", (unsigned long long)(hz / 1000000),
                     (unsigned long long)(hz / 1000 % 1000));
        if (cache)
            proc_add(text, "cache size\t: %u KB\n", cache);
        proc_add(
            text,
            "physical id\t: 0\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\n"
            "apicid\t\t: %u\nfpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: 13\nwp\t\t: yes\n",
            count, i, count, i);
        add_flags(text);
        proc_add(text,
                 "bugs\t\t:\nbogomips\t: %llu.00\nclflush size\t: %u\ncache_alignment\t: 64\n"
                 "address sizes\t: 48 bits physical, 48 bits virtual\npower management:\n\n",
                 (unsigned long long)(hz / 500000), (r[EBX] >> 8 & 255) * 8);
    }
    return 0;
}
