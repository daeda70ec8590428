// The inside of a terminal, shared by the files of this folder. Everything here runs under the
// owner's lock (see term.h).
//
//   parser.c     bytes -> text, controls, sequences
//   sequences.c  the table of sequences -> the functions declared here
//   print.c      text -> cells          edit.c   erasing, inserting, scrolling
//   screen.c     rows and their memory  reflow.c a new size
//   history.c    the scrollback         layout.c the scrollback as rows of the present width
//   view.c       the picture for the renderer, kept in a grid (grid.h)
#ifndef TERM_SCREEN_STATE_H
#define TERM_SCREEN_STATE_H

#include "term/history/history.h"
#include "term/parser/parser.h"
#include "term/search/search.h"
#include "term/term.h"

// --- Rows and screens -------------------------------------------------------------------------

struct line {
    uint64_t stamp; // unique for this content: changes with every modification
    int used;       // cells from here on are all zero
    uint8_t flags;  // ROW_*
    uint8_t size;   // enum term_line_size
    struct term_cell cells[];
};

// What DECSC keeps.
struct cursor {
    int row, col;
    bool pending; // the last column is written; the next character wraps first
    bool origin;  // DECOM
    uint8_t charset[4];
    uint8_t gl, gr;       // which of the four is in use
    struct term_cell pen; // colours and attributes of what is printed; ch is 0
};

#define KEYBOARD_STACK 16

struct screen {
    struct line **lines;
    struct cursor saved;
    uint8_t keyboard[KEYBOARD_STACK]; // kitty keyboard flags, the last one in force
    int keyboard_depth;               // 0: none pushed, keyboard[0] in force
};

// --- Modes ------------------------------------------------------------------------------------

enum mode {
    MODE_INSERT,
    MODE_SEND_RECEIVE, // SRM set: no local echo (local echo itself is not offered)
    MODE_NEWLINE,
    MODE_KEYBOARD_LOCKED,
    MODE_CURSOR_KEYS,
    MODE_COLUMNS,
    MODE_SMOOTH,
    MODE_REVERSE,
    MODE_ORIGIN, // kept in struct cursor; only named here
    MODE_WRAP,
    MODE_AUTO_REPEAT,
    MODE_MOUSE_X10,
    MODE_CURSOR_BLINK,
    MODE_CURSOR_VISIBLE,
    MODE_ALLOW_COLUMNS,
    MODE_MORE_FIX,
    MODE_NATIONAL,
    MODE_REVERSE_WRAP,
    MODE_REVERSE_WRAP_FAR,
    MODE_ALTERNATE, // 47, 1047, 1049 show it
    MODE_KEYPAD,
    MODE_BACKARROW,
    MODE_MARGINS,
    MODE_MOUSE,
    MODE_MOUSE_DRAG,
    MODE_MOUSE_ANY,
    MODE_FOCUS,
    MODE_MOUSE_UTF8,
    MODE_MOUSE_SGR,
    MODE_ALTERNATE_SCROLL,
    MODE_MOUSE_URXVT,
    MODE_MOUSE_PIXELS,
    MODE_META,
    MODE_ALT_ESCAPE,
    MODE_PASTE,
    MODE_SYNCHRONIZED,
    MODE_PRINT_FORM_FEED,
    MODE_PRINT_EXTENT,
    MODE_BELL_URGENT,
    MODE_BELL_RAISE,
    MODE_KEEP_SELECTION,
    MODE_COUNT,
};

// --- Links and underline colours, grapheme clusters ---------------------------------------------

// Tables that cells refer to by number. A number lives as long as some cell or row of the
// scrollback has it; when a table is full, those in use are found by walking the screens and by
// what the scrollback has noted (uses.h).
struct extras {
    struct term_extra *entries; // entry 0 is "nothing"; NULL until the first is needed
    uint16_t *buckets;          // open addressing over entries, 0 free
    uint32_t bucket_count;
    int count, slots;
    int free_count; // holes among them, at `hole` or after it
    int hole;
    char **links; // by link number; 0 unused
    uint32_t link_count, link_slots;
    uint32_t link_hole; // holes among them are at it or after it
    uint32_t link_last; // the number given last
    size_t link_bytes;
    unsigned tries; // numbers asked for while the table was full
};

struct clusters {
    uint32_t *codes; // 0, then length, code points, length, code points ...
    uint32_t used, slots;
    uint32_t *starts; // by cluster number: index into codes
    uint32_t count, start_slots;
    uint32_t free_count, hole; // as in extras; the length at a hole's start is 0
    uint32_t *buckets;         // open addressing, number + 1, 0 free
    uint32_t bucket_count;
    unsigned tries;
};

#define CLUSTER_CODES_MAX 32 // further code points of one cluster are dropped
#define CLUSTER_WORDS_MAX (2u << 20)
#define CLUSTERS_MAX      0x3ffffu // then the base character alone is shown

// --- The view's place, selection ---------------------------------------------------------------

#define ALTERNATE_ROW ((uint64_t)1 << 62) // where the rows of the alternate screen begin

struct selection {
    bool active;
    enum term_select_kind kind;
    struct place anchor, free; // the cells pointed at
    struct place first, last;  // what that selects, both included
    int left, right;           // BLOCK: columns, both included
    uint64_t stamp;            // rows changed after this are no longer what was selected
    uint64_t revision;         // changes with every change of the selection
};

#define PEN_STACK   10
#define TITLE_MAX   1024
#define TITLE_STACK 10
#define TABS_EVERY  8

// The dynamic colours of OSC 10 to 19 that something is drawn with.
enum { DYNAMIC_FOREGROUND, DYNAMIC_BACKGROUND, DYNAMIC_CURSOR, DYNAMIC_COUNT = 10 };

struct term {
    int rows, cols;
    struct screen normal, alternate;
    struct screen *screen; // the one shown
    struct cursor cursor;
    int top, bottom, left, right; // margins, inclusive
    bool mode[MODE_COUNT];
    bool saved_mode[MODE_COUNT]; // XTSAVE
    uint8_t tabs[TERM_COLS_MAX]; // one byte a column, also for those a wider screen would have
    uint64_t stamp;
    uint64_t serial; // no other terminal has it
    size_t work;     // cells changed in this call of term_feed_some, about

    // Printing.
    uint8_t single_shift;      // 2 or 3: charset of the next character
    bool joinable;             // nothing moved since the last character
    int printed;               // while joinable: its column, the second one of a wide one
    uint32_t last;             // the last character, for REP; 0 none
    struct term_cell *scratch; // for reading rows of the text: scratch_cells
    int scratch_slots;

    struct history *history;
    struct extras extras;
    struct clusters clusters;

    // Colours as the program changed them.
    uint32_t palette[256];
    uint32_t special[5];             // OSC 5: bold, underline, blink, inverse, italic; kept only
    uint32_t dynamic[DYNAMIC_COUNT]; // OSC 10 to 19
    uint64_t palette_revision;

    char title[TITLE_MAX], icon_title[TITLE_MAX];
    struct {
        char title[TITLE_MAX], icon_title[TITLE_MAX];
    } * titles; // the stack of XTPUSHTITLE; NULL until the first is pushed
    int title_depth;
    unsigned title_modes; // XTSMTITLE: bit 0 set hex, 1 query hex
    int level;            // DECSCL: 1 to 4
    bool c1_8bit;         // S8C1T: replies begin with one C1 character
    int cursor_shape;     // DECSCUSR 0..6
    int modify_cursor, modify_function, modify_other, modify_keyboard; // XTMODKEYS
    bool format_other;                // XTFMTKEYS: modifyOtherKeys sends CSI code ; modifiers u
    int attribute_extent;             // DECSACE: 0, 1 changes follow the text; 2 the rectangle
    int checksum_ext;                 // XTCHECKSUM
    struct term_cell pens[PEN_STACK]; // XTPUSHSGR
    int pen_depth;                    // those beyond PEN_STACK are counted, not kept
    uint32_t link;                    // link number of what is printed
    uint32_t underline_color;
    bool focused;
    int mouse_row, mouse_col, mouse_x, mouse_y; // where the last report was
    unsigned mouse_buttons;
    int cell_width, cell_height, display_width, display_height;

    // The view.
    bool scrolled;       // not at the bottom: view_row is valid
    uint64_t view_chain; // the row the shown line of text begins with
    int view_row;        // which of its rows in the present width is at the top of the view
    uint64_t view_revision;
    uint64_t layout_revision; // rows have got other numbers
    struct selection selection;
    struct marks search;

    bool stop_at_frames, frame_ended; // see term_stop_at_frames
    struct parser parser;
    struct term_options options;
    char *word_separators;
    struct term_callbacks callbacks;
    void *context;
};

// --- screen.c: rows ---------------------------------------------------------------------------

struct line *line_new(int cols);
bool screen_new(struct screen *s, int rows, int cols);
void screen_free(struct screen *s, int rows);
// Cells that one call of term_feed_some may change: a few milliseconds.
#define WORK_MAX ((size_t)1 << 20)
// Counts work that is not bounded by the bytes that ask for it.
static inline void term_worked(struct term *t, size_t cells)
{
    t->work += cells;
    if (t->work > WORK_MAX)
        t->parser.stop = true;
}
// Marks a row changed.
static inline void line_touch(struct term *t, struct line *line)
{
    line->stamp = ++t->stamp;
}
static inline struct line *term_line(struct term *t, int row)
{
    return t->screen->lines[row];
}
// Makes all of a row blank in the default style.
void line_clear(struct term *t, struct line *line);
// The blank cell erasing leaves: the pen's background.
struct term_cell blank_cell(const struct term *t);
// Cuts wide characters in two at a column about to be written: the halves become blanks.
void line_split(struct line *line, int cols, int col);
// Blanks at the end are no part of the text: at a new width they would be laid out with it.
void line_trim(struct line *line);
// A row does not go on with the text above it any more, which may be the scrollback's.
void text_begins(struct term *t, int row);
// Fills [from, to) with a cell that is not wide; splits at both ends. Touches the row.
void line_fill(struct term *t, struct line *line, int from, int to, struct term_cell cell);
// Copies cells from one place to another in one row (they may overlap) or two.
void line_copy(struct term *t, struct line *to, int at, const struct line *from, int start, int n);
// Sets the ROW_* flags and `used` that writing `n` cells at `at` asks for.
void line_wrote(struct line *line, int at, int n);
// Scrolls rows top..bottom between the columns of the margins by n (positive: text moves up).
void scroll_rows(struct term *t, int top, int bottom, int left, int right, int n, bool keep);
// Puts a row of the normal screen into the scrollback.
void line_save(struct term *t, const struct line *line);
void use_screen(struct term *t, struct screen *s);

// --- print.c ------------------------------------------------------------------------------------

void print_run(struct term *t, const uint8_t *text, size_t n);
void print_character(struct term *t, uint32_t code);
// The last column text may be printed to in the cursor's row.
int right_limit(const struct term *t);
// Moves down a row, scrolling at the bottom margin.
void index_down(struct term *t);
void index_up(struct term *t);

// --- cursor.c
// -------------------------------------------------------------------------------------

// Puts the cursor at a place as CUP counts it (origin mode applies), clamped.
void cursor_address(struct term *t, int row, int col);
// Puts it at a place of the screen, clamped; nothing waits to wrap any more.
void cursor_place(struct term *t, int row, int col);
void cursor_up(struct term *t, int n);
void cursor_down(struct term *t, int n);
void cursor_left(struct term *t, int n);
void cursor_right(struct term *t, int n);
void cursor_backspace(struct term *t, int n);
void cursor_save(struct term *t);
void cursor_restore(struct term *t);
void cursor_reset(struct cursor *c);
void tab_forward(struct term *t, int n);
void tab_back(struct term *t, int n);
void tabs_reset(struct term *t);
void control_character(struct term *t, uint32_t code);

// --- charset.c ----------------------------------------------------------------------------------

// CHARSET_OTHER and what follows: the national replacement sets.
enum charset {
    CHARSET_ASCII,
    CHARSET_GRAPHICS,
    CHARSET_LATIN1,
    CHARSET_DEC,
    CHARSET_TECHNICAL,
    CHARSET_OTHER
};
// The charset a final byte (after one intermediate, or two) names; -1 for an unknown one.
int charset_named(uint8_t intermediate, uint8_t second, uint8_t final);
// What a printable ASCII character stands for in a charset.
uint32_t charset_translate(uint8_t charset, uint32_t code);

// --- tables.c: links, underline colours, clusters
// -------------------------------------------------

// A number for the pair; 0 when there is nothing to say or no room.
unsigned extra_number(struct term *t, uint32_t underline_color, uint32_t link);
struct term_extra extra_get(const struct term *t, uint32_t attr);
// Makes the link whose URI this is current, or none (NULL). `id` joins pieces of one link.
void link_set(struct term *t, const char *id, size_t id_length, const char *uri);
// The pen after `link` or `underline_color` changed.
void link_changed(struct term *t);
const char *link_uri(const struct term *t, uint32_t link);
// The `ch` of a cluster; 0 when there is no room.
uint32_t cluster_number(struct term *t, const uint32_t *codes, int n);
// The code points of a cell (none for a blank, one for most); at most CLUSTER_CODES_MAX.
int cell_codes(const struct term *t, uint32_t ch, uint32_t *codes);
void tables_free(struct term *t);

// --- modes.c ------------------------------------------------------------------------------------

void modes_reset(struct term *t);
void mode_set(struct term *t, const struct sequence *s);     // SM, DECSET
void mode_clear(struct term *t, const struct sequence *s);   // RM, DECRST
void mode_save(struct term *t, const struct sequence *s);    // XTSAVE
void mode_restore(struct term *t, const struct sequence *s); // XTRESTORE
void mode_report(struct term *t, const struct sequence *s);  // DECRQM

// --- reports.c
// ------------------------------------------------------------------------------------

// Sends printf-style text to the program. "\x9b" and the like at the beginning and "\x9c" at the
// end stand for C1 controls and go out in the form S7C1T or S8C1T ask for.
void reply(struct term *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void send_bytes(struct term *t, const char *bytes, size_t n);
// Writes the SGR parameters that describe a style; returns the length.
int sgr_describe(const struct term *t, const struct term_cell *pen, char *out, size_t size);
void status_string(struct term *t, const char *name, size_t n, bool valid);

// --- sgr.c --------------------------------------------------------------------------------------

// Ends all attributes of the pen but colours, links and protection.
void attributes_reset(struct term *t);

// --- palette.c --------------------------------------------------------------------------------

void palette_reset(struct term *t);
// Gives a dynamic colour (OSC 10 and on, counted from 0) its value from the options.
void dynamic_reset(struct term *t, int which);
// Reads rgb:r/g/b, #rgb and the like, or a name of the few that are known.
bool color_parse(const char *text, size_t n, uint32_t *color);

// --- osc.c, dcs.c, reset.c
// ------------------------------------------------------------------------

void osc_dispatch(struct term *t, const char *text, size_t n, bool bell);
// Entry `i` of the table of OSC numbers; false when there are no more.
bool osc_entry_get(size_t i, unsigned *first, unsigned *last, const char **text);
// Entry `i` of the table of modes.
bool mode_entry_get(size_t i, bool *dec, unsigned *number, const char **text);
void dcs_dispatch(struct term *t, const struct sequence *s, const char *text, size_t n);
// Entry `i` of the table of DCS strings.
bool dcs_entry_get(size_t i, char form[3], const char **name, const char **text);
void title_set(struct term *t, bool window, bool icon, const char *text, size_t n);
void reset_soft(struct term *t);
void reset_hard(struct term *t);

// --- sequences.c ------------------------------------------------------------------------------

extern const struct parser_calls sequence_calls;

// --- layout.c: the scrollback in the present width --------------------------------------------

// Rows there are: scrollback of the normal screen, then the screen's. On the alternate screen
// only its own rows.
uint64_t text_first(const struct term *t);
uint64_t text_end(const struct term *t);
uint64_t text_screen(const struct term *t); // number of the screen's first row
// The cells of a row as stored (at most TERM_COLS_MAX), and its flags.
int text_row(const struct term *t, uint64_t row, struct term_cell *out, unsigned *flags);
unsigned text_flags(const struct term *t, uint64_t row);
// At least as many as text_row stores.
int text_length(const struct term *t, uint64_t row);
// Room for the cells of a row until the next call; NULL when out of memory.
struct term_cell *scratch_cells(struct term *t, uint64_t row);

struct chain {
    uint64_t first, end;     // rows of the scrollback [first, end)
    struct term_cell *cells; // all their cells one after the other, spacers left out
    struct place *places;    // where each is stored
    int length, slots;
    int *breaks; // where each row of the present width begins; breaks[rows] is the length
    int rows, break_slots;
};

// Lays out the line of text that scrollback row `row` belongs to. False when out of memory.
bool chain_load(struct chain *c, const struct term *t, uint64_t row);
// Gathers the line of text that any row belongs to, scrollback and screen, without laying it out;
// at most HISTORY_CHAIN_MAX rows in either direction. False when out of memory.
bool line_load(struct chain *c, const struct term *t, uint64_t row);
void chain_free(struct chain *c);
// What stands in one row of the view: `length` cells of the text from a place on.
struct view_row {
    struct place start;
    int length;
};

// The rows of the view, t->rows of them, without their cells. False when out of memory.
bool view_rows(struct term *t, struct view_row *out);
// The cells of such a row and where each is stored (room for t->cols of both); returns how many,
// the rest of the row is blank. -1 when out of memory.
int view_cells(struct term *t, const struct view_row *from, struct term_cell *out,
               struct place *places);
// Scrolls so that a row of the text is in view.
void view_show(struct term *t, uint64_t row);
// Cells of text that fit a row of `cols` columns: at least 1 when n is.
int row_fit(const struct term_cell *cells, int n, int cols);

// --- select.c -----------------------------------------------------------------------------------

// Ends the selection when the text under it has changed.
void selection_check(struct term *t);
// The columns [from, to) of row `row` that are selected; false when none are.
bool selection_columns(const struct term *t, uint64_t row, int *from, int *to);

#endif
