/*
 * From the older format to the present one. Every page of a file is different then, so a new file
 * is made beside the image (PATH-new). When it is whole and on the disk, a mark in the image says
 * so, in a commit; only then may it take the image's place. Killed before the mark, the next open
 * begins anew; killed after it, the next open puts the new file in place. Two programs that start
 * at the same moment thus never touch a file that the other one is making.
 */
#include "runtime/abi/errno.h"
#include "runtime/fs/store/store_sql.h"
#include "runtime/host/errno_names.h"
#include "runtime/host/file.h"
#include "runtime/host/log.h"
#include <stdio.h>

/* Closes the image and puts the new file in its place. */
static int replace_image(struct store_db *db, const char *path, const char *fresh)
{
    char log[STORE_PATH_MOST];
    struct host_stat stat;
    snprintf(log, sizeof(log), "%s-wal", path);
    int error = store_db_close(db, path);
    /* A log that is left over belongs to the old file and would be taken for the new one's. */
    if (!error && host_path_stat(log, &stat) == 0)
        error = -L_EBUSY;
    return error ? error : host_path_rename(fresh, path);
}

static int mark(struct store_db *db, int format)
{
    char sql[60];
    snprintf(sql, sizeof(sql), "PRAGMA user_version=%d", format);
    int error = store_db_run(db, sql);
    db->replaced = !error && format == STORE_FORMAT_REPLACED;
    return error;
}

/* The image is not converted: says why to the log and to who watches. */
static int stay(const struct store_watch *watch, int error, const char *reason)
{
    char line[STORE_LINE_MOST];
    snprintf(line, sizeof(line),
             "The image stays in its older format, in which damage is not noticed. %s", reason);
    host_log("%s", line);
    if (watch)
        watch->report(watch->arg, line);
    return error;
}

static int make_copy(struct store_db *db, const char *path, const char *fresh,
                     const struct store_watch *watch)
{
    char reason[STORE_PATH_MOST + 200];
    int error = db->replaced ? mark(db, STORE_FORMAT_BARE) : 0;
    if (error)
        return error;
    store_remove_files(fresh);
    if (!store_room_for_copy(db, path, reason, sizeof(reason)))
        return stay(watch, -L_ENOSPC, reason);
    host_log("%s: converting the image to format %d", path, STORE_FORMAT);
    error = store_copy_to(db, fresh, COPY_ALL, watch, reason, sizeof(reason));
    return error ? stay(watch, error, reason) : mark(db, STORE_FORMAT_REPLACED);
}

int store_convert(struct store_db *db, const char *path, const struct store_watch *watch,
                  char *message, size_t size)
{
    char fresh[STORE_PATH_MOST];
    struct host_stat stat;
    snprintf(fresh, sizeof(fresh), "%s-new", path);
    bool there = host_path_stat(fresh, &stat) == 0;
    if (db->replaced && !there) {
        /* Perhaps it took its place just now, and this is a file without a name. */
        store_db_close(db, path);
        int opened = store_db_open(db, path, MEDIA_DISK, message, size);
        if (opened || db->sealed)
            return opened;
        there = host_path_stat(fresh, &stat) == 0;
    }
    if ((!db->replaced || !there) && make_copy(db, path, fresh, watch) != 0)
        return 0;
    int error = replace_image(db, path, fresh);
    /* Somebody else may have put it in place. */
    if (error && error != -L_ENOENT) {
        snprintf(message, size, "%s: the converted image cannot take its place: %s", path,
                 errno_text(-error));
        return error;
    }
    return store_db_open(db, path, MEDIA_DISK, message, size);
}
