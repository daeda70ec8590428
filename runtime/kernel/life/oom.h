/*
 * The end of memory, as Linux's OOM killer: when a fault finds no memory below the limit (or the
 * host has none), what file systems can read again is given back; then the process that has most
 * memory is killed and waited for. What the kernel holds for a process counts as its memory.
 */
#ifndef RUNTIME_KERNEL_LIFE_OOM_H
#define RUNTIME_KERNEL_LIFE_OOM_H

#include <stdbool.h>
#include <stdint.h>

/* Installs itself as the memory layer's memory_short_fn. Once. */
void oom_init(void);

/* For a call that was refused the kernel's own memory (budget.h): true when file systems gave
 * memory back, or a process that has more than the caller's was killed, and it is worth to do the
 * call again. No lock may be held. */
bool oom_relieve_kernel(void);

/* For mmap and its like, when so many bytes were refused: true when file systems gave memory back
 * and it is worth to ask again. No lock may be held. */
bool oom_make_room(uint64_t bytes);

#endif
