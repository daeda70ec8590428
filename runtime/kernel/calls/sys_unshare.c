/* unshare(2) of what a single kernel without namespaces has. */
#include "runtime/abi/errno.h"
#include "runtime/abi/sched.h"
#include "runtime/fs/vfs/fdtable.h"
#include "runtime/fs/vfs/vfs.h"
#include "runtime/kernel/kernel_calls.h"
#include "runtime/task/process.h"

/* Name spaces, which do not exist here, are refused to others before that is told. */
#define ADMINS_ONLY                                                                                \
    (L_CLONE_NEWNS | L_CLONE_NEWCGROUP | L_CLONE_NEWUTS | L_CLONE_NEWIPC | L_CLONE_NEWPID |        \
     L_CLONE_NEWNET | L_CLONE_NEWTIME)

int64_t sys_unshare(struct task *t, uint64_t flags)
{
    const uint64_t known = L_CLONE_FS | L_CLONE_FILES | L_CLONE_SYSVSEM;
    bool admin = cred_capable(&t->process->cred, L_CAP_SYS_ADMIN);
    if ((flags & ADMINS_ONLY) && !(flags & L_CLONE_NEWUSER) && !admin)
        return -L_EPERM;
    if (flags & ~known)
        return -L_EINVAL;
    struct files *files = flags & L_CLONE_FILES ? files_copy(t->files) : NULL;
    struct fs_context *fs = flags & L_CLONE_FS ? fs_context_copy(t->fs) : NULL;
    if (((flags & L_CLONE_FILES) && !files) || ((flags & L_CLONE_FS) && !fs)) {
        if (files)
            files_put(files);
        if (fs)
            fs_context_put(fs);
        return -L_ENOMEM;
    }
    host_mutex_lock(&kernel_lock);
    struct files *old_files = files ? t->files : NULL;
    struct fs_context *old_fs = fs ? t->fs : NULL;
    if (files) {
        t->files = files;
        t->files_shared = false;
    }
    if (fs)
        t->fs = fs;
    host_mutex_unlock(&kernel_lock);
    if (old_files)
        files_put(old_files);
    if (old_fs)
        fs_context_put(old_fs);
    return 0;
}
