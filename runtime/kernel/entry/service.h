/* Where guest threads enter the kernel. */
#ifndef RUNTIME_KERNEL_ENTRY_SERVICE_H
#define RUNTIME_KERNEL_ENTRY_SERVICE_H

#include "runtime/translate/cpu.h"

/* The service function of every guest thread (runtime/translate/cpu.h). */
int service(struct cpu *cpu, enum cpu_event event);

/* Starts everything the kernel needs: the tree with process 1, the timer thread. Once, after
 * cpu_init and space_init. 0 or a negative errno. */
int kernel_init(void);

#endif
