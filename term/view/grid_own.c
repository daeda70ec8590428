/* The grid as a plain array: what is put is at once what is read. */
#include "term/view/grid.h"

#include <stdlib.h>
#include <string.h>

struct grid {
    int rows, cols;
    struct term_cell *cells;
};

static struct grid *own_create(void)
{
    return calloc(1, sizeof(struct grid));
}

static void own_destroy(struct grid *g)
{
    free(g->cells);
    free(g);
}

static bool own_resize(struct grid *g, int rows, int cols)
{
    free(g->cells);
    g->cells = calloc((size_t)rows * (size_t)cols, sizeof(*g->cells));
    g->rows = g->cells ? rows : 0;
    g->cols = g->cells ? cols : 0;
    return g->cells != NULL;
}

static struct term_cell *own_at(struct grid *g, int row)
{
    return g->cells + (size_t)row * (size_t)g->cols;
}

static void own_put(struct grid *g, int row, const struct term_cell *cells)
{
    memcpy(own_at(g, row), cells, (size_t)g->cols * sizeof(*cells));
}

static bool own_fetch(struct grid *g)
{
    (void)g;
    return true;
}

static const struct term_cell *own_row(struct grid *g, int index)
{
    return own_at(g, index);
}

const struct grid_type grid_own = {own_create, own_destroy, own_resize,
                                   own_put,    own_fetch,   own_row};
