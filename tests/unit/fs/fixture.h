/* A fresh tmpfs as the root of everything, for tests of the file system without guests. */
#ifndef TESTS_UNIT_FS_FIXTURE_H
#define TESTS_UNIT_FS_FIXTURE_H

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/mount.h"
#include "runtime/abi/stat.h"
#include "runtime/fs/path/path.h"
#include "runtime/fs/tmpfs/tmpfs.h"
#include "runtime/kernel/boot/mounts.h"
#include "tests/unit/run.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The root is mounted once in a process; every test works in a directory of its own. */
static struct vfs_caller *root_caller(void)
{
    static bool mounted;
    if (!mounted) {
        int error;
        struct superblock *super = tmpfs_new("rootfs", 0755, &error);
        ck_assert_ptr_nonnull(super);
        ck_assert_int_eq(fs_mount_root(super), 0);
        mounted = true;
    }
    return vfs_kernel_caller();
}

static inline struct vfs_caller *fresh(const char *directory)
{
    struct vfs_caller *c = root_caller();
    struct path path;
    ck_assert_int_eq(vfs_mkdir(c, NULL, directory, 0755), 0);
    ck_assert_int_eq(vfs_walk(c, NULL, directory, 0, &path), 0);
    fs_context_set_cwd(c->fs, path);
    path_put(path);
    return c;
}

static inline void put_file(struct vfs_caller *c, const char *name, const char *text)
{
    struct file *file;
    ck_assert_int_eq(vfs_open(c, NULL, name, L_O_WRONLY | L_O_CREAT | L_O_TRUNC, 0644, 0, &file),
                     0);
    ck_assert_int_eq(file_write(file, text, strlen(text), NULL), (int64_t)strlen(text));
    file_put(file);
}

static inline int text_of(struct vfs_caller *c, const char *name, char *text, size_t size)
{
    struct file *file;
    int error = vfs_open(c, NULL, name, L_O_RDONLY, 0, 0, &file);
    if (error)
        return error;
    int64_t got = file_read(file, text, size - 1, NULL);
    text[got > 0 ? got : 0] = 0;
    file_put(file);
    return got < 0 ? (int)got : 0;
}

#define assert_text(c, name, expected)                                                             \
    do {                                                                                           \
        char text_[4096];                                                                          \
        ck_assert_int_eq(text_of(c, name, text_, sizeof(text_)), 0);                               \
        ck_assert_str_eq(text_, expected);                                                         \
    } while (0)

static inline int stat_of(struct vfs_caller *c, const char *name, struct kstat *out)
{
    struct path path;
    int error = vfs_walk(c, NULL, name, 0, &path);
    if (error)
        return error;
    error = vfs_stat(path, out);
    path_put(path);
    return error;
}

static inline int open_status(struct vfs_caller *c, const char *name, uint32_t flags)
{
    struct file *file;
    int error = vfs_open(c, NULL, name, flags, 0644, 0, &file);
    if (!error)
        file_put(file);
    return error;
}

#endif
