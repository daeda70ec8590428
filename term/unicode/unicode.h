/* What the terminal knows about code points: how many columns one takes, and where one character
 * as the user sees it (a grapheme cluster) ends. Source: Unicode Standard Annexes 11 and 29, and
 * emoji-variation-sequences.txt, which belongs to Unicode Technical Standard 51. */
#ifndef TERM_UNICODE_UNICODE_H
#define TERM_UNICODE_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNICODE_LIMIT       0x110000u
#define UNICODE_REPLACEMENT 0xfffdu
#define UNICODE_ZWNJ        0x200cu

/* Variation selector 16: the character before it is shown as an emoji, two columns wide. */
#define UNICODE_EMOJI_SELECTOR 0xfe0fu
/* Variation selector 15: the character before it is shown as text, one column wide. */
#define UNICODE_TEXT_SELECTOR 0xfe0eu

/* Grapheme_Cluster_Break, in the order the table's generator uses. Linker and consonant, which are
 * extend and other there, are those of Indic_Conjunct_Break. */
enum unicode_break {
    UNICODE_OTHER,
    UNICODE_CR,
    UNICODE_LF,
    UNICODE_CONTROL,
    UNICODE_EXTEND,
    UNICODE_ZWJ,
    UNICODE_REGIONAL,
    UNICODE_PREPEND,
    UNICODE_SPACING_MARK,
    UNICODE_L,
    UNICODE_V,
    UNICODE_T,
    UNICODE_LV,
    UNICODE_LVT,
    UNICODE_LINKER,
    UNICODE_CONSONANT,
};

extern const uint16_t unicode_index[0x110000 / 128];
extern const uint8_t unicode_blocks[];

/* The property byte of a code point below UNICODE_LIMIT (see term/unicode/generate.py). */
static inline uint8_t unicode_properties(uint32_t code)
{
    return unicode_blocks[unicode_index[code >> 7] * 128u + (code & 127)];
}

/* Columns of a code point: 0 for what combines with the character before it, 1 or 2. */
static inline int unicode_width(uint32_t code, bool ambiguous_is_wide)
{
    uint8_t p = unicode_properties(code);
    if ((p & 4) && ambiguous_is_wide)
        return 2;
    return p & 1 ? 1 : p & 2;
}

/* Whether UNICODE_EMOJI_SELECTOR makes a code point wide that is narrow by itself. */
static inline bool unicode_emoji_base(uint32_t code)
{
    return (unicode_properties(code) & 3) == 3;
}

/* Whether UNICODE_TEXT_SELECTOR makes a code point narrow that is wide by itself. */
static inline bool unicode_text_base(uint32_t code)
{
    return (unicode_properties(code) & 7) == 6;
}

static inline enum unicode_break unicode_break_class(uint32_t code)
{
    return (enum unicode_break)(unicode_properties(code) >> 3 & 15);
}

static inline bool unicode_pictographic(uint32_t code)
{
    return unicode_properties(code) >> 7;
}

/* Walks a text and tells where clusters begin. Zero is the state before any text. */
struct grapheme {
    uint8_t started;
    uint8_t last;       /* enum unicode_break of the last code point */
    uint8_t regional;   /* odd number of regional indicators at the end */
    uint8_t pictograph; /* 1: pictograph Extend*; 2: pictograph Extend* ZWJ */
    uint8_t conjunct;   /* 1: consonant and what extends it; 2: the same with a linker */
};

/* Takes the next code point; true when a new cluster begins at it (always at the first). */
bool grapheme_next(struct grapheme *g, uint32_t code);

/* Decodes one code point of well-formed or broken UTF-8: returns the bytes taken (at least 1 when
 * n > 0) and stores the code point, U+FFFD for a broken part. */
size_t utf8_decode(const uint8_t *text, size_t n, uint32_t *code);

/* Encodes a code point (not a surrogate, below UNICODE_LIMIT); returns 1 to 4 bytes written. */
size_t utf8_encode(uint32_t code, char out[4]);

#endif
