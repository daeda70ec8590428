/* Drives the window by lines on the standard input: a table of commands and what each waits for. */
#include "app/control.h"

#include <SDL.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/config/options.h"
#include "app/draw/png.h"
#include "app/window/input.h"
#include "app/window/scale.h"
#include "app/window/window_private.h"
#include "runtime/abi/errno.h"
#include "runtime/host/file.h"
#include "runtime/host/lock.h"
#include "runtime/host/stdio.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"

#define LINE_MAX_SIZE 65536

struct control {
    struct window *w;
    double seconds; /* deadline of wait and gone */
    char line[LINE_MAX_SIZE];
    size_t filled;
    struct host_mutex lock;
    struct host_cond readable_cond;
    bool readable;
};

static void answer(const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof(text) - 1, format, args);
    va_end(args);
    if (n >= (int)sizeof(text) - 1)
        n = (int)sizeof(text) - 2;
    /* An answer is one line. */
    for (int i = 0; i < n; i++)
        if (text[i] == '\n')
            text[i] = ' ';
    text[n++] = '\n';
    host_stdio_write(1, text, (size_t)n);
}

static void answer_text(const char *text)
{
    int lines = 0;
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    size_t n = strlen(text);
    bool open = n > 0 && text[n - 1] != '\n';
    answer("text %d", lines + open);
    host_stdio_write(1, text, n);
    if (open)
        host_stdio_write(1, "\n", 1);
}

static char *screen_text(struct control *c)
{
    struct term *term = session_lock(window_session(c->w));
    char *text = term_screen_text(term);
    session_unlock(window_session(c->w));
    return text;
}

/* False, with the answer, where an escape is none. */
static bool unescape(char *text)
{
    bool ok = option_unescape(text);
    if (!ok)
        answer("error which escape is that?");
    return ok;
}

/* Also late when the screen never stops changing. */
static bool wait_changes(struct session *s, uint64_t seen, uint64_t deadline)
{
    return host_clock_monotonic_ns() < deadline && session_wait(s, seen, deadline);
}

/* Waits until the screen shows the text, or does not; else answers that and returns false. */
static bool await(struct control *c, const char *text, bool shown)
{
    struct session *s = window_session(c->w);
    uint64_t deadline = host_clock_monotonic_ns() + (uint64_t)(c->seconds * 1e9);
    for (;;) {
        uint64_t seen = session_changes(s);
        char *screen = screen_text(c);
        bool found = screen && strstr(screen, text);
        bool late = found != shown && !wait_changes(s, seen, deadline);
        if (late) {
            answer("error %s: %s", shown ? "not shown" : "still shown", text);
            if (screen)
                answer_text(screen);
        }
        free(screen);
        if (found == shown || late)
            return !late;
    }
}

static void control_wait(struct control *c, char *text, bool shown)
{
    if (unescape(text) && await(c, text, shown))
        answer("ok");
}

static void wait_shown(struct control *c, char *text)
{
    control_wait(c, text, true);
}

static void wait_gone(struct control *c, char *text)
{
    control_wait(c, text, false);
}

static void deadline(struct control *c, char *seconds)
{
    c->seconds = atof(seconds);
    answer("ok");
}

/* Waits until the terminal has taken so many bytes more from programs. */
static void flow(struct control *c, char *count)
{
    struct session *s = window_session(c->w);
    uint64_t deadline = host_clock_monotonic_ns() + (uint64_t)(c->seconds * 1e9);
    uint64_t first = session_taken(s), wanted = strtoull(count, NULL, 10);
    for (;;) {
        uint64_t seen = session_changes(s), taken = session_taken(s) - first;
        if (taken >= wanted) {
            answer("ok");
            return;
        }
        if (!wait_changes(s, seen, deadline)) {
            answer("error only %llu bytes came", (unsigned long long)taken);
            return;
        }
    }
}

static void nothing(struct window *w, void *arg)
{
    (void)w;
    (void)arg;
}

/* Events are worked on in order: when this one is, all before it have been. */
static void sync_answer(struct control *c)
{
    answer(window_call(c->w, nothing, NULL) ? "ok" : "error the window is closed");
}

static void do_pump(struct window *w, void *arg)
{
    (void)w;
    (void)arg;
    SDL_PumpEvents();
}

/* Also those that the window system has, but SDL has not taken yet. */
static bool sync_all(struct control *c)
{
    return window_call(c->w, do_pump, NULL) && window_call(c->w, nothing, NULL);
}

/* SDL's queue is bounded: what has no room goes in when the queue has been worked off. */
static bool queue(struct control *c, SDL_Event *events, int n)
{
    /* All at once, as the window system does: the text belongs to the key. */
    int in = SDL_PeepEvents(events, n, SDL_ADDEVENT, 0, 0);
    in = in < 0 ? 0 : in;
    if (in < n && window_call(c->w, nothing, NULL))
        in += SDL_PeepEvents(events + in, n - in, SDL_ADDEVENT, 0, 0);
    return in == n;
}

static void type(struct control *c, char *text)
{
    if (!unescape(text))
        return;
    size_t n = strlen(text);
    for (size_t at = 0; at < n;) {
        SDL_Event event = {.text = {.type = SDL_TEXTINPUT}};
        size_t size = n - at;
        if (text[at] == '\n' || text[at] == '\r') {
            SDL_Event keys[2] = {{.key = {.type = SDL_KEYDOWN, .keysym = {.sym = SDLK_RETURN}}}};
            keys[1] = keys[0];
            keys[1].type = SDL_KEYUP;
            if (!queue(c, keys, 2))
                break;
            at++;
            continue;
        }
        size_t line = strcspn(text + at, "\r\n");
        if (size > line)
            size = line;
        if (size > sizeof(event.text.text) - 1) {
            size = sizeof(event.text.text) - 1;
            while (size > 1 && (text[at + size] & 0xc0) == 0x80)
                size--;
        }
        memcpy(event.text.text, text + at, size);
        at += size;
        if (!queue(c, &event, 1) || !window_call(c->w, nothing, NULL))
            break;
    }
    sync_answer(c);
}

static bool take_prefix(const char **text, const char *prefix)
{
    size_t n = strlen(prefix);
    if (strncmp(*text, prefix, n) != 0)
        return false;
    *text += n;
    return true;
}

/* Queues the events of a key. False, and the answer, when there is no such key. */
static bool push_key(struct control *c, const char *name)
{
    uint16_t mods = 0;
    const char *full = name;
    for (;;) {
        if (take_prefix(&name, "ctrl+"))
            mods |= KMOD_LCTRL;
        else if (take_prefix(&name, "shift+"))
            mods |= KMOD_LSHIFT;
        else if (take_prefix(&name, "alt+"))
            mods |= KMOD_LALT;
        else
            break;
    }
    SDL_Keycode code = SDL_GetKeyFromName(name);
    if (code == SDLK_UNKNOWN) {
        answer("error no such key: %s", full);
        return false;
    }
    SDL_Event events[3] = {
        {.key = {.type = SDL_KEYDOWN,
                 .state = SDL_PRESSED,
                 .keysym = {.scancode = SDL_GetScancodeFromKey(code), .sym = code, .mod = mods}}}};
    int n = 1;
    if (code >= ' ' && code < 0x7f && !(mods & (KMOD_CTRL | KMOD_ALT))) {
        bool capital = code >= 'a' && code <= 'z' && (mods & KMOD_SHIFT);
        events[n].text.type = SDL_TEXTINPUT;
        events[n++].text.text[0] = (char)(capital ? code - 32 : code);
    }
    events[n] = events[0];
    events[n].type = SDL_KEYUP;
    events[n++].key.state = SDL_RELEASED;
    if (!queue(c, events, n)) {
        answer("error the window is closed");
        return false;
    }
    return true;
}

static void press_key(struct control *c, char *name)
{
    if (push_key(c, name))
        sync_answer(c);
}

static void do_draw(struct window *w, void *arg)
{
    (void)arg;
    window_draw(w);
}

/* How long it takes from a key to the text it leads to, or until what it does has been drawn. */
static void time_key(struct control *c, char *arguments)
{
    char *text = strchr(arguments, ' ');
    if (text) {
        *text++ = 0;
        if (!unescape(text))
            return;
    }
    uint64_t start = host_clock_monotonic_ns();
    if (!push_key(c, arguments) || (text && !await(c, text, true)))
        return;
    if (!text && !window_call(c->w, do_draw, NULL))
        answer("error the window is closed");
    else
        answer("ok %.1f", (double)(host_clock_monotonic_ns() - start) / 1e6);
}

static void do_mouse(struct window *w, void *arg)
{
    window_mouse(w, arg);
}

static void mouse(struct control *c, enum term_mouse_kind kind, const char *arguments)
{
    struct window_mouse event = {.kind = kind, .clicks = 1};
    if (sscanf(arguments, "%d %d %d %d", &event.button, &event.row, &event.column, &event.clicks) <
        3)
        answer("error which button, row and column?");
    else
        answer(window_call(c->w, do_mouse, &event) ? "ok" : "error the window is closed");
}

static void press(struct control *c, char *arguments)
{
    mouse(c, TERM_MOUSE_PRESS, arguments);
}

static void release_button(struct control *c, char *arguments)
{
    mouse(c, TERM_MOUSE_RELEASE, arguments);
}

static void move_mouse(struct control *c, char *arguments)
{
    mouse(c, TERM_MOUSE_MOVE, arguments);
}

static void wheel(struct control *c, char *direction)
{
    struct window_mouse event = {.button = strcmp(direction, "up") == 0 ? 4 : 5};
    answer(window_call(c->w, do_mouse, &event) ? "ok" : "error the window is closed");
}

static void do_cell(struct window *w, void *arg)
{
    int *place = arg;
    struct font_metrics m = font_metrics(w->painter.font);
    int x = w->painter.padding + place[1] * m.cell_width + m.cell_width / 2;
    place[1] = w->painter.padding + place[0] * m.cell_height + m.cell_height / 2;
    place[0] = x;
}

static void cell(struct control *c, char *arguments)
{
    int place[2];
    if (sscanf(arguments, "%d %d", &place[0], &place[1]) != 2)
        answer("error which row and column?");
    else if (window_call(c->w, do_cell, place))
        answer("cell %d %d", place[0], place[1]);
    else
        answer("error the window is closed");
}

static void do_size(struct window *w, void *arg)
{
    int *size = arg;
    if (!window_set_cells(w, size[0], size[1]))
        size[0] = 0;
}

static void do_scale(struct window *w, void *arg)
{
    scale_pretend(w, *(const int *)arg);
    window_draw(w);
}

static void scale(struct control *c, char *argument)
{
    int percent = atoi(argument);
    if (percent < 0 || percent > 500)
        answer("error a scale is 0 to 500");
    else
        answer(window_call(c->w, do_scale, &percent) ? "ok" : "error the window is closed");
}

static void resize_window(struct control *c, char *arguments)
{
    int size[2];
    if (sscanf(arguments, "%d %d", &size[0], &size[1]) != 2 || size[0] < 1 || size[1] < 1)
        answer("error how many rows and columns?");
    else if (!window_call(c->w, do_size, size))
        answer("error the window is closed");
    else
        answer(size[0] ? "ok" : "error that is too large");
}

static int write_file(const char *path, const void *bytes, size_t n)
{
    struct host_file *file;
    int error =
        host_file_open(path, HOST_FILE_WRITE | HOST_FILE_CREATE | HOST_FILE_TRUNCATE, 0644, &file);
    if (error)
        return error;
    int64_t done = host_file_write(file, bytes, n, 0);
    host_file_close(file);
    return done == (int64_t)n ? 0 : done < 0 ? (int)done : -L_ENOSPC;
}

struct picture {
    uint8_t *bytes;
    size_t size;
};

static void do_picture(struct window *w, void *arg)
{
    struct picture *picture = arg;
    picture->bytes = png_encode(window_canvas(w), &picture->size);
}

static void picture(struct control *c, char *path)
{
    struct picture picture = {0};
    if (!window_call(c->w, do_picture, &picture) || !picture.bytes)
        answer("error no picture");
    else if (write_file(path, picture.bytes, picture.size))
        answer("error cannot write %s", path);
    else
        answer("ok");
    free(picture.bytes);
}

struct pixel {
    int x, y;
    uint32_t color;
    bool inside;
};

static void do_pixel(struct window *w, void *arg)
{
    struct pixel *p = arg;
    const struct canvas *canvas = window_canvas(w);
    p->inside = p->x >= 0 && p->y >= 0 && p->x < canvas->width && p->y < canvas->height;
    if (p->inside)
        p->color = canvas->pixels[p->y * (intptr_t)canvas->stride + p->x] & 0xffffff;
}

static void pixel(struct control *c, char *arguments)
{
    struct session *s = window_session(c->w);
    uint64_t deadline = host_clock_monotonic_ns() + (uint64_t)(c->seconds * 1e9);
    struct pixel p;
    unsigned wanted;
    int given = sscanf(arguments, "%d %d #%x", &p.x, &p.y, &wanted);
    if (given < 2) {
        answer("error which column and row?");
        return;
    }
    for (;;) {
        uint64_t seen = session_changes(s);
        if (!window_call(c->w, do_pixel, &p) || !p.inside)
            answer("error no such pixel");
        else if (given == 2)
            answer("pixel #%06x", p.color);
        else if (p.color == wanted)
            answer("ok");
        else if (session_wait(s, seen, deadline))
            continue;
        else
            answer("error the pixel is #%06x", p.color);
        return;
    }
}

/* Into a file or, without one, here. */
static void answer_or_write(const char *text, const char *path)
{
    if (!text)
        answer("error out of memory");
    else if (!path[0])
        answer_text(text);
    else
        answer(write_file(path, text, strlen(text)) ? "error cannot write %s" : "ok", path);
}

static void text(struct control *c, char *path)
{
    char *screen = screen_text(c);
    answer_or_write(screen, path);
    free(screen);
}

static void selection(struct control *c, char *path)
{
    size_t n;
    struct term *term = session_lock(window_session(c->w));
    char *selected = term_selection_text(term, &n);
    session_unlock(window_session(c->w));
    answer_or_write(selected ? selected : "", path);
    free(selected);
}

static void do_opened(struct window *w, void *arg)
{
    char **link = arg;
    w->keep_links = true;
    *link = w->kept_link;
    w->kept_link = NULL;
}

/* The first call makes the window keep links instead of opening them. */
static void opened(struct control *c, char *rest)
{
    (void)rest;
    char *link = NULL;
    if (window_call(c->w, do_opened, &link))
        answer_text(link ? link : "");
    else
        answer("error the window is closed");
    free(link);
}

struct note_wanted {
    const char *text;
    bool said;
};

static void do_note(struct window *w, void *arg)
{
    struct note_wanted *n = arg;
    window_draw(w);
    const char *text = note_text(w);
    n->said = n->text[0] ? text && strstr(text, n->text) : !text;
}

static void note_waited(struct control *c, char *text)
{
    unescape(text);
    struct session *s = window_session(c->w);
    uint64_t deadline = host_clock_monotonic_ns() + (uint64_t)(c->seconds * 1e9);
    struct note_wanted n = {.text = text};
    for (;;) {
        uint64_t seen = session_changes(s);
        if (!window_call(c->w, do_note, &n))
            answer("error the window is closed");
        else if (n.said)
            answer("ok");
        else if (wait_changes(s, seen, deadline))
            continue;
        else
            answer("error not noted: %s", text);
        return;
    }
}

static void do_compose(struct window *w, void *arg)
{
    const char *text = arg;
    int cursor = 0;
    for (const char *p = text; *p; p++)
        cursor += (*p & 0xc0) != 0x80;
    typing_edit(w, text, cursor);
}

static void compose_text(struct control *c, char *text)
{
    if (!unescape(text))
        return;
    answer(window_call(c->w, do_compose, text) ? "ok" : "error the window is closed");
}

static void do_state(struct window *w, void *arg)
{
    static const char *const shapes[TERM_POINTER_SHAPES] = {
        "any",       "arrow", "text",   "hand",     "cross",   "wait",  "progress",
        "forbidden", "move",  "across", "up-right", "falling", "rising"};
    char *out = arg;
    static const char *const words[] = {"empty", "busy", "found", "again", "none"};
    const struct search_bar *bar = &w->search;
    const SDL_Rect *yes = &w->question.buttons[QUESTION_YES], *no = yes + 1;
    int percent;
    window_draw(w);
    snprintf(out, 2048,
             "pointer %s%s\nlink %s\nscrollbar %s %llu %llu\nsearch %s%s%s %s\n"
             "composing %s\nquestion %s\nanswers %d %d %d %d\n",
             shapes[w->pointer.shape], w->pointer.hidden ? " hidden" : "",
             pointer_link_shown(w) ? w->pointer.link : "-",
             w->overlay.shown[OVERLAY_SCROLL].w ? "shown" : "hidden",
             (unsigned long long)w->scroll.place.above, (unsigned long long)w->scroll.place.below,
             bar->open ? words[finder_state(bar->finder, &percent)] : "closed",
             bar->match_case ? " case" : "", bar->expression ? " expression" : "", bar->line.text,
             w->typing.preedit, w->question.answered ? w->question.text : "-", yes->x + yes->w / 2,
             yes->y + yes->h / 2, no->x + no->w / 2, no->y + no->h / 2);
    size_t n = strlen(out);
    session_lock(w->session);
    char *directory = session_directory(w->session);
    session_unlock(w->session);
    int progress = (int)session_progress(w->session, &percent);
    snprintf(out + n, 2048 - n, "font %g\nscreen %s\nprogress %d %d\ndirectory %s\nnotices %u\n",
             w->font_size, SDL_GetWindowFlags(w->sdl) & SDL_WINDOW_FULLSCREEN ? "full" : "part",
             progress, percent, directory ? directory : "-", w->notices.shown);
    free(directory);
    uint64_t which = 0, results = 0;
    if (bar->open && finder_count(bar->finder, &which, &results)) {
        n = strlen(out);
        snprintf(out + n, 2048 - n, "results %llu of %llu\n", (unsigned long long)which,
                 (unsigned long long)results);
    }
}

/* With the result of a search, for as long as waits may take. */
static void state(struct control *c, char *rest)
{
    (void)rest;
    char text[2048] = "";
    struct session *s = window_session(c->w);
    uint64_t deadline = host_clock_monotonic_ns() + (uint64_t)(c->seconds * 1e9);
    for (;;) {
        uint64_t seen = session_changes(s);
        if (!sync_all(c) || !window_call(c->w, do_state, text)) {
            answer("error the window is closed");
            return;
        }
        if (!strstr(text, "\nsearch busy") || !wait_changes(s, seen, deadline))
            break;
    }
    answer_text(text);
}

/* What the system's events for dropped files are. */
static void do_drop(struct window *w, void *arg)
{
    static const uint32_t types[] = {SDL_DROPBEGIN, SDL_DROPFILE, SDL_DROPCOMPLETE};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        SDL_Event event = {.drop = {.type = types[i]}};
        if (types[i] == SDL_DROPFILE)
            event.drop.file = SDL_strdup(arg);
        input_event(w, &event);
    }
}

static void drop_path(struct control *c, char *path)
{
    if (!unescape(path))
        return;
    answer(window_call(c->w, do_drop, path) ? "ok" : "error the window is closed");
}

/* As if the window had got or lost the keyboard. */
static void do_focus(struct window *w, void *arg)
{
    bool in = strcmp(arg, "in") == 0;
    SDL_Event event = {
        .window = {.type = SDL_WINDOWEVENT,
                   .windowID = SDL_GetWindowID(w->sdl),
                   .event = in ? SDL_WINDOWEVENT_FOCUS_GAINED : SDL_WINDOWEVENT_FOCUS_LOST}};
    SDL_PushEvent(&event);
}

static void focus(struct control *c, char *rest)
{
    answer(window_call(c->w, do_focus, rest) && sync_all(c) ? "ok" : "error the window is closed");
}

static void do_close(struct window *w, void *arg)
{
    (void)arg;
    window_close(w);
}

static void close_window(struct control *c, char *rest)
{
    (void)rest;
    answer(window_call(c->w, do_close, NULL) ? "ok" : "error the window is closed");
}

static void sync(struct control *c, char *rest)
{
    (void)rest;
    answer(sync_all(c) ? "ok" : "error the window is closed");
}

static const struct {
    const char *name;
    void (*run)(struct control *c, char *rest);
} commands[] = {
    {"wait", wait_shown},    {"gone", wait_gone},       {"deadline", deadline},
    {"type", type},          {"key", press_key},        {"time", time_key},
    {"flow", flow},          {"press", press},          {"release", release_button},
    {"move", move_mouse},    {"wheel", wheel},          {"cell", cell},
    {"size", resize_window}, {"scale", scale},          {"text", text},
    {"pixel", pixel},        {"picture", picture},      {"selection", selection},
    {"opened", opened},      {"compose", compose_text}, {"note", note_waited},
    {"sync", sync},          {"state", state},          {"close", close_window},
    {"drop", drop_path},     {"focus", focus},
};

static void serve(struct control *c, char *line)
{
    size_t n = strcspn(line, " ");
    char *rest = line[n] ? line + n + 1 : line + n;
    line[n] = 0;
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (!strcmp(line, commands[i].name)) {
            commands[i].run(c, rest);
            return;
        }
    answer("error what is %s?", line);
}

static void on_readable(void *arg)
{
    struct control *c = arg;
    host_mutex_lock(&c->lock);
    c->readable = true;
    host_cond_signal(&c->readable_cond);
    host_mutex_unlock(&c->lock);
}

/* More bytes into the line buffer. False at the end of the input. */
static bool read_more(struct control *c)
{
    for (;;) {
        int64_t n = host_stdio_read(0, c->line + c->filled, sizeof(c->line) - 1 - c->filled);
        if (n > 0) {
            c->filled += (size_t)n;
            return true;
        }
        if (n != -L_EAGAIN)
            return false;
        host_mutex_lock(&c->lock);
        while (!c->readable)
            host_cond_wait(&c->readable_cond, &c->lock, HOST_FOREVER);
        c->readable = false;
        host_mutex_unlock(&c->lock);
    }
}

static void serve_first_line(struct control *c, char *end)
{
    size_t size = (size_t)(end - c->line) + 1;
    *end = 0;
    if (end > c->line && end[-1] == '\r')
        end[-1] = 0;
    if (c->line[0] && c->line[0] != '#')
        serve(c, c->line);
    memmove(c->line, c->line + size, c->filled - size);
    c->filled -= size;
}

static void control_thread(void *arg)
{
    struct control *c = arg;
    for (;;) {
        char *end = memchr(c->line, '\n', c->filled);
        if (end)
            serve_first_line(c, end);
        else if (c->filled == sizeof(c->line) - 1 || !read_more(c))
            return;
    }
}

int control_start(struct window *w)
{
    struct control *c = calloc(1, sizeof(*c));
    if (!c)
        return -L_ENOMEM;
    host_mutex_init(&c->lock, RANK_CONTROL);
    c->w = w;
    c->seconds = 20;
    host_stdio_notify(0, on_readable, c);
    return host_thread_start(control_thread, c);
}
