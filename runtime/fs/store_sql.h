/*
 * The SQL side of the store: the connection, its statements, and one function for each kind of
 * change. For store*.c only. Everything here is called by one thread at a time.
 *
 * Tables (all STRICT):
 *   inode(ino, mode, nlink, uid, gid, rdev, size, blocks, atime, mtime, ctime, btime, target)
 *   name(dir, name, ino)      key (dir, name)
 *   chunk(id, data)           id = ino << 28 | index; a missing chunk is a hole, a short one goes
 *                             on with zeros
 *   xattr(ino, name, value)   key (ino, name)
 * rdev is kept as the signed number of the same bits.
 */
#ifndef FORELAND_FS_STORE_SQL_H
#define FORELAND_FS_STORE_SQL_H

#include "runtime/fs/store.h"
#include <sqlite3.h>

#define STORE_APPLICATION 0x464f5245 /* "FORE", in the header of the file */
#define STORE_FORMAT      2
#define STORE_PAGE_SIZE   8192
#define STORE_INDEX_BITS  28

enum store_statement {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_PUT_INODE,
    SQL_PUT_TARGET,
    SQL_REMOVE_INODE,
    SQL_PUT_NAME,
    SQL_REMOVE_NAME,
    SQL_PUT_CHUNK,
    SQL_REMOVE_CHUNKS,
    SQL_SHORTEN_CHUNK,
    SQL_PUT_XATTR,
    SQL_REMOVE_XATTR,
    SQL_REMOVE_XATTRS,
    SQL_GET_INODE,
    SQL_GET_TARGET,
    SQL_GET_CHUNK,
    SQL_NEXT_CHUNK,
    SQL_READ_CHUNKS,
    SQL_READ_DIR,
    SQL_GET_XATTR,
    SQL_LIST_XATTR,
    SQL_ORPHANS,
    SQL_STATEMENTS
};

struct store_db {
    sqlite3 *handle;
    sqlite3_stmt *statements[SQL_STATEMENTS];
    bool in_transaction;
    int wal_pages; /* in the log after the last commit */
};

enum store_op_kind {
    OP_PUT_INODE,
    OP_PUT_TARGET,
    OP_REMOVE_INODE,
    OP_PUT_NAME,
    OP_REMOVE_NAME,
    OP_PUT_CHUNK,
    OP_CUT,
    OP_PUT_XATTR,
    OP_REMOVE_XATTR,
};

/* One change. ino is the inode (or directory) it belongs to. name and value lie in text, the name
 * without NUL. */
struct store_op {
    struct store_op *next;
    enum store_op_kind kind;
    uint64_t ino;
    uint64_t number; /* inode of a name, index of a chunk, size of a cut */
    struct store_inode inode;
    uint32_t name_length, value_length;
    uint8_t text[];
};

/* The errno of a result of SQLite; 0 for SQLITE_OK, SQLITE_ROW and SQLITE_DONE. */
int store_errno(int result);

/* Opens the file with the settings every connection needs and checks that it is an image. */
int store_db_open(struct store_db *db, const char *path, char *message, size_t size);
/* The same for an empty file: sets what only a new one can be given, makes tables and root. */
int store_db_create(struct store_db *db, const char *path, char *message, size_t size);
/* Folds the log in and closes. */
int store_db_close(struct store_db *db);
int store_db_remove_orphans(struct store_db *db);
/* Moves the log into the image as far as possible without waiting. */
int store_db_checkpoint(struct store_db *db);

int store_db_begin(struct store_db *db); /* nothing when already in a transaction */
int store_db_commit(struct store_db *db);
void store_db_rollback(struct store_db *db);
int store_db_apply(struct store_db *db, const struct store_op *op);

/* Runs a query that gives one number. */
int store_db_number(struct store_db *db, const char *sql, int64_t *out);
int store_db_run(struct store_db *db, const char *sql);
/* A statement ready to be bound; store_db_done resets it and gives the errno of result. */
sqlite3_stmt *store_db_statement(struct store_db *db, enum store_statement which);
int store_db_done(sqlite3_stmt *statement, int result);
/* Columns from `column` on as SQL_GET_INODE lists them. */
void store_db_inode(sqlite3_stmt *statement, int column, struct store_inode *out);

/* PATH-owner: who has the image open. */
void store_owner_write(const char *path);
void store_owner_remove(const char *path);
uint64_t store_owner_read(const char *path); /* 0: not known */

#endif
