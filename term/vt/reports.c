/* What the terminal answers. Nothing here repeats text that a program chose, except where the
 * owner allows window reports: a reply is typed into whatever reads the terminal. */
#include "term/vt/reports.h"

#include "term/input/reply.h"
#include "term/screen/state.h"
#include "term/vt/acts.h"
#include "term/vt/charset.h"
#include "term/vt/osc.h"
#include "term/vt/sgr.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* DA1. A VT420 with: 132 columns, selective erase, national sets, technical set, horizontal
 * scrolling, ANSI colour, rectangular editing. VT100 and VT200 levels say what those had. */
void act_device_attributes(struct term *t, const struct sequence *s)
{
    if (s && sequence_value(s, 0, 0) != 0)
        return;
    if (t->level == 1)
        reply(t, "\x9b?1;2c");
    else
        reply(t, "\x9b?%d;1;2;6;9;15;16;17;18;21;22;28c", 60 + t->level);
}

/* DA2: terminal type 41 (VT420), firmware version, no keyboard variant. */
void act_device_attributes_2(struct term *t, const struct sequence *s)
{
    if (sequence_value(s, 0, 0) == 0)
        reply(t, "\x9b>41;380;0c");
}

/* DA3: the unit's number, which it has none of. */
void act_device_attributes_3(struct term *t, const struct sequence *s)
{
    if (sequence_value(s, 0, 0) == 0)
        reply(t, "\x90!|00000000\x9c");
}

/* XTVERSION. */
void act_version(struct term *t, const struct sequence *s)
{
    if (sequence_value(s, 0, 0) == 0)
        reply(t, "\x90>|Foreland(0.1)\x9c");
}

/* DECREQTPARM. */
void act_parameters(struct term *t, const struct sequence *s)
{
    int how = sequence_value(s, 0, 0);
    if (how <= 1)
        reply(t, "\x9b%d;1;1;128;128;1;0x", how + 2);
}

static void cursor_report(struct term *t, const char *prefix, const char *page)
{
    const struct cursor *c = &t->cursor;
    int row = c->row - (c->origin ? t->top : 0) + 1;
    int col = c->col - (c->origin ? t->left : 0) + 1;
    reply(t, "\x9b%s%d;%d%sR", prefix, row, col, page);
}

void act_status(struct term *t, const struct sequence *s)
{
    int what = sequence_value(s, 0, 0);
    if (what == 5)
        reply(t, "\x9b"
                 "0n");
    else if (what == 6)
        cursor_report(t, "", "");
}

bool scheme_is_light(const struct term *t)
{
    uint32_t c = t->dynamic[DYNAMIC_BACKGROUND];
    return (c >> 16) * 3 + (c >> 8 & 255) * 6 + (c & 255) >= 1275;
}

void scheme_report(struct term *t)
{
    reply(t, "\x9b?997;%dn", scheme_is_light(t) ? 2 : 1);
}

void size_report(struct term *t)
{
    reply(t,
          "\x9b"
          "48;%d;%d;%d;%dt",
          t->rows, t->cols, t->display_height, t->display_width);
}

/* DSR with '?': cursor with page, printer, user-defined keys, keyboard, locator, macros,
 * memory checksum, data integrity, session, colour scheme. */
void act_status_dec(struct term *t, const struct sequence *s)
{
    switch (sequence_value(s, 0, 0)) {
    case 6:
        cursor_report(t, "?", t->level >= 4 ? ";1" : "");
        break;
    case 15:
        reply(t, "\x9b?13n");
        break;
    case 25:
        reply(t, "\x9b?20n");
        break;
    case 26:
        reply(t, t->level >= 4 ? "\x9b?27;1;0;0n" : t->level == 3 ? "\x9b?27;1;0n" : "\x9b?27;1n");
        break;
    case 53:
    case 55:
        reply(t, "\x9b?50n");
        break;
    case 56:
        reply(t, "\x9b?57;0n");
        break;
    case 62:
        reply(t, "\x9b"
                 "0*{");
        break;
    case 63:
        reply(t, "\x90%d!~0000\x9c", sequence_value(s, 1, 0));
        break;
    case 75:
        reply(t, "\x9b?70n");
        break;
    case 85:
        reply(t, "\x9b?83n");
        break;
    case 996:
        scheme_report(t);
        break;
    default:
        break;
    }
}

/* DECRQSS. `valid` false answers "not known" for the empty name. */
void status_string(struct term *t, const char *name, size_t n, bool valid)
{
    char value[256];
    int length = -1;
    const struct term_cell *pen = &t->cursor.pen;
    size_t room = sizeof(value);
    if (n == 1 && name[0] == 'm')
        length = sgr_describe(t, pen, value, room);
    else if (n == 1 && name[0] == 'r')
        length = snprintf(value, room, "%d;%d", t->top + 1, t->bottom + 1);
    else if (n == 1 && name[0] == 's')
        length = snprintf(value, room, "%d;%d", t->left + 1, t->right + 1);
    else if (n == 1 && name[0] == 't')
        length = snprintf(value, room, "%d", t->rows < 24 ? 24 : t->rows);
    else if (n == 2 && memcmp(name, "\"p", 2) == 0)
        length =
            snprintf(value, room, t->level == 1 ? "6%d" : "6%d;%d", t->level, t->c1_8bit ? 0 : 1);
    else if (n == 2 && memcmp(name, "\"q", 2) == 0)
        length = snprintf(value, room, "%d", pen->attr & TERM_PROTECTED ? 1 : 0);
    else if (n == 2 && memcmp(name, " q", 2) == 0)
        length = snprintf(value, room, "%d", t->cursor_shape);
    else if (n == 2 && memcmp(name, "$|", 2) == 0)
        length = snprintf(value, room, "%d", t->cols);
    else if (n == 2 && memcmp(name, "*|", 2) == 0)
        length = snprintf(value, room, "%d", t->rows);
    else if (n == 2 && memcmp(name, "*x", 2) == 0)
        length = snprintf(value, room, "%d", t->attribute_extent);
    else if (n == 2 && (memcmp(name, "$}", 2) == 0 || memcmp(name, "$~", 2) == 0))
        length = snprintf(value, room, "0"); /* there is no status line */
    else if (n == 2 && name[0] == '>' && name[1] == 'm')
        length = snprintf(value, room, ">4;%d", t->modify_other);
    if (!valid || length < 0)
        reply(t, "\x90"
                 "0$r\x9c");
    else
        reply(t,
              "\x90"
              "1$r%s%.*s\x9c",
              value, (int)n, name);
}

/* DECCIR: the cursor and everything that belongs to it. */
static void cursor_information(struct term *t)
{
    const struct cursor *c = &t->cursor;
    static const char finals[][3] = {"B", "0", "A", "<", ">", "A", "4", "5", "R",
                                     "9", "K", "Y", "E", "Z", "7", "=", "%6"};
    uint32_t attr = c->pen.attr;
    char looks = (char)(0x40 + !!(attr & TERM_BOLD) + 2 * !!(attr & TERM_UNDERLINE_MASK) +
                        4 * !!(attr & TERM_BLINK) + 8 * !!(attr & TERM_INVERSE));
    char flags = (char)(0x40 + c->origin + 2 * (t->single_shift == 2) + 4 * (t->single_shift == 3) +
                        8 * c->pending);
    char sizes = 0x40;
    for (int i = 0; i < 4; i++)
        sizes = (char)(sizes | (c->charset[i] == CHARSET_LATIN1) << i);
    reply(t,
          "\x90"
          "1$u%d;%d;1;%c;%c;%c;%d;%d;%c;%s%s%s%s\x9c",
          c->row + 1, c->col + 1, looks, attr & TERM_PROTECTED ? 'A' : '@', flags, c->gl, c->gr,
          sizes, finals[c->charset[0]], finals[c->charset[1]], finals[c->charset[2]],
          finals[c->charset[3]]);
}

/* DECRQPSR. */
void act_presentation(struct term *t, const struct sequence *s)
{
    int what = sequence_value(s, 0, 0);
    if (what == 1) {
        cursor_information(t);
    } else if (what == 2) {
        char list[3072];
        int n = 0;
        list[0] = 0;
        for (int i = 0; i < t->cols && n < (int)sizeof(list) - 16; i++) {
            if (t->tabs[i])
                n += snprintf(list + n, sizeof(list) - (size_t)n, n ? "/%d" : "%d", i + 1);
        }
        reply(t,
              "\x90"
              "2$u%s\x9c",
              list);
    }
}

/* DECRQUPSS: the user-preferred supplemental set is Latin-1. */
void act_preferred_charset(struct term *t, const struct sequence *s)
{
    (void)s;
    reply(t, "\x90"
             "1!uA\x9c");
}

/* DECRQDE: all of the one page is displayed. */
void act_displayed_extent(struct term *t, const struct sequence *s)
{
    (void)s;
    reply(t, "\x9b%d;%d;1;1;1\"w", t->rows, t->cols);
}

/* Title reports are hex digits when the program asked for that (XTSMTITLE). */
static void report_title(struct term *t, char kind, const char *title)
{
    char hex[2 * TITLE_MAX + 1];
    if (!t->options.window_reports)
        title = "";
    if (t->title_modes & 2) {
        size_t n = 0;
        for (; title[n]; n++)
            snprintf(hex + 2 * n, 3, "%02X", (unsigned)(uint8_t)title[n]);
        hex[2 * n] = 0;
        title = hex;
    }
    reply(t, "\x9d%c%s\x9c", kind, title);
}

static void push_title(struct term *t)
{
    if (!t->titles)
        t->titles = calloc(TITLE_STACK, sizeof(*t->titles));
    if (!t->titles)
        return;
    if (t->title_depth == TITLE_STACK) {
        memmove(t->titles, t->titles + 1, (TITLE_STACK - 1) * sizeof(*t->titles));
        t->title_depth--;
    }
    memcpy(t->titles[t->title_depth].title, t->title, TITLE_MAX);
    memcpy(t->titles[t->title_depth].icon_title, t->icon_title, TITLE_MAX);
    t->title_depth++;
}

static void pop_title(struct term *t, int which)
{
    if (t->title_depth == 0)
        return;
    t->title_depth--;
    if (which == 0 || which == 1)
        title_set(t, false, true, t->titles[t->title_depth].icon_title,
                  strlen(t->titles[t->title_depth].icon_title));
    if (which == 0 || which == 2)
        title_set(t, true, false, t->titles[t->title_depth].title,
                  strlen(t->titles[t->title_depth].title));
}

static void request_size(struct term *t, int rows, int cols)
{
    if (rows > TERM_ROWS_MAX || cols > TERM_COLS_MAX || rows < 1 || cols < 1)
        return;
    if (t->callbacks.resize_request)
        t->callbacks.resize_request(t->context, rows, cols);
}

/* A size of 0 means the display's, one left out means the present one. */
static int size_wanted(const struct sequence *s, int i, int present, int display)
{
    int value = sequence_value(s, i, -1);
    return value < 0 ? present : value == 0 ? display : value;
}

/* XTWINOPS. */
void act_window(struct term *t, const struct sequence *s)
{
    int w = t->cell_width, h = t->cell_height;
    int display_rows = t->display_height / h, display_cols = t->display_width / w;
    int what = sequence_value(s, 0, 0);
    switch (what) {
    case 4:
        request_size(t, size_wanted(s, 1, t->rows * h, t->display_height) / h,
                     size_wanted(s, 2, t->cols * w, t->display_width) / w);
        break;
    case 8:
        request_size(t, size_wanted(s, 1, t->rows, display_rows),
                     size_wanted(s, 2, t->cols, display_cols));
        break;
    case 1:
    case 2:
    case 3:
    case 5:
    case 6:
    case 9:
    case 10:
        if (t->callbacks.window_request)
            t->callbacks.window_request(t->context, s->value, s->count);
        break;
    case 11:
        reply(t, "\x9b"
                 "1t");
        break;
    case 13:
        reply(t, "\x9b"
                 "3;0;0t");
        break;
    case 14:
        reply(t,
              "\x9b"
              "4;%d;%dt",
              t->rows * h, t->cols * w);
        break;
    case 15:
        reply(t,
              "\x9b"
              "5;%d;%dt",
              t->display_height, t->display_width);
        break;
    case 16:
        reply(t,
              "\x9b"
              "6;%d;%dt",
              h, w);
        break;
    case 18:
        reply(t,
              "\x9b"
              "8;%d;%dt",
              t->rows, t->cols);
        break;
    case 19:
        reply(t,
              "\x9b"
              "9;%d;%dt",
              display_rows, display_cols);
        break;
    case 20:
        report_title(t, 'L', t->icon_title);
        break;
    case 21:
        report_title(t, 'l', t->title);
        break;
    case 22:
        push_title(t);
        break;
    case 23:
        pop_title(t, sequence_value(s, 1, 0));
        break;
    default:
        if (what >= 24)
            request_size(t, what, t->cols); /* DECSLPP */
        break;
    }
}

/* XTSMTITLE and XTRMTITLE. */
void act_title_modes(struct term *t, const struct sequence *s)
{
    for (int i = 0; i < s->count; i++) {
        int bit = sequence_value(s, i, 0);
        if (bit > 3)
            continue;
        if (s->final == 't')
            t->title_modes |= 1u << bit;
        else
            t->title_modes &= ~(1u << bit);
    }
    if (s->count == 0 && s->final == 'T')
        t->title_modes = 0;
}

void act_columns_per_page(struct term *t, const struct sequence *s)
{
    int cols = sequence_value(s, 0, 80);
    request_size(t, t->rows, cols ? cols : 80);
}

void act_rows_per_screen(struct term *t, const struct sequence *s)
{
    request_size(t, sequence_value(s, 0, t->rows), t->cols);
}
