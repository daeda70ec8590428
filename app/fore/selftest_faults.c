/* What the host says of each kind of fault. */
#include <string.h>

#include "app/fore/selftest.h"
#include "runtime/host/fault.h"
#include "runtime/host/memory.h"

/* The argument is in rcx for both conventions, since it is given four times. 1 when it faulted. */
typedef int touch_fn(uint64_t, uint64_t, uint64_t, uint64_t);
touch_fn selftest_read, selftest_write, selftest_jump, selftest_divide, selftest_illegal,
    selftest_aligned, selftest_breakpoint;
extern char selftest_touch[], selftest_touch_end[], selftest_touch_failed[];
__asm__(".text\n"
        ".globl selftest_read, selftest_write, selftest_jump, selftest_divide, selftest_illegal\n"
        ".globl selftest_aligned, selftest_breakpoint\n"
        ".globl selftest_touch, selftest_touch_end, selftest_touch_failed\n"
        "selftest_touch:\n"
        "selftest_read: movb (%rcx), %al\n"
        "xorl %eax, %eax\n"
        "ret\n"
        "selftest_write: movb $90, (%rcx)\n"
        "xorl %eax, %eax\n"
        "ret\n"
        "selftest_jump: jmp *%rcx\n"
        "selftest_divide: xorl %edx, %edx\n"
        "movl $5, %eax\n"
        "divq %rcx\n"
        "xorl %eax, %eax\n"
        "ret\n"
        "selftest_illegal: ud2\n"
        "selftest_aligned: movaps (%rcx), %xmm0\n"
        "xorl %eax, %eax\n"
        "ret\n"
        "selftest_breakpoint: int3\n"
        "nop\n"
        "selftest_touch_end:\n"
        "selftest_touch_failed: movl $1, %eax\n"
        "ret\n");

static struct host_fault last;
static uint64_t jumped_to;

static uint64_t on_fault(const struct host_fault *fault)
{
    bool ours = fault->rip >= (uint64_t)(uintptr_t)selftest_touch &&
                fault->rip < (uint64_t)(uintptr_t)selftest_touch_end;
    if (!ours && (!jumped_to || fault->rip != jumped_to))
        return 0;
    last = *fault;
    return (uint64_t)(uintptr_t)selftest_touch_failed;
}

static void expect(const char *name, touch_fn *touch, uint64_t arg, enum host_fault_kind kind)
{
    memset(&last, 0xff, sizeof(last));
    int faulted = touch(arg, arg, arg, arg);
    selftest_line(name, faulted && last.kind == kind, "kind %d, wanted %d", (int)last.kind, kind);
}

static void expect_memory(const char *name, touch_fn *touch, uint64_t arg, uint32_t access)
{
    memset(&last, 0xff, sizeof(last));
    int faulted = touch(arg, arg, arg, arg);
    selftest_line(name,
                  faulted && last.kind == HOST_FAULT_MEMORY && last.access == access &&
                      last.address_valid && last.address == arg,
                  "kind %d, access %d, address %+lld of it", (int)last.kind, (int)last.access,
                  (long long)(last.address - arg));
}

void selftest_faults(void)
{
    uint64_t base;
    if (host_fault_add(on_fault) || host_reserve(0, HOST_GRANULARITY, &base) ||
        host_commit(base, HOST_PAGE, HOST_READ)) {
        selftest_line("faults can be had", false, "no memory");
        return;
    }
    expect_memory("a write to what can only be read", selftest_write, base + 5, HOST_ACCESS_WRITE);
    expect_memory("a read of what is not there", selftest_read, base + HOST_PAGE + 9,
                  HOST_ACCESS_READ);
    jumped_to = base;
    expect_memory("a jump to what is not code", selftest_jump, base, HOST_ACCESS_EXEC);
    jumped_to = 0;
    expect_memory("a read of address 16", selftest_read, 16, HOST_ACCESS_READ);
    expect("a read of an address that is not canonical", selftest_read, (uint64_t)1 << 63,
           HOST_FAULT_GENERAL);
    expect("a vector that is not aligned", selftest_aligned, base + 1, HOST_FAULT_GENERAL);
    expect("a division by zero", selftest_divide, 0, HOST_FAULT_DIVIDE);
    expect("an undefined instruction", selftest_illegal, 0, HOST_FAULT_ILLEGAL);
    expect("a breakpoint", selftest_breakpoint, 0, HOST_FAULT_BREAKPOINT);
    host_release(base, HOST_GRANULARITY);
}
