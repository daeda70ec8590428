/* Stacks for the checks of locks. */
#include "runtime/host/lockcheck.h"

#ifdef FORELAND_CHECK_LOCKS

#include <execinfo.h>
#include <string.h>
#include <unistd.h>

void lockcheck_capture(void **frames, int count)
{
    int got = backtrace(frames, count);
    memset(frames + got, 0, (size_t)(count - got) * sizeof(*frames));
}

void lockcheck_print(void *const *frames, int count)
{
    int used = 0;
    while (used < count && frames[used])
        used++;
    backtrace_symbols_fd(frames, used, STDERR_FILENO);
}

#endif
