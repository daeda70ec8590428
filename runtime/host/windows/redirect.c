/*
 * Stopping other threads: to take them elsewhere, to hold them still, or to see where they are.
 *
 * Between suspend and resume no lock is taken, nothing is allocated and nothing is touched that may
 * fault: the stopped thread may hold the lock, or be inside the handler, that this would need.
 */
#include "runtime/host/log.h"
#include "runtime/host/thread_native.h"
#include "runtime/host/time.h"
#include <windows.h>

/* winnt.h of some mingw-w64 versions lacks these. */
#ifndef CONTEXT_EXCEPTION_REQUEST
#define CONTEXT_EXCEPTION_ACTIVE    0x08000000
#define CONTEXT_SERVICE_ACTIVE      0x10000000
#define CONTEXT_EXCEPTION_REQUEST   0x40000000
#define CONTEXT_EXCEPTION_REPORTING 0x80000000
#endif

#define AGAIN_NS_MIN 1000000u
#define AGAIN_NS_MAX 64000000u

/* Whoever suspends holds it until it has resumed: two threads that suspend each other would sleep
 * for ever. */
static struct host_mutex suspend_lock = HOST_MUTEX_INIT(RANK_SUSPEND);

/* Threads that could not be taken out of guest code yet. Windows tells nobody when it would let
 * them be, so a timer wakes a thread that tries again, less and less often. */
static struct {
    struct host_mutex lock;
    struct host_thread *first, **last;
    size_t count;
    struct host_timer *timer; /* once the thread has been started */
    uint64_t pause_ns;
    bool asleep; /* the thread, until somebody comes to the list */
    bool told;
} again = {.lock = HOST_MUTEX_INIT(RANK_REDIRECT), .last = &again.first, .pause_ns = AGAIN_NS_MIN};

static HANDLE handle_of(const struct host_thread *thread)
{
    return (HANDLE)(uintptr_t)thread->handle;
}

static struct host_thread *take_first(void)
{
    host_mutex_lock(&again.lock);
    struct host_thread *thread = again.first;
    if (thread) {
        again.first = thread->again_next;
        if (!again.first)
            again.last = &again.first;
        again.count--;
        thread->again = false;
    }
    host_mutex_unlock(&again.lock);
    return thread;
}

static uint64_t next_try(void)
{
    host_mutex_lock(&again.lock);
    again.asleep = !again.count;
    uint64_t pause = again.pause_ns;
    if (again.asleep)
        again.pause_ns = AGAIN_NS_MIN;
    else if (pause < AGAIN_NS_MAX)
        again.pause_ns *= 2;
    uint64_t due = again.asleep ? HOST_FOREVER : host_clock_monotonic_ns() + pause;
    host_mutex_unlock(&again.lock);
    return due;
}

static size_t waiting(void)
{
    host_mutex_lock(&again.lock);
    size_t count = again.count;
    host_mutex_unlock(&again.lock);
    return count;
}

static void run_again(void *arg)
{
    (void)arg;
    for (;;) {
        uint64_t due = next_try();
        host_timer_wait(again.timer, due);
        struct host_thread *thread;
        /* Those that fail once more stand behind these. */
        for (size_t n = due == HOST_FOREVER ? 0 : waiting(); n && (thread = take_first()); n--)
            host_thread_redirect(thread);
    }
}

/* The lock is held. */
static bool start_again(void)
{
    if (again.timer)
        return true;
    again.timer = host_timer_create();
    if (!again.timer)
        return false;
    if (host_thread_start(run_again, NULL) == 0)
        return true;
    host_timer_free(again.timer);
    again.timer = NULL;
    return false;
}

/* error: why Windows refused; 0 when the thread was just not to be had. */
static void try_again_later(struct host_thread *thread, DWORD error)
{
    host_mutex_lock(&again.lock);
    bool tell = error && !again.told;
    again.told |= tell;
    if (!thread->again && start_again()) {
        thread->again = true;
        thread->again_next = NULL;
        *again.last = thread;
        again.last = &thread->again_next;
        again.count++;
        if (again.asleep)
            host_timer_poke(again.timer);
        again.asleep = false;
    }
    host_mutex_unlock(&again.lock);
    if (tell)
        host_log_error("host: a thread cannot be interrupted (error %lu); it is tried again",
                       (unsigned long)error);
}

/* In the kernel, or in an exception on its way: the registers would be overwritten later. */
static bool busy(const CONTEXT *context)
{
    return (context->ContextFlags & CONTEXT_EXCEPTION_REPORTING) &&
           (context->ContextFlags & (CONTEXT_SERVICE_ACTIVE | CONTEXT_EXCEPTION_ACTIVE));
}

/* False when the thread, which is suspended, is where it has to be taken from and was not. */
static bool redirect_suspended(struct host_thread *thread, DWORD *error)
{
    _Alignas(16) CONTEXT context;
    context.ContextFlags = CONTEXT_CONTROL | CONTEXT_EXCEPTION_REQUEST;
    if (!GetThreadContext(handle_of(thread), &context)) {
        *error = GetLastError();
        return false;
    }
    uint64_t rip = host_redirect_hook(thread, context.Rip, context.Rsp);
    if (!rip)
        return true;
    if (busy(&context))
        return false;
    context.Rip = rip;
    context.ContextFlags = CONTEXT_CONTROL;
    if (SetThreadContext(handle_of(thread), &context))
        return true;
    *error = GetLastError();
    return false;
}

void host_native_redirect(struct host_thread *thread)
{
    DWORD error = 0;
    bool done = false;
    host_mutex_lock(&suspend_lock);
    if (SuspendThread(handle_of(thread)) != (DWORD)-1) {
        done = redirect_suspended(thread, &error);
        ResumeThread(handle_of(thread));
    } else {
        error = GetLastError();
    }
    host_mutex_unlock(&suspend_lock);
    if (!done)
        try_again_later(thread, error);
}

bool host_native_sample(struct host_thread *thread, uint64_t *rip)
{
    _Alignas(16) CONTEXT context;
    context.ContextFlags = CONTEXT_CONTROL;
    host_mutex_lock(&suspend_lock);
    bool known = SuspendThread(handle_of(thread)) != (DWORD)-1;
    if (known) {
        known = GetThreadContext(handle_of(thread), &context);
        ResumeThread(handle_of(thread));
    }
    host_mutex_unlock(&suspend_lock);
    *rip = known ? context.Rip : 0;
    return known;
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
