/*
 * Draws what a view shows into a canvas. For the UI thread alone.
 *
 * A drawing may be cut short by a deadline: a screen can have more cells, or characters nobody has
 * seen before, than can be drawn while a user waits for a key to be answered.
 */
#ifndef APP_DRAW_PAINTER_H
#define APP_DRAW_PAINTER_H

#include "app/draw/canvas.h"
#include "app/font/font.h"
#include "term/term.h"

struct painter {
    struct font *font;
    struct canvas canvas;
    int padding;                                         /* pixels around the text area */
    uint32_t selection_foreground, selection_background; /* with COLOR_SET, or 0 */
    double contrast;                                     /* the least that text has; 0: as it is */
    bool blink_shown;                                    /* phase of blinking text and cursor */
    bool blink_was_shown;                                /* as last drawn */
    bool all;                                            /* everything has to be drawn */
    bool pending;              /* out: the font was not ready for a character, which is blank */
    bool unfinished;           /* rows are left that the next call draws */
    struct term_cursor cursor; /* as last drawn */
    uint32_t background;       /* likewise, of the terminal */
    uint32_t raised[3];        /* what contrast_raise was asked last, and its answer */
    int next;                  /* the row to begin with */
    uint64_t waiting[TERM_ROWS_MAX / 64]; /* a bit per row that is to be drawn */
};

/* Top and height in pixels of what was drawn; height 0: nothing. */
struct painted {
    int top, height;
};

/*
 * Draws the rows that changed in the last update of the view and those that were left, or
 * everything. The deadline (monotonic) is looked at after each row: at least one is drawn.
 */
struct painted painter_draw(struct painter *p, struct term_view *view, uint64_t deadline_ns);

#endif
