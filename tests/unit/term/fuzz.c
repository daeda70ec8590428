/*
 * Random sessions: output of every kind, divided at random, with resizing, scrolling, selecting,
 * keys and mouse between. What must hold: nothing crashes (run it with the sanitizers), both
 * grids show the same, and a second terminal that gets the same bytes one piece at a time ends
 * with the same picture and the same replies. Replies never hold what would end a line, erase or
 * interrupt in the shell that gets them when the program is gone, and are bounded by what asked.
 *
 * FORELAND_FUZZ_SESSIONS and FORELAND_FUZZ_SEED choose how many and where to begin; a failure
 * names its seed.
 */
#include "term/term.h"
#include "term/unicode/unicode.h"
#include "tests/unit/run.h"

#include "tests/unit/term/find.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Without the sanitizers there is less to find. */
#ifdef __SANITIZE_ADDRESS__
#define SESSIONS 20000
#else
#define SESSIONS 4000
#endif

struct side {
    struct term *t;
    struct term_view *view;
    uint64_t sent; /* a hash of everything written */
    bool asked;    /* output is being fed: what is written is a reply */
    bool unsafe;   /* a reply held a control character other than ESC and the BEL that ends it */
    size_t replied;
};

/* Bytes of reply for one byte of output, at most: "\e]4;1;?;2;? ..." asks for 25 with two or three.
 */
#define REPLY_RATIO_MAX 32
#define REPLY_SPARE     4096

struct session {
    uint64_t state;
    struct side sides[2]; /* [0] gets pieces whole, [1] divided */
    char piece[8192];
    size_t length;
};

static uint32_t next(struct session *s)
{
    s->state = s->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(s->state >> 33);
}

static int below(struct session *s, int n)
{
    return (int)(next(s) % (uint32_t)n);
}

static void hash(struct side *side, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        side->sent = (side->sent ^ (uint8_t)bytes[i]) * 1099511628211u;
}

static void on_write(void *context, const char *bytes, size_t n)
{
    struct side *side = context;
    hash(side, bytes, n);
    if (!side->asked)
        return;
    side->replied += n;
    /* What is asked with BEL at its end is answered so. */
    if (n > 2 && bytes[0] == 0x1b && bytes[1] == ']' && bytes[n - 1] == 7)
        n--;
    for (size_t i = 0; i < n; i++)
        side->unsafe |= ((uint8_t)bytes[i] < 0x20 && bytes[i] != 0x1b) || bytes[i] == 0x7f;
}

static void on_resize(void *context, int rows, int cols)
{
    struct side *side = context;
    if (rows <= 60 && cols <= 150)
        term_resize(side->t, rows, cols);
}

static void on_clipboard(void *context, char which, const char *text, size_t n)
{
    hash(context, &which, 1);
    hash(context, text, n);
}

static void on_title(void *context, const char *title)
{
    hash(context, title, strlen(title));
}

/* --- Output --- */

static void put(struct session *s, const char *text, size_t n)
{
    if (s->length + n > sizeof(s->piece))
        return;
    memcpy(s->piece + s->length, text, n);
    s->length += n;
}

static void put_text(struct session *s, const char *text)
{
    put(s, text, strlen(text));
}

static void put_number(struct session *s)
{
    static const char *const special[] = {"0", "1", "2", "999999999999", "2147483647", "65535"};
    char text[16];
    if (below(s, 6) == 0) {
        put_text(s, special[below(s, 6)]);
    } else {
        snprintf(text, sizeof(text), "%d", below(s, below(s, 4) ? 30 : 300));
        put_text(s, text);
    }
}

static void put_parameters(struct session *s)
{
    int n = below(s, 5) == 0 ? below(s, 40) : below(s, 6);
    for (int i = 0; i < n; i++) {
        if (i)
            put_text(s, below(s, 6) ? ";" : ":");
        if (below(s, 8))
            put_number(s);
    }
}

static void put_character(struct session *s)
{
    static const uint32_t some[] = {0x65e5, 0x301,  0x200d,  0x1f469,  0x1f1e9, 0x1f1ea, 0x1f3fd,
                                    0xfe0f, 0x1100, 0x1161,  0x11a8,   0xac00,  0x600,   0x915,
                                    0x93f,  0x94d,  0xa1,    0xad,     0x9b,    0x90,    0x9d,
                                    0x85,   0x200b, 0x20000, 0x10ffff, 0xfffd,  0x2764,  0x1f468,
                                    0x23,   0x20e3, 0xfe0e,  0xfe0f,   0x1f3f3, 0x2665};
    char bytes[4];
    uint32_t code = some[below(s, (int)(sizeof(some) / sizeof(some[0])))];
    put(s, bytes, utf8_encode(code, bytes));
}

static void put_mode(struct session *s)
{
    static const char *const modes[] = {"1",    "3",    "5",    "6",    "7",    "9",    "25",
                                        "40",   "41",   "45",   "47",   "69",   "95",   "1000",
                                        "1002", "1003", "1004", "1005", "1006", "1007", "1015",
                                        "1016", "1045", "1047", "1048", "1049", "2004", "2026"};
    put_text(s, "\x1b[?");
    put_text(s, modes[below(s, (int)(sizeof(modes) / sizeof(modes[0])))]);
    static const char *const ends[] = {"h", "l", "$p", "s", "r"};
    put_text(s, ends[below(s, 8) < 5 ? below(s, 2) : below(s, 5)]);
}

static void put_csi(struct session *s)
{
    static const char prefixes[] = "?><=";
    static const char intermediates[] = " !\"#$&'*+";
    char byte;
    put_text(s, below(s, 20) ? "\x1b[" : "\xc2\x9b");
    if (below(s, 6) == 0) {
        byte = prefixes[below(s, 4)];
        put(s, &byte, 1);
    }
    put_parameters(s);
    if (below(s, 5) == 0) {
        byte = intermediates[below(s, 9)];
        put(s, &byte, 1);
    }
    static const char usual[] = "mmmmmmHHHJKABCDLMPX@STrrssbGd";
    byte = below(s, 3) ? usual[below(s, (int)sizeof(usual) - 1)] : (char)(0x40 + below(s, 63));
    put(s, &byte, 1);
}

static void put_style(struct session *s)
{
    static const char *const styles[] = {
        "0",           "1",      "4",          "4:3",      "7",     "38;5;200", "48;2;1;2;3",
        "38:2::4:5:6", "58:5:9", "58;2;7;8;9", "59",       "21",    "31",       "103",
        "9",           "53",     "8",          "48:5:300", "38;2;1"};
    put_text(s, "\x1b[");
    for (int n = below(s, 3); n >= 0; n--) {
        put_text(s, styles[below(s, (int)(sizeof(styles) / sizeof(styles[0])))]);
        if (n)
            put_text(s, ";");
    }
    put_text(s, "m");
}

/* Many cells that each have something no other has. */
static void put_unique(struct session *s)
{
    char text[96];
    int kind = below(s, 3);
    for (int n = below(s, 40); n > 0; n--) {
        int k = below(s, 1 << 24);
        if (kind == 0)
            snprintf(text, sizeof(text), "\x1b]8;id=%d;http://x/%d\a%c", k % 50, k, 'a' + k % 26);
        else if (kind == 1)
            snprintf(text, sizeof(text), "\x1b[38;2;%d;%d;%d;58:2::%d:%d:%dm%c", k & 255,
                     k >> 8 & 255, k >> 16, k & 255, k >> 8 & 255, k >> 16, 'a' + k % 26);
        else
            snprintf(text, sizeof(text), "%c\xcc%c\xcc%c\xcd%c", 'a' + k % 26, 0x80 + k % 64,
                     0x80 + k / 64 % 64, 0x80 + k / 4096 % 48);
        put_text(s, text);
    }
    for (int n = kind == 2 ? below(s, 60) : 0; n > 0; n--)
        put_text(s, "\xcc\x81");
}

/* Rectangles, columns and repetitions that reach far over the screen. */
static void put_large(struct session *s)
{
    static const char *const large[] = {
        "\x1b[1;1;9999;9999$z",
        "\x1b[;;99999;99999${",
        "\x1b[65;2;3;9999;9999$x",
        "\x1b[2;3;9999;9999;1;4;5;1$v",
        "\x1b[9;9;9999;9999;1;1;1;1$v",
        "\x1b[2*x\x1b[1;2;9999;9999;1;4;7$r",
        "\x1b[1*x\x1b[3;9;9999;2;0;7$t",
        "\x1b[1;1;1;1;9999;9999*y",
        "x\x1b[999999b",
        "\xe6\x97\xa5\x1b[2147483647b",
        "\x1b[?69h\x1b[3;9999s\x1b[99999S",
        "\x1b[99999L\x1b[99999M",
        "\x1b[99999'}\x1b[99999'~",
        "\x1b[99999 @\x1b[99999 A",
        "\x1b[99999I\x1b[99999Z",
        "\x1b[?40h\x1b[?3h",
        "\x1b[?40h\x1b[?3l",
        "\x1b[?95h\x1b[?3h\x1b[?3l",
        "\x1b[>31u",
        "\x1b[=21;2u",
        "\x1b[<99u",
        "\x1b[?u",
    };
    put_text(s, large[below(s, (int)(sizeof(large) / sizeof(large[0])))]);
}

static void put_string(struct session *s)
{
    static const char *const heads[] = {
        "\x1b]0;",    "\x1b]2;",    "\x1b]4;1;", "\x1b]10;",  "\x1b]8;id=1;", "\x1b]8;;http://x/",
        "\x1b]52;c;", "\x1b]133;A", "\x1b]104;", "\x1bP$q",   "\x1bP+q544e",  "\x1bP2$t1/9/",
        "\x1b_",      "\x1b^",      "\x1bX",     "\x1bP1;2q", "\x1b]",        "\x1b]7;"};
    static const char *const ends[] = {"\a", "\x1b\\", "\xc2\x9c", "\x18", "\x1b[m", ""};
    put_text(s, heads[below(s, (int)(sizeof(heads) / sizeof(heads[0])))]);
    for (int n = below(s, 20); n > 0; n--) {
        char byte = (char)(below(s, 10) ? 0x20 + below(s, 95) : below(s, 256));
        put(s, &byte, 1);
    }
    /* Longer than whatever has a limit of its own. */
    for (int n = below(s, 50) ? 0 : below(s, 200); n > 0; n--)
        put_text(s, "0123456789abcdef/;:=");
    put_text(s, ends[below(s, 6)]);
}

static void put_escape(struct session *s)
{
    char text[3] = {0x1b, (char)(0x20 + below(s, 95)), (char)(0x30 + below(s, 79))};
    put(s, text, text[1] < 0x30 ? 3 : 2);
}

static void put_piece(struct session *s)
{
    char byte;
    switch (below(s, 14)) {
    case 0:
    case 1:
        for (int n = below(s, 60); n > 0; n--) {
            byte = (char)(0x20 + below(s, 95));
            put(s, &byte, 1);
        }
        break;
    case 2:
    case 3:
        put_character(s);
        break;
    case 4:
        byte = (char)below(s, 32);
        put(s, &byte, 1);
        break;
    case 5:
        put_text(s, "\r\n");
        break;
    case 6:
        put_mode(s);
        break;
    case 7:
        put_string(s);
        break;
    case 8:
        put_escape(s);
        break;
    case 9:
        put_style(s);
        break;
    case 11:
        /* Seldom: one of these takes as long as everything else in a session. */
        if (below(s, 24) == 0)
            put_large(s);
        else if (below(s, 12) == 0)
            put_unique(s);
        break;
    case 10:
        byte = (char)below(s, 256);
        put(s, &byte, 1);
        break;
    default:
        put_csi(s);
        break;
    }
}

static void feed(struct session *s)
{
    s->length = 0;
    for (int n = below(s, 25); n >= 0; n--)
        put_piece(s);
    for (int i = 0; i < 2; i++) {
        s->sides[i].asked = true;
        s->sides[i].replied = 0;
    }
    term_feed(s->sides[0].t, s->piece, s->length);
    for (size_t at = 0; at < s->length;) {
        size_t n = below(s, 3) ? 1 : (size_t)below(s, 30) + 1;
        if (n > s->length - at)
            n = s->length - at;
        term_feed(s->sides[1].t, s->piece + at, n);
        at += n;
    }
    for (int i = 0; i < 2; i++) {
        struct side *side = &s->sides[i];
        side->asked = false;
        side->unsafe |= side->replied > REPLY_RATIO_MAX * s->length + REPLY_SPARE;
    }
}

/* --- Everything else --- */

static void set_options(struct term *t, int a, int b, int c)
{
    struct term_options options;
    term_options_default(&options);
    options.scrollback_lines = a % 3 ? a % 200 : 0;
    options.scrollback_bytes = b % 4 ? 0 : (size_t)b * 100;
    options.ambiguous_is_wide = b % 2;
    options.window_reports = c % 2;
    options.cursor_shape = c % 8;
    options.palette[a % 256] = (uint32_t)b;
    term_set_options(t, &options);
}

enum { ACTIONS = 15 }; /* further ones reset */

static void act_on(struct term *t, int what, int a, int b, int c)
{
    static const char pasted[] = "one\ntwo\x1b[201~\xe6\x97\xa5\r\nthree\xff\xe6\t\x03\xc2\x9b"
                                 "5~ and so on";
    struct term_key key = {.mods = (unsigned)b % 64, .action = (enum term_key_action)(c % 3)};
    struct term_mouse mouse = {.kind = (enum term_mouse_kind)(a % 3),
                               .button = b % 12,
                               .row = c,
                               .col = a,
                               .mods = (unsigned)c % 8};
    switch (what) {
    case 0:
        term_resize(t, a % 40 + 1, b % 90 + 1);
        break;
    case 1:
        term_scroll(t, a % 60 - 30);
        break;
    case 2:
        term_select_start(t, a % 50 - 5, b % 100 - 5, (enum term_select_kind)(c % 4));
        term_select_extend(t, b % 50 - 5, a % 100 - 5);
        break;
    case 3:
        free(term_selection_text(t, NULL));
        break;
    case 4:
        key.code = a % 2 ? (uint32_t)(TERM_KEY_FIRST + 1 + b % 90) : (uint32_t)(32 + b % 95);
        key.text = a % 4 ? NULL : "x";
        term_key(t, &key);
        break;
    case 5:
        term_mouse(t, &mouse);
        break;
    case 6:
        find(t, a % 3 ? (a % 2 ? "a" : "[a-m]+(.|x{2,3})*\\b") : "\xe6\x97\xa5", (unsigned)b % 4,
             c % 2 ? 1 : -1);
        break;
    case 7:
        find(t, "", false, 1);
        break;
    case 8:
        free(term_link_at(t, a % 40, b % 90));
        break;
    case 9:
        term_paste(t, pasted + a % 8, (size_t)b % (sizeof(pasted) - 8));
        break;
    case 10:
        term_scroll_prompt(t, a % 2 ? 1 : -1);
        break;
    case 11:
        term_scroll_top(t);
        break;
    case 12:
        term_focus(t, a % 2);
        break;
    case 13:
        /* Of a selection that began long ago. */
        term_select_extend(t, b % 50 - 5, a % 100 - 5);
        break;
    case 14:
        set_options(t, a, b, c);
        break;
    default:
        term_reset(t, a % 8 == 0);
        break;
    }
}

static void act(struct session *s)
{
    int what = below(s, 3) ? below(s, ACTIONS) : 0;
    if (below(s, 100) == 0)
        what = ACTIONS;
    int a = below(s, 10000), b = below(s, 10000), c = below(s, 10000);
    for (int i = 0; i < 2; i++)
        act_on(s->sides[i].t, what, a, b, c);
}

/* The views of the two sides must show the same. */
static bool same(struct session *s)
{
    struct term_view *a = s->sides[0].view, *b = s->sides[1].view;
    term_view_update(a, s->sides[0].t, true);
    term_view_update(b, s->sides[1].t, true);
    struct term_cursor ca = term_view_cursor(a), cb = term_view_cursor(b);
    if (ca.row != cb.row || ca.col != cb.col || ca.visible != cb.visible)
        return false;
    if (term_view_rows(a) != term_view_rows(b) || term_view_cols(a) != term_view_cols(b))
        return false;
    if (s->sides[0].sent != s->sides[1].sent || s->sides[0].unsafe || s->sides[1].unsafe)
        return false;
    for (int row = 0; row < term_view_rows(a); row++) {
        const struct term_cell *x = term_view_row(a, row), *y = term_view_row(b, row);
        for (int col = 0; col < term_view_cols(a); col++) {
            uint32_t codes[40], others[40];
            size_t n = term_view_text(a, row, &x[col], codes, 40);
            size_t m = term_view_text(b, row, &y[col], others, 40);
            if (memcmp(&x[col].fg, &y[col].fg, 12) != 0 || n != m ||
                memcmp(codes, others, n * sizeof(*codes)) != 0)
                return false;
        }
    }
    return true;
}

static bool run_session(struct session *s, uint64_t seed, struct term_view *views[2])
{
    static const struct term_callbacks calls = {.write = on_write,
                                                .title = on_title,
                                                .clipboard = on_clipboard,
                                                .resize_request = on_resize};
    struct term_options options;
    bool ok = true;
    s->state = seed * 0x9e3779b97f4a7c15u + 1;
    term_options_default(&options);
    options.scrollback_lines = below(s, 4) ? below(s, 200) : 0;
    options.window_reports = below(s, 2);
    int rows = below(s, 30) + 1, cols = below(s, 5) ? below(s, 60) + 1 : below(s, 4) + 1;
    for (int i = 0; i < 2; i++) {
        s->sides[i].sent = 0;
        s->sides[i].unsafe = false;
        s->sides[i].t = term_new(rows, cols, &options, &calls, &s->sides[i]);
        s->sides[i].view = views[i];
        ck_assert_ptr_nonnull(s->sides[i].t);
        term_stop_at_frames(s->sides[i].t, i);
    }
    for (int n = below(s, 12) + 2; n > 0 && ok; n--) {
        feed(s);
        if (below(s, 2))
            act(s);
        if (below(s, 4) == 0)
            ok = same(s);
    }
    ok = ok && same(s);
    find_end();
    for (int i = 0; i < 2; i++)
        term_free(s->sides[i].t);
    return ok;
}

static unsigned long setting(const char *name, unsigned long otherwise)
{
    const char *value = getenv(name);
    return value && *value ? strtoul(value, NULL, 10) : otherwise;
}

START_TEST(random_sessions)
{
    static struct session s;
    unsigned long sessions = setting("FORELAND_FUZZ_SESSIONS", SESSIONS);
    unsigned long seed = setting("FORELAND_FUZZ_SEED", 1);
    struct term_view *views[2] = {term_view_new_with(TERM_GRID_OWN),
                                  term_view_new_with(TERM_GRID_TSM)};
    if (!views[1])
        views[1] = term_view_new();
    for (unsigned long i = 0; i < sessions; i++)
        ck_assert_msg(run_session(&s, seed + i, views),
                      "the sides differ, or a reply is not harmless: seed %lu", seed + i);
    term_view_free(views[0]);
    term_view_free(views[1]);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("sessions");
    tcase_set_timeout(tests, 0);
    tcase_add_test(tests, random_sessions);
    return unit_run("term fuzz", tests);
}
