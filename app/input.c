#include "app/input.h"

#include <stdlib.h>

#include "app/actions.h"
#include "app/keys.h"
#include "app/typing.h"
#include "app/window_private.h"

#define WHEEL_ROWS 3

/* Keys of the window itself. */
static bool own_key(struct window *w, const struct term_key *key)
{
    const struct binding *binding = bindings_find(&w->config->bindings, key);
    return binding && action_run(w, binding->action, binding->argument);
}

/* Shift keeps the mouse from programs. */
static bool report(struct window *w, const struct term_mouse *event)
{
    if (event->mods & TERM_MOD_SHIFT)
        return false;
    struct term *term = session_lock(w->session);
    bool sent = (term_mouse_wanted(term) || event->button >= 4) && term_mouse(term, event);
    session_unlock(w->session);
    return sent;
}

static void select_from(struct window *w, const struct term_mouse *event, int clicks)
{
    enum term_select_kind kind = clicks == 2                  ? TERM_SELECT_WORD
                                 : clicks >= 3                ? TERM_SELECT_LINE
                                 : event->mods & TERM_MOD_ALT ? TERM_SELECT_BLOCK
                                                              : TERM_SELECT_CELL;
    struct term *term = session_lock(w->session);
    if ((event->mods & TERM_MOD_SHIFT) && term_selected(term))
        term_select_extend(term, event->row, event->col);
    else
        term_select_start(term, event->row, event->col, kind);
    session_unlock(w->session);
    w->selecting = true;
}

static bool press(struct window *w, const struct term_mouse *event, int clicks)
{
    if (report(w, event)) {
        w->button = event->button;
        return false;
    }
    switch (event->button) {
    case 1:
        select_from(w, event, clicks);
        return true;
    case 2:
        window_paste(w, true);
        return false;
    case 3:
        /* As in the consoles of Windows: copies what is selected, else pastes. */
        if (window_copy(w, false)) {
            struct term *term = session_lock(w->session);
            term_select_clear(term);
            session_unlock(w->session);
            return true;
        }
        window_paste(w, false);
        return false;
    }
    return false;
}

static bool release(struct window *w, const struct term_mouse *event)
{
    if (w->selecting && event->button == 1) {
        w->selecting = false;
        window_copy(w, true);
        return true;
    }
    if (w->button) {
        struct term *term = session_lock(w->session);
        term_mouse(term, event);
        session_unlock(w->session);
        w->button = 0;
    }
    return false;
}

static bool move(struct window *w, const struct term_mouse *event)
{
    if (!w->selecting) {
        report(w, event);
        return false;
    }
    struct term *term = session_lock(w->session);
    if (event->row < 0)
        term_scroll(term, -1);
    else if (event->row >= w->rows)
        term_scroll(term, 1);
    term_select_extend(term, event->row < 0 ? 0 : event->row, event->col < 0 ? 0 : event->col);
    session_unlock(w->session);
    return true;
}

static bool wheel(struct window *w, struct term_mouse *event, int steps)
{
    event->kind = TERM_MOUSE_PRESS;
    event->button = steps > 0 ? 4 : 5;
    for (int i = abs(steps); i > 0; i--)
        if (!report(w, event))
            window_scroll(w, steps > 0 ? -WHEEL_ROWS : WHEEL_ROWS);
    return true;
}

static struct term_mouse mouse_at(struct window *w, int x, int y)
{
    struct term_mouse event = {.x = x, .y = y, .mods = keys_mods(SDL_GetModState())};
    window_cell_at(w, x, y, &event.row, &event.col);
    return event;
}

static int button_number(uint8_t sdl)
{
    return sdl <= SDL_BUTTON_RIGHT ? sdl : sdl + 4;
}

static int button_held(uint32_t state)
{
    return state & SDL_BUTTON_LMASK   ? 1
           : state & SDL_BUTTON_MMASK ? 2
           : state & SDL_BUTTON_RMASK ? 3
                                      : 0;
}

static bool button_event(struct window *w, const SDL_MouseButtonEvent *sdl)
{
    struct term_mouse event = mouse_at(w, sdl->x, sdl->y);
    event.button = button_number(sdl->button);
    event.kind = sdl->type == SDL_MOUSEBUTTONDOWN ? TERM_MOUSE_PRESS : TERM_MOUSE_RELEASE;
    return event.kind == TERM_MOUSE_PRESS ? press(w, &event, sdl->clicks) : release(w, &event);
}

void window_mouse(struct window *w, const struct window_mouse *mouse)
{
    struct font_metrics m = font_metrics(w->painter.font);
    struct term_mouse event = {.kind = (enum term_mouse_kind)mouse->kind,
                               .button = mouse->button,
                               .row = mouse->row,
                               .col = mouse->column,
                               .x = mouse->column * m.cell_width,
                               .y = mouse->row * m.cell_height,
                               .mods = mouse->mods};
    bool changed;
    if (mouse->button == 4 || mouse->button == 5)
        changed = wheel(w, &event, mouse->button == 4 ? 1 : -1);
    else if (event.kind == TERM_MOUSE_PRESS)
        changed = press(w, &event, mouse->clicks);
    else if (event.kind == TERM_MOUSE_RELEASE)
        changed = release(w, &event);
    else
        changed = move(w, &event);
    if (changed)
        w->dirty = true;
}

bool input_event(struct window *w, const SDL_Event *event)
{
    struct term_mouse mouse;
    switch (event->type) {
    case SDL_KEYDOWN:
    case SDL_KEYUP:
        return typing_key(w, &event->key, own_key);
    case SDL_TEXTINPUT:
        return typing_text(w, event->text.text);
    case SDL_TEXTEDITING:
        return typing_edit(w, event->edit.text, event->edit.start);
    case SDL_KEYMAPCHANGED:
        typing_layout_changed(w);
        return false;
    case SDL_MOUSEBUTTONDOWN:
    case SDL_MOUSEBUTTONUP:
        return button_event(w, &event->button);
    case SDL_MOUSEMOTION:
        mouse = mouse_at(w, event->motion.x, event->motion.y);
        mouse.kind = TERM_MOUSE_MOVE;
        mouse.button = button_held(event->motion.state);
        return move(w, &mouse);
    case SDL_MOUSEWHEEL:
        if (SDL_GetModState() & KMOD_CTRL) {
            window_zoom(w, event->wheel.y > 0 ? 1 : -1);
            return true;
        }
        mouse = mouse_at(w, event->wheel.mouseX, event->wheel.mouseY);
        return wheel(w, &mouse, event->wheel.y);
    }
    return false;
}
