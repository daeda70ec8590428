/* The narrow door to libtsm's screen. */
#ifndef TERM_VIEW_GRID_TSM_H
#define TERM_VIEW_GRID_TSM_H

#include <stdint.h>

/* A cell as it travels through libtsm: a symbol from TSM_SYMBOL_FIRST on (which it takes for a
 * character of one column and never looks into) and eight bytes where it keeps colours. */
#define TSM_SYMBOL_FIRST 0x110000u
struct tsm_door_cell {
    uint32_t symbol;
    uint32_t style;
};

/* NULL when out of memory. */
void *tsm_door_new(void);
void tsm_door_free(void *screen);
/* 0, or -1 when out of memory. */
int tsm_door_resize(void *screen, int rows, int cols);
void tsm_door_put(void *screen, int row, const struct tsm_door_cell *cells, int n);
/* Reads every cell into `out` (rows times cols of them). */
void tsm_door_read(void *screen, int rows, int cols, struct tsm_door_cell *out);

#endif
