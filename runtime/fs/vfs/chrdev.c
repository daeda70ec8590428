/* The table of character devices. */
#include "runtime/fs/vfs/chrdev.h"

#include "runtime/abi/errno.h"
#include <stdio.h>

enum { MOST = 64 };

struct range {
    uint32_t major, first, count;
    const char *name;
    chrdev_open *open;
};

static struct host_mutex lock = HOST_MUTEX_INIT(RANK_CHRDEV);
static struct range ranges[MOST];
static uint32_t used;

static const struct range *find_locked(uint32_t major, uint32_t minor)
{
    for (uint32_t i = 0; i < used; i++) {
        const struct range *r = &ranges[i];
        if (r->major == major && minor >= r->first && minor - r->first < r->count)
            return r;
    }
    return NULL;
}

int chrdev_register(uint32_t major, uint32_t first, uint32_t count, const char *name,
                    chrdev_open *open)
{
    int error = 0;
    host_mutex_lock(&lock);
    if (find_locked(major, first))
        error = -L_EBUSY;
    else if (used == MOST)
        error = -L_ENOMEM;
    else
        ranges[used++] = (struct range){major, first, count, name, open};
    host_mutex_unlock(&lock);
    return error;
}

int chrdev_open_file(struct inode *inode, struct file *file, struct task *task)
{
    host_mutex_lock(&lock);
    const struct range *range = find_locked(l_major(inode->rdev), l_minor(inode->rdev));
    chrdev_open *open = range ? range->open : NULL;
    host_mutex_unlock(&lock);
    return open ? open(inode, file, task) : -L_ENXIO;
}

int chrdev_describe(char *text, size_t size)
{
    size_t length = 0;
    host_mutex_lock(&lock);
    for (uint32_t i = 0; i < used && length < size; i++)
        length += (size_t)snprintf(text + length, size - length, "%3u %s\n", ranges[i].major,
                                   ranges[i].name);
    host_mutex_unlock(&lock);
    return (int)(length < size ? length : size - 1);
}
