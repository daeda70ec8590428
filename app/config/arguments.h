/* The command line: every option of options.def, and the few that only it has. */
#ifndef APP_CONFIG_ARGUMENTS_H
#define APP_CONFIG_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "app/config/config.h"

#define ARGUMENTS_MAX 256

struct arguments {
    struct config_pair pairs[ARGUMENTS_MAX];
    int count;
    const char *config; /* --config: the file; NULL: the usual one */
    bool control;       /* --control */
    bool help, version; /* --help, --version */
    bool print_config;  /* --print-config */
    char **command;     /* NULL-terminated; NULL: the configured one */
};

/* An option that only the command line has. */
struct argument {
    const char *name, *argument, *text; /* argument NULL: takes none */
};

extern const struct argument argument_table[];
extern const size_t argument_count;

/* False with a reason for people. The strings of argv are kept. */
bool arguments_read(struct arguments *a, char **argv, char *reason, size_t size);

/* Whether each value is one that the option takes; path is that of the configuration file or NULL.
 */
bool arguments_check(const struct arguments *a, const char *path, char *reason, size_t size);

#endif
