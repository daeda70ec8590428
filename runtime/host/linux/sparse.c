/* Holes and room in files. */
#include "runtime/host/sparse.h"

#include "runtime/host/linux/files.h"
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <sys/xattr.h>
#include <unistd.h>

int64_t host_file_seek(struct host_file *file, uint64_t offset, bool hole)
{
    off_t at = lseek(file->fd, (off_t)offset, hole ? SEEK_HOLE : SEEK_DATA);
    return at < 0 ? -errno : at;
}

int host_file_room(struct host_file *file, enum host_room what, uint64_t offset, uint64_t n)
{
    static const int modes[] = {
        [HOST_ROOM_EXTEND] = 0,
        [HOST_ROOM_KEEP] = FALLOC_FL_KEEP_SIZE,
        [HOST_ROOM_PUNCH] = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
        [HOST_ROOM_ZERO] = FALLOC_FL_ZERO_RANGE,
        [HOST_ROOM_ZERO_KEEP] = FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
    };
    int result;
    do
        result = fallocate(file->fd, modes[what], (off_t)offset, (off_t)n);
    while (result < 0 && errno == EINTR);
    return host_result_of(result);
}

/* A path to what is open, whatever its names are; also where the descriptor is O_PATH. */
struct magic {
    char path[40];
};

static struct magic magic_of(const struct host_file *file)
{
    struct magic magic;
    snprintf(magic.path, sizeof(magic.path), "/proc/self/fd/%d", file->fd);
    return magic;
}

/* No /proc here: then there is no way. */
static int64_t result_at(ssize_t result)
{
    return result >= 0 ? result : errno == ENOENT ? -EOPNOTSUPP : -errno;
}

int host_file_name(struct host_file *file, struct host_root *root, const char *name)
{
    return host_at_link_file(root, magic_of(file).path, name);
}

int64_t host_file_getxattr(struct host_file *file, const char *name, void *value, size_t size)
{
    return result_at(getxattr(magic_of(file).path, name, value, size));
}

int64_t host_file_listxattr(struct host_file *file, char *names, size_t size)
{
    return result_at(listxattr(magic_of(file).path, names, size));
}

int host_file_setxattr(struct host_file *file, const char *name, const void *value, size_t size,
                       int flags)
{
    return (int)result_at(setxattr(magic_of(file).path, name, value, size, flags));
}

int host_file_removexattr(struct host_file *file, const char *name)
{
    return (int)result_at(removexattr(magic_of(file).path, name));
}
