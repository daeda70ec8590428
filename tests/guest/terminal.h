/* A pty pair for the programs that test terminals. Include after check.h. */
#ifndef GUEST_TERMINAL_H
#define GUEST_TERMINAL_H

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

__attribute__((unused)) static int terminal_master, terminal_slave;

__attribute__((unused)) static void terminal_open(void)
{
    alarm(3 * CHECK_PATIENCE); /* a read that never returns must not hold up the run */
    terminal_master = posix_openpt(O_RDWR | O_NOCTTY);
    CHECK_OK(terminal_master);
    CHECK_OK(grantpt(terminal_master));
    CHECK_OK(unlockpt(terminal_master));
    char name[64];
    CHECK_EQ(ptsname_r(terminal_master, name, sizeof(name)), 0);
    terminal_slave = open(name, O_RDWR | O_NOCTTY);
    CHECK_OK(terminal_slave);
}

__attribute__((unused)) static void terminal_close(void)
{
    close(terminal_master);
    close(terminal_slave);
}

/* Whether there is something to read within the given time. */
__attribute__((unused)) static bool terminal_ready(int fd, int milliseconds)
{
    struct pollfd poll_fd = {fd, POLLIN, 0};
    return poll(&poll_fd, 1, milliseconds) == 1 && (poll_fd.revents & POLLIN);
}

__attribute__((unused)) static void terminal_type(const char *text, size_t length)
{
    CHECK_EQ(write(terminal_master, text, length), (ssize_t)length);
}

/* Shows control characters. */
__attribute__((unused)) static const char *terminal_show(const char *text, ssize_t length)
{
    static char buffers[4][2048];
    static unsigned turn;
    char *to = buffers[turn++ % 4], *at = to;
    if (length < 0)
        return "(error)";
    for (ssize_t i = 0; i < length && at < to + 2000; i++) {
        unsigned char c = text[i];
        if (c < ' ' || c > 126)
            at += sprintf(at, "\\%03o", c);
        else
            *at++ = c;
    }
    *at = 0;
    return to;
}

/* Reads from fd until exactly the expected text has come, or until patience is over; one read call
 * may give less. Nothing may follow within a moment. */
__attribute__((unused)) static void terminal_expect_(int fd, const char *text, size_t length,
                                                     const char *file, int line)
{
    char got[2048];
    size_t have = 0;
    while (have < length && terminal_ready(fd, CHECK_PATIENCE * 1000)) {
        ssize_t count = read(fd, got + have, sizeof(got) - have);
        if (count <= 0)
            break;
        have += count;
    }
    if (terminal_ready(fd, 0)) {
        ssize_t count = read(fd, got + have, sizeof(got) - have);
        have += count > 0 ? count : 0;
    }
    check_(have == length && memcmp(got, text, length) == 0, file, line, "got \"%s\", not \"%s\"",
           terminal_show(got, have), terminal_show(text, length));
}
#define EXPECT(fd, text) terminal_expect_(fd, text, sizeof(text) - 1, __FILE__, __LINE__)
#define TYPE(text)       terminal_type(text, sizeof(text) - 1)

/* What one read call gives: the text or a count of 0. */
__attribute__((unused)) static void terminal_read_(const char *text, ssize_t length,
                                                   const char *file, int line)
{
    char got[2048];
    ssize_t count = terminal_ready(terminal_slave, CHECK_PATIENCE * 1000)
                        ? read(terminal_slave, got, sizeof(got))
                        : -2;
    check_(count == length && memcmp(got, text, length) == 0, file, line,
           "read gave %d \"%s\", not \"%s\"", (int)count, terminal_show(got, count),
           terminal_show(text, length));
}
#define READ(text) terminal_read_(text, sizeof(text) - 1, __FILE__, __LINE__)

/* Waits until what was typed has arrived at the slave: the kernel hands it over in its own time. */
__attribute__((unused)) static int terminal_waiting(void)
{
    int count = 0;
    ioctl(terminal_slave, FIONREAD, &count);
    return count;
}

__attribute__((unused)) static bool terminal_writable(void)
{
    struct pollfd poll_fd = {terminal_slave, POLLOUT, 0};
    return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLOUT);
}

/* Changes the slave's modes. */
__attribute__((unused)) static void terminal_mode(tcflag_t local_on, tcflag_t local_off, int min,
                                                  int time)
{
    struct termios modes;
    CHECK_OK(tcgetattr(terminal_slave, &modes));
    modes.c_lflag = (modes.c_lflag | local_on) & ~local_off;
    if (min >= 0)
        modes.c_cc[VMIN] = min;
    if (time >= 0)
        modes.c_cc[VTIME] = time;
    CHECK_OK(tcsetattr(terminal_slave, TCSANOW, &modes));
}

#endif
