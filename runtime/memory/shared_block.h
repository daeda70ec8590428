/*
 * Blocks: 64 KiB of memory in a host section. The data of cached files and of shared memory lies in
 * blocks, so that read(2), write(2) and shared mappings in any number of address spaces see one
 * copy: a block can be shown in a window as a view.
 */
#ifndef RUNTIME_MEMORY_SHARED_BLOCK_H
#define RUNTIME_MEMORY_SHARED_BLOCK_H

#include <stdatomic.h>
#include <stdint.h>

#define BLOCK_SIZE  ((uint64_t)65536)
#define BLOCK_SHIFT 16

struct host_section;

struct block {
    _Atomic uint32_t refs;
    uint32_t slot;                /* index in its arena */
    uint8_t *data;                /* readable and writable by the kernel, all BLOCK_SIZE bytes */
    struct host_section *section; /* where data comes from */
    uint64_t offset;              /* in the section */
    struct block_arena *arena;
};

/* A zeroed block with one reference; NULL when out of memory (the --memory limit counts). */
struct block *block_alloc(void);
struct block *block_get(struct block *block);
/* NULL is ignored. */
void block_put(struct block *block);

#endif
