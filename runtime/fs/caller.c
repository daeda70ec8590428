#include "runtime/fs/vfs.h"
#include "runtime/kernel/process.h"
#include "runtime/kernel/task.h"
#include <string.h>

void vfs_caller_of(struct task *task, struct vfs_caller *out)
{
    const struct cred *cred = &task->process->cred;
    bool root = cred_is_root(cred);
    out->fs = task->fs;
    out->cred = (struct fs_cred){
        .uid = cred->fsuid,
        .gid = cred->fsgid,
        .group_count = cred->ngroups,
        .dac_override = root,
        .owner = root,
        .chown = root,
        .fsetid = root,
        .mknod = root,
    };
    if (out->cred.group_count > 64)
        out->cred.group_count = 64;
    memcpy(out->cred.groups, cred->groups, out->cred.group_count * sizeof(uint32_t));
}
