#include "app/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/host/config.h"
#include "app/window.h"
#include "runtime/abi/errno.h"
#include "runtime/host/log.h"

static struct {
    const struct arguments *arguments;
    char *path;
    struct mistakes mistakes; /* of the last reading */
} settings;

const char *settings_path(void)
{
    return settings.path;
}

static const char *reason(int error)
{
    return error == -L_ENOENT   ? "no such file"
           : error == -L_EACCES ? "permission denied"
           : error == -L_EISDIR ? "not a file"
           : error == -L_EFBIG  ? "too large"
                                : "cannot be read";
}

static struct config *read_file(struct mistakes *m)
{
    const struct arguments *a = settings.arguments;
    size_t n = 0;
    int error = 0;
    char *text = settings.path ? config_read_file(settings.path, &n, &error) : NULL;
    /* No file is the usual case, unless the user has named one. */
    if (error && (error != -L_ENOENT || a->config))
        mistakes_add(m, "%s: %s", settings.path, reason(error));
    struct config *c = config_load(text, n, settings.path, a->pairs, a->count, m);
    free(text);
    return c;
}

const struct config *settings_load(const struct arguments *arguments)
{
    settings.arguments = arguments;
    if (arguments->config) {
        settings.path = malloc(strlen(arguments->config) + 1);
        if (!settings.path)
            return NULL;
        strcpy(settings.path, arguments->config);
    } else {
        settings.path = host_config_path();
    }
    return read_file(&settings.mistakes);
}

static void report(struct window *w, struct mistakes *m)
{
    if (m->text) {
        session_print(window_session(w), "\033[0;1;31mThe configuration has mistakes:\033[0m\n");
        session_print(window_session(w), m->text);
        host_log("configuration: %d mistakes", m->count);
    }
    for (const char *line = m->text; line && *line;) {
        size_t n = strcspn(line, "\n");
        host_log("%.*s", (int)n, line);
        line += n + (line[n] == '\n');
    }
    mistakes_free(m);
}

void settings_attach(struct window *w)
{
    report(w, &settings.mistakes);
}
