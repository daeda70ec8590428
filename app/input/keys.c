/* SDL's key events to keys of the terminal: which character a key has, which modifiers count. */
#include "app/input/keys.h"

#include <string.h>

#include "term/unicode/unicode.h"

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

bool keys_modifier(uint32_t code)
{
    return (code >= TERM_KEY_LEFT_SHIFT && code <= TERM_KEY_RIGHT_SUPER) ||
           (code >= TERM_KEY_CAPS_LOCK && code <= TERM_KEY_NUM_LOCK);
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

bool keys_have_text(const SDL_KeyboardEvent *event)
{
    uint32_t code = special(event->keysym.sym);
    return !code || (code >= TERM_KEY_KP_0 && code <= TERM_KEY_KP_SEPARATOR);
}

/* Main block keys: what a US keyboard has there, without and with Shift. */
static const struct writing {
    uint8_t scancode, position;
    char plain, shifted;
} writing[] = {
    {SDL_SCANCODE_1, 0x02, '1', '!'},
    {SDL_SCANCODE_2, 0x03, '2', '@'},
    {SDL_SCANCODE_3, 0x04, '3', '#'},
    {SDL_SCANCODE_4, 0x05, '4', '$'},
    {SDL_SCANCODE_5, 0x06, '5', '%'},
    {SDL_SCANCODE_6, 0x07, '6', '^'},
    {SDL_SCANCODE_7, 0x08, '7', '&'},
    {SDL_SCANCODE_8, 0x09, '8', '*'},
    {SDL_SCANCODE_9, 0x0a, '9', '('},
    {SDL_SCANCODE_0, 0x0b, '0', ')'},
    {SDL_SCANCODE_MINUS, 0x0c, '-', '_'},
    {SDL_SCANCODE_EQUALS, 0x0d, '=', '+'},
    {SDL_SCANCODE_Q, 0x10, 'q', 'Q'},
    {SDL_SCANCODE_W, 0x11, 'w', 'W'},
    {SDL_SCANCODE_E, 0x12, 'e', 'E'},
    {SDL_SCANCODE_R, 0x13, 'r', 'R'},
    {SDL_SCANCODE_T, 0x14, 't', 'T'},
    {SDL_SCANCODE_Y, 0x15, 'y', 'Y'},
    {SDL_SCANCODE_U, 0x16, 'u', 'U'},
    {SDL_SCANCODE_I, 0x17, 'i', 'I'},
    {SDL_SCANCODE_O, 0x18, 'o', 'O'},
    {SDL_SCANCODE_P, 0x19, 'p', 'P'},
    {SDL_SCANCODE_LEFTBRACKET, 0x1a, '[', '{'},
    {SDL_SCANCODE_RIGHTBRACKET, 0x1b, ']', '}'},
    {SDL_SCANCODE_A, 0x1e, 'a', 'A'},
    {SDL_SCANCODE_S, 0x1f, 's', 'S'},
    {SDL_SCANCODE_D, 0x20, 'd', 'D'},
    {SDL_SCANCODE_F, 0x21, 'f', 'F'},
    {SDL_SCANCODE_G, 0x22, 'g', 'G'},
    {SDL_SCANCODE_H, 0x23, 'h', 'H'},
    {SDL_SCANCODE_J, 0x24, 'j', 'J'},
    {SDL_SCANCODE_K, 0x25, 'k', 'K'},
    {SDL_SCANCODE_L, 0x26, 'l', 'L'},
    {SDL_SCANCODE_SEMICOLON, 0x27, ';', ':'},
    {SDL_SCANCODE_APOSTROPHE, 0x28, '\'', '"'},
    {SDL_SCANCODE_GRAVE, 0x29, '`', '~'},
    {SDL_SCANCODE_BACKSLASH, 0x2b, '\\', '|'},
    {SDL_SCANCODE_Z, 0x2c, 'z', 'Z'},
    {SDL_SCANCODE_X, 0x2d, 'x', 'X'},
    {SDL_SCANCODE_C, 0x2e, 'c', 'C'},
    {SDL_SCANCODE_V, 0x2f, 'v', 'V'},
    {SDL_SCANCODE_B, 0x30, 'b', 'B'},
    {SDL_SCANCODE_N, 0x31, 'n', 'N'},
    {SDL_SCANCODE_M, 0x32, 'm', 'M'},
    {SDL_SCANCODE_COMMA, 0x33, ',', '<'},
    {SDL_SCANCODE_PERIOD, 0x34, '.', '>'},
    {SDL_SCANCODE_SLASH, 0x35, '/', '?'},
    {SDL_SCANCODE_SPACE, 0x39, ' ', ' '},
    {SDL_SCANCODE_NONUSBACKSLASH, 0x56, '\\', '|'},
};

static const struct writing *writing_key(SDL_Scancode scancode)
{
    for (size_t i = 0; i < sizeof(writing) / sizeof(writing[0]); i++)
        if (writing[i].scancode == scancode)
            return &writing[i];
    return NULL;
}

/* Where a writing key is, in the first set of scan codes; 0 for other keys. */
static int keys_position(SDL_Scancode scancode)
{
    const struct writing *key = writing_key(scancode);
    return key ? key->position : 0;
}

static uint32_t on_level(const struct keys_host *host, SDL_Scancode scancode, unsigned level)
{
    int position = keys_position(scancode);
    return host->character && position ? host->character(host->context, position, level) : 0;
}

/* SDL calls the keys of the digits so in every layout; in some, digits need Shift. */
static uint32_t main_character(const SDL_KeyboardEvent *event, const struct keys_host *host)
{
    SDL_Keycode sym = event->keysym.sym;
    uint32_t code = sym >= '0' && sym <= '9' ? on_level(host, event->keysym.scancode, 0) : 0;
    return code ? code : sym > 0 && sym < 0x110000 ? (uint32_t)sym : 0;
}

/* The one character a text consists of, else 0. */
static uint32_t only_character(const char *text)
{
    uint32_t code;
    size_t n = strlen(text);
    return n > 0 && utf8_decode((const uint8_t *)text, n, &code) == n ? code : 0;
}

/* The keypad's digits are digits with Num Lock, and Shift turns that round. */
static void keypad(const SDL_KeyboardEvent *event, const char *text, struct term_key *key)
{
    bool digit = key->code <= TERM_KEY_KP_9 || key->code == TERM_KEY_KP_DECIMAL;
    bool typed =
        *text || (key->mods & (TERM_MOD_CTRL | TERM_MOD_ALT)) || event->type == SDL_KEYUP || !digit;
    if (digit && (!typed || (key->mods & TERM_MOD_SHIFT)))
        key->mods &= ~TERM_MOD_NUM;
}

/* The text is another character than those that the key has without and with Shift. */
static bool other_text(const SDL_KeyboardEvent *event, const char *text)
{
    uint32_t code = only_character(text), sym = (uint32_t)event->keysym.sym;
    const struct writing *us = writing_key(event->keysym.scancode);
    if (!code || code == sym || (code >= 'A' && code <= 'Z' && code + 32 == sym))
        return false;
    return !us || (uint32_t)us->plain != sym || (uint32_t)us->shifted != code;
}

static bool chooses_level(const SDL_KeyboardEvent *event, const char *text,
                          const struct keys_host *host)
{
    SDL_Keymod mod = event->keysym.mod;
    if (host->control_alt_chooses && (mod & KMOD_CTRL) && (mod & KMOD_ALT) && *text)
        return true;
    if (host->right_alt_unknown && (mod & KMOD_RALT) && other_text(event, text))
        return true;
    return (mod & KMOD_MODE) || (host->right_alt_chooses && (mod & KMOD_RALT));
}

/* The modifiers that are left when AltGr has done its work. */
static unsigned mods_beside_level(SDL_Keymod mod, const struct keys_host *host)
{
    if (host->control_alt_chooses)
        return keys_mods(mod) & ~(TERM_MOD_CTRL | TERM_MOD_ALT);
    if (host->right_alt_chooses || host->right_alt_unknown)
        mod &= ~KMOD_RALT;
    return keys_mods(mod);
}

/* The character the key has with Shift, which is held. */
static uint32_t shifted(const SDL_KeyboardEvent *event, const char *text,
                        const struct keys_host *host, const struct term_key *key)
{
    const unsigned changes = TERM_MOD_CTRL | TERM_MOD_ALT | TERM_MOD_SUPER | TERM_MOD_CAPS;
    const struct writing *us = writing_key(event->keysym.scancode);
    uint32_t code = key->mods & changes ? 0 : only_character(text);
    if (!code)
        code = on_level(host, event->keysym.scancode, KEYS_SHIFT);
    if (!code && us && (uint32_t)us->plain == key->code)
        code = (uint32_t)us->shifted;
    if (!code && key->code >= 'a' && key->code <= 'z')
        code = key->code - 32;
    return code == key->code ? 0 : code;
}

static bool text_character(const SDL_KeyboardEvent *event, const char *text,
                           const struct keys_host *host, struct term_key *key)
{
    const unsigned commands = TERM_MOD_CTRL | TERM_MOD_ALT | TERM_MOD_SUPER;
    const struct writing *us = writing_key(event->keysym.scancode);
    bool level = chooses_level(event, text, host);
    if (level)
        key->mods = mods_beside_level(event->keysym.mod, host);
    key->code = main_character(event, host);
    if (!key->code)
        key->code = only_character(text);
    if (!key->code)
        return false;
    if (!*text && !(key->mods & commands) && key->action != TERM_KEY_RELEASE)
        return false;
    if (us && (uint32_t)us->plain != key->code)
        key->base = (uint32_t)us->plain;
    if (level && (key->mods & commands)) {
        unsigned which = KEYS_ALTGR | (key->mods & TERM_MOD_SHIFT ? KEYS_SHIFT : 0u);
        uint32_t chosen = on_level(host, event->keysym.scancode, which);
        if (chosen) {
            key->code = chosen;
            key->base = 0;
            key->mods &= ~TERM_MOD_SHIFT;
        }
    }
    if ((key->mods & TERM_MOD_SHIFT) && !level)
        key->shifted = shifted(event, text, host, key);
    return true;
}

bool keys_translate(const SDL_KeyboardEvent *event, const char *text, const struct keys_host *host,
                    struct term_key *key)
{
    SDL_Keymod mod = event->keysym.mod;
    if (host->right_alt_chooses && event->keysym.sym != SDLK_RALT && (mod & KMOD_RALT))
        mod = (SDL_Keymod)(mod & ~KMOD_RALT);
    *key = (struct term_key){.code = special(event->keysym.sym),
                             .mods = keys_mods(mod),
                             .action = event->type == SDL_KEYUP ? TERM_KEY_RELEASE
                                       : event->repeat          ? TERM_KEY_REPEAT
                                                                : TERM_KEY_PRESS,
                             .text = *text ? text : NULL};
    if (!key->code)
        return text_character(event, text, host, key);
    if (key->code >= TERM_KEY_KP_0 && key->code <= TERM_KEY_KP_SEPARATOR)
        keypad(event, text, key);
    return true;
}
