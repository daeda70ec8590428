/* There is no profiler that asks. */
#include "runtime/host/perf_map.h"

FILE *host_perf_map_open(char *name, size_t size)
{
    if (size)
        name[0] = 0;
    return NULL;
}
