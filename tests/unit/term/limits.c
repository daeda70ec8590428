/* What a program prints can neither take memory without bound nor stop the terminal for long. */
#include "term/history/history.h"
#include "term/term.h"
#include "tests/unit/run.h"

#include "tests/unit/term/find.h"
#include "tests/unit/term/terminal.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Far more than any of these takes, far less than something that grows without bound would. */
#define SECONDS_MAX 30.0

START_TEST(plain_scrollback_is_small)
{
    struct history *h = history_new(100000, 0);
    struct term_cell row[160];
    for (int i = 0; i < 160; i++)
        row[i] = (struct term_cell){.ch = (uint32_t)('a' + i % 26)};
    for (int i = 0; i < 150000; i++)
        ck_assert(history_push(h, row, 160, 0, 0));
    ck_assert_uint_eq(history_end(h) - history_first(h), 100000);
    ck_assert_uint_lt(history_bytes(h), 20u << 20);
    struct term_cell back[160];
    unsigned flags, size;
    ck_assert_int_eq(history_get(h, history_first(h), back, 160, &flags, &size), 160);
    ck_assert_int_eq(memcmp(row, back, sizeof(row)), 0);
    history_free(h);
}
END_TEST

START_TEST(scrollback_keeps_its_byte_limit)
{
    struct history *h = history_new(100000, 4u << 20);
    static struct term_cell row[1000];
    for (int i = 0; i < 1000; i++)
        row[i] = (struct term_cell){.ch = 0x4e00u + (uint32_t)i, .fg = (uint32_t)i};
    for (int i = 0; i < 2000; i++)
        ck_assert(history_push(h, row, 1000, ROW_RICH, 0));
    ck_assert_uint_lt(history_bytes(h), (4u << 20) + (1u << 20));
    struct term_cell back[1000];
    unsigned flags, size;
    history_get(h, history_end(h) - 1, back, 1000, &flags, &size);
    ck_assert_int_eq(memcmp(row, back, sizeof(row)), 0);
    history_free(h);
}
END_TEST

/* Rows of every kind come back as they were, over many blocks and after rows were taken back. */
START_TEST(scrollback_round_trip)
{
    struct history *h = history_new(5000, 0);
    static struct term_cell row[300], back[300];
    uint32_t seed = 1;
    for (int i = 0; i < 8000; i++) {
        uint32_t state = seed = (uint32_t)i * 2654435761u + 1;
        int n = (int)(state >> 8) % 300;
        for (int k = 0; k < n; k++) {
            state = state * 1664525u + 1013904223u;
            uint32_t style = state >> 28 < 3 ? state >> 12 : 0;
            row[k] = (struct term_cell){state >> 30 ? 'x' : state >> 10, style & 255, style >> 9,
                                        style >> 3};
        }
        ck_assert(history_push(h, row, n, ROW_RICH, 0));
        if (i % 7 == 3)
            history_pop(h);
        if (i % 7 == 4) {
            unsigned flags, size;
            ck_assert_int_eq(history_get(h, history_end(h) - 1, back, 300, &flags, &size), n);
            ck_assert_int_eq(memcmp(row, back, (size_t)n * sizeof(*row)), 0);
        }
    }
    ck_assert_uint_eq(history_end(h) - history_first(h), 5000);
    history_free(h);
}
END_TEST

/* Feeds one piece again and again; the whole must not take long. */
static void flood(int rows, int cols, const char *piece, int times)
{
    struct term *t = terminal(rows, cols, 1000);
    struct term_view *v = term_view_new();
    clock_t start = clock();
    for (int i = 0; i < times; i++) {
        term_feed(t, piece, strlen(piece));
        if (i % 1000 == 0)
            ck_assert_msg((double)(clock() - start) / CLOCKS_PER_SEC < SECONDS_MAX, "%s", piece);
    }
    term_view_update(v, t, true);
    ck_assert_ptr_nonnull(term_view_row(v, 0));
    term_view_free(v);
    term_free(t);
}

START_TEST(floods)
{
    static const char *const pieces[] = {"\x1b[999999999b",
                                         "\x1b[999999999S",
                                         "\x1b[999999999T",
                                         "\x1b[999999999L",
                                         "\x1b[999999999@",
                                         "\x1b[999999999P",
                                         "\x1b[2147483647'}",
                                         "\x1b#8",
                                         "\x1b[2J",
                                         "\x1b[1;1;999;999$z",
                                         "\x1b[?3h\x1b[?3l",
                                         "\x1b[1;1;500;500;1;2;2;1$v",
                                         "\x1b]2;title\a",
                                         "\x1b[?1049h\x1b[?1049l",
                                         "\x1b[?5h\x1b[?5l",
                                         "\x1b[?45h\x1b[?1045h\x1b[999999999D",
                                         "\x1b[999999999;1H\n\n\n",
                                         "\x1b]4;1;?;2;?;3;?\a",
                                         "\x1b[999999999I\x1b[999999999Z"};
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
        flood(50, 200, pieces[i], 500);
}
END_TEST

/* A margin so narrow that a wide character has no room bounds nothing. */
START_TEST(repeated_where_there_is_no_room)
{
    flood(30, 1, "\xe6\x97\xa5\x1b[2147483647b", 100);
    flood(30, 80, "\x1b[?69h\x1b[1;1s\xe6\x97\xa5\x1b[2147483647b", 100);
}
END_TEST

START_TEST(strings_without_end)
{
    static char chunk[65536];
    static const char *const heads[] = {"\x1b]2;",  "\x1bP$q", "\x1b_",
                                        "\x1b[1;2", "\x1bX",   "\x1b]52;c;"};
    memset(chunk, '1', sizeof(chunk));
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        struct term *t = terminal(24, 80, 100);
        term_feed(t, heads[i], strlen(heads[i]));
        for (int k = 0; k < 200; k++)
            term_feed(t, chunk, sizeof(chunk));
        term_feed(t, "\x1b\\\x18ok", 5);
        char *text = term_screen_text(t);
        ck_assert_ptr_nonnull(strstr(text, "ok"));
        free(text);
        term_free(t);
    }
}
END_TEST

/* Every cell with another colour, link and cluster than any before: the tables are bounded. */
START_TEST(tables_are_bounded)
{
    struct term *t = terminal(24, 80, 100);
    char piece[256];
    for (int i = 0; i < 300000; i++) {
        int n = snprintf(piece, sizeof(piece),
                         "\x1b]8;id=%d;http://x/%d\a\x1b[58;2;%d;%d;%dm%c"
                         "\xcc%c\xcc%c\xcc%c",
                         i, i, i >> 16 & 255, i >> 8 & 255, i & 255, 'a' + i % 26, 0x80 + i % 64,
                         0x80 + i / 64 % 64, 0x80 + i / 4096 % 64);
        term_feed(t, piece, (size_t)n);
    }
    char *link = term_link_at(t, 23, 0);
    ck_assert_ptr_nonnull(link);
    free(link);
    term_free(t);
}
END_TEST

/* Numbers are given away again only when neither the screen nor the scrollback has them. */
START_TEST(scrollback_keeps_links_and_clusters)
{
    struct term *t = terminal(10, 40, 3000);
    char piece[256];
    for (int i = 0; i < 400000; i++) {
        int n = snprintf(piece, sizeof(piece),
                         "%d\x1b]8;;http://x/%d\a\x1b[58;2;%d;%d;%dmlink\x1b]8;;\ae"
                         "\xcc%c\xcc%c\xcc%c\r\n",
                         i, i, i >> 16 & 255, i >> 8 & 255, i & 255, 0x80 + i % 64,
                         0x80 + i / 64 % 64, 0x80 + i / 4096 % 64);
        term_feed(t, piece, (size_t)n);
    }
    for (uint64_t above = 0; above < 3000; above += 7) {
        term_scroll_to(t, above);
        char *text = term_screen_text(t), *link = term_link_at(t, 0, 6), address[64];
        int i = atoi(text);
        snprintf(address, sizeof(address), "http://x/%d", i);
        ck_assert_ptr_nonnull(link);
        ck_assert_str_eq(link, address);
        snprintf(piece, sizeof(piece), "%dlinke\xcc%c\xcc%c\xcc%c\n", i, 0x80 + i % 64,
                 0x80 + i / 64 % 64, 0x80 + i / 4096 % 64);
        ck_assert(strncmp(text, piece, strlen(piece)) == 0);
        free(link);
        free(text);
    }
    term_free(t);
}
END_TEST

/* The lock is given up before a program that asks for much with few bytes has had its way. */
START_TEST(work_is_divided)
{
    static const char *const pieces[] = {"\x1b#8",
                                         "x\x1b[999999999b",
                                         "\x1b[99$x",
                                         "\x1b#8\x1b[${",
                                         "\x1b[1;1;999;999;1;2;2;1$v",
                                         "\x1b[1;1;999;999;1$r",
                                         "\x1b[2*x\x1b[1;1;999;999;7$t",
                                         "\x1b#8\x1b[2J",
                                         "\x1b#8\x1b[999T",
                                         "\x1b#8\x1b[?69h\x1b[2;300s\x1b[900S"};
    static char flood[TERM_FEED_MAX];
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        struct term *t = terminal(1000, 500, 1000);
        size_t n = 0, length = strlen(pieces[i]), most = 0;
        for (; n + length <= sizeof(flood); n += length)
            memcpy(flood + n, pieces[i], length);
        for (size_t at = 0, done; at < 20 * length; at += done) {
            done = term_feed_some(t, flood + at, n - at);
            ck_assert_uint_gt(done, 0);
            most = done > most ? done : most;
        }
        ck_assert_msg(most <= 6 * length, "%s: %u bytes at once", pieces[i] + 1, (unsigned)most);
        term_free(t);
    }
}
END_TEST

START_TEST(one_line_without_end)
{
    static char chunk[65536];
    struct term *t = terminal(24, 80, 100000);
    struct term_view *v = term_view_new();
    clock_t start = clock();
    memset(chunk, 'x', sizeof(chunk));
    for (int i = 0; i < 160; i++)
        term_feed(t, chunk, sizeof(chunk));
    for (int i = 0; i < 40; i++) {
        term_resize(t, 10 + i, 200 - 4 * i);
        term_scroll(t, -1000);
        term_view_update(v, t, true);
    }
    term_select_start(t, 1, 1, TERM_SELECT_LINE);
    free(term_selection_text(t, NULL));
    ck_assert(find(t, "xxxx", true, -1));
    find_end();
    ck_assert((double)(clock() - start) / CLOCKS_PER_SEC < SECONDS_MAX);
    term_view_free(v);
    term_free(t);
}
END_TEST

/* Output goes on while a selection is dragged, and what it began with is gone. */
START_TEST(selection_outlives_its_beginning)
{
    for (int kind = TERM_SELECT_CELL; kind <= TERM_SELECT_BLOCK; kind++) {
        static char chunk[65536];
        struct term *t = terminal(24, 80, 100);
        memset(chunk, 'x', sizeof(chunk));
        term_feed(t, chunk, sizeof(chunk));
        term_select_start(t, 5, 5, (enum term_select_kind)kind);
        for (int i = 0; i < 10; i++) {
            term_feed(t, chunk, 80 * 30);
            term_select_extend(t, i, 3 * i);
        }
        char *text = term_selection_text(t, NULL);
        ck_assert_ptr_nonnull(text);
        ck_assert_uint_ge(strlen(text), 70);
        free(text);
        term_free(t);
    }
}
END_TEST

START_TEST(resize_storm)
{
    struct term *t = terminal(24, 80, 10000);
    struct term_view *v = term_view_new();
    clock_t start = clock();
    static const char line[] =
        "some \x1b[1mtext\x1b[m that is rather long and wraps at times \xe6\x97\xa5\r\n";
    for (int i = 0; i < 3000; i++)
        term_feed(t, line, sizeof(line) - 1);
    for (int i = 0; i < 1000; i++) {
        ck_assert(term_resize(t, 1 + i * 7 % 100, 1 + i * 13 % 300));
        term_view_update(v, t, true);
    }
    ck_assert(term_resize(t, 1000, 500));
    ck_assert(term_resize(t, 2, 2));
    ck_assert((double)(clock() - start) / CLOCKS_PER_SEC < SECONDS_MAX);
    term_view_free(v);
    term_free(t);
}
END_TEST

static char *everything(struct term *t)
{
    term_select_all(t);
    char *text = term_selection_text(t, NULL);
    term_select_clear(t);
    ck_assert_ptr_nonnull(text);
    /* Rows below the text are not part of it. */
    for (size_t n = strlen(text); n > 0 && text[n - 1] == '\n'; n--)
        text[n - 1] = 0;
    return text;
}

/* No text is lost by any change of size, and the first size shows the same screen again. */
START_TEST(reflow_loses_nothing)
{
    for (uint32_t seed = 1; seed <= 300; seed++) {
        uint32_t state = seed * 2654435761u;
        struct term *t = terminal(10, 40, 2000);
        for (int line = 0; line < 60; line++) {
            state = state * 1664525u + 1013904223u;
            int n = (int)(state >> 16) % 130;
            for (int i = 0; i < n; i++) {
                state = state * 1664525u + 1013904223u;
                char byte = (char)('a' + (state >> 24) % 26);
                if (state >> 28 == 0)
                    term_feed(t, "\xe6\x97\xa5", 3);
                else
                    term_feed(t, &byte, 1);
            }
            term_feed(t, "\r\n", 2);
        }
        term_feed(t, "$ ", 2);
        char *before = everything(t), *screen = term_screen_text(t);
        for (int i = 0; i < 6; i++) {
            state = state * 1664525u + 1013904223u;
            ck_assert(term_resize(t, 2 + (int)(state >> 20) % 30, 2 + (int)(state >> 8) % 100));
            char *now = everything(t);
            ck_assert_msg(strcmp(before, now) == 0, "seed %u, size %d x %d", (unsigned)seed,
                          term_rows(t), term_cols(t));
            free(now);
        }
        ck_assert(term_resize(t, 10, 40));
        char *after = term_screen_text(t);
        ck_assert_msg(strcmp(screen, after) == 0, "seed %u:\n%s\nis not\n%s", (unsigned)seed, after,
                      screen);
        free(after);
        free(before);
        free(screen);
        term_free(t);
    }
}
END_TEST

/* Replies are bounded by what was printed, and what a program named itself is not in them. */
START_TEST(nothing_is_typed)
{
    static const char *const tries[] = {"\x1b]2;EVIL\a\x1b[21t",
                                        "\x1b]1;EVIL\a\x1b[20t",
                                        "\x1bP$qEVIL\x1b\\",
                                        "\x1bP+q4556494cEVIL\x1b\\",
                                        "\x05",
                                        "\x1b]52;c;RVZJTA==\a\x1b]52;c;?\a",
                                        "\x1b]10;EVIL\a\x1b]10;?\a",
                                        "EVIL\x1b[1;1;1;1;1;4*y",
                                        "\x1b]8;;EVIL\aEVIL\x1b]8;;\a",
                                        "\x1b[>EVILq",
                                        "\x1bP2$tEVIL\x1b\\\x1b[2$w"};
    struct term *t = terminal(24, 80, 100);
    for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        written = 0;
        term_feed(t, tries[i], strlen(tries[i]));
        ck_assert_uint_lt(written, 256);
    }
    term_free(t);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("limits");
    tcase_set_timeout(tests, 0);
    tcase_add_test(tests, plain_scrollback_is_small);
    tcase_add_test(tests, scrollback_keeps_its_byte_limit);
    tcase_add_test(tests, scrollback_round_trip);
    tcase_add_test(tests, floods);
    tcase_add_test(tests, repeated_where_there_is_no_room);
    tcase_add_test(tests, strings_without_end);
    tcase_add_test(tests, tables_are_bounded);
    tcase_add_test(tests, scrollback_keeps_links_and_clusters);
    tcase_add_test(tests, work_is_divided);
    tcase_add_test(tests, one_line_without_end);
    tcase_add_test(tests, selection_outlives_its_beginning);
    tcase_add_test(tests, resize_storm);
    tcase_add_test(tests, reflow_loses_nothing);
    tcase_add_test(tests, nothing_is_typed);
    return unit_run("term limits", tests);
}
