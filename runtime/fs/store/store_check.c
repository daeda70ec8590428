/*
 * Whether an image holds what its metadata says. Each table is read once, in the order of its key;
 * what has to be compared across tables is kept in memory, one row for each inode.
 */
#include "runtime/abi/errno.h"
#include "runtime/abi/stat.h"
#include "runtime/fs/store/store_sql.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCK_PAGE   (0x40000000u / STORE_PAGE_SIZE + 1) /* SQLite's, never read */
#define REPORT_MOST 1000                                /* faults told */
#define DEPTH_MOST  4096                                /* of directories in a path that is told */
#define NOBODY      UINT32_MAX

struct row {
    uint64_t ino, size;
    size_t name; /* of one of its names, in check.text */
    uint32_t mode, nlink;
    uint32_t names, folders; /* that lead to it; directories in it */
    uint32_t parent;         /* the row of the directory with that name, or NOBODY */
    enum { UNKNOWN, ASKED, REACHED, LOST } reach;
};

struct check {
    struct store_db db;
    const struct store_watch *watch;
    int faults;
    struct row *rows; /* by ino */
    uint32_t count, room;
    char *text;
    size_t text_length, text_room;
};

static void report_damage(struct check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void report_damage(struct check *check, const char *format, ...)
{
    char line[STORE_LINE_MOST];
    va_list list;
    va_start(list, format);
    vsnprintf(line, sizeof(line), format, list);
    va_end(list);
    if (++check->faults <= REPORT_MOST)
        check->watch->report(check->watch->arg, line);
    else if (check->faults == REPORT_MOST + 1)
        check->watch->report(check->watch->arg, "and more faults, which are not listed");
}

static void progress(struct check *check, unsigned from, unsigned to, uint64_t done, uint64_t all)
{
    if (check->watch->progress)
        check->watch->progress(check->watch->arg,
                               from + (all ? (unsigned)((to - from) * done / all) : 0));
}

static bool is_dir(const struct row *row)
{
    return (row->mode & L_S_IFMT) == L_S_IFDIR;
}

/* --- inodes in memory --- */

static uint32_t row_of(const struct check *check, uint64_t ino)
{
    uint32_t low = 0, high = check->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (check->rows[middle].ino < ino)
            low = middle + 1;
        else
            high = middle;
    }
    return low < check->count && check->rows[low].ino == ino ? low : NOBODY;
}

static struct row *add_row(struct check *check, const struct store_inode *inode)
{
    if (check->count == check->room) {
        uint32_t room = check->room ? check->room * 2 : 1024;
        struct row *rows = room > check->room ? realloc(check->rows, room * sizeof(*rows)) : NULL;
        if (!rows)
            return NULL;
        check->rows = rows;
        check->room = room;
    }
    struct row *row = &check->rows[check->count++];
    *row = (struct row){.ino = inode->ino,
                        .size = inode->size,
                        .mode = inode->mode,
                        .nlink = inode->nlink,
                        .parent = NOBODY};
    return row;
}

static bool keep_name(struct check *check, struct row *row, const char *name, size_t length)
{
    if (check->text_length + length + 1 > check->text_room) {
        size_t room = check->text_room ? check->text_room * 2 : 65536;
        char *text = realloc(check->text, room);
        if (!text)
            return false;
        check->text = text;
        check->text_room = room;
    }
    row->name = check->text_length;
    memcpy(check->text + check->text_length, name, length);
    check->text[check->text_length + length] = 0;
    check->text_length += length + 1;
    return true;
}

/* A path to an inode, as far as it fits; its number where none is known. */
static const char *path_of(const struct check *check, uint32_t index, char *buffer, size_t size)
{
    size_t at = size - 1;
    buffer[at] = 0;
    for (int depth = 0; check->rows[index].ino != STORE_ROOT; depth++) {
        const struct row *row = &check->rows[index];
        size_t length = row->parent == NOBODY ? 0 : strlen(check->text + row->name);
        if (!length || depth > DEPTH_MOST || length + 1 > at) {
            snprintf(buffer, size, "inode %llu", (unsigned long long)row->ino);
            return buffer;
        }
        at -= length;
        memcpy(buffer + at, check->text + row->name, length);
        buffer[--at] = '/';
        index = row->parent;
    }
    return buffer[at] ? buffer + at : "/";
}

/* --- tables --- */

/* Calls fn for each row of a query. Damage that ends it early is a fault. */
static int each(struct check *check, const char *sql, const char *what,
                int (*fn)(struct check *check, sqlite3_stmt *statement))
{
    sqlite3_stmt *statement;
    int result = sqlite3_prepare_v2(check->db.handle, sql, -1, &statement, NULL), error = 0;
    if (result == SQLITE_OK) {
        while (!error && (result = sqlite3_step(statement)) == SQLITE_ROW)
            error = fn(check, statement);
        sqlite3_finalize(statement);
    }
    if (!error)
        error = store_errno(result);
    if (error == -L_EUCLEAN) {
        report_damage(check, "the table of %s is damaged", what);
        error = 0;
    }
    return error;
}

static int take_inode(struct check *check, sqlite3_stmt *statement)
{
    struct store_inode inode;
    int bad = store_db_inode(statement, 0, &inode);
    if (bad)
        report_damage(check, "inode %lld has impossible attributes",
                      (long long)sqlite3_column_int64(statement, 0));
    if (inode.ino < STORE_ROOT || inode.ino > STORE_INODE_MAX)
        return 0;
    if (!bad && (inode.mode & L_S_IFMT) == L_S_IFLNK &&
        !store_target_is_possible(statement, 12, inode.size))
        report_damage(check, "symbolic link %llu leads nowhere", (unsigned long long)inode.ino);
    return add_row(check, &inode) ? 0 : -L_ENOMEM;
}

/* Columns: dir, name, ino. */
static int take_name(struct check *check, sqlite3_stmt *statement)
{
    unsigned long long dir = (unsigned long long)sqlite3_column_int64(statement, 0);
    unsigned long long ino = (unsigned long long)sqlite3_column_int64(statement, 2);
    const char *name = sqlite3_column_blob(statement, 1);
    int length = sqlite3_column_bytes(statement, 1);
    uint32_t folder = row_of(check, dir), index = row_of(check, ino);
    if (!name || !store_name_is_possible(name, (size_t)length)) {
        report_damage(check, "directory %llu has an entry with an impossible name", dir);
        return 0;
    }
    if (folder == NOBODY || !is_dir(&check->rows[folder]))
        report_damage(check, "name \"%.*s\" lies in inode %llu, which is no directory", length,
                      name, dir);
    if (index == NOBODY) {
        report_damage(check,
                      "name \"%.*s\" in directory %llu leads to inode %llu, which does not exist",
                      length, name, dir, ino);
        return 0;
    }
    struct row *row = &check->rows[index];
    row->names++;
    if (folder == NOBODY)
        return 0;
    if (is_dir(row))
        check->rows[folder].folders++;
    if (row->parent != NOBODY)
        return 0;
    row->parent = folder;
    return keep_name(check, row, name, (size_t)length) ? 0 : -L_ENOMEM;
}

/* Column: id. */
static int take_chunk(struct check *check, sqlite3_stmt *statement)
{
    static uint8_t data[STORE_CHUNK_SIZE];
    char path[4096];
    uint64_t id = (uint64_t)sqlite3_column_int64(statement, 0), index = id & STORE_INDEX_LAST;
    unsigned long long number = index, ino = id >> STORE_INDEX_BITS;
    uint32_t owner = row_of(check, ino);
    if (owner == NOBODY) {
        report_damage(check, "chunk %llu of inode %llu: no such inode", number, ino);
        return 0;
    }
    const struct row *row = &check->rows[owner];
    if ((row->mode & L_S_IFMT) != L_S_IFREG) {
        report_damage(check, "chunk %llu of inode %llu: it is no regular file", number, ino);
        return 0;
    }
    int64_t length = store_db_chunk(&check->db, ino, index, data);
    if (length == -L_EUCLEAN) {
        report_damage(check, "chunk %llu of inode %llu: the data is damaged: %s", number, ino,
                      path_of(check, owner, path, sizeof(path)));
        return 0;
    }
    if (length > 0 && (index << STORE_CHUNK_SHIFT) + (uint64_t)length > row->size)
        report_damage(check, "chunk %llu of inode %llu: %lld bytes reach beyond the size %llu",
                      number, ino, (long long)length, (unsigned long long)row->size);
    progress(check, 50, 99, owner, check->count);
    return length < 0 ? (int)length : 0;
}

/* Columns: ino, name, value. */
static int take_xattr(struct check *check, sqlite3_stmt *statement)
{
    uint64_t ino = (uint64_t)sqlite3_column_int64(statement, 0);
    const void *name = sqlite3_column_blob(statement, 1);
    size_t length = (size_t)sqlite3_column_bytes(statement, 1);
    if (row_of(check, ino) == NOBODY)
        report_damage(check, "extended attribute of inode %llu: no such inode",
                      (unsigned long long)ino);
    else if (!name || length > STORE_NAME_MAX || memchr(name, 0, length))
        report_damage(check, "extended attribute of inode %llu: an impossible name",
                      (unsigned long long)ino);
    else if (store_db_xattr_length(&check->db, statement, 2, ino, name, length) < 0)
        report_damage(check, "extended attribute of inode %llu: the value is damaged",
                      (unsigned long long)ino);
    return 0;
}

static int take_line(struct check *check, sqlite3_stmt *statement)
{
    const char *line = (const char *)sqlite3_column_text(statement, 0);
    if (line && sqlite3_stricmp(line, "ok") != 0)
        report_damage(check, "%s", line);
    return 0;
}

/* --- what has to agree --- */

/* Whether the parents of an inode lead to the root. Each is looked at once. */
static bool reach(struct check *check, uint32_t index)
{
    uint32_t at = index;
    struct row *rows = check->rows;
    while (rows[at].reach == UNKNOWN && rows[at].ino != STORE_ROOT && rows[at].parent != NOBODY) {
        rows[at].reach = ASKED;
        at = rows[at].parent;
    }
    int found = rows[at].ino == STORE_ROOT || rows[at].reach == REACHED ? REACHED : LOST;
    rows[at].reach = found;
    for (at = index; rows[at].reach == ASKED; at = rows[at].parent)
        rows[at].reach = found;
    return found == REACHED;
}

static void check_row(struct check *check, uint32_t index)
{
    const struct row *row = &check->rows[index];
    unsigned long long ino = row->ino;
    if (is_dir(row)) {
        if (row->names != (row->ino != STORE_ROOT && row->nlink != 0 ? 1 : 0))
            report_damage(check, "directory %llu has %u names", ino, row->names);
        if (row->nlink != 0 && row->nlink != 2 + row->folders)
            report_damage(check, "directory %llu counts %u links and has %u directories in it", ino,
                          row->nlink, row->folders);
    } else if (row->nlink != row->names) {
        report_damage(check, "inode %llu counts %u links and has %u names", ino, row->nlink,
                      row->names);
    }
    if (row->nlink != 0 && !reach(check, index))
        report_damage(check, "inode %llu cannot be reached from the root", ino);
}

static void check_rows(struct check *check)
{
    uint32_t root = row_of(check, STORE_ROOT);
    if (root == NOBODY || !is_dir(&check->rows[root]))
        report_damage(check, "the root directory is missing");
    for (uint32_t i = 0; i < check->count; i++)
        check_row(check, i);
}

static int check_pages(struct check *check)
{
    struct media_usage usage;
    if (media_first_is_damaged(check->db.handle))
        report_damage(check, "page 1 is damaged");
    media_usage(media_of(check->db.handle), &usage);
    uint64_t count = usage.image / STORE_PAGE_SIZE;
    for (uint64_t page = 1; page <= count; page++) {
        int result = page == LOCK_PAGE ? SQLITE_OK : media_verify(check->db.handle, page);
        if (result == MEDIA_DAMAGED)
            report_damage(check, "page %llu is damaged", (unsigned long long)page);
        else if (result != SQLITE_OK)
            return store_errno(result);
        progress(check, 0, 30, page, count);
    }
    return 0;
}

static int check_all(struct check *check)
{
    /* Pages of the log are newer than those in the image. */
    int error = store_db_checkpoint(&check->db);
    if (!error)
        error = check_pages(check);
    /* A first page that stands for a damaged one knows nothing of free pages. */
    if (!error && !media_first_is_damaged(check->db.handle))
        error = each(check, "PRAGMA integrity_check(100)", "pages", take_line);
    progress(check, 0, 50, 1, 1);
    if (!error)
        error = each(check,
                     "SELECT ino, mode, nlink, uid, gid, rdev, size, blocks, atime, mtime, ctime, "
                     "btime, target FROM inode ORDER BY ino",
                     "inodes", take_inode);
    if (!error)
        error =
            each(check, "SELECT dir, name, ino FROM name ORDER BY dir, name", "names", take_name);
    if (!error)
        error = each(check, "SELECT id FROM chunk ORDER BY id", "data", take_chunk);
    if (!error)
        error = each(check, "SELECT ino, name, value FROM xattr ORDER BY ino, name",
                     "extended attributes", take_xattr);
    if (!error)
        check_rows(check);
    progress(check, 0, 100, 1, 1);
    return error;
}

int store_check(const char *path, const struct store_watch *watch, char *message, size_t size)
{
    struct check check = {.watch = watch};
    int error = store_db_open(&check.db, path, MEDIA_MEMORY, message, size);
    if (error == -L_EUCLEAN) {
        report_damage(&check, "%s", message);
        return check.faults;
    }
    if (error)
        return error;
    error = check_all(&check);
    if (error == -L_EUCLEAN) {
        report_damage(&check, "%s", sqlite3_errmsg(check.db.handle));
        error = 0;
    }
    if (error)
        snprintf(message, size, "%s: %s", path,
                 error == -L_ENOMEM ? "not enough memory" : sqlite3_errmsg(check.db.handle));
    store_db_close(&check.db, path);
    free(check.rows);
    free(check.text);
    return error ? error : check.faults;
}
