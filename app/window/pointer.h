/* The mouse in the window: reports to programs, selecting, links, scroll bar, wheel. UI thread. */
#ifndef APP_WINDOW_POINTER_H
#define APP_WINDOW_POINTER_H

#include <SDL.h>
#include <stdbool.h>

#include "term/term.h"

#define LINK_SPANS 64

struct window;

struct pointer {
    int x, y; /* where it is, pixels of the window */
    bool inside;
    unsigned mods; /* TERM_MOD_* as last known */
    int button;    /* that a program was told is down */

    /* Selecting. */
    bool selecting; /* the left button is down */
    bool begun;     /* and the selection is made; else it begins when the mouse has moved */
    enum term_select_kind kind;
    int from_x, from_y;
    uint64_t scroll_at; /* when a drag beyond the edge scrolls on, ticks; 0: it does not */

    double wheel, wheel_across; /* turned and not yet used, in rows and columns */

    /* The link under the mouse. */
    char *link;
    struct term_span spans[LINK_SPANS];
    int span_count;
    bool marked;       /* by a program */
    bool pressed_link; /* the button went down on it, with Ctrl */
    int at_row, at_col;

    SDL_Cursor *cursors[TERM_POINTER_SHAPES];
    enum term_pointer shape;
    enum term_pointer asked; /* by the program, as last seen */
    bool hidden;             /* because of typing */
};

/* A button, as SDL numbers it from 1, clicked for the n-th time. True from each when something may
 * look different now. */
bool pointer_press(struct window *w, int x, int y, int button, int clicks, unsigned mods);
bool pointer_release(struct window *w, int x, int y, int button, unsigned mods);
/* held: the button that is down, 0 none. */
bool pointer_move(struct window *w, int x, int y, int held, unsigned mods);
/* Notches, up and to the right positive, in parts for fine wheels. */
bool pointer_wheel(struct window *w, int x, int y, double up, double right, unsigned mods);
void pointer_leave(struct window *w);
/* Something was typed: hides the pointer over the window until the mouse is used. */
void pointer_typed(struct window *w);
/* Ctrl may show a link. */
bool pointer_modifiers(struct window *w, unsigned mods);

/* After the view has changed: what is under the mouse may be something else. */
void pointer_refresh(struct window *w);
/* Whether the link under the mouse is to be shown as one. */
bool pointer_link_shown(const struct window *w);

/* When pointer_tick wants to be called, in ticks; 0: it does not. */
uint64_t pointer_deadline(const struct window *w);
bool pointer_tick(struct window *w, uint64_t now);

void pointer_free(struct window *w);

#endif
