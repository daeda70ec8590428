/* The load averages are those that Linux computes: values of its formula, step by step. */
#include <check.h>

#include "runtime/task/loadavg.h"
#include "tests/unit/run.h"

static uint64_t after(uint64_t load, uint64_t exp, unsigned active, unsigned steps)
{
    while (steps--)
        load = load_step(load, exp, (uint64_t)active * LOAD_ONE);
    return load;
}

START_TEST(one_runs)
{
    ck_assert_uint_eq(after(0, LOAD_EXP_1, 1, 1), 164);
    ck_assert_uint_eq(after(0, LOAD_EXP_1, 1, 2), 315);
    /* A minute leaves 1/e of what was: 1 - 1/e = 0.632. */
    uint64_t minute = after(0, LOAD_EXP_1, 1, 12);
    ck_assert_uint_ge(minute, LOAD_ONE * 632 / 1000 - 4);
    ck_assert_uint_le(minute, LOAD_ONE * 632 / 1000 + 8);
    /* Neither does it stay below what runs for ever, nor pass it. */
    ck_assert_uint_eq(after(0, LOAD_EXP_1, 1, 1000), LOAD_ONE);
    ck_assert_uint_eq(after(0, LOAD_EXP_15, 3, 20000), 3 * LOAD_ONE);
}
END_TEST

START_TEST(none_runs)
{
    ck_assert_uint_eq(after(LOAD_ONE, LOAD_EXP_1, 0, 1), LOAD_EXP_1);
    ck_assert_uint_eq(after(LOAD_ONE, LOAD_EXP_5, 0, 1), LOAD_EXP_5);
    ck_assert_uint_eq(after(5 * LOAD_ONE, LOAD_EXP_1, 0, 1000), 0);
    ck_assert_uint_eq(after(5 * LOAD_ONE, LOAD_EXP_15, 0, 20000), 0);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("load");
    tcase_add_test(tc, one_runs);
    tcase_add_test(tc, none_runs);
    return unit_run("load", tc);
}
