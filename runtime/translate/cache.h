/*
 * Code memory: one section seen twice, executable and writable, divided into chunks. A chunk
 * belongs to one code space, or holds the private slots of threads. Blocks are laid into a chunk in
 * rising order, which is how a host address finds its block.
 *
 * All under translate_lock, except cache_contains and the reads of cache_find for an address that
 * the calling thread was just executing.
 */
#ifndef RUNTIME_TRANSLATE_CACHE_H
#define RUNTIME_TRANSLATE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/host/lock.h"

struct block;
struct kept;

#define CACHE_SIZE  ((size_t)256 << 20)
#define CACHE_CHUNK ((size_t)64 << 10)
/* Blocks begin at multiples of a line of the processor's caches: what it knows of branches it knows
 * by line. */
#define CACHE_LINE 64u

struct chunk {
    uint32_t index;
    uint32_t used;  /* bytes */
    uint32_t count; /* blocks */
    uint32_t room;
    uint32_t live;    /* blocks that are not dead */
    uint64_t retired; /* the view's stamp when the last block died */
    struct block **blocks;
    /* The first so many bytes hold blocks that were kept from an earlier run, by this
     * (code_kept.h), as chunk number kept_number. */
    struct kept *kept;
    uint32_t kept_number, kept_bytes;
    struct chunk *next;
};

/* Guards everything of the translator that threads share: code spaces, views, links, chunks. Never
 * held while guest memory is touched or a callback of struct code_source runs. */
extern struct host_mutex translate_lock;

/* 0 or -ENOMEM. Once. */
int cache_init(void);

/* Uses less of the memory than there is, but CACHE_LEAST: so that it does not take too much of what
 * guests may have (budget.h). Before any chunk is taken. */
#define CACHE_LEAST ((size_t)4 << 20)
void cache_limit(size_t bytes);

/* A fresh chunk, or NULL when code memory is used up. A sixteenth of it is left to slots. */
struct chunk *cache_chunk(void);
struct chunk *cache_chunk_for_slot(void);
/* There was none lately: who can do without a slot gives it back. Any lock or none. */
bool cache_is_short(void);
/* So many, side by side in the order of their list; or NULL. */
struct chunk *cache_chunks(uint32_t count);
void cache_chunk_free(struct chunk *chunk);

/* Bytes into fresh chunks that lie side by side, from the first one's start on. Without the lock.
 */
void cache_fill(const struct chunk *first, const void *code, size_t size);

/* Room for size bytes in the chunk, aligned to a line; NULL when it is full. The block is recorded.
 */
uint8_t *cache_place(struct chunk *chunk, struct block *block, size_t size);

/* The chunk's memory, writable. */
uint8_t *cache_memory(const struct chunk *chunk);
/* The executable address of a writable one and back. */
uint8_t *cache_executable(const uint8_t *writable);
uint8_t *cache_writable(const uint8_t *executable);

bool cache_contains(uint64_t host);
/* The chunk of an executable address inside the cache. */
struct chunk *cache_chunk_of(const uint8_t *executable);
/* The block whose code holds the host address, or NULL. */
struct block *cache_find(uint64_t host);
/* The guest address of that block; false when there is none. */
bool cache_find_pc(uint64_t host, uint64_t *pc);

#endif
