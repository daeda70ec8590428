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

/* With kernel_lock. */
static void become(struct task *t, const struct cred *cred)
{
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
}

/* What a call asks for. */
struct wish {
    uint32_t id[3];
    const uint32_t *groups;
    uint64_t effective, permitted, inheritable;
};

/* Changes credentials, which are the process's own with those of its threads: from the reading to
 * the writing nobody else does. `edit` changes a copy, and a negative errno leaves them as they
 * were. */
static int64_t change(struct task *t, int64_t (*edit)(struct cred *c, const struct wish *wish),
                      const struct wish *wish)
{
    host_mutex_lock(&kernel_lock);
    struct cred c = t->process->cred;
    int64_t result = edit(&c, wish);
    if (result >= 0)
        become(t, &c);
    host_mutex_unlock(&kernel_lock);
    return result;
}

static int64_t change_ids(struct task *t, int64_t (*edit)(struct cred *c, const struct wish *wish),
                          uint64_t a, uint64_t b, uint64_t c)
{
    return change(t, edit, &(struct wish){.id = {(uint32_t)a, (uint32_t)b, (uint32_t)c}});
}

static int64_t edit_uid(struct cred *c, const struct wish *wish)
{
    struct cred old = *c;
    uint32_t id = wish->id[0];
    if (id == NO_ID)
        return -L_EINVAL;
    if (cred_capable(c, L_CAP_SETUID))
        c->uid = c->suid = id;
    else if (id != c->uid && id != c->suid)
        return -L_EPERM;
    c->euid = c->fsuid = id;
    cred_fix_ids(c, &old);
    return 0;
}

int64_t sys_setuid(struct task *t, uint64_t uid)
{
    return change_ids(t, edit_uid, uid, 0, 0);
}

static int64_t edit_gid(struct cred *c, const struct wish *wish)
{
    uint32_t id = wish->id[0];
    if (id == NO_ID)
        return -L_EINVAL;
    if (cred_capable(c, L_CAP_SETGID))
        c->gid = c->sgid = id;
    else if (id != c->gid && id != c->sgid)
        return -L_EPERM;
    c->egid = c->fsgid = id;
    return 0;
}

int64_t sys_setgid(struct task *t, uint64_t gid)
{
    return change_ids(t, edit_gid, gid, 0, 0);
}

static int64_t edit_resuid(struct cred *c, const struct wish *wish)
{
    struct cred old = *c;
    const uint32_t *ids = wish->id;
    for (int i = 0; i < 3 && !cred_capable(c, L_CAP_SETUID); i++) {
        if (ids[i] != NO_ID && !is_one_of(ids[i], c->uid, c->euid, c->suid))
            return -L_EPERM;
    }
    c->uid = ids[0] != NO_ID ? ids[0] : c->uid;
    c->euid = ids[1] != NO_ID ? ids[1] : c->euid;
    c->suid = ids[2] != NO_ID ? ids[2] : c->suid;
    c->fsuid = c->euid;
    cred_fix_ids(c, &old);
    return 0;
}

int64_t sys_setresuid(struct task *t, uint64_t r, uint64_t e, uint64_t s)
{
    return change_ids(t, edit_resuid, r, e, s);
}

static int64_t edit_resgid(struct cred *c, const struct wish *wish)
{
    const uint32_t *ids = wish->id;
    for (int i = 0; i < 3 && !cred_capable(c, L_CAP_SETGID); i++) {
        if (ids[i] != NO_ID && !is_one_of(ids[i], c->gid, c->egid, c->sgid))
            return -L_EPERM;
    }
    c->gid = ids[0] != NO_ID ? ids[0] : c->gid;
    c->egid = ids[1] != NO_ID ? ids[1] : c->egid;
    c->sgid = ids[2] != NO_ID ? ids[2] : c->sgid;
    c->fsgid = c->egid;
    return 0;
}

int64_t sys_setresgid(struct task *t, uint64_t r, uint64_t e, uint64_t s)
{
    return change_ids(t, edit_resgid, r, e, s);
}

static int64_t edit_reuid(struct cred *c, const struct wish *wish)
{
    struct cred old = *c;
    uint32_t ruid = wish->id[0], euid = wish->id[1];
    if (!cred_capable(c, L_CAP_SETUID)) {
        if (ruid != NO_ID && ruid != c->uid && ruid != c->euid)
            return -L_EPERM;
        if (euid != NO_ID && !is_one_of(euid, c->uid, c->euid, c->suid))
            return -L_EPERM;
    }
    if (ruid != NO_ID)
        c->uid = ruid;
    if (euid != NO_ID)
        c->euid = euid;
    if (ruid != NO_ID || (euid != NO_ID && euid != old.uid))
        c->suid = c->euid;
    c->fsuid = c->euid;
    cred_fix_ids(c, &old);
    return 0;
}

int64_t sys_setreuid(struct task *t, uint64_t r, uint64_t e)
{
    return change_ids(t, edit_reuid, r, e, 0);
}

static int64_t edit_regid(struct cred *c, const struct wish *wish)
{
    uint32_t rgid = wish->id[0], egid = wish->id[1], old = c->gid;
    if (!cred_capable(c, L_CAP_SETGID)) {
        if (rgid != NO_ID && rgid != c->gid && rgid != c->egid)
            return -L_EPERM;
        if (egid != NO_ID && !is_one_of(egid, c->gid, c->egid, c->sgid))
            return -L_EPERM;
    }
    if (rgid != NO_ID)
        c->gid = rgid;
    if (egid != NO_ID)
        c->egid = egid;
    if (rgid != NO_ID || (egid != NO_ID && egid != old))
        c->sgid = c->egid;
    c->fsgid = c->egid;
    return 0;
}

int64_t sys_setregid(struct task *t, uint64_t r, uint64_t e)
{
    return change_ids(t, edit_regid, r, e, 0);
}

static struct cred cred_now(struct task *t)
{
    host_mutex_lock(&kernel_lock);
    struct cred c = t->process->cred;
    host_mutex_unlock(&kernel_lock);
    return c;
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
    struct cred c = cred_now(t);
    return put_three(t, (const uint64_t[]){r, e, s}, c.uid, c.euid, c.suid);
}

int64_t sys_getresgid(struct task *t, uint64_t r, uint64_t e, uint64_t s)
{
    struct cred c = cred_now(t);
    return put_three(t, (const uint64_t[]){r, e, s}, c.gid, c.egid, c.sgid);
}

static int64_t edit_fsuid(struct cred *c, const struct wish *wish)
{
    struct cred old = *c;
    uint32_t id = wish->id[0];
    if (id != NO_ID && (cred_capable(c, L_CAP_SETUID) || id == c->fsuid ||
                        is_one_of(id, c->uid, c->euid, c->suid))) {
        c->fsuid = id;
        cred_fix_fsuid(c, &old);
    }
    return old.fsuid;
}

int64_t sys_setfsuid(struct task *t, uint64_t uid)
{
    return change_ids(t, edit_fsuid, uid, 0, 0);
}

static int64_t edit_fsgid(struct cred *c, const struct wish *wish)
{
    uint32_t old = c->fsgid, id = wish->id[0];
    if (id != NO_ID &&
        (cred_capable(c, L_CAP_SETGID) || id == old || is_one_of(id, c->gid, c->egid, c->sgid)))
        c->fsgid = id;
    return old;
}

int64_t sys_setfsgid(struct task *t, uint64_t gid)
{
    return change_ids(t, edit_fsgid, gid, 0, 0);
}

int64_t sys_getgroups(struct task *t, uint64_t size, uint64_t list)
{
    struct cred c = cred_now(t);
    if ((int32_t)size < 0 || ((int32_t)size && (uint32_t)size < c.ngroups))
        return -L_EINVAL;
    if (size && copy_to_guest(t->process->space, list, c.groups, c.ngroups * sizeof(uint32_t)))
        return -L_EFAULT;
    return c.ngroups;
}

static int64_t edit_groups(struct cred *c, const struct wish *wish)
{
    if (!cred_capable(c, L_CAP_SETGID))
        return -L_EPERM;
    c->ngroups = wish->id[0];
    memcpy(c->groups, wish->groups, c->ngroups * sizeof(uint32_t));
    return 0;
}

int64_t sys_setgroups(struct task *t, uint64_t size, uint64_t list)
{
    uint32_t groups[NGROUPS_MAX];
    if (!cred_capable(&t->process->cred, L_CAP_SETGID))
        return -L_EPERM;
    if ((uint32_t)size > NGROUPS_MAX)
        return -L_EINVAL;
    if (copy_from_guest(t->process->space, groups, list, (uint32_t)size * sizeof(uint32_t)))
        return -L_EFAULT;
    return change(t, edit_groups, &(struct wish){.id = {(uint32_t)size}, .groups = groups});
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
static int64_t edit_caps(struct cred *c, const struct wish *w)
{
    if (!cred_capable(c, L_CAP_SETPCAP) && (w->inheritable & ~(c->inheritable | c->permitted)))
        return -L_EPERM;
    if (w->inheritable & ~(c->inheritable | c->bounding))
        return -L_EPERM;
    if ((w->permitted & ~c->permitted) || (w->effective & ~w->permitted))
        return -L_EPERM;
    c->effective = w->effective;
    c->permitted = w->permitted;
    c->inheritable = w->inheritable;
    c->ambient &= w->permitted & w->inheritable;
    return 0;
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
    return change(
        t, edit_caps,
        &(struct wish){
            .effective = (data[0].effective | (uint64_t)data[1].effective << 32) & L_CAP_ALL,
            .permitted = (data[0].permitted | (uint64_t)data[1].permitted << 32) & L_CAP_ALL,
            .inheritable = (data[0].inheritable | (uint64_t)data[1].inheritable << 32) & L_CAP_ALL,
        });
}
