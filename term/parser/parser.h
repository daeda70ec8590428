/*
 * Splits the program's output into text, control characters and sequences. It knows the grammar
 * (ECMA-48, and DEC's state machine as VT500 terminals have it), not what anything means.
 *
 * UTF-8 is decoded everywhere, so C1 controls are the code points U+0080 to U+009F. State is kept
 * between calls: any division of the bytes gives the same calls, except that text runs may be
 * divided too.
 */
#ifndef TERM_PARSER_PARSER_H
#define TERM_PARSER_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PARSER_PARAMETERS_MAX 32
#define PARSER_STRING_MAX     (1u << 20) /* a longer OSC or DCS string is dropped whole */
#define PARSER_VALUE_MAX      0x7fffffff

/* A control sequence, or the introduction of a DCS string. */
struct sequence {
    uint8_t prefix;       /* one of < = > ? or 0 */
    uint8_t intermediate; /* the first of 0x20 to 0x2f, or 0 */
    uint8_t second;       /* a second intermediate, or 0 */
    uint8_t final;
    int count;                             /* parameters */
    int value[PARSER_PARAMETERS_MAX];      /* -1: left out */
    bool continues[PARSER_PARAMETERS_MAX]; /* joined to the one before by a colon */
};

/* Parameter `i`, or `otherwise` when it was left out. */
static inline int sequence_value(const struct sequence *s, int i, int otherwise)
{
    return i < s->count && s->value[i] >= 0 ? s->value[i] : otherwise;
}

/* The same for counts and positions, where 0 means 1. */
static inline int sequence_count(const struct sequence *s, int i)
{
    int value = sequence_value(s, i, 1);
    return value ? value : 1;
}

struct parser_calls {
    /* Printable ASCII (0x20 to 0x7e), at least one byte. */
    void (*run)(void *context, const uint8_t *text, size_t n);
    /* Any other printable code point. */
    void (*character)(void *context, uint32_t code);
    /* C0 and C1 controls that are not part of the grammar. */
    void (*control)(void *context, uint32_t code);
    /* ESC intermediate final. */
    void (*escape)(void *context, const struct sequence *s);
    void (*csi)(void *context, const struct sequence *s);
    /* `bell`: the string was ended by BEL, and a reply should be too. */
    void (*osc)(void *context, const char *text, size_t n, bool bell);
    void (*dcs)(void *context, const struct sequence *s, const char *text, size_t n);
};

struct parser {
    const struct parser_calls *calls;
    void *context;
    uint8_t state;
    uint8_t introducer; /* of a string: ']', 'P', or 0 for one that is consumed unseen */
    bool overflow;      /* the string was too long, or memory ran out */
    bool escaped;       /* inside a string, after ESC */
    uint8_t need;       /* UTF-8: bytes still missing */
    uint8_t have;       /* UTF-8: bytes kept */
    uint8_t bytes[4];
    bool stop; /* set by a call: no more bytes are taken for now */
    struct sequence s;
    char *text;
    size_t length, capacity;
};

void parser_init(struct parser *p, const struct parser_calls *calls, void *context);
/* Frees what the parser holds, not the parser. */
void parser_free(struct parser *p);
void parser_reset(struct parser *p);
/* Takes bytes until there are no more or a call has set `stop`; returns how many. */
size_t parser_feed(struct parser *p, const uint8_t *bytes, size_t n);

#endif
