/* Grapheme clusters against the Unicode Consortium's own test (grapheme_break.txt), widths of known
 * characters, and which of them an emoji selector makes wide. */
#include "term/unicode/unicode.h"
#include "tests/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A line: ÷ 0020 × 0308 ÷ 0020 ÷, where ÷ (C3 B7) parts and × (C3 97) joins. */
static bool line_holds(const char *line)
{
    struct grapheme g = {0};
    bool parts = true;
    for (const char *at = line; *at && *at != '#' && *at != '\n';) {
        if ((uint8_t)*at == 0xc3) {
            parts = (uint8_t)at[1] == 0xb7;
            at += 2;
        } else if (*at == ' ' || *at == '\t') {
            at++;
        } else {
            char *end;
            uint32_t code = (uint32_t)strtoul(at, &end, 16);
            if (end == at || grapheme_next(&g, code) != parts)
                return false;
            at = end;
        }
    }
    return true;
}

START_TEST(grapheme_break_test)
{
    char line[1024];
    char path[1024];
    int lines = 0;
    const char *tests = getenv("FORELAND_TESTS");
    ck_assert_msg(tests != NULL, "FORELAND_TESTS is not set");
    snprintf(path, sizeof(path), "%s/unit/term/grapheme_break.txt", tests);
    FILE *in = fopen(path, "rb");
    ck_assert_msg(in != NULL, "%s cannot be read", path);
    while (fgets(line, sizeof(line), in)) {
        if ((uint8_t)line[0] != 0xc3)
            continue;
        ck_assert_msg(line_holds(line), "%s", line);
        lines++;
    }
    fclose(in);
    ck_assert_int_gt(lines, 1000);
}
END_TEST

START_TEST(widths)
{
    static const struct {
        uint32_t code;
        int width;
    } known[] = {{'a', 1},
                 {0xe9, 1},
                 {0x300, 0},
                 {0x200b, 0},
                 {0x200d, 0},
                 {0xad, 1},
                 {0x1100, 2},
                 {0x1160, 0},
                 {0x11a8, 0},
                 {0x115f, 2},
                 {0x3042, 2},
                 {0x4e00, 2},
                 {0x9fff, 2},
                 {0xac00, 2},
                 {0xff01, 2},
                 {0xff61, 1},
                 {0x1f600, 2},
                 {0x1f1e6, 1},
                 {0x1f3fb, 2},
                 {0xfe0f, 0},
                 {0x20000, 2},
                 {0x3fffd, 2},
                 {0xe0001, 0},
                 {0x600, 1},
                 {0x2500, 1},
                 {0x1fbff, 1},
                 {0x10ffff, 1},
                 {0xfffd, 1},
                 {0x231a, 2},
                 {0x2764, 1},
                 /* New in 17.0, and in none of its predecessors. */
                 {0x1faea, 2},
                 {0x1fa8a, 2},
                 {0x1f6d8, 2},
                 {0x187f8, 2},
                 {0x18d1e, 2},
                 {0x16ff2, 2},
                 {0x323b0, 2},
                 {0x1acf, 0},
                 {0x1e6f5, 0},
                 {0x11db0, 1}};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        ck_assert_msg(unicode_width(known[i].code, false) == known[i].width, "U+%04X: %d",
                      (unsigned)known[i].code, unicode_width(known[i].code, false));
    ck_assert_int_eq(unicode_width(0xa1, false), 1);
    ck_assert_int_eq(unicode_width(0xa1, true), 2);
}
END_TEST

START_TEST(emoji_bases)
{
    static const uint32_t bases[] = {'#',    '*',    '0',    '9',     0xa9,
                                     0x203c, 0x2764, 0x3299, 0x1f170, 0x1f5fa};
    static const uint32_t others[] = {'a', ' ', 0x231a, 0x300, 0x4e00, 0x1f600, 0xfe0f};
    for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
        ck_assert_msg(unicode_emoji_base(bases[i]) == (unicode_width(bases[i], false) == 1),
                      "U+%04X", (unsigned)bases[i]);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        ck_assert_msg(!unicode_emoji_base(others[i]), "U+%04X", (unsigned)others[i]);
    ck_assert_int_eq(unicode_width('#', true), 1);
    ck_assert_int_eq(unicode_width(0x2665, false), 1);
    ck_assert_int_eq(unicode_width(0x2665, true), 2);
}
END_TEST

START_TEST(text_bases)
{
    static const uint32_t bases[] = {0x231a, 0x26a1, 0x2b50, 0x1f004, 0x1f44d, 0x1f610};
    static const uint32_t others[] = {'#', 0x2764, 0x1f600, 0x4e00, 0xa1, 0x1faea, 0x1f3fb};
    for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
        ck_assert_msg(unicode_text_base(bases[i]), "U+%04X", (unsigned)bases[i]);
        ck_assert_int_eq(unicode_width(bases[i], false), 2);
        ck_assert_int_eq(unicode_width(bases[i], true), 2);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        ck_assert_msg(!unicode_text_base(others[i]), "U+%04X", (unsigned)others[i]);
}
END_TEST

/* Every code point comes back from UTF-8; every broken form is taken apart as the Unicode
 * standard recommends (table 3-8). */
START_TEST(utf8)
{
    for (uint32_t code = 0; code < UNICODE_LIMIT; code++) {
        char bytes[4];
        uint32_t back;
        if (code >= 0xd800 && code < 0xe000)
            continue;
        size_t n = utf8_encode(code, bytes);
        ck_assert_uint_eq(utf8_decode((const uint8_t *)bytes, n, &back), n);
        ck_assert_uint_eq(back, code);
    }
    static const uint8_t broken[] = {0x61, 0xf1, 0x80, 0x80, 0xe1, 0x80, 0xc2,
                                     0x62, 0x80, 0x63, 0x80, 0xbf, 0x64};
    static const uint32_t wanted[] = {0x61,   0xfffd, 0xfffd, 0xfffd, 0x62,
                                      0xfffd, 0x63,   0xfffd, 0xfffd, 0x64};
    size_t at = 0, count = 0;
    while (at < sizeof(broken)) {
        uint32_t code;
        at += utf8_decode(broken + at, sizeof(broken) - at, &code);
        ck_assert_uint_lt(count, sizeof(wanted) / sizeof(wanted[0]));
        ck_assert_uint_eq(code, wanted[count++]);
    }
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("unicode");
    tcase_add_test(tests, grapheme_break_test);
    tcase_add_test(tests, widths);
    tcase_add_test(tests, emoji_bases);
    tcase_add_test(tests, text_bases);
    tcase_add_test(tests, utf8);
    return unit_run("unicode", tests);
}
