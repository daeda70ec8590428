/*
 * A question to the user: a bar over the bottom of the window, answered by Enter and Escape or by
 * a click. Programs get no key meanwhile. UI thread.
 */
#ifndef APP_WINDOW_QUESTION_H
#define APP_WINDOW_QUESTION_H

#include <SDL.h>
#include <stdbool.h>

#include "app/draw/canvas.h"
#include "term/term.h"

#define QUESTION_TEXT    256
#define QUESTION_DETAILS 3

struct window;

enum { QUESTION_YES, QUESTION_NO, QUESTION_ANSWERS };

struct question {
    /* Called once, when nothing is asked any more. NULL: nothing is asked. */
    void (*answered)(struct window *w, bool yes);
    char text[QUESTION_TEXT];
    char details[QUESTION_DETAILS][QUESTION_TEXT]; /* lines below it; what is empty is left out */
    const char *answers[QUESTION_ANSWERS];         /* what Enter and Escape do */
    SDL_Rect buttons[QUESTION_ANSWERS];            /* in the window, as last shown */
};

/* Asks; a question that is there already is answered with no. Copies it. */
void question_ask(struct window *w, const struct question *q);

/* A key while it is asked: Enter is yes, any other that is not a modifier no. False when nothing
 * is asked. */
bool question_key(struct window *w, const struct term_key *key);
/* Typed text that came without a key; likewise. */
bool question_text(struct window *w);
void question_click(struct window *w, int x, int y);

/* Where it is in a window of that size; empty when nothing is asked. */
SDL_Rect question_place(struct window *w, int width, int height);
void question_draw(struct window *w, struct canvas *c, const SDL_Rect *at);

#endif
