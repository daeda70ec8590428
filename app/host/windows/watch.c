/* ReadDirectoryChangesW. It tells of each write; a save is over when nothing more has been told for
 * a moment. */
#include "app/host/watch.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "app/host/watch_list.h"
#include "runtime/host/lock.h"
#include "runtime/host/thread.h"
#include "runtime/host/windows/wide.h"

#define CHANGES_WORDS 2048
#define CHANGES_FILTER                                                                             \
    (FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_DIR_NAME | FILE_NOTIFY_CHANGE_LAST_WRITE |  \
     FILE_NOTIFY_CHANGE_SIZE)

/* A folder and the name in it that matters: of the file, or of the next folder on the way. */
struct place {
    HANDLE folder;
    OVERLAPPED reading;
    wchar_t *path, *name; /* name: the end of path's memory */
    bool on_the_way;
    DWORD changes[CHANGES_WORDS];
};

struct host_watch {
    HANDLE wake; /* the files are others now */
    struct host_mutex lock;
    struct watch_list list;
    struct place places[WATCH_FILES_MAX]; /* of the thread */
    DWORD place_count;
    bool (*changed)(void *arg, bool last);
    void *arg;
};

static bool read_changes(struct place *p)
{
    return ReadDirectoryChangesW(p->folder, p->changes, sizeof(p->changes), FALSE, CHANGES_FILTER,
                                 NULL, &p->reading, NULL);
}

static HANDLE open_folder(const wchar_t *path)
{
    return CreateFileW(path, FILE_LIST_DIRECTORY,
                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                       FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL);
}

/* The whole path, malloc'ed. */
static wchar_t *full_path(const char *file)
{
    wchar_t *path = host_wide(file), *full = NULL;
    DWORD n = path ? GetFullPathNameW(path, 0, NULL, NULL) : 0;
    if (n > 0 && (full = malloc((n + 1) * sizeof(*full))) &&
        GetFullPathNameW(path, n, full, NULL) >= n) {
        free(full);
        full = NULL;
    }
    free(path);
    return full;
}

static void close_place(struct place *p)
{
    DWORD n;
    if (p->folder != INVALID_HANDLE_VALUE) {
        CancelIo(p->folder);
        GetOverlappedResult(p->folder, &p->reading, &n, TRUE);
        CloseHandle(p->folder);
    }
    if (p->reading.hEvent)
        CloseHandle(p->reading.hEvent);
    free(p->path);
}

/* Whether the next folder on the way can be opened. */
static bool way_goes_on(struct place *p)
{
    wchar_t *cut = p->name - 1, kept = *cut;
    *cut = L'\\';
    HANDLE next = open_folder(p->path);
    *cut = kept;
    if (next == INVALID_HANDLE_VALUE)
        return false;
    CloseHandle(next);
    return true;
}

/* Watches the folder that holds the file, or the nearest one above it that is there. */
static bool find_place(struct place *p, const char *file)
{
    wchar_t *end;
    *p = (struct place){.folder = INVALID_HANDLE_VALUE};
    p->path = full_path(file);
    p->reading.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    while (p->path && p->reading.hEvent && (end = wcsrchr(p->path, L'\\'))) {
        /* A drive's root keeps its backslash. */
        bool root = end - p->path == 2 && p->path[1] == L':';
        wchar_t kept = end[1];
        end[root ? 1 : 0] = 0;
        p->folder = open_folder(p->path);
        p->name = end + 1;
        *p->name = kept;
        if (p->folder != INVALID_HANDLE_VALUE || root)
            break;
        p->on_the_way = true;
    }
    if (p->folder != INVALID_HANDLE_VALUE && read_changes(p))
        return true;
    if (p->folder != INVALID_HANDLE_VALUE) {
        CloseHandle(p->folder);
        p->folder = INVALID_HANDLE_VALUE;
    }
    close_place(p);
    return false;
}

/* What was not there may have come before its folder was watched. */
static bool open_place(struct place *p, const char *file)
{
    while (find_place(p, file)) {
        if (!p->on_the_way || !way_goes_on(p))
            return true;
        close_place(p);
    }
    return false;
}

/* Takes what a folder has told and asks for more. Whether it is about the name. */
static bool take_changes(struct place *p)
{
    DWORD n = 0;
    bool any = false;
    size_t length = wcslen(p->name);
    bool ok = GetOverlappedResult(p->folder, &p->reading, &n, FALSE);
    if (!ok || n == 0)
        any = true; /* too many to tell */
    for (const char *at = (const char *)p->changes; n > 0;) {
        const FILE_NOTIFY_INFORMATION *change = (const void *)at;
        size_t size = change->FileNameLength / sizeof(wchar_t);
        /* A short name may stand for the long one. */
        if ((size == length && _wcsnicmp(change->FileName, p->name, size) == 0) ||
            wmemchr(change->FileName, L'~', size))
            any = true;
        if (change->NextEntryOffset == 0)
            break;
        at += change->NextEntryOffset;
    }
    ResetEvent(p->reading.hEvent);
    /* A folder that is gone tells no more; the next one above is then watched. */
    if (!ok || !read_changes(p))
        p->on_the_way = any = true;
    return any;
}

/* Waits until one of the files has changed and settled. False: the places have to be found anew. */
static bool wait_for_change(struct host_watch *w)
{
    HANDLE handles[1 + WATCH_FILES_MAX] = {w->wake};
    ULONGLONG first = 0, last = 0;
    for (DWORD i = 0; i < w->place_count; i++)
        handles[1 + i] = w->places[i].reading.hEvent;
    for (;;) {
        ULONGLONG now = GetTickCount64();
        if (last && (now >= last + HOST_WATCH_SETTLE_MS || now >= first + HOST_WATCH_SETTLE_MAX_MS))
            return true;
        DWORD wait = last ? (DWORD)(last + HOST_WATCH_SETTLE_MS - now) : INFINITE;
        DWORD which = WaitForMultipleObjects(1 + w->place_count, handles, FALSE, wait);
        if (which == WAIT_OBJECT_0)
            return false;
        if (which == WAIT_TIMEOUT || which > WAIT_OBJECT_0 + w->place_count)
            continue;
        struct place *p = &w->places[which - WAIT_OBJECT_0 - 1];
        if (!take_changes(p))
            continue;
        if (p->on_the_way)
            return false;
        last = GetTickCount64();
        first = first ? first : last;
    }
}

static void watch_tell(struct host_watch *w)
{
    for (int tries = 1; !w->changed(w->arg, tries == HOST_WATCH_TRIES); tries++)
        Sleep(HOST_WATCH_SETTLE_MS);
}

static void watch_thread(void *arg)
{
    struct host_watch *w = arg;
    for (;;) {
        host_mutex_lock(&w->lock);
        for (int i = 0; i < w->list.count; i++)
            if (open_place(&w->places[w->place_count], w->list.files[i]))
                w->place_count++;
        host_mutex_unlock(&w->lock);
        /* What was written before the folders were watched is read by this. */
        do
            watch_tell(w);
        while (wait_for_change(w));
        while (w->place_count > 0)
            close_place(&w->places[--w->place_count]);
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
    w->wake = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (w->wake && host_thread_start(watch_thread, w) == 0)
        return w;
    if (w->wake)
        CloseHandle(w->wake);
    free(w);
    return NULL;
}

bool host_watch_files(struct host_watch *w, const char *const *paths)
{
    host_mutex_lock(&w->lock);
    bool changed = watch_list_take(&w->list, paths, strdup);
    host_mutex_unlock(&w->lock);
    if (changed)
        SetEvent(w->wake);
    return changed;
}
