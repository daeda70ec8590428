/* A bounded queue of bytes. No lock of its own. */
#ifndef RUNTIME_TTY_BYTE_RING_H
#define RUNTIME_TTY_BYTE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "runtime/host/heap.h"

struct ring {
    uint8_t *data;
    uint32_t size; /* a power of two */
    uint32_t head; /* written so far, modulo 2^32 */
    uint32_t tail; /* read so far */
};

static inline bool ring_init(struct ring *r, uint32_t size)
{
    r->data = malloc(size);
    r->size = size;
    r->head = r->tail = 0;
    return r->data != NULL;
}

static inline void ring_free(struct ring *r)
{
    free(r->data);
    r->data = NULL;
}

static inline uint32_t ring_count(const struct ring *r)
{
    return r->head - r->tail;
}

static inline uint32_t ring_room(const struct ring *r)
{
    return r->size - ring_count(r);
}

static inline void ring_clear(struct ring *r)
{
    r->tail = r->head;
}

/* Appends up to n bytes; returns how many fitted. */
static inline uint32_t ring_put(struct ring *r, const uint8_t *bytes, size_t n)
{
    uint32_t room = ring_room(r);
    uint32_t take = n < room ? (uint32_t)n : room;
    uint32_t at = r->head & (r->size - 1);
    uint32_t first = take < r->size - at ? take : r->size - at;
    memcpy(r->data + at, bytes, first);
    memcpy(r->data, bytes + first, take - first);
    r->head += take;
    return take;
}

/* Removes up to n bytes; returns how many there were. */
static inline uint32_t ring_take(struct ring *r, uint8_t *bytes, size_t n)
{
    uint32_t count = ring_count(r);
    uint32_t take = n < count ? (uint32_t)n : count;
    uint32_t at = r->tail & (r->size - 1);
    uint32_t first = take < r->size - at ? take : r->size - at;
    memcpy(bytes, r->data + at, first);
    memcpy(bytes + first, r->data, take - first);
    r->tail += take;
    return take;
}

#endif
