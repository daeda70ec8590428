/* Signals (signal(7)), siginfo, the frame of a handler on x86-64. */
#ifndef RUNTIME_ABI_SIGNAL_H
#define RUNTIME_ABI_SIGNAL_H

#include <stddef.h>
#include <stdint.h>

#define L_SIGHUP    1
#define L_SIGINT    2
#define L_SIGQUIT   3
#define L_SIGILL    4
#define L_SIGTRAP   5
#define L_SIGABRT   6
#define L_SIGBUS    7
#define L_SIGFPE    8
#define L_SIGKILL   9
#define L_SIGUSR1   10
#define L_SIGSEGV   11
#define L_SIGUSR2   12
#define L_SIGPIPE   13
#define L_SIGALRM   14
#define L_SIGTERM   15
#define L_SIGSTKFLT 16
#define L_SIGCHLD   17
#define L_SIGCONT   18
#define L_SIGSTOP   19
#define L_SIGTSTP   20
#define L_SIGTTIN   21
#define L_SIGTTOU   22
#define L_SIGURG    23
#define L_SIGXCPU   24
#define L_SIGXFSZ   25
#define L_SIGVTALRM 26
#define L_SIGPROF   27
#define L_SIGWINCH  28
#define L_SIGIO     29
#define L_SIGPWR    30
#define L_SIGSYS    31
#define L_SIGRTMIN  32
#define L_SIGRTMAX  64
#define L_NSIG      64

#define L_SA_NOCLDSTOP      1
#define L_SA_NOCLDWAIT      2
#define L_SA_SIGINFO        4
#define L_SA_ONSTACK        0x8000000
#define L_SA_RESTART        0x10000000
#define L_SA_NODEFER        0x40000000
#define L_SA_RESETHAND      0x80000000u
#define L_SIG_BLOCK         0
#define L_SIG_UNBLOCK       1
#define L_SIG_SETMASK       2
#define L_SS_ONSTACK        1
#define L_SS_DISABLE        2
#define L_SA_RESTORER       0x04000000
#define L_SA_EXPOSE_TAGBITS 0x00000800
#define L_SS_AUTODISARM     0x80000000u
#define L_MINSIGSTKSZ       2048
#define L_SIG_DFL           0
#define L_SIG_IGN           1

#define L_SI_USER         0
#define L_SI_KERNEL       128
#define L_SI_QUEUE        (-1)
#define L_SI_TIMER        (-2)
#define L_SI_MESGQ        (-3)
#define L_SI_ASYNCIO      (-4)
#define L_SI_SIGIO        (-5)
#define L_SI_TKILL        (-6)
#define L_ILL_ILLOPC      1
#define L_ILL_ILLOPN      2
#define L_ILL_PRVOPC      5
#define L_FPE_INTDIV      1
#define L_FPE_INTOVF      2
#define L_FPE_FLTDIV      3
#define L_FPE_FLTOVF      4
#define L_FPE_FLTUND      5
#define L_FPE_FLTRES      6
#define L_FPE_FLTINV      7
#define L_SEGV_MAPERR     1
#define L_SEGV_ACCERR     2
#define L_BUS_ADRALN      1
#define L_BUS_ADRERR      2
#define L_TRAP_BRKPT      1
#define L_TRAP_TRACE      2
#define L_CLD_EXITED      1
#define L_CLD_KILLED      2
#define L_CLD_DUMPED      3
#define L_CLD_TRAPPED     4
#define L_CLD_STOPPED     5
#define L_CLD_CONTINUED   6
#define L_SIGEV_SIGNAL    0
#define L_SIGEV_NONE      1
#define L_SIGEV_THREAD    2
#define L_SIGEV_THREAD_ID 4

/* ucontext.uc_flags */
#define L_UC_FP_XSTATE         1
#define L_UC_SIGCONTEXT_SS     2
#define L_UC_STRICT_RESTORE_SS 4

/* Marks of an xsave area in a signal frame. */
#define L_FP_XSTATE_MAGIC1 0x46505853u
#define L_FP_XSTATE_MAGIC2 0x46505845u

/* Bit of a signal in a mask. */
#define L_SIGBIT(sig) (1ull << ((sig)-1))

/* si_code is signed and decides which member is valid, as sigaction(2) says. */
struct l_siginfo {
    int32_t si_signo;
    int32_t si_errno;
    int32_t si_code;
    int32_t pad;
    union {
        struct {
            int32_t pid;
            uint32_t uid;
            uint64_t value; /* sigqueue */
        } rt;
        struct {
            int32_t id;
            int32_t overrun;
            uint64_t value;
        } timer;
        struct {
            int32_t pid;
            uint32_t uid;
            int32_t status;
            int32_t pad;
            int64_t utime;
            int64_t stime;
        } chld;
        struct {
            uint64_t addr;
            uint16_t addr_lsb;
        } fault;
        struct {
            int64_t band;
            int32_t fd;
        } poll;
        uint8_t bytes[112];
    };
};
_Static_assert(sizeof(struct l_siginfo) == 128, "siginfo");
_Static_assert(offsetof(struct l_siginfo, rt.value) == 24, "siginfo");
_Static_assert(offsetof(struct l_siginfo, chld.utime) == 32, "siginfo");

/* struct kernel_sigaction of rt_sigaction(2). */
struct l_sigaction {
    uint64_t handler;
    uint64_t flags;
    uint64_t restorer;
    uint64_t mask;
};
_Static_assert(sizeof(struct l_sigaction) == 32, "sigaction");

struct l_stack {
    uint64_t ss_sp;
    int32_t ss_flags;
    int32_t pad;
    uint64_t ss_size;
};
_Static_assert(sizeof(struct l_stack) == 24, "stack_t");

struct l_sigcontext {
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t di, si, bp, bx, dx, ax, cx, sp;
    uint64_t ip, flags;
    uint16_t cs, gs, fs, ss;
    uint64_t err, trapno, oldmask, cr2;
    uint64_t fpstate;
    uint64_t reserved[8];
};
_Static_assert(sizeof(struct l_sigcontext) == 256, "sigcontext");

struct l_ucontext {
    uint64_t uc_flags;
    uint64_t uc_link;
    struct l_stack uc_stack;
    struct l_sigcontext uc_mcontext;
    uint64_t uc_sigmask;
};
_Static_assert(sizeof(struct l_ucontext) == 304, "ucontext");

struct l_rt_sigframe {
    uint64_t pretcode;
    struct l_ucontext uc;
    struct l_siginfo info;
};
_Static_assert(sizeof(struct l_rt_sigframe) == 440, "rt_sigframe");

/* The last 48 bytes of the legacy region of an xsave area in a frame. */
struct l_fpx_sw_bytes {
    uint32_t magic1;
    uint32_t extended_size; /* of the area with magic2 behind it */
    uint64_t xfeatures;
    uint32_t xstate_size;
    uint32_t padding[7];
};
_Static_assert(sizeof(struct l_fpx_sw_bytes) == 48, "fpx_sw_bytes");

/* What read(2) on a signalfd gives. */
struct l_signalfd_siginfo {
    uint32_t ssi_signo;
    int32_t ssi_errno;
    int32_t ssi_code;
    uint32_t ssi_pid;
    uint32_t ssi_uid;
    int32_t ssi_fd;
    uint32_t ssi_tid;
    uint32_t ssi_band;
    uint32_t ssi_overrun;
    uint32_t ssi_trapno;
    int32_t ssi_status;
    int32_t ssi_int;
    uint64_t ssi_ptr;
    uint64_t ssi_utime;
    uint64_t ssi_stime;
    uint64_t ssi_addr;
    uint16_t ssi_addr_lsb;
    uint8_t pad[46];
};
_Static_assert(sizeof(struct l_signalfd_siginfo) == 128, "signalfd_siginfo");

struct l_sigevent {
    uint64_t sigev_value;
    int32_t sigev_signo;
    int32_t sigev_notify;
    int32_t sigev_tid;
    uint8_t pad[44];
};
_Static_assert(sizeof(struct l_sigevent) == 64, "sigevent");

#endif
