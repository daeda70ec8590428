/* Random bytes. */
#include "runtime/host/random.h"
#include <stdlib.h>
#include <windows.h>
/* After windows.h. */
#include <bcrypt.h>

void host_random(void *buffer, size_t size)
{
    uint8_t *to = buffer;
    while (size) {
        ULONG part = size < 0x10000000 ? (ULONG)size : 0x10000000;
        if (BCryptGenRandom(NULL, to, part, BCRYPT_USE_SYSTEM_PREFERRED_RNG) < 0)
            abort(); /* no randomness: keys would be guessable */
        to += part;
        size -= part;
    }
}

uint64_t host_random_u64(void)
{
    uint64_t value;
    host_random(&value, sizeof(value));
    return value;
}
