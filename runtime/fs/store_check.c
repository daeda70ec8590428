/* Whether an image holds what its metadata says. */
#include "runtime/abi/errno.h"
#include "runtime/fs/store_sql.h"
#include <stdio.h>

struct check {
    struct store_db db;
    void (*report)(void *arg, const char *line);
    void *arg;
    int faults;
};

#define TYPE_OF(mode) "(" mode " & 61440)"

/* Each row of a query is a fault; its column is the sentence that describes it. */
static const char *const rules[] = {
    "SELECT 'the root directory is missing' WHERE NOT EXISTS "
    "(SELECT 1 FROM inode WHERE ino=1 AND " TYPE_OF("mode") "=16384)",
    "SELECT format('name \"%s\" in directory %d leads to inode %d, which does not exist', "
    "CAST(name AS TEXT), dir, name.ino) FROM name LEFT JOIN inode ON inode.ino=name.ino "
    "WHERE inode.ino IS NULL",
    "SELECT format('name \"%s\" lies in inode %d, which is no directory', CAST(name AS TEXT), dir) "
    "FROM name LEFT JOIN inode ON inode.ino=dir "
    "WHERE inode.ino IS NULL OR " TYPE_OF("mode") "!=16384",
    "SELECT format('directory %d has an entry with an impossible name', dir) FROM name "
    "WHERE length(name)=0 OR length(name)>255 OR name IN (x'2e', x'2e2e') OR "
    "instr(name, x'2f')>0 OR instr(name, x'00')>0",
    "SELECT format('inode %d counts %d links and has %d names', inode.ino, nlink, count(name.ino)) "
    "FROM inode LEFT JOIN name ON name.ino=inode.ino WHERE " TYPE_OF(
        "mode") "!=16384 "
                "GROUP BY inode.ino HAVING nlink!=count(name.ino)",
    "SELECT format('directory %d has %d names', inode.ino, count(name.ino)) "
    "FROM inode LEFT JOIN name ON name.ino=inode.ino WHERE " TYPE_OF(
        "mode") "=16384 "
                "GROUP BY inode.ino HAVING count(name.ino)!=(inode.ino!=1 AND nlink!=0)",
    "SELECT format('directory %d counts %d links and has %d directories in it', d.ino, d.nlink, "
    "count(c.ino)) FROM inode d LEFT JOIN name ON name.dir=d.ino "
    "LEFT JOIN inode c ON c.ino=name.ino AND " TYPE_OF(
        "c.mode") "=16384 "
                  "WHERE " TYPE_OF("d.mode") "=16384 AND d.nlink!=0 "
                                             "GROUP BY d.ino HAVING d.nlink!=2+count(c.ino)",
    "WITH RECURSIVE reached(ino) AS (SELECT 1 UNION SELECT name.ino FROM reached "
    "JOIN name ON name.dir=reached.ino) "
    "SELECT format('inode %d cannot be reached from the root', ino) FROM inode "
    "WHERE nlink!=0 AND ino NOT IN reached",
    "SELECT format('inode %d has an impossible type %o', ino, mode) FROM inode "
    "WHERE " TYPE_OF("mode") " NOT IN (4096, 8192, 16384, 24576, 32768, 40960, 49152)",
    "SELECT format('symbolic link %d leads nowhere', ino) FROM inode "
    "WHERE " TYPE_OF("mode") "=40960 AND (target IS NULL OR length(target)!=size)",
    "SELECT format('inode %d has an impossible size %d', ino, size) FROM inode "
    "WHERE size<0 OR size>17592186044416",
    "SELECT format('chunk %d of inode %d: no such inode', chunk.id & 268435455, chunk.id >> 28) "
    "FROM chunk LEFT JOIN inode ON inode.ino=chunk.id >> 28 WHERE inode.ino IS NULL",
    "SELECT format('chunk %d of inode %d: it is no regular file', chunk.id & 268435455, ino) "
    "FROM chunk JOIN inode ON ino=chunk.id >> 28 WHERE " TYPE_OF("mode") "!=32768",
    "SELECT format('chunk %d of inode %d: %d bytes reach beyond the size %d', "
    "chunk.id & 268435455, ino, length(data), size) "
    "FROM chunk JOIN inode ON ino=chunk.id >> 28 WHERE length(data)=0 OR length(data)>65536 OR "
    "((chunk.id & 268435455) << 16) + length(data) > size",
    "SELECT format('extended attribute of inode %d: no such inode', xattr.ino) "
    "FROM xattr LEFT JOIN inode ON inode.ino=xattr.ino WHERE inode.ino IS NULL",
};

static void report(struct check *check, const char *line)
{
    check->faults++;
    check->report(check->arg, line);
}

/* Runs a query whose rows are faults, except a single "ok". */
static int query(struct check *check, const char *sql)
{
    sqlite3_stmt *statement;
    int result = sqlite3_prepare_v2(check->db.handle, sql, -1, &statement, NULL);
    if (result != SQLITE_OK)
        return store_errno(result);
    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *line = (const char *)sqlite3_column_text(statement, 0);
        if (line && sqlite3_stricmp(line, "ok") != 0)
            report(check, line);
    }
    sqlite3_finalize(statement);
    return store_errno(result);
}

int store_check(const char *path, void (*report_line)(void *arg, const char *line), void *arg,
                char *message, size_t size)
{
    struct check check = {.report = report_line, .arg = arg};
    int error = store_db_open(&check.db, path, message, size);
    if (error == -L_EUCLEAN) {
        report(&check, message);
        return check.faults;
    }
    if (error)
        return error;
    error = query(&check, "PRAGMA integrity_check");
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]) && !error; i++)
        error = query(&check, rules[i]);
    if (error == -L_EUCLEAN || (error && check.faults)) {
        report(&check, sqlite3_errmsg(check.db.handle));
        error = 0;
    }
    if (error)
        snprintf(message, size, "%s: %s", path, sqlite3_errmsg(check.db.handle));
    store_db_close(&check.db);
    store_owner_remove(path);
    return error ? error : check.faults;
}
