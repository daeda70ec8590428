/* Families and styles of the host's fonts: fontconfig's on Linux, those of the registry on Windows.
 */
#define SDL_MAIN_HANDLED
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/font/font.h"
#include "app/host/fonts.h"
#include "tests/unit/run.h"

static struct host_font found;

START_TEST(families)
{
    ck_assert(!host_font_find("No Such Family", 0, &found));
    ck_assert(!host_font_find("No Such Family", FONT_BOLD, &found));
}
END_TEST

#ifdef __ELF__
#include <unistd.h>

#define FAMILY "Test Pictures"

/* Fontconfig with the fonts of the tests alone, and the rules of most systems that make a font
 * pretend to have styles it has not. */
static const char configuration[] =
    "<fontconfig><dir>%s/pictures/fonts</dir><cachedir>fonts-cache</cachedir>"
    "<match target='font'><test name='slant'><const>roman</const></test>"
    "<test target='pattern' name='slant' compare='not_eq'><const>roman</const></test>"
    "<edit name='matrix' mode='assign'><times><name>matrix</name><matrix><double>1</double>"
    "<double>0.2</double><double>0</double><double>1</double></matrix></times></edit>"
    "<edit name='slant' mode='assign'><const>oblique</const></edit></match>"
    "<match target='font'><test name='weight' compare='less_eq'><const>medium</const></test>"
    "<test target='pattern' name='weight' compare='more_eq'><const>bold</const></test>"
    "<edit name='embolden' mode='assign'><bool>true</bool></edit>"
    "<edit name='weight' mode='assign'><const>bold</const></edit></match></fontconfig>";

static void write_configuration(void)
{
    const char *tests = getenv("FORELAND_TESTS");
    char path[4096];
    ck_assert(tests && getcwd(path, sizeof(path) - 32));
    strcat(path, "/fonts-test.conf");
    FILE *file = fopen(path, "w");
    ck_assert(file);
    fprintf(file, configuration, tests);
    ck_assert_int_eq(fclose(file), 0);
    setenv("FONTCONFIG_FILE", path, 1);
}

START_TEST(styles)
{
    write_configuration();
    ck_assert(host_font_find(FAMILY, 0, &found));
    ck_assert(strstr(found.path, "pictures/fonts"));
    ck_assert(!host_font_find(FAMILY, FONT_ITALIC, &found));
    ck_assert(!host_font_find(FAMILY, FONT_BOLD, &found));
    ck_assert(!host_font_find(FAMILY, FONT_BOLD | FONT_ITALIC, &found));
}
END_TEST
#else
#include <windows.h>

#define KEY L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Fonts"

/* Fonts of the user. */
static const wchar_t *const values[][2] = {
    {L"Test Many Thin & Test Many & Test Many Bold (TrueType)", L"C:\\test\\many.ttf"},
    {L"Test First & Test Second & Test Second Italic (TrueType)", L"C:\\test\\set.ttc"},
    {L"Test (One) Regular (OpenType)", L"C:\\test\\one.otf"},
    {L"Test Old", L"C:\\test\\old.fon"},
};

static void check(const char *family, unsigned style, const char *path, int index)
{
    ck_assert_msg(host_font_find(family, style, &found), "%s", family);
    ck_assert_str_eq(found.path, path);
    ck_assert_int_eq(found.index, index);
}

START_TEST(styles)
{
    const size_t count = sizeof(values) / sizeof(values[0]);
    for (size_t i = 0; i < count; i++)
        ck_assert(!RegSetKeyValueW(HKEY_CURRENT_USER, KEY, values[i][0], REG_SZ, values[i][1],
                                   (DWORD)(wcslen(values[i][1]) + 1) * sizeof(wchar_t)));
    check("Test Many", 0, "C:\\test\\many.ttf", 0);
    check("test many", FONT_BOLD, "C:\\test\\many.ttf", 0);
    ck_assert(!host_font_find("Test Many", FONT_ITALIC, &found));
    check("Test First", 0, "C:\\test\\set.ttc", 0);
    check("Test Second", 0, "C:\\test\\set.ttc", 1);
    check("Test Second", FONT_ITALIC, "C:\\test\\set.ttc", 2);
    check("Test (One)", 0, "C:\\test\\one.otf", 0);
    ck_assert(!host_font_find("Test", 0, &found));
    ck_assert(!host_font_find("Test Old", 0, &found));
    for (size_t i = 0; i < count; i++)
        RegDeleteKeyValueW(HKEY_CURRENT_USER, KEY, values[i][0]);
    ck_assert(!host_font_find("Test Many", 0, &found));
}
END_TEST
#endif

int main(void)
{
    TCase *tc = tcase_create("fonts");
    tcase_add_test(tc, styles); /* sets up what fontconfig reads once */
    tcase_add_test(tc, families);
    return unit_run("fonts", tc);
}
