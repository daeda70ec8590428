/*
 * The log: lines for the person who has to find out what went wrong. Goes to stderr until
 * host_log_open has been called. Any thread; lines do not mix.
 */
#ifndef RUNTIME_HOST_LOG_H
#define RUNTIME_HOST_LOG_H

#include <stdbool.h>
#include <stddef.h>

/* Appends to the file at path (UTF-8), made when missing. One that has grown beyond HOST_LOG_MAX
 * bytes is renamed to path.old, here and whenever another 64 KiB have been written. 0 or negative
 * errno. */
#define HOST_LOG_MAX (4 << 20)
int host_log_open(const char *path);
/* The same with a file of that name in host_cache_dir(); where there is none the log stays on
 * stderr. */
void host_log_open_kept(const char *name);
/* Path of the open log file, or NULL. */
const char *host_log_path(void);
/* What is written, each with those before it; HOST_LOG_INFO at first. */
enum host_log_level {
    HOST_LOG_ERROR, /* what went wrong with Foreland itself, an image or the host */
    HOST_LOG_INFO,  /* and what a guest wanted that is not there */
    HOST_LOG_DEBUG, /* and where guests fault */
};
void host_log_limit(enum host_log_level level);
/* For what costs something to find out. */
bool host_log_wants(enum host_log_level level);

/* printf format; a newline is added. At most 1000 bytes. Lines are rationed, for guests may provoke
 * many: HOST_LOG_BURST at once, then HOST_LOG_EACH_SECOND; the next line tells how many were left
 * out. */
#define HOST_LOG_BURST       200
#define HOST_LOG_EACH_SECOND 5
void host_log(const char *format, ...) __attribute__((format(printf, 1, 2))); /* information */
void host_log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void host_log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same without the ration: what the user has asked for. */
void host_log_all(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The text as it is; safe in a fault handler. */
void host_log_raw(const char *text, size_t length);

/* For log.c, one thread at a time: begins a new file where the present one has grown too long. */
void host_log_renew(void);

#endif
