/* Descriptors that stand for processes. */
#include "runtime/kernel/events/pidfd.h"

#include <stdio.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/poll.h"
#include "runtime/fs/calls/sys.h"
#include "runtime/fs/vfs/fdtable.h"
#include "runtime/kernel/kernel_calls.h"
#include "runtime/memory/access.h"
#include "runtime/task/pid.h"
#include "runtime/task/process.h"

static uint32_t pidfd_poll(struct file *file, struct poll_table *table)
{
    struct process *p = file->priv;
    poll_wait(table, &p->exit_wait);
    host_mutex_lock(&kernel_lock);
    bool dead = p->state == PROCESS_ZOMBIE;
    host_mutex_unlock(&kernel_lock);
    return dead ? L_POLLIN | L_POLLRDNORM : 0;
}

static void pidfd_release(struct file *file)
{
    process_put(file->priv);
}

static int pidfd_describe(struct file *file, char *text, size_t size)
{
    struct process *p = file->priv;
    host_mutex_lock(&kernel_lock);
    struct pid *e = pid_entry(p->pid);
    int pid = e && e->process == p ? p->pid : -1;
    host_mutex_unlock(&kernel_lock);
    return snprintf(text, size, "Pid:\t%d\nNSpid:\t%d\n", pid, pid);
}

static const struct file_ops pidfd_ops = {
    .poll = pidfd_poll, .release = pidfd_release, .describe = pidfd_describe};

static struct file *open_process(struct process *p, uint32_t flags)
{
    process_get(p);
    struct file *file = file_anonymous("anon_inode:[pidfd]", 0600,
                                       L_O_RDWR | (flags & L_O_NONBLOCK), &pidfd_ops, p);
    if (file)
        file->kind |= FILE_STREAM;
    else
        process_put(p);
    return file;
}

int pidfd_prepare(struct task *t, struct process *p, uint64_t address, struct pidfd *pidfd)
{
    *pidfd = (struct pidfd){(int)sys_reserve(t), NULL};
    if (pidfd->fd < 0)
        return pidfd->fd;
    int error = put_guest_u32(t->process->space, address, (uint32_t)pidfd->fd) ? -L_EFAULT : 0;
    if (!error && !(pidfd->file = open_process(p, 0)))
        error = -L_ENOMEM;
    if (error)
        files_release(t->files, pidfd->fd);
    return error;
}

void pidfd_install(struct task *t, struct pidfd *pidfd)
{
    if (pidfd->file)
        files_fill(t->files, pidfd->fd, pidfd->file, true);
}

void pidfd_cancel(struct task *t, struct pidfd *pidfd)
{
    if (!pidfd->file)
        return;
    files_release(t->files, pidfd->fd);
    file_put(pidfd->file);
}

struct process *pidfd_process(struct task *t, int fd, uint32_t *flags)
{
    struct file *file = files_get(t->files, fd);
    struct process *p = NULL;
    if (file && file->ops == &pidfd_ops) {
        p = file->priv;
        process_get(p);
        if (flags)
            *flags = atomic_load(&file->flags);
    }
    if (file)
        file_put(file);
    return p;
}

int64_t sys_pidfd_open(struct task *t, uint64_t pid, uint64_t flags)
{
    if (flags & ~(uint64_t)L_O_NONBLOCK || (int32_t)pid <= 0)
        return -L_EINVAL;
    struct process *p = process_find((int32_t)pid);
    if (!p)
        return -L_ESRCH;
    struct file *file = open_process(p, (uint32_t)flags);
    process_put(p);
    return file ? sys_install(t, file, true) : -L_ENOMEM;
}

int64_t sys_pidfd_getfd(struct task *t, uint64_t pidfd, uint64_t fd, uint64_t flags)
{
    struct process *p = pidfd_process(t, (int)pidfd, NULL);
    if (!p)
        return -L_EBADF;
    struct files *files = NULL;
    host_mutex_lock(&kernel_lock);
    if (p->threads && p->threads->files)
        files = files_share(p->threads->files);
    host_mutex_unlock(&kernel_lock);
    int64_t result = flags ? -L_EINVAL : -L_ESRCH;
    if (files && !flags && !process_may_inspect(t, p, false)) {
        result = -L_EPERM;
    } else if (files && !flags) {
        struct file *file = files_get(files, (int)fd);
        result = file ? sys_install(t, file, true) : -L_EBADF;
    }
    if (files)
        files_put(files);
    process_put(p);
    return result;
}
