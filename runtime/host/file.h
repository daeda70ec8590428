/*
 * Files and directories of the host. Paths are UTF-8; on Windows either separator, any length,
 * drive letters; names that Windows cannot express give -L_EINVAL (when something is to be made)
 * or -L_ENOENT, and links there are seen as what they lead to. Every function
 * blocks; none is called with a lock that guests wait for other than an inode's own. Returns 0 or
 * positive, or a negative guest errno.
 *
 * Buffers are kernel memory. Files are opened so that others may read, write, rename and delete
 * them as far as the host permits that (Windows: sharing all modes; where a file system there does
 * not know POSIX semantics, the name of a deleted file stays taken until its last handle goes).
 */
#ifndef RUNTIME_HOST_FILE_H
#define RUNTIME_HOST_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct host_file;
struct host_dir;

/* Whether names that differ in case only are the same file. */
bool host_names_fold(void);
/* Whether permission bits are the host's own, not made up. */
bool host_has_modes(void);
/* Whether paths begin with a drive letter. */
bool host_has_drives(void);

enum {
    HOST_FILE_READ = 1,
    HOST_FILE_WRITE = 2,
    HOST_FILE_CREATE = 4,
    HOST_FILE_EXCLUSIVE = 8, /* with CREATE: -L_EEXIST if it is there */
    HOST_FILE_TRUNCATE = 16,
};

/*
 * Attributes; times are nanoseconds since 1970. mode has Linux type and permission bits; on Windows
 * they are made up (directories and programs 0755, the rest 0644, no write bits with the read-only
 * attribute). The user who runs the program is shown as 0, so that a guest's root owns its user's
 * files.
 */
struct host_stat {
    uint64_t device, inode, size, blocks; /* inode 0: the host has none to give */
    uint64_t rdev;
    uint32_t mode, nlink, uid, gid;
    int64_t atime, mtime, ctime, btime;
};

int host_file_open(const char *path, uint32_t flags, uint32_t mode, struct host_file **out);
void host_file_close(struct host_file *file);
int64_t host_file_read(struct host_file *file, void *buffer, size_t n, uint64_t offset);
/* Shows the file's first `size` bytes, which it has, for reading, until host_file_hide, whether it
 * is open or not; on Windows a copy of them. Nobody may make the file shorter meanwhile. */
int host_file_show(struct host_file *file, uint64_t size, const void **out);
void host_file_hide(const void *shown, uint64_t size);
int64_t host_file_write(struct host_file *file, const void *buffer, size_t n, uint64_t offset);
int host_file_truncate(struct host_file *file, uint64_t size);
int host_file_sync(struct host_file *file, bool data_only);
int host_file_fstat(struct host_file *file, struct host_stat *out);

/* Follows symbolic links; every other function leaves one in the last component alone. */
int host_path_stat_follow(const char *path, struct host_stat *out);
int host_path_stat(const char *path, struct host_stat *out);
int host_path_mkdir(const char *path, uint32_t mode);
int host_path_unlink(const char *path);
int host_path_rmdir(const char *path);
/* Replaces what is there, files by files and empty directories by directories. */
int host_path_rename(const char *from, const char *to);

struct host_fs_usage {
    uint64_t blocks, free, available, files, files_free;
    uint32_t block_size, name_max;
};
int host_path_statfs(const char *path, struct host_fs_usage *out);

/* The entries of a directory in the host's order, "." and ".." left out. type is the L_DT_* of the
 * entry or 0. host_dir_next returns 1 with an entry, 0 at the end. */
struct host_dirent {
    char name[1024];
    uint64_t inode;
    uint32_t type;
};
int host_dir_open(const char *path, struct host_dir **out);
int host_dir_next(struct host_dir *dir, struct host_dirent *out);
void host_dir_close(struct host_dir *dir);

#endif
