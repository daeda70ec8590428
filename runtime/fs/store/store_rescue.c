/*
 * What can be read of a damaged image, into a new one. From the root each directory's names are
 * followed; a file is copied whole or not at all. Then what no name leads to any more, because the
 * names are what is damaged, gets a name in /lost+found. Links are counted anew at the end.
 */
#include "runtime/abi/errno.h"
#include "runtime/abi/stat.h"
#include "runtime/fs/store/store_seal.h"
#include "runtime/fs/store/store_sql.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOUND           "lost+found"
#define UNREADABLE_MOST 1000000 /* numbers in a row that are asked for in vain */

enum {
    NAMES_UP,
    NAMES_DOWN,
    HAS_NAMES,
    INODE,
    NEXT_INODE,
    CHUNK,
    CHUNKS,
    XATTRS,
    PUT_NAME,
    PUT_INODE,
    PUT_CHUNK,
    PUT_XATTR,
    HAS,
    STATEMENTS
};

static const char *const sql[STATEMENTS] = {
    [NAMES_UP] = "SELECT name, ino FROM name WHERE dir=? ORDER BY name",
    [NAMES_DOWN] = "SELECT name, ino FROM name WHERE dir=? ORDER BY name DESC",
    [HAS_NAMES] = "SELECT 1 FROM name WHERE dir=? LIMIT 1",
    [INODE] = "SELECT ino, mode, nlink, uid, gid, rdev, size, blocks, atime, mtime, ctime, btime, "
              "target FROM inode WHERE ino=?",
    [NEXT_INODE] = "SELECT ino FROM inode WHERE ino>=? ORDER BY ino LIMIT 1",
    [CHUNK] = "SELECT id, data FROM chunk WHERE id=?",
    [CHUNKS] = "SELECT id, data FROM chunk WHERE id BETWEEN ? AND ?",
    [XATTRS] = "SELECT name, value FROM xattr WHERE ino=?",
    [PUT_NAME] = "INSERT OR IGNORE INTO name VALUES(?,?,?)",
    [PUT_INODE] = "INSERT INTO inode VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)",
    [PUT_CHUNK] = "INSERT INTO chunk VALUES(?,?)",
    [PUT_XATTR] = "INSERT INTO xattr VALUES(?,?,?)",
    [HAS] = "SELECT mode FROM inode WHERE ino=?",
};

/* A directory that has been copied and whose names are to be followed. */
struct folder {
    struct folder *next;
    uint64_t ino;
    char path[];
};

struct rescue {
    struct store_db *from, *to;
    sqlite3_stmt *statements[STATEMENTS];
    struct store_progress *progress;
    struct folder *todo;
    int lost;
    uint64_t found; /* inode of /lost+found; 0: not made */
    uint8_t *buffer;
};

static void lose(struct rescue *rescue, const char *path, const char *what)
{
    char line[STORE_LINE_MOST];
    rescue->lost++;
    snprintf(line, sizeof(line), "%s: %s", path, what);
    const struct store_watch *watch = rescue->progress->watch;
    watch->report(watch->arg, line);
}

/* Runs a bound statement that gives no rows. */
static int put_row(sqlite3_stmt *statement)
{
    return store_db_done(statement, sqlite3_step(statement));
}

/* The mode of an inode in the copy, 0 when it is not there. */
static uint32_t mode_of(struct rescue *rescue, uint64_t ino)
{
    sqlite3_stmt *has = rescue->statements[HAS];
    sqlite3_bind_int64(has, 1, (int64_t)ino);
    uint32_t mode = sqlite3_step(has) == SQLITE_ROW ? (uint32_t)sqlite3_column_int(has, 0) : 0;
    sqlite3_reset(has);
    return mode;
}

/* --- one inode --- */

/* The chunk in the present row of a statement, of a file of that size. */
static int copy_chunk(struct rescue *rescue, sqlite3_stmt *from, uint64_t id, uint64_t file_size)
{
    sqlite3_stmt *to = rescue->statements[PUT_CHUNK];
    uint64_t ino = id >> STORE_INDEX_BITS, index = id & STORE_INDEX_LAST;
    int64_t length = store_db_chunk_length(rescue->from, from, 1, ino, index);
    if (length < 0)
        return (int)length;
    if ((index << STORE_CHUNK_SHIFT) + (uint64_t)length > file_size)
        return -L_EUCLEAN;
    store_progress_add(rescue->progress, (uint64_t)length);
    memcpy(rescue->buffer, sqlite3_column_blob(from, 1), (size_t)length);
    seal_write(rescue->buffer + length, seal_of_chunk(ino, index, rescue->buffer, (size_t)length));
    sqlite3_bind_int64(to, 1, (int64_t)id);
    sqlite3_bind_blob(to, 2, rescue->buffer, (int)length + SEAL_SIZE, SQLITE_STATIC);
    return put_row(to);
}

/* From an index on, one by one. */
static int probe_chunks(struct rescue *rescue, uint64_t ino, uint64_t index, uint64_t size)
{
    sqlite3_stmt *from = rescue->statements[CHUNK];
    uint64_t count;
    int error = store_db_chunk_count(rescue->from, ino, &count);
    for (; !error && index < count; index++) {
        uint64_t id = ino << STORE_INDEX_BITS | index;
        sqlite3_bind_int64(from, 1, (int64_t)id);
        int result = sqlite3_step(from);
        if (result == SQLITE_ROW)
            error = copy_chunk(rescue, from, id, size);
        int read = store_db_done(from, result);
        error = error ? error : read;
    }
    return error;
}

static int copy_chunks(struct rescue *rescue, uint64_t ino, uint64_t size)
{
    sqlite3_stmt *from = rescue->statements[CHUNKS];
    int error = 0, result = SQLITE_DONE;
    uint64_t next = 0;
    sqlite3_bind_int64(from, 1, (int64_t)(ino << STORE_INDEX_BITS));
    sqlite3_bind_int64(from, 2, (int64_t)(ino << STORE_INDEX_BITS | STORE_INDEX_LAST));
    while (!error && (result = sqlite3_step(from)) == SQLITE_ROW) {
        uint64_t id = (uint64_t)sqlite3_column_int64(from, 0);
        error = copy_chunk(rescue, from, id, size);
        next = (id & STORE_INDEX_LAST) + 1;
    }
    int read = store_db_done(from, error ? SQLITE_OK : result);
    if (error || read != -L_EUCLEAN)
        return error ? error : read;
    return probe_chunks(rescue, ino, next, size);
}

static int copy_xattrs(struct rescue *rescue, uint64_t ino)
{
    sqlite3_stmt *from = rescue->statements[XATTRS], *to = rescue->statements[PUT_XATTR];
    int error = 0, result = SQLITE_DONE;
    sqlite3_bind_int64(from, 1, (int64_t)ino);
    while (!error && (result = sqlite3_step(from)) == SQLITE_ROW) {
        const void *name = sqlite3_column_blob(from, 0);
        size_t name_length = (size_t)sqlite3_column_bytes(from, 0);
        int64_t length = name && name_length <= STORE_NAME_MAX && !memchr(name, 0, name_length)
                             ? store_db_xattr_length(rescue->from, from, 1, ino, name, name_length)
                             : -L_EUCLEAN;
        if (length < 0) {
            error = (int)length;
            break;
        }
        if (length)
            memcpy(rescue->buffer, sqlite3_column_blob(from, 1), (size_t)length);
        seal_write(rescue->buffer + length,
                   seal_of_xattr(ino, name, name_length, rescue->buffer, (size_t)length));
        sqlite3_bind_int64(to, 1, (int64_t)ino);
        sqlite3_bind_blob(to, 2, name, (int)name_length, SQLITE_STATIC);
        sqlite3_bind_blob(to, 3, rescue->buffer, (int)length + SEAL_SIZE, SQLITE_STATIC);
        error = put_row(to);
    }
    int read = store_db_done(from, error ? SQLITE_OK : result);
    return error ? error : read;
}

/* The row alone; *mode and *size what it says. -L_ENOENT: there is none. */
static int copy_row(struct rescue *rescue, uint64_t ino, uint32_t *mode, uint64_t *size)
{
    sqlite3_stmt *from = rescue->statements[INODE], *to = rescue->statements[PUT_INODE];
    struct store_inode inode = {0};
    sqlite3_bind_int64(from, 1, (int64_t)ino);
    int result = sqlite3_step(from);
    int error = result == SQLITE_ROW ? store_db_inode(from, 0, &inode) : store_errno(result);
    if (result == SQLITE_DONE || (!error && inode.nlink == 0))
        error = -L_ENOENT;
    *mode = inode.mode;
    *size = inode.size;
    if (!error && (*mode & L_S_IFMT) == L_S_IFLNK &&
        !store_target_is_possible(from, 12, inode.size))
        error = -L_EUCLEAN;
    if (!error) {
        for (int i = 0; i < 13; i++)
            sqlite3_bind_value(to, i + 1, sqlite3_column_value(from, i));
        error = put_row(to);
    }
    sqlite3_reset(from);
    return error;
}

static int copy_whole(struct rescue *rescue, uint64_t ino, uint32_t *mode)
{
    uint64_t size;
    int error = copy_row(rescue, ino, mode, &size);
    if (!error && (*mode & L_S_IFMT) == L_S_IFREG)
        error = copy_chunks(rescue, ino, size);
    return error;
}

/* An inode that is not in the copy. -L_ENOENT and -L_EUCLEAN: nothing of it is there then. */
static int copy_inode(struct rescue *rescue, uint64_t ino, const char *path, uint32_t *mode)
{
    int error = store_db_save(rescue->to);
    if (!error)
        error = store_db_settle(rescue->to, copy_whole(rescue, ino, mode));
    if (!error)
        error = store_db_save(rescue->to);
    if (error)
        return error;
    error = store_db_settle(rescue->to, copy_xattrs(rescue, ino));
    if (error == -L_EUCLEAN)
        lose(rescue, path, "the extended attributes are damaged");
    return error == -L_EUCLEAN ? 0 : error;
}

/* --- names --- */

static int put_name(struct rescue *rescue, uint64_t dir, const char *name, size_t length,
                    uint64_t ino)
{
    sqlite3_stmt *to = rescue->statements[PUT_NAME];
    sqlite3_bind_int64(to, 1, (int64_t)dir);
    sqlite3_bind_blob(to, 2, name, (int)length, SQLITE_STATIC);
    sqlite3_bind_int64(to, 3, (int64_t)ino);
    return put_row(to);
}

static int add_folder(struct rescue *rescue, uint64_t ino, const char *path)
{
    struct folder *folder = malloc(sizeof(*folder) + strlen(path) + 1);
    if (!folder)
        return -L_ENOMEM;
    folder->ino = ino;
    strcpy(folder->path, path);
    folder->next = rescue->todo;
    rescue->todo = folder;
    return 0;
}

static int put_folder(struct rescue *rescue, uint64_t ino, uint32_t mode)
{
    struct store_op op = {.kind = OP_PUT_INODE,
                          .ino = ino,
                          .inode = {.ino = ino,
                                    .mode = L_S_IFDIR | mode,
                                    .nlink = 2,
                                    .size = STORE_DIR_SIZE,
                                    .blocks = STORE_DIR_BLOCKS}};
    return store_db_apply(rescue->to, &op);
}

/* A directory whose attributes are damaged is known by the names in it, and made anew for them. */
static int remake_folder(struct rescue *rescue, uint64_t ino, const char *path, uint32_t *mode)
{
    sqlite3_stmt *names = rescue->statements[HAS_NAMES];
    sqlite3_bind_int64(names, 1, (int64_t)ino);
    int result = sqlite3_step(names);
    sqlite3_reset(names);
    if (result != SQLITE_ROW || ino <= STORE_ROOT || ino > STORE_INODE_MAX)
        return -L_EUCLEAN;
    lose(rescue, path, "the attributes are damaged; it belongs to root now");
    *mode = L_S_IFDIR;
    return put_folder(rescue, ino, 0755);
}

/* What a name leads to, and the name. A directory has one name. */
static int follow(struct rescue *rescue, const struct folder *folder, const char *name,
                  size_t length, uint64_t ino)
{
    uint32_t mode = ino >= STORE_ROOT && ino <= STORE_INODE_MAX ? mode_of(rescue, ino) : 0;
    if ((mode & L_S_IFMT) == L_S_IFDIR)
        return 0;
    size_t size = strlen(folder->path) + length + 2;
    char *path = malloc(size);
    if (!path)
        return -L_ENOMEM;
    snprintf(path, size, "%s/%.*s", folder->path, (int)length, name);
    int error = mode ? 0 : copy_inode(rescue, ino, path, &mode);
    if (error == -L_EUCLEAN)
        error = remake_folder(rescue, ino, path, &mode);
    if (error == -L_EUCLEAN || error == -L_ENOENT) {
        lose(rescue, path, "is damaged");
        error = 0;
    } else if (!error) {
        error = put_name(rescue, folder->ino, name, length, ino);
        if (!error && (mode & L_S_IFMT) == L_S_IFDIR)
            error = add_folder(rescue, ino, path);
    }
    free(path);
    return error;
}

/* From one end of a directory until damage. */
static int follow_names(struct rescue *rescue, int which, const struct folder *folder)
{
    sqlite3_stmt *names = rescue->statements[which];
    int error = 0, result = SQLITE_DONE;
    sqlite3_bind_int64(names, 1, (int64_t)folder->ino);
    while (!error && (result = sqlite3_step(names)) == SQLITE_ROW) {
        const char *name = sqlite3_column_blob(names, 0);
        size_t length = (size_t)sqlite3_column_bytes(names, 0);
        if (name && store_name_is_possible(name, length))
            error = follow(rescue, folder, name, length, (uint64_t)sqlite3_column_int64(names, 1));
    }
    int read = store_db_done(names, error ? SQLITE_OK : result);
    return error ? error : read;
}

static int follow_folder(struct rescue *rescue, const struct folder *folder)
{
    int error = follow_names(rescue, NAMES_UP, folder);
    if (error != -L_EUCLEAN)
        return error;
    lose(rescue, folder->path[0] ? folder->path : "/", "names in it are damaged");
    error = follow_names(rescue, NAMES_DOWN, folder);
    return error == -L_EUCLEAN ? 0 : error;
}

static int follow_all(struct rescue *rescue)
{
    int error = 0;
    while (rescue->todo) {
        struct folder *folder = rescue->todo;
        rescue->todo = folder->next;
        if (!error)
            error = follow_folder(rescue, folder);
        free(folder);
    }
    return error;
}

/* --- what has no name --- */

/* The largest inode number that anything readable bears. */
static uint64_t last_inode(struct store_db *db)
{
    static const char *const questions[] = {
        "SELECT max(ino) FROM inode", "SELECT max(id)>>28 FROM chunk", "SELECT max(dir) FROM name",
        "SELECT max(ino) FROM xattr"};
    uint64_t last = STORE_ROOT;
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        int64_t number = 0;
        if (store_db_number(db, questions[i], &number) == 0 && number > (int64_t)last &&
            number <= (int64_t)STORE_INODE_MAX)
            last = (uint64_t)number;
    }
    return last;
}

static int make_found(struct rescue *rescue, uint64_t ino)
{
    char name[60] = FOUND;
    rescue->found = ino;
    int error = put_folder(rescue, ino, 0700);
    if (!error)
        error = put_name(rescue, STORE_ROOT, name, strlen(name), ino);
    if (error || sqlite3_changes(rescue->to->handle))
        return error;
    snprintf(name, sizeof(name), FOUND "-%llu", (unsigned long long)ino); /* that name is taken */
    return put_name(rescue, STORE_ROOT, name, strlen(name), ino);
}

static int find_nameless(struct rescue *rescue, uint64_t ino, uint64_t last, int *unreadable)
{
    char name[40], path[60];
    uint32_t mode = 0;
    snprintf(name, sizeof(name), "%llu", (unsigned long long)ino);
    snprintf(path, sizeof(path), "/" FOUND "/%s", name);
    int error = copy_inode(rescue, ino, path, &mode);
    *unreadable = error == -L_EUCLEAN ? *unreadable + 1 : 0;
    if (error == -L_ENOENT || error == -L_EUCLEAN)
        return 0;
    if (!error && !rescue->found)
        error = make_found(rescue, last + 1);
    if (!error)
        error = put_name(rescue, rescue->found, name, strlen(name), ino);
    if (!error && (mode & L_S_IFMT) == L_S_IFDIR)
        error = add_folder(rescue, ino, path);
    return error ? error : follow_all(rescue);
}

/* The next inode in the damaged image at or after a number; itself where that cannot be read. */
static uint64_t next_inode(struct rescue *rescue, uint64_t ino, uint64_t last)
{
    sqlite3_stmt *next = rescue->statements[NEXT_INODE];
    sqlite3_bind_int64(next, 1, (int64_t)ino);
    int result = sqlite3_step(next);
    if (result == SQLITE_ROW)
        ino = (uint64_t)sqlite3_column_int64(next, 0);
    else if (result == SQLITE_DONE)
        ino = last + 1;
    sqlite3_reset(next);
    return ino;
}

/* Numbers are given out in order, so each can be asked for where the table is damaged. */
static int find_all_nameless(struct rescue *rescue)
{
    uint64_t last = last_inode(rescue->from);
    int error = 0, unreadable = 0;
    for (uint64_t ino = STORE_ROOT + 1; ino <= last && !error && unreadable < UNREADABLE_MOST;
         ino++) {
        ino = next_inode(rescue, ino, last);
        if (ino <= last && !mode_of(rescue, ino))
            error = find_nameless(rescue, ino, last, &unreadable);
    }
    return error;
}

/* --- the whole --- */

static const char count_links[] =
    "CREATE TEMP TABLE links(ino INTEGER PRIMARY KEY, n INTEGER);"
    "INSERT INTO links SELECT ino, count(*) FROM name GROUP BY ino;"
    "CREATE TEMP TABLE folders(ino INTEGER PRIMARY KEY, n INTEGER);"
    "INSERT INTO folders SELECT name.dir, count(*) FROM name JOIN inode ON inode.ino=name.ino "
    "WHERE inode.mode & 61440 = 16384 GROUP BY name.dir;"
    "UPDATE inode SET nlink=CASE WHEN mode & 61440 = 16384 "
    "THEN 2 + ifnull((SELECT n FROM folders WHERE folders.ino=inode.ino), 0) "
    "ELSE ifnull((SELECT n FROM links WHERE links.ino=inode.ino), 0) END;"
    "DROP TABLE links; DROP TABLE folders";

static int rescue_all(struct rescue *rescue)
{
    uint32_t mode = 0;
    int error = copy_inode(rescue, STORE_ROOT, "/", &mode);
    if (error == -L_EUCLEAN || error == -L_ENOENT) {
        lose(rescue, "/", "the attributes are damaged");
        error = put_folder(rescue, STORE_ROOT, 0755);
    }
    if (!error)
        error = add_folder(rescue, STORE_ROOT, "");
    if (!error)
        error = follow_all(rescue);
    if (!error)
        error = find_all_nameless(rescue);
    return error ? error : store_db_run(rescue->to, count_links);
}

int store_rescue(struct store_db *from, struct store_db *to, struct store_progress *progress)
{
    struct rescue rescue = {.from = from, .to = to, .progress = progress};
    rescue.buffer = malloc(STORE_XATTR_MAX + STORE_CHUNK_SIZE + SEAL_SIZE);
    int error = rescue.buffer ? 0 : -L_ENOMEM;
    for (int i = 0; i < STATEMENTS && !error; i++)
        error = store_errno(sqlite3_prepare_v2(i < PUT_NAME ? from->handle : to->handle, sql[i], -1,
                                               &rescue.statements[i], NULL));
    if (!error)
        error = rescue_all(&rescue);
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(rescue.statements[i]);
    free(rescue.buffer);
    return error ? error : rescue.lost;
}
