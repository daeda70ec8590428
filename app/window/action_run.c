/* Does what keys are bound to. */
#include "app/window/action_run.h"

#include <stdlib.h>
#include <string.h>

#include "app/input/clipboard.h"
#include "app/window/close.h"
#include "app/window/paste.h"
#include "app/window/window_private.h"

bool window_copy(struct window *w, bool primary)
{
    struct term *term = session_lock(w->session);
    size_t n;
    char *text = term_selection_text(term, &n);
    session_unlock(w->session);
    bool any = text && text[0];
    if (any) {
        window_serve(w);
        clipboard_set(text, primary);
    }
    free(text);
    return any;
}

void window_scroll(struct window *w, int rows)
{
    term_scroll(session_lock(w->session), rows);
    session_unlock(w->session);
}

static void scroll_prompt(struct window *w, int direction)
{
    term_scroll_prompt(session_lock(w->session), direction);
    session_unlock(w->session);
}

static void scroll_far(struct window *w, void (*to)(struct term *))
{
    to(session_lock(w->session));
    session_unlock(w->session);
}

static bool copy_or_pass(struct window *w)
{
    if (!window_copy(w, false))
        return false;
    term_select_clear(session_lock(w->session));
    session_unlock(w->session);
    return true;
}

static void toggle_full_screen(struct window *w)
{
    bool full = SDL_GetWindowFlags(w->sdl) & SDL_WINDOW_FULLSCREEN_DESKTOP;
    SDL_SetWindowFullscreen(w->sdl, full ? 0 : SDL_WINDOW_FULLSCREEN_DESKTOP);
}

bool action_run(struct window *w, enum action action, const char *argument)
{
    int page = w->rows > 1 ? w->rows - 1 : 1;
    switch (action) {
    case ACTION_COPY:
        window_copy(w, false);
        break;
    case ACTION_COPY_OR_PASS:
        return copy_or_pass(w);
    case ACTION_PASTE:
        paste_wanted(w, false);
        break;
    case ACTION_PASTE_SELECTION:
        paste_wanted(w, clipboard_has_primary());
        break;
    case ACTION_SELECT_ALL:
        scroll_far(w, term_select_all);
        break;
    case ACTION_ZOOM_IN:
        window_zoom(w, 1);
        break;
    case ACTION_ZOOM_OUT:
        window_zoom(w, -1);
        break;
    case ACTION_ZOOM_RESET:
        window_zoom(w, 0);
        break;
    case ACTION_SCROLL_LINE_UP:
        window_scroll(w, -1);
        break;
    case ACTION_SCROLL_LINE_DOWN:
        window_scroll(w, 1);
        break;
    case ACTION_SCROLL_PAGE_UP:
        window_scroll(w, -page);
        break;
    case ACTION_SCROLL_PAGE_DOWN:
        window_scroll(w, page);
        break;
    case ACTION_SCROLL_TOP:
        scroll_far(w, term_scroll_top);
        break;
    case ACTION_SCROLL_BOTTOM:
        scroll_far(w, term_scroll_bottom);
        break;
    case ACTION_PROMPT_PREVIOUS:
        scroll_prompt(w, -1);
        break;
    case ACTION_PROMPT_NEXT:
        scroll_prompt(w, 1);
        break;
    case ACTION_SELECT_OUTPUT:
        term_select_output(session_lock(w->session));
        session_unlock(w->session);
        break;
    case ACTION_SEARCH:
        search_bar_open(w);
        break;
    case ACTION_FULL_SCREEN:
        toggle_full_screen(w);
        break;
    case ACTION_OPEN_CONFIG:
        if (w->settings)
            w->settings->edit(w);
        break;
    case ACTION_RELOAD_CONFIG:
        if (w->settings)
            w->settings->reload(w);
        break;
    case ACTION_RESET:
        term_reset(session_lock(w->session), true);
        session_unlock(w->session);
        break;
    case ACTION_SEND:
        session_text(w->session, argument, strlen(argument));
        break;
    case ACTION_CLOSE:
        close_wanted(w);
        break;
    case ACTION_COUNT:
        return false;
    }
    return true;
}
