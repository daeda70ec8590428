/*
 * libtsm's screen behaves the same on every host: on Windows its code has been converted from the
 * Linux library (packaging/libtsm-to-coff.py). A long, fixed sequence of operations has to leave
 * the same cells, attributes and ages everywhere; the expected sums were taken on Linux.
 */
#include "tests/unit/run.h"
#include <check.h>
#include <libtsm.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Defined by the converted library's header. */
#ifndef TSM_ABI
#define TSM_ABI
#endif

struct picture {
    uint64_t sum;
    unsigned int cells;
    unsigned int bold;
    unsigned int wide;
};

static void mix(uint64_t *sum, uint64_t value)
{
    *sum = (*sum ^ value) * 0x100000001b3u;
}

static TSM_ABI int draw(struct tsm_screen *screen, uint64_t id, const uint32_t *ch, size_t len,
                        unsigned int width, unsigned int x, unsigned int y,
                        const struct tsm_screen_attr *attr, tsm_age_t age, void *data)
{
    struct picture *picture = data;
    (void)screen;
    mix(&picture->sum, id);
    mix(&picture->sum, len ? ch[0] : 0);
    mix(&picture->sum, width << 24 | x << 12 | y);
    mix(&picture->sum, (uint8_t)attr->fccode << 8 | attr->fr);
    mix(&picture->sum, attr->bold | attr->italic << 1 | attr->underline << 2 | attr->inverse << 3 |
                           attr->protect << 4 | attr->blink << 5);
    mix(&picture->sum, age);
    picture->cells++;
    picture->bold += attr->bold;
    picture->wide += width == 2;
    return 0;
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void operate(struct tsm_screen *screen, uint32_t *random)
{
    struct tsm_screen_attr attr;
    memset(&attr, 0, sizeof(attr));
    attr.fccode = next_random(random) % 16;
    attr.bccode = -1;
    attr.fr = next_random(random);
    attr.bold = next_random(random);
    attr.blink = next_random(random);
    attr.protect = next_random(random) % 8 == 0;
    unsigned int many = next_random(random) % 8;
    switch (next_random(random) % 16) {
    case 0:
        tsm_screen_move_to(screen, next_random(random) % 79, next_random(random) % 25);
        break;
    case 1:
        tsm_screen_newline(screen);
        break;
    case 2:
        tsm_screen_insert_lines(screen, many);
        break;
    case 3:
        tsm_screen_delete_chars(screen, many);
        break;
    case 4:
        tsm_screen_set_def_attr(screen, &attr);
        tsm_screen_erase_cursor_to_screen(screen, many & 1);
        break;
    case 5:
        tsm_screen_set_margins(screen, many, 12 + many);
        break;
    case 6:
        tsm_screen_scroll_up(screen, many);
        break;
    case 7:
        tsm_screen_set_flags(screen, TSM_SCREEN_AUTO_WRAP);
        break;
    case 8:
        ck_assert_int_eq(tsm_screen_resize(screen, 80 + many, 25 + many), 0);
        break;
    case 9:
        tsm_screen_write(screen, 0x4e00 + next_random(random) % 100, &attr);
        break;
    default:
        for (unsigned int i = 0; i < 20; i++)
            tsm_screen_write(screen, ' ' + next_random(random) % 95, &attr);
        break;
    }
}

START_TEST(same_everywhere)
{
    struct tsm_screen *screen;
    ck_assert_int_eq(tsm_screen_new(&screen, NULL, NULL), 0);
    tsm_screen_set_max_sb(screen, 50);
    ck_assert_int_eq(tsm_screen_resize(screen, 80, 25), 0);
    uint32_t random = 1;
    struct picture picture = {.sum = 0xcbf29ce484222325u};
    for (int i = 0; i < 20000; i++) {
        operate(screen, &random);
        if (i % 100 == 0)
            mix(&picture.sum, tsm_screen_draw(screen, draw, &picture));
    }
    tsm_screen_clear_sb(screen);
    tsm_screen_unref(screen);
    ck_assert_uint_eq(picture.cells, 470138);
    ck_assert_uint_eq(picture.bold, 201324);
    ck_assert_uint_eq(picture.wide, 283);
    ck_assert_uint_eq(picture.sum, 9905270003933737501u);
}
END_TEST

START_TEST(selection)
{
    struct tsm_screen *screen;
    ck_assert_int_eq(tsm_screen_new(&screen, NULL, NULL), 0);
    ck_assert_int_eq(tsm_screen_resize(screen, 20, 2), 0);
    struct tsm_screen_attr attr = {.fccode = 7, .bccode = 0};
    for (const char *c = "some text"; *c; c++)
        tsm_screen_write(screen, *c, &attr);
    tsm_screen_write(screen, 0x4e2d, &attr);
    tsm_screen_selection_start(screen, 5, 0);
    tsm_screen_selection_target(screen, 10, 0);
    char *text = NULL;
    ck_assert_int_gt(tsm_screen_selection_copy(screen, &text), 0);
    ck_assert_str_eq(text, "text\xe4\xb8\xad");
    free(text);
    tsm_screen_unref(screen);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("screen");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, same_everywhere);
    tcase_add_test(tcase, selection);
    return unit_run("libtsm", tcase);
}
