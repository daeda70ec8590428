/* Families and styles of the host's fonts. */
#define SDL_MAIN_HANDLED
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/font.h"
#include "app/host/fonts.h"
#include "tests/unit/run.h"

#define FAMILY "Test Pictures"

static struct host_font found;

START_TEST(families)
{
    ck_assert(!host_font_find("No Such Family", 0, &found));
    ck_assert(!host_font_find("No Such Family", FONT_BOLD, &found));
}
END_TEST

#ifdef __ELF__
#include <unistd.h>

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
#endif

int main(void)
{
    TCase *tc = tcase_create("fonts");
#ifdef __ELF__
    tcase_add_test(tc, styles);
#endif
    tcase_add_test(tc, families);
    return unit_run("fonts", tc);
}
