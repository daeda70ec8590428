/*
 * The search bar: a line over the bottom of the window (over its top when the result is at the
 * bottom) with the text that is looked for, two switches and the way to the next result. UI thread.
 */
#ifndef APP_WINDOW_SEARCH_BAR_H
#define APP_WINDOW_SEARCH_BAR_H

#include <SDL.h>
#include <stdbool.h>

#include "app/draw/canvas.h"
#include "app/input/line_edit.h"
#include "app/session/finder.h"
#include "term/term.h"

struct window;

enum { SEARCH_CASE, SEARCH_EXPRESSION, SEARCH_UP, SEARCH_DOWN, SEARCH_CLOSE, SEARCH_BUTTONS };

struct search_bar {
    bool open;
    struct line_edit line;
    bool match_case, expression;
    struct finder *finder;
    bool at_top;
    SDL_Rect area;                    /* in the window, as last shown */
    SDL_Rect buttons[SEARCH_BUTTONS]; /* likewise */
    SDL_Rect cursor;
};

void search_bar_open(struct window *w);

/* A key press while it is open; false when the key means nothing to it. */
bool search_bar_key(struct window *w, const struct term_key *key);
/* Text of an input method. */
void search_bar_text(struct window *w, const char *text);
void search_bar_click(struct window *w, int x, int y);

/* Where it goes in a window of that size; empty when closed. Looks at the view as last updated. */
SDL_Rect search_bar_place(struct window *w, int width, int height);
void search_bar_draw(struct window *w, struct canvas *c);

#endif
