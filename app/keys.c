#include "app/keys.h"

static const struct {
    SDL_Keycode sdl;
    uint32_t term;
} table[] = {
    {SDLK_RETURN, TERM_KEY_ENTER},
    {SDLK_TAB, TERM_KEY_TAB},
    {SDLK_BACKSPACE, TERM_KEY_BACKSPACE},
    {SDLK_ESCAPE, TERM_KEY_ESCAPE},
    {SDLK_UP, TERM_KEY_UP},
    {SDLK_DOWN, TERM_KEY_DOWN},
    {SDLK_RIGHT, TERM_KEY_RIGHT},
    {SDLK_LEFT, TERM_KEY_LEFT},
    {SDLK_HOME, TERM_KEY_HOME},
    {SDLK_END, TERM_KEY_END},
    {SDLK_PAGEUP, TERM_KEY_PAGE_UP},
    {SDLK_PAGEDOWN, TERM_KEY_PAGE_DOWN},
    {SDLK_INSERT, TERM_KEY_INSERT},
    {SDLK_DELETE, TERM_KEY_DELETE},
    {SDLK_PAUSE, TERM_KEY_PAUSE},
    {SDLK_PRINTSCREEN, TERM_KEY_PRINT},
    {SDLK_APPLICATION, TERM_KEY_MENU},
    {SDLK_MENU, TERM_KEY_MENU},
    {SDLK_CAPSLOCK, TERM_KEY_CAPS_LOCK},
    {SDLK_SCROLLLOCK, TERM_KEY_SCROLL_LOCK},
    {SDLK_NUMLOCKCLEAR, TERM_KEY_NUM_LOCK},
    {SDLK_KP_DIVIDE, TERM_KEY_KP_DIVIDE},
    {SDLK_KP_MULTIPLY, TERM_KEY_KP_MULTIPLY},
    {SDLK_KP_MINUS, TERM_KEY_KP_SUBTRACT},
    {SDLK_KP_PLUS, TERM_KEY_KP_ADD},
    {SDLK_KP_ENTER, TERM_KEY_KP_ENTER},
    {SDLK_KP_EQUALS, TERM_KEY_KP_EQUAL},
    {SDLK_KP_PERIOD, TERM_KEY_KP_DECIMAL},
    {SDLK_KP_0, TERM_KEY_KP_0},
    {SDLK_LSHIFT, TERM_KEY_LEFT_SHIFT},
    {SDLK_LCTRL, TERM_KEY_LEFT_CTRL},
    {SDLK_LALT, TERM_KEY_LEFT_ALT},
    {SDLK_LGUI, TERM_KEY_LEFT_SUPER},
    {SDLK_RSHIFT, TERM_KEY_RIGHT_SHIFT},
    {SDLK_RCTRL, TERM_KEY_RIGHT_CTRL},
    {SDLK_RALT, TERM_KEY_RIGHT_ALT},
    {SDLK_RGUI, TERM_KEY_RIGHT_SUPER},
};

unsigned keys_mods(SDL_Keymod mod)
{
    return (mod & KMOD_SHIFT ? TERM_MOD_SHIFT : 0) | (mod & KMOD_ALT ? TERM_MOD_ALT : 0) |
           (mod & KMOD_CTRL ? TERM_MOD_CTRL : 0) | (mod & KMOD_GUI ? TERM_MOD_SUPER : 0) |
           (mod & KMOD_CAPS ? TERM_MOD_CAPS : 0) | (mod & KMOD_NUM ? TERM_MOD_NUM : 0);
}

static uint32_t special(SDL_Keycode code)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].sdl == code)
            return table[i].term;
    if (code >= SDLK_F1 && code <= SDLK_F12)
        return TERM_KEY_F1 + (uint32_t)(code - SDLK_F1);
    if (code >= SDLK_F13 && code <= SDLK_F24)
        return TERM_KEY_F12 + 1 + (uint32_t)(code - SDLK_F13);
    if (code >= SDLK_KP_1 && code <= SDLK_KP_9)
        return TERM_KEY_KP_0 + 1 + (uint32_t)(code - SDLK_KP_1);
    return 0;
}

static bool is_keypad_text(uint32_t code)
{
    return code >= TERM_KEY_KP_0 && code <= TERM_KEY_KP_SEPARATOR && code != TERM_KEY_KP_ENTER;
}

/* With Num Lock off the keypad's digits are cursor keys. */
static uint32_t keypad_unlocked(uint32_t code)
{
    static const uint32_t digits[10] = {
        TERM_KEY_INSERT, TERM_KEY_END,  TERM_KEY_DOWN, TERM_KEY_PAGE_DOWN, TERM_KEY_LEFT, 0,
        TERM_KEY_RIGHT,  TERM_KEY_HOME, TERM_KEY_UP,   TERM_KEY_PAGE_UP};
    if (code >= TERM_KEY_KP_0 && code <= TERM_KEY_KP_9)
        return digits[code - TERM_KEY_KP_0];
    return code == TERM_KEY_KP_DECIMAL ? TERM_KEY_DELETE : code;
}

/* Shifted characters of a US keyboard, for Ctrl+Shift and the like; others keep 0. */
static uint32_t shifted(uint32_t code)
{
    static const char plain[] = "`1234567890-=[]\\;',./", shift[] = "~!@#$%^&*()_+{}|:\"<>?";
    if (code >= 'a' && code <= 'z')
        return code - 32;
    for (size_t i = 0; code < 127 && plain[i]; i++)
        if ((uint32_t)plain[i] == code)
            return (uint32_t)shift[i];
    return 0;
}

bool keys_altgr(SDL_Keymod mod)
{
    return (mod & KMOD_MODE) || ((mod & KMOD_RALT) && (mod & KMOD_CTRL));
}

/* What a key's place means on a US keyboard, 0 for those without a character. */
static uint32_t at_place(SDL_Scancode place)
{
    static const char row[] = "-=[]\\\\;'`,./"; /* in the order of the scancodes */
    if (place >= SDL_SCANCODE_A && place <= SDL_SCANCODE_Z)
        return 'a' + (uint32_t)(place - SDL_SCANCODE_A);
    if (place >= SDL_SCANCODE_1 && place <= SDL_SCANCODE_9)
        return '1' + (uint32_t)(place - SDL_SCANCODE_1);
    if (place >= SDL_SCANCODE_MINUS && place <= SDL_SCANCODE_SLASH)
        return (uint32_t)row[place - SDL_SCANCODE_MINUS];
    return place == SDL_SCANCODE_0 ? '0' : 0;
}

void keys_name(const SDL_KeyboardEvent *event, struct term_key *key)
{
    SDL_Keycode code = event->keysym.sym;
    *key = (struct term_key){.mods = keys_mods(event->keysym.mod), .code = special(code)};
    if (key->code || code <= 0 || code >= 0x110000)
        return;
    key->code = (uint32_t)code;
    key->shifted = shifted(key->code);
    key->base = at_place(event->keysym.scancode);
}

bool keys_translate(const SDL_KeyboardEvent *event, struct term_key *key)
{
    SDL_Keycode code = event->keysym.sym;
    SDL_Keymod mod = event->keysym.mod;
    *key = (struct term_key){.mods = keys_mods(mod),
                             .action = event->type == SDL_KEYUP ? TERM_KEY_RELEASE
                                       : event->repeat          ? TERM_KEY_REPEAT
                                                                : TERM_KEY_PRESS};
    key->code = special(code);
    if (key->code && is_keypad_text(key->code)) {
        if (!(mod & KMOD_NUM))
            key->code = keypad_unlocked(key->code);
        else if (!(mod & (KMOD_CTRL | KMOD_ALT)))
            return false;
    }
    if (key->code)
        return true;
    /* A character. */
    if (code <= 0 || code >= 0x110000 || keys_altgr(mod) ||
        !(mod & (KMOD_CTRL | KMOD_ALT | KMOD_GUI)))
        return false;
    key->code = (uint32_t)code;
    key->shifted = shifted(key->code);
    return true;
}
