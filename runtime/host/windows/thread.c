#include "runtime/abi/errno.h"
#include "runtime/host/thread_native.h"
#include <stdlib.h>
#include <windows.h>

/* winnt.h of some mingw-w64 versions lacks these. */
#ifndef CONTEXT_EXCEPTION_REQUEST
#define CONTEXT_EXCEPTION_ACTIVE    0x08000000
#define CONTEXT_SERVICE_ACTIVE      0x10000000
#define CONTEXT_EXCEPTION_REQUEST   0x40000000
#define CONTEXT_EXCEPTION_REPORTING 0x80000000
#endif

static DWORD slot;

/* Whoever suspends holds it until it has resumed: two threads that suspend each other would sleep
 * for ever. */
static struct host_mutex suspend_lock = HOST_MUTEX_INIT;

static INIT_ONCE once = INIT_ONCE_STATIC_INIT;

static BOOL CALLBACK prepare(INIT_ONCE *init, void *parameter, void **context)
{
    (void)init;
    (void)parameter;
    (void)context;
    slot = TlsAlloc();
    if (slot == TLS_OUT_OF_INDEXES)
        abort();
    return TRUE;
}

static void need_slot(void)
{
    InitOnceExecuteOnce(&once, prepare, NULL, NULL);
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
    need_slot();
    return TlsGetValue(slot);
}

/* In the kernel, or in an exception on its way: the registers would be overwritten later. */
static bool busy(const CONTEXT *context)
{
    return (context->ContextFlags & CONTEXT_EXCEPTION_REPORTING) &&
           (context->ContextFlags & (CONTEXT_SERVICE_ACTIVE | CONTEXT_EXCEPTION_ACTIVE));
}

void host_native_redirect(struct host_thread *thread)
{
    HANDLE handle = (HANDLE)(uintptr_t)thread->handle;
    _Alignas(16) CONTEXT context;
    host_mutex_lock(&suspend_lock);
    if (SuspendThread(handle) == (DWORD)-1) {
        host_mutex_unlock(&suspend_lock);
        return;
    }
    context.ContextFlags = CONTEXT_CONTROL | CONTEXT_EXCEPTION_REQUEST;
    if (GetThreadContext(handle, &context) && !busy(&context)) {
        uint64_t rip = host_redirect_hook(thread, context.Rip, context.Rsp);
        if (rip) {
            context.Rip = rip;
            context.ContextFlags = CONTEXT_CONTROL;
            SetThreadContext(handle, &context);
        }
    }
    ResumeThread(handle);
    host_mutex_unlock(&suspend_lock);
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

void host_memory_barrier_all(void)
{
    FlushProcessWriteBuffers();
}

static HANDLE handle_of(const struct host_thread *thread)
{
    return (HANDLE)(uintptr_t)thread->handle;
}

void host_threads_hold(struct host_thread *const *threads, size_t count)
{
    const struct host_thread *self = host_thread_self();
    host_mutex_lock(&suspend_lock);
    for (size_t i = 0; i < count; i++)
        if (threads[i] != self)
            SuspendThread(handle_of(threads[i]));
    for (size_t i = 0; i < count; i++) {
        _Alignas(16) CONTEXT context;
        context.ContextFlags = CONTEXT_CONTROL;
        /* SuspendThread only asks; with its registers known the thread has really stopped. */
        if (threads[i] != self)
            GetThreadContext(handle_of(threads[i]), &context);
    }
}

void host_threads_resume(struct host_thread *const *threads, size_t count)
{
    const struct host_thread *self = host_native_self();
    for (size_t i = 0; i < count; i++)
        if (threads[i] != self)
            ResumeThread(handle_of(threads[i]));
    host_mutex_unlock(&suspend_lock);
}
