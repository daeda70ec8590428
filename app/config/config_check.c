/* What a configuration asks for and this machine does not have: fonts, translucency. */
#include "app/config/config_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/config/config.h"
#include "app/font/faces.h"
#include "app/font/font.h"
#include "app/host/window_system.h"

/* Where it was said: "FILE:LINE", or "--NAME" on the command line. */
static const char *check_place(const struct config *c, enum option_row row, const char *name,
                               char text[512])
{
    if (c->lines[row]) {
        snprintf(text, 512, "%.480s:%d", name, c->lines[row]);
        return text;
    }
    for (size_t i = 0; i < option_count; i++)
        if (options[i].name && options[i].row == row)
            snprintf(text, 512, "--%s", options[i].name);
    return text;
}

/* Who looks for mistakes, and where they go. */
struct check {
    const struct config *config;
    const char *file;
    struct mistakes *mistakes;
};

static void check_font(const struct check *k, const char *name, unsigned style, enum option_row row)
{
    char where[512];
    if (name[0] && !faces_has(name, style, k->config->folder))
        mistakes_add(k->mistakes, "%s: %s: %.200s", check_place(k->config, row, k->file, where),
                     faces_is_file(name) ? "not a font file that can be read" : "no such font",
                     name);
}

static void check_family(const struct check *k)
{
    const char *names = k->config->font;
    char *copy = malloc(strlen(names) + 1), *rest = copy, *name;
    if (!copy)
        return;
    strcpy(copy, names);
    while ((name = faces_next_name(&rest)))
        check_font(k, name, 0, OPTION_ROW_font);
    free(copy);
}

void config_check(const struct config *c, const char *name, SDL_Window *window, struct mistakes *m)
{
    struct check k = {c, name, m};
    char where[512];
    const char *reason = NULL;
    check_family(&k);
    check_font(&k, c->font_bold, FONT_BOLD, OPTION_ROW_font_bold);
    check_font(&k, c->font_italic, FONT_ITALIC, OPTION_ROW_font_italic);
    check_font(&k, c->font_bold_italic, FONT_BOLD | FONT_ITALIC, OPTION_ROW_font_bold_italic);
    if (c->opacity < 100 && !host_window_blends(window, &reason))
        mistakes_add(m, "%s: %s", check_place(c, OPTION_ROW_opacity, name, where), reason);
}
