#include "app/window/present.h"

#include <string.h>

bool screen_open(struct screen *screen, SDL_Window *window)
{
    const char *driver = SDL_GetCurrentVideoDriver();
    *screen = (struct screen){.window = window};
    if (!driver || strcmp(driver, "wayland") != 0)
        return true;
    screen->renderer = SDL_CreateRenderer(window, -1, 0);
    return screen->renderer;
}

static bool fit_texture(struct screen *s, const SDL_Surface *picture)
{
    if (s->texture && s->width == picture->w && s->height == picture->h)
        return true;
    if (s->texture)
        SDL_DestroyTexture(s->texture);
    s->width = picture->w;
    s->height = picture->h;
    s->texture = SDL_CreateTexture(s->renderer, picture->format->format,
                                   SDL_TEXTUREACCESS_STREAMING, s->width, s->height);
    return s->texture && SDL_UpdateTexture(s->texture, NULL, picture->pixels, picture->pitch) == 0;
}

static void show_texture(struct screen *s, SDL_Surface *picture, const SDL_Rect *parts, int count)
{
    if (!fit_texture(s, picture))
        return;
    for (int i = 0; i < count; i++) {
        const Uint8 *from = (const Uint8 *)picture->pixels +
                            (ptrdiff_t)parts[i].y * picture->pitch +
                            (ptrdiff_t)parts[i].x * picture->format->BytesPerPixel;
        SDL_UpdateTexture(s->texture, &parts[i], from, picture->pitch);
    }
    SDL_Rect all = {0, 0, picture->w, picture->h};
    SDL_RenderClear(s->renderer);
    SDL_RenderCopy(s->renderer, s->texture, NULL, &all);
    SDL_RenderPresent(s->renderer);
}

void screen_show(struct screen *screen, SDL_Surface *picture, const SDL_Rect *parts, int count)
{
    if (screen->renderer) {
        show_texture(screen, picture, parts, count);
        return;
    }
    SDL_Surface *target = SDL_GetWindowSurface(screen->window);
    if (!target)
        return;
    for (int i = 0; i < count; i++) {
        SDL_Rect to = parts[i];
        SDL_BlitSurface(picture, &parts[i], target, &to);
    }
    SDL_UpdateWindowSurfaceRects(screen->window, parts, count);
}

void screen_close(struct screen *screen)
{
    if (screen->texture)
        SDL_DestroyTexture(screen->texture);
    if (screen->renderer)
        SDL_DestroyRenderer(screen->renderer);
    memset(screen, 0, sizeof(*screen));
}
