/* The search bar: its keys, its text and its buttons. */
#include "app/window/search_bar.h"

#include <stdio.h>
#include <string.h>

#include "app/draw/contrast.h"
#include "app/draw/label.h"
#include "app/input/clipboard.h"
#include "app/window/window_private.h"

/* The text or what it means has changed: the newest result. */
static void search_anew(struct window *w)
{
    struct search_bar *bar = &w->search;
    unsigned how =
        (bar->match_case ? 0 : TERM_SEARCH_IGNORE_CASE) | (bar->expression ? TERM_SEARCH_REGEX : 0);
    if (bar->line.length == 0)
        finder_stop(bar->finder);
    else
        finder_start(bar->finder, bar->line.text, how);
}

void search_bar_open(struct window *w)
{
    bool was_open = w->search.open;
    w->search.open = true;
    line_edit_select(&w->search.line);
    if (!was_open)
        search_anew(w);
}

static void search_bar_close(struct window *w)
{
    w->search.open = false;
    finder_stop(w->search.finder);
}

static void press_button(struct window *w, int button)
{
    switch (button) {
    case SEARCH_CASE:
        w->search.match_case = !w->search.match_case;
        search_anew(w);
        break;
    case SEARCH_EXPRESSION:
        w->search.expression = !w->search.expression;
        search_anew(w);
        break;
    case SEARCH_UP:
        finder_step(w->search.finder, -1);
        break;
    case SEARCH_DOWN:
        finder_step(w->search.finder, 1);
        break;
    case SEARCH_CLOSE:
        search_bar_close(w);
        break;
    }
}

/* The button a key stands for, or -1. */
static int button_of(const struct term_key *key)
{
    bool shift = key->mods & TERM_MOD_SHIFT;
    if (key->mods & TERM_MOD_CTRL)
        return -1;
    if (key->mods & TERM_MOD_ALT)
        return key->code == 'c' ? SEARCH_CASE : key->code == 'r' ? SEARCH_EXPRESSION : -1;
    switch (key->code) {
    case TERM_KEY_ESCAPE:
        return SEARCH_CLOSE;
    case TERM_KEY_ENTER:
    case TERM_KEY_KP_ENTER:
    case TERM_KEY_F1 + 2:
        return shift ? SEARCH_DOWN : SEARCH_UP;
    case TERM_KEY_UP:
        return shift ? -1 : SEARCH_UP;
    case TERM_KEY_DOWN:
        return shift ? -1 : SEARCH_DOWN;
    }
    return -1;
}

static void search_bar_paste(struct window *w)
{
    window_serve(w);
    char *text = clipboard_get(false);
    if (text)
        line_edit_insert(&w->search.line, text, strcspn(text, "\n"));
    SDL_free(text);
    search_anew(w);
}

bool search_bar_key(struct window *w, const struct term_key *key)
{
    int button = button_of(key);
    if (button >= 0) {
        press_button(w, button);
        return true;
    }
    if ((key->mods & TERM_MOD_CTRL) && key->code == 'v') {
        search_bar_paste(w);
        return true;
    }
    /* Shift with keys that move belongs to the scrollback. */
    if ((key->mods & TERM_MOD_SHIFT) && key->code >= TERM_KEY_FIRST)
        return false;
    enum line_edit_result result = line_edit_key(&w->search.line, key);
    if (result == LINE_EDIT_CHANGED)
        search_anew(w);
    return result != LINE_EDIT_NONE;
}

void search_bar_text(struct window *w, const char *text)
{
    line_edit_insert(&w->search.line, text, strlen(text));
    search_anew(w);
}

void search_bar_click(struct window *w, int x, int y)
{
    SDL_Point at = {x, y};
    for (int i = 0; i < SEARCH_BUTTONS; i++)
        if (SDL_PointInRect(&at, &w->search.buttons[i]))
            press_button(w, i);
}

/* Whether the result that was found is in one of the last `rows` rows. */
static bool current_at_bottom(struct window *w, int rows)
{
    for (int row = term_view_rows(w->view) - rows; row < term_view_rows(w->view); row++) {
        const struct term_cell *cells = row >= 0 ? term_view_row(w->view, row) : NULL;
        for (int i = 0; cells && i < term_view_cols(w->view); i++)
            if (cells[i].attr & TERM_CURRENT)
                return true;
    }
    return false;
}

SDL_Rect search_bar_place(struct window *w, int width, int height)
{
    struct font_metrics m = font_metrics(w->painter.font);
    if (!w->search.open)
        return (SDL_Rect){0, 0, 0, 0};
    int h = overlay_bar(w, 1, false, width, height).h;
    w->search.at_top = current_at_bottom(w, 1 + (h + m.cell_height - 1) / m.cell_height);
    w->search.area = overlay_bar(w, 1, w->search.at_top, width, height);
    return w->search.area;
}

static int draw_buttons(struct window *w, struct canvas *c, int y,
                        const struct overlay_colors *colors)
{
    static const char *const names[SEARCH_BUTTONS] = {"Aa", ".*", "\u2191", "\u2193", "\u00d7"};
    struct search_bar *bar = &w->search;
    int cell = font_metrics(w->painter.font).cell_width;
    int x = bar->area.x + bar->area.w;
    for (int i = SEARCH_BUTTONS - 1; i >= 0; i--) {
        int width = (label_columns(names[i], strlen(names[i])) + 1) * cell;
        bool on =
            (i == SEARCH_CASE && bar->match_case) || (i == SEARCH_EXPRESSION && bar->expression);
        x -= width + cell / 2;
        bar->buttons[i] = (SDL_Rect){x, bar->area.y, width, bar->area.h};
        if (x < cell)
            continue;
        canvas_fill(c, x, y, width, font_metrics(w->painter.font).cell_height,
                    on ? colors->text : colors->raised);
        label_draw(&w->painter, c, x + cell / 2, y, x + width, names[i],
                   on ? colors->surface : colors->text);
    }
    return x;
}

/* The part of the text that fits: the cursor has to be in it. */
static const char *shown_part(const struct line_edit *line, int columns)
{
    const char *from = line->text;
    while (from < line->text + line->cursor &&
           label_columns(from, (size_t)(line->text + line->cursor - from)) >= columns)
        do
            from++;
        while ((*from & 0xc0) == 0x80);
    return from;
}

/* What is said about the search. */
static enum finder_state state_words(struct finder *finder, char *out, size_t size)
{
    static const char *const words[] = {"", "", "", "from the other end", "not found"};
    int percent;
    uint64_t which, results;
    enum finder_state state = finder_state(finder, &percent);
    if (percent >= 0)
        snprintf(out, size, "searching %d %%", percent);
    else if (finder_count(finder, &which, &results) && which)
        snprintf(out, size, "%s%s%llu of %llu", words[state], words[state][0] ? ", " : "",
                 (unsigned long long)which, (unsigned long long)results);
    else
        snprintf(out, size, "%s", words[state]);
    return state;
}

void search_bar_draw(struct window *w, struct canvas *c)
{
    char word[80];
    struct search_bar *bar = &w->search;
    enum finder_state state = state_words(bar->finder, word, sizeof(word));
    struct font_metrics m = font_metrics(w->painter.font);
    struct overlay_colors colors = overlay_colors(w);
    uint32_t none = term_view_color(w->view, TERM_COLOR_PALETTE | 1, 0);
    int y = overlay_bar_text(w, &bar->area, 1);
    overlay_draw_bar(w, c, &bar->area, 0);
    int right = draw_buttons(w, c, y, &colors) - m.cell_width;
    int length = (int)strlen(word) * m.cell_width;
    int x = label_draw(&w->painter, c, m.cell_width, y, right, "Find: ", colors.faint);
    if (right - length > x + 8 * m.cell_width) {
        label_draw(&w->painter, c, right - length, y, right, word, colors.faint);
        right -= length + m.cell_width;
    }
    const char *from = shown_part(&bar->line, (right - x) / m.cell_width);
    if (bar->line.selected) {
        int width = label_columns(from, strlen(from)) * m.cell_width;
        canvas_fill(c, x, y, width < right - x ? width : right - x, m.cell_height, colors.text);
    }
    label_draw(&w->painter, c, x, y, right, from,
               bar->line.selected     ? colors.surface
               : state == FINDER_NONE ? contrast_raise(none, colors.surface, CONTRAST_READABLE)
                                      : colors.text);
    size_t before = (size_t)(bar->line.text + bar->line.cursor - from);
    x += label_columns(from, before) * m.cell_width;
    bar->cursor = (SDL_Rect){x, y, m.cell_width, m.cell_height};
    canvas_fill(c, x, y, m.line + 1, m.cell_height, colors.text);
}
