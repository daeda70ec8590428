/* Making, opening and closing an image file, and what is said when that fails. */
#include "runtime/abi/errno.h"
#include "runtime/abi/stat.h"
#include "runtime/fs/store/store_sql.h"
#include "runtime/host/env.h"
#include "runtime/host/file.h"
#include "runtime/host/time.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_KIB       "16384"    /* of pages that SQLite keeps */
#define LOG_BYTES_KEPT  "67108864" /* a longer log file is cut when it starts anew: 64 MiB */
#define FREE_PAGES_MOST 1024       /* that are kept at a close: 8 MiB */

const char store_schema[] =
    "CREATE TABLE inode(ino INTEGER PRIMARY KEY, mode INTEGER NOT NULL, nlink INTEGER NOT NULL,"
    " uid INTEGER NOT NULL, gid INTEGER NOT NULL, rdev INTEGER NOT NULL, size INTEGER NOT NULL,"
    " blocks INTEGER NOT NULL,"
    " atime INTEGER NOT NULL, mtime INTEGER NOT NULL, ctime INTEGER NOT NULL,"
    " btime INTEGER NOT NULL, target BLOB) STRICT;"
    "CREATE INDEX orphan ON inode(ino) WHERE nlink=0;"
    "CREATE TABLE name(dir INTEGER NOT NULL, name BLOB NOT NULL, ino INTEGER NOT NULL,"
    " PRIMARY KEY(dir, name)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE chunk(id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;"
    "CREATE TABLE xattr(ino INTEGER NOT NULL, name BLOB NOT NULL, value BLOB NOT NULL,"
    " PRIMARY KEY(ino, name)) STRICT, WITHOUT ROWID;";

static int say_of_store(char *message, size_t size, int error, const char *path, const char *text)
{
    snprintf(message, size, "%s: %s", path, text);
    return error;
}

/* --- the owner file --- */

static char *owner_path(const char *path)
{
    size_t size = strlen(path) + sizeof("-owner");
    char *owner = malloc(size);
    if (owner)
        snprintf(owner, size, "%s-owner", path);
    return owner;
}

void store_owner_write(const char *path)
{
    char *owner = owner_path(path), text[32];
    struct host_file *file;
    int length = snprintf(text, sizeof(text), "%llu\n", (unsigned long long)host_process_id());
    if (owner && host_file_open(owner, HOST_FILE_WRITE | HOST_FILE_CREATE | HOST_FILE_TRUNCATE,
                                0644, &file) == 0) {
        host_file_write(file, text, (size_t)length, 0);
        host_file_close(file);
    }
    free(owner);
}

void store_owner_remove(const char *path)
{
    char *owner = owner_path(path);
    if (owner)
        host_path_unlink(owner);
    free(owner);
}

uint64_t store_owner_read(const char *path)
{
    char *owner = owner_path(path), text[32] = "";
    struct host_file *file;
    if (owner && host_file_open(owner, HOST_FILE_READ, 0, &file) == 0) {
        int64_t length = host_file_read(file, text, sizeof(text) - 1, 0);
        text[length > 0 ? length : 0] = 0;
        host_file_close(file);
    }
    free(owner);
    return strtoull(text, NULL, 10);
}

/* --- opening --- */

static int in_use(const char *path, char *message, size_t size)
{
    unsigned long long owner = store_owner_read(path);
    if (owner)
        snprintf(message, size, "%s: in use by process %llu", path, owner);
    else
        snprintf(message, size, "%s: in use by another process", path);
    return -L_EBUSY;
}

static int cannot_write(const char *path, char *message, size_t size)
{
    snprintf(message, size,
             "%s: the image can only be read; make the file writable, copy it to a folder of "
             "yours, or start with --read-only, which keeps changes in memory",
             path);
    return -L_EROFS;
}

/* The log could not be made beside the image. What the host says to another file there tells why.
 */
static int cannot_make_log(const char *path, char *message, size_t size)
{
    struct host_file *file = NULL;
    char *owner = owner_path(path);
    int error =
        owner ? host_file_open(owner, HOST_FILE_WRITE | HOST_FILE_CREATE, 0644, &file) : -L_ENOMEM;
    free(owner);
    if (!error)
        host_file_close(file);
    if (error == -L_ENOSPC)
        return say_of_store(message, size, error, path, "the disk is full");
    snprintf(message, size,
             "%s: no file can be made beside the image (%s); move it to a folder of yours, or "
             "start with --read-only, which keeps changes in memory",
             path,
             error == -L_EROFS ? "the disk is read-only" : "the folder belongs to somebody else");
    return error ? error : -L_EACCES;
}

/* What went wrong on a connection, in words. */
static int failed(struct store_db *db, int error, const char *path, char *message, size_t size)
{
    switch (error) {
    case -L_EBUSY:
        return in_use(path, message, size);
    case -L_EINVAL:
        if (!media_first_is_damaged(db->handle))
            return say_of_store(message, size, error, path, "not a Foreland image");
        return say_of_store(message, size, -L_EUCLEAN, path, STORE_DAMAGED);
    case -L_EUCLEAN:
        return say_of_store(message, size, error, path, STORE_DAMAGED);
    case -L_EROFS:
        return sqlite3_db_readonly(db->handle, "main") == 1 ? cannot_write(path, message, size)
                                                            : cannot_make_log(path, message, size);
    case -L_ENOSPC:
        return say_of_store(message, size, error, path, "the disk is full");
    default:
        break;
    }
    if ((sqlite3_errcode(db->handle) & 0xff) == SQLITE_CANTOPEN)
        return cannot_make_log(path, message, size);
    snprintf(message, size, "%s: the image cannot be used: %s (error %d of the system)", path,
             sqlite3_errmsg(db->handle), sqlite3_system_errno(db->handle));
    return error;
}

static int log_hook(void *arg, sqlite3 *handle, const char *name, int pages)
{
    struct store_db *db = arg;
    (void)handle;
    (void)name;
    db->wal_pages = pages;
    return SQLITE_OK;
}

static int connect_to(struct store_db *db, const char *path, enum media media, char *message,
                      size_t size)
{
    const char *vfs = media_vfs(media);
    *db = (struct store_db){0};
    int result =
        vfs ? sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, vfs)
            : SQLITE_NOMEM;
    if (result == SQLITE_NOMEM || !db->handle)
        return say_of_store(message, size, -L_ENOMEM, path, "not enough memory");
    if (result != SQLITE_OK)
        return failed(db, store_errno(result), path, message, size);
    if (sqlite3_db_readonly(db->handle, "main") == 1)
        return cannot_write(path, message, size);
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    int error = store_db_run(db, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA temp_store=MEMORY;"
                                 "PRAGMA cache_size=-" CACHE_KIB "; PRAGMA foreign_keys=OFF;"
                                 "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;"
                                 /* A build may have it on: removing would take room. */
                                 "PRAGMA secure_delete=OFF");
    return error ? failed(db, error, path, message, size) : 0;
}

static void disconnect(struct store_db *db)
{
    sqlite3_close(db->handle);
    db->handle = NULL;
}

/* The log stays in memory-indexed exclusive mode, so no -shm file appears. */
static int use_log(struct store_db *db)
{
    int error =
        store_db_run(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                         "PRAGMA journal_size_limit=" LOG_BYTES_KEPT "; BEGIN IMMEDIATE; COMMIT");
    sqlite3_wal_autocheckpoint(db->handle, 0);
    sqlite3_wal_hook(db->handle, log_hook, db);
    return error;
}

static int check_header(struct store_db *db, const char *path, char *message, size_t size)
{
    int64_t application = 0, format = 0;
    int error = store_db_number(db, "PRAGMA application_id", &application);
    if (!error)
        error = store_db_number(db, "PRAGMA user_version", &format);
    if (error)
        return failed(db, error, path, message, size);
    if (application != STORE_APPLICATION)
        return failed(db, -L_EINVAL, path, message, size);
    db->sealed = format == STORE_FORMAT;
    db->replaced = format == STORE_FORMAT_REPLACED;
    if (!db->sealed && !db->replaced && format != STORE_FORMAT_BARE) {
        snprintf(message, size, "%s: image format %lld, this program knows %d", path,
                 (long long)format, STORE_FORMAT);
        return -L_EINVAL;
    }
    if (db->sealed != media_is_checked(db->handle))
        return failed(db, -L_EUCLEAN, path, message, size);
    return 0;
}

/* Whether a statement is one of those that make a new image. */
static bool is_ours(const char *sql)
{
    const char *at = sql ? strstr(store_schema, sql) : NULL;
    return at && *sql && (at == store_schema || at[-1] == ';') && at[strlen(sql)] == ';';
}

/* An image has the tables that a new one gets, to the letter and in any order, and nothing else: no
 * trigger, view or index of somebody else's runs here. */
static int check_schema(struct store_db *db, const char *path, char *message, size_t size)
{
    sqlite3_stmt *statement;
    int missing = 0, result;
    for (const char *at = store_schema; (at = strchr(at, ';')); at++)
        missing++;
    result = sqlite3_prepare_v2(db->handle, "SELECT sql FROM sqlite_schema", -1, &statement, NULL);
    if (result != SQLITE_OK)
        return failed(db, store_errno(result), path, message, size);
    while ((result = sqlite3_step(statement)) == SQLITE_ROW && missing >= 0)
        missing = is_ours((const char *)sqlite3_column_text(statement, 0)) ? missing - 1 : -1;
    sqlite3_finalize(statement);
    if (missing >= 0 && result != SQLITE_DONE)
        return failed(db, store_errno(result), path, message, size);
    if (missing != 0)
        return say_of_store(message, size, -L_EINVAL, path,
                            "not made by Foreland: it has other tables than an image has");
    return 0;
}

/* What a repair was interrupted at leaves no image under its name (store_repair.c). */
static int is_missing(const char *path, int error, char *message, size_t size)
{
    char name[STORE_PATH_MOST];
    struct host_stat stat;
    bool made = snprintf(name, sizeof(name), "%s-new", path) > 0 && !host_path_stat(name, &stat);
    bool kept =
        snprintf(name, sizeof(name), "%s-damaged", path) > 0 && !host_path_stat(name, &stat);
    if (!made || !kept)
        return say_of_store(message, size, error, path, "no such file");
    return say_of_store(message, size, -L_EUCLEAN, path,
                        "a repair of this image was interrupted; fore image repair completes it");
}

/* SQLite would make a missing file's error "unable to open database file". */
static int check_file(const char *path, char *message, size_t size)
{
    struct host_file *file;
    int error = host_file_open(path, HOST_FILE_READ, 0, &file);
    if (error == -L_ENOENT || error == -L_ENOTDIR)
        return is_missing(path, error, message, size);
    if (error == -L_EACCES || error == -L_EPERM)
        return say_of_store(message, size, error, path, "permission denied");
    if (error)
        return say_of_store(message, size, error, path, "cannot be opened");
    struct host_stat stat;
    error = host_file_fstat(file, &stat);
    host_file_close(file);
    if (error || (stat.mode & L_S_IFMT) != L_S_IFREG || stat.size == 0)
        return say_of_store(message, size, error ? error : -L_EINVAL, path, "not a Foreland image");
    return 0;
}

int store_db_open(struct store_db *db, const char *path, enum media media, char *message,
                  size_t size)
{
    int error = check_file(path, message, size);
    if (error)
        return error;
    error = connect_to(db, path, media, message, size);
    if (!error)
        error = check_header(db, path, message, size);
    if (!error)
        error = check_schema(db, path, message, size);
    if (!error) {
        error = use_log(db);
        if (error)
            failed(db, error, path, message, size);
    }
    if (error) {
        disconnect(db);
        return error;
    }
    db->owned = media == MEDIA_DISK;
    if (db->owned)
        store_owner_write(path);
    return 0;
}

static int make_root(struct store_db *db)
{
    int64_t now = (int64_t)host_clock_realtime_ns();
    struct store_op op = {.kind = OP_PUT_INODE,
                          .ino = STORE_ROOT,
                          .inode = {.ino = STORE_ROOT,
                                    .mode = L_S_IFDIR | 0755,
                                    .nlink = 2,
                                    .size = STORE_DIR_SIZE,
                                    .blocks = STORE_DIR_BLOCKS,
                                    .atime = now,
                                    .mtime = now,
                                    .ctime = now,
                                    .btime = now}};
    return store_db_apply(db, &op);
}

void store_format_pragmas(char *text, size_t size)
{
    snprintf(text, size,
             "PRAGMA page_size=%d; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA application_id=%d;"
             "PRAGMA user_version=%d",
             STORE_PAGE_SIZE, STORE_APPLICATION, STORE_FORMAT);
}

int store_db_create(struct store_db *db, const char *path, bool as_copy, char *message, size_t size)
{
    char pragmas[200];
    int tail = STORE_PAGE_TAIL;
    store_format_pragmas(pragmas, sizeof(pragmas));
    int error = connect_to(db, path, MEDIA_DISK, message, size);
    if (error) {
        disconnect(db);
        return error;
    }
    db->sealed = true;
    sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_RESERVE_BYTES, &tail);
    /* Before anything is written, or an empty journal stays behind. */
    error = store_db_run(db, "PRAGMA journal_mode=MEMORY");
    if (!error)
        error = store_db_run(db, pragmas);
    if (!error && !as_copy)
        error = use_log(db);
    if (!error)
        error = store_db_begin(db);
    if (!error)
        error = store_db_run(db, store_schema);
    if (!error && !as_copy)
        error = make_root(db);
    if (!error && !as_copy)
        error = store_db_commit(db);
    if (error) {
        failed(db, error, path, message, size);
        disconnect(db);
    }
    return error;
}

/* Gives free pages back to the host when they are many. */
static void shrink(struct store_db *db)
{
    int64_t free_pages = 0, pages = 0;
    if (store_db_number(db, "PRAGMA freelist_count", &free_pages) == 0 &&
        store_db_number(db, "PRAGMA page_count", &pages) == 0 && free_pages > FREE_PAGES_MOST &&
        free_pages > pages / 4)
        store_db_run(db, "PRAGMA incremental_vacuum");
}

int store_db_close(struct store_db *db, const char *path)
{
    bool owned = db->owned;
    if (owned)
        shrink(db);
    for (int i = 0; i < SQL_STATEMENTS; i++)
        sqlite3_finalize(db->statements[i]);
    int result =
        owned ? sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL)
              : SQLITE_OK;
    if (owned && result == SQLITE_OK)
        media_keep_room(db->handle);
    int closed = sqlite3_close(db->handle);
    db->handle = NULL;
    if (owned)
        store_owner_remove(path);
    return store_errno(result != SQLITE_OK ? result : closed);
}
