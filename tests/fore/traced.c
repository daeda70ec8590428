/* Calls with arguments of many kinds between two marks, for the trace of --strace (strace.sh). What
 * is printed of them must not depend on the machine, but for addresses and process numbers. */
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CALL(...) syscall(__VA_ARGS__)

static char buffer[200];

static void files(void)
{
    struct stat st;
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10};
    struct timespec times[2] = {{0, UTIME_NOW}, {5, 6}};
    CALL(SYS_openat, AT_FDCWD, "/nonexistent", O_RDONLY | O_CLOEXEC);
    CALL(SYS_openat, AT_FDCWD, "/tmp/traced", O_RDWR | O_CREAT | O_TRUNC, 0644);
    CALL(SYS_openat, AT_FDCWD, (char *)1, O_WRONLY | O_APPEND);
    CALL(SYS_write, 3, "a\tb\n\1\0002\377\"\\", 10);
    CALL(SYS_write, 3, "0123456789012345678901234567890123456789", 40);
    CALL(SYS_pread64, 3, buffer, 4, 10);
    CALL(SYS_fstat, 3, &st);
    CALL(SYS_fstat, 77, &st);
    CALL(SYS_fstat, 3, (void *)1);
    CALL(SYS_newfstatat, AT_FDCWD, "/dev/null", &st, AT_SYMLINK_NOFOLLOW);
    CALL(SYS_lseek, 3, (off_t)-1, SEEK_SET);
    CALL(SYS_fcntl, 3, F_GETFL);
    CALL(SYS_fcntl, 3, F_SETFD, FD_CLOEXEC);
    CALL(SYS_fcntl, 3, F_GETFD);
    CALL(SYS_fcntl, 3, F_SETLK, &lock);
    CALL(SYS_fcntl, 3, F_DUPFD, 50);
    CALL(SYS_close, 50);
    CALL(SYS_ioctl, 3, TIOCGWINSZ, buffer);
    CALL(SYS_utimensat, AT_FDCWD, "/tmp/traced", times, 0);
    CALL(SYS_access, "/tmp/traced", R_OK | W_OK);
    CALL(SYS_unlinkat, AT_FDCWD, "/tmp/traced", AT_REMOVEDIR);
    CALL(SYS_umask, 07);
    CALL(SYS_umask, 022);
    CALL(SYS_chmod, "/nonexistent", 04755);
    CALL(SYS_chown, "/nonexistent", -1, 5);
    CALL(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CALL(SYS_munmap, 1, 4096);
    struct iovec parts[2] = {{"ab", 2}, {"cde", 3}};
    CALL(SYS_writev, 3, parts, 2);
}

static void waiting(void)
{
    int fds[2];
    fd_set in;
    struct timeval none = {0, 0};
    struct timespec nothing = {0, 1};
    struct epoll_event event = {EPOLLIN | EPOLLET, {.u64 = 4}};
    CALL(SYS_pipe2, fds, O_CLOEXEC);
    struct pollfd p[2] = {{fds[0], POLLIN | POLLPRI, 0}, {fds[1], POLLOUT, 0}};
    CALL(SYS_poll, p, 1, 0);
    CALL(SYS_poll, p, 2, 0);
    FD_ZERO(&in);
    FD_SET(fds[0], &in);
    CALL(SYS_select, fds[0] + 1, &in, NULL, NULL, &none);
    CALL(SYS_write, fds[1], "x", 1);
    CALL(SYS_epoll_create1, EPOLL_CLOEXEC);
    CALL(SYS_epoll_ctl, 6, EPOLL_CTL_ADD, fds[0], &event);
    CALL(SYS_epoll_wait, 6, buffer, 8, -1);
    CALL(SYS_ioctl, fds[0], FIONREAD, buffer);
    CALL(SYS_read, fds[0], buffer, 100);
    CALL(SYS_nanosleep, &nothing, NULL);
    CALL(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &nothing, NULL);
    CALL(SYS_futex, buffer, FUTEX_WAKE_PRIVATE, 1);
    CALL(SYS_futex, buffer, FUTEX_WAIT, 12345, NULL);
    CALL(SYS_close, 6);
}

static void signals(void)
{
    struct {
        void (*handler)(int);
        uint64_t flags;
        void *restorer;
        uint64_t mask;
    } action = {SIG_IGN, SA_RESTART | SA_SIGINFO, NULL, UINT64_C(1) << (SIGHUP - 1)};
    uint64_t set = UINT64_C(1) << (SIGUSR1 - 1) | UINT64_C(1) << (SIGUSR2 - 1);
    action.flags = SA_RESTART;
    CALL(SYS_rt_sigaction, SIGUSR1, &action, NULL, 8);
    CALL(SYS_rt_sigaction, SIGKILL, &action, NULL, 8);
    CALL(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
    set = ~UINT64_C(0);
    CALL(SYS_rt_sigprocmask, SIG_UNBLOCK, NULL, &set, 8);
    CALL(SYS_kill, 0, 0);
}

static void sockets(void)
{
    int fds[2];
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/nonexistent"};
    CALL(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds);
    CALL(SYS_sendto, fds[0], "hello", 5, MSG_NOSIGNAL, NULL, 0);
    struct iovec part = {buffer, 3};
    CALL(SYS_readv, fds[1], &part, 1);
    CALL(SYS_shutdown, fds[0], SHUT_RDWR);
    CALL(SYS_close, fds[0]);
    CALL(SYS_close, fds[1]);
    CALL(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    CALL(SYS_connect, 6, &address, 2 + 13);
    CALL(SYS_close, 6);
}

static void processes(void)
{
    struct rlimit limit = {1 << 20, RLIM_INFINITY};
    struct rlimit seen;
    char *arguments[] = {"one", "two", NULL}, *environment[] = {"A=b", NULL};
    int status;
    CALL(SYS_prlimit64, 0, RLIMIT_STACK, &limit, NULL);
    CALL(SYS_prlimit64, 0, RLIMIT_STACK, NULL, &seen);
    CALL(SYS_execve, "/nonexistent", arguments, environment);
    CALL(SYS_getcwd, buffer, sizeof(buffer));
    CALL(SYS_unshare, CLONE_FS | CLONE_FILES);
    limit = (struct rlimit){0, 0};
    CALL(SYS_prlimit64, 0, RLIMIT_CORE, &limit, NULL);
    for (int i = 0; i < 3; i++) {
        pid_t child = (pid_t)CALL(SYS_fork);
        if (child == 0 && i == 2)
            *(volatile int *)16 = 1;
        if (child == 0 && i == 1)
            CALL(SYS_kill, CALL(SYS_getpid), SIGTERM);
        if (child == 0)
            _exit(3);
        CALL(SYS_wait4, -1, &status, 0, NULL);
    }
    CALL(SYS_wait4, -1, &status, WNOHANG | WUNTRACED, NULL);
    CALL(SYS_exit_group, 7);
}

int main(void)
{
    CALL(SYS_chdir, "/");
    CALL(SYS_close, -5);
    files();
    waiting();
    signals();
    sockets();
    processes();
}
