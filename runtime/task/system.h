/* What this system calls itself. */
#ifndef RUNTIME_TASK_SYSTEM_H
#define RUNTIME_TASK_SYSTEM_H

#include "runtime/abi/resource.h"

/* The Linux whose behaviour is followed; programs choose what to use by it. */
#define SYSTEM_RELEASE "6.1.0-foreland"
#define SYSTEM_VERSION "#1 SMP PREEMPT_DYNAMIC Foreland"

#define SYSTEM_NAME_SIZE 65

void system_name(struct l_utsname *out);
/* Text ended by NUL, all of the rest NUL too. */
void system_set_host(const char name[SYSTEM_NAME_SIZE]);
void system_set_domain(const char name[SYSTEM_NAME_SIZE]);

#endif
