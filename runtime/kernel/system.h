/* What this system calls itself. */
#ifndef FORELAND_KERNEL_SYSTEM_H
#define FORELAND_KERNEL_SYSTEM_H

#include "runtime/abi/resource.h"

/* The Linux whose behaviour is followed; programs choose what to use by it. */
#define SYSTEM_RELEASE "6.1.0-foreland"
#define SYSTEM_VERSION "#1 SMP PREEMPT_DYNAMIC Foreland"

void system_name(struct l_utsname *out);

#endif
