/* Device control strings: status requests and terminfo requests. Others are consumed. */
#include "term/vt/dcs.h"

#include "term/input/reply.h"
#include "term/parser/hex.h"
#include "term/screen/state.h"
#include "term/vt/reports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* XTGETTCAP for one capability whose name came as `n` hexadecimal digits. */
static void capability(struct term *t, const char *digits, size_t n)
{
    static const struct {
        const char *name, *value;
    } known[] = {{"TN", "xterm-256color"},
                 {"name", "xterm-256color"},
                 {"Co", "256"},
                 {"colors", "256"},
                 {"RGB", "8"},
                 {"Su", ""},
                 {"Tc", ""},
                 {"bce", ""},
                 {"XT", ""},
                 /* The same as in foreland.terminfo. */
                 {"Smulx", "\33[4:%p1%dm"},
                 {"Setulc", "\33[58:2::%p1%{65536}%/%d:%p1%{256}%/%{255}%&%d:%p1%{255}%&%dm"},
                 {"ol", "\33[59m"},
                 {"Smol", "\33[53m"},
                 {"Rmol", "\33[55m"},
                 {"Ss", "\33[%p1%d q"},
                 {"Se", "\33[ q"},
                 {"Cs", "\33]12;%p1%s\a"},
                 {"Cr", "\33]112\a"},
                 {"Ms", "\33]52;%p1%s;%p2%s\a"},
                 {"Sync", "\33[?2026%?%p1%{1}%-%tl%eh%;"},
                 {"BE", "\33[?2004h"},
                 {"BD", "\33[?2004l"},
                 {"PS", "\33[200~"},
                 {"PE", "\33[201~"},
                 {"fe", "\33[?1004h"},
                 {"fd", "\33[?1004l"}};
    char name[32];
    if (n % 2 || n / 2 >= sizeof(name))
        return;
    for (size_t i = 0; i < n; i += 2) {
        if (hex_digit(digits[i]) < 0 || hex_digit(digits[i + 1]) < 0)
            return;
        name[i / 2] = (char)(hex_digit(digits[i]) << 4 | hex_digit(digits[i + 1]));
    }
    name[n / 2] = 0;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(name, known[i].name) != 0 ||
            (strcmp(name, "Ms") == 0 && !t->options.clipboard_write))
            continue;
        char value[256] = "";
        for (size_t k = 0; known[i].value[k]; k++)
            snprintf(value + 2 * k, 3, "%02X", (unsigned)(uint8_t)known[i].value[k]);
        reply(t,
              "\x90"
              "1+r%.*s%s%s\x9c",
              (int)n, digits, *value ? "=" : "", value);
        return;
    }
    reply(t,
          "\x90"
          "0+r%.*s\x9c",
          (int)n, digits);
}

static void capabilities(struct term *t, const char *text, size_t n)
{
    const char *end = text + n;
    /* A limit, so that a long list cannot ask for much more than it is itself. */
    for (int i = 0; i < 64 && text < end; i++) {
        const char *stop = memchr(text, ';', (size_t)(end - text));
        if (!stop)
            stop = end;
        capability(t, text, (size_t)(stop - text));
        text = stop + 1;
    }
}

/* DECRSPS with tab stops: columns parted by '/'. */
static void restore_tabs(struct term *t, const char *text, size_t n)
{
    memset(t->tabs, 0, sizeof(t->tabs));
    int col = 0;
    for (size_t i = 0; i <= n; i++) {
        if (i < n && text[i] >= '0' && text[i] <= '9') {
            if (col < TERM_COLS_MAX)
                col = col * 10 + (text[i] - '0');
        } else {
            if (col >= 1 && col <= TERM_COLS_MAX)
                t->tabs[col - 1] = 1;
            col = 0;
        }
    }
}

static void do_status(struct term *t, const struct sequence *s, const char *text, size_t n)
{
    (void)s;
    status_string(t, text, n, true);
}

static void do_capabilities(struct term *t, const struct sequence *s, const char *text, size_t n)
{
    (void)s;
    capabilities(t, text, n);
}

static void do_presentation(struct term *t, const struct sequence *s, const char *text, size_t n)
{
    if (sequence_value(s, 0, 0) == 2)
        restore_tabs(t, text, n);
}

static const struct dcs_row {
    char intermediate, final;
    const char *name, *text;
    void (*act)(struct term *t, const struct sequence *s, const char *text, size_t n);
} strings[] = {
    {'$', 'q', "DECRQSS", "report a setting: m r s t \"p \"q SP q $| *| *x $} $~ >m", do_status},
    {'+', 'q', "XTGETTCAP", "report terminfo capabilities", do_capabilities},
    {'$', 't', "DECRSPS", "2: restore tab stops", do_presentation},
};

#define STRINGS (sizeof(strings) / sizeof(strings[0]))

bool dcs_entry_get(size_t i, char form[3], const char **name, const char **text)
{
    if (i >= STRINGS)
        return false;
    form[0] = strings[i].intermediate;
    form[1] = strings[i].final;
    form[2] = 0;
    *name = strings[i].name;
    *text = strings[i].text;
    return true;
}

void dcs_dispatch(struct term *t, const struct sequence *s, const char *text, size_t n)
{
    for (size_t i = 0; i < STRINGS; i++) {
        if (!s->prefix && !s->second && s->intermediate == (uint8_t)strings[i].intermediate &&
            s->final == (uint8_t)strings[i].final)
            strings[i].act(t, s, text, n);
    }
}
