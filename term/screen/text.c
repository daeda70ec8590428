/* A growing piece of UTF-8 made from cells. */
#include "term/screen/text.h"

#include "term/screen/state.h"
#include "term/screen/tables.h"
#include "term/unicode/unicode.h"

#include <stdlib.h>

void text_byte(struct text *out, char byte)
{
    if (out->length + 1 >= out->capacity) {
        size_t capacity = out->capacity ? out->capacity * 2 : 256;
        char *grown = out->failed ? NULL : realloc(out->bytes, capacity);
        if (!grown) {
            out->failed = true;
            return;
        }
        out->bytes = grown;
        out->capacity = capacity;
    }
    out->bytes[out->length++] = byte;
}

void text_cell(struct text *out, const struct term *t, uint32_t ch)
{
    uint32_t codes[CLUSTER_CODES_MAX];
    if (ch == TERM_CH_TAIL || ch == TERM_CH_SPACER)
        return;
    int n = cell_codes(t, ch, codes);
    if (n == 0)
        text_byte(out, ' ');
    for (int i = 0; i < n; i++) {
        char bytes[4];
        size_t k = utf8_encode(codes[i], bytes);
        for (size_t j = 0; j < k; j++)
            text_byte(out, bytes[j]);
    }
}

void text_trim(struct text *out, size_t mark)
{
    while (out->length > mark && out->bytes[out->length - 1] == ' ')
        out->length--;
}

char *text_take(struct text *out, size_t *length)
{
    if (!out->bytes && !out->failed) {
        text_byte(out, 0);
        out->length = 0;
    }
    if (out->failed || !out->bytes) {
        free(out->bytes);
        return NULL;
    }
    out->bytes[out->length] = 0;
    if (length)
        *length = out->length;
    return out->bytes;
}
