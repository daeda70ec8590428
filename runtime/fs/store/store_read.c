/* What the store is asked; the questions run on its thread. */
#include "runtime/fs/store/store_queue.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/stat.h"
#include <stdio.h>
#include <string.h>

#define DEPTH_MOST 64 /* of directories in a path that is told */

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
    int bad = result == SQLITE_ROW ? store_db_inode(statement, 0, args->data) : 0;
    int error = store_db_done(statement, result);
    return result == SQLITE_DONE ? -L_ENOENT : error ? error : bad;
}

int store_get_inode(struct store *store, uint64_t ino, struct store_inode *out)
{
    struct read_args args = {.ino = ino, .data = out};
    return (int)store_ask(store, ino, false, get_inode, &args);
}

/* Copies the first bytes of a blob column, `length` long: that, -L_ERANGE when it is more. */
static int64_t copy_blob(sqlite3_stmt *statement, int64_t length, void *to, size_t size)
{
    if (length < 0 || size == 0)
        return length;
    if ((size_t)length > size)
        return -L_ERANGE;
    if (length)
        memcpy(to, sqlite3_column_blob(statement, 0), (size_t)length);
    return length;
}

static int64_t get_target(struct store_db *db, void *arg)
{
    struct read_args *args = arg;
    sqlite3_stmt *statement = store_db_statement(db, SQL_GET_TARGET);
    if (!statement)
        return failure(db);
    sqlite3_bind_int64(statement, 1, (int64_t)args->ino);
    int result = sqlite3_step(statement);
    int64_t length = -L_ENOENT;
    if (result == SQLITE_ROW) {
        length = sqlite3_column_bytes(statement, 0);
        if (!store_target_is_possible(statement, 0, (uint64_t)length))
            length = -L_EUCLEAN;
        else if ((size_t)length > args->size)
            length = (int64_t)args->size;
        length = copy_blob(statement, length, args->data, args->size);
    }
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
    int64_t length = 0;
    if (result == SQLITE_ROW)
        length = store_db_chunk_length(db, statement, 0, args->ino, args->index);
    if (length > (int64_t)args->size)
        length = (int64_t)args->size;
    copy_blob(statement, length, args->data, args->size);
    int error = store_db_done(statement, result);
    if (error || length < 0)
        return error ? error : length;
    memset((char *)args->data + length, 0, args->size - (size_t)length);
    return 0;
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

/* The same from an index on, one by one: something nearby is damaged. */
static int probe_chunks(struct store_db *db, struct read_args *args, uint64_t index)
{
    uint64_t count;
    sqlite3_stmt *statement = store_db_statement(db, SQL_HAS_CHUNK);
    int error = statement ? store_db_chunk_count(db, args->ino, &count) : (int)failure(db);
    for (; !error && index < count; index++) {
        sqlite3_bind_int64(statement, 1, (int64_t)(args->ino << STORE_INDEX_BITS | index));
        int result = sqlite3_step(statement);
        error = store_db_done(statement, result);
        if (result == SQLITE_ROW)
            args->chunk(args->arg, index);
    }
    return error;
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
    uint64_t next = 0;
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        next = (uint64_t)sqlite3_column_int64(statement, 0) & last;
        args->chunk(args->arg, next++);
    }
    int error = store_db_done(statement, result);
    return error == -L_EUCLEAN ? probe_chunks(db, args, next) : error;
}

int store_read_chunks(struct store *store, uint64_t ino, void (*fn)(void *arg, uint64_t index),
                      void *arg)
{
    struct read_args args = {.ino = ino, .chunk = fn, .arg = arg};
    return (int)store_ask(store, ino, false, read_chunks, &args);
}

/* The name in the present row; -L_EUCLEAN when it cannot be one. */
static int name_at(sqlite3_stmt *statement, char *name, size_t *length)
{
    const void *text = sqlite3_column_blob(statement, 0);
    size_t bytes = (size_t)sqlite3_column_bytes(statement, 0);
    if (!text || !store_name_is_possible(text, bytes) ||
        sqlite3_column_type(statement, 0) != SQLITE_BLOB)
        return -L_EUCLEAN;
    memcpy(name, text, bytes);
    name[bytes] = 0;
    *length = bytes;
    return 0;
}

/* The inode in the present row; -L_EUCLEAN when it cannot be one. */
static int attributes_of(sqlite3_stmt *statement, struct store_entry *entry)
{
    int error = store_db_inode(statement, 1, &entry->inode);
    if (error || entry->inode.nlink == 0)
        return -L_EUCLEAN;
    bool link = (entry->inode.mode & L_S_IFMT) == L_S_IFLNK;
    if (link && !store_target_is_possible(statement, 13, entry->inode.size))
        return -L_EUCLEAN;
    entry->target = link ? sqlite3_column_blob(statement, 13) : NULL;
    entry->target_length = link ? (size_t)sqlite3_column_bytes(statement, 13) : 0;
    return 0;
}

/* The entry for a name whose inode may not be readable: it has no mode then. */
static int entry_alone(struct read_args *args, sqlite3_stmt *inode, const char *name, size_t length,
                       uint64_t ino)
{
    struct store_entry entry = {0};
    sqlite3_bind_int64(inode, 1, (int64_t)ino);
    int result = sqlite3_step(inode);
    int error = result == SQLITE_ROW ? attributes_of(inode, &entry) : store_errno(result);
    entry.name = name;
    entry.length = length;
    if (error == -L_EUCLEAN)
        entry.inode = (struct store_inode){.ino = ino};
    if (result == SQLITE_DONE)
        error = 0;
    else if (!error || error == -L_EUCLEAN)
        error = args->fn(args->arg, &entry);
    sqlite3_reset(inode);
    return error;
}

/* The names behind one, each with its own look at the inode: some of those are damaged. */
static int read_names(struct store_db *db, struct read_args *args, char *name, size_t length)
{
    sqlite3_stmt *statement = store_db_statement(db, SQL_READ_NAMES);
    sqlite3_stmt *inode = store_db_statement(db, SQL_GET_ENTRY);
    if (!statement || !inode)
        return (int)failure(db);
    sqlite3_bind_int64(statement, 1, (int64_t)args->ino);
    /* The buffer changes while the statement runs. */
    sqlite3_bind_blob(statement, 2, name, (int)length, SQLITE_TRANSIENT);
    int result, stop = 0;
    while (!stop && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        stop = name_at(statement, name, &length);
        if (!stop)
            stop = entry_alone(args, inode, name, length,
                               (uint64_t)sqlite3_column_int64(statement, 1));
    }
    int error = store_db_done(statement, stop ? SQLITE_OK : result);
    return stop ? stop : error;
}

static int64_t read_dir(struct store_db *db, void *arg)
{
    struct read_args *args = arg;
    sqlite3_stmt *statement = store_db_statement(db, SQL_READ_DIR);
    if (!statement)
        return failure(db);
    sqlite3_bind_int64(statement, 1, (int64_t)args->ino);
    char name[STORE_NAME_MAX + 1] = "";
    size_t length = 0;
    int result, stop = 0;
    bool damaged = false;
    while (!stop && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        struct store_entry entry;
        char next[STORE_NAME_MAX + 1];
        size_t next_length = 0;
        stop = name_at(statement, next, &next_length);
        damaged = !stop && attributes_of(statement, &entry) != 0;
        if (stop || damaged)
            break;
        memcpy(name, next, next_length + 1);
        entry.name = name;
        entry.length = length = next_length;
        stop = args->fn(args->arg, &entry);
    }
    int error = store_db_done(statement, stop || damaged ? SQLITE_OK : result);
    if (damaged || (!stop && error == -L_EUCLEAN))
        return read_names(db, args, name, length);
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
    int64_t length = -L_ENODATA;
    if (result == SQLITE_ROW) {
        length = store_db_xattr_length(db, statement, 0, args->ino, args->name, strlen(args->name));
        length = copy_blob(statement, length, args->data, args->size);
    }
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
        const char *name = sqlite3_column_blob(statement, 0);
        size_t length = (size_t)sqlite3_column_bytes(statement, 0);
        if (!name || length > STORE_NAME_MAX || memchr(name, 0, length)) {
            result = SQLITE_CORRUPT;
            break;
        }
        if (args->size && total + length + 1 <= args->size) {
            char *to = (char *)args->data + total;
            memcpy(to, name, length);
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

/* Puts "/name" of an inode before what ends at *at; the directory it lies in, or 0. */
static uint64_t prepend_name(sqlite3_stmt *statement, uint64_t ino, char *path, size_t *at)
{
    uint64_t dir = 0;
    sqlite3_bind_int64(statement, 1, (int64_t)ino);
    if (sqlite3_step(statement) == SQLITE_ROW) {
        const char *name = sqlite3_column_blob(statement, 1);
        size_t length = (size_t)sqlite3_column_bytes(statement, 1);
        if (name && length + 1 < *at) {
            dir = (uint64_t)sqlite3_column_int64(statement, 0);
            *at -= length;
            memcpy(path + *at, name, length);
            path[--*at] = '/';
        }
    }
    sqlite3_reset(statement);
    return dir;
}

void store_db_name_of(struct store_db *db, uint64_t ino, char *path, size_t size)
{
    size_t at = size - 1;
    uint64_t dir = ino;
    sqlite3_stmt *statement = NULL;
    path[at] = 0;
    if (sqlite3_prepare_v2(db->handle, "SELECT dir, name FROM name WHERE ino=? LIMIT 1", -1,
                           &statement, NULL) != SQLITE_OK)
        dir = 0;
    for (int depth = 0; dir != STORE_ROOT && dir && depth < DEPTH_MOST; depth++)
        dir = prepend_name(statement, dir, path, &at);
    sqlite3_finalize(statement);
    if (dir != STORE_ROOT) {
        snprintf(path, size, "inode %llu", (unsigned long long)ino);
        return;
    }
    if (!path[at])
        path[--at] = '/';
    memmove(path, path + at, size - at);
}

static int64_t name_of(struct store_db *db, void *arg)
{
    struct read_args *args = arg;
    store_db_name_of(db, args->ino, args->data, args->size);
    return 0;
}

void store_name_of(struct store *store, uint64_t ino, char *path, size_t size)
{
    struct read_args args = {.ino = ino, .data = path, .size = size};
    if (store_ask(store, ino, false, name_of, &args) != 0)
        snprintf(path, size, "inode %llu", (unsigned long long)ino);
}
