/* Keys to bytes: xterm's encodings, and the kitty keyboard protocol where a program asked for it.
 */
#include "term/input/keyboard.h"

#include "term/input/reply.h"
#include "term/screen/state.h"
#include "term/unicode/unicode.h"

#include <stdio.h>
#include <string.h>

/* Kitty keyboard flags. */
#define KITTY_DISAMBIGUATE 1u
#define KITTY_EVENTS       2u
#define KITTY_ALTERNATES   4u
#define KITTY_ALL          8u
#define KITTY_TEXT         16u
#define KITTY_KNOWN        31u

/* Numbers of keys that are no characters. F14 and on follow F13, the keypad's 1 and on its 0, and
 * the other modifiers of a side its Shift. */
#define KITTY_CAPS_LOCK   57358u
#define KITTY_SCROLL_LOCK 57359u
#define KITTY_NUM_LOCK    57360u
#define KITTY_PRINT       57361u
#define KITTY_PAUSE       57362u
#define KITTY_MENU        57363u
#define KITTY_F13         57376u
#define KITTY_KP_0        57399u
#define KITTY_KP_BEGIN    57427u /* the keypad's 5 without Num Lock */
#define KITTY_LEFT_SHIFT  57441u
#define KITTY_RIGHT_SHIFT 57447u

#define MOD_LOCKS (TERM_MOD_CAPS | TERM_MOD_NUM)

/* The kitty keyboard protocol's flags in force. */
static unsigned keyboard_flags(const struct term *t)
{
    return t->screen->keyboard[t->screen->keyboard_depth];
}

void act_keyboard_push(struct term *t, const struct sequence *s)
{
    struct screen *k = t->screen;
    if (k->keyboard_depth == KEYBOARD_STACK - 1) {
        memmove(k->keyboard + 1, k->keyboard + 2, KEYBOARD_STACK - 2);
        k->keyboard_depth--;
    }
    k->keyboard[++k->keyboard_depth] = (uint8_t)(sequence_value(s, 0, 0) & (int)KITTY_KNOWN);
}

void act_keyboard_pop(struct term *t, const struct sequence *s)
{
    struct screen *k = t->screen;
    int n = sequence_count(s, 0);
    if (n > k->keyboard_depth) {
        k->keyboard_depth = 0;
        k->keyboard[0] = 0;
    } else {
        k->keyboard_depth -= n;
    }
}

void act_keyboard_set(struct term *t, const struct sequence *s)
{
    uint8_t *flags = &t->screen->keyboard[t->screen->keyboard_depth];
    uint8_t value = (uint8_t)(sequence_value(s, 0, 0) & (int)KITTY_KNOWN);
    int how = sequence_value(s, 1, 1);
    if (how == 1)
        *flags = value;
    else if (how == 2)
        *flags |= value;
    else if (how == 3)
        *flags &= (uint8_t)~value;
}

void act_keyboard_report(struct term *t, const struct sequence *s)
{
    (void)s;
    reply(t, "\x9b?%uu", keyboard_flags(t));
}

static int *modify_option(struct term *t, int which)
{
    switch (which) {
    case 0:
        return &t->modify_keyboard;
    case 1:
        return &t->modify_cursor;
    case 2:
        return &t->modify_function;
    case 4:
        return &t->modify_other;
    default:
        return NULL;
    }
}

/* XTMODKEYS: CSI > which ; value m sets, without value resets; CSI > which n turns off. */
void act_modify_keys(struct term *t, const struct sequence *s)
{
    static const int initial[5] = {0, 2, 2, 0, 0};
    if (s->count == 0 && s->final == 'm') {
        for (int i = 0; i < 5; i++) {
            if (modify_option(t, i))
                *modify_option(t, i) = initial[i];
        }
        return;
    }
    int which = sequence_value(s, 0, s->final == 'n' ? 2 : 0);
    int *option = modify_option(t, which);
    if (option)
        *option = s->final == 'n' ? -1 : sequence_value(s, 1, initial[which]);
}

void act_modify_keys_report(struct term *t, const struct sequence *s)
{
    int which = sequence_value(s, 0, 0);
    const int *option = modify_option(t, which);
    if (option && *option < 0)
        reply(t, "\x9b>%dn", which);
    else if (option)
        reply(t, "\x9b>%d;%dm", which, *option);
}

/* XTFMTKEYS: CSI > 4 ; value f, formatOtherKeys: 0 CSI 27 ; modifiers ; code ~, 1 CSI code ;
 * modifiers u. Without value it is 0 again; so it is without anything. */
void act_format_keys(struct term *t, const struct sequence *s)
{
    if (s->count == 0 || sequence_value(s, 0, 0) == 4)
        t->format_other = sequence_value(s, 1, 0) == 1;
}

void act_format_keys_report(struct term *t, const struct sequence *s)
{
    if (sequence_value(s, 0, 0) == 4)
        reply(t, "\x9b>4;%df", t->format_other);
}

/* How keys without a character are encoded: CSI [number ;] final. Both forms: a letter that
 * names the key (number 1), or '~' with the key's number. */
static const struct special {
    uint32_t code;
    uint16_t number; /* before '~', or in the kitty protocol before 'u' */
    char final;
} specials[] = {
    {TERM_KEY_UP, 1, 'A'},       {TERM_KEY_DOWN, 1, 'B'},      {TERM_KEY_RIGHT, 1, 'C'},
    {TERM_KEY_LEFT, 1, 'D'},     {TERM_KEY_HOME, 1, 'H'},      {TERM_KEY_END, 1, 'F'},
    {TERM_KEY_F1, 1, 'P'},       {TERM_KEY_F1 + 1, 1, 'Q'},    {TERM_KEY_F1 + 2, 1, 'R'},
    {TERM_KEY_F1 + 3, 1, 'S'},   {TERM_KEY_INSERT, 2, '~'},    {TERM_KEY_DELETE, 3, '~'},
    {TERM_KEY_PAGE_UP, 5, '~'},  {TERM_KEY_PAGE_DOWN, 6, '~'}, {TERM_KEY_F1 + 4, 15, '~'},
    {TERM_KEY_F1 + 5, 17, '~'},  {TERM_KEY_F1 + 6, 18, '~'},   {TERM_KEY_F1 + 7, 19, '~'},
    {TERM_KEY_F1 + 8, 20, '~'},  {TERM_KEY_F1 + 9, 21, '~'},   {TERM_KEY_F1 + 10, 23, '~'},
    {TERM_KEY_F1 + 11, 24, '~'}, {TERM_KEY_F1 + 12, 25, '~'},  {TERM_KEY_F1 + 13, 26, '~'},
    {TERM_KEY_F1 + 14, 28, '~'}, {TERM_KEY_F1 + 15, 29, '~'},  {TERM_KEY_F1 + 16, 31, '~'},
    {TERM_KEY_F1 + 17, 32, '~'}, {TERM_KEY_F1 + 18, 33, '~'},  {TERM_KEY_F1 + 19, 34, '~'},
    {TERM_KEY_MENU, 29, '~'},
};

static const struct special *special_find(uint32_t code)
{
    for (size_t i = 0; i < sizeof(specials) / sizeof(specials[0]); i++) {
        if (specials[i].code == code)
            return &specials[i];
    }
    return NULL;
}

static void send_encoded(struct term *t, const char *text)
{
    send_bytes(t, text, strlen(text));
}

/* --- The keypad --- */

/* What the keypad types with Num Lock, and the final byte of its application form. */
static const char keypad_text[] = "0123456789./*-+\r=,";
static const char keypad_final[] = "pqrstuvwxynojmkMXl";

/* The keys it stands for without Num Lock: 0 to 9, then the decimal point. */
static const uint32_t keypad_moves[11] = {
    TERM_KEY_INSERT, TERM_KEY_END,  TERM_KEY_DOWN, TERM_KEY_PAGE_DOWN, TERM_KEY_LEFT,   0,
    TERM_KEY_RIGHT,  TERM_KEY_HOME, TERM_KEY_UP,   TERM_KEY_PAGE_UP,   TERM_KEY_DELETE,
};

static bool is_keypad(uint32_t code)
{
    return code >= TERM_KEY_KP_0 && code <= TERM_KEY_KP_SEPARATOR;
}

/* --- xterm's encodings --- */

/* The character Ctrl makes of one; -1 when it makes none. */
static int control_of(uint32_t code)
{
    if (code >= 'a' && code <= 'z')
        return (int)code - 'a' + 1;
    if (code >= '@' && code <= '_')
        return (int)code - '@';
    switch (code) {
    case ' ':
    case '2':
    case '`':
        return 0;
    case '3':
    case '{':
        return 0x1b;
    case '4':
    case '|':
        return 0x1c;
    case '5':
    case '}':
        return 0x1d;
    case '6':
    case '~':
        return 0x1e;
    case '7':
    case '/':
        return 0x1f;
    case '8':
    case '?':
        return 0x7f;
    default:
        return -1;
    }
}

/* The forms of modifyOtherKeys. */
static bool send_other(struct term *t, uint32_t code, unsigned mods)
{
    char out[40];
    if (t->format_other)
        snprintf(out, sizeof(out), "\x1b[%u;%uu", (unsigned)code, 1 + (mods & 15));
    else
        snprintf(out, sizeof(out), "\x1b[27;%u;%u~", 1 + (mods & 15), (unsigned)code);
    send_encoded(t, out);
    return true;
}

static bool send_special(struct term *t, const struct special *s, unsigned mods, int modify)
{
    char out[40];
    bool cursor = s->final >= 'A' && s->final <= 'H';
    unsigned shown = modify >= 0 ? mods & 15 : 0;
    if (shown && s->final != '~')
        snprintf(out, sizeof(out), "\x1b[1;%u%c", 1 + shown, s->final);
    else if (shown)
        snprintf(out, sizeof(out), "\x1b[%u;%u~", s->number, 1 + shown);
    else if (s->final == '~')
        snprintf(out, sizeof(out), "\x1b[%u~", s->number);
    else if (!cursor || t->mode[MODE_CURSOR_KEYS])
        snprintf(out, sizeof(out), "\x1bO%c", s->final);
    else
        snprintf(out, sizeof(out), "\x1b[%c", s->final);
    send_encoded(t, out);
    return true;
}

static void send_alt(struct term *t, unsigned mods, const char *text, size_t n)
{
    if (mods & (TERM_MOD_ALT | TERM_MOD_META))
        send_bytes(t, "\x1b", 1);
    send_bytes(t, text, n);
}

/* Enter, Tab, Backspace, Escape. */
static bool send_editing(struct term *t, uint32_t code, unsigned mods)
{
    unsigned strong = mods & (TERM_MOD_SHIFT | TERM_MOD_ALT | TERM_MOD_CTRL | TERM_MOD_META);
    int level = t->modify_other;
    uint32_t ch = code == TERM_KEY_ENTER    ? '\r'
                  : code == TERM_KEY_TAB    ? '\t'
                  : code == TERM_KEY_ESCAPE ? 0x1b
                  : t->mode[MODE_BACKARROW] ? '\b'
                                            : 0x7f;
    bool shift = strong == TERM_MOD_SHIFT;
    bool well_known =
        (code == TERM_KEY_ESCAPE && shift) || code == TERM_KEY_BACKSPACE || strong == TERM_MOD_ALT;
    bool always =
        (code == TERM_KEY_TAB && shift) || (code == TERM_KEY_BACKSPACE && strong == TERM_MOD_CTRL);
    if (strong && !always && (level >= 2 || (level == 1 && !well_known)))
        return send_other(t, code == TERM_KEY_BACKSPACE ? 0x7f : ch, mods);
    if (code == TERM_KEY_TAB && (mods & TERM_MOD_SHIFT)) {
        send_alt(t, mods, "\x1b[Z", 3);
        return true;
    }
    if (code == TERM_KEY_BACKSPACE && (mods & TERM_MOD_CTRL))
        ch = ch == 0x7f ? '\b' : 0x7f;
    char text[2] = {(char)ch, '\n'};
    send_alt(t, mods, text, code == TERM_KEY_ENTER && t->mode[MODE_NEWLINE] ? 2 : 1);
    return true;
}

static bool send_keypad(struct term *t, const struct term_key *key)
{
    uint32_t i = key->code - TERM_KEY_KP_0;
    char text[4] = "";
    bool number = key->mods & TERM_MOD_NUM;
    /* Digits are xterm's keys of a PC: with Num Lock they type, without they move. */
    if (t->mode[MODE_KEYPAD] && !number && i >= 11) {
        snprintf(text, sizeof(text), "\x1bO%c", keypad_final[i]);
        send_encoded(t, text);
        return true;
    }
    if (!number && i < 11) {
        const struct special *s = special_find(keypad_moves[i]);
        if (s)
            return send_special(t, s, key->mods, t->modify_cursor);
        send_encoded(t, t->mode[MODE_CURSOR_KEYS] ? "\x1bOE" : "\x1b[E");
        return true;
    }
    if (key->code == TERM_KEY_KP_ENTER)
        return send_editing(t, TERM_KEY_ENTER, key->mods);
    /* The decimal point is a comma in many layouts. */
    if (key->text && *key->text && !(key->mods & TERM_MOD_CTRL))
        send_alt(t, key->mods, key->text, strlen(key->text));
    else
        send_alt(t, key->mods, keypad_text + i, 1);
    return true;
}

/* The character a key has with Shift as held now. */
static uint32_t shifted_code(const struct term_key *key)
{
    if (!(key->mods & TERM_MOD_SHIFT))
        return key->code;
    if (key->shifted)
        return key->shifted;
    if (key->code >= 'a' && key->code <= 'z')
        return key->code - 32;
    return key->code;
}

/* Caps Lock turns the case of letters round. */
static uint32_t locked_code(uint32_t code, unsigned mods)
{
    uint32_t lower = code | 32;
    return (mods & TERM_MOD_CAPS) && code < 0x80 && lower >= 'a' && lower <= 'z' ? code ^ 32 : code;
}

static bool send_character(struct term *t, const struct term_key *key)
{
    unsigned mods = key->mods;
    uint32_t code = shifted_code(key);
    bool ctrl = mods & TERM_MOD_CTRL, alt = mods & (TERM_MOD_ALT | TERM_MOD_META);
    int control = ctrl ? control_of(code >= 'A' && code <= 'Z' ? code + 32 : code) : -1;
    /* Where letters are not Latin, Ctrl goes by the letter on the key in a US layout. */
    if (ctrl && code >= 0x80 && key->base >= 'a' && key->base <= 'z')
        control = control_of(key->base);
    bool shift_alone = (mods & TERM_MOD_SHIFT) && (code == ' ' || (code >= '@' && code < 0x7f));
    if ((ctrl || alt || shift_alone) && t->modify_other >= 2)
        return send_other(t, locked_code(code, mods), mods);
    if (ctrl && t->modify_other == 1 && (control < 0 || code == '?'))
        return send_other(t, code, mods);
    char text[4];
    size_t n;
    if (control >= 0) {
        text[0] = (char)control;
        n = 1;
    } else if (!ctrl && key->text && *key->text) {
        send_alt(t, mods, key->text, strlen(key->text));
        return true;
    } else {
        n = utf8_encode(ctrl ? code : locked_code(code, mods), text);
    }
    send_alt(t, mods, text, n);
    return true;
}

static bool send_xterm(struct term *t, const struct term_key *key)
{
    uint32_t code = key->code;
    if (key->action == TERM_KEY_RELEASE)
        return false;
    if (code < UNICODE_LIMIT)
        return code != 0 && send_character(t, key);
    if (code >= TERM_KEY_ENTER && code <= TERM_KEY_ESCAPE)
        return send_editing(t, code, key->mods);
    if (is_keypad(code))
        return send_keypad(t, key);
    const struct special *s = special_find(code);
    bool function = code >= TERM_KEY_F1 && code <= TERM_KEY_F35;
    return s && send_special(t, s, key->mods, function ? t->modify_function : t->modify_cursor);
}

/* --- The kitty keyboard protocol --- */

/* Without Num Lock the keypad's digits have numbers of their own: 0 to 9, then the decimal point.
 */
static uint32_t keypad_number(uint32_t code, unsigned mods)
{
    static const uint16_t moves[11] = {57425, 57424, 57420, 57422, 57417, KITTY_KP_BEGIN,
                                       57418, 57423, 57419, 57421, 57426};
    uint32_t i = code - TERM_KEY_KP_0;
    return i < 11 && !(mods & TERM_MOD_NUM) ? moves[i] : KITTY_KP_0 + i;
}

/* The number of a key in the protocol's own range; 0 when it has a form of `specials`. */
static uint32_t kitty_number(uint32_t code, unsigned mods)
{
    switch (code) {
    case TERM_KEY_ENTER:
        return 13;
    case TERM_KEY_TAB:
        return 9;
    case TERM_KEY_BACKSPACE:
        return 127;
    case TERM_KEY_ESCAPE:
        return 27;
    case TERM_KEY_CAPS_LOCK:
        return KITTY_CAPS_LOCK;
    case TERM_KEY_SCROLL_LOCK:
        return KITTY_SCROLL_LOCK;
    case TERM_KEY_NUM_LOCK:
        return KITTY_NUM_LOCK;
    case TERM_KEY_PRINT:
        return KITTY_PRINT;
    case TERM_KEY_PAUSE:
        return KITTY_PAUSE;
    case TERM_KEY_MENU:
        return KITTY_MENU;
    default:
        break;
    }
    if (code >= TERM_KEY_F1 + 12 && code <= TERM_KEY_F35)
        return KITTY_F13 + code - (TERM_KEY_F1 + 12);
    if (is_keypad(code))
        return keypad_number(code, mods);
    if (code >= TERM_KEY_LEFT_SHIFT && code <= TERM_KEY_LEFT_SUPER)
        return KITTY_LEFT_SHIFT + code - TERM_KEY_LEFT_SHIFT;
    if (code >= TERM_KEY_RIGHT_SHIFT && code <= TERM_KEY_RIGHT_SUPER)
        return KITTY_RIGHT_SHIFT + code - TERM_KEY_RIGHT_SHIFT;
    return code < UNICODE_LIMIT ? code : 0;
}

static bool is_modifier(uint32_t code)
{
    return (code >= TERM_KEY_LEFT_SHIFT && code <= TERM_KEY_RIGHT_SUPER) ||
           (code >= TERM_KEY_CAPS_LOCK && code <= TERM_KEY_NUM_LOCK);
}

/* Appends the code points of what the key types, parted by colons. */
static size_t append_text(char *out, size_t size, size_t n, const char *text)
{
    const uint8_t *at = (const uint8_t *)text;
    size_t left = strlen(text);
    char part = ';';
    while (left > 0 && n + 12 < size) {
        uint32_t code;
        size_t k = utf8_decode(at, left, &code);
        n += (size_t)snprintf(out + n, size - n, "%c%u", part, (unsigned)code);
        part = ':';
        at += k;
        left -= k;
    }
    return n;
}

static void send_kitty(struct term *t, const struct term_key *key, unsigned mods, unsigned flags)
{
    /* R would be a cursor report; the 5 that moves has no number before 'u'. */
    static const struct special f3 = {TERM_KEY_F1 + 2, 13, '~'},
                                begin = {TERM_KEY_KP_0 + 5, 1, 'E'};
    char out[256];
    size_t n = 2;
    const struct special *s = special_find(key->code);
    uint32_t number = kitty_number(key->code, key->mods);
    if (key->code == TERM_KEY_F1 + 2) {
        s = &f3;
    } else if (number == KITTY_KP_BEGIN) {
        s = &begin;
        number = 0;
    }
    char final = number || !s ? 'u' : s->final;
    unsigned first = number ? number : s ? s->number : 0;
    int event = flags & KITTY_EVENTS ? (int)key->action + 1 : 1;
    bool command = key->mods & ~(TERM_MOD_SHIFT | MOD_LOCKS);
    bool text = (flags & KITTY_TEXT) && (flags & KITTY_ALL) && !command && key->text &&
                *key->text && (uint8_t)*key->text >= 0x20 && *key->text != 0x7f &&
                key->action != TERM_KEY_RELEASE;
    bool modified = mods != 0 || event > 1;
    memcpy(out, "\x1b[", 2);
    bool alone = !modified && !text && final != 'u' && final != '~';
    if (!alone)
        n += (size_t)snprintf(out + n, sizeof(out) - n, "%u", first);
    if ((flags & KITTY_ALTERNATES) && key->code < UNICODE_LIMIT) {
        uint32_t shifted = mods & TERM_MOD_SHIFT ? shifted_code(key) : 0;
        if (shifted == key->code)
            shifted = 0;
        if (shifted)
            n += (size_t)snprintf(out + n, sizeof(out) - n, ":%u", (unsigned)shifted);
        if (key->base && key->base != key->code)
            n += (size_t)snprintf(out + n, sizeof(out) - n, shifted ? ":%u" : "::%u",
                                  (unsigned)key->base);
    }
    if (modified)
        n += (size_t)snprintf(out + n, sizeof(out) - n, event > 1 ? ";%u:%d" : ";%u", 1 + mods,
                              event);
    else if (text)
        out[n++] = ';';
    if (text)
        n = append_text(out, sizeof(out), n, key->text);
    out[n++] = final;
    send_bytes(t, out, n);
}

static bool send_by_protocol(struct term *t, const struct term_key *key, unsigned flags)
{
    uint32_t code = key->code;
    unsigned mods = key->mods & 255;
    bool all = flags & KITTY_ALL;
    bool types = code < UNICODE_LIMIT || (is_keypad(code) && code != TERM_KEY_KP_ENTER);
    bool editing = code >= TERM_KEY_ENTER && code <= TERM_KEY_BACKSPACE;
    if (code == 0)
        return false;
    if (!all && (types || editing))
        mods &= ~MOD_LOCKS;
    unsigned strong = mods & ~(unsigned)MOD_LOCKS;
    if (key->action == TERM_KEY_RELEASE && (!(flags & KITTY_EVENTS) || (editing && !all)))
        return false;
    if (is_modifier(code) && !all)
        return false;
    if (!all && key->action != TERM_KEY_RELEASE) {
        /* Text is text, and the three editing keys stay what they were. */
        bool plain = (strong & ~(code < UNICODE_LIMIT ? TERM_MOD_SHIFT : 0u)) == 0;
        bool number = key->mods & TERM_MOD_NUM;
        if (plain && (code < UNICODE_LIMIT || editing || (is_keypad(code) && number && types)))
            return send_xterm(t, key);
        if (!(flags & KITTY_DISAMBIGUATE) && key->action == TERM_KEY_PRESS)
            return send_xterm(t, key);
    }
    send_kitty(t, key, mods, flags);
    return true;
}

bool term_key(struct term *t, const struct term_key *key)
{
    unsigned flags = keyboard_flags(t);
    if (key->action == TERM_KEY_REPEAT && !t->mode[MODE_AUTO_REPEAT])
        return false;
    bool sent = flags ? send_by_protocol(t, key, flags) : send_xterm(t, key);
    if (sent && key->action != TERM_KEY_RELEASE && !is_modifier(key->code))
        term_scroll_bottom(t);
    return sent;
}

void term_text(struct term *t, const char *text, size_t n)
{
    if (n == 0)
        return;
    send_bytes(t, text, n);
    term_scroll_bottom(t);
}

/* The pasted text without its end: what begins it as a program gets it, in a piece of memory. */
static size_t paste_piece(const uint8_t **in, size_t *left, char *out, size_t size)
{
    size_t k = 0;
    while (*left > 0 && k + 4 <= size) {
        uint32_t code;
        size_t taken = utf8_decode(*in, *left, &code);
        bool crlf = code == '\r' && *left > 1 && (*in)[1] == '\n';
        bool broken = code == UNICODE_REPLACEMENT && taken < 3;
        if (code == '\n')
            code = '\r';
        /* Without control characters no text can end the paste or press a key. */
        if (!broken && !crlf && (code >= 0x20 || code == '\r' || code == '\t') &&
            (code < 0x7f || code >= 0xa0))
            k += utf8_encode(code, out + k);
        *in += taken;
        *left -= taken;
    }
    return k;
}

void term_paste(struct term *t, const char *text, size_t n)
{
    const uint8_t *in = (const uint8_t *)text;
    char out[4096];
    if (t->mode[MODE_PASTE])
        send_encoded(t, "\x1b[200~");
    while (n > 0)
        send_bytes(t, out, paste_piece(&in, &n, out, sizeof(out)));
    if (t->mode[MODE_PASTE])
        send_encoded(t, "\x1b[201~");
    term_scroll_bottom(t);
}

bool term_paste_bracketed(const struct term *t)
{
    return t->mode[MODE_PASTE];
}

void term_focus(struct term *t, bool focused)
{
    if (t->focused == focused)
        return;
    t->focused = focused;
    if (t->mode[MODE_FOCUS])
        send_encoded(t, focused ? "\x1b[I" : "\x1b[O");
}
