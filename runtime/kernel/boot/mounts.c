/* What is mounted at start. */
#include "runtime/kernel/boot/mounts.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/mount.h"
#include "runtime/fs/hostfs/hostfs.h"
#include "runtime/fs/imagefs/imagefs.h"
#include "runtime/fs/path/path.h"
#include "runtime/fs/tar/tar.h"
#include "runtime/fs/tmpfs/tmpfs.h"
#include "runtime/host/env.h"
#include "runtime/host/errno_names.h"
#include "runtime/host/file.h"
#include "runtime/host/log.h"
#include "runtime/proc/proc.h"
#include "runtime/tty/tty.h"
#include <stdio.h>
#include <string.h>

int fs_mount_root(struct superblock *super)
{
    return mount_add(super, NULL, 0, NULL);
}

int fs_mount_root_from(const char *host_path, char *message, size_t size)
{
    struct host_stat st;
    int error = host_path_stat_follow(host_path, &st);
    if (error) {
        snprintf(message, size, "%s: %s", host_path, errno_text(-error));
        return error;
    }
    if ((st.mode & L_S_IFMT) == L_S_IFDIR) {
        struct superblock *super = hostfs_new(host_path, &error);
        if (!super) {
            snprintf(message, size, "%s: cannot be used as a root directory: %s", host_path,
                     errno_text(-error));
            return error;
        }
        return fs_mount_root(super);
    }
    struct superblock *super = tmpfs_new("rootfs", 0755, &error);
    if (!super) {
        snprintf(message, size, "%s: no memory for the root", host_path);
        return error;
    }
    /* All that files in memory may have. */
    uint64_t most = pagecache_in_memory_most();
    tmpfs_bound(super, most < host_memory_size() ? most : host_memory_size(), most / 8192);
    error = tar_unpack(host_path, super, message, size);
    if (error) {
        super_put(super);
        return error;
    }
    return fs_mount_root(super);
}

/* Make a directory and those above it. */
static int make_directories(const char *path, uint32_t mode)
{
    char text[PATH_LENGTH_MAX];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof(text))
        return -L_ENAMETOOLONG;
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != 0)
            continue;
        memcpy(text, path, i);
        text[i] = 0;
        int error = vfs_mkdir(vfs_kernel_caller(), NULL, text, mode);
        if (error && error != -L_EEXIST && error != -L_EROFS)
            return error;
    }
    return 0;
}

int fs_make_parents(const char *path)
{
    char text[PATH_LENGTH_MAX];
    const char *last = strrchr(path, '/');
    if (!last || last == path)
        return 0;
    if ((size_t)(last - path) >= sizeof(text))
        return -L_ENAMETOOLONG;
    memcpy(text, path, (size_t)(last - path));
    text[last - path] = 0;
    return make_directories(text, 0755);
}

static int mount_at(struct superblock *super, int error, const char *where, uint32_t flags,
                    char *message, size_t size)
{
    struct path at;
    if (super) {
        error = make_directories(where, 0755);
        if (!error)
            error = vfs_walk(vfs_kernel_caller(), NULL, where, WALK_FOLLOW | WALK_DIRECTORY, &at);
        if (error) {
            super_put(super);
        } else {
            error = mount_add(super, &at, flags, NULL);
            path_put(at);
        }
    }
    if (error)
        snprintf(message, size, "%s: cannot be mounted: %s", where, errno_text(-error));
    return error;
}

int fs_mount_standard(char *message, size_t size)
{
    int error = 0;
    const uint32_t safe = L_MS_NOSUID | L_MS_NODEV | L_MS_NOEXEC;
    struct superblock *super = proc_new(&error);
    error = mount_at(super, error, "/proc", safe, message, size);
    if (!error) {
        super = sysfs_new(&error);
        error = mount_at(super, error, "/sys", safe, message, size);
    }
    if (!error) {
        super = devfs_new(&error);
        error = mount_at(super, error, "/dev", L_MS_NOSUID, message, size);
    }
    if (!error) {
        super = devpts_new(&error);
        error = mount_at(super, error, "/dev/pts", L_MS_NOSUID | L_MS_NOEXEC, message, size);
    }
    if (!error) {
        super = tmpfs_new("tmpfs", 01777, &error);
        error = mount_at(super, error, "/dev/shm", L_MS_NOSUID | L_MS_NODEV, message, size);
    }
    if (!error) {
        super = tmpfs_new("tmpfs", 0755, &error);
        error = mount_at(super, error, "/run", L_MS_NOSUID | L_MS_NODEV, message, size);
    }
    if (!error)
        vfs_mkdir(vfs_kernel_caller(), NULL, "/tmp", 01777);
    return error;
}

int fs_mount_host(const char *host_path, const char *guest_path, char *message, size_t size)
{
    int error;
    struct superblock *super = hostfs_new(host_path, &error);
    if (!super) {
        snprintf(message, size, "%s: %s", host_path, errno_text(-error));
        return error;
    }
    if (guest_path[0] != '/') {
        super_put(super);
        snprintf(message, size, "%s: is not an absolute path", guest_path);
        return -L_EINVAL;
    }
    return mount_at(super, 0, guest_path, 0, message, size);
}

int fs_shutdown(char *message, size_t size)
{
    super_sync_all();
    return imagefs_shutdown(message, size);
}
