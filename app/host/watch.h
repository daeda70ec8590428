/* Tells when files are saved. */
#ifndef APP_HOST_WATCH_H
#define APP_HOST_WATCH_H

#include <stdbool.h>

struct host_watch;

#define HOST_WATCH_SETTLE_MS     100  /* a save is over when nothing more happens so long */
#define HOST_WATCH_SETTLE_MAX_MS 1000 /* but no call is delayed for longer */
#define HOST_WATCH_TRIES         20   /* of one change, see below */

/*
 * Starts a thread that calls changed(arg, last) after one of the files may have been written, or
 * another file has taken its name; also when folders on the way to it appear later. It may call
 * without reason. When it returns false, because a file seems to be in the middle of being saved,
 * it is called again a moment later; the last time it has to return true. The watch lives as long
 * as the process. NULL when it cannot be had.
 */
struct host_watch *host_watch_new(bool (*changed)(void *arg, bool last), void *arg);

/*
 * From now on these (UTF-8; NULL after the last one; copied) instead of those before. False when
 * they are the same; otherwise what was read before the call may be old. Any thread.
 */
bool host_watch_files(struct host_watch *watch, const char *const *paths);

#endif
