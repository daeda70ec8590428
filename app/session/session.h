/*
 * A session: a guest's terminal (runtime/tty), the terminal emulator (term/) and the thread between
 * them. Bytes of guests flow tty -> parser thread -> terminal; keys flow terminal -> tty. Neither
 * waits for the other: what the tty does not take at once is queued here.
 *
 * Locks: session_lock guards the terminal. The UI thread takes it for moments; the parser thread
 * lets it in between two pieces. Never call into the tty with it held.
 */
#ifndef APP_SESSION_SESSION_H
#define APP_SESSION_SESSION_H

#include <stdbool.h>

#include "term/term.h"

struct session;
struct tty;

/* What happened; called on any thread, must not block. */
struct session_events {
    void (*changed)(void *context); /* there is something to draw, or a title, bell, text to copy */
    void (*ended)(void *context);   /* the last guest has left the terminal */
    void *context;
};

/* A session of the given size without guests. NULL when there is no memory or thread. */
struct session *session_new(int rows, int columns, const struct session_events *events);

/* The terminal's end: guests that still have it open find it hung up. Nobody else may use the
 * session any more, and no event comes when this has returned. NULL is ignored. */
void session_free(struct session *s);

struct tty *session_tty(struct session *s);

/* For the UI thread: the terminal, locked, to look at it, to scroll and to select. What makes bytes
 * for the program goes through the calls below. */
struct term *session_lock(struct session *s);
void session_unlock(struct session *s);

/* For the UI thread: what term_key and the others of their names do. Each locks the terminal, has
 * it encode, unlocks and sends. */
bool session_key(struct session *s, const struct term_key *key);
void session_text(struct session *s, const char *text, size_t n);
void session_paste(struct session *s, const char *text, size_t n);
bool session_mouse(struct session *s, const struct term_mouse *event);
void session_focus(struct session *s, bool focused);
void session_clipboard_reply(struct session *s, char which, const char *text, size_t n);

/* The same for a thread that works beside both: the UI thread goes first, and the parser thread
 * gets its turn between two of these. To be held for fractions of a millisecond. */
struct term *session_lock_in_turn(struct session *s);
void session_unlock_in_turn(struct session *s);

/* There is something new to draw that is not of programs. Any thread. */
void session_changed(struct session *s);

/* Shows text of our own (messages), as if a guest had written it. */
void session_print(struct session *s, const char *text);

/* Rows and columns, and the pixels of the text area. Takes the lock. */
void session_resize(struct session *s, int rows, int columns, int cell_width, int cell_height);

/* Colours, limits and the like of the terminal; what it points to has to live until the next call.
 * Takes the lock. */
void session_set_options(struct session *s, const struct term_options *options);

/* The window closes: guests get SIGHUP, their output is dropped from now on. */
void session_hangup(struct session *s);

/* With the lock held: whether the end of a picture that the program is drawing (mode 2026) is
 * waited for. The parser thread then stops there for a moment: a program that begins the next one
 * at once would hardly ever be met between two. */
void session_want_frame(struct session *s, bool wanted);

/* What the program has asked for since last time; take_* clear it. With the lock held. */
bool session_take_bell(struct session *s);
/* malloc'ed or NULL. */
char *session_take_title(struct session *s);
char *session_take_clipboard(struct session *s, bool primary);
/* A message of a program (OSC 9, 99, 777) that has come since last time: both malloc'ed. False, and
 * both NULL, when there is none. */
bool session_take_notice(struct session *s, char **title, char **body);
/* The program wants to read the clipboard ('c') or the primary selection ('p'); 0: not. */
char session_take_query(struct session *s);

/* The folder that the shell has told of (OSC 7), a file: URL, malloc'ed; NULL: none. With the lock
 * held. */
char *session_directory(struct session *s);

/* How far the program in front says it is (OSC 9;4). None as soon as another one is in front. */
enum term_progress session_progress(struct session *s, int *percent);

/* The UI thread shows something else, because of scrolling or the like: wakes session_wait. */
void session_view_changed(struct session *s);

/* Waits until the screen changes after the time `seen` was returned, or the deadline (monotonic)
 * passes; then false. For tests. */
uint64_t session_changes(struct session *s);
bool session_wait(struct session *s, uint64_t seen, uint64_t deadline_ns);
/* Bytes of programs shown so far. */
uint64_t session_taken(struct session *s);

#endif
