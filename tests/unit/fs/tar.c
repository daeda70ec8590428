/* Tar archives: what they hold arrives, and what is wrong with one is said. */
#include "archive.h"

/* Mount it so that names can be looked at. */
static void mount_here(struct vfs_caller *c, struct superblock *super)
{
    struct path path;
    ck_assert_int_eq(vfs_mkdir(c, NULL, "m", 0755), 0);
    ck_assert_int_eq(vfs_walk(c, NULL, "m", 0, &path), 0);
    ck_assert_int_eq(mount_add(super, &path, 0, NULL), 0);
    path_put(path);
}

START_TEST(everything)
{
    struct vfs_caller *c = fresh("/everything");
    char message[256], text[16];
    struct superblock *super;
    struct kstat st, other;
    static const char long_name[] =
        "long/" /* over a hundred bytes */
        "0123456789012345678901234567890123456789012345678901234567890123456789"
        "0123456789012345678901234567890123456789";
    used = 0;
    member("./", '5', 0755, NULL, "", 0);
    member("./dir/", '5', 01777, NULL, "", 0);
    member("./dir/file", '0', 04755, NULL, "hello", 5);
    member("dir/hard", '1', 0644, "./dir/file", "", 0);
    member("dir/soft", '2', 0777, "../dir/file", "", 0);
    member("dev/null", '3', 0666, NULL, "", 0);
    member("fifo", '6', 0600, NULL, "", 0);
    member("././@LongLink", 'L', 0, NULL, long_name, sizeof(long_name));
    member("cut", '0', 0644, NULL, "long", 4);
    member("pax", 'x', 0, NULL, "22 path=pax/\xc3\xa9toile.x\n20 mtime=1234567.25\n", 42);
    member("ignored", '0', 0644, NULL, "pax", 3);
    member("pax", 'x', 0, NULL, "30 mtime=99999999999999999999\n", 30);
    member("late", '0', 0644, NULL, "", 0);
    memset(archive + used, 0, 1024);
    used += 1024;
    ck_assert_int_eq(unpack(&super, message, sizeof(message)), 0);
    mount_here(c, super);
    assert_text(c, "m/dir/file", "hello");
    assert_text(c, "m/dir/hard", "hello");
    assert_text(c, "m/dir/soft", "hello");
    ck_assert_int_eq(stat_of(c, "m/dir/file", &st), 0);
    ck_assert_int_eq(stat_of(c, "m/dir/hard", &other), 0);
    ck_assert_uint_eq(st.ino, other.ino);
    ck_assert_uint_eq(st.mode, L_S_IFREG | 04755);
    ck_assert_uint_eq(st.uid, 3);
    ck_assert_uint_eq(st.gid, 4);
    ck_assert_int_eq(st.mtime, 1000000000ll * 1000000000);
    ck_assert_int_eq(stat_of(c, "m/dir", &st), 0);
    ck_assert_uint_eq(st.mode, L_S_IFDIR | 01777);
    ck_assert_int_eq(st.mtime, 1000000000ll * 1000000000);
    ck_assert_int_eq(stat_of(c, "m/dev/null", &st), 0);
    ck_assert_uint_eq(st.mode, L_S_IFCHR | 0666);
    ck_assert_uint_eq(st.rdev, l_makedev(1, 3));
    ck_assert_int_eq(stat_of(c, "m/fifo", &st), 0);
    ck_assert_uint_eq(st.mode, L_S_IFIFO | 0600);
    snprintf(message, sizeof(message), "m/%s", long_name);
    assert_text(c, message, "long");
    assert_text(c, "m/pax/\xc3\xa9toile.x", "pax");
    ck_assert_int_eq(stat_of(c, "m/pax/\xc3\xa9toile.x", &st), 0);
    ck_assert_int_eq(st.mtime, 1234567250000000ll);
    ck_assert_int_eq(stat_of(c, "m/late", &st), 0);
    ck_assert_int_eq(st.mtime, (INT64_MAX / 1000000000 - 1) * 1000000000);
    (void)text;
}
END_TEST

START_TEST(broken)
{
    char message[256];
    struct superblock *super;
    fresh("/broken");
    used = 0;
    member("file", '0', 0644, NULL, "hello", 5);
    ck_assert_int_ne(unpack(&super, message, sizeof(message)), 0);
    ck_assert_ptr_nonnull(strstr(message, "end mark"));
    used = 0;
    memset(archive, 'x', 2048);
    used = 2048;
    ck_assert_int_ne(unpack(&super, message, sizeof(message)), 0);
    ck_assert_ptr_nonnull(strstr(message, "not a tar archive"));
    used = 0;
    member("../../escape", '0', 0644, NULL, "x", 1);
    ck_assert_int_ne(unpack(&super, message, sizeof(message)), 0);
    ck_assert_ptr_nonnull(strstr(message, "leads out"));
    used = 0;
    uint8_t *header = member("file", '0', 0644, NULL, "hello", 5);
    header[20] ^= 1;
    ck_assert_int_ne(unpack(&super, message, sizeof(message)), 0);
    used = 0;
    header = member("big", '0', 0644, NULL, "hello", 5);
    octal(header + 124, 12, 1 << 30);
    seal(header);
    ck_assert_int_ne(unpack(&super, message, sizeof(message)), 0);
    ck_assert_ptr_nonnull(strstr(message, "middle of a file"));
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("tar");
    tcase_add_test(tcase, everything);
    tcase_add_test(tcase, broken);
    return unit_run("tar", tcase);
}
