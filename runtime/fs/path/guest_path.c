/* Where guests see a folder of the host. */
#include "runtime/abi/errno.h"
#include "runtime/fs/path/path.h"
#include "runtime/host/file.h"
#include "runtime/host/heap.h"
#include <stdio.h>
#include <string.h>

/* Longest first: a folder of the host, and whether it is what a mount shows. */
struct search {
    const char *folder;
    struct host_stat stat;
    bool known; /* stat holds */
    struct mount *found;
};

/* Slashes alone, and none at the end. */
static char *plain(const char *path)
{
    char *copy = strdup(path);
    size_t length = copy ? strlen(copy) : 0;
    for (size_t i = 0; host_has_drives() && i < length; i++)
        copy[i] = copy[i] == '\\' ? '/' : copy[i];
    while (length && copy[length - 1] == '/')
        copy[--length] = 0;
    return copy;
}

/* By the text, or by what both lead to: a mount may have been named by another path, or in other
 * letters. */
static bool is_same(const struct search *search, const char *source)
{
    struct host_stat other;
    char *text = plain(source);
    bool same = text && strcmp(text, search->folder) == 0;
    free(text);
    return same ||
           (search->known && search->stat.inode && host_path_stat_follow(source, &other) == 0 &&
            other.inode == search->stat.inode && other.device == search->stat.device);
}

static bool look_at_mount(struct mount *mount, void *arg)
{
    struct search *search = arg;
    if (strcmp(mount->super->type, "hostfs") == 0 && mount->root == mount->super->root &&
        is_same(search, mount->super->source))
        search->found = mount_get(mount);
    return !search->found;
}

static struct mount *mount_of(const char *folder)
{
    struct search search = {.folder = folder};
    /* "/" and "C:/" are roots only with their slash. */
    const char drive[] = {folder[0], ':', '/', 0};
    bool root = host_has_drives() && folder[0] && folder[1] == ':' && !folder[2];
    const char *name = root ? drive : folder[0] ? folder : "/";
    search.known = host_path_stat_follow(name, &search.stat) == 0;
    mount_each(look_at_mount, &search);
    return search.found;
}

/* Writes the place of the mount and what comes after it. */
static int write_path(struct mount *mount, const char *rest, char *guest, size_t size)
{
    char text[PATH_LENGTH_MAX];
    struct path root = mount_root(), place = {mount, mount->root}, end;
    char *at = path_text(place, root, text, sizeof(text), false, NULL);
    path_put(root);
    if (!at)
        return -L_ENAMETOOLONG;
    if (strcmp(at, "/") == 0 && rest[0])
        at++;
    if (snprintf(guest, size, "%s%s", at, rest) >= (int)size)
        return -L_ENAMETOOLONG;
    /* Another mount may lie over it. */
    int error = vfs_walk(vfs_kernel_caller(), NULL, guest, WALK_FOLLOW | WALK_DIRECTORY, &end);
    if (!error)
        path_put(end);
    return error;
}

int fs_guest_path(const char *host_path, char *guest, size_t size)
{
    char *folder = plain(host_path);
    int error = folder ? -L_ENOENT : -L_ENOMEM;
    size_t length = folder ? strlen(folder) : 0;
    while (folder && error) {
        folder[length] = 0;
        struct mount *mount = mount_of(folder);
        if (mount) {
            char *whole = plain(host_path);
            error = whole ? write_path(mount, whole + length, guest, size) : -L_ENOMEM;
            free(whole);
            mount_put(mount);
        }
        if (!length)
            break;
        while (length && folder[length - 1] != '/')
            length--;
        while (length && folder[length - 1] == '/')
            length--;
    }
    free(folder);
    return error;
}
