/* What is told at the end of a program whose last changes could not be stored. */
#include "runtime/fs/imagefs/image_node.h"

#include "runtime/abi/errno.h"
#define HEAP_TIER HEAP_RESERVE
#include "runtime/host/heap.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NAMED_MOST 5  /* files told by name */
#define DEPTH_MOST 64 /* directories in a path that is told */

struct list {
    uint64_t *ino;
    size_t count, room;
};

static void add(void *arg, uint64_t ino)
{
    struct list *list = arg;
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 256;
        uint64_t *more = realloc(list->ino, room * sizeof(*more));
        if (!more)
            return;
        list->ino = more;
        list->room = room;
    }
    list->ino[list->count++] = ino;
}

static int by_number(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;
    return (one > other) - (one < other);
}

static void make_unique(struct list *list)
{
    size_t kept = 0;
    if (list->count)
        qsort(list->ino, list->count, sizeof(*list->ino), by_number);
    for (size_t i = 0; i < list->count; i++) {
        if (i == 0 || list->ino[i] != list->ino[i - 1])
            list->ino[kept++] = list->ino[i];
    }
    list->count = kept;
}

/* The directories that are in memory. */
static void list_directories(struct image *image, struct list *list)
{
    host_mutex_lock(&image->lock);
    for (uint32_t i = 0; i < NODE_BUCKETS; i++) {
        for (struct node *node = image->table[i]; node; node = node->hash_next) {
            if (node->directory)
                add(list, node->attr.ino);
        }
    }
    host_mutex_unlock(&image->lock);
}

/* Files with data that the store was not even given. */
static void list_unstored(struct inode *inode, void *arg)
{
    host_mutex_lock(&inode->state);
    bool unstored = inode->pages.unstored > 0 && inode->nlink > 0;
    host_mutex_unlock(&inode->state);
    if (unstored)
        add(arg, inode->ino);
}

/* Puts "/name" of an inode before what ends at *at; the directory with that name, or 0. */
static uint64_t prepend_name(struct image *image, const struct list *directories, uint64_t ino,
                             char *path, size_t *at)
{
    for (size_t i = 0; i < directories->count; i++) {
        struct inode *dir = inode_find(image->super, directories->ino[i]);
        if (!dir)
            continue;
        host_mutex_lock(&dir->lock);
        struct entry *e = node_of(dir)->directory ? node_of(dir)->directory->first : NULL;
        while (e && e->ino != ino)
            e = e->next;
        bool found = e && (size_t)e->length + 1 < *at;
        if (found) {
            *at -= e->length;
            memcpy(path + *at, e->name, e->length);
            path[--*at] = '/';
        }
        host_mutex_unlock(&dir->lock);
        inode_put(dir);
        if (found)
            return directories->ino[i];
    }
    return 0;
}

static bool name_of(struct image *image, const struct list *directories, uint64_t ino, char *path,
                    size_t size)
{
    size_t at = size - 1;
    path[at] = 0;
    for (int depth = 0; ino && ino != STORE_ROOT && depth < DEPTH_MOST; depth++)
        ino = prepend_name(image, directories, ino, path, &at);
    if (ino != STORE_ROOT || !path[at])
        return false;
    memmove(path, path + at, size - at);
    return true;
}

static void append_text(char *message, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void append_text(char *message, size_t size, const char *format, ...)
{
    va_list list;
    size_t length = strlen(message);
    va_start(list, format);
    vsnprintf(message + length, size - length, format, list);
    va_end(list);
}

void image_tell_lost(struct image *image, int error, char *message, size_t size)
{
    struct list lost = {0}, directories = {0};
    char path[PATH_LENGTH_MAX];
    int named = 0;
    snprintf(message, size, "%s: %s; what was changed last is lost", store_path(image->store),
             error == -L_ENOSPC ? "the disk is full" : "the image cannot be written");
    store_unstored(image->store, false, add, &lost);
    inode_each(image->super, list_unstored, &lost);
    if (!lost.count)
        store_unstored(image->store, true, add, &lost);
    make_unique(&lost);
    list_directories(image, &directories);
    for (size_t i = 0; i < lost.count && named < NAMED_MOST; i++) {
        if (name_of(image, &directories, lost.ino[i], path, sizeof(path)))
            append_text(message, size, "%s %s", named++ ? "," : ":", path);
    }
    if (lost.count > (size_t)named)
        append_text(message, size, "%s%llu %s", named ? " and " : ": ",
                    (unsigned long long)lost.count - (unsigned long long)named,
                    named ? "more" : "files");
    free(lost.ino);
    free(directories.ino);
}
