/*
 * What a Windows says that protects this program more than translated code can bear, and one that
 * makes timers coarse.
 *
 * wrap: GetProcessMitigationPolicy SetProcessInformation
 */
#include <check.h>
#include <string.h>

#include "runtime/host/policy.h"
#include "runtime/host/time.h"
#include "tests/unit/run.h"
#include "tests/windows/host/shim.h"

static BOOL WINAPI shim_GetProcessMitigationPolicy(HANDLE process, PROCESS_MITIGATION_POLICY policy,
                                                   PVOID to, SIZE_T size);
static BOOL WINAPI shim_SetProcessInformation(HANDLE process, PROCESS_INFORMATION_CLASS what,
                                              LPVOID from, DWORD size);
SHIM(GetProcessMitigationPolicy);
SHIM(SetProcessInformation);

static DWORD dynamic_code, control_flow, shadow_stack;
static bool is_old, refuses;
static PROCESS_POWER_THROTTLING_STATE throttling;

static BOOL WINAPI shim_GetProcessMitigationPolicy(HANDLE process, PROCESS_MITIGATION_POLICY policy,
                                                   PVOID to, SIZE_T size)
{
    ck_assert_ptr_eq(process, GetCurrentProcess());
    ck_assert_uint_eq(size, sizeof(DWORD));
    if (policy == 15 && is_old) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    *(DWORD *)to = policy == 2 ? dynamic_code : policy == 7 ? control_flow : shadow_stack;
    return TRUE;
}

static BOOL WINAPI shim_SetProcessInformation(HANDLE process, PROCESS_INFORMATION_CLASS what,
                                              LPVOID from, DWORD size)
{
    ck_assert_ptr_eq(process, GetCurrentProcess());
    ck_assert_int_eq(what, ProcessPowerThrottling);
    ck_assert_uint_eq(size, sizeof(throttling));
    memcpy(&throttling, from, size);
    SetLastError(ERROR_INVALID_PARAMETER);
    return !refuses;
}

static void expect(enum host_policy wanted, const char *first, const char *second)
{
    char text[512];
    ck_assert_int_eq(host_policy(text, sizeof(text)), wanted);
    ck_assert_ptr_null(strchr(text, '\n'));
    ck_assert_int_eq(text[0] == 0, wanted == HOST_POLICY_FREE);
    ck_assert_msg(strstr(text, first) && strstr(text, second), "%s", text);
}

START_TEST(policies)
{
    expect(HOST_POLICY_FREE, "", "");
    dynamic_code = 1;
    expect(HOST_POLICY_FORBIDS, "cannot run", "arbitrary code guard");
    /* Only watched. */
    dynamic_code = 8;
    control_flow = 1;
    expect(HOST_POLICY_FREE, "", "");
    control_flow = 5;
    shadow_stack = 1;
    expect(HOST_POLICY_HINDERS, "may fail", "stack protection, control flow guard (strict)");
    shadow_stack = 0x11;
    expect(HOST_POLICY_FORBIDS, "cannot run", "stack protection (strict), control flow");
    control_flow = 0;
    is_old = true;
    expect(HOST_POLICY_FREE, "", "");
}
END_TEST

START_TEST(timers_stay_precise)
{
    for (int i = 0; i < 2; i++) {
        memset(&throttling, 0xff, sizeof(throttling));
        refuses = i == 1;
        struct host_timer *timer = host_timer_create();
        ck_assert_ptr_nonnull(timer);
        host_timer_free(timer);
        ck_assert_uint_eq(throttling.Version, 1);
        ck_assert_uint_eq(throttling.ControlMask, 4);
        ck_assert_uint_eq(throttling.StateMask, 0);
    }
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("policy");
    tcase_add_test(tcase, policies);
    tcase_add_test(tcase, timers_stay_precise);
    return unit_run("windows policy", tcase);
}
