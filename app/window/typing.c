/* Key and text events to keys of the terminal, input methods included. */
#include "app/window/typing.h"

#include <string.h>

#include "app/host/keymap.h"
#include "app/window/scale.h"
#include "app/window/window_private.h"

/*
 * Takes the text that a press gave. The window systems report it as an event of its own directly
 * after that of the key, with at most events that are no keys between.
 */
static void take_text(char *text, size_t size)
{
    SDL_Event event;
    size_t n = 0;
    SDL_PumpEvents();
    while (SDL_PeepEvents(&event, 1, SDL_PEEKEVENT, SDL_KEYDOWN, SDL_TEXTINPUT) == 1 &&
           event.type == SDL_TEXTINPUT &&
           SDL_PeepEvents(&event, 1, SDL_GETEVENT, SDL_TEXTINPUT, SDL_TEXTINPUT) == 1) {
        size_t more = strlen(event.text.text);
        if (n + more < size) {
            memcpy(text + n, event.text.text, more);
            n += more;
        }
    }
    text[n] = 0;
}

static const struct keys_host *host(struct window *w)
{
    if (!w->typing.host_known)
        host_keymap(w->sdl, &w->typing.host);
    w->typing.host_known = true;
    return &w->typing.host;
}

void typing_layout_changed(struct window *w)
{
    w->typing.host_known = false;
}

static void after_typing(struct window *w)
{
    term_select_clear(session_lock(w->session));
    session_unlock(w->session);
    pointer_typed(w);
}

static bool send_key(struct window *w, SDL_Scancode scancode, const struct term_key *key)
{
    bool sent = session_key(w->session, key);
    /* Shift and Ctrl alone do not end a selection: they may begin its copying. */
    bool typed = sent && key->action != TERM_KEY_RELEASE && !keys_modifier(key->code);
    if (typed)
        after_typing(w);
    if (scancode < SDL_NUM_SCANCODES)
        w->typing.sent[scancode] = key->action != TERM_KEY_RELEASE;
    return typed;
}

static bool release_key(struct window *w, const SDL_KeyboardEvent *event)
{
    struct term_key key;
    SDL_Scancode scancode = event->keysym.scancode;
    if (scancode < SDL_NUM_SCANCODES && w->typing.sent[scancode] &&
        keys_translate(event, "", host(w), &key))
        send_key(w, scancode, &key);
    return false;
}

bool typing_key(struct window *w, const SDL_KeyboardEvent *event,
                bool (*own)(struct window *w, const struct term_key *key))
{
    struct term_key key;
    char text[256] = "";
    if (event->type == SDL_KEYUP)
        return release_key(w, event);
    if (keys_have_text(event))
        take_text(text, sizeof(text));
    w->typing.waits = false;
    if (!keys_translate(event, text, host(w), &key)) {
        w->typing.waiting = *event;
        w->typing.waits = true;
        return false;
    }
    /* While something is being composed, keys without text are the input method's. */
    if (w->typing.preedit[0] && !text[0] && !keys_modifier(key.code))
        return false;
    if (own(w, &key))
        return true;
    /* Shift and Ctrl alone leave what is being composed alone. */
    if (!keys_modifier(key.code))
        w->typing.preedit[0] = 0;
    return send_key(w, event->keysym.scancode, &key);
}

/* A single character, as a key gives it; more is from an input method or a tool. */
static bool single_character(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += (*text & 0xc0) != 0x80;
    return n == 1;
}

bool typing_text(struct window *w, const char *text)
{
    bool composed = w->typing.preedit[0] != 0;
    w->typing.preedit[0] = 0;
    struct term_key key;
    if (question_text(w))
        return true;
    if (w->search.open) {
        search_bar_text(w, text);
        return true;
    }
    if (w->typing.waits && !composed && single_character(text) &&
        keys_translate(&w->typing.waiting, text, host(w), &key)) {
        w->typing.waits = false;
        return send_key(w, w->typing.waiting.keysym.scancode, &key);
    }
    session_text(w->session, text, strlen(text));
    after_typing(w);
    return true;
}

bool typing_edit(struct window *w, const char *text, int cursor)
{
    size_t n = strlen(text);
    while (n >= PREEDIT_MAX || (n > 0 && (text[n] & 0xc0) == 0x80))
        n--;
    memcpy(w->typing.preedit, text, n);
    w->typing.preedit[n] = 0;
    w->typing.preedit_cursor = cursor;
    w->typing.waits = false;
    if (n > 0 && !w->search.open) {
        term_scroll_bottom(session_lock(w->session));
        session_unlock(w->session);
    }
    overlay_touch(w, OVERLAY_PREEDIT);
    return true;
}

void typing_show_place(struct window *w)
{
    struct font_metrics m = font_metrics(w->painter.font);
    struct term_cursor cursor = term_view_cursor(w->view);
    SDL_Rect at = {w->painter.padding + cursor.col * m.cell_width,
                   w->painter.padding + cursor.row * m.cell_height, m.cell_width, m.cell_height};
    if (w->search.open)
        at = w->search.cursor;
    if (SDL_RectEquals(&at, &w->typing.place))
        return;
    w->typing.place = at;
    SDL_Rect place = {scale_from_pixels(w, at.x), scale_from_pixels(w, at.y),
                      scale_from_pixels(w, at.w), scale_from_pixels(w, at.h)};
    SDL_SetTextInputRect(&place);
}
