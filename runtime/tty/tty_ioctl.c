/* Requests on a terminal that are neither modes nor job control (ioctl_tty(2)). */
#include "runtime/abi/errno.h"
#include "runtime/abi/signal.h"
#include "runtime/memory/access.h"
#include "runtime/task/process.h"
#include "runtime/task/signal.h"
#include "runtime/task/task.h"
#include "runtime/tty/pair.h"

static int put_number(struct task *task, uint64_t arg, uint32_t value)
{
    return put_guest_u32(task->process->space, arg, value);
}

void tty_resize(struct tty *tty, const struct l_winsize *size)
{
    host_mutex_lock(&tty->lock);
    bool differs = memcmp(&tty->size, size, sizeof(*size)) != 0;
    tty->size = *size;
    host_mutex_unlock(&tty->lock);
    if (differs)
        tty_signal_foreground(tty, L_SIGWINCH);
}

static int get_size(struct tty *tty, struct task *task, uint64_t arg)
{
    host_mutex_lock(&tty->lock);
    struct l_winsize size = tty->size;
    host_mutex_unlock(&tty->lock);
    return copy_to_guest(task->process->space, arg, &size, sizeof(size));
}

static int set_size(struct tty *tty, struct task *task, uint64_t arg)
{
    struct l_winsize size;
    if (copy_from_guest(task->process->space, &size, arg, sizeof(size)))
        return -L_EFAULT;
    tty_resize(tty, &size);
    return 0;
}

static int flush(struct tty *tty, struct task *task, uint64_t what)
{
    int error = tty_check_background(tty, task, L_SIGTTOU);
    if (error)
        return error;
    if (what > L_TCIOFLUSH)
        return -L_EINVAL;
    struct tty_before before;
    tty_lock(tty, &before);
    if (what != L_TCOFLUSH)
        ldisc_discard_input(&tty->ldisc);
    if (what != L_TCIFLUSH)
        ldisc_discard_output(&tty->ldisc);
    tty_unlock(tty, &before);
    return 0;
}

/* TCIOFF and TCION ask the other side to stop and start sending, by its own keys. */
static int flow(struct tty *tty, struct task *task, uint64_t action)
{
    int error = tty_check_background(tty, task, L_SIGTTOU);
    if (error)
        return error;
    struct tty_before before;
    struct ldisc *l = &tty->ldisc;
    tty_lock(tty, &before);
    switch (action) {
    case L_TCOOFF:
    case L_TCOON:
        ldisc_hold(l, action == L_TCOOFF);
        break;
    case L_TCIOFF:
    case L_TCION: {
        uint8_t key = l->termios.c_cc[action == L_TCIOFF ? L_VSTOP : L_VSTART];
        if (key != LDISC_DISABLED)
            ring_put(&l->output, &key, 1);
        break;
    }
    default:
        error = -L_EINVAL;
    }
    tty_unlock(tty, &before);
    return error;
}

static int type_one(struct tty *tty, struct task *task, uint64_t arg)
{
    if (!cred_capable(&task->process->cred, L_CAP_SYS_ADMIN)) {
        struct tty *own = tty_of_task(task);
        if (own)
            tty_put(own);
        if (own != tty)
            return -L_EPERM;
    }
    uint8_t byte;
    if (get_guest_u8(task->process->space, arg, &byte))
        return -L_EFAULT;
    tty_input(tty, &byte, 1);
    return 0;
}

static uint32_t input_count(struct tty *tty, bool master)
{
    host_mutex_lock(&tty->lock);
    uint32_t count = master ? ring_count(&tty->ldisc.output) : ldisc_input_count(&tty->ldisc);
    host_mutex_unlock(&tty->lock);
    return count;
}

static int set_packet(struct tty *tty, struct task *task, uint64_t arg)
{
    uint32_t on;
    if (get_guest_u32(task->process->space, arg, &on))
        return -L_EFAULT;
    host_mutex_lock(&tty->lock);
    if (on && !tty->ldisc.packet)
        tty->ldisc.packet_status = 0;
    tty->ldisc.packet = on != 0;
    host_mutex_unlock(&tty->lock);
    return 0;
}

static int set_flag(struct tty *tty, struct task *task, bool *flag, uint64_t arg)
{
    uint32_t value;
    if (get_guest_u32(task->process->space, arg, &value))
        return -L_EFAULT;
    host_mutex_lock(&tty->lock);
    *flag = value != 0;
    host_mutex_unlock(&tty->lock);
    return 0;
}

static int set_exclusive(struct tty *tty, bool on)
{
    host_mutex_lock(&tty->lock);
    tty->exclusive = on;
    host_mutex_unlock(&tty->lock);
    return 0;
}

static int signal_slave(struct tty *tty, uint64_t sig)
{
    if (sig < 1 || sig > L_NSIG)
        return -L_EINVAL;
    tty_signal_foreground(tty, (int)sig);
    return 0;
}

static int64_t ioctl_master(struct tty *tty, struct task *task, uint32_t command, uint64_t arg)
{
    switch (command) {
    case L_TIOCSPTLCK:
        return set_flag(tty, task, &tty->locked, arg);
    case L_TIOCGPTLCK:
        return put_number(task, arg, tty->locked);
    case L_TIOCPKT:
        return set_packet(tty, task, arg);
    case L_TIOCGPKT:
        return put_number(task, arg, tty->ldisc.packet);
    case L_TIOCGPTN:
        return put_number(task, arg, tty->index);
    case L_TIOCSIG:
        return signal_slave(tty, arg);
    case L_TIOCGPTPEER:
        return tty_open_peer(tty, task, (uint32_t)arg);
    }
    return -L_ENOTTY;
}

static int set_discipline(struct task *task, uint64_t arg)
{
    uint32_t number;
    if (get_guest_u32(task->process->space, arg, &number))
        return -L_EFAULT;
    return number == 0 ? 0 : -L_EINVAL;
}

/* A pty has no line on which a break could be seen: waiting for the output is all that is left. */
static int send_break(struct tty *tty, struct task *task)
{
    return tty_check_background(tty, task, L_SIGTTOU);
}

static int64_t ioctl_any(struct tty *tty, bool master, struct task *task, uint32_t command,
                         uint64_t arg)
{
    switch (command) {
    case L_TIOCGWINSZ:
        return get_size(tty, task, arg);
    case L_TIOCSWINSZ:
        return set_size(tty, task, arg);
    case L_TCFLSH:
        return flush(tty, task, arg);
    case L_TCXONC:
        return flow(tty, task, arg);
    case L_TCSBRK:
    case L_TCSBRKP:
    case L_TIOCSBRK:
    case L_TIOCCBRK:
        return send_break(tty, task);
    case L_TIOCSTI:
        return type_one(tty, task, arg);
    case L_FIONREAD:
        return put_number(task, arg, input_count(tty, master));
    case L_TIOCOUTQ:
        return put_number(task, arg, 0);
    case L_TIOCEXCL:
    case L_TIOCNXCL:
        return set_exclusive(tty, command == L_TIOCEXCL);
    case L_TIOCGEXCL:
        return put_number(task, arg, tty->exclusive);
    case L_TIOCGETD:
        return put_number(task, arg, 0);
    case L_TIOCSETD:
        return set_discipline(task, arg);
    case L_TIOCGDEV:
        return put_number(task, arg, (uint32_t)tty_device(tty));
    case L_TIOCVHANGUP:
        if (!cred_capable(&task->process->cred, L_CAP_SYS_TTY_CONFIG))
            return -L_EPERM;
        tty_hangup(tty);
        return 0;
    }
    return -L_ENOTTY;
}

int64_t tty_ioctl(struct file *file, struct tty *tty, bool master, struct task *task,
                  uint32_t command, uint64_t arg)
{
    (void)file;
    int64_t result = ioctl_any(tty, master, task, command, arg);
    if (result == -L_ENOTTY)
        result = tty_ioctl_modes(tty, task, command, arg);
    if (result == -L_ENOTTY)
        result = tty_ioctl_session(tty, master, task, command, arg);
    if (result == -L_ENOTTY && master)
        result = ioctl_master(tty, task, command, arg);
    return result;
}
