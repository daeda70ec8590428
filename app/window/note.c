/* Notes to the user: a panel over the text. */
#include "app/window/note.h"

#include <stdlib.h>
#include <string.h>

#include "app/draw/label.h"
#include "app/window/window_private.h"

#define PASS_MS 4000

/* It is another one from now on. Tests wait for this as for a change of the screen. */
static void note_replace(struct window *w, char **to, const char *text)
{
    free(*to);
    *to = text ? malloc(strlen(text) + 1) : NULL;
    if (*to)
        strcpy(*to, text);
    w->note.placed = false;
    overlay_touch(w, OVERLAY_NOTE);
    session_view_changed(w->session);
}

void note_stand(struct window *w, const char *text)
{
    if (text || w->note.standing)
        note_replace(w, &w->note.standing, text);
}

void note_pass(struct window *w, const char *text)
{
    w->note.until = SDL_GetTicks64() + PASS_MS;
    note_replace(w, &w->note.passing, text);
}

void note_hide(struct window *w)
{
    note_replace(w, w->note.passing ? &w->note.passing : &w->note.standing, NULL);
}

bool note_key(struct window *w, const struct term_key *key)
{
    if (!w->note.standing || key->code != TERM_KEY_ESCAPE || key->action == TERM_KEY_REPEAT)
        return false;
    note_stand(w, NULL);
    return true;
}

const char *note_text(const struct window *w)
{
    return w->note.passing ? w->note.passing : w->note.standing;
}

uint64_t note_deadline(const struct window *w)
{
    return w->note.passing ? w->note.until : 0;
}

static int columns(const struct window *w, int width)
{
    int n = width / font_metrics(w->painter.font).cell_width - 2;
    return n < 1 ? 1 : n;
}

/* The next row of at most so many columns; *text is moved behind it. Returns its bytes, -1 at the
 * end. */
static int next_row(const char **text, int columns, const char **row)
{
    size_t line = strcspn(*text, "\n");
    *row = *text;
    if (!**text)
        return -1;
    size_t n = label_fit(*text, line, columns);
    /* Broken at a blank when there is one in the last part of the row. */
    if (n < line) {
        for (size_t at = n; at > n / 2; at--)
            if (at < line && (*row)[at] == ' ') {
                n = at;
                break;
            }
    }
    *text += n;
    *text += **text == ' ' && n < line;
    *text += **text == '\n';
    return (int)n;
}

static int count_rows(const char *text, int columns)
{
    int rows = 0;
    const char *row;
    while (next_row(&text, columns, &row) >= 0)
        rows++;
    return rows;
}

/* How many of the text's rows are shown in a window of that size. */
static int note_lines(const struct window *w, int width, int height)
{
    int rows = count_rows(note_text(w), columns(w, width));
    int most = height * 2 / 3 / font_metrics(w->painter.font).cell_height;
    most = most < 1 ? 1 : most;
    return rows < most ? rows : most;
}

SDL_Rect note_place(struct window *w, int width, int height)
{
    struct font_metrics m = font_metrics(w->painter.font);
    if (w->note.passing && SDL_GetTicks64() >= w->note.until)
        note_hide(w);
    const char *text = note_text(w);
    if (!text)
        return (SDL_Rect){0, 0, 0, 0};
    int lines = note_lines(w, width, height);
    SDL_Rect bar = overlay_bar(w, lines, false, width, height);
    if (!w->note.placed) {
        int cursor = w->painter.padding + (term_view_cursor(w->view).row + 1) * m.cell_height;
        w->note.at_top = cursor > height - bar.h && bar.h <= height / 2;
        w->note.placed = true;
    }
    return w->note.at_top ? overlay_bar(w, lines, true, width, height) : bar;
}

void note_draw(struct window *w, struct canvas *c, const SDL_Rect *at)
{
    struct font_metrics m = font_metrics(w->painter.font);
    const char *text = note_text(w), *row;
    if (!text)
        return;
    int y = overlay_bar_text(w, at, note_lines(w, at->w, c->height)), length;
    overlay_draw_bar(w, c, at, COLOR_SET | term_view_color(w->view, TERM_COLOR_PALETTE | 3, 0));
    while ((length = next_row(&text, columns(w, at->w), &row)) >= 0 &&
           y + m.cell_height <= at->y + at->h) {
        char *copy = malloc((size_t)length + 1);
        if (!copy)
            return;
        memcpy(copy, row, (size_t)length);
        copy[length] = 0;
        label_draw(&w->painter, c, m.cell_width, y, at->w, copy, overlay_colors(w).text);
        free(copy);
        y += m.cell_height;
    }
}

void note_free(struct window *w)
{
    free(w->note.standing);
    free(w->note.passing);
    w->note.standing = w->note.passing = NULL;
}
