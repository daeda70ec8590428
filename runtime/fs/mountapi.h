/*
 * What Foreland mounts: the root, and what every root needs inside it. Called by the programs
 * before the first guest runs; mount(2) uses the same constructors.
 */
#ifndef FORELAND_FS_MOUNTAPI_H
#define FORELAND_FS_MOUNTAPI_H

#include "runtime/fs/inode.h"

/* Constructors: a superblock with one reference, or NULL and the errno in *error. */
struct superblock *tmpfs_new(const char *source, uint32_t root_mode, int *error);
/* A directory of the host (UTF-8 path). */
struct superblock *hostfs_new(const char *host_path, int *error);
/* An image (see store.h), which this process then has for itself; read_only: what is changed stays
 * in memory. A sentence on what is wrong in message. */
struct superblock *imagefs_new(const char *host_path, bool read_only, int *error, char *message,
                               size_t size);
/* At the end of the program: stores everything and closes all images. What still asks for something
 * that is not in memory gets -L_EIO. An error means that changes are lost: message, else empty, has
 * a sentence on which. */
int imagefs_shutdown(char *message, size_t size);
/* For tests: the disk has so many bytes beyond what the image takes. UINT64_MAX: as it is. */
void imagefs_limit(struct superblock *super, uint64_t bytes);
struct superblock *proc_new(int *error);
struct superblock *sysfs_new(int *error);
struct superblock *devfs_new(int *error);
struct superblock *devpts_new(int *error);

/*
 * Unpack a tar archive (ustar, pax, GNU names; not compressed) of the host into a directory of the
 * tree. 0 or a negative errno; a sentence on what is wrong and where in message.
 */
int tar_unpack(const char *host_path, struct superblock *super, char *message, size_t size);
/* The other way round: write all files of a superblock into a new archive (pax where ustar does not
 * suffice). What cannot be read is left out and told to lost; returns how much that is. */
int tar_pack(const char *host_path, struct superblock *super,
             void (*lost)(void *arg, const char *line), void *arg, char *message, size_t size);

/* Mount superblock as the root of everything. Takes over the reference. */
int fs_mount_root(struct superblock *super);
/* --root: a directory, or a tar archive into a new tmpfs. */
int fs_mount_root_from(const char *host_path, char *message, size_t size);
/* /proc, /sys, /dev, /dev/pts, /dev/shm, /run, /tmp when the root cannot keep it; makes the
 * directories if they are missing. With an unwritable root without them the mount fails and says so
 * in message.
 */
int fs_mount_standard(char *message, size_t size);
/* --mount HOST:GUEST, /mnt/c: makes the guest directory (with parents) if needed. */
int fs_mount_host(const char *host_path, const char *guest_path, bool read_only, char *message,
                  size_t size);
/* Where guests see a folder of the host (an absolute path of it): the path into guest. -L_ENOENT
 * when they do not. */
int fs_guest_path(const char *host_path, char *guest, size_t size);
/* Write everything back; at the end of the program. */
int fs_shutdown(char *message, size_t size);

#endif
