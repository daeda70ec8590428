/* Loads colour schemes: the user's files and those that are built in. */
#include "app/config/schemes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/hash.h"
#include "app/base/paths.h"
#include "app/config/config.h"
#include "app/config/options.h"
#include "runtime/abi/errno.h"
#include "runtime/host/file.h"

#define PATH_SIZE 4096
#define NAME_SIZE 64

static bool is_path(const char *name)
{
    return strchr(name, '/') || strchr(name, '\\');
}

/* The file a name stands for, which need not be there. False when there can be none. */
static bool user_file(const char *name, const char *folder, char *path, size_t size)
{
    int n;
    if (path_is_absolute(name))
        n = snprintf(path, size, "%s", name);
    else if (!folder)
        return false;
    else if (is_path(name))
        n = snprintf(path, size, "%s/%s", folder, name);
    else
        n = snprintf(path, size, "%s/schemes/%s.conf", folder, name);
    return n >= 0 && (size_t)n < size;
}

static const struct scheme_file *built_in(const char *name)
{
    for (size_t i = 0; i < scheme_file_count; i++)
        if (strcmp(scheme_files[i].name, name) == 0)
            return &scheme_files[i];
    return NULL;
}

/* Mistakes in one line. */
static void scheme_list(char *reason, size_t size, const struct mistakes *m)
{
    char more[32] = "";
    if (m->count > 1)
        snprintf(more, sizeof(more), "; and %d more", m->count - 1);
    snprintf(reason, size, "%.*s%s", (int)strcspn(m->text, "\n"), m->text, more);
}

/* A scheme is a configuration with colours alone. */
static bool scheme_take(struct scheme *scheme, const char *name, const char *text, size_t n,
                        char *reason, size_t size)
{
    struct mistakes m = {0};
    struct config *c = calloc(1, sizeof(*c));
    if (!c) {
        snprintf(reason, size, "out of memory");
        return false;
    }
    config_parse_colors(c, text, n, name, &m);
    bool ok = m.count == 0;
    scheme->hash = hash_text(text, n);
    scheme->colors = (struct colors){c->foreground,           c->background,           c->cursor,
                                     c->selection_foreground, c->selection_background, {0}};
    memcpy(scheme->colors.palette, c->palette, sizeof(c->palette));
    if (!ok && m.text)
        scheme_list(reason, size, &m);
    else if (!ok)
        snprintf(reason, size, "out of memory");
    mistakes_free(&m);
    free(c);
    return ok;
}

static char *scheme_copy(const char *text)
{
    char *new = malloc(strlen(text) + 1);
    return new ? strcpy(new, text) : NULL;
}

static void unknown(const char *name, char *reason, size_t size)
{
    int n = snprintf(reason, size, "no such scheme: %.*s; there are", NAME_SIZE, name);
    for (size_t i = 0; i < scheme_file_count && n >= 0 && (size_t)n < size; i++)
        n += snprintf(reason + n, size - (size_t)n, "%s%s", i ? ", " : " ", scheme_files[i].name);
}

bool scheme_load(struct scheme *scheme, const char *name, const char *folder, char *reason,
                 size_t size)
{
    const struct scheme_file *own = built_in(name);
    char path[PATH_SIZE], *text = NULL;
    size_t n = 0;
    int error = -L_ENOENT;
    bool ok = false, named = user_file(name, folder, path, sizeof(path));
    if (named)
        text = config_read_file(path, &n, &error);
    free(scheme->path);
    scheme->path = named && (text || !own) ? scheme_copy(path) : NULL;
    scheme->hash = 0;
    if (text)
        ok = scheme_take(scheme, path, text, n, reason, size);
    else if (error != -L_ENOENT)
        snprintf(reason, size, "the scheme %.200s cannot be read", path);
    else if (own)
        ok = scheme_take(scheme, name, own->text, (size_t)(own->end - own->text), reason, size);
    else
        unknown(name, reason, size);
    free(text);
    return ok;
}

void scheme_free(struct scheme *scheme)
{
    free(scheme->path);
    scheme->path = NULL;
}
