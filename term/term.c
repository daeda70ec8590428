/* Makes a terminal, feeds it, and changes its options. */
#include "term/term.h"

#include "term/screen/screen.h"
#include "term/screen/state.h"
#include "term/screen/tables.h"
#include "term/search/marks.h"
#include "term/vt/acts.h"
#include "term/vt/palette.h"
#include "term/vt/reports.h"
#include "term/vt/reset.h"
#include "term/vt/sequences.h"

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
    free(t->message);
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
    if (t->mode[MODE_TELL_SIZE])
        size_report(t);
}

void term_set_options(struct term *t, const struct term_options *options)
{
    struct term_options old = t->options;
    bool light = scheme_is_light(t);
    if (!options_take(t, options))
        return;
    /* Colours that the program did not change follow the options. */
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
    if (t->mode[MODE_TELL_SCHEME] && scheme_is_light(t) != light)
        scheme_report(t);
    history_set_limits(t->history, t->options.scrollback_lines, t->options.scrollback_bytes);
    t->palette_revision++;
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
