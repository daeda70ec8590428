/* The image store: what goes in comes out, also after a crash, a full disk, a second opener. */
#include "runtime/fs/store/store.h"
#include "runtime/abi/errno.h"
#include "runtime/abi/stat.h"
#include "runtime/fs/store/crc32c.h"
#include "runtime/fs/store/store_media.h"
#include "runtime/host/env.h"
#include "runtime/host/file.h"
#include "tests/unit/fs/image.h"
#include "tests/unit/run.h"
#include <check.h>
#include <stdio.h>
#include <string.h>

static const char image[] = "store-test.img";

static bool exists(const char *path)
{
    struct host_stat stat;
    return host_path_stat(path, &stat) == 0;
}

static struct store *open_image(void)
{
    struct store *store;
    int error = store_open(image, false, NULL, &store, message, sizeof(message));
    ck_assert_msg(error == 0, "%d %s", error, message);
    return store;
}

static struct store_inode inode_of(uint64_t ino, uint32_t mode, uint32_t nlink, uint64_t size)
{
    return (struct store_inode){.ino = ino,
                                .mode = mode,
                                .nlink = nlink,
                                .size = size,
                                .blocks = 24,
                                .uid = 1000,
                                .gid = 4000000000u,
                                .rdev = 0xfedcba9876543210u,
                                .atime = -5,
                                .mtime = 1700000000123456789,
                                .ctime = 3,
                                .btime = 4};
}

/* Bytes that say where they belong. */
static void pattern(uint8_t *data, size_t length, uint64_t seed)
{
    for (size_t i = 0; i < length; i++)
        data[i] = (uint8_t)((i * 31 + seed * 7) % 255 + 1);
}

static void put_file(struct store *store, uint64_t ino, const char *name, uint64_t size)
{
    static uint8_t data[STORE_CHUNK_SIZE];
    struct store_batch *batch = store_batch_new();
    struct store_inode inode = inode_of(ino, L_S_IFREG | 0644, 1, size);
    store_put_inode(batch, &inode);
    store_put_name(batch, STORE_ROOT, name, strlen(name), ino);
    for (uint64_t at = 0; at < size; at += STORE_CHUNK_SIZE) {
        size_t length = size - at < STORE_CHUNK_SIZE ? (size_t)(size - at) : STORE_CHUNK_SIZE;
        pattern(data, length, ino + at);
        store_put_chunk(batch, ino, at >> STORE_CHUNK_SHIFT, data, length);
    }
    ck_assert_int_eq(store_submit(store, batch, false), 0);
}

static void expect_file(struct store *store, uint64_t ino, uint64_t size)
{
    static uint8_t data[STORE_CHUNK_SIZE], wanted[STORE_CHUNK_SIZE];
    struct store_inode inode;
    ck_assert_int_eq(store_get_inode(store, ino, &inode), 0);
    ck_assert_uint_eq(inode.size, size);
    for (uint64_t at = 0; at < size; at += STORE_CHUNK_SIZE) {
        size_t length = size - at < STORE_CHUNK_SIZE ? (size_t)(size - at) : STORE_CHUNK_SIZE;
        pattern(wanted, length, ino + at);
        memset(wanted + length, 0, sizeof(wanted) - length);
        memset(data, 0xee, sizeof(data));
        ck_assert_int_eq(store_get_chunk(store, ino, at >> STORE_CHUNK_SHIFT, data, sizeof(data)),
                         0);
        ck_assert_mem_eq(data, wanted, sizeof(data));
    }
}

static void setup(void)
{
    unlink_all(image);
    unlink_all("store-copy.img");
    int error = store_create(image, message, sizeof(message));
    ck_assert_msg(error == 0, "%s", message);
}

static void teardown(void)
{
    unlink_all(image);
    unlink_all("store-copy.img");
}

START_TEST(create)
{
    ck_assert(!exists("store-test.img-wal"));
    ck_assert_int_eq(store_create(image, message, sizeof(message)), -L_EEXIST);
    ck_assert_str_eq(message, "store-test.img: exists already");
    expect_clean(image);
    struct store *store = open_image();
    struct store_inode root;
    ck_assert_uint_eq(store_next_ino(store), 2);
    ck_assert_int_eq(store_get_inode(store, STORE_ROOT, &root), 0);
    ck_assert_uint_eq(root.mode, L_S_IFDIR | 0755);
    ck_assert_uint_eq(root.nlink, 2);
    ck_assert_int_eq(store_get_inode(store, 2, &root), -L_ENOENT);
    ck_assert_int_eq(store_close(store), 0);
    ck_assert(!exists("store-test.img-wal"));
    ck_assert(!exists("store-test.img-owner"));
}
END_TEST

START_TEST(not_an_image)
{
    struct store *store;
    ck_assert_int_eq(store_open("store-none.img", false, NULL, &store, message, sizeof(message)),
                     -L_ENOENT);
    ck_assert_str_eq(message, "store-none.img: no such file");
    unlink_all(image);
    struct host_file *file;
    ck_assert_int_eq(host_file_open(image, HOST_FILE_WRITE | HOST_FILE_CREATE, 0644, &file), 0);
    ck_assert_int_eq(store_open(image, false, NULL, &store, message, sizeof(message)), -L_EINVAL);
    static char text[5000];
    memset(text, 'x', sizeof(text));
    host_file_write(file, text, sizeof(text), 0);
    host_file_close(file);
    ck_assert_int_eq(store_open(image, false, NULL, &store, message, sizeof(message)), -L_EINVAL);
    ck_assert_str_eq(message, "store-test.img: not a Foreland image");
}
END_TEST

START_TEST(attributes)
{
    struct store *store = open_image();
    struct store_inode inode = inode_of(2, L_S_IFCHR | 0600, 1, 0), got;
    struct store_batch *batch = store_batch_new();
    store_put_inode(batch, &inode);
    store_put_name(batch, STORE_ROOT, "dev", 3, 2);
    ck_assert_int_eq(store_submit(store, batch, false), 0);
    ck_assert_int_eq(store_get_inode(store, 2, &got), 0);
    ck_assert_mem_eq(&got, &inode, sizeof(got));
    inode.mtime = 77;
    batch = store_batch_new();
    store_put_inode(batch, &inode);
    ck_assert_int_eq(store_submit(store, batch, false), 0);
    ck_assert_int_eq(store_close(store), 0);
    store = open_image();
    ck_assert_uint_eq(store_next_ino(store), 3);
    ck_assert_int_eq(store_get_inode(store, 2, &got), 0);
    ck_assert_mem_eq(&got, &inode, sizeof(got));
    ck_assert_int_eq(store_close(store), 0);
    expect_clean(image);
}
END_TEST

static int list_names(void *arg, const struct store_entry *entry)
{
    char *text = arg;
    sprintf(text + strlen(text), "%s=%d", entry->name, (int)entry->inode.ino);
    if (entry->target)
        sprintf(text + strlen(text), ">%.*s", (int)entry->target_length, entry->target);
    strcat(text, " ");
    return 0;
}

START_TEST(names)
{
    struct store *store = open_image();
    char text[500] = "";
    put_file(store, 2, "b", 10);
    put_file(store, 3, "a", 10);
    struct store_inode link = inode_of(4, L_S_IFLNK | 0777, 1, 6);
    struct store_batch *batch = store_batch_new();
    store_put_inode(batch, &link);
    store_put_target(batch, 4, "target", 6);
    store_put_name(batch, STORE_ROOT, "l", 1, 4);
    store_put_inode(batch, &link);
    ck_assert_int_eq(store_submit(store, batch, false), 0);
    ck_assert_int_eq(store_read_dir(store, STORE_ROOT, list_names, text), 0);
    ck_assert_str_eq(text, "a=3 b=2 l=4>target ");
    ck_assert_int_eq(store_get_target(store, 4, text, 3), 3);
    ck_assert_mem_eq(text, "tar", 3);
    /* a takes b's name. */
    batch = store_batch_new();
    store_put_name(batch, STORE_ROOT, "b", 1, 3);
    store_remove_name(batch, STORE_ROOT, "a", 1);
    store_remove_inode(batch, 2);
    ck_assert_int_eq(store_submit(store, batch, false), 0);
    text[0] = 0;
    ck_assert_int_eq(store_read_dir(store, STORE_ROOT, list_names, text), 0);
    ck_assert_str_eq(text, "b=3 l=4>target ");
    ck_assert_int_eq(store_close(store), 0);
    expect_clean(image);
}
END_TEST

START_TEST(chunks)
{
    static uint8_t data[STORE_CHUNK_SIZE], zero[STORE_CHUNK_SIZE];
    struct store *store = open_image();
    uint64_t next;
    put_file(store, 2, "f", 200000);
    expect_file(store, 2, 200000);
    struct store_batch *batch = store_batch_new();
    struct store_inode inode = inode_of(2, L_S_IFREG | 0644, 1, 70000);
    store_cut(batch, 2, 70000);
    store_put_inode(batch, &inode);
    ck_assert_int_eq(store_submit(store, batch, false), 0);
    expect_file(store, 2, 70000);
    ck_assert_int_eq(store_get_chunk(store, 2, 2, data, sizeof(data)), 0);
    ck_assert_mem_eq(data, zero, sizeof(data));
    /* A hole in front, something far behind. */
    batch = store_batch_new();
    inode.size = STORE_SIZE_MAX;
    store_put_inode(batch, &inode);
    store_put_chunk(batch, 2, 0, zero, sizeof(zero));
    store_put_chunk(batch, 2, (STORE_SIZE_MAX >> STORE_CHUNK_SHIFT) - 1, "end", 3);
    ck_assert_int_eq(store_submit(store, batch, false), 0);
    ck_assert_int_eq(store_next_chunk(store, 2, 0, &next), 0);
    ck_assert_uint_eq(next, 1);
    ck_assert_int_eq(store_next_chunk(store, 2, 2, &next), 0);
    ck_assert_uint_eq(next, (STORE_SIZE_MAX >> STORE_CHUNK_SHIFT) - 1);
    ck_assert_int_eq(store_next_chunk(store, 3, 0, &next), -L_ENXIO);
    ck_assert_int_eq(store_get_chunk(store, 2, next, data, 5), 0);
    ck_assert_mem_eq(data, "end\0\0", 5);
    ck_assert_int_eq(store_close(store), 0);
    expect_clean(image);
}
END_TEST

START_TEST(extended_attributes)
{
    struct store *store = open_image();
    char text[100];
    struct store_batch *batch = store_batch_new();
    store_put_xattr(batch, STORE_ROOT, "user.b", "value", 5);
    store_put_xattr(batch, STORE_ROOT, "user.a", "", 0);
    ck_assert_int_eq(store_submit(store, batch, false), 0);
    ck_assert_int_eq(store_get_xattr(store, STORE_ROOT, "user.b", text, 100), 5);
    ck_assert_mem_eq(text, "value", 5);
    ck_assert_int_eq(store_get_xattr(store, STORE_ROOT, "user.b", text, 0), 5);
    ck_assert_int_eq(store_get_xattr(store, STORE_ROOT, "user.b", text, 4), -L_ERANGE);
    ck_assert_int_eq(store_get_xattr(store, STORE_ROOT, "user.c", text, 4), -L_ENODATA);
    ck_assert_int_eq(store_list_xattr(store, STORE_ROOT, text, 100), 14);
    ck_assert_mem_eq(text, "user.a\0user.b", 14);
    ck_assert_int_eq(store_list_xattr(store, STORE_ROOT, NULL, 0), 14);
    ck_assert_int_eq(store_list_xattr(store, STORE_ROOT, text, 13), -L_ERANGE);
    batch = store_batch_new();
    store_remove_xattr(batch, STORE_ROOT, "user.b");
    ck_assert_int_eq(store_submit(store, batch, false), 0);
    ck_assert_int_eq(store_list_xattr(store, STORE_ROOT, text, 100), 7);
    ck_assert_int_eq(store_close(store), 0);
    expect_clean(image);
}
END_TEST

START_TEST(second_opener)
{
    struct store *store = open_image(), *second;
    char wanted[200];
    ck_assert_int_eq(store_open(image, false, NULL, &second, message, sizeof(message)), -L_EBUSY);
    snprintf(wanted, sizeof(wanted), "%s: in use by process %llu", image,
             (unsigned long long)host_process_id());
    ck_assert_str_eq(message, wanted);
    ck_assert_int_eq(check_faults(image), -L_EBUSY);
    ck_assert_int_eq(store_copy(image, "store-copy.img", NULL, message, sizeof(message)), -L_EBUSY);
    put_file(store, 2, "still", 1000);
    ck_assert_int_eq(store_close(store), 0);
    expect_clean(image);
}
END_TEST

/* An inode without a name is gone at the next open. */
START_TEST(orphans)
{
    struct store *store = open_image();
    put_file(store, 2, "f", 100000);
    struct store_batch *batch = store_batch_new();
    struct store_inode inode = inode_of(2, L_S_IFREG | 0644, 0, 100000);
    store_put_inode(batch, &inode);
    store_remove_name(batch, STORE_ROOT, "f", 1);
    ck_assert_int_eq(store_submit(store, batch, false), 0);
    ck_assert_int_eq(store_close(store), 0);
    expect_clean(image);
    store = open_image();
    uint64_t next;
    ck_assert_int_eq(store_get_inode(store, 2, &inode), -L_ENOENT);
    ck_assert_int_eq(store_next_chunk(store, 2, 0, &next), -L_ENXIO);
    ck_assert_int_eq(store_close(store), 0);
    expect_clean(image);
}
END_TEST

/* What has not been committed is not in a copy of the files, what has been is. */
START_TEST(commit_is_durable)
{
    struct store *store = open_image();
    put_file(store, 2, "kept", 300000);
    ck_assert_int_eq(store_commit(store), 0);
    put_file(store, 3, "lost", 300000);
    struct store_inode inode;
    ck_assert_int_eq(store_get_inode(store, 3, &inode), 0); /* it has been applied */

    /* What a killed process would leave: the image and its log as they are now. */
    const char *const from[] = {"store-test.img", "store-test.img-wal"};
    const char *const to[] = {"store-copy.img", "store-copy.img-wal"};
    static uint8_t buffer[1 << 16];
    for (int i = 0; i < 2; i++) {
        struct host_file *source, *target;
        ck_assert_int_eq(host_file_open(from[i], HOST_FILE_READ, 0, &source), 0);
        ck_assert_int_eq(host_file_open(to[i], HOST_FILE_WRITE | HOST_FILE_CREATE, 0644, &target),
                         0);
        uint64_t at = 0;
        int64_t got;
        while ((got = host_file_read(source, buffer, sizeof(buffer), at)) > 0) {
            ck_assert_int_eq(host_file_write(target, buffer, (size_t)got, at), got);
            at += (uint64_t)got;
        }
        host_file_close(source);
        host_file_close(target);
    }
    ck_assert_int_eq(store_close(store), 0);
    ck_assert_int_eq(store_open("store-copy.img", false, NULL, &store, message, sizeof(message)),
                     0);
    expect_file(store, 2, 300000);
    ck_assert_int_eq(store_get_inode(store, 3, &inode), -L_ENOENT);
    ck_assert_int_eq(store_close(store), 0);
}
END_TEST

/* A full disk says so, loses nothing, and goes on when there is room again. */
START_TEST(full)
{
    struct store *store = open_image();
    put_file(store, 2, "before", 100000);
    ck_assert_int_eq(store_commit(store), 0);
    store_limit(store, 5 << 20); /* what the log keeps, and a little */
    put_file(store, 3, "small", 100000);
    put_file(store, 4, "large", 9000000);
    ck_assert_int_eq(store_commit(store), -L_ENOSPC);
    struct store_batch *batch = store_batch_new();
    struct store_inode inode = inode_of(5, L_S_IFREG | 0644, 1, 0);
    store_put_inode(batch, &inode);
    ck_assert_int_eq(store_submit(store, batch, false), -L_ENOSPC);
    expect_file(store, 2, 100000);
    ck_assert_int_eq(store_get_inode(store, 4, &inode), -L_ENOSPC);
    ck_assert_int_eq(store_commit(store), -L_ENOSPC);
    store_limit(store, 100 << 20);
    ck_assert_int_eq(store_commit(store), 0);
    expect_file(store, 3, 100000);
    expect_file(store, 4, 9000000);
    ck_assert_int_eq(store_close(store), 0);
    expect_clean(image);
}
END_TEST

/* The log does not grow with what is written. */
START_TEST(log_is_bounded)
{
    struct store *store = open_image();
    struct host_stat stat;
    uint64_t most = 0;
    for (int i = 0; i < 60; i++) {
        put_file(store, 2, "f", 2000000);
        ck_assert_int_eq(store_commit(store), 0);
        ck_assert_int_eq(host_path_stat("store-test.img-wal", &stat), 0);
        most = stat.size > most ? stat.size : most;
    }
    ck_assert_uint_lt(most, 80 << 20);
    ck_assert_int_eq(store_close(store), 0);
    ck_assert(!exists("store-test.img-wal"));
    expect_clean(image);
}
END_TEST

/* While an image is closed it keeps the room of the log, and gives it away when there is no other.
 */
START_TEST(room_while_closed)
{
    struct host_stat stat;
    struct store *store = open_image();
    put_file(store, 2, "f", 300000);
    ck_assert_int_eq(store_close(store), 0);
    ck_assert_int_eq(host_path_stat(image, &stat), 0);
    uint64_t closed = stat.size;
    ck_assert_uint_gt(closed, 300000 + (4 << 20));
    ck_assert(!exists("store-test.img-wal"));
    expect_clean(image);
    for (int i = 0; i < 3; i++) { /* not more each time */
        store = open_image();
        expect_file(store, 2, 300000);
        ck_assert_int_eq(store_close(store), 0);
        ck_assert_int_eq(host_path_stat(image, &stat), 0);
        ck_assert_uint_eq(stat.size, closed);
    }
    expect_clean(image);
}
END_TEST

START_TEST(copy)
{
    struct store *store = open_image();
    put_file(store, 2, "f", 300000);
    ck_assert_int_eq(store_close(store), 0);
    ck_assert_int_eq(store_copy(image, "store-copy.img", NULL, message, sizeof(message)), 0);
    ck_assert(!exists("store-copy.img-wal"));
    ck_assert_int_eq(store_copy(image, "store-copy.img", NULL, message, sizeof(message)),
                     -L_EEXIST);
    ck_assert_int_eq(store_open("store-copy.img", false, NULL, &store, message, sizeof(message)),
                     0);
    expect_file(store, 2, 300000);
    ck_assert_int_eq(store_close(store), 0);
}
END_TEST

/* Each kind of damage is found and named. */
START_TEST(check_finds)
{
    struct store *store = open_image();
    struct store_batch *batch = store_batch_new();
    struct store_inode inode = inode_of(2, L_S_IFREG | 0644, 2, 10);
    store_put_inode(batch, &inode);
    store_put_name(batch, STORE_ROOT, "two-links", 9, 2);
    store_put_chunk(batch, 2, 0, "01234567890123", 14);
    store_put_name(batch, STORE_ROOT, "nothing", 7, 99);
    inode = inode_of(3, L_S_IFDIR | 0755, 2, 0);
    store_put_inode(batch, &inode);
    store_put_name(batch, 3, "self", 4, 3);
    inode = inode_of(4, L_S_IFLNK | 0777, 1, 5);
    store_put_inode(batch, &inode);
    store_put_name(batch, STORE_ROOT, "link", 4, 4);
    store_put_chunk(batch, 50, 3, "x", 1);
    store_put_xattr(batch, 51, "user.x", "x", 1);
    ck_assert_int_eq(store_submit(store, batch, false), 0);
    ck_assert_int_eq(store_close(store), 0);
    ck_assert_int_ge(check_faults(image), 8);
    const char *const wanted[] = {
        "inode 2 counts 2 links and has 1 names",
        "name \"nothing\" in directory 1 leads to inode 99, which does not exist",
        "chunk 0 of inode 2: 14 bytes reach beyond the size 10",
        "inode 3 cannot be reached from the root",
        "symbolic link 4 leads nowhere",
        "chunk 3 of inode 50: no such inode",
        "extended attribute of inode 51: no such inode",
        "directory 3 counts 2 links and has 1 directories in it",
    };
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        ck_assert_msg(strstr(faults, wanted[i]), "not found: %s in\n%s", wanted[i], faults);
}
END_TEST

/* Bytes overwritten in the file itself. */
START_TEST(check_finds_corruption)
{
    struct store *store = open_image();
    for (uint64_t ino = 2; ino < 300; ino++) {
        char name[200];
        memset(name, 'n', 190);
        snprintf(name + 190, 10, "%d", (int)ino);
        put_file(store, ino, name, 3000);
    }
    ck_assert_int_eq(store_close(store), 0);
    struct host_file *file;
    struct host_stat stat;
    static uint8_t junk[20000];
    memset(junk, 0x5a, sizeof(junk));
    ck_assert_int_eq(host_path_stat(image, &stat), 0);
    ck_assert_int_eq(host_file_open(image, HOST_FILE_WRITE, 0, &file), 0);
    host_file_write(file, junk, sizeof(junk), stat.size / 2);
    host_file_close(file);
    ck_assert_int_gt(check_faults(image), 0);
}
END_TEST

/* Two whole pages of the file, each as it was written but in the other's place. */
START_TEST(check_finds_swapped_pages)
{
    static uint8_t pages[2][STORE_PAGE_SIZE];
    struct store *store = open_image();
    for (uint64_t ino = 2; ino < 12; ino++) {
        char name[20];
        snprintf(name, sizeof(name), "%d", (int)ino);
        put_file(store, ino, name, 3 * STORE_CHUNK_SIZE);
    }
    ck_assert_int_eq(store_close(store), 0);
    const uint64_t first = 30; /* the data of the files is there */
    struct host_file *file;
    ck_assert_int_eq(host_file_open(image, HOST_FILE_READ | HOST_FILE_WRITE, 0, &file), 0);
    ck_assert_int_eq(host_file_read(file, pages, sizeof(pages), first * STORE_PAGE_SIZE),
                     (int)sizeof(pages));
    ck_assert_mem_ne(pages[0], pages[1], STORE_PAGE_SIZE);
    host_file_write(file, pages[1], STORE_PAGE_SIZE, first * STORE_PAGE_SIZE);
    host_file_write(file, pages[0], STORE_PAGE_SIZE, (first + 1) * STORE_PAGE_SIZE);
    host_file_close(file);
    ck_assert_int_gt(check_faults(image), 0);
    for (uint64_t page = first + 1; page <= first + 2; page++) {
        char fault[60];
        snprintf(fault, sizeof(fault), "page %d is damaged\n", (int)page);
        ck_assert_msg(strstr(faults, fault), "no \"%s\" in %s", fault, faults);
    }
}
END_TEST

/* RFC 3720, B.4, and that both ways of reckoning agree at every length and alignment. */
START_TEST(checksums)
{
    static uint8_t data[20000];
    uint64_t state = 1;
    memset(data, 0, 32);
    ck_assert_uint_eq(crc32c(0, data, 32), 0x8a9136aa);
    ck_assert_uint_eq(crc32c(0, "123456789", 9), 0xe3069283);
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)((state = state * 6364136223846793005u + 1) >> 56);
    for (size_t length = 0; length < sizeof(data) - 8; length += 1 + length / 50) {
        uint32_t sum = crc32c(7, data + length % 8, length);
        ck_assert_uint_eq(sum, crc32c_plain(7, data + length % 8, length));
        ck_assert_uint_eq(sum, crc32c(crc32c(7, data + length % 8, length / 3),
                                      data + length % 8 + length / 3, length - length / 3));
    }
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("store");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, checksums);
    tcase_add_test(tcase, create);
    tcase_add_test(tcase, not_an_image);
    tcase_add_test(tcase, attributes);
    tcase_add_test(tcase, names);
    tcase_add_test(tcase, chunks);
    tcase_add_test(tcase, extended_attributes);
    tcase_add_test(tcase, second_opener);
    tcase_add_test(tcase, orphans);
    tcase_add_test(tcase, commit_is_durable);
    tcase_add_test(tcase, full);
    tcase_add_test(tcase, log_is_bounded);
    tcase_add_test(tcase, room_while_closed);
    tcase_add_test(tcase, copy);
    tcase_add_test(tcase, check_finds);
    tcase_add_test(tcase, check_finds_corruption);
    tcase_add_test(tcase, check_finds_swapped_pages);
    return unit_run("store", tcase);
}
