/* The clipboard and the primary selection, by way of SDL. */
#include "app/input/clipboard.h"

#include <SDL.h>
#include <string.h>

#include "app/host/window_system.h"

/* On Windows only one program at a time has the clipboard open; some look at each new content. On a
 * busy machine that takes more than a moment. */
#define TRIES        50
#define TRY_AGAIN_MS 10

bool clipboard_has_primary(void)
{
    const char *driver = SDL_GetCurrentVideoDriver();
    return driver && (!strcmp(driver, "x11") || !strcmp(driver, "wayland"));
}

void clipboard_set(const char *text, bool primary)
{
    if (primary) {
        SDL_SetPrimarySelectionText(text);
        return;
    }
    for (int i = 0; SDL_SetClipboardText(text) < 0 && i < TRIES; i++)
        SDL_Delay(TRY_AGAIN_MS);
}

/* SDL gives an empty text for a clipboard that it cannot open. */
static char *get_clipboard(void)
{
    char *text = SDL_GetClipboardText();
    for (int i = 0; text && !*text && host_clipboard_has_text() && i < TRIES; i++) {
        SDL_Delay(TRY_AGAIN_MS);
        SDL_free(text);
        text = SDL_GetClipboardText();
    }
    return text;
}

char *clipboard_get(bool primary)
{
    char *text = primary ? SDL_GetPrimarySelectionText() : get_clipboard();
    char *to = text;
    for (const char *from = text; from && *from; from++)
        if (!(from[0] == '\r' && from[1] == '\n'))
            *to++ = *from;
    if (to)
        *to = 0;
    return text;
}
