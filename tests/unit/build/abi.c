/* What the rest of the tree takes for granted about the compiler, on every host. */
#include "tests/unit/run.h"
#include <check.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

START_TEST(sizes)
{
    ck_assert_uint_eq(sizeof(void *), 8);
    ck_assert_uint_eq(sizeof(size_t), 8);
    ck_assert_uint_eq(sizeof(int), 4);
    ck_assert_uint_eq(sizeof(long long), 8);
}
END_TEST

START_TEST(format)
{
    char text[64];
    volatile size_t room = 4;
    snprintf(text, sizeof(text), "%zu %llx %lld", SIZE_MAX, 0x123456789abcdefull, -5ll);
    ck_assert_str_eq(text, "18446744073709551615 123456789abcdef -5");
    ck_assert_int_eq(snprintf(text, room, "%d", 123456), 6);
    ck_assert_str_eq(text, "123");
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("abi");
    tcase_add_test(tcase, sizes);
    tcase_add_test(tcase, format);
    return unit_run("abi", tcase);
}
