/* Character devices by number. */
#ifndef RUNTIME_FS_VFS_CHRDEV_H
#define RUNTIME_FS_VFS_CHRDEV_H

#include "runtime/fs/vfs/file.h"

/* Called by open of such a node: sets file->ops and file->priv (file->kind as well if it has no
 * position). Returns 0 or a negative guest errno; may block. */
typedef int chrdev_open(struct inode *inode, struct file *file, struct task *task);

/* count minors from first on. To be called before guests run. -L_EBUSY if taken, -L_ENOMEM. */
int chrdev_register(uint32_t major, uint32_t first, uint32_t count, const char *name,
                    chrdev_open *open);
/* -L_ENXIO if nobody registered it. */
int chrdev_open_file(struct inode *inode, struct file *file, struct task *task);
/* Lines of /proc/devices for character devices: "  5 /dev/tty". Returns the length. */
int chrdev_describe(char *text, size_t size);

#endif
