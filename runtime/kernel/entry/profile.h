/*
 * Where guests' time goes: a thread looks every millisecond which instruction each running thread
 * of a guest is at, and counts by function. Guests are not told and go on as they are; what they do
 * in the kernel, or waiting for a translation, is not seen.
 */
#ifndef RUNTIME_KERNEL_ENTRY_PROFILE_H
#define RUNTIME_KERNEL_ENTRY_PROFILE_H

#include <stdio.h>

/* Begins to look; once, after boot_start. 0 or a negative errno. */
int profile_start(void);

/* Ends it, and writes a table of the hottest functions to out and, where the host has a profiler
 * that asks for it, the names of blocks (runtime/host/perf_map.h). Before boot_finish: files are
 * read. */
void profile_print(FILE *out);

#endif
