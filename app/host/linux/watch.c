/* inotify(7). A folder is watched, not the file: editors put a new file in the place of the old. */
#include "app/host/watch.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/host/watch_list.h"
#include "runtime/host/lock.h"
#include "runtime/host/thread.h"

#define PLACES_MAX (2 * WATCH_FILES_MAX)

/* A folder and the name in it that matters: of the file, or of the next folder on the way. */
struct place {
    int wd;
    bool on_the_way;
    char path[PATH_MAX]; /* of the name, with its folder */
    const char *name;    /* its end */
};

struct host_watch {
    int fd;
    struct host_mutex lock; /* of what follows */
    struct place places[PLACES_MAX];
    int count;
    struct watch_list list;
    void (*changed)(void *arg);
    void *arg;
};

/* Watches the folder that holds the path, or the nearest one above it that is there. */
static void add_place(struct host_watch *w, const char *path)
{
    struct place *p = &w->places[w->count];
    if (w->count == PLACES_MAX || path[0] != '/' || strlen(path) >= sizeof(p->path))
        return;
    strcpy(p->path, path);
    p->on_the_way = false;
    for (;;) {
        char *slash = strrchr(p->path, '/');
        char kept = slash[1];
        p->name = slash + 1;
        slash[1] = 0;
        p->wd = inotify_add_watch(w->fd, p->path,
                                  IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ONLYDIR |
                                      IN_DELETE_SELF | IN_MOVE_SELF);
        slash[1] = kept;
        if (p->wd >= 0) {
            w->count++;
            return;
        }
        if (slash == p->path)
            return;
        *slash = 0;
        p->on_the_way = true;
    }
}

/* The lock is held. A link is followed too: the file it leads to may be what is saved. */
static void set_places(struct host_watch *w)
{
    for (int i = 0; i < w->count; i++)
        inotify_rm_watch(w->fd, w->places[i].wd);
    w->count = 0;
    for (int i = 0; i < w->list.count; i++) {
        char real[PATH_MAX];
        add_place(w, w->list.files[i]);
        if (realpath(w->list.files[i], real) && strcmp(real, w->list.files[i]) != 0)
            add_place(w, real);
    }
}

/* A file that has just been made is empty until it is closed; links are complete at once. */
static bool is_complete(const struct place *p)
{
    struct stat st;
    return lstat(p->path, &st) == 0 && (!S_ISREG(st.st_mode) || st.st_nlink > 1);
}

/* Whether the event is about one of the places; *again: the places are others now. */
static bool concerns(struct host_watch *w, const struct inotify_event *event, bool *again)
{
    bool any = false;
    if (event->mask & IN_Q_OVERFLOW) {
        *again = true;
        return true;
    }
    for (int i = 0; i < w->count; i++) {
        const struct place *p = &w->places[i];
        if (p->wd != event->wd)
            continue;
        if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF)) {
            *again = true;
            continue;
        }
        if (event->len == 0 || strcmp(event->name, p->name) != 0 ||
            ((event->mask & IN_CREATE) && !p->on_the_way && !is_complete(p)))
            continue;
        any = true;
        *again = *again || p->on_the_way || (event->mask & (IN_CREATE | IN_MOVED_TO));
    }
    return any;
}

static void run(void *arg)
{
    struct host_watch *w = arg;
    _Alignas(struct inotify_event) char events[16384];
    for (;;) {
        ssize_t n = read(w->fd, events, sizeof(events));
        if (n < 0)
            continue;
        bool any = false, again = false;
        host_mutex_lock(&w->lock);
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *event = (const void *)(events + at);
            any = concerns(w, event, &again) || any;
            at += (ssize_t)sizeof(*event) + event->len;
        }
        /* What happens meanwhile is not told; the call below comes after it. */
        if (again)
            set_places(w);
        host_mutex_unlock(&w->lock);
        if (any || again)
            w->changed(w->arg);
    }
}

struct host_watch *host_watch_new(void (*changed)(void *arg), void *arg)
{
    struct host_watch *w = calloc(1, sizeof(*w));
    if (!w)
        return NULL;
    w->changed = changed;
    w->arg = arg;
    w->fd = inotify_init1(IN_CLOEXEC);
    if (w->fd >= 0 && host_thread_start(run, w) == 0)
        return w;
    if (w->fd >= 0)
        close(w->fd);
    free(w);
    return NULL;
}

static char *absolute(const char *path)
{
    char folder[PATH_MAX], *copy;
    if (path[0] == '/')
        return strdup(path);
    if (!getcwd(folder, sizeof(folder)) || asprintf(&copy, "%s/%s", folder, path) < 0)
        return NULL;
    return copy;
}

bool host_watch_files(struct host_watch *w, const char *const *paths)
{
    host_mutex_lock(&w->lock);
    bool changed = watch_list_take(&w->list, paths, absolute);
    if (changed)
        set_places(w);
    host_mutex_unlock(&w->lock);
    return changed;
}
