/*
 * Blocks of an earlier run (saved.h), which become struct block when somebody asks for them: most
 * run without anybody knowing, since their exits lead to each other from the start. Under
 * translate_lock, but for kept_free of one that no code space has.
 */
#ifndef RUNTIME_TRANSLATE_CODE_KEPT_H
#define RUNTIME_TRANSLATE_CODE_KEPT_H

#include "runtime/translate/code_block.h"
#include "runtime/translate/saved_file.h"

struct kept {
    const struct saved_header *header; /* the file's, with its tables: not memory of ours */
    struct saved_tables tables;
    uint64_t size; /* of the file */
    struct codespace *space;
    struct chunk *chunks; /* those of the file, until the space has them */
    uint8_t *code;        /* executable address of the first; the others follow */
    struct block *blocks; /* without code: not made yet */
    struct link *links;
};

/* The block of that index; made if it is not yet. */
struct block *kept_block(struct kept *kept, uint32_t index);
/* The one with code at the offset in the file's chunk of that number, or NULL; its guest address,
 * or false. */
struct block *kept_at(struct kept *kept, uint32_t chunk, uint32_t offset);
bool kept_pc_at(const struct kept *kept, uint32_t chunk, uint32_t offset, uint64_t *pc);
/* The block at a guest address, with entry one that indirect jumps can enter; or NULL. */
struct block *kept_find(struct kept *kept, uint64_t pc, bool entry);
/* The address of code of that block where indirect jumps enter, and the guest's. */
uint64_t kept_entry(const struct kept *kept, uint32_t index, uint64_t *pc);
/* The blocks with code in the file's chunk of that number: the first, and the one behind them. */
uint32_t kept_first(const struct kept *kept, uint32_t chunk);

/* With the chunks that no space has. NULL is allowed. */
void kept_free(struct kept *kept);

#endif
