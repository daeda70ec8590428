/* Terminals by name: /dev/ptmx, /dev/pts/N, /dev/tty, /dev/console (pty(7), tty(4)). */
#include <stdio.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/stat.h"
#include "runtime/fs/path/path.h"
#include "runtime/fs/vfs/chrdev.h"
#include "runtime/fs/vfs/fdtable.h"
#include "runtime/task/process.h"
#include "runtime/task/process_session.h"
#include "runtime/task/task.h"
#include "runtime/tty/pair.h"

static struct host_mutex console_lock = HOST_MUTEX_INIT(RANK_CONSOLE);
static struct tty *console; /* counted */

static int open_master(struct inode *inode, struct file *file, struct task *task)
{
    (void)inode;
    (void)task;
    struct tty *tty;
    int error = tty_create_file_master(&tty);
    if (error)
        return error;
    file->ops = &tty_master_file_ops;
    file->kind |= FILE_STREAM;
    file->priv = tty;
    return 0;
}

static int open_slave(struct inode *inode, struct file *file, struct task *task)
{
    uint32_t index = (uint32_t)(inode->rdev & 0xff) | ((uint32_t)(inode->rdev >> 12) & 0xfff00);
    struct tty *tty = tty_find(index);
    if (!tty)
        return -L_EIO;
    int error = slave_open(tty, file, task);
    uint32_t flags = atomic_load(&file->flags);
    /* A leader without a terminal gets the first it opens. Failing means it is not one. */
    if (!error && task && !(flags & L_O_NOCTTY) && (flags & L_O_ACCMODE) != L_O_WRONLY)
        (void)tty_set_controlling(task, tty);
    tty_put(tty);
    return error;
}

static int open_controlling(struct inode *inode, struct file *file, struct task *task)
{
    (void)inode;
    struct tty *tty = task ? tty_of_task(task) : NULL;
    if (!tty)
        return -L_ENXIO;
    int error = slave_open(tty, file, task);
    tty_put(tty);
    return error;
}

static int open_console(struct inode *inode, struct file *file, struct task *task)
{
    (void)inode;
    host_mutex_lock(&console_lock);
    struct tty *tty = console ? tty_get(console) : NULL;
    host_mutex_unlock(&console_lock);
    int error = tty ? slave_open(tty, file, task) : -L_ENXIO;
    if (tty)
        tty_put(tty);
    return error;
}

static int open_aux(struct inode *inode, struct file *file, struct task *task)
{
    switch (inode->rdev & 0xff) {
    case 0:
        return open_controlling(inode, file, task);
    case 1:
        return open_console(inode, file, task);
    default:
        return open_master(inode, file, task);
    }
}

void tty_init(void)
{
    static const char *const names[] = {"/dev/tty", "/dev/console", "/dev/ptmx"};
    for (uint32_t i = 0; i < 3; i++)
        chrdev_register(TTY_MAJOR_AUX, i, 1, names[i], open_aux);
    chrdev_register(TTY_MAJOR_SLAVES, 0, TTY_COUNT_MAX, "pts", open_slave);
    session_leader_exit_hook = tty_leader_exited;
}

void tty_set_console(struct tty *tty)
{
    host_mutex_lock(&console_lock);
    struct tty *old = console;
    console = tty ? tty_get(tty) : NULL;
    host_mutex_unlock(&console_lock);
    if (old)
        tty_put(old);
}

void tty_forget_console(struct tty *tty)
{
    host_mutex_lock(&console_lock);
    bool was = console == tty;
    if (was)
        console = NULL;
    host_mutex_unlock(&console_lock);
    if (was)
        tty_put(tty);
}

int tty_open_slave(struct tty *tty, uint32_t flags, struct file **result)
{
    char path[32];
    snprintf(path, sizeof(path), "/dev/pts/%u", tty->index);
    /* By its name when devpts is mounted, so that ttyname(3) finds it. */
    int error = vfs_open(vfs_kernel_caller(), NULL, path, flags | L_O_NOCTTY, 0, 0, result);
    if (!error)
        return 0;
    struct file *file = file_anonymous(path, L_S_IFCHR | 0620, flags, &tty_slave_ops, NULL);
    if (!file)
        return -L_ENOMEM;
    error = slave_open(tty, file, NULL);
    if (error) {
        /* Nothing to release yet. */
        static const struct file_ops none;
        file->ops = &none;
        file_put(file);
        return error;
    }
    *result = file;
    return 0;
}

int64_t tty_open_peer(struct tty *tty, struct task *task, uint32_t flags)
{
    struct file *file;
    int error = tty_open_slave(tty, flags & ~(uint32_t)L_O_CLOEXEC, &file);
    if (error)
        return error;
    if (!(flags & L_O_NOCTTY) && (flags & L_O_ACCMODE) != L_O_WRONLY)
        (void)tty_set_controlling(task, tty);
    return files_install(task->files, file, 0, (flags & L_O_CLOEXEC) != 0,
                         task->process->rlimits[L_RLIMIT_NOFILE].rlim_cur);
}
