/* Keys of SDL as keys of the terminal, in several layouts. */
#define SDL_MAIN_HANDLED
#include <check.h>
#include <string.h>

#include "app/input/keys.h"
#include "tests/unit/run.h"

/* A German keyboard, as far as the tests go: the character of a position on a level. */
static uint32_t german(void *context, int position, unsigned level)
{
    static const struct {
        int position;
        uint32_t level[4];
    } keys[] = {{0x08, {'7', '/', '{', 0}},
                {0x09, {'8', '(', '[', 0}},
                {0x10, {'q', 'Q', '@', 0}},
                {0x1b, {'+', '*', '~', 0}},
                {0x28, {0xe4, 0xc4, 0, 0}}};
    (void)context;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (keys[i].position == position)
            return keys[i].level[level];
    return 0;
}

/* The first keys of a French one, whose digits need Shift. */
static uint32_t french(void *context, int position, unsigned level)
{
    static const char plain[] = "&e\"'(-", digits[] = "123456";
    (void)context;
    if (position < 0x02 || position > 0x07)
        return 0;
    return (uint32_t)(level & KEYS_SHIFT ? digits[position - 0x02] : plain[position - 0x02]);
}

static const struct keys_host plain = {0};
static const struct keys_host french_windows = {.control_alt_chooses = true, .character = french};
static const struct keys_host german_x11 = {.right_alt_chooses = true, .character = german};
static const struct keys_host wayland = {.right_alt_unknown = true};
static const struct keys_host german_windows = {.control_alt_chooses = true, .character = german};

static const struct keys_host *host;
static struct term_key key;

static bool press(SDL_Scancode scancode, SDL_Keycode code, uint16_t mod, const char *text)
{
    SDL_KeyboardEvent event = {.type = SDL_KEYDOWN,
                               .keysym = {.scancode = scancode, .sym = code, .mod = mod}};
    return keys_translate(&event, text, host, &key);
}

static bool letter(char ch, uint16_t mod, const char *text)
{
    return press((SDL_Scancode)(SDL_SCANCODE_A + ch - 'a'), ch, mod, text);
}

START_TEST(special)
{
    host = &plain;
    ck_assert(press(SDL_SCANCODE_UP, SDLK_UP, KMOD_LSHIFT | KMOD_NUM, ""));
    ck_assert_uint_eq(key.code, TERM_KEY_UP);
    ck_assert_uint_eq(key.mods, TERM_MOD_SHIFT | TERM_MOD_NUM);
    ck_assert_ptr_null(key.text);
    ck_assert(press(SDL_SCANCODE_F5, SDLK_F5, 0, ""));
    ck_assert_uint_eq(key.code, TERM_KEY_F1 + 4);
    ck_assert(press(SDL_SCANCODE_F13, SDLK_F13, 0, ""));
    ck_assert_uint_eq(key.code, TERM_KEY_F1 + 12);
    ck_assert(press(SDL_SCANCODE_LCTRL, SDLK_LCTRL, KMOD_LCTRL, ""));
    ck_assert_uint_eq(key.code, TERM_KEY_LEFT_CTRL);
    ck_assert_uint_eq(key.mods, TERM_MOD_CTRL);
}
END_TEST

START_TEST(characters)
{
    host = &plain;
    ck_assert(letter('a', 0, "a"));
    ck_assert_uint_eq(key.code, 'a');
    ck_assert_str_eq(key.text, "a");
    ck_assert_uint_eq(key.base, 0);
    ck_assert(letter('a', KMOD_LSHIFT, "A"));
    ck_assert_uint_eq(key.code, 'a');
    ck_assert_uint_eq(key.shifted, 'A');
    ck_assert(letter('a', KMOD_CAPS, "A"));
    ck_assert_uint_eq(key.shifted, 0);
    ck_assert_uint_eq(key.mods, TERM_MOD_CAPS);
    ck_assert(letter('c', KMOD_LCTRL, ""));
    ck_assert_uint_eq(key.code, 'c');
    ck_assert(letter('x', KMOD_RALT, "x"));
    ck_assert_uint_eq(key.mods, TERM_MOD_ALT);
    /* Shift with Ctrl gives no text: the layout has to be known. */
    ck_assert(press(SDL_SCANCODE_2, '2', KMOD_LSHIFT | KMOD_LCTRL, ""));
    ck_assert_uint_eq(key.code, '2');
    ck_assert_uint_eq(key.shifted, '@');
    host = &german_x11;
    ck_assert(press(SDL_SCANCODE_7, '7', KMOD_LSHIFT | KMOD_LCTRL, ""));
    ck_assert_uint_eq(key.shifted, '/');
    ck_assert(press(SDL_SCANCODE_APOSTROPHE, 0xe4, KMOD_LSHIFT | KMOD_LALT, "\303\204"));
    ck_assert_uint_eq(key.shifted, 0xc4);
    ck_assert_uint_eq(key.base, '\'');
    /* Another script: the place on a US keyboard is told. */
    host = &plain;
    ck_assert(press(SDL_SCANCODE_C, 0x441, KMOD_LCTRL, ""));
    ck_assert_uint_eq(key.code, 0x441);
    ck_assert_uint_eq(key.base, 'c');
    /* Dead keys and keys that an input method took. */
    ck_assert(!press(SDL_SCANCODE_GRAVE, '^', 0, ""));
    ck_assert(!letter('k', KMOD_LSHIFT, ""));
    ck_assert(press(SDL_SCANCODE_E, 'e', 0, "\303\252"));
    ck_assert_str_eq(key.text, "\303\252");
    /* A key no layout names still types. */
    ck_assert(press(SDL_SCANCODE_UNKNOWN, 0, 0, "\303\261"));
    ck_assert_uint_eq(key.code, 0xf1);
    ck_assert(!press(SDL_SCANCODE_UNKNOWN, 0, 0, ""));
}
END_TEST

START_TEST(altgr)
{
    host = &german_x11;
    ck_assert(letter('q', KMOD_RALT, "@"));
    ck_assert_uint_eq(key.mods, 0);
    ck_assert_uint_eq(key.code, 'q');
    ck_assert_str_eq(key.text, "@");
    ck_assert(letter('q', KMOD_RALT | KMOD_LALT, "@"));
    ck_assert_uint_eq(key.mods, TERM_MOD_ALT);
    ck_assert_uint_eq(key.code, '@');
    ck_assert(press(SDL_SCANCODE_8, '8', KMOD_RALT | KMOD_LCTRL, ""));
    ck_assert_uint_eq(key.code, '[');
    ck_assert_uint_eq(key.mods, TERM_MOD_CTRL);
    /* On Windows AltGr is Ctrl and Alt. */
    host = &german_windows;
    ck_assert(letter('q', KMOD_RALT | KMOD_LCTRL, "@"));
    ck_assert_uint_eq(key.mods, 0);
    ck_assert_str_eq(key.text, "@");
    ck_assert(letter('x', KMOD_LALT | KMOD_LCTRL, ""));
    ck_assert_uint_eq(key.mods, TERM_MOD_ALT | TERM_MOD_CTRL);
    /* Where the right Alt key is Alt, it is Alt. */
    host = &plain;
    ck_assert(letter('q', KMOD_RALT | KMOD_LCTRL, ""));
    ck_assert_uint_eq(key.mods, TERM_MOD_ALT | TERM_MOD_CTRL);
}
END_TEST

START_TEST(digits)
{
    host = &french_windows;
    ck_assert(press(SDL_SCANCODE_1, '1', 0, "&"));
    ck_assert_uint_eq(key.code, '&');
    ck_assert_uint_eq(key.base, '1');
    ck_assert(press(SDL_SCANCODE_1, '1', KMOD_LALT, ""));
    ck_assert_uint_eq(key.code, '&');
    ck_assert(press(SDL_SCANCODE_1, '1', KMOD_LCTRL | KMOD_LSHIFT, ""));
    ck_assert_uint_eq(key.code, '&');
    ck_assert_uint_eq(key.shifted, '1');
    host = &plain;
    ck_assert(press(SDL_SCANCODE_1, '1', KMOD_LALT, ""));
    ck_assert_uint_eq(key.code, '1');
}
END_TEST

/* Where the layout is not known, its text tells what the right Alt key is. */
START_TEST(altgr_by_text)
{
    host = &wayland;
    ck_assert(letter('q', KMOD_RALT, "@"));
    ck_assert_uint_eq(key.mods, 0);
    ck_assert_str_eq(key.text, "@");
    ck_assert(press(SDL_SCANCODE_7, '7', KMOD_RALT, "{"));
    ck_assert_uint_eq(key.mods, 0);
    ck_assert(letter('x', KMOD_RALT, "x"));
    ck_assert_uint_eq(key.mods, TERM_MOD_ALT);
    ck_assert(letter('x', KMOD_RALT | KMOD_LSHIFT, "X"));
    ck_assert_uint_eq(key.mods, TERM_MOD_ALT | TERM_MOD_SHIFT);
    ck_assert(press(SDL_SCANCODE_1, '1', KMOD_RALT | KMOD_LSHIFT, "!"));
    ck_assert_uint_eq(key.mods, TERM_MOD_ALT | TERM_MOD_SHIFT);
    ck_assert(letter('q', KMOD_LALT, "q"));
    ck_assert_uint_eq(key.mods, TERM_MOD_ALT);
}
END_TEST

START_TEST(keypad)
{
    host = &plain;
    ck_assert(press(SDL_SCANCODE_KP_7, SDLK_KP_7, KMOD_NUM, "7"));
    ck_assert_uint_eq(key.code, TERM_KEY_KP_0 + 7);
    ck_assert_uint_eq(key.mods, TERM_MOD_NUM);
    ck_assert(press(SDL_SCANCODE_KP_7, SDLK_KP_7, 0, ""));
    ck_assert_uint_eq(key.mods, 0);
    /* Shift turns the meaning round. */
    ck_assert(press(SDL_SCANCODE_KP_7, SDLK_KP_7, KMOD_NUM | KMOD_LSHIFT, ""));
    ck_assert_uint_eq(key.mods, TERM_MOD_SHIFT);
    ck_assert(press(SDL_SCANCODE_KP_PERIOD, SDLK_KP_PERIOD, KMOD_NUM, ","));
    ck_assert_uint_eq(key.code, TERM_KEY_KP_DECIMAL);
    ck_assert_str_eq(key.text, ",");
    ck_assert(press(SDL_SCANCODE_KP_ENTER, SDLK_KP_ENTER, KMOD_NUM, ""));
    ck_assert_uint_eq(key.code, TERM_KEY_KP_ENTER);
    ck_assert_uint_eq(key.mods, TERM_MOD_NUM);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("keys");
    tcase_add_test(tc, special);
    tcase_add_test(tc, characters);
    tcase_add_test(tc, altgr);
    tcase_add_test(tc, altgr_by_text);
    tcase_add_test(tc, digits);
    tcase_add_test(tc, keypad);
    return unit_run("keys", tc);
}
