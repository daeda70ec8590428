/* Which characters are pictures, and fonts of pictures that are broken. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/font/color.h"
#include "app/font/emoji.h"
#include "tests/unit/run.h"

START_TEST(presentation)
{
    static const struct {
        bool picture;
        size_t n;
        uint32_t codes[4];
    } rows[] = {
        {true, 1, {0x1f600}},
        {false, 2, {0x1f600, 0xfe0e}},
        {false, 1, {0x2764}},
        {true, 2, {0x2764, 0xfe0f}},
        {false, 2, {0x2764, 0xfe0e}},
        {true, 1, {0x231a}},
        {false, 1, {0x303d}},
        {false, 1, {0x3299}},
        {true, 2, {0x3299, 0xfe0f}},
        {true, 2, {0x1f1e9, 0x1f1ea}},
        {false, 1, {0x1f1e9}},
        {true, 2, {0x1f44d, 0x1f3fd}},
        {true, 1, {0x1f3fd}},
        {true, 3, {'1', 0xfe0f, 0x20e3}},
        {false, 2, {'1', 0x20e3}},
        {false, 1, {'#'}},
        {false, 1, {0x4e00}},
        {false, 2, {0x627, 0x200d}},
        {true, 3, {0x2764, 0x200d, 0x1f525}},
        {false, 0, {0}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_msg(emoji_presentation(rows[i].codes, rows[i].n) == rows[i].picture,
                      "row %d: U+%04X", (int)i, rows[i].codes[0]);
}
END_TEST

static unsigned char *read_font(size_t *size)
{
    char path[1024];
    const char *tests = getenv("FORELAND_TESTS");
    ck_assert_msg(tests != NULL, "FORELAND_TESTS is not set");
    snprintf(path, sizeof(path), "%s/pictures/fonts/layers.ttf", tests);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    unsigned char *bytes = malloc(65536);
    ck_assert_ptr_nonnull(bytes);
    *size = fread(bytes, 1, 65536, file);
    fclose(file);
    return bytes;
}

/* Every picture of the font; how many could be drawn. */
static int draw_all(struct face *face)
{
    int drawn = 0;
    for (uint32_t code = 0x1f601; code <= 0x1f605; code++) {
        struct glyph g = {.left = 0};
        if (color_draw(face, FT_Get_Char_Index(face->ft, code), &g))
            drawn++;
        glyph_clear(&g);
    }
    return drawn;
}

/* Any byte of the table may be anything: nothing is read outside it, and drawing comes to an end.
 */
START_TEST(broken_paints)
{
    static const uint8_t values[] = {0, 1, 0x7f, 0xff};
    FT_Library library;
    struct face face;
    size_t size;
    unsigned char *bytes = read_font(&size);
    ck_assert(!FT_Init_FreeType(&library));
    ck_assert(face_open_memory(library, &face, bytes, size));
    face_set_size(&face, 12);
    ck_assert_ptr_nonnull(face.colr);
    ck_assert_int_eq(draw_all(&face), 5);
    for (size_t at = 14; at < face.colr_size; at++) {
        unsigned char kept = face.colr[at];
        for (size_t i = 0; i < sizeof(values); i++) {
            face.colr[at] = values[i];
            draw_all(&face);
        }
        face.colr[at] = kept;
    }
    ck_assert_int_eq(draw_all(&face), 5);
    /* And the table may end anywhere. */
    size_t whole = face.colr_size;
    for (size_t end = 0; end < whole; end++) {
        face.colr_size = end;
        draw_all(&face);
    }
    face_close(&face);
    FT_Done_FreeType(library);
    free(bytes);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("emoji");
    tcase_set_timeout(tc, 100);
    tcase_add_test(tc, presentation);
    tcase_add_test(tc, broken_paints);
    return unit_run("emoji", tc);
}
