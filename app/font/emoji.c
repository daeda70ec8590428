/* Which characters are shown as colourful pictures: the table of ranges. */
#include "app/font/emoji.h"

#include "term/unicode/unicode.h"

static bool is_skin_tone(uint32_t code)
{
    return code >= 0x1f3fb && code <= 0x1f3ff;
}

/* Emoji_Presentation: the pictographs of two columns, but for signs of CJK scripts that are
 * pictographs as well. */
static bool picture_by_default(uint32_t code)
{
    static const uint32_t others[] = {0x3030, 0x303d, 0x3297, 0x3299, 0x1f202, 0x1f237};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (code == others[i])
            return false;
    return unicode_pictographic(code) && unicode_width(code, false) == 2;
}

bool emoji_presentation(const uint32_t *codes, size_t n)
{
    if (n == 0 || codes[0] < 0x80)
        return n >= 2 && codes[1] == EMOJI_PICTURE_SELECTOR;
    for (size_t i = 1; i < n; i++) {
        if (codes[i] == EMOJI_TEXT_SELECTOR)
            return false;
        if (codes[i] == EMOJI_PICTURE_SELECTOR || is_skin_tone(codes[i]) ||
            (codes[i] == EMOJI_JOINER && unicode_pictographic(codes[0])))
            return true;
    }
    if (unicode_break_class(codes[0]) == UNICODE_REGIONAL)
        return n >= 2;
    return picture_by_default(codes[0]) || is_skin_tone(codes[0]);
}

bool emoji_invisible(uint32_t code)
{
    return code == EMOJI_JOINER || code == 0x200c || (code >= 0xfe00 && code <= 0xfe0f) ||
           (code >= 0xe0020 && code <= 0xe007f) || (code >= 0xe0100 && code <= 0xe01ef);
}
