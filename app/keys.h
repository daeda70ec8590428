/* Keys of the window system as keys of the terminal. */
#ifndef APP_KEYS_H
#define APP_KEYS_H

#include <SDL.h>
#include <stdbool.h>

#include "term/term.h"

unsigned keys_mods(SDL_Keymod mod);

/* Whether AltGr is held (Ctrl and the right Alt on Windows), which makes other characters. */
bool keys_altgr(SDL_Keymod mod);

/* Which key it is, whoever shall get it: code, shifted, base and mods; code 0 for unknown ones. */
void keys_name(const SDL_KeyboardEvent *event, struct term_key *key);

/*
 * Fills in key (text NULL). False when the key gives characters that come as a text event of their
 * own (then that event is to be used), or means nothing.
 */
bool keys_translate(const SDL_KeyboardEvent *event, struct term_key *key);

#endif
