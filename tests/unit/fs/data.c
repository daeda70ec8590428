/* Contents of files: the page cache, holes, sizes, positions, directories, descriptors. */
#include "fixture.h"
#include "runtime/abi/mman.h"
#include "runtime/fs/tmpfs/memfd.h"
#include "runtime/fs/vfs/fdtable.h"
#include "runtime/memory/shared_block.h"

static struct file *open_file(struct vfs_caller *c, const char *name, uint32_t flags)
{
    struct file *file;
    ck_assert_int_eq(vfs_open(c, NULL, name, flags, 0644, 0, &file), 0);
    return file;
}

static uint8_t pattern(uint64_t at)
{
    return (uint8_t)(at * 7 + (at >> 9));
}

static void write_pattern(struct file *file, uint64_t pos, size_t n)
{
    uint8_t *buffer = malloc(n);
    for (size_t i = 0; i < n; i++)
        buffer[i] = pattern(pos + i);
    ck_assert_int_eq(file_write(file, buffer, n, &pos), (int64_t)n);
    free(buffer);
}

/* [pos, pos + n) holds the pattern, or zeros. */
static void check(struct file *file, uint64_t pos, size_t n, bool zeros)
{
    uint8_t *buffer = malloc(n);
    uint64_t at = pos;
    ck_assert_int_eq(file_read(file, buffer, n, &at), (int64_t)n);
    for (size_t i = 0; i < n; i++)
        ck_assert_uint_eq(buffer[i], zeros ? 0 : pattern(pos + i));
    free(buffer);
}

START_TEST(pieces)
{
    struct vfs_caller *c = fresh("/pieces");
    struct file *file = open_file(c, "file", L_O_RDWR | L_O_CREAT);
    static const size_t sizes[] = {1, 511, 512, 4096, 5000, 16384, 20000, 65536, 200000};
    uint64_t pos = 0;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        write_pattern(file, pos, sizes[i]);
        pos += sizes[i];
        check(file, 0, pos, false);
    }
    ck_assert_uint_eq(file->inode->size, pos);
    ck_assert_int_eq(file_read(file, &(char){0}, 1, &pos), 0);
    file_put(file);
}
END_TEST

START_TEST(holes)
{
    struct vfs_caller *c = fresh("/holes");
    struct file *file = open_file(c, "file", L_O_RDWR | L_O_CREAT);
    uint64_t far = (uint64_t)5 << 30;
    struct kstat st;
    write_pattern(file, far, 1000);
    check(file, 0, 70000, true);
    check(file, far - 100, 100, true);
    check(file, far, 1000, false);
    ck_assert_int_eq(stat_of(c, "file", &st), 0);
    ck_assert_uint_eq(st.size, far + 1000);
    ck_assert_uint_lt(st.blocks, 1024);
    ck_assert_int_eq(file_seek(file, 0, L_SEEK_DATA), (int64_t)(far & ~(uint64_t)65535));
    ck_assert_int_eq(file_seek(file, 0, L_SEEK_HOLE), 0);
    ck_assert_int_eq(file_seek(file, (int64_t)far, L_SEEK_HOLE), (int64_t)far + 1000);
    ck_assert_int_eq(file_seek(file, (int64_t)far + 1000, L_SEEK_DATA), -L_ENXIO);
    ck_assert_int_eq(file_seek(file, -1, L_SEEK_SET), -L_EINVAL);
    ck_assert_int_eq(file_seek(file, -10, L_SEEK_END), (int64_t)far + 990);
    uint64_t too_far = file->inode->super->max_size;
    ck_assert_int_eq(file_write(file, "x", 1, &too_far), -L_EFBIG);
    file_put(file);
}
END_TEST

START_TEST(truncation)
{
    struct vfs_caller *c = fresh("/truncation");
    struct file *file = open_file(c, "file", L_O_RDWR | L_O_CREAT);
    write_pattern(file, 0, 150000);
    ck_assert_int_eq(file_truncate(file, 70000), 0);
    ck_assert_int_eq(file_truncate(file, 150000), 0);
    check(file, 0, 70000, false);
    check(file, 70000, 80000, true);
    ck_assert_int_eq(file_truncate(file, 10), 0);
    write_pattern(file, 20, 10);
    check(file, 0, 10, false);
    check(file, 10, 10, true);
    check(file, 20, 10, false);
    /* Punching keeps the size. */
    write_pattern(file, 0, 200000);
    ck_assert_int_eq(
        file->ops->fallocate(file, L_FALLOC_FL_PUNCH_HOLE | L_FALLOC_FL_KEEP_SIZE, 1000, 140000),
        0);
    check(file, 0, 1000, false);
    check(file, 1000, 140000, true);
    check(file, 141000, 59000, false);
    ck_assert_int_eq(file->ops->fallocate(file, 0, 0, 300000), 0);
    ck_assert_uint_eq(file->inode->size, 300000);
    check(file, 200000, 100000, true);
    file_put(file);
}
END_TEST

static uint64_t blocks_of(struct file *file)
{
    struct kstat st;
    ck_assert_int_eq(vfs_stat(file->path, &st), 0);
    return st.blocks;
}

static void allocate(struct file *file, int mode, uint64_t start, uint64_t length)
{
    ck_assert_int_eq(file->ops->fallocate(file, mode, start, length), 0);
}

/* What is allocated beyond the end goes by holes and by truncation. */
START_TEST(beyond_the_end)
{
    struct vfs_caller *c = fresh("/beyond");
    struct file *file = open_file(c, "file", L_O_RDWR | L_O_CREAT);
    const int keep = L_FALLOC_FL_KEEP_SIZE, hole = keep | L_FALLOC_FL_PUNCH_HOLE;
    allocate(file, keep, 0, 1 << 18);
    ck_assert_uint_eq(file->inode->size, 0);
    ck_assert_uint_eq(blocks_of(file), 512);
    allocate(file, hole, 1 << 17, 1 << 17);
    ck_assert_uint_eq(blocks_of(file), 256);
    ck_assert_int_eq(file_truncate(file, 0), 0);
    ck_assert_uint_eq(blocks_of(file), 0);
    allocate(file, 0, 0, 1 << 17);
    allocate(file, keep, 0, 1 << 18);
    allocate(file, hole, 0, 1 << 19);
    ck_assert_uint_eq(blocks_of(file), 0);
    ck_assert_uint_eq(file->inode->size, 1 << 17);
    check(file, 0, 1 << 17, true);
    ck_assert_int_eq(file_write(file, "x", 1, NULL), 1);
    ck_assert_int_eq(file_truncate(file, 1), 0);
    allocate(file, hole, 0, 4096);
    ck_assert_uint_eq(blocks_of(file), 0);
    file_put(file);
}
END_TEST

START_TEST(appending)
{
    struct vfs_caller *c = fresh("/appending");
    struct file *a = open_file(c, "file", L_O_WRONLY | L_O_CREAT | L_O_APPEND);
    struct file *b = open_file(c, "file", L_O_WRONLY);
    uint64_t zero = 0;
    ck_assert_int_eq(file_write(b, "1234", 4, NULL), 4);
    ck_assert_int_eq(file_write(a, "56", 2, NULL), 2);
    ck_assert_uint_eq(a->pos, 6);
    ck_assert_int_eq(file_write(a, "78", 2, &zero), 2);
    ck_assert_int_eq(file_write(b, "x", 1, NULL), 1);
    assert_text(c, "file", "1234x678");
    file_put(a);
    file_put(b);
}
END_TEST

/* What a mapping shows is what read and write see. */
START_TEST(blocks)
{
    struct vfs_caller *c = fresh("/blocks");
    struct file *file = open_file(c, "file", L_O_RDWR | L_O_CREAT);
    struct mapping *mapping;
    struct block *block, *again;
    uint64_t offset = 0;
    write_pattern(file, 0, 5000);
    ck_assert_int_eq(file_mmap(file, L_PROT_READ | L_PROT_WRITE, true, &mapping, &offset), 0);
    ck_assert_uint_eq(atomic_load(&mapping->size), 5000);
    ck_assert_int_eq(mapping->ops->block(mapping, 1, false, &block), 0);
    ck_assert_ptr_null(block);
    ck_assert_int_eq(mapping->ops->block(mapping, 0, true, &block), 0);
    ck_assert_uint_eq(block->data[4999], pattern(4999));
    ck_assert_uint_eq(block->data[5000], 0);
    block->data[17] = 0x5a;
    uint8_t byte;
    uint64_t pos = 17;
    ck_assert_int_eq(file_read(file, &byte, 1, &pos), 1);
    ck_assert_uint_eq(byte, 0x5a);
    pos = 18;
    ck_assert_int_eq(file_write(file, "!", 1, &pos), 1);
    ck_assert_uint_eq(block->data[18], '!');
    uint64_t generation = atomic_load(&mapping->generation);
    write_pattern(file, 60000, 100000);
    ck_assert_uint_ne(atomic_load(&mapping->generation), generation);
    ck_assert_uint_eq(block->data[60000], pattern(60000));
    ck_assert_int_eq(mapping->ops->block(mapping, 0, true, &again), 0);
    ck_assert_ptr_eq(again, block);
    block_put(again);
    block_put(block);
    /* The mapping keeps the file when its name and descriptor are gone. */
    ck_assert_int_eq(vfs_unlink(c, NULL, "file"), 0);
    file_put(file);
    ck_assert_int_eq(mapping->ops->block(mapping, 0, true, &block), 0);
    ck_assert_uint_eq(block->data[17], 0x5a);
    block_put(block);
    char name[64];
    mapping->ops->name(mapping, name, sizeof(name));
    ck_assert_str_eq(name, "/blocks/file (deleted)");
    mapping_put(mapping);
    file = open_file(c, "ro", L_O_RDONLY | L_O_CREAT);
    ck_assert_int_eq(file_mmap(file, L_PROT_WRITE, true, &mapping, &offset), -L_EACCES);
    ck_assert_int_eq(file_mmap(file, L_PROT_WRITE, false, &mapping, &offset), 0);
    mapping_put(mapping);
    file_put(file);
}
END_TEST

struct names {
    char text[4096];
    size_t most;
    uint64_t cookie;
    size_t count;
};

static bool collect_name(void *arg, const char *name, size_t length, uint64_t ino, uint32_t type,
                         uint64_t cookie)
{
    struct names *names = arg;
    (void)ino;
    (void)type;
    if (names->count == names->most)
        return false;
    ck_assert_uint_gt(cookie, names->cookie);
    names->cookie = cookie;
    names->count++;
    strncat(names->text, name, length);
    strcat(names->text, " ");
    return true;
}

START_TEST(directories)
{
    struct vfs_caller *c = fresh("/directories");
    char name[16];
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "f%02d", i);
        put_file(c, name, "");
    }
    struct file *dir = open_file(c, ".", L_O_RDONLY | L_O_DIRECTORY);
    struct names names = {.most = 7};
    ck_assert_int_eq(dir->ops->readdir(dir, collect_name, &names), 0);
    ck_assert_str_eq(names.text, ". .. f00 f01 f02 f03 f04 ");
    dir->pos = names.cookie;
    /* Removing what was read and what is to come loses nothing else and repeats nothing. */
    ck_assert_int_eq(vfs_unlink(c, NULL, "f01"), 0);
    ck_assert_int_eq(vfs_unlink(c, NULL, "f05"), 0);
    put_file(c, "late", "");
    names.text[0] = 0;
    names.most = 100;
    ck_assert_int_eq(dir->ops->readdir(dir, collect_name, &names), 0);
    ck_assert_str_eq(names.text, "f06 f07 f08 f09 f10 f11 f12 f13 f14 f15 f16 f17 f18 f19 late ");
    file_put(dir);
}
END_TEST

START_TEST(descriptors)
{
    struct vfs_caller *c = fresh("/descriptors");
    struct files *files = files_new();
    for (int i = 0; i < 200; i++)
        ck_assert_int_eq(
            files_install(files, open_file(c, "f", L_O_RDWR | L_O_CREAT), 0, i % 2, 200), i);
    ck_assert_int_eq(files_install(files, open_file(c, "f", L_O_RDONLY), 0, false, 200), -L_EMFILE);
    ck_assert_int_eq(files_close(files, 7), 0);
    ck_assert_int_eq(files_close(files, 7), -L_EBADF);
    ck_assert_int_eq(files_close(files, -1), -L_EBADF);
    ck_assert_int_eq(files_install(files, open_file(c, "f", L_O_RDONLY), 3, false, 200), 7);
    ck_assert_int_eq(files_get_flags(files, 7), 0);
    ck_assert_int_eq(files_get_flags(files, 9), L_FD_CLOEXEC);
    struct files *copy = files_copy(files);
    files_close_on_exec(copy);
    ck_assert_int_eq(files_get_flags(copy, 9), -L_EBADF);
    ck_assert_int_eq(files_next(copy, 9), 10);
    files_close_range(copy, 0, UINT32_MAX, false);
    ck_assert_int_eq(files_next(copy, 0), -1);
    files_put(copy);
    ck_assert_int_eq(files_replace(files, 500, open_file(c, "f", L_O_RDONLY), false, 1024), 500);
    ck_assert_int_eq(files_replace(files, 1024, open_file(c, "f", L_O_RDONLY), false, 1024),
                     -L_EBADF);
    files_put(files);
}
END_TEST

START_TEST(sealing)
{
    root_caller();
    struct file *file = memfd_create_file("x", L_MFD_ALLOW_SEALING);
    uint64_t zero = 0;
    ck_assert_int_eq(memfd_get_seals(file), 0);
    ck_assert_int_eq(file_write(file, "hello", 5, &zero), 5);
    ck_assert_int_eq(memfd_add_seals(file, L_F_SEAL_SHRINK), 0);
    ck_assert_int_eq(file_truncate(file, 3), -L_EPERM);
    ck_assert_int_eq(file_truncate(file, 8), 0);
    ck_assert_int_eq(memfd_add_seals(file, L_F_SEAL_GROW | L_F_SEAL_SEAL), 0);
    ck_assert_int_eq(file_truncate(file, 9), -L_EPERM);
    ck_assert_int_eq(memfd_add_seals(file, L_F_SEAL_WRITE), -L_EPERM);
    file_put(file);
    file = memfd_create_file("y", 0);
    ck_assert_int_eq(memfd_get_seals(file), L_F_SEAL_SEAL);
    file_put(file);
}
END_TEST

START_TEST(attributes)
{
    struct vfs_caller *c = fresh("/attributes");
    struct kstat st;
    struct path path;
    put_file(c, "file", "x");
    ck_assert_int_eq(vfs_walk(c, NULL, "file", 0, &path), 0);
    ck_assert_int_eq(vfs_chmod(c, path, 06755), 0);
    ck_assert_int_eq(stat_of(c, "file", &st), 0);
    ck_assert_uint_eq(st.mode, L_S_IFREG | 06755);
    ck_assert_int_eq(vfs_chown(c, path, 5, UINT32_MAX), 0);
    ck_assert_int_eq(stat_of(c, "file", &st), 0);
    ck_assert_uint_eq(st.mode, L_S_IFREG | 0755);
    ck_assert_uint_eq(st.uid, 5);
    ck_assert_uint_eq(st.gid, 0);
    fs_time a = 1234567890123456789, m = -5;
    ck_assert_int_eq(vfs_utimes(c, path, &a, &m, false), 0);
    ck_assert_int_eq(stat_of(c, "file", &st), 0);
    ck_assert_int_eq(st.atime, a);
    ck_assert_int_eq(st.mtime, m);
    ck_assert_int_gt(st.ctime, st.atime);
    /* A write takes the set-ID bits away, unless the writer may keep them. */
    ck_assert_int_eq(vfs_chmod(c, path, 06755), 0);
    put_file(c, "file", "y");
    ck_assert_int_eq(stat_of(c, "file", &st), 0);
    ck_assert_uint_eq(st.mode, L_S_IFREG | 06755);
    struct inode *inode = path.dentry->inode;
    host_mutex_lock(&inode->lock);
    inode_strip_privileges(inode, false);
    host_mutex_unlock(&inode->lock);
    path_put(path);
    ck_assert_int_eq(stat_of(c, "file", &st), 0);
    ck_assert_uint_eq(st.mode, L_S_IFREG | 0755);
    char value[16];
    ck_assert_int_eq(vfs_walk(c, NULL, "file", 0, &path), 0);
    inode = path.dentry->inode;
    ck_assert_int_eq(inode->ops->getxattr(inode, "user.a", value, sizeof(value)), -L_ENODATA);
    ck_assert_int_eq(inode->ops->setxattr(inode, "user.a", "123", 3, L_XATTR_REPLACE), -L_ENODATA);
    ck_assert_int_eq(inode->ops->setxattr(inode, "user.a", "123", 3, L_XATTR_CREATE), 0);
    ck_assert_int_eq(inode->ops->setxattr(inode, "user.a", "123", 3, L_XATTR_CREATE), -L_EEXIST);
    ck_assert_int_eq(inode->ops->getxattr(inode, "user.a", value, 2), -L_ERANGE);
    ck_assert_int_eq(inode->ops->getxattr(inode, "user.a", value, 0), 3);
    ck_assert_int_eq(inode->ops->listxattr(inode, value, sizeof(value)), 7);
    ck_assert_str_eq(value, "user.a");
    ck_assert_int_eq(inode->ops->setxattr(inode, "odd.a", "1", 1, 0), -L_EOPNOTSUPP);
    path_put(path);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("data");
    tcase_add_test(tcase, pieces);
    tcase_add_test(tcase, holes);
    tcase_add_test(tcase, truncation);
    tcase_add_test(tcase, beyond_the_end);
    tcase_add_test(tcase, appending);
    tcase_add_test(tcase, blocks);
    tcase_add_test(tcase, directories);
    tcase_add_test(tcase, descriptors);
    tcase_add_test(tcase, sealing);
    tcase_add_test(tcase, attributes);
    return unit_run("data", tcase);
}
