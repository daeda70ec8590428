/* Faults in translated code: exact guest state, and what they mean to Linux. */
#ifndef RUNTIME_TRANSLATE_CPU_FAULT_H
#define RUNTIME_TRANSLATE_CPU_FAULT_H

#include "runtime/host/fault.h"
#include "runtime/translate/codeview.h"

/* The hook for the host's fault handler: redirects faults of translated code to the fault stub. */
uint64_t fault_hook(const struct host_fault *fault);
/* The hook for interruptions. */
uint64_t fault_redirect(struct host_thread *thread, uint64_t rip, uint64_t rsp);

/* The fault stub was entered. Returns LEAVE_*. */
int fault_event(struct cpu *cpu);
/* The thread was interrupted in the middle of a block. Returns LEAVE_*. */
int fault_interrupted(struct cpu *cpu);
/* A trap exit was taken. Returns LEAVE_*. */
int fault_trap(struct cpu *cpu);

void fault_set(struct cpu *cpu, int signo, int code, uint64_t address, uint32_t trapno,
               uint32_t error);
/* General protection: SIGSEGV without an address. */
void fault_general(struct cpu *cpu, uint32_t error);
/* Completes cpu->fault (signo and code are there) for a page fault at a guest address. */
void fault_address(struct cpu *cpu, uint64_t address, enum code_access access);
/* A defect of ours: logs it and lets SIGKILL end the guest. */
void fault_defect(struct cpu *cpu, const char *what);

#endif
