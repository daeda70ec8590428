/*
 * Runs the files .test of tests/term, each a list of lines:
 *
 *   test NAME            begins a test: a fresh terminal of 5 rows and 20 columns
 *   size ROWS COLS       a fresh terminal of another size
 *   option NAME VALUE    scrollback, reports, ambiguous, bold_is_bright, clipboard_read: takes
 *                        effect with `size`
 *   push "BYTES"         output of the program; \e \n \r \t \a \b \\ \" \xHH
 *   frame "BYTES" N      the same up to the end of an update held back, N bytes; -: there is none
 *   held, end held       an update is held back; it is ended as after too long a time
 *   row N "TEXT"         text of row N of the view, trailing blanks left out
 *   rows "A|B|C"         all rows of the view, the blank ones at the end left out
 *   cursor ROW COL [pending] [hidden]
 *   shape N blink|steady shape of the cursor: 0 block, 1 underline, 2 bar
 *   cell ROW COL [ch=HEX] [fg=C] [bg=C] [ul=C] [link=N] [attr=NAMES]   C: - or 0-255 or #RRGGBB
 *   colors ROW COL FG BG painted colours, RRGGBB
 *   size_of ROW N        enum term_line_size
 *   reply "BYTES"        everything sent to the program since the last `reply`
 *   title "TEXT", icon "TEXT", clipboard "TEXT", directory "TEXT": the last one told
 *   progress "STATE PERCENT", notice "TITLE|TEXT": the last one told
 *   pointer N            the shape that is asked for, enum term_pointer
 *   bells N              bells so far
 *   asked "N N N"        the last request to move, size or show the window
 *   pixels W H           of a cell; scheme RRGGBB: the background in the options
 *   output found|none    selects the output of a command
 *   resize ROWS COLS, text "T", paste "T", focus in|out
 *   key NAME [mods] [upper=C] [base=C] [release|repeat]
 *   mouse press|release|move BUTTON ROW COL [mods]
 *   scroll N, scroll to N, scroll top|bottom|prompt-up|prompt-down
 *   select ROW COL cell|word|line|block, extend ROW COL, selected "TEXT"|none, select all
 *   search "TEXT" up|down found|none [nocase] [regex]
 *   link ROW COL "URL"|none, spans ROW COL "ROW:FROM-TO ... [marked]": the cells of the link there
 *   above N              rows above the view
 *
 * Every check of the screen is made on views over both grids, which must agree in every cell.
 */
#include "term/term.h"
#include "term/unicode/unicode.h"
#include "tests/unit/run.h"

#include "tests/unit/term/find.h"
#include <check.h>
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bench {
    struct term *t;
    struct term_view *views[2];
    struct term_options options;
    char sent[65536];
    size_t sent_length;
    char title[2048], icon[2048], clipboard[4096], directory[4096];
    char asked[64], progress[16], notice[2048];
    int bells;
    const char *file;
    int line;
    char name[128];
    int failures;
};

static void complain(struct bench *b, const char *what, const char *got)
{
    b->failures++;
    fprintf(stderr, "%s:%d: %s: %s; got: ", b->file, b->line, b->name, what);
    for (; *got; got++) {
        if ((unsigned char)*got < 0x20 || *got == 0x7f)
            fprintf(stderr, "\\x%02x", (unsigned)(unsigned char)*got);
        else
            fputc(*got, stderr);
    }
    fputc('\n', stderr);
}

static void on_write(void *context, const char *bytes, size_t n)
{
    struct bench *b = context;
    for (size_t i = 0; i < n && b->sent_length < sizeof(b->sent) - 1; i++)
        b->sent[b->sent_length++] = bytes[i];
    b->sent[b->sent_length] = 0;
}

static void on_title(void *context, const char *title)
{
    struct bench *b = context;
    snprintf(b->title, sizeof(b->title), "%s", title);
}

static void on_icon(void *context, const char *title)
{
    struct bench *b = context;
    snprintf(b->icon, sizeof(b->icon), "%s", title);
}

static void on_bell(void *context)
{
    struct bench *b = context;
    b->bells++;
}

static void on_clipboard(void *context, char which, const char *text, size_t n)
{
    struct bench *b = context;
    snprintf(b->clipboard, sizeof(b->clipboard), "%c:%.*s", which, (int)n, text);
}

static void on_query(void *context, char which)
{
    struct bench *b = context;
    term_clipboard_reply(b->t, which, "kept", 4);
}

static void on_directory(void *context, const char *url)
{
    struct bench *b = context;
    snprintf(b->directory, sizeof(b->directory), "%s", url);
}

static void on_progress(void *context, enum term_progress state, int percent)
{
    struct bench *b = context;
    snprintf(b->progress, sizeof(b->progress), "%d %d", (int)state, percent);
}

static void on_notify(void *context, const char *title, const char *body)
{
    struct bench *b = context;
    snprintf(b->notice, sizeof(b->notice), "%s|%s", title, body);
}

static void on_resize(void *context, int rows, int cols)
{
    struct bench *b = context;
    term_resize(b->t, rows, cols);
}

static void on_window(void *context, const int *values, int count)
{
    struct bench *b = context;
    size_t n = 0;
    b->asked[0] = 0;
    for (int i = 0; i < count && i < 4; i++)
        n += (size_t)snprintf(b->asked + n, sizeof(b->asked) - n, i ? " %d" : "%d", values[i]);
}

static void stop(struct bench *b)
{
    for (int i = 0; i < 2; i++)
        term_view_free(b->views[i]);
    find_end();
    term_free(b->t);
    b->t = NULL;
    b->views[0] = b->views[1] = NULL;
}

static void start(struct bench *b, int rows, int cols)
{
    static const struct term_callbacks calls = {
        .write = on_write,
        .title = on_title,
        .icon_title = on_icon,
        .bell = on_bell,
        .clipboard = on_clipboard,
        .clipboard_query = on_query,
        .directory = on_directory,
        .progress = on_progress,
        .notify = on_notify,
        .resize_request = on_resize,
        .window_request = on_window,
    };
    stop(b);
    b->sent_length = 0;
    b->sent[0] = b->title[0] = b->icon[0] = b->clipboard[0] = b->directory[0] = b->asked[0] = 0;
    b->bells = 0;
    b->t = term_new(rows, cols, &b->options, &calls, b);
    b->views[0] = term_view_new_with(TERM_GRID_OWN);
    b->views[1] = term_view_new_with(TERM_GRID_TSM);
    ck_assert_ptr_nonnull(b->t);
    ck_assert_ptr_nonnull(b->views[0]);
    if (!b->views[1])
        b->views[1] = term_view_new_with(TERM_GRID_OWN);
}

static void update(struct bench *b)
{
    for (int i = 0; i < 2; i++)
        term_view_update(b->views[i], b->t, false);
    if (term_view_rows(b->views[0]) == 0)
        return;
    for (int row = 0; row < term_view_rows(b->views[0]); row++) {
        const struct term_cell *a = term_view_row(b->views[0], row);
        const struct term_cell *c = term_view_row(b->views[1], row);
        size_t n = (size_t)term_view_cols(b->views[0]) * sizeof(*a);
        if (memcmp(a, c, n) != 0) {
            char where[64];
            snprintf(where, sizeof(where), "row %d", row);
            complain(b, "the grids differ", where);
            return;
        }
    }
}

static void row_text(struct bench *b, int row, char *out, size_t size)
{
    struct term_view *v = b->views[1];
    const struct term_cell *cells = term_view_row(v, row);
    size_t n = 0;
    for (int col = 0; col < term_view_cols(v); col++) {
        uint32_t codes[64];
        size_t k = term_view_text(v, row, &cells[col], codes, 64);
        if (cells[col].ch == TERM_CH_TAIL || cells[col].ch == TERM_CH_SPACER)
            continue;
        if (k == 0) {
            codes[0] = ' ';
            k = 1;
        }
        for (size_t i = 0; i < k && n + 5 < size; i++)
            n += utf8_encode(codes[i], out + n);
    }
    while (n > 0 && out[n - 1] == ' ')
        n--;
    out[n] = 0;
}

/* --- Reading a line --- */

static const char *skip(const char *at)
{
    while (*at == ' ')
        at++;
    return at;
}

static const char *word(const char *at, char *out, size_t size)
{
    size_t n = 0;
    at = skip(at);
    while (*at && *at != ' ' && n + 1 < size)
        out[n++] = *at++;
    out[n] = 0;
    return at;
}

static size_t quoted(struct bench *b, const char **from, char *out, size_t size)
{
    const char *at = skip(*from);
    size_t n = 0;
    if (*at++ != '"') {
        complain(b, "a quoted text is missing", *from);
        out[0] = 0;
        return 0;
    }
    while (*at && *at != '"' && n + 1 < size) {
        if (*at != '\\') {
            out[n++] = *at++;
            continue;
        }
        at++;
        static const char names[] = "enrtab\\\"0";
        static const char bytes[] = "\x1b\n\r\t\a\b\\\"\0";
        const char *hit = strchr(names, *at);
        if (*at == 'x') {
            char hex[3] = {at[1], at[2], 0};
            out[n++] = (char)strtol(hex, NULL, 16);
            at += 3;
        } else if (hit) {
            out[n++] = bytes[hit - names];
            at++;
        }
    }
    out[n] = 0;
    *from = *at == '"' ? at + 1 : at;
    return n;
}

static int integer(const char **from)
{
    char *end;
    int value = (int)strtol(*from, &end, 10);
    *from = end;
    return value;
}

static unsigned modifiers(const char *at)
{
    static const char *const names[] = {"shift", "alt", "ctrl", "super", "hyper", "meta"};
    unsigned mods = 0;
    for (unsigned i = 0; i < 6; i++) {
        if (strstr(at, names[i]))
            mods |= 1u << i;
    }
    if (strstr(at, "num"))
        mods |= TERM_MOD_NUM;
    if (strstr(at, "caps"))
        mods |= TERM_MOD_CAPS;
    return mods;
}

static uint32_t key_code(const char *name)
{
    static const struct {
        const char *name;
        uint32_t code;
    } names[] = {{"enter", TERM_KEY_ENTER},
                 {"tab", TERM_KEY_TAB},
                 {"backspace", TERM_KEY_BACKSPACE},
                 {"escape", TERM_KEY_ESCAPE},
                 {"up", TERM_KEY_UP},
                 {"down", TERM_KEY_DOWN},
                 {"right", TERM_KEY_RIGHT},
                 {"left", TERM_KEY_LEFT},
                 {"home", TERM_KEY_HOME},
                 {"end", TERM_KEY_END},
                 {"pageup", TERM_KEY_PAGE_UP},
                 {"pagedown", TERM_KEY_PAGE_DOWN},
                 {"insert", TERM_KEY_INSERT},
                 {"delete", TERM_KEY_DELETE},
                 {"menu", TERM_KEY_MENU},
                 {"space", ' '},
                 {"kp-enter", TERM_KEY_KP_ENTER},
                 {"kp-add", TERM_KEY_KP_ADD},
                 {"lshift", TERM_KEY_LEFT_SHIFT}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i].name) == 0)
            return names[i].code;
    }
    if (name[0] == 'f' && isdigit((unsigned char)name[1]))
        return (uint32_t)(TERM_KEY_F1 + atoi(name + 1) - 1);
    if (strncmp(name, "kp-", 3) == 0)
        return (uint32_t)(TERM_KEY_KP_0 + atoi(name + 3));
    uint32_t code;
    utf8_decode((const uint8_t *)name, strlen(name), &code);
    return code;
}

static uint32_t color_of(const char *text)
{
    if (*text == '-')
        return TERM_COLOR_DEFAULT;
    if (*text == '#')
        return TERM_COLOR_RGB | (uint32_t)strtoul(text + 1, NULL, 16);
    return TERM_COLOR_PALETTE | (uint32_t)atoi(text);
}

static uint32_t attributes(const char *text)
{
    static const char *const names[] = {"bold",    "dim",     "italic", "blink",
                                        "inverse", "conceal", "strike", "overline"};
    static const char *const lines[] = {"", "underline", "double", "curly", "dotted", "dashed"};
    uint32_t attr = 0;
    for (unsigned i = 0; i < 8; i++) {
        if (strstr(text, names[i]))
            attr |= 1u << i;
    }
    for (unsigned i = 1; i < 6; i++) {
        if (strstr(text, lines[i]))
            attr |= i << TERM_UNDERLINE_SHIFT;
    }
    attr |= strstr(text, "protected") ? TERM_PROTECTED : 0;
    attr |= strstr(text, "wide") ? TERM_WIDE : 0;
    attr |= strstr(text, "selected") ? TERM_SELECTED : 0;
    attr |= strstr(text, "matched") ? TERM_MATCHED : 0;
    attr |= strstr(text, "current") ? TERM_MATCHED | TERM_CURRENT : 0;
    return attr;
}

/* --- Checks --- */

static void expect(struct bench *b, const char *what, const char *want, const char *got)
{
    char text[1024];
    if (strcmp(want, got) == 0)
        return;
    snprintf(text, sizeof(text), "expected %.60s \"%.900s\"", what, want);
    complain(b, text, got);
}

static void check_rows(struct bench *b, const char *want)
{
    char all[16384], row[4096];
    size_t n = 0, kept = 0;
    for (int i = 0; i < term_view_rows(b->views[0]); i++) {
        row_text(b, i, row, sizeof(row));
        n += (size_t)snprintf(all + n, sizeof(all) - n, i ? "|%s" : "%s", row);
        if (row[0])
            kept = n;
    }
    all[kept] = 0;
    expect(b, "rows", want, all);
}

static void check_cursor(struct bench *b, const char *rest)
{
    char got[64], want[64];
    struct term_cursor c = term_view_cursor(b->views[0]);
    int row = integer(&rest), col = integer(&rest);
    snprintf(want, sizeof(want), "%d %d%s", row, col, strstr(rest, "hidden") ? " hidden" : "");
    snprintf(got, sizeof(got), "%d %d%s", c.row, c.col, c.visible ? "" : " hidden");
    expect(b, "cursor", want, got);
}

static void check_cell(struct bench *b, const char *rest)
{
    int row = integer(&rest), col = integer(&rest);
    const struct term_cell *cell = &term_view_row(b->views[1], row)[col];
    char part[64], got[160];
    struct term_extra extra = term_view_extra(b->views[1], row, cell);
    uint32_t attr = cell->attr & ~TERM_EXTRA_MASK;
    snprintf(got, sizeof(got), "ch=%x fg=%08x bg=%08x attr=%x ul=%08x link=%u", (unsigned)cell->ch,
             (unsigned)cell->fg, (unsigned)cell->bg, (unsigned)attr,
             (unsigned)extra.underline_color, (unsigned)extra.link);
    for (rest = word(rest, part, sizeof(part)); part[0]; rest = word(rest, part, sizeof(part))) {
        char *value = strchr(part, '=');
        bool ok = value != NULL;
        if (ok) {
            *value++ = 0;
            if (strcmp(part, "ch") == 0)
                ok = cell->ch == strtoul(value, NULL, 16);
            else if (strcmp(part, "fg") == 0)
                ok = cell->fg == color_of(value);
            else if (strcmp(part, "bg") == 0)
                ok = cell->bg == color_of(value);
            else if (strcmp(part, "ul") == 0)
                ok = extra.underline_color == color_of(value);
            else if (strcmp(part, "link") == 0)
                ok = extra.link == (uint32_t)atoi(value);
            else
                ok = strcmp(part, "attr") == 0 && attr == attributes(value);
        }
        if (!ok)
            complain(b, part, got);
    }
}

static void check_colors(struct bench *b, const char *rest)
{
    char want[64], got[64];
    int row = integer(&rest), col = integer(&rest);
    uint32_t fg, bg;
    term_view_colors(b->views[1], &term_view_row(b->views[1], row)[col], &fg, &bg);
    snprintf(got, sizeof(got), "%06x %06x", (unsigned)fg, (unsigned)bg);
    snprintf(want, sizeof(want), "%s", skip(rest));
    expect(b, "colors", want, got);
}

static bool run_check(struct bench *b, const char *name, const char *rest)
{
    char want[16384], got[16384];
    update(b);
    if (strcmp(name, "row") == 0) {
        int row = integer(&rest);
        quoted(b, &rest, want, sizeof(want));
        row_text(b, row, got, sizeof(got));
        expect(b, "row", want, got);
    } else if (strcmp(name, "rows") == 0) {
        quoted(b, &rest, want, sizeof(want));
        check_rows(b, want);
    } else if (strcmp(name, "cursor") == 0) {
        check_cursor(b, rest);
    } else if (strcmp(name, "shape") == 0) {
        struct term_cursor c = term_view_cursor(b->views[0]);
        snprintf(got, sizeof(got), "%d %s", c.shape, c.blinking ? "blink" : "steady");
        expect(b, "shape", skip(rest), got);
    } else if (strcmp(name, "cell") == 0) {
        check_cell(b, rest);
    } else if (strcmp(name, "colors") == 0) {
        check_colors(b, rest);
    } else if (strcmp(name, "size_of") == 0) {
        int row = integer(&rest);
        snprintf(got, sizeof(got), "%d", (int)term_view_line_size(b->views[0], row));
        expect(b, "line size", skip(rest), got);
    } else if (strcmp(name, "above") == 0) {
        uint64_t above, below;
        term_view_scrolled(b->views[0], &above, &below);
        snprintf(got, sizeof(got), "%u", (unsigned)above);
        expect(b, "rows above", skip(rest), got);
    } else {
        return false;
    }
    return true;
}

static bool run_told(struct bench *b, const char *name, const char *rest)
{
    char want[16384];
    char *got = NULL;
    if (strcmp(name, "bells") == 0) {
        snprintf(want, sizeof(want), "%d", b->bells);
        expect(b, "bells", skip(rest), want);
        return true;
    }
    if (strcmp(name, "reply") == 0)
        got = b->sent;
    else if (strcmp(name, "title") == 0)
        got = b->title;
    else if (strcmp(name, "icon") == 0)
        got = b->icon;
    else if (strcmp(name, "clipboard") == 0)
        got = b->clipboard;
    else if (strcmp(name, "directory") == 0)
        got = b->directory;
    else if (strcmp(name, "asked") == 0)
        got = b->asked;
    else if (strcmp(name, "progress") == 0)
        got = b->progress;
    else if (strcmp(name, "notice") == 0)
        got = b->notice;
    if (!got)
        return false;
    quoted(b, &rest, want, sizeof(want));
    expect(b, name, want, got);
    if (got == b->sent) {
        b->sent_length = 0;
        b->sent[0] = 0;
    }
    return true;
}

/* The character after `name`; 0 when there is none. */
static uint32_t character_after(const char *rest, const char *name)
{
    const char *at = strstr(rest, name);
    uint32_t code = 0;
    if (at)
        utf8_decode((const uint8_t *)at + strlen(name), strlen(at + strlen(name)), &code);
    return code;
}

static void run_key(struct bench *b, const char *rest)
{
    char name[32];
    rest = word(rest, name, sizeof(name));
    struct term_key key = {.code = key_code(name), .mods = modifiers(rest)};
    key.shifted = character_after(rest, "upper=");
    key.base = character_after(rest, "base=");
    char text[8] = "";
    if (key.code < TERM_KEY_FIRST) {
        uint32_t code = key.code;
        if ((key.mods & TERM_MOD_SHIFT) && key.shifted)
            code = key.shifted;
        else if ((key.mods & TERM_MOD_SHIFT) && code >= 'a' && code <= 'z')
            code -= 32;
        text[utf8_encode(code, text)] = 0;
        key.text = text;
    }
    if (strstr(rest, "release"))
        key.action = TERM_KEY_RELEASE;
    else if (strstr(rest, "repeat"))
        key.action = TERM_KEY_REPEAT;
    term_key(b->t, &key);
}

static void run_mouse(struct bench *b, const char *rest)
{
    char kind[32];
    rest = word(rest, kind, sizeof(kind));
    struct term_mouse e = {0};
    e.kind = strcmp(kind, "press") == 0     ? TERM_MOUSE_PRESS
             : strcmp(kind, "release") == 0 ? TERM_MOUSE_RELEASE
                                            : TERM_MOUSE_MOVE;
    e.button = integer(&rest);
    e.row = integer(&rest);
    e.col = integer(&rest);
    e.x = e.col * 8 + 3;
    e.y = e.row * 16 + 5;
    e.mods = modifiers(rest);
    term_mouse(b->t, &e);
}

static void run_select(struct bench *b, const char *rest)
{
    static const char *const kinds[] = {"cell", "word", "line", "block"};
    if (strstr(rest, "all")) {
        term_select_all(b->t);
        return;
    }
    int row = integer(&rest), col = integer(&rest);
    for (int i = 0; i < 4; i++) {
        if (strcmp(skip(rest), kinds[i]) == 0)
            term_select_start(b->t, row, col, (enum term_select_kind)i);
    }
}

static void run_selected(struct bench *b, const char *rest)
{
    char want[16384];
    char *got = term_selection_text(b->t, NULL);
    if (strcmp(skip(rest), "none") == 0) {
        if (got)
            complain(b, "expected no selection", got);
    } else {
        quoted(b, &rest, want, sizeof(want));
        expect(b, "selection", want, got ? got : "(none)");
    }
    free(got);
}

static void run_link(struct bench *b, const char *rest)
{
    char want[4096];
    int row = integer(&rest), col = integer(&rest);
    char *got = term_link_at(b->t, row, col);
    if (strcmp(skip(rest), "none") == 0) {
        if (got)
            complain(b, "expected no link", got);
    } else {
        quoted(b, &rest, want, sizeof(want));
        expect(b, "link", want, got ? got : "(none)");
    }
    free(got);
}

static void run_spans(struct bench *b, const char *rest)
{
    struct term_span spans[8];
    char want[256], got[256] = "";
    int count = 8;
    bool marked;
    int row = integer(&rest), col = integer(&rest);
    free(term_link_find(b->t, row, col, spans, &count, &marked));
    for (int i = 0; i < count; i++) {
        size_t n = strlen(got);
        snprintf(got + n, sizeof(got) - n, "%s%d:%d-%d", i ? " " : "", spans[i].row, spans[i].from,
                 spans[i].to);
    }
    if (marked)
        strcat(got, " marked");
    quoted(b, &rest, want, sizeof(want));
    expect(b, "spans", want, got);
}

static void run_scroll(struct bench *b, const char *rest)
{
    rest = skip(rest);
    if (strcmp(rest, "top") == 0)
        term_scroll_top(b->t);
    else if (strcmp(rest, "bottom") == 0)
        term_scroll_bottom(b->t);
    else if (strcmp(rest, "prompt-up") == 0)
        term_scroll_prompt(b->t, -1);
    else if (strcmp(rest, "prompt-down") == 0)
        term_scroll_prompt(b->t, 1);
    else if (strncmp(rest, "to ", 3) == 0)
        term_scroll_to(b->t, (uint64_t)atoi(rest + 3));
    else
        term_scroll(b->t, atoi(rest));
}

static void run_option(struct bench *b, const char *rest)
{
    char name[32];
    rest = word(rest, name, sizeof(name));
    int value = atoi(rest);
    if (strcmp(name, "scrollback") == 0)
        b->options.scrollback_lines = value;
    else if (strcmp(name, "reports") == 0)
        b->options.window_reports = value;
    else if (strcmp(name, "ambiguous") == 0)
        b->options.ambiguous_is_wide = value;
    else if (strcmp(name, "bold_is_bright") == 0)
        b->options.bold_is_bright = value;
    else if (strcmp(name, "clipboard_read") == 0)
        b->options.clipboard_read = value;
    else
        complain(b, "no such option", name);
}

static bool run_action(struct bench *b, const char *name, const char *rest)
{
    char text[65536];
    if (strcmp(name, "push") == 0) {
        size_t n = quoted(b, &rest, text, sizeof(text));
        int times = *skip(rest) == '*' ? atoi(skip(rest) + 1) : 1;
        while (times-- > 0)
            term_feed(b->t, text, n);
    } else if (strcmp(name, "frame") == 0) {
        size_t n = quoted(b, &rest, text, sizeof(text));
        char want[16], got[16];
        term_stop_at_frames(b->t, true);
        size_t taken = term_feed_some(b->t, text, n);
        if (term_frame_ended(b->t))
            snprintf(got, sizeof(got), "%u", (unsigned)taken);
        else
            snprintf(got, sizeof(got), "%s", taken == n ? "-" : "less");
        word(rest, want, sizeof(want));
        expect(b, "frame", want, got);
    } else if (strcmp(name, "held") == 0) {
        if (!term_synchronized(b->t))
            complain(b, "expected an update held back", "none");
    } else if (strcmp(name, "end") == 0) {
        term_synchronized_end(b->t);
    } else if (strcmp(name, "size") == 0) {
        int rows = integer(&rest), cols = integer(&rest);
        start(b, rows, cols);
    } else if (strcmp(name, "resize") == 0) {
        int rows = integer(&rest), cols = integer(&rest);
        term_resize(b->t, rows, cols);
    } else if (strcmp(name, "option") == 0) {
        run_option(b, rest);
    } else if (strcmp(name, "key") == 0) {
        run_key(b, rest);
    } else if (strcmp(name, "text") == 0) {
        size_t n = quoted(b, &rest, text, sizeof(text));
        term_text(b->t, text, n);
    } else if (strcmp(name, "paste") == 0) {
        size_t n = quoted(b, &rest, text, sizeof(text));
        term_paste(b->t, text, n);
    } else if (strcmp(name, "focus") == 0) {
        term_focus(b->t, strcmp(skip(rest), "in") == 0);
    } else if (strcmp(name, "mouse") == 0) {
        run_mouse(b, rest);
    } else if (strcmp(name, "scroll") == 0) {
        run_scroll(b, rest);
    } else if (strcmp(name, "select") == 0) {
        run_select(b, rest);
    } else if (strcmp(name, "output") == 0) {
        if (term_select_output(b->t) != (strcmp(rest, "found") == 0))
            complain(b, "select output", rest);
    } else if (strcmp(name, "pixels") == 0) {
        int width = integer(&rest), height = integer(&rest);
        term_set_pixels(b->t, width, height, width * term_cols(b->t), height * term_rows(b->t));
    } else if (strcmp(name, "scheme") == 0) {
        b->options.background = (uint32_t)strtoul(rest, NULL, 16);
        term_set_options(b->t, &b->options);
    } else if (strcmp(name, "pointer") == 0) {
        if ((int)term_pointer(b->t) != integer(&rest))
            complain(b, "pointer", "another one");
    } else if (strcmp(name, "extend") == 0) {
        int row = integer(&rest), col = integer(&rest);
        term_select_extend(b->t, row, col);
    } else if (strcmp(name, "selected") == 0) {
        run_selected(b, rest);
    } else if (strcmp(name, "search") == 0) {
        quoted(b, &rest, text, sizeof(text));
        unsigned how = (strstr(rest, "nocase") ? TERM_SEARCH_IGNORE_CASE : 0) |
                       (strstr(rest, "regex") ? TERM_SEARCH_REGEX : 0);
        bool found = find(b->t, text, how, strstr(rest, "up") ? -1 : 1);
        if (found != (strstr(rest, "found") != NULL))
            complain(b, "search", found ? "found" : "none");
    } else if (strcmp(name, "link") == 0) {
        run_link(b, rest);
    } else if (strcmp(name, "spans") == 0) {
        run_spans(b, rest);
    } else {
        return false;
    }
    return true;
}

static void run_line(struct bench *b, char *line)
{
    char name[32];
    const char *rest = skip(word(line, name, sizeof(name)));
    if (name[0] == 0 || name[0] == '#')
        return;
    if (strcmp(name, "test") == 0) {
        term_options_default(&b->options);
        snprintf(b->name, sizeof(b->name), "%.*s", (int)sizeof(b->name) - 1, rest);
        start(b, 5, 20);
    } else if (!run_action(b, name, rest) && !run_check(b, name, rest) &&
               !run_told(b, name, rest)) {
        complain(b, "no such command", name);
    }
}

static int run_file(const char *path)
{
    static char line[131072];
    struct bench *b = calloc(1, sizeof(*b));
    FILE *in = fopen(path, "rb");
    ck_assert_msg(in != NULL, "%s cannot be read", path);
    b->file = path;
    while (fgets(line, sizeof(line), in)) {
        line[strcspn(line, "\r\n")] = 0;
        b->line++;
        run_line(b, line);
    }
    fclose(in);
    stop(b);
    int failures = b->failures;
    free(b);
    return failures;
}

START_TEST(every_file)
{
    const char *root = getenv("FORELAND_TESTS");
    char path[4096];
    ck_assert_msg(root != NULL, "FORELAND_TESTS is not set");
    snprintf(path, sizeof(path), "%s/term", root);
    DIR *folder = opendir(path);
    ck_assert_msg(folder != NULL, "%s cannot be listed", path);
    int files = 0, failures = 0;
    for (struct dirent *e; (e = readdir(folder)) != NULL;) {
        size_t n = strlen(e->d_name);
        if (n < 6 || strcmp(e->d_name + n - 5, ".test") != 0)
            continue;
        snprintf(path, sizeof(path), "%s/term/%s", root, e->d_name);
        failures += run_file(path);
        files++;
    }
    closedir(folder);
    ck_assert_int_gt(files, 0);
    ck_assert_int_eq(failures, 0);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("files");
    tcase_set_timeout(tests, 0);
    tcase_add_test(tests, every_file);
    return unit_run("term scripts", tests);
}
