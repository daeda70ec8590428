/* Draws what a view shows into a canvas. For the UI thread alone. */
#ifndef APP_PAINTER_H
#define APP_PAINTER_H

#include "app/canvas.h"
#include "app/font.h"
#include "term/term.h"

struct painter {
    struct font *font;
    struct canvas canvas;
    int padding;               /* pixels around the text area */
    bool blink_shown;          /* phase of blinking text and cursor */
    bool blink_was_shown;      /* as last drawn */
    bool all;                  /* everything has to be drawn */
    bool pending;              /* out: the font was not ready for a character, which is blank */
    struct term_cursor cursor; /* as last drawn */
};

/* Top and height in pixels of what was drawn; height 0: nothing. */
struct painted {
    int top, height;
};

/* Draws the rows that changed in the last update of the view, or everything. */
struct painted painter_draw(struct painter *p, struct term_view *view);

#endif
