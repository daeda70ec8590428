/*
 * Pictures of the terminal, in the built-in font alone, compared with those in tests/pictures. On
 * failure the picture and its difference from the kept one are written into the working folder.
 * FORELAND_WRITE_PICTURES=1 writes the kept ones anew: look at them before they are committed.
 */
#include <check.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/draw/painter.h"
#include "app/font/font.h"
#include "tests/unit/run.h"
#include "tests/unit/term/find.h"

/* Average difference of a channel in a cell that is still the same picture: another version of
 * FreeType may round otherwise, but a line more or less is above. */
#define TOLERANCE 4.0

#define PADDING 3

enum mark { NOTHING, SELECTED, SEARCHED, UNFOCUSED, BLINKED };

struct scene {
    const char *name;
    int rows, columns;
    int percent;
    enum mark mark;
    const char *colors; /* a font in tests/pictures/fonts, besides the built-in one */
    const char *bytes;
};

#define LINES                                                                                                              \
    "┌─┬┐ ╔═╦╗ ╓─╥╖ ╒═╤╕ ┏━┳┓ ┎─┰┒ ╭─╮ ┄┅┆┇┈┉┊┋\r\n" \
    "│ ││ ║ ║║ ║ ║║ │ ││ ┃ ┃┃ ┃ ┃┃ │ │ ╌╍╎╏╴╸╶╺\r\n"               \
    "├─┼┤ ╠═╬╣ ╟─╫╢ ╞═╪╡ ┣━╋┫ ┠─╂┨ ╰─╯ ╱╲╳╵╹╷╻╽\r\n" \
    "└─┴┘ ╚═╩╝ ╙─╨╜ ╘═╧╛ ┗━┻┛ ┖─┸┚ ╼╾╿ ┝┾┿╀╁╃╄╆\r\n"

#define BLOCKS                                                                                                    \
    "░▒▓█ ▁▂▃▄▅▆▇█ ▉▊▋▌▍▎▏ ▀▐▔▕ ▖▗▘▙▚▛▜▝▞▟\r\n" \
    "⣿⡇⢀⠿⣤⠁ \356\202\260\356\202\261\356\202\262\356\202\263\356\202\264\356\202\265"                 \
    "\356\202\266\356\202\267\356\202\270\356\202\271\356\202\272\356\202\273\356\202\274"                        \
    "\356\202\276\r\n"                                                                                            \
    "🬀🬁🬂🬃🬓🬥🬻 🬼🬽🬾🬿🭀🭁🭂🭃🭗🭘🭇🭈 "                              \
    "🭨🭩🭪🭫🭬🭭🭮🭯 🮌🮍🮎🮏🮐🮑🮒🮔🮕🮖🮗\r\n"                           \
    "🭰🭵🭶🭻🭼🭽🭾🭿🮀🮁🮂🮃🮄🮅🮆🮇🮈🮉🮊🮋\r\n"

#define STYLES                                                                                     \
    "plain \033[1mbold\033[m \033[3mitalic\033[m \033[1;3mboth\033[m \033[2mdim\033[m "            \
    "\033[7minverse\033[m \033[8mconcealed\033[m|\r\n"                                             \
    "\033[4msingle\033[m \033[21mdouble\033[m \033[4:3mcurly\033[m \033[4:4mdotted\033[m "         \
    "\033[4:5mdashed\033[m \033[9mstrike\033[m \033[53mover\033[m\r\n"                             \
    "\033[4;58:2::255:0:0mred\033[m \033[21;58:5:10mgreen\033[m \033[4:3;58:2::80:80:255mblue"     \
    "\033[m \033[4:4;31mdots\033[m \033[4:5;33mdashes\033[m \033[4;7minverse\033[m\r\n"            \
    "\033[5mblink\033[m \033]8;;http://example.org/\033\\link\033]8;;\033\\ "                      \
    "\033[9;53;4:3;1mall of them\033[m\r\n"

/* Octants and sixteenths, hatching, half shades, diagonals from edges and from corners. */
#define QUARTERS                                                                                   \
    "\U0001cd00\U0001cd01\U0001cd32\U0001cd70\U0001cda9\U0001cde5 \U0001ce90\U0001ce95"            \
    "\U0001ce9f \U0001cea0\U0001cea3\U0001cea5\U0001cea8\U0001ceab\U0001ceae \U0001fbce\U0001fbcf" \
    "\U0001fbe4\U0001fbe5\U0001fbe6\U0001fbe7\r\n"                                                 \
    "\U0001fb98\U0001fb98\U0001fb99\U0001fb99 \U0001fb9c\U0001fb9d\U0001fb9e\U0001fb9f "           \
    "─\U0001fbaf─ \U0001fba3\U0001fba7\U0001fba2 \U0001fba0\U0001fba6\U0001fba1\r\n"           \
    "\U0001fb98\U0001fb98\U0001fb99\U0001fb99 \U0001fba4\U0001fba5\U0001fba8\U0001fba9 "           \
    "\U0001fbaa\U0001fbab\U0001fbac\U0001fbad \U0001fbae\U0001fbae\r\n"                            \
    "\U0001fbd0\U0001fbd1\U0001fbd2\U0001fbd3\U0001fbd4\U0001fbd5\U0001fbd6\U0001fbd7 "            \
    "\U0001fbd8\U0001fbd9\U0001fbda\U0001fbdb\U0001fbdc\U0001fbdd\U0001fbde\U0001fbdf\r\n"

static const struct scene scenes[] = {
    {"styles", 5, 46, 100, NOTHING, NULL, STYLES},
    {"styles-150", 5, 46, 150, NOTHING, NULL, STYLES},
    {"styles-300", 5, 46, 300, NOTHING, NULL, STYLES},
    {"blinked", 5, 46, 100, BLINKED, NULL, STYLES},
    {"lines", 5, 44, 100, NOTHING, NULL, LINES},
    {"lines-125", 5, 44, 125, NOTHING, NULL, LINES},
    {"lines-200", 5, 44, 200, NOTHING, NULL, LINES},
    {"blocks", 5, 44, 100, NOTHING, NULL, BLOCKS},
    {"blocks-175", 5, 44, 175, NOTHING, NULL, BLOCKS},
    {"quarters", 5, 26, 100, NOTHING, NULL, QUARTERS},
    {"quarters-175", 5, 26, 175, NOTHING, NULL, QUARTERS},
    {"colours", 4, 40, 100, NOTHING, NULL,
     "\033[31mred\033[32mgreen\033[34mblue\033[91mbright\033[38;5;208morange\033[m\r\n"
     "\033[40m \033[41m \033[42m \033[43m \033[44m \033[45m \033[46m \033[47m \033[100m "
     "\033[101m \033[102m \033[103m \033[104m \033[105m \033[106m \033[107m \033[m"
     "\033[48;2;0;0;0m \033[48;2;64;0;64m \033[48;2;128;0;128m \033[48;2;255;0;255m \033[m\r\n"
     "\033[30;103mon yellow\033[0;97;44mon blue\033[7mswapped\033[m\r\n"},
    {"clusters", 5, 30, 100, NOTHING, NULL,
     "\303\251 e\314\201 e\314\202\314\201 a\314\210\314\204 q\314\203 x\314\243\314\202 Vi\341"
     "\273\207t \303\205\r\n"
     "\330\250\331\220 \330\263\331\222 \331\205\331\216 \357\254\201 o\342\203\235\r\n"
     "\344\275\240\345\245\275 wide, not in this font\r\n"
     "e\u0302\u0301 x\u0302\u0301 e\u0302\u030c x\u0323\u0331 b\u0331 x\u0338 A\u0308\u0304 "
     "\u0301 e\u0302\u0301\u0323\u0308\u0331"},
    {"cursor-block", 2, 12, 100, NOTHING, NULL, "\033[2 qblock \033[32mAg\033[D"},
    {"cursor-underline", 2, 12, 150, NOTHING, NULL, "\033[4 qunder \033[32mAg\033[D"},
    {"cursor-bar", 2, 12, 150, NOTHING, NULL, "\033[6 qbar \033[32mAg\033[D"},
    {"cursor-hollow", 2, 12, 150, UNFOCUSED, NULL, "\033[2 qhollow \033[32mAg\033[D"},
    {"selection", 3, 30, 100, SELECTED, NULL,
     "this is \033[31mselected\033[m text\r\nand \033[7mmore\r\n"},
    {"search", 3, 30, 100, SEARCHED, NULL, "find this and\r\nthis, not that\r\n"},
    /* Layers, one that is transparent in places, and sequences that are one picture. */
    {.name = "layers-200",
     .rows = 2,
     .columns = 16,
     .percent = 200,
     .colors = "layers.ttf",
     .bytes = "\360\237\230\200 \360\237\230\201 \360\237\230\200\342\200\215\360\237"
              "\230\201 \360\237\230\200\360\237\217\275|"},
    /* Gradients, transformations and compositions. */
    {.name = "paints-200",
     .rows = 2,
     .columns = 16,
     .percent = 200,
     .colors = "layers.ttf",
     .bytes = "\360\237\230\201 \360\237\230\202 \360\237\230\203 \360\237\230\204 "
              "\360\237\230\205|"},
    {.name = "bitmaps-200",
     .rows = 2,
     .columns = 8,
     .percent = 200,
     .colors = "bitmaps.ttf",
     .bytes = "\360\237\230\200|\033[41m\360\237\230\200"},
    /* What is in colour is dimmed and hidden as text is. */
    {.name = "hidden",
     .rows = 2,
     .columns = 22,
     .percent = 100,
     .mark = BLINKED,
     .colors = "layers.ttf",
     .bytes = "\033[8mtext \U0001f600\033[m|\033[2mdim \U0001f600\033[m|\033[5mout "
              "\U0001f600\033[m|\r\n\033[4:3;58:5:9;8mtext\033[m|\033[7;2m\U0001f600\033[m"},
    /* Shapes narrower, wider and higher than their places in a font beside the chosen one. */
    {.name = "places-200",
     .rows = 2,
     .columns = 16,
     .percent = 200,
     .colors = "places.ttf",
     .bytes = "\u2764\ufe0f|\uA500|\uA501|\uA502|\uA503|\uA504|\r\n\uA500\uA500\uA501\uA501 "
              "\uf015\uf015 \uf015a"},
    {"cursor-tail", 1, 12, 150, NOTHING, NULL, "\033[2 qwide \345\245\275\033[D"},
    {"double", 7, 40, 100, NOTHING, NULL,
     "\033#6─│╭╯╔╬▄▞\u2847\ue0b0 box\r\n\033#6││\r\n\033#6double wide "
     "\033[4mline\033[m\r\n\033#3both \033[1mways\033[m\r\n"
     "\033#4both \033[1mways\033[m\r\nplain"},
};

static void ignore(void *context, const char *bytes, size_t n)
{
    (void)context;
    (void)bytes;
    (void)n;
}

static void set_mark(struct term *term, enum mark mark)
{
    term_focus(term, mark != UNFOCUSED);
    if (mark == SELECTED) {
        term_select_start(term, 0, 8, TERM_SELECT_CELL);
        term_select_extend(term, 1, 5);
    }
    if (mark == SEARCHED)
        ck_assert(find(term, "this", 0, -1));
}

static struct canvas paint(const struct scene *scene, struct font *font)
{
    struct term_options options;
    struct term_callbacks callbacks = {.write = ignore};
    struct font_metrics m = font_metrics(font);
    struct canvas canvas = {NULL, scene->columns * m.cell_width + 2 * PADDING,
                            scene->rows * m.cell_height + 2 * PADDING, 0};
    canvas.stride = canvas.width;
    canvas.pixels = calloc((size_t)canvas.width * (size_t)canvas.height, 4);
    struct painter p = {.font = font, .padding = PADDING, .all = true, .canvas = canvas};
    p.blink_shown = scene->mark != BLINKED;
    term_options_default(&options);
    struct term *term = term_new(scene->rows, scene->columns, &options, &callbacks, NULL);
    struct term_view *view = term_view_new();
    ck_assert(canvas.pixels && term && view);
    term_feed(term, scene->bytes, strlen(scene->bytes));
    set_mark(term, scene->mark);
    term_view_update(view, term, true);
    painter_draw(&p, view, UINT64_MAX);
    term_view_free(view);
    find_end();
    term_free(term);
    return canvas;
}

static void write_picture(const char *path, const struct canvas *canvas)
{
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)canvas->width,
                       .height = (png_uint_32)canvas->height,
                       .format = PNG_FORMAT_RGB};
    size_t n = (size_t)canvas->width * (size_t)canvas->height;
    uint8_t *rgb = malloc(n * 3);
    ck_assert_ptr_nonnull(rgb);
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < 3; k++)
            rgb[i * 3 + (size_t)k] = (uint8_t)(canvas->pixels[i] >> (16 - 8 * k));
    ck_assert_msg(png_image_write_to_file(&image, path, 0, rgb, 0, NULL), "%s: %s", path,
                  image.message);
    free(rgb);
}

/* NULL when there is none. */
static uint8_t *read_picture(const char *path, int *width, int *height)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_file(&image, path))
        return NULL;
    image.format = PNG_FORMAT_RGB;
    uint8_t *rgb = malloc(PNG_IMAGE_SIZE(image));
    ck_assert_ptr_nonnull(rgb);
    ck_assert(png_image_finish_read(&image, NULL, rgb, 0, NULL));
    *width = (int)image.width;
    *height = (int)image.height;
    return rgb;
}

/* Average difference of the channels in a rectangle; the differences are left in the picture. */
static double difference(struct canvas *canvas, const uint8_t *rgb, int x0, int y0, int width,
                         int height)
{
    long long sum = 0, count = 0;
    for (int y = y0; y < y0 + height && y < canvas->height; y++)
        for (int x = x0; x < x0 + width && x < canvas->width; x++) {
            int at = y * canvas->width + x;
            uint32_t now = canvas->pixels[at], shown = 0;
            for (int k = 0; k < 3; k++) {
                int d = abs((int)(now >> (16 - 8 * k) & 255) - rgb[at * 3 + k]);
                shown = shown << 8 | (uint32_t)d;
                sum += d;
                count++;
            }
            canvas->pixels[at] = shown;
        }
    return count ? (double)sum / (double)count : 0;
}

static void compare(const struct scene *scene, struct canvas *canvas, const uint8_t *rgb,
                    const struct font_metrics *m)
{
    double worst = 0;
    int worst_row = 0, worst_column = 0;
    char actual[256], differs[256];
    snprintf(actual, sizeof(actual), "picture-%s.png", scene->name);
    snprintf(differs, sizeof(differs), "picture-%s-difference.png", scene->name);
    struct canvas copy = *canvas;
    size_t bytes = (size_t)canvas->width * (size_t)canvas->height * 4;
    copy.pixels = malloc(bytes);
    ck_assert_ptr_nonnull(copy.pixels);
    memcpy(copy.pixels, canvas->pixels, bytes);
    for (int row = 0; row < scene->rows; row++)
        for (int column = 0; column < scene->columns; column++) {
            double d = difference(&copy, rgb, PADDING + column * m->cell_width,
                                  PADDING + row * m->cell_height, m->cell_width, m->cell_height);
            if (d > worst) {
                worst = d;
                worst_row = row;
                worst_column = column;
            }
        }
    if (worst > TOLERANCE) {
        write_picture(actual, canvas);
        write_picture(differs, &copy);
    }
    free(copy.pixels);
    ck_assert_msg(worst <= TOLERANCE, "%s: cell %d,%d differs by %.1f of 255; see %s and %s",
                  scene->name, worst_row, worst_column, worst, actual, differs);
}

static void check_scene(const struct scene *scene)
{
    char path[1024];
    int width = 0, height = 0;
    const char *tests = getenv("FORELAND_TESTS");
    snprintf(path, sizeof(path), FONT_BUILT_IN ", %s/pictures/fonts/%s", tests ? tests : "",
             scene->colors ? scene->colors : "");
    struct font_request request = {.family = scene->colors ? path : FONT_BUILT_IN,
                                   .pixels = 11.0 * scene->percent / 75,
                                   .alone = true};
    ck_assert_msg(tests != NULL, "FORELAND_TESTS is not set");
    struct font *font = font_new(&request);
    ck_assert_ptr_nonnull(font);
    struct font_metrics m = font_metrics(font);
    struct canvas canvas = paint(scene, font);
    snprintf(path, sizeof(path), "%s/pictures/%s.png", tests, scene->name);
    if (getenv("FORELAND_WRITE_PICTURES"))
        write_picture(path, &canvas);
    uint8_t *rgb = read_picture(path, &width, &height);
    ck_assert_msg(rgb != NULL, "%s cannot be read", path);
    ck_assert_msg(width == canvas.width && height == canvas.height, "%s: %dx%d, now %dx%d",
                  scene->name, width, height, canvas.width, canvas.height);
    compare(scene, &canvas, rgb, &m);
    free(rgb);
    free(canvas.pixels);
    font_free(font);
}

START_TEST(scene)
{
    check_scene(&scenes[_i]);
}
END_TEST

/* The comparison sees one line of pixels in one cell. */
START_TEST(comparing)
{
    struct font_request request = {.family = FONT_BUILT_IN, .pixels = 44, .alone = true};
    struct scene plain = {"", 1, 4, 300, NOTHING, NULL, "\033[?25labc"};
    struct scene marked = {"", 1, 4, 300, NOTHING, NULL, "\033[?25lab\033[4mc"};
    struct font *font = font_new(&request);
    struct font_metrics m = font_metrics(font);
    struct canvas a = paint(&plain, font), b = paint(&marked, font);
    uint8_t *rgb = malloc((size_t)a.width * (size_t)a.height * 3);
    for (int i = 0; i < a.width * a.height; i++)
        for (int k = 0; k < 3; k++)
            rgb[i * 3 + k] = (uint8_t)(a.pixels[i] >> (16 - 8 * k));
    ck_assert(
        difference(&b, rgb, PADDING + 1 * m.cell_width, PADDING, m.cell_width, m.cell_height) == 0);
    ck_assert(difference(&b, rgb, PADDING + 2 * m.cell_width, PADDING, m.cell_width,
                         m.cell_height) > TOLERANCE);
    free(rgb);
    free(a.pixels);
    free(b.pixels);
    font_free(font);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("picture");
    tcase_set_timeout(tc, 100);
    tcase_add_loop_test(tc, scene, 0, (int)(sizeof(scenes) / sizeof(scenes[0])));
    tcase_add_test(tc, comparing);
    return unit_run("picture", tc);
}
