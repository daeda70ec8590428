/* Directories of the host: the names as they were when reading began, without those that guests
 * have removed since. */
#include "runtime/abi/errno.h"
#include "runtime/fs/hostfs/hostfs.h"
#include "runtime/host/heap.h"
#include <stdio.h>
#include <string.h>

struct snapshot_entry {
    uint64_t ino;
    uint32_t type;
    bool gone; /* reading */
    char *name;
};

struct snapshot {
    struct snapshot *next; /* reading */
    struct inode *dir;     /* not counted: the open file holds it */
    struct snapshot_entry *entries;
    size_t count, room;
    uint32_t *table; /* reading; places of entries + 1 by name, made when one is removed */
    size_t buckets;
};

/* Guards the list of all snapshots and what of them can change. */
static struct host_mutex reading = HOST_MUTEX_INIT(RANK_HOSTFS_READING);
static struct snapshot *snapshots;

static void snapshot_leave(struct snapshot *snapshot)
{
    host_mutex_lock(&reading);
    struct snapshot **link = &snapshots;
    while (*link && *link != snapshot)
        link = &(*link)->next;
    if (*link)
        *link = snapshot->next;
    host_mutex_unlock(&reading);
}

static void snapshot_free(struct snapshot *snapshot)
{
    if (!snapshot)
        return;
    snapshot_leave(snapshot);
    free(snapshot->table);
    for (size_t i = 0; i < snapshot->count; i++)
        free(snapshot->entries[i].name);
    free(snapshot->entries);
    free(snapshot);
}

static bool snapshot_add(struct snapshot *snapshot, const struct host_dirent *entry)
{
    if (snapshot->count == snapshot->room) {
        size_t room = snapshot->room ? snapshot->room * 2 : 64;
        struct snapshot_entry *entries = realloc(snapshot->entries, room * sizeof(*entries));
        if (!entries)
            return false;
        snapshot->entries = entries;
        snapshot->room = room;
    }
    struct snapshot_entry *e = &snapshot->entries[snapshot->count];
    e->ino = entry->inode ? entry->inode : snapshot->count + 1;
    e->type = entry->type << 12;
    e->gone = false;
    e->name = strdup(entry->name);
    if (!e->name)
        return false;
    snapshot->count++;
    return true;
}

/* Names that differ in case alone may meet. */
static size_t hash_of(const char *name)
{
    size_t hash = 2166136261u;
    for (; *name; name++)
        hash = (hash ^ (uint8_t)(*name | 0x20)) * 16777619u;
    return hash ^ hash >> 16;
}

static bool make_table(struct snapshot *s)
{
    size_t buckets = 16;
    while (buckets < s->count * 2)
        buckets *= 2;
    s->table = calloc(buckets, sizeof(*s->table));
    s->buckets = s->table ? buckets : 0;
    for (size_t i = 0; s->table && i < s->count; i++) {
        size_t at = hash_of(s->entries[i].name) & (buckets - 1);
        while (s->table[at])
            at = (at + 1) & (buckets - 1);
        s->table[at] = (uint32_t)i + 1;
    }
    return s->table != NULL;
}

static uint8_t lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : (uint8_t)c;
}

static bool is_name(const char *a, const char *b, bool folds)
{
    while (*a && (*a == *b || (folds && lower(*a) == lower(*b)))) {
        a++;
        b++;
    }
    return *a == *b;
}

static void remove_from_snapshot(struct snapshot *s, const char *name)
{
    bool folds = s->dir->super->flags & SUPER_CASE_FOLDS;
    if (!s->table && !make_table(s))
        return;
    for (size_t at = hash_of(name) & (s->buckets - 1); s->table[at];
         at = (at + 1) & (s->buckets - 1)) {
        struct snapshot_entry *e = &s->entries[s->table[at] - 1];
        if (is_name(e->name, name, folds))
            e->gone = true;
    }
}

void host_dir_gone(struct inode *dir, const char *name)
{
    host_mutex_lock(&reading);
    for (struct snapshot *s = snapshots; s; s = s->next) {
        if (s->dir == dir)
            remove_from_snapshot(s, name);
    }
    host_mutex_unlock(&reading);
}

static void snapshot_enter(struct snapshot *snapshot, struct inode *dir)
{
    snapshot->dir = dir;
    host_mutex_lock(&reading);
    snapshot->next = snapshots;
    snapshots = snapshot;
    host_mutex_unlock(&reading);
}

/* A file that was removed while it was open, where the host does not let go of the name. */
static bool is_hidden(const char *name)
{
    return strncmp(name, ".foreland-", 10) == 0 && strstr(name, ".deleted");
}

bool host_dir_sweep(struct host_root *root, const char *path)
{
    struct host_dir *handle;
    bool any = false;
    struct host_dirent *entry = malloc(sizeof(*entry));
    size_t room = strlen(path) + 1 + NAME_LENGTH_MAX + 1;
    char *name = malloc(room);
    if (entry && name && host_at_dir(root, path, &handle) == 0) {
        while (host_dir_next(handle, entry) > 0) {
            if (is_hidden(entry->name) && strlen(entry->name) <= NAME_LENGTH_MAX) {
                snprintf(name, room, "%s/%s", path, entry->name);
                any |= host_at_unlink(root, name, false) == 0;
            }
        }
        host_dir_close(handle);
    }
    free(entry);
    free(name);
    return any;
}

static int open_path(struct inode *dir, const char *path, void *arg)
{
    return host_at_dir(host_super_of(dir->super)->root, path, arg);
}

static int snapshot_take(struct inode *dir, struct snapshot **out)
{
    struct host_dir *handle;
    struct host_dirent *entry = malloc(sizeof(*entry));
    struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
    int error = entry && snapshot ? host_node_each_path(dir, open_path, &handle) : -L_ENOMEM;
    if (!error) {
        while ((error = host_dir_next(handle, entry)) > 0) {
            if (strlen(entry->name) > NAME_LENGTH_MAX || is_hidden(entry->name))
                continue;
            if (!snapshot_add(snapshot, entry)) {
                error = -L_ENOMEM;
                break;
            }
        }
        host_dir_close(handle);
    }
    free(entry);
    if (error < 0) {
        snapshot_free(snapshot);
        return error == -L_ESTALE ? -L_ENOENT : error;
    }
    *out = snapshot;
    return 0;
}

static bool emit_dots(struct file *file, dir_emit *emit, void *arg)
{
    if (file->pos == 0 && !emit(arg, ".", 1, file->inode->ino, L_S_IFDIR, 1))
        return false;
    if (file->pos <= 1) {
        struct dentry *parent = dentry_parent(file->path.dentry);
        bool more = emit(arg, "..", 2, parent->inode->ino, L_S_IFDIR, 2);
        dentry_put(parent);
        return more;
    }
    return true;
}

/* The position is the caller's; emit moves it. */
static int hostfs_readdir(struct file *file, dir_emit *emit, void *arg)
{
    if (file->pos == 0) {
        snapshot_free(file->priv);
        file->priv = NULL;
    }
    if (!file->priv) {
        struct snapshot *taken;
        host_mutex_lock(&file->inode->lock);
        int error = snapshot_take(file->inode, &taken);
        if (!error)
            snapshot_enter(taken, file->inode);
        host_mutex_unlock(&file->inode->lock);
        if (error)
            return error;
        file->priv = taken;
    }
    uint64_t start = file->pos;
    if (start <= 1 && !emit_dots(file, emit, arg))
        return 0;
    struct snapshot *snapshot = file->priv;
    host_mutex_lock(&reading);
    for (uint64_t i = start <= 2 ? 0 : start - 2; i < snapshot->count; i++) {
        struct snapshot_entry *e = &snapshot->entries[i];
        if (!e->gone && !emit(arg, e->name, strlen(e->name), e->ino, e->type, i + 3))
            break;
    }
    host_mutex_unlock(&reading);
    return 0;
}

static void hostfs_dir_release(struct file *file)
{
    snapshot_free(file->priv);
}

static int64_t hostfs_dir_seek(struct file *file, int64_t offset, int whence)
{
    return directory_file_ops.seek(file, offset, whence);
}

const struct file_ops hostfs_dir_ops = {
    .seek = hostfs_dir_seek,
    .readdir = hostfs_readdir,
    .release = hostfs_dir_release,
};
