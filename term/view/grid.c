/* Which of the two grids is used. */
#include "term/view/grid.h"

#include "term/term.h"
#include <stddef.h>

/* Build options: FORELAND_WITHOUT_TSM leaves libtsm out, FORELAND_GRID_TSM makes its screen the
 * default. */
const struct grid_type *grid_of_kind(int kind)
{
#ifndef FORELAND_WITHOUT_TSM
    if (kind == TERM_GRID_TSM)
        return &grid_tsm;
#endif
    return kind == TERM_GRID_OWN ? &grid_own : NULL;
}

const struct grid_type *grid_default(void)
{
#ifdef FORELAND_GRID_TSM
    const struct grid_type *type = grid_of_kind(TERM_GRID_TSM);
    if (type)
        return type;
#endif
    return &grid_own;
}
