/*
 * The log: lines for the person who has to find out what went wrong. Goes to stderr until
 * host_log_open has been called. Any thread; lines do not mix.
 */
#ifndef FORELAND_HOST_LOG_H
#define FORELAND_HOST_LOG_H

#include <stdbool.h>
#include <stddef.h>

/* Appends to the file at path (UTF-8), made when missing. One that has grown beyond HOST_LOG_MAX
 * bytes is renamed to path.old first. 0 or negative errno. */
#define HOST_LOG_MAX (4 << 20)
int host_log_open(const char *path);
/* The same with a file of that name in host_cache_dir(); where there is none the log stays on
 * stderr. */
void host_log_open_kept(const char *name);
/* Path of the open log file, or NULL. */
const char *host_log_path(void);
/* printf format; a newline is added. At most 1000 bytes. */
void host_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The text as it is; safe in a fault handler. */
void host_log_raw(const char *text, size_t length);

#endif
