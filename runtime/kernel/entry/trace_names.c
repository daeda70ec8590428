/* The names of the trace: Linux's own, of its headers and manual pages. */
#include "runtime/kernel/entry/trace_names.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "runtime/abi/fcntl.h"
#include "runtime/abi/futex.h"
#include "runtime/abi/inotify.h"
#include "runtime/abi/mman.h"
#include "runtime/abi/mount.h"
#include "runtime/abi/poll.h"
#include "runtime/abi/process.h"
#include "runtime/abi/resource.h"
#include "runtime/abi/sched.h"
#include "runtime/abi/signal.h"
#include "runtime/abi/socket.h"
#include "runtime/abi/stat.h"
#include "runtime/abi/termios.h"
#include "runtime/abi/time.h"

/* A flag, or a value of its own; one value of a field; a value or flag with another name. */
#define F(name)                                                                                    \
    {                                                                                              \
        L_##name, L_##name, #name                                                                  \
    }
#define E(mask, name)                                                                              \
    {                                                                                              \
        mask, L_##name, #name                                                                      \
    }
#define P(value, text)                                                                             \
    {                                                                                              \
        L_##value, L_##value, text                                                                 \
    }
#define V(mask, value, text)                                                                       \
    {                                                                                              \
        mask, value, text                                                                          \
    }
#define END                                                                                        \
    {                                                                                              \
        0, 0, NULL                                                                                 \
    }
#define ANY 0xffffffffu
/* What is printed when nothing is set. */
#define Z(name)                                                                                    \
    {                                                                                              \
        0, 0, #name                                                                                \
    }

static const struct trace_name open_flags[] = {E(L_O_ACCMODE, O_RDONLY),
                                               E(L_O_ACCMODE, O_WRONLY),
                                               E(L_O_ACCMODE, O_RDWR),
                                               F(O_CREAT),
                                               F(O_EXCL),
                                               F(O_NOCTTY),
                                               F(O_TRUNC),
                                               F(O_APPEND),
                                               F(O_NONBLOCK),
                                               F(O_SYNC),
                                               F(O_DSYNC),
                                               F(O_ASYNC),
                                               F(O_DIRECT),
                                               F(O_LARGEFILE),
                                               F(O_NOFOLLOW),
                                               F(O_NOATIME),
                                               F(O_CLOEXEC),
                                               F(O_PATH),
                                               F(O_TMPFILE),
                                               F(O_DIRECTORY),
                                               END};
static const struct trace_name pipe_flags[] = {F(O_NONBLOCK), F(O_DIRECT), F(O_CLOEXEC), END};
static const struct trace_name at_flags[] = {
    F(AT_SYMLINK_NOFOLLOW), F(AT_REMOVEDIR),        F(AT_SYMLINK_FOLLOW),  F(AT_NO_AUTOMOUNT),
    F(AT_EMPTY_PATH),       F(AT_STATX_FORCE_SYNC), F(AT_STATX_DONT_SYNC), END};
static const struct trace_name access_flags[] = {F(AT_EACCESS), F(AT_SYMLINK_NOFOLLOW),
                                                 F(AT_EMPTY_PATH), END};
static const struct trace_name protections[] = {Z(PROT_NONE), F(PROT_READ),      F(PROT_WRITE),
                                                F(PROT_EXEC), F(PROT_GROWSDOWN), F(PROT_GROWSUP),
                                                END};
static const struct trace_name map_flags[] = {E(L_MAP_TYPE, MAP_SHARED),
                                              E(L_MAP_TYPE, MAP_PRIVATE),
                                              E(L_MAP_TYPE, MAP_SHARED_VALIDATE),
                                              F(MAP_FIXED),
                                              F(MAP_ANONYMOUS),
                                              F(MAP_32BIT),
                                              F(MAP_NORESERVE),
                                              F(MAP_POPULATE),
                                              F(MAP_NONBLOCK),
                                              F(MAP_GROWSDOWN),
                                              F(MAP_DENYWRITE),
                                              F(MAP_EXECUTABLE),
                                              F(MAP_LOCKED),
                                              F(MAP_STACK),
                                              F(MAP_HUGETLB),
                                              F(MAP_SYNC),
                                              F(MAP_FIXED_NOREPLACE),
                                              END};
static const struct trace_name clone_flags[] = {F(CLONE_VM),
                                                F(CLONE_FS),
                                                F(CLONE_FILES),
                                                F(CLONE_SIGHAND),
                                                F(CLONE_PIDFD),
                                                F(CLONE_PTRACE),
                                                F(CLONE_VFORK),
                                                F(CLONE_PARENT),
                                                F(CLONE_THREAD),
                                                F(CLONE_NEWNS),
                                                F(CLONE_SYSVSEM),
                                                F(CLONE_SETTLS),
                                                F(CLONE_PARENT_SETTID),
                                                F(CLONE_CHILD_CLEARTID),
                                                F(CLONE_DETACHED),
                                                F(CLONE_UNTRACED),
                                                F(CLONE_CHILD_SETTID),
                                                F(CLONE_NEWCGROUP),
                                                F(CLONE_NEWUTS),
                                                F(CLONE_NEWIPC),
                                                F(CLONE_NEWUSER),
                                                F(CLONE_NEWPID),
                                                F(CLONE_NEWNET),
                                                F(CLONE_IO),
                                                F(CLONE_CLEAR_SIGHAND),
                                                F(CLONE_INTO_CGROUP),
                                                V(0xff, L_SIGCHLD, "SIGCHLD"),
                                                END};
static const struct trace_name clocks[] = {
    F(CLOCK_REALTIME),          F(CLOCK_MONOTONIC),     F(CLOCK_PROCESS_CPUTIME_ID),
    F(CLOCK_THREAD_CPUTIME_ID), F(CLOCK_MONOTONIC_RAW), F(CLOCK_REALTIME_COARSE),
    F(CLOCK_MONOTONIC_COARSE),  F(CLOCK_BOOTTIME),      F(CLOCK_REALTIME_ALARM),
    F(CLOCK_BOOTTIME_ALARM),    F(CLOCK_TAI),           END};
static const struct trace_name wait_options[] = {F(WNOHANG),
                                                 {L_WUNTRACED, L_WUNTRACED, "WSTOPPED"},
                                                 F(WEXITED),
                                                 F(WCONTINUED),
                                                 F(WNOWAIT),
                                                 V(0x20000000, 0x20000000, "__WNOTHREAD"),
                                                 V(0x40000000, 0x40000000, "__WALL"),
                                                 V(0x80000000, 0x80000000, "__WCLONE"),
                                                 END};
static const struct trace_name wait_kinds[] = {F(P_ALL), F(P_PID), F(P_PGID), F(P_PIDFD), END};
static const struct trace_name access_modes[] = {Z(F_OK), F(R_OK), F(W_OK), F(X_OK), END};
static const struct trace_name fcntl_commands[] = {F(F_DUPFD),         F(F_GETFD),
                                                   F(F_SETFD),         F(F_GETFL),
                                                   F(F_SETFL),         F(F_GETLK),
                                                   F(F_SETLK),         F(F_SETLKW),
                                                   F(F_SETOWN),        F(F_GETOWN),
                                                   F(F_SETSIG),        F(F_GETSIG),
                                                   F(F_SETOWN_EX),     F(F_GETOWN_EX),
                                                   F(F_OFD_GETLK),     F(F_OFD_SETLK),
                                                   F(F_OFD_SETLKW),    F(F_SETLEASE),
                                                   F(F_GETLEASE),      F(F_NOTIFY),
                                                   F(F_DUPFD_CLOEXEC), F(F_SETPIPE_SZ),
                                                   F(F_GETPIPE_SZ),    F(F_ADD_SEALS),
                                                   F(F_GET_SEALS),     END};
static const struct trace_name fd_flags[] = {F(FD_CLOEXEC), END};
static const struct trace_name whences[] = {F(SEEK_SET),  F(SEEK_CUR),  F(SEEK_END),
                                            F(SEEK_DATA), F(SEEK_HOLE), END};
static const struct trace_name families[] = {F(AF_UNSPEC), F(AF_UNIX),    F(AF_INET),
                                             F(AF_INET6),  F(AF_NETLINK), END};
static const struct trace_name socket_types[] = {E(L_SOCK_TYPE_MASK, SOCK_STREAM),
                                                 E(L_SOCK_TYPE_MASK, SOCK_DGRAM),
                                                 E(L_SOCK_TYPE_MASK, SOCK_RAW),
                                                 E(L_SOCK_TYPE_MASK, SOCK_RDM),
                                                 E(L_SOCK_TYPE_MASK, SOCK_SEQPACKET),
                                                 E(L_SOCK_TYPE_MASK, SOCK_PACKET),
                                                 F(SOCK_CLOEXEC),
                                                 F(SOCK_NONBLOCK),
                                                 END};
static const struct trace_name socket_flags[] = {F(SOCK_CLOEXEC), F(SOCK_NONBLOCK), END};
static const struct trace_name message_flags[] = {
    F(MSG_OOB),  F(MSG_PEEK),     F(MSG_CTRUNC),   F(MSG_TRUNC),      F(MSG_DONTWAIT),
    F(MSG_EOR),  F(MSG_WAITALL),  F(MSG_NOSIGNAL), F(MSG_WAITFORONE), F(MSG_CMSG_CLOEXEC),
    F(MSG_MORE), F(MSG_ERRQUEUE), F(MSG_FASTOPEN), F(MSG_ZEROCOPY),   END};
static const struct trace_name shutdowns[] = {F(SHUT_RD), F(SHUT_WR), F(SHUT_RDWR), END};
static const struct trace_name option_levels[] = {F(SOL_SOCKET), END};
static const struct trace_name socket_options[] = {F(SO_DEBUG),
                                                   F(SO_REUSEADDR),
                                                   F(SO_TYPE),
                                                   F(SO_ERROR),
                                                   F(SO_DONTROUTE),
                                                   F(SO_BROADCAST),
                                                   F(SO_SNDBUF),
                                                   F(SO_RCVBUF),
                                                   F(SO_KEEPALIVE),
                                                   F(SO_LINGER),
                                                   F(SO_REUSEPORT),
                                                   F(SO_PASSCRED),
                                                   F(SO_PEERCRED),
                                                   F(SO_RCVLOWAT),
                                                   F(SO_SNDLOWAT),
                                                   F(SO_ACCEPTCONN),
                                                   F(SO_SNDBUFFORCE),
                                                   F(SO_RCVBUFFORCE),
                                                   F(SO_PROTOCOL),
                                                   F(SO_DOMAIN),
                                                   F(SO_OOBINLINE),
                                                   F(SO_NO_CHECK),
                                                   F(SO_PRIORITY),
                                                   F(SO_BINDTODEVICE),
                                                   F(SO_ATTACH_FILTER),
                                                   F(SO_DETACH_FILTER),
                                                   F(SO_PEERNAME),
                                                   F(SO_TIMESTAMP),
                                                   F(SO_TIMESTAMPNS),
                                                   F(SO_MARK),
                                                   F(SO_RXQ_OVFL),
                                                   F(SO_PEEK_OFF),
                                                   F(SO_LOCK_FILTER),
                                                   F(SO_BUSY_POLL),
                                                   F(SO_INCOMING_CPU),
                                                   F(SO_ATTACH_BPF),
                                                   F(SO_ATTACH_REUSEPORT_CBPF),
                                                   F(SO_ATTACH_REUSEPORT_EBPF),
                                                   F(SO_DETACH_REUSEPORT_BPF),
                                                   END};
static const struct trace_name mask_changes[] = {F(SIG_BLOCK), F(SIG_UNBLOCK), F(SIG_SETMASK), END};
static const struct trace_name action_flags[] = {
    F(SA_RESTORER), F(SA_ONSTACK),   F(SA_RESTART),   F(SA_NODEFER),        F(SA_RESETHAND),
    F(SA_SIGINFO),  F(SA_NOCLDSTOP), F(SA_NOCLDWAIT), F(SA_EXPOSE_TAGBITS), END};
static const struct trace_name stack_flags[] = {F(SS_ONSTACK), F(SS_DISABLE), F(SS_AUTODISARM),
                                                END};
static const struct trace_name limits[] = {F(RLIMIT_CPU),
                                           F(RLIMIT_FSIZE),
                                           F(RLIMIT_DATA),
                                           F(RLIMIT_STACK),
                                           F(RLIMIT_CORE),
                                           F(RLIMIT_RSS),
                                           F(RLIMIT_NPROC),
                                           F(RLIMIT_NOFILE),
                                           F(RLIMIT_MEMLOCK),
                                           F(RLIMIT_AS),
                                           F(RLIMIT_LOCKS),
                                           F(RLIMIT_SIGPENDING),
                                           F(RLIMIT_MSGQUEUE),
                                           F(RLIMIT_NICE),
                                           F(RLIMIT_RTPRIO),
                                           F(RLIMIT_RTTIME),
                                           END};
static const struct trace_name usages[] = {
    F(RUSAGE_SELF), V(0xffffffff, (uint32_t)L_RUSAGE_CHILDREN, "RUSAGE_CHILDREN"), F(RUSAGE_THREAD),
    END};
static const struct trace_name epoll_operations[] = {F(EPOLL_CTL_ADD), F(EPOLL_CTL_DEL),
                                                     F(EPOLL_CTL_MOD), END};
static const struct trace_name epoll_events[] = {P(POLLIN, "EPOLLIN"),
                                                 P(POLLPRI, "EPOLLPRI"),
                                                 P(POLLOUT, "EPOLLOUT"),
                                                 P(POLLRDNORM, "EPOLLRDNORM"),
                                                 P(POLLRDBAND, "EPOLLRDBAND"),
                                                 P(POLLWRNORM, "EPOLLWRNORM"),
                                                 P(POLLWRBAND, "EPOLLWRBAND"),
                                                 P(POLLMSG, "EPOLLMSG"),
                                                 P(POLLERR, "EPOLLERR"),
                                                 P(POLLHUP, "EPOLLHUP"),
                                                 P(POLLRDHUP, "EPOLLRDHUP"),
                                                 F(EPOLLEXCLUSIVE),
                                                 F(EPOLLWAKEUP),
                                                 F(EPOLLONESHOT),
                                                 F(EPOLLET),
                                                 END};
static const struct trace_name poll_events[] = {F(POLLIN),     F(POLLPRI),
                                                F(POLLOUT),    F(POLLERR),
                                                F(POLLHUP),    F(POLLNVAL),
                                                F(POLLRDNORM), F(POLLRDBAND),
                                                F(POLLWRNORM), F(POLLWRBAND),
                                                F(POLLMSG),    F(POLLREMOVE),
                                                F(POLLRDHUP),  END};
static const struct trace_name eventfd_flags[] = {F(EFD_SEMAPHORE), F(EFD_CLOEXEC), F(EFD_NONBLOCK),
                                                  END};
static const struct trace_name epoll_flags[] = {F(EPOLL_CLOEXEC), END};
static const struct trace_name signalfd_flags[] = {F(SFD_CLOEXEC), F(SFD_NONBLOCK), END};
static const struct trace_name timerfd_flags[] = {F(TFD_CLOEXEC), F(TFD_NONBLOCK), END};
static const struct trace_name timer_flags[] = {F(TIMER_ABSTIME), F(TFD_TIMER_CANCEL_ON_SET), END};
static const struct trace_name inotify_flags[] = {F(IN_CLOEXEC), F(IN_NONBLOCK), END};
static const struct trace_name inotify_events[] = {
    F(IN_ALL_EVENTS),  F(IN_ACCESS),        F(IN_MODIFY),      F(IN_ATTRIB),
    F(IN_CLOSE_WRITE), F(IN_CLOSE_NOWRITE), F(IN_OPEN),        F(IN_MOVED_FROM),
    F(IN_MOVED_TO),    F(IN_CREATE),        F(IN_DELETE),      F(IN_DELETE_SELF),
    F(IN_MOVE_SELF),   F(IN_UNMOUNT),       F(IN_Q_OVERFLOW),  F(IN_IGNORED),
    F(IN_ONLYDIR),     F(IN_DONT_FOLLOW),   F(IN_EXCL_UNLINK), F(IN_MASK_CREATE),
    F(IN_MASK_ADD),    F(IN_ISDIR),         F(IN_ONESHOT),     END};
static const struct trace_name advices[] = {F(MADV_NORMAL),         F(MADV_RANDOM),
                                            F(MADV_SEQUENTIAL),     F(MADV_WILLNEED),
                                            F(MADV_DONTNEED),       F(MADV_FREE),
                                            F(MADV_REMOVE),         F(MADV_DONTFORK),
                                            F(MADV_DOFORK),         F(MADV_MERGEABLE),
                                            F(MADV_UNMERGEABLE),    F(MADV_HUGEPAGE),
                                            F(MADV_NOHUGEPAGE),     F(MADV_DONTDUMP),
                                            F(MADV_DODUMP),         F(MADV_WIPEONFORK),
                                            F(MADV_KEEPONFORK),     F(MADV_COLD),
                                            F(MADV_PAGEOUT),        F(MADV_POPULATE_READ),
                                            F(MADV_POPULATE_WRITE), END};
static const struct trace_name sync_flags[] = {F(MS_ASYNC), F(MS_INVALIDATE), F(MS_SYNC), END};
static const struct trace_name remap_flags[] = {F(MREMAP_MAYMOVE), F(MREMAP_FIXED),
                                                F(MREMAP_DONTUNMAP), END};
static const struct trace_name flock_operations[] = {F(LOCK_SH), F(LOCK_EX), F(LOCK_NB), F(LOCK_UN),
                                                     END};
static const struct trace_name lock_types[] = {F(F_RDLCK), F(F_WRLCK), F(F_UNLCK), END};
static const struct trace_name random_flags[] = {F(GRND_NONBLOCK), F(GRND_RANDOM), F(GRND_INSECURE),
                                                 END};
static const struct trace_name memfd_flags[] = {
    F(MFD_CLOEXEC), F(MFD_ALLOW_SEALING), F(MFD_HUGETLB), F(MFD_NOEXEC_SEAL), F(MFD_EXEC), END};
static const struct trace_name futex_operations[] = {E(0x7f, FUTEX_WAIT),
                                                     E(0x7f, FUTEX_WAKE),
                                                     E(0x7f, FUTEX_FD),
                                                     E(0x7f, FUTEX_REQUEUE),
                                                     E(0x7f, FUTEX_CMP_REQUEUE),
                                                     E(0x7f, FUTEX_WAKE_OP),
                                                     E(0x7f, FUTEX_LOCK_PI),
                                                     E(0x7f, FUTEX_UNLOCK_PI),
                                                     E(0x7f, FUTEX_TRYLOCK_PI),
                                                     E(0x7f, FUTEX_WAIT_BITSET),
                                                     E(0x7f, FUTEX_WAKE_BITSET),
                                                     E(0x7f, FUTEX_WAIT_REQUEUE_PI),
                                                     E(0x7f, FUTEX_CMP_REQUEUE_PI),
                                                     E(0x7f, FUTEX_LOCK_PI2),
                                                     F(FUTEX_PRIVATE_FLAG),
                                                     F(FUTEX_CLOCK_REALTIME),
                                                     END};
static const struct trace_name interval_timers[] = {F(ITIMER_REAL), F(ITIMER_VIRTUAL),
                                                    F(ITIMER_PROF), END};
static const struct trace_name rename_flags[] = {F(RENAME_NOREPLACE), F(RENAME_EXCHANGE),
                                                 F(RENAME_WHITEOUT), END};
static const struct trace_name statx_fields[] = {
    F(STATX_BASIC_STATS), F(STATX_TYPE),   F(STATX_MODE),  F(STATX_NLINK),  F(STATX_UID),
    F(STATX_GID),         F(STATX_ATIME),  F(STATX_MTIME), F(STATX_CTIME),  F(STATX_INO),
    F(STATX_SIZE),        F(STATX_BLOCKS), F(STATX_BTIME), F(STATX_MNT_ID), END};
static const struct trace_name policies[] = {E(~(uint64_t)L_SCHED_RESET_ON_FORK, SCHED_OTHER),
                                             E(~(uint64_t)L_SCHED_RESET_ON_FORK, SCHED_FIFO),
                                             E(~(uint64_t)L_SCHED_RESET_ON_FORK, SCHED_RR),
                                             E(~(uint64_t)L_SCHED_RESET_ON_FORK, SCHED_BATCH),
                                             E(~(uint64_t)L_SCHED_RESET_ON_FORK, SCHED_IDLE),
                                             E(~(uint64_t)L_SCHED_RESET_ON_FORK, SCHED_DEADLINE),
                                             F(SCHED_RESET_ON_FORK),
                                             END};
static const struct trace_name arch_codes[] = {
    F(ARCH_SET_GS),    F(ARCH_SET_FS),    F(ARCH_GET_FS),     F(ARCH_GET_GS),
    F(ARCH_GET_CPUID), F(ARCH_SET_CPUID), F(ARCH_CET_STATUS), END};
static const struct trace_name prctl_options[] = {F(PR_SET_PDEATHSIG),
                                                  F(PR_GET_PDEATHSIG),
                                                  F(PR_GET_DUMPABLE),
                                                  F(PR_SET_DUMPABLE),
                                                  F(PR_GET_KEEPCAPS),
                                                  F(PR_SET_KEEPCAPS),
                                                  F(PR_GET_TIMING),
                                                  F(PR_SET_TIMING),
                                                  F(PR_SET_NAME),
                                                  F(PR_GET_NAME),
                                                  F(PR_GET_SECCOMP),
                                                  F(PR_SET_SECCOMP),
                                                  F(PR_CAPBSET_READ),
                                                  F(PR_CAPBSET_DROP),
                                                  F(PR_GET_TSC),
                                                  F(PR_SET_TSC),
                                                  F(PR_GET_SECUREBITS),
                                                  F(PR_SET_SECUREBITS),
                                                  F(PR_SET_TIMERSLACK),
                                                  F(PR_GET_TIMERSLACK),
                                                  F(PR_SET_MM),
                                                  F(PR_SET_CHILD_SUBREAPER),
                                                  F(PR_GET_CHILD_SUBREAPER),
                                                  F(PR_SET_NO_NEW_PRIVS),
                                                  F(PR_GET_NO_NEW_PRIVS),
                                                  F(PR_GET_TID_ADDRESS),
                                                  F(PR_SET_THP_DISABLE),
                                                  F(PR_GET_THP_DISABLE),
                                                  F(PR_CAP_AMBIENT),
                                                  F(PR_SET_PTRACER),
                                                  F(PR_SET_VMA),
                                                  END};
static const struct trace_name barriers[] = {F(MEMBARRIER_CMD_QUERY),
                                             F(MEMBARRIER_CMD_GLOBAL),
                                             F(MEMBARRIER_CMD_GLOBAL_EXPEDITED),
                                             F(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED),
                                             F(MEMBARRIER_CMD_PRIVATE_EXPEDITED),
                                             F(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED),
                                             F(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE),
                                             F(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE),
                                             END};
static const struct trace_name allocate_modes[] = {F(FALLOC_FL_KEEP_SIZE),
                                                   F(FALLOC_FL_PUNCH_HOLE),
                                                   F(FALLOC_FL_COLLAPSE_RANGE),
                                                   F(FALLOC_FL_ZERO_RANGE),
                                                   F(FALLOC_FL_INSERT_RANGE),
                                                   F(FALLOC_FL_UNSHARE_RANGE),
                                                   END};
static const struct trace_name lock_all_flags[] = {F(MCL_CURRENT), F(MCL_FUTURE), F(MCL_ONFAULT),
                                                   END};
static const struct trace_name priorities[] = {F(PRIO_PROCESS), F(PRIO_PGRP), F(PRIO_USER), END};
static const struct trace_name requests[] = {F(TCGETS),
                                             F(TCSETS),
                                             F(TCSETSW),
                                             F(TCSETSF),
                                             F(TCGETS2),
                                             F(TCSETS2),
                                             F(TCSETSW2),
                                             F(TCSETSF2),
                                             F(TCGETA),
                                             F(TCSETA),
                                             F(TCSETAW),
                                             F(TCSETAF),
                                             F(TCSBRK),
                                             F(TCSBRKP),
                                             F(TCXONC),
                                             F(TCFLSH),
                                             F(TIOCEXCL),
                                             F(TIOCNXCL),
                                             F(TIOCSCTTY),
                                             F(TIOCGPGRP),
                                             F(TIOCSPGRP),
                                             F(TIOCOUTQ),
                                             F(TIOCSTI),
                                             F(TIOCGWINSZ),
                                             F(TIOCSWINSZ),
                                             F(TIOCMGET),
                                             F(TIOCMSET),
                                             F(TIOCCONS),
                                             F(TIOCPKT),
                                             F(TIOCNOTTY),
                                             F(TIOCSETD),
                                             F(TIOCGETD),
                                             F(TIOCGSID),
                                             F(TIOCGPTN),
                                             F(TIOCSPTLCK),
                                             F(TIOCGPTLCK),
                                             F(TIOCGPTPEER),
                                             F(TIOCGPKT),
                                             F(TIOCGEXCL),
                                             F(TIOCSIG),
                                             F(TIOCVHANGUP),
                                             F(FIONREAD),
                                             F(FIONBIO),
                                             F(FIOASYNC),
                                             F(FIOCLEX),
                                             F(FIONCLEX),
                                             END};
static const struct trace_name mount_flags[] = {F(MS_RDONLY),
                                                F(MS_NOSUID),
                                                F(MS_NODEV),
                                                F(MS_NOEXEC),
                                                F(MS_SYNCHRONOUS),
                                                F(MS_REMOUNT),
                                                F(MS_NOATIME),
                                                F(MS_NODIRATIME),
                                                F(MS_BIND),
                                                F(MS_MOVE),
                                                F(MS_REC),
                                                F(MS_SILENT),
                                                F(MS_UNBINDABLE),
                                                F(MS_PRIVATE),
                                                F(MS_SLAVE),
                                                F(MS_SHARED),
                                                F(MS_RELATIME),
                                                F(MS_STRICTATIME),
                                                END};
static const struct trace_name unmount_flags[] = {F(MNT_FORCE), F(MNT_DETACH), F(MNT_EXPIRE),
                                                  F(UMOUNT_NOFOLLOW), END};
static const struct trace_name splice_flags[] = {
    V(1, 1, "SPLICE_F_MOVE"), V(2, 2, "SPLICE_F_NONBLOCK"), V(4, 4, "SPLICE_F_MORE"),
    V(8, 8, "SPLICE_F_GIFT"), END};
static const struct trace_name attribute_flags[] = {F(XATTR_CREATE), F(XATTR_REPLACE), END};
static const struct trace_name transfer_flags[] = {
    F(RWF_HIPRI), F(RWF_DSYNC), F(RWF_SYNC), V(8, 8, "RWF_NOWAIT"), F(RWF_APPEND), END};
static const struct trace_name signal_codes[] = {V(ANY, 0, "SI_USER"),
                                                 V(ANY, (uint32_t)L_SI_KERNEL, "SI_KERNEL"),
                                                 V(ANY, (uint32_t)L_SI_QUEUE, "SI_QUEUE"),
                                                 V(ANY, (uint32_t)L_SI_TIMER, "SI_TIMER"),
                                                 V(ANY, (uint32_t)L_SI_TKILL, "SI_TKILL"),
                                                 V(ANY, (uint32_t)L_SI_SIGIO, "SI_SIGIO"),
                                                 END};
static const struct trace_name child_codes[] = {F(CLD_EXITED),
                                                F(CLD_KILLED),
                                                F(CLD_DUMPED),
                                                F(CLD_TRAPPED),
                                                F(CLD_STOPPED),
                                                F(CLD_CONTINUED),
                                                END};

static const struct trace_name segv_codes[] = {F(SEGV_MAPERR), F(SEGV_ACCERR), END};
static const struct trace_name bus_codes[] = {F(BUS_ADRALN), F(BUS_ADRERR), END};
static const struct trace_name fpe_codes[] = {
    F(FPE_INTDIV), F(FPE_INTOVF), F(FPE_FLTDIV), F(FPE_FLTOVF),
    F(FPE_FLTUND), F(FPE_FLTRES), F(FPE_FLTINV), END};
static const struct trace_name ill_codes[] = {F(ILL_ILLOPC), F(ILL_ILLOPN), F(ILL_PRVOPC), END};
static const struct trace_name trap_codes[] = {F(TRAP_BRKPT), F(TRAP_TRACE), END};

static const struct trace_set sets[] = {
    {'!', "SEGV_???", segv_codes},
    {'%', "BUS_???", bus_codes},
    {'+', "FPE_???", fpe_codes},
    {'-', "ILL_???", ill_codes},
    {'.', "TRAP_???", trap_codes},
    {'o', "O_???", open_flags},
    {'q', "O_???", pipe_flags},
    {'a', "AT_???", at_flags},
    {'0', "AT_???", access_flags},
    {'p', "PROT_???", protections},
    {'m', "MAP_???", map_flags},
    {'c', "CLONE_???", clone_flags},
    {'C', "CLOCK_???", clocks},
    {'w', "W???", wait_options},
    {'W', "P_???", wait_kinds},
    {'k', "?_OK", access_modes},
    {'f', "F_???", fcntl_commands},
    {'x', "FD_???", fd_flags},
    {'s', "SEEK_???", whences},
    {'d', "AF_???", families},
    {'t', "SOCK_???", socket_types},
    {'Q', "SOCK_???", socket_flags},
    {'M', "MSG_???", message_flags},
    {'h', "SHUT_???", shutdowns},
    {'O', "SOL_???", option_levels},
    {'N', "SO_???", socket_options},
    {'i', "SIG_???", mask_changes},
    {'H', "SA_???", action_flags},
    {'K', "SS_???", stack_flags},
    {'r', "RLIMIT_???", limits},
    {'u', "RUSAGE_???", usages},
    {'e', "EPOLL_CTL_???", epoll_operations},
    {'Z', "EPOLL???", epoll_events},
    {'z', "POLL???", poll_events},
    {'E', "EFD_???", eventfd_flags},
    {'X', "EPOLL_???", epoll_flags},
    {'I', "SFD_???", signalfd_flags},
    {'T', "TFD_???", timerfd_flags},
    {'J', "TIMER_???", timer_flags},
    {'y', "IN_???", inotify_flags},
    {'Y', "IN_???", inotify_events},
    {'v', "MADV_???", advices},
    {'j', "MS_???", sync_flags},
    {'R', "MREMAP_???", remap_flags},
    {'l', "LOCK_???", flock_operations},
    {'L', "F_???", lock_types},
    {'g', "GRND_???", random_flags},
    {'G', "MFD_???", memfd_flags},
    {'F', "FUTEX_???", futex_operations},
    {'n', "ITIMER_???", interval_timers},
    {'b', "RENAME_???", rename_flags},
    {'S', "STATX_???", statx_fields},
    {'B', "SCHED_???", policies},
    {'A', "ARCH_???", arch_codes},
    {'P', "PR_???", prctl_options},
    {'V', "MEMBARRIER_CMD_???", barriers},
    {'U', "FALLOC_FL_???", allocate_modes},
    {'D', "MCL_???", lock_all_flags},
    {'1', "PRIO_???", priorities},
    {'2', "IOC_???", requests},
    {'3', "MS_???", mount_flags},
    {'4', "MNT_???", unmount_flags},
    {'5', "SPLICE_F_???", splice_flags},
    {'6', "XATTR_???", attribute_flags},
    {'7', "RWF_???", transfer_flags},
    {'8', "SI_???", signal_codes},
    {'9', "CLD_???", child_codes},
};

static const char *const signals[] = {
    [L_SIGHUP] = "SIGHUP",       [L_SIGINT] = "SIGINT",       [L_SIGQUIT] = "SIGQUIT",
    [L_SIGILL] = "SIGILL",       [L_SIGTRAP] = "SIGTRAP",     [L_SIGABRT] = "SIGABRT",
    [L_SIGBUS] = "SIGBUS",       [L_SIGFPE] = "SIGFPE",       [L_SIGKILL] = "SIGKILL",
    [L_SIGUSR1] = "SIGUSR1",     [L_SIGSEGV] = "SIGSEGV",     [L_SIGUSR2] = "SIGUSR2",
    [L_SIGPIPE] = "SIGPIPE",     [L_SIGALRM] = "SIGALRM",     [L_SIGTERM] = "SIGTERM",
    [L_SIGSTKFLT] = "SIGSTKFLT", [L_SIGCHLD] = "SIGCHLD",     [L_SIGCONT] = "SIGCONT",
    [L_SIGSTOP] = "SIGSTOP",     [L_SIGTSTP] = "SIGTSTP",     [L_SIGTTIN] = "SIGTTIN",
    [L_SIGTTOU] = "SIGTTOU",     [L_SIGURG] = "SIGURG",       [L_SIGXCPU] = "SIGXCPU",
    [L_SIGXFSZ] = "SIGXFSZ",     [L_SIGVTALRM] = "SIGVTALRM", [L_SIGPROF] = "SIGPROF",
    [L_SIGWINCH] = "SIGWINCH",   [L_SIGIO] = "SIGIO",         [L_SIGPWR] = "SIGPWR",
    [L_SIGSYS] = "SIGSYS",
};

const struct trace_set *trace_set(char letter)
{
    for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++)
        if (sets[i].letter == letter)
            return &sets[i];
    return NULL;
}

const char *trace_name(const struct trace_set *set, uint64_t value)
{
    for (const struct trace_name *n = set->names; n->name; n++)
        if (n->value == value)
            return n->name;
    return NULL;
}

const char *trace_signal_name(int number, char buffer[16])
{
    if (number > 0 && (size_t)number < sizeof(signals) / sizeof(*signals))
        return signals[number];
    /* The C libraries keep 32 and 33 for themselves. */
    if (number >= 32 && number <= L_NSIG)
        snprintf(buffer, 16, number == 32 ? "SIGRTMIN" : "SIGRT_%d", number - 32);
    else
        snprintf(buffer, 16, "%d", number);
    return buffer;
}
