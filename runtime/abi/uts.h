/* What uname(2) and /proc/sys/kernel say of the kernel. */
#ifndef FORELAND_ABI_UTS_H
#define FORELAND_ABI_UTS_H

#define L_UTS_SYSNAME "Linux"
#define L_UTS_RELEASE "6.1.0-foreland"
#define L_UTS_VERSION "#1 SMP PREEMPT_DYNAMIC Foreland"
#define L_UTS_MACHINE "x86_64"

#endif
