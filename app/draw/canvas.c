/* Fills, masks and pictures, laid into pixels of memory. */
#include "app/draw/canvas.h"

#include <stddef.h>

struct area {
    int left, top, right, bottom;
};

static struct area clip(const struct canvas *c, int x, int y, int width, int height)
{
    struct area a = {x, y, x + width, y + height};
    if (a.left < 0)
        a.left = 0;
    if (a.top < 0)
        a.top = 0;
    if (a.right > c->width)
        a.right = c->width;
    if (a.bottom > c->height)
        a.bottom = c->height;
    return a;
}

struct canvas canvas_part(const struct canvas *c, int x, int y, int width, int height)
{
    struct area a = clip(c, x, y, width, height);
    if (a.left >= a.right || a.top >= a.bottom)
        return (struct canvas){c->pixels, 0, 0, c->stride};
    return (struct canvas){c->pixels + (ptrdiff_t)a.top * c->stride + a.left, a.right - a.left,
                           a.bottom - a.top, c->stride};
}

void canvas_fill(struct canvas *c, int x, int y, int width, int height, uint32_t color)
{
    struct area a = clip(c, x, y, width, height);
    for (int row = a.top; row < a.bottom; row++) {
        uint32_t *to = c->pixels + (ptrdiff_t)row * c->stride;
        for (int column = a.left; column < a.right; column++)
            to[column] = color;
    }
}

uint32_t canvas_mix(uint32_t from, uint32_t to, uint32_t share)
{
    uint32_t keep = 256 - share;
    uint32_t red_blue = ((from & 0xff00ff) * keep + (to & 0xff00ff) * share) >> 8 & 0xff00ff;
    uint32_t green = ((from & 0x00ff00) * keep + (to & 0x00ff00) * share) >> 8 & 0x00ff00;
    return red_blue | green;
}

void canvas_blend(struct canvas *c, int x, int y, uint32_t color, uint8_t coverage)
{
    if (x < 0 || y < 0 || x >= c->width || y >= c->height)
        return;
    uint32_t *to = c->pixels + (ptrdiff_t)y * c->stride + x;
    *to = canvas_mix(*to, color, coverage + (coverage >> 7));
}

void canvas_mask(struct canvas *c, int x, int y, const uint8_t *mask, int width, int height,
                 int pitch, uint32_t color)
{
    struct area a = clip(c, x, y, width, height);
    for (int row = a.top; row < a.bottom; row++) {
        uint32_t *to = c->pixels + (ptrdiff_t)row * c->stride;
        const uint8_t *from = mask + (ptrdiff_t)(row - y) * pitch - x;
        for (int column = a.left; column < a.right; column++) {
            uint32_t coverage = from[column];
            if (coverage == 255)
                to[column] = color;
            else if (coverage)
                to[column] = canvas_mix(to[column], color, coverage + (coverage >> 7));
        }
    }
}

static uint32_t over(uint32_t below, const uint8_t *bgra)
{
    uint32_t keep = 255 - bgra[3];
    uint32_t blue = bgra[0] + (below & 0xff) * keep / 255;
    uint32_t green = bgra[1] + (below >> 8 & 0xff) * keep / 255;
    uint32_t red = bgra[2] + (below >> 16 & 0xff) * keep / 255;
    return (red > 255 ? 255 : red) << 16 | (green > 255 ? 255 : green) << 8 |
           (blue > 255 ? 255 : blue);
}

void canvas_image(struct canvas *c, int x, int y, const uint8_t *bgra, int width, int height,
                  int pitch, uint32_t share)
{
    struct area a = clip(c, x, y, width, height);
    for (int row = a.top; row < a.bottom; row++) {
        uint32_t *to = c->pixels + (ptrdiff_t)row * c->stride;
        const uint8_t *from = bgra + (ptrdiff_t)(row - y) * pitch;
        for (int column = a.left; column < a.right; column++)
            to[column] =
                canvas_mix(to[column], over(to[column], from + (ptrdiff_t)(column - x) * 4), share);
    }
}
