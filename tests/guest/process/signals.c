/* Signals between processes and to self: pending and masked, order of delivery, queueing of
 * real-time signals with their values, sigsuspend, sigtimedwait, SA_* flags, EINTR and restarting,
 * default actions, what fork and exec keep. */
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

static int order[64], values[64];
static volatile sig_atomic_t count;

static void record(int signal, siginfo_t *info, void *context)
{
    (void)context;
    if (count < 64) {
        order[count] = signal;
        values[count] = info->si_code == SI_QUEUE ? info->si_value.sival_int : -info->si_code;
    }
    count++;
}

static void install(int signal, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
    sigfillset(&action.sa_mask);
    CHECK_OK(sigaction(signal, &action, NULL));
}

static void mask(int how, int signal)
{
    sigset_t set;
    sigemptyset(&set);
    if (signal)
        sigaddset(&set, signal);
    else
        sigfillset(&set);
    CHECK_OK(sigprocmask(how, &set, NULL));
}

static void queue(int signal, int value)
{
    CHECK_OK(sigqueue(getpid(), signal, (union sigval){.sival_int = value}));
}

/* Waits for a child although signals arrive. */
static pid_t wait_for(pid_t child, int *status)
{
    pid_t got;
    do
        got = waitpid(child, status, 0);
    while (got == -1 && errno == EINTR);
    return got;
}

static void queue_order(void)
{
    for (int i = 0; i < 4; i++)
        install(SIGRTMIN + i, record, 0);
    install(SIGUSR1, record, 0);
    install(SIGUSR2, record, 0);
    install(SIGTERM, record, 0);
    mask(SIG_BLOCK, 0);
    count = 0;
    queue(SIGRTMIN + 2, 20);
    queue(SIGRTMIN + 1, 10);
    queue(SIGRTMIN + 2, 21);
    queue(SIGRTMIN + 1, 11);
    kill(getpid(), SIGUSR2);
    kill(getpid(), SIGTERM);
    kill(getpid(), SIGUSR2); /* not queued: one is pending */
    kill(getpid(), SIGUSR1);
    queue(SIGRTMIN + 1, 12);
    kill(getpid(), SIGRTMIN + 3);
    kill(getpid(), SIGRTMIN + 3); /* real-time signals queue however they are sent */
    sigset_t pending;
    sigpending(&pending);
    CHECK_EQ(sigismember(&pending, SIGUSR1), 1);
    CHECK_EQ(sigismember(&pending, SIGRTMIN + 2), 1);
    CHECK_EQ(sigismember(&pending, SIGHUP), 0);
    CHECK_EQ(count, 0);
    mask(SIG_UNBLOCK, 0);
    /* Each handler blocks all others, so they run one after the other, lowest number first. */
    int wanted[] = {SIGUSR1,      SIGUSR2,      SIGTERM,      SIGRTMIN + 1, SIGRTMIN + 1,
                    SIGRTMIN + 1, SIGRTMIN + 2, SIGRTMIN + 2, SIGRTMIN + 3, SIGRTMIN + 3};
    int wanted_values[] = {0, 0, 0, 10, 11, 12, 20, 21, 0, 0};
    CHECK_EQ(count, 10);
    for (int i = 0; i < 10; i++) {
        CHECK_EQ(order[i], wanted[i]);
        CHECK_EQ(values[i], wanted_values[i]);
    }
}

static siginfo_t last;
static void keep(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    last = *info;
    count++;
}

static void senders(void)
{
    install(SIGUSR1, keep, 0);
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_EQ(last.si_code, SI_USER);
    CHECK_EQ(last.si_pid, getpid());
    CHECK_EQ(last.si_uid, getuid());
    CHECK_OK(syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1));
    CHECK_EQ(last.si_code, SI_TKILL);
    CHECK_ERRNO(kill(getpid(), 65), EINVAL);
    CHECK_ERRNO(kill(getpid(), -1), EINVAL);
    CHECK_OK(kill(getpid(), 0));
    CHECK_ERRNO(kill(0x3fffffff, 0), ESRCH);
    CHECK_ERRNO(sigaction(SIGKILL, &(struct sigaction){.sa_handler = SIG_IGN}, NULL), EINVAL);
    CHECK_ERRNO(sigaction(SIGSTOP, &(struct sigaction){.sa_handler = SIG_IGN}, NULL), EINVAL);
    int status, parent = getpid();
    count = 0;
    pid_t child = fork();
    if (child == 0) {
        kill(parent, SIGUSR1);
        _exit(3);
    }
    CHECK_EQ(wait_for(child, &status), child);
    CHECK_EQ(count, 1);
    CHECK_EQ(last.si_pid, child);
    install(SIGCHLD, keep, 0);
    child = fork();
    if (child == 0)
        _exit(9);
    CHECK_EVENTUALLY(last.si_signo == SIGCHLD);
    CHECK_EQ(last.si_code, CLD_EXITED);
    CHECK_EQ(last.si_pid, child);
    CHECK_EQ(last.si_status, 9);
    CHECK_EQ(wait_for(child, &status), child);
    signal(SIGCHLD, SIG_DFL);
}

static void waiting(void)
{
    sigset_t set, none;
    sigemptyset(&none);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN);
    mask(SIG_BLOCK, SIGUSR1);
    mask(SIG_BLOCK, SIGRTMIN);
    /* sigsuspend runs the handler with the temporary mask and gives EINTR. */
    install(SIGUSR1, keep, 0);
    count = 0;
    kill(getpid(), SIGUSR1);
    CHECK_ERRNO(sigsuspend(&none), EINTR);
    CHECK_EQ(count, 1);
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    CHECK_EQ(sigismember(&now, SIGUSR1), 1);
    /* sigtimedwait takes the signal without the handler. */
    siginfo_t info;
    struct timespec nothing = {0, 0}, little = {0, 30000000};
    CHECK_ERRNO(sigtimedwait(&set, &info, &nothing), EAGAIN);
    CHECK_ERRNO(sigtimedwait(&set, &info, &little), EAGAIN);
    queue(SIGRTMIN, 5);
    kill(getpid(), SIGUSR1);
    CHECK_EQ(sigtimedwait(&set, &info, &little), SIGUSR1);
    CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMIN);
    CHECK_EQ(info.si_value.sival_int, 5);
    CHECK_EQ(count, 1);
    /* From another process, while waiting. */
    int parent = getpid(), status;
    pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < 3; i++)
            sigqueue(parent, SIGRTMIN, (union sigval){.sival_int = i});
        _exit(0);
    }
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMIN);
        CHECK_EQ(info.si_value.sival_int, i);
        CHECK_EQ(info.si_pid, child);
    }
    CHECK_EQ(wait_for(child, &status), child);
    /* signalfd */
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    CHECK_OK(fd);
    struct signalfd_siginfo record;
    CHECK_ERRNO(read(fd, &record, sizeof(record)), EAGAIN);
    struct pollfd poll_fd = {fd, POLLIN, 0};
    CHECK_EQ(poll(&poll_fd, 1, 0), 0);
    queue(SIGRTMIN, 77);
    CHECK_EQ(poll(&poll_fd, 1, 1000), 1);
    CHECK_EQ(read(fd, &record, sizeof(record)), (ssize_t)sizeof(record));
    CHECK_EQ(record.ssi_signo, SIGRTMIN);
    CHECK_EQ(record.ssi_int, 77);
    CHECK_EQ(record.ssi_pid, getpid());
    close(fd);
    mask(SIG_UNBLOCK, SIGUSR1);
    mask(SIG_UNBLOCK, SIGRTMIN);
}

static void flags(void)
{
    /* SA_RESETHAND, SA_NODEFER */
    install(SIGUSR2, keep, SA_RESETHAND);
    raise(SIGUSR2);
    struct sigaction old;
    sigaction(SIGUSR2, NULL, &old);
    CHECK(old.sa_handler == SIG_DFL);
    /* An ignored signal that is blocked stays pending, until it is ignored once more. */
    sigset_t pending;
    signal(SIGUSR2, SIG_IGN);
    mask(SIG_BLOCK, SIGUSR2);
    raise(SIGUSR2);
    sigpending(&pending);
    CHECK_EQ(sigismember(&pending, SIGUSR2), 1);
    signal(SIGUSR2, SIG_IGN);
    sigpending(&pending);
    CHECK_EQ(sigismember(&pending, SIGUSR2), 0);
    signal(SIGUSR2, SIG_DFL);
    mask(SIG_UNBLOCK, SIGUSR2);
    mask(SIG_BLOCK, SIGUSR2);
    raise(SIGUSR2);
    signal(SIGUSR2, SIG_IGN);
    sigpending(&pending);
    CHECK_EQ(sigismember(&pending, SIGUSR2), 0);
    mask(SIG_UNBLOCK, SIGUSR2);
    signal(SIGUSR2, SIG_DFL);
}

/* A child that tells through fd that it goes to sleep in a read is interrupted by signals sent
 * later; the parent cannot see it sleeping, so it signals until the child says that it was. */
static void interrupted(int sa_flags, bool restarts)
{
    int data[2], report[2], status;
    CHECK_OK(pipe(data));
    CHECK_OK(pipe(report));
    pid_t child = fork();
    if (child == 0) {
        install(SIGUSR1, keep, sa_flags);
        char byte = 'r';
        write(report[1], &byte, 1);
        ssize_t got = read(data[0], &byte, 1);
        char answer = got == 1 ? 'd' : errno == EINTR ? 'i' : '?';
        write(report[1], &answer, 1);
        write(report[1], (char[]){count > 0 ? 'h' : 'n'}, 1);
        _exit(0);
    }
    char byte;
    CHECK_EQ(read(report[0], &byte, 1), 1);
    CHECK_EQ(byte, 'r');
    struct pollfd poll_fd = {report[0], POLLIN, 0};
    if (restarts) {
        for (int i = 0; i < 20; i++) {
            kill(child, SIGUSR1);
            CHECK_EQ(poll(&poll_fd, 1, 2), 0);
        }
        write(data[1], "x", 1);
    } else {
        int64_t until = check_now() + CHECK_PATIENCE * INT64_C(1000000000);
        do
            kill(child, SIGUSR1);
        while (poll(&poll_fd, 1, 5) == 0 && check_now() < until);
    }
    CHECK_EQ(read(report[0], &byte, 1), 1);
    CHECK_EQ(byte, restarts ? 'd' : 'i');
    CHECK_EQ(read(report[0], &byte, 1), 1);
    CHECK_EQ(byte, 'h');
    CHECK_EQ(wait_for(child, &status), child);
    CHECK_EQ(status, 0);
    for (int i = 0; i < 2; i++) {
        close(data[i]);
        close(report[i]);
    }
}

/* Calls that are never restarted, and nanosleep's remainder. The timer repeats: its first signal
 * may come before the call. */
static void never_restarted(void)
{
    install(SIGALRM, keep, SA_RESTART);
    struct itimerval often = {{0, 20000}, {0, 20000}}, never = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &often, NULL);
    CHECK_ERRNO(poll(NULL, 0, 1000000), EINTR);
    CHECK_ERRNO(pause(), EINTR);
    struct timespec sleep = {1000, 0}, rest = {0, 0};
    CHECK_ERRNO(nanosleep(&sleep, &rest), EINTR);
    CHECK(rest.tv_sec >= 1000 - CHECK_PATIENCE && rest.tv_sec < 1000);
    setitimer(ITIMER_REAL, &never, NULL);
    CHECK_EQ(last.si_signo, SIGALRM);
    CHECK_EQ(last.si_code, SI_KERNEL);
}

static int ends_with(int signal)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        for (int i = 1; i <= 64; i++)
            if (i != SIGKILL && i != SIGSTOP)
                (void)!sigaction(i, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
        raise(signal);
        _exit(100);
    }
    CHECK_EQ(wait_for(child, &status), child);
    return status;
}

static void default_actions(void)
{
    static const int fatal[] = {SIGHUP,  SIGINT,  SIGKILL,   SIGPIPE,   SIGALRM, SIGTERM,
                                SIGUSR1, SIGUSR2, SIGSTKFLT, SIGVTALRM, SIGPROF, SIGIO,
                                SIGPWR,  34,      40,        64};
    for (size_t i = 0; i < sizeof(fatal) / sizeof(*fatal); i++) {
        int status = ends_with(fatal[i]);
        check_(WIFSIGNALED(status) && WTERMSIG(status) == fatal[i], __FILE__, __LINE__,
               "signal %d gives status %#x", fatal[i], status);
    }
    static const int core[] = {SIGQUIT, SIGILL,  SIGTRAP, SIGABRT, SIGBUS,
                               SIGFPE,  SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS};
    for (size_t i = 0; i < sizeof(core) / sizeof(*core); i++) {
        int status = ends_with(core[i]);
        check_(WIFSIGNALED(status) && WTERMSIG(status) == core[i], __FILE__, __LINE__,
               "signal %d gives status %#x", core[i], status);
    }
    static const int ignored[] = {SIGCHLD, SIGCONT, SIGURG, SIGWINCH};
    for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
        CHECK_EQ(ends_with(ignored[i]), 100 << 8);
}

/* fork keeps handlers and mask but not what is pending. */
static void over_fork(void)
{
    int status;
    mask(SIG_BLOCK, SIGUSR1);
    install(SIGUSR1, keep, 0);
    raise(SIGUSR1);
    pid_t child = fork();
    if (child == 0) {
        sigset_t pending, now;
        struct sigaction old;
        sigpending(&pending);
        sigprocmask(SIG_BLOCK, NULL, &now);
        sigaction(SIGUSR1, NULL, &old);
        _exit(sigismember(&pending, SIGUSR1) == 0 && sigismember(&now, SIGUSR1) == 1 &&
                      old.sa_sigaction == keep
                  ? 0
                  : 1);
    }
    CHECK_EQ(wait_for(child, &status), child);
    CHECK_EQ(status, 0);
    mask(SIG_UNBLOCK, SIGUSR1);
    /* SIGPIPE and EPIPE */
    int fds[2];
    CHECK_OK(pipe(fds));
    close(fds[0]);
    install(SIGPIPE, keep, 0);
    CHECK_ERRNO(write(fds[1], "x", 1), EPIPE);
    CHECK_EQ(last.si_signo, SIGPIPE);
    close(fds[1]);
}

int main(void)
{
    queue_order();
    senders();
    waiting();
    flags();
    interrupted(0, false);
    interrupted(SA_RESTART, true);
    never_restarted();
    default_actions();
    over_fork();
    return check_done();
}
