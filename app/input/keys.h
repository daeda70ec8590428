/* Keys of the window system as keys of the terminal. */
#ifndef APP_INPUT_KEYS_H
#define APP_INPUT_KEYS_H

#include <SDL.h>
#include <stdbool.h>

#include "app/host/keymap.h"
#include "term/term.h"

/* Whether a key of struct term_key is Shift, Ctrl, a lock or the like. */
bool keys_modifier(uint32_t code);

/* Whether a press of the key can come with text: Ctrl, Shift, arrows and the like never do. Text
 * that stands behind their press is another key's, whose own press SDL does not report because it
 * has no scan code, or a program's. */
bool keys_have_text(const SDL_KeyboardEvent *event);

/* TERM_MOD_* of SDL's modifiers. */
unsigned keys_mods(SDL_Keymod mod);

/*
 * Fills in key; text is what the window system says the key typed, "" for nothing (it stays the
 * caller's). False when the key means nothing by itself: a dead key, or one an input method took.
 */
bool keys_translate(const SDL_KeyboardEvent *event, const char *text, const struct keys_host *host,
                    struct term_key *key);

#endif
