/*
 * Hardware faults of this process.
 *
 * A fault is offered to each hook in the order of their addition until one returns a new rip. The
 * thread then continues there; no other register is changed. A hook may only look at the fault and
 * store to memory of its own that is known to be present: no lock, no allocation, no host call, no
 * vector registers. A fault that no hook takes is reported on stderr and ends the process.
 */
#ifndef RUNTIME_HOST_FAULT_H
#define RUNTIME_HOST_FAULT_H

#include <stdbool.h>
#include <stdint.h>

struct host_thread;

enum host_fault_kind {
    HOST_FAULT_MEMORY,     /* address and access are valid */
    HOST_FAULT_GENERAL,    /* #GP: non-canonical address, privileged instruction; no address */
    HOST_FAULT_BUS,        /* memory behind a mapping could not be supplied */
    HOST_FAULT_ALIGN,      /* #AC */
    HOST_FAULT_ILLEGAL,    /* #UD */
    HOST_FAULT_DIVIDE,     /* #DE */
    HOST_FAULT_FP,         /* #MF: unmasked x87 exception */
    HOST_FAULT_SIMD,       /* #XM: unmasked SSE exception */
    HOST_FAULT_STEP,       /* #DB: trap flag, debug register, int1 */
    HOST_FAULT_BREAKPOINT, /* int3; rip is after the instruction on Linux, at it on Windows */
};

enum host_fault_access { HOST_ACCESS_READ, HOST_ACCESS_WRITE, HOST_ACCESS_EXEC };

struct host_fault {
    uint32_t kind;
    uint32_t access;    /* HOST_FAULT_MEMORY only */
    uint64_t address;   /* host address; HOST_FAULT_MEMORY and HOST_FAULT_BUS only */
    bool address_valid; /* false when the host gave none */
    uint64_t rip;
    uint64_t rsp;
    uint64_t rflags;
    struct host_thread *thread;
};

typedef uint64_t host_fault_fn(const struct host_fault *fault);

/* Installs the handler at its first call. At most 8 hooks, before other threads start. 0 or
 * -L_ENOMEM. */
int host_fault_add(host_fault_fn *fn);

#endif
