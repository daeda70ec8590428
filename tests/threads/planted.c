/* A race: two threads change a number, each with a lock of its own. What they change with one lock
 * is none. Made for ThreadSanitizer to find; says which of the two it saw. */
#include <stdio.h>

#include "runtime/host/lock.h"
#include "runtime/host/thread.h"

static struct host_mutex own[2] = {HOST_MUTEX_INIT(RANK_TEST), HOST_MUTEX_INIT(RANK_TEST)};
static struct host_mutex common = HOST_MUTEX_INIT(RANK_TEST);
static int raced, guarded;
static _Atomic uint32_t started, running = 2;

static void change(void *arg)
{
    struct host_mutex *lock = arg;
    /* One that ends before the other one begins would not race. */
    atomic_fetch_add(&started, 1);
    host_wake_all(&started);
    for (uint32_t n; (n = atomic_load(&started)) < 2;)
        host_wait_on(&started, n, HOST_FOREVER);
    for (int i = 0; i < 1000; i++) {
        host_mutex_lock(&common);
        guarded++;
        host_mutex_unlock(&common);
        host_mutex_lock(lock);
        raced++;
        host_mutex_unlock(lock);
    }
    if (atomic_fetch_sub(&running, 1) == 1)
        host_wake_all(&running);
}

int main(void)
{
    for (int i = 0; i < 2; i++)
        if (host_thread_start(change, &own[i]))
            return 1;
    for (uint32_t left; (left = atomic_load(&running));)
        host_wait_on(&running, left, HOST_FOREVER);
    printf("%d guarded\n", guarded);
    return 0;
}
