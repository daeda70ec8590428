/* Directories of the host: the names as they were when reading began. */
#include "runtime/abi/errno.h"
#include "runtime/fs/hostfs.h"
#include <stdlib.h>
#include <string.h>

struct snapshot_entry {
    uint64_t ino;
    uint32_t type;
    char *name;
};

struct snapshot {
    struct snapshot_entry *entries;
    size_t count, room;
};

static void snapshot_free(struct snapshot *snapshot)
{
    if (!snapshot)
        return;
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
    e->name = strdup(entry->name);
    if (!e->name)
        return false;
    snapshot->count++;
    return true;
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
            if (strlen(entry->name) > NAME_LENGTH_MAX ||
                (strncmp(entry->name, ".foreland-", 10) == 0 && strstr(entry->name, ".deleted")))
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
        int error = snapshot_take(file->inode, &taken);
        if (error)
            return error;
        file->priv = taken;
    }
    uint64_t start = file->pos;
    if (start <= 1 && !emit_dots(file, emit, arg))
        return 0;
    struct snapshot *snapshot = file->priv;
    for (uint64_t i = start <= 2 ? 0 : start - 2; i < snapshot->count; i++) {
        struct snapshot_entry *e = &snapshot->entries[i];
        if (!emit(arg, e->name, strlen(e->name), e->ino, e->type, i + 3))
            break;
    }
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
