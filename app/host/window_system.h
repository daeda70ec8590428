/* What SDL does not do for a window on this host. */
#ifndef APP_HOST_WINDOW_SYSTEM_H
#define APP_HOST_WINDOW_SYSTEM_H

#include <SDL.h>
#include <stdbool.h>

/* Pixels per 1/96 inch on the window's display, as the user has set it: 1.0 at 100 %. */
double host_window_scale(SDL_Window *window);

/* Whether the system itself resizes a window that comes to a display of another scale. */
extern const bool host_window_resized;

/* Follows the user's choice of dark or light windows for the frame, also when it changes. Before
 * the window is shown. */
void host_window_frame(SDL_Window *window);

/*
 * While the user drags or resizes the window on Windows the system runs a loop of its own and
 * SDL_WaitEvent does not return: tick(arg) is then called on the UI thread about 60 times a second.
 * Elsewhere it is never called.
 */
void host_window_modal(SDL_Window *window, void (*tick)(void *arg), void *arg);

/* Whether a window can be made translucent; else *reason says why not (a string that lives). */
bool host_window_blends(SDL_Window *window, const char **reason);

/* Whether the user wants the pointer hidden while typing, as far as the system has a setting. */
bool host_pointer_vanishes(void);

/* Whether the clipboard holds text although SDL may find none, since another program has it open
 * for the moment. */
bool host_clipboard_has_text(void);

/* Shows text to a user who has no window: a message box, or the standard error. */
void host_show_error(const char *text);

/* A program of the window kind has no console on Windows: takes the one it was started from, so
 * that --help and --version can be read. */
void host_attach_console(void);

#endif
