/* Events of SDL to the parts of the window that they belong to. */
#include "app/window/input.h"

#include "app/input/keys.h"
#include "app/window/action_run.h"
#include "app/window/scale.h"
#include "app/window/typing.h"
#include "app/window/window_private.h"

/* Keys of the window itself. */
static bool own_key(struct window *w, const struct term_key *key)
{
    bool searching = w->search.open;
    if (question_key(w, key) || note_key(w, key))
        return true;
    if (searching && search_bar_key(w, key))
        return true;
    const struct binding *binding = bindings_find(&w->config->bindings, key);
    bool done = binding && action_run(w, binding->action, binding->argument);
    /* Programs get nothing of what is typed into the search bar. */
    return done || searching;
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

void window_mouse(struct window *w, const struct window_mouse *mouse)
{
    struct font_metrics m = font_metrics(w->painter.font);
    int x = w->painter.padding + mouse->column * m.cell_width + m.cell_width / 2;
    int y = w->painter.padding + mouse->row * m.cell_height + m.cell_height / 2;
    bool changed;
    if (mouse->button == 4 || mouse->button == 5)
        changed = pointer_wheel(w, x, y, mouse->button == 4 ? 1 : -1, 0, mouse->mods);
    else if (mouse->kind == TERM_MOUSE_PRESS)
        changed = pointer_press(w, x, y, mouse->button, mouse->clicks, mouse->mods);
    else if (mouse->kind == TERM_MOUSE_RELEASE)
        changed = pointer_release(w, x, y, mouse->button, mouse->mods);
    else
        changed = pointer_move(w, x, y, mouse->button, mouse->mods);
    if (changed)
        w->dirty = true;
}

static bool wheel_event(struct window *w, const SDL_MouseWheelEvent *event, unsigned mods)
{
    if (mods & TERM_MOD_CTRL) {
        if (event->y)
            window_zoom(w, event->y > 0 ? 1 : -1);
        return event->y != 0;
    }
    return pointer_wheel(w, scale_to_pixels(w, event->mouseX), scale_to_pixels(w, event->mouseY),
                         event->preciseY, event->preciseX, mods);
}

static bool mouse_event(struct window *w, const SDL_Event *event)
{
    unsigned mods = keys_mods(SDL_GetModState());
    const SDL_MouseButtonEvent *b = &event->button;
    const SDL_MouseMotionEvent *m = &event->motion;
    switch (event->type) {
    case SDL_MOUSEBUTTONDOWN:
        return pointer_press(w, scale_to_pixels(w, b->x), scale_to_pixels(w, b->y),
                             button_number(b->button), b->clicks, mods);
    case SDL_MOUSEBUTTONUP:
        return pointer_release(w, scale_to_pixels(w, b->x), scale_to_pixels(w, b->y),
                               button_number(b->button), mods);
    case SDL_MOUSEMOTION:
        return pointer_move(w, scale_to_pixels(w, m->x), scale_to_pixels(w, m->y),
                            button_held(m->state), mods);
    }
    return wheel_event(w, &event->wheel, mods);
}

/* The text of a long composition is the receiver's. */
static bool edit_long(struct window *w, const SDL_TextEditingExtEvent *event)
{
    bool changed = typing_edit(w, event->text ? event->text : "", event->start);
    SDL_free(event->text);
    return changed;
}

bool input_event(struct window *w, const SDL_Event *event)
{
    bool changed;
    switch (event->type) {
    case SDL_KEYDOWN:
    case SDL_KEYUP:
        changed = typing_key(w, &event->key, own_key);
        return pointer_modifiers(w, keys_mods(event->key.keysym.mod)) || changed;
    case SDL_TEXTINPUT:
        return typing_text(w, event->text.text);
    case SDL_TEXTEDITING:
        return typing_edit(w, event->edit.text, event->edit.start);
    case SDL_TEXTEDITING_EXT:
        return edit_long(w, &event->editExt);
    case SDL_KEYMAPCHANGED:
        typing_layout_changed(w);
        return false;
    case SDL_DROPBEGIN:
    case SDL_DROPFILE:
    case SDL_DROPTEXT:
    case SDL_DROPCOMPLETE:
        drop_event(w, &event->drop);
        return true;
    case SDL_MOUSEBUTTONDOWN:
    case SDL_MOUSEBUTTONUP:
    case SDL_MOUSEMOTION:
    case SDL_MOUSEWHEEL:
        return mouse_event(w, event);
    }
    return false;
}
