#include "app/close.h"

#include "app/guest.h"
#include "app/window_private.h"

static bool shall_ask(const struct config *c)
{
    enum guest_state state = guest_state();
    return state != GUEST_NONE && (c->confirm_close == CONFIRM_ALWAYS ||
                                   (c->confirm_close == CONFIRM_RUNNING && state == GUEST_BUSY));
}

bool close_confirmed(struct window *w)
{
    static const SDL_MessageBoxButtonData buttons[] = {
        {SDL_MESSAGEBOX_BUTTON_ESCAPEKEY_DEFAULT, 0, "Cancel"},
        {SDL_MESSAGEBOX_BUTTON_RETURNKEY_DEFAULT, 1, "Close"}};
    const SDL_MessageBoxData box = {.flags = SDL_MESSAGEBOX_WARNING,
                                    .window = w->sdl,
                                    .title = "Close Foreland?",
                                    .message = "The programs in the window will be ended.",
                                    .numbuttons = 2,
                                    .buttons = buttons};
    int button = 1;
    if (!shall_ask(w->config))
        return true;
    /* Without a box there is nobody to ask. */
    return SDL_ShowMessageBox(&box, &button) < 0 || button == 1;
}
