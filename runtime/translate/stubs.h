/*
 * The assembler routines between guest code and C. Their addresses stand in the state block, so
 * that translated code holds no absolute host address.
 */
#ifndef RUNTIME_TRANSLATE_STUBS_H
#define RUNTIME_TRANSLATE_STUBS_H

/* Indices of struct cpu's stub[]; also the event kinds given to cpu_event. */
#define STUB_LINK                                                                                  \
    0 /* a direct exit that is not linked; its return address is on the host stack                 \
       */
#define STUB_MISS        1 /* an indirect jump whose target (rip) is not in the table */
#define STUB_SYSCALL     2
#define STUB_TRAP        3 /* helper_arg says which */
#define STUB_LEAVE       4 /* to the dispatcher whether or not the table has rip */
#define STUB_FAULT       5 /* entered by the fault handler */
#define STUB_ASYNC       6 /* entered by an interruption */
#define STUB_PENDING     7 /* pending was found set on the way into guest code: state is in gpr[] */
#define STUB_RAW_PENDING 8 /* the same, on the way back into the middle of a block */

/* What cpu_event answers. */
#define LEAVE_GUEST 0 /* enter guest code at `resume` with the registers of gpr[] */
#define LEAVE_RAW   1 /* continue at `resume` with the host registers of raw[] */
#define LEAVE_STOP  2 /* return from cpu_start */

#define LEAVE_COPY                                                                                 \
    3 /* as LEAVE_RAW, without a test of `pending`: the code there comes back soon                 \
       */

/* The second table for indirect jumps (view_table.h): sets of four entries of 16 bytes. */
#define SECOND_SETS 4096

/* Offsets in struct cpu, checked in stubs.c. */
#define CPU_OFF_RIP         0
#define CPU_OFF_GPR         32
#define CPU_OFF_RFLAGS      160
#define CPU_OFF_WINDOW      168
#define CPU_OFF_SECOND      184
#define CPU_OFF_PENDING     264
#define CPU_OFF_HOST_RSP    288
#define CPU_OFF_EXIT        304
#define CPU_OFF_RESUME      312
#define CPU_OFF_VALUE       328
#define CPU_OFF_RAW         336
#define CPU_OFF_XSAVE       576
#define CPU_OFF_XMM         1408
#define CPU_OFF_LIGHT       1664
#define CPU_OFF_LIGHT_MXCSR 1668
#define CPU_OFF_PATIENCE    1672
#define CPU_SIZEOF          1792

#ifndef __ASSEMBLER__
#include <stdint.h>

struct cpu;

void stub_link(void);
void stub_miss(void);
void stub_leave(void);
void stub_syscall(void);
void stub_trap(void);
void stub_fault(void);
void stub_async(void);

/* Marked ranges: between the test of `pending` and guest code; an interruption there goes back to
 * the label after the range's name. */
extern const char stub_leave_test[], stub_leave_end[], stub_leave_pending[];
extern const char stub_raw_test[], stub_raw_end[], stub_raw_pending[];
extern const char stub_probe_test[], stub_probe_end[], stub_probe_pending[];

/* Where the code of the stubs begins and ends. */
extern const char stub_text[], stub_text_end[];

/* Features that XSAVE and XRSTOR of the stubs cover. */
extern uint32_t stub_xmask;
/* 1: system calls save xmm alone when the x87 and the upper halves of ymm are in their initial
 * state (XGETBV with ecx = 1 tells). */
extern uint32_t stub_light;

/* Makes a state block on the stack, calls cpu_first, then runs guest code. Returns the block's
 * helper_value when cpu_event answers LEAVE_STOP. */
int stub_start(void *boot);

/* Called by the stubs. */
int cpu_event(struct cpu *cpu, int kind);
void cpu_first(struct cpu *cpu, void *boot, uint64_t host_rsp);
#endif

#endif
