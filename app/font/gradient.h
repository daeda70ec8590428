/* Colours that change from place to place, and how pictures are laid over each other. Colours are
 * premultiplied red, green, blue, alpha, 0 to 1. Source: OpenType specification, COLR; W3C,
 * Compositing and Blending Level 1. */
#ifndef APP_FONT_GRADIENT_H
#define APP_FONT_GRADIENT_H

#include <stdbool.h>
#include <stddef.h>

#define MATRIX_PI 3.14159265358979323846

/* x' = xx x + xy y + dx, y' = yx x + yy y + dy */
struct matrix {
    double xx, xy, yx, yy, dx, dy;
};

/* First b, then a. */
void matrix_multiply(const struct matrix *a, const struct matrix *b, struct matrix *out);
bool matrix_invert(const struct matrix *m, struct matrix *out);
void matrix_apply(const struct matrix *m, double *x, double *y);

#define GRADIENT_STOPS_MAX 64

enum gradient_extend { GRADIENT_PAD, GRADIENT_REPEAT, GRADIENT_REFLECT };

struct gradient {
    enum {
        GRADIENT_SOLID,
        GRADIENT_LINEAR,
        GRADIENT_RADIAL,
        GRADIENT_SWEEP,
        GRADIENT_NOTHING
    } kind;
    enum gradient_extend extend;
    int count;
    struct {
        double at;
        float color[4];
    } stops[GRADIENT_STOPS_MAX];
    double x, y, r;    /* start: point, or circle */
    double dx, dy, dr; /* from there to the end; for sweeps dx and dy are the angles */
};

void gradient_linear(struct gradient *g, double x0, double y0, double x1, double y1, double x2,
                     double y2);
void gradient_radial(struct gradient *g, double x0, double y0, double r0, double x1, double y1,
                     double r1);
/* Angles in turns, against the clock from the x axis. */
void gradient_sweep(struct gradient *g, double x, double y, double start, double end);

/* The colour at a point, which `back` takes to the gradient's coordinates. Left as it is where
 * there is none. */
void gradient_color(const struct gradient *g, const struct matrix *back, double x, double y,
                    float out[4]);

enum composite {
    COMPOSITE_CLEAR,
    COMPOSITE_SOURCE,
    COMPOSITE_BACKDROP,
    COMPOSITE_OVER,
    COMPOSITE_BACKDROP_OVER,
    COMPOSITE_IN,
    COMPOSITE_BACKDROP_IN,
    COMPOSITE_OUT,
    COMPOSITE_BACKDROP_OUT,
    COMPOSITE_ATOP,
    COMPOSITE_BACKDROP_ATOP,
    COMPOSITE_XOR,
    COMPOSITE_PLUS,
    COMPOSITE_SCREEN,
    COMPOSITE_MULTIPLY,
    COMPOSITE_DARKEN,
    COMPOSITE_LIGHTEN,
};

/* n pixels of a source onto a backdrop. */
void composite(float *backdrop, const float *source, size_t n, enum composite mode);

#endif
