/* Pictures made of cells: clipping, lines that meet, glyphs, whole views, PNG. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "app/draw/canvas.h"
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
    tcase_add_test(tc, png);
    return unit_run("paint", tc);
}
