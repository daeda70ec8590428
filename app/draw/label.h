/* A line of text outside the terminal's cells: search bar, composed text. UI thread. */
#ifndef APP_DRAW_LABEL_H
#define APP_DRAW_LABEL_H

#include <stddef.h>

#include "app/draw/painter.h"

/* Columns the text takes: its first n bytes, UTF-8. */
int label_columns(const char *text, size_t n);

/* Bytes of a text's beginning that fit into so many columns: at least one cluster of it. */
size_t label_fit(const char *text, size_t n, int columns);

/* Draws it from x on with the cell's top at y, in cells, up to `right`; returns where it ended. */
int label_draw(struct painter *p, struct canvas *c, int x, int y, int right, const char *text,
               uint32_t color);

#endif
