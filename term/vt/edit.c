/* Erasing, inserting, deleting and scrolling of rows, columns and characters. */
#include "term/screen/screen.h"
#include "term/screen/state.h"
#include "term/vt/acts.h"
#include "term/vt/cursor.h"
#include "term/vt/sgr.h"

/* Which cells an erasing function spares. */
enum spare { SPARE_NONE, SPARE_GUARDED, SPARE_PROTECTED };

static void erase(struct term *t, int row, int from, int to, enum spare spare)
{
    struct line *line = term_line(t, row);
    struct term_cell blank = blank_cell(t);
    if (from >= to)
        return;
    uint32_t mask = spare == SPARE_PROTECTED ? TERM_PROTECTED : TERM_GUARDED;
    bool some = false;
    for (int i = from; spare != SPARE_NONE && i < to && i < line->used && !some; i++)
        some = line->cells[i].attr & mask;
    if (!some) {
        if (spare == SPARE_PROTECTED)
            blank.bg = t->cursor.pen.bg;
        line_fill(t, line, from, to, blank);
        return;
    }
    for (int i = from; i < to; i++) {
        if (!(line->cells[i].attr & mask))
            line_fill(t, line, i, i + 1, blank);
    }
}

static void erase_display(struct term *t, int how, enum spare spare)
{
    int row = t->cursor.row;
    int col = t->cursor.col;
    int first = how == 0 ? row + 1 : 0;
    int end = how == 1 ? row : t->rows;
    if (how == 0)
        erase(t, row, col, t->cols, spare);
    if (how == 1)
        erase(t, row, 0, col + 1, spare);
    for (int i = first; i < end; i++) {
        erase(t, i, 0, t->cols, spare);
        struct line *line = term_line(t, i);
        if (line->used == 0) {
            line->flags = 0;
            line->size = TERM_LINE_SINGLE;
        }
    }
    if (how == 0 ? col == 0 : how == 2 || row > 0)
        text_begins(t, how == 0 ? row : 0);
}

static void erase_display_as(struct term *t, const struct sequence *s, enum spare spare)
{
    int how = sequence_value(s, 0, 0);
    if (how <= 2) {
        t->cursor.pending = false;
        t->joinable = false;
        erase_display(t, how, spare);
    } else if (how == 3 && spare != SPARE_PROTECTED && t->screen == &t->normal) {
        history_clear(t->history);
        term_scroll_bottom(t);
    }
}

void act_erase_display(struct term *t, const struct sequence *s)
{
    erase_display_as(t, s, SPARE_GUARDED);
}

void act_selective_erase_display(struct term *t, const struct sequence *s)
{
    erase_display_as(t, s, SPARE_PROTECTED);
}

static void erase_line(struct term *t, const struct sequence *s, enum spare spare)
{
    int how = sequence_value(s, 0, 0);
    int col = t->cursor.col;
    t->cursor.pending = false;
    t->joinable = false;
    if (how <= 2)
        erase(t, t->cursor.row, how == 0 ? col : 0, how == 1 ? col + 1 : t->cols, spare);
}

void act_erase_line(struct term *t, const struct sequence *s)
{
    erase_line(t, s, SPARE_GUARDED);
}

void act_selective_erase_line(struct term *t, const struct sequence *s)
{
    erase_line(t, s, SPARE_PROTECTED);
}

void act_erase_characters(struct term *t, const struct sequence *s)
{
    int n = sequence_count(s, 0);
    int col = t->cursor.col;
    t->cursor.pending = false;
    t->joinable = false;
    erase(t, t->cursor.row, col, n > t->cols - col ? t->cols : col + n, SPARE_GUARDED);
}

/* Whether the cursor is where inserting and deleting have an effect. */
static bool in_columns(const struct term *t)
{
    return t->cursor.col >= t->left && t->cursor.col <= t->right;
}

static bool in_region(const struct term *t)
{
    return in_columns(t) && t->cursor.row >= t->top && t->cursor.row <= t->bottom;
}

/* Moves the cells from `col` to the right margin by n columns (positive: to the right). */
static void shift(struct term *t, int row, int col, int n)
{
    struct line *line = term_line(t, row);
    int width = t->right - col + 1;
    int size = n > 0 ? n : -n;
    struct term_cell blank = blank_cell(t);
    if (size > width)
        size = width;
    line_split(line, t->cols, col);
    line_split(line, t->cols, t->right + 1);
    if (n > 0) {
        line_copy(t, line, col + size, line, col, width - size);
        line_fill(t, line, col, col + size, blank);
    } else {
        line_copy(t, line, col, line, col + size, width - size);
        line_fill(t, line, t->right + 1 - size, t->right + 1, blank);
    }
    line->flags &= ~ROW_WRAPPED;
}

void act_insert_characters(struct term *t, const struct sequence *s)
{
    t->cursor.pending = false;
    t->joinable = false;
    if (in_columns(t))
        shift(t, t->cursor.row, t->cursor.col, sequence_count(s, 0));
}

void act_delete_characters(struct term *t, const struct sequence *s)
{
    t->cursor.pending = false;
    t->joinable = false;
    if (in_columns(t))
        shift(t, t->cursor.row, t->cursor.col, -sequence_count(s, 0));
}

static void move_rows(struct term *t, int n)
{
    t->joinable = false;
    if (!in_region(t))
        return;
    scroll_rows(t, t->cursor.row, t->bottom, t->left, t->right, n, false);
    t->cursor.col = t->left;
    t->cursor.pending = false;
}

void act_insert_lines(struct term *t, const struct sequence *s)
{
    move_rows(t, -sequence_count(s, 0));
}

void act_delete_lines(struct term *t, const struct sequence *s)
{
    move_rows(t, sequence_count(s, 0));
}

void act_scroll_up(struct term *t, const struct sequence *s)
{
    t->joinable = false;
    scroll_rows(t, t->top, t->bottom, t->left, t->right, sequence_count(s, 0), true);
}

/* CSI n T; with five parameters it would start highlight mouse tracking, which is not offered. */
void act_scroll_down(struct term *t, const struct sequence *s)
{
    t->joinable = false;
    if (s->count < 5)
        scroll_rows(t, t->top, t->bottom, t->left, t->right, -sequence_count(s, 0), false);
}

static void shift_columns(struct term *t, int col, int n)
{
    t->joinable = false;
    for (int row = t->top; row <= t->bottom; row++)
        shift(t, row, col, n);
}

void act_insert_columns(struct term *t, const struct sequence *s)
{
    if (in_region(t))
        shift_columns(t, t->cursor.col, sequence_count(s, 0));
}

void act_delete_columns(struct term *t, const struct sequence *s)
{
    if (in_region(t))
        shift_columns(t, t->cursor.col, -sequence_count(s, 0));
}

/* SL and SR: the whole region moves sideways. */
void act_scroll_left(struct term *t, const struct sequence *s)
{
    if (in_region(t))
        shift_columns(t, t->left, -sequence_count(s, 0));
}

void act_scroll_right(struct term *t, const struct sequence *s)
{
    if (in_region(t))
        shift_columns(t, t->left, sequence_count(s, 0));
}

/* DECBI and DECFI: a step left or right that scrolls at the margin. */
void act_back_index(struct term *t, const struct sequence *s)
{
    (void)s;
    t->joinable = false;
    if (t->cursor.col == t->left && in_region(t))
        shift_columns(t, t->left, 1);
    else if (t->cursor.col > 0)
        cursor_place(t, t->cursor.row, t->cursor.col - 1);
}

void act_forward_index(struct term *t, const struct sequence *s)
{
    (void)s;
    t->joinable = false;
    if (t->cursor.col == t->right && in_region(t))
        shift_columns(t, t->left, -1);
    else if (t->cursor.col < t->cols - 1)
        cursor_place(t, t->cursor.row, t->cursor.col + 1);
}

/* DECALN. */
void act_alignment(struct term *t, const struct sequence *s)
{
    (void)s;
    t->top = t->left = 0;
    t->bottom = t->rows - 1;
    t->right = t->cols - 1;
    t->cursor.origin = false;
    attributes_reset(t);
    text_begins(t, 0);
    for (int row = 0; row < t->rows; row++) {
        line_clear(t, term_line(t, row));
        line_fill(t, term_line(t, row), 0, t->cols, (struct term_cell){.ch = 'E'});
    }
    cursor_place(t, 0, 0);
}

/* DECDHL, DECDWL, DECSWL: ESC # 3 to 6. */
void act_line_size(struct term *t, const struct sequence *s)
{
    static const uint8_t sizes[4] = {TERM_LINE_TOP, TERM_LINE_BOTTOM, TERM_LINE_SINGLE,
                                     TERM_LINE_WIDE};
    struct line *line = term_line(t, t->cursor.row);
    if (t->mode[MODE_MARGINS])
        return;
    line->size = sizes[s->final - '3'];
    line_touch(t, line);
    if (line->size != TERM_LINE_SINGLE && t->cols > 1) {
        line_fill(t, line, t->cols / 2, t->cols, (struct term_cell){0});
        if (t->cursor.col >= t->cols / 2)
            cursor_place(t, t->cursor.row, t->cols / 2 - 1);
    }
}
