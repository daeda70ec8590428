/* The layout of the keyboard, asked from the system. */
#include "app/host/keymap.h"

#include <windows.h>

/* ToUnicodeEx: leave the dead key that waits alone. */
#define KEEP_STATE 4

static uint32_t keymap_character(void *context, int position, unsigned level)
{
    HKL layout = GetKeyboardLayout(0);
    UINT key = MapVirtualKeyExW((UINT)position, MAPVK_VSC_TO_VK, layout);
    BYTE held[256] = {0};
    wchar_t text[8];
    (void)context;
    if (!key)
        return 0;
    if (level & KEYS_SHIFT)
        held[VK_SHIFT] = held[VK_LSHIFT] = 0x80;
    if (level & KEYS_ALTGR)
        held[VK_CONTROL] = held[VK_LCONTROL] = held[VK_MENU] = held[VK_RMENU] = 0x80;
    int n = ToUnicodeEx(key, (UINT)position, held, text, 8, KEEP_STATE, layout);
    return n == 1 && text[0] >= ' ' && text[0] != 0x7f ? text[0] : 0;
}

void host_keymap(SDL_Window *window, struct keys_host *keys)
{
    (void)window;
    *keys = (struct keys_host){.control_alt_chooses = true, .character = keymap_character};
}

void host_modifiers_follow(SDL_Window *window)
{
    (void)window;
}
