/*
 * Interval timers, POSIX timers, timerfd, sleeping, and which calls go on after a signal
 * (signal(7), "Interruption of system calls").
 */
#include "check.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/wait.h>

#define MS 1000000ll

static volatile sig_atomic_t hits;
static volatile int last_code, last_value, last_overrun;

static void on_signal(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    hits++;
    last_code = info->si_code;
    last_value = info->si_value.sival_int;
    last_overrun = info->si_overrun;
}

static void catch (int sig, int flags)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | flags};
    CHECK_OK(sigaction(sig, &action, NULL));
    hits = 0;
}

/* Again and again, for the first signal may come before the call that it is to interrupt; 0 ends
 * it. */
static void alarm_every(long ms)
{
    struct itimerval value = {{0, ms * 1000}, {0, ms * 1000}};
    CHECK_OK(setitimer(ITIMER_REAL, &value, NULL));
}

static void interval_timers(void)
{
    struct itimerval value = {{0, 5000}, {0, 5000}}, old;
    catch (SIGALRM, 0);
    int64_t start = check_now();
    CHECK_OK(setitimer(ITIMER_REAL, &value, NULL));
    CHECK_EVENTUALLY(hits >= 5);
    CHECK(check_now() - start >= 25 * MS);
    memset(&value, 0, sizeof(value));
    CHECK_OK(setitimer(ITIMER_REAL, &value, &old));
    CHECK_EQ(old.it_interval.tv_usec, 5000);
    CHECK(old.it_value.tv_usec <= 5000); /* 0 while the signal is on its way */
    CHECK_OK(getitimer(ITIMER_REAL, &old));
    CHECK_EQ(old.it_value.tv_sec + old.it_value.tv_usec, 0);
    CHECK_EQ(alarm(1000), 0);
    unsigned left = alarm(0);
    CHECK(left > 1000 - CHECK_PATIENCE && left <= 1000);
    value.it_value.tv_usec = 1000000;
    CHECK_ERRNO(setitimer(ITIMER_REAL, &value, NULL), EINVAL);
    CHECK_ERRNO(setitimer(3, NULL, NULL), EINVAL);

    /* CPU time: passes only while something runs. */
    catch (SIGVTALRM, 0);
    value.it_value = (struct timeval){0, 20000};
    CHECK_OK(setitimer(ITIMER_VIRTUAL, &value, NULL));
    int64_t until = check_now() + CHECK_PATIENCE * 1000 * MS;
    while (!hits && check_now() < until)
        ;
    CHECK_EQ(hits, 1);
}

static void posix_timers(void)
{
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 3};
    struct itimerspec its = {{0, 0}, {0, 5 * MS}}, now;
    event.sigev_value.sival_int = 4711;
    catch (SIGRTMIN + 3, 0);
    CHECK_OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
    CHECK_OK(timer_settime(timer, 0, &its, NULL));
    CHECK_EVENTUALLY(hits);
    CHECK_EQ(last_code, SI_TIMER);
    CHECK_EQ(last_value, 4711);
    CHECK_EQ(last_overrun, 0);
    CHECK_OK(timer_gettime(timer, &now));
    CHECK_EQ(now.it_value.tv_sec + now.it_value.tv_nsec, 0);

    /* Blocked, it expires many times but is delivered once, with the rest counted. */
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 3);
    CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
    hits = 0;
    its.it_interval.tv_nsec = its.it_value.tv_nsec = 1 * MS;
    CHECK_OK(timer_settime(timer, 0, &its, NULL));
    int64_t until = check_now() + 30 * MS;
    while (check_now() < until)
        ;
    memset(&its, 0, sizeof(its));
    CHECK_OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
    CHECK_OK(timer_settime(timer, 0, &its, NULL));
    CHECK(hits >= 1);
    CHECK(timer_getoverrun(timer) >= 0);
    CHECK_OK(timer_delete(timer));
    CHECK_ERRNO(syscall(SYS_timer_delete, 999), EINVAL);
    CHECK_ERRNO(syscall(SYS_timer_create, 77, NULL, &timer), EINVAL);

    /* Absolute times in the past expire at once. */
    struct timespec past;
    clock_gettime(CLOCK_REALTIME, &past);
    event.sigev_notify = SIGEV_NONE;
    CHECK_OK(timer_create(CLOCK_REALTIME, &event, &timer));
    its.it_value = past;
    CHECK_OK(timer_settime(timer, TIMER_ABSTIME, &its, NULL));
    CHECK_EVENTUALLY(timer_gettime(timer, &now) == 0 && !now.it_value.tv_nsec);
    CHECK_OK(timer_delete(timer));

    /* With an interval the first signal tells how many would have been. */
    event.sigev_notify = SIGEV_SIGNAL;
    hits = 0;
    CHECK_OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
    its = (struct itimerspec){{1000, 0}, {0, 0}};
    clock_gettime(CLOCK_MONOTONIC, &past);
    its.it_interval = (struct timespec){past.tv_sec / 7 + 1, 0};
    its.it_value.tv_nsec = 1;
    CHECK_OK(timer_settime(timer, TIMER_ABSTIME, &its, NULL));
    CHECK_EVENTUALLY(hits);
    CHECK(last_overrun - past.tv_sec / its.it_interval.tv_sec <= 1);
    CHECK(last_overrun >= past.tv_sec / its.it_interval.tv_sec);
    CHECK_OK(timer_delete(timer));
}

static void timer_files(void)
{
    uint64_t count;
    struct itimerspec its = {{0, 2 * MS}, {0, 2 * MS}}, now;
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    CHECK(fd >= 0);
    CHECK_ERRNO(read(fd, &count, 8), EAGAIN);
    CHECK_ERRNO(read(fd, &count, 7), EINVAL);
    CHECK_OK(timerfd_settime(fd, 0, &its, NULL));
    struct pollfd p = {fd, POLLIN, 0};
    CHECK_EQ(poll(&p, 1, CHECK_PATIENCE * 1000), 1);
    int64_t until = check_now() + 11 * MS;
    while (check_now() < until)
        ;
    CHECK_EQ(read(fd, &count, 8), 8);
    CHECK(count >= 5);
    CHECK_OK(timerfd_gettime(fd, &now));
    CHECK_EQ(now.it_interval.tv_nsec, 2 * MS);
    CHECK(now.it_value.tv_nsec <= 2 * MS);
    CHECK_EQ(poll(&p, 1, CHECK_PATIENCE * 1000), 1);
    memset(&its, 0, sizeof(its));
    CHECK_OK(timerfd_settime(fd, 0, &its, &now));
    CHECK_ERRNO(read(fd, &count, 8), EAGAIN);
    /* From the past on, with an interval: all that would have been count, in phase. */
    its = (struct itimerspec){{0, 10 * MS}, {0, 1}};
    CHECK_OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &its, NULL));
    CHECK_EQ(poll(&p, 1, CHECK_PATIENCE * 1000), 1);
    int64_t passed = check_now() / (10 * MS);
    CHECK_EQ(read(fd, &count, 8), 8);
    CHECK((int64_t)count >= passed && (int64_t)count <= check_now() / (10 * MS) + 1);
    memset(&its, 0, sizeof(its));
    CHECK_OK(timerfd_settime(fd, 0, &its, NULL));
    CHECK_ERRNO(timerfd_create(CLOCK_MONOTONIC, 0x1000000), EINVAL);
    CHECK_ERRNO(timerfd_settime(0, 0, &its, NULL), EINVAL);
    close(fd);
}

static void sleeping(void)
{
    struct timespec request = {0, 20 * MS}, rest = {0, 0}, bad = {0, 1000000000};
    int64_t start = check_now();
    CHECK_OK(nanosleep(&request, NULL));
    CHECK(check_now() - start >= 20 * MS);
    CHECK_ERRNO(nanosleep(&bad, NULL), EINVAL);

    catch (SIGALRM, SA_RESTART);
    alarm_every(10);
    request = (struct timespec){1000, 0};
    CHECK_ERRNO(nanosleep(&request, &rest), EINTR);
    CHECK(rest.tv_sec >= 1000 - CHECK_PATIENCE && rest.tv_sec < 1000);
    clock_gettime(CLOCK_MONOTONIC, &request);
    request.tv_sec += 1000;
    CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &request, &rest), EINTR);
    alarm_every(0);
    CHECK_EQ(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &request, NULL), EINVAL);
    request = (struct timespec){0, 0};
    CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &request, NULL), 0);
}

/* A child that sends us SIGUSR1 so many times, 5 ms apart, and then a byte if there is somewhere
 * to. Whether we wait already cannot be seen, so what has to be interrupted takes ENDLESS signals.
 */
#define ENDLESS INT_MAX

static pid_t disturber(int signals, int fd)
{
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        for (int i = 0; i < signals && getppid() == parent; i++) {
            usleep(5000);
            kill(parent, SIGUSR1);
        }
        char byte = 'x';
        _exit(fd >= 0 && write(fd, &byte, 1) != 1);
    }
    return child;
}

/* Ends an endless one, whose signals may interrupt this as well. */
static void silence(pid_t child)
{
    CHECK_OK(kill(child, SIGKILL));
    pid_t got;
    do
        got = waitpid(child, NULL, 0);
    while (got == -1 && errno == EINTR);
    CHECK_EQ(got, child);
}

/* Stopped and continued, a sleep goes on. It has to be long enough for us to stop it in time. */
static void stopped_sleep(void)
{
    int status = 0;
    for (long ms = 100; ms < 100000; ms *= 3) {
        pid_t sleeper = fork();
        if (sleeper == 0) {
            struct timespec request = {ms / 1000, ms % 1000 * MS};
            _exit(nanosleep(&request, NULL) ? 1 : 0);
        }
        usleep(10000);
        kill(sleeper, SIGSTOP);
        if (waitpid(sleeper, &status, WUNTRACED) != sleeper || !WIFSTOPPED(status))
            continue;
        kill(sleeper, SIGCONT);
        CHECK_EQ(waitpid(sleeper, &status, 0), sleeper);
        CHECK_EQ(status, 0);
        return;
    }
    CHECK(!"a sleep that can be stopped");
}

static void restarting(void)
{
    int fds[2];
    char byte;
    struct pollfd p;
    struct epoll_event event = {EPOLLIN, {0}};
    fd_set set;
    CHECK_OK(pipe(fds));
    p = (struct pollfd){fds[0], POLLIN, 0};
    int epoll = epoll_create1(0);
    CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &event));

    /* read and wait go on when the handler says so. */
    catch (SIGUSR1, SA_RESTART);
    pid_t child = disturber(5, fds[1]);
    CHECK_EQ(read(fds[0], &byte, 1), 1);
    CHECK(hits >= 1);
    CHECK_EQ(waitpid(child, NULL, 0), child);
    child = disturber(5, -1);
    CHECK_EQ(waitpid(child, NULL, 0), child);

    /* poll, select and epoll_wait never do. */
    child = disturber(ENDLESS, -1);
    CHECK_ERRNO(poll(&p, 1, -1), EINTR);
    FD_ZERO(&set);
    FD_SET(fds[0], &set);
    CHECK_ERRNO(select(fds[0] + 1, &set, NULL, NULL, NULL), EINTR);
    CHECK_ERRNO(epoll_wait(epoll, &event, 1, -1), EINTR);
    silence(child);

    /* Without SA_RESTART read ends too. */
    catch (SIGUSR1, 0);
    child = disturber(ENDLESS, -1);
    CHECK_ERRNO(read(fds[0], &byte, 1), EINTR);
    silence(child);

    /* A signal that is ignored or stops and continues interrupts nothing. */
    signal(SIGUSR1, SIG_IGN);
    child = disturber(5, fds[1]);
    CHECK_EQ(poll(&p, 1, -1), 1);
    CHECK_EQ(read(fds[0], &byte, 1), 1);
    CHECK_EQ(waitpid(child, NULL, 0), child);
    stopped_sleep();
    close(epoll);
    close(fds[0]);
    close(fds[1]);
}

static void clocks(void)
{
    struct timespec a, b;
    static const clockid_t ids[] = {CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_MONOTONIC_RAW,
                                    CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID};
    for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        CHECK_OK(clock_gettime(ids[i], &a));
        for (int k = 0; k < 10000; k++) {
            clock_gettime(ids[i], &b);
            if (b.tv_sec < a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec < a.tv_nsec)) {
                CHECK(!"clock goes backwards");
                break;
            }
            a = b;
        }
    }
    CHECK_ERRNO(syscall(SYS_clock_gettime, 55, &a), EINVAL);
    CHECK_OK(clock_getres(CLOCK_MONOTONIC, &a));
    /* A kernel without high-resolution timers says how long its tick is. */
    CHECK(a.tv_nsec == 1 || getenv("GUEST_REAL_KERNEL"));
    CHECK_ERRNO(syscall(SYS_clock_settime, CLOCK_MONOTONIC, &a), EINVAL);

    /* CPU time counts work, and that of children waited for. */
    struct tms tms;
    struct rusage usage;
    pid_t child = fork();
    if (child == 0) {
        static uint8_t memory[4 << 20]; /* the kernel does not count a few pages at once */
        memset(memory, 1, sizeof(memory));
        __asm__ volatile("" ::"r"(memory) : "memory");
        do {
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
        } while (a.tv_sec == 0 && a.tv_nsec < 60 * MS);
        _exit(0);
    }
    CHECK_EQ(wait4(child, NULL, 0, &usage), child);
    CHECK(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec + usage.ru_utime.tv_sec * 1000000 >=
          50000);
    CHECK(times(&tms) != (clock_t)-1);
    CHECK(tms.tms_cutime + tms.tms_cstime >= 5);
    CHECK_OK(getrusage(RUSAGE_CHILDREN, &usage));
    CHECK(usage.ru_maxrss > 0);
    CHECK_ERRNO(getrusage(5, &usage), EINVAL);
}

int main(void)
{
    interval_timers();
    posix_timers();
    timer_files();
    sleeping();
    restarting();
    clocks();
    return check_done();
}
