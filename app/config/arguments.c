/* Takes the command line apart. */
#include "app/config/arguments.h"

#include <stdio.h>
#include <string.h>

#include "app/config/options.h"

const struct argument argument_table[] = {
    {"config", "FILE", "Reads this file instead of the usual one."},
    {"print-config", NULL, "Prints a configuration file with every option, and ends."},
    {"control", NULL, "Drives the window by lines on the standard input; for tests."},
    {"help", NULL, "Prints this, and ends."},
    {"version", NULL, "Prints the version, and ends."},
};

const size_t argument_count = sizeof(argument_table) / sizeof(argument_table[0]);

static bool argument_is(const char *name, size_t n, const char *what)
{
    return strlen(what) == n && memcmp(name, what, n) == 0;
}

/* A flag without a value. */
static bool take_flag(struct arguments *a, const char *name, size_t n)
{
    bool *flag = argument_is(name, n, "control")        ? &a->control
                 : argument_is(name, n, "help")         ? &a->help
                 : argument_is(name, n, "version")      ? &a->version
                 : argument_is(name, n, "print-config") ? &a->print_config
                                                        : NULL;
    if (flag)
        *flag = true;
    return flag != NULL;
}

/* --name value or --name=value; *at is moved past the value. */
static bool take_value(struct arguments *a, char ***at, const char *name, size_t n, char *reason,
                       size_t size)
{
    int index = 0;
    bool config = argument_is(name, n, "config");
    const struct option *option = config ? NULL : option_find(name, n, &index);
    if (!config && !option) {
        const char *guess = option_guess(name, n);
        snprintf(reason, size, "no such option: --%.*s%s%s%s", (int)(n < 60 ? n : 60), name,
                 guess ? " (perhaps --" : "", guess ? guess : "", guess ? "?)" : "");
        return false;
    }
    const char *value = name[n] == '=' ? name + n + 1 : *++*at;
    if (!value) {
        snprintf(reason, size, "an argument is missing after --%.*s", (int)n, name);
        return false;
    }
    if (config) {
        a->config = value;
        return true;
    }
    if (a->count == ARGUMENTS_MAX) {
        snprintf(reason, size, "more than %d options", ARGUMENTS_MAX);
        return false;
    }
    a->pairs[a->count++] = (struct config_pair){option, index, value};
    return true;
}

bool arguments_read(struct arguments *a, char **argv, char *reason, size_t size)
{
    char **at = argv;
    *a = (struct arguments){0};
    for (; *at && (*at)[0] == '-'; at++) {
        const char *name = *at + 2;
        if (strcmp(*at, "--") == 0 || strcmp(*at, "-e") == 0) {
            at++;
            break;
        }
        if ((*at)[1] != '-') {
            snprintf(reason, size, "no such option: %.60s", *at);
            return false;
        }
        size_t n = strcspn(name, "=");
        if ((name[n] || !take_flag(a, name, n)) && !take_value(a, &at, name, n, reason, size))
            return false;
    }
    if (*at)
        a->command = at;
    return true;
}

bool arguments_check(const struct arguments *a, const char *path, char *reason, size_t size)
{
    struct mistakes m = {0};
    struct config *c = config_load(NULL, 0, path, a->pairs, a->count, &m);
    bool ok = c && m.count == 0;
    if (!ok)
        snprintf(reason, size, "%.*s", m.text ? (int)strcspn(m.text, "\n") : 13,
                 m.text ? m.text : "out of memory");
    config_free(c);
    mistakes_free(&m);
    return ok;
}
