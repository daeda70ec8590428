/* The counters of the translator in words. */
#include "app/fore/stats.h"

#include <stdio.h>

#include "runtime/host/time.h"
#include "runtime/translate/counters.h"

static const char *const names[COUNTERS] = {
    [COUNT_BLOCKS] = "blocks translated",
    [COUNT_GUEST_BYTES] = "bytes of guest code in them",
    [COUNT_HOST_BYTES] = "bytes of code made",
    [COUNT_KEPT] = "blocks kept from earlier runs",
    [COUNT_LINKS] = "links between blocks",
    [COUNT_TRANSLATION] = "microseconds of translation",
    [COUNT_EXITS] = "exits that were not linked",
    [COUNT_MISSES] = "misses of the indirect table",
    [COUNT_MOVES] = "moves from its second part to the first",
    [COUNT_TRAPS] = "instructions carried out apart",
    [COUNT_INTERRUPTED] = "interruptions",
    [COUNT_SYSCALLS] = "system calls",
    [COUNT_HOST_FAULTS] = "faults of the processor",
    [COUNT_PENDING] = "returns held up by something pending",
    [COUNT_GUEST_FAULTS] = "faults told to guests",
};

void stats_begin(void)
{
    counters_time();
}

void stats_print(void)
{
    uint64_t sum[COUNTERS];
    counters_sum(sum);
    sum[COUNT_TRANSLATION] /= NS_PER_US;
    for (size_t i = 0; i < COUNTERS; i++)
        fprintf(stderr, "fore: %12llu %s\n", (unsigned long long)sum[i], names[i]);
}
