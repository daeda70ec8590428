/* From a guest address to code: lookup, translation, linking. */
#ifndef RUNTIME_TRANSLATE_DISPATCH_H
#define RUNTIME_TRANSLATE_DISPATCH_H

#include "runtime/translate/codeview.h"
#include "runtime/translate/counters.h"

/* Per-thread data of the translator. */
struct cpu_thread {
    struct counters counters;
    struct xlate xlate;
    uint8_t buffer[XLATE_CODE_MAX];
    uint8_t guest[XLATE_GUEST_MAX + 16]; /* and an instruction that goes on in the next mapping */
    struct chunk *slot;       /* code memory of this thread alone; made when first needed */
    struct block *slot_block; /* what is in it */
    uint64_t slot_target;     /* guest address that follows a single-stepped instruction */
    unsigned flushes;         /* in a row, for want of code memory */
    uint32_t moves;           /* from the second table to the first (cpu.c) */
    bool stepping;            /* TF is set: SIGTRAP after the instruction in the slot */
};

struct cpu_thread *thread_create(void);
void thread_free(struct cpu_thread *thread);

/* Chooses where cpu->rip continues and sets cpu->resume; serves what is pending. Returns LEAVE_*.
 * With look set the table is known not to have the address. */
int dispatch_resume(struct cpu *cpu, bool look);

/* An indirect jump found no entry, or (look is false) was not to look for one. Returns LEAVE_*. */
int dispatch_miss(struct cpu *cpu, bool look);

/* A direct exit was taken (cpu->exit_slot). Returns LEAVE_*. */
int dispatch_exit(struct cpu *cpu);

/* Calls the service function; non-zero ends cpu_start. */
int dispatch_call(struct cpu *cpu, enum cpu_event event);

/* Calls the service function, then resumes. */
int dispatch_serve(struct cpu *cpu, enum cpu_event event);

/* Runs one instruction at cpu->rip in the thread's slot, which then returns to the dispatcher. */
int dispatch_single(struct cpu *cpu);

/* Copies a block into the thread's slot with all exits leading to the dispatcher, and returns the
 * copy's executable address; NULL when out of memory. */
uint8_t *dispatch_copy(struct cpu *cpu, struct block *block);

#endif
