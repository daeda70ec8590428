#include "runtime/fs/store_sql.h"

#include "runtime/abi/errno.h"
#include <string.h>

#define INODE_COLUMNS "ino, mode, nlink, uid, gid, rdev, size, blocks, atime, mtime, ctime, btime"

static const char *const sql_text[SQL_STATEMENTS] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
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
    [SQL_REMOVE_CHUNKS] = "DELETE FROM chunk WHERE id BETWEEN ? AND ?",
    [SQL_SHORTEN_CHUNK] = "UPDATE chunk SET data=substr(data, 1, ?2) "
                          "WHERE id=?1 AND length(data) > ?2",
    [SQL_PUT_XATTR] = "INSERT OR REPLACE INTO xattr(ino, name, value) VALUES(?,?,?)",
    [SQL_REMOVE_XATTR] = "DELETE FROM xattr WHERE ino=? AND name=?",
    [SQL_REMOVE_XATTRS] = "DELETE FROM xattr WHERE ino=?",
    [SQL_GET_INODE] = "SELECT " INODE_COLUMNS " FROM inode WHERE ino=?",
    [SQL_GET_TARGET] = "SELECT target FROM inode WHERE ino=?",
    [SQL_GET_CHUNK] = "SELECT data FROM chunk WHERE id=?",
    [SQL_NEXT_CHUNK] = "SELECT min(id) FROM chunk WHERE id BETWEEN ? AND ?",
    [SQL_READ_CHUNKS] = "SELECT id FROM chunk WHERE id BETWEEN ? AND ?",
    [SQL_READ_DIR] =
        "SELECT name.name, inode.ino, mode, nlink, uid, gid, rdev, size, blocks, atime, "
        "mtime, ctime, btime, target FROM name JOIN inode ON inode.ino=name.ino "
        "WHERE name.dir=? ORDER BY name.name",
    [SQL_GET_XATTR] = "SELECT value FROM xattr WHERE ino=? AND name=?",
    [SQL_LIST_XATTR] = "SELECT name FROM xattr WHERE ino=? ORDER BY name",
    [SQL_ORPHANS] = "SELECT ino FROM inode WHERE nlink=0",
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
static int finish(sqlite3_stmt *statement)
{
    return store_db_done(statement, sqlite3_step(statement));
}

static int run(struct store_db *db, enum store_statement which)
{
    sqlite3_stmt *statement = store_db_statement(db, which);
    return statement ? finish(statement) : store_errno(sqlite3_errcode(db->handle));
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

int store_db_checkpoint(struct store_db *db)
{
    int in_log = 0, done = 0;
    int result =
        sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log, &done);
    if (result == SQLITE_OK && in_log == done)
        db->wal_pages = 0;
    return store_errno(result);
}

void store_db_inode(sqlite3_stmt *statement, int column, struct store_inode *out)
{
    out->ino = (uint64_t)sqlite3_column_int64(statement, column);
    out->mode = (uint32_t)sqlite3_column_int64(statement, column + 1);
    out->nlink = (uint32_t)sqlite3_column_int64(statement, column + 2);
    out->uid = (uint32_t)sqlite3_column_int64(statement, column + 3);
    out->gid = (uint32_t)sqlite3_column_int64(statement, column + 4);
    out->rdev = (uint64_t)sqlite3_column_int64(statement, column + 5);
    out->size = (uint64_t)sqlite3_column_int64(statement, column + 6);
    out->blocks = (uint64_t)sqlite3_column_int64(statement, column + 7);
    out->atime = sqlite3_column_int64(statement, column + 8);
    out->mtime = sqlite3_column_int64(statement, column + 9);
    out->ctime = sqlite3_column_int64(statement, column + 10);
    out->btime = sqlite3_column_int64(statement, column + 11);
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
    return finish(statement);
}

static int64_t chunk_id(uint64_t ino, uint64_t index)
{
    return (int64_t)(ino << STORE_INDEX_BITS | index);
}

/* Removes chunks from index on. */
static int remove_chunks(struct store_db *db, uint64_t ino, uint64_t index)
{
    const uint64_t last = ((uint64_t)1 << STORE_INDEX_BITS) - 1;
    sqlite3_stmt *statement = store_db_statement(db, SQL_REMOVE_CHUNKS);
    if (index > last || !statement)
        return statement ? 0 : store_errno(sqlite3_errcode(db->handle));
    sqlite3_bind_int64(statement, 1, chunk_id(ino, index));
    sqlite3_bind_int64(statement, 2, chunk_id(ino, last));
    return finish(statement);
}

static int cut(struct store_db *db, uint64_t ino, uint64_t size)
{
    int error = remove_chunks(db, ino, (size + STORE_CHUNK_SIZE - 1) >> STORE_CHUNK_SHIFT);
    int64_t rest = (int64_t)(size & (STORE_CHUNK_SIZE - 1));
    if (error || !rest)
        return error;
    sqlite3_stmt *statement = store_db_statement(db, SQL_SHORTEN_CHUNK);
    if (!statement)
        return store_errno(sqlite3_errcode(db->handle));
    sqlite3_bind_int64(statement, 1, chunk_id(ino, size >> STORE_CHUNK_SHIFT));
    sqlite3_bind_int64(statement, 2, rest);
    return finish(statement);
}

static int remove_inode(struct store_db *db, uint64_t ino)
{
    int error = remove_chunks(db, ino, 0);
    const enum store_statement rest[] = {SQL_REMOVE_XATTRS, SQL_REMOVE_INODE};
    for (int i = 0; i < 2 && !error; i++) {
        sqlite3_stmt *statement = store_db_statement(db, rest[i]);
        if (!statement)
            return store_errno(sqlite3_errcode(db->handle));
        sqlite3_bind_int64(statement, 1, (int64_t)ino);
        error = finish(statement);
    }
    return error;
}

static int put_chunk(struct store_db *db, const struct store_op *op)
{
    int64_t id = chunk_id(op->ino, op->number);
    bool hole = op->value_length == 0;
    sqlite3_stmt *statement = store_db_statement(db, hole ? SQL_REMOVE_CHUNKS : SQL_PUT_CHUNK);
    if (!statement)
        return store_errno(sqlite3_errcode(db->handle));
    sqlite3_bind_int64(statement, 1, id);
    if (hole)
        sqlite3_bind_int64(statement, 2, id);
    else
        sqlite3_bind_blob(statement, 2, op->text, (int)op->value_length, SQLITE_STATIC);
    return finish(statement);
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
        sqlite3_bind_blob(statement, 3, op->text + op->name_length, (int)op->value_length,
                          SQLITE_STATIC);
    return finish(statement);
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
        return put_chunk(db, op);
    case OP_CUT:
        return cut(db, op->ino, op->number);
    case OP_PUT_XATTR:
        return put_text(db, SQL_PUT_XATTR, op);
    case OP_REMOVE_XATTR:
        return put_text(db, SQL_REMOVE_XATTR, op);
    }
    return -L_EINVAL;
}

int store_db_remove_orphans(struct store_db *db)
{
    for (;;) {
        sqlite3_stmt *statement = store_db_statement(db, SQL_ORPHANS);
        if (!statement)
            return store_errno(sqlite3_errcode(db->handle));
        int result = sqlite3_step(statement);
        uint64_t ino = result == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
        int error = store_db_done(statement, result);
        if (error || result != SQLITE_ROW)
            return error;
        error = store_db_begin(db);
        if (!error)
            error = remove_inode(db, ino);
        if (!error)
            error = store_db_commit(db);
        if (error) {
            store_db_rollback(db);
            return error;
        }
    }
}
