/*
 * `fore selftest`: one line for each thing that Foreland takes for granted about the host, with
 * what was seen. For people on machines that nobody tested on, to send in.
 */
#ifndef APP_FORE_SELFTEST_H
#define APP_FORE_SELFTEST_H

#include <stdbool.h>

/* Prints to the standard output. The exit status: 0, or 1 when something is not as it has to be. */
int fore_selftest(void);

/* For the parts: a line. printf format for what was seen. */
void selftest_line(const char *name, bool pass, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void selftest_memory(void);
void selftest_faults(void);
void selftest_threads(void);
void selftest_clocks(void);
void selftest_files(void);

#endif
