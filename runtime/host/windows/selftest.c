/* What `fore selftest` asks of this host. */
#include "runtime/host/selftest.h"

#include <stdint.h>
#include <stdio.h>
#include <windows.h>

#define PAGE    ((SIZE_T)4096)
#define WAIT_MS 2000

#ifndef CREATE_WAITABLE_TIMER_HIGH_RESOLUTION
#define CREATE_WAITABLE_TIMER_HIGH_RESOLUTION 2
#endif

static void say_result(host_selftest_fn *report, const char *name, bool pass, const char *format,
                       unsigned long value)
{
    char text[100];
    snprintf(text, sizeof(text), format, value);
    report(name, pass, text);
}

static DWORD protection_of(void *address)
{
    MEMORY_BASIC_INFORMATION page = {0};
    VirtualQuery(address, &page, sizeof(page));
    return page.Protect;
}

/* Documented for neither answer: the protection is set again in any case. */
static void check_commit(host_selftest_fn *report)
{
    DWORD old, seen = 0;
    char *at = VirtualAlloc(NULL, PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READONLY);
    if (at && VirtualAlloc(at, PAGE, MEM_COMMIT, PAGE_READWRITE))
        seen = protection_of(at);
    bool set = at && VirtualProtect(at, PAGE, PAGE_READWRITE, &old);
    say_result(report, "a committed page gets a new protection", set, "%#lx when committed again",
               seen);
    if (at)
        VirtualFree(at, 0, MEM_RELEASE);
}

static void check_copy_view(host_selftest_fn *report)
{
    DWORD old;
    HANDLE section = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 65536, NULL);
    char *at = section ? MapViewOfFile(section, FILE_MAP_COPY, 0, 0, 65536) : NULL;
    bool closed = at && VirtualProtect(at, PAGE, PAGE_READONLY, &old);
    DWORD error = at && VirtualProtect(at, PAGE, PAGE_READWRITE, &old) ? 0 : GetLastError();
    bool copies = closed && (!error || VirtualProtect(at, PAGE, PAGE_WRITECOPY, &old));
    say_result(report, "a view of its own can be opened again", copies, "PAGE_READWRITE: error %lu",
               error);
    if (at)
        UnmapViewOfFile(at);
    if (section)
        CloseHandle(section);
}

struct pipe_test {
    HANDLE read_end;
    DWORD error;
};

static DWORD WINAPI read_pipe(void *arg)
{
    struct pipe_test *test = arg;
    char byte;
    DWORD got;
    test->error = ReadFile(test->read_end, &byte, 1, &got, NULL) ? 0 : GetLastError();
    return 0;
}

static DWORD WINAPI ask_type(void *arg)
{
    return GetFileType(((struct pipe_test *)arg)->read_end);
}

static bool ended(HANDLE thread)
{
    return thread && WaitForSingleObject(thread, WAIT_MS) == WAIT_OBJECT_0;
}

/* The reader is in its read for certain only when it does not end. */
static void check_pipe(host_selftest_fn *report)
{
    static struct pipe_test test; /* outlives a thread that cannot be stopped */
    HANDLE write_end;
    char byte = 0;
    DWORD put;
    if (!CreatePipe(&test.read_end, &write_end, NULL, 0)) {
        say_result(report, "a pipe can be made", false, "error %lu", GetLastError());
        return;
    }
    HANDLE reader = CreateThread(NULL, 0, read_pipe, &test, 0, NULL);
    bool waits = reader && WaitForSingleObject(reader, 200) == WAIT_TIMEOUT;
    report("an empty pipe makes its reader wait", waits, waits ? "yes" : "no");
    HANDLE asker = CreateThread(NULL, 0, ask_type, &test, 0, NULL);
    report("what a pipe is, asked while a thread reads it", true,
           ended(asker) ? "is answered" : "waits for the reader");
    bool cancelled = CancelSynchronousIo(reader) && ended(reader);
    say_result(report, "a waiting read can be cancelled", cancelled, "error %lu", test.error);
    if (!cancelled)
        return;
    CloseHandle(test.read_end);
    DWORD error = WriteFile(write_end, &byte, 1, &put, NULL) ? 0 : GetLastError();
    say_result(report, "a pipe without a reader says so",
               error == ERROR_BROKEN_PIPE || error == ERROR_NO_DATA ||
                   error == ERROR_PIPE_NOT_CONNECTED,
               "error %lu", error);
    CloseHandle(write_end);
}

static BOOL WINAPI on_control(DWORD event)
{
    (void)event;
    return FALSE;
}

static void check_policies(host_selftest_fn *report)
{
    static const struct {
        int policy;
        const char *name;
    } policies[] = {{2, "policy for dynamic code"},
                    {7, "policy for control flow guard"},
                    {15, "policy for user shadow stacks"}};
    for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
        DWORD flags = 0;
        if (GetProcessMitigationPolicy(GetCurrentProcess(),
                                       (PROCESS_MITIGATION_POLICY)policies[i].policy, &flags,
                                       sizeof(flags)))
            say_result(report, policies[i].name, true, "%#lx", flags);
        else
            say_result(report, policies[i].name, true, "unknown here (error %lu)", GetLastError());
    }
}

void host_selftest(host_selftest_fn *report)
{
    check_policies(report);
    check_commit(report);
    check_copy_view(report);
    check_pipe(report);
    HANDLE timer =
        CreateWaitableTimerExW(NULL, NULL, CREATE_WAITABLE_TIMER_HIGH_RESOLUTION, TIMER_ALL_ACCESS);
    report("timers of high resolution", true, timer ? "yes" : "no");
    if (timer)
        CloseHandle(timer);
    bool handled = SetConsoleCtrlHandler(on_control, TRUE);
    SetConsoleCtrlHandler(on_control, FALSE);
    say_result(report, "events of the console can be had", handled, "code page %lu",
               GetConsoleCP());
}

void host_system_name(char *buffer, size_t size)
{
    typedef LONG WINAPI get_version(OSVERSIONINFOW *);
    OSVERSIONINFOW v = {.dwOSVersionInfoSize = sizeof(v)};
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
    get_version *get = ntdll ? (get_version *)(void *)GetProcAddress(ntdll, "RtlGetVersion") : NULL;
    if (get)
        get(&v);
    snprintf(buffer, size, "Windows %lu.%lu.%lu", (unsigned long)v.dwMajorVersion,
             (unsigned long)v.dwMinorVersion, (unsigned long)v.dwBuildNumber);
}
