/* What tests of files of the host share: files with a text in them, and a folder that goes away. */
#ifndef TEST_HOST_FILES_H
#define TEST_HOST_FILES_H

#include "runtime/host/beneath.h"
#include <check.h>
#include <stdio.h>
#include <string.h>

/* Removes the folder with all it holds, if it is there. */
static void clear(const char *directory)
{
    struct host_dir *dir;
    struct host_dirent entry;
    if (host_dir_open(directory, &dir) != 0)
        return;
    while (host_dir_next(dir, &entry) > 0) {
        char name[2000];
        snprintf(name, sizeof(name), "%s/%s", directory, entry.name);
        if (host_path_unlink(name) != 0)
            clear(name);
    }
    host_dir_close(dir);
    host_path_rmdir(directory);
}

/* Writes the text into a file that has just been opened, and closes it. */
static void fill_file(struct host_file *file, const char *text)
{
    ck_assert_int_eq(host_file_write(file, text, strlen(text), 0), (int)strlen(text));
    host_file_close(file);
}

__attribute__((unused)) static void expect_file(struct host_file *file, const char *text)
{
    char buffer[100] = "";
    ck_assert_int_eq(host_file_read(file, buffer, sizeof(buffer), 0), (int)strlen(text));
    ck_assert_str_eq(buffer, text);
}

/* Makes a file below root, which must not be there. */
__attribute__((unused)) static void put_beneath(struct host_root *root, const char *name,
                                                const char *text)
{
    const uint32_t flags = HOST_FILE_WRITE | HOST_FILE_CREATE | HOST_FILE_EXCLUSIVE;
    struct host_file *file;
    ck_assert_int_eq(host_at_open(root, name, flags, 0644, &file), 0);
    fill_file(file, text);
}

#endif
