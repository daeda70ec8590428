/* The table of control sequences (CSI, ESC) and the way from the parser to their functions. */
#include "term/vt/sequences.h"

#include "term/input/keyboard.h"
#include "term/screen/state.h"
#include "term/vt/acts.h"
#include "term/vt/charset.h"
#include "term/vt/cursor.h"
#include "term/vt/dcs.h"
#include "term/vt/osc.h"
#include "term/vt/print.h"

struct row {
    char form[4]; /* prefix and intermediates as they are written, then the final byte */
    const char *name;
    const char *text;
    action *act;
};

static const struct row escapes[] = {
    {"6", "DECBI", "back index: left, scrolling at the margin", act_back_index},
    {"7", "DECSC", "save cursor, style and character sets", act_cursor_save},
    {"8", "DECRC", "restore what DECSC saved", act_cursor_restore},
    {"9", "DECFI", "forward index: right, scrolling at the margin", act_forward_index},
    {"=", "DECKPAM", "keypad sends application sequences", act_keypad_application},
    {">", "DECKPNM", "keypad sends digits", act_keypad_numeric},
    {"D", "IND", "down a row, scrolling at the margin", act_index},
    {"E", "NEL", "first column of the next row", act_next_row},
    {"H", "HTS", "tab stop at the cursor", act_tab_set},
    {"M", "RI", "up a row, scrolling at the margin", act_reverse_index},
    {"N", "SS2", "next character from set G2", act_shift},
    {"O", "SS3", "next character from set G3", act_shift},
    {"V", "SPA", "what follows is guarded from erasing", act_guard_begin},
    {"W", "EPA", "end of guarded text", act_guard_end},
    {"Z", "DECID", "as DA1", act_device_attributes},
    {"c", "RIS", "hard reset", act_hard_reset},
    {"n", "LS2", "set G2 in use", act_shift},
    {"o", "LS3", "set G3 in use", act_shift},
    {"|", "LS3R", "set G3 in use on the right", act_shift},
    {"}", "LS2R", "set G2 in use on the right", act_shift},
    {"~", "LS1R", "set G1 in use on the right", act_shift},
    {" F", "S7C1T", "replies use 7-bit controls", act_c1_7bit},
    {" G", "S8C1T", "replies use 8-bit controls", act_c1_8bit},
    {"#3", "DECDHL", "double height line, top half", act_line_size},
    {"#4", "DECDHL", "double height line, bottom half", act_line_size},
    {"#5", "DECSWL", "single width line", act_line_size},
    {"#6", "DECDWL", "double width line", act_line_size},
    {"#8", "DECALN", "fill the screen with E", act_alignment},
};

static const struct row csis[] = {
    {"@", "ICH", "insert blank characters", act_insert_characters},
    {" @", "SL", "scroll left", act_scroll_left},
    {"A", "CUU", "cursor up", act_cursor_up},
    {" A", "SR", "scroll right", act_scroll_right},
    {"B", "CUD", "cursor down", act_cursor_down},
    {"C", "CUF", "cursor right", act_cursor_right},
    {"D", "CUB", "cursor left", act_cursor_left},
    {"E", "CNL", "cursor to the beginning of a row below", act_next_line},
    {"F", "CPL", "cursor to the beginning of a row above", act_previous_line},
    {"G", "CHA", "cursor to column", act_column},
    {"H", "CUP", "cursor to row and column", act_cursor_position},
    {"I", "CHT", "forward tabs", act_tab_forward},
    {"J", "ED", "erase in display: 0 below, 1 above, 2 all, 3 scrollback", act_erase_display},
    {"?J", "DECSED", "the same, sparing protected characters", act_selective_erase_display},
    {"K", "EL", "erase in line: 0 right, 1 left, 2 all", act_erase_line},
    {"?K", "DECSEL", "the same, sparing protected characters", act_selective_erase_line},
    {"L", "IL", "insert lines", act_insert_lines},
    {"M", "DL", "delete lines", act_delete_lines},
    {"P", "DCH", "delete characters", act_delete_characters},
    {"S", "SU", "scroll up", act_scroll_up},
    {"T", "SD", "scroll down", act_scroll_down},
    {">T", "XTRMTITLE", "title modes off", act_title_modes},
    {"?W", "DECST8C", "5: tab stop every eight columns", act_tabs_default},
    {"X", "ECH", "erase characters", act_erase_characters},
    {"Z", "CBT", "backward tabs", act_tab_back},
    {"^", "SD", "scroll down", act_scroll_down},
    {"`", "HPA", "cursor to column", act_column},
    {"a", "HPR", "cursor right by columns", act_column_relative},
    {"b", "REP", "repeat the last character", act_repeat},
    {"c", "DA1", "what the terminal is", act_device_attributes},
    {"=c", "DA3", "the unit's number", act_device_attributes_3},
    {">c", "DA2", "type and version", act_device_attributes_2},
    {"d", "VPA", "cursor to row", act_row},
    {"e", "VPR", "cursor down by rows", act_row_relative},
    {"f", "HVP", "cursor to row and column", act_cursor_position},
    {">f", "XTFMTKEYS", "4: form of modified keys, 0 CSI 27;m;c~, 1 CSI c;m u", act_format_keys},
    {"g", "TBC", "clear tab stop: 0 here, 3 all", act_tab_clear},
    {"?g", "XTQFMTKEYS", "4: report the form of modified keys", act_format_keys_report},
    {"h", "SM", "set mode", act_mode_set},
    {"?h", "DECSET", "set DEC private mode", act_mode_set},
    {"l", "RM", "reset mode", act_mode_clear},
    {"?l", "DECRST", "reset DEC private mode", act_mode_clear},
    {"m", "SGR", "colours and attributes", act_graphics},
    {">m", "XTMODKEYS", "key modifier options", act_modify_keys},
    {"?m", "XTQMODKEYS", "report a key modifier option", act_modify_keys_report},
    {">n", "XTMODKEYS", "key modifier option off", act_modify_keys},
    {"n", "DSR", "5: status, 6: cursor position", act_status},
    {"?n", "DSR",
     "6 cursor and page, 15 printer, 25 keys, 26 keyboard, 53 55 56 locator, 62 "
     "macros, 63 memory, 75 integrity, 85 sessions, 996 light or dark",
     act_status_dec},
    {"!p", "DECSTR", "soft reset", act_soft_reset},
    {"\"p", "DECSCL", "conformance level", act_level},
    {"$p", "DECRQM", "report a mode", act_mode_report},
    {"?$p", "DECRQM", "report a DEC private mode", act_mode_report},
    {" q", "DECSCUSR", "cursor shape: 0 default, 1 2 block, 3 4 underline, 5 6 bar",
     act_cursor_style},
    {"\"q", "DECSCA", "1: what follows is protected from selective erase", act_protect},
    {">q", "XTVERSION", "name and version", act_version},
    {"r", "DECSTBM", "top and bottom margin", act_margins},
    {"$r", "DECCARA", "change attributes in a rectangle", act_change_attributes},
    {"?r", "XTRESTORE", "restore DEC private modes", act_mode_restore},
    {"s", "DECSLRM", "left and right margin, or SCOSC: save cursor", act_side_margins},
    {"?s", "XTSAVE", "save DEC private modes", act_mode_save},
    {"t", "XTWINOPS", "size, titles and reports of the window", act_window},
    {"$t", "DECRARA", "reverse attributes in a rectangle", act_reverse_attributes},
    {">t", "XTSMTITLE", "title modes on", act_title_modes},
    {"u", "SCORC", "restore cursor", act_cursor_restore},
    {"&u", "DECRQUPSS", "report the preferred character set", act_preferred_charset},
    {"<u", "", "leave keyboard flags (kitty)", act_keyboard_pop},
    {"=u", "", "set keyboard flags (kitty)", act_keyboard_set},
    {">u", "", "enter keyboard flags (kitty)", act_keyboard_push},
    {"?u", "", "report keyboard flags (kitty)", act_keyboard_report},
    {"$v", "DECCRA", "copy a rectangle", act_copy_rectangle},
    {"\"v", "DECRQDE", "report what part of the page is displayed", act_displayed_extent},
    {"$w", "DECRQPSR", "1: report cursor, 2: report tab stops", act_presentation},
    {"x", "DECREQTPARM", "report terminal parameters", act_parameters},
    {"*x", "DECSACE", "extent of attribute changes: 0 1 stream, 2 rectangle", act_attribute_extent},
    {"$x", "DECFRA", "fill a rectangle", act_fill_rectangle},
    {"#y", "XTCHECKSUM", "how DECRQCRA counts", act_checksum_extension},
    {"*y", "DECRQCRA", "checksum of a rectangle (only where the owner allows it)", act_checksum},
    {"$z", "DECERA", "erase a rectangle", act_erase_rectangle},
    {"#{", "XTPUSHSGR", "push colours and attributes", act_push_graphics},
    {"#p", "XTPUSHSGR", "the same", act_push_graphics},
    {"${", "DECSERA", "erase a rectangle, sparing protected characters",
     act_selective_erase_rectangle},
    {"#}", "XTPOPSGR", "pop colours and attributes", act_pop_graphics},
    {"#q", "XTPOPSGR", "the same", act_pop_graphics},
    {"#|", "XTREPORTSGR", "report what the cells of a rectangle have in common, as SGR",
     act_report_graphics},
    {"$|", "DECSCPP", "columns of the page", act_columns_per_page},
    {"*|", "DECSNLS", "rows of the screen", act_rows_per_screen},
    {"'}", "DECIC", "insert columns", act_insert_columns},
    {"'~", "DECDC", "delete columns", act_delete_columns},
};

/* Acted on in cursor.c and parser.c; here for the page. */
static const struct sequence_entry controls[] = {
    {SEQUENCE_CONTROL, "07", "BEL", "bell"},
    {SEQUENCE_CONTROL, "08", "BS", "cursor left"},
    {SEQUENCE_CONTROL, "09", "HT", "next tab stop"},
    {SEQUENCE_CONTROL, "0A 0B 0C", "LF VT FF", "down a row, scrolling at the margin"},
    {SEQUENCE_CONTROL, "0D", "CR", "first column"},
    {SEQUENCE_CONTROL, "0E", "SO", "set G1 in use"},
    {SEQUENCE_CONTROL, "0F", "SI", "set G0 in use"},
    {SEQUENCE_CONTROL, "18 1A", "CAN SUB", "cancel a sequence"},
    {SEQUENCE_CONTROL, "84 85 88 8D 8E 8F 96 97 9A", "IND NEL HTS RI SS2 SS3 SPA EPA DECID",
     "as ESC D E H M N O V W Z"},
    {SEQUENCE_CONTROL, "90 98 9B 9C 9D 9E 9F", "DCS SOS CSI ST OSC PM APC",
     "as ESC P X [ \\ ] ^ _; SOS, PM and APC strings are read and dropped"},
};

static const struct sequence_entry designators[] = {
    {SEQUENCE_ESCAPE, "( ) * + - . /", "SCS", "name a character set for G0 to G3"},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

bool sequence_entry_get(size_t i, struct sequence_entry *entry)
{
    const struct row *row = NULL;
    enum sequence_kind kind = SEQUENCE_ESCAPE;
    if (i < COUNT(escapes)) {
        row = &escapes[i];
    } else if ((i -= COUNT(escapes)) < COUNT(designators)) {
        *entry = designators[i];
        return true;
    } else if ((i -= COUNT(designators)) < COUNT(csis)) {
        row = &csis[i];
        kind = SEQUENCE_CSI;
    } else if ((i -= COUNT(csis)) < COUNT(controls)) {
        *entry = controls[i];
        return true;
    } else {
        return false;
    }
    *entry = (struct sequence_entry){kind, row->form, row->name, row->text};
    return true;
}

/* The bytes of a sequence that tell it from others, as one number. */
static uint32_t key(uint8_t prefix, uint8_t intermediate, uint8_t second, uint8_t final)
{
    return (uint32_t)prefix << 24 | (uint32_t)intermediate << 16 | (uint32_t)second << 8 | final;
}

static uint32_t form_key(const char *form)
{
    uint8_t part[4] = {0}; /* prefix, intermediate, second, final */
    for (; form[1]; form++) {
        if (*form >= '<')
            part[0] = (uint8_t)*form;
        else
            part[part[1] ? 2 : 1] = (uint8_t)*form;
    }
    return key(part[0], part[1], part[2], (uint8_t)*form);
}

static bool row_matches(const struct row *row, const struct sequence *s)
{
    return form_key(row->form) == key(s->prefix, s->intermediate, s->second, s->final);
}

/* The sequences that make up almost all of what is met come first. */
static action *common(uint8_t final)
{
    switch (final) {
    case 'm':
        return act_graphics;
    case 'H':
        return act_cursor_position;
    case 'K':
        return act_erase_line;
    case 'C':
        return act_cursor_right;
    case 'J':
        return act_erase_display;
    default:
        return NULL;
    }
}

static action *look_up(const struct row *table, size_t n, const struct sequence *s)
{
    for (size_t i = 0; i < n; i++) {
        if (row_matches(&table[i], s))
            return table[i].act;
    }
    return NULL;
}

/* REP repeats a character that comes right before it. */
static void sequence_ended(struct term *t)
{
    t->last = 0;
}

static bool has_parts(const struct sequence *s)
{
    for (int i = 1; i < s->count; i++) {
        if (s->continues[i])
            return true;
    }
    return false;
}

static void on_csi(void *context, const struct sequence *s)
{
    action *act = NULL;
    /* Only colours and attributes have parts in their parameters. */
    if (s->final != 'm' && has_parts(s))
        return;
    if (!s->prefix && !s->intermediate)
        act = common(s->final);
    if (!act)
        act = look_up(csis, COUNT(csis), s);
    if (act)
        act(context, s);
    sequence_ended(context);
}

static void on_escape(void *context, const struct sequence *s)
{
    struct term *t = context;
    action *act = look_up(escapes, COUNT(escapes), s);
    if (act)
        act(t, s);
    else if (s->intermediate >= '(' && s->intermediate <= '/' && s->intermediate != ',')
        act_designate(t, s);
    sequence_ended(t);
}

/* SCS: ( ) * + name G0 to G3, and - . / name G1 to G3 for sets of 96 characters. */
void act_designate(struct term *t, const struct sequence *s)
{
    int g = s->intermediate <= '+' ? s->intermediate - '(' : s->intermediate - '-' + 1;
    int set = charset_named(s->intermediate, s->second, s->final);
    if (set >= 0)
        t->cursor.charset[g] = (uint8_t)set;
}

void act_shift(struct term *t, const struct sequence *s)
{
    switch (s->final) {
    case 'N':
        t->single_shift = 2;
        break;
    case 'O':
        t->single_shift = 3;
        break;
    case 'n':
        t->cursor.gl = 2;
        break;
    case 'o':
        t->cursor.gl = 3;
        break;
    case '~':
        t->cursor.gr = 1;
        break;
    case '}':
        t->cursor.gr = 2;
        break;
    default:
        t->cursor.gr = 3;
        break;
    }
}

void act_guard_begin(struct term *t, const struct sequence *s)
{
    (void)s;
    t->cursor.pen.attr |= TERM_GUARDED;
}

void act_guard_end(struct term *t, const struct sequence *s)
{
    (void)s;
    t->cursor.pen.attr &= ~TERM_GUARDED;
}

static void on_run(void *context, const uint8_t *text, size_t n)
{
    print_run(context, text, n);
}

static void on_character(void *context, uint32_t code)
{
    print_character(context, code);
}

static void on_control_character(void *context, uint32_t code)
{
    control_character(context, code);
    sequence_ended(context);
}

static void on_osc(void *context, const char *text, size_t n, bool bell)
{
    osc_dispatch(context, text, n, bell);
    sequence_ended(context);
}

static void on_dcs(void *context, const struct sequence *s, const char *text, size_t n)
{
    dcs_dispatch(context, s, text, n);
    sequence_ended(context);
}

const struct parser_calls sequence_calls = {
    .run = on_run,
    .character = on_character,
    .control = on_control_character,
    .escape = on_escape,
    .csi = on_csi,
    .osc = on_osc,
    .dcs = on_dcs,
};
