/* Keys of the window system as keys of the terminal. */
#ifndef APP_KEYS_H
#define APP_KEYS_H

#include <SDL.h>
#include <stdbool.h>

#include "term/term.h"

unsigned keys_mods(SDL_Keymod mod);

/*
 * Fills in key (text NULL). False when the key gives characters that come as a text event of their
 * own (then that event is to be used), or means nothing.
 */
bool keys_translate(const SDL_KeyboardEvent *event, struct term_key *key);

#endif
