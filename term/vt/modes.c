/* Modes: SM, RM, DECSET, DECRST, DECRQM, XTSAVE, XTRESTORE. */
#include "term/vt/modes.h"

#include "term/input/reply.h"
#include "term/screen/screen.h"
#include "term/screen/state.h"
#include "term/vt/acts.h"
#include "term/vt/cursor.h"
#include "term/vt/reports.h"

/* What happens beyond the flag itself. */
enum effect {
    EFFECT_NONE,
    EFFECT_ORIGIN,
    EFFECT_COLUMNS,
    EFFECT_REDRAW,
    EFFECT_MARGINS,
    EFFECT_ALTERNATE,        /* 47 */
    EFFECT_ALTERNATE_CLEAR,  /* 1047: cleared on leaving */
    EFFECT_CURSOR,           /* 1048 */
    EFFECT_ALTERNATE_CURSOR, /* 1049: cursor saved, cleared on entering */
    EFFECT_MOUSE,            /* one of a group */
    EFFECT_MOUSE_FORM,
    EFFECT_KEYPAD,
    EFFECT_FOCUS,
    EFFECT_HOLD,
    EFFECT_SIZE,
    EFFECT_FIXED_SET,   /* cannot be changed: reported as permanently set */
    EFFECT_FIXED_RESET, /* permanently reset */
};

static const struct mode_entry {
    uint16_t number;
    bool dec;
    uint8_t mode;
    uint8_t effect;
    bool initial;
    const char *text;
} modes[] = {
    {2, false, MODE_KEYBOARD_LOCKED, EFFECT_NONE, false, "KAM: kept; the keyboard is never locked"},
    {4, false, MODE_INSERT, EFFECT_NONE, false, "IRM: insert"},
    {12, false, MODE_SEND_RECEIVE, EFFECT_NONE, true, "SRM: no local echo (there is none)"},
    {20, false, MODE_NEWLINE, EFFECT_NONE, false,
     "LNM: line feed returns the carriage, Enter sends both"},
    {1, true, MODE_CURSOR_KEYS, EFFECT_NONE, false, "DECCKM: application cursor keys"},
    {3, true, MODE_COLUMNS, EFFECT_COLUMNS, false, "DECCOLM: 132 columns, where 40 allows it"},
    {4, true, MODE_SMOOTH, EFFECT_NONE, false, "DECSCLM: smooth scrolling (kept, no effect)"},
    {5, true, MODE_REVERSE, EFFECT_REDRAW, false, "DECSCNM: reverse screen"},
    {6, true, MODE_ORIGIN, EFFECT_ORIGIN, false, "DECOM: origin"},
    {7, true, MODE_WRAP, EFFECT_NONE, true, "DECAWM: wrap at the last column"},
    {8, true, MODE_AUTO_REPEAT, EFFECT_NONE, true, "DECARM: keys repeat"},
    {9, true, MODE_MOUSE_X10, EFFECT_MOUSE, false, "X10 mouse: presses"},
    {12, true, MODE_CURSOR_BLINK, EFFECT_NONE, false, "cursor blinks"},
    {18, true, MODE_PRINT_FORM_FEED, EFFECT_NONE, false, "DECPFF (kept, no printer)"},
    {19, true, MODE_PRINT_EXTENT, EFFECT_NONE, true, "DECPEX (kept, no printer)"},
    {25, true, MODE_CURSOR_VISIBLE, EFFECT_NONE, true, "DECTCEM: cursor shown"},
    {40, true, MODE_ALLOW_COLUMNS, EFFECT_NONE, false, "DECCOLM allowed"},
    {41, true, MODE_MORE_FIX, EFFECT_NONE, false, "tab after the last column wraps first"},
    {42, true, MODE_NATIONAL, EFFECT_NONE, false, "DECNRCM (kept; national sets always work)"},
    {45, true, MODE_REVERSE_WRAP, EFFECT_NONE, false, "reverse wrap inside wrapped lines"},
    {47, true, MODE_ALTERNATE, EFFECT_ALTERNATE, false, "alternate screen"},
    {60, true, MODE_COUNT, EFFECT_FIXED_RESET, false, "DECHCCM, permanently reset"},
    {66, true, MODE_KEYPAD, EFFECT_NONE, false, "DECNKM: application keypad"},
    {67, true, MODE_BACKARROW, EFFECT_NONE, false, "DECBKM: Backspace sends BS"},
    {69, true, MODE_MARGINS, EFFECT_MARGINS, false, "DECLRMM: left and right margins"},
    {1000, true, MODE_MOUSE, EFFECT_MOUSE, false, "mouse: presses and releases"},
    {1002, true, MODE_MOUSE_DRAG, EFFECT_MOUSE, false, "mouse: and drags"},
    {1003, true, MODE_MOUSE_ANY, EFFECT_MOUSE, false, "mouse: any motion"},
    {1004, true, MODE_FOCUS, EFFECT_FOCUS, false, "focus reports"},
    {1005, true, MODE_MOUSE_UTF8, EFFECT_MOUSE_FORM, false, "mouse form: UTF-8"},
    {1006, true, MODE_MOUSE_SGR, EFFECT_MOUSE_FORM, false, "mouse form: SGR"},
    {1007, true, MODE_ALTERNATE_SCROLL, EFFECT_NONE, true,
     "wheel sends arrows on the alternate screen"},
    {1015, true, MODE_MOUSE_URXVT, EFFECT_MOUSE_FORM, false, "mouse form: decimal"},
    {1016, true, MODE_MOUSE_PIXELS, EFFECT_MOUSE_FORM, false, "mouse form: SGR in pixels"},
    {1034, true, MODE_META, EFFECT_NONE, false, "Meta sets the eighth bit (kept; Meta sends ESC)"},
    {1039, true, MODE_ALT_ESCAPE, EFFECT_NONE, true, "Alt sends ESC (always)"},
    {1040, true, MODE_KEEP_SELECTION, EFFECT_NONE, false, "selection kept (kept, no effect)"},
    {1042, true, MODE_BELL_URGENT, EFFECT_NONE, false, "bell marks urgent (kept)"},
    {1043, true, MODE_BELL_RAISE, EFFECT_NONE, false, "bell raises (kept)"},
    {1045, true, MODE_REVERSE_WRAP_FAR, EFFECT_NONE, false, "reverse wrap without limits"},
    {1047, true, MODE_ALTERNATE, EFFECT_ALTERNATE_CLEAR, false,
     "alternate screen, cleared on leaving"},
    {1048, true, MODE_COUNT, EFFECT_CURSOR, false, "save, restore cursor"},
    {1049, true, MODE_ALTERNATE, EFFECT_ALTERNATE_CURSOR, false,
     "alternate screen with saved cursor, cleared on entering"},
    {2004, true, MODE_PASTE, EFFECT_NONE, false, "bracketed paste"},
    {2026, true, MODE_SYNCHRONIZED, EFFECT_HOLD, false, "synchronized output"},
    {2027, true, MODE_COUNT, EFFECT_FIXED_SET, false, "grapheme clusters, permanently set"},
    {2031, true, MODE_TELL_SCHEME, EFFECT_NONE, false, "light or dark: changes are told"},
    {2048, true, MODE_TELL_SIZE, EFFECT_SIZE, false, "size: told now and when it changes"},
};

#define MODES (sizeof(modes) / sizeof(modes[0]))

bool mode_entry_get(size_t i, bool *dec, unsigned *number, const char **text)
{
    if (i >= MODES)
        return false;
    *dec = modes[i].dec;
    *number = modes[i].number;
    *text = modes[i].text;
    return true;
}

static const struct mode_entry *mode_find(bool dec, int number)
{
    for (size_t i = 0; i < MODES; i++) {
        if (modes[i].dec == dec && modes[i].number == number)
            return &modes[i];
    }
    return NULL;
}

void modes_reset(struct term *t)
{
    for (size_t i = 0; i < MODES; i++) {
        if (modes[i].mode < MODE_COUNT)
            t->mode[modes[i].mode] = modes[i].initial;
    }
}

static void redraw(struct term *t)
{
    t->palette_revision++;
}

static void clear_screen(struct term *t)
{
    struct term_cell blank = blank_cell(t);
    t->cursor.pending = false;
    text_begins(t, 0);
    for (int i = 0; i < t->rows; i++) {
        line_clear(t, term_line(t, i));
        if (blank.bg)
            line_fill(t, term_line(t, i), 0, t->cols, blank);
    }
}

static void margins_reset(struct term *t)
{
    t->top = t->left = 0;
    t->bottom = t->rows - 1;
    t->right = t->cols - 1;
}

static void set_columns(struct term *t, bool wide)
{
    if (!t->mode[MODE_ALLOW_COLUMNS])
        return;
    t->mode[MODE_COLUMNS] = wide;
    if (t->callbacks.resize_request)
        t->callbacks.resize_request(t->context, t->rows, wide ? 132 : 80);
    margins_reset(t);
    t->mode[MODE_MARGINS] = false;
    clear_screen(t);
    cursor_place(t, 0, 0);
}

static void alternate(struct term *t, bool on, enum effect effect)
{
    if (effect == EFFECT_ALTERNATE_CURSOR && on)
        cursor_save(t);
    if (!on && effect == EFFECT_ALTERNATE_CLEAR && t->screen == &t->alternate)
        clear_screen(t);
    bool back = !on && t->screen == &t->alternate;
    t->mode[MODE_ALTERNATE] = on;
    use_screen(t, on ? &t->alternate : &t->normal);
    t->joinable = false;
    if (on && effect == EFFECT_ALTERNATE_CURSOR)
        clear_screen(t);
    if (back && effect == EFFECT_ALTERNATE_CURSOR)
        cursor_restore(t);
}

/* Mouse modes exclude each other, and so do the forms of reports. */
static void exclusive(struct term *t, const struct mode_entry *e, bool on)
{
    for (size_t i = 0; i < MODES; i++) {
        if (modes[i].effect == e->effect)
            t->mode[modes[i].mode] = false;
    }
    t->mode[e->mode] = on;
}

/* A picture is complete: the parser may stop there, so that it can be shown. */
static void end_frame(struct term *t)
{
    if (t->stop_at_frames && t->mode[MODE_SYNCHRONIZED])
        t->frame_ended = t->parser.stop = true;
}

static void mode_change(struct term *t, const struct mode_entry *e, bool on)
{
    if (e->effect == EFFECT_MARGINS && t->level < 4)
        return;
    switch ((enum effect)e->effect) {
    case EFFECT_COLUMNS:
        set_columns(t, on);
        return;
    case EFFECT_ALTERNATE:
    case EFFECT_ALTERNATE_CLEAR:
    case EFFECT_ALTERNATE_CURSOR:
        alternate(t, on, (enum effect)e->effect);
        return;
    case EFFECT_CURSOR:
        if (on)
            cursor_save(t);
        else
            cursor_restore(t);
        return;
    case EFFECT_MOUSE:
    case EFFECT_MOUSE_FORM:
        if (on || t->mode[e->mode])
            exclusive(t, e, on);
        return;
    case EFFECT_FIXED_SET:
    case EFFECT_FIXED_RESET:
        return;
    case EFFECT_HOLD:
        if (!on)
            end_frame(t);
        break;
    default:
        break;
    }
    t->mode[e->mode] = on;
    if (e->effect == EFFECT_ORIGIN) {
        t->cursor.origin = on;
        cursor_address(t, 0, 0);
    } else if (e->effect == EFFECT_REDRAW) {
        redraw(t);
    } else if (e->effect == EFFECT_MARGINS) {
        if (!on) {
            t->left = 0;
            t->right = t->cols - 1;
        }
        for (int i = 0; on && i < t->rows; i++) {
            term_line(t, i)->size = TERM_LINE_SINGLE;
            line_touch(t, term_line(t, i));
        }
    } else if (e->effect == EFFECT_SIZE && on) {
        size_report(t);
    } else if (e->effect == EFFECT_FOCUS && on) {
        reply(t, t->focused ? "\x9b"
                              "I"
                            : "\x9b"
                              "O");
    }
}

static void change_all(struct term *t, const struct sequence *s, bool on)
{
    for (int i = 0; i < s->count; i++) {
        const struct mode_entry *e = mode_find(s->prefix == '?', sequence_value(s, i, 0));
        if (e)
            mode_change(t, e, on);
    }
}

void act_mode_set(struct term *t, const struct sequence *s)
{
    change_all(t, s, true);
}

void act_mode_clear(struct term *t, const struct sequence *s)
{
    change_all(t, s, false);
}

static bool is_on(const struct term *t, const struct mode_entry *e)
{
    if (e->effect == EFFECT_ORIGIN)
        return t->cursor.origin;
    return e->mode < MODE_COUNT && t->mode[e->mode];
}

void act_mode_save(struct term *t, const struct sequence *s)
{
    for (int i = 0; i < s->count; i++) {
        const struct mode_entry *e = mode_find(true, sequence_value(s, i, 0));
        if (e && e->effect == EFFECT_CURSOR)
            cursor_save(t);
        else if (e && e->mode < MODE_COUNT)
            t->saved_mode[e->mode] = is_on(t, e);
    }
}

void act_mode_restore(struct term *t, const struct sequence *s)
{
    for (int i = 0; i < s->count; i++) {
        const struct mode_entry *e = mode_find(true, sequence_value(s, i, 0));
        if (e && e->effect == EFFECT_CURSOR)
            cursor_restore(t);
        else if (e && e->mode < MODE_COUNT &&
                 (e->effect == EFFECT_ORIGIN || t->saved_mode[e->mode] != is_on(t, e)))
            mode_change(t, e, t->saved_mode[e->mode]);
    }
}

/* DECRQM: 0 not known, 1 set, 2 reset, 3 permanently set, 4 permanently reset. */
void act_mode_report(struct term *t, const struct sequence *s)
{
    bool dec = s->prefix == '?';
    int number = sequence_value(s, 0, 0);
    const struct mode_entry *e = mode_find(dec, number);
    int state = 0;
    if (t->level < 3)
        return;
    if (e && e->effect == EFFECT_FIXED_SET)
        state = 3;
    else if (e && e->effect == EFFECT_FIXED_RESET)
        state = 4;
    else if (e && e->effect == EFFECT_CURSOR)
        state = 1;
    else if (e)
        state = is_on(t, e) ? 1 : 2;
    /* ECMA-48 modes of printing and editing terminals that are never set. */
    static const uint8_t never[] = {1, 3, 5, 7, 10, 11, 13, 14, 15, 16, 17, 18, 19};
    for (size_t i = 0; !dec && i < sizeof(never); i++) {
        if (number == never[i])
            state = 4;
    }
    reply(t, "\x9b%s%d;%d$y", dec ? "?" : "", number, state);
}

bool term_synchronized(const struct term *t)
{
    return t->mode[MODE_SYNCHRONIZED];
}

void term_synchronized_end(struct term *t)
{
    t->mode[MODE_SYNCHRONIZED] = false;
}

void term_stop_at_frames(struct term *t, bool on)
{
    t->stop_at_frames = on;
}

bool term_frame_ended(const struct term *t)
{
    return t->frame_ended;
}

void act_keypad_application(struct term *t, const struct sequence *s)
{
    (void)s;
    t->mode[MODE_KEYPAD] = true;
}

void act_keypad_numeric(struct term *t, const struct sequence *s)
{
    (void)s;
    t->mode[MODE_KEYPAD] = false;
}
