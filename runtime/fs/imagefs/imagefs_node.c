/* Nodes: what is known in memory of inodes of the image, and the inodes over them. */
#include "runtime/fs/imagefs/image_node.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/stat.h"
#include "runtime/host/hash.h"
#include "runtime/host/heap.h"
#include "runtime/host/log.h"
#include <string.h>

#define NODES_MOST 100000u /* beyond, nodes that nothing uses are dropped */
#define TOLD_MOST  100u    /* damaged files that are told in the log */

/* --- nodes --- */

static struct node **bucket_of(struct image *image, uint64_t ino)
{
    return &image->table[ino * HASH_FACTOR >> (64 - NODE_BITS)];
}

struct node *node_new(const struct store_inode *attr, const char *target, size_t length)
{
    struct node *node = calloc(1, sizeof(*node));
    if (!node)
        return NULL;
    node->attr = *attr;
    node->stored_size = attr->size;
    if (target) {
        node->target = malloc(length + 1);
        if (!node->target) {
            free(node);
            return NULL;
        }
        memcpy(node->target, target, length);
        node->target[length] = 0;
    }
    return node;
}

void node_free(struct node *node)
{
    if (!node)
        return;
    directory_free(node->directory);
    chunks_free(&node->chunks);
    free(node->target);
    free(node);
}

static struct node *find_locked(struct image *image, uint64_t ino)
{
    struct node *node = *bucket_of(image, ino);
    while (node && node->attr.ino != ino)
        node = node->hash_next;
    return node;
}

/* Drops nodes that nothing uses. lock held. */
static void sweep(struct image *image)
{
    for (uint32_t i = 0; i < NODE_BUCKETS; i++) {
        struct node **link = &image->table[i];
        while (*link) {
            struct node *node = *link;
            if (node->live || node->busy || node->dirty) {
                link = &node->hash_next;
                continue;
            }
            *link = node->hash_next;
            image->node_count--;
            node_free(node);
        }
    }
    image->sweeps++;
}

static struct node *enter_locked(struct image *image, struct node *node)
{
    struct node *other = find_locked(image, node->attr.ino);
    if (other) {
        node_free(node);
        return other;
    }
    struct node **link = bucket_of(image, node->attr.ino);
    node->hash_next = *link;
    *link = node;
    image->node_count++;
    return node;
}

struct node *node_enter(struct image *image, struct node *node)
{
    host_mutex_lock(&image->lock);
    node = enter_locked(image, node);
    host_mutex_unlock(&image->lock);
    return node;
}

void node_take_out(struct image *image, struct node *node)
{
    struct node **link = bucket_of(image, node->attr.ino);
    while (*link != node)
        link = &(*link)->hash_next;
    *link = node->hash_next;
    image->node_count--;
}

void node_forget(struct image *image, struct node *node)
{
    host_mutex_lock(&image->lock);
    node_take_out(image, node);
    host_mutex_unlock(&image->lock);
    node_free(node);
}

int image_error(struct image *image, uint64_t ino, int64_t error)
{
    char path[PATH_LENGTH_MAX];
    if (error != -L_EUCLEAN)
        return (int)error;
    host_mutex_lock(&image->lock);
    struct node *node = find_locked(image, ino);
    bool news = !(node && node->told) && image->told < TOLD_MOST;
    if (node)
        node->told = true;
    image->told += news ? 1 : 0;
    host_mutex_unlock(&image->lock);
    if (news) {
        store_name_of(image->store, ino, path, sizeof(path));
        host_log_error("%s: %s is damaged", store_path(image->store), path);
    }
    return -L_EIO;
}

static struct node *fetch(struct image *image, uint64_t ino, int *error)
{
    struct store_inode attr;
    char target[PATH_LENGTH_MAX];
    int length = 0;
    *error = store_get_inode(image->store, ino, &attr);
    if (*error == -L_ENOENT)
        *error = -L_EIO; /* a name leads to nothing */
    bool link = !*error && (attr.mode & L_S_IFMT) == L_S_IFLNK;
    if (link) {
        length = store_get_target(image->store, ino, target, sizeof(target));
        *error = length < 0 ? length : 0;
    }
    *error = image_error(image, ino, *error);
    if (*error)
        return NULL;
    struct node *node = node_new(&attr, link ? target : NULL, (size_t)length);
    *error = node ? 0 : -L_ENOMEM;
    return node;
}

/* The node of an inode, asking the store if need be, made live once more for an inode that
 * node_make_inode is to put over it. NULL and the errno. */
static struct node *node_load(struct image *image, uint64_t ino, int *error)
{
    *error = 0;
    for (;;) {
        host_mutex_lock(&image->lock);
        struct node *node = find_locked(image, ino);
        uint32_t sweeps = image->sweeps;
        if (node)
            node->live++;
        host_mutex_unlock(&image->lock);
        if (node)
            return node;
        struct node *fresh = fetch(image, ino, error);
        if (!fresh)
            return NULL;
        host_mutex_lock(&image->lock);
        if (image->sweeps != sweeps) {
            /* The node may have come, changed and gone since it was read. */
            host_mutex_unlock(&image->lock);
            node_free(fresh);
            continue;
        }
        node = enter_locked(image, fresh);
        node->live++;
        if (image->node_count > NODES_MOST)
            sweep(image);
        host_mutex_unlock(&image->lock);
        return node;
    }
}

struct inode *node_make_inode(struct image *image, struct node *node)
{
    host_mutex_lock(&image->lock);
    const struct store_inode attr = node->attr;
    host_mutex_unlock(&image->lock);
    struct inode *inode = inode_new(image->super, attr.ino, attr.mode, &imagefs_ops);
    if (!inode) {
        host_mutex_lock(&image->lock);
        node->live--;
        host_mutex_unlock(&image->lock);
        return NULL;
    }
    inode->mode = attr.mode;
    inode->uid = attr.uid;
    inode->gid = attr.gid;
    inode->nlink = attr.nlink;
    inode->rdev = attr.rdev;
    inode->size = attr.size;
    inode->atime = attr.atime;
    inode->mtime = attr.mtime;
    inode->ctime = attr.ctime;
    inode->btime = attr.btime;
    atomic_store(&inode->pages.mapping.size, attr.size);
    inode->priv = node;
    return inode_hash(inode);
}

struct inode *node_inode(struct image *image, uint64_t ino, int *error)
{
    *error = 0;
    struct inode *inode = inode_find(image->super, ino);
    if (inode)
        return inode;
    struct node *node = node_load(image, ino, error);
    if (!node)
        return NULL;
    inode = node_make_inode(image, node);
    if (!inode)
        *error = -L_ENOMEM;
    return inode;
}

/* --- directories --- */

struct entry *node_entry(struct directory *d, const char *name, uint64_t ino, uint32_t mode)
{
    struct entry *e = directory_prepare(d, name);
    if (e) {
        e->ino = ino;
        e->type = (uint16_t)(mode & L_S_IFMT);
    }
    return e;
}

void node_moved(struct image *image, struct inode *inode, uint64_t parent)
{
    host_mutex_lock(&image->lock);
    if ((inode->mode & L_S_IFMT) == L_S_IFDIR)
        node_of(inode)->parent = parent;
    host_mutex_unlock(&image->lock);
}

/* A directory lies in one other; an image that says otherwise has been made to harm. lock held. */
static bool lies_elsewhere(const struct node *dir, const struct node *child)
{
    if ((child->attr.mode & L_S_IFMT) != L_S_IFDIR)
        return false;
    return child->attr.ino == STORE_ROOT || child->attr.ino == dir->attr.ino ||
           (child->parent && child->parent != dir->attr.ino);
}

/* What reading a directory collects on the store's thread. */
struct reading {
    struct directory *directory;
    struct node *nodes; /* by hash_next */
};

static int collect_entry(void *arg, const struct store_entry *entry)
{
    struct reading *reading = arg;
    struct entry *e =
        node_entry(reading->directory, entry->name, entry->inode.ino, entry->inode.mode);
    if (!e)
        return -L_ENOMEM;
    directory_add(reading->directory, e);
    if (entry->inode.mode == 0)
        return 0; /* damaged: who looks at it learns that (fetch) */
    struct node *node = node_new(&entry->inode, entry->target, entry->target_length);
    if (!node)
        return -L_ENOMEM;
    node->hash_next = reading->nodes;
    reading->nodes = node;
    return 0;
}

struct directory *directory_of(struct inode *dir, int *error)
{
    struct image *image = image_of(dir);
    struct node *node = node_of(dir);
    *error = 0;
    if (node->directory)
        return node->directory;
    struct reading reading = {.directory = directory_new()};
    host_mutex_lock(&image->lock);
    uint32_t sweeps = image->sweeps;
    host_mutex_unlock(&image->lock);
    *error = reading.directory
                 ? store_read_dir(image->store, node->attr.ino, collect_entry, &reading)
                 : -L_ENOMEM;
    host_mutex_lock(&image->lock);
    bool usable = !*error && image->sweeps == sweeps;
    while (reading.nodes) {
        struct node *found = reading.nodes;
        reading.nodes = found->hash_next;
        if (!usable) {
            node_free(found);
            continue;
        }
        found = enter_locked(image, found);
        if (lies_elsewhere(node, found))
            *error = -L_EUCLEAN;
        else
            found->parent = node->attr.ino;
    }
    if (image->node_count > NODES_MOST)
        sweep(image);
    host_mutex_unlock(&image->lock);
    if (*error) {
        *error = image_error(image, node->attr.ino, *error);
        directory_free(reading.directory);
        return NULL;
    }
    node->directory = reading.directory;
    return node->directory;
}
