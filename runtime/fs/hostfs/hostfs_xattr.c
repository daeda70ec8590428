/* Attributes of the user's own ("user.") on files of the host. Those of other name spaces mean
 * something to the host, and are not shown to guests. */
#include "runtime/abi/errno.h"
#include "runtime/fs/hostfs/hostfs.h"
#include "runtime/host/heap.h"
#include "runtime/host/sparse.h"
#include <string.h>

static bool is_users(const char *name)
{
    return strncmp(name, "user.", 5) == 0;
}

static int hold(struct inode *inode, const char *path, void *arg)
{
    struct host_file **out = arg;
    struct host_stat st;
    int error = host_at_hold(host_super_of(inode->super)->root, path, out);
    if (error)
        return error;
    error = host_file_fstat(*out, &st);
    if (!error && !host_node_is(inode, &st, path))
        error = -L_ESTALE;
    if (error) {
        host_file_close(*out);
        *out = NULL;
    }
    return error;
}

typedef int64_t use_fn(struct host_file *file, void *arg);

/* Of the open file, as its names may be gone or another's; else of what its names lead to. */
static int64_t with_file(struct inode *inode, use_fn *use, void *arg)
{
    struct host_node *node = host_node_of(inode);
    struct host_file *held;
    int64_t result = 0;
    host_mutex_lock(&node->lock);
    struct host_file *open = node->writer ? node->writer : node->reader;
    if (open)
        result = use(open, arg);
    host_mutex_unlock(&node->lock);
    if (open)
        return result;
    result = host_node_each_path(inode, hold, &held);
    if (result)
        return result == -L_ESTALE ? -L_ENOENT : result;
    result = use(held, arg);
    host_file_close(held);
    return result;
}

struct attribute {
    const char *name;
    void *value;
    const void *new_value;
    size_t size;
    int flags;
};

static int64_t get(struct host_file *file, void *arg)
{
    const struct attribute *a = arg;
    return host_file_getxattr(file, a->name, a->value, a->size);
}

static int64_t set(struct host_file *file, void *arg)
{
    const struct attribute *a = arg;
    return host_file_setxattr(file, a->name, a->new_value, a->size, a->flags);
}

static int64_t remove_one(struct host_file *file, void *arg)
{
    const struct attribute *a = arg;
    return host_file_removexattr(file, a->name);
}

static int64_t list(struct host_file *file, void *arg)
{
    const struct attribute *a = arg;
    return host_file_listxattr(file, a->value, a->size);
}

int64_t hostfs_getxattr(struct inode *inode, const char *name, void *value, size_t size)
{
    struct attribute a = {.name = name, .value = value, .size = size};
    return is_users(name) ? with_file(inode, get, &a) : -L_EOPNOTSUPP;
}

int hostfs_setxattr(struct inode *inode, const char *name, const void *value, size_t size,
                    int flags)
{
    struct attribute a = {.name = name, .new_value = value, .size = size, .flags = flags};
    return is_users(name) ? (int)with_file(inode, set, &a) : -L_EOPNOTSUPP;
}

int hostfs_removexattr(struct inode *inode, const char *name)
{
    struct attribute a = {.name = name};
    return is_users(name) ? (int)with_file(inode, remove_one, &a) : -L_EOPNOTSUPP;
}

#define NAMES_MOST 65536u

int64_t hostfs_listxattr(struct inode *inode, char *names, size_t size)
{
    char *all = malloc(NAMES_MOST);
    struct attribute a = {.value = all, .size = NAMES_MOST};
    int64_t length = all ? with_file(inode, list, &a) : -L_ENOMEM, kept = 0;
    for (int64_t at = 0; at < length;) {
        size_t n = strlen(all + at) + 1;
        if (is_users(all + at)) {
            memmove(all + kept, all + at, n);
            kept += (int64_t)n;
        }
        at += (int64_t)n;
    }
    if (length >= 0)
        length = size && kept > (int64_t)size ? -L_ERANGE : kept;
    if (length > 0 && size)
        memcpy(names, all, (size_t)length);
    free(all);
    return length;
}
