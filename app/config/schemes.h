/*
 * Colour schemes: files with the colour options of the configuration. Those of assets/schemes are
 * built in; the user's are in the folder schemes beside the configuration file, and go first.
 */
#ifndef APP_CONFIG_SCHEMES_H
#define APP_CONFIG_SCHEMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/draw/canvas.h"

/* A built-in one; not zero-terminated. */
struct scheme_file {
    const char *name, *text, *end;
};

extern const struct scheme_file scheme_files[];
extern const size_t scheme_file_count;

/* The colours that a scheme or the configuration may set; 0 where it does not, else with COLOR_SET.
 */
struct colors {
    uint32_t foreground, background, cursor;
    uint32_t selection_foreground, selection_background;
    uint32_t palette[256];
};

struct scheme {
    char *path;    /* the file it came from, malloc'ed; NULL for a built-in one */
    uint64_t hash; /* of the text */
    struct colors colors;
};

/*
 * Finds the scheme by name, or by a path with a slash, relative to the folder (NULL: none), and
 * reads it. False with a reason, which names the line when the file has a mistake: its other lines
 * apply. When there is no such scheme the colours are as they were. path and hash are those of the
 * file in any case, so that it can be watched.
 */
bool scheme_load(struct scheme *scheme, const char *name, const char *folder, char *reason,
                 size_t size);
void scheme_free(struct scheme *scheme);

#endif
