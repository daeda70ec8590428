/*
 * The form of a kept code space (saved.h): a header, tables, the chunks' code. Numbers are those of
 * the processor. Guest addresses are relative to the start of the extent.
 */
#ifndef RUNTIME_TRANSLATE_SAVED_FILE_H
#define RUNTIME_TRANSLATE_SAVED_FILE_H

#include "runtime/host/keep.h"
#include "runtime/translate/codespace.h"
#include "runtime/translate/xlate.h"

#define SAVED_MAGIC   "forecode"
#define SAVED_NOWHERE UINT32_MAX
/* Of one file. */
#define SAVED_FILE_MAX ((uint64_t)64 << 20)

/* SHA-256 of the translator's sources, in hexadecimal digits: made by packaging/recipe.cmake. */
#define SAVED_RECIPE_SIZE 64
extern const char saved_recipe[];

struct saved_header {
    char magic[8];
    uint64_t sum;      /* of what follows here and of the tables */
    uint64_t code_sum; /* of the code */
    char recipe[SAVED_RECIPE_SIZE];
    uint64_t features; /* of the processor and of the decoder */
    struct saved_key key;
    /* Entries of the tables. */
    uint32_t blocks, links, ranges, chunks, aims, recoveries, indirects;
    uint32_t bytes; /* of guest code */
    uint32_t code;  /* bytes */
    uint32_t none;
};

/* In the order of their code. */
struct saved_block {
    uint32_t pc;
    uint32_t link, recovery, indirect, bytes; /* where its own begin in their tables */
    uint16_t guest_size, size, body, checked;
    uint16_t recoveries, links, indirects;
    uint16_t chunk, offset;
    uint16_t aimed_at; /* 1: some indirect jump led to it */
};

/* An exit. It leads to a block of this file that is at the target, else to its stub. */
struct saved_link {
    uint32_t target;
    uint16_t patch, stub;
};

/* Guest bytes that blocks were made from; their content is the next so many of `bytes`. */
struct saved_range {
    uint32_t start, size;
};

/* Of code memory: CACHE_CHUNK bytes each, the last one as long as it is used. */
struct saved_chunk {
    uint32_t used;  /* bytes */
    uint32_t first; /* block */
};

/* The blocks in the order of their guest addresses. */
struct saved_place {
    uint32_t pc, block;
};

/* Where the tables are, from the header on. */
struct saved_tables {
    struct saved_block *blocks;
    struct saved_link *links;
    struct saved_range *ranges;
    struct saved_chunk *chunks;
    struct saved_place *places; /* as many as blocks */
    uint32_t *aims;             /* blocks that indirect jumps led to */
    struct recovery *recoveries;
    struct indirect_point *indirects;
    uint8_t *bytes;
    size_t size; /* of the header and all tables; the code is next */
};
struct saved_tables saved_tables(const struct saved_header *header);

/* Of any number of bytes; each bit counts. */
uint64_t saved_sum(uint64_t sum, const void *data, size_t size);

/* The header's fields that say what the code depends on. */
void saved_describe(struct saved_header *header, const struct saved_key *key);
#define SAVED_NAME_LENGTH 32
void saved_name(const struct saved_header *header, char name[HOST_KEEP_NAME_MAX]);

/* The folder, or NULL. */
struct host_keep *saved_folder(void);

#endif
