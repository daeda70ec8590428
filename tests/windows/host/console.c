/*
 * The console's keys: a read that waits would take the first key typed after the program has ended,
 * so none may be made before there is something to read.
 *
 * wrap: GetStdHandle GetFileType GetConsoleMode ReadConsoleInputW GetNumberOfConsoleInputEvents
 * wrap: WaitForMultipleObjects
 */
#include <check.h>
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/host/lock.h"
#include "runtime/host/stdio.h"
#include "runtime/host/time.h"
#include "tests/unit/run.h"
#include "tests/windows/host/shim.h"

static HANDLE WINAPI shim_GetStdHandle(DWORD name);
static DWORD WINAPI shim_GetFileType(HANDLE handle);
static BOOL WINAPI shim_GetConsoleMode(HANDLE handle, LPDWORD mode);
static BOOL WINAPI shim_ReadConsoleInputW(HANDLE handle, PINPUT_RECORD to, DWORD n, LPDWORD got);
static BOOL WINAPI shim_GetNumberOfConsoleInputEvents(HANDLE handle, LPDWORD count);
static DWORD WINAPI shim_WaitForMultipleObjects(DWORD n, const HANDLE *handles, BOOL all, DWORD ms);
SHIM(GetStdHandle);
SHIM(GetFileType);
SHIM(GetConsoleMode);
SHIM(ReadConsoleInputW);
SHIM(GetNumberOfConsoleInputEvents);
SHIM(WaitForMultipleObjects);

/* A console of no more than keys. Signalled while it has some, by the event has_keys. */
static HANDLE console, has_keys;
static struct host_mutex lock = HOST_MUTEX_INIT(RANK_TEST);
static struct host_cond changed = HOST_COND_INIT;
static int keys, blocking_reads, calls, waits;

static HANDLE WINAPI shim_GetStdHandle(DWORD name)
{
    return name == STD_INPUT_HANDLE ? console : NULL;
}

static DWORD WINAPI shim_GetFileType(HANDLE handle)
{
    ck_assert_ptr_eq(handle, console);
    return FILE_TYPE_CHAR;
}

static BOOL WINAPI shim_GetConsoleMode(HANDLE handle, LPDWORD mode)
{
    *mode = 0;
    return handle == console;
}

static BOOL WINAPI shim_GetNumberOfConsoleInputEvents(HANDLE handle, LPDWORD count)
{
    ck_assert_ptr_eq(handle, console);
    host_mutex_lock(&lock);
    *count = (DWORD)keys;
    host_mutex_unlock(&lock);
    return TRUE;
}

static BOOL WINAPI shim_ReadConsoleInputW(HANDLE handle, PINPUT_RECORD to, DWORD n, LPDWORD got)
{
    ck_assert_ptr_eq(handle, console);
    host_mutex_lock(&lock);
    blocking_reads += keys == 0;
    *got = (DWORD)keys < n ? (DWORD)keys : n;
    keys -= (int)*got;
    if (!keys)
        ResetEvent(has_keys);
    host_mutex_unlock(&lock);
    for (DWORD i = 0; i < *got; i++) {
        memset(&to[i], 0, sizeof(to[i]));
        to[i].EventType = KEY_EVENT;
        to[i].Event.KeyEvent.bKeyDown = TRUE;
        to[i].Event.KeyEvent.uChar.UnicodeChar = L'k';
    }
    return TRUE;
}

static DWORD WINAPI shim_WaitForMultipleObjects(DWORD n, const HANDLE *handles, BOOL all, DWORD ms)
{
    HANDLE own[8];
    host_mutex_lock(&lock);
    waits++;
    host_cond_broadcast(&changed);
    host_mutex_unlock(&lock);
    for (DWORD i = 0; i < n && i < 8; i++)
        own[i] = handles[i] == console ? has_keys : handles[i];
    return REAL(WaitForMultipleObjects)(n, own, all, ms);
}

static void on_ready(void *arg)
{
    (void)arg;
    host_mutex_lock(&lock);
    calls++;
    host_cond_broadcast(&changed);
    host_mutex_unlock(&lock);
}

static void wait_for(const int *count, int wanted)
{
    uint64_t deadline = host_clock_monotonic_ns() + 60000000000u;
    host_mutex_lock(&lock);
    while (*count < wanted)
        ck_assert(host_cond_wait(&changed, &lock, deadline));
    host_mutex_unlock(&lock);
}

static void press(int n)
{
    host_mutex_lock(&lock);
    keys += n;
    SetEvent(has_keys);
    host_mutex_unlock(&lock);
}

START_TEST(keys_are_taken_when_they_are_there)
{
    char bytes[16];
    console = CreateEventW(NULL, TRUE, FALSE, NULL);
    has_keys = CreateEventW(NULL, TRUE, FALSE, NULL);
    host_stdio_claim();
    host_stdio_notify(0, on_ready, NULL);
    ck_assert_int_eq(host_stdio_kind(0), HOST_STDIO_TERMINAL);
    ck_assert(!host_stdio_readable(0));
    press(2);
    wait_for(&calls, 1);
    ck_assert_int_eq(host_stdio_read(0, bytes, sizeof(bytes)), 2);
    ck_assert_mem_eq(bytes, "kk", 2);
    /* Signalled, but somebody else was faster. */
    waits = 0;
    ck_assert(!host_stdio_readable(0));
    wait_for(&waits, 1);
    SetEvent(has_keys);
    wait_for(&waits, 3);
    ResetEvent(has_keys);
    press(1);
    wait_for(&calls, 2);
    ck_assert_int_eq(host_stdio_read(0, bytes, sizeof(bytes)), 1);
    ck_assert_int_eq(blocking_reads, 0);
}
END_TEST

START_TEST(keys_after_the_end_are_left)
{
    char byte;
    waits = 0;
    ck_assert(!host_stdio_readable(0));
    wait_for(&waits, 1);
    host_stdio_stop();
    press(1);
    ck_assert(!host_stdio_readable(0));
    ck_assert_int_eq(host_stdio_read(0, &byte, 1), -L_EAGAIN);
    ck_assert_int_eq(keys, 1);
    ck_assert_int_eq(blocking_reads, 0);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("console");
    tcase_set_timeout(tcase, 100);
    tcase_add_test(tcase, keys_are_taken_when_they_are_there);
    tcase_add_test(tcase, keys_after_the_end_are_left);
    return unit_run("windows console", tcase);
}
