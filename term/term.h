/*
 * The terminal: bytes of a program in, a picture made of cells out; keys, mouse and paste in,
 * bytes for the program out. It knows neither the window nor the kernel.
 *
 * Threads and locks: a terminal has no lock of its own. The owner keeps one mutex per terminal and
 * holds it around every call that takes a `struct term *`. The parser thread feeds at most
 * TERM_FEED_MAX bytes per hold with term_feed_some, then lets a waiting UI thread in (mutexes are
 * not fair: keep a flag that says the UI waits). A `struct term_view` belongs to the UI thread;
 * only term_view_update touches both, and takes microseconds. Everything else of a view needs no
 * lock.
 *
 * Callbacks run inside calls, with the owner's lock held: they must not call back into the
 * terminal, with the single exception of term_resize inside `resize_request`, and must not block.
 *
 * Rows and columns count from 0 at the top left. Text is UTF-8. Functions that can run out of
 * memory return false or NULL; a terminal that cannot grow a buffer drops that text and lives on.
 */
#ifndef TERM_TERM_H
#define TERM_TERM_H

#include "term/cell.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TERM_ROWS_MAX 4096
#define TERM_COLS_MAX 8192
#define TERM_FEED_MAX 16384

struct term;

enum term_progress {
    TERM_PROGRESS_NONE,
    TERM_PROGRESS_RUNNING,
    TERM_PROGRESS_FAILED,
    TERM_PROGRESS_UNKNOWN, /* running, but nobody knows how far */
    TERM_PROGRESS_PAUSED,
};

struct term_callbacks {
    /* Bytes for the program's input: replies, keys, mouse reports, pasted text. Required. */
    void (*write)(void *context, const char *bytes, size_t n);
    /* The rest may be NULL. Strings are valid during the call only; control characters and
     * broken UTF-8 have been removed from titles. */
    void (*title)(void *context, const char *title);
    void (*icon_title)(void *context, const char *title);
    void (*bell)(void *context);
    /* OSC 52: text for the clipboard (which = 'c') or the primary selection ('p'). */
    void (*clipboard)(void *context, char which, const char *text, size_t n);
    /* OSC 52 query, only when options.clipboard_read: answer with term_clipboard_reply. */
    void (*clipboard_query)(void *context, char which);
    /* OSC 7: the working directory as a file: URL. */
    void (*directory)(void *context, const char *url);
    /* OSC 9;4: how far a program is, in percent. The end of a command (OSC 133) ends it too. */
    void (*progress)(void *context, enum term_progress state, int percent);
    /* OSC 9, 99, 777: a message for whoever does not look at the window. Without control
     * characters; the title may be empty. */
    void (*notify)(void *context, const char *title, const char *body);
    /* DECCOLM, DECSLPP, window operations: the program asks for a size. May call term_resize. */
    void (*resize_request)(void *context, int rows, int cols);
    /* Window operations 1, 2, 5, 6, 9, 10: the raw CSI t parameters. */
    void (*window_request)(void *context, const int *parameters, int n);
};

struct term_options {
    int scrollback_lines;    /* 0: none */
    size_t scrollback_bytes; /* memory bound of the scrollback; 0: 2048 times the lines */
    bool ambiguous_is_wide;  /* East Asian ambiguous characters take two columns */
    bool bold_is_bright;     /* bold text in one of the first eight colours has its bright one */
    bool clipboard_write;    /* OSC 52 may set the clipboard */
    bool clipboard_read;     /* OSC 52 may read it: a program can then see what was copied */
    bool window_reports;     /* title reports, checksums of the screen: text a program chose
                              * could come back as input; for tests */
    uint32_t palette[256];   /* 0xRRGGBB */
    uint32_t foreground;     /* 0xRRGGBB */
    uint32_t background;
    uint32_t cursor_color;
    int cursor_shape;            /* as DECSCUSR: 1 blinking block, 2 block ... 6 bar */
    const char *word_separators; /* NULL: the default, blanks and " ' ` ( ) [ ] { } < > | ; , = */
};

/* The default options: 10,000 lines, xterm's colours, clipboard may be set and not read. */
void term_options_default(struct term_options *options);

/* NULL when out of memory or the size is out of range. The callbacks are copied. */
struct term *term_new(int rows, int cols, const struct term_options *options,
                      const struct term_callbacks *callbacks, void *context);
void term_free(struct term *t);

/* Takes output of the program. Any division of the bytes into calls gives the same result. */
void term_feed(struct term *t, const void *bytes, size_t n);
/* The same, but stops when the bytes taken so far have changed so many cells that the lock should
 * be given up for a moment. Returns how many were taken, at least one of n. */
size_t term_feed_some(struct term *t, const void *bytes, size_t n);
/* Makes term_feed_some stop also where an update ends that the program held back (mode 2026): what
 * is on the screen then is a whole picture, which the next update spoils. term_frame_ended tells
 * whether the last call stopped for that. */
void term_stop_at_frames(struct term *t, bool on);
bool term_frame_ended(const struct term *t);

/* New size in cells, clamped to 1..TERM_ROWS_MAX, 1..TERM_COLS_MAX. The normal screen and its
 * scrollback are reflowed. False when out of memory: the size is then the old one. */
bool term_resize(struct term *t, int rows, int cols);
int term_rows(const struct term *t);
int term_cols(const struct term *t);

/* Size of a cell and of the display in pixels, for reports and mouse mode 1016. To be called after
 * term_resize: a program that wants to be told of sizes (mode 2048) is told here. */
void term_set_pixels(struct term *t, int cell_width, int cell_height, int display_width,
                     int display_height);

/* Colours and limits may change while running; what a program set itself stays. A program that
 * wants to be told of a change between light and dark (mode 2031) is told. */
void term_set_options(struct term *t, const struct term_options *options);

/* Soft: DECSTR. Hard: RIS, and the scrollback goes too. */
void term_reset(struct term *t, bool hard);

/* --- Keys ----------------------------------------------------------------------------------- */

/* Modifiers, as the kitty keyboard protocol numbers them; xterm's parameter uses the low four. */
#define TERM_MOD_SHIFT (1u << 0)
#define TERM_MOD_ALT   (1u << 1)
#define TERM_MOD_CTRL  (1u << 2)
#define TERM_MOD_SUPER (1u << 3)
#define TERM_MOD_HYPER (1u << 4)
#define TERM_MOD_META  (1u << 5)
#define TERM_MOD_CAPS  (1u << 6)
#define TERM_MOD_NUM   (1u << 7)

/* Keys that have no character. Others are named by the code point they give without modifiers
 * ('a' also with Shift held, '1' for the key with ! and 1). */
enum term_key_code {
    TERM_KEY_FIRST = 0x110000,
    TERM_KEY_ENTER,
    TERM_KEY_TAB,
    TERM_KEY_BACKSPACE,
    TERM_KEY_ESCAPE,
    TERM_KEY_UP,
    TERM_KEY_DOWN,
    TERM_KEY_RIGHT,
    TERM_KEY_LEFT,
    TERM_KEY_HOME,
    TERM_KEY_END,
    TERM_KEY_PAGE_UP,
    TERM_KEY_PAGE_DOWN,
    TERM_KEY_INSERT,
    TERM_KEY_DELETE,
    TERM_KEY_PAUSE,
    TERM_KEY_PRINT,
    TERM_KEY_MENU,
    TERM_KEY_CAPS_LOCK,
    TERM_KEY_SCROLL_LOCK,
    TERM_KEY_NUM_LOCK,
    TERM_KEY_F1, /* F1 to F35 are consecutive */
    TERM_KEY_F12 = TERM_KEY_F1 + 11,
    TERM_KEY_F35 = TERM_KEY_F1 + 34,
    TERM_KEY_KP_0, /* the digits are consecutive */
    TERM_KEY_KP_9 = TERM_KEY_KP_0 + 9,
    TERM_KEY_KP_DECIMAL,
    TERM_KEY_KP_DIVIDE,
    TERM_KEY_KP_MULTIPLY,
    TERM_KEY_KP_SUBTRACT,
    TERM_KEY_KP_ADD,
    TERM_KEY_KP_ENTER,
    TERM_KEY_KP_EQUAL,
    TERM_KEY_KP_SEPARATOR,
    TERM_KEY_LEFT_SHIFT,
    TERM_KEY_LEFT_CTRL,
    TERM_KEY_LEFT_ALT,
    TERM_KEY_LEFT_SUPER,
    TERM_KEY_RIGHT_SHIFT,
    TERM_KEY_RIGHT_CTRL,
    TERM_KEY_RIGHT_ALT,
    TERM_KEY_RIGHT_SUPER,
};

enum term_key_action { TERM_KEY_PRESS, TERM_KEY_REPEAT, TERM_KEY_RELEASE };

struct term_key {
    uint32_t code;    /* code point without modifiers, or enum term_key_code */
    uint32_t shifted; /* code point with Shift, 0 when unknown or the same */
    uint32_t base;    /* code point the key has on a US layout, 0 when unknown or the same */
    unsigned mods;    /* TERM_MOD_* */
    enum term_key_action action;
    const char
        *text; /* what the key types with its modifiers (Ctrl and Alt not counted), or NULL */
};

/*
 * Sends what the key means in the modes now set. True when bytes were sent (the view then goes
 * to the bottom); false when the key means nothing to a program (a modifier, a release).
 * A window that gets characters as text events of their own calls this for every key whose
 * `text` it knows, or for keys that give no text, and term_text for the text events.
 */
bool term_key(struct term *t, const struct term_key *key);

/* Sends text typed by an input method or a text event. */
void term_text(struct term *t, const char *text, size_t n);

/* Sends text as pasted: newlines become carriage returns, control characters other than tab are
 * dropped, and in bracketed paste mode the text is wrapped, its own end marker removed. */
void term_paste(struct term *t, const char *text, size_t n);
/* Whether the program has asked for that mode: it then knows what is pasted from what is typed. */
bool term_paste_bracketed(const struct term *t);

/* The window got or lost the keyboard (reported in mode 1004; the view shows the cursor hollow). */
void term_focus(struct term *t, bool focused);

void term_clipboard_reply(struct term *t, char which, const char *text, size_t n);

/* --- Mouse ---------------------------------------------------------------------------------- */

enum term_mouse_kind { TERM_MOUSE_PRESS, TERM_MOUSE_RELEASE, TERM_MOUSE_MOVE };

/* Buttons: 1 left, 2 middle, 3 right, 4 wheel up, 5 wheel down, 6 wheel left, 7 wheel right, 8 to
 * 11 further ones; 0 with MOVE: none held. */
struct term_mouse {
    enum term_mouse_kind kind;
    int button;
    int row, col; /* cell; clamped to the screen */
    int x, y;     /* pixel inside the text area */
    unsigned mods;
};

/* Whether the program wants the mouse (the window then does not select, unless Shift is held). */
bool term_mouse_wanted(const struct term *t);

/* The shape that the program wants the mouse pointer to have (OSC 22). */
enum term_pointer {
    TERM_POINTER_ANY, /* it has not asked for one */
    TERM_POINTER_ARROW,
    TERM_POINTER_TEXT,
    TERM_POINTER_HAND,
    TERM_POINTER_CROSS,
    TERM_POINTER_WAIT,
    TERM_POINTER_PROGRESS,
    TERM_POINTER_FORBIDDEN,
    TERM_POINTER_MOVE,
    TERM_POINTER_ACROSS, /* sizes: between left and right, up and down, and the diagonals */
    TERM_POINTER_UPRIGHT,
    TERM_POINTER_FALLING,
    TERM_POINTER_RISING,
    TERM_POINTER_SHAPES,
};

enum term_pointer term_pointer(const struct term *t);

/* Reports an event in the modes now set; a wheel turn on the alternate screen becomes arrow keys
 * when mode 1007 is set. True when something was sent: false leaves the event to the window. */
bool term_mouse(struct term *t, const struct term_mouse *event);

/* --- Scrolling the view, selection, search -----------------------------------------------------
 */

/* Moves the view by rows: negative into the scrollback. False when it was at the end already. */
bool term_scroll(struct term *t, int rows);
void term_scroll_bottom(struct term *t);
void term_scroll_top(struct term *t);
/* So that `above` lines of the scrollback are above the view (see term_view_scrolled). */
void term_scroll_to(struct term *t, uint64_t above);
/* To the previous (-1) or next (+1) shell prompt (OSC 133). False when there is none. */
bool term_scroll_prompt(struct term *t, int direction);

enum term_select_kind { TERM_SELECT_CELL, TERM_SELECT_WORD, TERM_SELECT_LINE, TERM_SELECT_BLOCK };

/* Positions are of the view as last scrolled; rows outside it are clamped to its edge. */
void term_select_start(struct term *t, int row, int col, enum term_select_kind kind);
/* Moves the free end (a drag, or Shift and click). */
void term_select_extend(struct term *t, int row, int col);
void term_select_all(struct term *t);
void term_select_clear(struct term *t);
/* Selects the output of the last command (OSC 133) that is not below the view, or, where that is
 * selected, of the one before it, and brings it into view. False when there is none. */
bool term_select_output(struct term *t);
bool term_selected(const struct term *t);
/* The selected text: lines that were wrapped by the terminal are joined, trailing blanks go.
 * malloc'ed and zero-terminated, caller frees; NULL when nothing is selected or out of memory. */
char *term_selection_text(struct term *t, size_t *n);

#define TERM_SEARCH_IGNORE_CASE 1u
#define TERM_SEARCH_REGEX       2u /* the text is a regular expression (regex.h says which) */

/* A search through the screen and the scrollback, in steps, so that the terminal's lock is held for
 * moments only: a step copies some rows of the text, which are then looked through without the
 * lock. It belongs to one thread. Rows that come, go or are reflowed meanwhile do not disturb it.
 */
struct term_search;

/* NULL when out of memory. A broken expression finds nothing, nor does an empty text. No terminal
 * is needed. */
struct term_search *term_search_new(const char *text, unsigned how);
void term_search_free(struct term_search *s);

/* Sets out from the last result of this search upwards (direction -1) or downwards (+1); from the
 * bottom or the top where there is none. The first time it makes the terminal's view mark what it
 * looks for, instead of what another search did. */
void term_search_begin(struct term_search *s, struct term *t, int direction);

enum term_search_step {
    TERM_SEARCH_TEXT,  /* there is text to look through: term_search_look, then the next step */
    TERM_SEARCH_FOUND, /* the result is in view, marked with TERM_CURRENT */
    TERM_SEARCH_BEGUN_AGAIN, /* likewise, but it lies on the other side of the last one */
    TERM_SEARCH_NONE,
};

/* Takes the next rows, or shows the result that was found in those before. */
enum term_search_step term_search_step(struct term_search *s, struct term *t);
/* Looks through what was taken, for about `work` nanoseconds: true when that is done. Touches no
 * terminal, so needs no lock. */
bool term_search_look(struct term_search *s, int work);
/* Sets out to count all results, from the top, instead of looking for one: by the same two calls,
 * until term_search_step says TERM_SEARCH_NONE. What is in view stays. */
void term_search_count(struct term_search *s, struct term *t);
/* The number of results and which of them is the one shown, from 1; 0: none is. False when rows got
 * other numbers meanwhile, so that the count has to begin anew. */
bool term_search_counted(const struct term_search *s, uint64_t *which, uint64_t *results);
/* How much of the text has been looked through since term_search_begin, in percent. */
int term_search_percent(const struct term_search *s);

/* Ends all searching: nothing is marked any more. */
void term_search_end(struct term *t);

/* The link (OSC 8, or an address recognised in the text) at a cell of the view: zero-terminated,
 * caller frees; NULL when there is none. */
char *term_link_at(struct term *t, int row, int col);

/* Columns [from, to) of a row of the view. */
struct term_span {
    int row, from, to;
};

/* The same link, and where in the view all of it stands: up to *count spans are stored and counted.
 * *marked: a program marked it as a link (OSC 8). */
char *term_link_find(struct term *t, int row, int col, struct term_span *spans, int *count,
                     bool *marked);

/* The whole screen (or what the view shows) as text, one line a row, trailing blanks removed:
 * for tests and accessibility. malloc'ed, caller frees. */
char *term_screen_text(struct term *t);

/* --- The view: what the renderer draws ------------------------------------------------------ */

struct term_view;

struct term_cursor {
    int row, col;
    int shape;    /* 0 block, 1 underline, 2 bar */
    bool visible; /* shown by the program and inside the view */
    bool blinking;
    bool focused;
};

/* Underline colour (TERM_COLOR_*) and link number (0 none; equal numbers: one link) of a cell. */
struct term_extra {
    uint32_t underline_color;
    uint32_t link;
};

enum term_line_size { TERM_LINE_SINGLE, TERM_LINE_WIDE, TERM_LINE_TOP, TERM_LINE_BOTTOM };

enum term_grid_kind { TERM_GRID_OWN, TERM_GRID_TSM };

/* A view on no terminal yet. The grid is what keeps its cells; NULL when out of memory or the
 * kind is not built in. term_view_new uses the build's default. */
struct term_view *term_view_new(void);
struct term_view *term_view_new_with(enum term_grid_kind kind);
void term_view_free(struct term_view *v);

/*
 * Brings the view up to date: the only call that needs the terminal's lock. True when anything
 * changed. While a program holds its output back (mode 2026) nothing changes, unless `force`; the
 * caller ends that after 150 ms. On false by lack of memory the view keeps what it
 * had and the next update tries again.
 */
bool term_view_update(struct term_view *v, struct term *t, bool force);
/* Whether the last update left something out, as it would have taken long (results of a search that
 * are still to be marked): another one goes on with that. */
bool term_view_unfinished(const struct term_view *v);
/* Whether the program holds its output back now (needs the lock). */
bool term_synchronized(const struct term *t);
/* Ends that: who holds back for so long may have died. */
void term_synchronized_end(struct term *t);

int term_view_rows(const struct term_view *v);
int term_view_cols(const struct term_view *v);
/* The cells of a row, term_view_cols of them, valid until the next update. Not NULL. */
const struct term_cell *term_view_row(struct term_view *v, int row);
/* Whether the row changed in the last update (cursor movement alone changes no row). */
bool term_view_changed(const struct term_view *v, int row);
enum term_line_size term_view_line_size(const struct term_view *v, int row);
/* The code points of a cell: up to `capacity` of them; returns how many (0: blank). */
size_t term_view_text(const struct term_view *v, int row, const struct term_cell *cell,
                      uint32_t *out, size_t capacity);
struct term_extra term_view_extra(const struct term_view *v, int row, const struct term_cell *cell);
struct term_cursor term_view_cursor(const struct term_view *v);
/* 0xRRGGBB of a TERM_COLOR_* value; `fallback` for the default colour. */
uint32_t term_view_color(const struct term_view *v, uint32_t color, uint32_t fallback);
/* Foreground and background to paint a cell with: palette, inverse video, reverse screen, dim and
 * conceal applied; selection and search marks are left to the renderer. */
void term_view_colors(const struct term_view *v, const struct term_cell *cell, uint32_t *fg,
                      uint32_t *bg);
uint32_t term_view_foreground(const struct term_view *v);
uint32_t term_view_background(const struct term_view *v);
uint32_t term_view_cursor_color(const struct term_view *v);
/* Where the view is, for a scroll bar: lines above it and below it, not counting its own. */
void term_view_scrolled(const struct term_view *v, uint64_t *above, uint64_t *below);

#endif
