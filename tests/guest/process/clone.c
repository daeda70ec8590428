/* clone and clone3: exit signals that are none, of siblings and of those that are adopted; a pidfd
 * whose number cannot be stored; descriptors that nobody sees before their number is stored;
 * waiting and signalling by pidfd; RLIMIT_NPROC; affinity. */
#include "check.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#define BAD             ((void *)8)
#define FLAG_PARENT     0x8000
#define FLAG_PIDFD      0x1000
#define WAIT_ALL        0x40000000
#define WAIT_BY_PIDFD   3
#define EXIT_SIGNAL_MAX 255

struct arguments {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
};

static long raw_clone(unsigned long flags, void *parent_tid)
{
    return syscall(SYS_clone, flags, 0, parent_tid, 0, 0);
}

static long raw_clone3(struct arguments *a)
{
    return syscall(SYS_clone3, a, sizeof(*a));
}

/* Linux takes any number and sends nothing when it is no signal. */
static void exit_signals(void)
{
    static const int none[] = {65, 109, 127, 200, EXIT_SIGNAL_MAX};
    for (unsigned i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        pid_t child = (pid_t)raw_clone((unsigned long)none[i], NULL);
        if (child == 0)
            _exit(3);
        int status = 0;
        CHECK_ERRNO(waitpid(child, &status, WNOHANG), ECHILD); /* it is a "clone" child */
        CHECK_EQ(waitpid(child, &status, WAIT_ALL), child);
        CHECK_EQ(status, 3 << 8);
    }
    struct arguments a = {.exit_signal = 65};
    CHECK_ERRNO(raw_clone3(&a), EINVAL);
    a.exit_signal = 64;
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, 64);
    sigprocmask(SIG_BLOCK, &set, &old);
    pid_t child = (pid_t)raw_clone3(&a);
    if (child == 0)
        _exit(0);
    siginfo_t info;
    CHECK_EQ(sigwaitinfo(&set, &info), 64);
    CHECK_EQ(info.si_pid, child);
    CHECK_EQ(waitpid(child, NULL, WAIT_ALL), child);
    sigprocmask(SIG_SETMASK, &old, NULL);
}

/* A sibling's exit signal is its maker's. */
static void siblings(void)
{
    pid_t child = fork();
    if (child == 0) {
        struct arguments a = {.flags = FLAG_PARENT};
        long sibling = raw_clone3(&a);
        _exit(sibling == 0 ? 12 : sibling > 0 ? 5 : 1);
    }
    int sum = 0, status;
    while (wait(&status) > 0)
        sum += WEXITSTATUS(status);
    CHECK_EQ(sum, 17);
}

static int count_descriptors(void)
{
    int n = 0;
    for (int fd = 0; fd < 64; fd++)
        n += fcntl(fd, F_GETFD) != -1;
    return n;
}

static void bad_pidfd(void)
{
    int before = count_descriptors();
    for (int i = 0; i < 50; i++) {
        CHECK_ERRNO(raw_clone(FLAG_PIDFD | SIGCHLD, BAD), EFAULT);
        struct arguments a = {.flags = FLAG_PIDFD, .pidfd = 8, .exit_signal = SIGCHLD};
        CHECK_ERRNO(raw_clone3(&a), EFAULT);
        /* A new process takes the memory that another one had. */
        pid_t child = fork();
        if (child == 0)
            _exit(0);
        CHECK_EQ(waitpid(child, NULL, 0), child);
    }
    CHECK_ERRNO(waitpid(-1, NULL, WAIT_ALL), ECHILD);
    CHECK_EQ(count_descriptors(), before);
    struct rlimit limit, none;
    getrlimit(RLIMIT_NOFILE, &limit);
    none = limit;
    none.rlim_cur = 3;
    int pidfd = -5;
    setrlimit(RLIMIT_NOFILE, &none);
    CHECK_ERRNO(raw_clone(FLAG_PIDFD | SIGCHLD, &pidfd), EMFILE);
    setrlimit(RLIMIT_NOFILE, &limit);
    CHECK_ERRNO(waitpid(-1, NULL, WAIT_ALL), ECHILD);
}

static atomic_bool stop;
static atomic_int watched = -1;

static void *watch(void *seen)
{
    while (!atomic_load(&stop)) {
        int fd = atomic_load(&watched);
        if (fcntl(fd, F_GETFD) != -1 || fcntl(fd + 1, F_GETFD) != -1)
            (*(int *)seen)++;
    }
    return NULL;
}

/* While a call fails to store a number, another thread must not see the descriptor. */
static void unseen(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "guest.clone.%d", (int)getpid());
    int server = socket(AF_UNIX, SOCK_STREAM, 0), seen = 0;
    CHECK_OK(bind(server, (struct sockaddr *)&name, sizeof(name)));
    CHECK_OK(listen(server, 5));
    int client = socket(AF_UNIX, SOCK_STREAM, 0);
    int next = dup(client);
    close(next);
    atomic_store(&watched, next);
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, watch, &seen), 0);
    for (int i = 0; i < 3000; i++) {
        CHECK_ERRNO(syscall(SYS_pipe2, BAD, 0), EFAULT);
        CHECK_ERRNO(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, BAD), EFAULT);
        if (i % 50 == 0)
            CHECK_ERRNO(raw_clone(FLAG_PIDFD | SIGCHLD, BAD), EFAULT);
    }
    CHECK_OK(connect(client, (struct sockaddr *)&name, sizeof(name)));
    socklen_t length = sizeof(name);
    CHECK_ERRNO(syscall(SYS_accept, server, BAD, &length), EFAULT);
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
    CHECK_EQ(seen, 0);
    close(server);
    close(client);
}

/* accept takes no connection when there is no room for a descriptor. */
static void accept_without_room(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "guest.clone.%d", (int)getpid());
    int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_OK(bind(server, (struct sockaddr *)&name, sizeof(name)));
    CHECK_OK(listen(server, 5));
    CHECK_OK(connect(client, (struct sockaddr *)&name, sizeof(name)));
    struct rlimit limit, low;
    getrlimit(RLIMIT_NOFILE, &limit);
    low = limit;
    low.rlim_cur = (rlim_t)client + 1;
    setrlimit(RLIMIT_NOFILE, &low);
    CHECK_ERRNO(accept(server, NULL, NULL), EMFILE);
    setrlimit(RLIMIT_NOFILE, &limit);
    int made = accept(server, NULL, NULL);
    CHECK_OK(made);
    close(made);
    close(server);
    close(client);
}

static void by_pidfd(void)
{
    int fd = -1;
    pid_t child = (pid_t)raw_clone(FLAG_PIDFD | SIGCHLD, &fd);
    if (child == 0) {
        for (;;)
            pause();
    }
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), 0);
    siginfo_t info = {.si_signo = SIGTERM, .si_code = SI_QUEUE};
    CHECK_ERRNO(syscall(SYS_pidfd_send_signal, fd, SIGKILL, &info, 0), EINVAL);
    info.si_code = SI_USER;
    CHECK_ERRNO(syscall(SYS_pidfd_send_signal, fd, SIGTERM, &info, 0), EPERM);
    CHECK_ERRNO(syscall(SYS_pidfd_send_signal, fd, 65, NULL, 0), EINVAL);
    info.si_code = SI_QUEUE;
    CHECK_EQ(syscall(SYS_pidfd_send_signal, fd, SIGTERM, &info, 0), 0);
    memset(&info, 0, sizeof(info));
    CHECK_EQ(waitid(WAIT_BY_PIDFD, (id_t)fd, &info, WEXITED), 0);
    CHECK_EQ(info.si_pid, child);
    CHECK_EQ(info.si_status, SIGTERM);
    CHECK_ERRNO(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), ESRCH);
    CHECK_ERRNO(waitid(WAIT_BY_PIDFD, (id_t)fd, &info, WEXITED), ECHILD);
    close(fd);
    CHECK_ERRNO(waitid(WAIT_BY_PIDFD, (id_t)fd, &info, WEXITED), EBADF);
}

/* PIDFD_NONBLOCK is O_NONBLOCK: a wait that would take time is EAGAIN, also when the flag comes
 * later. */
static void by_nonblocking_pidfd(void)
{
    siginfo_t info;
    pid_t child = fork();
    if (child == 0) {
        for (;;)
            pause();
    }
    int fd = (int)syscall(SYS_pidfd_open, child, O_NONBLOCK);
    CHECK_EQ(fcntl(fd, F_GETFL), O_RDWR | O_NONBLOCK);
    CHECK_ERRNO(waitid(WAIT_BY_PIDFD, (id_t)fd, &info, WEXITED), EAGAIN);
    info.si_pid = 1;
    CHECK_EQ(waitid(WAIT_BY_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG), 0);
    CHECK_EQ(info.si_pid, 0);
    CHECK_ERRNO(waitid(WAIT_BY_PIDFD, (id_t)fd, NULL, WEXITED), EAGAIN);
    CHECK_OK(fcntl(fd, F_SETFL, 0));
    kill(child, SIGTERM);
    CHECK_EQ(waitid(WAIT_BY_PIDFD, (id_t)fd, &info, WEXITED | WNOWAIT), 0);
    CHECK_OK(fcntl(fd, F_SETFL, O_NONBLOCK));
    CHECK_EQ(waitid(WAIT_BY_PIDFD, (id_t)fd, &info, WEXITED), 0);
    CHECK_EQ(info.si_pid, child);
    CHECK_ERRNO(waitid(WAIT_BY_PIDFD, (id_t)fd, &info, WEXITED), ECHILD);
    close(fd);
}

static void *nothing(void *arg)
{
    return arg;
}

/* In a child without privileges: what RLIMIT_NPROC leaves. The number of those made, or -1. */
static int limited(rlim_t limit)
{
    struct rlimit l = {limit, limit};
    int ends[2];
    pid_t user = fork();
    if (user == 0) {
        if (check_become(check_user()) || setrlimit(RLIMIT_NPROC, &l) || pipe(ends))
            _exit(100);
        int made = 0;
        for (; made < 6; made++) {
            pid_t child = fork();
            if (child < 0)
                break;
            if (child == 0) {
                char byte;
                close(ends[1]);
                _exit(read(ends[0], &byte, 1) < 0);
            }
        }
        pthread_t thread;
        if (made < 6 && (errno != EAGAIN || pthread_create(&thread, NULL, nothing, NULL) != EAGAIN))
            made = 101;
        close(ends[1]);
        while (wait(NULL) > 0)
            ;
        _exit(made);
    }
    int status;
    CHECK_EQ(waitpid(user, &status, 0), user);
    return WEXITSTATUS(status);
}

static void process_limit(void)
{
    if (geteuid() != 0)
        return;
    CHECK_EQ(limited(0), 0);
    CHECK_EQ(limited(1), 0);
    CHECK_EQ(limited(4), 3);
}

static void affinity(void)
{
    cpu_set_t all, one, now;
    CHECK_OK(sched_getaffinity(0, sizeof(all), &all));
    int first = 0;
    while (!CPU_ISSET(first, &all))
        first++;
    CPU_ZERO(&one);
    CHECK_ERRNO(sched_setaffinity(0, sizeof(one), &one), EINVAL);
    CPU_SET(first, &one);
    CHECK_OK(sched_setaffinity(0, sizeof(one), &one));
    CHECK_OK(sched_getaffinity(0, sizeof(now), &now));
    CHECK(CPU_EQUAL(&now, &one));
    CHECK_EQ(sched_getcpu(), first);
    /* Inherited, and a processor that is not there does not count. */
    pid_t child = fork();
    if (child == 0) {
        int wrong = sched_getaffinity(0, sizeof(now), &now) || !CPU_EQUAL(&now, &one);
        wrong |= sched_getcpu() != first;
        _exit(wrong);
    }
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    int last = CPU_SETSIZE - 1;
    while (!CPU_ISSET(last, &all))
        last--;
    CPU_ZERO(&now);
    CPU_SET(last, &now);
    CHECK_OK(sched_setaffinity(0, sizeof(now), &now));
    CHECK_EQ(sched_getcpu(), last);
    CPU_SET(CPU_SETSIZE - 1, &one);
    CHECK_OK(sched_setaffinity(0, sizeof(one), &one));
    CHECK_OK(sched_getaffinity(0, sizeof(now), &now));
    CHECK_EQ(CPU_COUNT(&now), 1);
    CHECK_OK(sched_setaffinity(0, sizeof(all), &all));
    CHECK_OK(sched_getaffinity(0, sizeof(now), &now));
    CHECK(CPU_EQUAL(&now, &all));
    if (geteuid() != 0)
        return;
    child = fork();
    if (child == 0) {
        pid_t root = getppid();
        int wrong = check_become(check_user()) != 0;
        wrong |= sched_setaffinity(root, sizeof(all), &all) != -1 || errno != EPERM;
        _exit(wrong);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
}

int main(void)
{
    signal(SIGCHLD, SIG_DFL);
    exit_signals();
    siblings();
    bad_pidfd();
    unseen();
    accept_without_room();
    by_pidfd();
    by_nonblocking_pidfd();
    process_limit();
    affinity();
    return check_done();
}
