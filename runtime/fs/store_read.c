#include "runtime/fs/store_queue.h"

#include "runtime/abi/errno.h"
#include <stdio.h>
#include <string.h>

struct read_args {
    uint64_t ino, index;
    const char *name;
    void *data;
    size_t size;
    int (*fn)(void *arg, const struct store_entry *entry);
    void (*chunk)(void *arg, uint64_t index);
    void *arg;
    uint64_t *number;
};

static int64_t failure(struct store_db *db)
{
    return store_errno(sqlite3_errcode(db->handle));
}

static int64_t get_inode(struct store_db *db, void *arg)
{
    struct read_args *args = arg;
    sqlite3_stmt *statement = store_db_statement(db, SQL_GET_INODE);
    if (!statement)
        return failure(db);
    sqlite3_bind_int64(statement, 1, (int64_t)args->ino);
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        store_db_inode(statement, 0, args->data);
    int error = store_db_done(statement, result);
    return result == SQLITE_DONE ? -L_ENOENT : error;
}

int store_get_inode(struct store *store, uint64_t ino, struct store_inode *out)
{
    struct read_args args = {.ino = ino, .data = out};
    return (int)store_ask(store, ino, false, get_inode, &args);
}

/* Copies a blob column: its length, cut at size when cut is set, -L_ERANGE otherwise. */
static int64_t copy_blob(sqlite3_stmt *statement, void *to, size_t size, bool cut)
{
    size_t length = (size_t)sqlite3_column_bytes(statement, 0);
    const void *blob = sqlite3_column_blob(statement, 0);
    if (length > size) {
        if (!cut)
            return size ? -L_ERANGE : (int64_t)length;
        length = size;
    }
    if (length)
        memcpy(to, blob, length);
    return (int64_t)length;
}

static int64_t get_target(struct store_db *db, void *arg)
{
    struct read_args *args = arg;
    sqlite3_stmt *statement = store_db_statement(db, SQL_GET_TARGET);
    if (!statement)
        return failure(db);
    sqlite3_bind_int64(statement, 1, (int64_t)args->ino);
    int result = sqlite3_step(statement);
    int64_t length =
        result == SQLITE_ROW ? copy_blob(statement, args->data, args->size, true) : -L_ENOENT;
    int error = store_db_done(statement, result);
    return error ? error : length;
}

int store_get_target(struct store *store, uint64_t ino, char *text, size_t size)
{
    struct read_args args = {.ino = ino, .data = text, .size = size};
    return (int)store_ask(store, ino, false, get_target, &args);
}

static int64_t get_chunk(struct store_db *db, void *arg)
{
    struct read_args *args = arg;
    sqlite3_stmt *statement = store_db_statement(db, SQL_GET_CHUNK);
    if (!statement)
        return failure(db);
    sqlite3_bind_int64(statement, 1, (int64_t)(args->ino << STORE_INDEX_BITS | args->index));
    int result = sqlite3_step(statement);
    int64_t length = result == SQLITE_ROW ? copy_blob(statement, args->data, args->size, true) : 0;
    int error = store_db_done(statement, result);
    if (!error)
        memset((char *)args->data + length, 0, args->size - (size_t)length);
    return error;
}

int store_get_chunk(struct store *store, uint64_t ino, uint64_t index, void *data, size_t length)
{
    struct read_args args = {.ino = ino, .index = index, .data = data, .size = length};
    return (int)store_ask(store, ino, false, get_chunk, &args);
}

static int64_t next_chunk(struct store_db *db, void *arg)
{
    struct read_args *args = arg;
    const uint64_t last = ((uint64_t)1 << STORE_INDEX_BITS) - 1;
    sqlite3_stmt *statement = store_db_statement(db, SQL_NEXT_CHUNK);
    if (!statement)
        return failure(db);
    sqlite3_bind_int64(statement, 1, (int64_t)(args->ino << STORE_INDEX_BITS | args->index));
    sqlite3_bind_int64(statement, 2, (int64_t)(args->ino << STORE_INDEX_BITS | last));
    int result = sqlite3_step(statement);
    bool found = result == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL;
    if (found)
        *args->number = (uint64_t)sqlite3_column_int64(statement, 0) & last;
    int error = store_db_done(statement, result);
    return error ? error : found ? 0 : -L_ENXIO;
}

int store_next_chunk(struct store *store, uint64_t ino, uint64_t index, uint64_t *out)
{
    struct read_args args = {.ino = ino, .index = index, .number = out};
    return (int)store_ask(store, ino, false, next_chunk, &args);
}

static int64_t read_chunks(struct store_db *db, void *arg)
{
    struct read_args *args = arg;
    const uint64_t last = ((uint64_t)1 << STORE_INDEX_BITS) - 1;
    sqlite3_stmt *statement = store_db_statement(db, SQL_READ_CHUNKS);
    if (!statement)
        return failure(db);
    sqlite3_bind_int64(statement, 1, (int64_t)(args->ino << STORE_INDEX_BITS));
    sqlite3_bind_int64(statement, 2, (int64_t)(args->ino << STORE_INDEX_BITS | last));
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW)
        args->chunk(args->arg, (uint64_t)sqlite3_column_int64(statement, 0) & last);
    return store_db_done(statement, result);
}

int store_read_chunks(struct store *store, uint64_t ino, void (*fn)(void *arg, uint64_t index),
                      void *arg)
{
    struct read_args args = {.ino = ino, .chunk = fn, .arg = arg};
    return (int)store_ask(store, ino, false, read_chunks, &args);
}

static int64_t read_dir(struct store_db *db, void *arg)
{
    struct read_args *args = arg;
    sqlite3_stmt *statement = store_db_statement(db, SQL_READ_DIR);
    if (!statement)
        return failure(db);
    sqlite3_bind_int64(statement, 1, (int64_t)args->ino);
    int result, stop = 0;
    while (!stop && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        char name[256];
        struct store_entry entry = {.name = name};
        store_db_inode(statement, 1, &entry.inode);
        entry.length = (size_t)copy_blob(statement, name, sizeof(name) - 1, true);
        name[entry.length] = 0;
        entry.target = sqlite3_column_blob(statement, 13);
        entry.target_length = (size_t)sqlite3_column_bytes(statement, 13);
        stop = args->fn(args->arg, &entry);
    }
    int error = store_db_done(statement, stop ? SQLITE_OK : result);
    return stop ? stop : error;
}

int store_read_dir(struct store *store, uint64_t dir,
                   int (*fn)(void *arg, const struct store_entry *entry), void *arg)
{
    struct read_args args = {.ino = dir, .fn = fn, .arg = arg};
    return (int)store_ask(store, dir, true, read_dir, &args);
}

static int64_t get_xattr(struct store_db *db, void *arg)
{
    struct read_args *args = arg;
    sqlite3_stmt *statement = store_db_statement(db, SQL_GET_XATTR);
    if (!statement)
        return failure(db);
    sqlite3_bind_int64(statement, 1, (int64_t)args->ino);
    sqlite3_bind_blob(statement, 2, args->name, (int)strlen(args->name), SQLITE_STATIC);
    int result = sqlite3_step(statement);
    int64_t length =
        result == SQLITE_ROW ? copy_blob(statement, args->data, args->size, false) : -L_ENODATA;
    int error = store_db_done(statement, result);
    return error ? error : length;
}

int64_t store_get_xattr(struct store *store, uint64_t ino, const char *name, void *value,
                        size_t size)
{
    struct read_args args = {.ino = ino, .name = name, .data = value, .size = size};
    return store_ask(store, ino, false, get_xattr, &args);
}

static int64_t list_xattr(struct store_db *db, void *arg)
{
    struct read_args *args = arg;
    sqlite3_stmt *statement = store_db_statement(db, SQL_LIST_XATTR);
    if (!statement)
        return failure(db);
    sqlite3_bind_int64(statement, 1, (int64_t)args->ino);
    int result;
    size_t total = 0;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        size_t length = (size_t)sqlite3_column_bytes(statement, 0);
        if (args->size && total + length + 1 <= args->size) {
            char *to = (char *)args->data + total;
            memcpy(to, sqlite3_column_blob(statement, 0), length);
            to[length] = 0;
        }
        total += length + 1;
    }
    int error = store_db_done(statement, result);
    if (!error && args->size && total > args->size)
        return -L_ERANGE;
    return error ? error : (int64_t)total;
}

int64_t store_list_xattr(struct store *store, uint64_t ino, char *list, size_t size)
{
    struct read_args args = {.ino = ino, .data = list, .size = size};
    return store_ask(store, ino, false, list_xattr, &args);
}

static int64_t set_limit(struct store_db *db, void *arg)
{
    const uint64_t *bytes = arg;
    char sql[64];
    snprintf(sql, sizeof(sql), "PRAGMA max_page_count=%llu",
             (unsigned long long)(*bytes / STORE_PAGE_SIZE));
    return store_db_run(db, sql);
}

int store_limit(struct store *store, uint64_t bytes)
{
    return (int)store_ask(store, 0, false, set_limit, &bytes);
}
