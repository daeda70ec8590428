/* The terminal behind the standard handles. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "runtime/abi/errno.h"
#include "runtime/host/stdio.h"
#include "runtime/host/thread.h"

static struct termios saved;
static atomic_bool raw;
static int changes[2] = {-1, -1}; /* pipe from the handler of SIGWINCH to the watching thread */
static void (*size_changed)(void *);
static void *size_changed_arg;

/* The first standard handle that is a terminal, output ones before; -1. */
static int terminal_handle(void)
{
    static const int order[3] = {1, 2, 0};
    for (int i = 0; i < 3; i++)
        if (isatty(order[i]))
            return order[i];
    return -1;
}

int64_t host_terminal_write(const void *bytes, size_t n)
{
    int fd = terminal_handle();
    return fd < 0 ? -L_ENOTTY : host_stdio_write(fd, bytes, n);
}

int host_terminal_raw(void)
{
    struct termios modes;
    if (atomic_load(&raw))
        return 0;
    if (tcgetattr(0, &modes) < 0)
        return -L_ENOTTY;
    saved = modes;
    cfmakeraw(&modes);
    modes.c_cc[VMIN] = 1;
    modes.c_cc[VTIME] = 0;
    /* In the background this would stop the program; it is then not its terminal to change. */
    if (tcgetpgrp(0) != getpgrp() || tcsetattr(0, TCSADRAIN, &modes) < 0)
        return -L_ENOTTY;
    atomic_store(&raw, true);
    return 0;
}

void host_terminal_restore(void)
{
    if (atomic_exchange(&raw, false))
        tcsetattr(0, TCSADRAIN, &saved);
}

int host_terminal_size(uint16_t *rows, uint16_t *columns)
{
    struct winsize size;
    int fd = terminal_handle();
    if (fd < 0 || ioctl(fd, TIOCGWINSZ, &size) < 0)
        return -L_ENOTTY;
    *rows = size.ws_row;
    *columns = size.ws_col;
    return 0;
}

static void on_change(int sig)
{
    int keep = errno;
    char byte = (char)sig;
    /* A full pipe has said it already. */
    ssize_t done = write(changes[1], &byte, 1);
    (void)done;
    errno = keep;
}

static void watch(void *arg)
{
    (void)arg;
    char byte;
    for (;;) {
        if (read(changes[0], &byte, 1) == 1)
            size_changed(size_changed_arg);
        else if (errno != EINTR)
            return;
    }
}

void host_terminal_watch(void (*changed)(void *), void *arg)
{
    size_changed = changed;
    size_changed_arg = arg;
    if (pipe2(changes, O_CLOEXEC) < 0)
        return;
    fcntl(changes[1], F_SETFL, O_NONBLOCK);
    struct sigaction action = {.sa_handler = on_change, .sa_flags = SA_RESTART};
    sigaction(SIGWINCH, &action, NULL);
    host_thread_start(watch, NULL);
}
