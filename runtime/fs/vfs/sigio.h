/*
 * O_ASYNC (fcntl(2)): a signal to a file's owner whenever the file may have become ready. An entry
 * on each queue that the file's poll names notes it; as signals cannot be sent from there, the task
 * that caused it sends on its way out of its system call, or a thread of this file's does.
 */
#ifndef RUNTIME_FS_VFS_SIGIO_H
#define RUNTIME_FS_VFS_SIGIO_H

#include <stdatomic.h>
#include <stdbool.h>

struct file;
struct file_owner;

/* Turns it on or off; fd is what siginfo says. Does not touch file->flags. 0, -L_ENOMEM,
 * -L_EAGAIN. For files with FILE_OPS_ASYNC. */
int async_set(struct file *file, int fd, bool on);
/* The last reference to the file goes. Before file_ops.release, when file->async is not NULL. */
void async_forget(struct file *file);
/* Urgent data has come to a socket whose file had that owner: SIGURG, whether O_ASYNC is set or
 * not. No lock may be held. */
void async_urgent(const struct file_owner *owner);
/* A write found no room: room is worth a signal. Any lock may be held but a queue's. */
void async_no_room(struct file *file);

/* Cheap: there is something to send. */
extern atomic_bool async_messages_wait;
static inline bool async_waiting(void)
{
    return atomic_load_explicit(&async_messages_wait, memory_order_relaxed);
}
/* Sends it; what another thread is sending is sent when this returns. No lock may be held. */
void async_deliver(void);

#endif
