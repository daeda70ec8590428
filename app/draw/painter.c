/* Cells to pixels: the rows of a view that changed, drawn into a canvas. */
#include "app/draw/painter.h"

#include <stdlib.h>

#include "app/draw/boxes.h"
#include "app/draw/contrast.h"
#include "app/draw/decor.h"
#include "runtime/host/time.h"

#define SELECTION_SHARE 110 /* of 256 of the foreground in a selected background */
#define DIM_SHARE       171 /* of 256 of a picture in dim text; colours are dimmed by the view */
#define MATCH_COLOR     0xc8a000
#define CURRENT_COLOR   0xff9632

/* More than any cluster that means something. */
#define CODES_MAX 32

struct row {
    struct painter *p;
    struct font *font;
    struct term_view *view;
    struct canvas *canvas; /* of this row alone: what is too high must not reach into others */
    const struct term_cell *cells;
    int number, columns;
    int left; /* where column 0 begins */
    int cell_width, cell_height;
    bool squeezed; /* twice as high as it will be */
    struct font_metrics m;
};

static void select_colors(const struct painter *p, uint32_t *fg, uint32_t *bg)
{
    *bg = p->selection_background ? p->selection_background & ~COLOR_SET
                                  : canvas_mix(*bg, *fg, SELECTION_SHARE);
    if (p->selection_foreground)
        *fg = p->selection_foreground & ~COLOR_SET;
}

static void colors(const struct row *r, const struct term_cell *cell, uint32_t *fg, uint32_t *bg)
{
    term_view_colors(r->view, cell, fg, bg);
    if (cell->attr & TERM_MATCHED)
        *bg = canvas_mix(*bg, MATCH_COLOR, 160);
    if (cell->attr & TERM_CURRENT) {
        *bg = CURRENT_COLOR;
        *fg = 0;
    }
    if (cell->attr & TERM_SELECTED)
        select_colors(r->p, fg, bg);
}

/* What is drawn of lines and blocks joins its neighbours, whose background may be its colour. */
static bool joins(uint32_t code)
{
    return (code >= 0x2500 && code <= 0x259f) || (code >= 0xe0b0 && code <= 0xe0d7) ||
           (code >= 0x1fb00 && code <= 0x1fbff);
}

/* The colour of a cell's text. What is selected or found can be read in any case. */
static uint32_t text_color(const struct row *r, const struct term_cell *cell, uint32_t fg,
                           uint32_t bg)
{
    struct painter *p = r->p;
    bool given = (cell->attr & TERM_SELECTED) && p->selection_foreground;
    bool marked = cell->attr & (TERM_MATCHED | TERM_CURRENT | TERM_SELECTED);
    double least = marked && p->contrast < CONTRAST_READABLE ? CONTRAST_READABLE : p->contrast;
    if (given || (!marked && least <= 1) || joins(cell->ch))
        return fg;
    if (p->raised[0] != (fg | COLOR_SET) || p->raised[1] != (bg | (marked ? COLOR_SET : 0))) {
        p->raised[0] = fg | COLOR_SET;
        p->raised[1] = bg | (marked ? COLOR_SET : 0);
        p->raised[2] = contrast_raise(fg, bg, least);
    }
    return p->raised[2];
}

static int cell_x(const struct row *r, int column)
{
    return r->left + column * r->cell_width;
}

/* Only the background is shown. */
static bool is_hidden(const struct row *r, const struct term_cell *cell)
{
    return (cell->attr & TERM_CONCEAL) || ((cell->attr & TERM_BLINK) && !r->p->blink_shown);
}

static int cell_columns(const struct term_cell *cell)
{
    return cell->attr & TERM_WIDE ? 2 : 1;
}

static void draw_lines(const struct row *r, const struct term_cell *cell, int x, int width,
                       uint32_t fg)
{
    struct decor d = {r->canvas, r->m, x, 0, width, r->left};
    uint32_t kind = (cell->attr & TERM_UNDERLINE_MASK) >> TERM_UNDERLINE_SHIFT;
    if (kind) {
        struct term_extra extra = term_view_extra(r->view, r->number, cell);
        decor_underline(&d, kind, term_view_color(r->view, extra.underline_color, fg));
    } else if (cell->attr & TERM_EXTRA_MASK) {
        if (term_view_extra(r->view, r->number, cell).link)
            decor_underline(&d, TERM_UNDERLINE_DOTTED, fg);
    }
    if (cell->attr & TERM_STRIKE)
        decor_strike(&d, fg);
    if (cell->attr & TERM_OVERLINE)
        decor_overline(&d, fg);
}

/* A character no font has: an empty box. */
static void draw_missing(const struct row *r, int x, int width, uint32_t fg)
{
    struct canvas *c = r->canvas;
    int t = r->m.line, top = r->cell_height / 5, height = r->cell_height * 3 / 5;
    canvas_fill(c, x + 1, top, width - 2, t, fg);
    canvas_fill(c, x + 1, top + height - t, width - 2, t, fg);
    canvas_fill(c, x + 1, top, t, height, fg);
    canvas_fill(c, x + width - 1 - t, top, t, height, fg);
}

/* Icons, which fonts draw larger than letters, have room in a blank behind them. */
static bool has_spare(const struct row *r, int column)
{
    uint32_t code = r->cells[column].ch;
    uint32_t next = column + 1 < r->columns ? r->cells[column + 1].ch : TERM_CH_TAIL;
    return ((code >= 0xe000 && code <= 0xf8ff) || (code >= 0xf0000 && code <= 0x10fffd)) &&
           (next == TERM_CH_EMPTY || next == ' ');
}

static unsigned style_of(const struct row *r, int column)
{
    const struct term_cell *cell = &r->cells[column];
    return (cell->attr & TERM_BOLD ? FONT_BOLD : 0u) |
           (cell->attr & TERM_ITALIC ? FONT_ITALIC : 0u) | (has_spare(r, column) ? FONT_SPARE : 0u);
}

static void draw_glyph(const struct row *r, int column, const uint32_t *codes, size_t n,
                       uint32_t fg)
{
    const struct glyph *g;
    const struct term_cell *cell = &r->cells[column];
    int x = cell_x(r, column), columns = cell_columns(cell);
    enum font_answer answer = font_glyph(r->font, codes, n, style_of(r, column), columns, &g);
    if (answer == FONT_MISSING)
        draw_missing(r, x, columns * r->cell_width, fg);
    if (answer == FONT_PENDING)
        r->p->pending = true;
    if (!g->pixels)
        return;
    int left = x + g->left, top = r->m.baseline - g->top;
    if (g->color)
        canvas_image(r->canvas, left, top, g->pixels, g->width, g->height, g->pitch,
                     cell->attr & TERM_DIM ? DIM_SHARE : 256);
    else
        canvas_mask(r->canvas, left, top, g->pixels, g->width, g->height, g->pitch, fg);
}

/* Into every other row where two become one, so that lines stay sharp. */
static bool draw_box(const struct row *r, uint32_t code, int x, int width, uint32_t fg)
{
    if (!r->squeezed)
        return box_draw(r->canvas, code, x, 0, width, r->cell_height, r->m.line, fg);
    struct canvas odd = *r->canvas;
    odd.height /= 2;
    odd.stride *= 2;
    struct canvas even = odd;
    odd.pixels += r->canvas->stride;
    return box_draw(&even, code, x, 0, width, r->cell_height / 2, r->m.line / 2, fg) &&
           box_draw(&odd, code, x, 0, width, r->cell_height / 2, r->m.line / 2, fg);
}

static void draw_text(const struct row *r, const struct term_cell *cell, int column, uint32_t fg)
{
    uint32_t codes[CODES_MAX];
    int x = cell_x(r, column), width = cell_columns(cell) * r->cell_width;
    if (is_hidden(r, cell))
        return;
    size_t n = term_view_text(r->view, r->number, cell, codes, CODES_MAX);
    bool blank = n == 0 || (n == 1 && codes[0] <= ' ');
    if (!blank && !draw_box(r, codes[0], x, width, fg))
        draw_glyph(r, column, codes, n, fg);
    draw_lines(r, cell, x, width, fg);
}

/* Backgrounds first, in runs of one colour: glyphs may reach over their cells. */
static void draw_backgrounds(const struct row *r)
{
    int from = 0;
    uint32_t run = 0;
    for (int column = 0; column <= r->columns; column++) {
        uint32_t fg, bg = 0;
        if (column < r->columns)
            colors(r, &r->cells[column], &fg, &bg);
        if (column == r->columns || (column > from && bg != run)) {
            canvas_fill(r->canvas, cell_x(r, from), 0, (column - from) * r->cell_width,
                        r->cell_height, run);
            from = column;
        }
        run = bg;
    }
}

static void draw_hollow(const struct row *r, int x, int width, uint32_t color)
{
    struct canvas *c = r->canvas;
    int t = r->m.line;
    canvas_fill(c, x, 0, width, t, color);
    canvas_fill(c, x, r->cell_height - t, width, t, color);
    canvas_fill(c, x, 0, t, r->cell_height, color);
    canvas_fill(c, x + width - t, 0, t, r->cell_height, color);
}

/* The cell in the colours of the cursor, and nothing outside it. */
static void draw_cursor_block(const struct row *r, const struct term_cell *cell, int column,
                              int width, uint32_t color)
{
    uint32_t fg, bg;
    struct canvas part = canvas_part(r->canvas, cell_x(r, column), 0, width, r->cell_height);
    struct row inside = *r;
    inside.canvas = &part;
    inside.left = -column * r->cell_width;
    canvas_fill(&part, 0, 0, width, r->cell_height, color);
    colors(r, cell, &fg, &bg);
    uint32_t text = bg == color ? fg : bg;
    if (r->p->contrast > 1)
        text = contrast_raise(text, color, r->p->contrast);
    draw_text(&inside, cell, column, text);
}

static void draw_cursor(const struct row *r, const struct term_cursor *cursor)
{
    /* On the right half of a wide character it shows the whole, as xterm's does. */
    int column =
        cursor->col > 0 && r->cells[cursor->col].ch == TERM_CH_TAIL ? cursor->col - 1 : cursor->col;
    const struct term_cell *cell = &r->cells[column];
    int x = cell_x(r, column), width = cell_columns(cell) * r->cell_width;
    int thickness = 2 * r->m.line;
    uint32_t color = term_view_cursor_color(r->view);
    if (!cursor->focused) {
        draw_hollow(r, x, width, color);
        return;
    }
    if (cursor->blinking && !r->p->blink_shown)
        return;
    switch (cursor->shape) {
    case 1:
        canvas_fill(r->canvas, x, r->cell_height - thickness, width, thickness, color);
        break;
    case 2:
        canvas_fill(r->canvas, x, 0, thickness, r->cell_height, color);
        break;
    default:
        draw_cursor_block(r, cell, column, width, color);
    }
}

static void draw_cells(const struct row *r)
{
    draw_backgrounds(r);
    for (int column = 0; column < r->columns; column++) {
        const struct term_cell *cell = &r->cells[column];
        if (cell->ch == TERM_CH_TAIL || cell->ch == TERM_CH_SPACER)
            continue;
        uint32_t fg, bg;
        colors(r, cell, &fg, &bg);
        draw_text(r, cell, column, text_color(r, cell, fg, bg));
    }
    const struct term_cursor *cursor = &r->p->cursor;
    if (cursor->visible && cursor->row == r->number && cursor->col < r->columns)
        draw_cursor(r, cursor);
}

/* Half as high, to where it belongs. */
static void copy_squeezed(const struct canvas *from, struct canvas *to, int x0)
{
    for (int y = 0; y < to->height; y++)
        for (int x = 0; x < from->width && x0 + x < to->width; x++) {
            const uint32_t *at = from->pixels + (intptr_t)2 * y * from->stride + x;
            to->pixels[(intptr_t)y * to->stride + x0 + x] =
                canvas_mix(at[0], at[from->stride], 128);
        }
}

static void copy_rows(const struct canvas *from, struct canvas *to, int x0, int y0)
{
    for (int y = 0; y < to->height; y++)
        for (int x = 0; x < from->width && x0 + x < to->width; x++)
            to->pixels[(intptr_t)y * to->stride + x0 + x] =
                from->pixels[(intptr_t)(y0 + y) * from->stride + x];
}

/* DECDWL and DECDHL: the left half of the columns, drawn at twice the size, of which the line shows
 * a half or all, squeezed. */
static void draw_large(const struct row *r, enum term_line_size size)
{
    struct row large = *r;
    struct canvas canvas;
    large.font = font_doubled(r->font);
    large.m = font_metrics(large.font);
    large.cell_width = large.m.cell_width;
    large.cell_height = large.m.cell_height;
    large.columns = (r->columns + 1) / 2;
    large.left = 0;
    large.squeezed = size == TERM_LINE_WIDE;
    large.canvas = &canvas;
    canvas.width = canvas.stride = r->columns * r->cell_width;
    canvas.height = large.cell_height;
    canvas.pixels = malloc((size_t)canvas.stride * (size_t)canvas.height * sizeof(uint32_t));
    if (!canvas.pixels || large.font == r->font) {
        draw_cells(r);
        free(canvas.pixels);
        return;
    }
    draw_cells(&large);
    if (size == TERM_LINE_WIDE)
        copy_squeezed(&canvas, r->canvas, r->left);
    else
        copy_rows(&canvas, r->canvas, r->left, size == TERM_LINE_TOP ? 0 : r->cell_height);
    free(canvas.pixels);
}

/* What a program gave a cell, without what is selected or found. */
static uint32_t cell_background(const struct row *r, int column)
{
    uint32_t fg, bg;
    term_view_colors(r->view, &r->cells[column], &fg, &bg);
    return bg;
}

/* Fills the height of `c` with the colours of the row's cells, those at the ends up to its edges.
 */
static void draw_padding(const struct row *r, enum term_line_size size, struct canvas *c)
{
    int width = size == TERM_LINE_SINGLE ? r->cell_width : 2 * r->cell_width;
    int columns = size == TERM_LINE_SINGLE ? r->columns : (r->columns + 1) / 2;
    for (int column = 0, from = 0; column < columns; column++) {
        int to = column + 1 < columns ? r->left + (column + 1) * width : c->width;
        canvas_fill(c, from, 0, to - from, c->height, cell_background(r, column));
        from = to;
    }
}

/* The sides of the row, and what is above the first and below the last one. */
static void draw_paddings(const struct row *r, enum term_line_size size)
{
    struct canvas *all = &r->p->canvas;
    int columns = size == TERM_LINE_SINGLE ? r->columns : (r->columns + 1) / 2;
    int right = cell_x(r, r->columns), rows = term_view_rows(r->view);
    canvas_fill(r->canvas, 0, 0, r->left, r->cell_height, cell_background(r, 0));
    canvas_fill(r->canvas, right, 0, r->canvas->width - right, r->cell_height,
                cell_background(r, columns - 1));
    if (r->number == 0) {
        struct canvas above = canvas_part(all, 0, 0, all->width, r->p->padding);
        draw_padding(r, size, &above);
    }
    if (r->number == rows - 1) {
        int bottom = r->p->padding + rows * r->cell_height;
        struct canvas below = canvas_part(all, 0, bottom, all->width, all->height - bottom);
        draw_padding(r, size, &below);
    }
}

static void draw_row(const struct row *r)
{
    enum term_line_size size = term_view_line_size(r->view, r->number);
    draw_paddings(r, size);
    if (size == TERM_LINE_SINGLE)
        draw_cells(r);
    else
        draw_large(r, size);
}

static bool has_blink(const struct row *r)
{
    for (int column = 0; column < r->columns; column++)
        if (r->cells[column].attr & TERM_BLINK)
            return true;
    return false;
}

/* Everything around the cells, until the rows beside it are drawn. */
static void draw_border(struct painter *p, struct term_view *view)
{
    struct font_metrics m = font_metrics(p->font);
    uint32_t bg = p->background = term_view_background(view);
    int right = p->padding + term_view_cols(view) * m.cell_width;
    int bottom = p->padding + term_view_rows(view) * m.cell_height;
    canvas_fill(&p->canvas, 0, 0, p->canvas.width, p->padding, bg);
    canvas_fill(&p->canvas, 0, 0, p->padding, p->canvas.height, bg);
    canvas_fill(&p->canvas, right, 0, p->canvas.width - right, p->canvas.height, bg);
    canvas_fill(&p->canvas, 0, bottom, p->canvas.width, p->canvas.height - bottom, bg);
}

/* What drawing row `number` takes; part becomes the row's share of the canvas. */
static struct row painter_row(struct painter *p, struct term_view *view, int number,
                              struct canvas *part)
{
    struct font_metrics m = font_metrics(p->font);
    int y = p->padding + number * m.cell_height;
    *part = canvas_part(&p->canvas, 0, y, p->canvas.width, m.cell_height);
    return (struct row){.p = p,
                        .font = p->font,
                        .view = view,
                        .canvas = part,
                        .cells = term_view_row(view, number),
                        .number = number,
                        .columns = term_view_cols(view),
                        .left = p->padding,
                        .cell_width = m.cell_width,
                        .cell_height = m.cell_height,
                        .m = m};
}

/* Marks the rows that are to be drawn. */
static void collect_cluster(struct painter *p, struct term_view *view)
{
    struct term_cursor cursor = term_view_cursor(view);
    int old_row = p->cursor.row;
    bool blinked = p->blink_was_shown != p->blink_shown;
    p->cursor = cursor;
    p->blink_was_shown = p->blink_shown;
    for (int i = 0; i < term_view_rows(view); i++) {
        bool draw = p->all || term_view_changed(view, i) || i == old_row || i == cursor.row;
        if (!draw && blinked) {
            struct canvas part;
            struct row r = painter_row(p, view, i, &part);
            draw = has_blink(&r);
        }
        if (draw)
            p->waiting[i / 64] |= 1ull << i % 64;
    }
}

struct painted painter_draw(struct painter *p, struct term_view *view, uint64_t deadline_ns)
{
    int rows = term_view_rows(view), top = p->canvas.height, bottom = 0;
    bool border = p->all || p->background != term_view_background(view), late = false;
    p->all = border;
    collect_cluster(p, view);
    if (border)
        draw_border(p, view);
    p->all = p->unfinished = false;
    if (p->next >= rows)
        p->next = 0;
    /* From where the last call stopped: rows above that change all the time must not keep those
     * below from being drawn. */
    for (int n = 0, i = p->next; n < rows; n++, i = i + 1 < rows ? i + 1 : 0) {
        if (!(p->waiting[i / 64] >> i % 64 & 1))
            continue;
        if (late) {
            p->next = i;
            p->unfinished = true;
            break;
        }
        struct canvas part;
        struct row r = painter_row(p, view, i, &part);
        draw_row(&r);
        p->waiting[i / 64] &= ~(1ull << i % 64);
        int y = i == 0 ? 0 : p->padding + i * r.cell_height;
        int end = i == rows - 1 ? p->canvas.height : p->padding + (i + 1) * r.cell_height;
        top = y < top ? y : top;
        bottom = end > bottom ? end : bottom;
        late = host_clock_monotonic_ns() >= deadline_ns;
    }
    if (border)
        return (struct painted){0, p->canvas.height};
    return (struct painted){top, bottom > top ? bottom - top : 0};
}
