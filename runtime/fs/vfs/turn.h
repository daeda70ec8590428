/*
 * A turn: what one system call after the other may use, such as the position of an open file.
 *
 * It may be kept while guest memory is touched and while a call waits, which no lock may be:
 * nothing that supplies guest memory takes a turn, and who waits for one can be killed. Turns come
 * before all locks: none is waited for with a lock held. A thread takes first that of a file's
 * position, then that of an inode's data, then that of a pipe's reader, and at most one of each.
 */
#ifndef RUNTIME_FS_VFS_TURN_H
#define RUNTIME_FS_VFS_TURN_H

#include "runtime/task/waitq.h"
#include <stdatomic.h>

struct turn {
    atomic_bool taken;
    struct waitq wait;
};

void turn_init(struct turn *turn);
/* 0, or -L_EINTR: the calling thread has to die. */
int turn_take(struct turn *turn);
void turn_give(struct turn *turn);

#endif
