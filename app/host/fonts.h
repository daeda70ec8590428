/* The fonts of this host. Any thread may call these. */
#ifndef APP_HOST_FONTS_H
#define APP_HOST_FONTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FONT_BOLD = 1, FONT_ITALIC = 2, FONT_STYLES = 4 };

#define HOST_FONT_PATH_MAX 2048

struct host_font {
    char path[HOST_FONT_PATH_MAX]; /* UTF-8 */
    int index;                     /* as FT_New_Face takes it: face, named instance above 16 bits */
    bool color;                    /* known to be colourful; false also when not known */
};

/*
 * The file of a family (NULL: the host's monospaced one) in a style (FONT_BOLD, FONT_ITALIC). False
 * when the host has no such family, or the family has no face of that style.
 */
bool host_font_find(const char *family, unsigned style, struct host_font *found);

/* 256 code points from first, one bit each, the lowest bit of bits[0] being the first's. */
typedef void (*host_font_page)(void *arg, uint32_t first, const uint32_t bits[8]);

/*
 * Calls each for the fonts of the system, in the order in which they should be asked for a
 * character: monospaced and common ones first. May read many files. pages, only valid inside,
 * tells which code points the font has; false when the font must be opened to know.
 */
typedef bool (*host_font_pages)(const void *host, host_font_page page, void *arg);
void host_fonts_each(void (*each)(void *arg, const struct host_font *font, host_font_pages pages,
                                  const void *host),
                     void *arg);

/* The contents of a file in memory: NULL when it cannot be had. host_font_unload gives it back. */
const unsigned char *host_font_load(const char *path, size_t *size);
void host_font_unload(const unsigned char *data, size_t size);

#endif
