/*
 * Credentials of a process and what they allow (credentials(7), capabilities(7)). A guest starts as
 * root with every capability; what follows is Linux's rules, without user namespaces.
 */
#ifndef RUNTIME_TASK_CRED_H
#define RUNTIME_TASK_CRED_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/abi/capability.h"

struct process;
struct task;

#define NGROUPS_MAX 64

struct cred {
    uint32_t uid, euid, suid, fsuid;
    uint32_t gid, egid, sgid, fsgid;
    uint32_t ngroups;
    uint32_t groups[NGROUPS_MAX];
    /* Sets of L_CAP_BIT. */
    uint64_t effective, permitted, inheritable, bounding, ambient;
    uint32_t securebits;
};

/* Those of the first process. */
void cred_init(struct cred *cred);

/* Whether an effective capability is there. */
bool cred_capable(const struct cred *cred, int cap);
bool cred_in_group(const struct cred *cred, uint32_t gid);

/* New ids were put in place of those in `old`: gives and takes capabilities accordingly. */
void cred_fix_ids(struct cred *cred, const struct cred *old);
void cred_fix_fsuid(struct cred *cred, const struct cred *old);

/* What exec needs to know of the program. */
struct cred_program {
    uint32_t mode, uid, gid;
    bool no_new_privs;
    bool privileges; /* the file's set-ID bits and capabilities count (its mount lets them) */
    bool has_caps;   /* security.capability: */
    bool caps_effective;
    uint64_t caps_permitted, caps_inheritable;
};

/* The credentials after exec, from those before. *secure: the program has more than its user
 * (AT_SECURE). 0, or -L_EPERM: the file's capabilities cannot be had. */
int cred_exec(struct cred *cred, const struct cred_program *program, bool *secure);

/* Reads the value of security.capability; false when it is none. */
bool cred_parse_caps(const void *value, int64_t size, struct cred_program *out);

/* May send it a signal: one of the same user, or CAP_KILL. kernel_lock held. */
bool process_may_signal(const struct cred *from, const struct process *to);

/* May look into it, as Linux's ptrace_may_access decides: the process itself, one with the same ids
 * that has no more capabilities and is dumpable, or CAP_SYS_PTRACE. by_fs: with the file system's
 * ids, as /proc asks; else the real ones. Takes kernel_lock. */
bool process_may_inspect(struct task *from, struct process *to, bool by_fs);

#endif
