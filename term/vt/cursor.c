/* Moving the cursor, tabs, margins and control characters. */
#include "term/vt/cursor.h"

#include "term/screen/screen.h"
#include "term/screen/state.h"
#include "term/screen/tables.h"
#include "term/vt/acts.h"
#include "term/vt/charset.h"
#include "term/vt/print.h"

#include <string.h>

void cursor_place(struct term *t, int row, int col)
{
    struct cursor *c = &t->cursor;
    c->row = row < 0 ? 0 : row >= t->rows ? t->rows - 1 : row;
    c->col = col < 0 ? 0 : col >= t->cols ? t->cols - 1 : col;
    c->pending = false;
    t->joinable = false;
}

/* Sums that cannot overflow: parameters go up to PARSER_VALUE_MAX. */
static int add_clamped(int position, int n, int most)
{
    return n > most - position ? most : position + n;
}

void cursor_address(struct term *t, int row, int col)
{
    if (t->cursor.origin) {
        row = add_clamped(t->top, row < 0 ? 0 : row, t->bottom);
        col = add_clamped(t->left, col < 0 ? 0 : col, t->right);
    }
    cursor_place(t, row, col);
}

static void cursor_up(struct term *t, int n)
{
    int limit = t->cursor.row >= t->top ? t->top : 0;
    int row = t->cursor.row;
    cursor_place(t, n > row - limit ? limit : row - n, t->cursor.col);
}

static void cursor_down(struct term *t, int n)
{
    int limit = t->cursor.row <= t->bottom ? t->bottom : t->rows - 1;
    cursor_place(t, add_clamped(t->cursor.row, n, limit), t->cursor.col);
}

static void cursor_left(struct term *t, int n)
{
    int col = t->cursor.col;
    int limit = col >= t->left ? t->left : 0;
    cursor_place(t, t->cursor.row, n > col - limit ? limit : col - n);
}

static void cursor_right(struct term *t, int n)
{
    int limit = t->cursor.col <= t->right ? t->right : t->cols - 1;
    cursor_place(t, t->cursor.row, add_clamped(t->cursor.col, n, limit));
}

/* One step left in the reverse wrap modes: past the left margin to the end of the row before. */
static bool step_back(struct term *t)
{
    struct cursor *c = &t->cursor;
    int left = c->col >= t->left ? t->left : 0;
    bool far = t->mode[MODE_REVERSE_WRAP_FAR];
    if (c->col > left) {
        c->col--;
        return true;
    }
    if (c->row == t->top) {
        if (!far)
            return false;
        c->row = t->bottom;
    } else if (c->row > 0) {
        if (!far && !(term_line(t, c->row - 1)->flags & ROW_WRAPPED))
            return false;
        c->row--;
    } else {
        return false;
    }
    c->col = t->right;
    return true;
}

static void cursor_backspace(struct term *t, int n)
{
    struct cursor *c = &t->cursor;
    bool reverse =
        t->mode[MODE_WRAP] && (t->mode[MODE_REVERSE_WRAP] || t->mode[MODE_REVERSE_WRAP_FAR]);
    t->joinable = false;
    if (!reverse) {
        cursor_left(t, n);
        return;
    }
    if (n > t->rows * t->cols)
        n = t->rows * t->cols;
    /* The character that waits to wrap is itself the one before the cursor. */
    if (c->pending) {
        c->pending = false;
        n--;
    }
    while (n-- > 0 && step_back(t))
        ;
}

void cursor_reset(struct cursor *c)
{
    memset(c, 0, sizeof(*c));
    c->gr = 2;
}

void cursor_save(struct term *t)
{
    t->screen->saved = t->cursor;
}

void cursor_restore(struct term *t)
{
    const struct cursor *saved = &t->screen->saved;
    t->cursor = *saved;
    if (saved->origin)
        cursor_address(t, saved->row - t->top, saved->col - t->left);
    else
        cursor_place(t, saved->row, saved->col);
    t->cursor.pending = saved->pending && t->cursor.col == saved->col;
    t->underline_color = extra_get(t, t->cursor.pen.attr).underline_color;
    t->link = extra_get(t, t->cursor.pen.attr).link;
}

void tabs_reset(struct term *t)
{
    for (int i = 0; i < TERM_COLS_MAX; i++)
        t->tabs[i] = i % TABS_EVERY == 0;
}

static void tab_forward(struct term *t, int n)
{
    struct cursor *c = &t->cursor;
    int limit = right_limit(t);
    t->joinable = false;
    /* A tab does not end a pending wrap: the column does not change. */
    while (n > 0 && c->col < limit) {
        c->col++;
        n -= t->tabs[c->col] != 0;
    }
}

static void tab_back(struct term *t, int n)
{
    struct cursor *c = &t->cursor;
    int limit = c->origin && c->col >= t->left ? t->left : 0;
    c->pending = false;
    t->joinable = false;
    while (n > 0 && c->col > limit) {
        c->col--;
        n -= t->tabs[c->col] != 0;
    }
}

static void carriage_return(struct term *t)
{
    struct cursor *c = &t->cursor;
    c->col = c->origin || c->col >= t->left ? t->left : 0;
    c->pending = false;
    t->joinable = false;
}

void control_character(struct term *t, uint32_t code)
{
    switch (code) {
    case 7:
        if (t->callbacks.bell)
            t->callbacks.bell(t->context);
        break;
    case 8:
        cursor_backspace(t, 1);
        break;
    case 9:
        /* Mode 41: a tab after the last column was written belongs to the next row. */
        if (t->cursor.pending && t->mode[MODE_MORE_FIX]) {
            index_down(t);
            carriage_return(t);
        }
        tab_forward(t, 1);
        break;
    case 10:
    case 11:
    case 12:
        index_down(t);
        if (t->mode[MODE_NEWLINE])
            carriage_return(t);
        break;
    case 13:
        carriage_return(t);
        break;
    case 14:
        t->cursor.gl = 1;
        break;
    case 15:
        t->cursor.gl = 0;
        break;
    case 0x7f:
        if (t->cursor.charset[t->cursor.gl] == CHARSET_LATIN1)
            print_character(t, code);
        break;
    case 0x84:
        index_down(t);
        break;
    case 0x85:
        index_down(t);
        carriage_return(t);
        break;
    case 0x88:
        t->tabs[t->cursor.col] = 1;
        break;
    case 0x8d:
        index_up(t);
        break;
    case 0x8e:
        t->single_shift = 2;
        break;
    case 0x8f:
        t->single_shift = 3;
        break;
    case 0x96:
        t->cursor.pen.attr |= TERM_GUARDED;
        break;
    case 0x97:
        t->cursor.pen.attr &= ~TERM_GUARDED;
        break;
    case 0x9a:
        act_device_attributes(t, NULL);
        break;
    default:
        break;
    }
}

void act_cursor_up(struct term *t, const struct sequence *s)
{
    cursor_up(t, sequence_count(s, 0));
}

void act_cursor_down(struct term *t, const struct sequence *s)
{
    cursor_down(t, sequence_count(s, 0));
}

void act_cursor_right(struct term *t, const struct sequence *s)
{
    cursor_right(t, sequence_count(s, 0));
}

void act_cursor_left(struct term *t, const struct sequence *s)
{
    cursor_backspace(t, sequence_count(s, 0));
}

void act_next_line(struct term *t, const struct sequence *s)
{
    cursor_down(t, sequence_count(s, 0));
    carriage_return(t);
}

void act_previous_line(struct term *t, const struct sequence *s)
{
    cursor_up(t, sequence_count(s, 0));
    carriage_return(t);
}

void act_cursor_position(struct term *t, const struct sequence *s)
{
    cursor_address(t, sequence_count(s, 0) - 1, sequence_count(s, 1) - 1);
}

/* The cursor's place as CUP counts it. */
static int own_row(const struct term *t)
{
    return t->cursor.row - (t->cursor.origin ? t->top : 0);
}

static int own_col(const struct term *t)
{
    return t->cursor.col - (t->cursor.origin ? t->left : 0);
}

void act_column(struct term *t, const struct sequence *s)
{
    cursor_address(t, own_row(t), sequence_count(s, 0) - 1);
}

void act_row(struct term *t, const struct sequence *s)
{
    cursor_address(t, sequence_count(s, 0) - 1, own_col(t));
}

void act_column_relative(struct term *t, const struct sequence *s)
{
    cursor_address(t, own_row(t), add_clamped(own_col(t), sequence_count(s, 0), t->cols - 1));
}

void act_row_relative(struct term *t, const struct sequence *s)
{
    cursor_address(t, add_clamped(own_row(t), sequence_count(s, 0), t->rows - 1), own_col(t));
}

void act_tab_forward(struct term *t, const struct sequence *s)
{
    tab_forward(t, sequence_count(s, 0));
}

void act_tab_back(struct term *t, const struct sequence *s)
{
    tab_back(t, sequence_count(s, 0));
}

void act_tab_set(struct term *t, const struct sequence *s)
{
    (void)s;
    t->tabs[t->cursor.col] = 1;
}

void act_tab_clear(struct term *t, const struct sequence *s)
{
    int which = sequence_value(s, 0, 0);
    if (which == 0)
        t->tabs[t->cursor.col] = 0;
    else if (which == 3)
        memset(t->tabs, 0, sizeof(t->tabs));
}

/* DECST8C: CSI ? 5 W. */
void act_tabs_default(struct term *t, const struct sequence *s)
{
    if (sequence_value(s, 0, 0) == 5)
        tabs_reset(t);
}

void act_cursor_save(struct term *t, const struct sequence *s)
{
    (void)s;
    cursor_save(t);
}

void act_cursor_restore(struct term *t, const struct sequence *s)
{
    (void)s;
    cursor_restore(t);
}

void act_index(struct term *t, const struct sequence *s)
{
    (void)s;
    index_down(t);
}

void act_reverse_index(struct term *t, const struct sequence *s)
{
    (void)s;
    index_up(t);
}

void act_next_row(struct term *t, const struct sequence *s)
{
    (void)s;
    control_character(t, 0x85);
}

/* DECSTBM. */
void act_margins(struct term *t, const struct sequence *s)
{
    int top = sequence_count(s, 0) - 1;
    int bottom = sequence_value(s, 1, 0);
    bottom = bottom <= 0 || bottom > t->rows ? t->rows - 1 : bottom - 1;
    if (top >= bottom)
        return;
    t->top = top;
    t->bottom = bottom;
    cursor_address(t, 0, 0);
}

/* CSI s: DECSLRM when left and right margins are enabled, else SCOSC. */
void act_side_margins(struct term *t, const struct sequence *s)
{
    if (!t->mode[MODE_MARGINS]) {
        cursor_save(t);
        return;
    }
    int left = sequence_count(s, 0) - 1;
    int right = sequence_value(s, 1, 0);
    right = right <= 0 || right > t->cols ? t->cols - 1 : right - 1;
    if (left >= right)
        return;
    t->left = left;
    t->right = right;
    cursor_address(t, 0, 0);
}

/* DECSCUSR. */
void act_cursor_style(struct term *t, const struct sequence *s)
{
    int shape = sequence_value(s, 0, 0);
    if (shape > 6)
        return;
    t->cursor_shape = shape ? shape : t->options.cursor_shape;
    t->mode[MODE_CURSOR_BLINK] = t->cursor_shape % 2 == 1;
}
