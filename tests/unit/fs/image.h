/* Files that hold an image: removing them, and what store_check finds in one. */
#ifndef TESTS_UNIT_FS_IMAGE_H
#define TESTS_UNIT_FS_IMAGE_H

#include "runtime/fs/store/store.h"
#include "runtime/host/file.h"
#include <check.h>
#include <stdio.h>
#include <string.h>

static char message[500];
static char faults[4000]; /* a line each */

static void unlink_all(const char *path)
{
    const char *const endings[] = {"", "-wal", "-shm", "-journal", "-owner"};
    for (int i = 0; i < 5; i++) {
        char name[300];
        snprintf(name, sizeof(name), "%s%s", path, endings[i]);
        host_path_unlink(name);
    }
}

static void collect_fault(void *arg, const char *line)
{
    (void)arg;
    size_t length = strlen(faults);
    snprintf(faults + length, sizeof(faults) - length, "%s\n", line);
}

/* The number of faults, or a negative errno with the message. */
static int check_faults(const char *path)
{
    faults[0] = 0;
    const struct store_watch watch = {.report = collect_fault};
    return store_check(path, &watch, message, sizeof(message));
}

static void expect_clean(const char *path)
{
    int found = check_faults(path);
    ck_assert_msg(found == 0, "%d %s %s", found, message, faults);
}

#endif
