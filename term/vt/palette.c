/* Colours: defaults, and their names in OSC sequences. */
#include "term/vt/palette.h"

#include "term/parser/hex.h"
#include "term/screen/state.h"
#include "term/vt/color_names.h"

#include <stdlib.h>
#include <string.h>

/* xterm's sixteen, its 6x6x6 cube and its greys. */
static void default_palette(uint32_t *palette)
{
    static const uint32_t basic[16] = {0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd,
                                       0x00cdcd, 0xe5e5e5, 0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00,
                                       0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff};
    static const uint8_t steps[6] = {0, 95, 135, 175, 215, 255};
    memcpy(palette, basic, sizeof(basic));
    for (int i = 0; i < 216; i++)
        palette[16 + i] =
            (uint32_t)steps[i / 36] << 16 | (uint32_t)steps[i / 6 % 6] << 8 | steps[i % 6];
    for (uint32_t i = 0; i < 24; i++)
        palette[232 + i] = (8 + 10 * i) * 0x010101u;
}

void term_options_default(struct term_options *o)
{
    *o = (struct term_options){
        .scrollback_lines = 10000,
        .clipboard_write = true,
        .foreground = 0xe5e5e5,
        .background = 0x000000,
        .cursor_color = 0xe5e5e5,
        .cursor_shape = 1,
    };
    default_palette(o->palette);
}

void palette_reset(struct term *t)
{
    memcpy(t->palette, t->options.palette, sizeof(t->palette));
    for (int i = 0; i < 5; i++)
        t->special[i] = t->options.foreground;
    for (int i = 0; i < DYNAMIC_COUNT; i++)
        dynamic_reset(t, i);
    t->palette_revision++;
}

void dynamic_reset(struct term *t, int which)
{
    /* Mouse and Tektronix pointers, highlight: even ones are foregrounds. */
    bool background = which == DYNAMIC_BACKGROUND || which == 4 || which == 6 || which == 9;
    t->dynamic[which] = which == DYNAMIC_CURSOR ? t->options.cursor_color
                        : background            ? t->options.background
                                                : t->options.foreground;
    t->palette_revision++;
}

/* Reads `n` hexadecimal digits (1 to 4) as a fraction of their largest value, in 8 bits. In the
 * form with '#' digits are the high ones instead. Negative when they are no digits. */
static int component(const char *text, size_t n, bool high)
{
    unsigned value = 0;
    if (n < 1 || n > 4)
        return -1;
    for (size_t i = 0; i < n; i++) {
        int d = hex_digit(text[i]);
        if (d < 0)
            return -1;
        value = value << 4 | (unsigned)d;
    }
    if (high)
        return (int)(n == 1 ? value << 4 : value >> 4 * (n - 2));
    unsigned most = (1u << 4 * n) - 1;
    return (int)((value * 255 + most / 2) / most);
}

static bool pack_color(const int c[3], uint32_t *color)
{
    if (c[0] < 0 || c[1] < 0 || c[2] < 0)
        return false;
    *color = (uint32_t)c[0] << 16 | (uint32_t)c[1] << 8 | (uint32_t)c[2];
    return true;
}

static bool hash_form(const char *text, size_t n, uint32_t *color)
{
    int c[3];
    if (n % 3 || n == 0)
        return false;
    for (size_t i = 0; i < 3; i++)
        c[i] = component(text + i * n / 3, n / 3, true);
    return pack_color(c, color);
}

/* A decimal fraction from 0 to 1 in 8 bits. */
static int intensity(const char *text, size_t n)
{
    unsigned value = 0, scale = 1;
    bool point = false;
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '.' && !point) {
            point = true;
        } else if (text[i] >= '0' && text[i] <= '9') {
            if (scale >= 10000)
                continue;
            value = value * 10 + (unsigned)(text[i] - '0');
            scale *= point ? 10 : 1;
        } else {
            return -1;
        }
        if (value > 100000)
            return -1;
    }
    return n == 0 || value > scale ? -1 : (int)((value * 255 + scale / 2) / scale);
}

static bool slash_form(const char *text, size_t n, bool decimal, uint32_t *color)
{
    int c[3] = {-1, -1, -1};
    size_t at = 0;
    for (int i = 0; i < 3; i++) {
        size_t end = at;
        while (end < n && text[end] != '/')
            end++;
        c[i] = decimal ? intensity(text + at, end - at) : component(text + at, end - at, false);
        if (i == 2 && end != n)
            return false;
        at = end < n ? end + 1 : n;
    }
    return pack_color(c, color);
}

/* As XLookupColor does: neither blanks nor the case of letters matter. */
static bool named_color(const char *text, size_t n, uint32_t *color)
{
    char name[32];
    size_t length = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] == ' ')
            continue;
        if (length + 1 == sizeof(name))
            return false;
        name[length++] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
    }
    name[length] = 0;
    for (size_t low = 0, high = COLOR_NAMES; low < high;) {
        size_t middle = (low + high) / 2;
        int order = strcmp(name, color_names[middle].name);
        if (order == 0) {
            *color = color_names[middle].color;
            return true;
        }
        low = order > 0 ? middle + 1 : low;
        high = order < 0 ? middle : high;
    }
    return false;
}

bool color_parse(const char *text, size_t n, uint32_t *color)
{
    if (n > 1 && text[0] == '#')
        return hash_form(text + 1, n - 1, color);
    if (n > 4 && memcmp(text, "rgb:", 4) == 0)
        return slash_form(text + 4, n - 4, false, color);
    if (n > 5 && memcmp(text, "rgbi:", 5) == 0)
        return slash_form(text + 5, n - 5, true, color);
    return named_color(text, n, color);
}
