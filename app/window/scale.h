/*
 * How many pixels things have: the scale of the display, which the user or a test may replace, and
 * pixels per unit of window coordinates, which differ on Wayland alone. For the UI thread.
 */
#ifndef APP_WINDOW_SCALE_H
#define APP_WINDOW_SCALE_H

#include <stdbool.h>

struct window;

/* Looks at the display again: true when the scale has become another one. */
bool scale_update(struct window *w);

/* As if the display had this scale, in percent; 0: what it has. The window keeps its cells. */
void scale_pretend(struct window *w, int percent);

/* After a change: fonts and padding of the new size. keep_cells: the window gets the size that its
 * rows and columns need, unless the system has resized it. */
void scale_apply(struct window *w, bool keep_cells);

/* Bounds what a size costs: four bytes for each pixel, in the picture, in what lies over it and in
 * the window system. More pixels than this are not drawn, whoever asks for them: 8K is fewer. False
 * when there were more; then the height is less, or both. */
#define SCALE_PIXELS_MAX (36 << 20)
#define SCALE_SIDE_MAX   32767
bool scale_bound(int *width, int *height);

/* The window's size in pixels. */
void scale_set_size(struct window *w, int width, int height);

/* From window coordinates to pixels, and back. */
int scale_to_pixels(const struct window *w, int length);
int scale_from_pixels(const struct window *w, int length);

#endif
