/* Clocks, timer, environment and log of the host. */
#include "runtime/host/env.h"
#include "runtime/host/log.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"
#include "tests/unit/run.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND 1000000000ull

START_TEST(clocks)
{
    uint64_t before = host_clock_monotonic_ns(), user, system;
    ck_assert_uint_le(before, host_clock_monotonic_ns());
    /* After 2020 and before 2100. */
    ck_assert_uint_gt(host_clock_realtime_ns(), 1577836800 * SECOND);
    ck_assert_uint_lt(host_clock_realtime_ns(), 4102444800 * SECOND);
    ck_assert_uint_gt(host_clock_boottime_ns(), 0);
    /* Work counts, in steps of up to 16 ms; how long it takes depends on what else runs. */
    do {
        host_clock_thread(&user, &system);
        ck_assert_uint_lt(host_clock_monotonic_ns(), before + 20 * SECOND);
    } while (user + system == 0);
    host_clock_process(&user, &system);
    ck_assert_uint_gt(user + system, 0);
    uint64_t frequency = host_tsc_frequency();
    ck_assert(frequency == 0 || (frequency > 500000000 && frequency < 10000000000));
    ck_assert_uint_eq(frequency, host_tsc_frequency());
}
END_TEST

static void poke(void *timer)
{
    host_timer_poke(timer);
}

START_TEST(timer)
{
    struct host_timer *timer = host_timer_create();
    ck_assert_ptr_nonnull(timer);
    uint64_t start = host_clock_monotonic_ns();
    host_timer_wait(timer, start + 3000000);
    uint64_t end = host_clock_monotonic_ns();
    ck_assert_uint_ge(end, start + 3000000);
    host_timer_poke(timer);
    host_timer_wait(timer, start + 100 * SECOND);
    ck_assert_int_eq(host_thread_start(poke, timer), 0);
    host_timer_wait(timer, start + 100 * SECOND);
    ck_assert_uint_lt(host_clock_monotonic_ns(), start + 50 * SECOND);
    host_timer_free(timer);
}
END_TEST

static bool is_text(const char *text)
{
    return text && text[0] && text[strlen(text) - 1] != '/' && text[strlen(text) - 1] != '\\';
}

START_TEST(machine)
{
    char buffer[256];
    ck_assert_uint_ge(host_cpu_count(), 1);
    ck_assert_uint_gt(host_memory_size(), 64 << 20);
    ck_assert_uint_gt(host_memory_available(), 1 << 20);
    ck_assert_uint_le(host_memory_available(), host_memory_size());
    host_machine_name(buffer, sizeof(buffer));
    ck_assert(is_text(buffer));
    host_machine_name(buffer, 2);
    ck_assert_uint_eq(strlen(buffer), 1);
    host_user_name(buffer, sizeof(buffer));
    ck_assert(is_text(buffer));
    host_timezone(buffer, sizeof(buffer));
    ck_assert(is_text(buffer));
    ck_assert_uint_ne(host_process_id(), 0);
    char *paths[] = {host_home_dir(), host_cache_dir(), host_program_path(), host_current_dir()};
    for (unsigned i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        ck_assert_msg(is_text(paths[i]), "path %u", i);
        free(paths[i]);
    }
}
END_TEST

START_TEST(environment)
{
    char *value = host_getenv("CK_FORK");
    ck_assert_ptr_nonnull(value);
    ck_assert_str_eq(value, "no");
    free(value);
    ck_assert_ptr_null(host_getenv("FORELAND_NO_SUCH_VARIABLE"));
    char **all = host_environment();
    bool found = false;
    for (size_t i = 0; all[i]; i++) {
        found |= strcmp(all[i], "CK_FORK=no") == 0;
        free(all[i]);
    }
    free(all);
    ck_assert(found);
}
END_TEST

START_TEST(log_lines)
{
    char name[] = "host_env_test.log", line[64] = "";
    remove(name);
    ck_assert_int_eq(host_log_open(name), 0);
    ck_assert_str_eq(host_log_path(), name);
    host_log("one %d", 1);
    host_log("two");
    FILE *file = fopen(name, "rb");
    ck_assert_ptr_nonnull(file);
    size_t length = fread(line, 1, sizeof(line) - 1, file);
    fclose(file);
    line[length] = 0;
    ck_assert_str_eq(line, "one 1\ntwo\n");
    ck_assert_int_lt(host_log_open("no/such/folder/log"), 0);
}
END_TEST

static long size_of(const char *name)
{
    FILE *file = fopen(name, "rb");
    ck_assert_ptr_nonnull(file);
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    fclose(file);
    return size;
}

/* Neither file of the log grows beyond its bound while it is open. */
START_TEST(log_bounded)
{
    char name[] = "host_env_bounded.log", old[] = "host_env_bounded.log.old", line[500];
    memset(line, 'x', sizeof(line));
    remove(name);
    remove(old);
    ck_assert_int_eq(host_log_open(name), 0);
    for (size_t written = 0; written < 3 * (size_t)HOST_LOG_MAX; written += sizeof(line))
        host_log_all("%.*s", (int)sizeof(line), line);
    ck_assert_int_le(size_of(name), HOST_LOG_MAX + (70 << 10));
    ck_assert_int_le(size_of(old), HOST_LOG_MAX + (70 << 10));
    ck_assert_int_ge(size_of(old), HOST_LOG_MAX);
}
END_TEST

/* What guests may provoke is rationed, and what was left out is counted. */
START_TEST(log_rationed)
{
    char name[] = "host_env_rationed.log", line[200];
    remove(name);
    ck_assert_int_eq(host_log_open(name), 0);
    uint64_t start = host_clock_monotonic_ns();
    for (int i = 0; i < 100000; i++)
        host_log("line %d", i);
    uint64_t seconds = (host_clock_monotonic_ns() - start) / 1000000000 + 1;
    ck_assert_uint_le((uint64_t)size_of(name),
                      64 * (HOST_LOG_BURST + 2 * HOST_LOG_EACH_SECOND * seconds));
    uint64_t later = start + 30000000000u;
    bool told = false;
    while (!told && host_clock_monotonic_ns() < later) {
        host_log("the next one");
        FILE *file = fopen(name, "rb");
        ck_assert_ptr_nonnull(file);
        while (fgets(line, sizeof(line), file))
            told |= strstr(line, "more lines were left out)") != NULL;
        fclose(file);
    }
    ck_assert(told);
}
END_TEST

int main(int argc, char **argv)
{
    host_arguments(&argc, &argv);
    if (argc != 1 || !strstr(argv[0], "unit_host_env"))
        return EXIT_FAILURE;
    TCase *tcase = tcase_create("env");
    tcase_add_test(tcase, clocks);
    tcase_add_test(tcase, timer);
    tcase_add_test(tcase, machine);
    tcase_add_test(tcase, environment);
    tcase_add_test(tcase, log_lines);
    tcase_add_test(tcase, log_bounded);
    tcase_add_test(tcase, log_rationed);
    return unit_run("env", tcase);
}
