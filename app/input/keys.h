/* Keys of the window system as keys of the terminal. */
#ifndef APP_INPUT_KEYS_H
#define APP_INPUT_KEYS_H

#include <SDL.h>
#include <stdbool.h>

#include "term/term.h"

/* Levels of a key in the user's layout. */
#define KEYS_SHIFT 1u
#define KEYS_ALTGR 2u

/* What the host knows about the keyboard. */
struct keys_host {
    bool right_alt_chooses;   /* the right Alt key is AltGr: a level of the layout, not Alt */
    bool right_alt_unknown;   /* it is AltGr where it gives other text than the key alone */
    bool control_alt_chooses; /* Ctrl and Alt together are AltGr where they give text */
    /* The character a key has in the user's layout on a level (KEYS_*); 0: none or not known. The
     * position is the key's number in the first set of scan codes. May be NULL. */
    uint32_t (*character)(void *context, int position, unsigned level);
    void *context;
};

/* Whether a key of struct term_key is Shift, Ctrl, a lock or the like. */
bool keys_modifier(uint32_t code);

/* TERM_MOD_* of SDL's modifiers. */
unsigned keys_mods(SDL_Keymod mod);

/* Where a writing key is, in the first set of scan codes; 0 for other keys. */
int keys_position(SDL_Scancode scancode);

/*
 * Fills in key; text is what the window system says the key typed, "" for nothing (it stays the
 * caller's). False when the key means nothing by itself: a dead key, or one an input method took.
 */
bool keys_translate(const SDL_KeyboardEvent *event, const char *text, const struct keys_host *host,
                    struct term_key *key);

#endif
