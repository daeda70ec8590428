/* Rows of a screen and what changes them. */
#ifndef TERM_SCREEN_SCREEN_H
#define TERM_SCREEN_SCREEN_H

#include "term/screen/state.h"

struct line *line_new(int cols);
bool screen_new(struct screen *s, int rows, int cols);
void screen_free(struct screen *s, int rows);
/* Cells that one call of term_feed_some may change: a few milliseconds. */
#define WORK_MAX ((size_t)1 << 20)
/* Counts work that is not bounded by the bytes that ask for it. */
static inline void term_worked(struct term *t, size_t cells)
{
    t->work += cells;
    if (t->work > WORK_MAX)
        t->parser.stop = true;
}
/* Marks a row changed. */
static inline void line_touch(struct term *t, struct line *line)
{
    line->stamp = ++t->stamp;
}
static inline struct line *term_line(struct term *t, int row)
{
    return t->screen->lines[row];
}
/* Makes all of a row blank in the default style. */
void line_clear(struct term *t, struct line *line);
/* The blank cell erasing leaves: the pen's background. */
struct term_cell blank_cell(const struct term *t);
/* Cuts wide characters in two at a column about to be written: the halves become blanks. */
void line_split(struct line *line, int cols, int col);
/* Blanks at the end are no part of the text: at a new width they would be laid out with it. */
void line_trim(struct line *line);
/* A row does not go on with the text above it any more, which may be the scrollback's. */
void text_begins(struct term *t, int row);
/* Fills [from, to) with a cell that is not wide; splits at both ends. Touches the row. */
void line_fill(struct term *t, struct line *line, int from, int to, struct term_cell cell);
/* Copies cells from one place to another in one row (they may overlap) or two. */
void line_copy(struct term *t, struct line *to, int at, const struct line *from, int start, int n);
/* Sets the ROW_* flags and `used` that writing `n` cells at `at` asks for. */
void line_wrote(struct line *line, int at, int n);
/* Scrolls rows top..bottom between the columns of the margins by n (positive: text moves up). */
void scroll_rows(struct term *t, int top, int bottom, int left, int right, int n, bool keep);
void use_screen(struct term *t, struct screen *s);

#endif
