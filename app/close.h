/*
 * Closing the window by the user's wish: a line over the bottom of the window asks first when the
 * configuration says so. UI thread.
 */
#ifndef APP_CLOSE_H
#define APP_CLOSE_H

#include <SDL.h>
#include <stdbool.h>

#include "app/canvas.h"
#include "term/term.h"

struct window;

/* The user wants to close the window: closes it, or asks. A second wish is an answer. */
void close_wanted(struct window *w);

/* A key while it is asked: Enter closes, any other key takes the question away. False when it is
 * not asked. */
bool close_key(struct window *w, const struct term_key *key);

/* Where the question is in a window of that size; empty when it is not asked. */
SDL_Rect close_place(struct window *w, int width, int height);
void close_draw(struct window *w, struct canvas *c, const SDL_Rect *at);

#endif
