/* Whole images: making one, copying one. */
#include "runtime/abi/errno.h"
#include "runtime/fs/store_seal.h"
#include "runtime/fs/store_sql.h"
#include "runtime/host/file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int say(char *message, size_t size, int error, const char *path, const char *text)
{
    snprintf(message, size, "%s: %s", path, text);
    return error;
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
    if (error == -L_EACCES || error == -L_EPERM)
        return say(message, size, error, path, "no file can be made in that folder");
    if (error == -L_EROFS)
        return say(message, size, error, path, "the disk is read-only");
    if (error)
        return say(message, size, error, path, "cannot be made");
    host_file_close(file);
    struct store_db db;
    error = store_db_create(&db, path, false, message, size);
    if (!error) {
        error = store_db_close(&db, path);
        if (error)
            say(message, size, error, path,
                error == -L_ENOSPC ? "the disk is full" : "cannot be written");
    }
    if (error)
        host_path_unlink(path);
    return error;
}

/* --- rows --- */

static void bind_plain(sqlite3_stmt *to, sqlite3_stmt *from, int columns)
{
    for (int i = 0; i < columns; i++)
        sqlite3_bind_value(to, i + 1, sqlite3_column_value(from, i));
}

static int bind_chunk(struct store_db *db, sqlite3_stmt *to, sqlite3_stmt *from, uint8_t *buffer)
{
    const uint64_t id = (uint64_t)sqlite3_column_int64(from, 0);
    const uint64_t ino = id >> STORE_INDEX_BITS, index = id & STORE_INDEX_LAST;
    int64_t length = store_db_chunk_length(db, from, 1, ino, index);
    if (length < 0)
        return (int)length;
    memcpy(buffer, sqlite3_column_blob(from, 1), (size_t)length);
    seal_write(buffer + length, seal_of_chunk(ino, index, buffer, (size_t)length));
    sqlite3_bind_int64(to, 1, (int64_t)id);
    return store_errno(sqlite3_bind_blob(to, 2, buffer, (int)length + SEAL_SIZE, SQLITE_STATIC));
}

static int bind_xattr(struct store_db *db, sqlite3_stmt *to, sqlite3_stmt *from, uint8_t *buffer)
{
    const uint64_t ino = (uint64_t)sqlite3_column_int64(from, 0);
    const void *name = sqlite3_column_blob(from, 1);
    size_t name_length = (size_t)sqlite3_column_bytes(from, 1);
    int64_t length = store_db_xattr_length(db, from, 2, ino, name, name_length);
    if (length < 0)
        return (int)length;
    if (length)
        memcpy(buffer, sqlite3_column_blob(from, 2), (size_t)length);
    seal_write(buffer + length, seal_of_xattr(ino, name, name_length, buffer, (size_t)length));
    bind_plain(to, from, 2);
    return store_errno(sqlite3_bind_blob(to, 3, buffer, (int)length + SEAL_SIZE, SQLITE_STATIC));
}

/* bind: NULL for rows that are the same in every format. */
struct table {
    const char *select, *insert;
    int columns;
    int (*bind)(struct store_db *, sqlite3_stmt *, sqlite3_stmt *, uint8_t *);
};

static int copy_rows(struct store_db *from, struct store_db *to, const struct table *table,
                     uint8_t *buffer)
{
    sqlite3_stmt *source = NULL, *target = NULL;
    int result = sqlite3_prepare_v2(from->handle, table->select, -1, &source, NULL);
    int error = store_errno(result);
    if (!error)
        error = store_errno(sqlite3_prepare_v2(to->handle, table->insert, -1, &target, NULL));
    while (!error && (result = sqlite3_step(source)) == SQLITE_ROW) {
        if (table->bind)
            error = table->bind(from, target, source, buffer);
        else
            bind_plain(target, source, table->columns);
        if (!error)
            error = store_errno(sqlite3_step(target));
        sqlite3_reset(target);
    }
    sqlite3_finalize(source);
    sqlite3_finalize(target);
    return error ? error : store_errno(result);
}

static int copy_tables(struct store_db *from, struct store_db *to)
{
    static const struct table tables[] = {
        {"SELECT * FROM inode ORDER BY ino", "INSERT INTO inode VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)",
         13, NULL},
        {"SELECT dir, name, ino FROM name ORDER BY dir, name", "INSERT INTO name VALUES(?,?,?)", 3,
         NULL},
        {"SELECT ino, name, value FROM xattr ORDER BY ino, name", "INSERT INTO xattr VALUES(?,?,?)",
         3, bind_xattr},
        {"SELECT id, data FROM chunk ORDER BY id", "INSERT INTO chunk VALUES(?,?)", 2, bind_chunk},
    };
    uint8_t *buffer = malloc(STORE_XATTR_MAX + STORE_CHUNK_SIZE + SEAL_SIZE);
    int error = buffer ? 0 : -L_ENOMEM;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && !error; i++)
        error = copy_rows(from, to, &tables[i], buffer);
    free(buffer);
    return error;
}

/* --- copying --- */

static int sync_file(const char *path)
{
    struct host_file *file;
    int error = host_file_open(path, HOST_FILE_READ | HOST_FILE_WRITE, 0, &file);
    if (error)
        return error;
    error = host_file_sync(file, false);
    host_file_close(file);
    return error;
}

void store_remove_files(const char *path)
{
    static const char *const endings[] = {"", "-wal", "-journal"};
    char name[4200];
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        snprintf(name, sizeof(name), "%s%s", path, endings[i]);
        host_path_unlink(name);
    }
}

/* The two steps at the end leave the new file as one that was closed in order. */
static int fill(struct store_db *from, struct store_db *to, const struct store_watch *watch)
{
    int lost = 0, error = store_db_save(to);
    if (!error)
        error = store_db_settle(to, copy_tables(from, to));
    if (error == -L_EUCLEAN && watch) {
        lost = store_rescue(from, to, watch);
        error = lost < 0 ? lost : 0;
    }
    if (!error)
        error = store_db_commit(to);
    if (!error)
        error = store_db_run(to, "PRAGMA journal_mode=WAL");
    return error ? error : lost;
}

int store_copy_to(struct store_db *from, const char *to, const struct store_watch *watch,
                  char *message, size_t size)
{
    struct host_file *file;
    struct store_db db;
    int error =
        host_file_open(to, HOST_FILE_WRITE | HOST_FILE_CREATE | HOST_FILE_EXCLUSIVE, 0644, &file);
    if (error)
        return say(message, size, error, to,
                   error == -L_EEXIST   ? "exists already"
                   : error == -L_ENOSPC ? "the disk is full"
                                        : "cannot be made");
    host_file_close(file);
    error = store_db_create(&db, to, true, message, size);
    int lost = 0;
    if (!error) {
        lost = fill(from, &db, watch);
        error = lost < 0 ? lost : 0;
        if (error)
            snprintf(message, size, "%s: %s", to,
                     error == -L_ENOSPC    ? "the disk is full"
                     : error == -L_EUCLEAN ? "what is to be copied is damaged"
                                           : sqlite3_errmsg(db.handle));
        int closed = store_db_close(&db, to);
        if (!error && closed)
            error = say(message, size, closed, to, "cannot be written");
    }
    if (!error) {
        error = sync_file(to);
        if (error)
            say(message, size, error, to, "cannot be written");
    }
    if (error)
        store_remove_files(to);
    return error ? error : lost;
}

int store_copy(const char *path, const char *to, const struct store_watch *watch, char *message,
               size_t size)
{
    struct store_db db;
    int error = store_db_open(&db, path, MEDIA_MEMORY, message, size);
    if (error)
        return error;
    int lost = store_copy_to(&db, to, watch, message, size);
    store_db_close(&db, path);
    return lost;
}
