/* Sessions and job control on a pty: the controlling terminal, foreground group, keys that signal,
 * SIGTTIN and SIGTTOU with their exceptions, SIGWINCH, orphaned groups, what happens when the
 * leader ends or the terminal hangs up. */
#include "check.h"
#include "terminal.h"

#include <sys/prctl.h>
#include <sys/wait.h>

static int report[2];
static volatile sig_atomic_t caught;

static void say(char what)
{
    if (write(report[1], &what, 1) != 1)
        _exit(99);
}

static char hear(int line)
{
    char what = 0;
    struct pollfd poll_fd = {report[0], POLLIN, 0};
    check_(poll(&poll_fd, 1, CHECK_PATIENCE * 1000) == 1, __FILE__, line, "nothing was reported");
    if (poll_fd.revents & POLLIN)
        (void)!read(report[0], &what, 1);
    return what;
}
#define HEAR(what) CHECK_EQ(hear(__LINE__), what)

static void catch (int signal)
{
    caught = signal;
    say(signal == SIGINT     ? 'i'
        : signal == SIGQUIT  ? 'q'
        : signal == SIGHUP   ? 'h'
        : signal == SIGCONT  ? 'c'
        : signal == SIGWINCH ? 'w'
                             : '?');
}

static void on(int signal, int flags)
{
    struct sigaction action = {.sa_handler = catch, .sa_flags = flags};
    sigaction(signal, &action, NULL);
}

static pid_t start(void)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        alarm(3 * CHECK_PATIENCE);
    return child;
}

/* A session leader whose controlling terminal is the slave. */
static pid_t leader(void (*body)(void))
{
    pid_t child = start();
    if (child == 0) {
        if (setsid() != getpid() || ioctl(terminal_slave, TIOCSCTTY, 0))
            _exit(98);
        close(terminal_master);
        body();
        _exit(0);
    }
    return child;
}

static int finish(pid_t child)
{
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    return status;
}

static void wait_for_hangup(void)
{
    int64_t until = check_now() + CHECK_PATIENCE * INT64_C(1000000000);
    while (caught != SIGHUP && check_now() < until)
        poll(NULL, 0, 50);
}

static void keys_body(void)
{
    on(SIGINT, SA_RESTART);
    on(SIGQUIT, SA_RESTART);
    on(SIGWINCH, SA_RESTART);
    if (tcgetpgrp(terminal_slave) != getpgrp() || tcgetsid(terminal_slave) != getpid())
        _exit(1);
    int tty = open("/dev/tty", O_RDWR);
    if (tty < 0 || tcgetpgrp(tty) != getpid())
        _exit(2);
    say('s');
    char line[32];
    if (read(tty, line, sizeof(line)) != 3 || memcmp(line, "ok\n", 3))
        _exit(3);
}

static void keys(void)
{
    terminal_open();
    pid_t child = leader(keys_body);
    HEAR('s');
    TYPE("lost");
    EXPECT(terminal_master, "lost");
    TYPE("\003"); /* flushes what is queued in both directions */
    HEAR('i');
    EXPECT(terminal_master, "^C");
    TYPE("\034");
    HEAR('q');
    struct winsize size = {30, 100, 0, 0};
    CHECK_OK(ioctl(terminal_master, TIOCSWINSZ, &size));
    HEAR('w');
    CHECK_OK(ioctl(terminal_master, TIOCSWINSZ, &size)); /* the same size: no signal */
    TYPE("ok\r");
    CHECK_EQ(finish(child), 0);
    EXPECT(terminal_master, "^\\ok\r\n");
    struct pollfd poll_fd = {report[0], POLLIN, 0};
    CHECK_EQ(poll(&poll_fd, 1, 0), 0);
    terminal_close();
}

/* A group in the background stops when it reads; writing is allowed. In the foreground it goes on.
 */
static int background_read(void)
{
    pid_t child = start();
    if (child == 0) {
        setpgid(0, 0);
        char byte;
        signal(SIGTTOU, SIG_DFL);
        if (write(terminal_slave, "w", 1) != 1)
            _exit(1);
        if (read(terminal_slave, &byte, 1) != 1)
            _exit(2);
        _exit(byte);
    }
    int status;
    if (waitpid(child, &status, WUNTRACED) != child || status != (SIGTTIN << 8 | 0x7f))
        return 4;
    if (tcsetpgrp(terminal_slave, child))
        return 5;
    kill(-child, SIGCONT);
    say('r');
    if (waitpid(child, &status, 0) != child || status != 'K' << 8)
        return 6;
    /* We are in the background now; SIGTTOU is ignored, so this is allowed. */
    if (tcgetpgrp(terminal_slave) != child)
        return 7;
    return tcsetpgrp(terminal_slave, getpid()) ? 8 : 0;
}

/* tcsetattr from the background stops; with SIGTTIN ignored a read gives EIO. */
static int background_refused(void)
{
    int status;
    pid_t child = start();
    if (child == 0) {
        setpgid(0, 0);
        signal(SIGTTOU, SIG_DFL);
        struct termios modes;
        tcgetattr(terminal_slave, &modes);
        _exit(tcsetattr(terminal_slave, TCSANOW, &modes) ? 1 : 0);
    }
    if (waitpid(child, &status, WUNTRACED) != child || status != (SIGTTOU << 8 | 0x7f))
        return 9;
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    child = start();
    if (child == 0) {
        setpgid(0, 0);
        signal(SIGTTIN, SIG_IGN);
        char byte;
        errno = 0;
        _exit(read(terminal_slave, &byte, 1) == -1 && errno == EIO ? 0 : 1);
    }
    if (waitpid(child, &status, WUNTRACED) != child || status != 0)
        return 10;
    return 0;
}

static int background_write(void)
{
    int status;
    struct termios modes;
    tcgetattr(terminal_slave, &modes);
    modes.c_lflag |= TOSTOP;
    tcsetattr(terminal_slave, TCSANOW, &modes);
    pid_t child = start();
    if (child == 0) {
        setpgid(0, 0);
        signal(SIGTTOU, SIG_DFL);
        _exit(write(terminal_slave, "t", 1) == 1 ? 0 : 1);
    }
    if (waitpid(child, &status, WUNTRACED) != child || status != (SIGTTOU << 8 | 0x7f))
        return 11;
    tcsetpgrp(terminal_slave, child);
    kill(-child, SIGCONT);
    if (waitpid(child, &status, 0) != child || status != 0)
        return 12;
    tcsetpgrp(terminal_slave, getpid());
    return 0;
}

/* Ctrl-Z stops the foreground group and not the leader's. */
static int suspend_key(void)
{
    int status;
    pid_t child = start();
    if (child == 0) {
        setpgid(0, 0);
        while (tcgetpgrp(terminal_slave) != getpid())
            ;
        say('z');
        pause();
        _exit(1);
    }
    setpgid(child, child);
    tcsetpgrp(terminal_slave, child);
    if (waitpid(child, &status, WUNTRACED) != child || status != (SIGTSTP << 8 | 0x7f))
        return 13;
    tcsetpgrp(terminal_slave, getpid());
    kill(-child, SIGKILL);
    waitpid(child, &status, 0);
    return 0;
}

static void background_body(void)
{
    signal(SIGTTOU, SIG_IGN);
    int wrong = background_read();
    if (!wrong)
        wrong = background_refused();
    if (!wrong)
        wrong = background_write();
    if (!wrong)
        wrong = suspend_key();
    _exit(wrong);
}

static void background(void)
{
    terminal_open();
    pid_t child = leader(background_body);
    EXPECT(terminal_master, "w");
    HEAR('r');
    TYPE("K\r");
    EXPECT(terminal_master, "K\r\nt");
    HEAR('z');
    TYPE("\032");
    CHECK_EQ(finish(child), 0);
    terminal_close();
}

/* When the leader ends, the foreground group gets SIGHUP and loses the terminal. */
static void leader_body(void)
{
    signal(SIGTTOU, SIG_IGN);
    pid_t child = start();
    if (child == 0) {
        setpgid(0, 0);
        on(SIGHUP, 0);
        say('s'); /* before the leader may end */
        tcsetpgrp(terminal_slave, getpid());
        wait_for_hangup();
        if (write(terminal_slave, "after", 5) != 5) /* a pty itself is not hung up */
            say('!');
        /* The signal comes first, then the terminal goes. */
        int64_t until = check_now() + CHECK_PATIENCE * INT64_C(1000000000);
        int tty;
        while ((tty = open("/dev/tty", O_RDWR)) >= 0 && check_now() < until)
            close(tty);
        if (tty >= 0 || errno != ENXIO)
            say('!');
        say('e');
        _exit(0);
    }
    while (tcgetpgrp(terminal_slave) != child)
        ;
}

static void leader_ends(void)
{
    terminal_open();
    CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
    pid_t child = leader(leader_body);
    HEAR('s');
    CHECK_EQ(finish(child), 0);
    HEAR('h');
    HEAR('e');
    EXPECT(terminal_master, "after");
    int status;
    CHECK(waitpid(-1, &status, 0) > 0);
    CHECK_EQ(status, 0);
    CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 0));
    terminal_close();
}

/* The master closes: the leader gets SIGHUP and reads end of file. */
static void hang_up_body(void)
{
    on(SIGHUP, 0);
    say('s');
    wait_for_hangup();
    char byte;
    if (read(terminal_slave, &byte, 1) != 0)
        _exit(1);
}

static void hang_up(void)
{
    terminal_open();
    pid_t child = leader(hang_up_body);
    HEAR('s');
    close(terminal_slave);
    close(terminal_master);
    HEAR('h');
    CHECK_EQ(finish(child), 0);
}

/* A leader that is stopped then goes on, to learn of it. */
static void hang_up_stopped_body(void)
{
    on(SIGHUP, 0);
    say('s');
    raise(SIGSTOP);
    wait_for_hangup();
}

static void hang_up_stopped(void)
{
    int status;
    terminal_open();
    pid_t child = leader(hang_up_stopped_body);
    HEAR('s');
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK(WIFSTOPPED(status));
    close(terminal_slave);
    close(terminal_master);
    HEAR('h');
    kill(child, SIGCONT);
    CHECK_EQ(finish(child), 0);
}

/* A stopped group that becomes orphaned gets SIGHUP and SIGCONT. */
static void orphan_body(void)
{
    pid_t middle = start();
    if (middle == 0) {
        pid_t child = start();
        if (child == 0) {
            setpgid(0, 0);
            on(SIGHUP, 0);
            raise(SIGTSTP);
            say(caught == SIGHUP ? 'C' : 'X');
            /* In an orphaned group SIGTSTP does not stop. */
            raise(SIGTSTP);
            say('D');
            _exit(0);
        }
        int status;
        if (waitpid(child, &status, WUNTRACED) != child || status != (SIGTSTP << 8 | 0x7f))
            _exit(1);
        _exit(0); /* from now on its parent is outside of the session */
    }
    int status;
    waitpid(middle, &status, 0);
    if (status)
        _exit(2);
}

static void orphaned(void)
{
    terminal_open();
    CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
    pid_t child = leader(orphan_body);
    HEAR('h');
    HEAR('C');
    HEAR('D');
    CHECK_EQ(finish(child), 0);
    int status;
    CHECK(waitpid(-1, &status, 0) > 0);
    CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 0));
    terminal_close();
}

static void refusals_body(void)
{
    if (setsid() != -1 || errno != EPERM) /* a leader cannot make a new session */
        _exit(1);
    if (setpgid(0, 0) != -1 || errno != EPERM)
        _exit(2);
    if (getsid(0) != getpid())
        _exit(3);
    if (tcsetpgrp(terminal_slave, 0x3fffffff) != -1 || errno != ESRCH)
        _exit(4);
    /* That of the first process, which is in another session, stays what it is. */
    pid_t group = getpgid(1), session = getsid(1);
    for (int i = 0; i < 100 && group > 0; i++)
        if (tcsetpgrp(terminal_slave, group) != -1 || errno != EPERM || getpgid(1) != group ||
            getsid(1) != session)
            _exit(8);
    /* Giving the terminal up. */
    on(SIGHUP, 0);
    on(SIGCONT, 0);
    if (ioctl(terminal_slave, TIOCNOTTY))
        _exit(5);
    if (open("/dev/tty", O_RDWR) != -1 || errno != ENXIO)
        _exit(6);
    if (caught == 0)
        _exit(7);
}

static void refusals(void)
{
    terminal_open();
    CHECK_ERRNO(tcgetpgrp(terminal_slave), ENOTTY);
    pid_t child = leader(refusals_body);
    CHECK_EQ(finish(child), 0);
    char first = hear(__LINE__), second = hear(__LINE__);
    CHECK_EQ(first + second, 'h' + 'c');
    terminal_close();
}

int main(void)
{
    CHECK_OK(pipe(report));
    keys();
    background();
    leader_ends();
    hang_up();
    hang_up_stopped();
    orphaned();
    refusals();
    return check_done();
}
