/* A ring of bytes that grows with what is in it. */
#include "runtime/fs/pipe/pipe_ring.h"

#include "runtime/abi/errno.h"
#include "runtime/host/heap.h"
#include <string.h>

#define PAGE 4096u /* bytes: what a ring starts with */

void fs_ring_init(struct fs_ring *ring, size_t size)
{
    *ring = (struct fs_ring){.size = size};
}

void fs_ring_free(struct fs_ring *ring)
{
    free(ring->data);
    ring->data = NULL;
    ring->capacity = ring->start = ring->used = ring->reserved = 0;
}

size_t fs_ring_peek(const struct fs_ring *ring, size_t skip, void *data, size_t n)
{
    if (skip > ring->used)
        skip = ring->used;
    if (n > ring->used - skip)
        n = ring->used - skip;
    size_t at = ring->capacity ? (ring->start + skip) & (ring->capacity - 1) : 0;
    size_t first = ring->capacity - at;
    if (first > n)
        first = n;
    if (n) {
        memcpy(data, ring->data + at, first);
        memcpy((uint8_t *)data + first, ring->data, n - first);
    }
    return n;
}

static int grow_ring(struct fs_ring *ring, size_t needed)
{
    size_t capacity = ring->capacity ? ring->capacity : PAGE;
    while (capacity < needed)
        capacity *= 2;
    if (capacity == ring->capacity)
        return 0;
    uint8_t *data = malloc(capacity);
    if (!data)
        return -L_ENOMEM;
    /* Whoever counts in pages finds the bytes at the same place in them. */
    size_t start = ring->start % PAGE;
    fs_ring_peek(ring, 0, data + start, ring->used);
    free(ring->data);
    ring->data = data;
    ring->capacity = capacity;
    ring->start = start;
    return 0;
}

int fs_ring_put(struct fs_ring *ring, const void *data, size_t n)
{
    int error = grow_ring(ring, ring->used + ring->reserved + n);
    if (error)
        return error;
    size_t at = (ring->start + ring->used) & (ring->capacity - 1);
    size_t first = ring->capacity - at;
    if (first > n)
        first = n;
    memcpy(ring->data + at, data, first);
    memcpy(ring->data, (const uint8_t *)data + first, n - first);
    ring->used += n;
    return (int)n;
}

size_t fs_ring_take(struct fs_ring *ring, void *data, size_t n)
{
    return fs_ring_drop(ring, fs_ring_peek(ring, 0, data, n));
}

int fs_ring_reserve(struct fs_ring *ring, size_t n)
{
    int error = grow_ring(ring, ring->used + ring->reserved + n);
    if (!error)
        ring->reserved += n;
    return error;
}

size_t fs_ring_drop(struct fs_ring *ring, size_t n)
{
    if (n > ring->used)
        n = ring->used;
    if (n) {
        ring->start = (ring->start + n) & (ring->capacity - 1);
        ring->used -= n;
    }
    if (!ring->used)
        ring->start = 0;
    return n;
}

int fs_ring_resize(struct fs_ring *ring, size_t size)
{
    if (ring->used + ring->reserved > size)
        return -L_EBUSY;
    ring->size = size;
    return 0;
}
