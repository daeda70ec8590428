/* The grid over libtsm's screen. A cell of ours has more than one of libtsm's can hold: its
 * character (cluster, half of a wide one, or nothing) travels as a symbol number above Unicode,
 * and colours, attributes and links as the number of a style, kept in a table here. */
#include "term/view/grid.h"
#include "term/view/grid_tsm.h"

#include <stdlib.h>
#include <string.h>

struct style {
    uint32_t fg, bg, attr;
};

/* Symbols: code points and the marks above them (see cell.h), then numbers of clusters. */
#define SYMBOL_CODE    TSM_SYMBOL_FIRST
#define SYMBOL_TAIL    0x220000u
#define SYMBOL_SPACER  0x220001u
#define SYMBOL_CLUSTER 0x01000000u

struct grid {
    void *screen;
    int rows, cols;
    struct tsm_door_cell *door; /* a screen of them */
    struct term_cell *cells;    /* what was fetched */
    bool stale;                 /* written since the last fetch */
    struct style *styles;       /* 0 is the default style */
    uint32_t count, limit;
    uint32_t *buckets; /* open addressing, 0 free */
    uint32_t bucket_count;
};

static struct grid *symbols_create(void)
{
    struct grid *g = calloc(1, sizeof(*g));
    if (!g)
        return NULL;
    g->screen = tsm_door_new();
    if (!g->screen) {
        free(g);
        return NULL;
    }
    return g;
}

static void symbols_release(struct grid *g)
{
    free(g->door);
    free(g->cells);
    free(g->styles);
    free(g->buckets);
    g->door = NULL;
    g->cells = NULL;
    g->styles = NULL;
    g->buckets = NULL;
    g->rows = g->cols = 0;
}

static void symbols_destroy(struct grid *g)
{
    symbols_release(g);
    tsm_door_free(g->screen);
    free(g);
}

static bool symbols_resize(struct grid *g, int rows, int cols)
{
    size_t n = (size_t)rows * (size_t)cols;
    symbols_release(g);
    /* Styles of a full screen fit twice, so that the table is rebuilt seldom. */
    g->limit = (uint32_t)(2 * n + 256);
    g->bucket_count = 1024;
    while (g->bucket_count < 2 * g->limit)
        g->bucket_count *= 2;
    g->door = calloc(n, sizeof(*g->door));
    g->cells = calloc(n, sizeof(*g->cells));
    g->styles = calloc(g->limit, sizeof(*g->styles));
    g->buckets = calloc(g->bucket_count, sizeof(*g->buckets));
    if (!g->door || !g->cells || !g->styles || !g->buckets ||
        tsm_door_resize(g->screen, rows, cols) < 0) {
        symbols_release(g);
        return false;
    }
    g->rows = rows;
    g->cols = cols;
    g->count = 1;
    g->stale = true;
    return true;
}

static uint32_t hash(const struct style *s)
{
    uint32_t h = s->fg * 2654435761u ^ s->bg * 2246822519u ^ s->attr * 3266489917u;
    return h ^ h >> 15;
}

/* Every cell is read back, the table emptied, and all written anew: what remains in it is in use.
 */
static void rebuild(struct grid *g)
{
    tsm_door_read(g->screen, g->rows, g->cols, g->door);
    for (size_t i = 0; i < (size_t)g->rows * (size_t)g->cols; i++) {
        struct style s = g->styles[g->door[i].style < g->count ? g->door[i].style : 0];
        g->cells[i] = (struct term_cell){g->door[i].symbol, s.fg, s.bg, s.attr};
    }
    g->count = 1;
    memset(g->buckets, 0, g->bucket_count * sizeof(*g->buckets));
}

static uint32_t style_number(struct grid *g, const struct term_cell *cell)
{
    struct style s = {cell->fg, cell->bg, cell->attr};
    if (!s.fg && !s.bg && !s.attr)
        return 0;
    uint32_t b = hash(&s) & (g->bucket_count - 1);
    for (; g->buckets[b]; b = (b + 1) & (g->bucket_count - 1)) {
        const struct style *have = &g->styles[g->buckets[b]];
        if (have->fg == s.fg && have->bg == s.bg && have->attr == s.attr)
            return g->buckets[b];
    }
    g->styles[g->count] = s;
    g->buckets[b] = g->count;
    return g->count++;
}

static uint32_t to_symbol(uint32_t ch)
{
    if (ch & TERM_CH_CLUSTER)
        return SYMBOL_CLUSTER + TERM_CH_INDEX(ch);
    if (ch == TERM_CH_TAIL)
        return SYMBOL_TAIL;
    if (ch == TERM_CH_SPACER)
        return SYMBOL_SPACER;
    return SYMBOL_CODE + ch;
}

static uint32_t from_symbol(uint32_t symbol)
{
    if (symbol >= SYMBOL_CLUSTER)
        return TERM_CH_CLUSTER | (symbol - SYMBOL_CLUSTER);
    if (symbol == SYMBOL_TAIL)
        return TERM_CH_TAIL;
    if (symbol == SYMBOL_SPACER)
        return TERM_CH_SPACER;
    return symbol >= SYMBOL_CODE ? symbol - SYMBOL_CODE : TERM_CH_EMPTY;
}

/* `symbols`: the cells hold symbols already. */
static void write_cells(struct grid *g, int row, const struct term_cell *cells, bool symbols)
{
    for (int i = 0; i < g->cols; i++) {
        g->door[i].symbol = symbols ? cells[i].ch : to_symbol(cells[i].ch);
        g->door[i].style = style_number(g, &cells[i]);
    }
    tsm_door_put(g->screen, row, g->door, g->cols);
}

static void write_row(struct grid *g, int row, const struct term_cell *cells)
{
    if (g->limit - g->count < (uint32_t)g->cols) {
        rebuild(g);
        for (int i = 0; i < g->rows; i++)
            write_cells(g, i, g->cells + (size_t)i * (size_t)g->cols, true);
    }
    write_cells(g, row, cells, false);
}

static void symbols_put(struct grid *g, int row, const struct term_cell *cells)
{
    write_row(g, row, cells);
    g->stale = true;
}

static bool symbols_fetch(struct grid *g)
{
    if (!g->stale)
        return true;
    tsm_door_read(g->screen, g->rows, g->cols, g->door);
    for (size_t i = 0; i < (size_t)g->rows * (size_t)g->cols; i++) {
        uint32_t number = g->door[i].style;
        struct style s = g->styles[number < g->count ? number : 0];
        g->cells[i] = (struct term_cell){from_symbol(g->door[i].symbol), s.fg, s.bg, s.attr};
    }
    g->stale = false;
    return true;
}

static const struct term_cell *symbols_row(struct grid *g, int index)
{
    return g->cells + (size_t)index * (size_t)g->cols;
}

const struct grid_type grid_tsm = {symbols_create, symbols_destroy, symbols_resize,
                                   symbols_put,    symbols_fetch,   symbols_row};
