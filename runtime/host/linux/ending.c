/* Signals that end the program. */
#include "runtime/host/ending.h"

#include "runtime/abi/errno.h"
#include "runtime/host/env.h"
#include "runtime/host/thread.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static const int signals[] = {SIGHUP, SIGINT, SIGTERM};
static int ends[2] = {-1, -1}; /* pipe from the handler to the thread: the signal's number */
static void (*finish)(void);

static void on_signal(int signo)
{
    int keep = errno;
    char byte = (char)signo;
    /* A full pipe has said it already. */
    ssize_t done = write(ends[1], &byte, 1);
    (void)done;
    errno = keep;
}

static void run(void *arg)
{
    (void)arg;
    char byte;
    ssize_t got;
    do {
        got = read(ends[0], &byte, 1);
    } while (got < 0 && errno == EINTR);
    if (got != 1)
        return;
    finish();
    signal(byte, SIG_DFL);
    kill(getpid(), byte);
    for (;;)
        pause();
}

int host_ending_watch(void (*fn)(void))
{
    finish = fn;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -L_EAGAIN;
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    int error = host_thread_start(run, NULL);
    for (size_t i = 0; !error && i < sizeof(signals) / sizeof(signals[0]); i++) {
        struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, old;
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
            sigaction(signals[i], &action, NULL);
    }
    return error;
}

void host_ending_now(void)
{
    if (ends[1] < 0)
        host_exit(128 + SIGTERM);
    on_signal(SIGTERM);
    for (;;)
        pause();
}
