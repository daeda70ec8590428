/* User and group ids, capabilities (credentials(7), capabilities(7)). */
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/kernel/process.h"
#include "runtime/kernel/syscalls.h"
#include "runtime/memory/access.h"

#define NO_ID UINT32_MAX
/* Every capability up to CAP_CHECKPOINT_RESTORE. */
#define ALL_CAPABILITIES ((1ull << 41) - 1)
#define CAPABILITY_V1    0x19980330u
#define CAPABILITY_V2    0x20071026u
#define CAPABILITY_V3    0x20080522u

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
    if (cred->euid != p->cred.euid || cred->egid != p->cred.egid)
        p->dumpable = 0;
    p->cred = *cred;
    host_mutex_unlock(&kernel_lock);
}

int64_t sys_setuid(struct task *t, uint64_t uid)
{
    struct cred c = t->process->cred;
    uint32_t id = (uint32_t)uid;
    if (id == NO_ID)
        return -L_EINVAL;
    if (cred_is_root(&c))
        c.uid = c.suid = id;
    else if (id != c.uid && id != c.suid)
        return -L_EPERM;
    c.euid = c.fsuid = id;
    become(t, &c);
    return 0;
}

int64_t sys_setgid(struct task *t, uint64_t gid)
{
    struct cred c = t->process->cred;
    uint32_t id = (uint32_t)gid;
    if (id == NO_ID)
        return -L_EINVAL;
    if (cred_is_root(&c))
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
    for (int i = 0; i < 3 && !cred_is_root(&c); i++) {
        if (ids[i] != NO_ID && !is_one_of(ids[i], c.uid, c.euid, c.suid))
            return -L_EPERM;
    }
    c.uid = ids[0] != NO_ID ? ids[0] : c.uid;
    c.euid = ids[1] != NO_ID ? ids[1] : c.euid;
    c.suid = ids[2] != NO_ID ? ids[2] : c.suid;
    c.fsuid = c.euid;
    become(t, &c);
    return 0;
}

int64_t sys_setresgid(struct task *t, uint64_t r, uint64_t e, uint64_t s)
{
    struct cred c = t->process->cred;
    uint32_t ids[3] = {(uint32_t)r, (uint32_t)e, (uint32_t)s};
    for (int i = 0; i < 3 && !cred_is_root(&c); i++) {
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
    if (!cred_is_root(&c)) {
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
    become(t, &c);
    return 0;
}

int64_t sys_setregid(struct task *t, uint64_t r, uint64_t e)
{
    struct cred c = t->process->cred;
    uint32_t rgid = (uint32_t)r, egid = (uint32_t)e, old = c.gid;
    if (!cred_is_root(&c)) {
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
    if (id != NO_ID && (cred_is_root(&c) || is_one_of(id, c.uid, c.euid, c.suid) || id == old)) {
        c.fsuid = id;
        become(t, &c);
    }
    return old;
}

int64_t sys_setfsgid(struct task *t, uint64_t gid)
{
    struct cred c = t->process->cred;
    uint32_t old = c.fsgid, id = (uint32_t)gid;
    if (id != NO_ID && (cred_is_root(&c) || is_one_of(id, c.gid, c.egid, c.sgid) || id == old)) {
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
    if (!cred_is_root(&c))
        return -L_EPERM;
    if ((uint32_t)size > NGROUPS_MAX)
        return -L_EINVAL;
    c.ngroups = (uint32_t)size;
    if (copy_from_guest(t->process->space, c.groups, list, c.ngroups * sizeof(uint32_t)))
        return -L_EFAULT;
    become(t, &c);
    return 0;
}

struct cap_header {
    uint32_t version;
    int32_t pid;
};

struct cap_data {
    uint32_t effective, permitted, inheritable;
};

static int cap_words(struct task *t, uint64_t uheader, struct cap_header *h)
{
    if (copy_from_guest(t->process->space, h, uheader, sizeof(*h)))
        return -L_EFAULT;
    if (h->version == CAPABILITY_V1)
        return 1;
    if (h->version == CAPABILITY_V2 || h->version == CAPABILITY_V3)
        return 2;
    return put_guest_u32(t->process->space, uheader, CAPABILITY_V3) ? -L_EFAULT : -L_EINVAL;
}

/* A process has all capabilities or none: those of effective user 0. */
int64_t sys_capget(struct task *t, uint64_t uheader, uint64_t udata)
{
    struct cap_header h;
    int words = cap_words(t, uheader, &h);
    if (words < 0)
        return udata || words == -L_EFAULT ? words : 0;
    struct process *p = h.pid ? process_find(h.pid) : t->process;
    if (!p)
        return h.pid < 0 ? -L_EINVAL : -L_ESRCH;
    bool root = cred_is_root(&p->cred), any = p->cred.uid == 0 || p->cred.suid == 0;
    if (h.pid)
        process_put(p);
    struct cap_data data[2];
    memset(data, 0, sizeof(data));
    for (int i = 0; i < words; i++) {
        uint32_t bits = (uint32_t)(ALL_CAPABILITIES >> (32 * i));
        data[i].effective = root ? bits : 0;
        data[i].permitted = root || any ? bits : 0;
    }
    if (!udata)
        return 0;
    return copy_to_guest(t->process->space, udata, data, (size_t)words * sizeof(data[0]));
}

/* Capabilities cannot be given up one by one here: a request that would keep them all is granted,
 * any other is refused, so that nobody believes to have dropped what it still has. */
int64_t sys_capset(struct task *t, uint64_t uheader, uint64_t udata)
{
    struct cap_header h;
    struct cap_data data[2];
    int words = cap_words(t, uheader, &h);
    if (words < 0)
        return words;
    if (h.pid && h.pid != t->tid)
        return -L_EPERM;
    memset(data, 0, sizeof(data));
    if (copy_from_guest(t->process->space, data, udata, (size_t)words * sizeof(data[0])))
        return -L_EFAULT;
    uint64_t effective = data[0].effective | (uint64_t)data[1].effective << 32;
    uint64_t have = cred_is_root(&t->process->cred) ? ALL_CAPABILITIES : 0;
    return effective == have ? 0 : -L_EPERM;
}
