/* Operating system commands: titles, colours, links, clipboard, prompts. */
#include "term/vt/osc.h"

#include "term/input/reply.h"
#include "term/parser/hex.h"
#include "term/screen/screen.h"
#include "term/screen/state.h"
#include "term/screen/tables.h"
#include "term/unicode/unicode.h"
#include "term/vt/notify.h"
#include "term/vt/palette.h"
#include "term/vt/pointer_shape.h"

#include <stdlib.h>
#include <string.h>

/* A piece of the string up to the next `;`; moves on behind it. */
struct piece {
    const char *text;
    size_t n;
};

static bool next_piece(const char **at, const char *end, struct piece *p)
{
    if (*at > end)
        return false;
    const char *stop = memchr(*at, ';', (size_t)(end - *at));
    if (!stop)
        stop = end;
    *p = (struct piece){*at, (size_t)(stop - *at)};
    *at = stop + 1;
    return true;
}

/* A decimal number that is the whole piece; -1 for anything else. */
static int osc_number(struct piece p)
{
    int value = 0;
    if (p.n == 0 || p.n > 6)
        return -1;
    for (size_t i = 0; i < p.n; i++) {
        if (p.text[i] < '0' || p.text[i] > '9')
            return -1;
        value = value * 10 + (p.text[i] - '0');
    }
    return value;
}

void plain_text(char *out, size_t size, const char *text, size_t n)
{
    size_t length = 0;
    for (size_t i = 0; i < n;) {
        uint32_t code;
        i += utf8_decode((const uint8_t *)text + i, n - i, &code);
        if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code == UNICODE_REPLACEMENT)
            continue;
        char bytes[4];
        size_t k = utf8_encode(code, bytes);
        if (length + k >= size)
            break;
        memcpy(out + length, bytes, k);
        length += k;
    }
    out[length] = 0;
}

void title_set(struct term *t, bool window, bool icon, const char *text, size_t n)
{
    char decoded[TITLE_MAX];
    if (n > 16 * TITLE_MAX)
        n = 16 * TITLE_MAX;
    if (window) {
        plain_text(decoded, sizeof(decoded), text, n);
        memcpy(t->title, decoded, sizeof(decoded));
        if (t->callbacks.title)
            t->callbacks.title(t->context, t->title);
    }
    if (icon) {
        plain_text(decoded, sizeof(decoded), text, n);
        memcpy(t->icon_title, decoded, sizeof(decoded));
        if (t->callbacks.icon_title)
            t->callbacks.icon_title(t->context, t->icon_title);
    }
}

/* The title as the program gave it, which may be in hexadecimal. */
static void title(struct term *t, bool window, bool icon, const char *text, size_t n)
{
    char bytes[TITLE_MAX];
    size_t k = 0;
    if (!(t->title_modes & 1)) {
        title_set(t, window, icon, text, n);
        return;
    }
    for (size_t i = 0; i + 1 < n && k < sizeof(bytes); i += 2) {
        if (hex_digit(text[i]) < 0 || hex_digit(text[i + 1]) < 0)
            return;
        bytes[k++] = (char)(hex_digit(text[i]) << 4 | hex_digit(text[i + 1]));
    }
    title_set(t, window, icon, bytes, k);
}

static void color_reply(struct term *t, const char *prefix, int which, uint32_t c, bool bell)
{
    unsigned r = c >> 16 & 255, g = c >> 8 & 255, b = c & 255;
    reply(t, "\x9d%s%d;rgb:%04x/%04x/%04x%s", prefix, which, r * 257, g * 257, b * 257,
          bell ? "\a" : "\x9c");
}

/* OSC 4 and 5: pairs of an index and a colour or '?'. */
static void palette_set(struct term *t, bool special, const char *at, const char *end, bool bell)
{
    struct piece index, spec;
    while (next_piece(&at, end, &index) && next_piece(&at, end, &spec)) {
        int i = osc_number(index);
        uint32_t *color = NULL;
        if (special && i >= 0 && i < 5)
            color = &t->special[i];
        else if (!special && i >= 0 && i < 256)
            color = &t->palette[i];
        else if (!special && i >= 256 && i < 261)
            color = &t->special[i - 256];
        if (!color)
            return;
        if (spec.n == 1 && spec.text[0] == '?')
            color_reply(t, special ? "5;" : "4;", i, *color, bell);
        else if (color_parse(spec.text, spec.n, color))
            t->palette_revision++;
    }
}

/* OSC 104 and 105: the named ones, or all. */
static void palette_unset(struct term *t, bool special, const char *at, const char *end)
{
    struct piece index;
    bool all = at >= end;
    for (int i = 0; all && i < (special ? 5 : 256); i++) {
        if (special)
            t->special[i] = t->options.foreground;
        else
            t->palette[i] = t->options.palette[i];
    }
    while (!all && next_piece(&at, end, &index)) {
        int i = osc_number(index);
        if (special && i >= 0 && i < 5)
            t->special[i] = t->options.foreground;
        else if (!special && i >= 0 && i < 256)
            t->palette[i] = t->options.palette[i];
        else if (!special && i >= 256 && i < 261)
            t->special[i - 256] = t->options.foreground;
    }
    t->palette_revision++;
}

/* OSC 10 to 19: each further piece is for the next colour. */
static void dynamic_set(struct term *t, int first, const char *at, const char *end, bool bell)
{
    struct piece spec;
    for (int i = first; i < DYNAMIC_COUNT && next_piece(&at, end, &spec); i++) {
        if (spec.n == 1 && spec.text[0] == '?')
            color_reply(t, "", 10 + i, t->dynamic[i], bell);
        else if (color_parse(spec.text, spec.n, &t->dynamic[i]))
            t->palette_revision++;
    }
}

/* OSC 8: parameters (key=value, parted by ':'), then the address. */
static void link(struct term *t, const char *at, const char *end)
{
    struct piece parameters;
    if (!next_piece(&at, end, &parameters) || at > end)
        return;
    const char *id = "";
    size_t id_length = 0;
    for (size_t i = 0; i < parameters.n;) {
        size_t stop = i;
        while (stop < parameters.n && parameters.text[stop] != ':')
            stop++;
        if (stop - i > 3 && memcmp(parameters.text + i, "id=", 3) == 0) {
            id = parameters.text + i + 3;
            id_length = stop - i - 3;
        }
        i = stop + 1;
    }
    link_set(t, id, id_length, at);
}

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int base64_value(char c)
{
    const char *at = c ? strchr(base64_digits, c) : NULL;
    return at ? (int)(at - base64_digits) : -1;
}

size_t base64_decode(const char *text, size_t n, char *out)
{
    size_t length = 0;
    uint32_t bits = 0;
    int have = 0;
    for (const char *end = text + n; text < end && *text != '='; text++) {
        int value = base64_value(*text);
        if (value < 0)
            return 0;
        bits = bits << 6 | (uint32_t)value;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[length++] = (char)(bits >> have);
        }
    }
    return length;
}

/* OSC 52: which clipboards, then base64 or '?'. */
static void clipboard(struct term *t, const char *at, const char *end)
{
    struct piece which;
    if (!next_piece(&at, end, &which) || at > end)
        return;
    char target = which.n > 0 && which.text[0] == 'p' ? 'p' : 'c';
    if (end - at == 1 && *at == '?') {
        if (t->options.clipboard_read && t->callbacks.clipboard_query)
            t->callbacks.clipboard_query(t->context, target);
        return;
    }
    if (!t->options.clipboard_write || !t->callbacks.clipboard)
        return;
    char *text = malloc((size_t)(end - at) + 1);
    if (!text)
        return;
    size_t n = base64_decode(at, (size_t)(end - at), text); /* what is none clears, as in xterm */
    text[n] = 0;
    t->callbacks.clipboard(t->context, target, text, n);
    free(text);
}

void term_clipboard_reply(struct term *t, char which, const char *text, size_t n)
{
    if (!t->options.clipboard_read || n > PARSER_STRING_MAX)
        return;
    size_t length = (n + 2) / 3 * 4;
    char *out = malloc(length + 1);
    if (!out)
        return;
    size_t k = 0;
    for (size_t i = 0; i < n; i += 3) {
        uint32_t bits = 0;
        for (size_t j = 0; j < 3; j++)
            bits = bits << 8 | (i + j < n ? (uint8_t)text[i + j] : 0u);
        for (size_t j = 0; j < 4; j++)
            out[k++] = i + j <= n ? base64_digits[bits >> (18 - 6 * j) & 63] : '=';
    }
    char head[] = "\x1b]52;c;";
    head[5] = which == 'p' ? 'p' : 'c';
    send_bytes(t, head, sizeof(head) - 1);
    send_bytes(t, out, k);
    send_bytes(t, "\x1b\\", 2);
    free(out);
}

/* OSC 133: A begins a prompt, C the output of a command, D ends it. Where what is typed begins (B)
 * is of no use here. */
static void prompt(struct term *t, const char *at, const char *end)
{
    char what = at < end ? *at : 0;
    if (what == 'A')
        term_line(t, t->cursor.row)->flags |= ROW_PROMPT;
    if (what == 'C')
        term_line(t, t->cursor.row)->flags |= ROW_OUTPUT;
    if (what == 'A' || what == 'D')
        progress_end(t);
}

/* One command: what follows its number. `at` is `end` when nothing does. */
struct command {
    int number;
    const char *at, *end;
    bool bell;
};

static void do_title(struct term *t, const struct command *c)
{
    title(t, c->number != 1, c->number != 2, c->at, (size_t)(c->end - c->at));
}

static void do_palette(struct term *t, const struct command *c)
{
    palette_set(t, c->number == 5, c->at, c->end, c->bell);
}

static void do_palette_reset(struct term *t, const struct command *c)
{
    palette_unset(t, c->number == 105, c->at, c->end);
}

static void do_directory(struct term *t, const struct command *c)
{
    if (t->callbacks.directory)
        t->callbacks.directory(t->context, c->at);
}

static void do_link(struct term *t, const struct command *c)
{
    link(t, c->at, c->end);
}

static void do_dynamic(struct term *t, const struct command *c)
{
    dynamic_set(t, c->number - 10, c->at, c->end, c->bell);
}

static void do_dynamic_reset(struct term *t, const struct command *c)
{
    dynamic_reset(t, c->number - 110);
}

static void do_clipboard(struct term *t, const struct command *c)
{
    clipboard(t, c->at, c->end);
}

static void do_notify(struct term *t, const struct command *c)
{
    size_t n = (size_t)(c->end - c->at);
    if (c->number == 9)
        notify_plain(t, c->at, n);
    else if (c->number == 99)
        notify_in_parts(t, c->at, n);
    else
        notify_command(t, c->at, n);
}

static void do_pointer(struct term *t, const struct command *c)
{
    pointer_change(t, c->at, (size_t)(c->end - c->at));
}

static void do_prompt(struct term *t, const struct command *c)
{
    prompt(t, c->at, c->end);
}

static const struct osc_row {
    uint16_t first, last;
    bool bare; /* has a meaning without anything after the number */
    void (*act)(struct term *t, const struct command *c);
    const char *text;
} commands[] = {
    {0, 2, false, do_title, "0 both titles, 1 icon title, 2 window title"},
    {4, 4, false, do_palette, "palette colours: pairs of index and colour, or ? to ask"},
    {5, 5, false, do_palette, "special colours, the same way (kept, not drawn with)"},
    {7, 7, false, do_directory, "working directory, a file: URL"},
    {8, 8, false, do_link, "link: parameters (id=), address; empty ends it"},
    {9, 9, false, do_notify, "message; 4;STATE;PERCENT: progress (other numbers are consumed)"},
    {10, 19, false, do_dynamic, "10 foreground, 11 background, 12 cursor (13 to 19 kept), or ?"},
    {22, 22, true, do_pointer, "shape of the mouse pointer: a name, or = > < ? and names"},
    {52, 52, false, do_clipboard,
     "clipboard in base64; ? asks for it, answered only where the owner allows it"},
    {99, 99, false, do_notify, "message in parts: i= d= e= p=title, body; then its text"},
    {104, 105, true, do_palette_reset, "reset palette (104) or special (105) colours"},
    {110, 119, true, do_dynamic_reset, "reset what 10 to 19 set"},
    {133, 133, false, do_prompt,
     "A a shell's prompt begins in this row, C the output of a command, D ends"},
    {777, 777, false, do_notify, "notify;TITLE;BODY: message"},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

bool osc_entry_get(size_t i, unsigned *first, unsigned *last, const char **text)
{
    if (i >= COMMANDS)
        return false;
    *first = commands[i].first;
    *last = commands[i].last;
    *text = commands[i].text;
    return true;
}

void osc_dispatch(struct term *t, const char *text, size_t n, bool bell)
{
    const char *at = text, *end = text + n;
    struct piece name = {0};
    /* Titles may also be named by a letter that stands right before the text. */
    if (n > 0 && (text[0] == 'l' || text[0] == 'L')) {
        title(t, text[0] == 'l', text[0] == 'L', text + 1, n - 1);
        return;
    }
    next_piece(&at, end, &name);
    bool given = at <= end;
    struct command c = {osc_number(name), given ? at : end, end, bell};
    for (size_t i = 0; i < COMMANDS; i++) {
        const struct osc_row *row = &commands[i];
        if (c.number >= row->first && c.number <= row->last && (given || row->bare))
            row->act(t, &c);
    }
}
