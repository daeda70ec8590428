/* "#!" lines and the vectors of strings of execve(2). */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/kernel/life/exec.h"
#include "tests/unit/run.h"

static char head[EXEC_HEAD_SIZE], *interpreter, *argument;

static int parse(const char *text)
{
    memset(head, 0, sizeof(head));
    memcpy(head, text, strnlen(text, EXEC_HEAD_SIZE));
    return exec_parse_script(head, &interpreter, &argument);
}

START_TEST(interpreter_and_one_argument)
{
    ck_assert_int_eq(parse("#!/bin/sh\necho"), 0);
    ck_assert_str_eq(interpreter, "/bin/sh");
    ck_assert_ptr_null(argument);
    ck_assert_int_eq(parse("#! \t/usr/bin/env  python3 -u \t\nx"), 0);
    ck_assert_str_eq(interpreter, "/usr/bin/env");
    ck_assert_str_eq(argument, "python3 -u");
    ck_assert_int_eq(parse("#!/bin/sh"), 0);
    ck_assert_str_eq(interpreter, "/bin/sh");
}
END_TEST

/* Without a newline the line ends at the last byte read, and what is between is zeroes. */
START_TEST(empty_parts)
{
    ck_assert_int_eq(parse("#!/bin/sh   "), 0);
    ck_assert_str_eq(interpreter, "/bin/sh");
    ck_assert_str_eq(argument, "");
    ck_assert_int_eq(parse("#!/bin/sh   \n"), 0);
    ck_assert_ptr_null(argument);
    ck_assert_int_eq(parse("#!\t"), 0);
    ck_assert_str_eq(interpreter, "");
    ck_assert_ptr_null(argument);
    ck_assert_int_eq(parse("#!"), 0);
    ck_assert_str_eq(interpreter, "");
}
END_TEST

START_TEST(refused)
{
    char text[EXEC_HEAD_SIZE + 1];
    ck_assert_int_eq(parse("#!\n"), -L_ENOEXEC);
    ck_assert_int_eq(parse("#!   \n/bin/sh"), -L_ENOEXEC);
    memset(text, 'a', sizeof(text));
    memcpy(text, "#!", 2);
    text[EXEC_HEAD_SIZE] = 0;
    ck_assert_int_eq(parse(text), -L_ENOEXEC);
    /* A cut argument is passed on; a cut name is not. */
    text[10] = ' ';
    ck_assert_int_eq(parse(text), 0);
    ck_assert_str_eq(interpreter, "aaaaaaaa");
    ck_assert_uint_eq(strlen(argument), EXEC_HEAD_SIZE - 12);
}
END_TEST

START_TEST(strings_move)
{
    struct exec_strings s = {NULL, 0, 0, 0};
    exec_strings_add(&s, "script", 6);
    exec_strings_add(&s, "one", 3);
    exec_strings_shift(&s);
    exec_strings_prepend(&s, "/path/script");
    exec_strings_prepend(&s, "/bin/sh");
    ck_assert_uint_eq(s.count, 3);
    ck_assert_uint_eq(s.used, 8 + 13 + 4);
    ck_assert_mem_eq(s.data, "/bin/sh\0/path/script\0one", s.used);
    char *big = malloc(131072);
    memset(big, 'x', 131072);
    ck_assert_int_eq(exec_strings_add(&s, big, 131072), -L_E2BIG);
    ck_assert_int_eq(exec_strings_add(&s, big, 131071), 0);
    free(big);
    exec_strings_free(&s);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("script");
    tcase_add_test(tcase, interpreter_and_one_argument);
    tcase_add_test(tcase, empty_parts);
    tcase_add_test(tcase, refused);
    tcase_add_test(tcase, strings_move);
    return unit_run("script", tcase);
}
