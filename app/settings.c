#include "app/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/config_check.h"
#include "app/config_print.h"
#include "app/hash.h"
#include "app/host/config.h"
#include "app/host/opening.h"
#include "app/host/watch.h"
#include "app/opening.h"
#include "app/window_private.h"
#include "runtime/abi/errno.h"
#include "runtime/host/file.h"
#include "runtime/host/log.h"

static struct {
    const struct arguments *arguments;
    char *path;                 /* of the file; NULL: there is no place for one */
    struct config *now;         /* in use by the window */
    const struct config *first; /* in use by the guests too */
    uint64_t hash;              /* of what was read last */
    struct mistakes mistakes;   /* of the first reading */
    struct host_watch *watch;
} settings;

static const char *reason_of(int error)
{
    return error == -L_ENOENT   ? "no such file"
           : error == -L_EACCES ? "permission denied"
           : error == -L_EISDIR ? "not a file"
           : error == -L_EBUSY  ? "in use by another program"
           : error == -L_EFBIG  ? "too large"
                                : "cannot be read";
}

/* What the file says now; NULL when out of memory, and with *error when it cannot be read. */
static struct config *read_file(struct mistakes *m, uint64_t *hash, int *error)
{
    const struct arguments *a = settings.arguments;
    size_t n = 0;
    *error = -L_ENOENT;
    char *text = settings.path ? config_read_file(settings.path, &n, error) : NULL;
    struct config *c = config_load(text, n, settings.path, a->pairs, a->count, m);
    if (c)
        *hash = hash_text(text ? text : "", n) ^ c->scheme.hash;
    free(text);
    return c;
}

static void take_path(const struct arguments *a)
{
    if (!a->config) {
        settings.path = host_config_path();
    } else if ((settings.path = malloc(strlen(a->config) + 1))) {
        strcpy(settings.path, a->config);
    }
}

const struct config *settings_load(const struct arguments *arguments, char *reason, size_t size)
{
    int error;
    settings.arguments = arguments;
    take_path(arguments);
    if (!arguments_check(arguments, settings.path, reason, size))
        return NULL;
    settings.now = read_file(&settings.mistakes, &settings.hash, &error);
    settings.first = settings.now;
    /* No file is the usual case, unless the user has named one. */
    if (error && (error != -L_ENOENT || arguments->config))
        mistakes_add(&settings.mistakes, "%s: %s", settings.path, reason_of(error));
    if (!settings.now)
        snprintf(reason, size, "out of memory");
    return settings.now;
}

/* The configuration in use. */
static void check(struct window *w, struct mistakes *m)
{
    config_check(settings.now, settings.path ? settings.path : "configuration", w->sdl, m);
}

/* Takes what is in m. Without mistakes those of before are over. */
static void report(struct window *w, struct mistakes *m)
{
    char more[64] = "", title[] = "The configuration has mistakes (Escape hides this):\n";
    if (m->listed < m->count)
        snprintf(more, sizeof(more), "and %d more\n", m->count - m->listed);
    size_t size = sizeof(title) + m->size + sizeof(more);
    char *text = m->text ? malloc(size) : NULL;
    if (text)
        snprintf(text, size, "%s%s%s", title, m->text, more);
    note_stand(w, text);
    free(text);
    for (const char *line = m->text; line && *line;) {
        size_t n = strcspn(line, "\n");
        host_log("%.*s", (int)n, line);
        line += n + (line[n] == '\n');
    }
    mistakes_free(m);
}

/* Has the file and that of the scheme watched. False when others were watched before. */
static bool watch_files(void)
{
    const char *files[3] = {settings.path, settings.now->scheme.path, NULL};
    return !settings.watch || !settings.path || !host_watch_files(settings.watch, files);
}

/* always: also when the file is what it was. */
static void reload(struct window *w, bool always)
{
    do {
        struct mistakes m = {0};
        uint64_t hash = 0;
        int error;
        struct config *c = read_file(&m, &hash, &error);
        if (error && (always || error != -L_ENOENT))
            mistakes_add(&m, "%s: %s", settings.path ? settings.path : "configuration",
                         reason_of(error));
        /* A file that is gone changes nothing until it is back: editors rename it while they save.
         */
        bool use = c && !error && (always || hash != settings.hash);
        if (use) {
            struct config *old = settings.now;
            window_apply(w, c);
            settings.now = c;
            settings.hash = hash;
            if (old != settings.first)
                config_free(old);
        } else {
            config_free(c);
        }
        if (use)
            check(w, &m);
        if (use || m.count > 0)
            report(w, &m);
        else
            mistakes_free(&m);
        always = false;
    } while (!watch_files());
}

void settings_reload(struct window *w)
{
    reload(w, true);
}

static void reload_changed(struct window *w, void *arg)
{
    (void)arg;
    reload(w, false);
}

/* On the watch's thread. */
static void on_changed(void *window)
{
    window_call(window, reload_changed, NULL);
}

void settings_attach(struct window *w)
{
    check(w, &settings.mistakes);
    report(w, &settings.mistakes);
    if (!settings.path)
        return;
    settings.watch = host_watch_new(on_changed, w);
    if (!settings.watch)
        host_log("%s: not watched", settings.path);
    if (!watch_files())
        reload(w, false);
}

/* The folders on the way to the file. */
static void make_folders(const char *path)
{
    char *copy = malloc(strlen(path) + 1);
    if (!copy)
        return;
    strcpy(copy, path);
    for (char *p = copy + 1; *p; p++) {
        if (*p != '/' && *p != '\\')
            continue;
        char kept = *p;
        *p = 0;
        host_path_mkdir(copy, 0777);
        *p = kept;
    }
    free(copy);
}

/* 0, also when the file is there already. */
static int make_file(const char *path)
{
    struct host_file *file;
    char *text = config_default_file();
    if (!text)
        return -L_ENOMEM;
    make_folders(path);
    int error =
        host_file_open(path, HOST_FILE_WRITE | HOST_FILE_CREATE | HOST_FILE_EXCLUSIVE, 0666, &file);
    if (!error) {
        int64_t n = host_file_write(file, text, strlen(text), 0);
        error = n < 0 ? (int)n : 0;
        host_file_close(file);
    }
    free(text);
    return error == -L_EEXIST ? 0 : error;
}

void settings_edit(struct window *w)
{
    char text[4096];
    int error = settings.path ? make_file(settings.path) : -L_ENOENT;
    if (!error) {
        opening_start(w, host_edit_file, settings.path,
                      "No editor could be opened for the configuration file:");
        return;
    }
    snprintf(text, sizeof(text), "%.3900s: cannot be made: %s",
             settings.path ? settings.path : "The configuration file", reason_of(error));
    host_log("%s", text);
    note_pass(w, text);
}
