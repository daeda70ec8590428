/* Whole images: making one, copying one. */
#include "runtime/abi/errno.h"
#include "runtime/fs/store/store_seal.h"
#include "runtime/fs/store/store_sql.h"
#include "runtime/host/file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COPY_SPARE ((uint64_t)4 << 20)

static int say_of_image(char *message, size_t size, int error, const char *path, const char *text)
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
        return say_of_image(message, size, error, path, "exists already");
    if (error == -L_ENOENT)
        return say_of_image(message, size, error, path, "no such folder");
    if (error == -L_EACCES || error == -L_EPERM)
        return say_of_image(message, size, error, path, "no file can be made in that folder");
    if (error == -L_EROFS)
        return say_of_image(message, size, error, path, "the disk is read-only");
    if (error)
        return say_of_image(message, size, error, path, "cannot be made");
    host_file_close(file);
    struct store_db db;
    error = store_db_create(&db, path, false, message, size);
    if (!error) {
        error = store_db_close(&db, path);
        if (error)
            say_of_image(message, size, error, path,
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

void store_progress_add(struct store_progress *progress, uint64_t bytes)
{
    const struct store_watch *watch = progress->watch;
    progress->done += bytes;
    if (!watch || !watch->progress || !progress->all)
        return;
    uint64_t percent = progress->done < progress->all ? progress->done * 100 / progress->all : 100;
    watch->progress(watch->arg, percent < 99 ? (unsigned)percent : 99);
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
                     struct store_progress *progress, uint8_t *buffer)
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
        if (table->bind)
            store_progress_add(progress,
                               (uint64_t)sqlite3_column_bytes(source, table->columns - 1));
    }
    sqlite3_finalize(source);
    sqlite3_finalize(target);
    return error ? error : store_errno(result);
}

static int copy_tables(struct store_db *from, struct store_db *to, struct store_progress *progress)
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
        error = copy_rows(from, to, &tables[i], progress, buffer);
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
    char name[STORE_PATH_MOST];
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        snprintf(name, sizeof(name), "%s%s", path, endings[i]);
        host_path_unlink(name);
    }
}

/* Bytes that a copy of an image takes; more when its list of free pages is damaged. */
static uint64_t size_of_copy(struct store_db *db)
{
    int64_t pages = 0, free_pages = 0;
    if (store_db_number(db, "PRAGMA page_count", &pages) != 0 ||
        store_db_number(db, "PRAGMA freelist_count", &free_pages) != 0 || free_pages > pages)
        free_pages = 0;
    return (uint64_t)(pages - free_pages) * STORE_PAGE_SIZE;
}

bool store_room_for_copy(struct store_db *db, const char *path, char *message, size_t size)
{
    struct host_fs_usage usage;
    uint64_t needed = size_of_copy(db) + COPY_SPARE;
    if (host_path_statfs(path, &usage) != 0 || usage.available * usage.block_size >= needed)
        return true;
    snprintf(
        message, size,
        "%s: this takes a copy of the image in the same folder: %llu MB, and the disk has %llu "
        "MB left; make room on it, or move the image to a larger one, and start again",
        path, (unsigned long long)(needed >> 20) + 1,
        (unsigned long long)(usage.available * usage.block_size >> 20));
    return false;
}

/* The two steps at the end leave the new file as one that was closed in order. */
static int fill_image(struct store_db *from, struct store_db *to, enum store_copying how,
                      const struct store_watch *watch)
{
    struct store_progress progress = {watch, 0, size_of_copy(from)};
    int lost = 0, error = how == COPY_ANEW ? -L_EUCLEAN : store_db_save(to);
    if (how != COPY_ANEW && !error)
        error = store_db_settle(to, copy_tables(from, to, &progress));
    if (error == -L_EUCLEAN && how != COPY_ALL) {
        progress.done = 0;
        lost = store_rescue(from, to, &progress);
        error = lost < 0 ? lost : 0;
    }
    if (!error)
        error = store_db_commit(to);
    if (!error)
        error = store_db_run(to, "PRAGMA journal_mode=WAL");
    return error ? error : lost;
}

int store_copy_to(struct store_db *from, const char *to, enum store_copying how,
                  const struct store_watch *watch, char *message, size_t size)
{
    struct host_file *file;
    struct store_db db;
    int error =
        host_file_open(to, HOST_FILE_WRITE | HOST_FILE_CREATE | HOST_FILE_EXCLUSIVE, 0644, &file);
    if (error)
        return say_of_image(message, size, error, to,
                            error == -L_EEXIST   ? "exists already"
                            : error == -L_ENOSPC ? "the disk is full"
                                                 : "cannot be made");
    host_file_close(file);
    error = store_db_create(&db, to, true, message, size);
    int lost = 0;
    if (!error) {
        lost = fill_image(from, &db, how, watch);
        error = lost < 0 ? lost : 0;
        if (error)
            snprintf(message, size, "%s: %s", to,
                     error == -L_ENOSPC    ? "the disk is full"
                     : error == -L_EUCLEAN ? "what is to be copied is damaged"
                                           : sqlite3_errmsg(db.handle));
        int closed = store_db_close(&db, to);
        if (!error && closed)
            error = say_of_image(message, size, closed, to, "cannot be written");
    }
    if (!error) {
        error = sync_file(to);
        if (error)
            say_of_image(message, size, error, to, "cannot be written");
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
    int lost = store_copy_to(&db, to, watch ? COPY_READABLE : COPY_ALL, watch, message, size);
    store_db_close(&db, path);
    return lost;
}
