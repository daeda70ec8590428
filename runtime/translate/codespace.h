/*
 * The unit of sharing: translations of one extent of a file at one address, or everything private
 * to an address space. Under translate_lock.
 */
#ifndef RUNTIME_TRANSLATE_CODESPACE_H
#define RUNTIME_TRANSLATE_CODESPACE_H

#include <stdatomic.h>

#include "runtime/translate/cache.h"
#include "runtime/translate/code_block.h"
#include "runtime/translate/code_source.h"

/* By what a code space is found between runs (saved.h). */
struct saved_key {
    uint64_t file_size, first; /* of the file, and a sum of its first bytes */
    uint64_t start, end, offset;
};

struct codespace {
    uint64_t file_id, generation; /* file_id 0: private */
    uint64_t base;                /* guest address of file offset 0 */
    uint64_t start, end;          /* the guest addresses that are the file's; blocks link within */
    uint32_t refs;                /* views that have or had it attached */
    bool evicted;                 /* nobody finds it any more: it goes with the last of them */
    uint32_t count, buckets;      /* of the table; kept blocks enter it when they are made */
    struct block **hash;
    struct block **pages;  /* of a private one that has blocks: by the guest page they start in */
    bool reaches;          /* of a private one: some block of it was linked to a shared one */
    struct chunk *chunks;  /* the newest first */
    struct chunk *retired; /* without a live block; freed when no thread can be inside */
    bool keyed;            /* it may be kept between runs, by: */
    struct saved_key key;
    uint32_t added;      /* blocks that are not kept yet */
    uint32_t kept_count; /* blocks that are */
    struct kept *kept;   /* those of an earlier run, or NULL (code_kept.h) */
    struct codespace *next;
};

/* Blocks that were added to those which may be kept between runs, since it was last set to 0. */
extern _Atomic uint32_t codespace_grown;

/* A private code space, owned by the caller. NULL when out of memory. */
struct codespace *codespace_private(void);
/* The shared one of a file's extent, made when there is none; with a reference. */
struct codespace *codespace_get(const struct code_extent *extent);
/* The one that there is already, without a reference, or NULL. */
struct codespace *codespace_known(const struct code_extent *extent);
/* Calls each for every shared code space. */
void codespace_each_shared(void (*each)(void *arg, struct codespace *space), void *arg);
/* An empty shared code space gets blocks of an earlier run, with all they lie in. False when it is
 * not empty. */
bool codespace_adopt(struct codespace *space, struct kept *kept);
/* A kept block that was made is found in the table from now on. */
void codespace_enter(struct codespace *space, struct block *block);
/* Calls each for every block of a shared code space, in the order of their code, with the number of
 * the chunk in the list. Those that were kept are all made. */
void codespace_each_block(struct codespace *space,
                          void (*each)(void *arg, const struct block *block, uint32_t chunk),
                          void *arg);
/* Gives a reference back. A shared code space stays for the next user until code memory is short;
 * a private one is freed. */
void codespace_put(struct codespace *space);

/* All shared ones are to go: none is found from now on, those without a user are freed at once and
 * the others with their last one. */
void codespace_evict(void);

struct block *codespace_find(const struct codespace *space, uint64_t pc, bool entry);
/* Calls each for every block of a private code space that has a byte of [start, end) in it; each
 * may kill it. True when there was one. */
bool codespace_each(struct codespace *space, uint64_t start, uint64_t end,
                    void (*each)(void *arg, struct block *block), void *arg);
/* Unlinks the exits of a private code space that lead to the other one. */
void codespace_part(struct codespace *space, const struct codespace *other);
/* Places the block's code and enters it. False when code memory or memory is used up even after
 * shared code spaces without a user were dropped; the block is not freed then. */
bool codespace_add(struct codespace *space, struct block *block, const uint8_t *code);
/* Makes a block unreachable from its code space. Its memory stays until codespace_sweep. A chunk
 * whose last block it was is retired with the given stamp. */
void codespace_kill(struct codespace *space, struct block *block, uint64_t stamp);
/* Frees chunks retired before the stamp. */
void codespace_sweep(struct codespace *space, uint64_t stamp);

#endif
