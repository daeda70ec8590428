/* A translated block: its code in the cache and what is known about it. Under translate_lock. */
#ifndef RUNTIME_TRANSLATE_CODE_BLOCK_H
#define RUNTIME_TRANSLATE_CODE_BLOCK_H

#include "runtime/translate/xlate.h"

struct codespace;

struct link {
    uint16_t patch, stub;
    uint64_t target;
    struct block *from, *to;
    struct link *next_in, **held_in; /* of the incoming links of `to`, and what points here */
};

struct block {
    struct codespace *space; /* NULL for a block in a thread's slot */
    uint64_t pc;
    uint32_t guest_size;
    uint32_t size;
    uint8_t *code; /* executable address; indirect jumps enter at XLATE_ENTRY, if body is not 0 */
    uint16_t body, checked;
    uint16_t recoveries, links, indirects;
    bool dead;
    bool self_check;
    bool aimed_at;              /* some indirect jump led to it */
    const uint8_t *guest_bytes; /* of a self-checking block, and of one that may be kept; or NULL */
    struct block *next;         /* in the hash chain */
    struct block *near; /* of a private code space: the next of those that start in a page */
    struct link *incoming;
    const struct recovery *recovery;
    struct link *link;
    const struct indirect_point *indirect;
    const struct block *origin; /* of a copy: the block whose tables apply */
};

/* Makes a block of a finished translation; placed by block_place. It keeps the guest bytes unless
 * they are NULL. NULL when out of memory. */
struct block *block_create(const struct xlate *x, const uint8_t *guest, size_t guest_size);
/* Copies the code to its writable address and sets the executable one. */
void block_place(struct block *block, const uint8_t *code, uint8_t *writable);
void block_free(struct block *block);

/* The entry at a host code offset, or NULL. */
const struct recovery *block_recovery(const struct block *block, uint32_t offset);

/* Sends an exit directly to a block's body, and back to its stub. */
void block_link(struct link *link, struct block *to);
void block_unlink_incoming(struct block *block);
void block_unlink_outgoing(struct block *block);
/* The exits that lead into a code space. */
void block_unlink_to(struct block *block, const struct codespace *space);

#endif
