/*
 * The terminal without a pty and a window: what it takes from memory, what the two grids cost, and
 * what searching and reflowing a full scrollback do.
 * Built by terminal.sh against libterm.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "term/term.h"
#include "text.h"

static double milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void ignore(void *context, const char *bytes, size_t n)
{
    (void)context;
    (void)bytes;
    (void)n;
}

static struct term *terminal(int rows, int columns)
{
    static const struct term_callbacks callbacks = {.write = ignore};
    struct term_options options;
    term_options_default(&options);
    struct term *t = term_new(rows, columns, &options, &callbacks, NULL);
    if (!t)
        exit(1);
    return t;
}

static void feed(struct term *t, const char *bytes, size_t n)
{
    for (size_t at = 0; at < n; at += TERM_FEED_MAX)
        term_feed(t, bytes + at, n - at < TERM_FEED_MAX ? n - at : TERM_FEED_MAX);
}

/* Newlines become what a tty makes of them. */
static size_t cooked(const char *text, size_t n, char *out)
{
    size_t length = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\n')
            out[length++] = '\r';
        out[length++] = text[i];
    }
    return length;
}

static void measure_feed(const char *row)
{
    struct term *t = terminal(24, 80);
    size_t n = text_make(row), length;
    char *out = malloc(2 * n);
    if (!out)
        exit(1);
    length = cooked(text, n, out);
    double start = milliseconds();
    feed(t, out, length);
    double took = milliseconds() - start;
    printf("%-10s %8.1f MB/s", row, (double)n / took / 1e3);
    if (!strcmp(row, "lines"))
        printf("  (%.1f million lines/s)", (double)n / 2 / took / 1e3);
    puts("");
    free(out);
    term_free(t);
}

static void measure_grid(const char *name, enum term_grid_kind kind, int rows, int columns)
{
    enum { FRAMES = 40 };
    struct term *t = terminal(rows, columns);
    struct term_view *v = term_view_new_with(kind);
    if (!v)
        return;
    double locked = 0, read = 0;
    for (int frame = 0; frame < FRAMES; frame++) {
        feed(t, text + (size_t)frame * 60000, (size_t)rows * (size_t)columns * 2);
        double start = milliseconds();
        term_view_update(v, t, true);
        double updated = milliseconds();
        for (int row = 0; row < rows; row++)
            if (!term_view_row(v, row))
                exit(1);
        locked += updated - start;
        read += milliseconds() - updated;
    }
    printf("%-7s %4dx%-4d %10.3f %10.3f\n", name, columns, rows, locked / FRAMES, read / FRAMES);
    term_view_free(v);
    term_free(t);
}

/* Fills the scrollback with 100,000 lines of 160 columns. */
static struct term *full_terminal(void)
{
    static const struct term_callbacks callbacks = {.write = ignore};
    static const char letters[] = "etaoin shrdlu cmfwyp vbgkjqxz 0123456789 ETAOIN,.;:()";
    struct term_options options;
    uint32_t state = 1;
    term_options_default(&options);
    options.scrollback_lines = 100000;
    struct term *t = term_new(50, 160, &options, &callbacks, NULL);
    if (!t)
        exit(1);
    for (int i = 0; i < 100050; i++) {
        char line[162];
        for (int k = 0; k < 160; k++) {
            state = state * 1103515245 + 12345;
            line[k] = letters[(state >> 16) % (sizeof(letters) - 1)];
        }
        memcpy(line + 160, "\r\n", 2);
        feed(t, line, sizeof(line));
    }
    return t;
}

/* The whole search, and the longest it held the terminal's lock. */
static void measure_search(struct term *t, const char *text, unsigned how)
{
    double start = milliseconds(), longest = 0;
    struct term_search *s = term_search_new(text, how);
    if (!s)
        exit(1);
    term_search_begin(s, t, -1);
    enum term_search_step step;
    do {
        double from = milliseconds();
        step = term_search_step(s, t);
        double held = milliseconds() - from;
        longest = held > longest ? held : longest;
        while (step == TERM_SEARCH_TEXT && !term_search_look(s, 1000000))
            ;
    } while (step == TERM_SEARCH_TEXT);
    printf("%-24s %10.1f %10.3f%s\n", text, milliseconds() - start, longest,
           step == TERM_SEARCH_NONE ? "" : "  (found)");
    term_search_free(s);
}

/* The longest that one step of dragging an edge held it. */
static void measure_resize(struct term *t, const char *name, int above)
{
    struct term_view *v = term_view_new();
    double longest = 0, all = 0;
    int steps = 0;
    if (!v)
        exit(1);
    term_scroll(t, -above);
    for (int i = 0; i < 560; i++, steps++) {
        int columns = i < 140 ? 160 - i : i < 420 ? i - 120 : 720 - i;
        double from = milliseconds();
        term_resize(t, 20 + i % 60, columns);
        term_view_update(v, t, true);
        double took = milliseconds() - from;
        all += took;
        longest = took > longest ? took : longest;
    }
    printf("%-24s %10.3f %10.3f\n", name, all / steps, longest);
    term_scroll_bottom(t);
    term_view_free(v);
}

static void measure_scrollback(void)
{
    struct term *t = full_terminal();
    puts("\na scrollback of 100,000 lines of 160 columns, milliseconds of processor time:");
    printf("%-24s %10s %10s\n", "search", "whole", "lock held");
    measure_search(t, "zqzqzqz", 0);
    measure_search(t, "zqzqzqz", TERM_SEARCH_IGNORE_CASE);
    measure_search(t, "q.*zqzqz", TERM_SEARCH_REGEX);
    measure_search(t, "[0-9]{9}[a-f]", TERM_SEARCH_REGEX);
    measure_search(t, "\\w+@\\w+\\.(com|org)", TERM_SEARCH_REGEX);
    measure_search(t, "(a|e|i)+[0-9](o|u)+7", TERM_SEARCH_REGEX | TERM_SEARCH_IGNORE_CASE);
    printf("%-24s %10s %10s\n", "resizing", "mean", "longest");
    measure_resize(t, "at the bottom", 0);
    measure_resize(t, "50,000 lines above it", 50000);
    term_free(t);
}

int main(void)
{
    static const char *const names[] = {"ascii", "colour", "unicode", "lines"};
    static const int sizes[][2] = {{24, 80}, {60, 200}, {500, 1000}};
    puts("the terminal alone, from memory, 80x24:");
    for (int i = 0; i < 4; i++)
        measure_feed(names[i]);
    puts("\na screen that changed whole, milliseconds a frame (processor time):");
    printf("%-7s %9s %10s %10s\n", "grid", "size", "locked", "reading");
    text_make("ascii");
    for (int i = 0; i < 3; i++) {
        measure_grid("own", TERM_GRID_OWN, sizes[i][0], sizes[i][1]);
        measure_grid("libtsm", TERM_GRID_TSM, sizes[i][0], sizes[i][1]);
    }
    measure_scrollback();
    return 0;
}
