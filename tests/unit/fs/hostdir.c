/* A directory of the host as a file system: what one side does, the other sees. */
#include "fixture.h"
#include "runtime/abi/mman.h"
#include "runtime/host/file.h"
#include "runtime/memory/shared_block.h"

#define HOST_DIR "unit-fs-hostdir"

static void host_put(const char *path, const char *text)
{
    struct host_file *file;
    ck_assert_int_eq(
        host_file_open(path, HOST_FILE_WRITE | HOST_FILE_CREATE | HOST_FILE_TRUNCATE, 0644, &file),
        0);
    ck_assert_int_eq(host_file_write(file, text, strlen(text), 0), (int64_t)strlen(text));
    host_file_close(file);
}

static void host_check(const char *path, const char *text)
{
    struct host_file *file;
    char buffer[256];
    ck_assert_int_eq(host_file_open(path, HOST_FILE_READ, 0, &file), 0);
    int64_t got = host_file_read(file, buffer, sizeof(buffer) - 1, 0);
    ck_assert_int_ge(got, 0);
    buffer[got < 0 ? 0 : got] = 0;
    host_file_close(file);
    ck_assert_str_eq(buffer, text);
}

/* Leftovers of a run that was broken off. */
static void host_remove_tree(const char *path)
{
    struct host_dir *dir;
    struct host_dirent entry;
    char below[2048];
    if (host_dir_open(path, &dir))
        return;
    while (host_dir_next(dir, &entry) > 0) {
        snprintf(below, sizeof(below), "%s/%s", path, entry.name);
        if (host_path_unlink(below))
            host_remove_tree(below);
    }
    host_dir_close(dir);
    host_path_rmdir(path);
}

static struct vfs_caller *with_mount(const char *name)
{
    char message[256];
    host_remove_tree(HOST_DIR);
    ck_assert_int_eq(host_path_mkdir(HOST_DIR, 0755), 0);
    struct vfs_caller *c = fresh(name);
    snprintf(message, sizeof(message), "%s/host", name);
    char where[64];
    strcpy(where, message);
    ck_assert_int_eq(fs_mount_host(HOST_DIR, where, message, sizeof(message)), 0);
    return c;
}

START_TEST(both_sides)
{
    struct vfs_caller *c = with_mount("/both");
    struct kstat st;
    struct file *file;
    put_file(c, "host/a", "from the guest");
    host_check(HOST_DIR "/a", "from the guest");
    host_put(HOST_DIR "/b", "from the host");
    assert_text(c, "host/b", "from the host");
    host_put(HOST_DIR "/b", "changed");
    assert_text(c, "host/b", "changed");
    ck_assert_int_eq(stat_of(c, "host/c", &st), -L_ENOENT);
    host_put(HOST_DIR "/c", "new");
    ck_assert_int_eq(stat_of(c, "host/c", &st), 0);
    ck_assert_int_eq(host_path_unlink(HOST_DIR "/c"), 0);
    ck_assert_int_eq(stat_of(c, "host/c", &st), -L_ENOENT);
    ck_assert_int_eq(vfs_mkdir(c, NULL, "host/d", 0755), 0);
    ck_assert_int_eq(vfs_rename(c, NULL, "host/a", NULL, "host/d/e", 0), 0);
    host_check(HOST_DIR "/d/e", "from the guest");
    ck_assert_int_eq(vfs_rmdir(c, NULL, "host/d"), -L_ENOTEMPTY);
    ck_assert_int_eq(vfs_rename(c, NULL, "host/d", NULL, "host/f", 0), 0);
    assert_text(c, "host/f/e", "from the guest");
    ck_assert_int_eq(vfs_open(c, NULL, "host/f/e", L_O_RDWR | L_O_APPEND, 0, 0, &file), 0);
    host_put(HOST_DIR "/f/e", "cut");
    ck_assert_int_eq(file_write(file, "+end", 4, NULL), 4);
    ck_assert_int_eq(file_seek(file, 0, L_SEEK_END), 7);
    host_check(HOST_DIR "/f/e", "cut+end");
    ck_assert_int_eq(file_truncate(file, 2), 0);
    host_check(HOST_DIR "/f/e", "cu");
    file_put(file);
    host_remove_tree(HOST_DIR);
}
END_TEST

START_TEST(open_and_gone)
{
    struct vfs_caller *c = with_mount("/gone");
    struct file *file;
    struct kstat st;
    char text[16] = "";
    put_file(c, "host/a", "kept");
    put_file(c, "host/b", "other");
    ck_assert_int_eq(vfs_open(c, NULL, "host/a", L_O_RDWR, 0, 0, &file), 0);
    ck_assert_int_eq(vfs_unlink(c, NULL, "host/a"), 0);
    ck_assert_int_eq(stat_of(c, "host/a", &st), -L_ENOENT);
    /* The name is free at once. */
    put_file(c, "host/a", "again");
    ck_assert_int_eq(file_read(file, text, sizeof(text), NULL), 4);
    ck_assert_str_eq(text, "kept");
    ck_assert_int_eq(vfs_stat(file->path, &st), 0);
    ck_assert_uint_eq(st.nlink, 0);
    file_put(file);
    assert_text(c, "host/a", "again");
    /* Rename over an open file. */
    ck_assert_int_eq(vfs_open(c, NULL, "host/a", L_O_RDONLY, 0, 0, &file), 0);
    ck_assert_int_eq(vfs_rename(c, NULL, "host/b", NULL, "host/a", 0), 0);
    assert_text(c, "host/a", "other");
    ck_assert_int_eq(file_read(file, text, sizeof(text), NULL), 5);
    ck_assert_int_eq(memcmp(text, "again", 5), 0);
    file_put(file);
    host_remove_tree(HOST_DIR);
}
END_TEST

START_TEST(mapped)
{
    struct vfs_caller *c = with_mount("/mapped");
    struct file *file;
    struct mapping *mapping;
    struct block *block;
    uint64_t offset = 0;
    put_file(c, "host/m", "0123456789");
    ck_assert_int_eq(vfs_open(c, NULL, "host/m", L_O_RDWR, 0, 0, &file), 0);
    ck_assert_int_eq(file_mmap(file, L_PROT_READ | L_PROT_WRITE, true, &mapping, &offset), 0);
    ck_assert_int_eq(mapping->ops->block(mapping, 0, true, &block), 0);
    ck_assert_int_eq(memcmp(block->data, "0123456789", 11), 0);
    ck_assert_int_eq(mapping->ops->store(mapping, 0), 0);
    block->data[0] = 'X';
    uint64_t pos = 5;
    ck_assert_int_eq(file_write(file, "Y", 1, &pos), 1);
    ck_assert_uint_eq(block->data[5], 'Y');
    ck_assert_int_eq(mapping->ops->sync(mapping, 0, 10), 0);
    host_check(HOST_DIR "/m", "X1234Y6789");
    file_put(file);
    ck_assert_int_eq(mapping->ops->store(mapping, 0), 0);
    block->data[9] = 'Z';
    block_put(block);
    mapping_put(mapping);
    super_sync_all();
    host_check(HOST_DIR "/m", "X1234Y678Z");
    host_remove_tree(HOST_DIR);
}
END_TEST

struct names {
    struct file *dir;
    char first[16];
    unsigned count, most;
};

static bool note(void *arg, const char *name, size_t length, uint64_t ino, uint32_t type,
                 uint64_t cookie)
{
    struct names *n = arg;
    (void)ino;
    (void)type;
    if (n->count == n->most)
        return false;
    if (!n->count++)
        snprintf(n->first, sizeof(n->first), "%.*s", (int)length, name);
    n->dir->pos = cookie;
    return true;
}

/* What is read from a position on: at most so many names. */
static struct names names_at(struct file *dir, uint64_t pos, unsigned most)
{
    struct names n = {.dir = dir, .most = most};
    ck_assert_int_eq(file_seek(dir, (int64_t)pos, L_SEEK_SET), (int64_t)pos);
    ck_assert_int_eq(dir->ops->readdir(dir, note, &n), 0);
    return n;
}

/* What guests remove ahead of a position is not met any more, and positions stay. */
START_TEST(removing)
{
    enum { FILES = 100 };
    struct vfs_caller *c = with_mount("/removing");
    char name[32];
    uint64_t positions[FILES];
    struct names all[FILES];
    struct file *dir;
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "host/%d", i);
        put_file(c, name, "");
    }
    ck_assert_int_eq(vfs_open(c, NULL, "host", L_O_RDONLY, 0, 0, &dir), 0);
    uint64_t pos = names_at(dir, 0, 2).dir->pos;
    for (int i = 0; i < FILES; i++) {
        positions[i] = pos;
        all[i] = names_at(dir, pos, 1);
        ck_assert_uint_eq(all[i].count, 1);
        pos = dir->pos;
    }
    ck_assert_uint_eq(names_at(dir, pos, 1).count, 0);
    for (int i = 20; i < 40; i++) {
        snprintf(name, sizeof(name), "host/%s", all[i].first);
        ck_assert_int_eq(vfs_unlink(c, NULL, name), 0);
    }
    snprintf(name, sizeof(name), "host/%s", all[40].first);
    ck_assert_int_eq(vfs_rename(c, NULL, name, NULL, "host/moved", 0), 0);
    struct names next = names_at(dir, positions[20], FILES);
    ck_assert_str_eq(next.first, all[41].first);
    ck_assert_uint_eq(next.count, FILES - 41);
    ck_assert_str_eq(names_at(dir, positions[19], 1).first, all[19].first);
    ck_assert_str_eq(names_at(dir, positions[60], 1).first, all[60].first);
    ck_assert_uint_eq(names_at(dir, 0, FILES).count, FILES - 20 + 2);
    ck_assert_int_eq(file_seek(dir, INT64_MAX, L_SEEK_SET), INT64_MAX);
    ck_assert_int_eq(file_seek(dir, INT64_MAX, L_SEEK_CUR), -L_EINVAL);
    file_put(dir);
    host_remove_tree(HOST_DIR);
}
END_TEST

/* The host gives the numbers of what is gone to what is new; guests may have many of the former. */
START_TEST(numbers)
{
    enum { GONE = 40 };
    struct vfs_caller *c = with_mount("/numbers");
    struct path files[GONE], dirs[GONE];
    for (int i = 0; i < GONE; i++) {
        put_file(c, "host/a", "x");
        ck_assert_int_eq(vfs_walk(c, NULL, "host/a", 0, &files[i]), 0);
        ck_assert_int_eq(vfs_unlink(c, NULL, "host/a"), 0);
        ck_assert_int_eq(vfs_mkdir(c, NULL, "host/d", 0755), 0);
        ck_assert_int_eq(vfs_walk(c, NULL, "host/d", 0, &dirs[i]), 0);
        ck_assert_int_eq(vfs_rmdir(c, NULL, "host/d"), 0);
    }
    for (int i = 0; i < GONE; i++) {
        path_put(files[i]);
        path_put(dirs[i]);
    }
    host_remove_tree(HOST_DIR);
}
END_TEST

/* What is left of files that were removed while they were open is not seen, and in nobody's way. */
START_TEST(leftovers)
{
    struct vfs_caller *c = with_mount("/leftovers");
    ck_assert_int_eq(vfs_mkdir(c, NULL, "host/a", 0755), 0);
    ck_assert_int_eq(vfs_mkdir(c, NULL, "host/b", 0755), 0);
    ck_assert_int_eq(vfs_mkdir(c, NULL, "host/c", 0755), 0);
    host_put(HOST_DIR "/a/.foreland-0123456789abcdef.deleted", "x");
    host_put(HOST_DIR "/b/.foreland-0123456789abcdef.deleted", "x");
    put_file(c, "host/c/seen", "x");
    ck_assert_int_eq(vfs_rmdir(c, NULL, "host/a"), 0);
    ck_assert_int_eq(vfs_rename(c, NULL, "host/c", NULL, "host/b", 0), 0);
    ck_assert_int_eq(vfs_rmdir(c, NULL, "host/b"), -L_ENOTEMPTY);
    assert_text(c, "host/b/seen", "x");
    host_remove_tree(HOST_DIR);
}
END_TEST

static bool is_known(struct superblock *super, uint64_t number)
{
    struct inode *inode = inode_find(super, number);
    if (inode)
        inode_put(inode);
    return inode != NULL;
}

/* Names that were looked for in vain keep no directory, neither before it is removed nor after. */
START_TEST(looked_for)
{
    struct vfs_caller *c = with_mount("/looked");
    struct kstat st;
    struct path removed, replaced;
    ck_assert_int_eq(vfs_mkdir(c, NULL, "host/removed", 0755), 0);
    ck_assert_int_eq(vfs_mkdir(c, NULL, "host/replaced", 0755), 0);
    ck_assert_int_eq(vfs_mkdir(c, NULL, "host/other", 0755), 0);
    ck_assert_int_eq(stat_of(c, "host/removed/a", &st), -L_ENOENT);
    ck_assert_int_eq(stat_of(c, "host/replaced/a", &st), -L_ENOENT);
    ck_assert_int_eq(vfs_walk(c, NULL, "host/removed", 0, &removed), 0);
    ck_assert_int_eq(vfs_walk(c, NULL, "host/replaced", 0, &replaced), 0);
    ck_assert_int_eq(vfs_rmdir(c, NULL, "host/removed"), 0);
    ck_assert_int_eq(vfs_rename(c, NULL, "host/other", NULL, "host/replaced", 0), 0);
    struct path none;
    ck_assert_int_eq(vfs_walk(c, &removed, "b", 0, &none), -L_ENOENT);
    ck_assert_int_eq(vfs_walk(c, &replaced, "b", 0, &none), -L_ENOENT);
    struct superblock *super = removed.dentry->super;
    uint64_t one = removed.dentry->inode->ino, other = replaced.dentry->inode->ino;
    ck_assert(is_known(super, one) && is_known(super, other));
    super_get(super);
    path_put(removed);
    path_put(replaced);
    ck_assert(!is_known(super, one) && !is_known(super, other));
    super_put(super);
    host_remove_tree(HOST_DIR);
}
END_TEST

START_TEST(letters)
{
    struct vfs_caller *c = with_mount("/letters");
    struct kstat st;
    put_file(c, "host/Name", "x");
    int other = stat_of(c, "host/nAME", &st);
    ck_assert_int_eq(other, host_names_fold() ? 0 : -L_ENOENT);
    ck_assert_int_eq(vfs_rename(c, NULL, "host/Name", NULL, "host/NAME", 0), 0);
    assert_text(c, "host/NAME", "x");
    if (host_names_fold()) {
        ck_assert_int_eq(open_status(c, "host/nul", L_O_WRONLY | L_O_CREAT), -L_EINVAL);
        ck_assert_int_eq(open_status(c, "host/a:b", L_O_WRONLY | L_O_CREAT), -L_EINVAL);
        ck_assert_int_eq(open_status(c, "host/a?", L_O_RDONLY), -L_ENOENT);
    }
    host_remove_tree(HOST_DIR);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("hostdir");
    tcase_add_test(tcase, both_sides);
    tcase_add_test(tcase, open_and_gone);
    tcase_add_test(tcase, mapped);
    tcase_add_test(tcase, removing);
    tcase_add_test(tcase, numbers);
    tcase_add_test(tcase, looked_for);
    tcase_add_test(tcase, leftovers);
    tcase_add_test(tcase, letters);
    return unit_run("hostdir", tcase);
}
