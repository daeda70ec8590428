/*
 * Images that were damaged or made to harm. What is read from one is either what was stored in it
 * or an error, never something else.
 *
 *   image_attack flips [COUNT [SEED]]   a bit, a sector, a page or the end of the file is changed
 *   image_attack around [COUNT [SEED]]  damaged files are removed or written anew, others changed
 *   image_attack rescue [COUNT [SEED]]  damaged images are copied
 *   image_attack repair [COUNT [SEED]]  damaged images are repaired
 *   image_attack rows                   rows and tables that no image has, with good checksums
 *   image_attack same ONE OTHER         whether two images hold the same
 *   image_attack old IMAGE MEGABYTES    makes an image of the older format
 *   image_attack sql IMAGE TEXT         changes an image, checksums included
 */
#include "runtime/abi/fcntl.h"
#include "runtime/abi/stat.h"
#include "runtime/fs/imagefs/imagefs.h"
#include "runtime/fs/path/path.h"
#include "runtime/fs/store/store_sql.h"
#include "runtime/fs/vfs/dentry.h"
#include "runtime/host/env.h"
#include "runtime/host/file.h"
#include "runtime/host/log.h"
#include "runtime/kernel/boot/mounts.h"
#include "tests/image/victim.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int flips(int count, uint64_t seed)
{
    static struct content wanted, got;
    static const char image[] = "attack.img", work[] = "attack-work.img";
    const struct store_watch watch = {.report = attack_ignore};
    uint64_t state = seed;
    size_t length;
    int refused = 0, errors = 0, same = 0, unseen = 0;
    victim_make(image);
    uint8_t *whole = attack_load(image, &length), *copy = malloc(length);
    if (content_read(image, false, &wanted) || wanted.errors || wanted.count < 160)
        attack_die("the image itself", wanted.errors);
    for (int i = 0; i < count; i++) {
        int kind = i % 10 < 6 ? FLIP : SECTOR + i % 10 - 6;
        uint64_t before = state;
        memcpy(copy, whole, length);
        size_t left = victim_damage(kind, copy, length, &state);
        attack_save(work, copy, left);
        int found = store_check(work, &watch, attack_message, sizeof(attack_message));
        int error = content_read(work, i % 3 == 0, &got);
        int wrong = error ? 0 : content_compare(&wanted, &got);
        if (error)
            refused++;
        else if (got.errors)
            errors++;
        else
            same++;
        /* Whatever a reader meets, the check finds; it also finds what nobody reads. */
        if (found == 0 && (error || got.errors))
            unseen++;
        if (wrong || (found == 0 && (error || got.errors)))
            printf("seed %llu, %s: wrong %d, check %d, error %d\n", (unsigned long long)before,
                   damage_kinds[kind], wrong, found, error);
        attack_bad += wrong != 0;
    }
    printf("%d attacks, seed %llu: %d refused, %d with errors, %d all right, %d wrong; %d met by "
           "readers but not by the check\n",
           count, (unsigned long long)seed, refused, errors, same, attack_bad, unseen);
    store_remove_files(image);
    store_remove_files(work);
    /* All damage is in pages that are used: little of it may be met by nobody. */
    return attack_bad || unseen || same > count / 10;
}

/* --- rows --- */

enum expected { REFUSED, ERRORS, HARMLESS };

static const struct {
    const char *sql;
    enum expected expected;
} attacks[] = {
    {"CREATE TRIGGER t AFTER INSERT ON inode BEGIN DELETE FROM chunk; END", REFUSED},
    {"CREATE VIEW v AS SELECT * FROM inode", REFUSED},
    {"CREATE INDEX i ON inode(mode)", REFUSED},
    {"CREATE TABLE t(a)", REFUSED},
    {"DROP TABLE xattr; CREATE VIEW xattr AS SELECT ino, name, randomblob(1000000000) value FROM "
     "name",
     REFUSED},
    {"ALTER TABLE inode ADD COLUMN more INTEGER", REFUSED},
    {"DROP INDEX orphan", REFUSED},
    {"UPDATE inode SET ino=34359738368 WHERE ino=9", REFUSED},
    {"UPDATE inode SET ino=9223372036854775807 WHERE ino=9", REFUSED},
    {"UPDATE inode SET ino=-7 WHERE ino=9", REFUSED},
    {"DELETE FROM inode WHERE ino=1", REFUSED},
    {"INSERT INTO chunk VALUES(-1, x'00')", HARMLESS},
    {"UPDATE inode SET mode=mode&4095 WHERE ino=9", ERRORS},
    {"UPDATE inode SET mode=mode|1048576 WHERE ino=9", ERRORS},
    {"UPDATE inode SET mode=-1 WHERE ino=9", ERRORS},
    {"UPDATE inode SET size=-1 WHERE ino=9", ERRORS},
    {"UPDATE inode SET size=17592186044417 WHERE ino=9", ERRORS},
    {"UPDATE inode SET size=9223372036854775807 WHERE ino=9", ERRORS},
    {"UPDATE inode SET nlink=-1 WHERE ino=9", ERRORS},
    {"UPDATE inode SET nlink=4294967296 WHERE ino=9", ERRORS},
    {"UPDATE inode SET nlink=1 WHERE ino=2", ERRORS},
    {"UPDATE inode SET uid=-1 WHERE ino=9", ERRORS},
    {"UPDATE inode SET gid=4294967296 WHERE ino=9", ERRORS},
    {"UPDATE inode SET blocks=-1 WHERE ino=9", ERRORS},
    {"UPDATE inode SET target=NULL WHERE target IS NOT NULL", ERRORS},
    {"UPDATE inode SET target=zeroblob(9) WHERE target IS NOT NULL", ERRORS},
    {"UPDATE inode SET size=5000, target=randomblob(5000) WHERE target IS NOT NULL", ERRORS},
    {"UPDATE name SET name=x'2e' WHERE ino=9", ERRORS},
    {"UPDATE name SET name=x'2e2e' WHERE ino=9", ERRORS},
    {"UPDATE name SET name=x'2f6574632f706173737764' WHERE ino=9", ERRORS},
    {"UPDATE name SET name=x'610062' WHERE ino=9", ERRORS},
    {"UPDATE name SET name=x'' WHERE ino=9", ERRORS},
    {"UPDATE name SET name=randomblob(1000000) WHERE ino=9", ERRORS},
    {"INSERT INTO name VALUES(2, x'6c6f6f70', 2)", ERRORS},
    {"INSERT INTO name VALUES(2, x'6c6f6f70', 1)", ERRORS},
    {"INSERT INTO name SELECT 2, x'6c6f6f70', ino FROM inode WHERE mode=16832 AND ino>2 LIMIT 1",
     ERRORS},
    {"INSERT INTO name VALUES(2, x'6e6f6e65', 4242)", HARMLESS},
    {"INSERT INTO name VALUES(9, x'6e6f6e65', 10)", HARMLESS},
    {"UPDATE chunk SET data=randomblob(70000) WHERE id>>28=20", ERRORS},
    {"UPDATE chunk SET data=randomblob(3) WHERE id>>28=20", ERRORS},
    {"UPDATE chunk SET data=x'' WHERE id>>28=20", ERRORS},
    {"UPDATE chunk SET data=zeroblob(100000000) WHERE id>>28=20", ERRORS},
    {"UPDATE chunk SET id=id+1 WHERE id>>28=20", HARMLESS},
    {"UPDATE chunk SET id=(id&268435455)|(21<<28)|1 WHERE id>>28=20", HARMLESS},
    {"UPDATE xattr SET value=randomblob(80000)", ERRORS},
    {"UPDATE xattr SET value=x''", ERRORS},
    {"UPDATE xattr SET name=zeroblob(300) WHERE name=x'757365722e736d616c6c'", ERRORS},
    {"PRAGMA user_version=2", REFUSED},
    {"PRAGMA user_version=4", REFUSED},
    {"PRAGMA user_version=-1", REFUSED},
    {"PRAGMA application_id=0", REFUSED},
};

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *handle;
    if (sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE, media_vfs(MEDIA_DISK)) ||
        sqlite3_exec(handle, "PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL) ||
        sqlite3_exec(handle, sql, NULL, NULL, NULL)) {
        printf("FAIL: %s: %s\n", sql, sqlite3_errmsg(handle));
        attack_bad++;
    }
    sqlite3_close(handle);
}

/* The same once more, with everything written to. */
static void write_everywhere(const char *path)
{
    int error;
    struct superblock *super =
        imagefs_new(path, true, NULL, &error, attack_message, sizeof(attack_message));
    if (!super)
        return;
    struct path top = {.mount = NULL};
    struct mount *mount;
    if (mount_add(super, NULL, 0, &mount) == 0) {
        top = (struct path){mount, dentry_get(mount->root)};
        struct vfs_caller *c = vfs_kernel_caller();
        static const char *const names[] = {"folder-0",         "folder-0/file-9",
                                            "folder-0/loop",    "folder-0/loop/loop",
                                            "folder-0/file-20", "folder-1"};
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            struct file *file;
            if (vfs_open(c, &top, names[i], 1, 0, 0, &file) == 0) {
                file_write(file, "text", 4, NULL);
                file_put(file);
            }
            vfs_unlink(c, &top, names[i]);
            vfs_rmdir(c, &top, names[i]);
            vfs_rename(c, &top, names[i], &top, "folder-3/moved", 0);
        }
        super_sync(super);
    }
    imagefs_shutdown(attack_message, sizeof(attack_message));
}

/* Repaired, it is an image like others, or it is left as it was. */
static int repair_hostile(const char *path, const struct store_watch *watch)
{
    static struct content got;
    static char kept[400];
    snprintf(kept, sizeof(kept), "%s-damaged", path);
    int lost = store_repair(path, watch, attack_message, sizeof(attack_message)), wrong = 0;
    if (lost >= 0)
        wrong = store_check(path, watch, attack_message, sizeof(attack_message)) != 0 ||
                content_read(path, true, &got) != 0 || got.errors;
    store_remove_files(kept);
    return wrong;
}

static int rows(void)
{
    static struct content wanted, got;
    static const char image[] = "rows.img", work[] = "rows-work.img";
    const struct store_watch watch = {.report = attack_ignore};
    size_t length;
    victim_make(image);
    uint8_t *whole = attack_load(image, &length);
    if (content_read(image, false, &wanted))
        attack_die("the image itself", 0);
    for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
        const char *sql = attacks[i].sql;
        attack_save(work, whole, length);
        run_sql(work, sql);
        int found = store_check(work, &watch, attack_message, sizeof(attack_message));
        int error = content_read(work, true, &got);
        enum expected what = error ? REFUSED : got.errors ? ERRORS : HARMLESS;
        if (what != attacks[i].expected || found == 0) {
            printf("FAIL: %s: outcome %d, wanted %d; check %d %s\n", sql, what, attacks[i].expected,
                   found, attack_message);
            attack_bad++;
        }
        write_everywhere(work);
        if (what != REFUSED && repair_hostile(work, &watch)) {
            printf("FAIL: %s: repaired with faults\n", sql);
            attack_bad++;
        }
    }
    store_remove_files(image);
    store_remove_files(work);
    printf("%d hostile images\n", (int)(sizeof(attacks) / sizeof(attacks[0])));
    return attack_bad;
}

/* --- formats --- */

static int same(const char *one, const char *other)
{
    static struct content a, b;
    int error = content_read(one, true, &a);
    if (!error)
        error = content_read(other, true, &b);
    if (error || a.errors || b.errors) {
        printf("FAIL: %s, %s: %d %s, %d and %d errors\n", one, other, error, attack_message,
               a.errors, b.errors);
        return 1;
    }
    return content_compare(&a, &b);
}

/* An image of the older format, with so many megabytes. */
static int old(const char *path, int megabytes)
{
    static char sql[2000];
    struct store *store;
    char made[400];
    snprintf(made, sizeof(made), "%s-made", path);
    victim_make(made);
    int error = store_open(made, false, NULL, &store, attack_message, sizeof(attack_message));
    for (int i = 0; i < megabytes && !error; i++) {
        struct store_batch *batch = store_batch_new();
        victim_put_file(batch, STORE_ROOT, 1000 + (uint64_t)i, 1 << 20);
        error = store_submit(store, batch, false);
    }
    int closed = error ? 0 : store_close(store);
    if (error || closed)
        attack_die(path, error);
    store_remove_files(path);
    snprintf(sql, sizeof(sql),
             "ATTACH '%s' AS made; PRAGMA page_size=8192; PRAGMA auto_vacuum=INCREMENTAL;"
             "PRAGMA application_id=%d; PRAGMA user_version=%d; BEGIN;",
             made, STORE_APPLICATION, STORE_FORMAT_BARE);
    sqlite3 *handle;
    error = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    sqlite3_stmt *statement;
    error = error ? error : sqlite3_exec(handle, sql, NULL, NULL, NULL);
    error = error ? error
                  : sqlite3_prepare_v2(handle, "SELECT sql FROM made.sqlite_schema ORDER BY rowid",
                                       -1, &statement, NULL);
    while (!error && sqlite3_step(statement) == SQLITE_ROW)
        error =
            sqlite3_exec(handle, (const char *)sqlite3_column_text(statement, 0), NULL, NULL, NULL);
    sqlite3_finalize(statement);
    error = error ? error
                  : sqlite3_exec(handle,
                                 "INSERT INTO inode SELECT * FROM made.inode;"
                                 "INSERT INTO name SELECT * FROM made.name;"
                                 "INSERT INTO chunk SELECT id, substr(data, 1, length(data) - 4) "
                                 "FROM made.chunk;"
                                 "INSERT INTO xattr SELECT ino, name, "
                                 "substr(value, 1, length(value) - 4) FROM made.xattr;"
                                 "COMMIT; DETACH made; PRAGMA journal_mode=WAL",
                                 NULL, NULL, NULL);
    if (error)
        printf("FAIL: %s\n", sqlite3_errmsg(handle));
    sqlite3_close(handle);
    store_remove_files(made);
    return error;
}

int main(int argc, char **argv)
{
    host_arguments(&argc, &argv);
    host_log_open("image_attack.log"); /* each damaged file has a line in it */
    const char *part = argc > 1 ? argv[1] : "";
    int status = 2;
    if (strcmp(part, "flips") == 0)
        status = flips(argc > 2 ? atoi(argv[2]) : 400, argc > 3 ? strtoull(argv[3], NULL, 10) : 1);
    else if (strcmp(part, "around") == 0)
        status = attack_around(argc > 2 ? atoi(argv[2]) : 100,
                               argc > 3 ? strtoull(argv[3], NULL, 10) : 1);
    else if (strcmp(part, "rescue") == 0)
        status = attack_rescue(argc > 2 ? atoi(argv[2]) : 100,
                               argc > 3 ? strtoull(argv[3], NULL, 10) : 1);
    else if (strcmp(part, "repair") == 0)
        status = attack_repair(argc > 2 ? atoi(argv[2]) : 12,
                               argc > 3 ? strtoull(argv[3], NULL, 10) : 1);
    else if (strcmp(part, "rows") == 0)
        status = rows();
    else if (strcmp(part, "same") == 0 && argc == 4)
        status = same(argv[2], argv[3]);
    else if (strcmp(part, "old") == 0 && argc == 4)
        status = old(argv[2], atoi(argv[3]));
    else if (strcmp(part, "sql") == 0 && argc == 4) {
        run_sql(argv[2], argv[3]);
        status = attack_bad;
    }
    fflush(stdout);
    host_exit(status ? 1 : 0);
}
