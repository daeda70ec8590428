/* Random bytes from the host's generator, good for keys. */
#ifndef RUNTIME_HOST_RANDOM_H
#define RUNTIME_HOST_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void host_random(void *buffer, size_t size);
uint64_t host_random_u64(void);

#endif
