/* term/sequences.md says what the tables in the code say. With FORELAND_WRITE_PAGE set to a file
 * name the page is written there instead. */
#include "term/vt/sequences.h"
#include "tests/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The file without carriage returns; caller frees. */
static char *read_all(const char *path)
{
    FILE *in = fopen(path, "rb");
    ck_assert_msg(in != NULL, "%s cannot be read", path);
    size_t n = 0, size = 1 << 20;
    char *text = malloc(size);
    for (int c; (c = fgetc(in)) != EOF && n + 1 < size;) {
        if (c != '\r')
            text[n++] = (char)c;
    }
    text[n] = 0;
    fclose(in);
    return text;
}

START_TEST(page_is_current)
{
    char path[4096];
    const char *target = getenv("FORELAND_WRITE_PAGE");
    const char *root = getenv("FORELAND_TESTS");
    char *page = sequence_page();
    ck_assert_ptr_nonnull(page);
    if (target) {
        FILE *out = fopen(target, "wb");
        ck_assert_ptr_nonnull(out);
        fputs(page, out);
        fclose(out);
    } else {
        ck_assert_msg(root != NULL, "FORELAND_TESTS is not set");
        snprintf(path, sizeof(path), "%s/../term/sequences.md", root);
        char *stored = read_all(path);
        ck_assert_msg(strcmp(stored, page) == 0, "%s is not what the tables say", path);
        free(stored);
    }
    free(page);
}
END_TEST

/* No two rows of one table are for the same bytes: the second would never be reached. */
START_TEST(forms_are_unique)
{
    struct sequence_entry a, b;
    for (size_t i = 0; sequence_entry_get(i, &a); i++) {
        for (size_t k = 0; k < i && sequence_entry_get(k, &b); k++)
            ck_assert_msg(a.kind != b.kind || strcmp(a.form, b.form) != 0, "%s twice", a.form);
    }
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("page");
    tcase_add_test(tests, page_is_current);
    tcase_add_test(tests, forms_are_unique);
    return unit_run("page of sequences", tests);
}
