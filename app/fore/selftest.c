/* Runs the parts of the self test and prints their lines. */
#include "app/fore/selftest.h"

#include <cpuid.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "runtime/host/env.h"
#include "runtime/host/policy.h"
#include "runtime/host/selftest.h"
#include "runtime/host/stdio.h"
#include "runtime/translate/cpu.h"

static unsigned lines, failures;

void selftest_line(const char *name, bool pass, const char *format, ...)
{
    char seen[400];
    va_list list;
    va_start(list, format);
    vsnprintf(seen, sizeof(seen), format, list);
    va_end(list);
    printf("%s  %s: %s\n", pass ? "pass" : "FAIL", name, seen);
    /* What was seen before is worth having should the next one end the process. */
    fflush(stdout);
    lines++;
    failures += !pass;
}

static void selftest_report(const char *name, bool pass, const char *value)
{
    selftest_line(name, pass, "%s", value);
}

static void processor_name(char name[49])
{
    uint32_t words[12] = {0};
    for (uint32_t i = 0; i < 3; i++)
        __get_cpuid(0x80000002 + i, &words[4 * i], &words[4 * i + 1], &words[4 * i + 2],
                    &words[4 * i + 3]);
    memcpy(name, words, 48);
    name[48] = 0;
}

static void check_machine(void)
{
    char text[400];
    host_system_name(text, sizeof(text));
    selftest_line("system", true, "%s", text);
    processor_name(text);
    selftest_line("processor", true, "%s, %u of them", text[0] ? text : "no name",
                  host_cpu_count());
    selftest_line("memory", host_memory_size() > 0, "%llu MiB, %llu MiB available",
                  (unsigned long long)(host_memory_size() >> 20),
                  (unsigned long long)(host_memory_available() >> 20));
    enum host_policy policy = host_policy(text, sizeof(text));
    selftest_line("policies", policy == HOST_POLICY_FREE, "%s", text[0] ? text : "none in the way");
    int error = cpu_init();
    selftest_line("translator", error == 0, error ? "cannot start (error %d)" : "starts", -error);
}

static void check_terminal(void)
{
    static const char *const kinds[] = {"none", "terminal", "pipe", "file", "device"};
    uint16_t rows, columns;
    for (int fd = 0; fd < 3; fd++) {
        static const char *const names[] = {"standard input", "standard output", "standard error"};
        selftest_line(names[fd], true, "%s", kinds[host_stdio_kind(fd)]);
    }
    if (host_terminal_size(&rows, &columns) == 0)
        selftest_line("size of the terminal", rows > 0 && columns > 0, "%u columns, %u rows",
                      columns, rows);
    if (host_stdio_kind(0) != HOST_STDIO_TERMINAL)
        return;
    int error = host_terminal_raw();
    host_terminal_restore();
    selftest_line("the terminal can be made raw", error == 0, "error %d", -error);
}

int fore_selftest(void)
{
    printf("fore " FORELAND_VERSION " selftest\n");
    check_machine();
    selftest_memory();
    selftest_faults();
    selftest_threads();
    selftest_clocks();
    selftest_files();
    host_selftest(selftest_report);
    check_terminal();
    printf("%u lines, %u failed\n", lines, failures);
    return failures ? 1 : 0;
}
