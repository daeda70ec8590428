#include "app/config_print.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/actions.h"
#include "app/arguments.h"
#include "app/bindings.h"
#include "app/options.h"

#define WIDTH  80
#define INDENT 8 /* of the texts in --help */

/* A text that grows; once memory is lacking it stays NULL. */
struct page {
    char *text;
    size_t size;
    bool failed;
};

static void add(struct page *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct page *p, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    char *more = n < 0 || p->failed ? NULL : realloc(p->text, p->size + (size_t)n + 1);
    if (more) {
        vsnprintf(more + p->size, (size_t)n + 1, format, again);
        p->text = more;
        p->size += (size_t)n;
    } else {
        p->failed = true;
    }
    va_end(again);
    va_end(args);
}

static char *finish(struct page *p)
{
    if (!p->failed)
        return p->text;
    free(p->text);
    return NULL;
}

/* Lines of at most WIDTH columns, each after the prefix. */
static void wrap(struct page *p, const char *prefix, const char *text)
{
    size_t room = WIDTH - strlen(prefix);
    while (*text) {
        size_t n = strlen(text);
        if (n > room) {
            for (n = room; n > 0 && text[n] != ' '; n--)
                ;
            n = n ? n : strcspn(text, " ");
        }
        add(p, "%s%.*s\n", prefix, (int)n, text);
        text += n + strspn(text + n, " ");
    }
}

/* What may stand after the name. */
static void add_argument(struct page *p, const struct option *o)
{
    if (o->argument)
        add(p, "%s", o->argument);
    else if (o->kind == OPTION_YES_NO)
        add(p, "yes|no");
    else
        for (const char *w = o->words; *w; w++)
            add(p, "%c", *w == ' ' ? '|' : *w);
}

char *config_help(void)
{
    struct page p = {0};
    add(&p, "Usage: foreland [options] [command arguments...]\n"
            "Opens a window with Linux inside: a login bash, or the command.\n");
    for (size_t i = 0; i < argument_count; i++) {
        const struct argument *a = &argument_table[i];
        add(&p, "%s  --%s%s%s\n", i ? "" : "\n", a->name, a->argument ? " " : "",
            a->argument ? a->argument : "");
        wrap(&p, "        ", a->text);
    }
    add(&p,
        "\nEach of the following can also stand in the configuration file, without the dashes:\n"
        "NAME = VALUE.\n");
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &options[i];
        if (o->section) {
            add(&p, "\n%s\n", o->section);
            continue;
        }
        add(&p, "  --%s ", o->name);
        add_argument(&p, o);
        add(&p, o->fallback[0] ? "  (%s)\n" : "\n", o->fallback);
        wrap(&p, "        ", o->text);
    }
    return finish(&p);
}

/* The actions and the keys they have. */
static void add_bindings(struct page *p)
{
    add(p, "#\n# Actions, with the keys they have:\n#\n");
    for (int i = 0; i < ACTION_COUNT; i++) {
        const struct action_info *a = &action_table[i];
        add(p, "# %s%s%s\n", a->name, a->argument ? " " : "", a->argument ? a->argument : "");
        wrap(p, "#     ", a->text);
        for (const char *keys = a->keys; *keys; keys += strspn(keys, " ")) {
            size_t n = strcspn(keys, " ");
            add(p, "# bind = %.*s %s\n", (int)n, keys, a->name);
            keys += n;
        }
    }
}

char *config_default_file(void)
{
    struct page p = {0};
    add(&p, "# Configuration of Foreland. Each line is NAME = VALUE; lines that begin with # are\n"
            "# comments. Every option is below, with its default. A change takes effect when\n"
            "# this file is saved, unless it says that it waits for the next start.\n");
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &options[i];
        if (o->section) {
            add(&p, "\n\n# ---- %s ----\n", o->section);
            continue;
        }
        add(&p, "\n");
        wrap(&p, "# ", o->text);
        if (o->argument || o->words) {
            add(&p, "# ");
            add_argument(&p, o);
            add(&p, "\n");
        }
        if (o->at_start)
            add(&p, "# Waits for the next start.\n");
        add(&p, "# %s =%s%s\n", o->kind == OPTION_PALETTE ? "color0" : o->name,
            o->fallback[0] ? " " : "", o->fallback);
    }
    add_bindings(&p);
    return finish(&p);
}
