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
 * rdev is kept as the signed number of the same bits. data and value end in a seal
 * (store_seal.h), and pages have checksums (store_media.h). Images of format 2 have neither; they
 * are converted when they are opened to be written (store_convert.c), and else used as they are.
 */
#ifndef RUNTIME_FS_STORE_STORE_SQL_H
#define RUNTIME_FS_STORE_STORE_SQL_H

#include "runtime/fs/store/store.h"
#include "runtime/fs/store/store_media.h"
#include <sqlite3.h>

/* Bytes: a path of the host with what is put behind it (-damaged, -wal ...), and a line with one.
 */
#define STORE_PATH_MOST 4200
#define STORE_LINE_MOST 5000

#define STORE_APPLICATION 0x464f5245 /* "FORE", in the header of the file */
#define STORE_FORMAT      3
#define STORE_FORMAT_BARE 2 /* the older one, without checksums */
/* The older one with a converted copy beside it, which is to take its place. */
#define STORE_FORMAT_REPLACED 0x10002
#define STORE_INDEX_BITS      28
#define STORE_INDEX_LAST      (((uint64_t)1 << STORE_INDEX_BITS) - 1)
#define STORE_PROBES_MOST     65536
#define STORE_LINKS_MAX       0x7fffffff
#define STORE_XATTR_MAX       65536
#define STORE_NAME_MAX        255
#define STORE_TARGET_MAX      4095

#define STORE_DAMAGED                                                                              \
    "the image is damaged; fore image check says how, and fore image repair makes one of what "    \
    "can be read"

/* The tables of a new image, and what else it has to be given first. */
extern const char store_schema[];
void store_format_pragmas(char *text, size_t size);

enum store_statement {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_TRY,
    SQL_SAVE,
    SQL_UNDO,
    SQL_RELEASE,
    SQL_PUT_INODE,
    SQL_PUT_TARGET,
    SQL_REMOVE_INODE,
    SQL_PUT_NAME,
    SQL_REMOVE_NAME,
    SQL_PUT_CHUNK,
    SQL_REMOVE_CHUNK,
    SQL_REMOVE_CHUNKS,
    SQL_PUT_XATTR,
    SQL_REMOVE_XATTR,
    SQL_REMOVE_XATTRS,
    SQL_GET_INODE,
    SQL_GET_TARGET,
    SQL_GET_CHUNK,
    SQL_HAS_CHUNK,
    SQL_NEXT_CHUNK,
    SQL_READ_CHUNKS,
    SQL_LAST_CHUNK,
    SQL_READ_DIR,
    SQL_READ_NAMES,
    SQL_GET_ENTRY,
    SQL_GET_XATTR,
    SQL_LIST_XATTR,
    SQL_ORPHANS,
    SQL_STATEMENTS
};

struct store_db {
    sqlite3 *handle;
    sqlite3_stmt *statements[SQL_STATEMENTS];
    bool in_transaction;
    bool owned;      /* PATH-owner names this process */
    bool sealed;     /* not of STORE_FORMAT_BARE */
    bool leaves;     /* what is damaged is left behind where an inode is removed */
    uint64_t mended; /* the page that was mended last */
    bool no_mending; /* it has failed since the last commit */
    bool replaced;   /* of that format, and a converted copy lies beside it (store_convert.c) */
    int wal_pages;   /* in the log after the last commit */
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
    uint8_t text[]; /* with room for a seal, which is there for chunks and attributes */
};

/* The errno of a result of SQLite; 0 for SQLITE_OK, SQLITE_ROW and SQLITE_DONE. */
int store_errno(int result);

/* Opens the file with the settings every connection needs and checks that it is an image. With
 * MEDIA_MEMORY nothing is written to it or beside it. */
int store_db_open(struct store_db *db, const char *path, enum media media, char *message,
                  size_t size);
/* The same for an empty file: sets what only a new one can be given, makes tables and root. As a
 * copy: without the root and with the transaction left open, for somebody who fills it at once. */
int store_db_create(struct store_db *db, const char *path, bool as_copy, char *message,
                    size_t size);
/* Folds the log in and closes. */
int store_db_close(struct store_db *db, const char *path);
enum store_copying {
    COPY_ALL,      /* damage is -L_EUCLEAN */
    COPY_READABLE, /* what is damaged is reported and left out */
    COPY_ANEW,     /* the same, and what does not fit together is made to (store_rescue.c) */
};
/* A compact copy, verified on the way, as one file at a path where nothing is; on the disk when
 * this returns. Of an older image the copy is of the present format. watch as for store_copy. */
int store_copy_to(struct store_db *from, const char *to, enum store_copying how,
                  const struct store_watch *watch, char *message, size_t size);
/* Whether there seems to be room for that beside an image. If not, a sentence says how much there
 * is and how much it takes. */
bool store_room_for_copy(struct store_db *db, const char *path, char *message, size_t size);
/* Counts what is copied for those who watch. */
struct store_progress {
    const struct store_watch *watch;
    uint64_t done, all; /* bytes; all: 0 when it is not known */
};
void store_progress_add(struct store_progress *progress, uint64_t bytes);
/* Fills an empty copy with what can be read; how many losses were reported. */
int store_rescue(struct store_db *from, struct store_db *to, struct store_progress *progress);
/* An image that is open nowhere, and what may lie beside it. */
void store_remove_files(const char *path);
/* Brings an image of the older format, just opened, to the present one. Whatever happens meanwhile,
 * the path leads to the whole image. When it cannot be done the connection is as before and the log
 * says why; an error, with a sentence, means that it is closed. */
int store_convert(struct store_db *db, const char *path, const struct store_watch *watch,
                  char *message, size_t size);
int store_db_remove_orphans(struct store_db *db);
/* Moves the log into the image as far as possible without waiting. */
int store_db_checkpoint(struct store_db *db);

int store_db_begin(struct store_db *db); /* nothing when already in a transaction */
int store_db_commit(struct store_db *db);
void store_db_rollback(struct store_db *db);
int store_db_apply(struct store_db *db, const struct store_op *op);
/* A part of the transaction that can be undone alone. Such parts may be nested. */
int store_db_save(struct store_db *db);
int store_db_settle(struct store_db *db, int error); /* undoes it if there is an error; the error */

/* Whether the transaction can only be rolled back: SQLite has met what cannot be in pages that
 * verify. */
bool store_db_is_spoiled(struct store_db *db);
/* See store_name_of. */
void store_db_name_of(struct store_db *db, uint64_t ino, char *path, size_t size);

/* --- store_mend.c --- */

/* Whether what was asked for last met a damaged page that can be mended. */
bool store_db_can_mend(struct store_db *db, uint64_t *page);
/* Makes a page with data of files whole again, so that what it belongs to can be removed or
 * replaced; the data in it is lost and does not verify. Folds the log in; not in a transaction.
 * -L_EUCLEAN: it cannot be done. */
int store_db_mend(struct store_db *db, uint64_t page);

/* Runs a query that gives one number. */
int store_db_number(struct store_db *db, const char *sql, int64_t *out);
int store_db_run(struct store_db *db, const char *sql);
/* A statement ready to be bound; store_db_done resets it and gives the errno of result. */
sqlite3_stmt *store_db_statement(struct store_db *db, enum store_statement which);
int store_db_done(sqlite3_stmt *statement, int result);
/* Whether a name of a directory's entry can be one. */
bool store_name_is_possible(const char *name, size_t length);
/* Whether a column can be the text of a symbolic link of that size. */
bool store_target_is_possible(sqlite3_stmt *statement, int column, uint64_t size);
/* Columns from `column` on as SQL_GET_INODE lists them. -L_EUCLEAN: they cannot be. */
int store_db_inode(sqlite3_stmt *statement, int column, struct store_inode *out);
/* Data of a chunk, verified, into room for STORE_CHUNK_SIZE bytes: its length, 0 for a hole. */
int64_t store_db_chunk(struct store_db *db, uint64_t ino, uint64_t index, uint8_t *data);
/* How many chunks a file has with its holes, by its size in the image; -L_EUCLEAN when they are too
 * many to be asked for one by one, or the size cannot be read. A range of rows cannot be read to
 * its end when what comes behind it is damaged; single rows can. */
int store_db_chunk_count(struct store_db *db, uint64_t ino, uint64_t *out);
/* The length of what a column holds of a chunk or an extended attribute, which has been verified;
 * -L_EUCLEAN. */
int64_t store_db_chunk_length(struct store_db *db, sqlite3_stmt *statement, int column,
                              uint64_t ino, uint64_t index);
int64_t store_db_xattr_length(struct store_db *db, sqlite3_stmt *statement, int column,
                              uint64_t ino, const void *name, size_t name_length);

/* PATH-owner: who has the image open. */
void store_owner_write(const char *path);
void store_owner_remove(const char *path);
uint64_t store_owner_read(const char *path); /* 0: not known */

#endif
