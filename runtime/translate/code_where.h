/*
 * What lies at an address of the host, as far as the translator knows: for who debugs Foreland
 * (code_where) or asks where its time goes (code_sample).
 */
#ifndef RUNTIME_TRANSLATE_CODE_WHERE_H
#define RUNTIME_TRANSLATE_CODE_WHERE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct block;
struct cpu;

enum code_kind {
    CODE_ELSEWHERE, /* neither code memory nor stubs */
    CODE_STUB,      /* between guest code and C (stubs.S) */
    CODE_FREE,      /* code memory without a block */
    CODE_BLOCK,
    CODE_SLOT, /* a block that one thread has for itself: a copy, or a single instruction */
};

struct code_place {
    enum code_kind kind;
    /* Of blocks alone. */
    const struct block *block;
    uint64_t code;             /* where its code begins, on the host */
    uint32_t offset, size;     /* the address in it, and all of it */
    uint64_t pc;               /* the guest's code it is the translation of */
    uint32_t guest_size;       /* its bytes */
    uint64_t guest, guest_end; /* the guest instruction at the address is the one that begins at
                                * `guest`, or one after it, up to the one at guest_end */
    bool dead;                 /* dropped; nothing leads there any more */
    uint64_t file_id;          /* of the shared code space; 0: private to one address space */
};

/* No lock is taken, so that it can be asked whatever a stopped thread was doing: nothing else may
 * change code meanwhile. */
void code_where(uint64_t host, struct code_place *place);

/* Whether the thread can come there: the place is in its slot, or in a code space of its view. */
bool code_where_used(const struct cpu *cpu, const struct code_place *place);

/* A block, and with code_sample the instruction in it. */
struct code_sample {
    uint64_t code; /* where its code begins, on the host */
    uint32_t size;
    uint64_t file_id; /* of the shared code space; 0: private to one address space */
    uint64_t guest;   /* the guest's address */
    uint64_t offset;  /* the same in the file */
};

/* Which guest code an address of the host is, at most some instructions before it; false when no
 * block is there any more. Takes translate_lock. */
bool code_sample(uint64_t host, struct code_sample *out);
/* The blocks of shared code spaces, from their beginning on: as many as have room. Gives how many
 * there are. Takes translate_lock. */
size_t code_shared(struct code_sample *out, size_t room);

#endif
