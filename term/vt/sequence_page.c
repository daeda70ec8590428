/* The page that lists every sequence, made from the tables that act on them. */
#include "term/screen/state.h"
#include "term/screen/text.h"
#include "term/vt/dcs.h"
#include "term/vt/modes.h"
#include "term/vt/osc.h"
#include "term/vt/sequences.h"

#include <stdio.h>

static void page_add(struct text *out, const char *text)
{
    for (; *text; text++)
        text_byte(out, *text);
}

/* One row of a table; what would end a cell is escaped. */
static void page_row(struct text *out, const char *form, const char *name, const char *text)
{
    const char *cells[3] = {form, name, text};
    for (int i = 0; i < 3; i++) {
        page_add(out, i ? " | " : "| ");
        if (i == 0)
            page_add(out, "`");
        for (const char *at = cells[i]; *at; at++) {
            if (*at == '|')
                text_byte(out, '\\');
            text_byte(out, *at);
        }
        if (i == 0)
            page_add(out, "`");
    }
    page_add(out, " |\n");
}

static void heading(struct text *out, const char *title, const char *first)
{
    page_add(out, "\n## ");
    page_add(out, title);
    page_add(out, "\n\n| ");
    page_add(out, first);
    page_add(out, " | Name | What it does |\n| --- | --- | --- |\n");
}

static void sequences(struct text *out, enum sequence_kind kind)
{
    struct sequence_entry e;
    for (size_t i = 0; sequence_entry_get(i, &e); i++) {
        if (e.kind == kind)
            page_row(out, e.form, e.name, e.text);
    }
}

static void modes(struct text *out)
{
    bool dec;
    unsigned number;
    const char *text;
    for (size_t i = 0; mode_entry_get(i, &dec, &number, &text); i++) {
        char form[16];
        snprintf(form, sizeof(form), "%s%u", dec ? "?" : "", number);
        page_row(out, form, "", text);
    }
}

static void strings(struct text *out)
{
    char form[24];
    unsigned first, last;
    const char *name, *text;
    heading(out, "Device control strings: ESC P ... ESC \\", "Form");
    for (size_t i = 0; dcs_entry_get(i, form, &name, &text); i++)
        page_row(out, form, name, text);
    heading(out, "Operating system commands: ESC ] number ; ... ESC \\ (or BEL)", "Number");
    for (size_t i = 0; osc_entry_get(i, &first, &last, &text); i++) {
        snprintf(form, sizeof(form), first == last ? "%u" : "%u-%u", first, last);
        page_row(out, form, "", text);
    }
}

char *sequence_page(void)
{
    struct text out = {0};
    page_add(&out,
             "# Control sequences\n\n"
             "Every sequence the terminal acts on. The forms leave parameters out: they stand "
             "after `?`, `<`,\n`=` or `>` and before the rest. What is not listed is read to its "
             "end and has no effect.\nThis page is made from the tables in the code; a test "
             "keeps it so.\n");
    heading(&out, "Control characters (hexadecimal)", "Code");
    sequences(&out, SEQUENCE_CONTROL);
    heading(&out, "Escape sequences: ESC form", "Form");
    sequences(&out, SEQUENCE_ESCAPE);
    heading(&out, "Control sequences: ESC [ form", "Form");
    sequences(&out, SEQUENCE_CSI);
    heading(&out, "Modes, for SM and RM, and with ? for DECSET and DECRST", "Mode");
    modes(&out);
    strings(&out);
    return text_take(&out, NULL);
}
