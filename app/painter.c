#include "app/painter.h"

#include "app/boxes.h"

#define SELECTION_SHARE 110 /* of 256 of the foreground in a selected background */
#define MATCH_COLOR     0xc8a000

struct row {
    struct painter *p;
    struct term_view *view;
    const struct term_cell *cells;
    int number, columns;
    int y;
    int cell_width, cell_height;
    struct font_metrics m;
};

static void colors(const struct row *r, const struct term_cell *cell, uint32_t *fg, uint32_t *bg)
{
    term_view_colors(r->view, cell, fg, bg);
    if (cell->attr & TERM_MATCHED)
        *bg = canvas_mix(*bg, MATCH_COLOR, 160);
    if (cell->attr & TERM_SELECTED)
        *bg = canvas_mix(*bg, *fg, SELECTION_SHARE);
    if ((cell->attr & TERM_BLINK) && !r->p->blink_shown)
        *fg = *bg;
}

static int cell_x(const struct row *r, int column)
{
    return r->p->padding + column * r->cell_width;
}

static int cell_columns(const struct term_cell *cell)
{
    return cell->attr & TERM_WIDE ? 2 : 1;
}

static void draw_underline(const struct row *r, int x, int width, uint32_t kind, uint32_t color)
{
    struct canvas *c = &r->p->canvas;
    int y = r->y + r->m.underline, t = r->m.line;
    switch (kind) {
    case TERM_UNDERLINE_DOUBLE:
        canvas_fill(c, x, y - t, width, t, color);
        canvas_fill(c, x, y + t, width, t, color);
        break;
    case TERM_UNDERLINE_CURLY:
        for (int i = 0; i < width; i++) {
            static const int wave[8] = {0, 1, 2, 2, 2, 1, 0, 0};
            canvas_fill(c, x + i, y - t + wave[(x + i) / t % 8] * t / 2, 1, t, color);
        }
        break;
    case TERM_UNDERLINE_DOTTED:
        for (int i = 0; i < width; i += 2 * t)
            canvas_fill(c, x + i, y, t, t, color);
        break;
    case TERM_UNDERLINE_DASHED:
        canvas_fill(c, x, y, width / 3, t, color);
        canvas_fill(c, x + width - width / 3, y, width / 3, t, color);
        break;
    default:
        canvas_fill(c, x, y, width, t, color);
    }
}

static void draw_lines(const struct row *r, const struct term_cell *cell, int x, int width,
                       uint32_t fg)
{
    struct canvas *c = &r->p->canvas;
    uint32_t kind = (cell->attr & TERM_UNDERLINE_MASK) >> TERM_UNDERLINE_SHIFT;
    if (kind) {
        struct term_extra extra = term_view_extra(r->view, r->number, cell);
        draw_underline(r, x, width, kind, term_view_color(r->view, extra.underline_color, fg));
    } else if (cell->attr & TERM_EXTRA_MASK) {
        if (term_view_extra(r->view, r->number, cell).link)
            draw_underline(r, x, width, TERM_UNDERLINE_DOTTED, fg);
    }
    if (cell->attr & TERM_STRIKE)
        canvas_fill(c, x, r->y + r->m.strike, width, r->m.line, fg);
    if (cell->attr & TERM_OVERLINE)
        canvas_fill(c, x, r->y, width, r->m.line, fg);
}

/* A character no font has: an empty box. */
static void draw_missing(const struct row *r, int x, int width, uint32_t fg)
{
    struct canvas *c = &r->p->canvas;
    int t = r->m.line, top = r->y + r->cell_height / 5, height = r->cell_height * 3 / 5;
    canvas_fill(c, x + 1, top, width - 2, t, fg);
    canvas_fill(c, x + 1, top + height - t, width - 2, t, fg);
    canvas_fill(c, x + 1, top, t, height, fg);
    canvas_fill(c, x + width - 1 - t, top, t, height, fg);
}

static void draw_glyph(const struct row *r, uint32_t code, unsigned style, int x, int columns,
                       uint32_t fg)
{
    bool missing;
    const struct glyph *g = font_glyph(r->p->font, code, style, columns, &missing);
    if (missing) {
        draw_missing(r, x, columns * r->cell_width, fg);
        return;
    }
    if (!g->pixels)
        return;
    int left = x + g->left, top = r->y + r->m.baseline - g->top;
    if (g->color)
        canvas_image(&r->p->canvas, left, top, g->pixels, g->width, g->height, g->pitch);
    else
        canvas_mask(&r->p->canvas, left, top, g->pixels, g->width, g->height, g->pitch, fg);
}

static unsigned style_of(const struct term_cell *cell)
{
    return (cell->attr & TERM_BOLD ? FONT_BOLD : 0u) |
           (cell->attr & TERM_ITALIC ? FONT_ITALIC : 0u);
}

static void draw_text(const struct row *r, const struct term_cell *cell, int column, uint32_t fg)
{
    uint32_t codes[16];
    int x = cell_x(r, column), columns = cell_columns(cell);
    int width = columns * r->cell_width;
    size_t n = term_view_text(r->view, r->number, cell, codes, 16);
    for (size_t i = 0; i < n; i++) {
        if (codes[i] <= ' ' || codes[i] == 0x200d || (codes[i] >= 0xfe00 && codes[i] <= 0xfe0f))
            continue;
        if (!box_draw(&r->p->canvas, codes[i], x, r->y, width, r->cell_height, r->m.line, fg))
            draw_glyph(r, codes[i], style_of(cell), x, columns, fg);
    }
    draw_lines(r, cell, x, width, fg);
}

/* Backgrounds first, in runs of one colour: glyphs may reach over their cells. */
static void draw_backgrounds(const struct row *r)
{
    struct canvas *c = &r->p->canvas;
    int from = 0;
    uint32_t run = 0;
    for (int column = 0; column <= r->columns; column++) {
        uint32_t fg, bg = 0;
        if (column < r->columns)
            colors(r, &r->cells[column], &fg, &bg);
        if (column == r->columns || (column > from && bg != run)) {
            canvas_fill(c, cell_x(r, from), r->y, (column - from) * r->cell_width, r->cell_height,
                        run);
            from = column;
        }
        run = bg;
    }
}

static void draw_hollow(const struct row *r, int x, int width, uint32_t color)
{
    struct canvas *c = &r->p->canvas;
    int t = r->m.line;
    canvas_fill(c, x, r->y, width, t, color);
    canvas_fill(c, x, r->y + r->cell_height - t, width, t, color);
    canvas_fill(c, x, r->y, t, r->cell_height, color);
    canvas_fill(c, x + width - t, r->y, t, r->cell_height, color);
}

static void draw_cursor(const struct row *r, const struct term_cursor *cursor)
{
    struct canvas *c = &r->p->canvas;
    const struct term_cell *cell = &r->cells[cursor->col];
    int x = cell_x(r, cursor->col), width = cell_columns(cell) * r->cell_width;
    uint32_t color = term_view_cursor_color(r->view);
    uint32_t fg, bg;
    if (!cursor->focused) {
        draw_hollow(r, x, width, color);
        return;
    }
    if (cursor->blinking && !r->p->blink_shown)
        return;
    switch (cursor->shape) {
    case 1:
        canvas_fill(c, x, r->y + r->cell_height - 2 * r->m.line, width, 2 * r->m.line, color);
        break;
    case 2:
        canvas_fill(c, x, r->y, 2 * r->m.line, r->cell_height, color);
        break;
    default:
        canvas_fill(c, x, r->y, width, r->cell_height, color);
        colors(r, cell, &fg, &bg);
        draw_text(r, cell, cursor->col, bg == color ? fg : bg);
    }
}

/* DECDWL and DECDHL: drawn at normal size into the left half, then spread out. */
static void spread(const struct row *r, enum term_line_size size)
{
    struct canvas *c = &r->p->canvas;
    int left = r->p->padding, width = r->columns * r->cell_width;
    if (left + width > c->width)
        width = c->width - left;
    int bottom = r->y + r->cell_height > c->height ? c->height - r->y : r->cell_height;
    for (int step = 0; step < bottom; step++) {
        /* In the order in which no row is overwritten before it has been read. */
        int y = size == TERM_LINE_TOP ? bottom - 1 - step : step;
        int from_y = size == TERM_LINE_TOP      ? y / 2
                     : size == TERM_LINE_BOTTOM ? bottom / 2 + y / 2
                                                : y;
        uint32_t *to = c->pixels + (r->y + y) * (intptr_t)c->stride + left;
        const uint32_t *from = c->pixels + (r->y + from_y) * (intptr_t)c->stride + left;
        for (int x = width - 1; x >= 0; x--)
            to[x] = from[x / 2];
    }
}

static void draw_row(struct row *r)
{
    draw_backgrounds(r);
    for (int column = 0; column < r->columns; column++) {
        const struct term_cell *cell = &r->cells[column];
        if (cell->ch == TERM_CH_TAIL || cell->ch == TERM_CH_SPACER)
            continue;
        uint32_t fg, bg;
        colors(r, cell, &fg, &bg);
        draw_text(r, cell, column, fg);
    }
    const struct term_cursor *cursor = &r->p->cursor;
    if (cursor->visible && cursor->row == r->number && cursor->col < r->columns)
        draw_cursor(r, cursor);
    enum term_line_size size = term_view_line_size(r->view, r->number);
    if (size != TERM_LINE_SINGLE)
        spread(r, size);
}

static bool has_blink(const struct row *r)
{
    for (int column = 0; column < r->columns; column++)
        if (r->cells[column].attr & TERM_BLINK)
            return true;
    return false;
}

/* Everything around the cells. */
static void draw_border(struct painter *p, struct term_view *view)
{
    struct font_metrics m = font_metrics(p->font);
    uint32_t bg = term_view_background(view);
    int right = p->padding + term_view_cols(view) * m.cell_width;
    int bottom = p->padding + term_view_rows(view) * m.cell_height;
    canvas_fill(&p->canvas, 0, 0, p->canvas.width, p->padding, bg);
    canvas_fill(&p->canvas, 0, 0, p->padding, p->canvas.height, bg);
    canvas_fill(&p->canvas, right, 0, p->canvas.width - right, p->canvas.height, bg);
    canvas_fill(&p->canvas, 0, bottom, p->canvas.width, p->canvas.height - bottom, bg);
}

struct painted painter_draw(struct painter *p, struct term_view *view)
{
    struct font_metrics m = font_metrics(p->font);
    struct painted out = {0, 0};
    struct term_cursor cursor = term_view_cursor(view);
    int old_row = p->cursor.row;
    bool blinked = p->blink_was_shown != p->blink_shown;
    p->cursor = cursor;
    p->blink_was_shown = p->blink_shown;
    if (p->all)
        draw_border(p, view);
    for (int i = 0; i < term_view_rows(view); i++) {
        struct row r = {.p = p,
                        .view = view,
                        .cells = term_view_row(view, i),
                        .number = i,
                        .columns = term_view_cols(view),
                        .y = p->padding + i * m.cell_height,
                        .cell_width = m.cell_width,
                        .cell_height = m.cell_height,
                        .m = m};
        bool draw = p->all || term_view_changed(view, i) || i == old_row || i == cursor.row ||
                    (blinked && has_blink(&r));
        if (!draw)
            continue;
        draw_row(&r);
        if (out.height == 0)
            out.top = r.y;
        out.height = r.y + m.cell_height - out.top;
    }
    if (p->all) {
        out.top = 0;
        out.height = p->canvas.height;
    }
    p->all = false;
    return out;
}
