/* Between fault.c of each host and the hooks. Nobody else includes this. */
#ifndef RUNTIME_HOST_FAULT_HOOKS_H
#define RUNTIME_HOST_FAULT_HOOKS_H

#include "runtime/host/fault.h"

/* Installs the host's handlers. 0 or negative errno. */
int host_fault_install(void);
/* The first hook's new rip, or 0. */
uint64_t host_fault_offer(const struct host_fault *fault);
/* Writes what is known to stderr and the log; safe in a handler. */
void host_fault_report(const struct host_fault *fault);

#endif
