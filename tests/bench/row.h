/*
 * A benchmark program: rows with a name, each a function that does a fixed amount of work. Run with
 * a row's name it prints the nanoseconds that the work took by the guest's own clock, so that the
 * start of the process does not count; without arguments it lists its rows.
 */
#ifndef BENCH_ROW_H
#define BENCH_ROW_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct row {
    const char *name;
    void (*work)(void);
};

/* Keeps the compiler from seeing that a result is not used. */
static volatile uint64_t row_sink;

static inline int rows_main(const struct row *rows, int argc, char **argv)
{
    for (; rows->name; rows++) {
        if (argc < 2) {
            puts(rows->name);
            continue;
        }
        if (strcmp(argv[1], rows->name))
            continue;
        struct timespec start, end;
        clock_gettime(CLOCK_MONOTONIC, &start);
        rows->work();
        clock_gettime(CLOCK_MONOTONIC, &end);
        printf("%lld\n",
               (long long)(end.tv_sec - start.tv_sec) * 1000000000 + end.tv_nsec - start.tv_nsec);
        return 0;
    }
    return argc < 2 ? 0 : 2;
}

#endif
