/* What the program finds around it: environment, folders, processors, memory. */
#include "runtime/host/env.h"
#include <errno.h>
#include <malloc.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

extern char **environ;

/* What guests made us hold goes back to the system when it is freed. Otherwise large buffers come
 * from the heaps after the first of them was freed, and each thread's heap grows by their rests. */
static void give_memory_back(void)
{
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
    mallopt(M_TRIM_THRESHOLD, 1 << 20);
    mallopt(M_ARENA_MAX, get_nprocs());
}

void host_arguments(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    give_memory_back();
}

char *host_getenv(const char *name)
{
    const char *value = getenv(name);
    return value ? strdup(value) : NULL;
}

char **host_environment(void)
{
    size_t count = 0;
    while (environ[count])
        count++;
    char **copy = calloc(count + 1, sizeof(*copy));
    for (size_t i = 0; copy && i < count; i++)
        copy[i] = strdup(environ[i]);
    return copy;
}

static char *without_slash(char *path)
{
    for (size_t length = path ? strlen(path) : 0; length > 1 && path[length - 1] == '/';)
        path[--length] = 0;
    return path;
}

char *host_home_dir(void)
{
    const char *home = getenv("HOME");
    if (home && home[0] == '/')
        return without_slash(strdup(home));
    struct passwd entry, *found = NULL;
    char buffer[4096];
    if (getpwuid_r(getuid(), &entry, buffer, sizeof(buffer), &found) || !found)
        return NULL;
    return without_slash(strdup(entry.pw_dir));
}

/* Makes the folder and those above it. */
static bool make_folder(char *path)
{
    for (char *at = path + 1; *at; at++) {
        if (*at != '/')
            continue;
        *at = 0;
        mkdir(path, 0777);
        *at = '/';
    }
    return mkdir(path, 0777) == 0 || errno == EEXIST;
}

char *host_system_drive(void)
{
    return NULL;
}

char *host_cache_dir(void)
{
    char *path = NULL;
    const char *cache = getenv("XDG_CACHE_HOME");
    if (cache && cache[0] == '/') {
        if (asprintf(&path, "%s/foreland", cache) < 0)
            return NULL;
    } else {
        char *home = host_home_dir();
        int length = home ? asprintf(&path, "%s/.cache/foreland", home) : -1;
        free(home);
        if (length < 0)
            return NULL;
    }
    if (make_folder(path))
        return path;
    free(path);
    return NULL;
}

char *host_program_path(void)
{
    return realpath("/proc/self/exe", NULL);
}

char *host_current_dir(void)
{
    return getcwd(NULL, 0);
}

unsigned host_cpu_count(void)
{
    int64_t count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (unsigned)count : 1;
}

uint64_t host_memory_size(void)
{
    return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t host_memory_available(void)
{
    /* MemAvailable of proc(5) counts what the caches would give back. */
    FILE *file = fopen("/proc/meminfo", "re");
    char line[256];
    unsigned long long kilobytes = 0;
    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, "MemAvailable: %llu", &kilobytes) == 1)
            break;
    if (file)
        fclose(file);
    if (kilobytes)
        return kilobytes * 1024;
    return (uint64_t)sysconf(_SC_AVPHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
}

void host_machine_name(char *buffer, size_t size)
{
    if (gethostname(buffer, size) || !buffer[0])
        snprintf(buffer, size, "localhost");
    buffer[size - 1] = 0;
}

void host_user_name(char *buffer, size_t size)
{
    struct passwd entry, *found = NULL;
    char text[4096];
    if (getpwuid_r(getuid(), &entry, text, sizeof(text), &found) || !found)
        snprintf(buffer, size, "user");
    else
        snprintf(buffer, size, "%s", entry.pw_name);
}

uint64_t host_process_id(void)
{
    return (uint64_t)getpid();
}

/* "Europe/Rome" out of /usr/share/zoneinfo/Europe/Rome, where /etc/localtime points. */
static bool zone_of_link(char *buffer, size_t size)
{
    char path[1024];
    ssize_t length = readlink("/etc/localtime", path, sizeof(path) - 1);
    if (length <= 0)
        return false;
    path[length] = 0;
    const char *zone = strstr(path, "zoneinfo/");
    if (!zone)
        return false;
    snprintf(buffer, size, "%s", zone + strlen("zoneinfo/"));
    return true;
}

void host_timezone(char *buffer, size_t size)
{
    const char *zone = getenv("TZ");
    if (zone && zone[0] && zone[0] != '/')
        snprintf(buffer, size, "%s", zone[0] == ':' ? zone + 1 : zone);
    else if (!zone_of_link(buffer, size))
        snprintf(buffer, size, "UTC0");
}

void host_exit(int status)
{
    _exit(status);
}
