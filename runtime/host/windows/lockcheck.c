/* Stacks for the checks of locks. */
#include "runtime/host/lockcheck.h"

#ifdef FORELAND_CHECK_LOCKS

#include <stdio.h>
#include <string.h>
#include <windows.h>

void lockcheck_capture(void **frames, int count)
{
    int got = CaptureStackBackTrace(1, (DWORD)count, frames, NULL);
    memset(frames + got, 0, (size_t)(count - got) * sizeof(*frames));
}

void lockcheck_print(void *const *frames, int count)
{
    const char *base = (const char *)GetModuleHandleW(NULL);
    for (int i = 0; i < count && frames[i]; i++)
        fprintf(stderr, "program+0x%llx\n", (unsigned long long)((const char *)frames[i] - base));
    fflush(stderr);
}

#endif
