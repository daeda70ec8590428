/* A ring of bytes whose memory grows with what is in it, up to size. The owner locks. */
#ifndef RUNTIME_FS_PIPE_PIPE_RING_H
#define RUNTIME_FS_PIPE_PIPE_RING_H

#include <stddef.h>
#include <stdint.h>

struct fs_ring {
    uint8_t *data;
    size_t capacity; /* of data: a power of two, or 0 */
    size_t start, used;
    size_t reserved; /* bytes that memory is kept for beyond what is used */
    size_t size;     /* the most that may be used */
};

void fs_ring_init(struct fs_ring *ring, size_t size);
/* Drops what is in it, and its memory; it may be used again. */
void fs_ring_free(struct fs_ring *ring);
/* Put n bytes (they must fit into size); n or -L_ENOMEM. */
int fs_ring_put(struct fs_ring *ring, const void *data, size_t n);
/* Take at most n bytes; how many. */
size_t fs_ring_take(struct fs_ring *ring, void *data, size_t n);
/* The same without taking them, from `skip` bytes on. */
size_t fs_ring_peek(const struct fs_ring *ring, size_t skip, void *data, size_t n);
/* Take at most n bytes unseen; how many. */
size_t fs_ring_drop(struct fs_ring *ring, size_t n);
/* So that n bytes more than what is used and reserved can be put (they must fit into size) once
 * they are not reserved any more; 0 or -L_ENOMEM. */
int fs_ring_reserve(struct fs_ring *ring, size_t n);
/* -L_EBUSY when more than that is in it. */
int fs_ring_resize(struct fs_ring *ring, size_t size);

#endif
