/*
 * Taking a thread elsewhere where Windows refuses for a while: it comes about all the same, by a
 * timer and not by asking on and on, and while the thread is stopped nothing else is called.
 *
 * wrap: SuspendThread ResumeThread GetThreadContext SetThreadContext WaitOnAddress
 * wrap: WakeByAddressSingle WriteFile SetWaitableTimer WaitForSingleObject
 */
#include <check.h>
#include <stdatomic.h>

#include "runtime/host/park.h"
#include "runtime/host/thread_native.h"
#include "runtime/host/time.h"
#include "tests/unit/run.h"
#include "tests/windows/host/shim.h"

#ifndef CONTEXT_EXCEPTION_REPORTING
#define CONTEXT_EXCEPTION_ACTIVE    0x08000000
#define CONTEXT_EXCEPTION_REPORTING 0x80000000
#endif

static DWORD WINAPI shim_SuspendThread(HANDLE thread);
static DWORD WINAPI shim_ResumeThread(HANDLE thread);
static BOOL WINAPI shim_GetThreadContext(HANDLE thread, CONTEXT *context);
static BOOL WINAPI shim_SetThreadContext(HANDLE thread, const CONTEXT *context);
static BOOL WINAPI shim_WaitOnAddress(volatile VOID *a, PVOID b, SIZE_T size, DWORD ms);
static VOID WINAPI shim_WakeByAddressSingle(PVOID address);
static BOOL WINAPI shim_WriteFile(HANDLE file, LPCVOID bytes, DWORD n, LPDWORD put, LPOVERLAPPED o);
static BOOL WINAPI shim_SetWaitableTimer(HANDLE timer, const LARGE_INTEGER *due, LONG period,
                                         PTIMERAPCROUTINE routine, LPVOID arg, BOOL resume);
static DWORD WINAPI shim_WaitForSingleObject(HANDLE handle, DWORD ms);
SHIM(SetWaitableTimer);
SHIM(WaitForSingleObject);
SHIM(SuspendThread);
SHIM(ResumeThread);
SHIM(GetThreadContext);
SHIM(SetThreadContext);
SHIM(WaitOnAddress);
SHIM(WakeByAddressSingle);
SHIM(WriteFile);

/* How often each refuses from now on. */
static _Atomic int suspend_refuses, get_refuses, busy_for, set_refuses;
static _Atomic int tries, forbidden;
static _Atomic DWORD suspender;
static uint64_t first_try, last_try;

/* The longest time that a timer was set to, in the 100 ns of Windows. */
static _Atomic LONGLONG longest;

/* Set when the thread that tries again has nobody left to try, and sleeps until it is woken. */
static HANDLE idle;

static void check_call(void)
{
    if (suspender == GetCurrentThreadId())
        forbidden++;
}

static DWORD WINAPI shim_SuspendThread(HANDLE thread)
{
    last_try = host_clock_monotonic_ns();
    if (tries++ == 0)
        first_try = last_try;
    if (suspend_refuses > 0 && suspend_refuses-- > 0) {
        SetLastError(ERROR_ACCESS_DENIED);
        return (DWORD)-1;
    }
    suspender = GetCurrentThreadId();
    return REAL(SuspendThread)(thread);
}

static DWORD WINAPI shim_ResumeThread(HANDLE thread)
{
    suspender = 0;
    return REAL(ResumeThread)(thread);
}

static BOOL WINAPI shim_GetThreadContext(HANDLE thread, CONTEXT *context)
{
    if (get_refuses > 0 && get_refuses-- > 0) {
        SetLastError(ERROR_GEN_FAILURE);
        return FALSE;
    }
    BOOL done = REAL(GetThreadContext)(thread, context);
    if (busy_for > 0 && busy_for-- > 0)
        context->ContextFlags |= CONTEXT_EXCEPTION_REPORTING | CONTEXT_EXCEPTION_ACTIVE;
    return done;
}

static BOOL WINAPI shim_SetThreadContext(HANDLE thread, const CONTEXT *context)
{
    if (set_refuses > 0 && set_refuses-- > 0) {
        SetLastError(ERROR_NOACCESS);
        return FALSE;
    }
    return REAL(SetThreadContext)(thread, context);
}

static BOOL WINAPI shim_WaitOnAddress(volatile VOID *a, PVOID b, SIZE_T size, DWORD ms)
{
    check_call();
    return REAL(WaitOnAddress)(a, b, size, ms);
}

static VOID WINAPI shim_WakeByAddressSingle(PVOID address)
{
    check_call();
    REAL(WakeByAddressSingle)(address);
}

static BOOL WINAPI shim_WriteFile(HANDLE file, LPCVOID bytes, DWORD n, LPDWORD put, LPOVERLAPPED o)
{
    check_call();
    return REAL(WriteFile)(file, bytes, n, put, o);
}

static BOOL WINAPI shim_SetWaitableTimer(HANDLE timer, const LARGE_INTEGER *due, LONG period,
                                         PTIMERAPCROUTINE routine, LPVOID arg, BOOL resume)
{
    if (-due->QuadPart > longest)
        longest = -due->QuadPart;
    return REAL(SetWaitableTimer)(timer, due, period, routine, arg, resume);
}

static DWORD WINAPI shim_WaitForSingleObject(HANDLE handle, DWORD ms)
{
    if (ms == INFINITE)
        SetEvent(idle);
    return REAL(WaitForSingleObject)(handle, ms);
}

/* An endless loop, and the way out that only a redirect can take. */
void loop_in(void);
extern char loop_start[], loop_end[], loop_out[];
__asm__(".text\n"
        ".globl loop_in, loop_start, loop_end, loop_out\n"
        "loop_in:\n"
        "loop_start:\n"
        "1: pause\n"
        "jmp 1b\n"
        "loop_end:\n"
        "loop_out:\n"
        "ret\n");

static struct host_parker done = HOST_PARKER_INIT;
static struct host_thread *_Atomic looping;

static uint64_t leave_loop(struct host_thread *thread, uint64_t rip, uint64_t rsp)
{
    (void)rsp;
    if (thread == looping && rip >= (uint64_t)(uintptr_t)loop_start &&
        rip < (uint64_t)(uintptr_t)loop_end)
        return (uint64_t)(uintptr_t)loop_out;
    return 0;
}

static void loop(void *arg)
{
    (void)arg;
    looping = host_thread_self();
    loop_in();
    looping = NULL;
    host_unpark(&done);
}

static uint64_t soon(void)
{
    return host_clock_monotonic_ns() + 60000000000u;
}

static bool in_loop(struct host_thread *thread)
{
    CONTEXT context = {.ContextFlags = CONTEXT_CONTROL};
    HANDLE handle = (HANDLE)(uintptr_t)thread->handle;
    REAL(SuspendThread)(handle);
    REAL(GetThreadContext)(handle, &context);
    REAL(ResumeThread)(handle);
    return context.Rip >= (uint64_t)(uintptr_t)loop_start &&
           context.Rip < (uint64_t)(uintptr_t)loop_end;
}

/* Asks once, and waits until the thread has left the loop and none is tried any more. */
static void redirect_once(void)
{
    uint64_t deadline = soon();
    ck_assert_int_eq(host_thread_start(loop, NULL), 0);
    while (!looping || !in_loop(looping)) {
        host_thread_yield();
        ck_assert_uint_lt(host_clock_monotonic_ns(), deadline);
    }
    tries = 0;
    host_thread_redirect(looping);
    ck_assert_msg(host_park(&done, deadline), "still in the loop after %d tries", tries);
    ck_assert_int_eq(forbidden, 0);
    if (tries > 1)
        ck_assert_uint_eq(REAL(WaitForSingleObject)(idle, 60000), WAIT_OBJECT_0);
}

START_TEST(allowed)
{
    redirect_once();
    ck_assert_int_eq(tries, 1);
}
END_TEST

START_TEST(refused_at_first)
{
    set_refuses = 6;
    redirect_once();
    ck_assert_int_eq(tries, 7);
    ck_assert_uint_ge(last_try - first_try, 63000000); /* 1, 2, 4, ... 32 ms */
    get_refuses = 1;
    redirect_once();
    ck_assert_int_eq(tries, 2);
    suspend_refuses = 2;
    redirect_once();
    ck_assert_int_eq(tries, 3);
}
END_TEST

/* A page that is being brought in, and then the thread goes on as if nothing had been. */
START_TEST(busy_at_first)
{
    busy_for = 2;
    redirect_once();
    ck_assert_int_eq(tries, 3);
}
END_TEST

START_TEST(refused_for_long)
{
    set_refuses = 10;
    longest = 0;
    redirect_once();
    ck_assert_int_eq(tries, 11);
    /* 1, 2, 4, ... 64, 64, 64, 64 ms */
    ck_assert_uint_ge(last_try - first_try, 250000000);
    ck_assert_int_le(longest, 640000);
}
END_TEST

/* However long the pauses have become: the next thread is tried again as soon as the first was. */
START_TEST(begins_anew)
{
    set_refuses = 7;
    redirect_once();
    set_refuses = 1;
    longest = 0;
    redirect_once();
    ck_assert_int_eq(tries, 2);
    ck_assert_int_le(longest, 10000); /* 1 ms */
}
END_TEST

int main(void)
{
    idle = CreateEventW(NULL, FALSE, FALSE, NULL);
    host_redirect_set(leave_loop);
    TCase *tcase = tcase_create("redirect");
    tcase_set_timeout(tcase, 100);
    tcase_add_test(tcase, allowed);
    tcase_add_test(tcase, refused_at_first);
    tcase_add_test(tcase, busy_at_first);
    tcase_add_test(tcase, refused_for_long);
    tcase_add_test(tcase, begins_anew);
    return unit_run("windows redirect", tcase);
}
