/* Bindings: how keys are written, what the defaults are, which one a pressed key finds. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "app/config/bindings.h"
#include "tests/unit/run.h"

static char reason[256];

static bool parse(const char *text, uint32_t *key, unsigned *mods)
{
    return binding_parse_key(text, strlen(text), key, mods, reason, sizeof(reason));
}

START_TEST(names_of_keys)
{
    static const struct {
        const char *text;
        uint32_t key;
        unsigned mods;
    } right[] = {
        {"a", 'a', 0},
        {"A", 'a', 0},
        {"Ctrl+Shift+C", 'c', TERM_MOD_CTRL | TERM_MOD_SHIFT},
        {"alt+super+win+F12", TERM_KEY_F12, TERM_MOD_ALT | TERM_MOD_SUPER},
        {"f1", TERM_KEY_F1, 0},
        {"f24", TERM_KEY_F1 + 23, 0},
        {"kp_0", TERM_KEY_KP_0, 0},
        {"kp_9", TERM_KEY_KP_9, 0},
        {"ctrl++", '+', TERM_MOD_CTRL},
        {"+", '+', 0},
        {"ctrl+plus", '+', TERM_MOD_CTRL},
        {"Page_Up", TERM_KEY_PAGE_UP, 0},
        {"\303\266", 0xf6, 0},
        {"\342\202\254", 0x20ac, 0},
    };
    static const char *const wrong[] = {"",      "ctrl+", "f0",    "f36",  "f01", "kp_a", "kp_10",
                                        "ctr+a", "ab",    "shift", "\xff", "+a",  "a+b",  "++"};
    uint32_t key;
    unsigned mods;
    const char *name;
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        ck_assert_msg(parse(right[i].text, &key, &mods), "%s: %s", right[i].text, reason);
        ck_assert_uint_eq(key, right[i].key);
        ck_assert_uint_eq(mods, right[i].mods);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        ck_assert_msg(!parse(wrong[i], &key, &mods), "%s is a key", wrong[i]);
    for (size_t i = 0; (name = binding_key_name(i, &key)); i++) {
        uint32_t parsed;
        ck_assert(parse(name, &parsed, &mods) && parsed == key);
    }
}
END_TEST

static struct bindings bindings;

/* The name of the action that a key has, or "". */
static const char *action(uint32_t code, unsigned mods, uint32_t shifted, uint32_t base)
{
    struct term_key key = {.code = code, .mods = mods, .shifted = shifted, .base = base};
    const struct binding *b = bindings_find(&bindings, &key);
    return b ? action_table[b->action].name : "";
}

#define CTRL       TERM_MOD_CTRL
#define CTRL_SHIFT (TERM_MOD_CTRL | TERM_MOD_SHIFT)

START_TEST(defaults)
{
    /* What users of Windows and of Linux expect. */
    ck_assert_str_eq(action('c', CTRL_SHIFT, 'C', 0), "copy");
    ck_assert_str_eq(action('v', CTRL_SHIFT, 'V', 0), "paste");
    ck_assert_str_eq(action(TERM_KEY_INSERT, CTRL, 0, 0), "copy");
    ck_assert_str_eq(action(TERM_KEY_INSERT, TERM_MOD_SHIFT, 0, 0), "paste-selection");
    ck_assert_str_eq(action(TERM_KEY_ENTER, TERM_MOD_ALT, 0, 0), "full-screen");
    ck_assert_str_eq(action(TERM_KEY_F1 + 10, 0, 0, 0), "full-screen");
    ck_assert_str_eq(action('=', CTRL, '+', 0), "zoom-in");
    ck_assert_str_eq(action('=', CTRL_SHIFT, '+', 0), "zoom-in");
    ck_assert_str_eq(action('+', CTRL, '*', 0), "zoom-in"); /* a German keyboard */
    ck_assert_str_eq(action('-', CTRL, '_', 0), "zoom-out");
    ck_assert_str_eq(action('-', CTRL_SHIFT, '_', 0), "zoom-out");
    ck_assert_str_eq(action('0', CTRL, ')', 0), "zoom-reset");
    ck_assert_str_eq(action(TERM_KEY_KP_ADD, CTRL | TERM_MOD_NUM, 0, 0), "zoom-in");
    ck_assert_str_eq(action(TERM_KEY_PAGE_UP, TERM_MOD_SHIFT, 0, 0), "scroll-page-up");
    ck_assert_str_eq(action(TERM_KEY_UP, CTRL_SHIFT, 0, 0), "scroll-line-up");
    /* Lock keys do not count. */
    ck_assert_str_eq(action('c', CTRL_SHIFT | TERM_MOD_CAPS | TERM_MOD_NUM, 'C', 0), "copy");
    /* Cyrillic: the key at the place of c. A Latin key is what it says, wherever it is. */
    ck_assert_str_eq(action(0x441, CTRL_SHIFT, 0x421, 'c'), "copy");
    ck_assert_str_eq(action('j', CTRL_SHIFT, 'J', 'c'), "");
    /* French: digits need Shift, but are meant where nothing else is. */
    ck_assert_str_eq(action(0xe0, CTRL, '0', '0'), "zoom-reset");
    ck_assert_str_eq(action('-', CTRL, '6', '6'), "zoom-out");
    /* Programs get these. */
    ck_assert_str_eq(action('(', CTRL, '5', '5'), "");
    ck_assert_str_eq(action('c', CTRL, 'C', 0), "");
    ck_assert_str_eq(action('c', CTRL_SHIFT | TERM_MOD_ALT, 'C', 0), "");
    ck_assert_str_eq(action(TERM_KEY_PAGE_UP, 0, 0, 0), "");
}
END_TEST

START_TEST(defaults_of_windows)
{
    struct bindings windows = {0};
    struct term_key key = {.code = 'c', .mods = CTRL};
    ck_assert(bindings_default(&windows, true));
    ck_assert_int_eq(windows.count, bindings.count + 1);
    ck_assert_int_eq(bindings_find(&windows, &key)->action, ACTION_COPY_OR_PASS);
    bindings_free(&windows);
}
END_TEST

/* No key stands for two default actions. */
START_TEST(defaults_are_unique)
{
    int count = 0;
    for (int i = 0; i < ACTION_COUNT; i++) {
        ck_assert_int_eq(action_find(action_table[i].name, strlen(action_table[i].name)), i);
        for (const char *keys = action_table[i].keys; *keys; count++) {
            keys += strcspn(keys, " ");
            keys += strspn(keys, " ");
        }
    }
    ck_assert_int_eq(bindings.count, count);
}
END_TEST

START_TEST(bind_and_unbind)
{
    int before = bindings.count;
    ck_assert(bindings_bind(&bindings, "ctrl+shift+c paste", reason, sizeof(reason)));
    ck_assert_int_eq(bindings.count, before);
    ck_assert_str_eq(action('c', CTRL_SHIFT, 'C', 0), "paste");
    /* Twice is a mistake; the later one counts. What a file chose, the command line may change. */
    ck_assert(!bindings_bind(&bindings, "ctrl+shift+c select-all", reason, sizeof(reason)));
    ck_assert_str_eq(reason, "ctrl+shift+c was bound above; this one counts");
    ck_assert_int_eq(bindings.count, before);
    ck_assert_str_eq(action('c', CTRL_SHIFT, 'C', 0), "select-all");
    bindings_settle(&bindings);
    ck_assert(bindings_bind(&bindings, "ctrl+shift+c paste", reason, sizeof(reason)));
    ck_assert(bindings_bind(&bindings, "f5 \t send  make test\\n", reason, sizeof(reason)));
    struct term_key key = {.code = TERM_KEY_F1 + 4};
    const struct binding *b = bindings_find(&bindings, &key);
    ck_assert_ptr_nonnull(b);
    ck_assert_int_eq(b->action, ACTION_SEND);
    ck_assert_str_eq(b->argument, "make test\n");
    ck_assert(bindings_unbind(&bindings, "F5", reason, sizeof(reason)));
    ck_assert_ptr_null(bindings_find(&bindings, &key));
    ck_assert(!bindings_unbind(&bindings, "f5", reason, sizeof(reason)));
    ck_assert(bindings_unbind(&bindings, "all", reason, sizeof(reason)));
    ck_assert_int_eq(bindings.count, 0);
    ck_assert_str_eq(action('c', CTRL_SHIFT, 'C', 0), "");
    ck_assert(bindings_bind(&bindings, "ctrl+c copy-or-pass", reason, sizeof(reason)));
    ck_assert_str_eq(action('c', CTRL, 'C', 0), "copy-or-pass");
    /* The number of bindings is bounded. */
    int i = 0;
    for (; i < 5000; i++) {
        char text[32];
        snprintf(text, sizeof(text), "%c%c%c copy", 0xe1 + i / 4096, 0x80 + i / 64 % 64,
                 0x80 + i % 64);
        if (!bindings_bind(&bindings, text, reason, sizeof(reason)))
            break;
    }
    ck_assert_int_eq(i, 999);
    ck_assert_str_eq(reason, "too many bindings");
}
END_TEST

static void setup(void)
{
    ck_assert(bindings_default(&bindings, false));
}

static void teardown(void)
{
    bindings_free(&bindings);
}

int main(void)
{
    TCase *tc = tcase_create("bindings");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, names_of_keys);
    tcase_add_test(tc, defaults);
    tcase_add_test(tc, defaults_of_windows);
    tcase_add_test(tc, defaults_are_unique);
    tcase_add_test(tc, bind_and_unbind);
    return unit_run("bindings", tc);
}
