/* Draws glyphs made of paints. */
#include "app/font/color.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include FT_COLOR_H
#include FT_OUTLINE_H
#include FT_TRUETYPE_TABLES_H
#include FT_TRUETYPE_TAGS_H

#include "app/font/colr.h"

/* A font may nest paints without end. */
#define DEPTH_MAX       16
#define PAINTS_MAX      2048
#define SIZE_MAX_PIXELS 1024

/* Premultiplied red, green, blue, alpha. */
struct sheet {
    int width, height;
    float *pixels;
};

struct painting {
    struct face *face;
    struct colr table;
    struct colr_palette palette;
    int left, top; /* of the sheet, from the pen; top grows upwards */
    int width, height;
    int depth, paints;
};

static bool sheet_new(const struct painting *p, struct sheet *s)
{
    s->width = p->width;
    s->height = p->height;
    s->pixels = calloc((size_t)p->width * (size_t)p->height * 4, sizeof(float));
    return s->pixels;
}

static size_t pixels_of(const struct sheet *s)
{
    return (size_t)s->width * (size_t)s->height;
}

/* Fills the whole sheet. */
static void fill_paint(const struct painting *p, const struct gradient *g, const struct matrix *m,
                       struct sheet *s)
{
    struct matrix back;
    if (!matrix_invert(m, &back))
        return;
    for (int y = 0; y < s->height; y++)
        for (int x = 0; x < s->width; x++)
            gradient_color(g, &back, p->left + x + 0.5, p->top - y - 0.5,
                           s->pixels + ((size_t)y * (size_t)s->width + (size_t)x) * 4);
}

/* The outline of a glyph as coverages of the sheet. NULL when there is none. */
static uint8_t *mask_of(const struct painting *p, uint32_t index, const struct matrix *m)
{
    FT_Face ft = p->face->ft;
    if (FT_Load_Glyph(ft, index, FT_LOAD_NO_SCALE | FT_LOAD_NO_HINTING | FT_LOAD_NO_BITMAP) ||
        ft->glyph->format != FT_GLYPH_FORMAT_OUTLINE)
        return NULL;
    FT_Outline *outline = &ft->glyph->outline;
    for (int i = 0; i < outline->n_points; i++) {
        double x = (double)outline->points[i].x, y = (double)outline->points[i].y;
        matrix_apply(m, &x, &y);
        x = (x - p->left) * 64;
        y = (y - (p->top - p->height)) * 64;
        /* Far outside is outside. */
        outline->points[i].x = lround(x < -1e6 ? -1e6 : x > 1e6 ? 1e6 : x);
        outline->points[i].y = lround(y < -1e6 ? -1e6 : y > 1e6 ? 1e6 : y);
    }
    FT_Bitmap bitmap = {.rows = (unsigned)p->height,
                        .width = (unsigned)p->width,
                        .pitch = p->width,
                        .num_grays = 256,
                        .pixel_mode = FT_PIXEL_MODE_GRAY};
    bitmap.buffer = calloc((size_t)p->width, (size_t)p->height);
    if (bitmap.buffer && FT_Outline_Get_Bitmap(ft->glyph->library, outline, &bitmap)) {
        free(bitmap.buffer);
        return NULL;
    }
    return bitmap.buffer;
}

static bool paint_any(struct painting *p, uint32_t place, const struct matrix *m,
                      struct sheet *onto);

static void apply_mask(struct sheet *s, const uint8_t *mask)
{
    for (size_t i = 0; i < pixels_of(s); i++)
        for (size_t k = 0; k < 4; k++)
            s->pixels[i * 4 + k] *= (float)mask[i] / 255;
}

static bool paint_glyph(struct painting *p, const struct colr_paint *paint, const struct matrix *m,
                        struct sheet *onto)
{
    struct sheet s;
    uint8_t *mask = mask_of(p, paint->glyph, m);
    if (!mask || !sheet_new(p, &s)) {
        free(mask);
        return false;
    }
    bool done = paint_any(p, paint->inside, m, &s);
    apply_mask(&s, mask);
    composite(onto->pixels, s.pixels, pixels_of(&s), COMPOSITE_OVER);
    free(s.pixels);
    free(mask);
    return done;
}

static bool paint_composite(struct painting *p, const struct colr_paint *paint,
                            const struct matrix *m, struct sheet *onto)
{
    struct sheet backdrop = {0, 0, NULL}, source = {0, 0, NULL};
    bool done = sheet_new(p, &backdrop) && sheet_new(p, &source) &&
                paint_any(p, paint->backdrop, m, &backdrop) &&
                paint_any(p, paint->inside, m, &source);
    if (done) {
        composite(backdrop.pixels, source.pixels, pixels_of(onto), paint->mode);
        composite(onto->pixels, backdrop.pixels, pixels_of(onto), COMPOSITE_OVER);
    }
    free(backdrop.pixels);
    free(source.pixels);
    return done;
}

static bool paint_layers(struct painting *p, const struct colr_paint *paint, const struct matrix *m,
                         struct sheet *onto)
{
    uint32_t place;
    for (uint32_t i = 0; i < paint->count; i++)
        if (!colr_layer(&p->table, paint->first + i, &place) || !paint_any(p, place, m, onto))
            return false;
    return true;
}

static bool paint_fill(struct painting *p, const struct colr_paint *paint, const struct matrix *m,
                       struct sheet *onto)
{
    struct sheet s;
    if (!sheet_new(p, &s))
        return false;
    fill_paint(p, &paint->fill, m, &s);
    composite(onto->pixels, s.pixels, pixels_of(&s), COMPOSITE_OVER);
    free(s.pixels);
    return true;
}

static bool paint_one(struct painting *p, const struct colr_paint *paint, const struct matrix *m,
                      struct sheet *onto)
{
    struct matrix all;
    uint32_t place;
    switch (paint->kind) {
    case COLR_LAYERS:
        return paint_layers(p, paint, m, onto);
    case COLR_FILL:
        return paint_fill(p, paint, m, onto);
    case COLR_GLYPH:
        return paint_glyph(p, paint, m, onto);
    case COLR_REFERENCE:
        return colr_root(&p->table, paint->glyph, &place) && paint_any(p, place, m, onto);
    case COLR_TRANSFORM:
        matrix_multiply(m, &paint->matrix, &all);
        return paint_any(p, paint->inside, &all, onto);
    case COLR_COMPOSITE:
        return paint_composite(p, paint, m, onto);
    }
    return false;
}

static bool paint_any(struct painting *p, uint32_t place, const struct matrix *m,
                      struct sheet *onto)
{
    /* Large, because of the colour stops: not for the stack at every depth. */
    struct colr_paint *paint = malloc(sizeof(*paint));
    bool done = paint && p->depth < DEPTH_MAX && p->paints++ < PAINTS_MAX &&
                colr_read(&p->table, place, &p->palette, paint);
    p->depth++;
    done = done && paint_one(p, paint, m, onto);
    p->depth--;
    free(paint);
    return done;
}

/* Where the picture lies: the font's own box for it, or the size of a line. */
static bool place_of(struct painting *p, uint32_t index)
{
    FT_Face ft = p->face->ft;
    double scale = p->face->pixels / ft->units_per_EM;
    int box[4] = {0, ft->descender, 0, ft->ascender};
    if (FT_Load_Glyph(ft, index, FT_LOAD_NO_SCALE | FT_LOAD_NO_HINTING | FT_LOAD_NO_BITMAP))
        return false;
    box[2] = (int)ft->glyph->advance.x;
    colr_box(&p->table, index, box);
    p->left = (int)floor(box[0] * scale);
    p->top = (int)ceil(box[3] * scale);
    p->width = (int)ceil(box[2] * scale) - p->left;
    p->height = p->top - (int)floor(box[1] * scale);
    return p->width > 0 && p->height > 0 && p->width <= SIZE_MAX_PIXELS &&
           p->height <= SIZE_MAX_PIXELS;
}

static bool to_glyph(const struct painting *p, const struct sheet *s, struct glyph *out)
{
    static const size_t order[4] = {2, 1, 0, 3};
    out->pixels = malloc(pixels_of(s) * 4);
    if (!out->pixels)
        return false;
    for (size_t i = 0; i < pixels_of(s); i++)
        for (size_t k = 0; k < 4; k++) {
            float value = s->pixels[i * 4 + order[k]];
            value = value < 0 ? 0 : value > 1 ? 1 : value;
            out->pixels[i * 4 + k] = (uint8_t)lroundf(value * 255);
        }
    out->left = p->left;
    out->top = p->top;
    out->width = s->width;
    out->height = s->height;
    out->pitch = s->width * 4;
    out->color = true;
    return true;
}

/* The first palette. NULL when there is none. */
static float (*read_palette(FT_Face ft, int *count))[4]
{
    FT_Palette_Data data;
    FT_Color *from;
    if (FT_Palette_Data_Get(ft, &data) || FT_Palette_Select(ft, 0, &from) || !from)
        return NULL;
    float(*colors)[4] = malloc(sizeof(*colors) * ((size_t)data.num_palette_entries + 1));
    *count = colors ? data.num_palette_entries : 0;
    for (int i = 0; i < *count; i++) {
        float alpha = (float)from[i].alpha / 255;
        colors[i][0] = (float)from[i].red / 255 * alpha;
        colors[i][1] = (float)from[i].green / 255 * alpha;
        colors[i][2] = (float)from[i].blue / 255 * alpha;
        colors[i][3] = alpha;
    }
    return colors;
}

bool color_draw(struct face *face, uint32_t index, struct glyph *out)
{
    struct painting p = {.face = face, .table = {face->colr, face->colr_size}};
    uint32_t place;
    if (!face->colr || !colr_root(&p.table, index, &place) || !place_of(&p, index))
        return false;
    float(*colors)[4] = read_palette(face->ft, &p.palette.count);
    p.palette.colors = (const float(*)[4])colors;
    double scale = face->pixels / face->ft->units_per_EM;
    struct matrix m = {scale, 0, 0, scale, 0, 0};
    struct sheet s = {0, 0, NULL};
    bool done =
        colors && sheet_new(&p, &s) && paint_any(&p, place, &m, &s) && to_glyph(&p, &s, out);
    free(s.pixels);
    free(colors);
    return done;
}
