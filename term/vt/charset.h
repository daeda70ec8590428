/* The character sets of VT terminals. */
#ifndef TERM_VT_CHARSET_H
#define TERM_VT_CHARSET_H

#include <stdint.h>

/* CHARSET_OTHER and what follows: the national replacement sets. */
enum charset {
    CHARSET_ASCII,
    CHARSET_GRAPHICS,
    CHARSET_LATIN1,
    CHARSET_DEC,
    CHARSET_TECHNICAL,
    CHARSET_OTHER
};
/* The charset a final byte (after one intermediate, or two) names; -1 for an unknown one. */
int charset_named(uint8_t intermediate, uint8_t second, uint8_t final);
/* What a printable ASCII character stands for in a charset. */
uint32_t charset_translate(uint8_t charset, uint32_t code);

#endif
