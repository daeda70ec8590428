/* Whether memory is short, and who may go beyond the limit because he dies. */
#include "runtime/host/env.h"
#include "runtime/memory/internal.h"

/* The most that one step of a fault charges, and what is left of the host's memory when it is said
 * to be used up. */
#define STEP_BYTES ((uint64_t)128 << 10)
#define HOST_LEAST ((uint64_t)16 << 20)

bool memory_is_short(void)
{
    uint64_t most = memory_limit();
    return (most && memory_used() + STEP_BYTES > most) || host_memory_available() < HOST_LEAST;
}

static memory_short_fn *hook;
static memory_dying_fn *dying;

void memory_short_set(memory_short_fn *fn)
{
    hook = fn;
}

bool memory_short(void)
{
    return rest_release() || (hook && hook());
}

void memory_dying_set(memory_dying_fn *fn)
{
    dying = fn;
}

bool memory_dying(void)
{
    return dying && dying();
}
