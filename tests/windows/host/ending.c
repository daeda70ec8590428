/*
 * What Windows says when it wants a console program to end: its handler runs on a new thread, the
 * process is gone when that returns, and more than one may come.
 *
 * wrap: SetConsoleCtrlHandler TerminateProcess ProcessIdToSessionId GetConsoleCP
 * wrap: RegisterClassExW CreateWindowExW
 */
#include <check.h>
#include <stdatomic.h>
#include <stdio.h>

#include "runtime/host/ending.h"
#include "runtime/host/park.h"
#include "runtime/host/time.h"
#include "tests/unit/run.h"
#include "tests/windows/host/shim.h"

static BOOL WINAPI shim_SetConsoleCtrlHandler(PHANDLER_ROUTINE handler, BOOL add);
static BOOL WINAPI shim_TerminateProcess(HANDLE process, UINT status);
static BOOL WINAPI shim_ProcessIdToSessionId(DWORD process, DWORD *session);
static UINT WINAPI shim_GetConsoleCP(void);
static ATOM WINAPI shim_RegisterClassExW(const WNDCLASSEXW *class);
static HWND WINAPI shim_CreateWindowExW(DWORD more, LPCWSTR class, LPCWSTR name, DWORD style, int x,
                                        int y, int width, int height, HWND parent, HMENU menu,
                                        HINSTANCE module, LPVOID arg);
SHIM(SetConsoleCtrlHandler);
SHIM(TerminateProcess);
SHIM(ProcessIdToSessionId);
SHIM(GetConsoleCP);
SHIM(RegisterClassExW);
SHIM(CreateWindowExW);

static PHANDLER_ROUTINE handlers[8];
static unsigned handler_count;
static DWORD session;
static UINT console;
static _Atomic unsigned windows;
static _Atomic unsigned finished, finished_at_end, ends;
static _Atomic UINT end_status;
static struct host_parker ended = HOST_PARKER_INIT, shown = HOST_PARKER_INIT;

static BOOL WINAPI shim_SetConsoleCtrlHandler(PHANDLER_ROUTINE handler, BOOL add)
{
    ck_assert(add);
    ck_assert_uint_lt(handler_count, 8);
    handlers[handler_count++] = handler;
    return TRUE;
}

/* Ends the thread alone. */
static BOOL WINAPI shim_TerminateProcess(HANDLE process, UINT status)
{
    if (handler_count == 0)
        return REAL(TerminateProcess)(process, status);
    finished_at_end = finished;
    end_status = status;
    ends++;
    host_unpark(&ended);
    ExitThread(0);
}

static BOOL WINAPI shim_ProcessIdToSessionId(DWORD process, DWORD *to)
{
    (void)process;
    *to = session;
    return TRUE;
}

static UINT WINAPI shim_GetConsoleCP(void)
{
    return console;
}

static ATOM WINAPI shim_RegisterClassExW(const WNDCLASSEXW *class)
{
    (void)class;
    return 1;
}

static HWND WINAPI shim_CreateWindowExW(DWORD more, LPCWSTR class, LPCWSTR name, DWORD style, int x,
                                        int y, int width, int height, HWND parent, HMENU menu,
                                        HINSTANCE module, LPVOID arg)
{
    (void)more, (void)class, (void)name, (void)x, (void)y, (void)width, (void)height;
    (void)menu, (void)module, (void)arg;
    /* Message-only and child windows are not told. */
    ck_assert(!parent && !(style & (WS_CHILD | WS_VISIBLE)));
    windows++;
    host_unpark(&shown);
    return NULL;
}

static void finish(void)
{
    finished++;
}

static DWORD WINAPI control(void *event)
{
    return (DWORD)handlers[handler_count - 1]((DWORD)(uintptr_t)event);
}

static HANDLE send(DWORD event)
{
    HANDLE thread = CreateThread(NULL, 0, control, (void *)(uintptr_t)event, 0, NULL);
    ck_assert_ptr_nonnull(thread);
    return thread;
}

START_TEST(log_off_of_others_does_not_end_a_service)
{
    DWORD handled;
    session = 0;
    ck_assert_int_eq(host_ending_watch(finish), 0);
    ck_assert_uint_eq(handler_count, 1);
    HANDLE thread = send(CTRL_LOGOFF_EVENT);
    ck_assert_uint_eq(WaitForSingleObject(thread, 60000), WAIT_OBJECT_0);
    ck_assert(GetExitCodeThread(thread, &handled) && handled);
    ck_assert_uint_eq(finished, 0);
}
END_TEST

/* Where users are, programs have a window, with a console or without. */
START_TEST(who_has_a_window)
{
    static const struct {
        DWORD session;
        UINT console;
    } rows[] = {{1, 0}, {1, 437}, {0, 437}};
    ck_assert_uint_eq(windows, 0);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        session = rows[i].session;
        console = rows[i].console;
        ck_assert_int_eq(host_ending_watch(finish), 0);
        ck_assert(host_park(&shown, host_clock_monotonic_ns() + 60000000000u));
        ck_assert_uint_eq(windows, i + 1);
    }
}
END_TEST

/* The second has to wait for the first, or the process would end in the middle of that. */
START_TEST(ends_once)
{
    send(CTRL_BREAK_EVENT);
    ck_assert(host_park(&ended, host_clock_monotonic_ns() + 60000000000u));
    ck_assert_uint_eq(finished_at_end, 1);
    ck_assert_uint_eq(end_status, 0xC000013A);
    HANDLE second = send(CTRL_CLOSE_EVENT);
    ck_assert_uint_eq(WaitForSingleObject(second, 100), WAIT_TIMEOUT);
    ck_assert_uint_eq(finished, 1);
    ck_assert_uint_eq(ends, 1);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("ending");
    tcase_set_timeout(tcase, 100);
    tcase_add_test(tcase, log_off_of_others_does_not_end_a_service);
    tcase_add_test(tcase, who_has_a_window);
    tcase_add_test(tcase, ends_once);
    int status = unit_run("windows ending", tcase);
    fflush(stdout);
    REAL(TerminateProcess)(GetCurrentProcess(), (UINT)status);
    return status;
}
