/* Colours along gradients, and the modes in which pictures are laid over each other. */
#include "app/font/gradient.h"

#include <math.h>
#include <string.h>

void matrix_multiply(const struct matrix *a, const struct matrix *b, struct matrix *out)
{
    *out = (struct matrix){
        a->xx * b->xx + a->xy * b->yx,         a->xx * b->xy + a->xy * b->yy,
        a->yx * b->xx + a->yy * b->yx,         a->yx * b->xy + a->yy * b->yy,
        a->xx * b->dx + a->xy * b->dy + a->dx, a->yx * b->dx + a->yy * b->dy + a->dy};
}

bool matrix_invert(const struct matrix *m, struct matrix *out)
{
    double d = m->xx * m->yy - m->xy * m->yx;
    if (fabs(d) < 1e-12)
        return false;
    *out = (struct matrix){m->yy / d, -m->xy / d, -m->yx / d, m->xx / d, 0, 0};
    out->dx = -(out->xx * m->dx + out->xy * m->dy);
    out->dy = -(out->yx * m->dx + out->yy * m->dy);
    return true;
}

void matrix_apply(const struct matrix *m, double *x, double *y)
{
    double u = *x, v = *y;
    *x = m->xx * u + m->xy * v + m->dx;
    *y = m->yx * u + m->yy * v + m->dy;
}

void gradient_linear(struct gradient *g, double x0, double y0, double x1, double y1, double x2,
                     double y2)
{
    /* The colours change across the line from the first to the third point. */
    double nx = -(y2 - y0), ny = x2 - x0, length = nx * nx + ny * ny;
    double along = length > 0 ? ((x1 - x0) * nx + (y1 - y0) * ny) / length : 0;
    g->kind = GRADIENT_LINEAR;
    g->x = x0;
    g->y = y0;
    g->dx = length > 0 ? along * nx : x1 - x0;
    g->dy = length > 0 ? along * ny : y1 - y0;
    if (g->dx * g->dx + g->dy * g->dy < 1e-9)
        g->kind = GRADIENT_NOTHING;
}

void gradient_radial(struct gradient *g, double x0, double y0, double r0, double x1, double y1,
                     double r1)
{
    g->kind = GRADIENT_RADIAL;
    g->x = x0;
    g->y = y0;
    g->r = r0;
    g->dx = x1 - x0;
    g->dy = y1 - y0;
    g->dr = r1 - r0;
}

void gradient_sweep(struct gradient *g, double x, double y, double start, double end)
{
    g->kind = start == end ? GRADIENT_NOTHING : GRADIENT_SWEEP;
    g->x = x;
    g->y = y;
    g->dx = start;
    g->dy = end;
}

/* The largest t at which the circle between the two goes through the point. */
static bool radial_at(const struct gradient *g, double x, double y, double *t)
{
    double px = x - g->x, py = y - g->y;
    double a = g->dx * g->dx + g->dy * g->dy - g->dr * g->dr;
    double b = px * g->dx + py * g->dy + g->r * g->dr;
    double c = px * px + py * py - g->r * g->r;
    double results[2];
    int count = 1;
    if (fabs(a) < 1e-9) {
        if (fabs(b) < 1e-9)
            return false;
        results[0] = c / (2 * b);
    } else {
        double root = b * b - a * c;
        if (root < 0)
            return false;
        root = sqrt(root);
        results[0] = (b + root) / a;
        results[1] = (b - root) / a;
        count = 2;
        if (results[0] < results[1]) {
            double larger = results[1];
            results[1] = results[0];
            results[0] = larger;
        }
    }
    for (int i = 0; i < count; i++)
        if (g->r + results[i] * g->dr >= 0) {
            *t = results[i];
            return true;
        }
    return false;
}

static bool position(const struct gradient *g, double x, double y, double *t)
{
    double turn;
    switch (g->kind) {
    case GRADIENT_LINEAR:
        *t = ((x - g->x) * g->dx + (y - g->y) * g->dy) / (g->dx * g->dx + g->dy * g->dy);
        return true;
    case GRADIENT_RADIAL:
        return radial_at(g, x, y, t);
    case GRADIENT_SWEEP:
        turn = atan2(y - g->y, x - g->x) / (2 * MATRIX_PI);
        turn -= floor(turn);
        *t = (turn - g->dx) / (g->dy - g->dx);
        return true;
    default:
        *t = 0;
        return g->kind == GRADIENT_SOLID;
    }
}

static double extended(const struct gradient *g, double t)
{
    double first = g->stops[0].at, last = g->stops[g->count - 1].at, length = last - first;
    if (g->extend == GRADIENT_PAD || length <= 0)
        return t;
    double u = (t - first) / length, whole = floor(u);
    u -= whole;
    if (g->extend == GRADIENT_REFLECT && fmod(fabs(whole), 2) == 1)
        u = 1 - u;
    return first + u * length;
}

void gradient_color(const struct gradient *g, const struct matrix *back, double x, double y,
                    float out[4])
{
    double t;
    matrix_apply(back, &x, &y);
    if (g->count == 0 || !position(g, x, y, &t))
        return;
    t = extended(g, t);
    int i = 0;
    while (i < g->count && g->stops[i].at <= t)
        i++;
    if (i == 0 || i == g->count) {
        memcpy(out, g->stops[i == 0 ? 0 : g->count - 1].color, 4 * sizeof(*out));
        return;
    }
    double length = g->stops[i].at - g->stops[i - 1].at;
    float share = (float)(length > 0 ? (t - g->stops[i - 1].at) / length : 1);
    for (int k = 0; k < 4; k++)
        out[k] = g->stops[i - 1].color[k] * (1 - share) + g->stops[i].color[k] * share;
}

/* What remains of the source and of the backdrop (Porter and Duff), by their alphas. */
static void shares(enum composite mode, float source, float backdrop, float *a, float *b)
{
    static const struct {
        /* share = constant + factor * the other's alpha */
        signed char a0, a1, b0, b1;
    } rows[] = {[COMPOSITE_CLEAR] = {0, 0, 0, 0},
                [COMPOSITE_SOURCE] = {1, 0, 0, 0},
                [COMPOSITE_BACKDROP] = {0, 0, 1, 0},
                [COMPOSITE_OVER] = {1, 0, 1, -1},
                [COMPOSITE_BACKDROP_OVER] = {1, -1, 1, 0},
                [COMPOSITE_IN] = {0, 1, 0, 0},
                [COMPOSITE_BACKDROP_IN] = {0, 0, 0, 1},
                [COMPOSITE_OUT] = {1, -1, 0, 0},
                [COMPOSITE_BACKDROP_OUT] = {0, 0, 1, -1},
                [COMPOSITE_ATOP] = {0, 1, 1, -1},
                [COMPOSITE_BACKDROP_ATOP] = {1, -1, 0, 1},
                [COMPOSITE_XOR] = {1, -1, 1, -1},
                [COMPOSITE_PLUS] = {1, 0, 1, 0}};
    *a = (float)rows[mode].a0 + (float)rows[mode].a1 * backdrop;
    *b = (float)rows[mode].b0 + (float)rows[mode].b1 * source;
}

/* Blend modes: one premultiplied channel. */
static float blend(enum composite mode, float s, float sa, float b, float ba)
{
    float rest = s * (1 - ba) + b * (1 - sa);
    switch (mode) {
    case COMPOSITE_SCREEN:
        return s + b - s * b;
    case COMPOSITE_MULTIPLY:
        return rest + s * b;
    case COMPOSITE_DARKEN:
        return rest + fminf(s * ba, b * sa);
    default:
        return rest + fmaxf(s * ba, b * sa);
    }
}

void composite(float *backdrop, const float *source, size_t n, enum composite mode)
{
    for (size_t i = 0; i < n; i++, backdrop += 4, source += 4) {
        float sa = source[3], ba = backdrop[3], a, b;
        if (mode >= COMPOSITE_SCREEN) {
            for (int k = 0; k < 3; k++)
                backdrop[k] = blend(mode, source[k], sa, backdrop[k], ba);
            backdrop[3] = sa + ba - sa * ba;
            continue;
        }
        shares(mode, sa, ba, &a, &b);
        for (int k = 0; k < 4; k++)
            backdrop[k] = fminf(source[k] * a + backdrop[k] * b, 1);
    }
}
