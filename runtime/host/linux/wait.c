/* Waiting for a word, by futex. */
#include "runtime/host/lock.h"
#include "runtime/host/time.h"
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

bool host_wait_on(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns)
{
    struct timespec deadline = {(time_t)(deadline_ns / NS_PER_SEC),
                                (long)(deadline_ns % NS_PER_SEC)};
    int saved = errno;
    /* FUTEX_WAIT_BITSET takes an absolute CLOCK_MONOTONIC deadline (futex(2)). */
    int64_t result =
        syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected,
                deadline_ns == HOST_FOREVER ? NULL : &deadline, NULL, FUTEX_BITSET_MATCH_ANY);
    bool in_time = !(result < 0 && errno == ETIMEDOUT);
    errno = saved;
    return in_time;
}

static void wake(_Atomic uint32_t *word, int count)
{
    int saved = errno;
    syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, count);
    errno = saved;
}

void host_wake_one(_Atomic uint32_t *word)
{
    wake(word, 1);
}

void host_wake_all(_Atomic uint32_t *word)
{
    wake(word, INT_MAX);
}

bool host_waits_coarsely(void)
{
    return false;
}
