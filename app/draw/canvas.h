/* Painting into memory: 32-bit pixels, 0xRRGGBB, clipped at the edges. */
#ifndef APP_DRAW_CANVAS_H
#define APP_DRAW_CANVAS_H

#include <stdbool.h>
#include <stdint.h>

#define COLOR_SET 0x80000000u /* with 0xRRGGBB, where 0 is no colour */

struct canvas {
    uint32_t *pixels;
    int width, height;
    int stride; /* pixels from one row to the next */
};

/* A rectangle of c as a canvas of its own, cut off at the edges of c; it shares the pixels. */
struct canvas canvas_part(const struct canvas *c, int x, int y, int width, int height);

void canvas_fill(struct canvas *c, int x, int y, int width, int height, uint32_t color);

/* One pixel moved towards color by coverage of 255. */
void canvas_blend(struct canvas *c, int x, int y, uint32_t color, uint8_t coverage);

/* A mask of coverages (pitch bytes a row) in one colour. */
void canvas_mask(struct canvas *c, int x, int y, const uint8_t *mask, int width, int height,
                 int pitch, uint32_t color);

/* Premultiplied BGRA over what is there; share of 256 of it, the rest lets through. */
void canvas_image(struct canvas *c, int x, int y, const uint8_t *bgra, int width, int height,
                  int pitch, uint32_t share);

/* A colour between the two: share of 256 of `to`. */
uint32_t canvas_mix(uint32_t from, uint32_t to, uint32_t share);

#endif
