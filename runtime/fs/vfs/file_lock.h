/* Record locks (fcntl), open file description locks, and flock. Advisory, as Linux's. */
#ifndef RUNTIME_FS_VFS_FILE_LOCK_H
#define RUNTIME_FS_VFS_FILE_LOCK_H

#include "runtime/abi/fcntl.h"
#include "runtime/fs/vfs/file.h"

struct files;

/* The range has been turned into absolute offsets: [start, end], end INT64_MAX to the end of file.
 */
struct lock_range {
    int type; /* L_F_RDLCK, L_F_WRLCK, L_F_UNLCK */
    int64_t start, end;
};

/*
 * owner is the descriptor table for record locks and the struct file for OFD locks. wait: until it
 * can be had. -L_EAGAIN, -L_EDEADLK (record locks only), -L_ENOLCK, -L_ERESTARTSYS.
 */
int lock_set(struct file *file, const void *owner, int32_t pid, bool ofd,
             const struct lock_range *want, bool wait);
/* The first lock in the way, in *found with its pid (-1 for OFD), or type L_F_UNLCK. */
void lock_test(struct file *file, const void *owner, bool ofd, const struct lock_range *want,
               struct lock_range *found, int32_t *pid);
/* Whether the owner waits for a record or OFD lock right now. */
bool lock_waits(const void *owner);
/* operation: L_LOCK_SH, _EX, _UN, with L_LOCK_NB. -L_EWOULDBLOCK, -L_ERESTARTSYS. */
int lock_flock(struct file *file, int operation);
/* A process closes a file: its record locks on the inode go. */
void lock_release_owner(struct inode *inode, const void *owner);
/* The last reference to a file goes: its OFD and flock locks go. */
void lock_release_file(struct file *file);
/* The inode goes. */
void lock_free(struct inode *inode);
/* /proc/locks: the text's length. */
int lock_describe(char *text, size_t size);

#endif
