/* Values of options, by kind. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/config/config.h"
#include "app/config/options.h"
#include "runtime/host/file.h"

#define LIST_MAX    256
#define COLUMNS_MAX 1000
#define ROWS_MAX    500

/* What is being read, and where the reason goes. */
struct reading {
    const struct option *option;
    void *field;
    const char *value;
    int index;
    struct config *config;
    char *reason;
    size_t size;
};

static bool wrong(const struct reading *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool wrong(const struct reading *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(r->reason, r->size, format, args);
    va_end(args);
    return false;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool option_unescape(char *text)
{
    static const char names[] = "nrte\\\"", values[] = "\n\r\t\033\\\"";
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (*from != '\\') {
            *to++ = *from;
            continue;
        }
        const char *name = from[1] ? strchr(names, from[1]) : NULL;
        if (name) {
            *to++ = values[name - names];
            from++;
        } else if (from[1] == 'x' && hex(from[2]) >= 0 && hex(from[3]) >= 0 &&
                   (from[2] != '0' || from[3] != '0')) {
            *to++ = (char)(hex(from[2]) << 4 | hex(from[3]));
            from += 3;
        } else {
            return false;
        }
    }
    *to = 0;
    return true;
}

/* A copy of the value, without the quotes when it has them; NULL with a reason. */
static char *unquoted(const struct reading *r)
{
    size_t n = strlen(r->value);
    char *copy = malloc(n + 1);
    if (!copy) {
        wrong(r, "out of memory");
        return NULL;
    }
    memcpy(copy, r->value, n + 1);
    if (copy[0] != '"')
        return copy;
    /* The closing quote is the first one without an odd number of backslashes before it. */
    size_t end = 1;
    while (copy[end] && copy[end] != '"')
        end += copy[end] == '\\' && copy[end + 1] ? 2 : 1;
    if (copy[end] != '"')
        wrong(r, "the closing quote is missing");
    else if (copy[end + 1])
        wrong(r, "text after the closing quote");
    else {
        copy[end] = 0;
        memmove(copy, copy + 1, end);
        if (option_unescape(copy))
            return copy;
        wrong(r, "an unknown escape; \\n \\r \\t \\e \\\\ \\\" and \\xHH are known");
    }
    free(copy);
    return NULL;
}

static bool read_text(const struct reading *r)
{
    char *text = unquoted(r);
    if (!text)
        return false;
    free(*(char **)r->field);
    *(char **)r->field = text;
    return true;
}

static bool is_percent(const struct option *o)
{
    return o->argument && strcmp(o->argument, "PERCENT") == 0;
}

static bool read_number(const struct reading *r)
{
    char *end;
    double value = strtod(r->value, &end);
    bool whole = r->option->kind == OPTION_INTEGER;
    if (*end == '%' && is_percent(r->option))
        end++;
    /* Only digits: no hexadecimal numbers, no infinity. */
    if (end == r->value || *end || strspn(r->value, "+-.0123456789eE%") != strlen(r->value))
        return wrong(r, "not a number: %s", r->value);
    if (whole && value != floor(value))
        return wrong(r, "not a whole number: %s", r->value);
    if (value < r->option->low || value > r->option->high)
        return wrong(r, "%s is not between %g and %.0f", r->value, r->option->low, r->option->high);
    if (whole)
        *(int *)r->field = (int)value;
    else
        *(double *)r->field = value;
    return true;
}

static bool read_yes_no(const struct reading *r)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(r->value, words[i]) == 0) {
            *(bool *)r->field = i % 2;
            return true;
        }
    }
    return wrong(r, "neither yes nor no: %s", r->value);
}

static bool read_choice(const struct reading *r)
{
    int which = 0;
    size_t size = strlen(r->value);
    for (const char *word = r->option->words; *word; which++) {
        size_t n = strcspn(word, " ");
        if (n == size && memcmp(word, r->value, n) == 0) {
            *(int *)r->field = which;
            return true;
        }
        word += n + (word[n] == ' ');
    }
    return wrong(r, "%s is none of: %s", r->value, r->option->words);
}

static bool read_color(const struct reading *r)
{
    const char *digits = r->value[0] == '#' ? r->value + 1 : r->value;
    size_t n = strlen(digits);
    uint32_t color = 0;
    for (size_t i = 0; i < n && n <= 6; i++) {
        int d = hex(digits[i]);
        if (d < 0)
            return wrong(r, "not a colour (#rgb or #rrggbb): %s", r->value);
        color = color << 4 | (uint32_t)d;
        if (n == 3)
            color = color << 4 | (uint32_t)d;
    }
    if (r->value[0] && n != 3 && n != 6)
        return wrong(r, "not a colour (#rgb or #rrggbb): %s", r->value);
    ((uint32_t *)r->field)[r->index] = r->value[0] ? color | COLOR_SET : 0;
    return true;
}

static bool read_scheme(const struct reading *r)
{
    char *name = unquoted(r);
    bool ok = name && scheme_load(r->field, name, r->config->folder, r->reason, r->size);
    free(name);
    return ok;
}

static bool read_cells(const struct reading *r)
{
    char *end, *last;
    long columns = strtol(r->value, &end, 10);
    long rows = *end == 'x' || *end == 'X' ? strtol(end + 1, &last, 10) : 0;
    if (strspn(r->value, "0123456789xX") != strlen(r->value) || rows == 0 || *last)
        return wrong(r, "not COLUMNSxROWS: %s", r->value);
    if (columns < 1 || columns > COLUMNS_MAX || rows < 1 || rows > ROWS_MAX)
        return wrong(r, "%s is not between 1x1 and %dx%d", r->value, COLUMNS_MAX, ROWS_MAX);
    *(struct config_cells *)r->field = (struct config_cells){(int)columns, (int)rows};
    return true;
}

static bool read_bytes(const struct reading *r)
{
    static const char units[] = "KMGT";
    char *end;
    double value = strtod(r->value, &end);
    const char *unit = *end ? strchr(units, *end & ~0x20) : NULL;
    if (end == r->value || (*end && (!unit || end[1])) ||
        strspn(r->value, ".0123456789kKmMgGtT") != strlen(r->value))
        return wrong(r, "not a size such as 512M: %s", r->value);
    for (int i = 0; unit && i <= unit - units; i++)
        value *= 1024;
    if (value > 1e18)
        return wrong(r, "too large: %s", r->value);
    if (value > 0 && value < r->option->low)
        return wrong(r, "too small: %s; at least %.0fM", r->value, r->option->low / 1048576);
    *(uint64_t *)r->field = (uint64_t)value;
    return true;
}

/* Takes item, also when it fails. */
static bool append_item(const struct reading *r, struct config_list *list, char *item)
{
    if (list->count == LIST_MAX) {
        free(item);
        return wrong(r, "more than %d", LIST_MAX);
    }
    char **more = realloc(list->items, ((size_t)list->count + 2) * sizeof(char *));
    if (!more || !item) {
        if (more)
            list->items = more;
        free(item);
        return wrong(r, "out of memory");
    }
    list->items = more;
    more[list->count++] = item;
    more[list->count] = NULL;
    return true;
}

/* HOST:/GUEST, where HOST may hold colons. Cuts it apart and puts it together again. */
static bool check_folder(const struct reading *r, char *item)
{
    struct host_stat stat;
    char *colon = strrchr(item, ':');
    if (colon[1] != '/')
        return wrong(r, "the name inside does not begin with /: %s", item);
    *colon = 0;
    bool folder = host_path_stat_follow(item, &stat) == 0 && (stat.mode & 0170000) == 0040000;
    if (!folder)
        wrong(r, "no such folder: %s", item);
    *colon = ':';
    return folder;
}

static bool read_list(const struct reading *r)
{
    char *item = unquoted(r);
    if (!item)
        return false;
    /* NAME=VALUE and HOST:GUEST: the separator has to be there, and a name before it. */
    char separator = strchr(r->option->argument, '=') ? '=' : ':';
    char *at = strchr(item, separator);
    if (!at || at == item) {
        wrong(r, "not of the form %s: %s", r->option->argument, item);
        free(item);
        return false;
    }
    if (separator == ':' && !check_folder(r, item)) {
        free(item);
        return false;
    }
    return append_item(r, r->field, item);
}

/* One word, as a shell reads it, into out. Returns where to go on, NULL when a quote is open. */
static const char *read_word(const char *from, char *out)
{
    char quote = 0;
    for (; *from && (quote || (*from != ' ' && *from != '\t')); from++) {
        if (!quote && (*from == '\'' || *from == '"'))
            quote = *from;
        else if (quote && *from == quote)
            quote = 0;
        else if (*from == '\\' && quote != '\'' && from[1] &&
                 (!quote || from[1] == '"' || from[1] == '\\'))
            *out++ = *++from;
        else
            *out++ = *from;
    }
    *out = 0;
    return quote ? NULL : from;
}

static void free_words(struct config_list *list)
{
    for (int i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct config_list){0};
}

static bool read_command(const struct reading *r)
{
    struct config_list words = {0};
    const char *at = r->value;
    while (at && *(at += strspn(at, " \t"))) {
        char *word = malloc(strlen(at) + 1);
        at = word ? read_word(at, word) : at;
        if (!at) {
            free(word);
            wrong(r, "the closing quote is missing");
        } else if (!append_item(r, &words, word)) {
            at = NULL;
        }
    }
    if (!at) {
        free_words(&words);
        return false;
    }
    free_words(r->field);
    *(struct config_list *)r->field = words;
    return true;
}

static bool read_bind(const struct reading *r)
{
    return bindings_bind(r->field, r->value, r->reason, r->size);
}

static bool read_unbind(const struct reading *r)
{
    return bindings_unbind(r->field, r->value, r->reason, r->size);
}

bool option_set(const struct option *option, int index, struct config *config, const char *value,
                char *reason, size_t size)
{
    static bool (*const readers[])(const struct reading *) = {
        [OPTION_TEXT] = read_text,      [OPTION_NUMBER] = read_number,
        [OPTION_INTEGER] = read_number, [OPTION_YES_NO] = read_yes_no,
        [OPTION_CHOICE] = read_choice,  [OPTION_COLOR] = read_color,
        [OPTION_PALETTE] = read_color,  [OPTION_SCHEME] = read_scheme,
        [OPTION_CELLS] = read_cells,    [OPTION_BYTES] = read_bytes,
        [OPTION_LIST] = read_list,      [OPTION_COMMAND] = read_command,
        [OPTION_BIND] = read_bind,      [OPTION_UNBIND] = read_unbind};
    struct reading r = {.option = option,
                        .field = (char *)config + option->offset,
                        .value = value,
                        .index = index,
                        .config = config,
                        .reason = reason,
                        .size = size};
    return readers[option->kind](&r);
}
