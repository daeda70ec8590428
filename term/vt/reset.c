/* Soft and hard reset, and the levels of conformance. */
#include "term/vt/reset.h"

#include "term/screen/screen.h"
#include "term/vt/acts.h"
#include "term/vt/cursor.h"
#include "term/vt/modes.h"
#include "term/vt/notify.h"
#include "term/vt/palette.h"
#include "term/vt/pointer_shape.h"

#include <string.h>

/* DECSTR. */
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

/* RIS. The scrollback stays: a program has ED 3 for that. */
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
    pointer_reset(t);
    progress_end(t);
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

/* DECSCL. Level 1 has no 8-bit controls; changing level is a soft reset. */
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
