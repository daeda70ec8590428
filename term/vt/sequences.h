/* The table of sequences as data, for the dispatcher, the manual page and its test. */
#ifndef TERM_VT_SEQUENCES_H
#define TERM_VT_SEQUENCES_H

#include "term/parser/parser.h"

#include <stdbool.h>
#include <stddef.h>

enum sequence_kind { SEQUENCE_CONTROL, SEQUENCE_ESCAPE, SEQUENCE_CSI };

struct sequence_entry {
    enum sequence_kind kind;
    const char *form; /* what follows the introducer; parameters left out */
    const char *name; /* the mnemonic */
    const char *text; /* what it does */
};

/* What the parser calls: the dispatcher. */
extern const struct parser_calls sequence_calls;

/* Entry `i`; false when there are no more. */
bool sequence_entry_get(size_t i, struct sequence_entry *entry);

/* The page term/sequences.md as text, made from this and the tables of modes, OSC numbers and
 * DCS strings; caller frees. NULL when out of memory. */
char *sequence_page(void);

#endif
