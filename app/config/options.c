/* The table of options, finding a row by its name or by one that is nearly its name. */
#include "app/config/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/config/config.h"

#define GUESS_SIZE 32 /* longer names are not compared */

#define OFFSET_TEXT(field)    offsetof(struct config, field)
#define OFFSET_NUMBER(field)  offsetof(struct config, field)
#define OFFSET_INTEGER(field) offsetof(struct config, field)
#define OFFSET_YES_NO(field)  offsetof(struct config, field)
#define OFFSET_CHOICE(field)  offsetof(struct config, field)
#define OFFSET_SCHEME(field)  offsetof(struct config, field)
#define OFFSET_COLOR(field)   offsetof(struct config, field)
#define OFFSET_PALETTE(field) offsetof(struct config, field)
#define OFFSET_CELLS(field)   offsetof(struct config, field)
#define OFFSET_BYTES(field)   offsetof(struct config, field)
#define OFFSET_LIST(field)    offsetof(struct config, field)
#define OFFSET_COMMAND(field) offsetof(struct config, field)
#define OFFSET_BIND(field)    offsetof(struct config, field)
#define OFFSET_UNBIND(field)  offsetof(struct config, bindings)

const struct option options[] = {
#define SECTION(title) {.section = title},
#define OPTION(kind_, field, name_, fallback_, argument_, text_, ...)                              \
    {.kind = OPTION_##kind_,                                                                       \
     .row = OPTION_ROW_##field,                                                                    \
     .offset = OFFSET_##kind_(field),                                                              \
     .name = name_,                                                                                \
     .fallback = fallback_,                                                                        \
     .argument = argument_,                                                                        \
     .text = text_,                                                                                \
     __VA_ARGS__},
#include "app/config/options.def"
};

const size_t option_count = sizeof(options) / sizeof(options[0]);

/* color0 to color255: the name of the row ends in N. */
static bool numbered_option(const struct option *o, const char *name, size_t n, int *index)
{
    size_t stem = strlen(o->name) - 1;
    if (n <= stem || n > stem + 3 || memcmp(o->name, name, stem) != 0)
        return false;
    int value = 0;
    for (size_t i = stem; i < n; i++) {
        if (name[i] < '0' || name[i] > '9')
            return false;
        value = value * 10 + (name[i] - '0');
    }
    *index = value;
    return value < 256 && (n == stem + 1 || name[stem] != '0');
}

const struct option *option_find(const char *name, size_t n, int *index)
{
    *index = 0;
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &options[i];
        if (!o->name)
            continue;
        if (o->kind == OPTION_PALETTE ? numbered_option(o, name, n, index)
                                      : strlen(o->name) == n && memcmp(o->name, name, n) == 0)
            return o;
    }
    return NULL;
}

/* How many letters have to be put in, taken out or changed. */
static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t row[GUESS_SIZE + 1];
    for (size_t j = 0; j <= b_size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            size_t insert = row[j - 1] + 1, remove = row[j] + 1;
            diagonal = row[j];
            row[j] = change < insert ? change : insert;
            row[j] = row[j] < remove ? row[j] : remove;
        }
    }
    return row[b_size];
}

const char *option_guess(const char *name, size_t n)
{
    const char *best = NULL;
    size_t least = n < 5 ? 2 : 3; /* more than this is another word */
    if (n == 0 || n > GUESS_SIZE)
        return NULL;
    for (size_t i = 0; i < option_count; i++) {
        size_t size = options[i].name ? strlen(options[i].name) : GUESS_SIZE + 1;
        if (size > GUESS_SIZE)
            continue;
        size_t d = distance(name, n, options[i].name, size);
        if (d < least) {
            least = d;
            best = options[i].name;
        }
    }
    return best;
}

void option_free(const struct option *option, struct config *config)
{
    if (!option->name)
        return;
    void *field = (char *)config + option->offset;
    if (option->kind == OPTION_TEXT) {
        free(*(char **)field);
    } else if (option->kind == OPTION_LIST || option->kind == OPTION_COMMAND) {
        struct config_list *list = field;
        for (int i = 0; i < list->count; i++)
            free(list->items[i]);
        free(list->items);
    } else if (option->kind == OPTION_BIND) {
        bindings_free(field);
    } else if (option->kind == OPTION_SCHEME) {
        scheme_free(field);
    }
}
