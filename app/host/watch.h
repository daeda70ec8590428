/* Tells when files are saved. */
#ifndef APP_HOST_WATCH_H
#define APP_HOST_WATCH_H

#include <stdbool.h>

struct host_watch;

/*
 * Starts a thread that calls changed(arg) after one of the files may have been written, or another
 * file has taken its name; also when folders on the way to it appear later. It may call without
 * reason. The watch lives as long as the process. NULL when it cannot be had.
 */
struct host_watch *host_watch_new(void (*changed)(void *arg), void *arg);

/*
 * From now on these (UTF-8; NULL after the last one; copied) instead of those before. False when
 * they are the same; otherwise what was read before the call may be old. Any thread.
 */
bool host_watch_files(struct host_watch *watch, const char *const *paths);

#endif
