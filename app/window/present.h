/*
 * Brings the picture to the window: through the window's own surface where SDL gives one, else (on
 * Wayland) through a texture, which the system's 3D driver shows. UI thread.
 */
#ifndef APP_WINDOW_PRESENT_H
#define APP_WINDOW_PRESENT_H

#include <SDL.h>
#include <stdbool.h>

struct present {
    SDL_Window *window;
    SDL_Renderer *renderer; /* NULL: the window's surface */
    SDL_Texture *texture;   /* of the picture's size */
    int width, height;
};

/* Before the window is shown. False, with SDL's error, when there is no way to draw on it. */
bool present_open(struct present *p, SDL_Window *window);

/* Shows these parts of the picture, which has the window's size in pixels; the others are as they
 * were shown last in a picture of that size. */
void present_show(struct present *p, SDL_Surface *picture, const SDL_Rect *parts, int count);

void present_close(struct present *p);

#endif
