/* Lays over the painter's picture what belongs on it, and shows what changed. */
#include "app/window/overlay.h"

#include <string.h>

#include "app/draw/contrast.h"
#include "app/draw/label.h"
#include "app/window/window_private.h"

#define SCROLL_WIDTH 8  /* pixels at 100 % */
#define BAR_MARGIN   4  /* pixels at 100 %, above and below the text of a bar, at least */
#define STRIPE_WIDTH 4  /* likewise */
#define BELL_COVER   40 /* of 255 */
#define DAMAGE_MAX   (1 + 2 * OVERLAY_COUNT)

struct damage {
    SDL_Rect rects[DAMAGE_MAX];
    int count;
};

void overlay_touch(struct window *w, enum overlay_kind kind)
{
    w->overlay.touched[kind] = true;
    w->dirty = true;
}

int overlay_thumb_least(const struct window *w)
{
    return 2 * font_metrics(w->painter.font).cell_height;
}

SDL_Rect overlay_scroll_area(const struct window *w)
{
    const struct canvas *c = &w->painter.canvas;
    int width = (int)(SCROLL_WIDTH * w->scale + 0.5);
    return (SDL_Rect){c->width - width, 0, width, c->height};
}

enum overlay_kind overlay_at(const struct window *w, const SDL_Point *point)
{
    static const enum overlay_kind above[] = {OVERLAY_QUESTION, OVERLAY_SEARCH, OVERLAY_NOTE,
                                              OVERLAY_SCROLL};
    for (size_t i = 0; i < sizeof(above) / sizeof(above[0]); i++)
        if (SDL_PointInRect(point, &w->overlay.shown[above[i]]))
            return above[i];
    return OVERLAY_COUNT;
}

uint64_t overlay_deadline(const struct window *w)
{
    bool lingers = w->scroll.until && w->overlay.shown[OVERLAY_SCROLL].w > 0;
    uint64_t scroll = lingers ? w->scroll.until : 0, note = note_deadline(w);
    return !scroll || (note && note < scroll) ? note : scroll;
}

/* --- Bars --- */

SDL_Rect overlay_bar(const struct window *w, int lines, bool at_top, int width, int height)
{
    int cell = font_metrics(w->painter.font).cell_height, padding = w->painter.padding;
    int least = lines * cell + 2 * (int)(BAR_MARGIN * w->scale + 0.5);
    int h = least;
    if (at_top && least > padding)
        h = padding + (least - padding + cell - 1) / cell * cell;
    else if (!at_top && height - least > padding)
        h = height - padding - (height - least - padding) / cell * cell;
    h = h > height ? height : h;
    return (SDL_Rect){0, at_top ? 0 : height - h, width, h};
}

int overlay_bar_text(const struct window *w, const SDL_Rect *bar, int lines)
{
    return bar->y + (bar->h - lines * font_metrics(w->painter.font).cell_height) / 2;
}

struct overlay_colors overlay_colors(const struct window *w)
{
    uint32_t fg = term_view_foreground(w->view), bg = term_view_background(w->view);
    uint32_t surface = canvas_mix(bg, fg, 28), raised = canvas_mix(bg, fg, 60);
    return (struct overlay_colors){
        .surface = surface,
        .raised = raised,
        .text = contrast_raise(fg, raised, CONTRAST_READABLE),
        .faint = contrast_raise(canvas_mix(bg, fg, 160), surface, CONTRAST_READABLE),
        .edge = canvas_mix(bg, fg, 72)};
}

void overlay_draw_bar(struct window *w, struct canvas *c, const SDL_Rect *bar, uint32_t stripe)
{
    struct overlay_colors colors = overlay_colors(w);
    int line = font_metrics(w->painter.font).line;
    bool at_top = bar->y == 0 && bar->h < c->height;
    canvas_fill(c, bar->x, bar->y, bar->w, bar->h, colors.surface);
    canvas_fill(c, bar->x, at_top ? bar->y + bar->h - line : bar->y, bar->w, line, colors.edge);
    if (stripe & COLOR_SET)
        canvas_fill(c, bar->x, bar->y, (int)(STRIPE_WIDTH * w->scale + 0.5), bar->h,
                    stripe & ~COLOR_SET);
}

/* --- The link under the mouse --- */

static SDL_Rect span_area(const struct window *w, const struct term_span *span)
{
    struct font_metrics m = font_metrics(w->painter.font);
    return (SDL_Rect){w->painter.padding + span->from * m.cell_width,
                      w->painter.padding + span->row * m.cell_height,
                      (span->to - span->from) * m.cell_width, m.cell_height};
}

static SDL_Rect link_place(const struct window *w)
{
    SDL_Rect all = {0, 0, 0, 0};
    for (int i = 0; pointer_link_shown(w) && i < w->pointer.span_count; i++) {
        SDL_Rect one = span_area(w, &w->pointer.spans[i]);
        if (all.w)
            SDL_UnionRect(&all, &one, &all);
        else
            all = one;
    }
    return all;
}

static void draw_link(struct window *w, struct canvas *c)
{
    struct font_metrics m = font_metrics(w->painter.font);
    for (int i = 0; i < w->pointer.span_count; i++) {
        SDL_Rect area = span_area(w, &w->pointer.spans[i]);
        canvas_fill(c, area.x, area.y + m.underline, area.w, m.line, term_view_foreground(w->view));
    }
}

/* --- What an input method composes --- */

static SDL_Rect preedit_place(const struct window *w)
{
    const char *text = w->typing.preedit;
    struct font_metrics m = font_metrics(w->painter.font);
    SDL_Rect at = w->typing.place;
    if (!text[0])
        return (SDL_Rect){0, 0, 0, 0};
    at.w = (label_columns(text, strlen(text)) + 1) * m.cell_width;
    if (at.x + at.w > w->painter.canvas.width)
        at.x = w->painter.canvas.width - at.w;
    if (at.x < 0)
        at.x = 0;
    return at;
}

static void draw_preedit(struct window *w, struct canvas *c, const SDL_Rect *at)
{
    struct font_metrics m = font_metrics(w->painter.font);
    uint32_t fg = term_view_foreground(w->view), bg = term_view_background(w->view);
    const char *text = w->typing.preedit, *cursor = text;
    for (int n = w->typing.preedit_cursor; n != 0 && *cursor; n--)
        do
            cursor++;
        while ((*cursor & 0xc0) == 0x80);
    int before = label_columns(text, (size_t)(cursor - text)) * m.cell_width;
    canvas_fill(c, at->x, at->y, at->w, at->h, bg);
    int end = label_draw(&w->painter, c, at->x, at->y, at->x + at->w, text, fg);
    canvas_fill(c, at->x, at->y + m.underline, end - at->x, m.line, fg);
    canvas_fill(c, at->x + before, at->y, m.line + 1, at->h, term_view_cursor_color(w->view));
}

/* --- All of them --- */

static void places(struct window *w, SDL_Rect out[OVERLAY_COUNT])
{
    uint64_t now = SDL_GetTicks64();
    struct scroll_place place = {.rows = w->rows};
    term_view_scrolled(w->view, &place.above, &place.below);
    if (scroll_bar_moved(&w->scroll, &place, now))
        w->overlay.touched[OVERLAY_SCROLL] = true;
    if (w->scroll.until && now >= w->scroll.until)
        w->scroll.until = 0;
    out[OVERLAY_LINK] = link_place(w);
    out[OVERLAY_PREEDIT] = preedit_place(w);
    out[OVERLAY_SCROLL] =
        scroll_bar_shown(&w->scroll, now) ? overlay_scroll_area(w) : (SDL_Rect){0, 0, 0, 0};
    out[OVERLAY_SEARCH] = search_bar_place(w, w->painter.canvas.width, w->painter.canvas.height);
    out[OVERLAY_NOTE] = note_place(w, w->painter.canvas.width, w->painter.canvas.height);
    out[OVERLAY_QUESTION] = question_place(w, w->painter.canvas.width, w->painter.canvas.height);
    out[OVERLAY_BELL] = (SDL_Rect){0, 0, 0, 0};
    if (w->bell_until)
        out[OVERLAY_BELL] = (SDL_Rect){0, 0, w->painter.canvas.width, w->painter.canvas.height};
    if (out[OVERLAY_SEARCH].w)
        w->overlay.touched[OVERLAY_SEARCH] = true;
}

static void overlay_draw(struct window *w, struct canvas *c, enum overlay_kind kind,
                         const SDL_Rect *at)
{
    switch (kind) {
    case OVERLAY_LINK:
        draw_link(w, c);
        break;
    case OVERLAY_PREEDIT:
        draw_preedit(w, c, at);
        break;
    case OVERLAY_SCROLL:
        scroll_bar_draw(&w->scroll, c, at, overlay_thumb_least(w), term_view_foreground(w->view));
        break;
    case OVERLAY_SEARCH:
        search_bar_draw(w, c);
        break;
    case OVERLAY_NOTE:
        note_draw(w, c, at);
        break;
    case OVERLAY_QUESTION:
        question_draw(w, c, at);
        break;
    case OVERLAY_BELL:
        for (int y = 0; y < at->h; y++)
            for (int x = 0; x < at->w; x++)
                canvas_blend(c, x, y, term_view_foreground(w->view), BELL_COVER);
        break;
    case OVERLAY_COUNT:
        break;
    }
}

static void overlay_add(struct damage *d, const SDL_Rect *rect, const SDL_Rect *all)
{
    SDL_Rect inside;
    if (d->count < DAMAGE_MAX && SDL_IntersectRect(rect, all, &inside))
        d->rects[d->count++] = inside;
}

static bool hits(const struct damage *d, const SDL_Rect *rect)
{
    for (int i = 0; i < d->count; i++)
        if (SDL_HasIntersection(&d->rects[i], rect))
            return true;
    return false;
}

static bool any_shown(const SDL_Rect places[OVERLAY_COUNT])
{
    for (int i = 0; i < OVERLAY_COUNT; i++)
        if (places[i].w > 0)
            return true;
    return false;
}

/* The second picture, of the size of the first one, and all of it when it is new. */
static bool make_overlay(struct window *w)
{
    struct overlay *o = &w->overlay;
    if (o->surface && o->surface->w == w->surface->w && o->surface->h == w->surface->h)
        return true;
    SDL_FreeSurface(o->surface);
    o->surface =
        SDL_CreateRGBSurfaceWithFormat(0, w->surface->w, w->surface->h, 32, SDL_PIXELFORMAT_RGB888);
    return o->surface && SDL_BlitSurface(w->surface, NULL, o->surface, NULL) == 0;
}

static struct canvas canvas_of(SDL_Surface *surface)
{
    return (struct canvas){surface->pixels, surface->w, surface->h, surface->pitch / 4};
}

/* Copies the damaged parts of the picture and draws over them. */
static void compose_picture(struct window *w, const SDL_Rect now[OVERLAY_COUNT],
                            const struct damage *d)
{
    struct canvas c = canvas_of(w->overlay.surface);
    for (int i = 0; i < d->count; i++) {
        SDL_Rect to = d->rects[i];
        SDL_BlitSurface(w->surface, &d->rects[i], w->overlay.surface, &to);
    }
    for (int i = 0; i < OVERLAY_COUNT; i++)
        if (now[i].w > 0)
            overlay_draw(w, &c, (enum overlay_kind)i, &now[i]);
}

void overlay_present(struct window *w, struct painted painted)
{
    struct overlay *o = &w->overlay;
    SDL_Rect now[OVERLAY_COUNT], all = {0, 0, w->surface->w, w->surface->h};
    SDL_Rect band = {0, painted.top, all.w, painted.height};
    struct damage d = {.count = 0};
    bool over = false;
    places(w, now);
    overlay_add(&d, &band, &all);
    for (int i = 0; i < OVERLAY_COUNT; i++)
        over = over || o->touched[i] || !SDL_RectEquals(&now[i], &o->shown[i]) || hits(&d, &now[i]);
    /* They may lie over one another: all or none. */
    for (int i = 0; over && i < OVERLAY_COUNT; i++) {
        overlay_add(&d, &o->shown[i], &all);
        if (!SDL_RectEquals(&now[i], &o->shown[i]))
            overlay_add(&d, &now[i], &all);
    }
    bool composed = any_shown(now) && make_overlay(w);
    if (composed && over)
        compose_picture(w, now, &d);
    else if (composed)
        compose_picture(w, (SDL_Rect[OVERLAY_COUNT]){{0, 0, 0, 0}}, &d);
    if (!any_shown(now)) {
        SDL_FreeSurface(o->surface);
        o->surface = NULL;
    }
    memcpy(o->shown, now, sizeof(now));
    memset(o->touched, 0, sizeof(o->touched));
    if (d.count > 0)
        present_show(&w->present, composed ? o->surface : w->surface, d.rects, d.count);
}

const struct canvas *overlay_canvas(struct window *w)
{
    if (!w->overlay.surface)
        return &w->painter.canvas;
    w->overlay.picture = canvas_of(w->overlay.surface);
    return &w->overlay.picture;
}

void overlay_free(struct window *w)
{
    SDL_FreeSurface(w->overlay.surface);
    w->overlay.surface = NULL;
}
