/* Keys and text of the window: what is typed goes to the program in the terminal. UI thread. */
#ifndef APP_WINDOW_TYPING_H
#define APP_WINDOW_TYPING_H

#include <SDL.h>
#include <stdbool.h>

#include "app/input/keys.h"

#define PREEDIT_MAX 256

struct window;

struct typing {
    struct keys_host host;
    bool host_known;
    /* Keys whose press went to the program: their release does too. */
    bool sent[SDL_NUM_SCANCODES];
    /* A key without text: the input method may give some for it later. */
    SDL_KeyboardEvent waiting;
    bool waits;
    /* What the input method is composing, and the character its cursor is before; -1: the end. */
    char preedit[PREEDIT_MAX];
    int preedit_cursor;
    SDL_Rect place; /* where the input method was told that the cursor is, in pixels */
};

/* SDL_KEYDOWN, SDL_KEYUP; true when something may look different now. `own` does what the window
 * itself has to do on a press, and says whether it was one of those. */
bool typing_key(struct window *w, const SDL_KeyboardEvent *event,
                bool (*own)(struct window *w, const struct term_key *key));
/* SDL_TEXTINPUT that no key has taken. */
bool typing_text(struct window *w, const char *text);
/* SDL_TEXTEDITING; cursor as in struct typing. */
bool typing_edit(struct window *w, const char *text, int cursor);
/* SDL_KEYMAPCHANGED. */
void typing_layout_changed(struct window *w);
/* Tells the input method where the cursor is, after a draw. */
void typing_show_place(struct window *w);

#endif
