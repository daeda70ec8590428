/* No character of ASCII loses ink: in every font that is installed, in the built-in one and in its
 * styles, at every size from 6 to 48 points each picture lies in the rows of its cell. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/font/faces.h"
#include "app/font/font.h"
#include "app/host/fonts.h"
#include "tests/unit/run.h"

#define FROM 6
#define TO   48

#define FILES_MAX 1000

/* The first and the last row of a picture that have ink. */
static void inked(const struct glyph *g, int *first, int *last)
{
    *first = g->height;
    *last = -1;
    for (int y = 0; y < g->height; y++)
        for (int x = 0; x < g->pitch; x++)
            if (g->pixels[y * g->pitch + x]) {
                *first = *first < y ? *first : y;
                *last = y;
            }
}

/* The characters of one font at one size that stand out, by their rows. */
static int outside(struct font *font, const char *name, int points)
{
    struct font_metrics m = font_metrics(font);
    int bad = 0;
    for (unsigned style = 0; style < FONT_STYLES; style++)
        for (uint32_t code = '!'; code <= '~'; code++) {
            const struct glyph *g;
            if (font_glyph(font, &code, 1, style, 1, &g) != FONT_GLYPH || !g->pixels)
                continue;
            int first, last;
            inked(g, &first, &last);
            first += m.baseline - g->top;
            last += m.baseline - g->top;
            if (last < first || (first >= 0 && last < m.cell_height))
                continue;
            if (bad++ == 0)
                printf("%s, %d points, style %u: '%c' has rows %d to %d of %d\n", name, points,
                       style, (char)code, first, last, m.cell_height);
        }
    return bad;
}

static int look_at(const char *name, int step)
{
    int bad = 0;
    for (int points = FROM; points <= TO; points += step) {
        struct font_request request = {.family = name, .pixels = points * 96.0 / 72, .alone = true};
        struct font *font = font_new(&request);
        ck_assert_ptr_nonnull(font);
        bad += outside(font, name, points);
        font_free(font);
    }
    return bad;
}

START_TEST(built_in)
{
    ck_assert_int_eq(look_at(FONT_BUILT_IN, 1), 0);
}
END_TEST

static char *files[FILES_MAX];
static int count;

static void add(void *arg, const struct host_font *font, host_font_pages pages, const void *host)
{
    (void)arg;
    (void)pages;
    (void)host;
    for (int i = 0; i < count; i++)
        if (strcmp(files[i], font->path) == 0)
            return;
    if (count < FILES_MAX && faces_is_file(font->path) && (files[count] = strdup(font->path)))
        count++;
}

START_TEST(installed)
{
    int bad = 0;
    host_fonts_each(add, NULL);
    /* Where there are many, not every size of each. */
    for (int i = 0; i < count; i++) {
        bad += look_at(files[i], 1 + count / 40);
        free(files[i]);
    }
    printf("%d fonts\n", count);
    ck_assert_int_eq(bad, 0);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("ink");
    tcase_set_timeout(tests, 0);
    tcase_add_test(tests, built_in);
    tcase_add_test(tests, installed);
    return unit_run("ink", tests);
}
