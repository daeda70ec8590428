/* Which call comes next, and what it is given. */
#include "attack.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <unistd.h>

/*
 * What each call takes, a letter for an argument:
 *   f descriptor  D folder  p pointer  b buffer  r range of addresses  s path  q path of ours
 *   u size  o offset  i number  h flags  g signal  n process  c one of the call's own numbers
 *   O flags of open  E mode  w anything; the others are structures of values.c
 */
static const struct kind {
    uint16_t number;
    uint8_t weight; /* how often, beside the others */
    const char *takes;
} kinds[] = {
#define N(name) SYS_##name
    {N(read), 6, "fbu"},
    {N(write), 6, "fbu"},
    {N(open), 4, "sOE"},
    {N(close), 4, "f"},
    {N(stat), 2, "sp"},
    {N(fstat), 2, "fp"},
    {N(lstat), 2, "sp"},
    {N(poll), 3, "Pii"},
    {N(lseek), 3, "foi"},
    {N(mmap), 5, "ruchfo"},
    {N(mprotect), 3, "ruc"},
    {N(munmap), 2, "ru"},
    {N(brk), 1, "p"},
    {N(rt_sigaction), 3, "gApc"},
    {N(rt_sigprocmask), 3, "czpc"},
    {N(rt_sigreturn), 1, ""},
    {N(ioctl), 12, "fcz"},
    {N(pread64), 3, "fbuo"},
    {N(pwrite64), 3, "fbuo"},
    {N(readv), 3, "fvi"},
    {N(writev), 3, "fvi"},
    {N(access), 1, "sE"},
    {N(pipe), 1, "p"},
    {N(select), 3, "izzzt"},
    {N(sched_yield), 1, ""},
    {N(mremap), 3, "ruucr"},
    {N(msync), 2, "ruc"},
    {N(mincore), 1, "rup"},
    {N(madvise), 4, "ruc"},
    {N(dup), 2, "f"},
    {N(dup2), 2, "ff"},
    {N(pause), 1, ""},
    {N(nanosleep), 1, "tp"},
    {N(getitimer), 1, "ip"},
    {N(alarm), 1, "i"},
    {N(setitimer), 1, "iTp"},
    {N(getpid), 1, ""},
    {N(sendfile), 4, "ffzu"},
    {N(socket), 2, "ccc"},
    {N(connect), 2, "fai"},
    {N(accept), 2, "fpl"},
    {N(sendto), 3, "fbuhai"},
    {N(recvfrom), 3, "fbuhpl"},
    {N(sendmsg), 6, "fmh"},
    {N(recvmsg), 6, "fmh"},
    {N(shutdown), 1, "fi"},
    {N(bind), 2, "fai"},
    {N(listen), 1, "fi"},
    {N(getsockname), 1, "fpl"},
    {N(getpeername), 1, "fpl"},
    {N(socketpair), 2, "cccp"},
    {N(setsockopt), 3, "fcczi"},
    {N(getsockopt), 3, "fccpl"},
    {N(clone), 3, "hpppp"},
    {N(fork), 1, ""},
    {N(vfork), 1, ""},
    {N(execve), 1, "sGG"},
    {N(exit), 1, "i"},
    {N(wait4), 3, "nphp"},
    {N(kill), 2, "ng"},
    {N(uname), 1, "p"},
    {N(fcntl), 10, "fck"},
    {N(flock), 2, "fh"},
    {N(fsync), 1, "f"},
    {N(fdatasync), 1, "f"},
    {N(truncate), 2, "qo"},
    {N(ftruncate), 3, "fo"},
    {N(getdents), 2, "fbu"},
    {N(getcwd), 1, "pu"},
    {N(chdir), 1, "s"},
    {N(fchdir), 1, "f"},
    {N(rename), 3, "qq"},
    {N(mkdir), 2, "qE"},
    {N(rmdir), 2, "q"},
    {N(creat), 1, "qE"},
    {N(link), 3, "qq"},
    {N(unlink), 3, "q"},
    {N(symlink), 2, "qq"},
    {N(readlink), 1, "spu"},
    {N(chmod), 1, "qE"},
    {N(fchmod), 1, "fE"},
    {N(chown), 1, "qii"},
    {N(fchown), 1, "fii"},
    {N(lchown), 1, "qii"},
    {N(umask), 1, "E"},
    {N(gettimeofday), 1, "pp"},
    {N(getrlimit), 1, "ip"},
    {N(getrusage), 1, "ip"},
    {N(sysinfo), 1, "p"},
    {N(times), 1, "p"},
    {N(setuid), 1, "i"},
    {N(setgid), 1, "i"},
    {N(setpgid), 1, "nn"},
    {N(getppid), 1, ""},
    {N(setsid), 1, ""},
    {N(setreuid), 1, "ii"},
    {N(getgroups), 1, "ip"},
    {N(setgroups), 1, "ip"},
    {N(setresuid), 1, "iii"},
    {N(getresuid), 1, "ppp"},
    {N(getpgid), 1, "n"},
    {N(getsid), 1, "n"},
    {N(capget), 1, "pp"},
    {N(capset), 1, "zz"},
    {N(rt_sigpending), 1, "pi"},
    {N(rt_sigtimedwait), 2, "zptc"},
    {N(rt_sigqueueinfo), 2, "ngz"},
    {N(rt_sigsuspend), 1, "zc"},
    {N(sigaltstack), 1, "zp"},
    {N(utime), 1, "qz"},
    {N(mknod), 2, "qci"},
    {N(personality), 1, "i"},
    {N(statfs), 1, "sp"},
    {N(fstatfs), 1, "fp"},
    {N(getpriority), 1, "in"},
    {N(setpriority), 1, "ini"},
    {N(sched_setparam), 1, "np"},
    {N(sched_getparam), 1, "np"},
    {N(sched_setscheduler), 1, "niz"},
    {N(sched_getscheduler), 1, "n"},
    {N(sched_rr_get_interval), 1, "np"},
    {N(mlock), 1, "ru"},
    {N(munlock), 1, "ru"},
    {N(mlockall), 1, "i"},
    {N(munlockall), 1, ""},
    {N(prctl), 4, "czppp"},
    {N(arch_prctl), 1, "cp"},
    {N(setrlimit), 2, "iz"},
    {N(chroot), 1, "s"},
    {N(sync), 1, ""},
    {N(mount), 1, "qqxh"},
    {N(umount2), 1, "qh"},
    {N(sethostname), 1, "bu"},
    {N(gettid), 1, ""},
    {N(readahead), 1, "fou"},
    {N(setxattr), 2, "qxbuc"},
    {N(lsetxattr), 1, "qxbuc"},
    {N(fsetxattr), 2, "fxbuc"},
    {N(getxattr), 2, "sxbu"},
    {N(lgetxattr), 1, "sxbu"},
    {N(fgetxattr), 2, "fxbu"},
    {N(listxattr), 1, "sbu"},
    {N(llistxattr), 1, "sbu"},
    {N(flistxattr), 1, "fbu"},
    {N(removexattr), 1, "qx"},
    {N(fremovexattr), 1, "fx"},
    {N(tkill), 1, "ng"},
    {N(futex), 8, "zcitzi"},
    {N(sched_setaffinity), 1, "nuz"},
    {N(sched_getaffinity), 1, "nup"},
    {N(getdents64), 3, "fbu"},
    {N(set_tid_address), 1, "p"},
    {N(restart_syscall), 1, ""},
    {N(fadvise64), 1, "foui"},
    {N(timer_create), 2, "izz"},
    {N(timer_settime), 2, "ihTp"},
    {N(timer_gettime), 1, "ip"},
    {N(timer_getoverrun), 1, "i"},
    {N(timer_delete), 1, "i"},
    {N(clock_gettime), 1, "ip"},
    {N(clock_getres), 1, "ip"},
    {N(clock_nanosleep), 1, "iitp"},
    {N(exit_group), 1, "i"},
    {N(epoll_wait), 3, "fbii"},
    {N(epoll_ctl), 8, "fcfz"},
    {N(tgkill), 2, "nng"},
    {N(utimes), 1, "qT"},
    {N(waitid), 3, "inphp"},
    {N(inotify_add_watch), 2, "fsh"},
    {N(inotify_rm_watch), 1, "fi"},
    {N(openat), 4, "DsOE"},
    {N(mkdirat), 2, "DqE"},
    {N(mknodat), 1, "Dqci"},
    {N(fchownat), 1, "Dqiih"},
    {N(futimesat), 1, "DqT"},
    {N(newfstatat), 2, "Dsph"},
    {N(unlinkat), 3, "Dqc"},
    {N(renameat), 2, "DqDq"},
    {N(linkat), 2, "DqDqc"},
    {N(symlinkat), 1, "qDq"},
    {N(readlinkat), 1, "Dspu"},
    {N(fchmodat), 1, "DqE"},
    {N(faccessat), 1, "DsE"},
    {N(pselect6), 2, "izzztz"},
    {N(ppoll), 3, "Pitzc"},
    {N(unshare), 1, "h"},
    {N(set_robust_list), 1, "pc"},
    {N(get_robust_list), 1, "npp"},
    {N(splice), 4, "fpfpuh"},
    {N(tee), 2, "ffuh"},
    {N(sync_file_range), 1, "foui"},
    {N(utimensat), 1, "DqTh"},
    {N(epoll_pwait), 2, "fbiizc"},
    {N(signalfd), 1, "fzc"},
    {N(timerfd_create), 1, "ic"},
    {N(eventfd), 1, "i"},
    {N(fallocate), 2, "fcou"},
    {N(timerfd_settime), 2, "fhTp"},
    {N(timerfd_gettime), 1, "fp"},
    {N(accept4), 2, "fplc"},
    {N(signalfd4), 1, "fzcc"},
    {N(eventfd2), 1, "ic"},
    {N(epoll_create1), 1, "c"},
    {N(dup3), 1, "ffc"},
    {N(pipe2), 1, "pc"},
    {N(inotify_init1), 1, "c"},
    {N(preadv), 1, "fvio"},
    {N(pwritev), 1, "fvio"},
    {N(rt_tgsigqueueinfo), 1, "nngz"},
    {N(recvmmsg), 3, "fMiht"},
    {N(prlimit64), 2, "nizp"},
    {N(syncfs), 1, "f"},
    {N(sendmmsg), 3, "fMih"},
    {N(getcpu), 1, "pp"},
    {N(process_vm_readv), 2, "nvivii"},
    {N(process_vm_writev), 2, "nvivii"},
    {N(sched_getattr), 1, "npui"},
    {N(renameat2), 2, "DqDqc"},
    {N(getrandom), 1, "bui"},
    {N(memfd_create), 1, "xc"},
    {N(execveat), 1, "DsGGh"},
    {N(membarrier), 1, "ci"},
    {N(mlock2), 1, "rui"},
    {N(copy_file_range), 4, "fzfzui"},
    {N(preadv2), 1, "fvioih"},
    {N(pwritev2), 1, "fvioih"},
    {N(statx), 2, "Dshhp"},
    {N(rseq), 1, "piii"},
    {N(pidfd_send_signal), 2, "fgzi"},
    {N(pidfd_open), 1, "ni"},
    {N(clone3), 2, "Cu"},
    {N(close_range), 1, "iih"},
    {N(openat2), 2, "DsHu"},
    {N(pidfd_getfd), 2, "ffi"},
    {N(faccessat2), 1, "DsEh"},
    {N(epoll_pwait2), 1, "fbitzc"},
#undef N
};

/* The numbers that calls have of their own. */
static const struct {
    uint16_t number;
    uint32_t values[64]; /* zeros at the end are none */
} commands[] = {
    {SYS_mmap, {1, 3, 7, 5, 2, 4}},
    {SYS_mprotect, {1, 3, 7, 5, 2, 4, 0x1000000, 0x2000000}},
    {SYS_rt_sigaction, {8}},
    {SYS_rt_sigprocmask, {8, 1, 2}},
    {SYS_rt_sigsuspend, {8}},
    {SYS_rt_sigtimedwait, {8}},
    {SYS_ppoll, {8}},
    {SYS_epoll_pwait, {8}},
    {SYS_epoll_pwait2, {8}},
    {SYS_signalfd, {8}},
    {SYS_signalfd4, {8, 0x800}},
    {SYS_set_robust_list, {24}},
    {SYS_ioctl,
     {TCGETS,      TCSETS,     TCSETSW,     TCSETSF,    TCGETA,     TCSETA,     TIOCGWINSZ,
      TIOCSWINSZ,  TIOCGPGRP,  TIOCSPGRP,   TIOCGSID,   TIOCSCTTY,  TIOCNOTTY,  TIOCSTI,
      TIOCSIG,     TIOCPKT,    TIOCGPTPEER, TIOCGPTN,   TIOCSPTLCK, TCFLSH,     TCXONC,
      TCSBRK,      TIOCEXCL,   TIOCOUTQ,    FIONREAD,   FIONBIO,    FIOASYNC,   FIOCLEX,
      TIOCVHANGUP, TIOCSETD,   0x5459,      0x802c542a, 0x402c542b, 0x40049409, 0x8901,
      0x8903,      0x8904,     0x8905,      0x8906,     0x5411,     0x8913,     0x8927,
      0x80086601,  0x40086602, 0x5421,      0x8912}},
    {SYS_mremap, {1, 3, 5, 2}},
    {SYS_msync, {1, 2, 4}},
    {SYS_madvise, {1, 2, 3, 4, 8, 9, 10, 11, 12, 14, 18, 19, 20, 21, 22, 23, 100}},
    {SYS_socket, {1, 1, 1, 2, 5, 10, 16, 17, 0x801, 0x80002, 3}},
    {SYS_socketpair, {1, 1, 1, 2, 5, 10, 0x801, 0x80002}},
    {SYS_setsockopt, {1,  1,  1,  41, 41, 6,  6,  17, 136, 2,  3,  4,  5,  7,  8,  9,  10, 11,
                      12, 13, 16, 18, 19, 20, 21, 23, 25,  26, 29, 30, 32, 33, 34, 35, 36, 37,
                      40, 42, 44, 45, 46, 47, 49, 50, 51,  53, 57, 60, 62, 66, 67, 70, 74, 77}},
    {SYS_getsockopt, {1,  1,  1,  41, 41, 6,  6,  17, 136, 2,  3,  4,  5,  7,  8,  9,  10, 11,
                      12, 13, 16, 18, 19, 20, 21, 23, 25,  26, 29, 30, 32, 33, 34, 35, 36, 37,
                      40, 42, 44, 45, 46, 47, 49, 50, 51,  53, 57, 60, 62, 66, 67, 70, 74, 77}},
    {SYS_fcntl, {1,    2,    3,    4,    5,    6,    7,    10,   11,   13,   14,   15,   16,
                 36,   37,   38,   12,   8,    9,    17,   24,   27,   99,   1024, 1025, 1026,
                 1028, 1029, 1030, 1031, 1032, 1033, 1034, 1035, 1036, 1037, 1038, 1039, 1040}},
    {SYS_mknod, {S_IFREG | 0666, S_IFIFO | 0666, S_IFSOCK | 0666, S_IFCHR, S_IFBLK, S_IFDIR, 0666}},
    {SYS_mknodat, {S_IFREG | 0666, S_IFIFO | 0666, S_IFSOCK | 0666, S_IFCHR, 0666}},
    {SYS_prctl,
     {1,  2,  3,  4,  7,  8,  13, 14, 15, 16, 21, 22, 23, 24, 25, 26, 27,         28,        29,
      30, 35, 36, 37, 38, 39, 40, 41, 42, 47, 50, 52, 53, 55, 59, 60, 0x59616d61, 0x53564d41}},
    {SYS_arch_prctl, {0x1003, 0x1004, 0x1011, 0x1012, 0x3001, 0x2001}},
    {SYS_setxattr, {1, 2}},
    {SYS_lsetxattr, {1, 2}},
    {SYS_fsetxattr, {1, 2}},
    {SYS_futex, {1,   3,   4,   5,   6,   7,   8,   9,   10,  11,  12,    13,
                 128, 129, 131, 132, 133, 134, 135, 137, 138, 139, 0x189, 0x18b}},
    {SYS_epoll_ctl, {1, 1, 1, 1, 2, 3, 3, 3, 4}},
    {SYS_unlinkat, {AT_REMOVEDIR}},
    {SYS_linkat, {AT_SYMLINK_FOLLOW, AT_EMPTY_PATH}},
    {SYS_timerfd_create, {TFD_NONBLOCK, TFD_CLOEXEC}},
    {SYS_fallocate, {1, 2, 3, 8, 16, 32, 64}},
    {SYS_accept4, {SOCK_NONBLOCK, SOCK_CLOEXEC}},
    {SYS_eventfd2, {O_NONBLOCK, O_CLOEXEC, 1}},
    {SYS_epoll_create1, {O_CLOEXEC}},
    {SYS_dup3, {O_CLOEXEC}},
    {SYS_pipe2, {O_NONBLOCK, O_CLOEXEC, O_DIRECT}},
    {SYS_inotify_init1, {O_NONBLOCK, O_CLOEXEC}},
    {SYS_renameat2, {1, 2, 4}},
    {SYS_memfd_create, {1, 2, 3, 4}},
    {SYS_membarrier, {1, 2, 4, 8, 16, 32, 64}},
};

bool attack_network;

#define CALL_MAX 470 /* a little above what there is */

static uint64_t command(struct random *r, uint64_t number)
{
    for (size_t i = 0; i < COUNT(commands); i++) {
        if (commands[i].number != number)
            continue;
        unsigned count = 0;
        while (count < COUNT(commands[i].values) && commands[i].values[count])
            count++;
        if (one_in(r, 14))
            return value_number(r);
        uint64_t choice = below(r, count + 1);
        return choice < count ? commands[i].values[choice] : count == 1 ? commands[i].values[0] : 0;
    }
    return value_number(r);
}

static uint64_t open_flags(struct random *r)
{
    static const int flags[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDWR, 3};
    static const int more[] = {O_CREAT, O_CREAT, O_TRUNC,    O_APPEND, O_EXCL,    O_DIRECTORY,
                               O_PATH,  O_SYNC,  O_NOFOLLOW, O_DIRECT, O_TMPFILE, O_CLOEXEC};
    uint64_t result = (uint64_t)PICK(r, flags) | (one_in(r, 4) ? 0 : O_NONBLOCK);
    for (uint64_t i = below(r, 3); i; i--)
        result |= (uint64_t)PICK(r, more);
    return one_in(r, 15) ? value_flags(r) : result;
}

static uint64_t signal_number(struct random *r)
{
    static const int often[] = {SIGUSR1, SIGUSR2,  SIGALRM, SIGIO, SIGCHLD,
                                SIGURG,  SIGWINCH, 34,      40};
    return one_in(r, 60)   ? value_number(r)
           : one_in(r, 60) ? below(r, 65)
                           : (uint64_t)PICK(r, often);
}

static uint64_t argument(struct random *r, uint64_t number, char letter)
{
    switch (letter) {
    case 'f':
        return value_descriptor(r);
    case 'D':
        return value_folder(r);
    case 'p':
        return value_pointer(r);
    case 'b':
        return value_buffer(r);
    case 'r':
        return value_range(r);
    case 's':
        return value_path(r);
    case 'q':
        return value_own_path(r);
    case 'u':
        return value_size(r);
    case 'o':
        return value_offset(r);
    case 'i':
        return value_number(r);
    case 'h':
        return value_flags(r);
    case 'g':
        return signal_number(r);
    case 'n':
        return value_process(r);
    case 'c':
        return command(r, number);
    case 'O':
        return open_flags(r);
    case 'E':
        return one_in(r, 3) ? value_flags(r) : 0777;
    case 'w':
        return value_word(r);
    default:
        return value_structure(r, letter);
    }
}

/* --- what may not be called: what ends the test itself, not what is tested --- */

static bool is_guarded(uint64_t process)
{
    int32_t id = (int32_t)process;
    if (id == -1)
        return true;
    for (unsigned i = 1; i < PROTECTED; i++) /* the first can look after itself */
        if (id == shared->guarded[i] || id == -shared->guarded[i])
            return true;
    return false;
}

static bool forbidden(const struct call *c)
{
    const uint64_t *a = c->arguments;
    switch (c->number & 0xbfffffff) {
    case SYS_reboot:
    case SYS_settimeofday:
    case SYS_clock_settime:
        return true;
    case SYS_kill:
    case SYS_tkill:
    case SYS_rt_sigqueueinfo:
    case SYS_pidfd_open:
    case SYS_process_vm_writev:
        return is_guarded(a[0]);
    case SYS_tgkill:
    case SYS_rt_tgsigqueueinfo:
        return is_guarded(a[0]) || is_guarded(a[1]);
    case SYS_prlimit64:
        return is_guarded(a[0]) || (uint32_t)a[1] == RLIMIT_FSIZE;
    case SYS_setrlimit:
        return (uint32_t)a[0] == RLIMIT_FSIZE; /* or the host's disk is filled */
    case SYS_fcntl:                            /* a signal for whoever owns it */
        return (uint32_t)a[1] == F_SETOWN_EX || ((uint32_t)a[1] == F_SETOWN && is_guarded(a[2]));
    case SYS_ioctl:
        return (uint32_t)a[1] == FIOSETOWN || (uint32_t)a[1] == SIOCSPGRP;
    case SYS_socket: /* what is outside is left alone */
        return !attack_network && ((uint32_t)a[0] == AF_INET || (uint32_t)a[0] == AF_INET6);
    default:
        return false;
    }
}

bool call_makes_process(uint64_t number)
{
    uint32_t low = (uint32_t)number;
    return low == SYS_fork || low == SYS_vfork || low == SYS_clone || low == SYS_clone3;
}

static bool ends_process(uint64_t number)
{
    uint32_t low = (uint32_t)number;
    return low == SYS_exit || low == SYS_exit_group || low == SYS_rt_sigreturn ||
           low == SYS_execve || low == SYS_execveat || low == SYS_brk;
}

/* --- the choice --- */

static const struct kind *kind_of(uint64_t number)
{
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (kinds[i].number == number)
            return &kinds[i];
    return NULL;
}

static const struct kind *weighted(struct random *r)
{
    static unsigned sum;
    if (!sum) {
        unsigned all = 0;
        for (size_t i = 0; i < COUNT(kinds); i++)
            all += kinds[i].weight;
        sum = all;
    }
    unsigned at = (unsigned)below(r, sum);
    size_t i = 0;
    for (; at >= kinds[i].weight; i++)
        at -= kinds[i].weight;
    return &kinds[i];
}

static uint64_t odd_number(struct random *r)
{
    switch (below(r, 6)) {
    case 0:
        return 0x40000000 | below(r, 550); /* x32's */
    case 1:
        return (below(r, 3) << 32) | below(r, CALL_MAX);
    case 2:
        return (uint64_t)-1 - below(r, 5);
    case 3:
        return next(r);
    case 4:
        return 0xffffffff00000000 | below(r, CALL_MAX);
    default:
        return CALL_MAX + below(r, 100);
    }
}

static void fill(struct random *r, struct call *c, const char *takes)
{
    for (unsigned i = 0; i < 6; i++) {
        bool given = takes && *takes;
        c->arguments[i] = given && !one_in(r, 50) ? argument(r, c->number, *takes) : value_word(r);
        takes += given;
    }
    /* A child that starts on the stack it is given ends at once; without one it can go on. */
    if ((uint32_t)c->number == SYS_clone && !one_in(r, 4)) {
        uint64_t flags = one_in(r, 2) ? 0 : value_flags(r) & ~(uint64_t)(CLONE_VM | 0xff);
        c->arguments[0] = flags | (one_in(r, 3) ? below(r, 256) : SIGCHLD);
        c->arguments[1] = 0;
    }
}

struct call call_choose(struct random *r, bool deep)
{
    struct call c;
    for (;;) {
        uint64_t way = below(r, 40);
        const struct kind *kind = weighted(r);
        if (way < 2)
            c.number = odd_number(r);
        else
            c.number = way < 8 ? below(r, CALL_MAX) : kind->number;
        if (way >= 2 && way < 8)
            kind = kind_of(c.number);
        fill(r, &c, way >= 2 && way != 8 && kind ? kind->takes : NULL);
        if (forbidden(&c) || (deep && call_makes_process(c.number)))
            continue;
        if (ends_process(c.number) && !one_in(r, 30))
            continue;
        return c;
    }
}
