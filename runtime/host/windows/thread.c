/* Threads, and how another one is redirected. */
#include "runtime/abi/errno.h"
#include "runtime/host/thread_native.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <windows.h>

static DWORD slot;
static atomic_bool prepared; /* slot is there; before that no thread has a structure */

static INIT_ONCE once = INIT_ONCE_STATIC_INIT;

static BOOL CALLBACK prepare_redirection(INIT_ONCE *init, void *parameter, void **context)
{
    (void)init;
    (void)parameter;
    (void)context;
    slot = TlsAlloc();
    if (slot == TLS_OUT_OF_INDEXES)
        abort();
    atomic_store(&prepared, true);
    return TRUE;
}

static void need_slot(void)
{
    InitOnceExecuteOnce(&once, prepare_redirection, NULL, NULL);
}

static DWORD WINAPI entry(void *arg)
{
    host_thread_main(arg);
    return 0;
}

int host_native_create(struct host_thread *thread)
{
    HANDLE handle =
        CreateThread(NULL, HOST_STACK_SIZE, entry, thread, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    if (!handle)
        return -L_EAGAIN;
    CloseHandle(handle);
    return 0;
}

void host_native_adopt(struct host_thread *thread)
{
    need_slot();
    HANDLE handle = NULL;
    DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), &handle, 0, FALSE,
                    DUPLICATE_SAME_ACCESS);
    thread->handle = (uint64_t)(uintptr_t)handle;
    TlsSetValue(slot, thread);
}

void host_native_forget(struct host_thread *thread)
{
    TlsSetValue(slot, NULL);
    CloseHandle((HANDLE)(uintptr_t)thread->handle);
}

struct host_thread *host_native_self(void)
{
    return atomic_load_explicit(&prepared, memory_order_acquire) ? TlsGetValue(slot) : NULL;
}

void host_thread_yield(void)
{
    SwitchToThread();
}

uint64_t host_native_clock(struct host_thread *thread)
{
    FILETIME created, ended, system, user;
    if (!GetThreadTimes((HANDLE)(uintptr_t)thread->handle, &created, &ended, &system, &user))
        return 0;
    uint64_t units = ((uint64_t)system.dwHighDateTime << 32 | system.dwLowDateTime) +
                     ((uint64_t)user.dwHighDateTime << 32 | user.dwLowDateTime);
    return units * 100;
}

void host_native_processors(struct host_thread *thread, const uint64_t *set, size_t words)
{
    DWORD_PTR ours, all;
    if (GetActiveProcessorCount(ALL_PROCESSOR_GROUPS) > 64 ||
        !GetProcessAffinityMask(GetCurrentProcess(), &ours, &all))
        return;
    DWORD_PTR wanted = words ? (DWORD_PTR)set[0] & ours : ours;
    if (wanted)
        SetThreadAffinityMask((HANDLE)(uintptr_t)thread->handle, wanted);
}

unsigned host_thread_processor(void)
{
    return GetCurrentProcessorNumber();
}

void host_memory_barrier_all(void)
{
    FlushProcessWriteBuffers();
}
