/* The parser thread between a tty and its terminal, and the locks that the UI shares with it. */
#include "app/session/session.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "app/session/outbox.h"
#include "runtime/host/lock.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"
#include "runtime/tty/tty.h"

#define FRAME_WAIT_NS 30000000ull /* for the UI to take a whole picture */

/* Queued for guests that do not read; more is dropped, but for keys and ends of sequences. */
#define TYPED_MAX   ((size_t)256 << 20)
#define REPLIES_MAX ((size_t)1 << 20) /* the same of answers to what programs ask */
#define SHORT_MAX   64
#define FLUSH_MAX   65536 /* bytes one turn moves: who moves them has other things to do */

struct session {
    struct tty *tty;
    struct term *term;
    struct session_events events;

    struct host_mutex lock; /* the terminal, and what the callbacks leave */
    _Atomic uint32_t ui_waits;
    _Atomic uint32_t frame_wanted; /* session_want_frame */
    _Atomic uint32_t turn_taken;   /* by session_lock_in_turn, which is then waiting or in */
    _Atomic uint32_t parser_waits; /* for the end of that turn: the next one is the parser's */
    bool feeding;                  /* what the terminal writes are answers to a program */
    bool bell;
    char *title, *clipboard, *primary;
    char *notice_title, *notice; /* a message, the newest */
    char *directory;
    char query;

    _Atomic uint32_t progress;      /* enum term_progress << 8 | percent */
    _Atomic int32_t progress_owner; /* process group that was in front when it came; 0: not known */

    struct host_mutex typed_lock; /* bytes for the tty; taken after `lock` or alone */
    struct outbox typed;
    struct host_mutex typing_lock; /* one thread at a time moves them, so that order is kept */

    struct host_mutex work_lock; /* the parser thread's flags, and the count of changes */
    struct host_cond work;
    bool output, room, hung_up;
    bool ending, ended; /* the parser thread: asked to, and done */
    uint64_t changes, taken;
    struct host_cond changed;
};

static void tell_parser(struct session *s, bool *flag)
{
    host_mutex_lock(&s->work_lock);
    *flag = true;
    host_cond_signal(&s->work);
    host_mutex_unlock(&s->work_lock);
}

static void on_output(void *owner)
{
    struct session *s = owner;
    tell_parser(s, &s->output);
}

static void on_room(void *owner)
{
    struct session *s = owner;
    tell_parser(s, &s->room);
}

static void on_closed(void *owner)
{
    struct session *s = owner;
    s->events.ended(s->events.context);
}

static void on_write(void *context, const char *bytes, size_t n)
{
    struct session *s = context;
    size_t max = s->feeding ? REPLIES_MAX : TYPED_MAX + (n <= SHORT_MAX ? REPLIES_MAX : 0);
    host_mutex_lock(&s->typed_lock);
    outbox_add(&s->typed, bytes, n, max);
    host_mutex_unlock(&s->typed_lock);
}

/* A key that makes a signal must not wait for a guest that does not read: it goes first, and what
 * was typed before it is dropped. With typing_lock, so that nobody else takes from the queue. */
static bool interrupt(struct session *s)
{
    char key;
    size_t before;
    host_mutex_lock(&s->typed_lock);
    bool lone = outbox_lone(&s->typed, &key, &before);
    host_mutex_unlock(&s->typed_lock);
    if (!lone || !tty_interrupt(s->tty, (uint8_t)key))
        return false;
    host_mutex_lock(&s->typed_lock);
    outbox_drop(&s->typed, before + 1);
    host_mutex_unlock(&s->typed_lock);
    return true;
}

/* Moves a piece of what is queued into the tty. False when there is none or it takes no more. */
static bool type_piece(struct session *s, size_t *moved)
{
    char piece[4096], key;
    size_t before;
    host_mutex_lock(&s->typed_lock);
    size_t n = outbox_first(&s->typed, piece, sizeof(piece));
    bool key_next = outbox_lone(&s->typed, &key, &before) && before == 0;
    host_mutex_unlock(&s->typed_lock);
    if (n == 0)
        return false;
    if (key_next && interrupt(s))
        return true;
    size_t done = tty_input(s->tty, piece, n);
    host_mutex_lock(&s->typed_lock);
    outbox_drop(&s->typed, done);
    host_mutex_unlock(&s->typed_lock);
    *moved += done;
    return done == n || interrupt(s);
}

/* Moves what is queued into the tty as far as it takes it, but not for long: true when there is
 * more that it would take. No lock of the terminal is held. */
static bool flush_typed(struct session *s)
{
    size_t moved = 0;
    bool more = true;
    host_mutex_lock(&s->typing_lock);
    while (more && moved < FLUSH_MAX)
        more = type_piece(s, &moved);
    host_mutex_unlock(&s->typing_lock);
    return more;
}

static void replace_text(char **to, const char *text, size_t n)
{
    char *copy = malloc(n + 1);
    if (!copy)
        return;
    memcpy(copy, text, n);
    copy[n] = 0;
    free(*to);
    *to = copy;
}

static void on_title(void *context, const char *title)
{
    struct session *s = context;
    replace_text(&s->title, title, strlen(title));
}

static void on_bell(void *context)
{
    struct session *s = context;
    s->bell = true;
}

static void on_clipboard(void *context, char which, const char *text, size_t n)
{
    struct session *s = context;
    replace_text(which == 'p' ? &s->primary : &s->clipboard, text, n);
}

static void on_clipboard_query(void *context, char which)
{
    struct session *s = context;
    s->query = which;
}

static void on_directory(void *context, const char *url)
{
    struct session *s = context;
    replace_text(&s->directory, url, strlen(url));
}

static void on_notify(void *context, const char *title, const char *body)
{
    struct session *s = context;
    replace_text(&s->notice_title, title, strlen(title));
    replace_text(&s->notice, body, strlen(body));
}

static void on_progress(void *context, enum term_progress state, int percent)
{
    struct session *s = context;
    atomic_store(&s->progress_owner, 0);
    atomic_store(&s->progress, (uint32_t)state << 8 | (uint32_t)percent);
}

/* Progress ends with the program that told of it: then another one is in front, which shows itself
 * by what it prints. No lock is held. */
static void follow_progress(struct session *s)
{
    if (!atomic_load(&s->progress))
        return;
    int32_t front = tty_foreground(s->tty), owner = 0;
    if (atomic_compare_exchange_strong(&s->progress_owner, &owner, front))
        return;
    if (owner != front)
        atomic_store(&s->progress, 0);
}

static void count_change(struct session *s, size_t taken)
{
    host_mutex_lock(&s->work_lock);
    s->changes++;
    s->taken += taken;
    host_cond_broadcast(&s->changed);
    host_mutex_unlock(&s->work_lock);
}

void session_view_changed(struct session *s)
{
    count_change(s, 0);
}

static void screen_changed(struct session *s, size_t taken)
{
    count_change(s, taken);
    s->events.changed(s->events.context);
}

/* The UI goes first: a mutex alone would let the parser take it again and again. */
static void let_ui_in(struct session *s)
{
    uint32_t waiting;
    while ((waiting = atomic_load(&s->ui_waits)))
        host_wait_on(&s->ui_waits, waiting, HOST_FOREVER);
}

static void wait_while(_Atomic uint32_t *word)
{
    while (atomic_load(word))
        host_wait_on(word, 1, HOST_FOREVER);
}

static void clear(_Atomic uint32_t *word)
{
    atomic_store(word, 0);
    host_wake_all(word);
}

/* As much of a piece as the terminal takes at a time. `whole`: up to the end of a picture. */
static size_t feed_some(struct session *s, const char *bytes, size_t n, bool *whole)
{
    bool waited = atomic_load(&s->turn_taken);
    if (waited) {
        atomic_store(&s->parser_waits, 1);
        wait_while(&s->turn_taken);
    }
    let_ui_in(s);
    host_mutex_lock(&s->lock);
    s->feeding = true;
    size_t done = term_feed_some(s->term, bytes, n);
    s->feeding = false;
    *whole = term_frame_ended(s->term);
    host_mutex_unlock(&s->lock);
    if (waited)
        clear(&s->parser_waits);
    return done;
}

/* A whole picture is on the screen: lets the UI take it, if it is there in time. */
static void show_frame(struct session *s)
{
    uint64_t deadline = host_clock_monotonic_ns() + FRAME_WAIT_NS;
    while (atomic_load(&s->frame_wanted) && host_wait_on(&s->frame_wanted, 1, deadline))
        ;
    atomic_store(&s->frame_wanted, 0);
}

/* Shows a piece, giving up the lock where that takes long; the rest of such a piece goes when the
 * user has interrupted the program it is from. */
static void feed(struct session *s, const char *bytes, size_t n)
{
    for (size_t done; n > 0; bytes += done, n -= done) {
        bool whole;
        done = feed_some(s, bytes, n, &whole);
        follow_progress(s);
        screen_changed(s, done);
        if (whole)
            show_frame(s);
        if (done < n && tty_discarded(s->tty))
            break;
    }
}

static bool is_ending(struct session *s)
{
    host_mutex_lock(&s->work_lock);
    bool ending = s->ending;
    host_mutex_unlock(&s->work_lock);
    return ending;
}

static void parse_all(struct session *s)
{
    char *bytes = malloc(TERM_FEED_MAX);
    if (!bytes)
        return;
    for (;;) {
        host_mutex_lock(&s->work_lock);
        while (!s->output && !s->room && !s->ending)
            host_cond_wait(&s->work, &s->work_lock, HOST_FOREVER);
        s->output = s->room = false;
        bool drop = s->hung_up, ending = s->ending;
        host_mutex_unlock(&s->work_lock);
        if (ending)
            break;
        size_t n;
        bool more;
        do {
            n = tty_master_read(s->tty, bytes, TERM_FEED_MAX);
            if (!drop)
                feed(s, bytes, n);
            more = flush_typed(s);
        } while ((n > 0 || more) && !is_ending(s));
    }
    free(bytes);
}

static void parser_thread(void *arg)
{
    struct session *s = arg;
    parse_all(s);
    host_mutex_lock(&s->work_lock);
    s->ended = true;
    host_cond_broadcast(&s->changed);
    host_mutex_unlock(&s->work_lock);
}

struct session *session_new(int rows, int columns, const struct session_events *events)
{
    static const struct tty_master_ops master = {on_output, on_room, on_closed};
    struct session *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    host_mutex_init(&s->lock, RANK_SESSION);
    host_mutex_init(&s->typed_lock, RANK_SESSION_TYPED);
    host_mutex_init(&s->typing_lock, RANK_SESSION_TYPING);
    host_mutex_init(&s->work_lock, RANK_SESSION_WORK);
    s->events = *events;
    struct term_options options;
    term_options_default(&options);
    struct term_callbacks callbacks = {.write = on_write,
                                       .title = on_title,
                                       .bell = on_bell,
                                       .clipboard = on_clipboard,
                                       .clipboard_query = on_clipboard_query,
                                       .directory = on_directory,
                                       .progress = on_progress,
                                       .notify = on_notify};
    s->term = term_new(rows, columns, &options, &callbacks, s);
    if (s->term && tty_create(&master, s, &s->tty) == 0) {
        struct l_winsize size = {.ws_row = (uint16_t)rows, .ws_col = (uint16_t)columns};
        tty_resize(s->tty, &size);
        if (host_thread_start(parser_thread, s) == 0)
            return s;
        tty_master_close(s->tty);
    }
    if (s->term)
        term_free(s->term);
    outbox_free(&s->typed);
    free(s);
    return NULL;
}

void session_free(struct session *s)
{
    if (!s)
        return;
    session_hangup(s);
    tell_parser(s, &s->ending);
    host_mutex_lock(&s->work_lock);
    while (!s->ended)
        host_cond_wait(&s->changed, &s->work_lock, HOST_FOREVER);
    host_mutex_unlock(&s->work_lock);
    tty_master_close(s->tty);
    term_free(s->term);
    outbox_free(&s->typed);
    free(s->title);
    free(s->clipboard);
    free(s->primary);
    free(s->notice_title);
    free(s->notice);
    free(s->directory);
    free(s);
}

struct tty *session_tty(struct session *s)
{
    return s->tty;
}

struct term *session_lock(struct session *s)
{
    atomic_fetch_add(&s->ui_waits, 1);
    host_mutex_lock(&s->lock);
    return s->term;
}

void session_unlock(struct session *s)
{
    host_mutex_unlock(&s->lock);
    if (atomic_fetch_sub(&s->ui_waits, 1) == 1)
        host_wake_all(&s->ui_waits);
}

/* Ends what began with session_lock: sends what the terminal wrote meanwhile. */
static void unlock_and_send(struct session *s)
{
    session_unlock(s);
    if (flush_typed(s))
        tell_parser(s, &s->room);
}

bool session_key(struct session *s, const struct term_key *key)
{
    bool sent = term_key(session_lock(s), key);
    unlock_and_send(s);
    return sent;
}

void session_text(struct session *s, const char *text, size_t n)
{
    term_text(session_lock(s), text, n);
    unlock_and_send(s);
}

void session_paste(struct session *s, const char *text, size_t n)
{
    term_paste(session_lock(s), text, n);
    unlock_and_send(s);
}

bool session_mouse(struct session *s, const struct term_mouse *event)
{
    bool sent = term_mouse(session_lock(s), event);
    unlock_and_send(s);
    return sent;
}

void session_focus(struct session *s, bool focused)
{
    term_focus(session_lock(s), focused);
    unlock_and_send(s);
}

void session_clipboard_reply(struct session *s, char which, const char *text, size_t n)
{
    term_clipboard_reply(session_lock(s), which, text, n);
    unlock_and_send(s);
}

struct term *session_lock_in_turn(struct session *s)
{
    wait_while(&s->parser_waits);
    atomic_store(&s->turn_taken, 1);
    let_ui_in(s);
    host_mutex_lock(&s->lock);
    return s->term;
}

void session_unlock_in_turn(struct session *s)
{
    host_mutex_unlock(&s->lock);
    clear(&s->turn_taken);
}

void session_changed(struct session *s)
{
    screen_changed(s, 0);
}

void session_want_frame(struct session *s, bool wanted)
{
    term_stop_at_frames(s->term, wanted);
    atomic_store(&s->frame_wanted, wanted);
    if (!wanted)
        host_wake_all(&s->frame_wanted);
}

void session_print(struct session *s, const char *text)
{
    host_mutex_lock(&s->lock);
    for (const char *p = text; *p; p++) {
        if (*p == '\n')
            term_feed(s->term, "\r", 1);
        term_feed(s->term, p, 1);
    }
    host_mutex_unlock(&s->lock);
    screen_changed(s, 0);
}

void session_resize(struct session *s, int rows, int columns, int cell_width, int cell_height)
{
    struct term *term = session_lock(s);
    term_resize(term, rows, columns);
    term_set_pixels(term, cell_width, cell_height, columns * cell_width, rows * cell_height);
    rows = term_rows(term);
    columns = term_cols(term);
    unlock_and_send(s);
    struct l_winsize size = {.ws_row = (uint16_t)rows,
                             .ws_col = (uint16_t)columns,
                             .ws_xpixel = (uint16_t)(columns * cell_width),
                             .ws_ypixel = (uint16_t)(rows * cell_height)};
    tty_resize(s->tty, &size);
    screen_changed(s, 0);
}

void session_set_options(struct session *s, const struct term_options *options)
{
    term_set_options(session_lock(s), options);
    unlock_and_send(s);
    screen_changed(s, 0);
}

void session_hangup(struct session *s)
{
    host_mutex_lock(&s->work_lock);
    bool first = !s->hung_up;
    s->hung_up = true;
    host_mutex_unlock(&s->work_lock);
    /* The pair stays: it has no guests any more, and our threads may still call it. */
    if (first)
        tty_hangup(s->tty);
}

bool session_take_bell(struct session *s)
{
    bool bell = s->bell;
    s->bell = false;
    return bell;
}

char *session_take_title(struct session *s)
{
    char *title = s->title;
    s->title = NULL;
    return title;
}

char *session_take_clipboard(struct session *s, bool primary)
{
    char **from = primary ? &s->primary : &s->clipboard, *text = *from;
    *from = NULL;
    return text;
}

bool session_take_notice(struct session *s, char **title, char **body)
{
    *title = s->notice_title;
    *body = s->notice;
    s->notice_title = s->notice = NULL;
    if (*title && *body)
        return true;
    free(*title);
    free(*body);
    *title = *body = NULL;
    return false;
}

char *session_directory(struct session *s)
{
    char *copy = NULL;
    if (s->directory)
        replace_text(&copy, s->directory, strlen(s->directory));
    return copy;
}

enum term_progress session_progress(struct session *s, int *percent)
{
    uint32_t progress = atomic_load(&s->progress);
    *percent = (int)(progress & 255);
    return (enum term_progress)(progress >> 8);
}

char session_take_query(struct session *s)
{
    char query = s->query;
    s->query = 0;
    return query;
}

uint64_t session_changes(struct session *s)
{
    host_mutex_lock(&s->work_lock);
    uint64_t changes = s->changes;
    host_mutex_unlock(&s->work_lock);
    return changes;
}

uint64_t session_taken(struct session *s)
{
    host_mutex_lock(&s->work_lock);
    uint64_t taken = s->taken;
    host_mutex_unlock(&s->work_lock);
    return taken;
}

bool session_wait(struct session *s, uint64_t seen, uint64_t deadline_ns)
{
    bool in_time = true;
    host_mutex_lock(&s->work_lock);
    while (s->changes == seen && in_time)
        in_time = host_cond_wait(&s->changed, &s->work_lock, deadline_ns);
    bool changed = s->changes != seen;
    host_mutex_unlock(&s->work_lock);
    return changed;
}
