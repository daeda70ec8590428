/* The hooks that a fault of this process is offered to. */
#include "runtime/host/fault.h"
#include "runtime/abi/errno.h"
#include "runtime/host/fault_hooks.h"
#include "runtime/host/log.h"
#include <string.h>

#define HOOKS 8

static host_fault_fn *hooks[HOOKS];
static unsigned hook_count;

int host_fault_add(host_fault_fn *fn)
{
    if (hook_count == HOOKS)
        return -L_ENOMEM;
    if (hook_count == 0) {
        int error = host_fault_install();
        if (error)
            return error;
    }
    hooks[hook_count++] = fn;
    return 0;
}

uint64_t host_fault_offer(const struct host_fault *fault)
{
    uint64_t rip = 0;
    for (unsigned i = 0; i < hook_count && !rip; i++)
        rip = hooks[i](fault);
    return rip;
}

static char *append_text(char *to, const char *text)
{
    size_t length = strlen(text);
    memcpy(to, text, length);
    return to + length;
}

static char *append_hex(char *to, uint64_t value)
{
    for (int shift = 60; shift >= 0; shift -= 4)
        *to++ = "0123456789abcdef"[(value >> shift) & 15];
    return to;
}

void host_fault_report(const struct host_fault *fault)
{
    static const char *const kinds[] = {
        "memory fault",        "protection fault", "bus error",     "alignment fault",
        "illegal instruction", "division error",   "x87 exception", "SIMD exception",
        "single-step trap",    "breakpoint"};
    char line[200];
    char *end = append_text(line, "foreland: internal error: ");
    end = append_text(end, kinds[fault->kind]);
    end = append_text(end, " at rip ");
    end = append_hex(end, fault->rip);
    end = append_text(end, " rsp ");
    end = append_hex(end, fault->rsp);
    if (fault->address_valid) {
        static const char *const accesses[] = {" reading ", " writing ", " executing "};
        end = append_text(end, accesses[fault->access]);
        end = append_hex(end, fault->address);
    }
    *end++ = '\n';
    host_log_raw(line, (size_t)(end - line));
}
