/* Text in cells of its own: how wide it is and how it is drawn. */
#include "app/draw/label.h"

#include <string.h>

#include "term/unicode/unicode.h"

#define CODES_MAX 16

/* The cluster at the beginning of a text: bytes taken, code points and columns. */
struct cluster {
    uint32_t codes[CODES_MAX];
    size_t count, bytes;
    int columns;
};

static struct cluster next_cluster(const char *text, size_t n)
{
    struct cluster out = {.columns = 0};
    struct grapheme state = {0};
    while (out.bytes < n) {
        uint32_t code;
        size_t k = utf8_decode((const uint8_t *)text + out.bytes, n - out.bytes, &code);
        if (grapheme_next(&state, code) && out.bytes > 0)
            break;
        int width = code < ' ' ? 0 : unicode_width(code, false);
        if (width > out.columns)
            out.columns = width;
        if (out.count < CODES_MAX)
            out.codes[out.count++] = code;
        out.bytes += k;
    }
    return out;
}

int label_columns(const char *text, size_t n)
{
    int columns = 0;
    for (size_t at = 0; at < n;) {
        struct cluster cluster = next_cluster(text + at, n - at);
        columns += cluster.columns;
        at += cluster.bytes;
    }
    return columns;
}

size_t label_fit(const char *text, size_t n, int columns)
{
    size_t at = 0;
    while (at < n) {
        struct cluster cluster = next_cluster(text + at, n - at);
        columns -= cluster.columns;
        if (columns < 0 && at > 0)
            break;
        at += cluster.bytes;
    }
    return at;
}

static void label_draw_cluster(struct painter *p, struct canvas *c, int x, int y,
                               const struct cluster *cluster, uint32_t color)
{
    const struct glyph *g;
    if (cluster->codes[0] <= ' ')
        return;
    enum font_answer answer =
        font_glyph(p->font, cluster->codes, cluster->count, 0, cluster->columns, &g);
    if (answer == FONT_PENDING)
        p->pending = true;
    if (answer != FONT_GLYPH || !g->pixels)
        return;
    int left = x + g->left, top = y + font_metrics(p->font).baseline - g->top;
    if (g->color)
        canvas_image(c, left, top, g->pixels, g->width, g->height, g->pitch, 256);
    else
        canvas_mask(c, left, top, g->pixels, g->width, g->height, g->pitch, color);
}

int label_draw(struct painter *p, struct canvas *c, int x, int y, int right, const char *text,
               uint32_t color)
{
    int cell = font_metrics(p->font).cell_width;
    size_t n = strlen(text);
    for (size_t at = 0; at < n;) {
        struct cluster cluster = next_cluster(text + at, n - at);
        if (x + cluster.columns * cell > right)
            break;
        if (cluster.columns > 0)
            label_draw_cluster(p, c, x, y, &cluster, color);
        x += cluster.columns * cell;
        at += cluster.bytes;
    }
    return x;
}
