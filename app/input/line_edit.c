/* A line of text being edited: moving and deleting by clusters and words. */
#include "app/input/line_edit.h"

#include <string.h>

#include "term/unicode/unicode.h"

void line_edit_clear(struct line_edit *e)
{
    *e = (struct line_edit){.length = 0};
}

void line_edit_select(struct line_edit *e)
{
    e->cursor = e->length;
    e->selected = e->length > 0;
}

void line_edit_insert(struct line_edit *e, const char *text, size_t n)
{
    if (e->selected)
        line_edit_clear(e);
    while (n > 0) {
        uint32_t code;
        size_t k = utf8_decode((const uint8_t *)text, n, &code);
        bool broken = code == UNICODE_REPLACEMENT && k < 3;
        if (e->length + k >= LINE_EDIT_MAX)
            return;
        if (code >= ' ' && (code < 0x7f || code >= 0xa0) && !broken) {
            memmove(e->text + e->cursor + k, e->text + e->cursor, e->length - e->cursor + 1);
            memcpy(e->text + e->cursor, text, k);
            e->cursor += k;
            e->length += k;
        }
        text += k;
        n -= k;
    }
}

/* Where the cluster before or after a place begins or ends. */
static size_t cluster_before(const struct line_edit *e, size_t at)
{
    struct grapheme state = {0};
    size_t start = 0;
    for (size_t i = 0; i < at;) {
        uint32_t code;
        size_t k = utf8_decode((const uint8_t *)e->text + i, e->length - i, &code);
        if (grapheme_next(&state, code))
            start = i;
        i += k;
    }
    return start;
}

static size_t cluster_after(const struct line_edit *e, size_t at)
{
    struct grapheme state = {0};
    size_t i = at;
    while (i < e->length) {
        uint32_t code;
        size_t k = utf8_decode((const uint8_t *)e->text + i, e->length - i, &code);
        if (grapheme_next(&state, code) && i > at)
            break;
        i += k;
    }
    return i;
}

static size_t word_before(const struct line_edit *e, size_t at)
{
    while (at > 0 && e->text[at - 1] == ' ')
        at--;
    while (at > 0 && e->text[at - 1] != ' ')
        at--;
    return at;
}

static size_t word_after(const struct line_edit *e, size_t at)
{
    while (at < e->length && e->text[at] == ' ')
        at++;
    while (at < e->length && e->text[at] != ' ')
        at++;
    return at;
}

static enum line_edit_result line_cut(struct line_edit *e, size_t from, size_t to)
{
    if (from == to)
        return LINE_EDIT_MOVED;
    memmove(e->text + from, e->text + to, e->length - to + 1);
    e->length -= to - from;
    e->cursor = from;
    return LINE_EDIT_CHANGED;
}

static enum line_edit_result line_move(struct line_edit *e, size_t to)
{
    e->cursor = to;
    return LINE_EDIT_MOVED;
}

static enum line_edit_result control_key(struct line_edit *e, uint32_t code)
{
    switch (code) {
    case 'a':
        return line_move(e, 0);
    case 'e':
        return line_move(e, e->length);
    case 'u':
        return line_cut(e, 0, e->cursor);
    case 'k':
        return line_cut(e, e->cursor, e->length);
    case 'w':
    case TERM_KEY_BACKSPACE:
        return line_cut(e, word_before(e, e->cursor), e->cursor);
    case TERM_KEY_DELETE:
        return line_cut(e, e->cursor, word_after(e, e->cursor));
    case TERM_KEY_LEFT:
        return line_move(e, word_before(e, e->cursor));
    case TERM_KEY_RIGHT:
        return line_move(e, word_after(e, e->cursor));
    }
    return LINE_EDIT_NONE;
}

static bool types(const struct term_key *key)
{
    return key->text && *key->text &&
           !(key->mods & (TERM_MOD_CTRL | TERM_MOD_ALT | TERM_MOD_SUPER));
}

/* What a key that types nothing does where all is selected; NONE: the selection is over, and it
 * does what it always does. */
static enum line_edit_result leave_selection(struct line_edit *e, const struct term_key *key)
{
    e->selected = false;
    if (key->code == TERM_KEY_LEFT || key->code == TERM_KEY_RIGHT) {
        e->cursor = key->code == TERM_KEY_LEFT ? 0 : e->length;
        return LINE_EDIT_MOVED;
    }
    if (key->code != TERM_KEY_BACKSPACE && key->code != TERM_KEY_DELETE)
        return LINE_EDIT_NONE;
    line_edit_clear(e);
    return LINE_EDIT_CHANGED;
}

enum line_edit_result line_edit_key(struct line_edit *e, const struct term_key *key)
{
    bool selected = e->selected;
    if (selected && !types(key)) {
        enum line_edit_result result = leave_selection(e, key);
        if (result != LINE_EDIT_NONE)
            return result;
    }
    if (key->mods & TERM_MOD_CTRL)
        return control_key(e, key->code);
    switch (key->code) {
    case TERM_KEY_LEFT:
        return line_move(e, cluster_before(e, e->cursor));
    case TERM_KEY_RIGHT:
        return line_move(e, cluster_after(e, e->cursor));
    case TERM_KEY_HOME:
        return line_move(e, 0);
    case TERM_KEY_END:
        return line_move(e, e->length);
    case TERM_KEY_BACKSPACE:
        return line_cut(e, cluster_before(e, e->cursor), e->cursor);
    case TERM_KEY_DELETE:
        return line_cut(e, e->cursor, cluster_after(e, e->cursor));
    }
    if (!types(key))
        return LINE_EDIT_NONE;
    size_t length = e->length;
    line_edit_insert(e, key->text, strlen(key->text));
    return selected || e->length != length ? LINE_EDIT_CHANGED : LINE_EDIT_MOVED;
}
