/* Addresses (https://...) recognised in the text. */
#include "term/screen/address.h"

#include "term/screen/tables.h"
#include "term/screen/text.h"

#include <stdlib.h>
#include <string.h>

/* What is no part of an address among the characters behind ASCII: what RFC 3987 forbids, blanks,
 * quotes and brackets, CJK punctuation, and what boxes and arrows are drawn with. */
static bool parts_text(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } parting[] = {{0x7f, 0xa0},     {0xab, 0xab},       {0xbb, 0xbb},     {0x1680, 0x1680},
                   {0x2000, 0x200f}, {0x2018, 0x201f},   {0x2022, 0x2022}, {0x2026, 0x202f},
                   {0x2039, 0x203a}, {0x205f, 0x206f},   {0x2190, 0x21ff}, {0x2500, 0x25ff},
                   {0x3000, 0x3003}, {0x3008, 0x3011},   {0x3014, 0x301f}, {0xd800, 0xf8ff},
                   {0xfd3e, 0xfd3f}, {0xfdd0, 0xfdef},   {0xfe10, 0xfe19}, {0xfe30, 0xfe6f},
                   {0xff01, 0xff0f}, {0xff1a, 0xff20},   {0xff3b, 0xff3d}, {0xff5b, 0xff65},
                   {0xfff0, 0xffff}, {0xe0000, 0x10ffff}};
    for (size_t i = 0; i < sizeof(parting) / sizeof(parting[0]); i++)
        if (code >= parting[i].first && code <= parting[i].last)
            return true;
    return false;
}

static bool in_address(const struct term *t, uint32_t ch)
{
    uint32_t codes[CLUSTER_CODES_MAX];
    if (ch == TERM_CH_TAIL)
        return true; /* as the cell before it */
    if (cell_codes(t, ch, codes) == 0 || codes[0] <= ' ')
        return false;
    return codes[0] < 0x7f ? !strchr("<>\"{}|\\^`", (int)codes[0]) : !parts_text(codes[0]);
}

static size_t scheme_at(const char *text)
{
    static const char *const schemes[] = {"https://", "http://", "file://", "ftp://", "mailto:"};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t n = strlen(schemes[i]);
        if (strncmp(text, schemes[i], n) == 0)
            return n;
    }
    return 0;
}

/* Leaves out what ends a sentence or a bracket that encloses the address. */
static size_t trimmed(const char *text, size_t n)
{
    long round = 0, square = 0; /* brackets that are open at the end */
    for (size_t i = 0; i < n; i++) {
        round += (text[i] == '(') - (text[i] == ')');
        square += (text[i] == '[') - (text[i] == ']');
    }
    for (; n > 0; n--) {
        char last = text[n - 1];
        if (last == ')' && round < 0)
            round++;
        else if (last == ']' && square < 0)
            square++;
        else if (!strchr(".,;:!?'", last))
            break;
    }
    return n;
}

/* The bytes [*from, *to) of the address that has byte `at`. One that stands in another's path or
 * query belongs to that. */
static bool find_address(const char *text, size_t at, size_t *from, size_t *to)
{
    size_t scheme = 0, i = 0;
    for (; text[i]; i++) {
        size_t n = scheme_at(text + i);
        if (!n || (scheme && strchr("/=?&:%#", text[i - 1])))
            continue;
        if (i > at)
            break;
        *from = i;
        scheme = n;
    }
    if (!scheme)
        return false;
    *to = *from + trimmed(text + *from, i - *from);
    return *to - *from > scheme && at < *to;
}

char *address_around(const struct term *t, const struct chain *c, int at, int *from, int *to)
{
    if (at > 0 && at < c->length && c->cells[at].ch == TERM_CH_TAIL)
        at--;
    int low = at, high = at;
    if (at >= c->length || !in_address(t, c->cells[at].ch))
        return NULL;
    while (low > 0 && in_address(t, c->cells[low - 1].ch))
        low--;
    while (high < c->length && in_address(t, c->cells[high].ch))
        high++;
    struct text out = {0};
    size_t *ends = malloc((size_t)(high - low) * sizeof(*ends));
    for (int i = low; ends && i < high; i++) {
        text_cell(&out, t, c->cells[i].ch);
        ends[i - low] = out.length;
    }
    size_t first = 0, end = 0;
    char *text = ends ? text_take(&out, NULL) : NULL;
    if (!text || !find_address(text, ends[at - low] - 1, &first, &end)) {
        free(ends);
        free(text);
        return NULL;
    }
    for (*from = low; ends[*from - low] <= first;)
        ++*from;
    for (*to = *from; *to < high && ends[*to - low] <= end;)
        ++*to;
    free(ends);
    memmove(text, text + first, end - first);
    text[end - first] = 0;
    return text;
}
