// The inside of searching, shared by
//
//   pattern.c      what is looked for
//   search_text.c  the text as code points, in pieces of bounded size
//   search.c       the way from one result to the next, in steps (term.h)
//   marks.c        the results in view
//
// Patterns and texts belong to one thread at a time; whatever takes a `struct term *` runs under
// the owner's lock.
#ifndef TERM_SEARCH_SEARCH_H
#define TERM_SEARCH_SEARCH_H

#include "term/match/regex.h"
#include "term/term.h"
#include <stdbool.h>
#include <stdint.h>

// A cell in the text: the number of its row (scrollback rows by their numbers, screen rows after
// them, rows of the alternate screen from ALTERNATE_ROW) and its column in that row as stored.
struct place {
    uint64_t row;
    int col;
};

// --- pattern.c ----------------------------------------------------------------------------------

#define SEARCH_MAX       256  // code points of a pattern; further ones are dropped
#define SEARCH_MATCH_MAX 4096 // code points of a result; longer ones are cut

struct pattern {
    uint32_t needle[SEARCH_MAX];
    int length; // 0: nothing is looked for
    bool ignore_case;
    struct regex *regex;     // of the needle, where it is an expression
    bool first[REGEX_FIRST]; // as regex_first
};

// Makes a pattern of zeroed memory. `length` is 0 where the text is empty, the expression is broken
// or there is no memory.
void pattern_init(struct pattern *p, const char *text, unsigned how);
void pattern_free(struct pattern *p);

// Where the next result begins in text[from..stop), `stop` when none does, -1 when the work was
// used up before: *from is then where to go on. Results may reach up to n. *length: its code
// points. `work` goes down by about a nanosecond's worth each.
int pattern_find(const struct pattern *p, const uint32_t *text, int n, int *from, int stop,
                 int *length, int *work);
// Whether there can be a result in text[from..n) at all: far cheaper than looking for it.
bool pattern_possible(const struct pattern *p, const uint32_t *text, int from, int n, int *work);

// --- search_text.c
// --------------------------------------------------------------------------------

// Code points of rows of the text, and the cell each is in.
struct codes {
    uint32_t *code;
    uint16_t *col;
    int n, slots;
    struct code_row {
        uint64_t row;
        int start; // its first code point
    } * rows;
    int row_count, row_slots;
};

// A line of text, or where it is long a part of it that begins and ends in the same rows however it
// is come by: results that begin in it are looked for at a time.
struct text_piece {
    uint64_t first, end; // rows of the text
    int begin;           // codes before `from` are what stands before it
    int from, stop;      // codes of its own
    int limit;           // codes from `stop` on are what follows
};

void codes_free(struct codes *s);
// The first row of the piece that a row is in, and the row after its last.
uint64_t piece_first(const struct term *t, uint64_t row);
uint64_t piece_end(const struct term *t, uint64_t first);
// Appends the piece that a row is in. False when out of memory.
bool piece_load(struct codes *s, struct text_piece *p, struct term *t, uint64_t row);
// Different when what piece_load would give has changed.
uint64_t piece_print(const struct term *t, uint64_t first, uint64_t end);
struct place codes_place(const struct codes *s, int i);

// --- marks.c ------------------------------------------------------------------------------------

// The results in one piece, from its beginning as far as it has been looked through.
struct marked_piece {
    uint64_t first, end, print;
    bool used; // since marks_begin
    bool done;
    int next;
    struct marked {
        struct place first, last;
    } * results;
    int count, slots;
};

// What a terminal shows of a search.
struct marks {
    struct pattern pattern;
    struct place at; // where the present result begins
    bool found;      // there is one
    struct marked_piece *pieces;
    int count, slots;
    int last;          // the piece asked for last
    struct codes text; // scratch
};

void marks_free(struct marks *m);
// Around marks_row for all rows of the view: what was not asked for is forgotten.
void marks_begin(struct marks *m);
void marks_end(struct marks *m);
// What each cell of a row (the first n) is part of. False when the work was used up before that is
// known: calling again goes on from there.
enum { MARK_NONE, MARK_FOUND, MARK_CURRENT };
bool marks_row(struct term *t, uint64_t row, uint8_t *marks, int n, int *work);

#endif
