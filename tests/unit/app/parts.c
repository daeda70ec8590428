/* What of the window needs none: links, what is asked before a
 * paste, the scroll bar's geometry, the line of the search bar. */
#define SDL_MAIN_HANDLED
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "app/draw/label.h"
#include "app/input/line_edit.h"
#include "app/window/drop.h"
#include "app/window/links.h"
#include "app/window/notices.h"
#include "app/window/paste.h"
#include "app/window/question.h"
#include "app/window/scroll_bar.h"
#include "tests/unit/run.h"

START_TEST(links)
{
    static const char *const good[] = {"http://example.org", "HTTPS://example.org/a?b=c#d",
                                       "ftp://example.org/x", "mailto:me@example.org"};
    static const char *const bad[] = {"",
                                      ":",
                                      "http:",
                                      "javascript:alert(1)",
                                      "httpx://example.org",
                                      "ssh://host",
                                      "ms-settings:",
                                      "C:\\Windows\\notepad.exe",
                                      "/etc/passwd",
                                      "data:text/html,x",
                                      "http://a b",
                                      "http://a\"b",
                                      "http://a\nb",
                                      "http://example.org/`id`"};
    static const char *const ours[] = {"file:///tmp/x", "file://localhost/tmp/x",
                                       "file://Machine/tmp/x", "FILE://machine/"};
    static const char *const others[] = {"file://server/share/x", "file:/tmp/x", "file://machine",
                                         "file://machine2/x", "file:////server/share"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        ck_assert_msg(link_allowed(good[i], "machine", false), "%s", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!link_allowed(bad[i], "machine", true), "%s", bad[i]);
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        ck_assert_msg(link_allowed(ours[i], "machine", true), "%s", ours[i]);
        ck_assert_msg(!link_allowed(ours[i], "machine", false), "%s", ours[i]);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        ck_assert_msg(!link_allowed(others[i], "machine", true), "%s", others[i]);
}
END_TEST

START_TEST(pasted_texts)
{
    static const struct {
        const char *text, *question, *details[QUESTION_DETAILS];
        bool line_ends;
        size_t controls;
    } cases[] = {
        {"one", "Paste text?", {"one", "", ""}, false, 0},
        {"tab\there", "Paste text?", {"tab here", "", ""}, false, 0},
        {"one\n", "Paste a line with its Enter?", {"one", "", ""}, true, 0},
        {"a\r\nb\rc\nd\n", "Paste 4 lines?", {"a", "b", "c"}, true, 0},
        {"\n\nx", "Paste 3 lines?", {"", "", "x"}, true, 0},
        {"\x1b[201~ls\x7f",
         "Paste text without 2 control characters?",
         {"^[[201~ls^?", "", ""},
         false,
         2},
        {"a\x03\nb", "Paste 2 lines without 1 control character?", {"a^C", "b", ""}, true, 1},
        {"\xc2\x9b\xc3\xa9",
         "Paste text without 1 control character?",
         {"<9B>\xc3\xa9", "", ""},
         false,
         1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct question q = {0};
        size_t n = strlen(cases[i].text);
        struct paste_look look = paste_look(cases[i].text, n);
        ck_assert_int_eq(look.line_ends, cases[i].line_ends);
        ck_assert_uint_eq(look.controls, cases[i].controls);
        paste_describe(&q, cases[i].text, n);
        ck_assert_str_eq(q.text, cases[i].question);
        for (int k = 0; k < QUESTION_DETAILS; k++)
            ck_assert_str_eq(q.details[k], cases[i].details[k]);
    }
    /* A long line is cut between characters. */
    char text[3000];
    struct question q = {0};
    for (size_t i = 0; i < sizeof(text); i += 3)
        memcpy(text + i, "\xe2\x82\xac", 3);
    paste_describe(&q, text, sizeof(text));
    size_t end = strlen(q.details[0]);
    ck_assert(end < QUESTION_TEXT && end > QUESTION_TEXT - 20);
    ck_assert_str_eq(q.details[0] + end - 6, "\xe2\x82\xac\xe2\x80\xa6");
    ck_assert_str_eq(q.details[1], "");
}
END_TEST

/* What a shell takes for one word. */
START_TEST(dropped_paths)
{
    static const char *const rows[][2] = {
        {"/mnt/c/Users/me/a.txt", "/mnt/c/Users/me/a.txt "},
        {"/mnt/c/Program Files/x", "'/mnt/c/Program Files/x' "},
        {"/tmp/it's", "'/tmp/it'\\''s' "},
        {"/tmp/\303\244\346\227\245", "/tmp/\303\244\346\227\245 "},
        {"/tmp/$(reboot)`x`;&", "'/tmp/$(reboot)`x`;&' "},
        {"/tmp/a\nb\033'\\", "$'/tmp/a\\012b\\033\\'\\\\' "},
        {"~x", "'~x' "},
        {"-rf", "'-rf' "},
        {"", "'' "},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct strbuf out = {.text = NULL};
        drop_quote(&out, rows[i][0]);
        ck_assert_str_eq(out.text, rows[i][1]);
        free(strbuf_finish(&out));
    }
}
END_TEST

START_TEST(scroll_geometry)
{
    struct scroll_place place = {.above = 300, .below = 0, .rows = 100};
    struct scroll_thumb thumb = scroll_thumb(&place, 400, 20);
    ck_assert_int_eq(thumb.height, 100);
    ck_assert_int_eq(thumb.top, 300);
    ck_assert_uint_eq(scroll_above(&place, 400, 20, 300), 300);
    ck_assert_uint_eq(scroll_above(&place, 400, 20, 150), 150);
    ck_assert_uint_eq(scroll_above(&place, 400, 20, -5), 0);
    ck_assert_uint_eq(scroll_above(&place, 400, 20, 1000), 300);
    /* A long scrollback: the thumb stays large enough to be held, and reaches both ends. */
    place = (struct scroll_place){.above = 0, .below = 100000000, .rows = 24};
    thumb = scroll_thumb(&place, 400, 20);
    ck_assert_int_eq(thumb.height, 20);
    ck_assert_int_eq(thumb.top, 0);
    ck_assert_uint_eq(scroll_above(&place, 400, 20, 380), 100000000);
    /* A window lower than the thumb. */
    ck_assert_int_eq(scroll_thumb(&place, 10, 20).height, 10);
    ck_assert_uint_eq(scroll_above(&place, 10, 20, 5), 0);
}
END_TEST

START_TEST(scroll_bar_comes_and_goes)
{
    struct scroll_bar bar = {.until = 0};
    struct scroll_place bottom = {.above = 10, .rows = 24},
                        up = {.above = 5, .below = 5, .rows = 24};
    struct scroll_place further = {.above = 11, .rows = 24};
    ck_assert(!scroll_bar_moved(&bar, &bottom, 1000));
    ck_assert(!scroll_bar_shown(&bar, 1000));
    ck_assert(!scroll_bar_moved(&bar, &further, 1000));
    ck_assert(scroll_bar_moved(&bar, &up, 1000));
    ck_assert(scroll_bar_shown(&bar, 1000));
    ck_assert(scroll_bar_moved(&bar, &bottom, 2000));
    ck_assert(scroll_bar_shown(&bar, 2001));
    ck_assert(!scroll_bar_shown(&bar, bar.until));
    bar.hovered = true;
    ck_assert(scroll_bar_shown(&bar, bar.until));
    bar.place.above = 0;
    ck_assert(!scroll_bar_shown(&bar, bar.until));
}
END_TEST

static struct line_edit line;

static enum line_edit_result key(uint32_t code, unsigned mods, const char *text)
{
    struct term_key event = {.code = code, .mods = mods, .text = text};
    return line_edit_key(&line, &event);
}

/* A few in a row, then as many as time gives back. */
START_TEST(notices)
{
    struct notices n = {.spent = 0};
    uint64_t now = 123456789;
    for (int i = 0; i < NOTICES_BURST; i++)
        ck_assert(notices_allow(&n, now + (uint64_t)i));
    ck_assert(!notices_allow(&n, now + 100));
    ck_assert(!notices_allow(&n, now + NOTICES_EVERY_MS - 1));
    ck_assert(notices_allow(&n, now + NOTICES_EVERY_MS));
    ck_assert(!notices_allow(&n, now + NOTICES_EVERY_MS + 1));
    now += 100 * NOTICES_EVERY_MS;
    for (int i = 0; i < NOTICES_BURST; i++)
        ck_assert(notices_allow(&n, now));
    ck_assert(!notices_allow(&n, now));
}
END_TEST

START_TEST(line_selected)
{
    static const struct {
        uint32_t code;
        unsigned mods;
        const char *text, *after;
        enum line_edit_result result;
        size_t cursor;
    } rows[] = {
        {'x', 0, "x", "x", LINE_EDIT_CHANGED, 1},
        {TERM_KEY_BACKSPACE, 0, NULL, "", LINE_EDIT_CHANGED, 0},
        {TERM_KEY_DELETE, 0, NULL, "", LINE_EDIT_CHANGED, 0},
        {TERM_KEY_LEFT, 0, NULL, "abc", LINE_EDIT_MOVED, 0},
        {TERM_KEY_RIGHT, 0, NULL, "abc", LINE_EDIT_MOVED, 3},
        {TERM_KEY_HOME, 0, NULL, "abc", LINE_EDIT_MOVED, 0},
        {'w', TERM_MOD_CTRL, NULL, "", LINE_EDIT_CHANGED, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        line_edit_clear(&line);
        line_edit_insert(&line, "abc", 3);
        line_edit_select(&line);
        ck_assert_int_eq(key(rows[i].code, rows[i].mods, rows[i].text), rows[i].result);
        ck_assert_str_eq(line.text, rows[i].after);
        ck_assert_uint_eq(line.cursor, rows[i].cursor);
        ck_assert(!line.selected);
    }
    line_edit_clear(&line);
    line_edit_select(&line);
    ck_assert(!line.selected);
}
END_TEST

START_TEST(line_editing)
{
    line_edit_clear(&line);
    ck_assert_int_eq(key('a', 0, "a"), LINE_EDIT_CHANGED);
    ck_assert_int_eq(key('e', 0, "e\xcc\x81"), LINE_EDIT_CHANGED);
    ck_assert_int_eq(key('b', 0, "b"), LINE_EDIT_CHANGED);
    ck_assert_str_eq(line.text, "ae\xcc\x81"
                                "b");
    /* The cursor goes by what the user sees as characters. */
    key(TERM_KEY_LEFT, 0, NULL);
    key(TERM_KEY_LEFT, 0, NULL);
    ck_assert_uint_eq(line.cursor, 1);
    key(TERM_KEY_RIGHT, 0, NULL);
    ck_assert_uint_eq(line.cursor, 4);
    ck_assert_int_eq(key(TERM_KEY_BACKSPACE, 0, NULL), LINE_EDIT_CHANGED);
    ck_assert_str_eq(line.text, "ab");
    ck_assert_int_eq(key(TERM_KEY_DELETE, 0, NULL), LINE_EDIT_CHANGED);
    ck_assert_str_eq(line.text, "a");
    key(TERM_KEY_HOME, 0, NULL);
    ck_assert_int_eq(key(TERM_KEY_BACKSPACE, 0, NULL), LINE_EDIT_MOVED);
    line_edit_clear(&line);
    line_edit_insert(&line, "one two\tthree\n", 14);
    ck_assert_str_eq(line.text, "one twothree");
    key('w', TERM_MOD_CTRL, NULL);
    ck_assert_str_eq(line.text, "one ");
    key(TERM_KEY_LEFT, TERM_MOD_CTRL, NULL);
    ck_assert_uint_eq(line.cursor, 0);
    key('k', TERM_MOD_CTRL, NULL);
    ck_assert_str_eq(line.text, "");
    /* Commands type nothing; too much does not fit. */
    ck_assert_int_eq(key('x', TERM_MOD_ALT, "x"), LINE_EDIT_NONE);
    ck_assert_int_eq(key(TERM_KEY_F1, 0, NULL), LINE_EDIT_NONE);
    for (int i = 0; i < 2 * LINE_EDIT_MAX; i++)
        line_edit_insert(&line, "\xc3\xa4", 2);
    ck_assert_uint_eq(line.length, strlen(line.text));
    ck_assert_uint_lt(line.length, LINE_EDIT_MAX);
    ck_assert_uint_eq(line.length % 2, 0);
}
END_TEST

START_TEST(label_width)
{
    ck_assert_int_eq(label_columns("abc", 3), 3);
    ck_assert_int_eq(label_columns("abc", 2), 2);
    ck_assert_int_eq(label_columns("\xe6\x97\xa5x", 4), 3);
    ck_assert_int_eq(label_columns("e\xcc\x81", 3), 1);
    ck_assert_int_eq(label_columns("", 0), 0);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("parts");
    tcase_add_test(tc, links);
    tcase_add_test(tc, pasted_texts);
    tcase_add_test(tc, dropped_paths);
    tcase_add_test(tc, scroll_geometry);
    tcase_add_test(tc, scroll_bar_comes_and_goes);
    tcase_add_test(tc, line_editing);
    tcase_add_test(tc, line_selected);
    tcase_add_test(tc, notices);
    tcase_add_test(tc, label_width);
    return unit_run("parts", tc);
}
