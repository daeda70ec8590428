/* Mutexes, condition variables and parkers under contention. */
#include "runtime/host/lock.h"
#include "runtime/host/park.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"
#include "tests/unit/run.h"
#include <check.h>

#define SECOND 1000000000ull

static uint64_t soon(void)
{
    return host_clock_monotonic_ns() + 20 * SECOND;
}

static struct host_mutex mutex = HOST_MUTEX_INIT(RANK_TEST);
static struct host_cond cond = HOST_COND_INIT;
static unsigned counter, finished;

static void count(void *arg)
{
    for (unsigned i = 0; i < 20000; i++) {
        host_mutex_lock(&mutex);
        counter++;
        host_mutex_unlock(&mutex);
    }
    (void)arg;
    host_mutex_lock(&mutex);
    finished++;
    host_cond_broadcast(&cond);
    host_mutex_unlock(&mutex);
}

START_TEST(mutual_exclusion)
{
    counter = finished = 0;
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(host_thread_start(count, NULL), 0);
    uint64_t deadline = soon();
    host_mutex_lock(&mutex);
    while (finished < 4)
        ck_assert(host_cond_wait(&cond, &mutex, deadline));
    ck_assert_uint_eq(counter, 4 * 20000);
    ck_assert(host_mutex_held(&mutex));
    ck_assert(!host_mutex_trylock(&mutex));
    host_mutex_unlock(&mutex);
    ck_assert(host_mutex_trylock(&mutex));
    host_mutex_unlock(&mutex);
}
END_TEST

START_TEST(cond_deadline)
{
    uint64_t start = host_clock_monotonic_ns();
    host_mutex_lock(&mutex);
    while (host_cond_wait(&cond, &mutex, start + SECOND / 20))
        ck_assert_uint_lt(host_clock_monotonic_ns(), start + 20 * SECOND);
    host_mutex_unlock(&mutex);
    ck_assert_uint_ge(host_clock_monotonic_ns(), start + SECOND / 20);
}
END_TEST

START_TEST(park_keeps_one_token)
{
    struct host_parker parker = HOST_PARKER_INIT;
    host_unpark(&parker);
    host_unpark(&parker);
    ck_assert(host_park(&parker, soon()));
    ck_assert(!host_park(&parker, host_clock_monotonic_ns() + SECOND / 50));
    ck_assert(!host_park(&parker, 1));
}
END_TEST

#define ROUNDS 3000
static struct host_parker ping = HOST_PARKER_INIT, pong = HOST_PARKER_INIT;
static _Atomic unsigned answered;

static void answer(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (!host_park(&ping, soon()))
            return;
        answered++;
        host_unpark(&pong);
    }
}

START_TEST(no_wake_is_lost)
{
    answered = 0;
    ck_assert_int_eq(host_thread_start(answer, NULL), 0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        host_unpark(&ping);
        ck_assert(host_park(&pong, soon()));
        ck_assert_uint_eq(answered, i + 1);
    }
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("lock");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, mutual_exclusion);
    tcase_add_test(tcase, cond_deadline);
    tcase_add_test(tcase, park_keeps_one_token);
    tcase_add_test(tcase, no_wake_is_lost);
    return unit_run("lock", tcase);
}
