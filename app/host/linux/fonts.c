#include "app/host/fonts.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 6

const char *const host_font_names[] = {"DejaVuSansMono.ttf",        "CascadiaMono.ttf",
                                       "JetBrainsMono-Regular.ttf", "Hack-Regular.ttf",
                                       "NotoSansMono-Regular.ttf",  "LiberationMono-Regular.ttf",
                                       "UbuntuMono-R.ttf",          NULL};

static int is_font(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot &&
           (!strcasecmp(dot, ".ttf") || !strcasecmp(dot, ".otf") || !strcasecmp(dot, ".ttc"));
}

static int walk(const char *folder, int depth, int (*each)(void *, const char *), void *arg)
{
    DIR *dir = depth < DEPTH_MAX ? opendir(folder) : NULL;
    if (!dir)
        return 0;
    int result = 0;
    struct dirent *entry;
    while (!result && (entry = readdir(dir))) {
        char path[4096];
        struct stat st;
        if (entry->d_name[0] == '.' ||
            snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >= (int)sizeof(path) ||
            stat(path, &st) < 0)
            continue;
        if (S_ISDIR(st.st_mode))
            result = walk(path, depth + 1, each, arg);
        else if (S_ISREG(st.st_mode) && is_font(path))
            result = each(arg, path);
    }
    closedir(dir);
    return result;
}

void host_fonts_each(int (*each)(void *arg, const char *path), void *arg)
{
    const char *home = getenv("HOME");
    const char *folders[] = {".local/share/fonts", ".fonts", "/usr/local/share/fonts",
                             "/usr/share/fonts"};
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        char path[4096];
        if (folders[i][0] != '/' && !home)
            continue;
        snprintf(path, sizeof(path), "%s%s%s", folders[i][0] == '/' ? "" : home,
                 folders[i][0] == '/' ? "" : "/", folders[i]);
        if (walk(path, 0, each, arg))
            return;
    }
}

const unsigned char *host_font_load(const char *path, size_t *size)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    void *data = MAP_FAILED;
    if (fstat(fd, &st) == 0 && st.st_size > 0)
        data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (data == MAP_FAILED)
        return NULL;
    *size = (size_t)st.st_size;
    return data;
}

void host_font_unload(const unsigned char *data, size_t size)
{
    munmap((void *)data, size);
}
