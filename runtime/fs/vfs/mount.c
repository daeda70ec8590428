/* The tree of mounts, and paths, which are pairs of mount and name. */
#include "runtime/abi/errno.h"
#include "runtime/fs/vfs/mount_tree.h"
#include "runtime/host/heap.h"
#include <stdio.h>
#include <string.h>

static struct mount *first, *last; /* oldest first; tree_lock */
static uint32_t next_id = 20;

struct mount *mount_get(struct mount *mount)
{
    atomic_fetch_add(&mount->refs, 1);
    return mount;
}

/* The last reference: nobody has a file open below and it is not attached. */
void mount_put(struct mount *mount)
{
    if (atomic_fetch_sub(&mount->refs, 1) != 1)
        return;
    struct superblock *super = mount->super;
    bool detached = mount->detached;
    dentry_put(mount->root);
    if (mount->point)
        dentry_put(mount->point);
    if (mount->parent)
        mount_put(mount->parent);
    free(mount);
    if (!detached && atomic_fetch_sub(&super->mounts, 1) == 1) {
        super_sync(super);
        dentry_prune(super->root);
        struct dentry *root = super->root;
        super->root = NULL;
        dentry_put(root);
    }
    super_put(super);
}

struct path path_get(struct path path)
{
    if (path.mount)
        mount_get(path.mount);
    if (path.dentry)
        dentry_get(path.dentry);
    return path;
}

void path_put(struct path path)
{
    if (path.dentry)
        dentry_put(path.dentry);
    if (path.mount)
        mount_put(path.mount);
}

/* The mount over a place, not referenced, or NULL. tree_lock held. */
static struct mount *mount_over_locked(struct mount *mount, struct dentry *dentry)
{
    if (!dentry->mounted_on)
        return NULL;
    for (struct mount *m = first; m; m = m->next) {
        if (m->parent == mount && m->point == dentry)
            return m;
    }
    return NULL;
}

struct mount *mount_over(struct path path)
{
    if (!path.dentry->mounted_on)
        return NULL;
    host_mutex_lock(&tree_lock);
    struct mount *over = mount_over_locked(path.mount, path.dentry);
    if (over)
        mount_get(over);
    host_mutex_unlock(&tree_lock);
    return over;
}

/* Takes over the references to super and root. */
static int attach(struct superblock *super, struct dentry *root, const struct path *at,
                  uint32_t flags, struct mount **out)
{
    struct mount *mount = calloc(1, sizeof(*mount));
    if (!mount) {
        dentry_put(root);
        super_put(super);
        return -L_ENOMEM;
    }
    atomic_init(&mount->refs, 1);
    mount->flags = flags;
    mount->super = super;
    mount->root = root;
    mount->attached = true;
    atomic_fetch_add(&super->mounts, 1);
    if (at) {
        mount->point = dentry_get(at->dentry);
        mount->parent = mount_get(at->mount);
    }
    host_mutex_lock(&tree_lock);
    mount->id = next_id++;
    if (at)
        at->dentry->mounted_on++;
    *(last ? &last->next : &first) = mount;
    last = mount;
    if (out)
        *out = mount_get(mount);
    host_mutex_unlock(&tree_lock);
    return 0;
}

int mount_add(struct superblock *super, const struct path *at, uint32_t flags, struct mount **out)
{
    return attach(super, dentry_get(super->root), at, flags, out);
}

struct mount *mount_detached(struct superblock *super)
{
    struct mount *mount = calloc(1, sizeof(*mount));
    if (!mount)
        return NULL;
    atomic_init(&mount->refs, 1);
    super_get(super);
    mount->super = super;
    mount->root = dentry_get(super->root);
    mount->detached = true;
    return mount;
}

int mount_bind(struct path from, const struct path *at, uint32_t flags)
{
    super_get(from.dentry->super);
    return attach(from.dentry->super, dentry_get(from.dentry), at, flags, NULL);
}

void mount_set_flags(struct mount *mount, uint32_t flags)
{
    host_mutex_lock(&tree_lock);
    mount->flags = flags;
    host_mutex_unlock(&tree_lock);
}

int mount_remove(struct path root, bool detach)
{
    struct mount *mount = root.mount;
    host_mutex_lock(&tree_lock);
    int error = 0;
    if (mount->root != root.dentry || !mount->attached || !mount->parent)
        error = -L_EINVAL;
    for (struct mount *m = first; m && !error && !detach; m = m->next) {
        if (m->parent == mount)
            error = -L_EBUSY;
    }
    /* The list's own reference and the caller's are no use of it. */
    if (!error && !detach && atomic_load(&mount->refs) > 2)
        error = -L_EBUSY;
    if (!error) {
        struct mount **link = &first, *previous = NULL;
        while (*link != mount) {
            previous = *link;
            link = &(*link)->next;
        }
        *link = mount->next;
        if (last == mount)
            last = previous;
        mount->point->mounted_on--;
        mount->attached = false;
    }
    host_mutex_unlock(&tree_lock);
    if (!error)
        mount_put(mount);
    return error;
}

bool path_up_mount(struct path *path)
{
    struct path up;
    host_mutex_lock(&tree_lock);
    bool can = path->mount->parent && path->dentry == path->mount->root;
    if (can) {
        up.mount = mount_get(path->mount->parent);
        up.dentry = dentry_get_locked(path->mount->point);
    }
    host_mutex_unlock(&tree_lock);
    if (!can)
        return false;
    path_put(*path);
    *path = up;
    return true;
}

struct path mount_root(void)
{
    struct path root = path_none();
    host_mutex_lock(&tree_lock);
    if (first) {
        root.mount = mount_get(first);
        root.dentry = dentry_get_locked(first->root);
    }
    host_mutex_unlock(&tree_lock);
    return root;
}

void mount_each(bool (*fn)(struct mount *, void *), void *arg)
{
    enum { MOST = 256 };
    struct mount *found[MOST];
    size_t count = 0;
    host_mutex_lock(&tree_lock);
    for (struct mount *m = first; m && count < MOST; m = m->next)
        found[count++] = mount_get(m);
    host_mutex_unlock(&tree_lock);
    bool more = true;
    for (size_t i = 0; i < count; i++) {
        if (more)
            more = fn(found[i], arg);
        mount_put(found[i]);
    }
}

static bool prepend(char *buffer, size_t *start, const char *text, size_t length)
{
    if (*start < length)
        return false;
    *start -= length;
    memcpy(buffer + *start, text, length);
    return true;
}

char *path_text(struct path path, struct path root, char *buffer, size_t size, bool deleted,
                bool *unreachable)
{
    static const char mark[] = " (deleted)";
    size_t start = size;
    bool fits = prepend(buffer, &start, "", 1), outside = false, any = false;
    host_mutex_lock(&tree_lock);
    struct dentry *d = path.dentry;
    struct mount *m = path.mount;
    if (deleted && !d->hashed && d->parent != d)
        fits = fits && prepend(buffer, &start, mark, sizeof(mark) - 1);
    while (fits && !(d == root.dentry && m == root.mount)) {
        if (d == m->root) {
            if (!m->parent) {
                outside = root.dentry != NULL;
                break;
            }
            d = m->point;
            m = m->parent;
            continue;
        }
        if (d->parent == d) {
            /* An object without a place: its name is the whole text. */
            fits = prepend(buffer, &start, d->name, d->length);
            any = true;
            break;
        }
        fits = prepend(buffer, &start, d->name, d->length) && prepend(buffer, &start, "/", 1);
        any = true;
        d = d->parent;
    }
    host_mutex_unlock(&tree_lock);
    if (fits && !any)
        fits = prepend(buffer, &start, "/", 1);
    if (unreachable)
        *unreachable = outside;
    return fits ? buffer + start : NULL;
}
