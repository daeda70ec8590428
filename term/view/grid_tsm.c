/* The only file that knows libtsm. */
#include "term/view/grid_tsm.h"

#include <inttypes.h>
#include <stdlib.h>

#include <libtsm.h>

/* On Windows libtsm's code still follows the System V calling convention (its header there says so
 * of every function); so does what it calls back. */
#ifndef TSM_ABI
#define TSM_ABI
#endif

/* libtsm over-runs a screen of one column, so there is always one more than is used. */
#define SPARE_COLUMNS 1

void *tsm_door_new(void)
{
    struct tsm_screen *screen = 0;
    if (tsm_screen_new(&screen, 0, 0) < 0)
        return 0;
    tsm_screen_set_max_sb(screen, 0);
    /* Rows are written by themselves: nothing wraps, inserts or scrolls on its own. */
    tsm_screen_reset_flags(screen, TSM_SCREEN_AUTO_WRAP | TSM_SCREEN_INSERT_MODE);
    tsm_screen_set_flags(screen, TSM_SCREEN_HIDE_CURSOR);
    return screen;
}

void tsm_door_free(void *screen)
{
    tsm_screen_unref(screen);
}

int tsm_door_resize(void *screen, int rows, int cols)
{
    if (tsm_screen_resize(screen, (unsigned)cols + SPARE_COLUMNS, (unsigned)rows) < 0)
        return -1;
    tsm_screen_set_margins(screen, 0, 0);
    tsm_screen_move_to(screen, 0, 0);
    tsm_screen_erase_screen(screen, false);
    return 0;
}

void tsm_door_put(void *screen, int row, const struct tsm_door_cell *cells, int n)
{
    struct tsm_screen_attr attr = {.fccode = -1, .bccode = -1};
    tsm_screen_move_to(screen, 0, (unsigned)row);
    for (int i = 0; i < n; i++) {
        uint32_t style = cells[i].style;
        attr.fr = style & 255;
        attr.fg = style >> 8 & 255;
        attr.fb = style >> 16 & 255;
        attr.br = style >> 24;
        tsm_screen_write(screen, cells[i].symbol, &attr);
    }
}

struct reader {
    unsigned rows, cols;
    struct tsm_door_cell *out;
};

static TSM_ABI int read_cell(struct tsm_screen *screen, uint64_t id, const uint32_t *ch,
                             size_t length, unsigned width, unsigned x, unsigned y,
                             const struct tsm_screen_attr *attr, tsm_age_t age, void *data)
{
    struct reader *r = data;
    (void)screen;
    (void)id;
    (void)width;
    (void)age;
    if (x < r->cols && y < r->rows) {
        struct tsm_door_cell *cell = &r->out[(size_t)y * r->cols + x];
        cell->symbol = length ? ch[0] : 0;
        cell->style = (uint32_t)attr->fr | (uint32_t)attr->fg << 8 | (uint32_t)attr->fb << 16 |
                      (uint32_t)attr->br << 24;
    }
    return 0;
}

void tsm_door_read(void *screen, int rows, int cols, struct tsm_door_cell *out)
{
    struct reader r = {(unsigned)rows, (unsigned)cols, out};
    tsm_screen_draw(screen, read_cell, &r);
}
