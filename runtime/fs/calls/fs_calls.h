/*
 * The system calls of files, paths and descriptors. Arguments as in the manual pages (section 2);
 * addresses are the guest's. The result is a count, a descriptor or 0, or a negative errno.
 */
#ifndef RUNTIME_FS_CALLS_FS_CALLS_H
#define RUNTIME_FS_CALLS_FS_CALLS_H

#include <stdint.h>

struct task;

/* sys_attr.c */
int64_t sys_fchmodat(struct task *t, uint64_t dirfd, uint64_t name, uint64_t mode);
int64_t sys_fchmodat2(struct task *t, uint64_t dirfd, uint64_t name, uint64_t mode, uint64_t flags);
int64_t sys_chmod(struct task *t, uint64_t name, uint64_t mode);
int64_t sys_fchmod(struct task *t, uint64_t fd, uint64_t mode);
int64_t sys_fchownat(struct task *t, uint64_t dirfd, uint64_t name, uint64_t uid, uint64_t gid,
                     uint64_t flags);
int64_t sys_chown(struct task *t, uint64_t name, uint64_t uid, uint64_t gid);
int64_t sys_lchown(struct task *t, uint64_t name, uint64_t uid, uint64_t gid);
int64_t sys_fchown(struct task *t, uint64_t fd, uint64_t uid, uint64_t gid);
int64_t sys_utimensat(struct task *t, uint64_t dirfd, uint64_t name, uint64_t address,
                      uint64_t flags);
int64_t sys_futimesat(struct task *t, uint64_t dirfd, uint64_t name, uint64_t address);
int64_t sys_utimes(struct task *t, uint64_t name, uint64_t address);
int64_t sys_utime(struct task *t, uint64_t name, uint64_t address);
int64_t sys_truncate(struct task *t, uint64_t name, uint64_t size);
int64_t sys_ftruncate(struct task *t, uint64_t fd, uint64_t size);
int64_t sys_fallocate(struct task *t, uint64_t fd, uint64_t mode, uint64_t offset, uint64_t length);
int64_t sys_fsync(struct task *t, uint64_t fd);
int64_t sys_fdatasync(struct task *t, uint64_t fd);
int64_t sys_sync_file_range(struct task *t, uint64_t fd);
int64_t sys_sync(struct task *t);
int64_t sys_syncfs(struct task *t, uint64_t fd);
int64_t sys_fadvise64(struct task *t, uint64_t fd, uint64_t offset, uint64_t length,
                      uint64_t advice);
int64_t sys_readahead(struct task *t, uint64_t fd);

/* sys_copy.c */
int64_t sys_sendfile(struct task *t, uint64_t outfd, uint64_t infd, uint64_t address, uint64_t n);
int64_t sys_copy_file_range(struct task *t, uint64_t infd, uint64_t inaddress, uint64_t outfd,
                            uint64_t outaddress, uint64_t n, uint64_t flags);
int64_t sys_splice(struct task *t, uint64_t infd, uint64_t inaddress, uint64_t outfd,
                   uint64_t outaddress, uint64_t n, uint64_t flags);
int64_t sys_tee(struct task *t, uint64_t infd, uint64_t outfd, uint64_t n, uint64_t flags);

/* sys_dir.c */
int64_t sys_getdents64(struct task *t, uint64_t fd, uint64_t address, uint64_t size);
int64_t sys_getdents(struct task *t, uint64_t fd, uint64_t address, uint64_t size);
int64_t sys_chdir(struct task *t, uint64_t name);
int64_t sys_fchdir(struct task *t, uint64_t fd);
int64_t sys_chroot(struct task *t, uint64_t name);
int64_t sys_getcwd(struct task *t, uint64_t address, uint64_t size);

/* sys_fcntl.c */
int64_t sys_fcntl(struct task *t, uint64_t fd, uint64_t command, uint64_t arg);
int64_t sys_flock(struct task *t, uint64_t fd, uint64_t operation);
int64_t sys_ioctl(struct task *t, uint64_t fd, uint64_t command, uint64_t arg);

/* sys_inotify.c */
int64_t sys_inotify_init1(struct task *t, uint64_t flags);
int64_t sys_inotify_init(struct task *t);
int64_t sys_inotify_add_watch(struct task *t, uint64_t fd, uint64_t name, uint64_t mask);
int64_t sys_inotify_rm_watch(struct task *t, uint64_t fd, uint64_t wd);

/* sys_io.c */
int64_t sys_read(struct task *t, uint64_t fd, uint64_t address, uint64_t n);
int64_t sys_write(struct task *t, uint64_t fd, uint64_t address, uint64_t n);
int64_t sys_pread64(struct task *t, uint64_t fd, uint64_t address, uint64_t n, uint64_t pos);
int64_t sys_pwrite64(struct task *t, uint64_t fd, uint64_t address, uint64_t n, uint64_t pos);
int64_t sys_readv(struct task *t, uint64_t fd, uint64_t address, uint64_t count);
int64_t sys_writev(struct task *t, uint64_t fd, uint64_t address, uint64_t count);
int64_t sys_preadv(struct task *t, uint64_t fd, uint64_t address, uint64_t count, uint64_t pos);
int64_t sys_pwritev(struct task *t, uint64_t fd, uint64_t address, uint64_t count, uint64_t pos);
int64_t sys_preadv2(struct task *t, uint64_t fd, uint64_t address, uint64_t count, uint64_t pos,
                    uint64_t high, uint64_t flags);
int64_t sys_pwritev2(struct task *t, uint64_t fd, uint64_t address, uint64_t count, uint64_t pos,
                     uint64_t high, uint64_t flags);
int64_t sys_lseek(struct task *t, uint64_t fd, uint64_t offset, uint64_t whence);

/* sys_mount.c */
int64_t sys_mount(struct task *t, uint64_t source, uint64_t target, uint64_t type, uint64_t flags,
                  uint64_t data);
int64_t sys_umount2(struct task *t, uint64_t target, uint64_t flags);

/* sys_names.c */
int64_t sys_mkdirat(struct task *t, uint64_t dirfd, uint64_t name, uint64_t mode);
int64_t sys_mkdir(struct task *t, uint64_t name, uint64_t mode);
int64_t sys_mknodat(struct task *t, uint64_t dirfd, uint64_t name, uint64_t mode, uint64_t dev);
int64_t sys_mknod(struct task *t, uint64_t name, uint64_t mode, uint64_t dev);
int64_t sys_unlinkat(struct task *t, uint64_t dirfd, uint64_t name, uint64_t flags);
int64_t sys_unlink(struct task *t, uint64_t name);
int64_t sys_rmdir(struct task *t, uint64_t name);
int64_t sys_symlinkat(struct task *t, uint64_t target, uint64_t dirfd, uint64_t name);
int64_t sys_symlink(struct task *t, uint64_t target, uint64_t name);
int64_t sys_linkat(struct task *t, uint64_t olddirfd, uint64_t old, uint64_t dirfd, uint64_t name,
                   uint64_t flags);
int64_t sys_link(struct task *t, uint64_t old, uint64_t name);
int64_t sys_renameat2(struct task *t, uint64_t olddirfd, uint64_t old, uint64_t dirfd,
                      uint64_t name, uint64_t flags);
int64_t sys_renameat(struct task *t, uint64_t olddirfd, uint64_t old, uint64_t dirfd,
                     uint64_t name);
int64_t sys_rename(struct task *t, uint64_t old, uint64_t name);
int64_t sys_readlinkat(struct task *t, uint64_t dirfd, uint64_t name, uint64_t address,
                       uint64_t size);
int64_t sys_readlink(struct task *t, uint64_t name, uint64_t address, uint64_t size);

/* sys_open.c */
int64_t sys_openat(struct task *t, uint64_t dirfd, uint64_t name, uint64_t flags, uint64_t mode);
int64_t sys_open(struct task *t, uint64_t name, uint64_t flags, uint64_t mode);
int64_t sys_creat(struct task *t, uint64_t name, uint64_t mode);
int64_t sys_openat2(struct task *t, uint64_t dirfd, uint64_t name, uint64_t address, uint64_t size);
int64_t sys_close(struct task *t, uint64_t fd);
int64_t sys_close_range(struct task *t, uint64_t first, uint64_t last, uint64_t flags);
int64_t sys_dup(struct task *t, uint64_t fd);
int64_t sys_dup2(struct task *t, uint64_t old, uint64_t new);
int64_t sys_dup3(struct task *t, uint64_t old, uint64_t new, uint64_t flags);
int64_t sys_pipe2(struct task *t, uint64_t address, uint64_t flags);
int64_t sys_pipe(struct task *t, uint64_t address);
int64_t sys_memfd_create(struct task *t, uint64_t address, uint64_t flags);
int64_t sys_umask(struct task *t, uint64_t mask);

/* sys_stat.c */
int64_t sys_newfstatat(struct task *t, uint64_t dirfd, uint64_t name, uint64_t address,
                       uint64_t flags);
int64_t sys_stat(struct task *t, uint64_t name, uint64_t address);
int64_t sys_lstat(struct task *t, uint64_t name, uint64_t address);
int64_t sys_fstat(struct task *t, uint64_t fd, uint64_t address);
int64_t sys_statx(struct task *t, uint64_t dirfd, uint64_t name, uint64_t flags, uint64_t mask,
                  uint64_t address);
int64_t sys_faccessat2(struct task *t, uint64_t dirfd, uint64_t name, uint64_t mode,
                       uint64_t flags);
int64_t sys_faccessat(struct task *t, uint64_t dirfd, uint64_t name, uint64_t mode);
int64_t sys_access(struct task *t, uint64_t name, uint64_t mode);
int64_t sys_statfs(struct task *t, uint64_t name, uint64_t address);
int64_t sys_fstatfs(struct task *t, uint64_t fd, uint64_t address);

/* sys_vmsplice.c */
int64_t sys_vmsplice(struct task *t, uint64_t fd, uint64_t address, uint64_t count, uint64_t flags);

/* sys_xattr.c */
int64_t sys_getxattr(struct task *t, uint64_t path, uint64_t name, uint64_t value, uint64_t size);
int64_t sys_lgetxattr(struct task *t, uint64_t path, uint64_t name, uint64_t value, uint64_t size);
int64_t sys_fgetxattr(struct task *t, uint64_t fd, uint64_t name, uint64_t value, uint64_t size);
int64_t sys_setxattr(struct task *t, uint64_t path, uint64_t name, uint64_t value, uint64_t size,
                     uint64_t flags);
int64_t sys_lsetxattr(struct task *t, uint64_t path, uint64_t name, uint64_t value, uint64_t size,
                      uint64_t flags);
int64_t sys_fsetxattr(struct task *t, uint64_t fd, uint64_t name, uint64_t value, uint64_t size,
                      uint64_t flags);
int64_t sys_listxattr(struct task *t, uint64_t path, uint64_t address, uint64_t size);
int64_t sys_llistxattr(struct task *t, uint64_t path, uint64_t address, uint64_t size);
int64_t sys_flistxattr(struct task *t, uint64_t fd, uint64_t address, uint64_t size);
int64_t sys_removexattr(struct task *t, uint64_t path, uint64_t name);
int64_t sys_lremovexattr(struct task *t, uint64_t path, uint64_t name);
int64_t sys_fremovexattr(struct task *t, uint64_t fd, uint64_t name);

#endif
