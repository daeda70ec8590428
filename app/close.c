#include "app/close.h"

#include "app/guest.h"
#include "app/label.h"
#include "app/window_private.h"

#define MARGIN 4 /* pixels at 100 %, above and below the text */

static bool shall_ask(const struct config *c)
{
    enum guest_state state = guest_state();
    return state != GUEST_NONE && (c->confirm_close == CONFIRM_ALWAYS ||
                                   (c->confirm_close == CONFIRM_RUNNING && state == GUEST_BUSY));
}

void close_wanted(struct window *w)
{
    if (w->close_asked || !shall_ask(w->config))
        window_close(w);
    w->close_asked = true;
    w->dirty = true;
}

bool close_key(struct window *w, const struct term_key *key)
{
    if (!w->close_asked)
        return false;
    if (key->code >= TERM_KEY_LEFT_SHIFT && key->code <= TERM_KEY_RIGHT_SUPER)
        return true;
    if (key->code == TERM_KEY_ENTER || key->code == TERM_KEY_KP_ENTER)
        window_close(w);
    w->close_asked = false;
    w->dirty = true;
    return true;
}

SDL_Rect close_place(struct window *w, int width, int height)
{
    int h = font_metrics(w->painter.font).cell_height + 2 * (int)(MARGIN * w->scale + 0.5);
    if (!w->close_asked)
        return (SDL_Rect){0, 0, 0, 0};
    return (SDL_Rect){0, h > height ? 0 : height - h, width, h};
}

void close_draw(struct window *w, struct canvas *c, const SDL_Rect *at)
{
    struct font_metrics m = font_metrics(w->painter.font);
    uint32_t fg = term_view_foreground(w->view), bg = term_view_background(w->view);
    int y = at->y + (at->h - m.cell_height) / 2;
    canvas_fill(c, at->x, at->y, at->w, at->h, canvas_mix(bg, 0xc02020, 140));
    label_draw(&w->painter, c, at->x + m.cell_width, y, at->x + at->w - m.cell_width,
               "Close, and end the programs here?   Enter: close   Escape: stay", fg);
}
