/* The end of terminals: hangup, and the master going. */
#include "runtime/abi/poll.h"
#include "runtime/abi/signal.h"
#include "runtime/task/process.h"
#include "runtime/task/process_tree.h"
#include "runtime/task/signal.h"
#include "runtime/tty/pair.h"

#define EVERYTHING (L_POLLIN | L_POLLOUT | L_POLLHUP | L_POLLERR | L_POLLRDNORM | L_POLLWRNORM)

/* The session's leader learns of it; its foreground group does when the leader exits. */
static void hang_up_session(struct tty *tty)
{
    host_mutex_lock(&kernel_lock);
    struct session *session = tty->session;
    struct pgrp *foreground = tty->foreground;
    tty->session = NULL;
    tty->foreground = NULL;
    struct pgrp *dropped = foreground;
    if (session) {
        session->tty = NULL;
        if (session->leader) {
            signal_send_process_locked(session->leader, L_SIGHUP, NULL);
            signal_send_process_locked(session->leader, L_SIGCONT, NULL);
            dropped = session->hung_up;
            session->hung_up = foreground;
        }
    }
    pgrp_put_locked(dropped);
    host_mutex_unlock(&kernel_lock);
    if (session) {
        session_put(session);
        tty_put(tty);
    }
}

void tty_hangup(struct tty *tty)
{
    struct tty_before before;
    tty_get(tty);
    tty_lock(tty, &before);
    tty->hangups++;
    ldisc_discard_input(&tty->ldisc);
    ldisc_discard_output(&tty->ldisc);
    tty->ldisc.stopped = tty->ldisc.held = false;
    tty_unlock(tty, &before);
    hang_up_session(tty);
    waitq_wake(&tty->slave_wait, EVERYTHING);
    waitq_wake(&tty->master_wait, EVERYTHING);
    tty_put(tty);
}

void tty_master_close(struct tty *tty)
{
    host_mutex_lock(&tty->lock);
    bool open = tty->master_open;
    tty->master_open = false;
    bool unused = tty->slaves == 0;
    host_mutex_unlock(&tty->lock);
    if (!open)
        return;
    for (uint32_t calls; (calls = atomic_load(&tty->calling));)
        host_wait_on(&tty->calling, calls, HOST_FOREVER);
    tty_forget_console(tty);
    tty_hangup(tty);
    if (unused)
        tty_forget_number(tty);
    tty_put(tty);
}
