/* What file.c and beneath.c share. */
#ifndef RUNTIME_HOST_LINUX_FILES_H
#define RUNTIME_HOST_LINUX_FILES_H

#include "runtime/host/beneath.h"
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

struct host_file {
    int fd;
};

struct host_dir {
    DIR *stream;
};

/* open(2) flags for HOST_FILE_*. */
int host_open_flags(uint32_t flags);
/* Wrap a descriptor, which is closed on failure; fd < 0: the error in errno. */
int host_file_wrap(int fd, struct host_file **out);
int host_dir_wrap(int fd, struct host_dir **out);
void host_stat_fill(struct host_stat *out, const struct stat *stat);
void host_usage_fill(struct host_fs_usage *out, const struct statvfs *usage);
/* The guest's root is the user of the program; UINT32_MAX stays as it is. */
uint32_t host_id_meant(uint32_t id, uint32_t own);
/* utimensat(2)'s form; INT64_MIN: leave alone. */
struct timespec host_time_spec(int64_t time);

/* Give what a path leads to, links followed, a name below the root (beneath.h). */
int host_at_link_file(struct host_root *root, const char *file, const char *to);

static inline int host_result_of(int result)
{
    return result < 0 ? -errno : 0;
}

#endif
