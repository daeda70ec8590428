/* Pixels and units of window coordinates, and a window's size in either. */
#include "app/window/scale.h"

#include <math.h>

#include "app/host/window_system.h"
#include "app/window/window_private.h"

static double scale_wanted(const struct window *w)
{
    int percent = w->pretended_scale ? w->pretended_scale : w->config->scale;
    return percent ? percent / 100.0 : host_window_scale(w->sdl);
}

bool scale_update(struct window *w)
{
    int points = 0, pixels = 0;
    double old = w->scale, old_density = w->density;
    SDL_GetWindowSize(w->sdl, &points, NULL);
    SDL_GetWindowSizeInPixels(w->sdl, &pixels, NULL);
    w->density = points > 0 && pixels > 0 ? (double)pixels / points : 1;
    /* Fractions that come from rounding the size are none. */
    w->density = round(w->density * 8) / 8;
    w->scale = scale_wanted(w);
    return w->scale != old || w->density != old_density;
}

void scale_apply(struct window *w, bool keep_cells)
{
    int rows = w->rows, columns = w->columns;
    window_set_font(w, w->font_size);
    w->painter.padding = (int)lround(w->config->padding * w->scale);
    w->painter.all = true;
    w->dirty = true;
    if (keep_cells && rows > 0 && columns > 0 &&
        !(SDL_GetWindowFlags(w->sdl) & (SDL_WINDOW_MAXIMIZED | SDL_WINDOW_FULLSCREEN)))
        window_set_cells(w, rows, columns);
}

void scale_pretend(struct window *w, int percent)
{
    w->pretended_scale = percent;
    if (scale_update(w))
        scale_apply(w, true);
}

bool scale_bound(int *width, int *height)
{
    int wide = *width < SCALE_SIDE_MAX ? *width : SCALE_SIDE_MAX;
    int high = *height < SCALE_SIDE_MAX ? *height : SCALE_SIDE_MAX;
    if ((int64_t)wide * high > SCALE_PIXELS_MAX)
        high = SCALE_PIXELS_MAX / wide;
    bool fits = wide == *width && high == *height;
    *width = wide;
    *height = high;
    return fits;
}

void scale_set_size(struct window *w, int width, int height)
{
    SDL_SetWindowSize(w->sdl, scale_from_pixels(w, width), scale_from_pixels(w, height));
}

int scale_to_pixels(const struct window *w, int length)
{
    return (int)floor(length * w->density);
}

int scale_from_pixels(const struct window *w, int length)
{
    return (int)ceil(length / w->density);
}
