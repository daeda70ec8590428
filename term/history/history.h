/*
 * The scrollback: rows packed into blocks of memory, oldest first, bounded in rows and bytes.
 *
 * A row is stored as it left the screen and never changes. Plain ASCII takes a byte a cell plus
 * twelve a row; a run of equally styled cells takes fifteen bytes plus one or four a cell; never
 * more than sixteen bytes a cell plus twelve. Rows have numbers that only grow: history_first is
 * the oldest still kept, history_end the one the next push gets.
 */
#ifndef TERM_HISTORY_HISTORY_H
#define TERM_HISTORY_HISTORY_H

#include "term/history/uses.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Flags of a row, here and on the screen. */
#define ROW_WRAPPED 1u  /* the text goes on in the next row */
#define ROW_RICH    2u  /* not every cell is an ASCII character (or empty) in the default style */
#define ROW_WIDE    4u  /* may hold wide cells */
#define ROW_PROMPT  8u  /* a shell prompt begins here */
#define ROW_OUTPUT  32u /* the output of a command begins here */
#define ROW_CUT     16u /* in the scrollback: long enough, layout begins anew after this row */

/* After this many wrapped rows a ROW_CUT follows, so that laying out a line anew is bounded. */
#define HISTORY_CHAIN_MAX 256

struct history;

/* Limits: rows, and bytes of memory in blocks. NULL when out of memory. */
struct history *history_new(int rows, size_t bytes);
void history_free(struct history *h);
void history_set_limits(struct history *h, int rows, size_t bytes);
void history_clear(struct history *h);

/* Appends a row of `n` cells (those after the last one that is not blank need not be given) and
 * drops old rows as the limits ask. False when out of memory: the row is lost. */
bool history_push(struct history *h, const struct term_cell *cells, int n, unsigned flags,
                  unsigned size);
/* Drops the newest row. */
void history_pop(struct history *h);
/* What comes after the last row is no part of its text. */
void history_end_text(struct history *h);

uint64_t history_first(const struct history *h);
uint64_t history_end(const struct history *h);
size_t history_bytes(const struct history *h);

/* Unpacks a row that exists: returns its number of cells and stores min(that, capacity) of them. */
int history_get(const struct history *h, uint64_t row, struct term_cell *out, int capacity,
                unsigned *flags, unsigned *size);
/* The characters of a row that is nothing but ASCII in the default style (a byte each, 0 for an
 * empty cell), or NULL for any other row. Valid until the history changes. */
const uint8_t *history_plain(const struct history *h, uint64_t row, int *n);
/* Flags and number of cells alone, without unpacking. */
unsigned history_flags(const struct history *h, uint64_t row);
int history_length(const struct history *h, uint64_t row);

/* Whether a row may have a number of the terminal's tables. */
bool history_uses(const struct history *h, enum use_kind kind, uint32_t number);

#endif
