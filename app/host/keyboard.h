/* What SDL does not tell about the keyboard's layout on this host. UI thread. */
#ifndef APP_HOST_KEYBOARD_H
#define APP_HOST_KEYBOARD_H

#include <SDL.h>

#include "app/keys.h"

/* Fills in what is known of the layout in use for a window; to be asked for again when the window
 * system says that the layout has changed (SDL_KEYMAPCHANGED). */
void host_keyboard(SDL_Window *window, struct keys_host *keys);

#endif
