/* The pool of host threads, and what a thread knows of itself. */
#include "runtime/host/thread.h"
#include "runtime/abi/errno.h"
#include "runtime/host/budget.h"
#include "runtime/host/memory.h"
#include "runtime/host/thread_native.h"
#include <stdlib.h>

/* Threads kept for the next user; a thread that finds so many waiting ends. */
#define IDLE_MAX 64

/* What a thread's stack takes, and the host's own for it. */
#define STACK_BYTES (HOST_STACK_TOUCHED + 32768)

static struct host_mutex pool_lock = HOST_MUTEX_INIT(RANK_THREAD_POOL);
static struct host_thread *idle;
static unsigned idle_count;
static struct host_thread *unused;

host_redirect_fn *host_redirect_hook;

static struct host_thread *take_thread(struct host_thread **list)
{
    struct host_thread *thread = *list;
    if (thread)
        *list = thread->next;
    return thread;
}

static struct host_thread *new_structure(void)
{
    host_mutex_lock(&pool_lock);
    struct host_thread *thread = take_thread(&unused);
    host_mutex_unlock(&pool_lock);
    if (thread)
        return thread;
    thread = calloc(1, sizeof(*thread));
    if (thread)
        host_mutex_init(&thread->alive_lock, RANK_THREAD_ALIVE);
    return thread;
}

static void give_back(struct host_thread *thread)
{
    host_mutex_lock(&pool_lock);
    thread->next = unused;
    unused = thread;
    host_mutex_unlock(&pool_lock);
}

static __attribute__((noinline)) void touch_stack(void)
{
    volatile char below[HOST_STACK_TOUCHED + 16384];
    uint64_t from = ((uint64_t)(uintptr_t)below + HOST_PAGE - 1) & ~(uint64_t)(HOST_PAGE - 1);
    host_prefault(from, HOST_STACK_TOUCHED);
    for (size_t i = sizeof(below); i >= 4096; i -= 4096)
        below[i - 1] = 0;
}

static void set_alive(struct host_thread *thread, bool alive)
{
    host_mutex_lock(&thread->alive_lock);
    thread->alive = alive;
    host_mutex_unlock(&thread->alive_lock);
}

/* Puts the thread among the idle. False when there are enough. */
static bool become_idle(struct host_thread *thread)
{
    host_mutex_lock(&pool_lock);
    bool wanted = idle_count < IDLE_MAX;
    if (wanted) {
        atomic_store(&thread->fn, NULL);
        thread->next = idle;
        idle = thread;
        idle_count++;
    }
    host_mutex_unlock(&pool_lock);
    return wanted;
}

static void free_processors(struct host_thread *thread)
{
    host_mutex_lock(&thread->alive_lock);
    if (thread->restricted)
        host_native_processors(thread, NULL, 0);
    thread->restricted = false;
    host_mutex_unlock(&thread->alive_lock);
}

void host_thread_processors(struct host_thread *thread, const uint64_t *set, size_t words)
{
    host_mutex_lock(&thread->alive_lock);
    if (thread->alive)
        host_native_processors(thread, set, words);
    thread->restricted = true;
    host_mutex_unlock(&thread->alive_lock);
}

static host_thread_fn *wait_for_work(struct host_thread *thread)
{
    host_thread_fn *fn;
    while (!(fn = atomic_load(&thread->fn)))
        host_park(&thread->wake, HOST_FOREVER);
    return fn;
}

void host_thread_main(struct host_thread *thread)
{
    host_native_adopt(thread);
    set_alive(thread, true);
    touch_stack();
    do {
        host_thread_fn *fn = wait_for_work(thread);
        fn(thread->arg);
        thread->current = NULL;
        free_processors(thread);
    } while (become_idle(thread));
    set_alive(thread, false);
    host_native_forget(thread);
    give_back(thread);
    memory_uncharge_kernel(STACK_BYTES);
}

static struct host_thread *new_thread(void)
{
    if (!memory_charge_kernel(STACK_BYTES))
        return NULL;
    struct host_thread *thread = new_structure();
    if (thread) {
        thread->current = NULL;
        atomic_store(&thread->fn, NULL);
        if (!host_native_create(thread))
            return thread;
        give_back(thread);
    }
    memory_uncharge_kernel(STACK_BYTES);
    return NULL;
}

struct host_thread *host_thread_reserve(void)
{
    host_mutex_lock(&pool_lock);
    struct host_thread *thread = take_thread(&idle);
    if (thread)
        idle_count--;
    host_mutex_unlock(&pool_lock);
    return thread ? thread : new_thread();
}

void host_thread_give(struct host_thread *thread, host_thread_fn *fn, void *arg)
{
    thread->arg = arg;
    atomic_store(&thread->fn, fn);
    host_unpark(&thread->wake);
}

static void do_nothing(void *arg)
{
    (void)arg;
}

void host_thread_return(struct host_thread *thread)
{
    host_thread_give(thread, do_nothing, NULL);
}

int host_thread_start(host_thread_fn *fn, void *arg)
{
    struct host_thread *thread = host_thread_reserve();
    if (!thread)
        return -L_EAGAIN;
    host_thread_give(thread, fn, arg);
    return 0;
}

struct host_thread *host_thread_self(void)
{
    struct host_thread *thread = host_native_self();
    if (thread)
        return thread;
    thread = new_structure();
    if (!thread) /* a few bytes at the start of a thread: nothing could go on without them */
        abort();
    thread->current = NULL;
    host_native_adopt(thread);
    set_alive(thread, true);
    return thread;
}

void host_current_set(void *current)
{
    host_thread_self()->current = current;
}

void *host_current_get(void)
{
    struct host_thread *thread = host_native_self();
    return thread ? thread->current : NULL;
}

void *host_thread_current(const struct host_thread *thread)
{
    return thread->current;
}

void host_redirect_set(host_redirect_fn *fn)
{
    host_redirect_hook = fn;
}

void host_thread_redirect(struct host_thread *thread)
{
    host_mutex_lock(&thread->alive_lock);
    if (thread->alive && host_redirect_hook)
        host_native_redirect(thread);
    host_mutex_unlock(&thread->alive_lock);
}

bool host_thread_sample(struct host_thread *thread, uint64_t *rip)
{
    host_mutex_lock(&thread->alive_lock);
    bool known = thread->alive && host_native_sample(thread, rip);
    host_mutex_unlock(&thread->alive_lock);
    return known;
}

uint64_t host_thread_clock(struct host_thread *thread)
{
    host_mutex_lock(&thread->alive_lock);
    uint64_t ns = thread->alive ? host_native_clock(thread) : 0;
    host_mutex_unlock(&thread->alive_lock);
    return ns;
}
