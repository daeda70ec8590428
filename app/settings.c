/* The configuration file: read, followed and applied. */
#include "app/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/hash.h"
#include "app/config/config_check.h"
#include "app/config/config_print.h"
#include "app/host/config_path.h"
#include "app/host/opener.h"
#include "app/host/watch.h"
#include "app/window/opening.h"
#include "app/window/window_private.h"
#include "runtime/abi/errno.h"
#include "runtime/host/file.h"
#include "runtime/host/log.h"

static struct {
    const struct arguments *arguments;
    char *path;                 /* of the file; NULL: there is no place for one */
    struct config *now;         /* in use by the window */
    const struct config *first; /* in use by the guests too */
    uint64_t hash;              /* of what was used last */
    size_t size;                /* likewise */
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

/* How a file is read, and what came of it. */
struct reading {
    bool always; /* also when it is what it was */
    bool last;   /* also when it seems to be in the middle of being saved */
    int error;   /* it cannot be read */
    size_t size;
    uint64_t hash;
};

/* What the file says now; NULL when out of memory. */
static struct config *read_file(struct mistakes *m, struct reading *r)
{
    const struct arguments *a = settings.arguments;
    r->size = 0;
    r->error = -L_ENOENT;
    char *text = settings.path ? config_read_file(settings.path, &r->size, &r->error) : NULL;
    struct config *c = config_load(text, r->size, settings.path, a->pairs, a->count, m);
    if (c)
        r->hash = hash_text(text ? text : "", r->size) ^ c->scheme.hash;
    free(text);
    return c;
}

/* Somebody has it for himself, or has emptied it and not yet written. */
static bool being_saved(const struct reading *r)
{
    return !r->last && (r->error == -L_EBUSY || (!r->error && !r->size && settings.size));
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
    struct reading r = {.last = true};
    settings.arguments = arguments;
    take_path(arguments);
    if (!arguments_check(arguments, settings.path, reason, size))
        return NULL;
    settings.now = read_file(&settings.mistakes, &r);
    settings.first = settings.now;
    settings.hash = r.hash;
    settings.size = r.size;
    /* No file is the usual case, unless the user has named one. */
    if (r.error && (r.error != -L_ENOENT || arguments->config))
        mistakes_add(&settings.mistakes, "%s: %s", settings.path, reason_of(r.error));
    if (!settings.now)
        snprintf(reason, size, "out of memory");
    return settings.now;
}

/* The configuration in use. */
static void check_config(struct window *w, struct mistakes *m)
{
    config_check(settings.now, settings.path ? settings.path : "configuration", w->sdl, m);
}

/* Takes what is in m. anew: without mistakes those of before are over. */
static void report_mistakes(struct window *w, struct mistakes *m, bool anew)
{
    char more[64] = "", title[] = "The configuration has mistakes (Escape hides this):\n";
    if (m->listed < m->count)
        snprintf(more, sizeof(more), "and %d more\n", m->count - m->listed);
    size_t size = sizeof(title) + m->size + sizeof(more);
    char *text = m->text ? malloc(size) : NULL;
    if (text)
        snprintf(text, size, "%s%s%s", title, m->text, more);
    if (text || anew)
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

/* False when nothing was done because the file is being saved. */
static bool reload(struct window *w, struct reading *r)
{
    do {
        struct mistakes m = {0};
        struct config *c = read_file(&m, r);
        if (being_saved(r)) {
            config_free(c);
            mistakes_free(&m);
            return false;
        }
        if (r->error && (r->always || r->error != -L_ENOENT))
            mistakes_add(&m, "%s: %s", settings.path ? settings.path : "configuration",
                         reason_of(r->error));
        /* A file that is gone changes nothing until it is back: editors rename it while they save.
         */
        bool use = c && !r->error && (r->always || r->hash != settings.hash);
        if (use) {
            struct config *old = settings.now;
            window_apply(w, c);
            settings.now = c;
            settings.hash = r->hash;
            settings.size = r->size;
            if (old != settings.first)
                config_free(old);
            check_config(w, &m);
        } else {
            config_free(c);
        }
        if (use || r->error)
            report_mistakes(w, &m, use);
        else
            mistakes_free(&m);
        r->always = false;
    } while (!watch_files());
    return true;
}

static void reload_always(struct window *w)
{
    reload(w, &(struct reading){.always = true, .last = true});
}

static void reload_changed(struct window *w, void *arg)
{
    bool *last = arg;
    *last = reload(w, &(struct reading){.last = *last});
}

/* On the watch's thread. */
static bool on_file_changed(void *window, bool last)
{
    bool done = last;
    return !window_call(window, reload_changed, &done) || done;
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
static int make_config_file(const char *path)
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

static void edit(struct window *w)
{
    char text[4096];
    int error = settings.path ? make_config_file(settings.path) : -L_ENOENT;
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

void settings_attach(struct window *w)
{
    static const struct window_settings calls = {.edit = edit, .reload = reload_always};
    window_set_settings(w, &calls);
    check_config(w, &settings.mistakes);
    report_mistakes(w, &settings.mistakes, true);
    if (!settings.path)
        return;
    settings.watch = host_watch_new(on_file_changed, w);
    if (!settings.watch)
        host_log("%s: not watched", settings.path);
    if (!watch_files())
        reload(w, &(struct reading){.last = true});
}
