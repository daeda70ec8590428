/* Random bytes. */
#include "runtime/host/random.h"
#include <stdlib.h>
#include <sys/random.h>
#include <sys/types.h>

void host_random(void *buffer, size_t size)
{
    uint8_t *to = buffer;
    while (size) {
        ssize_t got = getrandom(to, size, 0);
        if (got < 0)
            continue; /* EINTR */
        to += got;
        size -= (size_t)got;
    }
}

uint64_t host_random_u64(void)
{
    uint64_t value;
    host_random(&value, sizeof(value));
    return value;
}
