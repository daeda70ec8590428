/* Reads the configuration: lines of a file and pairs of the command line into struct config. */
#include "app/config/config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/config/options.h"
#include "runtime/abi/errno.h"
#include "runtime/host/file.h"
#include "term/unicode/unicode.h"

#define MISTAKES_SHOWN 20
#define LINE_SHOWN     60 /* of a value that is quoted in a reason */

void mistakes_add(struct mistakes *m, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof(line) - 1, format, args);
    va_end(args);
    m->count++;
    if (m->listed >= MISTAKES_SHOWN || n < 0)
        return;
    for (char *p = line; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f ||
            ((unsigned char)*p == 0xc2 && (unsigned char)p[1] >= 0x80 &&
             (unsigned char)p[1] < 0xa0))
            *p = '?';
    size_t length = strlen(line);
    line[length++] = '\n';
    char *more = realloc(m->text, m->size + length + 1);
    if (!more)
        return;
    memcpy(more + m->size, line, length);
    m->size += length;
    more[m->size] = 0;
    m->text = more;
    m->listed++;
}

void mistakes_free(struct mistakes *m)
{
    free(m->text);
    *m = (struct mistakes){0};
}

void config_free(struct config *c)
{
    for (size_t i = 0; c && i < option_count; i++)
        option_free(&options[i], c);
    if (c)
        free(c->folder);
    free(c);
}

/* The path without its last component, malloc'ed. */
static char *folder_of(const char *path)
{
    size_t n = strlen(path);
    while (n > 0 && path[n - 1] != '/' && path[n - 1] != '\\')
        n--;
    char *folder = malloc(n + 2);
    if (folder)
        snprintf(folder, n + 2, n == 0 ? "." : "%.*s", n > 1 ? (int)n - 1 : 1, path);
    return folder;
}

struct config *config_new(const char *path)
{
    struct config *c = calloc(1, sizeof(*c));
    if (!c || (path && !(c->folder = folder_of(path)))) {
        free(c);
        return NULL;
    }
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &options[i];
        char reason[256];
        bool ok = true;
        if (o->kind == OPTION_BIND)
            ok = !o->name || bindings_default(&c->bindings, host_has_drives());
        else if (o->kind != OPTION_LIST && o->kind != OPTION_UNBIND && o->name)
            ok = option_set(o, 0, c, o->fallback, reason, sizeof(reason));
        if (!ok) {
            config_free(c);
            return NULL;
        }
    }
    return c;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

/* "name = value" in a line of its own, zero-terminated and trimmed. */
static bool take_line(struct config *c, char *line, int number, bool colors, char *reason,
                      size_t size)
{
    size_t n = strcspn(line, "= \t");
    char *value = line + n + strspn(line + n, " \t");
    int index;
    if (line[0] == '[') {
        snprintf(reason, size, "there are no sections; write NAME = VALUE");
        return false;
    }
    const struct option *o = option_find(line, n, &index);
    if (!o) {
        const char *guess = option_guess(line, n);
        snprintf(reason, size, "no such option: %.*s%s%s%s", (int)(n < LINE_SHOWN ? n : LINE_SHOWN),
                 line, guess ? " (perhaps " : "", guess ? guess : "", guess ? "?)" : "");
        return false;
    }
    if (colors && o->kind != OPTION_COLOR && o->kind != OPTION_PALETTE) {
        snprintf(reason, size, "%s is not a colour", o->name);
        return false;
    }
    if (*value != '=') {
        snprintf(reason, size, "= is missing after %s", o->name);
        return false;
    }
    value++;
    value += strspn(value, " \t");
    if (!option_set(o, index, c, value, reason, size))
        return false;
    c->lines[o->row] = number;
    return true;
}

static bool is_utf8(const char *text, size_t n)
{
    uint32_t code;
    for (size_t at = 0; at < n;) {
        size_t taken = utf8_decode((const uint8_t *)text + at, n - at, &code);
        if (code == UNICODE_REPLACEMENT && taken < 3)
            return false;
        at += taken;
    }
    return true;
}

static void parse_file(struct config *c, const char *text, size_t n, const char *name, bool colors,
                       struct mistakes *m)
{
    size_t at = n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    if (n >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0)) {
        mistakes_add(m, "%s:1: UTF-16 (some editors call it Unicode); save the file as UTF-8",
                     name);
        return;
    }
    for (int number = 1; at < n; number++) {
        const char *end = memchr(text + at, '\n', n - at);
        size_t next = end ? (size_t)(end - text) + 1 : n, stop = end ? next - 1 : n;
        while (at < stop && blank(text[at]))
            at++;
        while (stop > at && (blank(text[stop - 1]) || text[stop - 1] == '\r'))
            stop--;
        char reason[512], *line = malloc(stop - at + 1);
        if (!line) {
            mistakes_add(m, "%s:%d: out of memory", name, number);
            return;
        }
        memcpy(line, text + at, stop - at);
        line[stop - at] = 0;
        if (strlen(line) != stop - at)
            mistakes_add(m, "%s:%d: a zero byte; not a text file?", name, number);
        else if (line[0] != '#' && !is_utf8(line, stop - at))
            mistakes_add(m, "%s:%d: not UTF-8 (perhaps ANSI); save the file as UTF-8", name,
                         number);
        else if (line[0] && line[0] != '#' &&
                 !take_line(c, line, number, colors, reason, sizeof(reason)))
            mistakes_add(m, "%s:%d: %s", name, number, reason);
        free(line);
        at = next;
    }
}

void config_parse_colors(struct config *c, const char *text, size_t n, const char *name,
                         struct mistakes *m)
{
    parse_file(c, text, n, name, true, m);
}

char *config_read_file(const char *path, size_t *n, int *error)
{
    struct host_file *file;
    struct host_stat stat;
    char *text = NULL;
    *error = host_file_open(path, HOST_FILE_READ, 0, &file);
    if (*error)
        return NULL;
    *error = host_file_fstat(file, &stat);
    /* Devices too: /dev/null is an empty file. */
    if (!*error && (stat.mode & 0170000) != 0100000 && (stat.mode & 0170000) != 0020000)
        *error = -L_EISDIR;
    if (!*error && stat.size > CONFIG_FILE_BYTES)
        *error = -L_EFBIG;
    if (!*error && !(text = malloc(CONFIG_FILE_BYTES + 1)))
        *error = -L_ENOMEM;
    *n = 0;
    /* It may grow meanwhile; what is read is what counts. */
    while (!*error && *n < CONFIG_FILE_BYTES) {
        int64_t got = host_file_read(file, text + *n, CONFIG_FILE_BYTES - *n, *n);
        if (got < 0)
            *error = (int)got;
        if (got <= 0)
            break;
        *n += (size_t)got;
    }
    host_file_close(file);
    if (*error) {
        free(text);
        return NULL;
    }
    text[*n] = 0;
    return text;
}

struct config *config_load(const char *text, size_t n, const char *path,
                           const struct config_pair *pairs, int count, struct mistakes *m)
{
    struct config *c = config_new(path);
    if (!c)
        return NULL;
    if (text)
        parse_file(c, text, n, path ? path : "configuration", false, m);
    bindings_settle(&c->bindings);
    for (int i = 0; i < count; i++) {
        char reason[512];
        c->lines[pairs[i].option->row] = 0;
        if (!option_set(pairs[i].option, pairs[i].index, c, pairs[i].value, reason, sizeof(reason)))
            mistakes_add(m, "--%s: %s", pairs[i].option->name, reason);
    }
    return c;
}

/* The first colour that is set; else what is there. */
static void choose_color(uint32_t *to, uint32_t own, uint32_t scheme)
{
    uint32_t color = own ? own : scheme;
    if (color)
        *to = color & ~COLOR_SET;
}

void config_term_options(const struct config *c, struct term_options *options)
{
    const struct colors *scheme = &c->scheme.colors;
    term_options_default(options);
    choose_color(&options->foreground, c->foreground, scheme->foreground);
    choose_color(&options->background, c->background, scheme->background);
    options->cursor_color = options->foreground;
    choose_color(&options->cursor_color, c->cursor, scheme->cursor);
    for (int i = 0; i < 256; i++)
        choose_color(&options->palette[i], c->palette[i], scheme->palette[i]);
    /* As DECSCUSR numbers them: 1 and 2 block, 3 and 4 underline, 5 and 6 bar; odd ones blink. */
    options->cursor_shape = 2 * c->cursor_shape + (c->cursor_blink ? 1 : 2);
    options->scrollback_lines = c->scrollback;
    options->ambiguous_is_wide = c->ambiguous_width == AMBIGUOUS_WIDE;
    options->bold_is_bright = c->bold_is_bright;
    options->clipboard_write = c->clipboard_write;
    options->clipboard_read = c->clipboard_read;
    options->word_separators = c->word_separators;
}

void config_selection(const struct config *c, uint32_t *foreground, uint32_t *background)
{
    const struct colors *scheme = &c->scheme.colors;
    *foreground = c->selection_foreground ? c->selection_foreground : scheme->selection_foreground;
    *background = c->selection_background ? c->selection_background : scheme->selection_background;
}
