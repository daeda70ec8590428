/* Keys, text, mouse and drops of the window. */
#ifndef APP_WINDOW_INPUT_H
#define APP_WINDOW_INPUT_H

#include <SDL.h>
#include <stdbool.h>

struct window;

/* True when something may look different now. */
bool input_event(struct window *w, const SDL_Event *event);

#endif
