/* Which numbers of the terminal's tables (tables.c) the scrollback has, so that a full table finds
 * those it may give away without unpacking every row. Rows are noted by block: a number is in use
 * as long as any block holds a row that had it. */
#ifndef TERM_HISTORY_USES_H
#define TERM_HISTORY_USES_H

#include "term/cell.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum use_kind { USE_EXTRA, USE_CLUSTER, USE_KINDS };

/* Of the whole scrollback; begins zeroed. */
struct uses {
    struct use_table {
        uint32_t *blocks; /* by number: how many blocks have it */
        uint32_t *last;   /* by number: the block that noted it last */
        uint32_t slots;
    } of[USE_KINDS];
};

/* Of one block; begins zeroed but for its serial number, which no other block ever has, nor is 0.
 */
struct use_list {
    uint32_t serial;
    uint32_t *numbers; /* the kind in the top bit */
    uint32_t count, slots;
};

/* Notes what a row of the block has. False when out of memory. */
bool uses_note(struct uses *u, struct use_list *list, const struct term_cell *cells, int n);
/* The block goes; its list becomes empty. */
void uses_drop(struct uses *u, struct use_list *list);
bool uses_has(const struct uses *u, enum use_kind kind, uint32_t number);
void uses_free(struct uses *u);

#endif
