/* Between the thread pool (thread.c) and the host's threads. Nobody else includes this. */
#ifndef RUNTIME_HOST_THREAD_NATIVE_H
#define RUNTIME_HOST_THREAD_NATIVE_H

#include "runtime/host/lock.h"
#include "runtime/host/park.h"
#include "runtime/host/thread.h"

struct host_thread {
    void *current;
    struct host_parker wake;      /* the pool has work */
    _Atomic(host_thread_fn *) fn; /* NULL: none to run yet */
    void *arg;
    struct host_thread *next; /* among the idle, or among the unused structures */
    struct host_mutex alive_lock;
    bool restricted;             /* to some processors; under alive_lock */
    bool alive;                  /* handle is valid; under alive_lock */
    uint64_t handle;             /* pthread_t, or the thread's HANDLE */
    _Atomic uint32_t redirected; /* Linux: the signal is under way; it would queue */
    _Atomic uint32_t asked;      /* Linux: likewise the signal that asks where it is, */
    _Atomic uint64_t sampled;    /* and what the thread said; 0: nothing */
    bool again;                  /* Windows: among those that are redirected later */
    struct host_thread *again_next;
};

extern host_redirect_fn *host_redirect_hook;

/* Runs host_thread_main(thread) on a new thread. 0 or -L_EAGAIN. */
int host_native_create(struct host_thread *thread);
/* Fills handle for the calling thread and makes it what host_native_self returns. */
void host_native_adopt(struct host_thread *thread);
void host_native_forget(struct host_thread *thread);
struct host_thread *host_native_self(void);
/* With alive_lock held. When the host does not let it happen now it is tried again later. */
void host_native_redirect(struct host_thread *thread);

/* With alive_lock held. */
bool host_native_sample(struct host_thread *thread, uint64_t *rip);

uint64_t host_native_clock(struct host_thread *thread);
/* With alive_lock held. words 0: all processors again. */
void host_native_processors(struct host_thread *thread, const uint64_t *set, size_t words);

void host_thread_main(struct host_thread *thread);

#endif
