/* /dev/pts: one node for every pair whose master is open, as the terminals themselves tell, and a
 * ptmx of its own. */
#include "runtime/abi/errno.h"
#include "runtime/fs/vfs/dentry.h"
#include "runtime/tty/tty.h"
#include <stdio.h>
#include <string.h>

#define PTMX_INO  2
#define FIRST_INO 3
#define TTY_GROUP 5

static const struct inode_ops root_ops;
static const struct inode_ops node_ops = {.lookup = NULL};

/* "17" to 17; false for anything that is no number as the directory shows it. */
static bool number_of(const char *name, uint32_t *number)
{
    uint64_t value = 0;
    size_t length = strlen(name);
    if (length == 0 || length > 9 || (name[0] == '0' && length > 1))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (name[i] < '0' || name[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(name[i] - '0');
    }
    *number = (uint32_t)value;
    return true;
}

static struct inode *make_node(struct superblock *super, uint64_t ino, uint32_t mode, uint64_t rdev,
                               void *priv)
{
    struct inode *inode = inode_new(super, ino, mode, &node_ops);
    if (!inode)
        return NULL;
    inode->rdev = rdev;
    inode->gid = TTY_GROUP;
    inode->priv = priv;
    return inode_hash(inode);
}

static int devpts_lookup(struct inode *dir, const char *name, struct inode **out)
{
    uint32_t number;
    if (strcmp(name, "ptmx") == 0) {
        *out = inode_find(dir->super, PTMX_INO);
        if (!*out)
            *out = make_node(dir->super, PTMX_INO, L_S_IFCHR | 0666, l_makedev(TTY_MAJOR_AUX, 2),
                             NULL);
        return *out ? 0 : -L_ENOMEM;
    }
    if (!number_of(name, &number))
        return -L_ENOENT;
    struct tty *tty = tty_find(number);
    if (!tty)
        return -L_ENOENT;
    *out = inode_find(dir->super, FIRST_INO + number);
    if (*out && (*out)->priv == tty) {
        tty_put(tty);
        return 0;
    }
    if (*out)
        inode_put(*out);
    /* The number belonged to a pair that is gone, and somebody still holds its inode: this one is
     * found by name only. */
    bool stale = *out != NULL;
    struct inode *inode = inode_new(dir->super, FIRST_INO + number, L_S_IFCHR | 0620, &node_ops);
    if (!inode) {
        tty_put(tty);
        return -L_ENOMEM;
    }
    inode->rdev = tty_device(tty);
    inode->gid = TTY_GROUP;
    inode->priv = tty;
    *out = stale ? inode : inode_hash(inode);
    return 0;
}

static bool devpts_revalidate(struct inode *dir, const char *name, struct inode *inode)
{
    uint32_t number;
    (void)dir;
    if (!number_of(name, &number))
        return inode != NULL;
    struct tty *tty = tty_find(number);
    bool valid = inode && tty && inode->priv == tty;
    if (tty)
        tty_put(tty);
    return valid;
}

struct listing {
    uint64_t cookie;
    dir_emit *emit;
    void *arg;
};

static int list_one(void *arg, uint32_t index)
{
    struct listing *l = arg;
    char name[16];
    uint64_t cookie = (uint64_t)index + 5;
    if (cookie <= l->cookie)
        return 0;
    int length = snprintf(name, sizeof(name), "%u", index);
    return !l->emit(l->arg, name, (size_t)length, FIRST_INO + index, L_S_IFCHR, cookie);
}

static int devpts_readdir(struct inode *dir, uint64_t cookie, dir_emit *emit, void *arg)
{
    struct listing listing = {cookie, emit, arg};
    (void)dir;
    if (cookie < 4 && !emit(arg, "ptmx", 4, PTMX_INO, L_S_IFCHR, 4))
        return 0;
    tty_list(list_one, &listing);
    return 0;
}

static const struct inode_ops root_ops = {
    .lookup = devpts_lookup,
    .revalidate = devpts_revalidate,
    .readdir = devpts_readdir,
};

static void devpts_evict(struct inode *inode)
{
    if (inode->priv)
        tty_put(inode->priv);
}

static const struct super_ops devpts_super_ops = {.evict = devpts_evict};

struct superblock *devpts_new(int *error)
{
    *error = -L_ENOMEM;
    struct superblock *super =
        super_new("devpts", "devpts", L_DEVPTS_SUPER_MAGIC, &devpts_super_ops, NULL);
    if (!super)
        return NULL;
    super->flags = SUPER_NO_NEGATIVE;
    struct inode *root = inode_new(super, 1, L_S_IFDIR | 0755, &root_ops);
    if (!root || super_set_root(super, root)) {
        super_put(super);
        return NULL;
    }
    root->nlink = 2;
    *error = 0;
    return super;
}
