/* The mouse: who gets an event, selecting, and the link under it. */
#include "app/window/pointer.h"

#include <stdlib.h>
#include <string.h>

#include "app/host/window_system.h"
#include "app/window/action_run.h"
#include "app/window/links.h"
#include "app/window/overlay.h"
#include "app/window/paste.h"
#include "app/window/window_private.h"

#define WHEEL_ROWS     3
#define DRAG_SCROLL_MS 50

static struct term_mouse event_at(struct window *w, int x, int y, int button, unsigned mods)
{
    struct term_mouse event = {
        .button = button, .x = x - w->painter.padding, .y = y - w->painter.padding, .mods = mods};
    window_cell_at(w, x, y, &event.row, &event.col);
    return event;
}

static bool program_wants(struct window *w, unsigned mods)
{
    bool wanted = term_mouse_wanted(session_lock(w->session));
    session_unlock(w->session);
    /* Shift keeps the mouse from programs. */
    return wanted && !(mods & TERM_MOD_SHIFT);
}

/* --- Links --- */

static void forget_link(struct window *w)
{
    free(w->pointer.link);
    w->pointer.link = NULL;
    w->pointer.span_count = 0;
    w->pointer.marked = false;
}

bool pointer_link_shown(const struct window *w)
{
    const struct pointer *p = &w->pointer;
    return p->link && !p->selecting && (p->marked || (p->mods & TERM_MOD_CTRL));
}

/* Bars and links have their own; else the program's, where it does not leave that to us. */
static enum term_pointer shape_wanted(struct window *w)
{
    SDL_Point at = {w->pointer.x, w->pointer.y};
    if (overlay_at(w, &at) != OVERLAY_COUNT)
        return TERM_POINTER_ARROW;
    if (pointer_link_shown(w))
        return TERM_POINTER_HAND;
    enum term_pointer asked = term_pointer(session_lock(w->session));
    session_unlock(w->session);
    if (asked != TERM_POINTER_ANY)
        return asked;
    return program_wants(w, w->pointer.mods) ? TERM_POINTER_ARROW : TERM_POINTER_TEXT;
}

static void show_shape(struct window *w)
{
    static const SDL_SystemCursor system[TERM_POINTER_SHAPES] = {
        [TERM_POINTER_ANY] = SDL_SYSTEM_CURSOR_IBEAM,
        [TERM_POINTER_ARROW] = SDL_SYSTEM_CURSOR_ARROW,
        [TERM_POINTER_TEXT] = SDL_SYSTEM_CURSOR_IBEAM,
        [TERM_POINTER_HAND] = SDL_SYSTEM_CURSOR_HAND,
        [TERM_POINTER_CROSS] = SDL_SYSTEM_CURSOR_CROSSHAIR,
        [TERM_POINTER_WAIT] = SDL_SYSTEM_CURSOR_WAIT,
        [TERM_POINTER_PROGRESS] = SDL_SYSTEM_CURSOR_WAITARROW,
        [TERM_POINTER_FORBIDDEN] = SDL_SYSTEM_CURSOR_NO,
        [TERM_POINTER_MOVE] = SDL_SYSTEM_CURSOR_SIZEALL,
        [TERM_POINTER_ACROSS] = SDL_SYSTEM_CURSOR_SIZEWE,
        [TERM_POINTER_UPRIGHT] = SDL_SYSTEM_CURSOR_SIZENS,
        [TERM_POINTER_FALLING] = SDL_SYSTEM_CURSOR_SIZENWSE,
        [TERM_POINTER_RISING] = SDL_SYSTEM_CURSOR_SIZENESW,
    };
    struct pointer *p = &w->pointer;
    enum term_pointer shape = shape_wanted(w);
    if (p->cursors[shape] && shape == p->shape)
        return;
    if (!p->cursors[shape])
        p->cursors[shape] = SDL_CreateSystemCursor(system[shape]);
    p->shape = shape;
    if (p->cursors[shape])
        SDL_SetCursor(p->cursors[shape]);
}

static bool look_for_link(struct window *w)
{
    struct pointer *p = &w->pointer;
    struct term_span old[LINK_SPANS];
    int old_count = pointer_link_shown(w) ? p->span_count : 0;
    memcpy(old, p->spans, sizeof(old));
    forget_link(w);
    window_cell_at(w, p->x, p->y, &p->at_row, &p->at_col);
    if (p->inside && !p->selecting && p->at_row >= 0 && p->at_row < w->rows && p->at_col >= 0 &&
        p->at_col < w->columns) {
        p->span_count = LINK_SPANS;
        p->link = term_link_find(session_lock(w->session), p->at_row, p->at_col, p->spans,
                                 &p->span_count, &p->marked);
        session_unlock(w->session);
    }
    show_shape(w);
    int count = pointer_link_shown(w) ? p->span_count : 0;
    return count != old_count || memcmp(old, p->spans, (size_t)count * sizeof(*old)) != 0;
}

void pointer_refresh(struct window *w)
{
    if (w->pointer.link) {
        if (look_for_link(w))
            w->overlay.touched[OVERLAY_LINK] = true;
        return;
    }
    w->pointer.at_row = -1; /* looked for when the mouse moves next */
    if (w->pointer.inside)
        show_shape(w); /* a program may have taken the mouse */
}

bool pointer_modifiers(struct window *w, unsigned mods)
{
    bool shown = pointer_link_shown(w);
    w->pointer.mods = mods;
    if (!w->pointer.inside)
        return false;
    show_shape(w);
    return pointer_link_shown(w) != shown;
}

/* --- Selecting --- */

static void begin_selection(struct window *w)
{
    struct pointer *p = &w->pointer;
    int row, col;
    window_cell_at(w, p->from_x, p->from_y, &row, &col);
    term_select_start(session_lock(w->session), row, col, p->kind);
    session_unlock(w->session);
    p->begun = true;
}

static bool select_from(struct window *w, int x, int y, int clicks, unsigned mods)
{
    struct pointer *p = &w->pointer;
    struct term_mouse at = event_at(w, x, y, 1, mods);
    p->selecting = true;
    p->from_x = x;
    p->from_y = y;
    p->kind = clicks == 2                             ? TERM_SELECT_WORD
              : clicks >= 3                           ? TERM_SELECT_LINE
              : mods & (TERM_MOD_ALT | TERM_MOD_CTRL) ? TERM_SELECT_BLOCK
                                                      : TERM_SELECT_CELL;
    struct term *term = session_lock(w->session);
    p->begun = (mods & TERM_MOD_SHIFT) && term_selected(term);
    if (p->begun)
        term_select_extend(term, at.row, at.col);
    else
        term_select_clear(term);
    session_unlock(w->session);
    if (!p->begun && clicks >= 2)
        begin_selection(w);
    return true;
}

static void extend(struct window *w)
{
    struct term_mouse at = event_at(w, w->pointer.x, w->pointer.y, 1, 0);
    term_select_extend(session_lock(w->session), at.row < 0 ? 0 : at.row, at.col < 0 ? 0 : at.col);
    session_unlock(w->session);
}

/* Rows that the view moves a step while the mouse is beyond an edge: more the farther it is. */
static int drag_rows(const struct window *w)
{
    int cell = font_metrics(w->painter.font).cell_height;
    int above = w->painter.padding - w->pointer.y;
    int below = w->pointer.y - w->painter.padding - w->rows * cell + 1;
    int rows = above > 0 ? -(1 + above / cell) : below > 0 ? 1 + below / cell : 0;
    return rows < -10 ? -10 : rows > 10 ? 10 : rows;
}

static bool drag(struct window *w)
{
    struct pointer *p = &w->pointer;
    int far_x = abs(p->x - p->from_x), far_y = abs(p->y - p->from_y);
    struct font_metrics m = font_metrics(w->painter.font);
    if (!p->begun && far_x < m.cell_width / 2 && far_y < m.cell_height / 2)
        return false;
    if (!p->begun)
        begin_selection(w);
    extend(w);
    if (drag_rows(w) == 0)
        p->scroll_at = 0;
    else if (p->scroll_at == 0)
        p->scroll_at = SDL_GetTicks64() + DRAG_SCROLL_MS;
    return true;
}

uint64_t pointer_deadline(const struct window *w)
{
    return w->pointer.scroll_at;
}

bool pointer_tick(struct window *w, uint64_t now)
{
    struct pointer *p = &w->pointer;
    if (p->scroll_at == 0 || now < p->scroll_at)
        return false;
    int rows = p->selecting ? drag_rows(w) : 0;
    p->scroll_at = rows ? now + DRAG_SCROLL_MS : 0;
    if (rows) {
        window_scroll(w, rows);
        extend(w);
    }
    return rows != 0;
}

static bool end_selecting(struct window *w)
{
    w->pointer.selecting = false;
    w->pointer.scroll_at = 0;
    if (w->pointer.begun) {
        window_copy(w, true);
        if (w->config->copy_on_select)
            window_copy(w, false);
    }
    return true;
}

/* --- The scroll bar --- */

static void drag_bar(struct window *w, int y)
{
    struct scroll_bar *bar = &w->scroll;
    int height = w->painter.canvas.height;
    uint64_t above = scroll_above(&bar->place, height, overlay_thumb_least(w), y - bar->grab);
    term_scroll_to(session_lock(w->session), above);
    session_unlock(w->session);
}

static bool press_bar(struct window *w, int y)
{
    struct scroll_bar *bar = &w->scroll;
    struct scroll_thumb thumb =
        scroll_thumb(&bar->place, w->painter.canvas.height, overlay_thumb_least(w));
    bool on_thumb = y >= thumb.top && y < thumb.top + thumb.height;
    bar->dragged = true;
    bar->grab = on_thumb ? y - thumb.top : thumb.height / 2;
    if (!on_thumb)
        drag_bar(w, y);
    overlay_touch(w, OVERLAY_SCROLL);
    return true;
}

/* --- Buttons and movement --- */

static void show_pointer(struct window *w)
{
    if (w->pointer.hidden)
        SDL_ShowCursor(SDL_ENABLE);
    w->pointer.hidden = false;
}

void pointer_typed(struct window *w)
{
    if (!w->config->hide_mouse || w->pointer.hidden || !host_pointer_vanishes())
        return;
    w->pointer.hidden = true;
    SDL_ShowCursor(SDL_DISABLE);
}

static void moved_to(struct window *w, int x, int y, unsigned mods)
{
    show_pointer(w);
    w->pointer.x = x;
    w->pointer.y = y;
    w->pointer.mods = mods;
    w->pointer.inside = true;
}

static bool press_on_window(struct window *w, int x, int y, int button, int clicks, unsigned mods)
{
    switch (button) {
    case 1:
        return select_from(w, x, y, clicks, mods);
    case 2:
        paste_wanted(w, true);
        return true;
    case 3:
        /* As in the consoles of Windows: copies what is selected, else pastes. */
        if (window_copy(w, false)) {
            term_select_clear(session_lock(w->session));
            session_unlock(w->session);
        } else {
            paste_wanted(w, false);
        }
        return true;
    }
    return false;
}

bool pointer_press(struct window *w, int x, int y, int button, int clicks, unsigned mods)
{
    struct pointer *p = &w->pointer;
    SDL_Point at = {x, y};
    moved_to(w, x, y, mods);
    look_for_link(w);
    switch (overlay_at(w, &at)) {
    case OVERLAY_SEARCH:
        if (button == 1)
            search_bar_click(w, x, y);
        return true;
    case OVERLAY_SCROLL:
        return button == 1 ? press_bar(w, y) : false;
    case OVERLAY_NOTE:
        note_hide(w);
        return true;
    case OVERLAY_QUESTION:
        if (button == 1)
            question_click(w, x, y);
        return true;
    default:
        break;
    }
    p->pressed_link = button == 1 && (mods & TERM_MOD_CTRL) && p->link;
    if (!p->pressed_link && program_wants(w, mods)) {
        struct term_mouse event = event_at(w, x, y, button, mods);
        event.kind = TERM_MOUSE_PRESS;
        session_mouse(w->session, &event);
        p->button = button;
        return false;
    }
    return press_on_window(w, x, y, button, p->pressed_link ? 1 : clicks, mods);
}

bool pointer_release(struct window *w, int x, int y, int button, unsigned mods)
{
    struct pointer *p = &w->pointer;
    bool changed = false;
    moved_to(w, x, y, mods);
    if (w->scroll.dragged && button == 1) {
        w->scroll.dragged = false;
        overlay_touch(w, OVERLAY_SCROLL);
        changed = true;
    } else if (p->button == button && button) {
        struct term_mouse event = event_at(w, x, y, button, mods);
        event.kind = TERM_MOUSE_RELEASE;
        session_mouse(w->session, &event);
        p->button = 0;
    } else if (p->selecting && button == 1) {
        bool click = p->pressed_link && !p->begun;
        changed = end_selecting(w);
        look_for_link(w);
        if (click && p->link)
            link_open(w, p->link);
    }
    if (button == 1)
        p->pressed_link = false;
    return changed;
}

static bool hover_bar(struct window *w, int x, int y)
{
    SDL_Point at = {x, y};
    SDL_Rect place = overlay_scroll_area(w);
    bool hovered = SDL_PointInRect(&at, &place) && w->scroll.place.above + w->scroll.place.below;
    if (hovered == w->scroll.hovered)
        return false;
    w->scroll.hovered = hovered;
    overlay_touch(w, OVERLAY_SCROLL);
    return true;
}

bool pointer_move(struct window *w, int x, int y, int held, unsigned mods)
{
    struct pointer *p = &w->pointer;
    moved_to(w, x, y, mods);
    if (w->scroll.dragged) {
        drag_bar(w, y);
        return true;
    }
    if (p->selecting)
        return drag(w);
    if (program_wants(w, mods) || p->button) {
        struct term_mouse event = event_at(w, x, y, held, mods);
        event.kind = TERM_MOUSE_MOVE;
        session_mouse(w->session, &event);
    }
    bool changed = held ? false : hover_bar(w, x, y);
    int row, col;
    window_cell_at(w, x, y, &row, &col);
    if (row == p->at_row && col == p->at_col && p->cursors[p->shape]) {
        show_shape(w);
        return changed;
    }
    if (!look_for_link(w))
        return changed;
    overlay_touch(w, OVERLAY_LINK);
    return true;
}

void pointer_leave(struct window *w)
{
    w->pointer.inside = false;
    show_pointer(w);
    if (!w->scroll.dragged)
        w->scroll.hovered = false;
    forget_link(w);
    overlay_touch(w, OVERLAY_LINK);
}

/* Whole notches go to programs. False when it wants none. */
static bool report_wheel(struct window *w, struct term_mouse *event, double *turned, int forward,
                         int back)
{
    bool any = false;
    event->kind = TERM_MOUSE_PRESS;
    while (*turned >= WHEEL_ROWS || *turned <= -WHEEL_ROWS) {
        event->button = *turned > 0 ? forward : back;
        *turned += *turned > 0 ? -WHEEL_ROWS : WHEEL_ROWS;
        any = session_mouse(w->session, event) || any;
    }
    return any;
}

bool pointer_wheel(struct window *w, int x, int y, double up, double right, unsigned mods)
{
    struct pointer *p = &w->pointer;
    struct term_mouse event = event_at(w, x, y, 0, mods);
    moved_to(w, x, y, mods);
    if (up * p->wheel < 0)
        p->wheel = 0;
    p->wheel += up * WHEEL_ROWS;
    p->wheel_across += right * WHEEL_ROWS;
    if (program_wants(w, mods)) {
        report_wheel(w, &event, &p->wheel, 4, 5);
        report_wheel(w, &event, &p->wheel_across, 7, 6);
        return false;
    }
    p->wheel_across = 0;
    int rows = (int)p->wheel;
    if (rows == 0)
        return false;
    bool scrolled = term_scroll(session_lock(w->session), -rows);
    session_unlock(w->session);
    /* On the alternate screen, which has no scrollback, the wheel may be arrow keys (1007). */
    if (!scrolled && !(mods & TERM_MOD_SHIFT) && report_wheel(w, &event, &p->wheel, 4, 5))
        return false;
    p->wheel -= scrolled ? rows : 0;
    if (!scrolled && (p->wheel >= WHEEL_ROWS || p->wheel <= -WHEEL_ROWS))
        p->wheel = 0;
    return scrolled;
}

void pointer_free(struct window *w)
{
    forget_link(w);
    for (int i = 0; i < TERM_POINTER_SHAPES; i++)
        if (w->pointer.cursors[i])
            SDL_FreeCursor(w->pointer.cursors[i]);
}
