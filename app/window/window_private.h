/* The window from the inside: window.c and what handles its input. */
#ifndef APP_WINDOW_WINDOW_PRIVATE_H
#define APP_WINDOW_WINDOW_PRIVATE_H

#include <SDL.h>
#include <stdatomic.h>

#include "app/config/config.h"
#include "app/draw/painter.h"
#include "app/window/drop.h"
#include "app/window/note.h"
#include "app/window/notices.h"
#include "app/window/overlay.h"
#include "app/window/pointer.h"
#include "app/window/present.h"
#include "app/window/question.h"
#include "app/window/scroll_bar.h"
#include "app/window/search_bar.h"
#include "app/window/typing.h"
#include "app/window/window.h"

struct call;

struct window {
    SDL_Window *sdl;
    struct present present;
    SDL_Surface *surface; /* what the painter draws into */
    struct painter painter;
    struct term_view *view;
    struct session *session;
    struct guest *guest; /* NULL: none yet */
    int rows, columns;
    const struct config *config;
    const struct window_settings *settings; /* NULL: none yet */
    double font_size;                       /* points, as zoomed */
    double scale;                           /* of text, 1 at 96 pixels an inch */
    double density;                         /* pixels in a unit of window coordinates */
    int pretended_scale;                    /* percent, by a test; 0: none */
    uint32_t event_type;
    SDL_threadID ui_thread;
    bool running, focused;

    bool dirty;          /* draw at the next frame */
    uint64_t drawn_at;   /* ticks, milliseconds */
    uint64_t blinked_at; /* when the blinking phase last changed */
    uint64_t bell_until; /* the window is lit up, 0 not */
    uint64_t held_since; /* since when a program holds its output back, 0 not */

    atomic_bool change_told; /* an event is under way */
    atomic_uint lost;        /* a bit for each kind of event that had no room */
    _Atomic(struct call *) lost_calls;
    atomic_bool keep_open;
    atomic_bool closing;

    struct typing typing;
    struct pointer pointer;
    struct overlay overlay;
    struct scroll_bar scroll;
    struct search_bar search;
    struct drop drop;
    struct note note;
    struct notices notices;
    struct question question;
    char *pasted; /* what the question is about, SDL's memory; NULL: it is about something else */

    /* Tests: links are kept instead of opened. */
    bool keep_links;
    char *kept_link;
};

/* The font of the configuration in another size. */
void window_set_font(struct window *w, double points);
void window_draw(struct window *w);
/* Does what programs have asked for up to now; else that waits for the next picture. Before the
 * user copies or pastes, or what a program copied earlier would come later. */
void window_serve(struct window *w);
/* Font size in points up or down; 0: back to the first. */
void window_zoom(struct window *w, int steps);
/* The cell at a pixel of the canvas; may lie outside. */
void window_cell_at(struct window *w, int x, int y, int *row, int *column);

#endif
