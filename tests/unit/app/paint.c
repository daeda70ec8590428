/* Pictures made of cells: clipping, lines that meet, glyphs, whole views, PNG. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "app/draw/canvas.h"
#include "app/draw/contrast.h"
#include "app/draw/painter.h"
#include "app/draw/png.h"
#include "app/font/font.h"
#include "runtime/host/lock.h"
#include "tests/unit/run.h"

#define WIDTH  200
#define HEIGHT 100
#define MARGIN 64 /* around the canvas, to see that nothing is written there */

static uint32_t memory[(HEIGHT + 2 * MARGIN) * WIDTH];
static struct canvas canvas;

static void clear(uint32_t color)
{
    for (size_t i = 0; i < sizeof(memory) / sizeof(memory[0]); i++)
        memory[i] = 0xdeadbeef;
    canvas = (struct canvas){memory + MARGIN * WIDTH, WIDTH, HEIGHT, WIDTH};
    canvas_fill(&canvas, 0, 0, WIDTH, HEIGHT, color);
}

static void check_margins(void)
{
    for (size_t i = 0; i < MARGIN * WIDTH; i++) {
        ck_assert_uint_eq(memory[i], 0xdeadbeef);
        ck_assert_uint_eq(memory[(MARGIN + HEIGHT) * WIDTH + i], 0xdeadbeef);
    }
}

static uint32_t pixel(int x, int y)
{
    return canvas.pixels[y * canvas.stride + x];
}

START_TEST(clipping)
{
    static const uint8_t mask[16 * 16] = {[0 ... 255] = 255};
    static const uint8_t image[16 * 16 * 4] = {[0 ... 1023] = 255};
    clear(0);
    canvas_fill(&canvas, -10, -10, 20, 20, 0x112233);
    canvas_fill(&canvas, WIDTH - 5, HEIGHT - 5, 1000, 1000, 0x112233);
    canvas_fill(&canvas, 50, 50, -3, -3, 0xff);
    canvas_mask(&canvas, -8, 40, mask, 16, 16, 16, 0x445566);
    canvas_mask(&canvas, WIDTH - 8, HEIGHT - 8, mask, 16, 16, 16, 0x445566);
    canvas_image(&canvas, 30, -8, image, 16, 16, 64, 256);
    canvas_image(&canvas, -100, -100, image, 16, 16, 64, 256);
    canvas_blend(&canvas, -1, HEIGHT, 0xffffff, 255);
    check_margins();
    ck_assert_uint_eq(pixel(9, 9), 0x112233);
    ck_assert_uint_eq(pixel(10, 10), 0);
    ck_assert_uint_eq(pixel(50, 50), 0);
    ck_assert_uint_eq(pixel(7, 40), 0x445566);
    ck_assert_uint_eq(pixel(8, 40), 0);
    ck_assert_uint_eq(pixel(WIDTH - 1, HEIGHT - 1), 0x445566);
    ck_assert_uint_eq(pixel(30, 7), 0xffffff);
}
END_TEST

START_TEST(mixing)
{
    clear(0x102030);
    canvas_blend(&canvas, 1, 1, 0xffffff, 0);
    canvas_blend(&canvas, 2, 1, 0xffffff, 255);
    ck_assert_uint_eq(pixel(1, 1), 0x102030);
    ck_assert_uint_eq(pixel(2, 1), 0xffffff);
    ck_assert_uint_eq(canvas_mix(0x000000, 0xffffff, 128), 0x7f7f7f);
    ck_assert_uint_eq(canvas_mix(0xff0000, 0x0000ff, 256), 0x0000ff);
}
END_TEST

/* Of the built-in font alone: the same on every machine. */
static struct font *built_in(double pixels)
{
    struct font_request request = {.family = FONT_BUILT_IN, .pixels = pixels, .alone = true};
    struct font *font = font_new(&request);
    ck_assert_ptr_nonnull(font);
    return font;
}

static const struct glyph *glyph_of(struct font *font, uint32_t code, unsigned style)
{
    const struct glyph *g;
    ck_assert_msg(font_glyph(font, &code, 1, style, 1, &g) == FONT_GLYPH, "U+%04x", code);
    return g;
}

START_TEST(built_in_font)
{
    const struct glyph *g;
    struct font *font = built_in(20);
    struct font_metrics m = font_metrics(font);
    ck_assert_int_eq(m.cell_width, 12);
    ck_assert_int_ge(m.cell_height, 22);
    ck_assert_int_le(m.underline + m.line, m.cell_height);
    for (uint32_t code = '!'; code < 127; code++)
        for (unsigned style = 0; style < FONT_STYLES; style++) {
            g = glyph_of(font, code, style);
            ck_assert_msg(g->pixels && g->width > 0 && g->width <= 2 * m.cell_width, "%c", code);
        }
    ck_assert(!glyph_of(font, ' ', 0)->pixels);
    uint32_t nowhere = 0xe123;
    ck_assert_int_eq(font_glyph(font, &nowhere, 1, 0, 1, &g), FONT_MISSING);
    font_free(font);
}
END_TEST

/* What is asked for and is not there gives another font, and says so. */
START_TEST(families)
{
    static const struct {
        const char *family;
        bool asked;
    } rows[] = {{FONT_BUILT_IN, true},
                {"", true},
                {"no such font, " FONT_BUILT_IN, false},
                {"no/such/file.ttf", false},
                {" " FONT_BUILT_IN " , no such font", true}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool asked;
        struct font_request request = {.family = rows[i].family, .pixels = 20};
        struct font *font = font_new(&request);
        ck_assert_ptr_nonnull(font);
        ck_assert_str_ne(font_family(font, &asked), "");
        ck_assert_msg(asked == rows[i].asked, "%s", rows[i].family);
        glyph_of(font, 'a', FONT_BOLD | FONT_ITALIC);
        font_free(font);
    }
}
END_TEST

/* The cache finds every glyph again when it has grown. */
START_TEST(many_glyphs)
{
    struct font *font = built_in(12);
    const struct glyph *a = glyph_of(font, 'a', 0);
    int width = a->width, top = a->top;
    for (uint32_t code = 0xa1; code < 0x180; code++)
        for (unsigned style = 0; style < FONT_STYLES; style++)
            glyph_of(font, code, style);
    a = glyph_of(font, 'a', 0);
    ck_assert_int_eq(a->width, width);
    ck_assert_int_eq(a->top, top);
    font_free(font);
}
END_TEST

static void ignore(void *context, const char *bytes, size_t n)
{
    (void)context;
    (void)bytes;
    (void)n;
}

/* What has not changed is not drawn; what has is the same as when all is drawn. The same when there
 * is time for one row in each call. */
static void paint_in_parts(uint64_t deadline_ns)
{
    static uint32_t other[HEIGHT * WIDTH];
    struct term_options options;
    struct term_callbacks callbacks = {.write = ignore};
    struct painter p = {.font = built_in(10), .padding = 1, .blink_shown = true};
    struct font_metrics m = font_metrics(p.font);
    int rows = (HEIGHT - 2) / m.cell_height, columns = (WIDTH - 2) / m.cell_width;
    term_options_default(&options);
    struct term *term = term_new(rows, columns, &options, &callbacks, NULL);
    struct term_view *view = term_view_new();
    static const char *const texts[] = {"\033[31mred\033[7minverse\033[m\r\n", "\033#6wide\r\n",
                                        "\033[4:3mcurly\033[m \033[9mstrike\033[m\r\n",
                                        "\033[2;3H\342\224\200\344\275\240\345\245\275",
                                        "\033[1;1H\033#3top\r\n\033#4top",
                                        /* Slanted letters reach into the padding. */
                                        "\033[3;1H\033[1;3mj\033[3;99HW/\033[m", "\033[H\033[Jx",
                                        /* The padding has the background's colour. */
                                        "\033[?5h", "\033[?5l", "\033]11;#123456\033\\"};
    clear(0);
    p.canvas = canvas;
    p.all = true;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        term_feed(term, texts[i], strlen(texts[i]));
        term_view_update(view, term, false);
        painter_draw(&p, view, deadline_ns);
        ck_assert(!p.unfinished || deadline_ns == 0);
        for (int calls = 1; p.unfinished; calls++) {
            term_view_update(view, term, false);
            painter_draw(&p, view, deadline_ns);
            ck_assert_int_le(calls, rows);
        }
        check_margins();
        struct painter whole = p;
        whole.canvas.pixels = other;
        whole.all = true;
        term_view_update(view, term, true);
        struct painted painted = painter_draw(&whole, view, HOST_FOREVER);
        ck_assert_int_eq(painted.height, HEIGHT);
        for (int at = 0; at < WIDTH * HEIGHT; at++)
            ck_assert_msg(other[at] == canvas.pixels[at], "step %d at %d,%d", (int)i, at % WIDTH,
                          at / WIDTH);
    }
    term_view_update(view, term, false);
    term_view_free(view);
    term_free(term);
    font_free(p.font);
}

START_TEST(painting_in_parts)
{
    paint_in_parts(HOST_FOREVER);
    paint_in_parts(0);
}
END_TEST

START_TEST(contrast)
{
    ck_assert_double_eq_tol(contrast_ratio(0xffffff, 0), 21, 1e-9);
    ck_assert_double_eq_tol(contrast_ratio(0x777777, 0xffffff), 4.478, 0.001);
    ck_assert_uint_eq(contrast_raise(0x777777, 0xffffff, 4.4), 0x777777);
    static const uint32_t pairs[][2] = {{0x0000ee, 0},        {0x002b36, 0x002b36},
                                        {0xffff00, 0xffffff}, {0x123456, 0x654321},
                                        {0x808080, 0x7f7f7f}, {0, 0x111111}};
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        for (double least = 1.5; least < 4.6; least += 0.5) {
            uint32_t raised = contrast_raise(pairs[i][0], pairs[i][1], least);
            ck_assert_double_ge(contrast_ratio(raised, pairs[i][1]), least);
            if (contrast_ratio(pairs[i][0], pairs[i][1]) < least)
                ck_assert_double_le(contrast_ratio(raised, pairs[i][1]), least + 0.2);
        }
    }
    ck_assert_uint_eq(contrast_raise(0x808080, 0, 21), 0xffffff);
    ck_assert_uint_eq(contrast_raise(0x808080, 0x808080, 21), 0);
}
END_TEST

/* A terminal of 4 rows and 10 columns in a canvas with a padding of 8 and a remainder. */
struct shown {
    struct painter p;
    struct term *term;
    struct term_view *view;
    struct font_metrics m;
};

static struct shown shown_new(void)
{
    struct term_options options;
    struct term_callbacks callbacks = {.write = ignore};
    struct shown s = {.p = {.font = built_in(10), .padding = 8, .blink_shown = true, .all = true}};
    s.m = font_metrics(s.p.font);
    clear(0xabcdef);
    s.p.canvas = canvas_part(&canvas, 0, 0, 10 * s.m.cell_width + 19, 4 * s.m.cell_height + 18);
    term_options_default(&options);
    s.term = term_new(4, 10, &options, &callbacks, NULL);
    s.view = term_view_new();
    return s;
}

static void show(struct shown *s, const char *text)
{
    term_feed(s->term, text, strlen(text));
    term_view_update(s->view, s->term, false);
    painter_draw(&s->p, s->view, HOST_FOREVER);
}

static void shown_free(struct shown *s)
{
    term_view_free(s->view);
    term_free(s->term);
    font_free(s->p.font);
}

static void check_pixel(const struct shown *s, int x, int y, uint32_t color)
{
    uint32_t is = s->p.canvas.pixels[y * s->p.canvas.stride + x];
    ck_assert_msg(is == color, "%d,%d: %06x, not %06x", x, y, is, color);
}

/* The space around the text has the colours of the cells beside it, and no others. */
START_TEST(padding)
{
    struct shown s = shown_new();
    int right = s.p.canvas.width - 1, bottom = s.p.canvas.height - 1;
    int second = 8 + s.m.cell_height + 2, column = 8 + s.m.cell_width + 1;
    show(&s, "\033[48;2;1;2;3m \033[48;2;4;5;6m \033[m\033[1;10H\033[41m "
             "\033[2;1H\033[48;2;7;8;9m \033[m\033[4;1H\033[42m\033[K\033[m");
    check_pixel(&s, 0, 0, 0x010203);
    check_pixel(&s, 7, 8, 0x010203);
    check_pixel(&s, column, 0, 0x040506);
    check_pixel(&s, column + s.m.cell_width, 0, 0);
    check_pixel(&s, right, 0, 0xcd0000);
    check_pixel(&s, right, 9, 0xcd0000);
    check_pixel(&s, 0, second, 0x070809);
    check_pixel(&s, right, second, 0);
    for (int x = 0; x <= right; x++)
        check_pixel(&s, x, bottom, 0x00cd00);
    /* What is selected ends at the text. A row that changes changes its sides. */
    term_select_start(s.term, 0, 0, TERM_SELECT_LINE);
    show(&s, "\033[3;1H\033[44m ");
    check_pixel(&s, 0, 0, 0x010203);
    check_pixel(&s, 0, second + s.m.cell_height, 0x0000ee);
    show(&s, "\033[m\033[1;1H\033[2K\033[4;1H\033[2K");
    check_pixel(&s, 0, 0, 0);
    check_pixel(&s, right, bottom, 0);
    /* A line of double width has half the columns. */
    show(&s, "\033[4;1H\033#6\033[45m \033[4;5H\033[43m ");
    check_pixel(&s, 0, bottom, 0xcd00cd);
    check_pixel(&s, 8 + 2 * s.m.cell_width - 1, bottom, 0xcd00cd);
    check_pixel(&s, 8 + 2 * s.m.cell_width, bottom, 0);
    check_pixel(&s, right, bottom - 10, 0xcdcd00);
    shown_free(&s);
}
END_TEST

/* The lightest pixel of a cell. */
static uint32_t brightest(const struct shown *s, int row, int column)
{
    uint32_t most = 0;
    for (int y = 0; y < s->m.cell_height; y++)
        for (int x = 0; x < s->m.cell_width; x++) {
            const struct canvas *c = &s->p.canvas;
            uint32_t is = c->pixels[(8 + row * s->m.cell_height + y) * c->stride + 8 +
                                    column * s->m.cell_width + x];
            if (contrast_ratio(is, 0) > contrast_ratio(most, 0))
                most = is;
        }
    return most;
}

/* Text has the contrast that is asked for, blocks stay as they are, and what is selected or found
 * can be read without asking. */
START_TEST(least_contrast)
{
    struct shown s = shown_new();
    show(&s, "\033[4;34mH\342\226\210");
    ck_assert_double_lt(contrast_ratio(brightest(&s, 0, 0), 0), 2.3);
    s.p.contrast = 4.5;
    s.p.all = true;
    show(&s, "");
    ck_assert_double_ge(contrast_ratio(brightest(&s, 0, 0), 0), 4.4);
    ck_assert_uint_eq(brightest(&s, 0, 1), 0x0000ee);
    s.p.contrast = 1;
    s.p.selection_background = 0x2c4a78 | COLOR_SET;
    s.p.all = true;
    term_select_start(s.term, 0, 0, TERM_SELECT_LINE);
    show(&s, "");
    ck_assert_double_ge(contrast_ratio(brightest(&s, 0, 0), 0x2c4a78), 4.4);
    shown_free(&s);
}
END_TEST

START_TEST(png)
{
    size_t size;
    clear(0x123456);
    uint8_t *bytes = png_encode(&canvas, &size);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_mem_eq(bytes, "\211PNG\r\n\032\n\0\0\0\015IHDR\0\0\0\310\0\0\0\144\010\002", 26);
    /* The CRC every reader checks; IEND's is known. */
    ck_assert_mem_eq(bytes + size - 12, "\0\0\0\0IEND\256B`\202", 12);
    ck_assert_uint_gt(size, WIDTH * HEIGHT * 3);
    free(bytes);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("paint");
    tcase_set_timeout(tc, 100);
    tcase_add_test(tc, clipping);
    tcase_add_test(tc, mixing);
    tcase_add_test(tc, built_in_font);
    tcase_add_test(tc, families);
    tcase_add_test(tc, many_glyphs);
    tcase_add_test(tc, painting_in_parts);
    tcase_add_test(tc, contrast);
    tcase_add_test(tc, padding);
    tcase_add_test(tc, least_contrast);
    tcase_add_test(tc, png);
    return unit_run("paint", tc);
}
