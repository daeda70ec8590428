/* futex operations by themselves: WAIT with value and timeout, WAKE, bitsets, REQUEUE, CMP_REQUEUE,
 * WAKE_OP, private and shared keys between processes, robust lists, priority inheritance,
 * clear_child_tid. */
#include "check.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* <linux/futex.h>, which not every libc has beside it. */
#define FUTEX_PRIVATE_FLAG           128
#define FUTEX_CLOCK_REALTIME         256
#define FUTEX_WAIT                   0
#define FUTEX_WAKE                   1
#define FUTEX_WAIT_BITSET            9
#define FUTEX_WAIT_PRIVATE           (0 | FUTEX_PRIVATE_FLAG)
#define FUTEX_WAKE_PRIVATE           (1 | FUTEX_PRIVATE_FLAG)
#define FUTEX_REQUEUE_PRIVATE        (3 | FUTEX_PRIVATE_FLAG)
#define FUTEX_CMP_REQUEUE_PRIVATE    (4 | FUTEX_PRIVATE_FLAG)
#define FUTEX_WAKE_OP_PRIVATE        (5 | FUTEX_PRIVATE_FLAG)
#define FUTEX_LOCK_PI_PRIVATE        (6 | FUTEX_PRIVATE_FLAG)
#define FUTEX_UNLOCK_PI_PRIVATE      (7 | FUTEX_PRIVATE_FLAG)
#define FUTEX_TRYLOCK_PI_PRIVATE     (8 | FUTEX_PRIVATE_FLAG)
#define FUTEX_WAIT_BITSET_PRIVATE    (9 | FUTEX_PRIVATE_FLAG)
#define FUTEX_WAKE_BITSET_PRIVATE    (10 | FUTEX_PRIVATE_FLAG)
#define FUTEX_WAITERS                0x80000000u
#define FUTEX_TID_MASK               0x3fffffffu
#define FUTEX_OP_ADD                 1u
#define FUTEX_OP_CMP_LT              2u
#define FUTEX_OP(op, value, cmp, by) ((op) << 28 | (cmp) << 24 | (value) << 12 | (by))

static long futex(void *word, int operation, uint32_t value, const void *timeout, void *other,
                  uint32_t last)
{
    return syscall(SYS_futex, word, operation, value, timeout, other, last);
}

static _Atomic uint32_t word, second, state;
static _Atomic int waiting, woken;

struct waiter {
    _Atomic uint32_t *word;
    uint32_t bits;
    int shared;
    long result;
    int error;
};

static void *wait_thread(void *argument)
{
    struct waiter *waiter = argument;
    waiting++;
    waiter->result =
        futex(waiter->word, FUTEX_WAIT_BITSET | waiter->shared, 0, NULL, NULL, waiter->bits);
    waiter->error = errno;
    woken++;
    return NULL;
}

/* A thread that waits cannot be seen doing so. Requeueing one to a second word and back tells how
 * many wait. */
static long sleepers(_Atomic uint32_t *at)
{
    return futex(at, FUTEX_CMP_REQUEUE_PRIVATE, 0, (void *)1000, at, *at);
}

static void simple(void)
{
    struct timespec short_time = {0, 20000000}, wrong = {0, 1000000000};
    word = 0;
    CHECK_ERRNO(futex(&word, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0), EAGAIN);
    int64_t start = check_now();
    CHECK_ERRNO(futex(&word, FUTEX_WAIT_PRIVATE, 0, &short_time, NULL, 0), ETIMEDOUT);
    CHECK(check_now() - start >= 20000000);
    CHECK_ERRNO(futex(&word, FUTEX_WAIT_PRIVATE, 0, &wrong, NULL, 0), EINVAL);
    CHECK_ERRNO(futex((char *)&word + 1, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0), EINVAL);
    CHECK_ERRNO(futex((void *)8, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0), EFAULT);
    CHECK_ERRNO(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, 0), EINVAL);
    CHECK_EQ(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 0);
    CHECK_ERRNO(futex(&word, 77, 0, NULL, NULL, 0), ENOSYS);
    /* Absolute times of both clocks. */
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += 20000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    CHECK_ERRNO(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, &until, NULL, ~0u), ETIMEDOUT);
    clock_gettime(CLOCK_REALTIME, &until);
    CHECK_ERRNO(
        futex(&word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 0, &until, NULL, ~0u),
        ETIMEDOUT);
}

static void many_waiters(void)
{
    pthread_t threads[6];
    struct waiter waiters[6];
    word = second = 0;
    waiting = woken = 0;
    for (int i = 0; i < 6; i++) {
        waiters[i] = (struct waiter){&word, 1u << i, FUTEX_PRIVATE_FLAG, -1, 0};
        pthread_create(&threads[i], NULL, wait_thread, &waiters[i]);
    }
    CHECK_EVENTUALLY(waiting == 6 && sleepers(&word) == 6);
    /* By bit. */
    CHECK_EQ(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 10, NULL, NULL, 1u << 3), 1);
    CHECK_EVENTUALLY(woken == 1);
    pthread_join(threads[3], NULL);
    CHECK_EQ(waiters[3].result, 0);
    CHECK_EQ(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 10, NULL, NULL, 1u << 3), 0);
    /* One woken, two moved to another word, two stay. */
    CHECK_EQ(futex(&word, FUTEX_REQUEUE_PRIVATE, 1, (void *)2, &second, 0), 3);
    CHECK_EVENTUALLY(woken == 2);
    CHECK_EQ(sleepers(&second), 2);
    CHECK_EQ(sleepers(&word), 2);
    CHECK_ERRNO(futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)1, &second, 5), EAGAIN);
    /* second: 0 + 7 = 7, and the old value 0 was < 1: wakes there too. */
    CHECK_EQ(futex(&word, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &second,
                   FUTEX_OP(FUTEX_OP_ADD, 7, FUTEX_OP_CMP_LT, 1)),
             2);
    CHECK_EQ(second, 7);
    CHECK_EVENTUALLY(woken == 4);
    CHECK_EQ(futex(&word, FUTEX_WAKE_PRIVATE, 100, NULL, NULL, 0), 1);
    CHECK_EQ(futex(&second, FUTEX_WAKE_PRIVATE, 100, NULL, NULL, 0), 1);
    for (int i = 0; i < 6; i++)
        if (i != 3)
            pthread_join(threads[i], NULL);
    for (int i = 0; i < 6; i++)
        CHECK_EQ(waiters[i].result, 0);
}

static void between_processes(void)
{
    _Atomic uint32_t *shared =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status;
    pid_t child = fork();
    if (child == 0) {
        while (shared[0] == 0)
            futex(&shared[0], FUTEX_WAIT, 0, NULL, NULL, 0);
        shared[1] = 5;
        futex(&shared[1], FUTEX_WAKE, 1, NULL, NULL, 0);
        _exit(0);
    }
    shared[0] = 1;
    futex(&shared[0], FUTEX_WAKE, 1, NULL, NULL, 0);
    while (shared[1] == 0)
        futex(&shared[1], FUTEX_WAIT, 0, NULL, NULL, 0);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);

    /* A mutex whose owner dies. */
    pthread_mutex_t *mutex = (pthread_mutex_t *)(shared + 16);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(mutex, &attributes);
    child = fork();
    if (child == 0) {
        pthread_mutex_lock(mutex);
        shared[2] = 1;
        raise(SIGKILL);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(shared[2], 1);
    CHECK_EQ(pthread_mutex_lock(mutex), EOWNERDEAD);
    CHECK_EQ(pthread_mutex_consistent(mutex), 0);
    CHECK_EQ(pthread_mutex_unlock(mutex), 0);
    CHECK_EQ(pthread_mutex_lock(mutex), 0);
    CHECK_EQ(pthread_mutex_unlock(mutex), 0);
}

static _Atomic uint32_t pi_word;

static void *pi_thread(void *argument)
{
    (void)argument;
    CHECK_ERRNO(futex(&pi_word, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0), EAGAIN);
    state = 1;
    long result = futex(&pi_word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    state = result == 0 && (pi_word & FUTEX_TID_MASK) == (uint32_t)syscall(SYS_gettid) ? 2 : 99;
    futex(&pi_word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    return NULL;
}

static void inheritance(void)
{
    pthread_t thread;
    pi_word = 0;
    state = 0;
    uint32_t tid = syscall(SYS_gettid);
    CHECK_OK(futex(&pi_word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    CHECK_EQ(pi_word, tid);
    CHECK_ERRNO(futex(&pi_word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), EDEADLK);
    pthread_create(&thread, NULL, pi_thread, NULL);
    CHECK_EVENTUALLY(pi_word == (tid | FUTEX_WAITERS) && state == 1);
    CHECK_OK(futex(&pi_word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    pthread_join(thread, NULL);
    CHECK_EQ(state, 2);
    CHECK_EQ(pi_word, 0);
    CHECK_ERRNO(futex(&pi_word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), EPERM);
    CHECK_OK(futex(&pi_word, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    CHECK_OK(futex(&pi_word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
}

static void on_signal(int signal)
{
    (void)signal;
    state = 3;
}

static void *interrupted_thread(void *argument)
{
    (void)argument;
    errno = 0;
    long result = futex(&word, FUTEX_WAIT_PRIVATE, 0, &(struct timespec){100, 0}, NULL, 0);
    second = result == -1 ? errno : 0;
    return NULL;
}

static void interrupted(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, NULL);
    word = second = state = 0;
    pthread_t thread;
    pthread_create(&thread, NULL, interrupted_thread, NULL);
    CHECK_EVENTUALLY(sleepers(&word) == 1);
    pthread_kill(thread, SIGUSR1);
    pthread_join(thread, NULL);
    CHECK_EQ(second, EINTR);
    CHECK_EQ(state, 3);
}

static pthread_mutex_t shared_mutex;
static atomic_int owner_ready;

/* Locks and leaves without unlocking; the word then names a thread that is not there. */
static void *die_with_mutex(void *argument)
{
    pthread_mutex_lock(&shared_mutex);
    atomic_store(&owner_ready, 1);
    return argument;
}

static void *die_with_word(void *argument)
{
    futex(&pi_word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    atomic_store(&owner_ready, 1);
    /* Until somebody waits. */
    while (argument && !(pi_word & FUTEX_WAITERS))
        sched_yield();
    return NULL;
}

/* The owner leaves at every moment between the look at it and the wait for it. */
static void dying_owners(void)
{
    pthread_mutexattr_t attributes;
    pthread_t thread;
    pthread_mutexattr_init(&attributes);
    CHECK_EQ(pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT), 0);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&shared_mutex, &attributes);
    int wrong = 0;
    for (int i = 0; i < 2000; i++) {
        atomic_store(&owner_ready, 0);
        pthread_create(&thread, NULL, die_with_mutex, NULL);
        while (!atomic_load(&owner_ready))
            sched_yield();
        for (volatile int spin = i % 300 * 20; spin > 0; spin--)
            ;
        wrong += pthread_mutex_lock(&shared_mutex) != EOWNERDEAD;
        wrong += pthread_mutex_consistent(&shared_mutex) != 0;
        pthread_mutex_unlock(&shared_mutex);
        pthread_join(thread, NULL);
    }
    CHECK_EQ(wrong, 0);
    pthread_mutex_destroy(&shared_mutex);

    pi_word = 999999;
    CHECK_ERRNO(futex(&pi_word, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0), ESRCH);
    CHECK_ERRNO(futex(&pi_word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), ESRCH);

    /* Not robust: gone before somebody waits, it is nobody; while somebody waits, it is followed.
     */
    pi_word = 0;
    pthread_create(&thread, NULL, die_with_word, NULL);
    pthread_join(thread, NULL);
    CHECK_ERRNO(futex(&pi_word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), ESRCH);
    for (int i = 0; i < 20; i++) {
        pi_word = 0;
        atomic_store(&owner_ready, 0);
        pthread_create(&thread, NULL, die_with_word, &pi_word);
        while (!atomic_load(&owner_ready))
            sched_yield();
        long result = futex(&pi_word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0);
        bool followed = result == 0 && (pi_word & FUTEX_TID_MASK) == (uint32_t)syscall(SYS_gettid);
        wrong += !followed && !(result == -1 && errno == ESRCH);
        pthread_join(thread, NULL);
    }
    CHECK_EQ(wrong, 0);
}

int main(void)
{
    simple();
    many_waiters();
    between_processes();
    inheritance();
    dying_owners();
    interrupted();
    return check_done();
}
