/* The path walk: component by component, links, mounts, the limits of openat2(2). */
#define HEAP_TIER HEAP_RESERVE
#include "runtime/fs/path/walk.h"

#include "runtime/fs/vfs/permission.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/mount.h"
#include "runtime/fs/vfs/mount_tree.h"
#include "runtime/host/heap.h"
#include <string.h>

void cross_mounts(struct path *path)
{
    struct mount *over;
    while ((over = mount_over(*path))) {
        struct path top = {over, dentry_get(over->root)};
        path_put(*path);
        *path = top;
    }
}

int walk_begin(struct walk *walk, struct vfs_caller *caller, const struct path *at,
               const char *name, uint32_t flags)
{
    size_t length = strlen(name);
    if (length >= PATH_LENGTH_MAX)
        return -L_ENAMETOOLONG;
    if (length == 0 && !(flags & WALK_EMPTY))
        return -L_ENOENT;
    walk->caller = caller;
    walk->flags = flags;
    walk->links = 0;
    walk->text = NULL;
    walk->jumped = false;
    memcpy(walk->buffer, name, length + 1);
    walk->rest = walk->buffer;
    bool absolute = name[0] == '/';
    if (absolute && (flags & WALK_BENEATH))
        return -L_EXDEV;
    struct path start;
    if (at)
        start = path_get(*at);
    else
        start = fs_context_cwd(caller->fs);
    if (flags & (WALK_BENEATH | WALK_IN_ROOT)) {
        walk->root = path_get(start);
        walk->at = start;
    } else {
        walk->root = fs_context_root(caller->fs);
        walk->at = start;
        if (absolute) {
            path_put(start);
            walk->at = path_get(walk->root);
        }
    }
    return 0;
}

void walk_end(struct walk *walk)
{
    free(walk->text);
    path_put(walk->at);
    path_put(walk->root);
}

static int step_up(struct walk *walk)
{
    if (path_equal(walk->at, walk->root))
        return walk->flags & WALK_BENEATH ? -L_EXDEV : 0;
    while (walk->at.dentry == walk->at.mount->root) {
        if (walk->flags & WALK_NO_XDEV && walk->at.mount->parent)
            return -L_EXDEV;
        if (!path_up_mount(&walk->at))
            return 0;
        if (path_equal(walk->at, walk->root))
            return 0;
    }
    struct path up = {mount_get(walk->at.mount), dentry_parent(walk->at.dentry)};
    path_put(walk->at);
    walk->at = up;
    cross_mounts(&walk->at);
    return 0;
}

static void take_text(char *text, const char *name, size_t length)
{
    memcpy(text, name, length);
    text[length] = 0;
}

/* By the name that was looked up: the dentry's own is another one as soon as it is renamed. */
static bool still_valid(struct inode *dir, const char *name, size_t length, struct inode *inode)
{
    char text[NAME_LENGTH_MAX + 1];
    if (!dir->ops->revalidate)
        return true;
    take_text(text, name, length);
    return dir->ops->revalidate(dir, text, inode);
}

/* Ask the file system. dir->lock is held. */
static int lookup_slow(struct dentry *parent, const char *name, size_t length, struct dentry **out)
{
    struct inode *dir = parent->inode, *found = NULL;
    char text[NAME_LENGTH_MAX + 1];
    take_text(text, name, length);
    if (!dir->ops->lookup)
        return -L_ENOTDIR;
    int error = dir->ops->lookup(dir, text, &found);
    if (error && error != -L_ENOENT)
        return error;
    *out = dentry_enter(parent, text, length, error ? NULL : found);
    return *out ? 0 : -L_ENOMEM;
}

int lookup_name(struct path dir, const char *name, size_t length, bool locked, struct dentry **out)
{
    struct inode *inode = dir.dentry->inode;
    struct dentry *d = dentry_find(dir.dentry, name, length);
    if (d && !still_valid(inode, name, length, d->inode)) {
        dentry_remove(d);
        dentry_put(d);
        d = NULL;
    }
    if (d) {
        *out = d;
        return 0;
    }
    if (!locked)
        host_mutex_lock(&inode->lock);
    int error = 0;
    /* Another thread may have looked it up while we waited. */
    d = dentry_find(dir.dentry, name, length);
    if (d && (!d->inode ? (inode->super->flags & SUPER_NO_NEGATIVE) : 0)) {
        dentry_remove(d);
        dentry_put(d);
        d = NULL;
    }
    if (!d)
        error = lookup_slow(dir.dentry, name, length, &d);
    if (!locked)
        host_mutex_unlock(&inode->lock);
    *out = d;
    return error;
}

static int read_link(struct path link, char *text)
{
    struct inode *inode = link.dentry->inode;
    if (!inode->ops->readlink)
        return -L_EINVAL;
    int length = inode->ops->readlink(inode, text, PATH_LENGTH_MAX - 1);
    if (length < 0)
        return length;
    text[length] = 0;
    return length;
}

int walk_follow(struct walk *walk, struct path link)
{
    struct inode *inode = link.dentry->inode;
    if (walk->flags & WALK_NO_SYMLINKS)
        return -L_ELOOP;
    if (++walk->links > WALK_LINKS_MAX)
        return -L_ELOOP;
    bool last = !walk->rest[strspn(walk->rest, "/")];
    if (last && !may_follow(&walk->caller->cred, walk->at.dentry->inode, inode))
        return -L_EACCES;
    if (inode->ops->follow) {
        struct path to;
        if (walk->flags & WALK_NO_MAGICLINKS)
            return -L_ELOOP;
        if (walk->flags & (WALK_BENEATH | WALK_IN_ROOT))
            return -L_EXDEV;
        int error = inode->ops->follow(inode, &to);
        if (error)
            return error;
        if (walk->flags & WALK_NO_XDEV && to.mount != walk->at.mount) {
            path_put(to);
            return -L_EXDEV;
        }
        path_put(walk->at);
        walk->at = to;
        walk->jumped = true;
        return 0;
    }
    char text[PATH_LENGTH_MAX];
    int length = read_link(link, text);
    if (length < 0)
        return length;
    if (length == 0)
        return -L_ENOENT;
    size_t rest = strlen(walk->rest);
    char *joined = malloc((size_t)length + 1 + rest + 1);
    if (!joined)
        return -L_ENOMEM;
    memcpy(joined, text, (size_t)length);
    joined[length] = '/';
    memcpy(joined + length + (rest ? 1 : 0), walk->rest, rest + 1);
    free(walk->text);
    walk->text = joined;
    walk->rest = joined;
    if (text[0] == '/') {
        if (walk->flags & WALK_BENEATH)
            return -L_EXDEV;
        if (walk->flags & WALK_NO_XDEV && walk->root.mount != walk->at.mount)
            return -L_EXDEV;
        path_put(walk->at);
        walk->at = path_get(walk->root);
    }
    return 0;
}

/* One ordinary component: from the directory `at` to what the name leads to. `more` says that
 * something (a slash at least) comes after it. */
static int step_name(struct walk *walk, const char *name, size_t length, bool more)
{
    struct dentry *d;
    int error = lookup_name(walk->at, name, length, false, &d);
    if (error)
        return error;
    if (!d->inode) {
        dentry_put(d);
        return -L_ENOENT;
    }
    struct path next = {mount_get(walk->at.mount), d};
    if (d->mounted_on) {
        cross_mounts(&next);
        if (walk->flags & WALK_NO_XDEV && next.mount != walk->at.mount) {
            path_put(next);
            return -L_EXDEV;
        }
    }
    uint32_t type = next.dentry->inode->mode & L_S_IFMT;
    if (type == L_S_IFLNK && (more || (walk->flags & WALK_FOLLOW))) {
        error = walk_follow(walk, next);
        path_put(next);
        return error;
    }
    path_put(walk->at);
    walk->at = next;
    return 0;
}

/* Go as far as the names in the cache lead without touching reference counts; at ends at the last
 * directory or file reached and rest behind it. */
static void walk_cached(struct walk *walk, bool stop_before_last)
{
    struct mount *mount = walk->at.mount;
    struct dentry *at = walk->at.dentry;
    const char *rest = walk->rest;
    bool moved = false;
    host_mutex_lock(&tree_lock);
    for (;;) {
        while (*rest == '/')
            rest++;
        const char *end = rest;
        while (*end && *end != '/')
            end++;
        size_t length = (size_t)(end - rest);
        if (length == 0 || length > NAME_LENGTH_MAX || rest[0] == '.' ||
            (stop_before_last && !*end))
            break;
        struct inode *dir = at->inode;
        if ((dir->mode & L_S_IFMT) != L_S_IFDIR || dir->ops->revalidate || dir->ops->permission ||
            inode_permission(&walk->caller->cred, dir, 1))
            break;
        struct dentry *next = dentry_find_locked(at, rest, length);
        if (!next || !next->inode || next->mounted_on)
            break;
        uint32_t type = next->inode->mode & L_S_IFMT;
        if (type == L_S_IFLNK || (*end && type != L_S_IFDIR))
            break;
        if (stop_before_last) {
            const char *after = end;
            while (*after == '/')
                after++;
            if (!*after)
                break;
        }
        at = next;
        moved = true;
        rest = end;
        if (!*end)
            break;
    }
    if (moved)
        dentry_get_locked(at);
    host_mutex_unlock(&tree_lock);
    if (!moved)
        return;
    dentry_put(walk->at.dentry);
    walk->at = (struct path){mount, at};
    walk->rest = rest;
}

/* What is left is the last component: hand it out. */
static int take_last(struct walk *walk, const char *name, size_t length, bool slash,
                     struct last_name *last)
{
    last->length = length;
    last->trailing_slash = slash;
    last->dots = length == 0 || (length == 1 && name[0] == '.') ||
                 (length == 2 && name[0] == '.' && name[1] == '.');
    memcpy(last->text, name, length);
    last->text[length] = 0;
    walk->rest = name + length;
    return 0;
}

int walk_run(struct walk *walk, struct last_name *last)
{
    walk_cached(walk, last != NULL);
    for (;;) {
        const char *name = walk->rest;
        bool slashes = *name == '/' && name != walk->buffer && name != walk->text;
        while (*name == '/')
            name++;
        struct inode *dir = walk->at.dentry->inode;
        bool is_dir = (dir->mode & L_S_IFMT) == L_S_IFDIR;
        if (!*name) {
            if (last)
                return is_dir ? take_last(walk, name, 0, slashes, last) : -L_ENOTDIR;
            if (!is_dir && (slashes || (walk->flags & WALK_DIRECTORY)))
                return -L_ENOTDIR;
            return 0;
        }
        if (!is_dir)
            return -L_ENOTDIR;
        int error = inode_permission(&walk->caller->cred, dir, 1);
        if (error)
            return error;
        const char *end = name;
        while (*end && *end != '/')
            end++;
        size_t length = (size_t)(end - name);
        if (length > NAME_LENGTH_MAX)
            return -L_ENAMETOOLONG;
        const char *after = end;
        while (*after == '/')
            after++;
        if (last && !*after)
            return take_last(walk, name, length, after != end, last);
        walk->jumped = false;
        walk->rest = end;
        if (length == 1 && name[0] == '.')
            continue;
        if (length == 2 && name[0] == '.' && name[1] == '.')
            error = step_up(walk);
        else
            error = step_name(walk, name, length, *end == '/');
        if (error)
            return error;
    }
}

int vfs_walk(struct vfs_caller *caller, const struct path *at, const char *name, uint32_t flags,
             struct path *out)
{
    struct walk walk;
    int error = walk_begin(&walk, caller, at, name, flags);
    if (error)
        return error;
    error = walk_run(&walk, NULL);
    if (!error)
        *out = path_get(walk.at);
    walk_end(&walk);
    return error;
}

int vfs_walk_parent(struct vfs_caller *caller, const struct path *at, const char *name,
                    struct path *parent, struct last_name *last)
{
    struct walk walk;
    int error = walk_begin(&walk, caller, at, name, 0);
    if (error)
        return error;
    error = walk_run(&walk, last);
    if (!error)
        *parent = path_get(walk.at);
    walk_end(&walk);
    return error;
}
