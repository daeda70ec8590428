/* A question to the user: a bar with two answers. */
#include "app/window/question.h"

#include <string.h>

#include "app/draw/label.h"
#include "app/input/keys.h"
#include "app/window/window_private.h"

static void question_finish(struct window *w, bool yes)
{
    void (*answered)(struct window *, bool) = w->question.answered;
    w->question.answered = NULL;
    overlay_touch(w, OVERLAY_QUESTION);
    if (answered)
        answered(w, yes);
}

void question_ask(struct window *w, const struct question *q)
{
    if (w->question.answered)
        question_finish(w, false);
    w->question = *q;
    overlay_touch(w, OVERLAY_QUESTION);
}

bool question_key(struct window *w, const struct term_key *key)
{
    if (!w->question.answered)
        return false;
    /* The key that led to the question may still be held. */
    if (key->action != TERM_KEY_REPEAT && !keys_modifier(key->code))
        question_finish(w, key->code == TERM_KEY_ENTER || key->code == TERM_KEY_KP_ENTER);
    return true;
}

bool question_text(struct window *w)
{
    if (!w->question.answered)
        return false;
    question_finish(w, false);
    return true;
}

void question_click(struct window *w, int x, int y)
{
    SDL_Point at = {x, y};
    for (int i = 0; w->question.answered && i < QUESTION_ANSWERS; i++)
        if (SDL_PointInRect(&at, &w->question.buttons[i]))
            question_finish(w, i == QUESTION_YES);
}

static int columns_of(const char *text)
{
    return label_columns(text, strlen(text));
}

/* Each has a blank before and behind it, and one between them. */
static int columns_of_answers(const struct question *q)
{
    return columns_of(q->answers[QUESTION_YES]) + columns_of(q->answers[QUESTION_NO]) + 5;
}

/* Whether the answers stand in the line of the text: else in one of their own. */
static bool in_one_line(const struct window *w, const struct question *q, int width)
{
    int cell = font_metrics(w->painter.font).cell_width;
    return (columns_of(q->text) + 3 + columns_of_answers(q)) * cell <= width;
}

static int question_lines(const struct window *w, int width)
{
    const struct question *q = &w->question;
    int lines = in_one_line(w, q, width) ? 1 : 2;
    for (int i = 0; i < QUESTION_DETAILS; i++)
        lines += q->details[i][0] != 0;
    return lines;
}

SDL_Rect question_place(struct window *w, int width, int height)
{
    const struct question *q = &w->question;
    if (!q->answered)
        return (SDL_Rect){0, 0, 0, 0};
    return overlay_bar(w, question_lines(w, width), false, width, height);
}

static void draw_answers(struct window *w, struct canvas *c, int y,
                         const struct overlay_colors *colors)
{
    struct question *q = &w->question;
    struct font_metrics m = font_metrics(w->painter.font);
    int x = c->width - columns_of_answers(q) * m.cell_width - m.cell_width / 2;
    x = x < 0 ? 0 : x;
    for (int i = 0; i < QUESTION_ANSWERS; i++) {
        int width = (columns_of(q->answers[i]) + 2) * m.cell_width;
        q->buttons[i] = (SDL_Rect){x, y, width, m.cell_height};
        canvas_fill(c, x, y, width, m.cell_height, colors->raised);
        label_draw(&w->painter, c, x + m.cell_width, y, x + width, q->answers[i], colors->text);
        x += width + m.cell_width;
    }
}

void question_draw(struct window *w, struct canvas *c, const SDL_Rect *at)
{
    const struct question *q = &w->question;
    struct font_metrics m = font_metrics(w->painter.font);
    struct overlay_colors colors = overlay_colors(w);
    bool one_line = in_one_line(w, q, at->w);
    int y = overlay_bar_text(w, at, question_lines(w, at->w)), right = at->w - m.cell_width / 2;
    overlay_draw_bar(w, c, at, COLOR_SET | term_view_color(w->view, TERM_COLOR_PALETTE | 1, 0));
    label_draw(&w->painter, c, m.cell_width, y, right, q->text, colors.text);
    if (one_line)
        draw_answers(w, c, y, &colors);
    for (int i = 0; i < QUESTION_DETAILS; i++)
        if (q->details[i][0])
            label_draw(&w->painter, c, 2 * m.cell_width, y += m.cell_height, right, q->details[i],
                       colors.faint);
    if (!one_line)
        draw_answers(w, c, y + m.cell_height, &colors);
}
