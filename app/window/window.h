/*
 * The window: shows one session, turns keys and mouse into what the terminal wants. Everything here
 * runs on the UI thread unless it says otherwise. It never waits for a guest.
 */
#ifndef APP_WINDOW_WINDOW_H
#define APP_WINDOW_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "app/draw/canvas.h"
#include "app/session/session.h"

struct config;
struct window;

/* NULL: *error says why (a string that lives). The session is made here, without guests. The
 * configuration is the caller's and has to live on. */
struct window *window_new(const struct config *config, const char **error);
void window_free(struct window *w);

/* Another configuration, which has to live on, in the place of the present one. */
void window_apply(struct window *w, const struct config *config);

struct session *window_session(struct window *w);

/* What the actions on the configuration file do, on the UI thread. The table has to live on; until
 * it is set they do nothing. */
struct window_settings {
    /* Opens the file in an editor of the host, made with every option as a comment when it is
     * missing. */
    void (*edit)(struct window *w);
    /* Reads the file now, and applies it. */
    void (*reload)(struct window *w);
};
void window_set_settings(struct window *w, const struct window_settings *settings);

/* The first program of its session, which is asked for before the window closes. */
struct guest;
void window_set_guest(struct window *w, struct guest *guest);

/* Runs until the session has ended or the user closes the window. */
void window_run(struct window *w);

/* From any thread: the session is over. keep_open leaves the window (a message stands in it) until
 * the user closes it. */
void window_end(struct window *w, bool keep_open);

/* From any thread but the UI's: runs fn(arg) on the UI thread after every event already queued, and
 * waits for it. False when the window is closing. */
bool window_call(struct window *w, void (*fn)(struct window *w, void *arg), void *arg);

/* For calls made that way. What has been drawn, brought up to date. */
const struct canvas *window_canvas(struct window *w);
/* Sets the size in cells. False when they would be more pixels than are drawn (scale_bound). */
bool window_set_cells(struct window *w, int rows, int columns);
/* A wheel turn or button at a cell, as the mouse would make it. */
struct window_mouse {
    int kind; /* enum term_mouse_kind */
    int button;
    int row, column;
    unsigned mods; /* TERM_MOD_* */
    int clicks;
};
void window_mouse(struct window *w, const struct window_mouse *mouse);
void window_close(struct window *w);

#endif
