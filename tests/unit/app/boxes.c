/* Drawn characters: what is beside, below and opposite each other meets, in cells of every size
 * that a font has from 100 to 300 percent. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "app/draw/boxes.h"
#include "app/font/font.h"
#include "tests/unit/run.h"

#define SIZE_MAX_PIXELS 128

struct picture {
    int width, height;
    uint8_t lit[SIZE_MAX_PIXELS * SIZE_MAX_PIXELS]; /* 0 to 255 */
};

struct size {
    int width, height, line;
};

#define SIZES_MAX 64

static struct size sizes[SIZES_MAX];
static int size_count;

static void find_sizes(void)
{
    static const int percents[] = {100, 125, 150, 175, 200, 300};
    static const double points[] = {5, 8, 9, 10, 11, 12, 14, 18};
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
        for (size_t k = 0; k < sizeof(percents) / sizeof(percents[0]); k++) {
            struct font_request request = {
                .family = FONT_BUILT_IN, .pixels = points[i] * percents[k] / 75, .alone = true};
            struct font *font = font_new(&request);
            ck_assert_ptr_nonnull(font);
            struct font_metrics m = font_metrics(font);
            sizes[size_count++] = (struct size){m.cell_width, m.cell_height, m.line};
            font_free(font);
        }
    /* Lines and cells that the user has made higher, lower or wider. */
    static const struct size others[] = {
        {9, 11, 1}, {9, 26, 1}, {14, 17, 1}, {17, 52, 2}, {29, 31, 3}};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        sizes[size_count++] = others[i];
}

/* Draws into the middle of a larger canvas: false when the code point is not drawn; fails when
 * something is outside the cell. */
static bool draw(struct picture *p, uint32_t code, const struct size *size)
{
    static uint32_t pixels[(SIZE_MAX_PIXELS + 8) * (SIZE_MAX_PIXELS + 8)];
    const int stride = SIZE_MAX_PIXELS + 8, margin = 4;
    struct canvas canvas = {pixels, stride, stride, stride};
    ck_assert_int_le(size->height, SIZE_MAX_PIXELS);
    memset(pixels, 0, sizeof(pixels));
    if (!box_draw(&canvas, code, margin, margin, size->width, size->height, size->line, 0xffffff))
        return false;
    p->width = size->width;
    p->height = size->height;
    int outside = 0;
    for (int y = 0; y < stride; y++)
        for (int x = 0; x < stride; x++) {
            int u = x - margin, v = y - margin;
            bool inside = u >= 0 && v >= 0 && u < size->width && v < size->height;
            if (inside)
                p->lit[v * size->width + u] = pixels[y * stride + x] & 255;
            else
                outside += pixels[y * stride + x] != 0;
        }
    ck_assert_msg(outside == 0, "U+%04x spills in %dx%d", code, size->width, size->height);
    return true;
}

static int lit(const struct picture *p, int x, int y)
{
    return p->lit[y * p->width + x];
}

static bool is_drawn(uint32_t code)
{
    return (code >= 0x2500 && code <= 0x259f) || (code >= 0x2800 && code <= 0x28ff) ||
           (code >= 0xe0b0 && code <= 0xe0bf) ||
           (code >= 0x1fb00 && code <= 0x1fbaf && code != 0x1fb93) ||
           (code >= 0x1fbce && code <= 0x1fbdf) || (code >= 0x1fbe4 && code <= 0x1fbe7) ||
           (code >= 0x1cd00 && code <= 0x1cde5) || (code >= 0x1ce90 && code <= 0x1ceaf);
}

START_TEST(all_kinds)
{
    static const uint32_t ranges[][2] = {{0x24f0, 0x25b0},
                                         {0x27f0, 0x2910},
                                         {0xe0a0, 0xe0d0},
                                         {0x1ccf0, 0x1cec0},
                                         {0x1faf0, 0x1fc00}};
    static struct picture p;
    for (size_t r = 0; r < sizeof(ranges) / sizeof(ranges[0]); r++)
        for (uint32_t code = ranges[r][0]; code < ranges[r][1]; code++)
            for (int s = 0; s < size_count; s += 7) {
                bool drawn = draw(&p, code, &sizes[s]);
                ck_assert_msg(drawn == is_drawn(code), "U+%04x", code);
                int sum = 0;
                for (int i = 0; drawn && i < p.width * p.height; i++)
                    sum += p.lit[i];
                ck_assert_msg(!drawn || code == 0x2800 || sum >= 255, "U+%04x is blank", code);
            }
}
END_TEST

/* The pixels along an edge, 0 left, 1 up, 2 right, 3 down. Returns how many. */
static int edge_of(const struct picture *p, int edge, uint8_t *out)
{
    int n = edge % 2 == 0 ? p->height : p->width;
    for (int i = 0; i < n; i++)
        out[i] = (uint8_t)lit(p,
                              edge == 0   ? 0
                              : edge == 2 ? p->width - 1
                                          : i,
                              edge == 1   ? 0
                              : edge == 3 ? p->height - 1
                                          : i);
    return n;
}

/* Each edge of each character is blank or exactly what a straight line leaves there, so that any
 * two of them that both have a line there meet. */
START_TEST(lines_meet)
{
    static const uint32_t across[] = {0x2500, 0x2501, 0x2550}, along[] = {0x2502, 0x2503, 0x2551};
    static struct picture p, straight[2][3];
    for (int s = 0; s < size_count; s++) {
        for (int i = 0; i < 3; i++) {
            draw(&straight[0][i], across[i], &sizes[s]);
            draw(&straight[1][i], along[i], &sizes[s]);
        }
        for (uint32_t code = 0x2500; code < 0x2580; code++) {
            bool dashes = (code >= 0x2504 && code <= 0x250b) || (code >= 0x254c && code <= 0x254f);
            int ends = 0;
            /* In the smallest cells a double line takes the whole width. */
            bool fits = sizes[s].width >= 5 * sizes[s].line || code < 0x2550 || code > 0x256c;
            if (dashes || !fits || (code >= 0x2571 && code <= 0x2573))
                continue;
            draw(&p, code, &sizes[s]);
            for (int edge = 0; edge < 4; edge++) {
                uint8_t mine[SIZE_MAX_PIXELS], other[SIZE_MAX_PIXELS] = {0};
                int n = edge_of(&p, edge, mine);
                bool good = !memcmp(mine, other, (size_t)n);
                ends += !good;
                for (int i = 0; i < 3 && !good; i++) {
                    edge_of(&straight[edge % 2][i], edge, other);
                    good = !memcmp(mine, other, (size_t)n);
                }
                ck_assert_msg(good, "U+%04x edge %d in %dx%d", code, edge, p.width, p.height);
            }
            ck_assert_msg(ends >= (code >= 0x2574 && code <= 0x257b ? 1 : 2), "U+%04x", code);
        }
    }
}
END_TEST

static void spread(const struct picture *p, uint8_t *seen, int x, int y)
{
    static int stack[SIZE_MAX_PIXELS * SIZE_MAX_PIXELS];
    int top = 0;
    stack[top++] = y * p->width + x;
    seen[y * p->width + x] = 1;
    while (top > 0) {
        int at = stack[--top];
        static const int dx[4] = {1, -1, 0, 0}, dy[4] = {0, 0, 1, -1};
        for (int i = 0; i < 4; i++) {
            int u = at % p->width + dx[i], v = at / p->width + dy[i];
            if (u < 0 || v < 0 || u >= p->width || v >= p->height || seen[v * p->width + u] ||
                lit(p, u, v) < 64)
                continue;
            seen[v * p->width + u] = 1;
            stack[top++] = v * p->width + u;
        }
    }
}

static int pieces(const struct picture *p)
{
    static uint8_t seen[SIZE_MAX_PIXELS * SIZE_MAX_PIXELS];
    int count = 0;
    memset(seen, 0, sizeof(seen));
    for (int y = 0; y < p->height; y++)
        for (int x = 0; x < p->width; x++)
            if (!seen[y * p->width + x] && lit(p, x, y) >= 64) {
                spread(p, seen, x, y);
                count++;
            }
    return count;
}

/* Inside a cell the arms hang together; double lines are two, or as many as the corners make. */
START_TEST(corners_are_closed)
{
    static const uint8_t doubles[0x1d] = {2, 2, 1, 1, 2, 1, 1, 2, 1, 1, 2, 1, 1, 2, 1,
                                          2, 3, 1, 2, 3, 2, 1, 3, 2, 1, 3, 1, 1, 4};
    static struct picture p;
    for (int s = 0; s < size_count; s++)
        for (uint32_t code = 0x2500; code < 0x2574; code++) {
            bool dashes = (code >= 0x2504 && code <= 0x250b) || (code >= 0x254c && code <= 0x254f);
            if (dashes || sizes[s].width < 7 * sizes[s].line)
                continue;
            draw(&p, code, &sizes[s]);
            int expected = code >= 0x2550 && code <= 0x256c ? doubles[code - 0x2550] : 1;
            ck_assert_msg(pieces(&p) == expected, "U+%04x in %dx%d: %d pieces", code, p.width,
                          p.height, pieces(&p));
        }
}
END_TEST

/* Two characters that together make a full cell, without a gap and without overlap. */
static void check_pair(uint32_t a, uint32_t b, const struct size *size, int tolerance)
{
    static struct picture first, second;
    int bad = 0;
    ck_assert(draw(&first, a, size) && draw(&second, b, size));
    for (int i = 0; i < first.width * first.height; i++)
        bad += abs(first.lit[i] + second.lit[i] - 255) > tolerance;
    ck_assert_msg(bad == 0, "U+%04x and U+%04x in %dx%d: %d pixels", a, b, size->width,
                  size->height, bad);
}

static uint32_t sextant(unsigned bits)
{
    return bits == 0x15   ? 0x258c
           : bits == 0x2a ? 0x2590
                          : 0x1fb00 + bits - 1 - (bits > 0x15) - (bits > 0x2a);
}

/* The patterns of two by four that are characters of other kinds. */
static uint32_t octant(unsigned bits)
{
    static const struct {
        uint8_t bits;
        uint32_t code;
    } others[] = {{0x01, 0x1cea8}, {0x02, 0x1ceab}, {0x03, 0x1fb82}, {0x05, 0x2598},
                  {0x0a, 0x259d},  {0x0f, 0x2580},  {0x14, 0x1fbe6}, {0x28, 0x1fbe7},
                  {0x3f, 0x1fb85}, {0x40, 0x1cea3}, {0x50, 0x2596},  {0x55, 0x258c},
                  {0x5a, 0x259e},  {0x5f, 0x259b},  {0x80, 0x1cea0}, {0xa0, 0x2597},
                  {0xa5, 0x259a},  {0xaa, 0x2590},  {0xaf, 0x259c},  {0xc0, 0x2582},
                  {0xf0, 0x2584},  {0xf5, 0x2599},  {0xfa, 0x259f},  {0xfc, 0x2586}};
    uint32_t code = 0x1cd00 + bits - 1;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (others[i].bits == bits)
            return others[i].code;
        code -= others[i].bits < bits;
    }
    return code;
}

/* Each square of the pattern is lit and no other: in the middle of the square. */
START_TEST(octants_are_patterns)
{
    static struct picture p;
    for (int s = 0; s < size_count; s += 5)
        for (unsigned bits = 1; bits < 0xff && sizes[s].width >= 5; bits++) {
            ck_assert(draw(&p, octant(bits), &sizes[s]));
            for (int i = 0; i < 8; i++) {
                int x = p.width * (2 * (i % 2) + 1) / 4, y = p.height * (2 * (i / 2) + 1) / 8;
                ck_assert_msg(lit(&p, x, y) == (bits >> i & 1 ? 255 : 0), "U+%04x square %d",
                              octant(bits), i);
            }
        }
    ck_assert_uint_eq(octant(0xfe), 0x1cde5);
}
END_TEST

START_TEST(blocks_fill_cells)
{
    static const uint32_t pairs[][2] = {
        {0x2580, 0x2584},  {0x258c, 0x2590},  {0x2594, 0x2587},  {0x2595, 0x2589},
        {0x2596, 0x259c},  {0x2597, 0x259b},  {0x2598, 0x259f},  {0x259d, 0x2599},
        {0x259a, 0x259e},  {0x1fb82, 0x2586}, {0x1fb83, 0x2585}, {0x1fb84, 0x2583},
        {0x1fb85, 0x2582}, {0x1fb86, 0x2581}, {0x1fb87, 0x258a}, {0x1fb88, 0x258b},
        {0x1fb89, 0x258d}, {0x1fb8a, 0x258e}, {0x1fb8b, 0x258f}, {0x1fb95, 0x1fb96}};
    for (int s = 0; s < size_count; s++) {
        for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
            if (sizes[s].width >= 8)
                check_pair(pairs[i][0], pairs[i][1], &sizes[s], 0);
        for (unsigned bits = 1; bits < 0x3f; bits++)
            check_pair(sextant(bits), sextant(bits ^ 0x3f), &sizes[s], 0);
        for (unsigned bits = 1; bits < 0xff && s % 7 == 0; bits++)
            check_pair(octant(bits), octant(bits ^ 0xff), &sizes[s], 0);
    }
}
END_TEST

START_TEST(wedges_fill_cells)
{
    for (int s = 0; s < size_count; s++) {
        for (uint32_t code = 0x1fb3c; code < 0x1fb52; code++)
            check_pair(code, code + 22, &sizes[s], 3);
        for (uint32_t code = 0x1fb68; code < 0x1fb6c; code++)
            check_pair(code, code + 4, &sizes[s], 3);
        check_pair(0xe0b8, 0xe0be, &sizes[s], 3);
        check_pair(0xe0ba, 0xe0bc, &sizes[s], 3);
    }
}
END_TEST

/* A separator stands on the whole height of the cell beside it. */
START_TEST(separators_meet)
{
    static struct picture p;
    for (int s = 0; s < size_count; s++)
        for (uint32_t code = 0xe0b0; code < 0xe0b8; code += 2) {
            draw(&p, code, &sizes[s]);
            int x = code & 2 ? p.width - 1 : 0, full = 0;
            for (int y = 0; y < p.height; y++)
                full += lit(&p, x, y) == 255;
            /* All but what a slanted edge takes of one column, and the rows where it begins. */
            ck_assert_msg(full >= p.height - p.height / p.width - 2, "U+%04x in %dx%d: %d", code,
                          p.width, p.height, full);
            ck_assert_msg(lit(&p, p.width - 1 - x, p.height / 2) > 90, "U+%04x in %dx%d", code,
                          p.width, p.height);
        }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("boxes");
    tcase_set_timeout(tc, 100);
    tcase_add_unchecked_fixture(tc, find_sizes, NULL);
    tcase_add_test(tc, all_kinds);
    tcase_add_test(tc, lines_meet);
    tcase_add_test(tc, corners_are_closed);
    tcase_add_test(tc, octants_are_patterns);
    tcase_add_test(tc, blocks_fill_cells);
    tcase_add_test(tc, wedges_fill_cells);
    tcase_add_test(tc, separators_meet);
    return unit_run("boxes", tc);
}
