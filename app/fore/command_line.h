/* The command line of fore. */
#ifndef APP_FORE_COMMAND_LINE_H
#define APP_FORE_COMMAND_LINE_H

#include "runtime/host/log.h"
#include <stdbool.h>
#include <stdint.h>

#define OPTIONS_LIST_MAX 64

struct options {
    const char *root, *image, *cwd;
    const char *mounts[OPTIONS_LIST_MAX + 1];
    const char *environment[OPTIONS_LIST_MAX + 1];
    unsigned mount_count, environment_count;
    uint64_t memory;
    const char *log; /* --log; NULL for the one that is kept */
    enum host_log_level log_level;
    const char *show; /* --show-code; or NULL */
    bool strace, stats, perf, no_cache, read_only, isolated, listen_lan, help, version;
    char **command; /* what is left of argv; NULL-terminated, may be empty */
};

/* Reads options up to the first argument that is none. False with a line for the user in message.
 */
bool options_read(struct options *options, char **argv, char *message, unsigned size);

/* The text of --help. */
extern const char options_help[];

#endif
