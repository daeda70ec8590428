/* Hexadecimal digits of what programs print. */
#ifndef TERM_PARSER_HEX_H
#define TERM_PARSER_HEX_H

/* The value of a digit of either case; -1 when it is none. */
static inline int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
