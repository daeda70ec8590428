/* The bindings of keys: their names, changes to them, and which one a key press has. */
#include "app/config/bindings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/config/options.h"

#define BINDINGS_MAX  1000
#define FUNCTION_KEYS 24 /* that window systems tell of */
#define MODS          (TERM_MOD_SHIFT | TERM_MOD_ALT | TERM_MOD_CTRL | TERM_MOD_SUPER)

static const struct {
    const char *name;
    uint32_t key;
} names[] = {
    {"enter", TERM_KEY_ENTER},
    {"return", TERM_KEY_ENTER},
    {"tab", TERM_KEY_TAB},
    {"backspace", TERM_KEY_BACKSPACE},
    {"escape", TERM_KEY_ESCAPE},
    {"space", ' '},
    {"up", TERM_KEY_UP},
    {"down", TERM_KEY_DOWN},
    {"left", TERM_KEY_LEFT},
    {"right", TERM_KEY_RIGHT},
    {"home", TERM_KEY_HOME},
    {"end", TERM_KEY_END},
    {"page_up", TERM_KEY_PAGE_UP},
    {"page_down", TERM_KEY_PAGE_DOWN},
    {"insert", TERM_KEY_INSERT},
    {"delete", TERM_KEY_DELETE},
    {"pause", TERM_KEY_PAUSE},
    {"print", TERM_KEY_PRINT},
    {"menu", TERM_KEY_MENU},
    {"plus", '+'},
    {"minus", '-'},
    {"equal", '='},
    {"comma", ','},
    {"period", '.'},
    {"slash", '/'},
    {"backslash", '\\'},
    {"semicolon", ';'},
    {"apostrophe", '\''},
    {"grave", '`'},
    {"bracket_left", '['},
    {"bracket_right", ']'},
    {"kp_decimal", TERM_KEY_KP_DECIMAL},
    {"kp_divide", TERM_KEY_KP_DIVIDE},
    {"kp_multiply", TERM_KEY_KP_MULTIPLY},
    {"kp_subtract", TERM_KEY_KP_SUBTRACT},
    {"kp_add", TERM_KEY_KP_ADD},
    {"kp_enter", TERM_KEY_KP_ENTER},
    {"kp_equal", TERM_KEY_KP_EQUAL},
};

const char *binding_key_name(size_t i, uint32_t *key)
{
    if (i >= sizeof(names) / sizeof(names[0]))
        return NULL;
    *key = names[i].key;
    return names[i].name;
}

static bool binding_same(const char *text, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != word[i])
            return false;
    }
    return word[n] == 0;
}

static unsigned modifier(const char *text, size_t n)
{
    static const struct {
        const char *name;
        unsigned mod;
    } mods[] = {{"ctrl", TERM_MOD_CTRL},
                {"shift", TERM_MOD_SHIFT},
                {"alt", TERM_MOD_ALT},
                {"super", TERM_MOD_SUPER},
                {"win", TERM_MOD_SUPER}};
    for (size_t i = 0; i < sizeof(mods) / sizeof(mods[0]); i++)
        if (binding_same(text, n, mods[i].name))
            return mods[i].mod;
    return 0;
}

/* A number after a name: f1 to f24, kp_0 to kp_9. */
static uint32_t numbered_key(const char *text, size_t n)
{
    char digits[4] = {0};
    size_t stem = n > 1 && (text[0] | 0x20) == 'f'         ? 1
                  : n == 4 && binding_same(text, 3, "kp_") ? 3
                                                           : 0;
    if (stem == 0 || n - stem > 2)
        return 0;
    memcpy(digits, text + stem, n - stem);
    if (strspn(digits, "0123456789") != n - stem)
        return 0;
    int value = atoi(digits);
    if (stem == 3)
        return TERM_KEY_KP_0 + (uint32_t)value;
    return value >= 1 && value <= FUNCTION_KEYS && digits[0] != '0'
               ? TERM_KEY_F1 + (uint32_t)value - 1
               : 0;
}

/* One character: its code point, letters small; 0 when it is not one. */
static uint32_t key_character(const char *text, size_t n)
{
    const unsigned char *s = (const unsigned char *)text;
    if (n == 1)
        return s[0] <= ' ' || s[0] >= 0x7f ? 0 : s[0] >= 'A' && s[0] <= 'Z' ? s[0] + 32u : s[0];
    if (n == 2 && s[0] >= 0xc2 && s[0] < 0xe0 && (s[1] & 0xc0) == 0x80)
        return (s[0] & 0x1fu) << 6 | (s[1] & 0x3fu);
    if (n == 3 && (s[0] & 0xf0) == 0xe0 && (s[1] & 0xc0) == 0x80 && (s[2] & 0xc0) == 0x80)
        return (s[0] & 0x0fu) << 12 | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);
    return 0;
}

static uint32_t key_named(const char *text, size_t n)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (binding_same(text, n, names[i].name))
            return names[i].key;
    uint32_t key = numbered_key(text, n);
    return key ? key : key_character(text, n);
}

bool binding_parse_key(const char *text, size_t n, uint32_t *key, unsigned *mods, char *reason,
                       size_t size)
{
    size_t at = 0;
    *mods = 0;
    for (;;) {
        /* A + that ends the text is the key itself. */
        const char *plus = at < n ? memchr(text + at, '+', n - at) : NULL;
        size_t length = plus && plus + 1 < text + n ? (size_t)(plus - text) - at : n - at;
        if (at + length == n) {
            *key = key_named(text + at, length);
            if (!*key)
                snprintf(reason, size, "no such key: %.*s", (int)(length < 40 ? length : 40),
                         text + at);
            return *key != 0;
        }
        unsigned mod = modifier(text + at, length);
        if (!mod) {
            snprintf(reason, size, "no such modifier: %.*s; ctrl, shift, alt and super are known",
                     (int)(length < 40 ? length : 40), text + at);
            return false;
        }
        *mods |= mod;
        at += length + 1;
    }
}

static int modifier_position(const struct bindings *b, uint32_t key, unsigned mods)
{
    for (int i = 0; i < b->count; i++)
        if (b->items[i].key == key && b->items[i].mods == mods)
            return i;
    return -1;
}

static void binding_drop(struct bindings *b, int at)
{
    if (at < 0)
        return;
    free(b->items[at].argument);
    b->count--;
    memmove(&b->items[at], &b->items[at + 1], (size_t)(b->count - at) * sizeof(b->items[0]));
}

/* Takes new.argument, also when it fails. */
static bool binding_put(struct bindings *b, struct binding new, char *reason, size_t size)
{
    struct binding *more = NULL;
    binding_drop(b, modifier_position(b, new.key, new.mods));
    if (b->count < BINDINGS_MAX)
        more = realloc(b->items, ((size_t)b->count + 1) * sizeof(*more));
    if (!more) {
        snprintf(reason, size, "too many bindings");
        free(new.argument);
        return false;
    }
    b->items = more;
    more[b->count++] = new;
    return true;
}

bool bindings_bind(struct bindings *b, const char *text, char *reason, size_t size)
{
    struct binding new = {0};
    size_t n = strcspn(text, " \t");
    const char *name = text + n + strspn(text + n, " \t");
    size_t name_size = strcspn(name, " \t");
    const char *argument = name + name_size + strspn(name + name_size, " \t");
    if (n == 0 || name_size == 0) {
        snprintf(reason, size, "not of the form KEY ACTION");
        return false;
    }
    if (!binding_parse_key(text, n, &new.key, &new.mods, reason, size))
        return false;
    new.action = action_find(name, name_size);
    if (new.action == ACTION_COUNT) {
        snprintf(reason, size, "no such action: %.*s", (int)(name_size < 40 ? name_size : 40),
                 name);
        return false;
    }
    bool wants = action_table[new.action].argument != NULL;
    if (wants != (argument[0] != 0)) {
        snprintf(reason, size, wants ? "%s needs a %s" : "%s takes nothing after it",
                 action_table[new.action].name, action_table[new.action].argument);
        return false;
    }
    if (wants) {
        new.argument = malloc(strlen(argument) + 1);
        if (new.argument)
            strcpy(new.argument, argument);
        if (!new.argument || !option_unescape(new.argument)) {
            snprintf(reason, size, "an unknown escape; \\n \\r \\t \\e \\\\ and \\xHH are known");
            free(new.argument);
            return false;
        }
    }
    int before = modifier_position(b, new.key, new.mods);
    bool twice = before >= 0 && b->items[before].chosen;
    new.chosen = true;
    if (!binding_put(b, new, reason, size))
        return false;
    if (twice)
        snprintf(reason, size, "%.*s was bound above; this one counts", (int)(n < 60 ? n : 60),
                 text);
    return !twice;
}

void bindings_settle(struct bindings *b)
{
    for (int i = 0; i < b->count; i++)
        b->items[i].chosen = false;
}

bool bindings_unbind(struct bindings *b, const char *text, char *reason, size_t size)
{
    uint32_t key;
    unsigned mods;
    if (strcmp(text, "all") == 0) {
        while (b->count > 0)
            binding_drop(b, b->count - 1);
        return true;
    }
    if (!binding_parse_key(text, strlen(text), &key, &mods, reason, size))
        return false;
    int at = modifier_position(b, key, mods);
    if (at < 0) {
        snprintf(reason, size, "%.60s has no action", text);
        return false;
    }
    binding_drop(b, at);
    return true;
}

static bool binding_add(struct bindings *b, enum action action, const char *keys)
{
    while (keys && *keys) {
        char reason[128];
        struct binding new = {.action = action};
        size_t n = strcspn(keys, " ");
        if (!binding_parse_key(keys, n, &new.key, &new.mods, reason, sizeof(reason)) ||
            !binding_put(b, new, reason, sizeof(reason)))
            return false;
        keys += n + (keys[n] == ' ');
    }
    return true;
}

bool bindings_default(struct bindings *b, bool windows)
{
    for (int i = 0; i < ACTION_COUNT; i++)
        if (!binding_add(b, (enum action)i, action_table[i].keys) ||
            (windows && !binding_add(b, (enum action)i, action_table[i].windows_keys)))
            return false;
    return true;
}

void bindings_free(struct bindings *b)
{
    for (int i = 0; i < b->count; i++)
        free(b->items[i].argument);
    free(b->items);
    *b = (struct bindings){0};
}

const struct binding *bindings_find(const struct bindings *b, const struct term_key *key)
{
    unsigned mods = key->mods & MODS;
    uint32_t code = key->code;
    bool digit = key->base >= '0' && key->base <= '9';
    bool foreign = code >= 0x80 && code < TERM_KEY_FIRST && key->base;
    if ((foreign || digit) && modifier_position(b, code, mods) < 0)
        code = key->base;
    int at = modifier_position(b, code, mods);
    if (at < 0 && key->shifted && (mods & TERM_MOD_SHIFT)) {
        at = modifier_position(b, key->shifted, mods & ~TERM_MOD_SHIFT);
        if (at < 0)
            at = modifier_position(b, key->shifted, mods);
    }
    return at < 0 ? NULL : &b->items[at];
}
