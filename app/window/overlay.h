/*
 * What lies over the terminal's picture: composed text, the underline of a link, scroll bar, search
 * bar, notes and questions to the user, the light of the bell. The painter's picture stays as it
 * is; where something lies over it, a copy is shown.
 */
#ifndef APP_WINDOW_OVERLAY_H
#define APP_WINDOW_OVERLAY_H

#include <SDL.h>
#include <stdbool.h>

#include "app/draw/painter.h"

struct window;

enum overlay_kind {
    OVERLAY_LINK,
    OVERLAY_PREEDIT,
    OVERLAY_SCROLL,
    OVERLAY_NOTE,
    OVERLAY_SEARCH,
    OVERLAY_QUESTION,
    OVERLAY_BELL,
    OVERLAY_COUNT
};

struct overlay {
    SDL_Surface *surface; /* the picture with everything on it, while there is something */
    SDL_Rect shown[OVERLAY_COUNT];
    bool touched[OVERLAY_COUNT];
    struct canvas picture; /* of the surface */
};

/* It looks different from now on, in the same place. */
void overlay_touch(struct window *w, enum overlay_kind kind);

/* What takes the mouse at a point: a question, note, search or scroll bar; OVERLAY_COUNT: nothing.
 */
enum overlay_kind overlay_at(const struct window *w, const SDL_Point *point);

/* Where the scroll bar is when it is shown, and the least height of its thumb. */
SDL_Rect overlay_scroll_area(const struct window *w);
int overlay_thumb_least(const struct window *w);

/* The place of a bar with so many lines of text at an edge of a window of that size: it ends where
 * a row does, so that none is half covered. */
SDL_Rect overlay_bar(const struct window *w, int lines, bool at_top, int width, int height);
/* Where in a bar its first line of text begins. */
int overlay_bar_text(const struct window *w, const SDL_Rect *bar, int lines);

/* What bars are drawn with: the scheme's own colours, a little apart from the background. */
struct overlay_colors {
    uint32_t surface; /* behind their text */
    uint32_t raised;  /* behind a button */
    uint32_t text, faint;
    uint32_t edge; /* the line between a bar and the text */
};

struct overlay_colors overlay_colors(const struct window *w);
/* A bar's surface, with its edge, and beside it a stripe in a colour that says what it is about. */
void overlay_draw_bar(struct window *w, struct canvas *c, const SDL_Rect *bar, uint32_t stripe);

/* Brings what has been painted, and what changed over it, to the screen. */
void overlay_present(struct window *w, struct painted painted);

/* When something over the picture has to change without an event, in ticks; 0: never. */
uint64_t overlay_deadline(const struct window *w);

/* The picture as it is on the screen. */
const struct canvas *overlay_canvas(struct window *w);

void overlay_free(struct window *w);

#endif
