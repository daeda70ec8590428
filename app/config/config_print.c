/* The default file and --help, made from the table of options. */
#include "app/config/config_print.h"

#include <stdlib.h>
#include <string.h>

#include "app/base/strbuf.h"
#include "app/config/actions.h"
#include "app/config/arguments.h"
#include "app/config/bindings.h"
#include "app/config/options.h"
#include "app/config/schemes.h"

#define WIDTH 80

/* Lines of at most WIDTH columns, each after the prefix. */
static void wrap_text(struct strbuf *p, const char *prefix, const char *text)
{
    size_t room = WIDTH - strlen(prefix);
    while (*text) {
        size_t n = strlen(text);
        if (n > room) {
            for (n = room; n > 0 && text[n] != ' '; n--)
                ;
            n = n ? n : strcspn(text, " ");
        }
        strbuf_add(p, "%s%.*s\n", prefix, (int)n, text);
        text += n + strspn(text + n, " ");
    }
}

/* What may stand after the name. */
static void add_argument(struct strbuf *p, const struct option *o)
{
    if (o->argument)
        strbuf_add(p, "%s", o->argument);
    else if (o->kind == OPTION_YES_NO)
        strbuf_add(p, "yes|no");
    else
        for (const char *w = o->words; *w; w++)
            strbuf_add(p, "%c", *w == ' ' ? '|' : *w);
}

/* The names of the built-in schemes in lines after the prefix. */
static void list_schemes(struct strbuf *p, const char *prefix)
{
    struct strbuf names = {0};
    strbuf_add(&names, "Built in:");
    for (size_t i = 0; i < scheme_file_count; i++)
        strbuf_add(&names, " %s%s", scheme_files[i].name, i + 1 < scheme_file_count ? "," : ".");
    char *text = strbuf_finish(&names);
    if (text)
        wrap_text(p, prefix, text);
    else
        p->failed = true;
    free(text);
}

char *config_help(void)
{
    struct strbuf p = {0};
    strbuf_add(&p, "Usage: foreland [options] [command arguments...]\n"
                   "Opens a window with Linux inside: a login bash, or the command.\n");
    for (size_t i = 0; i < argument_count; i++) {
        const struct argument *a = &argument_table[i];
        strbuf_add(&p, "%s  --%s%s%s\n", i ? "" : "\n", a->name, a->argument ? " " : "",
                   a->argument ? a->argument : "");
        wrap_text(&p, "        ", a->text);
    }
    strbuf_add(
        &p,
        "\nEach of the following can also stand in the configuration file, without the dashes:\n"
        "NAME = VALUE.\n");
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &options[i];
        if (o->section) {
            strbuf_add(&p, "\n%s\n", o->section);
            continue;
        }
        strbuf_add(&p, "  --%s ", o->name);
        add_argument(&p, o);
        strbuf_add(&p, o->fallback[0] ? "  (%s)\n" : "\n", o->fallback);
        wrap_text(&p, "        ", o->text);
        if (o->kind == OPTION_SCHEME)
            list_schemes(&p, "        ");
    }
    return strbuf_finish(&p);
}

/* The actions and the keys they have. */
static void add_bindings(struct strbuf *p)
{
    strbuf_add(p, "#\n# Actions, with the keys they have:\n#\n");
    for (int i = 0; i < ACTION_COUNT; i++) {
        const struct action_info *a = &action_table[i];
        strbuf_add(p, "# %s%s%s\n", a->name, a->argument ? " " : "",
                   a->argument ? a->argument : "");
        wrap_text(p, "#     ", a->text);
        for (const char *keys = a->keys; *keys; keys += strspn(keys, " ")) {
            size_t n = strcspn(keys, " ");
            strbuf_add(p, "# bind = %.*s %s\n", (int)n, keys, a->name);
            keys += n;
        }
        if (a->windows_keys)
            strbuf_add(p, "#     On Windows: %s\n", a->windows_keys);
    }
}

char *config_default_file(void)
{
    struct strbuf p = {0};
    strbuf_add(
        &p, "# Configuration of Foreland. Each line is NAME = VALUE; lines that begin with # are\n"
            "# comments. Every option is below, with its default. A change takes effect when\n"
            "# this file is saved, unless it says that it waits for the next start.\n");
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &options[i];
        if (o->section) {
            strbuf_add(&p, "\n\n# ---- %s ----\n", o->section);
            continue;
        }
        strbuf_add(&p, "\n");
        wrap_text(&p, "# ", o->text);
        if (o->kind == OPTION_SCHEME)
            list_schemes(&p, "# ");
        if (o->argument || o->words) {
            strbuf_add(&p, "# ");
            add_argument(&p, o);
            strbuf_add(&p, "\n");
        }
        if (o->at_start)
            strbuf_add(&p, "# Waits for the next start.\n");
        strbuf_add(&p, "# %s =%s%s\n", o->kind == OPTION_PALETTE ? "color0" : o->name,
                   o->fallback[0] ? " " : "", o->fallback);
    }
    add_bindings(&p);
    return strbuf_finish(&p);
}
