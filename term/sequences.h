// The table of sequences as data, for the dispatcher, the manual page and its test.
#ifndef TERM_SEQUENCES_H
#define TERM_SEQUENCES_H

#include <stddef.h>

enum sequence_kind { SEQUENCE_CONTROL, SEQUENCE_ESCAPE, SEQUENCE_CSI, SEQUENCE_DCS, SEQUENCE_OSC };

struct sequence_entry {
    enum sequence_kind kind;
    const char *form; // what follows the introducer; parameters left out
    const char *name; // the mnemonic
    const char *text; // what it does
};

// Entry `i` in the order of the manual page; false when there are no more.
int sequence_entry_get(size_t i, struct sequence_entry *entry);

#endif
