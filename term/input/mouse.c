/* Mouse events to bytes. */
#include "term/input/reply.h"
#include "term/screen/state.h"
#include "term/unicode/unicode.h"

#include <stdio.h>

bool term_mouse_wanted(const struct term *t)
{
    return t->mode[MODE_MOUSE_X10] || t->mode[MODE_MOUSE] || t->mode[MODE_MOUSE_DRAG] ||
           t->mode[MODE_MOUSE_ANY];
}

/* Modes 9 and 1000 take single bytes, mode 1005 two-byte UTF-8 above 127. 0: too large for them. */
static size_t button_number(const struct term *t, int value, char *out)
{
    value += 32;
    if (t->mode[MODE_MOUSE_UTF8])
        return value <= 2047 ? utf8_encode((uint32_t)value, out) : 0;
    if (value > 255)
        return 0;
    out[0] = (char)value;
    return 1;
}

static bool mouse_report(struct term *t, int button, bool release, int col, int row, int x, int y)
{
    char out[48];
    int n;
    if (t->mode[MODE_MOUSE_SGR] || t->mode[MODE_MOUSE_PIXELS]) {
        bool pixels = t->mode[MODE_MOUSE_PIXELS];
        n = snprintf(out, sizeof(out), "\x1b[<%d;%d;%d%c", button, (pixels ? x : col) + 1,
                     (pixels ? y : row) + 1, release ? 'm' : 'M');
    } else {
        if (release)
            button = (button & ~3) | 3;
        if (t->mode[MODE_MOUSE_URXVT]) {
            n = snprintf(out, sizeof(out), "\x1b[%d;%d;%dM", button + 32, col + 1, row + 1);
        } else {
            char text[12];
            size_t a = button_number(t, button, text);
            size_t b = button_number(t, col + 1, text + a);
            size_t c = button_number(t, row + 1, text + a + b);
            if (!b || !c)
                return false; /* too far away for this form */
            n = snprintf(out, sizeof(out), "\x1b[M%.*s", (int)(a + b + c), text);
        }
    }
    send_bytes(t, out, (size_t)n);
    return true;
}

/* The wheel as arrow keys, three a notch, for programs on the alternate screen. */
static bool wheel_keys(struct term *t, const struct term_mouse *e)
{
    if (e->kind != TERM_MOUSE_PRESS || (e->button != 4 && e->button != 5))
        return false;
    if (t->screen != &t->alternate || !t->mode[MODE_ALTERNATE_SCROLL])
        return false;
    struct term_key key = {.code = e->button == 4 ? TERM_KEY_UP : TERM_KEY_DOWN};
    for (int i = 0; i < 3; i++)
        term_key(t, &key);
    return true;
}

static int button_code(int button)
{
    if (button >= 8)
        return 128 + button - 8;
    if (button >= 4)
        return 64 + button - 4;
    return button - 1;
}

bool term_mouse(struct term *t, const struct term_mouse *e)
{
    if (!term_mouse_wanted(t))
        return wheel_keys(t, e);
    if (e->button < 0 || e->button > 11)
        return false;
    int row = e->row < 0 ? 0 : e->row >= t->rows ? t->rows - 1 : e->row;
    int col = e->col < 0 ? 0 : e->col >= t->cols ? t->cols - 1 : e->col;
    int width = t->cols * t->cell_width, height = t->rows * t->cell_height;
    int x = e->x < 0 ? 0 : e->x >= width ? width - 1 : e->x;
    int y = e->y < 0 ? 0 : e->y >= height ? height - 1 : e->y;
    bool pixels = t->mode[MODE_MOUSE_PIXELS];
    bool moved =
        pixels ? x != t->mouse_x || y != t->mouse_y : row != t->mouse_row || col != t->mouse_col;
    t->mouse_row = row;
    t->mouse_col = col;
    t->mouse_x = x;
    t->mouse_y = y;
    if (t->mode[MODE_MOUSE_X10]) {
        return e->kind == TERM_MOUSE_PRESS && e->button >= 1 && e->button <= 3 &&
               mouse_report(t, e->button - 1, false, col, row, x, y);
    }
    int code = e->button ? button_code(e->button) : 3;
    if (e->kind == TERM_MOUSE_MOVE) {
        bool wanted = t->mode[MODE_MOUSE_ANY] || (t->mode[MODE_MOUSE_DRAG] && e->button);
        if (!wanted || !moved)
            return false;
        code += 32;
    } else if (e->button == 0 ||
               (e->kind == TERM_MOUSE_RELEASE && e->button >= 4 && e->button < 8)) {
        return false; /* a wheel has no release */
    }
    if (e->mods & TERM_MOD_SHIFT)
        code += 4;
    if (e->mods & (TERM_MOD_ALT | TERM_MOD_META))
        code += 8;
    if (e->mods & TERM_MOD_CTRL)
        code += 16;
    return mouse_report(t, code, e->kind == TERM_MOUSE_RELEASE, col, row, x, y);
}
