/* Whether Windows lets this process make code. */
#include "runtime/host/policy.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>

/* PROCESS_MITIGATION_POLICY and the bits of the policies' Flags (winnt.h); older headers lack the
 * last one. */
enum { DYNAMIC_CODE = 2, CONTROL_FLOW = 7, SHADOW_STACK = 15 };

static const struct {
    int policy;
    uint32_t bit;
    enum host_policy effect;
    const char *name; /* as Windows Security has it */
} rules[] = {
    {DYNAMIC_CODE, 1u << 0, HOST_POLICY_FORBIDS, "arbitrary code guard"},
    /* Strict mode also ends what returns where it was not called from. */
    {SHADOW_STACK, 1u << 4, HOST_POLICY_FORBIDS, "hardware-enforced stack protection (strict)"},
    /* A thread can be stopped but not taken elsewhere. */
    {SHADOW_STACK, 1u << 0, HOST_POLICY_HINDERS, "hardware-enforced stack protection"},
    {CONTROL_FLOW, 1u << 2, HOST_POLICY_HINDERS, "control flow guard (strict)"},
};

static uint32_t flags_of(int policy)
{
    DWORD flags = 0;
    /* A policy that this Windows does not know is not in force. */
    if (!GetProcessMitigationPolicy(GetCurrentProcess(), (PROCESS_MITIGATION_POLICY)policy, &flags,
                                    sizeof(flags)))
        return 0;
    return flags;
}

enum host_policy host_policy(char *text, size_t size)
{
    enum host_policy worst = HOST_POLICY_FREE;
    char names[200] = "";
    int last = -1;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (rules[i].policy == last || !(flags_of(rules[i].policy) & rules[i].bit))
            continue;
        last = rules[i].policy;
        size_t used = strlen(names);
        snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : "", rules[i].name);
        if (rules[i].effect > worst)
            worst = rules[i].effect;
    }
    if (size)
        text[0] = 0;
    if (worst)
        snprintf(text, size,
                 "Linux programs %s under Windows' %s: it can be turned off for this program in "
                 "Windows Security, App & browser control, Exploit protection settings",
                 worst == HOST_POLICY_FORBIDS ? "cannot run" : "may fail", names);
    return worst;
}
