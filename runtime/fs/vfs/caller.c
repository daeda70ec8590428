/* What a task is to the file system: ids and capabilities, and a process's program. */
#include "runtime/fs/vfs/vfs.h"
#include "runtime/task/process.h"
#include "runtime/task/task.h"
#include <string.h>

void vfs_caller_of(struct task *task, struct vfs_caller *out)
{
    const struct cred *cred = &task->process->cred;
    out->fs = task->fs;
    out->cred = (struct fs_cred){
        .uid = cred->fsuid,
        .gid = cred->fsgid,
        .group_count = cred->ngroups,
        .owner = cred_capable(cred, L_CAP_FOWNER),
        .chown = cred_capable(cred, L_CAP_CHOWN),
        .fsetid = cred_capable(cred, L_CAP_FSETID),
        .mknod = cred_capable(cred, L_CAP_MKNOD),
        .dac_override = cred_capable(cred, L_CAP_DAC_OVERRIDE),
        .dac_read = cred_capable(cred, L_CAP_DAC_READ_SEARCH),
    };
    if (out->cred.group_count > 64)
        out->cred.group_count = 64;
    memcpy(out->cred.groups, cred->groups, out->cred.group_count * sizeof(uint32_t));
}

void vfs_real_caller_of(struct task *task, struct vfs_caller *out)
{
    const struct cred *cred = &task->process->cred;
    uint64_t caps = cred->effective;
    if (!(cred->securebits & L_SECBIT_NO_SETUID_FIXUP))
        caps = cred->uid ? 0 : cred->permitted;
    vfs_caller_of(task, out);
    out->cred.uid = cred->uid;
    out->cred.gid = cred->gid;
    out->cred.dac_override = caps >> L_CAP_DAC_OVERRIDE & 1;
    out->cred.dac_read = caps >> L_CAP_DAC_READ_SEARCH & 1;
}

struct file *process_exe(struct process *p)
{
    host_mutex_lock(&kernel_lock);
    struct file *file = p->exe ? file_get(p->exe) : NULL;
    host_mutex_unlock(&kernel_lock);
    return file;
}
