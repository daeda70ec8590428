/* Credentials and what they allow. */
#include "runtime/task/cred.h"

#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/stat.h"
#include "runtime/task/process.h"

#define FILE_SYSTEM_CAPS                                                                           \
    (L_CAP_BIT(L_CAP_CHOWN) | L_CAP_BIT(L_CAP_DAC_OVERRIDE) | L_CAP_BIT(L_CAP_DAC_READ_SEARCH) |   \
     L_CAP_BIT(L_CAP_FOWNER) | L_CAP_BIT(L_CAP_FSETID) | L_CAP_BIT(L_CAP_LINUX_IMMUTABLE) |        \
     L_CAP_BIT(L_CAP_MKNOD) | L_CAP_BIT(L_CAP_MAC_OVERRIDE))

void cred_init(struct cred *cred)
{
    memset(cred, 0, sizeof(*cred));
    cred->effective = cred->permitted = cred->bounding = L_CAP_ALL;
}

bool cred_capable(const struct cred *cred, int cap)
{
    return cred->effective >> cap & 1;
}

bool cred_in_group(const struct cred *cred, uint32_t gid)
{
    if (cred->fsgid == gid)
        return true;
    for (uint32_t i = 0; i < cred->ngroups; i++) {
        if (cred->groups[i] == gid)
            return true;
    }
    return false;
}

void cred_fix_ids(struct cred *cred, const struct cred *old)
{
    if (cred->securebits & L_SECBIT_NO_SETUID_FIXUP)
        return;
    bool had = !old->uid || !old->euid || !old->suid;
    bool has = !cred->uid || !cred->euid || !cred->suid;
    if (had && !has) {
        if (!(cred->securebits & L_SECBIT_KEEP_CAPS))
            cred->permitted = cred->effective = 0;
        cred->ambient = 0;
    }
    if (!old->euid && cred->euid)
        cred->effective = 0;
    if (old->euid && !cred->euid)
        cred->effective = cred->permitted;
}

void cred_fix_fsuid(struct cred *cred, const struct cred *old)
{
    if (cred->securebits & L_SECBIT_NO_SETUID_FIXUP)
        return;
    if (!old->fsuid && cred->fsuid)
        cred->effective &= ~FILE_SYSTEM_CAPS;
    if (old->fsuid && !cred->fsuid)
        cred->effective |= cred->permitted & FILE_SYSTEM_CAPS;
}

bool cred_parse_caps(const void *value, int64_t size, struct cred_program *out)
{
    struct l_vfs_cap cap = {0};
    if (size != L_VFS_CAP_SIZE_2 && size != L_VFS_CAP_SIZE_3)
        return false;
    memcpy(&cap, value, (size_t)size);
    uint32_t revision = cap.magic & L_VFS_CAP_REVISION_MASK;
    bool own = size == L_VFS_CAP_SIZE_2 ? revision == L_VFS_CAP_REVISION_2
                                        : revision == L_VFS_CAP_REVISION_3 && !cap.rootid;
    if (!own)
        return false;
    out->has_caps = true;
    out->caps_effective = cap.magic & L_VFS_CAP_FLAG_EFFECTIVE;
    out->caps_permitted =
        (cap.data[0].permitted | (uint64_t)cap.data[1].permitted << 32) & L_CAP_ALL;
    out->caps_inheritable =
        (cap.data[0].inheritable | (uint64_t)cap.data[1].inheritable << 32) & L_CAP_ALL;
    return true;
}

/* The set-user-ID and set-group-ID bits. */
static void take_ids(struct cred *cred, const struct cred_program *program)
{
    if (!program->privileges || program->no_new_privs)
        return;
    if (program->mode & L_S_ISUID)
        cred->euid = program->uid;
    if ((program->mode & (L_S_ISGID | 010)) == (L_S_ISGID | 010))
        cred->egid = program->gid;
}

/* The permitted set that the file gives, and whether it is effective at once. */
static int take_caps(struct cred *cred, const struct cred_program *program, bool *effective)
{
    bool has_caps = program->privileges && program->has_caps;
    cred->permitted = 0;
    *effective = false;
    if (has_caps) {
        cred->permitted = (cred->bounding & program->caps_permitted) |
                          (cred->inheritable & program->caps_inheritable);
        *effective = program->caps_effective;
        if (*effective && (program->caps_permitted & ~cred->permitted))
            return -L_EPERM;
    }
    bool root = !(cred->securebits & L_SECBIT_NOROOT);
    /* Capabilities of a file count more than its being root's. */
    if (has_caps && cred->uid && !cred->euid)
        root = false;
    if (root && (!cred->uid || !cred->euid))
        cred->permitted = cred->bounding | cred->inheritable;
    if (root && !cred->euid)
        *effective = true;
    return 0;
}

int cred_exec(struct cred *cred, const struct cred_program *program, bool *secure)
{
    const struct cred old = *cred;
    bool effective;
    take_ids(cred, program);
    int error = take_caps(cred, program, &effective);
    if (error)
        return error;
    bool changed = cred->euid != old.euid || !cred_in_group(&old, cred->egid);
    bool gained = cred->permitted & ~old.permitted;
    if ((changed || gained) && program->no_new_privs) {
        cred->euid = cred->uid;
        cred->egid = cred->gid;
        cred->permitted &= old.permitted;
    }
    bool set_id = cred->euid != old.uid || cred->egid != old.gid;
    cred->suid = cred->fsuid = cred->euid;
    cred->sgid = cred->fsgid = cred->egid;
    if ((program->privileges && program->has_caps) || set_id)
        cred->ambient = 0;
    cred->permitted |= cred->ambient;
    cred->effective = effective ? cred->permitted : cred->ambient;
    cred->securebits &= ~L_SECBIT_KEEP_CAPS;
    *secure = set_id || (cred->uid && (effective || (cred->permitted & ~cred->ambient)));
    return 0;
}

bool process_may_signal(const struct cred *from, const struct process *to)
{
    return from->euid == to->cred.suid || from->euid == to->cred.uid ||
           from->uid == to->cred.suid || from->uid == to->cred.uid ||
           cred_capable(from, L_CAP_KILL);
}

bool process_may_inspect(struct task *from, struct process *to, bool by_fs)
{
    if (!from || from->process == to)
        return true;
    host_mutex_lock(&kernel_lock);
    const struct cred *own = &from->process->cred, *c = &to->cred;
    uint32_t uid = by_fs ? own->fsuid : own->uid, gid = by_fs ? own->fsgid : own->gid;
    uint64_t caps = by_fs ? own->effective : own->permitted;
    bool may = uid == c->euid && uid == c->suid && uid == c->uid && gid == c->egid &&
               gid == c->sgid && gid == c->gid && to->dumpable == 1 && !(c->permitted & ~caps);
    may = may || cred_capable(own, L_CAP_SYS_PTRACE);
    host_mutex_unlock(&kernel_lock);
    return may;
}
