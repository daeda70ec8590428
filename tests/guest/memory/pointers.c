/* Every address that must not be usable, touched and given to every system call as each of its
 * pointers: SIGSEGV or EFAULT, never anything else. tests/tree/pointers.sh holds the lists here
 * against the kernel's table. */
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

static uint64_t addresses[32];
static unsigned address_count;

static sigjmp_buf again;
static volatile int signal_seen;

static void on_fault(int signal)
{
    signal_seen = signal;
    siglongjmp(again, 1);
}

static void touch(uint64_t address)
{
    for (volatile int write = 0; write < 3; write++) {
        signal_seen = 0;
        if (sigsetjmp(again, 1) == 0) {
            if (write == 0)
                (void)*(volatile uint8_t *)address;
            else if (write == 1)
                *(volatile uint64_t *)address = 1;
            else
                ((void (*)(void))address)();
        }
        check_(signal_seen == SIGSEGV || signal_seen == SIGBUS, __FILE__, __LINE__,
               "access %d of %#llx gave signal %d", write, (unsigned long long)address,
               signal_seen);
    }
}

/* One call with the address as one of its pointers; all of them have to give EFAULT. */
enum {
    P = 0xbadbad, /* the address */
    ZERO_FILE = 1000,
    PIPE_OUT,
    PIPE_IN,
    SPARE, /* memory, a page of it */
    SOCKET,
    SOCKET_IN,
    LISTENER,
    NOTHING, /* a timespec of zeros */
    DIRECTORY,
    REGULAR,
    TERMINAL,
    EPOLL,
    TIMER_FD,
    TIMER,
    INOTIFY,
    ROOT,   /* "/" */
    MYSELF, /* "/proc/self/exe" */
    LENGTH, /* an int of 100 */
    VECTOR, /* one iovec */
    HOW,
    PID,
    CHILD, /* a dead one */
    MASK,
    PID_FD,
    LAST_NAME
};

static const struct {
    const char *name;
    int number;
    uint64_t arguments[6];
} calls[] = {
#define N(x) #x, SYS_##x
#define AT   (uint64_t) AT_FDCWD
    {N(read), {ZERO_FILE, P, 100}},
    {N(write), {PIPE_OUT, P, 100}},
    {N(open), {P, O_RDONLY}},
    {N(creat), {P, 0600}},
    {N(stat), {P, SPARE}},
    {N(stat), {ROOT, P}},
    {N(fstat), {ZERO_FILE, P}},
    {N(lstat), {P, SPARE}},
    {N(lstat), {ROOT, P}},
    {N(poll), {P, 1, 0}},
    {N(rt_sigaction), {SIGUSR1, P, 0, 8}},
    {N(rt_sigaction), {SIGUSR1, 0, P, 8}},
    {N(rt_sigprocmask), {SIG_BLOCK, P, 0, 8}},
    {N(rt_sigprocmask), {SIG_BLOCK, 0, P, 8}},
    {N(ioctl), {PIPE_IN, FIONREAD, P}},
    {N(ioctl), {TERMINAL, TCGETS, P}},
    {N(ioctl), {TERMINAL, TCSETS, P}},
    {N(ioctl), {TERMINAL, TIOCGWINSZ, P}},
    {N(ioctl), {TERMINAL, TIOCSWINSZ, P}},
    {N(pread64), {ZERO_FILE, P, 10, 0}},
    {N(pwrite64), {REGULAR, P, 10, 0}},
    {N(readv), {ZERO_FILE, P, 1}},
    {N(writev), {PIPE_OUT, P, 1}},
    {N(preadv), {ZERO_FILE, P, 1, 0}},
    {N(pwritev), {REGULAR, P, 1, 0}},
    {N(preadv2), {ZERO_FILE, P, 1, 0, 0, 0}},
    {N(pwritev2), {REGULAR, P, 1, 0, 0, 0}},
    {N(access), {P, 0}},
    {N(pipe), {P}},
    {N(pipe2), {P, 0}},
    {N(mincore), {SPARE, 4096, P}},
    {N(nanosleep), {P, 0}},
    {N(getitimer), {0, P}},
    {N(setitimer), {0, P, 0}},
    {N(setitimer), {0, 0, P}},
    {N(connect), {SOCKET, P, 16}},
    {N(bind), {SOCKET, P, 16}},
    {N(accept), {LISTENER, P, LENGTH}},
    {N(accept4), {LISTENER, P, LENGTH, 0}},
    {N(accept), {LISTENER, SPARE, P}},
    {N(accept4), {LISTENER, SPARE, P, 0}},
    {N(getsockname), {SOCKET, SPARE, P}},
    {N(getsockname), {SOCKET, P, LENGTH}},
    {N(getpeername), {SOCKET, SPARE, P}},
    {N(getpeername), {SOCKET, P, LENGTH}},
    {N(setsockopt), {SOCKET, SOL_SOCKET, SO_REUSEADDR, P, 4}},
    {N(getsockopt), {SOCKET, SOL_SOCKET, SO_TYPE, P, LENGTH}},
    {N(getsockopt), {SOCKET, SOL_SOCKET, SO_TYPE, SPARE, P}},
    {N(socketpair), {AF_UNIX, SOCK_STREAM, 0, P}},
    {N(sendto), {SOCKET, P, 10, 0, 0, 0}},
    {N(sendto), {SOCKET, SPARE, 1, 0, P, 16}},
    {N(recvfrom), {SOCKET_IN, P, 10, MSG_DONTWAIT, 0, 0}},
    {N(sendmsg), {SOCKET, P, 0}},
    {N(recvmsg), {SOCKET_IN, P, MSG_DONTWAIT}},
    {N(sendmmsg), {SOCKET, P, 1, 0}},
    {N(recvmmsg), {SOCKET_IN, P, 1, MSG_DONTWAIT, 0}},
    {N(recvmmsg), {SOCKET_IN, SPARE, 1, MSG_DONTWAIT, P}},
    {N(execve), {P, 0, 0}},
    {N(execve), {MYSELF, P, 0}},
    {N(execve), {MYSELF, 0, P}},
    {N(execveat), {AT, P, 0, 0, 0}},
    {N(execveat), {AT, MYSELF, P, 0, 0}},
    {N(execveat), {AT, MYSELF, 0, P, 0}},
    {N(clone3), {P, 88}},
    {N(wait4), {CHILD, P, 0, 0}},
    {N(wait4), {CHILD, 0, 0, P}},
    {N(waitid), {P_PID, CHILD, P, WEXITED, 0}},
    {N(waitid), {P_PID, CHILD, 0, WEXITED, P}},
    {N(uname), {P}},
    {N(fcntl), {REGULAR, F_GETLK, P}},
    {N(fcntl), {REGULAR, F_SETLK, P}},
    {N(getdents), {DIRECTORY, P, 2000}},
    {N(getdents64), {DIRECTORY, P, 2000}},
    {N(getcwd), {P, 100}},
    {N(chdir), {P}},
    {N(chroot), {P}},
    {N(rename), {P, ROOT}},
    {N(rename), {MYSELF, P}},
    {N(mkdir), {P, 0777}},
    {N(rmdir), {P}},
    {N(link), {P, ROOT}},
    {N(link), {MYSELF, P}},
    {N(unlink), {P}},
    {N(symlink), {P, ROOT}},
    {N(symlink), {ROOT, P}},
    {N(readlink), {P, SPARE, 10}},
    {N(readlink), {MYSELF, P, 10}},
    {N(chmod), {P, 0}},
    {N(chown), {P, -1, -1}},
    {N(lchown), {P, -1, -1}},
    {N(mknod), {P, S_IFIFO | 0600, 0}},
    {N(truncate), {P, 0}},
    {N(utime), {P, 0}},
    {N(utime), {ROOT, P}},
    {N(utimes), {P, 0}},
    {N(utimes), {ROOT, P}},
    {N(futimesat), {AT, P, 0}},
    {N(utimensat), {AT, P, 0, 0}},
    {N(utimensat), {AT, ROOT, P, 0}},
    {N(statfs), {P, SPARE}},
    {N(statfs), {ROOT, P}},
    {N(fstatfs), {ZERO_FILE, P}},
    {N(mount), {P, ROOT, ROOT, 0, 0}},
    {N(gettimeofday), {P, 0}},
    {N(settimeofday), {P, 0}},
    {N(getrlimit), {0, P}},
    {N(setrlimit), {0, P}},
    {N(prlimit64), {0, 0, P, 0}},
    {N(prlimit64), {0, 0, 0, P}},
    {N(getrusage), {0, P}},
    {N(sysinfo), {P}},
    {N(times), {P}},
    {N(time), {P}},
    {N(getresuid), {P, SPARE, SPARE}},
    {N(getresuid), {SPARE, P, SPARE}},
    {N(getresuid), {SPARE, SPARE, P}},
    {N(getresgid), {P, SPARE, SPARE}},
    {N(getresgid), {SPARE, P, SPARE}},
    {N(getresgid), {SPARE, SPARE, P}},
    {N(capget), {P, SPARE}},
    {N(capset), {P, SPARE}},
    {N(rt_sigpending), {P, 8}},
    {N(rt_sigtimedwait), {P, 0, NOTHING, 8}},
    {N(rt_sigtimedwait), {MASK, 0, P, 8}},
    {N(rt_sigqueueinfo), {PID, SIGUSR1, P}},
    {N(rt_tgsigqueueinfo), {PID, PID, SIGUSR1, P}},
    {N(pidfd_send_signal), {PID_FD, SIGUSR1, P, 0}},
    {N(rt_sigsuspend), {P, 8}},
    {N(sigaltstack), {P, 0}},
    {N(sigaltstack), {0, P}},
    {N(signalfd), {-1, P, 8}},
    {N(signalfd4), {-1, P, 8, 0}},
    {N(sched_setparam), {0, P}},
    {N(sched_getparam), {0, P}},
    {N(sched_setscheduler), {0, 0, P}},
    {N(sched_rr_get_interval), {0, P}},
    {N(sched_setaffinity), {0, 128, P}},
    {N(sched_getaffinity), {0, 128, P}},
    {N(sched_getattr), {0, P, 48, 0}},
    {N(getcpu), {P, 0, 0}},
    {N(getcpu), {0, P, 0}},
    {N(prctl), {PR_SET_NAME, P, 0, 0, 0}},
    {N(prctl), {PR_GET_NAME, P, 0, 0, 0}},
    {N(prctl), {PR_GET_PDEATHSIG, P, 0, 0, 0}},
    {N(arch_prctl), {0x1003, P}},
    {N(get_robust_list), {0, P, SPARE}},
    {N(get_robust_list), {0, SPARE, P}},
    {N(futex), {P, 0, 0, 0, 0, 0}},
    {N(futex), {SPARE, 0, 0, P, 0, 0}},
    {N(clock_gettime), {0, P}},
    {N(clock_settime), {0, P}},
    {N(clock_getres), {0, P}},
    {N(clock_nanosleep), {0, 0, P, 0}},
    {N(timer_create), {0, P, SPARE}},
    {N(timer_create), {0, 0, P}},
    {N(timer_settime), {TIMER, 0, P, 0}},
    {N(timer_gettime), {TIMER, P}},
    {N(timerfd_settime), {TIMER_FD, 0, P, 0}},
    {N(timerfd_gettime), {TIMER_FD, P}},
    {N(select), {1, P, 0, 0, NOTHING}},
    {N(select), {0, 0, 0, 0, P}},
    {N(pselect6), {1, P, 0, 0, NOTHING, 0}},
    {N(pselect6), {0, 0, 0, 0, P, 0}},
    {N(pselect6), {0, 0, 0, 0, NOTHING, P}},
    {N(ppoll), {P, 1, NOTHING, 0, 0}},
    {N(ppoll), {0, 0, P, 0, 0}},
    {N(ppoll), {0, 0, NOTHING, P, 8}},
    {N(epoll_ctl), {EPOLL, EPOLL_CTL_MOD, PIPE_OUT, P}},
    {N(epoll_wait), {EPOLL, P, 1, 0}},
    {N(epoll_pwait), {EPOLL, P, 1, 0, 0, 8}},
    {N(epoll_pwait), {EPOLL, SPARE, 1, 0, P, 8}},
    {N(epoll_pwait2), {EPOLL, P, 1, NOTHING, 0, 8}},
    {N(epoll_pwait2), {EPOLL, SPARE, 1, P, 0, 8}},
    {N(inotify_add_watch), {INOTIFY, P, IN_CREATE}},
    {N(openat), {AT, P, O_RDONLY, 0}},
    {N(openat2), {AT, P, HOW, 24}},
    {N(openat2), {AT, ROOT, P, 24}},
    {N(newfstatat), {AT, P, SPARE, 0}},
    {N(newfstatat), {AT, ROOT, P, 0}},
    {N(statx), {AT, P, 0, 0, SPARE}},
    {N(statx), {AT, ROOT, 0, 0, P}},
    {N(mkdirat), {AT, P, 0777}},
    {N(mknodat), {AT, P, S_IFIFO | 0600, 0}},
    {N(fchownat), {AT, P, -1, -1, 0}},
    {N(fchmodat), {AT, P, 0}},
    {N(unlinkat), {AT, P, 0}},
    {N(renameat), {AT, P, AT, ROOT}},
    {N(renameat), {AT, MYSELF, AT, P}},
    {N(renameat2), {AT, P, AT, ROOT, 0}},
    {N(renameat2), {AT, MYSELF, AT, P, 0}},
    {N(linkat), {AT, P, AT, ROOT, 0}},
    {N(linkat), {AT, MYSELF, AT, P, 0}},
    {N(symlinkat), {P, AT, ROOT}},
    {N(symlinkat), {ROOT, AT, P}},
    {N(readlinkat), {AT, P, SPARE, 10}},
    {N(readlinkat), {AT, MYSELF, P, 10}},
    {N(faccessat), {AT, P, 0}},
    {N(faccessat2), {AT, P, 0, 0}},
    {N(setxattr), {P, ROOT, SPARE, 1, 0}},
    {N(setxattr), {ROOT, P, SPARE, 1, 0}},
    {N(lsetxattr), {P, ROOT, SPARE, 1, 0}},
    {N(lsetxattr), {ROOT, P, SPARE, 1, 0}},
    {N(fsetxattr), {REGULAR, P, SPARE, 1, 0}},
    {N(getxattr), {P, ROOT, SPARE, 1}},
    {N(getxattr), {ROOT, P, SPARE, 1}},
    {N(lgetxattr), {P, ROOT, SPARE, 1}},
    {N(lgetxattr), {ROOT, P, SPARE, 1}},
    {N(fgetxattr), {REGULAR, P, SPARE, 1}},
    {N(listxattr), {P, SPARE, 1}},
    {N(llistxattr), {P, SPARE, 1}},
    {N(removexattr), {P, ROOT}},
    {N(removexattr), {ROOT, P}},
    {N(lremovexattr), {P, ROOT}},
    {N(lremovexattr), {ROOT, P}},
    {N(fremovexattr), {REGULAR, P}},
    {N(sendfile), {PIPE_OUT, REGULAR, P, 10}},
    {N(splice), {REGULAR, P, PIPE_OUT, 0, 10, 0}},
    {N(vmsplice), {PIPE_OUT, P, 1, SPLICE_F_NONBLOCK}},
    {N(copy_file_range), {REGULAR, P, REGULAR, 0, 10, 0}},
    {N(getrandom), {P, 16, 0}},
    {N(memfd_create), {P, 0}},
    {N(shmctl), {0, IPC_INFO, P}},
    {N(shmctl), {0, SHM_INFO, P}},
    {N(process_vm_readv), {PID, P, 1, VECTOR, 1, 0}},
    {N(process_vm_readv), {PID, VECTOR, 1, P, 1, 0}},
    {N(process_vm_writev), {PID, P, 1, VECTOR, 1, 0}},
    {N(process_vm_writev), {PID, VECTOR, 1, P, 1, 0}},
};
#define CALLS (sizeof(calls) / sizeof(*calls))

/* Of those that take addresses, the ones that are not called, and why. */
static const struct {
    const char *reason, *names;
} left_out[] = {
    {"takes a range of addresses, which need not be mapped",
     "mmap mprotect munmap brk mremap msync madvise mlock munlock mlock2 pkey_mprotect "
     "shmat shmdt"},
    {"keeps the address for later", "set_robust_list set_tid_address rseq"},
    {"writes in the child, after the call has succeeded", "clone"},
    {"asks for privileges before it looks at the address",
     "umount2 sethostname setdomainname setgroups syslog"},
    {"writes only as much as there is, here nothing", "getgroups flistxattr"},
    {"too new for the kernels this runs on", "fchmodat2"},
    {"the letter stands for numbers here, not for addresses",
     "kill setreuid setregid setresuid setresgid personality mlockall reboot flock unshare dup3 "
     "eventfd2 epoll_create1 inotify_init1 inotify_rm_watch timerfd_create membarrier pkey_alloc "
     "pkey_free pidfd_open pidfd_getfd close_range"},
};

static uint8_t *spare;
static uint64_t values[LAST_NAME];
static struct sockaddr_un listener_name = {.sun_family = AF_UNIX};
static int client = -1;

static void prepare(void)
{
    static struct timespec nothing;
    static int length, pipes[2], sockets[2], timer;
    static struct iovec vector;
    static uint64_t how[3]; /* struct open_how */
    static sigset_t mask;
    spare = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    vector = (struct iovec){spare, 16};
    CHECK_OK(pipe(pipes));
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    socklen_t size = sizeof(sa_family_t);
    CHECK_OK(bind(listener, (struct sockaddr *)&listener_name, size)); /* a name of its choice */
    CHECK_OK(listen(listener, 5));
    size = sizeof(listener_name);
    CHECK_OK(getsockname(listener, (struct sockaddr *)&listener_name, &size));
    CHECK_OK(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &timer));
    values[ZERO_FILE] = open("/dev/zero", O_RDONLY);
    values[PIPE_OUT] = pipes[1];
    values[PIPE_IN] = pipes[0];
    values[SPARE] = (uintptr_t)spare;
    values[SOCKET] = sockets[0];
    values[SOCKET_IN] = sockets[1];
    values[LISTENER] = listener;
    values[NOTHING] = (uintptr_t)&nothing;
    values[REGULAR] = syscall(SYS_memfd_create, "regular", 0);
    CHECK_EQ(write(values[REGULAR], spare, 4096), 4096);
    values[TERMINAL] = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    values[EPOLL] = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLOUT};
    CHECK_OK(epoll_ctl(values[EPOLL], EPOLL_CTL_ADD, pipes[1], &event));
    values[TIMER_FD] = timerfd_create(CLOCK_MONOTONIC, 0);
    values[TIMER] = timer;
    values[INOTIFY] = inotify_init1(0);
    values[ROOT] = (uintptr_t) "/";
    values[MYSELF] = (uintptr_t) "/proc/self/exe";
    values[LENGTH] = (uintptr_t)&length;
    values[VECTOR] = (uintptr_t)&vector;
    values[HOW] = (uintptr_t)how;
    values[PID] = getpid();
    values[MASK] = (uintptr_t)&mask;
    values[PID_FD] = syscall(SYS_pidfd_open, getpid(), 0);
    for (int i = 0; i < LAST_NAME; i++)
        CHECK(values[i] != UINT64_MAX);
}

/* What the call finds there: a dead child, something to receive or to accept, a length. */
static void before(int number, const uint64_t *arguments)
{
    *(int *)values[LENGTH] = 100;
    for (int i = 0; i < 6; i++)
        if (arguments[i] == CHILD) {
            pid_t child = fork();
            if (child == 0)
                _exit(0);
            values[CHILD] = child;
        }
    if (number == SYS_recvfrom || number == SYS_recvmsg || number == SYS_recvmmsg)
        (void)!write(values[SOCKET], "some data", 9);
    if (number == SYS_accept || number == SYS_accept4) {
        client = socket(AF_UNIX, SOCK_STREAM, 0);
        CHECK_OK(connect(client, (struct sockaddr *)&listener_name, sizeof(sa_family_t) + 6));
    }
}

static void after(int number, uint64_t child)
{
    char data[200];
    if (number == SYS_recvfrom || number == SYS_recvmsg || number == SYS_recvmmsg)
        (void)!recv(values[SOCKET_IN], data, sizeof(data), MSG_DONTWAIT);
    if (number == SYS_accept || number == SYS_accept4)
        close(client);
    if (child)
        waitpid(child, NULL, 0);
}

/* Not on a kernel that is not ours, whatever stands at the address. */
static bool is_dangerous(int number)
{
    return getenv("GUEST_REAL_KERNEL") &&
           (number == SYS_settimeofday || number == SYS_clock_settime || number == SYS_mount ||
            number == SYS_chroot);
}

static void call_all(uint64_t address)
{
    for (size_t i = 0; i < CALLS; i++) {
        uint64_t a[6];
        values[DIRECTORY] = open("/", O_RDONLY | O_DIRECTORY);
        values[CHILD] = 0;
        before(calls[i].number, calls[i].arguments);
        int position = 0;
        for (int j = 0; j < 6; j++) {
            uint64_t value = calls[i].arguments[j];
            a[j] = value == P                                ? address
                   : value >= ZERO_FILE && value < LAST_NAME ? values[value]
                                                             : value;
            if (value == P)
                position = j + 1;
        }
        errno = EFAULT;
        long result = -1;
        if (!is_dangerous(calls[i].number))
            result = syscall(calls[i].number, a[0], a[1], a[2], a[3], a[4], a[5]);
        check_(result == -1 && errno == EFAULT, __FILE__, __LINE__,
               "%s, argument %d, %#llx gave %ld, errno %d", calls[i].name, position,
               (unsigned long long)address, result, errno);
        after(calls[i].number, values[CHILD]);
        close(values[DIRECTORY]);
    }
}

int main(void)
{
    const uint64_t page = 4096;
    /* Null page, first 64 KiB, holes, no access, beyond user space, not canonical, the kernel's
     * half; places where a translator could have something of its own. */
    static const uint64_t fixed[] = {
        0x10,
        0x1000,
        0xff00,
        UINT64_C(0x7ffffffff000) + 0x10,
        UINT64_C(0x800000000000),
        UINT64_C(0x0001000000000000),
        UINT64_C(0x7fffffffffffffff) - 7,
        UINT64_C(0x8000000000000000),
        UINT64_C(0xffff7fffffffffff) - 7,
        UINT64_C(0xffff800000000000),
        UINT64_C(0xffffffff80000000),
        UINT64_C(0xfffffffffffffff0),
        UINT64_C(0x200000000000),
        UINT64_C(0x3fffffff0000),
        UINT64_C(0x1fffff0000),
        UINT64_C(0x2000000000),
        UINT64_C(0x20f0000000),
        UINT64_C(0xffffffe000000000),
        UINT64_C(0xfffffffff0000000),
        UINT64_C(0x60000000ff00),
    };
    for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
        addresses[address_count++] = fixed[i];
    struct sigaction action = {.sa_handler = on_fault};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    prepare();
    int zero_file = values[ZERO_FILE];
    const int pipe_fds[2] = {values[PIPE_IN], values[PIPE_OUT]};
    for (size_t i = 0; i < sizeof(left_out) / sizeof(*left_out); i++)
        printf("not called: %s: %s\n", left_out[i].names, left_out[i].reason);
    fflush(stdout);
    /* The last mapping before the calls: nothing may come to lie in its hole. */
    uint8_t *area =
        mmap(NULL, 16 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(area + 4 * page, page, PROT_NONE);
    munmap(area + 8 * page, page);
    addresses[address_count++] = (uintptr_t)area + 4 * page;
    addresses[address_count++] = (uintptr_t)area + 8 * page + 0x20;
    for (unsigned i = 0; i < address_count; i++) {
        touch(addresses[i]);
        call_all(addresses[i]);
    }

    /* Partly usable: a transfer stops where access does. */
    uint8_t *edge = area + 4 * page - 100;
    CHECK_EQ(read(zero_file, edge, 200), 100);
    CHECK_EQ(write(pipe_fds[1], edge, 50), 50);
    CHECK_ERRNO(write(pipe_fds[1], area + 4 * page, 1), EFAULT);
    struct iovec parts[2] = {{edge, 100}, {area + 4 * page, 100}};
    CHECK_EQ(readv(zero_file, parts, 2), 100);
    CHECK_EQ(read(pipe_fds[0], spare, 50), 50);
    /* Read-only memory cannot be read into. */
    mprotect(area, page, PROT_READ);
    CHECK_ERRNO(read(zero_file, area, 10), EFAULT);
    /* A path that ends at the edge of what is mapped. */
    memcpy(edge + 90, "/dev/null", 10);
    CHECK_EQ(access((char *)edge + 90, F_OK), 0);
    edge[99] = 'x';
    CHECK_ERRNO(access((char *)edge + 90, F_OK), EFAULT);
    /* Fresh memory that nobody has touched can be read into and out of. */
    uint8_t *fresh =
        mmap(NULL, 16 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_EQ(write(pipe_fds[1], fresh, 2 * page), (ssize_t)(2 * page));
    CHECK_EQ(read(pipe_fds[0], fresh + 5 * page, 2 * page), (ssize_t)(2 * page));
    return check_done();
}
