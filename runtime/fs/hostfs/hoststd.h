/*
 * Files over the standard handles of the host process that are no terminals (pipes and files), for
 * `fore`. Reading and polling go through the pump of runtime/host/stdio.h.
 */
#ifndef RUNTIME_FS_HOSTFS_HOSTSTD_H
#define RUNTIME_FS_HOSTFS_HOSTSTD_H

#include "runtime/fs/vfs/file.h"

/* number 0, 1 or 2. A new file, or NULL and a negative errno in *error. */
struct file *hoststd_open(int number, int *error);

#endif
