/* The file by which a profiler of the host finds names for code that was made while running. */
#ifndef RUNTIME_HOST_PERF_MAP_H
#define RUNTIME_HOST_PERF_MAP_H

#include <stddef.h>
#include <stdio.h>

/* Linux: /tmp/perf-PID.map, made anew and readable by this user alone, for perf(1)
 * (jit-interface.txt of its documentation: a line "START SIZE NAME" each, numbers in hexadecimal
 * without 0x). name gets its path. NULL when it cannot be made, and on Windows, which has no such
 * profiler: name is empty then. */
FILE *host_perf_map_open(char *name, size_t size);

#endif
