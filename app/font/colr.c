/* Reads the paints of a font. */
#include "app/font/colr.h"

#include <math.h>
#include <string.h>

/* The colour of the text, which pictures do not know. */
#define TEXT_COLOR 0xffff

#define GLYPH_LIST_AT 14
#define LAYER_LIST_AT 18
#define CLIP_LIST_AT  22

/* Reading on from a place; what lies behind the end is zero and makes it bad. */
struct reader {
    const struct colr *colr;
    uint32_t start; /* of the table that offsets count from */
    uint32_t at;
    bool bad;
};

static struct reader read_from(const struct colr *c, uint32_t place)
{
    return (struct reader){c, place, place, false};
}

static uint32_t colr_take(struct reader *r, uint32_t bytes)
{
    uint32_t value = 0;
    if (r->bad || r->at > r->colr->size || r->colr->size - r->at < bytes) {
        r->bad = true;
        return 0;
    }
    while (bytes-- > 0)
        value = value << 8 | r->colr->bytes[r->at++];
    return value;
}

static double take_units(struct reader *r)
{
    return (int16_t)colr_take(r, 2);
}

static double take_fraction(struct reader *r)
{
    return (int16_t)colr_take(r, 2) / 16384.0;
}

static double take_fixed(struct reader *r)
{
    return (int32_t)colr_take(r, 4) / 65536.0;
}

static uint32_t take_offset(struct reader *r)
{
    uint32_t offset = colr_take(r, 3);
    r->bad |= offset == 0;
    return r->start + offset;
}

/* The list whose offset stands at `at` in the header; false when there is none. */
static bool list_at(const struct colr *c, uint32_t at, struct reader *out)
{
    struct reader header = read_from(c, 0);
    uint32_t version = colr_take(&header, 2);
    header.at = at;
    uint32_t offset = colr_take(&header, 4);
    if (header.bad || version < 1 || offset == 0)
        return false;
    *out = read_from(c, offset);
    return true;
}

bool colr_root(const struct colr *c, uint32_t glyph, uint32_t *place)
{
    struct reader r;
    if (!list_at(c, GLYPH_LIST_AT, &r))
        return false;
    uint32_t low = 0, high = colr_take(&r, 4);
    high = high < c->size / 6 ? high : (uint32_t)(c->size / 6);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        r.at = r.start + 4 + middle * 6;
        uint32_t found = colr_take(&r, 2);
        if (found == glyph) {
            *place = r.start + colr_take(&r, 4);
            return !r.bad;
        }
        if (found < glyph)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

bool colr_layer(const struct colr *c, uint32_t number, uint32_t *place)
{
    struct reader r;
    if (!list_at(c, LAYER_LIST_AT, &r) || number >= colr_take(&r, 4) || number >= c->size / 4)
        return false;
    r.at += number * 4;
    *place = r.start + colr_take(&r, 4);
    return !r.bad;
}

bool colr_box(const struct colr *c, uint32_t glyph, int box[4])
{
    struct reader r;
    if (!list_at(c, CLIP_LIST_AT, &r))
        return false;
    colr_take(&r, 1);
    for (uint32_t left = colr_take(&r, 4); left > 0 && !r.bad; left--) {
        uint32_t first = colr_take(&r, 2), last = colr_take(&r, 2), place = take_offset(&r);
        if (glyph < first || glyph > last || r.bad)
            continue;
        r = read_from(c, place);
        colr_take(&r, 1);
        for (int i = 0; i < 4; i++)
            box[i] = (int)take_units(&r);
        return !r.bad;
    }
    return false;
}

static void take_color(struct reader *r, const struct colr_palette *palette, float out[4])
{
    static const float text[4] = {0.9f, 0.9f, 0.9f, 1};
    uint32_t index = colr_take(r, 2);
    float alpha = (float)take_fraction(r);
    const float *color = index < (uint32_t)palette->count ? palette->colors[index] : text;
    for (int i = 0; i < 4; i++)
        out[i] = color[i] * alpha;
}

static void take_stops(struct reader *r, const struct colr_palette *palette, bool variable,
                       struct gradient *g)
{
    struct reader line = read_from(r->colr, take_offset(r));
    uint32_t extend = colr_take(&line, 1), count = colr_take(&line, 2);
    g->extend = extend == 1 ? GRADIENT_REPEAT : extend == 2 ? GRADIENT_REFLECT : GRADIENT_PAD;
    for (uint32_t i = 0; i < count && g->count < GRADIENT_STOPS_MAX && !line.bad; i++) {
        g->stops[g->count].at = take_fraction(&line);
        take_color(&line, palette, g->stops[g->count++].color);
        if (variable)
            colr_take(&line, 4);
    }
    r->bad |= line.bad;
}

static void read_fill(struct reader *r, uint32_t format, const struct colr_palette *palette,
                      struct colr_paint *out)
{
    struct gradient *g = &out->fill;
    double v[6];
    out->kind = COLR_FILL;
    if (format <= 3) {
        g->kind = GRADIENT_SOLID;
        g->count = 1;
        take_color(r, palette, g->stops[0].color);
        return;
    }
    take_stops(r, palette, format & 1, g);
    if (format >= 8) {
        for (int i = 0; i < 2; i++)
            v[i] = take_units(r);
        /* Half turns, less one. */
        for (int i = 2; i < 4; i++)
            v[i] = (take_fraction(r) + 1) / 2;
        gradient_sweep(g, v[0], v[1], v[2], v[3]);
        return;
    }
    for (int i = 0; i < 6; i++)
        v[i] = take_units(r);
    if (format <= 5) {
        gradient_linear(g, v[0], v[1], v[2], v[3], v[4], v[5]);
        return;
    }
    /* Radii have no sign. */
    v[2] = (uint16_t)(int)v[2];
    v[5] = (uint16_t)(int)v[5];
    gradient_radial(g, v[0], v[1], v[2], v[3], v[4], v[5]);
}

static void read_affine(struct reader *r, struct matrix *m)
{
    struct reader affine = read_from(r->colr, take_offset(r));
    m->xx = take_fixed(&affine);
    m->yx = take_fixed(&affine);
    m->xy = take_fixed(&affine);
    m->yy = take_fixed(&affine);
    m->dx = take_fixed(&affine);
    m->dy = take_fixed(&affine);
    r->bad |= affine.bad;
}

/* Formats 12 to 31. */
static void read_transform(struct reader *r, uint32_t format, struct colr_paint *out)
{
    struct matrix m = {1, 0, 0, 1, 0, 0};
    bool around = (format >= 18 && format <= 19) || (format >= 22 && format <= 23) ||
                  (format >= 26 && format <= 27) || format >= 30;
    out->kind = COLR_TRANSFORM;
    out->inside = take_offset(r);
    if (format <= 13) {
        read_affine(r, &m);
    } else if (format <= 15) {
        m.dx = take_units(r);
        m.dy = take_units(r);
    } else if (format <= 19) {
        m.xx = take_fraction(r);
        m.yy = take_fraction(r);
    } else if (format <= 23) {
        m.xx = m.yy = take_fraction(r);
    } else if (format <= 27) {
        double angle = take_fraction(r) * MATRIX_PI;
        m = (struct matrix){cos(angle), -sin(angle), sin(angle), cos(angle), 0, 0};
    } else {
        m.xy = -tan(take_fraction(r) * MATRIX_PI);
        m.yx = tan(take_fraction(r) * MATRIX_PI);
    }
    struct matrix to = {1, 0, 0, 1, 0, 0}, from = {1, 0, 0, 1, 0, 0}, moved;
    if (around) {
        to.dx = take_units(r);
        to.dy = take_units(r);
        from.dx = -to.dx;
        from.dy = -to.dy;
    }
    matrix_multiply(&m, &from, &moved);
    matrix_multiply(&to, &moved, &out->matrix);
}

static enum composite blend_mode_of(uint32_t mode)
{
    static const uint8_t modes[] = {
        COMPOSITE_CLEAR,         COMPOSITE_SOURCE, COMPOSITE_BACKDROP,      COMPOSITE_OVER,
        COMPOSITE_BACKDROP_OVER, COMPOSITE_IN,     COMPOSITE_BACKDROP_IN,   COMPOSITE_OUT,
        COMPOSITE_BACKDROP_OUT,  COMPOSITE_ATOP,   COMPOSITE_BACKDROP_ATOP, COMPOSITE_XOR,
        COMPOSITE_PLUS,          COMPOSITE_SCREEN};
    if (mode < sizeof(modes))
        return (enum composite)modes[mode];
    /* The other blend modes are drawn as if they were the plain one. */
    return mode == 15   ? COMPOSITE_DARKEN
           : mode == 16 ? COMPOSITE_LIGHTEN
           : mode == 23 ? COMPOSITE_MULTIPLY
                        : COMPOSITE_OVER;
}

bool colr_read(const struct colr *c, uint32_t place, const struct colr_palette *palette,
               struct colr_paint *out)
{
    struct reader r = read_from(c, place);
    uint32_t format = colr_take(&r, 1);
    memset(out, 0, sizeof(*out));
    if (format == 1) {
        out->kind = COLR_LAYERS;
        out->count = colr_take(&r, 1);
        out->first = colr_take(&r, 4);
    } else if (format >= 2 && format <= 9) {
        read_fill(&r, format, palette, out);
    } else if (format == 10) {
        out->kind = COLR_GLYPH;
        out->inside = take_offset(&r);
        out->glyph = colr_take(&r, 2);
    } else if (format == 11) {
        out->kind = COLR_REFERENCE;
        out->glyph = colr_take(&r, 2);
    } else if (format >= 12 && format <= 31) {
        read_transform(&r, format, out);
    } else if (format == 32) {
        out->kind = COLR_COMPOSITE;
        out->inside = take_offset(&r);
        out->mode = blend_mode_of(colr_take(&r, 1));
        out->backdrop = take_offset(&r);
    } else {
        return false;
    }
    return !r.bad;
}
