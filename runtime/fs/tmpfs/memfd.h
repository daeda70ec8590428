/* memfd_create(2): a file of tmpfs without a name, and seals. */
#ifndef RUNTIME_FS_TMPFS_MEMFD_H
#define RUNTIME_FS_TMPFS_MEMFD_H

#include "runtime/fs/vfs/file.h"

/* flags: L_MFD_*. NULL: no memory. */
struct file *memfd_create_file(const char *name, uint32_t flags);
/* F_ADD_SEALS, F_GET_SEALS: -L_EINVAL for files that cannot be sealed, -L_EPERM, -L_EBUSY. */
int memfd_add_seals(struct file *file, uint32_t seals);
int memfd_get_seals(struct file *file);

#endif
