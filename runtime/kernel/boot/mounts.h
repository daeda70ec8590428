/*
 * What Foreland mounts: the root, and what every root needs inside it. Called by the programs
 * before the first guest runs.
 */
#ifndef RUNTIME_KERNEL_BOOT_MOUNTS_H
#define RUNTIME_KERNEL_BOOT_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>

struct superblock;

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
int fs_mount_host(const char *host_path, const char *guest_path, char *message, size_t size);
/* Makes the directories above a path. */
int fs_make_parents(const char *path);
/* Write everything back; at the end of the program. */
int fs_shutdown(char *message, size_t size);

#endif
