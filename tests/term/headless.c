/*
 * Runs a program in a pseudo-terminal with Foreland's terminal behind it and no window:
 *
 *   headless [--size ROWSxCOLS] [--reports] [--keys FILE] [--seconds N] [--screen] PROGRAM ...
 *
 * --reports allows what options.window_reports allows and plain DECRQCRA checksums, as terminal
 * test programs want it. --keys types the file's bytes, a line when the program has been quiet
 * for a tenth of a second (--quiet MS: for so long) and waits in read(). --screen prints the screen
 * at the end, --steps before each line typed too. The run ends with the program, the keys or the
 * seconds: the program and all that came from it are then gone. Linux only. The exit status is the
 * program's.
 */
#include "term/term.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Between the hang-up and the end by force. */
#define GRACE_MS 3000

struct headless {
    struct term *t;
    int master;
    pid_t child;
    char *out; /* not yet taken by the program */
    size_t out_length, out_size;
    int quiet; /* milliseconds without output that ask for the next line of keys */
    bool steps;
    FILE *script;
    bool late;       /* the seconds are over */
    char line[1024]; /* of the script, being worked on; empty: none left */
};

static void show(struct headless *h)
{
    char *text = term_screen_text(h->t);
    fputs(text ? text : "", stdout);
    free(text);
}

static void on_write(void *context, const char *bytes, size_t n)
{
    struct headless *h = context;
    if (h->out_length + n > h->out_size) {
        h->out_size = (h->out_length + n) * 2;
        h->out = realloc(h->out, h->out_size);
        if (!h->out)
            exit(2);
    }
    memcpy(h->out + h->out_length, bytes, n);
    h->out_length += n;
}

static void on_resize(void *context, int rows, int cols)
{
    struct headless *h = context;
    if (!term_resize(h->t, rows, cols))
        return;
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    ioctl(h->master, TIOCSWINSZ, &size);
}

static void drain(struct headless *h)
{
    ssize_t n = write(h->master, h->out, h->out_length);
    if (n <= 0)
        return;
    h->out_length -= (size_t)n;
    memmove(h->out, h->out + n, h->out_length);
}

/* Types the next line of the keys. False at their end. */
static bool type(struct headless *h, FILE *keys)
{
    char line[4096];
    if (!keys || !fgets(line, sizeof(line), keys))
        return false;
    if (h->steps) {
        show(h);
        puts("--------");
    }
    line[strcspn(line, "\n")] = '\r';
    on_write(h, line, strlen(line));
    return true;
}

/* Whether the program waits for what is typed: one that has not had its turn yet is quiet too. */
static bool reads(const struct headless *h)
{
    char path[64], text[64] = "";
    snprintf(path, sizeof(path), "/proc/%d/syscall", (int)h->child);
    FILE *file = fopen(path, "r");
    if (!file)
        return true;
    bool known = fgets(text, sizeof(text), file) != NULL;
    fclose(file);
    return !known || (text[0] >= '0' && text[0] <= '9' && atoi(text) == SYS_read);
}

static void unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        unsigned code;
        if (*from != '\\' || !from[1]) {
            *to++ = *from;
        } else if (sscanf(from, "\\x%2x", &code) == 1) {
            *to++ = (char)code;
            from += 3;
        } else {
            from++;
            *to++ = (char)(*from == 'r' ? '\r' : *from == 'e' ? '\x1b' : *from);
        }
    }
    *to = 0;
}

static void press(struct headless *h, const char *name)
{
    static const struct {
        const char *name;
        uint32_t code;
    } names[] = {{"up", TERM_KEY_UP},       {"down", TERM_KEY_DOWN}, {"left", TERM_KEY_LEFT},
                 {"right", TERM_KEY_RIGHT}, {"home", TERM_KEY_HOME}, {"end", TERM_KEY_END}};
    struct term_key key = {0};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i].name) == 0)
            key.code = names[i].code;
    if (!key.code)
        key.code = TERM_KEY_F1 + (uint32_t)atoi(name + 1) - 1;
    term_key(h->t, &key);
}

/* Does what the script says as far as it can now. True when a line waits for the screen. */
static bool play(struct headless *h)
{
    for (;;) {
        char *text = strchr(h->line, ' ');
        if (text && (strncmp(h->line, "wait ", 5) == 0 || strncmp(h->line, "gone ", 5) == 0)) {
            char *screen = term_screen_text(h->t);
            bool shown = screen && strstr(screen, text + 1);
            free(screen);
            if (shown != (h->line[0] == 'w'))
                return true;
        } else if (text && strncmp(h->line, "type ", 5) == 0) {
            unescape(text + 1);
            on_write(h, text + 1, strlen(text + 1));
        } else if (text && strncmp(h->line, "key ", 4) == 0) {
            press(h, text + 1);
        }
        if (!fgets(h->line, sizeof(h->line), h->script)) {
            h->line[0] = 0;
            return false;
        }
        h->line[strcspn(h->line, "\n")] = 0;
    }
}

/* Seconds of a clock that nobody sets. */
static time_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

/* Until the program ends, or `seconds` have passed. */
static void serve(struct headless *h, FILE *keys, int seconds)
{
    char bytes[TERM_FEED_MAX];
    time_t end = now() + seconds;
    while (now() < end) {
        if (h->script)
            play(h);
        struct pollfd p = {h->master, (short)(POLLIN | (h->out_length ? POLLOUT : 0)), 0};
        int ready = poll(&p, 1, h->script ? 1000 : h->quiet);
        if (ready == 0 && reads(h) && !type(h, keys) && keys)
            return;
        if (p.revents & POLLOUT)
            drain(h);
        if (p.revents & POLLIN) {
            ssize_t n = read(h->master, bytes, sizeof(bytes));
            if (n > 0)
                term_feed(h->t, bytes, (size_t)n);
            else if (n < 0 && errno != EINTR && errno != EAGAIN)
                return;
        } else if (p.revents & (POLLHUP | POLLERR)) {
            return;
        }
    }
    h->late = true;
}

/* Kills the children, which are also those whose parents are gone. False when there is none. */
static bool kill_children(void)
{
    char path[64];
    int pid;
    bool any = false;
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)getpid(), (int)getpid());
    FILE *file = fopen(path, "r");
    while (file && fscanf(file, "%d", &pid) == 1)
        any = kill(pid, SIGKILL) == 0 || any;
    if (file)
        fclose(file);
    return any;
}

/* Ends the program and what it started. Returns its wait status. */
static int end(struct headless *h)
{
    int status = 0;
    close(h->master);
    if (!h->late) {
        struct pollfd p = {(int)syscall(SYS_pidfd_open, h->child, 0), POLLIN, 0};
        kill(-h->child, SIGHUP);
        poll(&p, 1, GRACE_MS);
        close(p.fd);
    }
    kill(-h->child, SIGKILL);
    waitpid(h->child, &status, 0);
    while (kill_children())
        waitpid(-1, NULL, 0);
    return status;
}

/* Says what the script still waited for. False when it came to its end, and the program too. */
static bool unfinished(struct headless *h)
{
    if (!h->script || (!play(h) && !h->late))
        return false;
    printf("%s: %s\n", h->late ? "in vain" : "the program has ended before",
           h->line[0] ? h->line : "the end of the program");
    show(h);
    return true;
}

int main(int argc, char **argv)
{
    int rows = 24, cols = 80, seconds = 0, i = 1;
    bool screen = false, reports = false, steps = false;
    int quiet = 100;
    FILE *keys = NULL, *script = NULL;
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        if (strcmp(argv[i], "--screen") == 0)
            screen = true;
        else if (strcmp(argv[i], "--steps") == 0)
            screen = steps = true;
        else if (strcmp(argv[i], "--reports") == 0)
            reports = true;
        else if (strcmp(argv[i], "--size") == 0 && i + 1 < argc)
            sscanf(argv[++i], "%dx%d", &rows, &cols);
        else if (strcmp(argv[i], "--keys") == 0 && i + 1 < argc)
            keys = fopen(argv[++i], "rb");
        else if (strcmp(argv[i], "--script") == 0 && i + 1 < argc)
            script = fopen(argv[++i], "rb");
        else if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc)
            seconds = atoi(argv[++i]);
        else if (strcmp(argv[i], "--quiet") == 0 && i + 1 < argc)
            quiet = atoi(argv[++i]);
    }
    if (i >= argc) {
        fprintf(stderr, "usage: headless [--size RxC] [--reports] [--keys FILE] [--quiet MS] "
                        "[--script FILE] [--seconds N] [--screen] [--steps] PROGRAM ...\n");
        return 2;
    }
    struct headless h = {0};
    struct term_options options;
    struct term_callbacks calls = {.write = on_write, .resize_request = on_resize};
    term_options_default(&options);
    options.window_reports = reports;
    if (reports) {
        /* What xterm has: some tests take it for granted. */
        options.foreground = 0x000000;
        options.background = 0xffffff;
    }
    h.t = term_new(rows, cols, &options, &calls, &h);
    if (!h.t)
        return 2;
    if (reports)
        term_feed(h.t, "\x1b[3#y", 5);
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t child = forkpty(&h.master, NULL, NULL, &size);
    if (child == 0) {
        setenv("TERM", "xterm-256color", 1);
        execvp(argv[i], argv + i);
        _exit(127);
    }
    if (child < 0)
        return 2;
    h.child = child;
    h.quiet = quiet;
    h.steps = steps;
    h.script = script;
    serve(&h, keys, seconds ? seconds : script ? 60 : 3600);
    bool failed = unfinished(&h);
    int status = end(&h);
    if (screen)
        show(&h);
    term_free(h.t);
    free(h.out);
    if (failed)
        return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
