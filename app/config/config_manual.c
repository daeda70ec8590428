/* The manual page, in the macros of groff_man(7). */
#include <string.h>

#include "app/base/strbuf.h"
#include "app/config/actions.h"
#include "app/config/arguments.h"
#include "app/config/bindings.h"
#include "app/config/config_print.h"
#include "app/config/options.h"
#include "app/config/schemes.h"

/* Text as it is: no control lines, no escapes, dashes that can be copied. */
static void add_text(struct strbuf *p, const char *text)
{
    if (*text == '.' || *text == '\'')
        strbuf_add(p, "\\&");
    for (; *text; text++) {
        if (text[0] == '.' && text[1] == ' ') {
            /* Sentences begin lines, so that the spaces between them are right. */
            strbuf_add(p, ".\n");
            text++;
        } else if (*text == '\\')
            strbuf_add(p, "\\e");
        else if (*text == '-')
            strbuf_add(p, "\\-");
        else if (*text == '\'')
            strbuf_add(p, "\\(aq");
        else if (*text == '`')
            strbuf_add(p, "\\(ga");
        else if (*text == '"')
            strbuf_add(p, "\\(dq");
        else
            strbuf_add(p, "%c", *text);
    }
}

/* A paragraph with the name in bold and the argument in italics before it. */
static void add_item(struct strbuf *p, const char *dashes, const char *name, const char *argument,
                     const char *text)
{
    strbuf_add(p, ".TP\n.B ");
    add_text(p, dashes);
    add_text(p, name);
    if (argument) {
        strbuf_add(p, " \\fI");
        add_text(p, argument);
        strbuf_add(p, "\\fP");
    }
    strbuf_add(p, "\n");
    add_text(p, text);
    strbuf_add(p, "\n");
}

/* One of the words of a choice. */
static void add_words(struct strbuf *p, const struct option *o)
{
    const char *words = o->kind == OPTION_YES_NO ? "yes no" : o->words;
    strbuf_add(p, "One of");
    while (*words) {
        size_t n = strcspn(words, " ");
        strbuf_add(p, "\n.BR %.*s%s", (int)n, words, words[n] ? " ," : " .");
        words += n + (words[n] == ' ');
    }
    strbuf_add(p, "\n");
}

static void add_schemes(struct strbuf *p)
{
    strbuf_add(p, "Built in are");
    for (size_t i = 0; i < scheme_file_count; i++) {
        strbuf_add(p, "\n.BR ");
        add_text(p, scheme_files[i].name);
        strbuf_add(p, i + 1 < scheme_file_count ? " ," : " .");
    }
    strbuf_add(p, "\n");
}

static void add_options(struct strbuf *p)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &options[i];
        if (o->section) {
            strbuf_add(p, ".SS %s\n", o->section);
            continue;
        }
        add_item(p, "--", o->name, o->argument, o->text);
        if (!o->argument)
            add_words(p, o);
        if (o->kind == OPTION_SCHEME)
            add_schemes(p);
        if (o->fallback[0]) {
            strbuf_add(p, "Default:\n.BR ");
            /* In quotes: blanks belong to it. */
            strbuf_add(p, "\"");
            add_text(p, o->fallback);
            strbuf_add(p, "\" .\n");
        }
        if (o->at_start)
            strbuf_add(p, "A change waits for the next start.\n");
    }
}

static void add_actions(struct strbuf *p)
{
    for (int i = 0; i < ACTION_COUNT; i++) {
        const struct action_info *a = &action_table[i];
        add_item(p, "", a->name, a->argument, a->text);
        for (const char *keys = a->keys; *keys;) {
            size_t n = strcspn(keys, " ");
            strbuf_add(p, "%s\n.BR %.*s", keys == a->keys ? "Keys:" : ",", (int)n, keys);
            keys += n + (keys[n] == ' ');
            strbuf_add(p, *keys ? " " : " .\n");
        }
        if (a->windows_keys)
            strbuf_add(p, "On Windows:\n.BR %s .\n", a->windows_keys);
    }
}

static void add_keys(struct strbuf *p)
{
    uint32_t key;
    const char *name;
    strbuf_add(p, "A key is written as modifiers and the key, joined by plus signs:\n"
                  ".BR ctrl ,\n.BR shift ,\n.BR alt ,\n.BR super ;\n"
                  "then the character that the key gives without Shift, or one of the names\n");
    for (size_t i = 0; (name = binding_key_name(i, &key)); i++)
        strbuf_add(p, ".BR %s ,\n", name);
    strbuf_add(p, ".BR f1 \\ to\n.BR f24 ,\n.BR kp_0 \\ to\n.BR kp_9 .\n"
                  "A character that needs Shift can be named too:\n.B ctrl+plus\n"
                  "is Ctrl, Shift and the key with = and + on some keyboards.\n"
                  "Ctrl and the wheel change the size of the font.\n");
}

char *config_manual(void)
{
    struct strbuf p = {0};
    strbuf_add(&p,
               ".\\\" Made from app/config/options.def and app/config/actions.def.\n"
               ".TH FORELAND 1 \"\" \"Foreland " FORELAND_VERSION "\" \"User Commands\"\n"
               ".SH NAME\nforeland \\- a terminal window with Linux inside\n"
               ".SH SYNOPSIS\n.B foreland\n.RI [ options ]\n.RI [ command\n"
               ".RI [ arguments .\\|.\\|.]]\n"
               ".SH DESCRIPTION\n"
               "Opens a window with Linux inside: a login bash, or the command.\n"
               "Programs for Linux run in the window's own process; there is no virtual machine.\n"
               ".SH OPTIONS\n");
    for (size_t i = 0; i < argument_count; i++)
        add_item(&p, "--", argument_table[i].name, argument_table[i].argument,
                 argument_table[i].text);
    strbuf_add(&p,
               ".PP\nEach of the following can also stand in the configuration file; the command "
               "line\nstands above it. A value may follow an equals sign instead of a blank.\n");
    add_options(&p);
    strbuf_add(
        &p, ".SH CONFIGURATION FILE\n"
            "Each line is\n.IR NAME \\ =\\  VALUE ,\n"
            "where the name is that of an option without its dashes.\n"
            "Lines that begin with # are comments.\n"
            "Text may stand in double quotes, where \\en, \\er, \\et, \\ee, \\e\\e, \\e\\(dq and "
            "\\exHH are known.\n"
            "A mistake is shown in the window and written to the log, with its line; the rest "
            "applies.\n"
            "The file is read again when it is saved.\n"
            ".SH KEYS\n");
    add_keys(&p);
    strbuf_add(&p, ".PP\nThe actions are:\n");
    add_actions(&p);
    strbuf_add(&p, ".SH FILES\n"
                   ".TP\n.I $XDG_CONFIG_HOME/foreland/foreland.conf\n"
                   "The configuration; $XDG_CONFIG_HOME is ~/.config when it is not set.\n"
                   "On Windows foreland.conf beside the program if there is one, else\n"
                   "%%APPDATA%%\\eForeland\\eforeland.conf.\n"
                   ".TP\n.I schemes/NAME.conf\n"
                   "Colour schemes of the user, in the folder of the configuration file:\n"
                   "lines with colours alone.\n"
                   ".SH SEE ALSO\n.BR bash (1),\n.BR xterm (1)\n");
    return strbuf_finish(&p);
}
