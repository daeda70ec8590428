/* Seals of what is stored: the CRC-32C of the bytes and of the place they belong to, in the four
 * bytes behind them, lowest first. For store*.c only. */
#ifndef RUNTIME_FS_STORE_STORE_SEAL_H
#define RUNTIME_FS_STORE_STORE_SEAL_H

#include "runtime/fs/store/crc32c.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SEAL_SIZE 4

static inline uint32_t seal_of_chunk(uint64_t ino, uint64_t index, const void *data, size_t length)
{
    const uint64_t place[] = {ino, index};
    return crc32c(crc32c(0, place, sizeof(place)), data, length);
}

static inline uint32_t seal_of_xattr(uint64_t ino, const void *name, size_t name_length,
                                     const void *value, size_t length)
{
    const uint64_t place[] = {ino, name_length};
    uint32_t sum = crc32c(crc32c(0, place, sizeof(place)), name, name_length);
    return crc32c(sum, value, length);
}

static inline void seal_write(void *to, uint32_t seal)
{
    memcpy(to, &seal, SEAL_SIZE);
}

static inline bool seal_holds(const void *at, uint32_t seal)
{
    return memcmp(at, &seal, SEAL_SIZE) == 0;
}

#endif
