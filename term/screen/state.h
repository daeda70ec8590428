/* The data of a terminal, which everything inside works on, under the owner's lock (see term.h). */
#ifndef TERM_SCREEN_STATE_H
#define TERM_SCREEN_STATE_H

#include "term/history/history.h"
#include "term/match/pattern.h"
#include "term/parser/parser.h"
#include "term/term.h"

/* --- Rows and screens ------------------------------------------------------------------------- */

struct line {
    uint64_t stamp; /* unique for this content: changes with every modification */
    int used;       /* cells from here on are all zero */
    uint8_t flags;  /* ROW_* */
    uint8_t size;   /* enum term_line_size */
    struct term_cell cells[];
};

/* What DECSC keeps. */
struct cursor {
    int row, col;
    bool pending; /* the last column is written; the next character wraps first */
    bool origin;  /* DECOM */
    uint8_t charset[4];
    uint8_t gl, gr;       /* which of the four is in use */
    struct term_cell pen; /* colours and attributes of what is printed; ch is 0 */
};

#define KEYBOARD_STACK 16

struct screen {
    struct line **lines;
    struct cursor saved;
    uint8_t keyboard[KEYBOARD_STACK]; /* kitty keyboard flags, the last one in force */
    int keyboard_depth;               /* 0: none pushed, keyboard[0] in force */
};

/* --- Modes ------------------------------------------------------------------------------------ */

enum mode {
    MODE_INSERT,
    MODE_SEND_RECEIVE, /* SRM set: no local echo (local echo itself is not offered) */
    MODE_NEWLINE,
    MODE_KEYBOARD_LOCKED,
    MODE_CURSOR_KEYS,
    MODE_COLUMNS,
    MODE_SMOOTH,
    MODE_REVERSE,
    MODE_ORIGIN, /* kept in struct cursor; only named here */
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
    MODE_ALTERNATE, /* 47, 1047, 1049 show it */
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
    MODE_TELL_SCHEME,
    MODE_TELL_SIZE,
    MODE_COUNT,
};

/* --- Links and underline colours, grapheme clusters ---------------------------------------------
 */

/* Tables that cells refer to by number. A number lives as long as some cell or row of the
 * scrollback has it; when a table is full, those in use are found by walking the screens and by
 * what the scrollback has noted (uses.h). */
struct extras {
    struct term_extra *entries; /* entry 0 is "nothing"; NULL until the first is needed */
    uint16_t *buckets;          /* open addressing over entries, 0 free */
    uint32_t bucket_count;
    int count, slots;
    int free_count; /* holes among them, at `hole` or after it */
    int hole;
    char **links; /* by link number; 0 unused */
    uint32_t link_count, link_slots;
    uint32_t link_hole; /* holes among them are at it or after it */
    uint32_t link_last; /* the number given last */
    size_t link_bytes;
    unsigned tries; /* numbers asked for while the table was full */
};

struct clusters {
    uint32_t *codes; /* 0, then length, code points, length, code points ... */
    uint32_t used, slots;
    uint32_t *starts; /* by cluster number: index into codes */
    uint32_t count, start_slots;
    uint32_t free_count, hole; /* as in extras; the length at a hole's start is 0 */
    uint32_t *buckets;         /* open addressing, number + 1, 0 free */
    uint32_t bucket_count;
    unsigned tries;
};

#define CLUSTER_CODES_MAX 32 /* further code points of one cluster are dropped */
#define CLUSTER_WORDS_MAX (2u << 20)
#define CLUSTERS_MAX      0x3ffffu /* then the base character alone is shown */

/* --- The view's place, selection ---------------------------------------------------------------
 */

/* A cell in the text: the number of its row (scrollback rows by their numbers, screen rows after
 * them, rows of the alternate screen from ALTERNATE_ROW) and its column in that row as stored. */
struct place {
    uint64_t row;
    int col;
};

#define ALTERNATE_ROW ((uint64_t)1 << 62) /* where the rows of the alternate screen begin */

struct selection {
    bool active;
    enum term_select_kind kind;
    struct place anchor, free; /* the cells pointed at */
    struct place first, last;  /* what that selects, both included */
    int left, right;           /* BLOCK: columns, both included */
    uint64_t stamp;            /* rows changed after this are no longer what was selected */
    uint64_t revision;         /* changes with every change of the selection */
};

/* --- What is shown of a search -------------------------------------------------------------------
 */

/* Code points of rows of the text, and the cell each is in. */
struct codes {
    uint32_t *code;
    uint16_t *col;
    int n, slots;
    struct code_row {
        uint64_t row;
        int start; /* its first code point */
    } * rows;
    int row_count, row_slots;
};

/* The results in one piece, from its beginning as far as it has been looked through. */
struct marked_piece {
    uint64_t first, end, print;
    bool used; /* since marks_begin */
    bool done;
    int next;
    struct marked {
        struct place first, last;
    } * results;
    int count, slots;
};

/* What a terminal shows of a search. */
struct marks {
    struct pattern pattern;
    struct place at; /* where the present result begins */
    bool found;      /* there is one */
    struct marked_piece *pieces;
    int count, slots;
    int last;          /* the piece asked for last */
    struct codes text; /* scratch */
};

/* --- The terminal --------------------------------------------------------------------------------
 */

#define PEN_STACK   10
#define TITLE_MAX   1024
#define TITLE_STACK 10
#define TABS_EVERY  8

#define POINTER_STACK 16

#define MESSAGE_MAX 512

/* A message that comes in parts. */
struct message {
    char id[32];
    char title[MESSAGE_MAX], body[MESSAGE_MAX];
};

/* The dynamic colours of OSC 10 to 19 that something is drawn with. */
enum { DYNAMIC_FOREGROUND, DYNAMIC_BACKGROUND, DYNAMIC_CURSOR, DYNAMIC_COUNT = 10 };

struct term {
    int rows, cols;
    struct screen normal, alternate;
    struct screen *screen; /* the one shown */
    struct cursor cursor;
    int top, bottom, left, right; /* margins, inclusive */
    bool mode[MODE_COUNT];
    bool saved_mode[MODE_COUNT]; /* XTSAVE */
    uint8_t tabs[TERM_COLS_MAX]; /* one byte a column, also for those a wider screen would have */
    uint64_t stamp;
    uint64_t serial; /* no other terminal has it */
    size_t work;     /* cells changed in this call of term_feed_some, about */

    /* Printing. */
    uint8_t single_shift;      /* 2 or 3: charset of the next character */
    bool joinable;             /* nothing moved since the last character */
    int printed;               /* while joinable: its column, the second one of a wide one */
    uint32_t last;             /* the last character, for REP; 0 none */
    struct term_cell *scratch; /* for reading rows of the text: scratch_cells */
    int scratch_slots;

    struct history *history;
    struct extras extras;
    struct clusters clusters;

    /* Colours as the program changed them. */
    uint32_t palette[256];
    uint32_t special[5];             /* OSC 5: bold, underline, blink, inverse, italic; kept only */
    uint32_t dynamic[DYNAMIC_COUNT]; /* OSC 10 to 19 */
    uint64_t palette_revision;

    char title[TITLE_MAX], icon_title[TITLE_MAX];
    struct {
        char title[TITLE_MAX], icon_title[TITLE_MAX];
    } * titles; /* the stack of XTPUSHTITLE; NULL until the first is pushed */
    int title_depth;
    unsigned title_modes; /* XTSMTITLE: bit 0 set hex, 1 query hex */
    int level;            /* DECSCL: 1 to 4 */
    bool c1_8bit;         /* S8C1T: replies begin with one C1 character */
    int cursor_shape;     /* DECSCUSR 0..6 */
    int modify_cursor, modify_function, modify_other, modify_keyboard; /* XTMODKEYS */
    bool format_other;                /* XTFMTKEYS: modifyOtherKeys sends CSI code ; modifiers u */
    int attribute_extent;             /* DECSACE: 0, 1 changes follow the text; 2 the rectangle */
    int checksum_ext;                 /* XTCHECKSUM */
    struct term_cell pens[PEN_STACK]; /* XTPUSHSGR */
    int pen_depth;                    /* those beyond PEN_STACK are counted, not kept */
    uint32_t link;                    /* link number of what is printed */
    uint32_t underline_color;
    bool focused;
    uint8_t pointers[POINTER_STACK]; /* enum term_pointer of OSC 22, the last one in force */
    int pointer_depth;               /* 0: none pushed, pointers[0] in force */
    bool in_progress;                /* OSC 9;4 said so */
    struct message *message;         /* the parts of OSC 99 that have come; NULL: none */
    int mouse_row, mouse_col, mouse_x, mouse_y; /* where the last report was */
    unsigned mouse_buttons;
    int cell_width, cell_height, display_width, display_height;

    /* The view. */
    bool scrolled;       /* not at the bottom: view_row is valid */
    uint64_t view_chain; /* the row the shown line of text begins with */
    int view_row;        /* which of its rows in the present width is at the top of the view */
    uint64_t view_revision;
    uint64_t layout_revision; /* rows have got other numbers */
    struct selection selection;
    struct marks search;

    bool stop_at_frames, frame_ended; /* see term_stop_at_frames */
    struct parser parser;
    struct term_options options;
    char *word_separators;
    struct term_callbacks callbacks;
    void *context;
};

/* What a sequence does: one function each. */
typedef void action(struct term *t, const struct sequence *s);

#endif
