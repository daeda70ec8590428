/*
 * Hostile archives: whatever a tar file holds, unpacking it ends, with all of it or with a message,
 * writes nothing outside, and leaves a file system that is whole.
 *
 * ARCHIVES_ROUNDS (300) says how many random changes are tried, ARCHIVES_SEED (1) which.
 */
#include "archive.h"
#include "image.h"
#include "runtime/fs/imagefs/imagefs.h"

static const char image_name[] = "unit-fs-archives.img";

static char text[2 << 20];

static void pax(const char *record)
{
    member("pax", 'x', 0, NULL, record, strlen(record));
}

/* A record "LENGTH key=value\n" of the right length. */
static void pax_value(const char *key, const char *value)
{
    size_t rest = strlen(key) + strlen(value) + 3, length = rest + 1;
    char digits[24];
    while (snprintf(digits, sizeof(digits), "%zu", length) + rest != length)
        length++;
    snprintf(text, sizeof(text), "%zu %s=%s\n", length, key, value);
    member("pax", 'x', 0, NULL, text, strlen(text));
}

static void file(const char *name)
{
    member(name, '0', 0644, NULL, "hello", 5);
}

static void climbs(void)
{
    file("a/../../escaped");
}

static void climbs_by_link(void)
{
    file("a");
    member("b", '1', 0644, "../../a", "", 0);
}

static void climbs_by_pax(void)
{
    pax_value("path", "x/../../../escaped");
    file("a");
}

static void links_out(void)
{
    member("up", '2', 0777, "../../../../..", "", 0);
    member("top", '2', 0777, "/", "", 0);
    file("up/escaped");
    file("top/escaped");
    file("/absolute");
    member("up/hard", '1', 0644, "/absolute", "", 0);
}

static void link_loop(void)
{
    member("a", '2', 0777, "b", "", 0);
    member("b", '2', 0777, "a", "", 0);
    file("a/x");
}

static void link_to_itself(void)
{
    file("a");
    member("a", '1', 0644, "a", "", 0);
}

static void link_to_directory(void)
{
    member("d", '5', 0755, NULL, "", 0);
    member("a", '1', 0644, "d", "", 0);
}

static void used_twice(void)
{
    file("a");
    file("a");
    member("a", '2', 0777, "elsewhere", "", 0);
    member("a", '6', 0600, NULL, "", 0);
    file("a");
    member("d", '5', 0755, NULL, "", 0);
    member("d", '5', 0700, NULL, "", 0);
    member("l", '2', 0777, "d", "", 0);
    member("l", '5', 0755, NULL, "", 0);
    file("l/x");
}

static void file_over_directory(void)
{
    file("d/x");
    file("d");
}

static void directory_over_file(void)
{
    file("d");
    file("d/x");
}

static void size_of(const char *octal_size)
{
    uint8_t *header = member("big", '0', 0644, NULL, "hello", 5);
    memcpy(header + 124, octal_size, 12);
    seal(header);
}

static void size_largest_octal(void)
{
    size_of("77777777777");
}

static void size_base_256(void)
{
    size_of("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff");
}

static void size_base_256_too_large(void)
{
    size_of("\x80\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff");
}

static void size_negative(void)
{
    size_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff");
}

static void size_by_pax(void)
{
    pax_value("size", "18446744073709551615");
    file("a");
}

static void size_by_pax_negative(void)
{
    pax_value("size", "-512");
    file("a");
}

static void size_of_pax(void)
{
    uint8_t *header = member("pax", 'x', 0, NULL, "", 0);
    octal(header + 124, 12, (1 << 20) + 1);
    seal(header);
    file("a");
}

static void pax_length_0(void)
{
    pax("0 path=a\n");
    file("a");
}

static void pax_length_huge(void)
{
    pax("99999999999999999999999 path=a\n");
    file("a");
}

static void pax_length_negative(void)
{
    pax("-9 path=a\n");
    file("a");
}

static void pax_length_short(void)
{
    pax("4 path=a\n");
    file("a");
}

static void pax_without_equals(void)
{
    pax("7 path\n");
    file("a");
}

static void pax_without_end(void)
{
    member("pax", 'x', 0, NULL, "9 path=ab", 9);
    file("a");
}

static void pax_with_nul(void)
{
    member("pax", 'x', 0, NULL, "11 path=\0b\n", 11);
    file("a");
}

static void pax_long_path(void)
{
    static char path[5000];
    memset(path, 'a', sizeof(path) - 1);
    pax_value("path", path);
    file("a");
}

static void pax_long_name(void)
{
    static char path[300];
    memset(path, 'a', sizeof(path) - 1);
    pax_value("path", path);
    file("a");
}

static void pax_for_all(void)
{
    member("pax", 'g', 0, NULL, "9 path=z\n", 9);
    for (int i = 0; i < 100; i++)
        file("a");
}

static void pax_without_number(void)
{
    pax("path=a\n");
    file("a");
}

static void pax_many(void)
{
    for (int i = 0; i < 2000; i++)
        pax("9 path=a\n");
    file("a");
}

static void pax_many_records(void)
{
    for (size_t i = 0; i < 100000; i++)
        memcpy(text + i * 9, "9 path=a\n", 9);
    member("pax", 'x', 0, NULL, text, 900000);
    file("a");
}

static void long_name_without_end(void)
{
    memset(text, 'n', 600);
    member("long", 'L', 0, NULL, text, 512);
    file("a");
}

/* Each member has two thousand directories of its own. */
static void deep(void)
{
    for (int i = 0; i < 5; i++) {
        size_t at = (size_t)snprintf(text, sizeof(text), "%d", i);
        while (at < 4000) {
            text[at++] = '/';
            text[at++] = 'd';
        }
        text[at] = 0;
        member("long", 'L', 0, NULL, text, at + 1);
        file("a");
    }
}

static void nodes(void)
{
    member("mem", '3', 0666, NULL, "", 0);
    uint8_t *header = member("odd", '4', 0666, NULL, "", 0);
    memcpy(header + 329, "7777777\0007777777", 16);
    seal(header);
    member("fifo", '6', 0666, NULL, "", 0);
    member("with-data", '6', 0666, NULL, "data", 0);
}

static void names_empty(void)
{
    file("");
}

static void names_only_dots(void)
{
    file("././.");
}

static void root_replaced(void)
{
    member("/", '2', 0777, "elsewhere", "", 0);
}

static void kind_unknown(void)
{
    member("s", 'S', 0644, NULL, "", 0);
}

static void kind_high(void)
{
    member("s", (char)0xff, 0644, NULL, "", 0);
}

static void owners(void)
{
    uint8_t *header = member("a", '0', 07777, NULL, "x", 1);
    memset(header + 108, '7', 16);
    header[115] = header[123] = 0;
    seal(header);
    pax_value("uid", "4294967294");
    pax_value("mtime", "-99999999999999999999.999999999999");
    file("b");
}

static void owner_nobody(void)
{
    pax_value("uid", "4294967295");
    file("b");
}

static void owner_negative(void)
{
    pax_value("gid", "-1");
    file("b");
}

/* It would be root if it were cut to 32 bits. */
static void owner_cut(void)
{
    uint8_t *header = member("a", '0', 0644, NULL, "x", 1);
    memcpy(header + 108, "\x80\0\0\1\0\0\0\0", 8);
    seal(header);
}

/* What one global header says is taken back by the next. */
static void taken_back(void)
{
    member("pax", 'g', 0, NULL, "22 path=../../escaped\n", 22);
    member("pax", 'g', 0, NULL, "8 path=\n", 8);
    file("b");
}

/* Which is told where it fails. NULL: it is unpacked. */
static const struct {
    void (*make)(void);
    const char *told;
} cases[] = {
    {climbs, "leads out"},
    {climbs_by_link, "leads out"},
    {climbs_by_pax, "leads out"},
    {links_out, NULL},
    {link_loop, "directory in it"},
    {link_to_itself, "no target"},
    {link_to_directory, "cannot be made"},
    {used_twice, NULL},
    {file_over_directory, "used twice"},
    {directory_over_file, "directory in it"},
    {size_largest_octal, "middle of a file"},
    {size_base_256, "middle of a file"},
    {size_base_256_too_large, "not a tar archive"},
    {size_negative, "not a tar archive"},
    {size_by_pax, "extended header"},
    {size_by_pax_negative, "extended header"},
    {size_of_pax, "extended header"},
    {pax_length_0, "extended header"},
    {pax_length_huge, "extended header"},
    {pax_length_negative, "extended header"},
    {pax_length_short, "extended header"},
    {pax_without_equals, "extended header"},
    {pax_without_end, "extended header"},
    {pax_with_nul, "extended header"},
    {pax_long_path, "extended header"},
    {pax_long_name, "cannot be made"},
    {pax_for_all, NULL},
    {pax_without_number, "extended header"},
    {pax_many, NULL},
    {pax_many_records, NULL},
    {long_name_without_end, "cannot be made"},
    {deep, NULL},
    {nodes, NULL},
    {names_empty, "cannot be made"},
    {names_only_dots, "cannot be made"},
    {root_replaced, "cannot be made"},
    {kind_unknown, "not known"},
    {kind_high, "not known"},
    {owners, NULL},
    {owner_nobody, "extended header"},
    {owner_negative, "extended header"},
    {owner_cut, "not a tar archive"},
    {taken_back, NULL},
};

static void judge(size_t i, int error, const char *said)
{
    if (cases[i].told)
        ck_assert_msg(error < 0 && strstr(said, cases[i].told), "case %d: %d, %s", (int)i, error,
                      said);
    else
        ck_assert_msg(error == 0, "case %d: %d, %s", (int)i, error, said);
}

static void nothing_outside(struct vfs_caller *c)
{
    struct kstat st;
    static const char *const names[] = {"escaped", "/escaped", "/absolute", "/x", "/hard"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        ck_assert_int_eq(stat_of(c, names[i], &st), -L_ENOENT);
}

START_TEST(hostile)
{
    struct vfs_caller *c = fresh("/hostile");
    char said[300];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct superblock *super;
        used = 0;
        cases[i].make();
        finish_archive();
        judge(i, unpack(&super, said, sizeof(said)), said);
        super_put(super);
        nothing_outside(c);
    }
}
END_TEST

/* Some of them into an image, which is clean afterwards. */
START_TEST(hostile_to_image)
{
    static void (*const makers[])(void) = {links_out,          link_loop, used_twice,
                                           size_largest_octal, deep,      nodes};
    fresh("/hostile-image");
    for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
        int error;
        unlink_all(image_name);
        ck_assert_int_eq(store_create(image_name, message, sizeof(message)), 0);
        struct superblock *super =
            imagefs_new(image_name, false, NULL, &error, message, sizeof(message));
        ck_assert_ptr_nonnull(super);
        used = 0;
        makers[i]();
        finish_archive();
        unpack_into(super, message, sizeof(message));
        ck_assert_int_eq(super_sync(super), 0);
        imagefs_shutdown(message, sizeof(message));
        expect_clean(image_name);
    }
    unlink_all(image_name);
}
END_TEST

static void ordinary(void)
{
    used = 0;
    member("./", '5', 0755, NULL, "", 0);
    member("./dir/", '5', 01777, NULL, "", 0);
    file("./dir/file");
    member("dir/hard", '1', 0644, "./dir/file", "", 0);
    member("dir/soft", '2', 0777, "../dir/file", "", 0);
    member("null", '3', 0666, NULL, "", 0);
    member("fifo", '6', 0600, NULL, "", 0);
    member("././@LongLink", 'L', 0, NULL, "long/name/of/a/file", 20);
    file("cut");
    pax("16 path=pax/one\n");
    file("two");
    memset(text, 'x', 3000);
    member("large", '0', 0600, NULL, text, 3000);
    finish_archive();
}

/* Cut anywhere: a message, but where only the end mark's second half is missing. */
START_TEST(cut)
{
    fresh("/cut");
    ordinary();
    size_t whole = used;
    for (size_t length = 0; length < whole; length += length % 512 ? 512 - length % 512 : 77) {
        char said[300];
        struct superblock *super;
        used = length;
        int error = unpack(&super, said, sizeof(said));
        super_put(super);
        bool marked = length >= whole - 512;
        ck_assert_msg(marked ? error == 0 : error < 0 && said[0], "%d: %d %s", (int)length, error,
                      said);
    }
}
END_TEST

/* No byte of a header changes unnoticed. */
START_TEST(checksums)
{
    fresh("/checksums");
    for (size_t at = 0; at < 512; at++) {
        char said[300];
        struct superblock *super;
        used = 0;
        uint8_t *header = member("some/file", '0', 0644, NULL, "hello", 5);
        finish_archive();
        /* The checksum is read as far as its digits go. */
        if (at >= 154 && at < 156)
            continue;
        header[at] ^= 1;
        int error = unpack(&super, said, sizeof(said));
        super_put(super);
        ck_assert_msg(error < 0, "byte %d", (int)at);
    }
}
END_TEST

static uint64_t state;

static uint64_t some(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1du;
}

/* Changes bytes, preferably of headers, whose checksums are then mostly made right again. */
static void spoil(void)
{
    static const uint8_t values[] = {0, 1, ' ', '/', '.', '0', '7', '9', '-', 0x7f, 0x80, 0xff};
    static const char kinds[] = "01234567xgLKSD";
    for (unsigned n = 1 + some() % 8; n; n--) {
        size_t record = some() % (used / 512) * 512;
        uint8_t *header = archive + record;
        if (some() % 4 == 0)
            header[156] = (uint8_t)kinds[some() % (sizeof(kinds) - 1)];
        else
            header[some() % (some() % 2 ? 512 : 160)] = values[some() % sizeof(values)];
        if (some() % 8 && memcmp(header + 257, "ustar", 5) == 0)
            seal(header);
    }
    if (some() % 8 == 0)
        used = some() % used;
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *value = getenv(name);
    return value ? strtoull(value, NULL, 10) : otherwise;
}

START_TEST(spoiled)
{
    struct vfs_caller *c = fresh("/spoiled");
    uint64_t rounds = number_from("ARCHIVES_ROUNDS", 300), seed = number_from("ARCHIVES_SEED", 1);
    uint64_t unpacked = 0;
    for (uint64_t i = 0; i < rounds; i++) {
        char said[300];
        struct superblock *super;
        state = (seed + i) * 0x9e3779b97f4a7c15u + 1;
        ordinary();
        spoil();
        int error = unpack(&super, said, sizeof(said));
        super_put(super);
        ck_assert_msg(error == 0 || said[0], "seed %llu: no message",
                      (unsigned long long)(seed + i));
        unpacked += error == 0;
        nothing_outside(c);
    }
    printf("%llu archives, %llu of them unpacked\n", (unsigned long long)rounds,
           (unsigned long long)unpacked);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("archives");
    tcase_set_timeout(tcase, 0);
    tcase_add_test(tcase, hostile);
    tcase_add_test(tcase, hostile_to_image);
    tcase_add_test(tcase, cut);
    tcase_add_test(tcase, checksums);
    tcase_add_test(tcase, spoiled);
    return unit_run("archives", tcase);
}
