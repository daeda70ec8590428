/* The layout of the keyboard on X11; Wayland does not tell. */
#include "app/host/keymap.h"

#include <SDL_syswm.h>
#include <X11/XKBlib.h>
#include <X11/keysym.h>

/* Keycodes of X servers with evdev are those of the kernel, which are scan codes, and 8. */
#define KEYCODE(position) ((KeyCode)((position) + 8))
#define RIGHT_ALT         108

/* SDL has loaded the library when there is an X window; nothing here is linked with it. */
static struct {
    KeySym (*keysym)(Display *, KeyCode, unsigned group, unsigned level);
    Status (*state)(Display *, unsigned device, XkbStatePtr);
    uint32_t (*to_utf32)(uint32_t keysym);
} x11;

static bool keymap_load(void)
{
    static bool tried;
    if (!tried) {
        void *xlib = SDL_LoadObject("libX11.so.6");
        void *xkb = SDL_LoadObject("libxkbcommon.so.0");
        tried = true;
        if (xlib) {
            x11.keysym = SDL_LoadFunction(xlib, "XkbKeycodeToKeysym");
            x11.state = SDL_LoadFunction(xlib, "XkbGetState");
        }
        if (xkb)
            x11.to_utf32 = SDL_LoadFunction(xkb, "xkb_keysym_to_utf32");
    }
    return x11.keysym && x11.state;
}

static uint32_t code_point(KeySym keysym)
{
    if ((keysym >= 0x20 && keysym <= 0x7e) || (keysym >= 0xa0 && keysym <= 0xff))
        return (uint32_t)keysym;
    if ((keysym & 0xff000000) == 0x01000000)
        return (uint32_t)keysym & 0xffffff;
    return x11.to_utf32 ? x11.to_utf32((uint32_t)keysym) : 0;
}

static unsigned group(Display *display)
{
    XkbStateRec state;
    return x11.state(display, XkbUseCoreKbd, &state) == Success ? state.group : 0;
}

static uint32_t keymap_character(void *context, int position, unsigned level)
{
    Display *display = context;
    return code_point(x11.keysym(display, KEYCODE(position), group(display), level));
}

void host_keymap(SDL_Window *window, struct keys_host *keys)
{
    SDL_SysWMinfo info;
    SDL_VERSION(&info.version);
    *keys = (struct keys_host){0};
    if (!SDL_GetWindowWMInfo(window, &info))
        return;
    /* On Wayland only SDL knows the layout, and does not tell. */
    keys->right_alt_unknown = info.subsystem == SDL_SYSWM_WAYLAND;
    if (info.subsystem != SDL_SYSWM_X11 || !keymap_load())
        return;
    Display *display = info.info.x11.display;
    KeySym right_alt = x11.keysym(display, RIGHT_ALT, group(display), 0);
    keys->right_alt_chooses = right_alt == XK_ISO_Level3_Shift || right_alt == XK_Mode_switch;
    keys->character = keymap_character;
    keys->context = display;
}
