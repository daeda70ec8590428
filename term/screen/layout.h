/* The text as rows, and the scrollback in the present width. */
#ifndef TERM_SCREEN_LAYOUT_H
#define TERM_SCREEN_LAYOUT_H

#include "term/screen/state.h"

/* Rows there are: scrollback of the normal screen, then the screen's. On the alternate screen
 * only its own rows. */
uint64_t text_first(const struct term *t);
uint64_t text_end(const struct term *t);
uint64_t text_screen(const struct term *t); /* number of the screen's first row */
/* The cells of a row as stored (at most TERM_COLS_MAX), and its flags. */
int text_row(const struct term *t, uint64_t row, struct term_cell *out, unsigned *flags);
unsigned text_flags(const struct term *t, uint64_t row);
/* Room for the cells of a row until the next call; NULL when out of memory. */
struct term_cell *scratch_cells(struct term *t, uint64_t row);

struct chain {
    uint64_t first, end;     /* rows of the scrollback [first, end) */
    struct term_cell *cells; /* all their cells one after the other, spacers left out */
    struct place *places;    /* where each is stored */
    int length, slots;
    int *breaks; /* where each row of the present width begins; breaks[rows] is the length */
    int rows, break_slots;
};

/* Gathers the line of text that any row belongs to, scrollback and screen, without laying it out;
 * at most HISTORY_CHAIN_MAX rows in either direction. False when out of memory. */
bool line_load(struct chain *c, const struct term *t, uint64_t row);
void chain_free(struct chain *c);
/* What stands in one row of the view: `length` cells of the text from a place on. */
struct view_row {
    struct place start;
    int length;
};

/* The rows of the view, t->rows of them, without their cells. False when out of memory. */
bool view_rows(struct term *t, struct view_row *out);
/* The cells of such a row and where each is stored (room for t->cols of both); returns how many,
 * the rest of the row is blank. -1 when out of memory. */
int view_cells(struct term *t, const struct view_row *from, struct term_cell *out,
               struct place *places);
/* Scrolls so that a row of the text is in view. */
void view_show(struct term *t, uint64_t row);
/* Cells of text that fit a row of `cols` columns: at least 1 when n is. */
int row_fit(const struct term_cell *cells, int n, int cols);

#endif
