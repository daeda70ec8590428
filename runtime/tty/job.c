/* Job control: who may use a terminal, and whom its keys signal (credentials(7), termios(3)). */
#include "runtime/abi/errno.h"
#include "runtime/abi/signal.h"
#include "runtime/memory/access.h"
#include "runtime/task/process.h"
#include "runtime/task/process_tree.h"
#include "runtime/task/signal.h"
#include "runtime/tty/pair.h"

void tty_signal_foreground(struct tty *tty, int sig)
{
    host_mutex_lock(&kernel_lock);
    if (tty->foreground)
        signal_send_pgrp_locked(tty->foreground, sig, NULL);
    host_mutex_unlock(&kernel_lock);
}

int32_t tty_foreground(struct tty *tty)
{
    host_mutex_lock(&kernel_lock);
    int32_t id = tty->foreground ? tty->foreground->id : -1;
    host_mutex_unlock(&kernel_lock);
    return id;
}

struct tty *tty_of_task(struct task *task)
{
    host_mutex_lock(&kernel_lock);
    struct tty *tty = task->process->pgrp->session->tty;
    if (tty)
        tty_get(tty);
    host_mutex_unlock(&kernel_lock);
    return tty;
}

static bool controls(const struct tty *tty, const struct task *task)
{
    return task->process->pgrp->session->tty == tty;
}

int tty_check_background(struct tty *tty, struct task *task, int sig)
{
    if (!task)
        return 0;
    host_mutex_lock(&kernel_lock);
    struct pgrp *own = task->process->pgrp;
    bool background = controls(tty, task) && tty->foreground && tty->foreground != own;
    if (background)
        pgrp_get_locked(own);
    host_mutex_unlock(&kernel_lock);
    if (!background)
        return 0;

    int result;
    if (signal_is_blocked(task, sig) || signal_is_ignored(task, sig)) {
        result = sig == L_SIGTTIN ? -L_EIO : 0;
    } else if (pgrp_is_orphaned(own)) {
        result = -L_EIO;
    } else {
        signal_send_pgrp(own, sig, NULL);
        result = -L_ERESTARTSYS;
    }
    pgrp_put(own);
    return result;
}

/* kernel_lock held. Both references are new. */
static void take_control_locked(struct tty *tty, struct process *leader)
{
    struct session *session = leader->pgrp->session;
    session->refs++;
    pgrp_get_locked(leader->pgrp);
    pgrp_put_locked(tty->foreground);
    tty->session = session;
    tty->foreground = leader->pgrp;
    session->tty = tty_get(tty);
}

int tty_set_controlling(struct task *t, struct tty *tty)
{
    host_mutex_lock(&kernel_lock);
    struct session *session = t->process->pgrp->session;
    int error = 0;
    if (session->leader != t->process || session->tty || tty->session)
        error = -L_EPERM;
    else
        take_control_locked(tty, t->process);
    host_mutex_unlock(&kernel_lock);
    return error;
}

/* Takes the terminal from its session, whose members keep running. */
static void tty_drop_session(struct tty *tty)
{
    host_mutex_lock(&kernel_lock);
    struct session *session = tty->session;
    struct pgrp *foreground = tty->foreground;
    tty->session = NULL;
    tty->foreground = NULL;
    if (session)
        session->tty = NULL;
    pgrp_put_locked(foreground);
    host_mutex_unlock(&kernel_lock);
    if (session) {
        session_put(session);
        tty_put(tty);
    }
}

/* A leader leaves: by TIOCNOTTY its foreground group is also continued. */
static void leave_terminal(struct session *session, bool exiting)
{
    host_mutex_lock(&kernel_lock);
    struct tty *tty = session->tty ? tty_get(session->tty) : NULL;
    struct pgrp *group = tty ? tty->foreground : session->hung_up;
    if (!tty)
        session->hung_up = NULL;
    else if (group)
        pgrp_get_locked(group);
    if (group) {
        signal_send_pgrp_locked(group, L_SIGHUP, NULL);
        if (!exiting || !tty)
            signal_send_pgrp_locked(group, L_SIGCONT, NULL);
    }
    pgrp_put_locked(group);
    host_mutex_unlock(&kernel_lock);
    if (tty) {
        tty_drop_session(tty);
        tty_put(tty);
    }
}

void tty_leader_exited(struct session *session)
{
    leave_terminal(session, true);
}

static int set_controlling(struct tty *tty, struct task *task, uint64_t steal)
{
    host_mutex_lock(&kernel_lock);
    struct session *own = task->process->pgrp->session;
    bool leader = own->leader == task->process;
    bool already = leader && tty->session == own;
    bool allowed = leader && !own->tty;
    bool taken = tty->session != NULL;
    host_mutex_unlock(&kernel_lock);
    if (already)
        return 0;
    if (!allowed)
        return -L_EPERM;
    if (taken) {
        if (steal != 1 || !cred_capable(&task->process->cred, L_CAP_SYS_ADMIN))
            return -L_EPERM;
        tty_drop_session(tty);
    }
    return tty_set_controlling(task, tty);
}

static int give_up(struct tty *tty, struct task *task)
{
    host_mutex_lock(&kernel_lock);
    struct session *session = task->process->pgrp->session;
    bool ours = session->tty == tty;
    bool leader = session->leader == task->process;
    if (ours)
        session->refs++;
    host_mutex_unlock(&kernel_lock);
    if (!ours)
        return -L_ENOTTY;
    if (leader)
        leave_terminal(session, false);
    session_put(session);
    return 0;
}

static int get_group(struct tty *tty, bool master, struct task *task, uint64_t arg)
{
    host_mutex_lock(&kernel_lock);
    bool ours = master || controls(tty, task);
    uint32_t id = tty->foreground ? (uint32_t)tty->foreground->id : 0;
    host_mutex_unlock(&kernel_lock);
    return ours ? put_guest_u32(task->process->space, arg, id) : -L_ENOTTY;
}

static int set_group(struct tty *tty, struct task *task, uint64_t arg)
{
    int error = tty_check_background(tty, task, L_SIGTTOU);
    if (error)
        return error == -L_EIO ? -L_ENOTTY : error;
    host_mutex_lock(&kernel_lock);
    struct session *session = task->process->pgrp->session;
    bool ours = session->tty == tty && tty->session == session;
    host_mutex_unlock(&kernel_lock);
    if (!ours)
        return -L_ENOTTY;
    uint32_t id;
    if (get_guest_u32(task->process->space, arg, &id))
        return -L_EFAULT;
    if ((int32_t)id < 0)
        return -L_EINVAL;
    struct pgrp *group = pgrp_find((int32_t)id, NULL);
    if (!group)
        return -L_ESRCH;
    if (group->session != session) {
        pgrp_put(group);
        return -L_EPERM;
    }
    host_mutex_lock(&kernel_lock);
    /* A hangup meanwhile took the terminal from the session. */
    ours = tty->session == session && task->process->pgrp->session == session;
    struct pgrp *dropped = ours ? tty->foreground : group;
    if (ours)
        tty->foreground = group;
    pgrp_put_locked(dropped);
    host_mutex_unlock(&kernel_lock);
    return ours ? 0 : -L_ENOTTY;
}

static int get_session(struct tty *tty, bool master, struct task *task, uint64_t arg)
{
    host_mutex_lock(&kernel_lock);
    bool ours = (master || controls(tty, task)) && tty->session;
    uint32_t id = ours ? (uint32_t)tty->session->id : 0;
    host_mutex_unlock(&kernel_lock);
    return ours ? put_guest_u32(task->process->space, arg, id) : -L_ENOTTY;
}

int64_t tty_ioctl_session(struct tty *tty, bool master, struct task *task, uint32_t command,
                          uint64_t arg)
{
    switch (command) {
    case L_TIOCSCTTY:
        return set_controlling(tty, task, arg);
    case L_TIOCNOTTY:
        return master ? -L_ENOTTY : give_up(tty, task);
    case L_TIOCGPGRP:
        return get_group(tty, master, task, arg);
    case L_TIOCSPGRP:
        return set_group(tty, task, arg);
    case L_TIOCGSID:
        return get_session(tty, master, task, arg);
    }
    return -L_ENOTTY;
}
