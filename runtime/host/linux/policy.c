/* Code may be made here without asking. */
#include "runtime/host/policy.h"

/* What a kernel forbids shows when code is made: there is nothing to ask before. */
enum host_policy host_policy(char *text, size_t size)
{
    if (size)
        text[0] = 0;
    return HOST_POLICY_FREE;
}
