/*
 * How many pixels things have: the scale of the display, which the user or a test may replace, and
 * pixels per unit of window coordinates, which differ on Wayland alone. For the UI thread.
 */
#ifndef APP_SCALE_H
#define APP_SCALE_H

#include <stdbool.h>

struct window;

/* Looks at the display again: true when the scale has become another one. */
bool scale_update(struct window *w);

/* As if the display had this scale, in percent; 0: what it has. The window keeps its cells. */
void scale_pretend(struct window *w, int percent);

/* After a change: fonts and padding of the new size. keep_cells: the window gets the size that its
 * rows and columns need, unless the system has resized it. */
void scale_apply(struct window *w, bool keep_cells);

/* The window's size in pixels. */
void scale_set_size(struct window *w, int width, int height);

/* From window coordinates to pixels, and back. */
int scale_to_pixels(const struct window *w, int length);
int scale_from_pixels(const struct window *w, int length);

#endif
