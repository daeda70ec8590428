/*
 * Presses every key that a terminfo entry names, in the modes the entry's own strings set, and
 * says where the terminal sends something else:
 *
 *   infocmp -1 -x NAME | terminfo
 *
 * prints a line for each difference: the capability, what the entry says, what is sent. A key
 * capability that is not known here is a difference too. Also the mouse (XM, kmous), focus (fe,
 * kxIN, kxOUT) and pasting (BE, PS, PE), where the entry has them. Exit status 1 when the input is
 * no entry.
 */
#include "term/term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAPABILITIES_MAX 600

static struct capability {
    char name[32];
    char text[224];
} capabilities[CAPABILITIES_MAX];
static int count;

static struct term *t;
static char sent[1024];
static size_t sent_length;

static void on_write(void *context, const char *bytes, size_t n)
{
    (void)context;
    for (size_t i = 0; i < n && sent_length + 1 < sizeof(sent); i++)
        sent[sent_length++] = bytes[i];
    sent[sent_length] = 0;
}

/* Takes one character of terminfo's notation. */
static const char *unescape(const char *at, char *out)
{
    static const char names[] = "Eenrtbfs";
    static const char bytes[] = "\x1b\x1b\n\r\t\b\f ";
    if (*at == '^' && at[1]) {
        *out = at[1] == '?' ? 0x7f : (char)(at[1] & 0x1f);
        return at + 2;
    }
    if (*at != '\\' || !at[1]) {
        *out = *at;
        return at + 1;
    }
    const char *hit = strchr(names, at[1]);
    if (hit) {
        *out = bytes[hit - names];
        return at + 2;
    }
    if (at[1] >= '0' && at[1] <= '7') {
        char *end;
        char digits[4] = {0};
        strncpy(digits, at + 1, 3);
        *out = (char)strtol(digits, &end, 8);
        return at + 1 + (end - digits);
    }
    *out = at[1];
    return at + 2;
}

/* A line "	name=text,". */
static void read_capability(const char *line)
{
    const char *equals = strchr(line, '=');
    if (*line != '\t' || !equals || equals - line > 31 || count == CAPABILITIES_MAX)
        return;
    struct capability *c = &capabilities[count++];
    snprintf(c->name, sizeof(c->name), "%.*s", (int)(equals - line - 1), line + 1);
    const char *end = strrchr(line, ',');
    size_t n = 0;
    for (const char *at = equals + 1; end && at < end && n + 1 < sizeof(c->text);)
        at = unescape(at, &c->text[n++]);
    c->text[n] = 0;
}

static const char *text_of(const char *name)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(capabilities[i].name, name) == 0)
            return capabilities[i].text;
    }
    return NULL;
}

static void feed(const char *text)
{
    term_feed(t, text, strlen(text));
}

static void show(const char *text)
{
    for (; *text; text++) {
        if (*text == 0x1b)
            printf("\\E");
        else if ((unsigned char)*text < 0x20 || *text == 0x7f)
            printf("^%c", *text ^ 0x40);
        else
            putchar(*text);
    }
}

static void compare(const char *name, const char *wanted)
{
    if (strcmp(wanted, sent) == 0)
        return;
    printf("%s ", name);
    show(wanted);
    printf(" sent ");
    show(sent);
    printf("\n");
}

static void forget(void)
{
    sent_length = 0;
    sent[0] = 0;
}

/* Modifiers of xterm's numbered sets: kDC3 is Alt, kDC7 Ctrl and Alt ... */
static unsigned numbered(const char *suffix)
{
    return *suffix ? (unsigned)atoi(suffix) - 1 : TERM_MOD_SHIFT;
}

static bool named_key(const char *name, struct term_key *key)
{
    static const struct {
        const char *name;
        uint32_t code;
        unsigned mods;
    } keys[] = {
        {"kcuu1", TERM_KEY_UP, 0},
        {"kcud1", TERM_KEY_DOWN, 0},
        {"kcuf1", TERM_KEY_RIGHT, 0},
        {"kcub1", TERM_KEY_LEFT, 0},
        {"khome", TERM_KEY_HOME, 0},
        {"kend", TERM_KEY_END, 0},
        {"knp", TERM_KEY_PAGE_DOWN, 0},
        {"kpp", TERM_KEY_PAGE_UP, 0},
        {"kich1", TERM_KEY_INSERT, 0},
        {"kdch1", TERM_KEY_DELETE, 0},
        {"kbs", TERM_KEY_BACKSPACE, 0},
        {"kcbt", TERM_KEY_TAB, TERM_MOD_SHIFT},
        {"kri", TERM_KEY_UP, TERM_MOD_SHIFT},
        {"kind", TERM_KEY_DOWN, TERM_MOD_SHIFT},
        {"kent", TERM_KEY_KP_ENTER, 0},
        {"ka1", TERM_KEY_KP_0 + 7, 0},
        {"ka2", TERM_KEY_KP_0 + 8, 0},
        {"ka3", TERM_KEY_KP_0 + 9, 0},
        {"kb1", TERM_KEY_KP_0 + 4, 0},
        {"kb2", TERM_KEY_KP_0 + 5, 0},
        {"kbeg", TERM_KEY_KP_0 + 5, 0},
        {"kp5", TERM_KEY_KP_0 + 5, 0},
        {"kb3", TERM_KEY_KP_0 + 6, 0},
        {"kc1", TERM_KEY_KP_0 + 1, 0},
        {"kc2", TERM_KEY_KP_0 + 2, 0},
        {"kc3", TERM_KEY_KP_0 + 3, 0},
        {"kpZRO", TERM_KEY_KP_0, 0},
        {"kpDOT", TERM_KEY_KP_DECIMAL, 0},
        {"kpADD", TERM_KEY_KP_ADD, 0},
        {"kpSUB", TERM_KEY_KP_SUBTRACT, 0},
        {"kpMUL", TERM_KEY_KP_MULTIPLY, 0},
        {"kpDIV", TERM_KEY_KP_DIVIDE, 0},
        {"kpCMA", TERM_KEY_KP_SEPARATOR, 0},
    };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcmp(name, keys[i].name) == 0) {
            *key = (struct term_key){.code = keys[i].code, .mods = keys[i].mods};
            return true;
        }
    }
    return false;
}

/* kUP, kUP3 ...: with Shift, or with the modifiers of the number. */
static bool modified_key(const char *name, struct term_key *key)
{
    static const struct {
        const char *name;
        uint32_t code;
    } keys[] = {{"kUP", TERM_KEY_UP},        {"kDN", TERM_KEY_DOWN},   {"kRIT", TERM_KEY_RIGHT},
                {"kLFT", TERM_KEY_LEFT},     {"kHOM", TERM_KEY_HOME},  {"kEND", TERM_KEY_END},
                {"kPRV", TERM_KEY_PAGE_UP},  {"kIC", TERM_KEY_INSERT}, {"kDC", TERM_KEY_DELETE},
                {"kNXT", TERM_KEY_PAGE_DOWN}};
    size_t stem = strcspn(name, "0123456789");
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strlen(keys[i].name) == stem && memcmp(name, keys[i].name, stem) == 0) {
            *key = (struct term_key){.code = keys[i].code, .mods = numbered(name + stem)};
            return true;
        }
    }
    return false;
}

/* kf1 to kf63: twelve keys each plain, with Shift, Ctrl, both, Alt, Alt and Shift. */
static bool function_key(const char *name, struct term_key *key)
{
    static const unsigned sets[] = {0,
                                    TERM_MOD_SHIFT,
                                    TERM_MOD_CTRL,
                                    TERM_MOD_CTRL | TERM_MOD_SHIFT,
                                    TERM_MOD_ALT,
                                    TERM_MOD_ALT | TERM_MOD_SHIFT};
    if (strncmp(name, "kf", 2) != 0)
        return false;
    int number = atoi(name + 2);
    if (number < 1 || number > 63)
        return false;
    *key = (struct term_key){.code = (uint32_t)(TERM_KEY_F1 + (number - 1) % 12),
                             .mods = sets[(number - 1) / 12]};
    return true;
}

static void press_all(void)
{
    for (int i = 0; i < count; i++) {
        const struct capability *c = &capabilities[i];
        struct term_key key;
        if (c->name[0] != 'k' || strcmp(c->name, "kmous") == 0 || strncmp(c->name, "kx", 2) == 0)
            continue;
        forget();
        if (named_key(c->name, &key) || modified_key(c->name, &key) || function_key(c->name, &key))
            term_key(t, &key);
        compare(c->name, c->text);
    }
}

static void focus_and_paste(void)
{
    if (text_of("fe")) {
        feed(text_of("fe"));
        forget();
        term_focus(t, false);
        compare("kxOUT", text_of("kxOUT"));
        forget();
        term_focus(t, true);
        compare("kxIN", text_of("kxIN"));
        feed(text_of("fd"));
        forget();
        term_focus(t, false);
        compare("fd", "");
    }
    if (text_of("BE")) {
        char wanted[600];
        snprintf(wanted, sizeof(wanted), "%sx%s", text_of("PS"), text_of("PE"));
        feed(text_of("BE"));
        forget();
        term_paste(t, "x", 1);
        compare("BE", wanted);
        feed(text_of("BD"));
        forget();
        term_paste(t, "x", 1);
        compare("BD", "x");
    }
}

/* XM takes a parameter; what it gives for 1 is what every entry of today has. */
static void click(void)
{
    struct term_mouse press = {.kind = TERM_MOUSE_PRESS, .button = 1, .row = 1, .col = 2};
    const char *begin = text_of("kmous");
    if (!begin || !text_of("XM"))
        return;
    feed("\x1b[?1006;1000h");
    forget();
    term_mouse(t, &press);
    if (strncmp(sent, begin, strlen(begin)) != 0)
        compare("kmous", begin);
}

int main(void)
{
    static const struct term_callbacks calls = {.write = on_write};
    struct term_options options;
    char line[4096];
    while (fgets(line, sizeof(line), stdin))
        read_capability(line);
    term_options_default(&options);
    t = term_new(24, 80, &options, &calls, NULL);
    if (!t || !text_of("smkx")) {
        fprintf(stderr, "no terminfo entry on the standard input\n");
        return 1;
    }
    feed(text_of("smkx"));
    press_all();
    focus_and_paste();
    click();
    term_free(t);
    return 0;
}
