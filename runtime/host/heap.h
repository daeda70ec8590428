/*
 * The heap, counted against the budget. A file of the kernel that allocates for guests includes
 * this instead of stdlib.h: malloc, calloc, realloc, strdup and free then are the functions below,
 * as the C library's but that they return NULL at the limit (budget.h). What they make may also be
 * freed by the C library's free, and the other way round; only the count is wrong then.
 *
 * Memory given back is kept by the C library for the next who asks; when much of it lies idle,
 * heap_wants_trim says so.
 */
#ifndef RUNTIME_HOST_HEAP_H
#define RUNTIME_HOST_HEAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum heap_tier {
    HEAP_KERNEL,  /* up to the kernel's limit: what lasts */
    HEAP_RESERVE, /* up to the limit: what is freed when the call ends */
    HEAP_ALWAYS,  /* counted, not refused: what has another bound, and whose lack ends a guest */
};

void *heap_alloc(enum heap_tier tier, size_t size);
void *heap_zalloc(enum heap_tier tier, size_t count, size_t size);
void *heap_resize(enum heap_tier tier, void *p, size_t size);
char *heap_strdup(enum heap_tier tier, const char *text);
void heap_free(void *p);

/* Much was freed since the last trim. Every system call asks. */
extern atomic_bool heap_trim_wanted;
static inline bool heap_wants_trim(void)
{
    return atomic_load_explicit(&heap_trim_wanted, memory_order_relaxed);
}
/* Gives idle memory back to the host. No lock may be held: it takes milliseconds. */
void heap_trim(void);

/* A file may choose another tier before it includes this. */
#ifndef HEAP_TIER
#define HEAP_TIER HEAP_KERNEL
#endif

#ifndef HEAP_PLAIN
#undef strdup
#define malloc(size)       heap_alloc(HEAP_TIER, size)
#define calloc(count, one) heap_zalloc(HEAP_TIER, count, one)
#define realloc(p, size)   heap_resize(HEAP_TIER, p, size)
#define strdup(text)       heap_strdup(HEAP_TIER, text)
#define free(p)            heap_free(p)
#endif

#endif
