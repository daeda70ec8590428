/* clone(2) flags, scheduling, membarrier(2). */
#ifndef RUNTIME_ABI_SCHED_H
#define RUNTIME_ABI_SCHED_H

#include <stdint.h>

#define L_CSIGNAL                                             0xff
#define L_CLONE_VM                                            0x100
#define L_CLONE_FS                                            0x200
#define L_CLONE_FILES                                         0x400
#define L_CLONE_SIGHAND                                       0x800
#define L_CLONE_PIDFD                                         0x1000
#define L_CLONE_PTRACE                                        0x2000
#define L_CLONE_VFORK                                         0x4000
#define L_CLONE_PARENT                                        0x8000
#define L_CLONE_THREAD                                        0x10000
#define L_CLONE_NEWNS                                         0x20000
#define L_CLONE_SYSVSEM                                       0x40000
#define L_CLONE_SETTLS                                        0x80000
#define L_CLONE_PARENT_SETTID                                 0x100000
#define L_CLONE_CHILD_CLEARTID                                0x200000
#define L_CLONE_DETACHED                                      0x400000
#define L_CLONE_UNTRACED                                      0x800000
#define L_CLONE_CHILD_SETTID                                  0x1000000
#define L_CLONE_NEWCGROUP                                     0x2000000
#define L_CLONE_NEWUTS                                        0x4000000
#define L_CLONE_NEWIPC                                        0x8000000
#define L_CLONE_NEWUSER                                       0x10000000
#define L_CLONE_NEWPID                                        0x20000000
#define L_CLONE_NEWNET                                        0x40000000
#define L_CLONE_IO                                            0x80000000u
#define L_CLONE_NEWTIME                                       0x80
#define L_CLONE_CLEAR_SIGHAND                                 0x100000000ull
#define L_CLONE_INTO_CGROUP                                   0x200000000ull
#define L_SCHED_OTHER                                         0
#define L_SCHED_FIFO                                          1
#define L_SCHED_RR                                            2
#define L_SCHED_BATCH                                         3
#define L_SCHED_IDLE                                          5
#define L_SCHED_DEADLINE                                      6
#define L_SCHED_RESET_ON_FORK                                 0x40000000
#define L_MEMBARRIER_CMD_QUERY                                0
#define L_MEMBARRIER_CMD_GLOBAL                               1
#define L_MEMBARRIER_CMD_GLOBAL_EXPEDITED                     2
#define L_MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED            4
#define L_MEMBARRIER_CMD_PRIVATE_EXPEDITED                    8
#define L_MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED           16
#define L_MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE          32
#define L_MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE 64

/* clone3(2). */
struct l_clone_args {
    uint64_t flags;
    uint64_t pidfd;
    uint64_t child_tid;
    uint64_t parent_tid;
    uint64_t exit_signal;
    uint64_t stack;
    uint64_t stack_size;
    uint64_t tls;
    uint64_t set_tid;
    uint64_t set_tid_size;
    uint64_t cgroup;
};
#define L_CLONE_ARGS_SIZE_VER0 64
_Static_assert(sizeof(struct l_clone_args) == 88, "clone_args");

/* sched_getattr(2). */
struct l_sched_attr {
    uint32_t size;
    uint32_t sched_policy;
    uint64_t sched_flags;
    int32_t sched_nice;
    uint32_t sched_priority;
    uint64_t sched_runtime;
    uint64_t sched_deadline;
    uint64_t sched_period;
};

#endif
