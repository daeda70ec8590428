/* The faces that a font consists of: four styles of a family, other families that were asked for,
 * and fonts of the system, opened when they are needed. For the UI thread alone. */
#ifndef APP_FONT_FACES_H
#define APP_FONT_FACES_H

#include <stdbool.h>

struct face;
struct faces;
struct font_request;

/* NULL only when out of memory. The request's strings are copied. */
struct faces *faces_new(const struct font_request *request);
void faces_free(struct faces *faces);

/* Whether there is such a family or font file, as struct font_request names them. */
bool faces_has(const char *name, unsigned style, const char *folder);
/* Whether a name is that of a file. */
bool faces_is_file(const char *name);
/* The next of names separated by commas, which are cut apart in place, without blanks around it;
 * NULL at the end, when *rest is too. */
char *faces_next_name(char **rest);

/* See font_family. */
const char *faces_family(const struct faces *faces, bool *asked);

/* The regular face, at the size of the request. */
struct face *faces_main(struct faces *faces);
/* NULL when there is no such face. */
struct face *faces_style(struct faces *faces, unsigned style);
int faces_others(const struct faces *faces);
struct face *faces_other(struct faces *faces, int at);
/* A number from app/font/fallback.h. NULL when it cannot be opened. */
struct face *faces_system(struct faces *faces, int at);

#endif
