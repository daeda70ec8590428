/*
 * The entries of a directory as a file system has them in memory: by name, and in the order of
 * their cookies. These only grow, so that reading a directory while it changes never repeats or
 * loses a name that stays. Guarded by the directory's inode->lock.
 */
#ifndef RUNTIME_FS_VFS_DIRECTORY_H
#define RUNTIME_FS_VFS_DIRECTORY_H

#include <stdint.h>

struct inode;

struct entry {
    struct entry *hash_next, *next, *previous; /* list by rising cookie */
    union {
        uint64_t ino;        /* imagefs */
        struct inode *inode; /* tmpfs: referenced */
    };
    uint64_t cookie;
    uint32_t hash;
    uint16_t length;
    uint16_t type; /* imagefs: L_S_IFMT bits */
    char name[];
};

struct directory {
    struct entry **table;
    uint32_t buckets, count;
    struct entry *first, *last;
    uint64_t next_cookie;
};

/* NULL: no memory. */
struct directory *directory_new(void);
/* Frees its entries too. NULL is none. */
void directory_free(struct directory *d);
struct entry *directory_find(struct directory *d, const char *name);
/* An entry (malloc'ed) that can be added without fail; the caller says what it leads to. NULL: no
 * memory. */
struct entry *directory_prepare(struct directory *d, const char *name);
void directory_add(struct directory *d, struct entry *entry);
/* Takes an entry out; it is the caller's again. */
void directory_take(struct directory *d, struct entry *entry);

#endif
