/* Shows the picture in the window. */
#include "app/window/present.h"

#include <string.h>

bool present_open(struct present *p, SDL_Window *window)
{
    const char *driver = SDL_GetCurrentVideoDriver();
    *p = (struct present){.window = window};
    if (!driver || strcmp(driver, "wayland") != 0)
        return true;
    p->renderer = SDL_CreateRenderer(window, -1, 0);
    return p->renderer;
}

static bool fit_texture(struct present *p, const SDL_Surface *picture)
{
    if (p->texture && p->width == picture->w && p->height == picture->h)
        return true;
    if (p->texture)
        SDL_DestroyTexture(p->texture);
    p->width = picture->w;
    p->height = picture->h;
    p->texture = SDL_CreateTexture(p->renderer, picture->format->format,
                                   SDL_TEXTUREACCESS_STREAMING, p->width, p->height);
    return p->texture && SDL_UpdateTexture(p->texture, NULL, picture->pixels, picture->pitch) == 0;
}

static void show_texture(struct present *p, SDL_Surface *picture, const SDL_Rect *parts, int count)
{
    if (!fit_texture(p, picture))
        return;
    for (int i = 0; i < count; i++) {
        const Uint8 *from = (const Uint8 *)picture->pixels +
                            (ptrdiff_t)parts[i].y * picture->pitch +
                            (ptrdiff_t)parts[i].x * picture->format->BytesPerPixel;
        SDL_UpdateTexture(p->texture, &parts[i], from, picture->pitch);
    }
    SDL_Rect all = {0, 0, picture->w, picture->h};
    SDL_RenderClear(p->renderer);
    SDL_RenderCopy(p->renderer, p->texture, NULL, &all);
    SDL_RenderPresent(p->renderer);
}

void present_show(struct present *p, SDL_Surface *picture, const SDL_Rect *parts, int count)
{
    if (p->renderer) {
        show_texture(p, picture, parts, count);
        return;
    }
    SDL_Surface *target = SDL_GetWindowSurface(p->window);
    if (!target)
        return;
    for (int i = 0; i < count; i++) {
        SDL_Rect to = parts[i];
        SDL_BlitSurface(picture, &parts[i], target, &to);
    }
    SDL_UpdateWindowSurfaceRects(p->window, parts, count);
}

void present_close(struct present *p)
{
    if (p->texture)
        SDL_DestroyTexture(p->texture);
    if (p->renderer)
        SDL_DestroyRenderer(p->renderer);
    memset(p, 0, sizeof(*p));
}
