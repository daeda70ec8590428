/* The file system over the image store, through the VFS: Linux' semantics, and that they are still
 * there after the image has been closed and opened again. */
#include "runtime/fs/imagefs/imagefs.h"
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/stat.h"
#include "runtime/fs/imagefs/image_node.h"
#include "runtime/fs/path/path.h"
#include "runtime/fs/tmpfs/tmpfs.h"
#include "runtime/host/budget.h"
#include "runtime/host/file.h"
#include "runtime/host/thread.h"
#include "tests/unit/fs/image.h"
#include "tests/unit/run.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char image[] = "imagefs-test.img";
static const char copy[] = "imagefs-copy.img";
static struct vfs_caller *root;
static struct path top;

static void mount_as(const char *path, bool read_only)
{
    int error;
    struct superblock *super = imagefs_new(path, read_only, NULL, &error, message, sizeof(message));
    ck_assert_msg(super != NULL, "%d %s", error, message);
    struct mount *mount;
    struct path base = mount_root();
    ck_assert_int_eq(mount_add(super, &base, 0, &mount), 0);
    top = (struct path){mount_get(mount), dentry_get(mount->root)};
    path_put(base);
    mount_put(mount);
}

static void mount_image(const char *path)
{
    mount_as(path, false);
}

/* Closes the image. What was in memory stays there but the next mount is a new file system. */
static void unmount_image(void)
{
    struct path path = top;
    imagefs_shutdown(message, sizeof(message));
    mount_remove(path, true);
    path_put(path);
}

static void remount(void)
{
    unmount_image();
    mount_image(image);
}

static void setup(void)
{
    static bool mounted;
    unlink_all(image);
    unlink_all(copy);
    if (!mounted) {
        int error;
        ck_assert_int_eq(mount_add(tmpfs_new("none", 0755, &error), NULL, 0, NULL), 0);
        mounted = true;
    }
    root = vfs_kernel_caller();
    int error = store_create(image, message, sizeof(message));
    ck_assert_msg(error == 0, "%s", message);
    mount_image(image);
}

static void teardown(void)
{
    unmount_image();
    expect_clean(image);
    unlink_all(image);
    unlink_all(copy);
}

static struct file *open_file(const char *name, uint32_t flags)
{
    struct file *file;
    int error = vfs_open(root, &top, name, flags, 0644, 0, &file);
    ck_assert_msg(error == 0, "%s: %d", name, error);
    return file;
}

static void put(const char *name, const char *text)
{
    struct file *file = open_file(name, L_O_WRONLY | L_O_CREAT | L_O_TRUNC);
    ck_assert_int_eq(file_write(file, text, strlen(text), NULL), (int)strlen(text));
    file_put(file);
}

static void expect(const char *name, const char *text)
{
    char buffer[200] = "";
    struct file *file = open_file(name, L_O_RDONLY);
    ck_assert_int_eq(file_read(file, buffer, sizeof(buffer), NULL), (int)strlen(text));
    ck_assert_str_eq(buffer, text);
    file_put(file);
}

static struct kstat stat_of(const char *name)
{
    struct path path;
    struct kstat stat;
    ck_assert_int_eq(vfs_walk(root, &top, name, 0, &path), 0);
    ck_assert_int_eq(vfs_stat(path, &stat), 0);
    path_put(path);
    return stat;
}

static int walk(const char *name)
{
    struct path path;
    int error = vfs_walk(root, &top, name, 0, &path);
    if (!error)
        path_put(path);
    return error;
}

START_TEST(files_stay)
{
    put("a", "hello");
    put("b", "");
    expect("a", "hello");
    remount();
    expect("a", "hello");
    expect("b", "");
    put("a", "no");
    remount();
    expect("a", "no");
    ck_assert_int_eq(walk("c"), -L_ENOENT);
}
END_TEST

START_TEST(attributes)
{
    struct path path;
    put("f", "x");
    ck_assert_int_eq(vfs_walk(root, &top, "f", 0, &path), 0);
    ck_assert_int_eq(vfs_chmod(root, path, 04711), 0);
    ck_assert_int_eq(vfs_chown(root, path, 1234, 3000000000u), 0);
    const fs_time atime = -1234567890, mtime = 1600000000123456789;
    ck_assert_int_eq(vfs_utimes(root, path, &atime, &mtime, false), 0);
    path_put(path);
    ck_assert_int_eq(vfs_mknod(root, &top, "null", L_S_IFCHR | 0666, l_makedev(1, 3), NULL), 0);
    ck_assert_int_eq(vfs_mknod(root, &top, "fifo", L_S_IFIFO | 0600, 0, NULL), 0);
    struct kstat before = stat_of("f");
    remount();
    struct kstat after = stat_of("f");
    ck_assert_uint_eq(after.mode & 0777, 0711);
    ck_assert_uint_eq(after.uid, 1234);
    ck_assert_uint_eq(after.gid, 3000000000u);
    ck_assert_int_eq(after.atime, atime);
    ck_assert_int_eq(after.mtime, mtime);
    ck_assert_int_eq(after.ctime, before.ctime);
    ck_assert_int_eq(after.btime, before.btime);
    ck_assert_uint_eq(after.ino, before.ino);
    ck_assert_uint_eq(stat_of("null").rdev, l_makedev(1, 3));
    ck_assert_uint_eq(stat_of("fifo").mode, L_S_IFIFO | 0600);
}
END_TEST

START_TEST(links)
{
    put("f", "data");
    struct path path;
    ck_assert_int_eq(vfs_walk(root, &top, "f", 0, &path), 0);
    ck_assert_int_eq(vfs_link(root, path, &top, "g"), 0);
    path_put(path);
    ck_assert_int_eq(vfs_symlink(root, "g", &top, "l"), 0);
    ck_assert_int_eq(vfs_unlink(root, &top, "f"), 0);
    remount();
    ck_assert_int_eq(walk("f"), -L_ENOENT);
    ck_assert_uint_eq(stat_of("g").nlink, 1);
    expect("l", "data");
    char text[10];
    ck_assert_int_eq(vfs_walk(root, &top, "l", 0, &path), 0);
    ck_assert_int_eq(vfs_readlink(path, text, sizeof(text)), 1);
    path_put(path);
    ck_assert_uint_eq(stat_of("l").size, 1);
}
END_TEST

START_TEST(directories)
{
    ck_assert_int_eq(vfs_mkdir(root, &top, "d", 0755), 0);
    ck_assert_int_eq(vfs_mkdir(root, &top, "d/e", 0700), 0);
    put("d/e/f", "deep");
    ck_assert_int_eq(vfs_rmdir(root, &top, "d/e"), -L_ENOTEMPTY);
    ck_assert_uint_eq(stat_of("d").nlink, 3);
    ck_assert_int_eq(vfs_mkdir(root, &top, "x", 0755), 0);
    ck_assert_int_eq(vfs_rename(root, &top, "d/e", &top, "x/e", 0), 0);
    ck_assert_uint_eq(stat_of("d").nlink, 2);
    ck_assert_uint_eq(stat_of("x").nlink, 3);
    remount();
    expect("x/e/f", "deep");
    ck_assert_int_eq(vfs_rmdir(root, &top, "d"), 0);
    ck_assert_int_eq(vfs_mkdir(root, &top, "d", 0755), 0);
    ck_assert_int_eq(vfs_rename(root, &top, "x/e", &top, "d", 0), 0);
    expect("d/f", "deep");
    remount();
    expect("d/f", "deep");
    ck_assert_uint_eq(stat_of("x").nlink, 2);
}
END_TEST

START_TEST(rename_over)
{
    put("old", "old");
    put("new", "new");
    struct file *file = open_file("old", L_O_RDONLY);
    ck_assert_int_eq(vfs_rename(root, &top, "new", &top, "old", 0), 0);
    char buffer[10] = "";
    ck_assert_int_eq(file_read(file, buffer, 10, NULL), 3);
    ck_assert_str_eq(buffer, "old");
    file_put(file);
    put("other", "other");
    ck_assert_int_eq(vfs_rename(root, &top, "old", &top, "other", L_RENAME_NOREPLACE), -L_EEXIST);
    ck_assert_int_eq(vfs_mkdir(root, &top, "sub", 0755), 0);
    ck_assert_int_eq(vfs_rename(root, &top, "sub", &top, "other", L_RENAME_EXCHANGE), 0);
    remount();
    expect("old", "new");
    expect("sub", "other");
    ck_assert_uint_eq(stat_of("other").mode & L_S_IFMT, L_S_IFDIR);
    ck_assert_int_eq(walk("new"), -L_ENOENT);
}
END_TEST

/* A file without a name lives as long as it is open. */
START_TEST(unlink_while_open)
{
    static char data[200000], back[200000];
    memset(data, 'd', sizeof(data));
    struct file *file = open_file("f", L_O_RDWR | L_O_CREAT);
    ck_assert_int_eq(file_write(file, data, sizeof(data), NULL), (int)sizeof(data));
    ck_assert_int_eq(file_fsync(file, false), 0);
    ck_assert_int_eq(vfs_unlink(root, &top, "f"), 0);
    pagecache_drop_clean(file->inode);
    uint64_t pos = 0;
    ck_assert_int_eq(file_read(file, back, sizeof(back), &pos), (int)sizeof(back));
    ck_assert_mem_eq(data, back, sizeof(data));
    file_put(file);
}
END_TEST

/* Sparse files, cuts in the middle of a block, growth after a cut. */
START_TEST(sizes)
{
    static char data[150000], back[400000], zero[400000];
    memset(data, 'x', sizeof(data));
    struct file *file = open_file("f", L_O_RDWR | L_O_CREAT);
    uint64_t pos = 200000;
    ck_assert_int_eq(file_write(file, data, sizeof(data), &pos), (int)sizeof(data));
    ck_assert_int_eq(file_fsync(file, true), 0);
    ck_assert_int_eq(file_truncate(file, 210000), 0);
    ck_assert_int_eq(file_truncate(file, 400000), 0);
    pagecache_drop_clean(file->inode);
    for (int i = 0; i < 2; i++) {
        pos = 0;
        ck_assert_int_eq(file_read(file, back, sizeof(back), &pos), 400000);
        ck_assert_mem_eq(back, zero, 200000);
        ck_assert_mem_eq(back + 200000, data, 10000);
        ck_assert_mem_eq(back + 210000, zero, 190000);
        file_put(file);
        remount();
        file = open_file("f", L_O_RDWR);
    }
    ck_assert_int_eq(file_seek(file, 0, L_SEEK_DATA), 196608);
    ck_assert_int_eq(file_seek(file, 0, L_SEEK_HOLE), 0);
    ck_assert_int_eq(file_seek(file, 200000, L_SEEK_HOLE), 262144);
    ck_assert_int_eq(file_seek(file, 262144, L_SEEK_DATA), -L_ENXIO);
    ck_assert_uint_eq(stat_of("f").blocks, 128);
    ck_assert_int_eq(file_truncate(file, 0), 0);
    ck_assert_uint_eq(stat_of("f").blocks, 0);
    pos = 100;
    ck_assert_int_eq(file_write(file, "end", 3, &pos), 3);
    file_put(file);
    remount();
    ck_assert_uint_eq(stat_of("f").size, 103);
    file = open_file("f", L_O_RDONLY);
    ck_assert_int_eq(file_read(file, back, sizeof(back), NULL), 103);
    ck_assert_mem_eq(back, zero, 100);
    ck_assert_mem_eq(back + 100, "end", 3);
    ck_assert_uint_eq(stat_of("f").blocks, 8);
    file_put(file);
}
END_TEST

static void copy_host_file(const char *from, const char *to)
{
    static uint8_t buffer[1 << 16];
    struct host_file *source, *target;
    uint64_t at = 0;
    int64_t got;
    if (host_file_open(from, HOST_FILE_READ, 0, &source))
        return;
    ck_assert_int_eq(host_file_open(to, HOST_FILE_WRITE | HOST_FILE_CREATE, 0644, &target), 0);
    while ((got = host_file_read(source, buffer, sizeof(buffer), at)) > 0) {
        ck_assert_int_eq(host_file_write(target, buffer, (size_t)got, at), got);
        at += (uint64_t)got;
    }
    host_file_close(source);
    host_file_close(target);
}

/* What a crash leaves after an fsync of one file: that file, everything before it, no file renamed
 * over another that has lost its data. */
START_TEST(crash)
{
    char name[30], temporary[30], text[30];
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof(name), "file%d", i % 10);
        snprintf(temporary, sizeof(temporary), "tmp%d", i);
        snprintf(text, sizeof(text), "version %d", i);
        put(temporary, text);
        ck_assert_int_eq(vfs_rename(root, &top, temporary, &top, name, 0), 0);
    }
    struct file *file = open_file("synced", L_O_RDWR | L_O_CREAT);
    ck_assert_int_eq(file_write(file, "synced", 6, NULL), 6);
    ck_assert_int_eq(file_fsync(file, false), 0);
    ck_assert_int_eq(vfs_unlink(root, &top, "synced"), 0); /* still open: an orphan */
    put("later", "later");
    struct file *second = open_file("file0", L_O_RDONLY);
    ck_assert_int_eq(file_fsync(second, false), 0);
    file_put(second);
    copy_host_file(image, copy);
    copy_host_file("imagefs-test.img-wal", "imagefs-copy.img-wal");
    file_put(file);
    unmount_image();
    expect_clean(copy);
    mount_image(copy);
    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof(name), "file%d", i);
        snprintf(text, sizeof(text), "version %d", 190 + i);
        expect(name, text);
    }
    expect("later", "later");
    ck_assert_int_eq(walk("synced"), -L_ENOENT);
    unmount_image();
    expect_clean(copy);
    mount_image(image);
}
END_TEST

static bool count_entry(void *arg, const char *name, size_t length, uint64_t ino, uint32_t type,
                        uint64_t cookie)
{
    unsigned *count = arg;
    (void)cookie;
    ck_assert_uint_eq(strlen(name), length);
    ck_assert_uint_ne(ino, 0);
    ck_assert_uint_eq(type & L_S_IFMT, L_S_IFREG);
    ++*count;
    return true;
}

START_TEST(many_files)
{
    char name[40];
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof(name), "name-%d", i);
        put(name, name);
    }
    remount();
    unsigned count = 0;
    struct inode *dir = top.dentry->inode;
    host_mutex_lock(&dir->lock);
    ck_assert_int_eq(dir->ops->readdir(dir, 0, count_entry, &count), 0);
    host_mutex_unlock(&dir->lock);
    ck_assert_uint_eq(count, 3000);
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof(name), "name-%d", i);
        expect(name, name);
        if (i % 2)
            ck_assert_int_eq(vfs_unlink(root, &top, name), 0);
    }
    remount();
    ck_assert_int_eq(walk("name-1"), -L_ENOENT);
    expect("name-2998", "name-2998");
}
END_TEST

/* More than is kept dirty in memory. */
START_TEST(large_file)
{
    const unsigned pieces = 1600;
    static uint32_t data[16384];
    struct file *file = open_file("large", L_O_RDWR | L_O_CREAT);
    for (unsigned i = 0; i < pieces; i++) {
        for (unsigned k = 0; k < 16384; k++)
            data[k] = i * 16384 + k;
        ck_assert_int_eq(file_write(file, data, sizeof(data), NULL), (int)sizeof(data));
    }
    ck_assert_uint_lt(atomic_load(&pagecache_dirty_blocks), 1100);
    ck_assert_uint_eq(stat_of("large").blocks, pieces * 128);
    file_put(file);
    remount();
    file = open_file("large", L_O_RDONLY);
    for (unsigned i = 0; i < pieces; i++) {
        ck_assert_int_eq(file_read(file, data, sizeof(data), NULL), (int)sizeof(data));
        for (unsigned k = 0; k < 16384; k += 511)
            ck_assert_uint_eq(data[k], i * 16384 + k);
    }
    file_put(file);
}
END_TEST

START_TEST(extended_attributes)
{
    put("f", "x");
    struct path path;
    char text[20];
    ck_assert_int_eq(vfs_walk(root, &top, "f", 0, &path), 0);
    struct inode *inode = path.dentry->inode;
    const struct inode_ops *ops = inode->ops;
    ck_assert_int_eq(ops->getxattr(inode, "user.a", text, 20), -L_ENODATA);
    ck_assert_int_eq(ops->setxattr(inode, "user.a", "1", 1, 2), -L_ENODATA);
    ck_assert_int_eq(ops->setxattr(inode, "user.a", "12", 2, 0), 0);
    ck_assert_int_eq(ops->setxattr(inode, "user.a", "1", 1, 1), -L_EEXIST);
    ck_assert_int_eq(ops->getxattr(inode, "system.posix_acl_access", text, 20), -L_EOPNOTSUPP);
    path_put(path);
    remount();
    ck_assert_int_eq(vfs_walk(root, &top, "f", 0, &path), 0);
    inode = path.dentry->inode;
    ck_assert_int_eq(ops->getxattr(inode, "user.a", text, 20), 2);
    ck_assert_int_eq(ops->listxattr(inode, text, 20), 7);
    ck_assert_int_eq(ops->removexattr(inode, "user.a"), 0);
    ck_assert_int_eq(ops->listxattr(inode, text, 20), 0);
    path_put(path);
}
END_TEST

/* --- a full disk --- */

static void limit(uint64_t bytes)
{
    imagefs_limit(top.dentry->inode->super, bytes);
}

/* From now on changes are stored when a test says so, not because it takes long. */
static void store_on_demand(void)
{
    image_stop_flusher(image_of(top.dentry->inode));
}

static uint8_t byte_at(uint64_t pos, uint64_t seed)
{
    return (uint8_t)(pos * 7 + seed + (pos >> 13) + 1);
}

/* Writes pieces until one is refused; what was taken. */
static uint64_t fill(const char *name, uint64_t piece, uint64_t most)
{
    static uint8_t data[1 << 20];
    struct file *file = open_file(name, L_O_WRONLY | L_O_CREAT);
    uint64_t pos = 0;
    int64_t done = (int64_t)piece;
    while (done == (int64_t)piece && pos < most) {
        for (uint64_t i = 0; i < piece; i++)
            data[i] = byte_at(pos + i, 0);
        done = file_write(file, data, (size_t)piece, NULL);
        pos += done > 0 ? (uint64_t)done : 0;
    }
    if (done >= 0 && done < (int64_t)piece)
        done = file_write(file, data, 100000, NULL);
    ck_assert_msg(done == (int64_t)piece || done == -L_ENOSPC, "%d", (int)done);
    file_put(file);
    return pos;
}

static void expect_filled(const char *name, uint64_t size)
{
    static uint8_t data[1 << 16];
    struct file *file = open_file(name, L_O_RDONLY);
    uint64_t pos = 0;
    int64_t got;
    while ((got = file_read(file, data, sizeof(data), NULL)) > 0)
        for (int64_t i = 0; i < got; i++, pos++)
            if (data[i] != byte_at(pos, 0))
                ck_abort_msg("%s: wrong at %llu", name, (unsigned long long)pos);
    ck_assert_int_eq(got, 0);
    ck_assert_uint_eq(pos, size);
    file_put(file);
}

static int sync_file(const char *name)
{
    struct file *file = open_file(name, L_O_WRONLY);
    int error = file_fsync(file, false);
    file_put(file);
    return error;
}

/* What was accepted is stored; what there is no room for is refused when it is written. */
START_TEST(disk_full)
{
    struct file *file;
    struct kstat stat;
    put("old", "something");
    ck_assert_int_eq(super_sync(top.dentry->inode->super), 0);
    limit(24 << 20);
    uint64_t size = fill("large", 1 << 20, 105 << 20);
    ck_assert_uint_lt(size, 24 << 20);
    ck_assert_uint_gt(size, 7 << 20);
    /* Smaller things may still fit, until nothing does. */
    int count = 0, error = 0;
    for (char name[20]; count < 10000 && !error; count++) {
        snprintf(name, sizeof(name), "d%d", count);
        error = vfs_mkdir(root, &top, name, 0755);
    }
    ck_assert_int_eq(error, -L_ENOSPC);
    ck_assert_int_eq(vfs_symlink(root, "x", &top, "link"), -L_ENOSPC);
    ck_assert_int_eq(vfs_open(root, &top, "new", L_O_CREAT | L_O_WRONLY, 0644, 0, &file),
                     -L_ENOSPC);
    ck_assert_int_eq(sync_file("large"), 0);
    /* Data that takes the place of other needs no room. */
    file = open_file("large", L_O_WRONLY);
    uint8_t first[100];
    for (int i = 0; i < 100; i++)
        first[i] = byte_at((uint64_t)i, 0);
    ck_assert_int_eq(file_write(file, first, 100, NULL), 100);
    ck_assert_int_eq(file_fsync(file, false), 0);
    file_put(file);
    remount();
    limit(UINT64_MAX);
    stat = stat_of("large");
    ck_assert_uint_eq(stat.size, size);
    expect_filled("large", size);
    expect("old", "something");
}
END_TEST

/* What is changed in an image that is only read is kept in memory, which guests are not given
 * without limit. */
START_TEST(memory_full)
{
    put("old", "something");
    unmount_image();
    uint64_t before = memory_used();
    mount_as(image, true);
    const uint64_t most = (uint64_t)96 << 20;
    memory_limit_set(before + most);
    uint64_t size = fill("large", 1 << 16, 200 << 20);
    ck_assert_uint_lt(size, most);
    ck_assert_uint_gt(size, most / 16);
    ck_assert_int_eq(sync_file("large"), 0);
    ck_assert_uint_gt(memory_used(), before + size);
    ck_assert_uint_le(memory_used(), before + most);
    expect_filled("large", size);
    ck_assert_int_eq(vfs_unlink(root, &top, "large"), 0);
    ck_assert_int_eq(super_sync(top.dentry->inode->super), 0);
    uint64_t again = fill("next", 1 << 16, 200 << 20);
    ck_assert_uint_ge(again + again / 4, size);
    ck_assert_uint_le(memory_used(), before + most);
    ck_assert_int_eq(sync_file("next"), 0);
    expect_filled("next", again);
    expect("old", "something");
    unmount_image();
    memory_limit_set(0);
    ck_assert_uint_le(memory_used(), before + (1 << 20));
    mount_image(image);
    expect("old", "something");
}
END_TEST

/* Removing a file makes room, in this mount and for the next one. */
START_TEST(room_again)
{
    limit(24 << 20);
    uint64_t size = fill("one", 1 << 18, 105 << 20);
    for (int round = 0; round < 3; round++) {
        ck_assert_int_eq(vfs_unlink(root, &top, "one"), 0);
        uint64_t again = fill("one", 1 << 18, 105 << 20);
        ck_assert_uint_ge(again + again / 8, size);
        expect_filled("one", again);
        size = again;
    }
    remount();
    expect_filled("one", size);
}
END_TEST

/* Others fill the disk behind data that was accepted: it stays, and is stored when there is room;
 * what is removed meanwhile needs none. */
START_TEST(filled_by_others)
{
    store_on_demand();
    uint64_t size = fill("kept", 1 << 20, 12 << 20), more = fill("gone", 1 << 20, 12 << 20);
    ck_assert_uint_eq(more, 12 << 20);
    limit(0);
    ck_assert_int_eq(sync_file("kept"), -L_ENOSPC);
    ck_assert_int_eq(vfs_unlink(root, &top, "gone"), 0);
    ck_assert_int_eq(vfs_mkdir(root, &top, "none", 0755), -L_ENOSPC);
    expect_filled("kept", size);
    limit(40 << 20);
    ck_assert_int_eq(sync_file("kept"), 0);
    remount();
    ck_assert_int_eq(walk("gone"), -L_ENOENT);
    expect_filled("kept", size);
}
END_TEST

/* What cannot be stored at the end is told. */
START_TEST(lost_at_the_end)
{
    put("safe", "safe");
    ck_assert_int_eq(super_sync(top.dentry->inode->super), 0);
    store_on_demand();
    ck_assert_int_eq(vfs_mkdir(root, &top, "folder", 0755), 0);
    fill("folder/lost", 1 << 20, 12 << 20);
    limit(0);
    struct path path = top;
    int error = imagefs_shutdown(message, sizeof(message));
    ck_assert_int_eq(error, -L_ENOSPC);
    ck_assert_msg(strstr(message, "disk is full"), "%s", message);
    ck_assert_msg(strstr(message, "/folder/lost"), "%s", message);
    mount_remove(path, true);
    path_put(path);
    expect_clean(image);
    mount_image(image);
    expect("safe", "safe");
    ck_assert_int_eq(walk("folder"), -L_ENOENT);
}
END_TEST

/* Somebody looks for attributes while the first one is set: it is there afterwards. */
#define RACES 3000

struct race {
    struct inode *inode[RACES];
    struct host_mutex lock;
    struct host_cond changed;
    int turn, done;
};

static void ask_for_attributes(void *arg)
{
    struct race *race = arg;
    char list[100];
    for (int i = 0; i < RACES; i++) {
        host_mutex_lock(&race->lock);
        while (race->turn < i)
            host_cond_wait(&race->changed, &race->lock, HOST_FOREVER);
        host_mutex_unlock(&race->lock);
        race->inode[i]->ops->listxattr(race->inode[i], list, sizeof(list));
        host_mutex_lock(&race->lock);
        race->done = i + 1;
        host_cond_broadcast(&race->changed);
        host_mutex_unlock(&race->lock);
    }
}

START_TEST(attributes_race)
{
    static struct race race = {
        .lock = HOST_MUTEX_INIT(RANK_TEST), .changed = HOST_COND_INIT, .turn = -1};
    char name[20];
    for (int i = 0; i < RACES; i++) {
        snprintf(name, sizeof(name), "f%d", i);
        put(name, "");
    }
    remount();
    for (int i = 0; i < RACES; i++) {
        struct path path;
        snprintf(name, sizeof(name), "f%d", i);
        ck_assert_int_eq(vfs_walk(root, &top, name, 0, &path), 0);
        race.inode[i] = inode_get(path.dentry->inode);
        path_put(path);
    }
    ck_assert_int_eq(host_thread_start(ask_for_attributes, &race), 0);
    for (int i = 0; i < RACES; i++) {
        struct inode *inode = race.inode[i];
        host_mutex_lock(&race.lock);
        race.turn = i;
        host_cond_broadcast(&race.changed);
        host_mutex_unlock(&race.lock);
        host_mutex_lock(&inode->lock);
        ck_assert_int_eq(inode->ops->setxattr(inode, "user.a", "1", 1, 0), 0);
        host_mutex_unlock(&inode->lock);
        host_mutex_lock(&race.lock);
        while (race.done < i + 1)
            host_cond_wait(&race.changed, &race.lock, HOST_FOREVER);
        host_mutex_unlock(&race.lock);
        ck_assert_int_eq(inode->ops->getxattr(inode, "user.a", name, sizeof(name)), 1);
        inode_put(inode);
    }
}
END_TEST

/* A file is cut while nothing of it is handed over; a commit then must not have a size without the
 * data, as a crash would leave zeros. */
START_TEST(cut_before_data)
{
    char data[3000], stored[sizeof(data)];
    struct path path;
    struct store_inode row;
    memset(data, 'x', sizeof(data));
    struct file *file = open_file("file", L_O_WRONLY | L_O_CREAT);
    ck_assert_int_eq(vfs_walk(root, &top, "file", 0, &path), 0);
    struct inode *inode = path.dentry->inode;
    struct store *store = image_of(inode)->store;
    ck_assert_int_eq(file_write(file, data, sizeof(data), NULL), sizeof(data));
    struct attr attr = {.valid = ATTR_SIZE, .size = sizeof(data) / 2};
    host_mutex_lock(&inode->lock);
    ck_assert_int_eq(inode->ops->setattr(inode, &attr), 0);
    host_mutex_unlock(&inode->lock);
    ck_assert_int_eq(store_commit(store), 0);
    ck_assert_int_eq(store_get_inode(store, inode->ino, &row), 0);
    ck_assert_uint_le(row.size, sizeof(data) / 2);
    ck_assert_int_eq(store_get_chunk(store, inode->ino, 0, stored, (size_t)row.size), 0);
    ck_assert_int_eq(memcmp(data, stored, (size_t)row.size), 0);
    path_put(path);
    file_put(file);
    remount();
    ck_assert_uint_eq(stat_of("file").size, sizeof(data) / 2);
}
END_TEST

/* Who writes to a file whose last user is just leaving it. */
static struct {
    struct inode *inode;
    struct host_mutex lock;
    struct host_cond changed;
    bool done;
} late = {.lock = HOST_MUTEX_INIT(RANK_TEST), .changed = HOST_COND_INIT};

static void write_text(struct inode *inode, const char *text)
{
    host_mutex_lock(&inode->lock);
    ck_assert_int_eq(pagecache_write(inode, text, strlen(text), 0), (int)strlen(text));
    inode_touch_modified(inode);
    host_mutex_unlock(&inode->lock);
}

static void write_late(void *arg)
{
    struct inode *inode = inode_find(late.inode->super, late.inode->ino);
    (void)arg;
    write_text(inode, "new");
    inode_put(inode);
    host_mutex_lock(&late.lock);
    late.done = true;
    host_cond_broadcast(&late.changed);
    host_mutex_unlock(&late.lock);
}

static int write_block_slowly(struct inode *inode, uint64_t index, const void *data, size_t length)
{
    if (!late.inode) {
        late.inode = inode;
        ck_assert_int_eq(host_thread_start(write_late, NULL), 0);
        host_mutex_lock(&late.lock);
        while (!late.done)
            host_cond_wait(&late.changed, &late.lock, HOST_FOREVER);
        host_mutex_unlock(&late.lock);
    }
    return imagefs_ops.write_block(inode, index, data, length);
}

START_TEST(written_while_leaving)
{
    int error;
    put("file", "0");
    uint64_t ino = stat_of("file").ino;
    remount();
    struct inode_ops slow = imagefs_ops;
    slow.write_block = write_block_slowly;
    struct inode *inode = node_inode(image_of(top.dentry->inode), ino, &error);
    ck_assert_ptr_nonnull(inode);
    inode->ops = &slow;
    write_text(inode, "old");
    inode_put(inode);
    ck_assert_ptr_nonnull(late.inode);
    expect("file", "new");
    remount();
    expect("file", "new");
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("imagefs");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, files_stay);
    tcase_add_test(tcase, attributes);
    tcase_add_test(tcase, links);
    tcase_add_test(tcase, directories);
    tcase_add_test(tcase, rename_over);
    tcase_add_test(tcase, unlink_while_open);
    tcase_add_test(tcase, sizes);
    tcase_add_test(tcase, crash);
    tcase_add_test(tcase, many_files);
    tcase_add_test(tcase, large_file);
    tcase_add_test(tcase, extended_attributes);
    tcase_add_test(tcase, attributes_race);
    tcase_add_test(tcase, cut_before_data);
    tcase_add_test(tcase, written_while_leaving);
    tcase_add_test(tcase, disk_full);
    tcase_add_test(tcase, memory_full);
    tcase_add_test(tcase, room_again);
    tcase_add_test(tcase, filled_by_others);
    tcase_add_test(tcase, lost_at_the_end);
    return unit_run("imagefs", tcase);
}
