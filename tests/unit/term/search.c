/* Searching in steps: whatever the size of a step and whatever happens between two, the result is
 * the same, and no step takes long. */
#include "runtime/host/thread.h"
#include "term/search/search_text.h"
#include "tests/unit/run.h"
#include "tests/unit/term/find.h"
#include "tests/unit/term/terminal.h"

#include <check.h>
#include <stdlib.h>

/* Processor time of one step. They take 0.2 ms; sanitizers and emulators are slow. */
#define STEP_SECONDS 0.25

static void feed(struct term *t, const char *text)
{
    term_feed(t, text, strlen(text));
}

static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Text of few letters, so that results are many: short and long lines, colours, wide characters,
 * clusters. */
static void feed_some(struct term *t, uint32_t *state, int lines)
{
    static const char *const odd[] = {"\xe6\x97\xa5", "e\xcc\x81", "\x1b[31m", "\x1b[m", "\t", " "};
    for (int line = 0; line < lines; line++) {
        int n = (int)(next(state) % (line % 40 == 7 ? 900 : 50));
        for (int i = 0; i < n; i++) {
            char letter[2] = {(char)("abAB"[next(state) % 4]), 0};
            feed(t, next(state) % 16 == 0 ? odd[next(state) % 6] : letter);
        }
        feed(t, "\r\n");
    }
}

static const struct {
    const char *text;
    unsigned how;
} patterns[] = {
    {"ab", 0},
    {"ab", TERM_SEARCH_IGNORE_CASE},
    {"aabbaabb", TERM_SEARCH_IGNORE_CASE},
    {"\xe6\x97\xa5", 0},
    {"b*a", TERM_SEARCH_REGEX},
    {"(ab|BA)+A", TERM_SEARCH_REGEX | TERM_SEARCH_IGNORE_CASE},
    {"^a.*b$", TERM_SEARCH_REGEX},
    {"\\bAB", TERM_SEARCH_REGEX},
    {"a.{3,9}AAA", TERM_SEARCH_REGEX},
    {"(a|b|A|B|.){0,200}z", TERM_SEARCH_REGEX},
    {"\xcc\x81", 0},
    {"absent", 0},
};

#define PATTERNS (sizeof(patterns) / sizeof(patterns[0]))

/* All results from one end to the other, and one more: its places. */
static int all_results(struct term *t, size_t pattern, int direction, int work, struct place *out,
                       int most)
{
    int n = 0;
    find_work = work;
    find_end();
    while (n < most && find(t, patterns[pattern].text, patterns[pattern].how, direction))
        out[n++] = t->search.at;
    find_work = 1 << 30;
    return n;
}

/* After all_results with fewer than it may give: the last one shown is that at the other end. */
static void check_count(struct term *t, int n, bool upwards)
{
    static const int works[] = {1 << 30, 777, 5};
    for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
        uint64_t which;
        find_work = works[i];
        ck_assert_uint_eq(find_count(t, &which), (uint64_t)n);
        ck_assert_uint_eq(which, n == 0 ? 0 : upwards ? (uint64_t)n : 1);
    }
    find_work = 1 << 30;
}

START_TEST(any_step_gives_the_same)
{
    enum { MOST = 3000 };
    static struct place places[2][MOST];
    for (uint32_t seed = 1; seed <= 2; seed++) {
        uint32_t state = seed;
        struct term *t = terminal(12, 30, 2000);
        feed_some(t, &state, 250);
        for (size_t i = 0; i < PATTERNS; i++) {
            int n = all_results(t, i, -1, 1 << 30, places[0], MOST);
            if (n < MOST)
                check_count(t, n, true);
            for (int k = 0; k < 2; k++) {
                int m = all_results(t, i, -1, k ? 5 : 777, places[1], MOST);
                ck_assert_msg(
                    n == m && memcmp(places[0], places[1], (size_t)n * sizeof(places[0][0])) == 0,
                    "%s: %d and %d results", patterns[i].text, n, m);
            }
            /* The other way round they come in the other order. */
            int m = all_results(t, i, 1, 1 << 30, places[1], MOST);
            ck_assert_int_eq(n, m);
            if (n < MOST)
                check_count(t, n, false);
            for (int k = 0; k < n && n < MOST; k++) {
                ck_assert_uint_eq(places[0][k].row, places[1][n - 1 - k].row);
                ck_assert_int_eq(places[0][k].col, places[1][n - 1 - k].col);
            }
        }
        find_end();
        term_free(t);
    }
}
END_TEST

/* As many results as the text has where it is looked through otherwise. */
START_TEST(finds_them_all)
{
    enum { MOST = 20000 };
    static struct place places[MOST];
    uint32_t state = 77;
    struct term *t = terminal(12, 30, 5000);
    feed_some(t, &state, 400);
    for (size_t i = 0; i < 2; i++) {
        const char *needle = i ? "\xe6\x97\xa5" : "ab";
        term_select_all(t);
        char *text = term_selection_text(t, NULL);
        term_select_clear(t);
        int count = 0;
        for (const char *at = text; (at = strstr(at, needle)); at += strlen(needle))
            count++;
        ck_assert_int_gt(count, 50);
        ck_assert_int_eq(all_results(t, i ? 3 : 0, -1, 1 << 30, places, MOST), count);
        free(text);
    }
    /* The same expressed otherwise. */
    static struct place again[MOST];
    int n = all_results(t, 0, -1, 1 << 30, places, MOST);
    find_end();
    for (int i = 0; i < n; i++) {
        ck_assert(find(t, "[a]b{1}", TERM_SEARCH_REGEX, -1));
        again[i] = t->search.at;
    }
    ck_assert(memcmp(places, again, (size_t)n * sizeof(again[0])) == 0);
    find_end();
    term_free(t);
}
END_TEST

/* What happens to the text between two steps. */
static void disturb(struct term *t, uint32_t *state)
{
    switch (next(state) % 12) {
    case 0:
        term_resize(t, 5 + (int)(next(state) % 20), 10 + (int)(next(state) % 60));
        break;
    case 1:
        feed(t, "\x1b[?1049h");
        feed_some(t, state, 3);
        break;
    case 2:
        feed(t, "\x1b[?1049l");
        break;
    case 3:
        if (next(state) % 8 == 0)
            feed(t, "\x1b[3J");
        break;
    case 4:
        term_scroll(t, (int)(next(state) % 100) - 50);
        break;
    default:
        feed_some(t, state, 5);
    }
}

/* The text at a place begins with what was looked for. */
static bool stands_at(struct term *t, struct place at, const char *text)
{
    struct text_piece p;
    struct codes codes = {0};
    ck_assert(piece_load(&codes, &p, t, at.row));
    bool found = false;
    for (int i = 0; i < codes.n && !found; i++) {
        struct place here = codes_place(&codes, i);
        found = here.row == at.row && here.col == at.col;
        for (int k = 0; text[k] && found; k++)
            found = i + k < codes.n && codes.code[i + k] == (uint32_t)text[k];
        if (found)
            break;
    }
    codes_free(&codes);
    return found;
}

/* A result is there when it is shown, whatever happened on the way; the search ends. */
START_TEST(text_moves_on)
{
    int found = 0;
    for (uint32_t seed = 1; seed <= 150; seed++) {
        uint32_t state = seed * 2654435761u;
        struct term *t = terminal(10, 25, 300);
        feed_some(t, &state, 200);
        const char *needle = seed % 2 ? "bbab" : "aAbB";
        struct term_search *s = term_search_new(needle, 0);
        enum term_search_step step = TERM_SEARCH_NONE;
        for (int k = 0; k < 6; k++) {
            term_search_begin(s, t, seed % 3 ? -1 : 1);
            for (int i = 0; (step = term_search_step(s, t)) == TERM_SEARCH_TEXT; i++) {
                bool done = term_search_look(s, 40);
                for (int again = 0; !done; again++) {
                    if (again < 30)
                        disturb(t, &state);
                    done = term_search_look(s, 40);
                }
                if (i < 30)
                    disturb(t, &state);
                ck_assert_int_lt(i, 10000);
            }
            if (step == TERM_SEARCH_NONE)
                break;
            found++;
            ck_assert(stands_at(t, t->search.at, needle));
            ck_assert_int_le(term_search_percent(s), 100);
        }
        /* Given up in the middle: the next search knows nothing of it. */
        struct place first[2] = {{0, 0}, {0, 0}};
        for (int k = 0; k < 2; k++) {
            find_end();
            if (find(t, needle, 0, -1))
                first[k] = t->search.at;
            term_search_begin(s, t, -1);
            if (term_search_step(s, t) == TERM_SEARCH_TEXT)
                term_search_look(s, (int)(next(&state) % 100));
        }
        ck_assert(first[0].row == first[1].row && first[0].col == first[1].col);
        term_search_free(s);
        find_end();
        term_free(t);
    }
    ck_assert_int_gt(found, 100);
}
END_TEST

/* A row that stays where it is is found while others pour in behind it. */
START_TEST(found_in_a_flood)
{
    for (int up = 0; up < 2; up++) {
        struct term *t = terminal(10, 80, 20000);
        for (int i = 0; i < 15000; i++)
            feed(t, i == 5000 ? "here is the needle\r\n" : "a row of plain text\r\n");
        struct term_search *s = term_search_new("needle", TERM_SEARCH_IGNORE_CASE);
        enum term_search_step step;
        int steps = 0;
        term_search_begin(s, t, up ? -1 : 1);
        while ((step = term_search_step(s, t)) == TERM_SEARCH_TEXT) {
            feed(t, "another row of the flood\r\nand another\r\n");
            while (!term_search_look(s, 1000))
                feed(t, "another row of the flood\r\n");
            steps++;
        }
        ck_assert_int_gt(steps, 5);
        ck_assert_int_eq(step, TERM_SEARCH_FOUND);
        ck_assert_uint_eq(t->search.at.row, 5000);
        ck_assert_int_eq(t->search.at.col, 12);
        char *text = term_screen_text(t);
        ck_assert_ptr_nonnull(strstr(text, "here is the needle"));
        free(text);
        /* The same one again, from the other end. */
        term_search_begin(s, t, up ? -1 : 1);
        while ((step = term_search_step(s, t)) == TERM_SEARCH_TEXT) {
            while (!term_search_look(s, 1 << 20))
                ;
        }
        ck_assert_int_eq(step, TERM_SEARCH_BEGUN_AGAIN);
        ck_assert_uint_eq(t->search.at.row, 5000);
        term_search_free(s);
        term_free(t);
    }
}
END_TEST

/* Of this thread alone: the machine may be doing something else. */
static double seconds(void)
{
    return (double)host_thread_clock(host_thread_self()) / 1e9;
}

/* The longest a step or a look took. */
static double longest(struct term *t, const char *text, unsigned how)
{
    double worst = 0, from = seconds(), to;
    struct term_search *s = term_search_new(text, how);
    enum term_search_step step;
    term_search_begin(s, t, -1);
    do {
        step = term_search_step(s, t);
        to = seconds();
        worst = to - from > worst ? to - from : worst;
        for (bool done = step != TERM_SEARCH_TEXT; !done;) {
            from = seconds();
            done = term_search_look(s, 1000000);
            to = seconds();
            worst = to - from > worst ? to - from : worst;
        }
        from = seconds();
    } while (step == TERM_SEARCH_TEXT);
    ck_assert_int_eq(step, TERM_SEARCH_NONE);
    term_search_free(s);
    return worst;
}

START_TEST(no_step_takes_long)
{
    struct term *t = terminal(50, 160, 30000);
    uint32_t state = 5;
    for (int i = 0; i < 30000; i++) {
        char line[163];
        for (int k = 0; k < 160; k++)
            line[k] = "etaoin shrdlu 0123456789"[next(&state) % 24];
        memcpy(line + 160, "\r\n", 3);
        feed(t, line);
    }
    ck_assert_double_lt(longest(t, "zqzqzqz", 0), STEP_SECONDS);
    ck_assert_double_lt(longest(t, "[0-9]+z+q", TERM_SEARCH_REGEX), STEP_SECONDS);
    term_free(t);
}
END_TEST

/* One line that fills all of the scrollback, and an expression that takes as long as any can. */
START_TEST(no_line_takes_long)
{
    struct term *t = terminal(50, 160, 300);
    struct term_view *v = term_view_new();
    for (int i = 0; i < 400 * 160; i++)
        feed(t, i % 100 == 99 ? "y" : "x");
    ck_assert_double_lt(longest(t, "(x+x+)+(y|x)+z", TERM_SEARCH_REGEX), STEP_SECONDS);
    struct term_search *s = term_search_new("(x{1,9}y?){1,9}(q.*)?", TERM_SEARCH_REGEX);
    term_search_begin(s, t, -1);
    int updates = 0;
    do {
        double from = seconds();
        ck_assert(term_view_update(v, t, true));
        ck_assert_double_lt(seconds() - from, STEP_SECONDS);
        ck_assert_int_lt(++updates, 10000);
    } while (term_view_unfinished(v));
    ck_assert_int_gt(updates, 1);
    for (int row = 0; row < 50; row++) {
        const struct term_cell *cells = term_view_row(v, row);
        for (int i = 0; i < 160; i++)
            ck_assert(!(cells[i].attr & TERM_MATCHED) == !cells[i].ch);
    }
    /* And now nothing is left to do. */
    ck_assert(!term_view_update(v, t, true));
    term_search_end(t);
    ck_assert(term_view_update(v, t, true));
    ck_assert(!(term_view_row(v, 0)[0].attr & TERM_MATCHED));
    term_search_free(s);
    term_view_free(v);
    term_free(t);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("search");
    tcase_set_timeout(tests, 0);
    tcase_add_test(tests, any_step_gives_the_same);
    tcase_add_test(tests, finds_them_all);
    tcase_add_test(tests, text_moves_on);
    tcase_add_test(tests, found_in_a_flood);
    tcase_add_test(tests, no_step_takes_long);
    tcase_add_test(tests, no_line_takes_long);
    return unit_run("term search", tests);
}
