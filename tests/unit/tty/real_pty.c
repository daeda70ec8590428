/*
 * The table of cases.h played on a pty of the host's own kernel: shows that the table says what
 * Linux does. Every case runs in a session of its own. On Windows there is no such kernel and the
 * program says so (exit status 77: skipped).
 */
#include <stdio.h>

#ifdef _WIN32
int main(void)
{
    puts("skipped: needs a Linux kernel");
    return 77;
}
#else
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/tty/cases.h"

#define DEADLINE_MS 5000

struct pty {
    int master, slave;
    bool packet;
};

static const char *case_name;
static int step_number;
static uint8_t bytes[65536];

static void fail(const char *what, const uint8_t *got, ssize_t n)
{
    printf("%s, step %d: %s", case_name, step_number, what);
    if (got) {
        printf(" \"");
        for (ssize_t i = 0; i < n; i++)
            printf(got[i] < 32 || got[i] > 126 ? "\\%03o" : "%c", got[i]);
        printf("\"");
    }
    printf("\n");
    fflush(stdout);
    _exit(1);
}

static struct pty open_pty(void)
{
    struct pty p = {.master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK)};
    int zero = 0;
    sigset_t keys;
    sigemptyset(&keys);
    sigaddset(&keys, SIGINT);
    sigaddset(&keys, SIGQUIT);
    sigaddset(&keys, SIGTSTP);
    sigprocmask(SIG_BLOCK, &keys, NULL);
    if (p.master < 0 || setsid() < 0 || ioctl(p.master, TIOCSPTLCK, &zero) < 0)
        fail("no pty", NULL, 0);
    p.slave = ioctl(p.master, TIOCGPTPEER, O_RDWR | O_NONBLOCK | O_NOCTTY);
    if (p.slave < 0 || ioctl(p.slave, TIOCSCTTY, 0) < 0)
        fail("no slave", NULL, 0);
    return p;
}

/* The kernel works on typed bytes in a thread of its own; a read that finds nothing waits for it.
 * So reading until there is nothing more is what makes the state certain. */
static ssize_t read_slave(struct pty *p, size_t n)
{
    ssize_t got = read(p->slave, bytes, n);
    return got < 0 && errno == EAGAIN ? -1 : got;
}

static void wait_for(int fd, short events)
{
    struct pollfd f = {.fd = fd, .events = events};
    if (poll(&f, 1, DEADLINE_MS) != 1)
        fail("deadline passed", NULL, 0);
}

/* Reads until the expected size is there; what goes beyond shows at the end of the case. */
static void play_seen(struct pty *p, const struct step *s)
{
    size_t done = 0;
    uint8_t got[4096];
    while (done < s->size) {
        wait_for(p->master, POLLIN);
        ssize_t n = read(p->master, bytes, 4096);
        if (n <= 0)
            fail("master read failed", NULL, 0);
        size_t skip = p->packet ? 1 : 0;
        memcpy(got + done, bytes + skip, (size_t)n - skip);
        done += (size_t)n - skip;
        if (memcmp(got, s->text, done < s->size ? done : s->size) != 0)
            break;
    }
    if (done != s->size || memcmp(got, s->text, done) != 0)
        fail("seen", got, (ssize_t)done);
}

static void change_modes(struct pty *p, const struct step *s)
{
    struct termios t;
    ioctl(p->slave, TCGETS, &t);
    tcflag_t *flags = s->kind == STEP_IFLAG   ? &t.c_iflag
                      : s->kind == STEP_OFLAG ? &t.c_oflag
                                              : &t.c_lflag;
    if (s->kind == STEP_CC)
        t.c_cc[s->a] = (cc_t)s->b;
    else
        *flags = (*flags & ~s->b) | s->a;
    ioctl(p->slave, TCSETS, &t);
}

static uint32_t take_signals(void)
{
    sigset_t pending;
    sigpending(&pending);
    uint32_t set = 0;
    for (int sig = 1; sig < 32; sig++)
        if (sigismember(&pending, sig)) {
            sigset_t one;
            int taken;
            sigemptyset(&one);
            sigaddset(&one, sig);
            sigwait(&one, &taken);
            set |= 1u << sig;
        }
    return set;
}

static void play_read(struct pty *p, const struct step *s)
{
    /* Complete input is certain once poll says so; wanting nothing, the read itself waits. */
    if (s->kind != STEP_NOTHING && (s->b || s->size)) {
        wait_for(p->slave, POLLIN);
        /* Long input arrives in pieces. */
        int queued = 0;
        for (int i = 0; i < DEADLINE_MS && s->kind == STEP_COUNT; i++) {
            if (ioctl(p->slave, TIOCINQ, &queued) == 0 && (uint32_t)queued >= s->b)
                break;
            usleep(1000);
        }
    }
    ssize_t n = read_slave(p, s->kind == STEP_NOTHING ? 16 : s->a);
    if (s->kind == STEP_NOTHING) {
        if (n >= 0)
            fail("read something", bytes, n);
    } else if (n < 0) {
        fail("nothing to read", NULL, 0);
    } else if (s->kind == STEP_COUNT) {
        if ((uint32_t)n != s->b)
            fail("count", bytes, n);
    } else if ((uint32_t)n != s->size || memcmp(bytes, s->text, (size_t)n) != 0) {
        fail("read", bytes, n);
    }
}

static void play_input(struct pty *p, const struct step *s)
{
    const char *text = s->text;
    size_t n = s->size;
    if (s->kind == STEP_FILL) {
        memset(bytes, s->text[0], s->a);
        text = (const char *)bytes;
        n = s->a;
    }
    while (n > 0) {
        ssize_t done = write(p->master, text, n);
        if (done < 0)
            fail("typed too much", NULL, 0);
        text += done;
        n -= (size_t)done;
    }
}

static void play_number(struct pty *p, const struct step *s)
{
    int value = 0;
    uint32_t set = 0;
    switch (s->kind) {
    case STEP_INQ:
        for (int i = 0; i < DEADLINE_MS; i++) {
            ioctl(p->slave, TIOCINQ, &value);
            if ((uint32_t)value == s->a)
                return;
            usleep(1000);
        }
        fail("count of input", NULL, 0);
        break;
    case STEP_SIGNALS:
        for (int i = 0; i < DEADLINE_MS; i++) {
            set |= take_signals();
            if (set == s->a)
                return;
            usleep(1000);
        }
        fail("signals", NULL, 0);
        break;
    case STEP_STATUS:
        if (read(p->master, bytes, 16) != 1 || bytes[0] != s->a)
            fail("status", bytes, 1);
        break;
    case STEP_POLL:
        value = poll(&(struct pollfd){.fd = p->slave, .events = POLLIN}, 1, s->a ? DEADLINE_MS : 0);
        if ((uint32_t)value != s->a)
            fail("poll", NULL, 0);
        break;
    default:
        break;
    }
}

static void play(struct pty *p, const struct step *s)
{
    switch (s->kind) {
    case STEP_IFLAG:
    case STEP_OFLAG:
    case STEP_LFLAG:
    case STEP_CC:
        change_modes(p, s);
        break;
    case STEP_TYPE:
    case STEP_FILL:
        play_input(p, s);
        break;
    case STEP_SEEN:
        play_seen(p, s);
        break;
    case STEP_READ:
    case STEP_COUNT:
    case STEP_NOTHING:
        play_read(p, s);
        break;
    case STEP_WRITE:
        if (write(p->slave, s->text, s->size) != (ssize_t)s->size)
            fail("write is held", NULL, 0);
        break;
    case STEP_HELD:
        if (write(p->slave, s->text, s->size) >= 0 || errno != EAGAIN)
            fail("write is not held", NULL, 0);
        break;
    case STEP_FLUSH:
        ioctl(p->slave, TCFLSH, s->a);
        break;
    case STEP_FLOW:
        ioctl(p->slave, TCXONC, s->a);
        break;
    case STEP_PACKET:
        ioctl(p->master, TIOCPKT, &s->a);
        p->packet = s->a != 0;
        break;
    default:
        play_number(p, s);
    }
}

static void run(const struct tty_case *c)
{
    struct pty p = open_pty();
    case_name = c->name;
    for (step_number = 0; c->steps[step_number].kind != STEP_END; step_number++)
        play(&p, &c->steps[step_number]);
    if (read_slave(&p, 16) > 0)
        fail("left unread", bytes, 1);
    if (c->steps[step_number - 1].kind == STEP_STATUS)
        return;
    ssize_t n = read(p.master, bytes, 4096);
    if (n > 0)
        fail("left unseen", bytes, n);
}

int main(int argc, char **argv)
{
    int failed = 0;
    alarm(110);
    for (size_t i = 0; i < TTY_CASE_COUNT; i++) {
        if (argc > 1 && strcmp(argv[1], tty_cases[i].name) != 0)
            continue;
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0) {
            run(&tty_cases[i]);
            _exit(0);
        }
        int status;
        if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
            failed++;
    }
    printf("%d of %d cases failed\n", failed, (int)TTY_CASE_COUNT);
    return failed != 0;
}
#endif
