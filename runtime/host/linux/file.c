/* Files. */
#include "runtime/host/linux/files.h"
#include "runtime/host/time.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

bool host_names_fold(void)
{
    return false;
}

bool host_has_drives(void)
{
    return false;
}

bool host_has_modes(void)
{
    return true;
}

/* The user of the program is a guest's root. */
static uint32_t shown(uint32_t id, uint32_t own)
{
    return id == own ? 0 : id;
}

uint32_t host_id_meant(uint32_t id, uint32_t own)
{
    return id == 0 ? own : id;
}

int host_open_flags(uint32_t flags)
{
    int native = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    if (!(flags & HOST_FILE_WRITE))
        native |= O_RDONLY;
    else
        native |= flags & HOST_FILE_READ ? O_RDWR : O_WRONLY;
    if (flags & HOST_FILE_CREATE)
        native |= O_CREAT;
    if (flags & HOST_FILE_EXCLUSIVE)
        native |= O_EXCL;
    if (flags & HOST_FILE_TRUNCATE)
        native |= O_TRUNC;
    return native;
}

int host_file_wrap(int fd, struct host_file **out)
{
    *out = NULL;
    if (fd < 0)
        return -errno;
    struct host_file *file = malloc(sizeof(*file));
    if (!file) {
        close(fd);
        return -ENOMEM;
    }
    file->fd = fd;
    *out = file;
    return 0;
}

int host_file_open(const char *path, uint32_t flags, uint32_t mode, struct host_file **out)
{
    return host_file_wrap(open(path, host_open_flags(flags), mode), out);
}

void host_file_close(struct host_file *file)
{
    if (!file)
        return;
    close(file->fd);
    free(file);
}

int64_t host_file_read(struct host_file *file, void *buffer, size_t n, uint64_t offset)
{
    size_t done = 0;
    while (done < n) {
        ssize_t got = pread(file->fd, (char *)buffer + done, n - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return done ? (int64_t)done : -errno;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (int64_t)done;
}

int host_file_show(struct host_file *file, uint64_t size, const void **out)
{
    void *at = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file->fd, 0);
    *out = at == MAP_FAILED ? NULL : at;
    return *out ? 0 : -errno;
}

void host_file_hide(const void *shown, uint64_t size)
{
    munmap((void *)(uintptr_t)shown, size);
}

int64_t host_file_write(struct host_file *file, const void *buffer, size_t n, uint64_t offset)
{
    size_t done = 0;
    while (done < n) {
        ssize_t put =
            pwrite(file->fd, (const char *)buffer + done, n - done, (off_t)(offset + done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return done ? (int64_t)done : -errno;
        done += (size_t)put;
    }
    return (int64_t)done;
}

int host_file_truncate(struct host_file *file, uint64_t size)
{
    return host_result_of(ftruncate(file->fd, (off_t)size));
}

int host_file_sync(struct host_file *file, bool data_only)
{
    return host_result_of(data_only ? fdatasync(file->fd) : fsync(file->fd));
}

static int64_t nanoseconds(const struct timespec *time)
{
    return host_time_in_ns(time->tv_sec, time->tv_nsec);
}

void host_stat_fill(struct host_stat *out, const struct stat *stat)
{
    *out = (struct host_stat){
        .device = stat->st_dev,
        .inode = stat->st_ino,
        .size = (uint64_t)stat->st_size,
        .blocks = (uint64_t)stat->st_blocks,
        /* As Linux shows it to programs: 12 bits of major above 8 of minor, the rest higher up. */
        .rdev = (uint64_t)makedev(major(stat->st_rdev), minor(stat->st_rdev)),
        .mode = stat->st_mode,
        .nlink = (uint32_t)stat->st_nlink,
        /* The ids that the program was started with, which it keeps; asked without system calls. */
        .uid = shown(stat->st_uid, (uint32_t)getauxval(AT_EUID)),
        .gid = shown(stat->st_gid, (uint32_t)getauxval(AT_EGID)),
        .atime = nanoseconds(&stat->st_atim),
        .mtime = nanoseconds(&stat->st_mtim),
        .ctime = nanoseconds(&stat->st_ctim),
        .btime = nanoseconds(&stat->st_ctim),
    };
}

int host_file_fstat(struct host_file *file, struct host_stat *out)
{
    struct stat stat;
    if (fstat(file->fd, &stat) < 0)
        return -errno;
    host_stat_fill(out, &stat);
    return 0;
}

int host_path_stat(const char *path, struct host_stat *out)
{
    struct stat stat;
    if (lstat(path, &stat) < 0)
        return -errno;
    host_stat_fill(out, &stat);
    return 0;
}

int host_path_stat_follow(const char *path, struct host_stat *out)
{
    struct stat found;
    if (stat(path, &found) < 0)
        return -errno;
    host_stat_fill(out, &found);
    return 0;
}

int host_path_mkdir(const char *path, uint32_t mode)
{
    return host_result_of(mkdir(path, mode));
}

int host_path_unlink(const char *path)
{
    return host_result_of(unlink(path));
}

int host_path_rmdir(const char *path)
{
    return host_result_of(rmdir(path));
}

struct timespec host_time_spec(int64_t time)
{
    struct timespec spec = {0, UTIME_OMIT};
    if (time != INT64_MIN) {
        const int64_t second = (int64_t)NS_PER_SEC;
        int64_t rest = time % second;
        spec.tv_sec = time / second - (rest < 0);
        spec.tv_nsec = rest < 0 ? rest + second : rest;
    }
    return spec;
}

int host_path_rename(const char *from, const char *to)
{
    return host_result_of(rename(from, to));
}

void host_usage_fill(struct host_fs_usage *out, const struct statvfs *usage)
{
    *out = (struct host_fs_usage){
        .blocks = usage->f_blocks,
        .free = usage->f_bfree,
        .available = usage->f_bavail,
        .files = usage->f_files,
        .files_free = usage->f_ffree,
        .block_size = (uint32_t)usage->f_frsize,
        .name_max = (uint32_t)usage->f_namemax,
    };
}

int host_path_statfs(const char *path, struct host_fs_usage *out)
{
    struct statvfs usage;
    if (statvfs(path, &usage) < 0)
        return -errno;
    host_usage_fill(out, &usage);
    return 0;
}

int host_dir_wrap(int fd, struct host_dir **out)
{
    *out = NULL;
    if (fd < 0)
        return -errno;
    struct host_dir *dir = malloc(sizeof(*dir));
    if (dir)
        dir->stream = fdopendir(fd);
    if (!dir || !dir->stream) {
        int error = dir ? -errno : -ENOMEM;
        close(fd);
        free(dir);
        return error;
    }
    *out = dir;
    return 0;
}

int host_dir_open(const char *path, struct host_dir **out)
{
    return host_dir_wrap(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), out);
}

int host_dir_next(struct host_dir *dir, struct host_dirent *out)
{
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(dir->stream);
        if (!entry)
            return errno ? -errno : 0;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(out->name, sizeof(out->name), "%s", entry->d_name);
        out->inode = entry->d_ino;
        out->type = entry->d_type;
        return 1;
    }
}

void host_dir_close(struct host_dir *dir)
{
    if (!dir)
        return;
    closedir(dir->stream);
    free(dir);
}
