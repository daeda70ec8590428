/* What SDL does not tell about the keyboard's layout on this host. UI thread. */
#ifndef APP_HOST_KEYMAP_H
#define APP_HOST_KEYMAP_H

#include <SDL.h>
#include <stdbool.h>
#include <stdint.h>

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

/* Fills in what is known of the layout in use for a window; to be asked for again when the window
 * system says that the layout has changed (SDL_KEYMAPCHANGED). */
void host_keymap(SDL_Window *window, struct keys_host *keys);

/* Keeps SDL's modifiers those that are really held, also beside input methods that hide releases of
 * keys from it. Once, after the window has been made; sets SDL's event filter where it needs one.
 */
void host_modifiers_follow(SDL_Window *window);

#endif
