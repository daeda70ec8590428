/*
 * A folder for what the program believes when it finds it again: nobody but the user, and whoever
 * may do anything on the host, can put something there. The folder and each file in it are looked
 * at for that when they are opened: whose they are, who may write, and that no link leads
 * elsewhere.
 *
 * It lies in HOST_KEEP_BESIDE in the folder of the program if that is there, so that it goes with
 * the program on a stick; else, or when that one is not the user's own, in the user's caches
 * (env.h). On Windows HOST_KEEP_BESIDE is made where foreland.conf lies beside the program.
 *
 * Names are of letters, digits and '-'. Any thread; every function blocks. 0 or positive, or a
 * negative errno.
 */
#ifndef RUNTIME_HOST_KEEP_H
#define RUNTIME_HOST_KEEP_H

#include <stddef.h>
#include <stdint.h>

struct host_file;
struct host_keep;

#define HOST_KEEP_NAME_MAX 64
#define HOST_KEEP_BESIDE   "foreland.cache"

/* Opens the folder of that name, made when missing. -L_EACCES when others can write there, and in
 * the other place as well. */
int host_keep_open(const char *name, struct host_keep **out);
void host_keep_close(struct host_keep *keep);
/* For people. */
const char *host_keep_path(const struct host_keep *keep);

/* Opens a file for reading. -L_ENOENT; -L_EACCES when it is no plain file of the user's that only
 * the user may write. It keeps its content while it is open: files are replaced, never changed. */
int host_keep_file(struct host_keep *keep, const char *name, struct host_file **out);
/* Puts a file there in place of one that may be there: others see the one or the other, whole. */
int host_keep_store(struct host_keep *keep, const char *name, const void *data, size_t size);
/* Sets its time to now, so that it is not the oldest. */
int host_keep_touch(struct host_keep *keep, const char *name);
int host_keep_remove(struct host_keep *keep, const char *name);
/* Calls each for every file there, those of an unfinished host_keep_store included; mtime in
 * nanoseconds since 1970. Each may remove it. Stops when it returns non-zero, and returns that. */
int host_keep_each(struct host_keep *keep,
                   int (*each)(void *arg, const char *name, uint64_t size, int64_t mtime),
                   void *arg);

#endif
