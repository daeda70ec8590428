/* Where this host keeps its fonts. */
#ifndef APP_HOST_FONTS_H
#define APP_HOST_FONTS_H

#include <stddef.h>

/* File names of monospaced fonts worth preferring, best first; NULL-terminated. Names are sought in
 * the folders below. */
extern const char *const host_font_names[];

/* Calls each with the path (UTF-8) of every font file of the system until it returns non-zero. */
void host_fonts_each(int (*each)(void *arg, const char *path), void *arg);

/* The contents of a file in memory: NULL when it cannot be had. host_font_unload gives it back. */
const unsigned char *host_font_load(const char *path, size_t *size);
void host_font_unload(const unsigned char *data, size_t size);

#endif
