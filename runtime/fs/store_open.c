/* Making, opening and closing an image file, and what is said when that fails. */
#include "runtime/abi/errno.h"
#include "runtime/abi/stat.h"
#include "runtime/fs/store_sql.h"
#include "runtime/host/env.h"
#include "runtime/host/file.h"
#include "runtime/host/time.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char schema[] =
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

static int say(char *message, size_t size, int error, const char *path, const char *text)
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

/* What went wrong on a connection, in words. */
static int failed(struct store_db *db, int error, const char *path, char *message, size_t size)
{
    if (error == -L_EBUSY)
        return in_use(path, message, size);
    if (error == -L_EINVAL)
        return say(message, size, error, path, "not a Foreland image");
    snprintf(message, size, "%s: %s", path, sqlite3_errmsg(db->handle));
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

static int connect_to(struct store_db *db, const char *path, char *message, size_t size)
{
    *db = (struct store_db){0};
    int result =
        sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (result == SQLITE_NOMEM || !db->handle)
        return say(message, size, -L_ENOMEM, path, "not enough memory");
    if (result != SQLITE_OK)
        return failed(db, store_errno(result), path, message, size);
    sqlite3_extended_result_codes(db->handle, 1);
    int error = store_db_run(db, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA temp_store=MEMORY;"
                                 "PRAGMA cache_size=-16384; PRAGMA foreign_keys=OFF;"
                                 "PRAGMA trusted_schema=OFF");
    return error ? failed(db, error, path, message, size) : 0;
}

/* The log stays in memory-indexed exclusive mode, so no -shm file appears. */
static int use_log(struct store_db *db)
{
    int error = store_db_run(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                                 "PRAGMA journal_size_limit=67108864; BEGIN IMMEDIATE; COMMIT");
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
        return say(message, size, -L_EINVAL, path, "not a Foreland image");
    if (format != STORE_FORMAT) {
        snprintf(message, size, "%s: image format %lld, this program knows %d", path,
                 (long long)format, STORE_FORMAT);
        return -L_EINVAL;
    }
    return 0;
}

/* SQLite would make a missing file's error "unable to open database file". */
static int check_file(const char *path, char *message, size_t size)
{
    struct host_file *file;
    int error = host_file_open(path, HOST_FILE_READ, 0, &file);
    if (error == -L_ENOENT || error == -L_ENOTDIR)
        return say(message, size, error, path, "no such file");
    if (error == -L_EACCES || error == -L_EPERM)
        return say(message, size, error, path, "permission denied");
    if (error)
        return say(message, size, error, path, "cannot be opened");
    struct host_stat stat;
    error = host_file_fstat(file, &stat);
    host_file_close(file);
    if (error || (stat.mode & L_S_IFMT) != L_S_IFREG || stat.size == 0)
        return say(message, size, error ? error : -L_EINVAL, path, "not a Foreland image");
    return 0;
}

int store_db_open(struct store_db *db, const char *path, char *message, size_t size)
{
    int error = check_file(path, message, size);
    if (error)
        return error;
    error = connect_to(db, path, message, size);
    if (!error)
        error = check_header(db, path, message, size);
    if (!error) {
        error = use_log(db);
        if (error)
            failed(db, error, path, message, size);
    }
    if (error) {
        sqlite3_close(db->handle);
        db->handle = NULL;
        return error;
    }
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
                                    .size = 4096,
                                    .blocks = 8,
                                    .atime = now,
                                    .mtime = now,
                                    .ctime = now,
                                    .btime = now}};
    return store_db_apply(db, &op);
}

int store_db_create(struct store_db *db, const char *path, char *message, size_t size)
{
    char pragmas[200];
    snprintf(pragmas, sizeof(pragmas),
             "PRAGMA page_size=%d; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA application_id=%d;"
             "PRAGMA user_version=%d",
             STORE_PAGE_SIZE, STORE_APPLICATION, STORE_FORMAT);
    int error = connect_to(db, path, message, size);
    if (error) {
        sqlite3_close(db->handle);
        return error;
    }
    error = store_db_run(db, pragmas);
    if (!error)
        error = use_log(db);
    if (!error)
        error = store_db_begin(db);
    if (!error)
        error = store_db_run(db, schema);
    if (!error)
        error = make_root(db);
    if (!error)
        error = store_db_commit(db);
    if (error) {
        failed(db, error, path, message, size);
        sqlite3_close(db->handle);
    }
    return error;
}

/* Gives free pages back to the host when they are many. */
static void shrink(struct store_db *db)
{
    int64_t free_pages = 0, pages = 0;
    if (store_db_number(db, "PRAGMA freelist_count", &free_pages) == 0 &&
        store_db_number(db, "PRAGMA page_count", &pages) == 0 && free_pages > 1024 &&
        free_pages > pages / 4)
        store_db_run(db, "PRAGMA incremental_vacuum");
}

int store_db_close(struct store_db *db)
{
    shrink(db);
    for (int i = 0; i < SQL_STATEMENTS; i++)
        sqlite3_finalize(db->statements[i]);
    int result =
        sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    int closed = sqlite3_close(db->handle);
    db->handle = NULL;
    return store_errno(result != SQLITE_OK ? result : closed);
}

int store_create(const char *path, char *message, size_t size)
{
    struct host_file *file;
    int error =
        host_file_open(path, HOST_FILE_WRITE | HOST_FILE_CREATE | HOST_FILE_EXCLUSIVE, 0644, &file);
    if (error == -L_EEXIST)
        return say(message, size, error, path, "exists already");
    if (error == -L_ENOENT)
        return say(message, size, error, path, "no such folder");
    if (error)
        return say(message, size, error, path, "cannot be made");
    host_file_close(file);
    struct store_db db;
    error = store_db_create(&db, path, message, size);
    if (!error) {
        error = store_db_close(&db);
        if (error)
            say(message, size, error, path, "cannot be written");
    }
    if (error)
        host_path_unlink(path);
    return error;
}

int store_copy(const char *path, const char *to, char *message, size_t size)
{
    struct store_db db;
    struct host_stat stat;
    if (host_path_stat(to, &stat) == 0)
        return say(message, size, -L_EEXIST, to, "exists already");
    int error = store_db_open(&db, path, message, size);
    if (error)
        return error;
    sqlite3_stmt *statement;
    int result = sqlite3_prepare_v2(db.handle, "VACUUM INTO ?", -1, &statement, NULL);
    if (result == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, to, -1, SQLITE_STATIC);
        result = sqlite3_step(statement);
        sqlite3_finalize(statement);
    }
    error = store_errno(result);
    if (error)
        failed(&db, error, to, message, size);
    int closed = store_db_close(&db);
    store_owner_remove(path);
    if (!error && closed)
        error = say(message, size, closed, path, "cannot be closed");
    return error;
}
