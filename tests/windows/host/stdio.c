/*
 * Standard handles where Windows is not as patient as Wine: what a pipe is, or how full, is not to
 * be asked while a thread waits in a read of it, and parents give no handles, or invalid ones.
 *
 * wrap: GetFileType PeekNamedPipe ReadFile WriteFile GetStdHandle CancelSynchronousIo
 */
#include <check.h>
#include <stdatomic.h>
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/host/lock.h"
#include "runtime/host/stdio.h"
#include "runtime/host/time.h"
#include "tests/unit/run.h"
#include "tests/windows/host/shim.h"

static DWORD WINAPI shim_GetFileType(HANDLE handle);
static BOOL WINAPI shim_PeekNamedPipe(HANDLE handle, LPVOID bytes, DWORD n, LPDWORD got,
                                      LPDWORD all, LPDWORD left);
static BOOL WINAPI shim_ReadFile(HANDLE handle, LPVOID bytes, DWORD n, LPDWORD got, LPOVERLAPPED o);
static BOOL WINAPI shim_WriteFile(HANDLE handle, LPCVOID bytes, DWORD n, LPDWORD put,
                                  LPOVERLAPPED o);
static HANDLE WINAPI shim_GetStdHandle(DWORD name);
static BOOL WINAPI shim_CancelSynchronousIo(HANDLE thread);
SHIM(GetFileType);
SHIM(PeekNamedPipe);
SHIM(ReadFile);
SHIM(WriteFile);
SHIM(GetStdHandle);
SHIM(CancelSynchronousIo);

/* The standard handles of this process: two pipes, and none. */
static HANDLE input, output, error;
static struct host_mutex lock = HOST_MUTEX_INIT(RANK_TEST);
static struct host_cond changed = HOST_COND_INIT;
static bool reading, cancelled;
static char waiting[64]; /* what the pipe holds */
static int hangs, calls, types_asked;
static DWORD write_error;

static uint64_t soon(void)
{
    return host_clock_monotonic_ns() + 60000000000u;
}

static void count_hang(HANDLE handle)
{
    host_mutex_lock(&lock);
    hangs += handle == input && reading;
    host_mutex_unlock(&lock);
}

static HANDLE WINAPI shim_GetStdHandle(DWORD name)
{
    return name == STD_INPUT_HANDLE ? input : name == STD_OUTPUT_HANDLE ? output : error;
}

static DWORD WINAPI shim_GetFileType(HANDLE handle)
{
    count_hang(handle);
    types_asked++;
    if (handle == input || handle == output)
        return FILE_TYPE_PIPE;
    SetLastError(ERROR_INVALID_HANDLE);
    return FILE_TYPE_UNKNOWN;
}

static BOOL WINAPI shim_PeekNamedPipe(HANDLE handle, LPVOID bytes, DWORD n, LPDWORD got,
                                      LPDWORD all, LPDWORD left)
{
    (void)bytes, (void)n, (void)got, (void)left;
    count_hang(handle);
    *all = 0;
    return TRUE;
}

static BOOL WINAPI shim_ReadFile(HANDLE handle, LPVOID bytes, DWORD n, LPDWORD got, LPOVERLAPPED o)
{
    if (handle != input)
        return REAL(ReadFile)(handle, bytes, n, got, o);
    host_mutex_lock(&lock);
    reading = true;
    host_cond_broadcast(&changed);
    while (!waiting[0] && !cancelled)
        host_cond_wait(&changed, &lock, HOST_FOREVER);
    *got = (DWORD)strlen(waiting);
    memcpy(bytes, waiting, *got);
    waiting[0] = 0;
    reading = false;
    host_cond_broadcast(&changed);
    host_mutex_unlock(&lock);
    SetLastError(*got ? NO_ERROR : ERROR_OPERATION_ABORTED);
    return *got != 0;
}

static BOOL WINAPI shim_WriteFile(HANDLE handle, LPCVOID bytes, DWORD n, LPDWORD put,
                                  LPOVERLAPPED o)
{
    if (handle != output)
        return REAL(WriteFile)(handle, bytes, n, put, o);
    SetLastError(write_error);
    return FALSE;
}

static BOOL WINAPI shim_CancelSynchronousIo(HANDLE thread)
{
    ck_assert(GetThreadId(thread) != GetCurrentThreadId());
    host_mutex_lock(&lock);
    cancelled = true;
    host_cond_broadcast(&changed);
    host_mutex_unlock(&lock);
    return TRUE;
}

static void on_ready(void *arg)
{
    (void)arg;
    host_mutex_lock(&lock);
    calls++;
    host_cond_broadcast(&changed);
    host_mutex_unlock(&lock);
}

static void wait_for(const bool *flag, const int *count)
{
    uint64_t deadline = soon();
    host_mutex_lock(&lock);
    while (flag ? !*flag : *count == 0)
        ck_assert(host_cond_wait(&changed, &lock, deadline));
    host_mutex_unlock(&lock);
}

/* In this order: what a handle is is asked once. */

START_TEST(nothing_is_asked_while_a_thread_reads)
{
    char bytes[16];
    input = CreateEventW(NULL, TRUE, FALSE, NULL);
    output = CreateEventW(NULL, TRUE, FALSE, NULL);
    host_stdio_claim();
    ck_assert_int_eq(types_asked, 2);
    host_stdio_notify(0, on_ready, NULL);
    ck_assert(!host_stdio_readable(0));
    wait_for(&reading, NULL);
    ck_assert_int_eq(host_stdio_kind(0), HOST_STDIO_PIPE);
    ck_assert_int_eq(host_stdio_read(0, bytes, sizeof(bytes)), -L_EAGAIN);
    ck_assert_uint_eq(host_stdio_available(0), 0);
    ck_assert_int_eq(host_stdio_seek(0, 0, 0), -L_ESPIPE);
    ck_assert_int_eq(host_stdio_size(0), -L_ESPIPE);
    host_mutex_lock(&lock);
    strcpy(waiting, "abc");
    host_cond_broadcast(&changed);
    host_mutex_unlock(&lock);
    wait_for(NULL, &calls);
    ck_assert_uint_eq(host_stdio_available(0), 3);
    ck_assert_int_eq(host_stdio_read(0, bytes, sizeof(bytes)), 3);
    ck_assert_int_eq(hangs, 0);
    ck_assert_int_eq(types_asked, 2);
}
END_TEST

START_TEST(missing_handles_are_the_null_device)
{
    char byte;
    ck_assert_int_eq(host_stdio_kind(2), HOST_STDIO_DEVICE);
    /* The number is given to a file later. */
    error = output;
    ck_assert_int_eq(host_stdio_kind(2), HOST_STDIO_DEVICE);
    ck_assert_int_eq(host_stdio_write(2, "text", 4), 4);
    ck_assert_int_eq(host_stdio_read(2, &byte, 1), 0);
    ck_assert(host_stdio_readable(2));
    ck_assert_int_eq(host_stdio_seek(2, 0, 0), -L_ESPIPE);
}
END_TEST

START_TEST(readers_that_are_gone)
{
    static const DWORD codes[] = {ERROR_BROKEN_PIPE, ERROR_NO_DATA, ERROR_PIPE_NOT_CONNECTED};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        write_error = codes[i];
        ck_assert_int_eq(host_stdio_write(1, "x", 1), -L_EPIPE);
    }
}
END_TEST

START_TEST(stopping_takes_nothing)
{
    char bytes[16];
    calls = 0;
    ck_assert_int_eq(host_stdio_read(0, bytes, sizeof(bytes)), -L_EAGAIN);
    wait_for(&reading, NULL);
    host_stdio_stop();
    uint64_t deadline = soon();
    host_mutex_lock(&lock);
    while (reading)
        ck_assert(host_cond_wait(&changed, &lock, deadline));
    strcpy(waiting, "for another");
    host_mutex_unlock(&lock);
    ck_assert(!host_stdio_readable(0));
    ck_assert_int_eq(host_stdio_read(0, bytes, sizeof(bytes)), -L_EAGAIN);
    ck_assert_int_eq(calls, 0);
    ck_assert_str_eq(waiting, "for another");
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("stdio");
    tcase_set_timeout(tcase, 100);
    tcase_add_test(tcase, nothing_is_asked_while_a_thread_reads);
    tcase_add_test(tcase, missing_handles_are_the_null_device);
    tcase_add_test(tcase, readers_that_are_gone);
    tcase_add_test(tcase, stopping_takes_nothing);
    return unit_run("windows stdio", tcase);
}
