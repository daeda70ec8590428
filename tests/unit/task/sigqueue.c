/* Order and limits of pending signals (signal(7): "Queueing and delivery semantics"). */
#include <check.h>

#include "runtime/abi/errno.h"
#include "runtime/task/signal.h"
#include "tests/unit/run.h"

static struct sigqueue queue;
static uint32_t count;

static int push(int sig, int code, uint64_t value)
{
    struct l_siginfo info = {.si_code = code};
    info.rt.value = value;
    return sigqueue_push(&queue, sig, &info, &count, 8);
}

static int pop(uint64_t wanted, uint64_t *value)
{
    struct l_siginfo info;
    int sig = sigqueue_pop(&queue, wanted, &info, &count);
    *value = sig ? info.rt.value : 0;
    return sig;
}

static void drain(void)
{
    sigqueue_remove(&queue, ~0ull, &count);
}

START_TEST(standard_signal_is_pending_once)
{
    uint64_t v;
    push(L_SIGUSR1, L_SI_USER, 1);
    push(L_SIGUSR1, L_SI_USER, 2);
    ck_assert_int_eq(pop(~0ull, &v), L_SIGUSR1);
    ck_assert_uint_eq(v, 1);
    ck_assert_int_eq(pop(~0ull, &v), 0);
    ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(real_time_signals_queue_in_order)
{
    uint64_t v;
    push(40, L_SI_QUEUE, 1);
    push(36, L_SI_QUEUE, 2);
    push(40, L_SI_QUEUE, 3);
    push(36, L_SI_QUEUE, 4);
    static const uint64_t want[][2] = {{36, 2}, {36, 4}, {40, 1}, {40, 3}};
    for (int i = 0; i < 4; i++) {
        ck_assert_uint_eq((uint64_t)pop(~0ull, &v), want[i][0]);
        ck_assert_uint_eq(v, want[i][1]);
    }
    ck_assert_int_eq(pop(~0ull, &v), 0);
}
END_TEST

START_TEST(synchronous_signals_come_first)
{
    uint64_t v;
    push(L_SIGHUP, L_SI_USER, 0);
    push(L_SIGSEGV, L_SEGV_MAPERR, 0);
    push(L_SIGILL, L_ILL_ILLOPC, 0);
    ck_assert_int_eq(pop(~0ull, &v), L_SIGILL);
    ck_assert_int_eq(pop(~0ull, &v), L_SIGSEGV);
    ck_assert_int_eq(pop(~0ull, &v), L_SIGHUP);
}
END_TEST

START_TEST(only_wanted_ones_are_taken)
{
    uint64_t v;
    push(L_SIGHUP, L_SI_USER, 0);
    push(L_SIGTERM, L_SI_USER, 0);
    ck_assert_int_eq(pop(L_SIGBIT(L_SIGTERM) | L_SIGBIT(L_SIGINT), &v), L_SIGTERM);
    ck_assert_int_eq(pop(L_SIGBIT(L_SIGTERM), &v), 0);
    ck_assert_uint_eq(queue.set, L_SIGBIT(L_SIGHUP));
    drain();
    ck_assert_uint_eq(queue.set, 0);
    ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(limit_refuses_sigqueue_but_not_kill)
{
    uint64_t v;
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(push(50, L_SI_QUEUE, (uint64_t)i), 0);
    ck_assert_int_eq(push(50, L_SI_QUEUE, 8), -L_EAGAIN);
    /* The signal from kill(2) arrives, its information does not. */
    ck_assert_int_eq(push(51, L_SI_USER, 9), 0);
    ck_assert_int_eq(pop(L_SIGBIT(51), &v), 51);
    ck_assert_uint_eq(v, 0);
    drain();
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("sigqueue");
    tcase_add_test(tcase, standard_signal_is_pending_once);
    tcase_add_test(tcase, real_time_signals_queue_in_order);
    tcase_add_test(tcase, synchronous_signals_come_first);
    tcase_add_test(tcase, only_wanted_ones_are_taken);
    tcase_add_test(tcase, limit_refuses_sigqueue_but_not_kill);
    return unit_run("sigqueue", tcase);
}
