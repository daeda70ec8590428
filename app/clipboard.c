#include "app/clipboard.h"

#include <SDL.h>
#include <string.h>

bool clipboard_has_primary(void)
{
    const char *driver = SDL_GetCurrentVideoDriver();
    return driver && (!strcmp(driver, "x11") || !strcmp(driver, "wayland"));
}

void clipboard_set(const char *text, bool primary)
{
    if (primary)
        SDL_SetPrimarySelectionText(text);
    else
        SDL_SetClipboardText(text);
}

char *clipboard_get(bool primary)
{
    char *text = primary ? SDL_GetPrimarySelectionText() : SDL_GetClipboardText();
    char *to = text;
    for (const char *from = text; from && *from; from++)
        if (!(from[0] == '\r' && from[1] == '\n'))
            *to++ = *from;
    if (to)
        *to = 0;
    return text;
}
