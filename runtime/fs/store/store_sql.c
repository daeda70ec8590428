/* The tables and statements, one function for each kind of change. */
#include "runtime/fs/store/store_sql.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/stat.h"
#include "runtime/fs/store/store_seal.h"
#include <string.h>

#define INODE_COLUMNS "ino, mode, nlink, uid, gid, rdev, size, blocks, atime, mtime, ctime, btime"

static const char *const sql_text[SQL_STATEMENTS] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_TRY] = "DELETE FROM inode WHERE 0",
    [SQL_SAVE] = "SAVEPOINT part",
    [SQL_UNDO] = "ROLLBACK TO part",
    [SQL_RELEASE] = "RELEASE part",
    [SQL_PUT_INODE] = "INSERT INTO inode(" INODE_COLUMNS ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?) "
                      "ON CONFLICT(ino) DO UPDATE SET mode=excluded.mode, nlink=excluded.nlink, "
                      "uid=excluded.uid, gid=excluded.gid, rdev=excluded.rdev, size=excluded.size, "
                      "blocks=excluded.blocks, "
                      "atime=excluded.atime, mtime=excluded.mtime, ctime=excluded.ctime, "
                      "btime=excluded.btime",
    [SQL_PUT_TARGET] = "UPDATE inode SET target=?2 WHERE ino=?1",
    [SQL_REMOVE_INODE] = "DELETE FROM inode WHERE ino=?",
    [SQL_PUT_NAME] = "INSERT INTO name(dir, name, ino) VALUES(?1,?2,?3) "
                     "ON CONFLICT(dir, name) DO UPDATE SET ino=excluded.ino",
    [SQL_REMOVE_NAME] = "DELETE FROM name WHERE dir=? AND name=?",
    [SQL_PUT_CHUNK] = "INSERT OR REPLACE INTO chunk(id, data) VALUES(?,?)",
    [SQL_REMOVE_CHUNK] = "DELETE FROM chunk WHERE id=?",
    [SQL_HAS_CHUNK] = "SELECT 1 FROM chunk WHERE id=?",
    [SQL_REMOVE_CHUNKS] = "DELETE FROM chunk WHERE id BETWEEN ? AND ?",
    [SQL_PUT_XATTR] = "INSERT OR REPLACE INTO xattr(ino, name, value) VALUES(?,?,?)",
    [SQL_REMOVE_XATTR] = "DELETE FROM xattr WHERE ino=? AND name=?",
    [SQL_REMOVE_XATTRS] = "DELETE FROM xattr WHERE ino=?",
    [SQL_GET_INODE] = "SELECT " INODE_COLUMNS " FROM inode WHERE ino=?",
    [SQL_GET_TARGET] = "SELECT target FROM inode WHERE ino=?",
    [SQL_GET_CHUNK] = "SELECT data FROM chunk WHERE id=?",
    [SQL_NEXT_CHUNK] = "SELECT min(id) FROM chunk WHERE id BETWEEN ? AND ?",
    [SQL_READ_CHUNKS] = "SELECT id FROM chunk WHERE id BETWEEN ? AND ?",
    [SQL_LAST_CHUNK] = "SELECT max(id) FROM chunk WHERE id BETWEEN ? AND ?",
    [SQL_READ_NAMES] = "SELECT name, ino FROM name WHERE dir=? AND name>? ORDER BY name",
    [SQL_GET_ENTRY] = "SELECT NULL, " INODE_COLUMNS ", target FROM inode WHERE ino=?",
    [SQL_READ_DIR] =
        "SELECT name.name, inode.ino, mode, nlink, uid, gid, rdev, size, blocks, atime, "
        "mtime, ctime, btime, target FROM name JOIN inode ON inode.ino=name.ino "
        "WHERE name.dir=? ORDER BY name.name",
    [SQL_GET_XATTR] = "SELECT value FROM xattr WHERE ino=? AND name=?",
    [SQL_LIST_XATTR] = "SELECT name FROM xattr WHERE ino=? ORDER BY name",
    [SQL_ORPHANS] = "SELECT ino FROM inode WHERE nlink=0 AND ino>? ORDER BY ino LIMIT 1",
};

int store_errno(int result)
{
    switch (result & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return 0;
    case SQLITE_FULL:
        return -L_ENOSPC;
    case SQLITE_NOMEM:
        return -L_ENOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -L_EBUSY;
    case SQLITE_CORRUPT:
    case MEDIA_DAMAGED:
        return -L_EUCLEAN;
    case SQLITE_NOTADB:
        return -L_EINVAL;
    case SQLITE_READONLY:
        return -L_EROFS;
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return -L_EACCES;
    default:
        return -L_EIO;
    }
}

sqlite3_stmt *store_db_statement(struct store_db *db, enum store_statement which)
{
    if (!db->statements[which] &&
        sqlite3_prepare_v3(db->handle, sql_text[which], -1, SQLITE_PREPARE_PERSISTENT,
                           &db->statements[which], NULL) != SQLITE_OK)
        return NULL;
    return db->statements[which];
}

int store_db_done(sqlite3_stmt *statement, int result)
{
    sqlite3_reset(statement);
    return store_errno(result);
}

/* Runs a bound statement that gives no rows. */
static int finish_statement(sqlite3_stmt *statement)
{
    return store_db_done(statement, sqlite3_step(statement));
}

static int run(struct store_db *db, enum store_statement which)
{
    sqlite3_stmt *statement = store_db_statement(db, which);
    return statement ? finish_statement(statement) : store_errno(sqlite3_errcode(db->handle));
}

int store_db_run(struct store_db *db, const char *sql)
{
    return store_errno(sqlite3_exec(db->handle, sql, NULL, NULL, NULL));
}

int store_db_number(struct store_db *db, const char *sql, int64_t *out)
{
    sqlite3_stmt *statement;
    int result = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);
    if (result != SQLITE_OK)
        return store_errno(result);
    result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        *out = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return result == SQLITE_DONE ? -L_ENOENT : store_errno(result);
}

int store_db_begin(struct store_db *db)
{
    if (db->in_transaction)
        return 0;
    int error = run(db, SQL_BEGIN);
    db->in_transaction = !error;
    return error;
}

int store_db_commit(struct store_db *db)
{
    if (!db->in_transaction)
        return 0;
    int error = run(db, SQL_COMMIT);
    if (!error)
        db->in_transaction = false;
    return error;
}

void store_db_rollback(struct store_db *db)
{
    /* Some failures have rolled back already. */
    if (db->in_transaction && !sqlite3_get_autocommit(db->handle))
        run(db, SQL_ROLLBACK);
    db->in_transaction = false;
}

int store_db_save(struct store_db *db)
{
    return run(db, SQL_SAVE);
}

int store_db_settle(struct store_db *db, int error)
{
    /* Some failures have ended the whole transaction already. */
    if (sqlite3_get_autocommit(db->handle))
        return error ? error : -L_EIO;
    int undone = error ? run(db, SQL_UNDO) : 0;
    int released = undone ? undone : run(db, SQL_RELEASE);
    return undone || released ? (undone ? undone : released) : error;
}

bool store_db_is_spoiled(struct store_db *db)
{
    return db->in_transaction && run(db, SQL_TRY) != 0;
}

int store_db_checkpoint(struct store_db *db)
{
    int in_log = 0, done = 0;
    int result =
        sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log, &done);
    if (result == SQLITE_OK && in_log == done)
        db->wal_pages = 0;
    return store_errno(result);
}

static int64_t chunk_id(uint64_t ino, uint64_t index)
{
    return (int64_t)(ino << STORE_INDEX_BITS | index);
}

/* The length of the text of a blob without its seal, after that has been looked at. */
static int64_t sealed_length(struct store_db *db, sqlite3_stmt *statement, int column, size_t most)
{
    size_t seal = db->sealed ? SEAL_SIZE : 0;
    size_t length = (size_t)sqlite3_column_bytes(statement, column);
    if (sqlite3_column_type(statement, column) != SQLITE_BLOB || length < seal ||
        length > most + seal)
        return -L_EUCLEAN;
    return (int64_t)(length - seal);
}

int64_t store_db_chunk_length(struct store_db *db, sqlite3_stmt *statement, int column,
                              uint64_t ino, uint64_t index)
{
    int64_t length = sealed_length(db, statement, column, STORE_CHUNK_SIZE);
    const uint8_t *data = length > 0 ? sqlite3_column_blob(statement, column) : NULL;
    if (length == 0 || (length > 0 && !data))
        return length == 0 ? -L_EUCLEAN : -L_ENOMEM;
    if (data && db->sealed &&
        !seal_holds(data + length, seal_of_chunk(ino, index, data, (size_t)length)))
        return -L_EUCLEAN;
    return length;
}

int64_t store_db_xattr_length(struct store_db *db, sqlite3_stmt *statement, int column,
                              uint64_t ino, const void *name, size_t name_length)
{
    int64_t length = sealed_length(db, statement, column, STORE_XATTR_MAX);
    const uint8_t *value = length >= 0 ? sqlite3_column_blob(statement, column) : NULL;
    if (value && db->sealed &&
        !seal_holds(value + length, seal_of_xattr(ino, name, name_length, value, (size_t)length)))
        return -L_EUCLEAN;
    return length;
}

static int64_t number_at(sqlite3_stmt *statement, int column, int64_t low, int64_t high, bool *good)
{
    int64_t value = sqlite3_column_int64(statement, column);
    if (sqlite3_column_type(statement, column) != SQLITE_INTEGER || value < low || value > high)
        *good = false;
    return value;
}

bool store_name_is_possible(const char *name, size_t length)
{
    if (length == 0 || length > STORE_NAME_MAX || memchr(name, '/', length) ||
        memchr(name, 0, length))
        return false;
    return name[0] != '.' || (length != 1 && (length != 2 || name[1] != '.'));
}

bool store_target_is_possible(sqlite3_stmt *statement, int column, uint64_t size)
{
    const void *text = sqlite3_column_blob(statement, column);
    size_t length = (size_t)sqlite3_column_bytes(statement, column);
    return sqlite3_column_type(statement, column) == SQLITE_BLOB && length == size && length > 0 &&
           length <= STORE_TARGET_MAX && text && !memchr(text, 0, length);
}

/* What no program of ours has written, whatever its checksums say. */
static bool is_possible(const struct store_inode *inode)
{
    switch (inode->mode & L_S_IFMT) {
    case L_S_IFDIR:
        return inode->nlink != 1;
    case L_S_IFREG:
    case L_S_IFLNK:
    case L_S_IFCHR:
    case L_S_IFBLK:
    case L_S_IFIFO:
    case L_S_IFSOCK:
        return true;
    default:
        return false;
    }
}

int store_db_inode(sqlite3_stmt *statement, int column, struct store_inode *out)
{
    const int64_t word = UINT32_MAX, any = INT64_MAX;
    bool good = true;
    out->ino = (uint64_t)number_at(statement, column, STORE_ROOT, STORE_INODE_MAX, &good);
    out->mode = (uint32_t)number_at(statement, column + 1, 0, 0xffff, &good);
    out->nlink = (uint32_t)number_at(statement, column + 2, 0, STORE_LINKS_MAX, &good);
    out->uid = (uint32_t)number_at(statement, column + 3, 0, word, &good);
    out->gid = (uint32_t)number_at(statement, column + 4, 0, word, &good);
    out->rdev = (uint64_t)number_at(statement, column + 5, INT64_MIN, any, &good);
    out->size = (uint64_t)number_at(statement, column + 6, 0, STORE_SIZE_MAX, &good);
    out->blocks = (uint64_t)number_at(statement, column + 7, 0, any, &good);
    out->atime = number_at(statement, column + 8, INT64_MIN, any, &good);
    out->mtime = number_at(statement, column + 9, INT64_MIN, any, &good);
    out->ctime = number_at(statement, column + 10, INT64_MIN, any, &good);
    out->btime = number_at(statement, column + 11, INT64_MIN, any, &good);
    return good && is_possible(out) ? 0 : -L_EUCLEAN;
}

int64_t store_db_chunk(struct store_db *db, uint64_t ino, uint64_t index, uint8_t *data)
{
    sqlite3_stmt *statement = store_db_statement(db, SQL_GET_CHUNK);
    if (!statement)
        return store_errno(sqlite3_errcode(db->handle));
    sqlite3_bind_int64(statement, 1, chunk_id(ino, index));
    int result = sqlite3_step(statement);
    int64_t length = result == SQLITE_ROW ? store_db_chunk_length(db, statement, 0, ino, index) : 0;
    if (length > 0)
        memcpy(data, sqlite3_column_blob(statement, 0), (size_t)length);
    int error = store_db_done(statement, result);
    return error ? error : length;
}

/* --- changes --- */

static int put_inode(sqlite3_stmt *statement, const struct store_inode *inode)
{
    const int64_t values[] = {
        (int64_t)inode->ino, inode->mode,          inode->nlink,         inode->uid,
        inode->gid,          (int64_t)inode->rdev, (int64_t)inode->size, (int64_t)inode->blocks,
        inode->atime,        inode->mtime,         inode->ctime,         inode->btime};
    for (int i = 0; i < (int)(sizeof(values) / sizeof(values[0])); i++)
        sqlite3_bind_int64(statement, i + 1, values[i]);
    return finish_statement(statement);
}

int store_db_chunk_count(struct store_db *db, uint64_t ino, uint64_t *out)
{
    struct store_inode inode = {0};
    sqlite3_stmt *statement = store_db_statement(db, SQL_GET_INODE);
    if (!statement)
        return store_errno(sqlite3_errcode(db->handle));
    sqlite3_bind_int64(statement, 1, (int64_t)ino);
    int result = sqlite3_step(statement);
    int bad = result == SQLITE_ROW ? store_db_inode(statement, 0, &inode) : -L_EUCLEAN;
    int error = store_db_done(statement, result);
    *out = (inode.size + STORE_CHUNK_SIZE - 1) >> STORE_CHUNK_SHIFT;
    return error ? error : bad ? bad : *out <= STORE_PROBES_MOST ? 0 : -L_EUCLEAN;
}

static int remove_chunk(struct store_db *db, int64_t id)
{
    sqlite3_stmt *statement = store_db_statement(db, SQL_REMOVE_CHUNK);
    if (!statement)
        return store_errno(sqlite3_errcode(db->handle));
    sqlite3_bind_int64(statement, 1, id);
    return finish_statement(statement);
}

/* Removes chunks from index on. */
static int remove_chunks(struct store_db *db, uint64_t ino, uint64_t index)
{
    uint64_t count;
    sqlite3_stmt *statement = store_db_statement(db, SQL_REMOVE_CHUNKS);
    if (index > STORE_INDEX_LAST || !statement)
        return statement ? 0 : store_errno(sqlite3_errcode(db->handle));
    sqlite3_bind_int64(statement, 1, chunk_id(ino, index));
    sqlite3_bind_int64(statement, 2, chunk_id(ino, STORE_INDEX_LAST));
    int error = finish_statement(statement);
    if (error != -L_EUCLEAN || store_db_chunk_count(db, ino, &count) != 0)
        return error;
    for (error = 0; index < count && !error; index++)
        error = remove_chunk(db, chunk_id(ino, index));
    return error;
}

static int bind_chunk(struct store_db *db, uint64_t ino, uint64_t index, const uint8_t *data,
                      size_t length)
{
    if (length == 0)
        return remove_chunk(db, chunk_id(ino, index));
    sqlite3_stmt *statement = store_db_statement(db, SQL_PUT_CHUNK);
    if (!statement)
        return store_errno(sqlite3_errcode(db->handle));
    sqlite3_bind_int64(statement, 1, chunk_id(ino, index));
    sqlite3_bind_blob(statement, 2, data, (int)(length + (db->sealed ? SEAL_SIZE : 0)),
                      SQLITE_STATIC);
    return finish_statement(statement);
}

/* Cuts the chunk that `size` lies in. A damaged one stays as it is, and cannot be read. */
static int shorten(struct store_db *db, uint64_t ino, uint64_t size)
{
    uint8_t data[STORE_CHUNK_SIZE + SEAL_SIZE];
    uint64_t index = size >> STORE_CHUNK_SHIFT;
    size_t rest = size & (STORE_CHUNK_SIZE - 1);
    int64_t length = store_db_chunk(db, ino, index, data);
    if (length == -L_EUCLEAN)
        return 0;
    if (length <= (int64_t)rest)
        return length < 0 ? (int)length : 0;
    seal_write(data + rest, seal_of_chunk(ino, index, data, rest));
    return bind_chunk(db, ino, index, data, rest);
}

static int cut(struct store_db *db, uint64_t ino, uint64_t size)
{
    int error = remove_chunks(db, ino, (size + STORE_CHUNK_SIZE - 1) >> STORE_CHUNK_SHIFT);
    return error || !(size & (STORE_CHUNK_SIZE - 1)) ? error : shorten(db, ino, size);
}

static int remove_by_inode(struct store_db *db, enum store_statement which, uint64_t ino)
{
    sqlite3_stmt *statement = store_db_statement(db, which);
    if (!statement)
        return store_errno(sqlite3_errcode(db->handle));
    sqlite3_bind_int64(statement, 1, (int64_t)ino);
    return finish_statement(statement);
}

/* The first or last chunk of a range; -L_ENXIO when there is none. */
static int find_chunk(struct store_db *db, enum store_statement which, int64_t low, int64_t high,
                      int64_t *out)
{
    sqlite3_stmt *statement = store_db_statement(db, which);
    if (!statement)
        return store_errno(sqlite3_errcode(db->handle));
    sqlite3_bind_int64(statement, 1, low);
    sqlite3_bind_int64(statement, 2, high);
    int result = sqlite3_step(statement);
    bool found = result == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL;
    if (found)
        *out = sqlite3_column_int64(statement, 0);
    int error = store_db_done(statement, result);
    return error ? error : found ? 0 : -L_ENXIO;
}

/* Removes one chunk, or leaves it when that meets damage. */
static int try_remove_chunk(struct store_db *db, int64_t id)
{
    int error = store_db_save(db);
    if (error)
        return error;
    error = store_db_settle(db, remove_chunk(db, id));
    return error == -L_EUCLEAN ? 0 : error;
}

/* Removes the chunks that can be reached from either end. */
static int remove_good_chunks(struct store_db *db, uint64_t ino)
{
    int64_t low = chunk_id(ino, 0), high = chunk_id(ino, STORE_INDEX_LAST), id = 0;
    int error = 0;
    while (low <= high && !(error = find_chunk(db, SQL_NEXT_CHUNK, low, high, &id))) {
        error = try_remove_chunk(db, id);
        if (error)
            return error;
        low = id + 1;
    }
    if (error != -L_EUCLEAN)
        return error == -L_ENXIO ? 0 : error;
    while (low <= high && !(error = find_chunk(db, SQL_LAST_CHUNK, low, high, &id))) {
        error = try_remove_chunk(db, id);
        if (error)
            return error;
        high = id - 1;
    }
    return error == -L_ENXIO || error == -L_EUCLEAN ? 0 : error;
}

/* What is left belongs to no inode any more; numbers are never used again. */
static int remove_but_leave(struct store_db *db, uint64_t ino)
{
    int error = remove_good_chunks(db, ino);
    if (!error)
        error = store_db_save(db);
    if (error)
        return error;
    error = store_db_settle(db, remove_by_inode(db, SQL_REMOVE_XATTRS, ino));
    return error && error != -L_EUCLEAN ? error : remove_by_inode(db, SQL_REMOVE_INODE, ino);
}

static int remove_inode(struct store_db *db, uint64_t ino)
{
    if (db->leaves)
        return remove_but_leave(db, ino);
    int error = remove_chunks(db, ino, 0);
    if (!error)
        error = remove_by_inode(db, SQL_REMOVE_XATTRS, ino);
    return error ? error : remove_by_inode(db, SQL_REMOVE_INODE, ino);
}

/* Statements of the form (ino, text, number or value), as far as they have parameters. */
static int put_text(struct store_db *db, enum store_statement which, const struct store_op *op)
{
    sqlite3_stmt *statement = store_db_statement(db, which);
    if (!statement)
        return store_errno(sqlite3_errcode(db->handle));
    sqlite3_bind_int64(statement, 1, (int64_t)op->ino);
    if (which == SQL_PUT_TARGET)
        sqlite3_bind_blob(statement, 2, op->text, (int)op->value_length, SQLITE_STATIC);
    else
        sqlite3_bind_blob(statement, 2, op->text, (int)op->name_length, SQLITE_STATIC);
    if (which == SQL_PUT_NAME)
        sqlite3_bind_int64(statement, 3, (int64_t)op->number);
    else if (which == SQL_PUT_XATTR)
        sqlite3_bind_blob(statement, 3, op->text + op->name_length,
                          (int)(op->value_length + (db->sealed ? SEAL_SIZE : 0)), SQLITE_STATIC);
    return finish_statement(statement);
}

int store_db_apply(struct store_db *db, const struct store_op *op)
{
    sqlite3_stmt *statement;
    switch (op->kind) {
    case OP_PUT_INODE:
        statement = store_db_statement(db, SQL_PUT_INODE);
        return statement ? put_inode(statement, &op->inode)
                         : store_errno(sqlite3_errcode(db->handle));
    case OP_PUT_TARGET:
        return put_text(db, SQL_PUT_TARGET, op);
    case OP_REMOVE_INODE:
        return remove_inode(db, op->ino);
    case OP_PUT_NAME:
        return put_text(db, SQL_PUT_NAME, op);
    case OP_REMOVE_NAME:
        return put_text(db, SQL_REMOVE_NAME, op);
    case OP_PUT_CHUNK:
        return bind_chunk(db, op->ino, op->number, op->text, op->value_length);
    case OP_CUT:
        return cut(db, op->ino, op->number);
    case OP_PUT_XATTR:
        return put_text(db, SQL_PUT_XATTR, op);
    case OP_REMOVE_XATTR:
        return put_text(db, SQL_REMOVE_XATTR, op);
    }
    return -L_EINVAL;
}

/* Removes an inode in a transaction of its own, around what is damaged. */
static int remove_alone(struct store_db *db, uint64_t ino)
{
    for (;;) {
        uint64_t page;
        int error = store_db_begin(db);
        if (!error)
            error = remove_inode(db, ino);
        if (!error)
            error = store_db_commit(db);
        if (!error)
            return 0;
        store_db_rollback(db);
        if (error != -L_EUCLEAN)
            return error;
        if (store_db_can_mend(db, &page) && store_db_mend(db, page) == 0)
            continue;
        if (db->leaves)
            return 0; /* it stays */
        db->leaves = true;
        error = remove_alone(db, ino);
        db->leaves = false;
        return error;
    }
}

int store_db_remove_orphans(struct store_db *db)
{
    uint64_t ino = 0;
    for (;;) {
        sqlite3_stmt *statement = store_db_statement(db, SQL_ORPHANS);
        if (!statement)
            return store_errno(sqlite3_errcode(db->handle));
        sqlite3_bind_int64(statement, 1, (int64_t)ino);
        int result = sqlite3_step(statement);
        ino = result == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
        int error = store_db_done(statement, result);
        if (error || result != SQLITE_ROW)
            return error;
        error = remove_alone(db, ino);
        if (error)
            return error;
    }
}
