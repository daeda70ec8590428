/*
 * The only way to guest memory for the kernel.
 *
 * Every function checks its range against the window, survives any fault and brings absent pages in
 * (taking the space's lock, reading files): never call one with a lock held. Guest permissions
 * hold: copying to a page the guest may not write fails. None may be called by a fault hook.
 */
#ifndef RUNTIME_MEMORY_ACCESS_H
#define RUNTIME_MEMORY_ACCESS_H

#include <stddef.h>
#include <stdint.h>

struct space;

/* 0 or -L_EFAULT; after -L_EFAULT part of the destination may have been written. */
int copy_from_guest(struct space *space, void *to, uint64_t from, size_t size);
int copy_to_guest(struct space *space, uint64_t to, const void *from, size_t size);
int clear_guest(struct space *space, uint64_t to, size_t size);

/* The number of bytes copied before the first that could not be. */
size_t copy_from_guest_partial(struct space *space, void *to, uint64_t from, size_t size);
size_t copy_to_guest_partial(struct space *space, uint64_t to, const void *from, size_t size);

/* Copies a string with its zero byte into max bytes. Its length, -L_EFAULT, or -L_ENAMETOOLONG when
 * there is no zero byte among the first max. */
int64_t guest_string(struct space *space, uint64_t from, char *to, size_t max);

/* 0 or -L_EFAULT. */
int get_guest_u8(struct space *space, uint64_t address, uint8_t *value);
int get_guest_u32(struct space *space, uint64_t address, uint32_t *value);
int get_guest_u64(struct space *space, uint64_t address, uint64_t *value);
int put_guest_u8(struct space *space, uint64_t address, uint8_t value);
int put_guest_u16(struct space *space, uint64_t address, uint16_t value);
int put_guest_u32(struct space *space, uint64_t address, uint32_t value);
int put_guest_u64(struct space *space, uint64_t address, uint64_t value);

/* Atomic, sequentially consistent; address a multiple of 4, else -L_EFAULT. 0 or -L_EFAULT. */
int guest_load32(struct space *space, uint64_t address, uint32_t *value);
/* *value: in what to store, out what was there. */
int guest_xchg32(struct space *space, uint64_t address, uint32_t *value);
/* Stores desired when the word is *expected; *expected gets what was there. */
int guest_cmpxchg32(struct space *space, uint64_t address, uint32_t *expected, uint32_t desired);

/* Reads or writes whatever the guest's protection allows or not (ptrace, /proc/PID/mem): pages are
 * brought in, read-only private pages are written. Bytes done. */
size_t space_peek(struct space *space, void *to, uint64_t from, size_t size);
size_t space_poke(struct space *space, uint64_t to, const void *from, size_t size);

#endif
