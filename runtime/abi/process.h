/* wait4(2), waitid(2), prctl(2), arch_prctl(2), getrandom(2). */
#ifndef RUNTIME_ABI_PROCESS_H
#define RUNTIME_ABI_PROCESS_H

/* oom_score_adj: thousandths of all memory; the least is never to be killed. */
#define L_OOM_SCORE_ADJ_MIN (-1000)
#define L_OOM_SCORE_ADJ_MAX 1000

#define L_WNOHANG                  1
#define L_WUNTRACED                2
#define L_WSTOPPED                 2
#define L_WEXITED                  4
#define L_WCONTINUED               8
#define L_WNOWAIT                  0x1000000
#define L_WNOTHREAD                0x20000000
#define L_WALL                     0x40000000
#define L_WCLONE                   0x80000000u
#define L_ARCH_SET_GS              0x1001
#define L_ARCH_SET_FS              0x1002
#define L_ARCH_GET_FS              0x1003
#define L_ARCH_GET_GS              0x1004
#define L_GRND_NONBLOCK            1
#define L_GRND_RANDOM              2
#define L_GRND_INSECURE            4
#define L_PR_SET_PDEATHSIG         1
#define L_PR_GET_PDEATHSIG         2
#define L_PR_GET_DUMPABLE          3
#define L_PR_SET_DUMPABLE          4
#define L_PR_GET_KEEPCAPS          7
#define L_PR_SET_KEEPCAPS          8
#define L_PR_GET_TIMING            0xd
#define L_PR_SET_TIMING            0xe
#define L_PR_SET_NAME              0xf
#define L_PR_GET_NAME              0x10
#define L_PR_GET_SECCOMP           0x15
#define L_PR_SET_SECCOMP           0x16
#define L_PR_CAPBSET_READ          0x17
#define L_PR_CAPBSET_DROP          0x18
#define L_PR_GET_TSC               0x19
#define L_PR_SET_TSC               0x1a
#define L_PR_GET_SECUREBITS        0x1b
#define L_PR_SET_SECUREBITS        0x1c
#define L_PR_SET_TIMERSLACK        0x1d
#define L_PR_GET_TIMERSLACK        0x1e
#define L_PR_SET_MM                0x23
#define L_PR_SET_PTRACER           0x59616d61
#define L_PR_SET_CHILD_SUBREAPER   0x24
#define L_PR_GET_CHILD_SUBREAPER   0x25
#define L_PR_SET_NO_NEW_PRIVS      0x26
#define L_PR_GET_NO_NEW_PRIVS      0x27
#define L_PR_GET_TID_ADDRESS       0x28
#define L_PR_SET_THP_DISABLE       0x29
#define L_PR_GET_THP_DISABLE       0x2a
#define L_PR_CAP_AMBIENT           0x2f
#define L_PR_CAP_AMBIENT_IS_SET    1
#define L_PR_CAP_AMBIENT_RAISE     2
#define L_PR_CAP_AMBIENT_LOWER     3
#define L_PR_CAP_AMBIENT_CLEAR_ALL 4
#define L_PR_SET_VMA               0x53564d41
#define L_PR_SET_VMA_ANON_NAME     0
#define L_PR_SET_MM_ARG_START      8
#define L_PR_TSC_ENABLE            1
#define L_PR_TSC_SIGSEGV           2
#define L_P_ALL                    0
#define L_P_PID                    1
#define L_P_PGID                   2
#define L_P_PIDFD                  3
#define L_ARCH_GET_CPUID           0x1011
#define L_ARCH_SET_CPUID           0x1012
#define L_ARCH_CET_STATUS          0x3001

#endif
