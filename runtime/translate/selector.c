/* Selectors and descriptors as a 64-bit process sees them. */
#include "runtime/translate/selector.h"

#include <string.h>

#include "runtime/host/env.h"
#include "runtime/host/log.h"
#include "runtime/host/thread.h"
#include "runtime/translate/cpu_fault.h"

/* The privilege of a selector; all of ours have that of user code, which may use any. */
#define RPL 3u

/* Descriptors of Linux's table that user code may look at (arch/x86/include/asm/segment.h), with
 * the rights that lar shows. */
#define CODE_OF_32_BITS 0x20
#define GET_CPU         0x78
static const struct descriptor {
    uint16_t selector;
    uint32_t rights, limit;
} descriptors[] = {
    {CODE_OF_32_BITS, 0xcffb00, UINT32_MAX},        /* code of 32 bits */
    {CPU_SELECTOR_SS & ~RPL, 0xcff300, UINT32_MAX}, /* data */
    {CPU_SELECTOR_CS & ~RPL, 0xaffb00, UINT32_MAX}, /* code of 64 bits */
    {GET_CPU, 0x40f500, 0 /* see limit */},         /* its limit is the processor's number */
};

static const struct descriptor *find(uint16_t selector)
{
    for (size_t i = 0; i < sizeof descriptors / sizeof *descriptors; i++)
        if (descriptors[i].selector == (selector & ~RPL))
            return &descriptors[i];
    return NULL;
}

static bool is_code(const struct descriptor *d)
{
    return d->rights >> 11 & 1;
}

static bool is_readable(const struct descriptor *d)
{
    return !is_code(d) || (d->rights >> 9 & 1);
}

static bool is_writable(const struct descriptor *d)
{
    return !is_code(d) && (d->rights >> 9 & 1);
}

static uint32_t limit(const struct descriptor *d)
{
    if (d->selector != GET_CPU)
        return d->limit;
    unsigned now = host_thread_processor();
    return now < host_cpu_count() ? now : 0;
}

static void set_register(struct cpu *cpu, uint64_t value)
{
    uint64_t *reg = &cpu->gpr[SELECTOR_REGISTER(cpu->helper_detail)];
    switch (SELECTOR_SIZE(cpu->helper_detail)) {
    case 2:
        *reg = (*reg & ~(uint64_t)UINT16_MAX) | (uint16_t)value;
        break;
    case 4:
        *reg = (uint32_t)value;
        break;
    case 8:
        *reg = value;
        break;
    }
}

static bool load(struct cpu *cpu, uint16_t selector)
{
    unsigned segment = SELECTOR_SEGMENT(cpu->helper_detail);
    const struct descriptor *d = find(selector);
    bool null = !(selector & ~RPL);
    bool fits = segment == CPU_SS ? d && is_writable(d) && (selector & RPL) == RPL
                                  : null || (d && is_readable(d));
    if (!fits) {
        fault_general(cpu, selector & ~RPL);
        return false;
    }
    cpu->selector[segment] = selector;
    if (segment == CPU_FS)
        cpu->fs_base = 0;
    if (segment == CPU_GS)
        cpu->gs_base = 0;
    set_register(cpu, cpu->helper_offset);
    cpu->gpr[CPU_RSP] += SELECTOR_POP(cpu->helper_detail);
    return true;
}

static bool look_descriptor_up(struct cpu *cpu, enum selector_use use, const struct descriptor *d)
{
    if (!d)
        return false;
    switch (use) {
    case SELECTOR_LAR:
        set_register(cpu, d->rights);
        return true;
    case SELECTOR_LSL:
        set_register(cpu, limit(d));
        return true;
    case SELECTOR_VERR:
        return is_readable(d);
    default:
        return is_writable(d);
    }
}

bool selector_wide_pointers(void)
{
    uint32_t vendor[4];
    cpu_cpuid(0, 0, vendor);
    return vendor[1] != 0x68747541 && vendor[1] != 0x6f677948; /* Auth..., Hygo... */
}

bool selector_answer(struct cpu *cpu)
{
    uint16_t selector = (uint16_t)cpu->helper_value;
    enum selector_use use = SELECTOR_USE(cpu->helper_detail);
    if (use == SELECTOR_REFUSE) {
        if ((selector & ~RPL) == CODE_OF_32_BITS)
            host_log("a program branches to 32-bit code, which is not supported (guest rip %#llx)",
                     (unsigned long long)cpu->rip);
        fault_general(cpu, selector & ~RPL);
        return false;
    }
    if (use == SELECTOR_LOAD) {
        if (!load(cpu, selector))
            return false;
    } else {
        cpu->rflags &= ~(uint64_t)CPU_FLAG_ZF;
        if (look_descriptor_up(cpu, use, find(selector)))
            cpu->rflags |= CPU_FLAG_ZF;
    }
    cpu->rip += SELECTOR_LENGTH(cpu->helper_detail);
    return true;
}
