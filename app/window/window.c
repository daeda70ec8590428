/* Makes the window, runs its loop and draws it. */
#include "app/window/window.h"

#include <SDL.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "app/draw/painter.h"
#include "app/font/fallback.h"
#include "app/host/keymap.h"
#include "app/host/window_system.h"
#include "app/input/clipboard.h"
#include "app/window/close.h"
#include "app/window/input.h"
#include "app/window/paste.h"
#include "app/window/scale.h"
#include "app/window/window_private.h"
#include "runtime/host/lock.h"
#include "runtime/host/time.h"

#define FRAME_MS     8
#define BLINK_MS     530
#define SYNC_MAX_MS  150
#define DRAW_NS_MAX  12000000 /* of drawing, before keys are looked at again */
#define BELL_MS      120
#define ZOOM_MIN     4.0
#define ZOOM_MAX     96.0
#define CHECK_MS_MAX 3600000

enum { EVENT_CHANGED, EVENT_END, EVENT_CALL, EVENT_FONTS };

struct call {
    struct call *next; /* of those whose event was lost */
    void (*fn)(struct window *, void *);
    void *arg;
    struct host_mutex lock;
    struct host_cond done_cond;
    bool done;
};

static bool queued(struct window *w, int code, void *data)
{
    SDL_Event event = {.user = {.type = w->event_type, .code = code, .data1 = data}};
    return SDL_PushEvent(&event) == 1;
}

/* SDL's queue is bounded. What has no room in it is done when the queue has been worked off: where
 * there is room at the second time, it may already have been. */
static void push_event(struct window *w, int code)
{
    if (queued(w, code, NULL))
        return;
    atomic_fetch_or(&w->lost, 1u << code);
    queued(w, code, NULL);
}

static void push_call(struct window *w, struct call *call)
{
    if (queued(w, EVENT_CALL, call))
        return;
    call->next = atomic_load(&w->lost_calls);
    while (!atomic_compare_exchange_weak(&w->lost_calls, &call->next, call))
        ;
    queued(w, EVENT_CALL, NULL);
}

/* One event at a time: SDL's queue is bounded, and a flood must not fill it. */
static void on_session_changed(void *context)
{
    struct window *w = context;
    if (!atomic_exchange(&w->change_told, true))
        push_event(w, EVENT_CHANGED);
}

void window_end(struct window *w, bool keep_open)
{
    atomic_store(&w->keep_open, keep_open);
    push_event(w, EVENT_END);
}

/* From the thread that lists the system's fonts. */
static void on_fonts(void *context)
{
    push_event(context, EVENT_FONTS);
}

static void on_session_ended(void *context)
{
    /* The last file of the terminal is closed; the session's leader exiting is what counts. */
    (void)context;
}

bool window_call(struct window *w, void (*fn)(struct window *w, void *arg), void *arg)
{
    struct call call = {.fn = fn, .arg = arg, .lock = HOST_MUTEX_INIT(RANK_WINDOW)};
    if (atomic_load(&w->closing))
        return false;
    push_call(w, &call);
    host_mutex_lock(&call.lock);
    while (!call.done && !atomic_load(&w->closing))
        host_cond_wait(&call.done_cond, &call.lock, host_clock_monotonic_ns() + 100000000);
    bool done = call.done;
    host_mutex_unlock(&call.lock);
    return done;
}

static void run_call(struct window *w, struct call *call)
{
    call->fn(w, call->arg);
    host_mutex_lock(&call->lock);
    call->done = true;
    host_cond_signal(&call->done_cond);
    host_mutex_unlock(&call->lock);
}

struct session *window_session(struct window *w)
{
    return w->session;
}

void window_set_settings(struct window *w, const struct window_settings *settings)
{
    w->settings = settings;
}

void window_set_guest(struct window *w, struct guest *guest)
{
    w->guest = guest;
}

/* The canvas is ours and survives; the window's own surface is only valid until it resizes. */
static bool make_surface(struct window *w)
{
    int width, height;
    SDL_GetWindowSizeInPixels(w->sdl, &width, &height);
    scale_bound(&width, &height);
    if (w->surface && w->surface->w == width && w->surface->h == height)
        return true;
    SDL_Surface *surface =
        SDL_CreateRGBSurfaceWithFormat(0, width, height, 32, SDL_PIXELFORMAT_RGB888);
    if (!surface)
        return false;
    SDL_FreeSurface(w->surface);
    w->surface = surface;
    w->painter.canvas = (struct canvas){surface->pixels, width, height, surface->pitch / 4};
    w->painter.all = true;
    return true;
}

static void fit_cells(struct window *w)
{
    struct font_metrics m = font_metrics(w->painter.font);
    int columns = (w->painter.canvas.width - 2 * w->painter.padding) / m.cell_width;
    int rows = (w->painter.canvas.height - 2 * w->painter.padding) / m.cell_height;
    columns = columns < 1 ? 1 : columns;
    rows = rows < 1 ? 1 : rows;
    if (columns == w->columns && rows == w->rows)
        return;
    w->columns = columns;
    w->rows = rows;
    session_resize(w->session, rows, columns, m.cell_width, m.cell_height);
}

static void ring(struct window *w)
{
    if (w->config->bell == BELL_URGENT)
        SDL_FlashWindow(w->sdl, SDL_FLASH_BRIEFLY);
    if (w->config->bell == BELL_VISUAL) {
        w->bell_until = SDL_GetTicks64() + BELL_MS;
        w->dirty = true;
    }
}

/* A program that may read the clipboard asks for it. */
static void answer_query(struct window *w, char which)
{
    char *text = clipboard_get(which == 'p');
    session_clipboard_reply(w->session, which, text ? text : "", text ? strlen(text) : 0);
    SDL_free(text);
}

/* What programs have asked for. */
struct requests {
    bool bell;
    char *title, *clipboard, *primary;
    char *notice_title, *notice;
    char query;
};

/* With the session's lock. */
static struct requests take_requests(struct session *s)
{
    struct requests r = {.bell = session_take_bell(s),
                         .title = session_take_title(s),
                         .query = session_take_query(s)};
    r.clipboard = session_take_clipboard(s, false);
    r.primary = session_take_clipboard(s, true);
    session_take_notice(s, &r.notice_title, &r.notice);
    return r;
}

static void serve_requests(struct window *w, struct requests *r)
{
    if (r->title)
        SDL_SetWindowTitle(w->sdl, r->title[0] ? r->title : "Foreland");
    if (r->bell)
        ring(w);
    if (r->clipboard)
        clipboard_set(r->clipboard, false);
    if (r->primary)
        clipboard_set(r->primary, true);
    if (r->query)
        answer_query(w, r->query);
    if (r->notice)
        notices_take(w, r->notice_title, r->notice);
    free(r->title);
    free(r->clipboard);
    free(r->primary);
    free(r->notice_title);
    free(r->notice);
}

void window_serve(struct window *w)
{
    session_lock(w->session);
    struct requests requests = take_requests(w->session);
    session_unlock(w->session);
    serve_requests(w, &requests);
}

static void draw_view(struct window *w, uint64_t deadline_ns)
{
    uint64_t now = SDL_GetTicks64();
    if (!make_surface(w))
        return;
    fit_cells(w);
    atomic_store(&w->change_told, false);
    struct term *term = session_lock(w->session);
    bool held = term_synchronized(term);
    if (held && w->held_since && now - w->held_since >= SYNC_MAX_MS) {
        term_synchronized_end(term);
        held = false;
    }
    session_want_frame(w->session, held);
    bool pointed = term_pointer(term) != w->pointer.asked;
    w->pointer.asked = term_pointer(term);
    bool changed = term_view_update(w->view, term, w->painter.all);
    struct requests requests = take_requests(w->session);
    session_unlock(w->session);

    w->held_since = !held ? 0 : w->held_since ? w->held_since : now;
    serve_requests(w, &requests);
    struct painted painted = {0, 0};
    if (changed || w->painter.all || w->painter.unfinished ||
        w->painter.blink_shown != w->painter.blink_was_shown)
        painted = painter_draw(&w->painter, w->view, deadline_ns);
    if (changed || pointed)
        pointer_refresh(w);
    typing_show_place(w);
    w->dirty = w->painter.unfinished || term_view_unfinished(w->view);
    overlay_present(w, painted);
    if (changed)
        session_view_changed(w->session);
    /* What a key does to the cursor must not delay what the program answers. */
    if (changed || w->dirty)
        w->drawn_at = SDL_GetTicks64();
}

void window_draw(struct window *w)
{
    draw_view(w, host_clock_monotonic_ns() + DRAW_NS_MAX);
}

const struct canvas *window_canvas(struct window *w)
{
    draw_view(w, HOST_FOREVER);
    if (w->painter.pending) {
        fallback_wait();
        w->painter.pending = false;
        w->painter.all = true;
        draw_view(w, HOST_FOREVER);
    }
    return overlay_canvas(w);
}

void window_set_font(struct window *w, double points)
{
    double size = points < ZOOM_MIN ? ZOOM_MIN : points > ZOOM_MAX ? ZOOM_MAX : points;
    const struct config *c = w->config;
    struct font_request request = {
        .family = c->font,
        .styles = {NULL, c->font_bold, c->font_italic, c->font_bold_italic},
        .folder = c->folder,
        .pixels = size * w->scale * 96 / 72,
        .line_height = c->line_height,
        .cell_width = c->cell_width};
    struct font *font = font_new(&request);
    if (!font)
        return;
    if (w->painter.font)
        font_free(w->painter.font);
    w->painter.font = font;
    w->font_size = size;
    w->painter.all = true;
    w->columns = 0; /* cells have another size: tell the session */
}

void window_zoom(struct window *w, int steps)
{
    window_set_font(w, steps == 0 ? w->config->font_size : w->font_size + steps);
    w->dirty = true;
}

static bool fonts_differ(const struct config *a, const struct config *b)
{
    return strcmp(a->font, b->font) != 0 || strcmp(a->font_bold, b->font_bold) != 0 ||
           strcmp(a->font_italic, b->font_italic) != 0 ||
           strcmp(a->font_bold_italic, b->font_bold_italic) != 0 || a->font_size != b->font_size ||
           a->line_height != b->line_height || a->cell_width != b->cell_width;
}

/* What the terminal and the painter take from the configuration. */
static void configure(struct window *w)
{
    const struct config *c = w->config;
    struct term_options options;
    config_term_options(c, &options);
    config_selection(c, &w->painter.selection_foreground, &w->painter.selection_background);
    w->painter.padding = (int)lround(c->padding * w->scale);
    w->painter.contrast = c->minimum_contrast;
    w->painter.all = true;
    SDL_SetWindowOpacity(w->sdl, (float)c->opacity / 100);
    w->dirty = true;
    session_set_options(w->session, &options);
}

void window_apply(struct window *w, const struct config *config)
{
    const struct config *old = w->config;
    w->config = config;
    if (scale_update(w) || fonts_differ(old, config))
        window_set_font(w, config->font_size != old->font_size ? config->font_size : w->font_size);
    configure(w);
}

/* Pixels of so many cells; no more than there may be. */
static bool size_of_cells(const struct window *w, int rows, int columns, int *width, int *height)
{
    struct font_metrics m = font_metrics(w->painter.font);
    int64_t across = (int64_t)columns * m.cell_width + 2 * w->painter.padding;
    int64_t down = (int64_t)rows * m.cell_height + 2 * w->painter.padding;
    *width = across < INT32_MAX ? (int)across : INT32_MAX;
    *height = down < INT32_MAX ? (int)down : INT32_MAX;
    return scale_bound(width, height);
}

bool window_set_cells(struct window *w, int rows, int columns)
{
    int width, height;
    bool fits = size_of_cells(w, rows, columns, &width, &height);
    scale_set_size(w, width, height);
    window_draw(w);
    return fits;
}

void window_close(struct window *w)
{
    w->running = false;
}

void window_cell_at(struct window *w, int x, int y, int *row, int *column)
{
    struct font_metrics m = font_metrics(w->painter.font);
    x -= w->painter.padding;
    y -= w->painter.padding;
    *column = x < 0 ? -1 : x / m.cell_width;
    *row = y < 0 ? -1 : y / m.cell_height;
}

static void handle_window_event(struct window *w, const SDL_WindowEvent *event)
{
    switch (event->event) {
    case SDL_WINDOWEVENT_CLOSE:
        close_wanted(w);
        break;
    case SDL_WINDOWEVENT_EXPOSED:
    case SDL_WINDOWEVENT_SIZE_CHANGED:
    case SDL_WINDOWEVENT_RESTORED:
        /* A new scale may show itself by the size alone. */
        if (scale_update(w))
            scale_apply(w, false);
        w->painter.all = true;
        w->dirty = true;
        break;
    case SDL_WINDOWEVENT_LEAVE:
        pointer_leave(w);
        break;
    case SDL_WINDOWEVENT_DISPLAY_CHANGED:
        if (scale_update(w))
            scale_apply(w, !host_window_resized);
        break;
    case SDL_WINDOWEVENT_FOCUS_GAINED:
    case SDL_WINDOWEVENT_FOCUS_LOST:
        w->focused = event->event == SDL_WINDOWEVENT_FOCUS_GAINED;
        session_focus(w->session, w->focused);
        if (w->focused)
            notices_seen(w);
        typing_edit(w, "", 0);
        w->dirty = true;
        break;
    }
}

static void serve_event(struct window *w, int code, struct call *call)
{
    switch (code) {
    case EVENT_CHANGED:
        w->dirty = true;
        break;
    case EVENT_END:
        if (!atomic_load(&w->keep_open))
            w->running = false;
        break;
    case EVENT_CALL:
        if (call)
            run_call(w, call);
        break;
    case EVENT_FONTS:
        w->painter.all = w->painter.all || w->painter.pending;
        w->painter.pending = false;
        w->dirty = true;
        break;
    }
}

/* What had no room in the queue, in the order in which it came. */
static void serve_lost(struct window *w)
{
    unsigned lost = atomic_exchange(&w->lost, 0);
    struct call *calls = atomic_exchange(&w->lost_calls, NULL), *next, *first = NULL;
    for (; calls; calls = next) {
        next = calls->next;
        calls->next = first;
        first = calls;
    }
    for (; first; first = next) {
        next = first->next;
        run_call(w, first);
    }
    for (int code = EVENT_CHANGED; code <= EVENT_FONTS; code++)
        if (lost >> code & 1)
            serve_event(w, code, NULL);
}

static void handle(struct window *w, const SDL_Event *event)
{
    if (event->type == w->event_type) {
        serve_event(w, event->user.code, event->user.data1);
    } else if (event->type == SDL_WINDOWEVENT) {
        handle_window_event(w, &event->window);
    } else if (event->type == SDL_QUIT) {
        w->running = false;
    } else if (input_event(w, event)) {
        /* A key shows the cursor at once. */
        w->painter.blink_shown = true;
        w->blinked_at = SDL_GetTicks64();
        w->dirty = true;
    }
}

static bool blinks(const struct window *w)
{
    return w->focused && w->painter.cursor.visible && w->painter.cursor.blinking;
}

/* Milliseconds until something has to be done without an event. */
static int next_deadline(const struct window *w)
{
    uint64_t now = SDL_GetTicks64(), next = now + CHECK_MS_MAX;
    if (w->dirty && w->drawn_at + FRAME_MS < next)
        next = w->drawn_at + FRAME_MS;
    if (w->held_since && w->held_since + SYNC_MAX_MS < next)
        next = w->held_since + SYNC_MAX_MS;
    if (w->bell_until && w->bell_until < next)
        next = w->bell_until;
    if (blinks(w) && w->blinked_at + BLINK_MS < next)
        next = w->blinked_at + BLINK_MS;
    if (pointer_deadline(w) && pointer_deadline(w) < next)
        next = pointer_deadline(w);
    if (overlay_deadline(w) && overlay_deadline(w) < next)
        next = overlay_deadline(w);
    return next <= now ? 0 : (int)(next - now);
}

static void draw_when_due(struct window *w)
{
    uint64_t now = SDL_GetTicks64();
    if (blinks(w) && now >= w->blinked_at + BLINK_MS) {
        w->painter.blink_shown = !w->painter.blink_shown;
        w->blinked_at = now;
        w->dirty = true;
    }
    if (w->held_since && now >= w->held_since + SYNC_MAX_MS)
        w->dirty = true;
    if (w->bell_until && now >= w->bell_until) {
        w->bell_until = 0;
        w->dirty = true;
    }
    if (pointer_tick(w, now) || (overlay_deadline(w) && now >= overlay_deadline(w)))
        w->dirty = true;
    if (w->dirty && now >= w->drawn_at + FRAME_MS)
        window_draw(w);
}

/* Events that arrive while the system's own loop runs (Windows, dragging an edge). */
static int watch_event(void *arg, SDL_Event *event)
{
    struct window *w = arg;
    if (event->type == SDL_WINDOWEVENT && event->window.event == SDL_WINDOWEVENT_SIZE_CHANGED &&
        SDL_ThreadID() == w->ui_thread) {
        w->painter.all = true;
        window_draw(w);
    }
    return 0;
}

static void tick(void *arg)
{
    struct window *w = arg;
    if (atomic_load(&w->change_told))
        w->dirty = true;
    if (scale_update(w))
        scale_apply(w, false);
    draw_when_due(w);
}

void window_run(struct window *w)
{
    SDL_Event event;
    SDL_StartTextInput();
    SDL_AddEventWatch(watch_event, w);
    host_window_modal(w->sdl, tick, w);
    w->dirty = true;
    while (w->running) {
        int wait = next_deadline(w);
        if (wait > 0 ? SDL_WaitEventTimeout(&event, wait) : SDL_PollEvent(&event)) {
            do
                handle(w, &event);
            while (w->running && SDL_PollEvent(&event));
            serve_lost(w);
        }
        draw_when_due(w);
    }
    atomic_store(&w->closing, true);
    SDL_DelEventWatch(watch_event, w);
    SDL_HideWindow(w->sdl);
    notices_seen(w);
    session_hangup(w->session);
}

static bool open_window(struct window *w)
{
    /* A plain surface: no 3D driver is started for a page of text. */
    SDL_SetHint(SDL_HINT_FRAMEBUFFER_ACCELERATION, "0");
    SDL_SetHint(SDL_HINT_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR, "0");
    SDL_SetHint("SDL_WINDOWS_DPI_AWARENESS", "permonitorv2");
    SDL_SetHint(SDL_HINT_IME_SHOW_UI, "1");
    SDL_SetHint(SDL_HINT_IME_SUPPORT_EXTENDED_TEXT, "1");
    SDL_SetHint(SDL_HINT_MOUSE_DOUBLE_CLICK_RADIUS, "4");
    /* The window says when it closes; only the system's own wish is a quit. */
    SDL_SetHint(SDL_HINT_QUIT_ON_LAST_WINDOW_CLOSE, "0");
    if (SDL_Init(SDL_INIT_VIDEO) < 0)
        return false;
    SDL_EnableScreenSaver();
    w->sdl =
        SDL_CreateWindow("Foreland", SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED, 640, 400,
                         SDL_WINDOW_RESIZABLE | SDL_WINDOW_HIDDEN | SDL_WINDOW_ALLOW_HIGHDPI);
    if (!w->sdl || !present_open(&w->present, w->sdl))
        return false;
    host_modifiers_follow(w->sdl);
    host_window_frame(w->sdl);
    scale_update(w);
    w->painter.padding = (int)lround(w->config->padding * w->scale);
    window_set_font(w, w->config->font_size);
    if (!w->painter.font)
        return false;
    struct font_metrics m = font_metrics(w->painter.font);
    int width, height;
    size_of_cells(w, w->config->size.rows, w->config->size.columns, &width, &height);
    scale_set_size(w, width, height);
    SDL_SetWindowMinimumSize(w->sdl, scale_from_pixels(w, m.cell_width + 2 * w->painter.padding),
                             scale_from_pixels(w, m.cell_height + 2 * w->painter.padding));
    return make_surface(w);
}

struct window *window_new(const struct config *config, const char **error)
{
    struct window *w = calloc(1, sizeof(*w));
    *error = "out of memory";
    if (!w)
        return NULL;
    w->config = config;
    w->running = true;
    w->painter.blink_shown = true;
    w->ui_thread = SDL_ThreadID();
    if (!open_window(w)) {
        *error = SDL_GetError();
        window_free(w);
        return NULL;
    }
    w->event_type = SDL_RegisterEvents(1);
    fallback_notify(on_fonts, w);
    struct session_events events = {on_session_changed, on_session_ended, w};
    struct font_metrics m = font_metrics(w->painter.font);
    w->rows = config->size.rows;
    w->columns = config->size.columns;
    w->session = session_new(w->rows, w->columns, &events);
    w->view = term_view_new();
    w->search.finder = w->session ? finder_new(w->session) : NULL;
    if (!w->search.finder || !w->view) {
        window_free(w);
        return NULL;
    }
    session_resize(w->session, w->rows, w->columns, m.cell_width, m.cell_height);
    configure(w);
    SDL_ShowWindow(w->sdl);
    return w;
}

void window_free(struct window *w)
{
    fallback_notify(NULL, NULL);
    /* Its threads tell the window of what is new. */
    finder_free(w->search.finder);
    session_free(w->session);
    if (w->view)
        term_view_free(w->view);
    if (w->painter.font)
        font_free(w->painter.font);
    pointer_free(w);
    overlay_free(w);
    free(w->kept_link);
    note_free(w);
    paste_free(w);
    drop_free(w);
    SDL_FreeSurface(w->surface);
    present_close(&w->present);
    if (w->sdl)
        SDL_DestroyWindow(w->sdl);
    SDL_Quit();
    free(w);
}
