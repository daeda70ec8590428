/* Root, current directory and umask of a process. */
#include "runtime/fs/vfs/vfs.h"
#include "runtime/host/heap.h"

struct fs_context *fs_context_new(void)
{
    struct fs_context *context = calloc(1, sizeof(*context));
    if (!context)
        return NULL;
    atomic_init(&context->refs, 1);
    host_mutex_init(&context->lock, RANK_FS_CONTEXT);
    context->root = mount_root();
    context->cwd = path_get(context->root);
    context->umask = 022;
    return context;
}

struct fs_context *fs_context_copy(struct fs_context *context)
{
    struct fs_context *copy = calloc(1, sizeof(*copy));
    if (!copy)
        return NULL;
    atomic_init(&copy->refs, 1);
    host_mutex_init(&copy->lock, RANK_FS_CONTEXT);
    host_mutex_lock(&context->lock);
    copy->root = path_get(context->root);
    copy->cwd = path_get(context->cwd);
    copy->umask = context->umask;
    host_mutex_unlock(&context->lock);
    return copy;
}

struct fs_context *fs_context_share(struct fs_context *context)
{
    atomic_fetch_add(&context->refs, 1);
    return context;
}

void fs_context_put(struct fs_context *context)
{
    if (!context || atomic_fetch_sub(&context->refs, 1) != 1)
        return;
    path_put(context->cwd);
    path_put(context->root);
    free(context);
}

struct path fs_context_root(struct fs_context *context)
{
    host_mutex_lock(&context->lock);
    struct path path = path_get(context->root);
    host_mutex_unlock(&context->lock);
    return path;
}

struct path fs_context_cwd(struct fs_context *context)
{
    host_mutex_lock(&context->lock);
    struct path path = path_get(context->cwd);
    host_mutex_unlock(&context->lock);
    return path;
}

static void replace_path(struct fs_context *context, struct path *where, struct path path)
{
    host_mutex_lock(&context->lock);
    struct path before = *where;
    *where = path_get(path);
    host_mutex_unlock(&context->lock);
    path_put(before);
}

void fs_context_set_cwd(struct fs_context *context, struct path path)
{
    replace_path(context, &context->cwd, path);
}

void fs_context_set_root(struct fs_context *context, struct path path)
{
    replace_path(context, &context->root, path);
}

struct vfs_caller *vfs_kernel_caller(void)
{
    static struct host_mutex lock = HOST_MUTEX_INIT(RANK_FS_KERNEL);
    static struct vfs_caller caller = {
        .cred = {.dac_override = true, .owner = true, .chown = true, .fsetid = true, .mknod = true},
    };
    host_mutex_lock(&lock);
    if (!caller.fs) {
        caller.fs = fs_context_new();
        if (caller.fs)
            caller.fs->umask = 0;
    }
    if (caller.fs && !caller.fs->root.dentry) {
        /* The first call came before the root was mounted. */
        caller.fs->root = mount_root();
        caller.fs->cwd = path_get(caller.fs->root);
    }
    host_mutex_unlock(&lock);
    return &caller;
}
