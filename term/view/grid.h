/*
 * The visible picture: rows of cells that the view writes and the renderer reads. There are two
 * behind this interface: a plain array (grid_own.c), the default, and one over libtsm's screen
 * (grid_tsm.c, grid_symbols.c). Everything a terminal does to its text happens before it gets here.
 *
 * A grid belongs to one thread. `put` is called under the terminal's lock and must be quick;
 * `fetch` brings what was written to where `row` finds it and needs no lock.
 */
#ifndef TERM_VIEW_GRID_H
#define TERM_VIEW_GRID_H

#include "term/cell.h"
#include <stdbool.h>

struct grid;

struct grid_type {
    /* An empty grid, or NULL when out of memory. */
    struct grid *(*create)(void);
    void (*destroy)(struct grid *g);
    /* New size, both at least 1; all cells become empty. False when out of memory: the size is
     * then 0 by 0 and nothing but resize and destroy may be called. */
    bool (*resize)(struct grid *g, int rows, int cols);
    /* Writes a whole row. */
    void (*put)(struct grid *g, int row, const struct term_cell *cells);
    /* False when out of memory: rows are then as at the last fetch. */
    bool (*fetch)(struct grid *g);
    /* The cells of a row as fetched. */
    const struct term_cell *(*row)(struct grid *g, int row);
};

extern const struct grid_type grid_own;
extern const struct grid_type grid_tsm;

/* The one this build uses, and the one of a kind (NULL when it is not built in). */
const struct grid_type *grid_default(void);
const struct grid_type *grid_of_kind(int kind);

#endif
