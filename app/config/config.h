/*
 * The configuration: what options.def declares, filled from the defaults, a file and the command
 * line, in this order. A mistake is noted and the rest applies.
 *
 * A configuration belongs to whoever holds it and does not change once it is loaded; a new one
 * takes its place. For any thread.
 */
#ifndef APP_CONFIG_CONFIG_H
#define APP_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/config/bindings.h"
#include "app/config/options.h"
#include "app/config/schemes.h"
#include "term/term.h"

#define CONFIG_FILE_BYTES (1024 * 1024) /* larger files are refused */

struct config_list {
    char **items; /* NULL after the last one; NULL when there is none */
    int count;
};

struct config_cells {
    int columns, rows;
};

enum { BELL_NONE, BELL_VISUAL, BELL_URGENT };
enum { CONFIRM_NEVER, CONFIRM_RUNNING, CONFIRM_ALWAYS };
enum { PASTE_NEVER, PASTE_UNSAFE, PASTE_ALWAYS };
enum { CURSOR_BLOCK, CURSOR_UNDERLINE, CURSOR_BAR };
enum { AMBIGUOUS_NARROW, AMBIGUOUS_WIDE };

#define FIELD_TEXT(field)    char *field;
#define FIELD_NUMBER(field)  double field;
#define FIELD_INTEGER(field) int field;
#define FIELD_YES_NO(field)  bool field;
#define FIELD_CHOICE(field)  int field;
#define FIELD_SCHEME(field)  struct scheme field;
#define FIELD_COLOR(field)   uint32_t field;
#define FIELD_PALETTE(field) uint32_t field[256];
#define FIELD_CELLS(field)   struct config_cells field;
#define FIELD_BYTES(field)   uint64_t field;
#define FIELD_LIST(field)    struct config_list field;
#define FIELD_COMMAND(field) struct config_list field;
#define FIELD_BIND(field)    struct bindings field;
#define FIELD_UNBIND(field)

struct config {
    char *folder;           /* of the file: schemes and relative names are sought there; or NULL */
    int lines[OPTION_ROWS]; /* of the file, where each was set last; 0: not there */
#define SECTION(title)
#define OPTION(kind, field, ...) FIELD_##kind(field)
#include "app/config/options.def"
};

/* What was wrong, one line each: "FILE:LINE: REASON". */
struct mistakes {
    char *text; /* lines; NULL when there are none */
    size_t size;
    int count, listed; /* of all, and of those that text lists */
};

void mistakes_add(struct mistakes *m, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void mistakes_free(struct mistakes *m);

/* The command line's part: pairs that stand above the file. The strings are the caller's. */
struct config_pair {
    const struct option *option;
    int index;
    const char *value;
};

/* The defaults, for a file at that path (NULL: none). NULL when out of memory. */
struct config *config_new(const char *path);
void config_free(struct config *c);

/* Takes the lines of a scheme, which may set colours alone; name stands before the line numbers of
 * mistakes. */
void config_parse_colors(struct config *c, const char *text, size_t n, const char *name,
                         struct mistakes *m);

/* Reads a whole file: malloc'ed, *n its size, a zero after it. NULL with a negative errno. */
char *config_read_file(const char *path, size_t *n, int *error);

/*
 * Defaults, the text (NULL: none) of the file at path (NULL: none), then the pairs. NULL when out
 * of memory.
 */
struct config *config_load(const char *text, size_t n, const char *path,
                           const struct config_pair *pairs, int count, struct mistakes *m);

/* What the terminal is to know. word_separators is the configuration's. */
void config_term_options(const struct config *c, struct term_options *options);

/* Colours of selected text: 0 for none, else with COLOR_SET. */
void config_selection(const struct config *c, uint32_t *foreground, uint32_t *background);

#endif
