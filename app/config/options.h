/*
 * The table of options (options.def): what there is to configure, and how a value is read. For any
 * thread; the table is constant.
 */
#ifndef APP_CONFIG_OPTIONS_H
#define APP_CONFIG_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum option_kind {
    OPTION_TEXT,    /* char *, "" when empty; "quoted" text knows \n \r \t \e \\ \" \xHH */
    OPTION_NUMBER,  /* double between low and high */
    OPTION_INTEGER, /* int between low and high; a % may follow when the argument is PERCENT */
    OPTION_YES_NO,  /* bool: yes, no, true, false, on, off */
    OPTION_CHOICE,  /* int: which of the words, from 0 */
    OPTION_SCHEME,  /* struct scheme */
    OPTION_COLOR,   /* uint32_t: 0xRRGGBB and COLOR_SET, or 0 when empty */
    OPTION_PALETTE, /* uint32_t[256]; the number is part of the name */
    OPTION_CELLS,   /* struct config_cells: 80x24 */
    OPTION_BYTES,   /* uint64_t: 512M */
    OPTION_LIST,    /* struct config_list: one more item each time */
    OPTION_COMMAND, /* struct config_list: words as a shell would part them */
    OPTION_BIND,    /* struct bindings */
    OPTION_UNBIND   /* changes the bindings, has no field of its own */
};

enum option_row {
#define SECTION(title)
#define OPTION(kind, field, ...) OPTION_ROW_##field,
#include "app/config/options.def"
    OPTION_ROWS
};

struct option {
    enum option_kind kind;
    enum option_row row;
    size_t offset;        /* of the field in struct config */
    const char *section;  /* a row that is only the title of those after it; else NULL */
    const char *name;     /* as written in the file; -- before it on the command line */
    const char *fallback; /* the default, as the file would say it */
    const char *argument; /* what to write, in capitals; NULL: one of the words, or yes|no */
    const char *text;     /* for people, one or two sentences */
    double low, high;     /* numbers */
    const char *words;    /* choices, separated by blanks */
    bool at_start;        /* read when the window opens; a change waits for the next start */
};

extern const struct option options[];
extern const size_t option_count;

/* The option of that name, which is n bytes long; *index is the number in a name such as color12,
 * else 0. NULL when there is none. */
const struct option *option_find(const char *name, size_t n, int *index);

/* A name that was perhaps meant, or NULL. */
const char *option_guess(const char *name, size_t n);

struct config;

/*
 * Reads a value into the field. False with a reason for people, and the field as it was. Text may
 * hold any bytes but 0.
 */
bool option_set(const struct option *option, int index, struct config *config, const char *value,
                char *reason, size_t size);

/* Gives back what the field owns. */
void option_free(const struct option *option, struct config *config);

/* Reads escapes in place: \n \r \t \e \\ \" \xHH. False at any other. */
bool option_unescape(char *text);

#endif
