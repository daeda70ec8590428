/* What SDL does not tell about the keyboard's layout on this host. UI thread. */
#ifndef APP_HOST_KEYMAP_H
#define APP_HOST_KEYMAP_H

#include <SDL.h>

#include "app/input/keys.h"

/* Fills in what is known of the layout in use for a window; to be asked for again when the window
 * system says that the layout has changed (SDL_KEYMAPCHANGED). */
void host_keyboard(SDL_Window *window, struct keys_host *keys);

/* Keeps SDL's modifiers those that are really held, also beside input methods that hide releases of
 * keys from it. Once, after the window has been made; sets SDL's event filter where it needs one.
 */
void host_keyboard_follow(SDL_Window *window);

#endif
