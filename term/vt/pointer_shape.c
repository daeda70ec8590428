/* The shape of the mouse pointer as programs ask for it (OSC 22). */
#include "term/vt/pointer_shape.h"

#include "term/input/reply.h"

#include <string.h>

/* Names of CSS, and those of X11's cursors that programs for xterm know. */
static const struct {
    const char *name;
    uint8_t shape;
} names[] = {
    {"default", TERM_POINTER_ARROW},
    {"left_ptr", TERM_POINTER_ARROW},
    {"text", TERM_POINTER_TEXT},
    {"xterm", TERM_POINTER_TEXT},
    {"ibeam", TERM_POINTER_TEXT},
    {"vertical-text", TERM_POINTER_TEXT},
    {"pointer", TERM_POINTER_HAND},
    {"hand", TERM_POINTER_HAND},
    {"hand1", TERM_POINTER_HAND},
    {"hand2", TERM_POINTER_HAND},
    {"crosshair", TERM_POINTER_CROSS},
    {"cross", TERM_POINTER_CROSS},
    {"cell", TERM_POINTER_CROSS},
    {"wait", TERM_POINTER_WAIT},
    {"watch", TERM_POINTER_WAIT},
    {"progress", TERM_POINTER_PROGRESS},
    {"left_ptr_watch", TERM_POINTER_PROGRESS},
    {"not-allowed", TERM_POINTER_FORBIDDEN},
    {"no-drop", TERM_POINTER_FORBIDDEN},
    {"move", TERM_POINTER_MOVE},
    {"all-scroll", TERM_POINTER_MOVE},
    {"fleur", TERM_POINTER_MOVE},
    {"grab", TERM_POINTER_MOVE},
    {"grabbing", TERM_POINTER_MOVE},
    {"ew-resize", TERM_POINTER_ACROSS},
    {"e-resize", TERM_POINTER_ACROSS},
    {"w-resize", TERM_POINTER_ACROSS},
    {"col-resize", TERM_POINTER_ACROSS},
    {"sb_h_double_arrow", TERM_POINTER_ACROSS},
    {"ns-resize", TERM_POINTER_UPRIGHT},
    {"n-resize", TERM_POINTER_UPRIGHT},
    {"s-resize", TERM_POINTER_UPRIGHT},
    {"row-resize", TERM_POINTER_UPRIGHT},
    {"sb_v_double_arrow", TERM_POINTER_UPRIGHT},
    {"nwse-resize", TERM_POINTER_FALLING},
    {"nw-resize", TERM_POINTER_FALLING},
    {"se-resize", TERM_POINTER_FALLING},
    {"nesw-resize", TERM_POINTER_RISING},
    {"ne-resize", TERM_POINTER_RISING},
    {"sw-resize", TERM_POINTER_RISING},
};

/* -1: not known. An empty name is none. */
static int shape_of(const char *name, size_t n)
{
    if (n == 0)
        return TERM_POINTER_ANY;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strlen(names[i].name) == n && memcmp(names[i].name, name, n) == 0)
            return names[i].shape;
    return -1;
}

/* The full stack loses its oldest. */
static void push(struct term *t, uint8_t shape)
{
    if (t->pointer_depth == POINTER_STACK - 1)
        memmove(t->pointers + 1, t->pointers + 2, (POINTER_STACK - 2) * sizeof(*t->pointers));
    else
        t->pointer_depth++;
    t->pointers[t->pointer_depth] = shape;
}

static void handle(struct term *t, char how, const char *name, size_t n)
{
    int shape = shape_of(name, n);
    if (how == '>')
        push(t, shape < 0 ? TERM_POINTER_ANY : (uint8_t)shape);
    else if (shape >= 0)
        t->pointers[t->pointer_depth] = (uint8_t)shape;
}

/* 1 for each name that is known, 0 for others. */
static void answer(struct term *t, const char *text, const char *end)
{
    char known[2 * 64 + 1];
    size_t length = 0;
    for (; text <= end && length < sizeof(known) - 1; text++) {
        const char *stop = memchr(text, ',', (size_t)(end - text));
        stop = stop ? stop : end;
        known[length++] = stop > text && shape_of(text, (size_t)(stop - text)) >= 0 ? '1' : '0';
        known[length++] = ',';
        text = stop;
    }
    reply(t,
          "\x9d"
          "22;%.*s\x9c",
          (int)length - 1, known);
}

void pointer_change(struct term *t, const char *text, size_t n)
{
    const char *end = text + n;
    char how = n > 0 && strchr("=><?", text[0]) ? *text++ : '=';
    if (how == '<') {
        t->pointer_depth -= t->pointer_depth > 0;
        return;
    }
    if (how == '?') {
        answer(t, text, end);
        return;
    }
    for (; text <= end; text++) {
        const char *stop = memchr(text, ',', (size_t)(end - text));
        stop = stop ? stop : end;
        handle(t, how, text, (size_t)(stop - text));
        text = stop;
    }
}

void pointer_reset(struct term *t)
{
    t->pointer_depth = 0;
    t->pointers[0] = TERM_POINTER_ANY;
}

enum term_pointer term_pointer(const struct term *t)
{
    return (enum term_pointer)t->pointers[t->pointer_depth];
}
