/* The scroll bar: thin, over the right edge, there while the view is not at the bottom. */
#ifndef APP_WINDOW_SCROLL_BAR_H
#define APP_WINDOW_SCROLL_BAR_H

#include <SDL.h>
#include <stdbool.h>
#include <stdint.h>

#include "app/draw/canvas.h"

/* Where the view is: lines above it, below it, and its own. */
struct scroll_place {
    uint64_t above, below;
    int rows;
};

struct scroll_bar {
    struct scroll_place place;
    uint64_t until; /* shown until then, in ticks, though at the bottom; 0: not */
    bool hovered, dragged;
    int grab; /* where in the thumb it is held, pixels */
};

struct scroll_thumb {
    int top, height;
};

/* The thumb in a bar of a height; a thumb is at least `least` high. */
struct scroll_thumb scroll_thumb(const struct scroll_place *place, int height, int least);
/* The lines above the view when the thumb's top is at a pixel of the bar. */
uint64_t scroll_above(const struct scroll_place *place, int height, int least, int top);

/* The terminal's place after a draw; true when the bar may look different. */
bool scroll_bar_moved(struct scroll_bar *bar, const struct scroll_place *place, uint64_t now);
bool scroll_bar_shown(const struct scroll_bar *bar, uint64_t now);

void scroll_bar_draw(const struct scroll_bar *bar, struct canvas *c, const SDL_Rect *area,
                     int least, uint32_t color);

#endif
