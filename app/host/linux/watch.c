/* inotify(7). A folder is watched, not the file: editors put a new file in the place of the old. */
#include "app/host/watch.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/host/watch_list.h"
#include "runtime/host/lock.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"

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
    bool (*changed)(void *arg, bool last);
    void *arg;
};

/* Watches the folder that ends at this slash of the path. Less than 0: it cannot be. */
static int watch_folder(struct host_watch *w, const char *path, char *slash)
{
    char kept = slash[1];
    slash[1] = 0;
    int wd = inotify_add_watch(w->fd, path,
                               IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ONLYDIR |
                                   IN_DELETE_SELF | IN_MOVE_SELF);
    slash[1] = kept;
    return wd;
}

/* A folder has one number, in however many places it stands. */
static void unwatch(struct host_watch *w, int wd)
{
    for (int i = 0; i < w->count; i++)
        if (w->places[i].wd == wd)
            return;
    inotify_rm_watch(w->fd, wd);
}

/* Watches the folder that holds the path, or the nearest one above it that is there. False: what
 * was not there had come before its folder was watched. */
static bool find_place(struct host_watch *w, struct place *p, const char *path)
{
    char *below = NULL, *slash = strrchr(strcpy(p->path, path), '/');
    while ((p->wd = watch_folder(w, p->path, slash)) < 0 && slash != p->path) {
        *slash = 0;
        below = slash;
        slash = strrchr(p->path, '/');
    }
    p->name = slash + 1;
    p->on_the_way = below;
    if (p->wd < 0 || !below)
        return true;
    *below = '/';
    int wd = watch_folder(w, p->path, below);
    *below = 0;
    if (wd < 0)
        return true;
    unwatch(w, wd);
    unwatch(w, p->wd);
    return false;
}

static void add_place(struct host_watch *w, const char *path)
{
    struct place *p = &w->places[w->count];
    if (w->count == PLACES_MAX || path[0] != '/' || strlen(path) >= sizeof(p->path))
        return;
    while (!find_place(w, p, path))
        ;
    if (p->wd >= 0)
        w->count++;
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

/* Waits for events and takes them. Whether they are about the files. */
static bool take_events(struct host_watch *w)
{
    _Alignas(struct inotify_event) char events[16384];
    ssize_t n = read(w->fd, events, sizeof(events));
    bool any = false, again = false;
    host_mutex_lock(&w->lock);
    for (ssize_t at = 0; at < n;) {
        const struct inotify_event *event = (const void *)(events + at);
        any = concerns(w, event, &again) || any;
        at += (ssize_t)sizeof(*event) + event->len;
    }
    /* What happens meanwhile is not told; the call that follows comes after it. */
    if (again)
        set_places(w);
    host_mutex_unlock(&w->lock);
    return any || again;
}

/* A file that is emptied and then written, in two goes, has changed once. */
static void watch_settle(struct host_watch *w)
{
    uint64_t first = host_clock_monotonic_ns(), last = first;
    for (;;) {
        struct pollfd fd = {.fd = w->fd, .events = POLLIN};
        uint64_t now = host_clock_monotonic_ns(), until = last + HOST_WATCH_SETTLE_MS * NS_PER_MS;
        if (until > first + HOST_WATCH_SETTLE_MAX_MS * NS_PER_MS)
            until = first + HOST_WATCH_SETTLE_MAX_MS * NS_PER_MS;
        if (now >= until)
            return;
        if (poll(&fd, 1, (int)((until - now) / NS_PER_MS) + 1) > 0 && take_events(w))
            last = host_clock_monotonic_ns();
    }
}

static void watch_thread(void *arg)
{
    struct host_watch *w = arg;
    for (;;) {
        if (!take_events(w))
            continue;
        watch_settle(w);
        for (int tries = 1; !w->changed(w->arg, tries == HOST_WATCH_TRIES); tries++)
            poll(NULL, 0, HOST_WATCH_SETTLE_MS);
    }
}

struct host_watch *host_watch_new(bool (*changed)(void *arg, bool last), void *arg)
{
    struct host_watch *w = calloc(1, sizeof(*w));
    if (!w)
        return NULL;
    host_mutex_init(&w->lock, RANK_WATCH);
    w->changed = changed;
    w->arg = arg;
    w->fd = inotify_init1(IN_CLOEXEC);
    if (w->fd >= 0 && host_thread_start(watch_thread, w) == 0)
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
