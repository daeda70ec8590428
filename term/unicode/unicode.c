/* UTF-8, the width of a code point, and where a grapheme cluster ends. */
#include "term/unicode/unicode.h"

/* Whether the rules GB3 to GB999 of UAX 29 part `next` from what came before. */
static bool parts(const struct grapheme *g, enum unicode_break next, bool pictographic)
{
    enum unicode_break last = (enum unicode_break)g->last;
    if (last == UNICODE_CR && next == UNICODE_LF)
        return false;
    if (last == UNICODE_CR || last == UNICODE_LF || last == UNICODE_CONTROL)
        return true;
    switch (next) {
    case UNICODE_CR:
    case UNICODE_LF:
    case UNICODE_CONTROL:
        return true;
    case UNICODE_EXTEND:
    case UNICODE_LINKER:
    case UNICODE_ZWJ:
    case UNICODE_SPACING_MARK:
        return false;
    case UNICODE_CONSONANT:
        if (g->conjunct == 2)
            return false;
        break;
    case UNICODE_L:
    case UNICODE_LV:
    case UNICODE_LVT:
        if (last == UNICODE_L)
            return false;
        break;
    case UNICODE_V:
        if (last == UNICODE_L || last == UNICODE_V || last == UNICODE_LV)
            return false;
        break;
    case UNICODE_T:
        if (last == UNICODE_V || last == UNICODE_LV || last == UNICODE_T || last == UNICODE_LVT)
            return false;
        break;
    case UNICODE_REGIONAL:
        if (g->regional)
            return false;
        break;
    default:
        break;
    }
    if (last == UNICODE_PREPEND)
        return false;
    return !(pictographic && g->pictograph == 2);
}

/* The start of rule GB9c: a consonant, then what extends it with at least one linker among it. */
static uint8_t conjunct_after(uint8_t before, enum unicode_break next, uint32_t code)
{
    switch (next) {
    case UNICODE_CONSONANT:
        return 1;
    case UNICODE_LINKER:
        return before ? 2 : 0;
    case UNICODE_EXTEND:
    case UNICODE_ZWJ:
        return code == UNICODE_ZWNJ ? 0 : before;
    default:
        return 0;
    }
}

bool grapheme_next(struct grapheme *g, uint32_t code)
{
    uint8_t p = unicode_properties(code);
    enum unicode_break next = (enum unicode_break)(p >> 3 & 15);
    bool pictographic = p >> 7;
    bool begins = !g->started || parts(g, next, pictographic);

    g->started = 1;
    if (next == UNICODE_REGIONAL)
        g->regional = begins || !g->regional;
    else
        g->regional = 0;
    if (pictographic)
        g->pictograph = 1;
    else if (next == UNICODE_ZWJ && g->pictograph == 1)
        g->pictograph = 2;
    else if ((next != UNICODE_EXTEND && next != UNICODE_LINKER) || g->pictograph != 1)
        g->pictograph = 0;
    g->conjunct = conjunct_after(g->conjunct, next, code);
    g->last = (uint8_t)next;
    return begins;
}

size_t utf8_decode(const uint8_t *s, size_t n, uint32_t *code)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    *code = UNICODE_REPLACEMENT;
    if (n == 0)
        return 0;
    if (s[0] < 0x80) {
        *code = s[0];
        return 1;
    }
    size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 1;
    uint32_t value = s[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if (i >= n || (s[i] & 0xc0) != 0x80)
            return i;
        value = value << 6 | (s[i] & 0x3f);
        /* The second byte already tells of an overlong form, a surrogate or a value too large. */
        uint32_t low = value << 6 * (length - 1 - i);
        uint32_t high = low | ((1u << 6 * (length - 1 - i)) - 1);
        if (high < least[length] || low >= UNICODE_LIMIT || (low >= 0xd800 && high <= 0xdfff))
            return i;
    }
    *code = value;
    return length;
}

size_t utf8_encode(uint32_t code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}
