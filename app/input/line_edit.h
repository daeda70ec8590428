/* A line of text being edited: the search bar's. */
#ifndef APP_INPUT_LINE_EDIT_H
#define APP_INPUT_LINE_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "term/term.h"

#define LINE_EDIT_MAX 512

struct line_edit {
    char text[LINE_EDIT_MAX]; /* UTF-8, zero-terminated */
    size_t length, cursor;    /* bytes */
    bool selected;            /* all of it: what is typed takes its place */
};

/* Inserts at the cursor what fits; control characters are left out. */
void line_edit_insert(struct line_edit *e, const char *text, size_t n);
void line_edit_select(struct line_edit *e);
void line_edit_clear(struct line_edit *e);

enum line_edit_result { LINE_EDIT_NONE, LINE_EDIT_MOVED, LINE_EDIT_CHANGED };

/* Left, Right, Home, End, Backspace, Delete, with Ctrl by words; Ctrl+A, E, U, K, W. */
enum line_edit_result line_edit_key(struct line_edit *e, const struct term_key *key);

#endif
