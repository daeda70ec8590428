/*
 * Processes with threads in every kind of wait, ended in every way: by a thread that calls exit, by
 * SIGKILL and SIGTERM from outside, by exec from another thread than the first, and with the first
 * thread long gone. The wait status has to be exact and nobody may hang.
 */
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define ROUNDS     12
#define THREADS    8
#define FUTEX_WAIT 0

static int channel[2], started[2];
static int word;

static void *wait_somehow(void *arg)
{
    long kind = (long)arg;
    char byte = 0;
    if (write(started[1], &byte, 1) != 1)
        _exit(90);
    for (;;) {
        switch (kind) {
        case 0:
            pause();
            break;
        case 1:
            if (read(channel[0], &byte, 1) == 1)
                _exit(91);
            break;
        case 2:
            syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
            break;
        case 3: {
            struct pollfd p = {channel[0], POLLIN, 0};
            poll(&p, 1, -1);
            break;
        }
        case 4: {
            struct epoll_event event = {0, {0}};
            int epoll = epoll_create1(0);
            epoll_wait(epoll, &event, 1, -1);
            break;
        }
        case 5: {
            struct timespec ts = {1000, 0};
            nanosleep(&ts, NULL);
            break;
        }
        case 6:
            for (volatile int i = 0;; i++)
                ;
        default: {
            sigset_t none;
            sigemptyset(&none);
            sigsuspend(&none);
        }
        }
    }
    return NULL;
}

static void start_threads(void)
{
    char byte;
    if (pipe(channel) || pipe(started))
        _exit(92);
    for (long i = 0; i < THREADS; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, wait_somehow, (void *)i))
            _exit(93);
    }
    for (int i = 0; i < THREADS; i++) {
        if (read(started[0], &byte, 1) != 1)
            _exit(94);
    }
}

static void *end_process(void *arg)
{
    (void)arg;
    exit(33);
}

static void *run_program(void *arg)
{
    char *argv[] = {(char *)arg, (char *)"again", NULL};
    execv("/proc/self/exe", argv);
    _exit(95);
}

static void *late_exit(void *arg)
{
    (void)arg;
    /* The first thread ends meanwhile. */
    char path[64], text[256];
    snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)getpid());
    for (int i = 0; i < 2000; i++) {
        int fd = open(path, O_RDONLY);
        ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
        if (fd >= 0)
            close(fd);
        text[n > 0 ? n : 0] = 0;
        char *state = strrchr(text, ')');
        if (!state || state[2] == 'Z' || state[2] == 'X')
            break;
        usleep(1000);
    }
    exit(34);
}

static int run(int how)
{
    int ready[2], status = -1;
    char byte = 0;
    CHECK_OK(pipe(ready));
    pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        alarm(CHECK_PATIENCE);
        start_threads();
        if (write(ready[1], &byte, 1) != 1)
            _exit(96);
        if (how == 0 || how == 3 || how == 4) {
            void *(*fn)(void *) = how == 0 ? end_process : how == 3 ? run_program : late_exit;
            pthread_create(&thread, NULL, fn, (void *)"teardown");
            if (how == 4)
                pthread_exit(NULL);
        }
        for (;;)
            pause();
    }
    CHECK_EQ(read(ready[0], &byte, 1), 1);
    if (how == 1)
        CHECK_OK(kill(child, SIGKILL));
    if (how == 2)
        CHECK_OK(kill(child, SIGTERM));
    CHECK_EQ(waitpid(child, &status, 0), child);
    close(ready[0]);
    close(ready[1]);
    return status;
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc == 2)
        return getpid() == syscall(SYS_gettid) ? 35 : 97;
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_EQ(run(0), 33 << 8);
        CHECK_EQ(run(1), SIGKILL);
        CHECK_EQ(run(2), SIGTERM);
        CHECK_EQ(run(3), 35 << 8);
        CHECK_EQ(run(4), 34 << 8);
    }
    return check_done();
}
