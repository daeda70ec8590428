/* The configuration: values of every option, every mistake with its line and reason, files at
 * random, and what is printed from the table. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/config/arguments.h"
#include "app/config/config.h"
#include "app/config/config_check.h"
#include "app/config/config_print.h"
#include "app/config/options.h"
#include "app/draw/contrast.h"
#include "app/host/config_path.h"
#include "runtime/host/env.h"
#include "runtime/host/file.h"
#include "tests/unit/run.h"

static struct mistakes mistakes;

/* What a file with that text gives; its mistakes are in `mistakes`. */
static struct config *load(const char *text)
{
    mistakes_free(&mistakes);
    struct config *c = config_load(text, strlen(text), "file", NULL, 0, &mistakes);
    ck_assert_ptr_nonnull(c);
    return c;
}

/* For each option a value other than the default, one more, and two that are wrong with what the
 * reason has to say. Empty reasons: any text is right. */
static const struct {
    const char *name, *right[2], *wrong[2], *reason[2];
} cases[] = {
    {"font",
     {"DejaVu Sans Mono", "\"a \\\"b\\\" \\x41\""},
     {"\"open", "\"a\" b"},
     {"closing quote is missing", "after the closing quote"}},
    {"font-bold", {"x", "y"}, {"\"\\q\"", "\"\\x0\""}, {"unknown escape", "unknown escape"}},
    {"font-italic", {"x", "y"}, {"\"", "\"\\\""}, {"quote is missing", "quote is missing"}},
    {"font-bold-italic", {"x", "y"}, {"\"\\x00\"", "\"x"}, {"unknown escape", "missing"}},
    {"font-size", {"10.5", "96"}, {"3.9", "12pt"}, {"not between 4 and 96", "not a number: 12pt"}},
    {"line-height", {"120%", "50"}, {"49", "1.5.5"}, {"not between 50 and 300", "not a number"}},
    {"cell-width", {"90", "300"}, {"301", "nan"}, {"not between 50 and 300", "not a number"}},
    {"size", {"132x43", "1000x500"}, {"0x5", "80"}, {"not between 1x1", "not COLUMNSxROWS: 80"}},
    {"scale",
     {"150%", "500"},
     {"501", "1.5"},
     {"not between 0 and 500", "not a whole number: 1.5"}},
    {"padding", {"0", "200"}, {"-1", "2.5"}, {"not between 0 and 200", "not a whole number: 2.5"}},
    {"opacity", {"50%", "10"}, {"0", "0x20"}, {"not between 10 and 100", "not a number"}},
    {"bell", {"none", "visual"}, {"loud", ""}, {"loud is none of: none visual urgent", "none of"}},
    {"notifications", {"no", "off"}, {"some", ""}, {"neither yes nor no", "neither"}},
    {"confirm-close", {"running", "always"}, {"yes", "nevermore"}, {"none of", "none of"}},
    {"scheme",
     {"nord", "campbell"},
     {"plaid", "/no/such/file"},
     {"no such scheme: plaid; there are campbell, catppuccin-latte", "no such scheme"}},
    {"bold-is-bright", {"yes", "on"}, {"bright", ""}, {"neither yes nor no", "neither"}},
    {"minimum-contrast", {"4.5", "21"}, {"0.9", "22"}, {"not between 1 and 21", "not between"}},
    {"foreground", {"#abcdef", "f00"}, {"#abcde", "red"}, {"not a colour", "not a colour"}},
    {"background", {"#000", "#010203"}, {"#ggg", "1234567"}, {"not a colour", "not a colour"}},
    {"cursor", {"#fff", "#FFFFFF"}, {"##fff", "#"}, {"not a colour", "not a colour"}},
    {"selection-foreground", {"#123", "#456"}, {"none", "#1234"}, {"colour", "colour"}},
    {"selection-background", {"#123", "#456"}, {"none", "#1234"}, {"colour", "colour"}},
    {"color0", {"#123", "#456"}, {"none", "#1234"}, {"colour", "colour"}},
    {"color255", {"#123", "#456"}, {"none", "#1234"}, {"colour", "colour"}},
    {"cursor-shape", {"underline", "bar"}, {"beam", "Block"}, {"none of", "none of"}},
    {"cursor-blink", {"no", "off"}, {"maybe", "1"}, {"neither yes nor no: maybe", "neither"}},
    {"scrollback", {"0", "100000"}, {"-5", "many"}, {"not between", "not a number: many"}},
    {"ambiguous-width", {"wide", "wide"}, {"2", "broad"}, {"none of", "none of"}},
    {"word-separators", {"\" .\"", ".:"}, {"\" ", "\"\\y\""}, {"missing", "unknown escape"}},
    {"copy-on-select", {"yes", "true"}, {"y", "YES"}, {"neither", "neither"}},
    {"paste-warning", {"never", "always"}, {"yes", ""}, {"none of", "none of"}},
    {"hide-mouse", {"no", "off"}, {"never", ""}, {"neither", "neither"}},
    {"clipboard-write", {"no", "false"}, {"n", ""}, {"neither", "neither"}},
    {"clipboard-read", {"on", "yes"}, {"ask", "2"}, {"neither", "neither"}},
    {"command",
     {"vim -p 'a b' \"c\\\"d\" e\\ f", "top"},
     {"sh -c 'x", "echo \"a"},
     {"closing quote is missing", "closing quote is missing"}},
    {"env", {"A=1", "B="}, {"A", "=1"}, {"not of the form NAME=VALUE: A", "NAME=VALUE"}},
    {"image", {"x.img", "C:\\a b\\x.img"}, {"\"a", "\"\\z\""}, {"missing", "unknown escape"}},
    {"network-listen", {"lan", "lan"}, {"all", ""}, {"none of", "none of"}},
    {"isolated", {"yes", "on"}, {"never", ""}, {"neither", "neither"}},
    {"read-only", {"yes", "on"}, {"never", ""}, {"neither", "neither"}},
    {"root", {"/srv/root", "root.tar"}, {"\"a", "\"\\z\""}, {"missing", "unknown escape"}},
    {"mount",
     {".:/mnt", "..:/mnt/x"},
     {"/tmp", "/no/such:/mnt"},
     {"HOST:GUEST", "no such folder: /no/such"}},
    {"memory",
     {"512M", "1.5G"},
     {"lots", "1M"},
     {"not a size such as 512M", "too small: 1M; at least 32M"}},
    {"bind",
     {"ctrl+shift+c paste", "f5 send make\\n"},
     {"ctrl+c", "ctrl+c fly"},
     {"not of the form KEY ACTION", "no such action: fly"}},
    {"unbind",
     {"ctrl+shift+c", "all"},
     {"ctrl+shift+f9", "hyper+x"},
     {"ctrl+shift+f9 has no action", "no such modifier: hyper"}},
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

/* Whether two fields are the same. */
static bool same(const struct option *o, const struct config *a, const struct config *b, int index)
{
    const void *x = (const char *)a + o->offset, *y = (const char *)b + o->offset;
    const struct config_list *lx = x, *ly = y;
    const struct bindings *bx = x, *by = y;
    switch (o->kind) {
    case OPTION_TEXT:
        return strcmp(*(char *const *)x, *(char *const *)y) == 0;
    case OPTION_NUMBER:
        return *(const double *)x == *(const double *)y;
    case OPTION_INTEGER:
    case OPTION_CHOICE:
        return *(const int *)x == *(const int *)y;
    case OPTION_YES_NO:
        return *(const bool *)x == *(const bool *)y;
    case OPTION_SCHEME:
        return ((const struct scheme *)x)->hash == ((const struct scheme *)y)->hash;
    case OPTION_COLOR:
    case OPTION_PALETTE:
        return ((const uint32_t *)x)[index] == ((const uint32_t *)y)[index];
    case OPTION_CELLS:
        return memcmp(x, y, sizeof(struct config_cells)) == 0;
    case OPTION_BYTES:
        return *(const uint64_t *)x == *(const uint64_t *)y;
    case OPTION_LIST:
    case OPTION_COMMAND:
        if (lx->count != ly->count)
            return false;
        for (int i = 0; i < lx->count; i++)
            if (strcmp(lx->items[i], ly->items[i]) != 0)
                return false;
        return true;
    case OPTION_BIND:
    case OPTION_UNBIND:
        if (bx->count != by->count)
            return false;
        for (int i = 0; i < bx->count; i++)
            if (bx->items[i].key != by->items[i].key || bx->items[i].mods != by->items[i].mods ||
                bx->items[i].action != by->items[i].action)
                return false;
        return true;
    }
    return false;
}

START_TEST(every_option_has_cases)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &options[i], *found = NULL;
        int index;
        for (size_t k = 0; k < CASES && found != o; k++)
            found = option_find(cases[k].name, strlen(cases[k].name), &index);
        ck_assert_msg(!o->name || found == o, "no case for %s", o->name);
    }
}
END_TEST

START_TEST(right_values)
{
    struct config *normal = load("");
    ck_assert_int_eq(mistakes.count, 0);
    for (size_t i = 0; i < CASES; i++) {
        for (int k = 0; k < 2; k++) {
            char line[256];
            int index;
            const struct option *o = option_find(cases[i].name, strlen(cases[i].name), &index);
            snprintf(line, sizeof(line), "\t %s=  %s \t\r\n", cases[i].name, cases[i].right[k]);
            struct config *c = load(line);
            ck_assert_msg(mistakes.count == 0, "%s%s", line, mistakes.text);
            ck_assert_msg(!same(o, c, normal, index), "%s changes nothing", line);
            config_free(c);
        }
    }
    config_free(normal);
}
END_TEST

START_TEST(wrong_values)
{
    struct config *normal = load("");
    for (size_t i = 0; i < CASES; i++) {
        for (int k = 0; k < 2; k++) {
            char text[256];
            int index;
            const struct option *o = option_find(cases[i].name, strlen(cases[i].name), &index);
            snprintf(text, sizeof(text), "# a comment\n\n%s = %s\nfont-size = 20", cases[i].name,
                     cases[i].wrong[k]);
            struct config *c = load(text);
            ck_assert_msg(mistakes.count == 1, "%s: %d mistakes", text, mistakes.count);
            ck_assert_msg(strncmp(mistakes.text, "file:3: ", 8) == 0, "%s", mistakes.text);
            ck_assert_msg(strstr(mistakes.text, cases[i].reason[k]) != NULL, "%s: %s", text,
                          mistakes.text);
            /* The rest applies, and what was wrong is as it was. */
            ck_assert(c->font_size == 20);
            ck_assert(o->kind == OPTION_NUMBER || o->kind == OPTION_SCHEME ||
                      same(o, c, normal, index));
            config_free(c);
        }
    }
    config_free(normal);
}
END_TEST

START_TEST(lines)
{
    static const struct {
        const char *text, *reason;
    } wrong[] = {
        {"fnt = x", "file:1: no such option: fnt (perhaps font?)"},
        {"zzzzzzzzzz = 1", "file:1: no such option: zzzzzzzzzz\n"},
        {"\n\nfont", "file:3: = is missing after font"},
        {"\n[colors]\n", "file:2: there are no sections"},
        {"color256 = #fff", "file:1: no such option: color256"},
        {"color01 = #fff", "file:1: no such option: color01"},
        {"colorN = #fff", "file:1: no such option: colorN"},
        {"= 5", "file:1: no such option: "},
        {"font = \x1b[31m\"\n\x1b = 1", "file:2: no such option: ?"},
        {"bind = ctrl+shift+j send", "file:1: send needs a TEXT"},
        {"bind = ctrl+shift+j copy it", "file:1: copy takes nothing after it"},
        {"bind = ctrl+shift+j send \\q", "file:1: an unknown escape"},
        {"bind = ctrl+nokey copy", "file:1: no such key: nokey"},
        {"bind = ctrl+ copy", "file:1: no such"},
        {"bind = f30 copy", "file:1: no such key: f30"},
        {"bind = f5 copy\n\nbind = F5 paste", "file:3: F5 was bound above"},
        {"mount = .:mnt", "file:1: the name inside does not begin with /: .:mnt"},
        {"mount = :/mnt", "file:1: not of the form HOST:GUEST"},
        {"memory = 5Q", "file:1: not a size"},
        {"\xc2\x9b = 1", "file:1: no such option: ?\x9b\n"},
        {"\xff\xfe"
         "a",
         "file:1: UTF-16 (some editors call it Unicode); save the file as UTF-8"},
        {"# Ren\xe9\nimage = \"C:\\\\Ren\xe9\"",
         "file:2: not UTF-8 (perhaps ANSI); save the file as UTF-8"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        config_free(load(wrong[i].text));
        ck_assert_msg(mistakes.count == 1, "%s: %d mistakes", wrong[i].text, mistakes.count);
        ck_assert_msg(strstr(mistakes.text, wrong[i].reason) == mistakes.text, "%s: %s",
                      wrong[i].text, mistakes.text);
    }
    /* A byte order mark, a last line without its end, the last of two. */
    struct config *c = load("\xef\xbb\xbf"
                            "font-size=8\nfont-size = 9");
    ck_assert(c->font_size == 9 && mistakes.count == 0);
    config_free(c);
    mistakes_free(&mistakes);
    c = config_load("font-size = 8\0\n", 15, "file", NULL, 0, &mistakes);
    ck_assert(c->font_size == 11 && strstr(mistakes.text, "file:1: a zero byte"));
    config_free(c);
}
END_TEST

START_TEST(many_mistakes)
{
    char text[4000] = "";
    for (int i = 0; i < 100; i++)
        strcat(text, "nonsense\n");
    config_free(load(text));
    ck_assert_int_eq(mistakes.count, 100);
    ck_assert_int_eq(mistakes.listed, 20);
    mistakes_free(&mistakes);
}
END_TEST

START_TEST(values_in_detail)
{
    struct config *c =
        load("font = \"a \\\"b\\\" \\x41\\e\"\nmemory = 1.5G\nopacity = 50%\n"
             "command = vim -p 'a b' \"c\\\"d\" e\\ f ''\nenv = A=1\nenv = \"B= x \"\n"
             "size = 132x43\ncolor3 = #1af\n");
    ck_assert_str_eq(c->font, "a \"b\" A\033");
    ck_assert_uint_eq(c->memory, 1536u * 1024 * 1024);
    ck_assert_int_eq(c->opacity, 50);
    ck_assert_int_eq(c->command.count, 6);
    ck_assert_str_eq(c->command.items[2], "a b");
    ck_assert_str_eq(c->command.items[3], "c\"d");
    ck_assert_str_eq(c->command.items[4], "e f");
    ck_assert_str_eq(c->command.items[5], "");
    ck_assert_ptr_null(c->command.items[6]);
    ck_assert_int_eq(c->environment.count, 2);
    ck_assert_str_eq(c->environment.items[1], "B= x ");
    ck_assert_int_eq(c->size.columns, 132);
    ck_assert_int_eq(c->size.rows, 43);
    ck_assert_uint_eq(c->palette[3], COLOR_SET | 0x11aaff);
    config_free(c);
}
END_TEST

START_TEST(term_options)
{
    struct term_options normal, o;
    struct config *c = load("scheme = xterm");
    term_options_default(&normal);
    config_term_options(c, &o);
    ck_assert_uint_eq(o.foreground, normal.foreground);
    ck_assert_uint_eq(o.background, normal.background);
    ck_assert_uint_eq(o.cursor_color, normal.cursor_color);
    ck_assert_int_eq(memcmp(o.palette, normal.palette, sizeof(o.palette)), 0);
    ck_assert_int_eq(o.cursor_shape, normal.cursor_shape);
    ck_assert_int_eq(o.scrollback_lines, normal.scrollback_lines);
    ck_assert_int_eq(o.clipboard_write, normal.clipboard_write);
    ck_assert_int_eq(o.clipboard_read, normal.clipboard_read);
    config_free(c);
    /* A colour of the file stands above the scheme, wherever it stands. */
    c = load("color1 = #010203\nscheme = nord\nforeground = #040506\ncursor-shape = bar\n"
             "cursor-blink = no\nambiguous-width = wide\n");
    config_term_options(c, &o);
    ck_assert_uint_eq(o.palette[1], 0x010203);
    ck_assert_uint_eq(o.palette[2], 0xa3be8c);
    ck_assert_uint_eq(o.foreground, 0x040506);
    ck_assert_uint_eq(o.background, 0x2e3440);
    ck_assert_uint_eq(o.palette[231], normal.palette[231]);
    ck_assert_int_eq(o.cursor_shape, 6);
    ck_assert(o.ambiguous_is_wide);
    config_free(c);
}
END_TEST

/* Every built-in scheme sets what a scheme sets. */
START_TEST(schemes)
{
    ck_assert_uint_ge(scheme_file_count, 12);
    for (size_t i = 0; i < scheme_file_count; i++) {
        char reason[512];
        struct scheme s = {0};
        ck_assert_msg(scheme_load(&s, scheme_files[i].name, NULL, reason, sizeof(reason)), "%s",
                      reason);
        ck_assert_ptr_null(s.path);
        ck_assert(s.colors.foreground && s.colors.background && s.colors.cursor);
        ck_assert_uint_ne(s.colors.foreground, s.colors.background);
        for (int k = 0; k < 16; k++)
            ck_assert_msg(s.colors.palette[k], "%s: color%d", scheme_files[i].name, k);
        scheme_free(&s);
    }
}
END_TEST

/* All that the scheme without a name of the user's has can be read, but black. */
START_TEST(default_scheme)
{
    char reason[512];
    struct term_options options;
    struct mistakes m = {0};
    struct config *c = config_load(NULL, 0, NULL, NULL, 0, &m);
    ck_assert_ptr_nonnull(c);
    config_term_options(c, &options);
    double text = contrast_ratio(options.foreground, options.background);
    ck_assert_msg(text >= 7, "%f", text);
    ck_assert(contrast_ratio(options.cursor_color, options.background) >= CONTRAST_READABLE);
    for (int i = 1; i < 16; i++) {
        double ratio = contrast_ratio(options.palette[i], options.background);
        ck_assert_msg(ratio >= CONTRAST_READABLE, "color%d: %f", i, ratio);
    }
    int index;
    uint32_t front, back;
    config_selection(c, &front, &back);
    ck_assert(contrast_ratio(options.foreground, back & ~COLOR_SET) >= CONTRAST_READABLE);
    ck_assert(!options.bold_is_bright);
    /* The colours of xterm have their own name. */
    ck_assert(option_set(option_find("scheme", 6, &index), 0, c, "xterm", reason, sizeof(reason)));
    config_term_options(c, &options);
    ck_assert_uint_eq(options.palette[4], 0x0000ee);
    config_free(c);
}
END_TEST

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

/* What a file sets is known by its line, what the command line sets by its name; fonts are looked
 * for on this machine. */
START_TEST(checks)
{
    struct config_pair pairs[2];
    int index;
    const char *text = "\nfont = No Such Family, built-in, no-such.ttf\nfont-bold = x\n";
    pairs[0] = (struct config_pair){option_find("font-bold", 9, &index), 0, "./config-test.conf"};
    mistakes_free(&mistakes);
    write_file("config-test.conf", "background = #123456\n");
    struct config *c = config_load(text, strlen(text), "folder/file", pairs, 1, &mistakes);
    ck_assert_int_eq(mistakes.count, 0);
    ck_assert_int_eq(c->lines[OPTION_ROW_font], 2);
    ck_assert_int_eq(c->lines[OPTION_ROW_font_bold], 0);
    config_check(c, "folder/file", NULL, &mistakes);
    ck_assert_str_eq(mistakes.text, "folder/file:2: no such font: No Such Family\n"
                                    "folder/file:2: not a font file that can be read: no-such.ttf\n"
                                    "--font-bold: not a font file that can be read: "
                                    "./config-test.conf\n");
    config_free(c);
    remove("config-test.conf");
    c = load("font = built-in");
    config_check(c, "file", NULL, &mistakes);
    ck_assert_int_eq(mistakes.count, 0);
    config_free(c);
}
END_TEST

/* A scheme in a file: by a path, with a mistake, and what it may not set. */
START_TEST(scheme_files_of_users)
{
    char reason[512];
    struct scheme s = {0};
    write_file("config-test.conf", "background = #123456\n");
    ck_assert(scheme_load(&s, "./config-test.conf", ".", reason, sizeof(reason)));
    ck_assert_str_eq(s.path, "./"
                             "./config-test.conf");
    ck_assert_uint_eq(s.colors.background, COLOR_SET | 0x123456);
    write_file("config-test.conf", "\nbackground = blue\ncursor = #abcdef\nx = 1\n");
    ck_assert(!scheme_load(&s, "./config-test.conf", ".", reason, sizeof(reason)));
    ck_assert_str_eq(reason, "././config-test.conf:2: not a colour (#rgb or #rrggbb): blue; and 1 "
                             "more");
    ck_assert_uint_eq(s.colors.background, 0);
    ck_assert_uint_eq(s.colors.cursor, COLOR_SET | 0xabcdef);
    write_file("config-test.conf", "font-size = 12\n");
    ck_assert(!scheme_load(&s, "./config-test.conf", ".", reason, sizeof(reason)));
    ck_assert_str_eq(reason, "././config-test.conf:1: font-size is not a colour");
    ck_assert(!scheme_load(&s, "none-such", ".", reason, sizeof(reason)));
    ck_assert_str_eq(s.path, "./schemes/none-such.conf");
    remove("config-test.conf");
    scheme_free(&s);
}
END_TEST

/* The file that is printed changes nothing; with the comments taken off the options it still says
 * the same. */
START_TEST(default_file)
{
    char *text = config_default_file();
    ck_assert_ptr_nonnull(text);
    struct config *normal = load(""), *c = load(text);
    ck_assert_int_eq(mistakes.count, 0);
    config_free(c);
    int taken = 0;
    for (char *line = text; line && *line; line = strchr(line, '\n'), line += line ? 1 : 0) {
        int index;
        size_t n = strcspn(line + 2, " ");
        if (line[0] != '#' || strncmp(line + 2 + n, " =", 2) != 0)
            continue;
        const struct option *o = option_find(line + 2, n, &index);
        /* Those that only add to others have no value to give. */
        if (!o || o->kind == OPTION_LIST || o->kind == OPTION_UNBIND ||
            (o->kind == OPTION_BIND && line[2 + n + 2] == '\n'))
            continue;
        line[0] = ' ';
        taken++;
    }
    ck_assert_int_gt(taken, 60);
    c = load(text);
    ck_assert_msg(mistakes.count == 0, "%s", mistakes.text);
    for (size_t i = 0; i < option_count; i++)
        if (options[i].name && options[i].kind != OPTION_BIND && options[i].kind != OPTION_UNBIND)
            ck_assert_msg(same(&options[i], c, normal, 0), "%s", options[i].name);
    ck_assert_int_eq(c->bindings.count, normal->bindings.count);
    config_free(c);
    config_free(normal);
    free(text);
}
END_TEST

/* An option's name as the manual writes it. */
static void escape(char *to, const char *name)
{
    to += sprintf(to, "\\-\\-");
    for (; *name; name++)
        to += sprintf(to, *name == '-' ? "\\-" : "%c", *name);
}

/* Help, file and manual know every option and action. */
START_TEST(printed_completely)
{
    char *pages[] = {config_help(), config_default_file(), config_manual()};
    for (size_t p = 0; p < 3; p++) {
        ck_assert_ptr_nonnull(pages[p]);
        for (size_t i = 0; i < option_count; i++) {
            char name[64];
            const struct option *o = &options[i];
            if (!o->name)
                continue;
            if (p == 2)
                escape(name, o->name);
            else
                snprintf(name, sizeof(name), p == 0 ? "  --%s " : "# %s =",
                         p == 1 && o->kind == OPTION_PALETTE ? "color0" : o->name);
            ck_assert_msg(strstr(pages[p], name) != NULL, "page %d lacks %s", (int)p, name);
        }
        for (int i = 0; p > 0 && i < ACTION_COUNT; i++) {
            char name[64];
            if (p == 2)
                escape(name, action_table[i].name);
            else
                snprintf(name, sizeof(name), "\n# %s", action_table[i].name);
            ck_assert_msg(strstr(pages[p], p == 2 ? name + 4 : name) != NULL, "page %d lacks %s",
                          (int)p, name);
        }
    }
    for (size_t p = 0; p < 3; p++)
        free(pages[p]);
}
END_TEST

/* foreland.1 in the tree is what the tables say. With FORELAND_WRITE_PAGE set to a file name the
 * page is written there instead. */
START_TEST(manual_is_current)
{
    char path[4096];
    const char *target = getenv("FORELAND_WRITE_PAGE"), *root = getenv("FORELAND_TESTS");
    char *page = config_manual();
    ck_assert_ptr_nonnull(page);
    if (target) {
        write_file(target, page);
    } else {
        ck_assert_msg(root != NULL, "FORELAND_TESTS is not set");
        snprintf(path, sizeof(path), "%s/../app/foreland.1", root);
        int error;
        size_t n;
        char *stored = config_read_file(path, &n, &error);
        ck_assert_msg(stored != NULL, "%s cannot be read", path);
        ck_assert_msg(strcmp(stored, page) == 0, "%s is not what the tables say", path);
        free(stored);
    }
    free(page);
}
END_TEST

/* Sets a variable of the environment; NULL: there is none. */
static void set_variable(const char *name, const char *value)
{
#ifdef _WIN32
    _putenv_s(name, value ? value : "");
#else
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
#endif
}

static void expect_path(const char *wanted)
{
    char *path = host_config_path();
    if (wanted)
        ck_assert_str_eq(path, wanted);
    else
        ck_assert_ptr_null(path);
    free(path);
}

START_TEST(place_of_the_file)
{
    if (host_has_drives()) {
        char beside[4096], *program = host_program_path();
        set_variable("APPDATA", "C:\\Users\\x\\AppData");
        expect_path("C:\\Users\\x\\AppData\\Foreland\\foreland.conf");
        set_variable("APPDATA", NULL);
        expect_path(NULL);
        /* On a stick: beside the program. */
        char *end = program;
        for (char *p = program; *p; p++)
            if (*p == '\\' || *p == '/')
                end = p + 1;
        snprintf(beside, sizeof(beside), "%.*sforeland.conf", (int)(end - program), program);
        write_file(beside, "");
        char *path = host_config_path();
        remove(beside);
        ck_assert_ptr_nonnull(path);
        ck_assert_uint_eq(strlen(path), strlen(beside));
        ck_assert_str_eq(path + strlen(path) - 13, "foreland.conf");
        free(path);
        free(program);
    } else {
        set_variable("HOME", "/home");
        set_variable("XDG_CONFIG_HOME", "/some/place");
        expect_path("/some/place/foreland/foreland.conf");
        set_variable("XDG_CONFIG_HOME", "relative");
        expect_path("/home/.config/foreland/foreland.conf");
        set_variable("XDG_CONFIG_HOME", NULL);
        expect_path("/home/.config/foreland/foreland.conf");
        set_variable("HOME", NULL);
        expect_path(NULL);
    }
}
END_TEST

static bool arguments(struct arguments *a, char *reason, size_t size, const char *line)
{
    static char words[10][256];
    static char *argv[11];
    int n = 0;
    for (const char *at = line; *at && n < 10; n++) {
        size_t length = strcspn(at, " ");
        snprintf(words[n], sizeof(words[n]), "%.*s", (int)length, at);
        argv[n] = words[n];
        at += length + (at[length] == ' ');
    }
    argv[n] = NULL;
    return arguments_read(a, argv, reason, size) && arguments_check(a, NULL, reason, size);
}

START_TEST(command_line)
{
    static struct arguments a;
    char reason[512];
    ck_assert(arguments(&a, reason, sizeof(reason),
                        "--font-size 20 --size=90x30 --control --config x.conf vim --help"));
    ck_assert_int_eq(a.count, 2);
    ck_assert(a.control && !a.help);
    ck_assert_str_eq(a.config, "x.conf");
    ck_assert_str_eq(a.command[0], "vim");
    ck_assert_str_eq(a.command[1], "--help");
    /* It stands above the file. */
    const char *text = "font-size = 8\npadding = 9\n";
    struct config *c = config_load(text, strlen(text), "file", a.pairs, a.count, &mistakes);
    ck_assert(c->font_size == 20 && c->padding == 9 && c->size.columns == 90);
    config_free(c);
    ck_assert(arguments(&a, reason, sizeof(reason), "-e ls -l"));
    ck_assert_str_eq(a.command[0], "ls");
    ck_assert(arguments(&a, reason, sizeof(reason), ""));
    ck_assert_ptr_null(a.command);

    static const char *const wrong[][2] = {
        {"--fnt x", "no such option: --fnt (perhaps --font?)"},
        {"--font-size", "an argument is missing after --font-size"},
        {"--font-size 300", "--font-size: 300 is not between 4 and 96"},
        {"-x", "no such option: -x"},
        {"--control=yes", "no such option: --control"},
        {"--config", "an argument is missing after --config"},
        {"--scheme plaid", "--scheme: no such scheme: plaid"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        ck_assert(!arguments(&a, reason, sizeof(reason), wrong[i][0]));
        ck_assert_msg(strncmp(reason, wrong[i][1], strlen(wrong[i][1])) == 0, "%s", reason);
    }
}
END_TEST

static uint32_t random_state = 1;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % n;
}

/* Lines of the cases with bytes put in, taken out and changed. */
START_TEST(random_files)
{
    for (int round = 0; round < 5000; round++) {
        char text[2048];
        size_t n = 0;
        for (uint32_t lines = random_below(4) + 1; lines > 0; lines--) {
            size_t i = random_below(CASES);
            const char *value =
                random_below(2) ? cases[i].right[random_below(2)] : cases[i].wrong[random_below(2)];
            n += (size_t)snprintf(text + n, sizeof(text) - n, "%s = %s\n", cases[i].name, value);
        }
        for (uint32_t changes = random_below(6); changes > 0 && n > 1; changes--) {
            size_t at = random_below((uint32_t)n);
            switch (random_below(3)) {
            case 0:
                text[at] = (char)random_below(256);
                break;
            case 1:
                memmove(text + at, text + at + 1, n-- - at - 1);
                break;
            case 2:
                if (n < sizeof(text) - 1) {
                    memmove(text + at + 1, text + at, n++ - at);
                    text[at] = " \"\\#=+'x\n"[random_below(9)];
                }
                break;
            }
        }
        /* Exactly as large as it is, so that a read beyond its end is seen. */
        char *exact = malloc(n);
        memcpy(exact, text, n);
        struct mistakes m = {0};
        struct config *c = config_load(exact, n, NULL, NULL, 0, &m);
        ck_assert_ptr_nonnull(c);
        ck_assert(c->font_size >= 4 && c->font_size <= 96 && c->size.columns >= 1);
        ck_assert((m.count > 0) == (m.text != NULL));
        for (const char *p = m.text; p && *p; p++)
            ck_assert(*p == '\n' || ((unsigned char)*p >= 0x20 && *p != 0x7f));
        mistakes_free(&m);
        config_free(c);
        free(exact);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("config");
    tcase_set_timeout(tc, 100);
    tcase_add_test(tc, every_option_has_cases);
    tcase_add_test(tc, right_values);
    tcase_add_test(tc, wrong_values);
    tcase_add_test(tc, lines);
    tcase_add_test(tc, many_mistakes);
    tcase_add_test(tc, values_in_detail);
    tcase_add_test(tc, term_options);
    tcase_add_test(tc, checks);
    tcase_add_test(tc, schemes);
    tcase_add_test(tc, default_scheme);
    tcase_add_test(tc, scheme_files_of_users);
    tcase_add_test(tc, default_file);
    tcase_add_test(tc, printed_completely);
    tcase_add_test(tc, manual_is_current);
    tcase_add_test(tc, place_of_the_file);
    tcase_add_test(tc, command_line);
    tcase_add_test(tc, random_files);
    return unit_run("config", tc);
}
