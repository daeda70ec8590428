/* Path walk and operations on names; each expectation is what Linux answers. */
#include "fixture.h"

static int walk_status(struct vfs_caller *c, const char *name, uint32_t flags)
{
    struct path path;
    int error = vfs_walk(c, NULL, name, flags, &path);
    if (!error)
        path_put(path);
    return error;
}

START_TEST(errors)
{
    struct vfs_caller *c = fresh("/errors");
    char name[PATH_LENGTH_MAX + 16];
    put_file(c, "file", "x");
    ck_assert_int_eq(vfs_mkdir(c, NULL, "dir", 0755), 0);
    ck_assert_int_eq(walk_status(c, "", WALK_FOLLOW), -L_ENOENT);
    ck_assert_int_eq(walk_status(c, "", WALK_FOLLOW | WALK_EMPTY), 0);
    ck_assert_int_eq(walk_status(c, "none", WALK_FOLLOW), -L_ENOENT);
    ck_assert_int_eq(walk_status(c, "none/x", WALK_FOLLOW), -L_ENOENT);
    ck_assert_int_eq(walk_status(c, "file/", WALK_FOLLOW), -L_ENOTDIR);
    ck_assert_int_eq(walk_status(c, "file/.", WALK_FOLLOW), -L_ENOTDIR);
    ck_assert_int_eq(walk_status(c, "file/..", WALK_FOLLOW), -L_ENOTDIR);
    ck_assert_int_eq(walk_status(c, "file/x", WALK_FOLLOW), -L_ENOTDIR);
    ck_assert_int_eq(walk_status(c, "dir/", WALK_FOLLOW), 0);
    ck_assert_int_eq(walk_status(c, "dir//.//../dir/.", WALK_FOLLOW), 0);
    ck_assert_int_eq(walk_status(c, "/../../errors/file", WALK_FOLLOW), 0);
    ck_assert_int_eq(walk_status(c, "file", WALK_DIRECTORY), -L_ENOTDIR);
    memset(name, 'a', sizeof(name));
    name[255] = 0;
    ck_assert_int_eq(walk_status(c, name, 0), -L_ENOENT);
    name[255] = 'a';
    name[256] = 0;
    ck_assert_int_eq(walk_status(c, name, 0), -L_ENAMETOOLONG);
    for (size_t i = 0; i < 4095; i += 2)
        memcpy(name + i, "./", 2);
    name[4094] = '.';
    name[4095] = 0;
    ck_assert_int_eq(walk_status(c, name, 0), 0);
    name[4095] = '/';
    name[4096] = 0;
    ck_assert_int_eq(walk_status(c, name, 0), -L_ENAMETOOLONG);
}
END_TEST

START_TEST(links)
{
    struct vfs_caller *c = fresh("/links");
    char name[16];
    put_file(c, "file", "hello");
    ck_assert_int_eq(vfs_mkdir(c, NULL, "dir", 0755), 0);
    put_file(c, "dir/inner", "inner");
    ck_assert_int_eq(vfs_symlink(c, "file", NULL, "to-file"), 0);
    ck_assert_int_eq(vfs_symlink(c, "dir", NULL, "to-dir"), 0);
    ck_assert_int_eq(vfs_symlink(c, "/links/dir/inner", NULL, "absolute"), 0);
    ck_assert_int_eq(vfs_symlink(c, "none", NULL, "dangling"), 0);
    ck_assert_int_eq(vfs_symlink(c, "loop", NULL, "loop"), 0);
    ck_assert_int_eq(vfs_symlink(c, "", NULL, "empty"), -L_ENOENT);
    assert_text(c, "to-file", "hello");
    assert_text(c, "to-dir/inner", "inner");
    assert_text(c, "absolute", "inner");
    assert_text(c, "to-dir/../to-file", "hello");
    ck_assert_int_eq(walk_status(c, "loop", WALK_FOLLOW), -L_ELOOP);
    ck_assert_int_eq(walk_status(c, "loop", 0), 0);
    ck_assert_int_eq(walk_status(c, "loop/x", 0), -L_ELOOP);
    ck_assert_int_eq(walk_status(c, "to-file/", 0), -L_ENOTDIR);
    ck_assert_int_eq(walk_status(c, "dangling", WALK_FOLLOW), -L_ENOENT);
    ck_assert_int_eq(walk_status(c, "to-dir", WALK_FOLLOW | WALK_NO_SYMLINKS), -L_ELOOP);
    ck_assert_int_eq(open_status(c, "to-file", L_O_RDONLY | L_O_NOFOLLOW), -L_ELOOP);
    ck_assert_int_eq(open_status(c, "to-file", L_O_PATH | L_O_NOFOLLOW), 0);
    ck_assert_int_eq(open_status(c, "to-file", L_O_CREAT | L_O_EXCL | L_O_WRONLY), -L_EEXIST);
    ck_assert_int_eq(open_status(c, "dangling", L_O_CREAT | L_O_EXCL | L_O_WRONLY), -L_EEXIST);
    ck_assert_int_eq(open_status(c, "dangling", L_O_CREAT | L_O_WRONLY), 0);
    ck_assert_int_eq(walk_status(c, "none", 0), 0);
    /* Forty links in a row are followed, forty-one are not. */
    ck_assert_int_eq(vfs_symlink(c, "file", NULL, "l1"), 0);
    for (int i = 2; i <= 41; i++) {
        char target[16];
        snprintf(name, sizeof(name), "l%d", i);
        snprintf(target, sizeof(target), "l%d", i - 1);
        ck_assert_int_eq(vfs_symlink(c, target, NULL, name), 0);
    }
    ck_assert_int_eq(walk_status(c, "l40", WALK_FOLLOW), 0);
    ck_assert_int_eq(walk_status(c, "l41", WALK_FOLLOW), -L_ELOOP);
}
END_TEST

START_TEST(beneath)
{
    struct vfs_caller *c = fresh("/beneath");
    put_file(c, "file", "x");
    ck_assert_int_eq(vfs_symlink(c, "/beneath/file", NULL, "out"), 0);
    ck_assert_int_eq(walk_status(c, "file", WALK_BENEATH), 0);
    ck_assert_int_eq(walk_status(c, "../beneath/file", WALK_BENEATH), -L_EXDEV);
    ck_assert_int_eq(walk_status(c, "/beneath/file", WALK_BENEATH), -L_EXDEV);
    ck_assert_int_eq(walk_status(c, "out", WALK_BENEATH | WALK_FOLLOW), -L_EXDEV);
    ck_assert_int_eq(walk_status(c, "../../file", WALK_IN_ROOT), 0);
    ck_assert_int_eq(walk_status(c, "/file", WALK_IN_ROOT), 0);
    ck_assert_int_eq(walk_status(c, "out", WALK_IN_ROOT | WALK_FOLLOW), -L_ENOENT);
}
END_TEST

START_TEST(opening)
{
    struct vfs_caller *c = fresh("/opening");
    put_file(c, "file", "hello");
    ck_assert_int_eq(vfs_mkdir(c, NULL, "dir", 0755), 0);
    ck_assert_int_eq(open_status(c, "dir", L_O_WRONLY), -L_EISDIR);
    ck_assert_int_eq(open_status(c, "dir", L_O_RDONLY | L_O_CREAT), -L_EISDIR);
    ck_assert_int_eq(open_status(c, "dir", L_O_RDONLY), 0);
    ck_assert_int_eq(open_status(c, "file", L_O_RDONLY | L_O_DIRECTORY), -L_ENOTDIR);
    ck_assert_int_eq(open_status(c, "file/", L_O_WRONLY | L_O_CREAT), -L_EISDIR);
    ck_assert_int_eq(open_status(c, "new/", L_O_WRONLY | L_O_CREAT), -L_EISDIR);
    ck_assert_int_eq(open_status(c, "none/new", L_O_WRONLY | L_O_CREAT), -L_ENOENT);
    ck_assert_int_eq(open_status(c, "file/new", L_O_WRONLY | L_O_CREAT), -L_ENOTDIR);
    struct file *file;
    ck_assert_int_eq(vfs_open(c, NULL, "file", L_O_PATH, 0, 0, &file), 0);
    ck_assert_int_eq(file_read(file, &(char){0}, 1, NULL), -L_EBADF);
    file_put(file);
    ck_assert_int_eq(vfs_open(c, NULL, "file", L_O_RDONLY, 0, 0, &file), 0);
    ck_assert_int_eq(file_write(file, "x", 1, NULL), -L_EBADF);
    file_put(file);
    assert_text(c, "file", "hello");
    ck_assert_int_eq(open_status(c, "file", L_O_WRONLY | L_O_TRUNC), 0);
    assert_text(c, "file", "");
    /* A file without a name gets one by linkat. */
    ck_assert_int_eq(vfs_open(c, NULL, ".", L_O_RDWR | L_O_TMPFILE, 0600, 0, &file), 0);
    ck_assert_int_eq(file_write(file, "tmp", 3, NULL), 3);
    ck_assert_int_eq(vfs_link(c, file->path, NULL, "named"), 0);
    file_put(file);
    assert_text(c, "named", "tmp");
}
END_TEST

START_TEST(removing)
{
    struct vfs_caller *c = fresh("/removing");
    struct file *file;
    struct kstat st;
    char text[8];
    put_file(c, "file", "kept");
    ck_assert_int_eq(vfs_mkdir(c, NULL, "dir", 0755), 0);
    put_file(c, "dir/inner", "x");
    ck_assert_int_eq(vfs_unlink(c, NULL, "dir"), -L_EISDIR);
    ck_assert_int_eq(vfs_rmdir(c, NULL, "file"), -L_ENOTDIR);
    ck_assert_int_eq(vfs_rmdir(c, NULL, "dir"), -L_ENOTEMPTY);
    ck_assert_int_eq(vfs_rmdir(c, NULL, "dir/."), -L_EINVAL);
    ck_assert_int_eq(vfs_rmdir(c, NULL, "dir/.."), -L_ENOTEMPTY);
    ck_assert_int_eq(vfs_rmdir(c, NULL, "/"), -L_EBUSY);
    ck_assert_int_eq(vfs_unlink(c, NULL, "file/"), -L_ENOTDIR);
    ck_assert_int_eq(vfs_unlink(c, NULL, "none"), -L_ENOENT);
    ck_assert_int_eq(vfs_open(c, NULL, "file", L_O_RDWR, 0, 0, &file), 0);
    ck_assert_int_eq(vfs_unlink(c, NULL, "file"), 0);
    ck_assert_int_eq(vfs_unlink(c, NULL, "file"), -L_ENOENT);
    ck_assert_int_eq(vfs_stat(file->path, &st), 0);
    ck_assert_uint_eq(st.nlink, 0);
    ck_assert_int_eq(file_read(file, text, sizeof(text), NULL), 4);
    ck_assert_int_eq(memcmp(text, "kept", 4), 0);
    ck_assert_int_eq(vfs_link(c, file->path, NULL, "again"), -L_ENOENT);
    file_put(file);
    ck_assert_int_eq(vfs_unlink(c, NULL, "dir/inner"), 0);
    /* A removed directory takes no new names. */
    ck_assert_int_eq(vfs_open(c, NULL, "dir", L_O_RDONLY | L_O_DIRECTORY, 0, 0, &file), 0);
    ck_assert_int_eq(vfs_rmdir(c, NULL, "dir"), 0);
    ck_assert_int_eq(vfs_mkdir(c, &file->path, "x", 0755), -L_ENOENT);
    file_put(file);
}
END_TEST

START_TEST(renaming)
{
    struct vfs_caller *c = fresh("/renaming");
    struct kstat a, b;
    put_file(c, "a", "A");
    put_file(c, "b", "B");
    ck_assert_int_eq(vfs_mkdir(c, NULL, "d", 0755), 0);
    ck_assert_int_eq(vfs_mkdir(c, NULL, "d/e", 0755), 0);
    ck_assert_int_eq(vfs_mkdir(c, NULL, "empty", 0755), 0);
    ck_assert_int_eq(vfs_rename(c, NULL, "a", NULL, "b", L_RENAME_NOREPLACE), -L_EEXIST);
    ck_assert_int_eq(vfs_rename(c, NULL, "a", NULL, "none", L_RENAME_EXCHANGE), -L_ENOENT);
    ck_assert_int_eq(vfs_rename(c, NULL, "a", NULL, "b", L_RENAME_EXCHANGE), 0);
    assert_text(c, "a", "B");
    assert_text(c, "b", "A");
    ck_assert_int_eq(vfs_rename(c, NULL, "a", NULL, "b", 0), 0);
    assert_text(c, "b", "B");
    ck_assert_int_eq(stat_of(c, "a", &a), -L_ENOENT);
    ck_assert_int_eq(vfs_rename(c, NULL, "b", NULL, "d", 0), -L_EISDIR);
    ck_assert_int_eq(vfs_rename(c, NULL, "d", NULL, "b", 0), -L_ENOTDIR);
    ck_assert_int_eq(vfs_rename(c, NULL, "d", NULL, "d/e/f", 0), -L_EINVAL);
    ck_assert_int_eq(vfs_rename(c, NULL, "d/e", NULL, "d", 0), -L_ENOTEMPTY);
    ck_assert_int_eq(vfs_rename(c, NULL, "empty", NULL, "d", 0), -L_ENOTEMPTY);
    ck_assert_int_eq(vfs_rename(c, NULL, "d", NULL, "empty", 0), 0);
    ck_assert_int_eq(stat_of(c, "empty/e", &a), 0);
    ck_assert_int_eq(stat_of(c, "d", &a), -L_ENOENT);
    ck_assert_int_eq(vfs_rename(c, NULL, "b", NULL, "empty/e/b", 0), 0);
    assert_text(c, "empty/e/b", "B");
    ck_assert_int_eq(vfs_rename(c, NULL, "empty/.", NULL, "x", 0), -L_EBUSY);
    ck_assert_int_eq(vfs_rename(c, NULL, "empty/e/b", NULL, "b/", 0), -L_ENOTDIR);
    /* Two names of one file: nothing happens. */
    struct path path;
    ck_assert_int_eq(vfs_walk(c, NULL, "empty/e/b", 0, &path), 0);
    ck_assert_int_eq(vfs_link(c, path, NULL, "hard"), 0);
    path_put(path);
    ck_assert_int_eq(vfs_rename(c, NULL, "hard", NULL, "empty/e/b", 0), 0);
    ck_assert_int_eq(stat_of(c, "hard", &a), 0);
    ck_assert_int_eq(stat_of(c, "empty/e/b", &b), 0);
    ck_assert_uint_eq(a.ino, b.ino);
    ck_assert_uint_eq(a.nlink, 2);
    ck_assert_int_eq(stat_of(c, "empty", &a), 0);
    ck_assert_uint_eq(a.nlink, 3);
}
END_TEST

START_TEST(permissions)
{
    struct vfs_caller *c = fresh("/permissions");
    struct vfs_caller user = {.fs = c->fs, .cred = {.uid = 1000, .gid = 1000}};
    struct path path;
    put_file(c, "secret", "x");
    ck_assert_int_eq(vfs_walk(c, NULL, "secret", 0, &path), 0);
    ck_assert_int_eq(vfs_chmod(c, path, 0640), 0);
    ck_assert_int_eq(vfs_chmod(&user, path, 0666), -L_EPERM);
    path_put(path);
    ck_assert_int_eq(open_status(&user, "secret", L_O_RDONLY), -L_EACCES);
    user.cred.group_count = 1;
    user.cred.groups[0] = 0;
    ck_assert_int_eq(open_status(&user, "secret", L_O_RDONLY), 0);
    ck_assert_int_eq(open_status(&user, "secret", L_O_RDWR), -L_EACCES);
    ck_assert_int_eq(open_status(&user, "new", L_O_CREAT | L_O_WRONLY), -L_EACCES);
    ck_assert_int_eq(vfs_unlink(&user, NULL, "secret"), -L_EACCES);
    /* Sticky: only the owner removes. */
    ck_assert_int_eq(vfs_walk(c, NULL, ".", 0, &path), 0);
    ck_assert_int_eq(vfs_chmod(c, path, 01777), 0);
    path_put(path);
    ck_assert_int_eq(vfs_unlink(&user, NULL, "secret"), -L_EPERM);
    ck_assert_int_eq(open_status(&user, "mine", L_O_CREAT | L_O_WRONLY), 0);
    ck_assert_int_eq(vfs_unlink(&user, NULL, "mine"), 0);
    /* A directory without execute cannot be passed. */
    ck_assert_int_eq(vfs_mkdir(c, NULL, "closed", 0700), 0);
    put_file(c, "closed/x", "x");
    ck_assert_int_eq(open_status(&user, "closed/x", L_O_RDONLY), -L_EACCES);
}
END_TEST

START_TEST(mounting)
{
    struct vfs_caller *c = fresh("/mounting");
    struct path path, root = mount_root();
    struct mount *mount;
    struct kstat st;
    char text[64];
    int error;
    ck_assert_int_eq(vfs_mkdir(c, NULL, "at", 0755), 0);
    put_file(c, "at/under", "under");
    ck_assert_int_eq(vfs_walk(c, NULL, "at", 0, &path), 0);
    ck_assert_int_eq(mount_add(tmpfs_new("t", 0755, &error), &path, 0, &mount), 0);
    path_put(path);
    ck_assert_int_eq(stat_of(c, "at/under", &st), -L_ENOENT);
    put_file(c, "at/over", "over");
    ck_assert_int_eq(stat_of(c, "at/../at/over", &st), 0);
    ck_assert_int_eq(vfs_walk(c, NULL, "at/over", 0, &path), 0);
    ck_assert_str_eq(path_text(path, root, text, sizeof(text), false, NULL), "/mounting/at/over");
    path_put(path);
    ck_assert_int_eq(vfs_rename(c, NULL, "at/over", NULL, "over", 0), -L_EXDEV);
    ck_assert_int_eq(vfs_rmdir(c, NULL, "at"), -L_EBUSY);
    mount_set_flags(mount, L_MS_RDONLY);
    ck_assert_int_eq(open_status(c, "at/over", L_O_WRONLY), -L_EROFS);
    ck_assert_int_eq(open_status(c, "at/new", L_O_WRONLY | L_O_CREAT), -L_EROFS);
    ck_assert_int_eq(vfs_unlink(c, NULL, "at/over"), -L_EROFS);
    mount_put(mount);
    struct file *file;
    ck_assert_int_eq(vfs_open(c, NULL, "at/over", L_O_RDONLY, 0, 0, &file), 0);
    ck_assert_int_eq(vfs_walk(c, NULL, "at", 0, &path), 0);
    ck_assert_int_eq(mount_remove(path, false), -L_EBUSY);
    file_put(file);
    ck_assert_int_eq(mount_remove(path, false), 0);
    path_put(path);
    assert_text(c, "at/under", "under");
    path_put(root);
}
END_TEST

/* More mounts over one place than a byte can count. */
START_TEST(mounting_often)
{
    enum { TIMES = 257 };
    struct vfs_caller *c = fresh("often");
    struct path path;
    ck_assert_int_eq(vfs_mkdir(c, NULL, "from", 0755), 0);
    ck_assert_int_eq(vfs_mkdir(c, NULL, "at", 0755), 0);
    put_file(c, "from/file", "over");
    put_file(c, "at/file", "under");
    for (int i = 0; i < TIMES; i++) {
        struct path from;
        ck_assert_int_eq(vfs_walk(c, NULL, "from", 0, &from), 0);
        ck_assert_int_eq(vfs_walk(c, NULL, "at", 0, &path), 0);
        ck_assert_int_eq(mount_bind(from, &path, 0), 0);
        path_put(path);
        path_put(from);
    }
    for (int i = 0; i < TIMES; i++) {
        assert_text(c, "at/file", "over");
        ck_assert_int_eq(vfs_walk(c, NULL, "at", 0, &path), 0);
        ck_assert_int_eq(mount_remove(path, false), 0);
        path_put(path);
    }
    assert_text(c, "at/file", "under");
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("walk");
    tcase_add_test(tcase, errors);
    tcase_add_test(tcase, links);
    tcase_add_test(tcase, beneath);
    tcase_add_test(tcase, opening);
    tcase_add_test(tcase, removing);
    tcase_add_test(tcase, renaming);
    tcase_add_test(tcase, permissions);
    tcase_add_test(tcase, mounting);
    tcase_add_test(tcase, mounting_often);
    return unit_run("walk", tcase);
}
