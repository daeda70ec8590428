/* The state machine that takes the program's output apart. */
#include "term/parser/parser.h"

#include "term/unicode/unicode.h"
#include <stdlib.h>
#include <string.h>

enum state {
    GROUND,
    ESCAPE,
    CSI_ENTRY,
    CSI_PARAMETER,
    CSI_INTERMEDIATE,
    CSI_IGNORE,
    DCS_ENTRY,
    DCS_PARAMETER,
    DCS_INTERMEDIATE,
    STRING, /* OSC, DCS data, and the strings nobody reads */
};

void parser_init(struct parser *p, const struct parser_calls *calls, void *context)
{
    *p = (struct parser){.calls = calls, .context = context};
}

void parser_free(struct parser *p)
{
    free(p->text);
    p->text = NULL;
    p->capacity = 0;
}

void parser_reset(struct parser *p)
{
    p->state = GROUND;
    p->have = 0;
    p->need = 0;
}

static void clear_sequence(struct parser *p)
{
    p->s.prefix = p->s.intermediate = p->s.second = p->s.final = 0;
    p->s.count = 0;
}

static void begin_string(struct parser *p, uint8_t introducer)
{
    p->state = STRING;
    p->introducer = introducer;
    p->length = 0;
    p->overflow = false;
    p->escaped = false;
}

static void string_byte(struct parser *p, char byte)
{
    if (!p->introducer || p->overflow)
        return;
    if (p->length == p->capacity) {
        size_t capacity = p->capacity ? p->capacity * 2 : 256;
        char *grown = p->length < PARSER_STRING_MAX ? realloc(p->text, capacity + 1) : NULL;
        if (!grown) {
            p->overflow = true;
            return;
        }
        p->text = grown;
        p->capacity = capacity;
    }
    p->text[p->length++] = byte;
}

static void end_string(struct parser *p, bool bell)
{
    p->state = GROUND;
    if (!p->introducer || p->overflow)
        return;
    if (!p->text) {
        p->text = malloc(257);
        if (!p->text)
            return;
        p->capacity = 256;
    }
    p->text[p->length] = 0;
    if (p->introducer == ']')
        p->calls->osc(p->context, p->text, p->length, bell);
    else
        p->calls->dcs(p->context, &p->s, p->text, p->length);
    /* A long string's memory is not kept for ever. */
    if (p->capacity > 65536) {
        free(p->text);
        p->text = NULL;
        p->capacity = 0;
    }
}

static void enter_state(struct parser *p, enum state state)
{
    clear_sequence(p);
    p->state = (uint8_t)state;
}

/* ESC and one of @ A ... _: the C1 controls that belong to the grammar; true when it was one. */
static bool introduce(struct parser *p, uint32_t c1)
{
    switch (c1) {
    case 0x90:
        enter_state(p, DCS_ENTRY);
        return true;
    case 0x98: /* SOS */
    case 0x9e: /* PM */
    case 0x9f: /* APC */
        begin_string(p, 0);
        return true;
    case 0x9b:
        enter_state(p, CSI_ENTRY);
        return true;
    case 0x9c: /* ST outside a string */
        p->state = GROUND;
        return true;
    case 0x9d:
        begin_string(p, ']');
        return true;
    default:
        return false;
    }
}

static void c1(struct parser *p, uint32_t code)
{
    if (introduce(p, code))
        return;
    p->state = GROUND;
    p->calls->control(p->context, code);
}

static void collect_byte(struct parser *p, uint8_t byte)
{
    if (!p->s.intermediate)
        p->s.intermediate = byte;
    else if (!p->s.second)
        p->s.second = byte;
    else
        p->s.second = 0xff; /* nothing has three: matches nothing */
}

static void parameter(struct parser *p, uint8_t byte)
{
    struct sequence *s = &p->s;
    if (s->count == 0) {
        s->count = 1;
        s->value[0] = -1;
        s->continues[0] = false;
    }
    if (byte == ';' || byte == ':') {
        /* One more than fits is counted, so that it takes no digits from its neighbours. */
        if (s->count <= PARSER_PARAMETERS_MAX)
            s->count++;
        if (s->count <= PARSER_PARAMETERS_MAX) {
            s->value[s->count - 1] = -1;
            s->continues[s->count - 1] = byte == ':';
        }
        return;
    }
    if (s->count > PARSER_PARAMETERS_MAX)
        return;
    int *value = &s->value[s->count - 1];
    int digit = byte - '0';
    if (*value < 0)
        *value = digit;
    else if (*value > (PARSER_VALUE_MAX - digit) / 10)
        *value = PARSER_VALUE_MAX;
    else
        *value = *value * 10 + digit;
}

static void escape_byte(struct parser *p, uint8_t byte)
{
    if (byte < 0x30) {
        collect_byte(p, byte);
    } else if (p->s.intermediate || !introduce(p, byte + 0x40u)) {
        p->state = GROUND;
        p->s.final = byte;
        p->calls->escape(p->context, &p->s);
    }
}

static void finish_parameters(struct parser *p)
{
    if (p->s.count > PARSER_PARAMETERS_MAX)
        p->s.count = PARSER_PARAMETERS_MAX;
}

static void sequence_byte(struct parser *p, uint8_t byte)
{
    bool dcs = p->state >= DCS_ENTRY;
    bool entry = p->state == CSI_ENTRY || p->state == DCS_ENTRY;
    bool intermediate = p->state == CSI_INTERMEDIATE || p->state == DCS_INTERMEDIATE;
    if (byte >= 0x40) {
        finish_parameters(p);
        p->s.final = byte;
        if (dcs) {
            begin_string(p, 'P');
        } else {
            p->state = GROUND;
            p->calls->csi(p->context, &p->s);
        }
    } else if (byte < 0x30) {
        collect_byte(p, byte);
        p->state = dcs ? DCS_INTERMEDIATE : CSI_INTERMEDIATE;
    } else if (intermediate || (byte >= 0x3c && !entry)) {
        if (dcs)
            begin_string(p, 0);
        else
            p->state = CSI_IGNORE;
    } else {
        if (byte >= 0x3c)
            p->s.prefix = byte;
        else
            parameter(p, byte);
        p->state = dcs ? DCS_PARAMETER : CSI_PARAMETER;
    }
}

/* A byte of a string, ESC and controls included. */
static void string_input(struct parser *p, uint8_t byte)
{
    if (p->escaped) {
        p->escaped = false;
        if (byte == '\\') {
            end_string(p, false);
            return;
        }
        /* Another escape sequence: the string is abandoned. */
        enter_state(p, ESCAPE);
        escape_byte(p, byte);
    } else if (byte == 0x1b) {
        p->escaped = true;
    } else if (byte == 0x18 || byte == 0x1a) {
        p->state = GROUND;
    } else if (byte == 7 && p->introducer == ']') {
        end_string(p, true);
    } else if (byte >= 0x20 || p->introducer == 'P') {
        string_byte(p, (char)byte);
    }
}

/* A control character outside a string. */
static void c0(struct parser *p, uint8_t byte)
{
    if (byte == 0x1b) {
        enter_state(p, ESCAPE);
    } else if (byte == 0x18 || byte == 0x1a) {
        p->state = GROUND;
        if (byte == 0x1a)
            p->calls->control(p->context, byte);
    } else if (p->state < DCS_ENTRY) {
        p->calls->control(p->context, byte);
    }
}

static void ascii(struct parser *p, uint8_t byte)
{
    if (p->state == STRING && (!p->escaped || (byte >= 0x20 && byte < 0x7f))) {
        string_input(p, byte);
        return;
    }
    if (p->state == STRING) {
        p->escaped = false;
        enter_state(p, ESCAPE);
    }
    if (byte < 0x20) {
        c0(p, byte);
        return;
    }
    if (byte == 0x7f) {
        /* Ignored, but it is a character of the sets of 96. */
        if (p->state == GROUND)
            p->calls->control(p->context, byte);
        return;
    }
    switch (p->state) {
    case GROUND:
        p->calls->run(p->context, &byte, 1);
        break;
    case ESCAPE:
        escape_byte(p, byte);
        break;
    case CSI_IGNORE:
        if (byte >= 0x40)
            p->state = GROUND;
        break;
    default:
        sequence_byte(p, byte);
        break;
    }
}

/* A decoded code point of U+0080 and above. */
static void beyond_ascii(struct parser *p, uint32_t code)
{
    if (p->state == STRING) {
        if (p->escaped) {
            p->state = GROUND;
        } else if (code == 0x9c) {
            end_string(p, false);
            return;
        } else if (code >= 0xa0) {
            char bytes[4];
            size_t n = utf8_encode(code, bytes);
            for (size_t i = 0; i < n; i++)
                string_byte(p, bytes[i]);
            return;
        } else {
            c1(p, code);
            return;
        }
    }
    if (code < 0xa0) {
        c1(p, code);
    } else if (p->state == GROUND) {
        p->calls->character(p->context, code);
    } else if (p->state < DCS_ENTRY) {
        /* No sequence holds such a character: it ends as if cancelled, and the text shows. */
        p->state = GROUND;
        p->calls->character(p->context, code);
    } else {
        begin_string(p, 0);
    }
}

static void utf8_finish(struct parser *p)
{
    uint32_t code;
    size_t kept = p->have;
    size_t taken = utf8_decode(p->bytes, kept, &code);
    p->have = p->need = 0;
    beyond_ascii(p, code);
    /* What follows a broken part is at most a continuation byte that stands alone. */
    for (size_t i = taken; i < kept; i++)
        beyond_ascii(p, UNICODE_REPLACEMENT);
}

/* Takes one byte of a code point above U+007F. True when the byte was used. */
static bool utf8_byte(struct parser *p, uint8_t byte)
{
    if (!p->have) {
        p->bytes[0] = byte;
        p->have = 1;
        p->need = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
        if (byte < 0xc2 || byte > 0xf4)
            utf8_finish(p);
        return true;
    }
    /* Does the part with this byte still begin a well-formed code point? */
    uint32_t code;
    p->bytes[p->have] = byte;
    size_t taken = utf8_decode(p->bytes, p->have + 1u, &code);
    if (taken < p->have + 1u) {
        utf8_finish(p);
        return false;
    }
    p->have++;
    if (p->have == p->need)
        utf8_finish(p);
    return true;
}

/* Length of the printable ASCII at the beginning. */
static size_t printable(const uint8_t *bytes, size_t n)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, 8);
        /* A byte is outside 0x20..0x7e when its top bit is set, when adding 1 sets it, or when
         * subtracting 0x20 borrows; a carry between bytes only ever follows such a byte. */
        uint64_t low = (word - 0x2020202020202020u) & ~word;
        uint64_t high = word | (word + 0x0101010101010101u);
        if ((low | high) & 0x8080808080808080u)
            break;
    }
    while (i < n && bytes[i] >= 0x20 && bytes[i] < 0x7f)
        i++;
    return i;
}

size_t parser_feed(struct parser *p, const uint8_t *bytes, size_t n)
{
    size_t i = 0;
    p->stop = false;
    while (i < n && !p->stop) {
        uint8_t byte = bytes[i];
        if (p->have) {
            if (byte < 0x80)
                utf8_finish(p);
            else if (utf8_byte(p, byte))
                i++;
            continue;
        }
        if (byte >= 0x80) {
            uint32_t code;
            size_t taken = n - i >= 4 ? utf8_decode(bytes + i, 4, &code) : 0;
            if (taken > 1 && code != UNICODE_REPLACEMENT) {
                beyond_ascii(p, code);
                i += taken;
            } else {
                utf8_byte(p, byte);
                i++;
            }
            continue;
        }
        if (p->state == GROUND) {
            size_t run = printable(bytes + i, n - i);
            if (run) {
                p->calls->run(p->context, bytes + i, run);
                i += run;
                continue;
            }
        }
        ascii(p, byte);
        i++;
    }
    return i;
}
