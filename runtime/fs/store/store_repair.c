/*
 * From a damaged image to one of what can be read of it. The new one is made beside it (PATH-new)
 * and verified; then the damaged one and its log get other names (PATH-damaged) and the new one
 * takes the image's. Killed before the first of these three, the damaged image is as it was; after
 * it there is no image under its name until a repair has done the rest.
 */
#include "runtime/abi/errno.h"
#include "runtime/fs/store/store_sql.h"
#include "runtime/host/errno_names.h"
#include "runtime/host/file.h"
#include <stdio.h>

struct repair {
    const char *path;
    const struct store_watch *watch;
    char fresh[STORE_PATH_MOST], kept[STORE_PATH_MOST];
    unsigned from, to; /* of the progress as a whole */
    int faults;
};

static bool is_there(const char *path)
{
    struct host_stat stat;
    return host_path_stat(path, &stat) == 0;
}

static void count_fault(void *arg, const char *line)
{
    struct repair *repair = arg;
    (void)line;
    repair->faults++;
}

static void report_lost(void *arg, const char *line)
{
    const struct repair *repair = arg;
    repair->watch->report(repair->watch->arg, line);
}

static void progress(void *arg, unsigned percent)
{
    const struct repair *repair = arg;
    if (repair->watch->progress)
        repair->watch->progress(repair->watch->arg,
                                repair->from + (repair->to - repair->from) * percent / 100);
}

/* The number of losses. */
static int make_copy(struct repair *repair, char *message, size_t size)
{
    struct store_db db;
    const struct store_watch watch = {.report = report_lost, .progress = progress, .arg = repair};
    int lost = store_db_open(&db, repair->path, MEDIA_MEMORY, message, size);
    if (lost)
        return lost;
    repair->from = 0;
    repair->to = 60;
    if (store_room_for_copy(&db, repair->path, message, size))
        lost = store_copy_to(&db, repair->fresh, COPY_ANEW, &watch, message, size);
    else
        lost = -L_ENOSPC;
    store_db_close(&db, repair->path);
    return lost;
}

static int verify(struct repair *repair, char *message, size_t size)
{
    const struct store_watch watch = {.report = count_fault, .progress = progress, .arg = repair};
    repair->from = 60;
    repair->to = 100;
    int faults = store_check(repair->fresh, &watch, message, size);
    if (faults <= 0)
        return faults;
    snprintf(message, size,
             "%s: cannot be repaired, as what is in it does not fit together; fore image export "
             "writes its files to an archive",
             repair->path);
    return -L_EUCLEAN;
}

/* Each step is left out when an earlier repair has done it. */
static int replace_image(struct repair *repair, char *message, size_t size)
{
    char log[STORE_PATH_MOST + 8], kept_log[STORE_PATH_MOST + 8];
    snprintf(log, sizeof(log), "%s-wal", repair->path);
    snprintf(kept_log, sizeof(kept_log), "%s-wal", repair->kept);
    int error = is_there(repair->path) ? host_path_rename(repair->path, repair->kept) : 0;
    if (!error && is_there(log))
        error = host_path_rename(log, kept_log);
    if (!error)
        error = host_path_rename(repair->fresh, repair->path);
    if (error)
        snprintf(message, size,
                 "%s: the repaired image %s cannot take its place: %s; is it in use?", repair->path,
                 repair->fresh, errno_text(-error));
    return error;
}

int store_repair(const char *path, const struct store_watch *watch, char *message, size_t size)
{
    struct repair repair = {.path = path, .watch = watch};
    snprintf(repair.fresh, sizeof(repair.fresh), "%s-new", path);
    snprintf(repair.kept, sizeof(repair.kept), "%s-damaged", path);
    if (!is_there(path) && is_there(repair.fresh) && is_there(repair.kept)) {
        int error = verify(&repair, message, size);
        return error ? error : replace_image(&repair, message, size);
    }
    if (is_there(repair.kept)) {
        snprintf(message, size,
                 "%s: is there already; it is what an earlier repair has kept: remove it or give "
                 "it another name first",
                 repair.kept);
        return -L_EEXIST;
    }
    store_remove_files(repair.fresh);
    int lost = make_copy(&repair, message, size);
    if (lost < 0)
        return lost;
    int error = verify(&repair, message, size);
    if (error)
        store_remove_files(repair.fresh);
    else
        error = replace_image(&repair, message, size);
    return error ? error : lost;
}
