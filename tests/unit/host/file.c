/* Files and directories of the host, the same on every host. */
#include "runtime/host/file.h"
#include "runtime/abi/errno.h"
#include "runtime/abi/stat.h"
#include "tests/unit/host/files.h"
#include "tests/unit/run.h"
#include <check.h>
#include <stdio.h>
#include <string.h>

static const char top[] = "host-file-test";
static char path_text[5000];

static const char *at(const char *name)
{
    snprintf(path_text, sizeof(path_text), "%s/%s", top, name);
    return path_text;
}

static void put(const char *name, const char *text)
{
    struct host_file *file;
    ck_assert_int_eq(host_file_open(at(name), HOST_FILE_WRITE | HOST_FILE_CREATE, 0644, &file), 0);
    fill_file(file, text);
}

static void expect(const char *name, const char *text)
{
    struct host_file *file;
    ck_assert_int_eq(host_file_open(at(name), HOST_FILE_READ, 0, &file), 0);
    expect_file(file, text);
    host_file_close(file);
}

static void setup(void)
{
    clear(top);
    ck_assert_int_eq(host_path_mkdir(top, 0755), 0);
}

static void teardown(void)
{
    clear(top);
}

START_TEST(read_write)
{
    struct host_file *file;
    struct host_stat stat;
    char buffer[20];
    ck_assert_int_eq(host_file_open(at("a"), HOST_FILE_READ, 0, &file), -L_ENOENT);
    const uint32_t fresh =
        HOST_FILE_READ | HOST_FILE_WRITE | HOST_FILE_CREATE | HOST_FILE_EXCLUSIVE;
    ck_assert_int_eq(host_file_open(at("a"), fresh, 0644, &file), 0);
    ck_assert_int_eq(host_file_write(file, "hello", 5, 10), 5);
    ck_assert_int_eq(host_file_read(file, buffer, 20, 8), 7);
    ck_assert_mem_eq(buffer, "\0\0hello", 7);
    ck_assert_int_eq(host_file_read(file, buffer, 20, 15), 0);
    ck_assert_int_eq(host_file_truncate(file, 12), 0);
    ck_assert_int_eq(host_file_sync(file, false), 0);
    ck_assert_int_eq(host_file_fstat(file, &stat), 0);
    ck_assert_uint_eq(stat.size, 12);
    ck_assert_uint_eq(stat.mode & L_S_IFMT, L_S_IFREG);
    host_file_close(file);
    ck_assert_int_eq(host_file_open(at("a"), fresh, 0644, &file), -L_EEXIST);
    ck_assert_int_eq(host_file_open(at("a"), HOST_FILE_WRITE | HOST_FILE_TRUNCATE, 0, &file), 0);
    host_file_close(file);
    ck_assert_int_eq(host_path_stat(at("a"), &stat), 0);
    ck_assert_uint_eq(stat.size, 0);
    ck_assert_int_eq(host_file_open(top, HOST_FILE_WRITE, 0, &file), -L_EISDIR);
}
END_TEST

START_TEST(renamed)
{
    struct host_stat stat;
    char from[100];
    put("a", "one");
    put("b", "two");
    strcpy(from, at("a"));
    ck_assert_int_eq(host_path_rename(from, at("b")), 0);
    expect("b", "one");
    ck_assert_int_eq(host_path_stat(from, &stat), -L_ENOENT);
}
END_TEST

START_TEST(directories)
{
    struct host_dir *dir;
    struct host_dirent entry;
    unsigned seen = 0;
    put("one", "");
    put("z\xc3\xa4hler", "");
    ck_assert_int_eq(host_path_mkdir(at("sub"), 0755), 0);
    ck_assert_int_eq(host_dir_open(top, &dir), 0);
    while (host_dir_next(dir, &entry) > 0) {
        if (strcmp(entry.name, "one") == 0)
            seen |= entry.type == L_DT_REG ? 1 : 8;
        else if (strcmp(entry.name, "z\xc3\xa4hler") == 0)
            seen |= entry.type == L_DT_REG ? 2 : 8;
        else
            seen |= strcmp(entry.name, "sub") == 0 && entry.type == L_DT_DIR ? 4 : 8;
    }
    host_dir_close(dir);
    ck_assert_uint_eq(seen, 7);
    ck_assert_int_eq(host_dir_open(at("one"), &dir), -L_ENOTDIR);
    ck_assert_int_eq(host_dir_open(at("none"), &dir), -L_ENOENT);
}
END_TEST

START_TEST(long_paths)
{
    char name[2000] = "";
    for (int i = 0; i < 10; i++) {
        size_t length = strlen(name);
        memset(name + length, 'a' + i, 100);
        name[length + 100] = 0;
        ck_assert_int_eq(host_path_mkdir(at(name), 0755), 0);
        strcat(name, "/");
    }
    strcat(name, "file");
    put(name, "deep");
    expect(name, "deep");
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("host file");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, read_write);
    tcase_add_test(tcase, renamed);
    tcase_add_test(tcase, directories);
    tcase_add_test(tcase, long_paths);
    return unit_run("host file", tcase);
}
