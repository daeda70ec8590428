/*
 * Notes to the user over the text: a panel at the bottom of the window, at its top when the cursor
 * is below. A standing one stays until Escape, a click or note_stand; a passing one lies over it
 * for some seconds. Programs keep the keyboard, but for Escape while a standing one is shown. UI
 * thread.
 */
#ifndef APP_WINDOW_NOTE_H
#define APP_WINDOW_NOTE_H

#include <SDL.h>
#include <stdbool.h>
#include <stdint.h>

#include "app/draw/canvas.h"
#include "term/term.h"

struct window;

struct note {
    char *standing, *passing; /* lines, UTF-8; NULL: none */
    uint64_t until;           /* when the passing one goes, in ticks */
    bool placed, at_top;
};

/* Text is copied, and may have several lines. NULL: none any more. */
void note_stand(struct window *w, const char *text);
void note_pass(struct window *w, const char *text);

/* Takes away the one that is shown. */
void note_hide(struct window *w);
/* A key press: Escape takes a standing note away, and then this is true. */
bool note_key(struct window *w, const struct term_key *key);

/* The one that is shown, or NULL. */
const char *note_text(const struct window *w);

/* When note_place has to be called again without an event, in ticks; 0: never. */
uint64_t note_deadline(const struct window *w);
/* Where it is in a window of that size; empty when there is none. Takes away what has passed. */
SDL_Rect note_place(struct window *w, int width, int height);
void note_draw(struct window *w, struct canvas *c, const SDL_Rect *at);
void note_free(struct window *w);

#endif
