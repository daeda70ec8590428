/* Threads, and how another one is redirected. */
#include "runtime/abi/errno.h"
#include "runtime/host/thread_native.h"
#include "runtime/host/time.h"
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static pthread_key_t self_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_bool prepared; /* self_key is there; before that no thread has a structure */

static int redirect_signal(void)
{
    return SIGRTMIN + 5;
}

static int sample_signal(void)
{
    return SIGRTMIN + 6;
}

static void on_sample(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    (void)info;
    const greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    struct host_thread *thread = pthread_getspecific(self_key);
    if (!thread)
        return;
    atomic_store(&thread->sampled, (uint64_t)registers[REG_RIP]);
    atomic_store(&thread->asked, 0);
}

static void on_redirect(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    (void)info;
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    struct host_thread *thread = pthread_getspecific(self_key);
    if (!thread)
        return;
    atomic_store(&thread->redirected, 0);
    uint64_t rip =
        host_redirect_hook(thread, (uint64_t)registers[REG_RIP], (uint64_t)registers[REG_RSP]);
    if (rip)
        registers[REG_RIP] = (greg_t)rip;
}

/* What the program was started with. */
static cpu_set_t every_processor;
static atomic_bool restricts; /* some thread was; new ones would inherit it */

static void find_processors(void)
{
    if (sched_getaffinity(getpid(), sizeof(every_processor), &every_processor))
        memset(&every_processor, 0xff, sizeof(every_processor));
}

static void prepare_signals(void)
{
    struct sigaction redirect = {.sa_sigaction = on_redirect, .sa_flags = SA_SIGINFO | SA_RESTART};
    struct sigaction sample = {.sa_sigaction = on_sample, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigfillset(&redirect.sa_mask);
    sigfillset(&sample.sa_mask);
    find_processors();
    if (pthread_key_create(&self_key, NULL) || sigaction(redirect_signal(), &redirect, NULL) ||
        sigaction(sample_signal(), &sample, NULL))
        abort();
    atomic_store(&prepared, true);
}

static void *entry(void *arg)
{
    host_thread_main(arg);
    return NULL;
}

void host_native_processors(struct host_thread *thread, const uint64_t *set, size_t words)
{
    cpu_set_t wanted;
    CPU_ZERO(&wanted);
    for (size_t i = 0; i < words * 64 && i < CPU_SETSIZE; i++) {
        if (set[i / 64] >> i % 64 & 1)
            CPU_SET(i, &wanted);
    }
    atomic_store(&restricts, true);
    pthread_setaffinity_np((pthread_t)thread->handle, sizeof(wanted),
                           words ? &wanted : &every_processor);
}

unsigned host_thread_processor(void)
{
    int now = sched_getcpu();
    return now < 0 ? 0 : (unsigned)now;
}

int host_native_create(struct host_thread *thread)
{
    pthread_once(&once, prepare_signals);
    pthread_attr_t attributes;
    pthread_t handle;
    if (pthread_attr_init(&attributes))
        return -L_EAGAIN;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, HOST_STACK_SIZE);
    if (atomic_load(&restricts))
        pthread_attr_setaffinity_np(&attributes, sizeof(every_processor), &every_processor);
    int error = pthread_create(&handle, &attributes, entry, thread);
    pthread_attr_destroy(&attributes);
    return error ? -L_EAGAIN : 0;
}

void host_native_adopt(struct host_thread *thread)
{
    pthread_once(&once, prepare_signals);
    thread->handle = (uint64_t)pthread_self();
    atomic_store(&thread->redirected, 0);
    atomic_store(&thread->asked, 0);
    atomic_store(&thread->sampled, 0);
    pthread_setspecific(self_key, thread);
}

void host_native_forget(struct host_thread *thread)
{
    (void)thread;
    pthread_setspecific(self_key, NULL);
}

struct host_thread *host_native_self(void)
{
    if (!atomic_load_explicit(&prepared, memory_order_acquire))
        return NULL;
    return pthread_getspecific(self_key);
}

void host_native_redirect(struct host_thread *thread)
{
    if (atomic_exchange(&thread->redirected, 1) == 0)
        pthread_kill((pthread_t)thread->handle, redirect_signal());
}

bool host_native_sample(struct host_thread *thread, uint64_t *rip)
{
    *rip = atomic_exchange(&thread->sampled, 0);
    if (atomic_exchange(&thread->asked, 1) == 0)
        pthread_kill((pthread_t)thread->handle, sample_signal());
    return *rip != 0;
}

void host_thread_yield(void)
{
    sched_yield();
}

uint64_t host_native_clock(struct host_thread *thread)
{
    clockid_t clock;
    struct timespec now;
    if (pthread_getcpuclockid((pthread_t)thread->handle, &clock) || clock_gettime(clock, &now))
        return 0;
    return (uint64_t)now.tv_sec * NS_PER_SEC + (uint64_t)now.tv_nsec;
}

void host_memory_barrier_all(void)
{
    /* Registered on the first call; without the system call every switch has to do. */
    static atomic_bool registered;
    if (!atomic_exchange(&registered, true))
        syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
    if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0))
        syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

void host_threads_hold(struct host_thread *const *threads, size_t count)
{
    (void)threads;
    (void)count;
}

void host_threads_resume(struct host_thread *const *threads, size_t count)
{
    (void)threads;
    (void)count;
}
