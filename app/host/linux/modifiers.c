/*
 * An input method that keeps the release of a key for itself keeps it from SDL as well (seen with
 * SDL 2.26 and IBus), and a Ctrl key released while something is composed would stay held for ever.
 * Each key event of the X server says which modifiers are held, so what it contradicts is let go
 * before the event is worked on. SDL tells IBus of left modifiers only, so a right one is told as a
 * left one, too.
 */
#include <SDL_syswm.h>
#include <X11/Xlib.h>
#include <X11/keysym.h>

#include "app/host/keymap.h"

enum kind { SHIFT, CONTROL, ALT, SUPER, LEVEL, KINDS };

static const struct {
    KeySym keysym;
    enum kind kind;
} modifier_keys[] = {
    {XK_Shift_L, SHIFT},     {XK_Shift_R, SHIFT}, {XK_Control_L, CONTROL},
    {XK_Control_R, CONTROL}, {XK_Alt_L, ALT},     {XK_Alt_R, ALT},
    {XK_Super_L, SUPER},     {XK_Super_R, SUPER}, {XK_ISO_Level3_Shift, LEVEL},
    {XK_Mode_switch, LEVEL},
};

/* SDL's modifiers: which X modifiers hold each of them, and what a right one is told as. */
static const struct {
    unsigned mod;
    unsigned kinds; /* bits of enum kind */
    unsigned left;
    SDL_Scancode left_key;
} mods[] = {
    {KMOD_RSHIFT, 1 << SHIFT, KMOD_LSHIFT, SDL_SCANCODE_LSHIFT},
    {KMOD_RCTRL, 1 << CONTROL, KMOD_LCTRL, SDL_SCANCODE_LCTRL},
    {KMOD_LSHIFT, 1 << SHIFT, 0, 0},
    {KMOD_LCTRL, 1 << CONTROL, 0, 0},
    {KMOD_LALT, 1 << ALT, 0, 0},
    {KMOD_RALT, 1 << ALT | 1 << LEVEL, 0, 0},
    {KMOD_LGUI, 1 << SUPER, 0, 0},
    {KMOD_RGUI, 1 << SUPER, 0, 0},
    {KMOD_MODE, 1 << LEVEL, 0, 0},
};

static struct {
    XModifierKeymap *(*mapping)(Display *);
    int (*free_mapping)(XModifierKeymap *);
    KeySym (*keysym)(Display *, KeyCode, unsigned group, unsigned level);
    unsigned masks[KINDS]; /* in the state of an event; 0: not known */
} x11;

static void read_key(Display *display, KeyCode keycode, unsigned mask)
{
    KeySym keysym = x11.keysym(display, keycode, 0, 0);
    for (size_t i = 0; i < sizeof(modifier_keys) / sizeof(modifier_keys[0]); i++)
        if (keycode && modifier_keys[i].keysym == keysym)
            x11.masks[modifier_keys[i].kind] |= mask;
}

static void read_masks(Display *display)
{
    XModifierKeymap *map = x11.mapping(display);
    for (int i = 0; i < KINDS; i++)
        x11.masks[i] = 0;
    for (int i = 0; map && i < 8 * map->max_keypermod; i++)
        read_key(display, map->modifiermap[i], 1u << (i / map->max_keypermod));
    if (map)
        x11.free_mapping(map);
}

/* Which bits of an event's state hold a modifier. False when one of them is not known. */
static bool modifier_mask(unsigned kinds, unsigned *mask)
{
    *mask = 0;
    for (unsigned i = 0; i < KINDS; i++)
        if (kinds >> i & 1)
            *mask |= x11.masks[i];
    return *mask != 0;
}

/* A right modifier held for a press; true when one is set that nobody holds. */
static bool modifiers_settle(const XKeyEvent *key, unsigned *held)
{
    const Uint8 *pressed = SDL_GetKeyboardState(NULL);
    bool wrong = false;
    for (size_t i = 0; i < sizeof(mods) / sizeof(mods[0]); i++) {
        unsigned mask;
        if (!(*held & mods[i].mod) || !modifier_mask(mods[i].kinds, &mask))
            continue;
        if (!(key->state & mask)) {
            *held &= ~mods[i].mod;
            wrong = true;
        } else if (key->type == KeyPress) {
            *held |= mods[i].left;
        } else if (mods[i].left && !pressed[mods[i].left_key]) {
            *held &= ~mods[i].left;
        }
    }
    return wrong;
}

static void modifiers_follow(const XKeyEvent *key)
{
    unsigned held = SDL_GetModState();
    if (modifiers_settle(key, &held))
        SDL_ResetKeyboard();
    if ((unsigned)SDL_GetModState() != held)
        SDL_SetModState((SDL_Keymod)held);
}

static int filter(void *unused, SDL_Event *event)
{
    (void)unused;
    if (event->type != SDL_SYSWMEVENT)
        return 1;
    const XEvent *x = &event->syswm.msg->msg.x11.event;
    if (x->type == MappingNotify)
        read_masks(x->xmapping.display);
    else if (x->type == KeyPress || x->type == KeyRelease)
        modifiers_follow(&x->xkey);
    return 0;
}

void host_modifiers_follow(SDL_Window *window)
{
    SDL_SysWMinfo info;
    SDL_VERSION(&info.version);
    void *xlib = SDL_LoadObject("libX11.so.6");
    if (!xlib || !SDL_GetWindowWMInfo(window, &info) || info.subsystem != SDL_SYSWM_X11)
        return;
    x11.mapping = SDL_LoadFunction(xlib, "XGetModifierMapping");
    x11.free_mapping = SDL_LoadFunction(xlib, "XFreeModifiermap");
    x11.keysym = SDL_LoadFunction(xlib, "XkbKeycodeToKeysym");
    if (!x11.mapping || !x11.free_mapping || !x11.keysym)
        return;
    read_masks(info.info.x11.display);
    SDL_EventState(SDL_SYSWMEVENT, SDL_ENABLE);
    SDL_SetEventFilter(filter, NULL);
}
