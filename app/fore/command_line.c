/* Takes the command line of fore apart. */
#include "app/fore/command_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char options_help[] =
    "usage: fore [options] COMMAND [ARGUMENTS...]\n"
    "       fore image create|import|check|export ...\n"
    "       fore cache [clear]    code that is kept for the next start of the same programs\n"
    "       fore selftest         say what this machine is like, for reports of faults\n"
    "\n"
    "Runs a Linux program with the standard input, output and error of the caller and\n"
    "exits with its status (128 + n if signal n ended it).\n"
    "\n"
    "  --root DIR|FILE.tar   root file system: a directory of this machine, or an archive\n"
    "                        that is unpacked into memory; default: the image\n"
    "  --image FILE          image to use; default: foreland.img beside the program\n"
    "  --read-only           only read the image: what is changed stays in memory and is\n"
    "                        gone at the end\n"
    "  --mount HOST:GUEST    show a directory of this machine at a path of the guest's\n"
    "  --isolated            no network, drives or folders of this machine: programs inside\n"
    "                        reach one another alone\n"
    "  --network-listen WHO  who finds a server that listens at every address: loopback, the\n"
    "                        programs of this machine (default), or lan, others as well\n"
    "  --env NAME=VALUE      set an environment variable\n"
    "  --cwd DIR             start in this directory, a path of the guest's or of this\n"
    "                        machine; default: where the caller is if the guest can see\n"
    "                        that, else /root\n"
    "  --memory SIZE         limit for all guests together (K, M, G); default: 3/4 of RAM\n"
    "  --no-cache            neither use code that earlier runs translated nor keep any\n"
    "  --strace              write the system calls to the standard error, or to the log if\n"
    "                        --log says where that is\n"
    "  --stats               at the end, say on the standard error what was translated and\n"
    "                        how often guest code was left, and why\n"
    "  --perf                at the end, say on the standard error in which functions the\n"
    "                        time was spent; on Linux also name the code for perf(1)\n"
    "  --show-code WHAT      run nothing: show a function of the file COMMAND, by its name,\n"
    "                        address (0x...) or offset (+0x...), beside its translation\n"
    "  --log FILE            write the log there; default: fore.log among the user's caches\n"
    "  --log-level LEVEL     error, info (default), or debug: also where guests fault\n"
    "  --help, --version     say this, or the version, and exit\n";

static bool command_line_fail(char *message, unsigned size, const char *format, const char *what)
{
    snprintf(message, size, format, what);
    return false;
}

static bool read_size(const char *text, uint64_t *bytes)
{
    char *end;
    unsigned long long n = strtoull(text, &end, 10);
    unsigned shift = 0;
    if (end == text || text[0] == '-')
        return false;
    if (*end == 'K' || *end == 'k')
        shift = 10;
    else if (*end == 'M' || *end == 'm')
        shift = 20;
    else if (*end == 'G' || *end == 'g')
        shift = 30;
    if (shift)
        end++;
    *bytes = (uint64_t)n << shift;
    return !*end && n && *bytes >> shift == n;
}

static bool read_level(const char *text, enum host_log_level *level)
{
    static const char *const names[] = {
        [HOST_LOG_ERROR] = "error", [HOST_LOG_INFO] = "info", [HOST_LOG_DEBUG] = "debug"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(text, names[i]))
            continue;
        *level = (enum host_log_level)i;
        return true;
    }
    return false;
}

static bool list_add(const char **list, unsigned *count, const char *value)
{
    if (*count == OPTIONS_LIST_MAX)
        return false;
    list[(*count)++] = value;
    return true;
}

static bool fore_flag(struct options *o, const char *name)
{
    if (!strcmp(name, "--strace"))
        o->strace = true;
    else if (!strcmp(name, "--stats"))
        o->stats = true;
    else if (!strcmp(name, "--perf"))
        o->perf = true;
    else if (!strcmp(name, "--no-cache"))
        o->no_cache = true;
    else if (!strcmp(name, "--read-only"))
        o->read_only = true;
    else if (!strcmp(name, "--isolated"))
        o->isolated = true;
    else if (!strcmp(name, "--help") || !strcmp(name, "-h"))
        o->help = true;
    else if (!strcmp(name, "--version"))
        o->version = true;
    else
        return false;
    return true;
}

static bool is_valued(const char *name)
{
    static const char *const names[] = {"--root",      "--image",         "--mount", "--env",
                                        "--cwd",       "--memory",        "--log",   "--log-level",
                                        "--show-code", "--network-listen"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!strcmp(name, names[i]))
            return true;
    }
    return false;
}

static bool fore_value(struct options *o, const char *name, const char *value, char *message,
                       unsigned size)
{
    bool ok = true;
    if (!strcmp(name, "--root"))
        o->root = value;
    else if (!strcmp(name, "--image"))
        o->image = value;
    else if (!strcmp(name, "--cwd"))
        o->cwd = value;
    else if (!strcmp(name, "--show-code"))
        o->show = value;
    else if (!strcmp(name, "--memory"))
        ok = read_size(value, &o->memory);
    else if (!strcmp(name, "--log"))
        o->log = value;
    else if (!strcmp(name, "--log-level"))
        ok = read_level(value, &o->log_level);
    else if (!strcmp(name, "--network-listen"))
        ok = (o->listen_lan = !strcmp(value, "lan")) || !strcmp(value, "loopback");
    else if (!strcmp(name, "--mount"))
        ok = strchr(value, ':') && list_add(o->mounts, &o->mount_count, value);
    else
        ok = strchr(value, '=') > value && list_add(o->environment, &o->environment_count, value);
    if (!ok)
        snprintf(message, size, "%s: \"%s\" cannot be used", name, value);
    return ok;
}

bool options_read(struct options *o, char **argv, char *message, unsigned size)
{
    memset(o, 0, sizeof(*o));
    o->log_level = HOST_LOG_INFO;
    char **a = argv;
    for (; *a && (*a)[0] == '-' && (*a)[1]; a++) {
        if (!strcmp(*a, "--")) {
            a++;
            break;
        }
        char name[32];
        const char *equals = strchr(*a, '=');
        size_t n = equals ? (size_t)(equals - *a) : strlen(*a);
        if (n >= sizeof(name))
            return command_line_fail(message, size, "unknown option %s", *a);
        memcpy(name, *a, n);
        name[n] = 0;
        if (!equals && fore_flag(o, name))
            continue;
        if (!is_valued(name))
            return command_line_fail(message, size, "unknown option %s", *a);
        const char *value = equals ? equals + 1 : a[1];
        if (!value)
            return command_line_fail(message, size, "option %s needs a value", name);
        if (!equals)
            a++;
        if (!fore_value(o, name, value, message, size))
            return false;
    }
    if (o->root && o->image)
        return command_line_fail(message, size, "%s", "--root and --image exclude each other");
    if (o->root && o->read_only)
        return command_line_fail(message, size, "%s",
                                 "--read-only is for an image, not for --root");
    if (o->isolated && o->mount_count)
        return command_line_fail(message, size, "%s", "--isolated and --mount exclude each other");
    o->command = a;
    return true;
}
