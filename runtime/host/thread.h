/*
 * Host threads: detached, pooled, never terminated from outside.
 *
 * A thread's stack is at least HOST_STACK_SIZE; the HOST_STACK_TOUCHED bytes below the frame of fn
 * are committed before fn runs, so that nothing there faults.
 */
#ifndef RUNTIME_HOST_THREAD_H
#define RUNTIME_HOST_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOST_STACK_SIZE    (1024 * 1024)
#define HOST_STACK_TOUCHED (128 * 1024)

struct host_thread;

typedef void host_thread_fn(void *arg);

/* Runs fn(arg) on a thread of its own. 0, or -L_EAGAIN when the host or the budget (budget.h, which
 * counts the stack) refuses another thread. */
int host_thread_start(host_thread_fn *fn, void *arg);

/* The same in two steps, so that the second cannot fail: a thread that waits, NULL when it is
 * refused; then either what it runs, which ends the caller's use of it, or that there is nothing.
 */
struct host_thread *host_thread_reserve(void);
void host_thread_give(struct host_thread *thread, host_thread_fn *fn, void *arg);
void host_thread_return(struct host_thread *thread);

/* The calling thread; never NULL: a thread that host_thread_start did not make (main, a library's)
 * is given a structure at its first call. The structures are never freed, but one that outlived
 * its thread is used again. */
struct host_thread *host_thread_self(void);

/* One pointer of the caller's choice per thread, NULL at first and again when fn returns. */
void host_current_set(void *current);
void *host_current_get(void);
/* The same of another thread; for the redirect hook. */
void *host_thread_current(const struct host_thread *thread);

/*
 * Called with a thread's registers while that thread is stopped there: rip in, new rip out, 0 to
 * change nothing. Runs in a signal handler of the thread itself (Linux) or on the redirecting
 * thread (Windows): it may take no lock and allocate nothing.
 */
typedef uint64_t host_redirect_fn(struct host_thread *thread, uint64_t rip, uint64_t rsp);

/* Installs the hook; once, before other threads start. */
void host_redirect_set(host_redirect_fn *fn);

/* Calls the hook with the registers of another thread (not the calling one) and sets its rip to
 * what the hook returns. It has happened on return or happens soon; then the hook may be called
 * several times. Does nothing when the thread has ended. */
void host_thread_redirect(struct host_thread *thread);

/* Where another thread is (not the calling one): *rip is an address at which it was between the
 * last such call and this one (Linux, where the thread tells by itself) or is just now (Windows).
 * False when that is not known: the thread was not asked before, has not run since, or has ended.
 * One caller at a time. The thread goes on as if nothing had happened. */
bool host_thread_sample(struct host_thread *thread, uint64_t *rip);

/* CPU time that another thread has used, in nanoseconds; 0 when it has ended. */
uint64_t host_thread_clock(struct host_thread *thread);

/* Lets a thread run on the processors of the set alone (bit i of word i / 64 is processor i), until
 * its function returns. Without effect where the host does not let it, or has more than 64
 * processors (Windows counts those in groups). */
void host_thread_processors(struct host_thread *thread, const uint64_t *set, size_t words);
/* The processor that the calling thread runs on at this moment. */
unsigned host_thread_processor(void);

/* Every thread of this process has executed a full memory barrier when this returns (membarrier(2),
 * FlushProcessWriteBuffers). */
void host_memory_barrier_all(void);

/* Stops threads where they are, but not the calling one, and lets them go on. Between the two the
 * caller takes no lock and allocates nothing: a stopped thread may hold any lock. None of the
 * threads may end meanwhile. Does nothing on Linux, where nobody needs it (host_fill). */
void host_threads_hold(struct host_thread *const *threads, size_t count);
void host_threads_resume(struct host_thread *const *threads, size_t count);

/* Gives the processor away. */
void host_thread_yield(void);

#endif
