/* Which characters are shown as colourful pictures. Source: Unicode Technical Standard 51. */
#ifndef APP_FONT_EMOJI_H
#define APP_FONT_EMOJI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EMOJI_TEXT_SELECTOR    0xfe0eu
#define EMOJI_PICTURE_SELECTOR 0xfe0fu
#define EMOJI_JOINER           0x200du

/* Whether a grapheme cluster is to be shown in colour: by its variation selector, by being a
 * sequence (flags, skin tones, joined pictures, key caps), or by default. */
bool emoji_presentation(const uint32_t *codes, size_t n);

/* Code points that choose or join shapes and have none of their own. */
bool emoji_invisible(uint32_t code);

#endif
