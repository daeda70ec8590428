/* Closing the window by the user's wish, which may ask first. UI thread. */
#ifndef APP_WINDOW_CLOSE_H
#define APP_WINDOW_CLOSE_H

struct window;

/* The user wants to close the window: closes it, or asks when the configuration says so. A second
 * wish is an answer. */
void close_wanted(struct window *w);

#endif
