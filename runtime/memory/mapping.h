/*
 * What memory needs to know of a file: a mapping is the file's content as a row of blocks. A file
 * system embeds one in each inode that can be mapped.
 */
#ifndef RUNTIME_MEMORY_MAPPING_H
#define RUNTIME_MEMORY_MAPPING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct block;
struct mapping;

struct mapping_ops {
    /* Block `index` (bytes index * 64 KiB ...) with a reference that the caller puts; bytes beyond
     * the end of the file are zero. *out = NULL when the file has a hole there and create is false.
     * With create the block is the one that every later call returns. May wait; called without
     * locks. 0 or negative errno (-L_EIO, -L_ENOSPC). */
    int (*block)(struct mapping *mapping, uint64_t index, bool create, struct block **out);
    /* Copies what the block has now (64 KiB), and leaves it where it is stored. Something that is
     * being written meanwhile is there or not. 0 or negative errno. May wait; called without locks.
     * NULL: nobody may ask. */
    int (*peek)(struct mapping *mapping, uint64_t index, void *data);
    /* For who needs what a block has now, and not the block: that of `block` without create, or,
     * when it is not in memory and can be had again as quickly, 1, with its 64 KiB in data. So may
     * wait, and be NULL. */
    int (*look)(struct mapping *mapping, uint64_t index, void *data, struct block **out);
    /* Before stores to the block become possible, which is in the hands of the caller: makes sure
     * that there is room for them, and takes it to differ from what the file system has stored.
     * Called once, and again after mapping_clean. May wait; called without locks. 0 or negative
     * errno: the store is SIGBUS. NULL when nothing needs it. */
    int (*store)(struct mapping *mapping, uint64_t index);
    /* Writes what is dirty in [start, end) (bytes); for msync. NULL when nothing needs it. */
    int (*sync)(struct mapping *mapping, uint64_t start, uint64_t end);
    /* The last reference is gone. */
    void (*release)(struct mapping *mapping);
    /* Path for /proc/PID/maps, cut to fit; "" for none. */
    void (*name)(struct mapping *mapping, char *buffer, size_t size);
    /* st_dev and st_ino for /proc/PID/maps. May be NULL. */
    void (*identity)(struct mapping *mapping, uint64_t *device, uint64_t *inode);
    /* One region more or less shows it (`mapped` has changed). With the lock of a space: may take
     * no other. NULL when nobody wants to know. */
    void (*shown)(struct mapping *mapping, bool more);
};

struct mapping {
    _Atomic uint32_t refs;
    _Atomic uint32_t mapped;   /* number of regions of address spaces that show it */
    _Atomic uint32_t executed; /* code has been translated from it */
    _Atomic uint32_t stored;   /* a shared view of it has been writable */
    _Atomic uint32_t cleaned;  /* calls of mapping_clean */
    const struct mapping_ops *ops;
    _Atomic uint64_t place;      /* from its name: where it is mapped rather; 0: not known yet */
    uint64_t id;                 /* unique among all mappings this process will ever have */
    _Atomic uint64_t generation; /* changes with the content */
    _Atomic uint64_t size;       /* of the file, in bytes */
};

/* Gives the mapping one reference and a fresh id. */
void mapping_init(struct mapping *mapping, const struct mapping_ops *ops, uint64_t size);
struct mapping *mapping_get(struct mapping *mapping);
void mapping_put(struct mapping *mapping);

/* The file system calls these after it changed the content (write, truncate), without locks that
 * mapping_ops take. */

/* Bytes [start, end) were written by other means than a shared mapping: the generation changes, and
 * code translated from them is dropped where they are executable. Cheap when nothing maps it. */
void mapping_changed(struct mapping *mapping, uint64_t start, uint64_t end);
/* The file now ends at size (mapping->size is already set): pages beyond are taken out of every
 * address space and touching them is SIGBUS. Call it before the blocks beyond are given up. */
void mapping_truncated(struct mapping *mapping, uint64_t size);

/* Before bytes [start, end) are stored by the file system: what is stored to them afterwards
 * through a shared mapping is told anew (mapping_ops.store). */
void mapping_clean(struct mapping *mapping, uint64_t start, uint64_t end);

/* Anonymous shared memory of `size` bytes (MAP_SHARED | MAP_ANONYMOUS, System V). NULL: no memory.
 */
struct mapping *mapping_create_anonymous(uint64_t size, const char *name);

#endif
