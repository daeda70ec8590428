#include "term/term.h"

#include "term/screen/state.h"
#include "term/vt/acts.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_SEPARATORS " \t\"'`()[]{}<>|;,="

static atomic_uint_fast64_t serials;

static bool options_take(struct term *t, const struct term_options *options)
{
    const char *separators = options->word_separators;
    if (!separators)
        separators = DEFAULT_SEPARATORS;
    char *copy = malloc(strlen(separators) + 1);
    if (!copy)
        return false;
    strcpy(copy, separators);
    free(t->word_separators);
    t->word_separators = copy;
    t->options = *options;
    t->options.word_separators = copy;
    if (t->options.cursor_shape < 1 || t->options.cursor_shape > 6)
        t->options.cursor_shape = 1;
    return true;
}

struct term *term_new(int rows, int cols, const struct term_options *options,
                      const struct term_callbacks *callbacks, void *context)
{
    if (rows < 1 || cols < 1 || rows > TERM_ROWS_MAX || cols > TERM_COLS_MAX || !callbacks->write)
        return NULL;
    struct term *t = calloc(1, sizeof(*t));
    if (!t)
        return NULL;
    t->serial = atomic_fetch_add(&serials, 1) + 1;
    t->rows = rows;
    t->cols = cols;
    t->callbacks = *callbacks;
    t->context = context;
    t->focused = true;
    t->cell_width = 8;
    t->cell_height = 16;
    t->display_width = 1920;
    t->display_height = 1080;
    t->screen = &t->normal;
    if (!options_take(t, options) || !screen_new(&t->normal, rows, cols) ||
        !screen_new(&t->alternate, rows, cols)) {
        term_free(t);
        return NULL;
    }
    t->history = history_new(t->options.scrollback_lines, t->options.scrollback_bytes);
    if (!t->history) {
        term_free(t);
        return NULL;
    }
    parser_init(&t->parser, &sequence_calls, t);
    palette_reset(t);
    reset_hard(t);
    return t;
}

void term_free(struct term *t)
{
    if (!t)
        return;
    screen_free(&t->normal, t->rows);
    screen_free(&t->alternate, t->rows);
    history_free(t->history);
    marks_free(&t->search);
    tables_free(t);
    parser_free(&t->parser);
    free(t->titles);
    free(t->scratch);
    free(t->word_separators);
    free(t);
}

void term_feed(struct term *t, const void *bytes, size_t n)
{
    const uint8_t *at = bytes;
    for (size_t done; n > 0; at += done, n -= done)
        done = term_feed_some(t, at, n);
}

size_t term_feed_some(struct term *t, const void *bytes, size_t n)
{
    t->work = 0;
    t->frame_ended = false;
    return parser_feed(&t->parser, bytes, n);
}

int term_rows(const struct term *t)
{
    return t->rows;
}

int term_cols(const struct term *t)
{
    return t->cols;
}

void term_set_pixels(struct term *t, int cell_width, int cell_height, int display_width,
                     int display_height)
{
    t->cell_width = cell_width > 0 ? cell_width : 1;
    t->cell_height = cell_height > 0 ? cell_height : 1;
    t->display_width = display_width > 0 ? display_width : 1;
    t->display_height = display_height > 0 ? display_height : 1;
}

void term_set_options(struct term *t, const struct term_options *options)
{
    struct term_options old = t->options;
    if (!options_take(t, options))
        return;
    // Colours that the program did not change follow the options.
    for (int i = 0; i < 256; i++) {
        if (t->palette[i] == old.palette[i])
            t->palette[i] = t->options.palette[i];
    }
    for (int i = 0; i < 3; i++) {
        uint32_t was = i == DYNAMIC_CURSOR       ? old.cursor_color
                       : i == DYNAMIC_BACKGROUND ? old.background
                                                 : old.foreground;
        if (t->dynamic[i] == was)
            dynamic_reset(t, i);
    }
    if (t->cursor_shape == old.cursor_shape)
        t->cursor_shape = t->options.cursor_shape;
    history_set_limits(t->history, t->options.scrollback_lines, t->options.scrollback_bytes);
    t->palette_revision++;
}

// DECSTR.
void reset_soft(struct term *t)
{
    t->mode[MODE_INSERT] = false;
    t->mode[MODE_KEYBOARD_LOCKED] = false;
    t->mode[MODE_CURSOR_KEYS] = false;
    t->mode[MODE_KEYPAD] = false;
    t->mode[MODE_CURSOR_VISIBLE] = true;
    t->mode[MODE_WRAP] = true;
    t->mode[MODE_REVERSE_WRAP] = false;
    t->mode[MODE_REVERSE_WRAP_FAR] = false;
    t->mode[MODE_NATIONAL] = false;
    t->mode[MODE_MARGINS] = false;
    t->mode[MODE_SYNCHRONIZED] = false;
    t->top = t->left = 0;
    t->bottom = t->rows - 1;
    t->right = t->cols - 1;
    int row = t->cursor.row, col = t->cursor.col;
    cursor_reset(&t->cursor);
    cursor_place(t, row, col);
    cursor_reset(&t->screen->saved);
    t->single_shift = 0;
    t->link = 0;
    t->underline_color = 0;
    t->screen->keyboard_depth = 0;
    t->screen->keyboard[0] = 0;
}

// RIS. The scrollback stays: a program has ED 3 for that.
void reset_hard(struct term *t)
{
    use_screen(t, &t->normal);
    if (t->mode[MODE_COLUMNS] && t->callbacks.resize_request)
        t->callbacks.resize_request(t->context, t->rows, 80);
    cursor_reset(&t->cursor);
    cursor_reset(&t->normal.saved);
    cursor_reset(&t->alternate.saved);
    text_begins(t, 0);
    for (int i = 0; i < t->rows; i++) {
        line_clear(t, t->normal.lines[i]);
        line_clear(t, t->alternate.lines[i]);
    }
    modes_reset(t);
    memcpy(t->saved_mode, t->mode, sizeof(t->saved_mode));
    reset_soft(t);
    cursor_place(t, 0, 0);
    tabs_reset(t);
    palette_reset(t);
    t->normal.keyboard_depth = t->alternate.keyboard_depth = 0;
    t->normal.keyboard[0] = t->alternate.keyboard[0] = 0;
    t->level = 4;
    t->c1_8bit = false;
    t->cursor_shape = t->options.cursor_shape;
    t->mode[MODE_CURSOR_BLINK] = t->cursor_shape % 2 == 1;
    t->modify_cursor = 2;
    t->modify_function = 2;
    t->modify_other = 0;
    t->format_other = false;
    t->modify_keyboard = 0;
    t->last = 0;
    t->title_modes = 0;
    t->pen_depth = 0;
    t->attribute_extent = 0;
    t->mouse_buttons = 0;
}

void term_reset(struct term *t, bool hard)
{
    if (hard) {
        parser_reset(&t->parser);
        reset_hard(t);
        history_clear(t->history);
        term_select_clear(t);
        term_scroll_bottom(t);
    } else {
        reset_soft(t);
    }
}

void act_soft_reset(struct term *t, const struct sequence *s)
{
    (void)s;
    reset_soft(t);
}

void act_hard_reset(struct term *t, const struct sequence *s)
{
    (void)s;
    reset_hard(t);
}

// DECSCL. Level 1 has no 8-bit controls; changing level is a soft reset.
void act_level(struct term *t, const struct sequence *s)
{
    int level = sequence_value(s, 0, 0) - 60;
    if (level < 1 || level > 5)
        return;
    if (level > 4)
        level = 4;
    reset_soft(t);
    t->level = level;
    t->c1_8bit = level > 1 && (sequence_value(s, 1, 0) == 0 || sequence_value(s, 1, 0) == 2);
    if (s->count < 2)
        t->c1_8bit = false;
}

void act_c1_7bit(struct term *t, const struct sequence *s)
{
    (void)s;
    t->c1_8bit = false;
}

void act_c1_8bit(struct term *t, const struct sequence *s)
{
    (void)s;
    t->c1_8bit = t->level > 1;
}
