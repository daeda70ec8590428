/* The line discipline, on a pty pair: defaults, canonical mode with every editing key and its echo,
 * end of file, literal next, every case of VMIN and VTIME, input and output processing, flow
 * control, window size, flushing, hang-up. */
#include "check.h"
#include "terminal.h"

#include <signal.h>
#include <sys/wait.h>

static void defaults(void)
{
    terminal_open();
    struct termios modes;
    CHECK_OK(tcgetattr(terminal_slave, &modes));
    CHECK_EQ(modes.c_iflag, ICRNL | IXON);
    CHECK_EQ(modes.c_oflag, OPOST | ONLCR);
    CHECK_EQ(modes.c_cflag & ~CBAUD, CS8 | CREAD);
    CHECK_EQ(cfgetospeed(&modes), B38400);
    CHECK_EQ(modes.c_lflag, ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN);
    static const uint8_t keys[] = {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0};
    for (size_t i = 0; i < sizeof(keys); i++)
        CHECK_EQ(modes.c_cc[i], keys[i]);
    CHECK(isatty(terminal_slave));
    CHECK(isatty(terminal_master));
    struct winsize size = {1, 1, 1, 1};
    CHECK_OK(ioctl(terminal_slave, TIOCGWINSZ, &size));
    CHECK_EQ(size.ws_row | size.ws_col | size.ws_xpixel | size.ws_ypixel, 0);
    size = (struct winsize){24, 80, 640, 480};
    CHECK_OK(ioctl(terminal_master, TIOCSWINSZ, &size));
    memset(&size, 0, sizeof(size));
    CHECK_OK(ioctl(terminal_slave, TIOCGWINSZ, &size));
    CHECK(size.ws_row == 24 && size.ws_col == 80 && size.ws_xpixel == 640 && size.ws_ypixel == 480);
    int fds[2];
    CHECK_OK(pipe(fds));
    CHECK_ERRNO(ioctl(fds[0], TCGETS, &modes), ENOTTY);
    CHECK_EQ(isatty(fds[0]), 0);
    close(fds[0]);
    close(fds[1]);
    terminal_close();
}

static void editing(void)
{
    terminal_open();
    TYPE("abc");
    EXPECT(terminal_master, "abc");
    CHECK(!terminal_ready(terminal_slave, 0)); /* no line yet */
    TYPE("\r");
    EXPECT(terminal_master, "\r\n");
    READ("abc\n");
    /* Erase, also at the start of the line and over a control character, which echo shows in two
     * columns. */
    TYPE("abd\177c\177\177\177\177x\r");
    EXPECT(terminal_master, "abd\b \bc\b \b\b \b\b \bx\r\n");
    READ("x\n");
    TYPE("a\001\177b\r");
    EXPECT(terminal_master, "a^A\b \b\b \bb\r\n");
    READ("ab\n");
    /* A tab is erased to the column before it. */
    TYPE("ab\t\177c\r");
    EXPECT(terminal_master, "ab\t\b\b\b\b\b\bc\r\n");
    READ("abc\n");
    /* Word erase and kill. */
    TYPE("one two  \027x\r");
    EXPECT(terminal_master, "one two  \b \b\b \b\b \b\b \b\b \bx\r\n");
    READ("one x\n");
    TYPE("one two\025xy\r");
    EXPECT(terminal_master, "one two\b \b\b \b\b \b\b \b\b \b\b \b\b \bxy\r\n");
    READ("xy\n");
    /* Reprint. */
    TYPE("re\022p\r");
    EXPECT(terminal_master, "re^R\r\nrep\r\n");
    READ("rep\n");
    /* Literal next. */
    TYPE("a\026\003\026\177b\r");
    EXPECT(terminal_master, "a^\b^C^\b^?b\r\n");
    READ("a\003\177b\n");
    TYPE("\026\r\r");
    READ("\r\n");
    EXPECT(terminal_master, "^\b^M\r\n");
    /* End of file: in the middle of a line it ends the read, alone it gives 0. */
    TYPE("part\004");
    READ("part");
    EXPECT(terminal_master, "part");
    TYPE("\004");
    READ("");
    TYPE("x\004\004y\r");
    READ("x");
    READ("");
    READ("y\n");
    /* Several lines: one for each read; a short buffer gets the rest next time. */
    TYPE("first\rsecond\r");
    CHECK_EVENTUALLY(terminal_waiting() == 13);
    char small[4];
    CHECK_EQ(read(terminal_slave, small, 4), 4);
    CHECK(memcmp(small, "firs", 4) == 0);
    int waiting = 0;
    CHECK_OK(ioctl(terminal_slave, FIONREAD, &waiting));
    CHECK_EQ(waiting, 9);
    READ("t\n");
    READ("second\n");
    terminal_close();

    /* VEOL, VEOL2 and no echo. */
    terminal_open();
    struct termios modes;
    tcgetattr(terminal_slave, &modes);
    modes.c_cc[VEOL] = ';';
    modes.c_cc[VEOL2] = '!';
    modes.c_lflag &= ~ECHO;
    CHECK_OK(tcsetattr(terminal_slave, TCSANOW, &modes));
    TYPE("a;b!c\n");
    READ("a;");
    READ("b!");
    READ("c\n");
    CHECK(!terminal_ready(terminal_master, 0));
    modes.c_lflag |= ECHONL;
    tcsetattr(terminal_slave, TCSANOW, &modes);
    TYPE("x\n");
    EXPECT(terminal_master, "\r\n");
    READ("x\n");
    /* ECHOPRT shows what was erased. */
    modes.c_lflag |= ECHO | ECHOPRT;
    modes.c_lflag &= ~ECHONL;
    tcsetattr(terminal_slave, TCSANOW, &modes);
    TYPE("abc\177\177d\n");
    EXPECT(terminal_master, "abc\\cb/d\r\n");
    READ("ad\n");
    /* UTF-8: one erase takes a whole character. */
    modes.c_lflag &= ~ECHOPRT;
    modes.c_iflag |= IUTF8;
    tcsetattr(terminal_slave, TCSANOW, &modes);
    TYPE("a\303\244\177b\n");
    EXPECT(terminal_master, "a\303\244\b \bb\r\n");
    READ("ab\n");
    terminal_close();
}

/* A full line is cut at 4095 characters plus the newline. */
static void long_line(void)
{
    terminal_open();
    terminal_mode(0, ECHO, -1, -1);
    char *line = malloc(6000);
    memset(line, 'l', 6000);
    for (int i = 0; i < 6; i++)
        CHECK_EQ(write(terminal_master, line, 1000), 1000);
    TYPE("\n");
    char *got = malloc(6000);
    CHECK(terminal_ready(terminal_slave, CHECK_PATIENCE * 1000));
    CHECK_EQ(read(terminal_slave, got, 6000), 4096);
    CHECK_EQ(got[4094], 'l');
    CHECK_EQ(got[4095], '\n');
    free(line);
    free(got);
    terminal_close();
}

static int64_t read_raw(char *buffer, size_t size, int64_t *elapsed)
{
    int64_t start = check_now();
    ssize_t count = read(terminal_slave, buffer, size);
    *elapsed = (check_now() - start) / 1000000;
    return count;
}

/* A child that types the text when the gate opens. */
static void raw(void)
{
    char buffer[64];
    int64_t elapsed;
    terminal_open();
    struct termios modes;
    tcgetattr(terminal_slave, &modes);
    cfmakeraw(&modes);
    modes.c_cc[VMIN] = 0;
    modes.c_cc[VTIME] = 0;
    tcsetattr(terminal_slave, TCSANOW, &modes);
    /* MIN 0, TIME 0: what is there. */
    CHECK_EQ(read_raw(buffer, 64, &elapsed), 0);
    CHECK(elapsed < CHECK_PATIENCE * 1000);
    TYPE("abc\r\003\004\021");
    CHECK_EVENTUALLY(terminal_waiting() == 7);
    CHECK_EQ(read_raw(buffer, 2, &elapsed), 2);
    CHECK_EQ(read_raw(buffer, 64, &elapsed), 5);
    CHECK(memcmp(buffer, "c\r\003\004\021", 5) == 0);
    CHECK(!terminal_ready(terminal_master, 0)); /* no echo */
    /* MIN 0, TIME > 0: the first byte, or 0 after the time. */
    terminal_mode(0, 0, 0, 2);
    CHECK_EQ(read_raw(buffer, 64, &elapsed), 0);
    CHECK(elapsed >= 150 && elapsed < CHECK_PATIENCE * 1000);
    TYPE("xy");
    CHECK_EVENTUALLY(terminal_waiting() == 2);
    CHECK_EQ(read_raw(buffer, 64, &elapsed), 2);
    /* MIN > 0, TIME 0: at least MIN bytes. */
    terminal_mode(0, 0, 3, 0);
    CHECK(!terminal_ready(terminal_slave, 0));
    TYPE("ab");
    CHECK(!terminal_ready(terminal_slave, 50)); /* poll waits for MIN as well */
    pid_t child = fork();
    if (child == 0) {
        struct timespec moment = {0, 50000000};
        nanosleep(&moment, NULL);
        _exit(write(terminal_master, "cde", 3) == 3 ? 0 : 1);
    }
    CHECK_EQ(read_raw(buffer, 64, &elapsed), 5);
    CHECK(memcmp(buffer, "abcde", 5) == 0);
    int status;
    waitpid(child, &status, 0);
    /* A smaller buffer is satisfied before MIN. */
    TYPE("12345");
    CHECK_EVENTUALLY(terminal_waiting() == 5);
    CHECK_EQ(read_raw(buffer, 2, &elapsed), 2);
    CHECK_EQ(read_raw(buffer, 64, &elapsed), 3);
    /* MIN > 0, TIME > 0: the time runs between bytes, after the first. */
    terminal_mode(0, 0, 10, 2);
    TYPE("zz");
    CHECK_EQ(read_raw(buffer, 64, &elapsed), 2);
    CHECK(elapsed >= 150 && elapsed < CHECK_PATIENCE * 1000);
    TYPE("0123456789");
    CHECK_EQ(read_raw(buffer, 64, &elapsed), 10);
    CHECK(elapsed < CHECK_PATIENCE * 1000);
    /* Not blocking. */
    terminal_mode(0, 0, 1, 0);
    CHECK_OK(fcntl(terminal_slave, F_SETFL, O_NONBLOCK));
    CHECK_ERRNO(read(terminal_slave, buffer, 64), EAGAIN);
    TYPE("n");
    CHECK(terminal_ready(terminal_slave, CHECK_PATIENCE * 1000));
    CHECK_EQ(read(terminal_slave, buffer, 64), 1);
    terminal_close();
}

static void processing(void)
{
    terminal_open();
    terminal_mode(0, ECHO, -1, -1);
    struct termios modes;
    tcgetattr(terminal_slave, &modes);
    /* Output: ONLCR, tabs, OCRNL, none. */
    CHECK_EQ(write(terminal_slave, "a\nb\tc\r\n", 7), 7);
    EXPECT(terminal_master, "a\r\nb\tc\r\r\n");
    modes.c_oflag |= XTABS;
    tcsetattr(terminal_slave, TCSADRAIN, &modes);
    CHECK_EQ(write(terminal_slave, "b\tc\t\n", 5), 5);
    EXPECT(terminal_master, "b       c       \r\n");
    modes.c_oflag = OPOST | OCRNL;
    tcsetattr(terminal_slave, TCSADRAIN, &modes);
    CHECK_EQ(write(terminal_slave, "x\ry\n", 4), 4);
    EXPECT(terminal_master, "x\ny\n");
    modes.c_oflag = OPOST | ONOCR | OLCUC;
    tcsetattr(terminal_slave, TCSADRAIN, &modes);
    CHECK_EQ(write(terminal_slave, "\rUp low\r\n", 9), 9);
    modes.c_oflag = 0;
    tcsetattr(terminal_slave, TCSADRAIN, &modes);
    CHECK_EQ(write(terminal_slave, "raw\n", 4), 4);
    char got[64];
    size_t have = 0;
    while (have < sizeof(got) && terminal_ready(terminal_master, CHECK_PATIENCE * 1000)) {
        ssize_t n = read(terminal_master, got + have, sizeof(got) - have);
        have += n > 0 ? n : 0;
        if (have >= 4 && memcmp(got + have - 4, "raw\n", 4) == 0)
            break;
    }
    check_(have == 13 && memcmp(got, "\rUP LOW\r\nraw\n", 13) == 0
               ? true
               : have == 12 && memcmp(got, "UP LOW\r\nraw\n", 12) == 0,
           __FILE__, __LINE__, "got \"%s\"", terminal_show(got, have));
    /* Input: INLCR, IGNCR, ICRNL, ISTRIP, IUCLC. */
    modes.c_iflag = INLCR;
    tcsetattr(terminal_slave, TCSANOW, &modes);
    TYPE("a\n\004");
    READ("a\r");
    modes.c_iflag = IGNCR;
    tcsetattr(terminal_slave, TCSANOW, &modes);
    TYPE("a\rb\n");
    READ("ab\n");
    modes.c_iflag = ISTRIP;
    tcsetattr(terminal_slave, TCSANOW, &modes);
    TYPE("\341b\n");
    READ("ab\n");
    modes.c_iflag = IUCLC;
    tcsetattr(terminal_slave, TCSANOW, &modes);
    TYPE("AbC\n");
    READ("abc\n");
    terminal_close();
}

static void flow_control(void)
{
    terminal_open();
    terminal_mode(0, ECHO, -1, -1);
    TYPE("\023"); /* Ctrl-S */
    CHECK_EVENTUALLY(!terminal_writable());
    CHECK(!terminal_ready(terminal_slave, 0));
    fcntl(terminal_slave, F_SETFL, O_NONBLOCK);
    CHECK_ERRNO(write(terminal_slave, "held", 4), EAGAIN);
    CHECK(!terminal_ready(terminal_master, 20));
    struct pollfd poll_fd = {terminal_slave, POLLOUT, 0};
    TYPE("\021"); /* Ctrl-Q */
    CHECK_EQ(poll(&poll_fd, 1, CHECK_PATIENCE * 1000), 1);
    CHECK_EQ(write(terminal_slave, "sent", 4), 4);
    EXPECT(terminal_master, "sent");
    /* tcflow does the same. */
    CHECK_OK(tcflow(terminal_slave, TCOOFF));
    CHECK_ERRNO(write(terminal_slave, "held", 4), EAGAIN);
    CHECK_OK(tcflow(terminal_slave, TCOON));
    CHECK_EQ(write(terminal_slave, "more", 4), 4);
    EXPECT(terminal_master, "more");
    /* IXANY: any key goes on. */
    struct termios modes;
    tcgetattr(terminal_slave, &modes);
    modes.c_iflag |= IXANY;
    tcsetattr(terminal_slave, TCSANOW, &modes);
    TYPE("\023");
    CHECK_EVENTUALLY(!terminal_writable());
    CHECK_ERRNO(write(terminal_slave, "held", 4), EAGAIN);
    TYPE("k\n");
    CHECK_EVENTUALLY(terminal_writable());
    CHECK_EQ(write(terminal_slave, "any", 3), 3);
    EXPECT(terminal_master, "any");
    READ("k\n");
    /* A full queue holds the writer back and says so. */
    char block[4096];
    memset(block, 'f', sizeof(block));
    size_t written = 0;
    ssize_t count;
    /* The kernel hands some of it over to the master in its own time, which makes room again. */
    do {
        while (written < 1 << 20 && (count = write(terminal_slave, block, sizeof(block))) > 0)
            written += count;
    } while (written < 1 << 20 && poll(&poll_fd, 1, 0) == 1);
    CHECK(written >= 4096 && written < 1 << 20);
    size_t drained = 0;
    while (drained < written && terminal_ready(terminal_master, CHECK_PATIENCE * 1000)) {
        count = read(terminal_master, block, sizeof(block));
        if (count <= 0)
            break;
        drained += count;
    }
    CHECK_EQ(drained, written);
    CHECK_EQ(poll(&poll_fd, 1, CHECK_PATIENCE * 1000), 1);
    /* Flushing. */
    TYPE("lost\n");
    CHECK_EVENTUALLY(terminal_waiting() == 5);
    CHECK_OK(tcflush(terminal_slave, TCIFLUSH));
    CHECK_ERRNO(read(terminal_slave, block, 10), EAGAIN);
    terminal_close();
}

static void hang_up(void)
{
    char byte;
    terminal_open();
    CHECK_EQ(write(terminal_slave, "last", 4), 4);
    close(terminal_slave);
    /* What was written before the slave closed can be read, then EIO. */
    EXPECT(terminal_master, "last");
    CHECK_ERRNO(read(terminal_master, &byte, 1), EIO);
    struct pollfd poll_fd = {terminal_master, POLLIN, 0};
    CHECK_EQ(poll(&poll_fd, 1, 0), 1);
    CHECK(poll_fd.revents & POLLHUP);
    close(terminal_master);

    terminal_open();
    close(terminal_master);
    CHECK_EQ(read(terminal_slave, &byte, 1), 0);
    CHECK_ERRNO(write(terminal_slave, "x", 1), EIO);
    poll_fd.fd = terminal_slave;
    CHECK_EQ(poll(&poll_fd, 1, 0), 1);
    CHECK(poll_fd.revents & POLLHUP);
    close(terminal_slave);

    /* Packet mode. */
    terminal_open();
    int on = 1;
    CHECK_OK(ioctl(terminal_master, TIOCPKT, &on));
    CHECK_EQ(write(terminal_slave, "p", 1), 1);
    EXPECT(terminal_master, "\0p");
    CHECK_OK(tcflow(terminal_slave, TCOOFF));
    EXPECT(terminal_master, "\004");
    CHECK_OK(tcflow(terminal_slave, TCOON));
    EXPECT(terminal_master, "\010");
    CHECK_OK(tcflush(terminal_slave, TCIFLUSH));
    EXPECT(terminal_master, "\001");
    terminal_close();
}

int main(void)
{
    defaults();
    editing();
    long_line();
    raw();
    processing();
    flow_control();
    hang_up();
    return check_done();
}
