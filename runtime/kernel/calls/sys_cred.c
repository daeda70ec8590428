/* User and group ids, capabilities (credentials(7), capabilities(7)). */
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/kernel/kernel_calls.h"
#include "runtime/memory/access.h"
#include "runtime/task/process.h"

#define NO_ID UINT32_MAX

int64_t sys_getuid(struct task *t)
{
    return t->process->cred.uid;
}

int64_t sys_geteuid(struct task *t)
{
    return t->process->cred.euid;
}

int64_t sys_getgid(struct task *t)
{
    return t->process->cred.gid;
}

int64_t sys_getegid(struct task *t)
{
    return t->process->cred.egid;
}

static bool is_one_of(uint32_t id, uint32_t a, uint32_t b, uint32_t c)
{
    return id == a || id == b || id == c;
}

static void become(struct task *t, const struct cred *cred)
{
    host_mutex_lock(&kernel_lock);
    struct process *p = t->process;
    const struct cred *old = &p->cred;
    if (cred->euid != old->euid || cred->egid != old->egid || cred->fsuid != old->fsuid ||
        cred->fsgid != old->fsgid || (cred->permitted & ~old->permitted)) {
        p->dumpable = 0;
        t->pdeath_signal = 0;
    }
    /* Too many of this user: only exec fails, as few look at what set*uid returns. */
    if (cred->uid != old->uid)
        p->over_processes =
            cred->uid && process_user_tasks_locked(cred->uid) > p->rlimits[L_RLIMIT_NPROC].rlim_cur;
    p->cred = *cred;
    host_mutex_unlock(&kernel_lock);
}

static void become_user(struct task *t, struct cred *cred)
{
    cred_fix_ids(cred, &t->process->cred);
    become(t, cred);
}

int64_t sys_setuid(struct task *t, uint64_t uid)
{
    struct cred c = t->process->cred;
    uint32_t id = (uint32_t)uid;
    if (id == NO_ID)
        return -L_EINVAL;
    if (cred_capable(&c, L_CAP_SETUID))
        c.uid = c.suid = id;
    else if (id != c.uid && id != c.suid)
        return -L_EPERM;
    c.euid = c.fsuid = id;
    become_user(t, &c);
    return 0;
}

int64_t sys_setgid(struct task *t, uint64_t gid)
{
    struct cred c = t->process->cred;
    uint32_t id = (uint32_t)gid;
    if (id == NO_ID)
        return -L_EINVAL;
    if (cred_capable(&c, L_CAP_SETGID))
        c.gid = c.sgid = id;
    else if (id != c.gid && id != c.sgid)
        return -L_EPERM;
    c.egid = c.fsgid = id;
    become(t, &c);
    return 0;
}

int64_t sys_setresuid(struct task *t, uint64_t r, uint64_t e, uint64_t s)
{
    struct cred c = t->process->cred;
    uint32_t ids[3] = {(uint32_t)r, (uint32_t)e, (uint32_t)s};
    for (int i = 0; i < 3 && !cred_capable(&c, L_CAP_SETUID); i++) {
        if (ids[i] != NO_ID && !is_one_of(ids[i], c.uid, c.euid, c.suid))
            return -L_EPERM;
    }
    c.uid = ids[0] != NO_ID ? ids[0] : c.uid;
    c.euid = ids[1] != NO_ID ? ids[1] : c.euid;
    c.suid = ids[2] != NO_ID ? ids[2] : c.suid;
    c.fsuid = c.euid;
    become_user(t, &c);
    return 0;
}

int64_t sys_setresgid(struct task *t, uint64_t r, uint64_t e, uint64_t s)
{
    struct cred c = t->process->cred;
    uint32_t ids[3] = {(uint32_t)r, (uint32_t)e, (uint32_t)s};
    for (int i = 0; i < 3 && !cred_capable(&c, L_CAP_SETGID); i++) {
        if (ids[i] != NO_ID && !is_one_of(ids[i], c.gid, c.egid, c.sgid))
            return -L_EPERM;
    }
    c.gid = ids[0] != NO_ID ? ids[0] : c.gid;
    c.egid = ids[1] != NO_ID ? ids[1] : c.egid;
    c.sgid = ids[2] != NO_ID ? ids[2] : c.sgid;
    c.fsgid = c.egid;
    become(t, &c);
    return 0;
}

int64_t sys_setreuid(struct task *t, uint64_t r, uint64_t e)
{
    struct cred c = t->process->cred;
    uint32_t ruid = (uint32_t)r, euid = (uint32_t)e, old = c.uid;
    if (!cred_capable(&c, L_CAP_SETUID)) {
        if (ruid != NO_ID && ruid != c.uid && ruid != c.euid)
            return -L_EPERM;
        if (euid != NO_ID && !is_one_of(euid, c.uid, c.euid, c.suid))
            return -L_EPERM;
    }
    if (ruid != NO_ID)
        c.uid = ruid;
    if (euid != NO_ID)
        c.euid = euid;
    if (ruid != NO_ID || (euid != NO_ID && euid != old))
        c.suid = c.euid;
    c.fsuid = c.euid;
    become_user(t, &c);
    return 0;
}

int64_t sys_setregid(struct task *t, uint64_t r, uint64_t e)
{
    struct cred c = t->process->cred;
    uint32_t rgid = (uint32_t)r, egid = (uint32_t)e, old = c.gid;
    if (!cred_capable(&c, L_CAP_SETGID)) {
        if (rgid != NO_ID && rgid != c.gid && rgid != c.egid)
            return -L_EPERM;
        if (egid != NO_ID && !is_one_of(egid, c.gid, c.egid, c.sgid))
            return -L_EPERM;
    }
    if (rgid != NO_ID)
        c.gid = rgid;
    if (egid != NO_ID)
        c.egid = egid;
    if (rgid != NO_ID || (egid != NO_ID && egid != old))
        c.sgid = c.egid;
    c.fsgid = c.egid;
    become(t, &c);
    return 0;
}

static int64_t put_three(struct task *t, const uint64_t at[3], uint32_t a, uint32_t b, uint32_t c)
{
    struct space *space = t->process->space;
    if (put_guest_u32(space, at[0], a) || put_guest_u32(space, at[1], b) ||
        put_guest_u32(space, at[2], c))
        return -L_EFAULT;
    return 0;
}

int64_t sys_getresuid(struct task *t, uint64_t r, uint64_t e, uint64_t s)
{
    const struct cred *c = &t->process->cred;
    return put_three(t, (const uint64_t[]){r, e, s}, c->uid, c->euid, c->suid);
}

int64_t sys_getresgid(struct task *t, uint64_t r, uint64_t e, uint64_t s)
{
    const struct cred *c = &t->process->cred;
    return put_three(t, (const uint64_t[]){r, e, s}, c->gid, c->egid, c->sgid);
}

int64_t sys_setfsuid(struct task *t, uint64_t uid)
{
    struct cred c = t->process->cred;
    uint32_t old = c.fsuid, id = (uint32_t)uid;
    if (id != NO_ID &&
        (cred_capable(&c, L_CAP_SETUID) || is_one_of(id, c.uid, c.euid, c.suid) || id == old)) {
        c.fsuid = id;
        cred_fix_fsuid(&c, &t->process->cred);
        become(t, &c);
    }
    return old;
}

int64_t sys_setfsgid(struct task *t, uint64_t gid)
{
    struct cred c = t->process->cred;
    uint32_t old = c.fsgid, id = (uint32_t)gid;
    if (id != NO_ID &&
        (cred_capable(&c, L_CAP_SETGID) || is_one_of(id, c.gid, c.egid, c.sgid) || id == old)) {
        c.fsgid = id;
        become(t, &c);
    }
    return old;
}

int64_t sys_getgroups(struct task *t, uint64_t size, uint64_t list)
{
    const struct cred *c = &t->process->cred;
    if ((int32_t)size < 0 || ((int32_t)size && (uint32_t)size < c->ngroups))
        return -L_EINVAL;
    if (size && copy_to_guest(t->process->space, list, c->groups, c->ngroups * sizeof(uint32_t)))
        return -L_EFAULT;
    return c->ngroups;
}

int64_t sys_setgroups(struct task *t, uint64_t size, uint64_t list)
{
    struct cred c = t->process->cred;
    if (!cred_capable(&c, L_CAP_SETGID))
        return -L_EPERM;
    if ((uint32_t)size > NGROUPS_MAX)
        return -L_EINVAL;
    c.ngroups = (uint32_t)size;
    if (copy_from_guest(t->process->space, c.groups, list, c.ngroups * sizeof(uint32_t)))
        return -L_EFAULT;
    become(t, &c);
    return 0;
}

static int cap_words(struct task *t, uint64_t uheader, struct l_cap_header *h)
{
    if (copy_from_guest(t->process->space, h, uheader, sizeof(*h)))
        return -L_EFAULT;
    if (h->version == L_CAPABILITY_V1)
        return 1;
    if (h->version == L_CAPABILITY_V2 || h->version == L_CAPABILITY_V3)
        return 2;
    return put_guest_u32(t->process->space, uheader, L_CAPABILITY_V3) ? -L_EFAULT : -L_EINVAL;
}

/* The process that a thread id means, counted. */
static struct process *process_of_thread(int32_t tid)
{
    struct task *task = task_find(tid);
    if (!task)
        return process_find(tid);
    struct process *p = task->process;
    process_get(p);
    task_put(task);
    return p;
}

int64_t sys_capget(struct task *t, uint64_t uheader, uint64_t udata)
{
    struct l_cap_header h;
    int words = cap_words(t, uheader, &h);
    if (words < 0)
        return udata || words == -L_EFAULT ? words : 0;
    if (h.pid < 0)
        return -L_EINVAL;
    struct process *p = h.pid ? process_of_thread(h.pid) : t->process;
    if (!p)
        return -L_ESRCH;
    struct l_cap_data data[2];
    host_mutex_lock(&kernel_lock);
    for (int i = 0; i < 2; i++) {
        data[i].effective = (uint32_t)(p->cred.effective >> (32 * i));
        data[i].permitted = (uint32_t)(p->cred.permitted >> (32 * i));
        data[i].inheritable = (uint32_t)(p->cred.inheritable >> (32 * i));
    }
    host_mutex_unlock(&kernel_lock);
    if (h.pid)
        process_put(p);
    if (!udata)
        return 0;
    return copy_to_guest(t->process->space, udata, data, (size_t)words * sizeof(data[0]));
}

/* In the order of Linux's tests. */
static int64_t check_caps(const struct cred *old, uint64_t effective, uint64_t permitted,
                          uint64_t inheritable)
{
    if (!cred_capable(old, L_CAP_SETPCAP) && (inheritable & ~(old->inheritable | old->permitted)))
        return -L_EPERM;
    if (inheritable & ~(old->inheritable | old->bounding))
        return -L_EPERM;
    return (permitted & ~old->permitted) || (effective & ~permitted) ? -L_EPERM : 0;
}

int64_t sys_capset(struct task *t, uint64_t uheader, uint64_t udata)
{
    struct l_cap_header h;
    struct l_cap_data data[2];
    int words = cap_words(t, uheader, &h);
    if (words < 0)
        return words;
    if (h.pid && h.pid != t->tid)
        return -L_EPERM;
    memset(data, 0, sizeof(data));
    if (copy_from_guest(t->process->space, data, udata, (size_t)words * sizeof(data[0])))
        return -L_EFAULT;
    struct cred c = t->process->cred;
    uint64_t effective = (data[0].effective | (uint64_t)data[1].effective << 32) & L_CAP_ALL;
    uint64_t permitted = (data[0].permitted | (uint64_t)data[1].permitted << 32) & L_CAP_ALL;
    uint64_t inheritable = (data[0].inheritable | (uint64_t)data[1].inheritable << 32) & L_CAP_ALL;
    int64_t error = check_caps(&c, effective, permitted, inheritable);
    if (error)
        return error;
    c.effective = effective;
    c.permitted = permitted;
    c.inheritable = inheritable;
    c.ambient &= permitted & inheritable;
    become(t, &c);
    return 0;
}
