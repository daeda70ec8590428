/* Modes of a terminal: TCGETS, TCSETS and their relatives (ioctl_tty(2)). */
#include "runtime/abi/errno.h"
#include "runtime/abi/signal.h"
#include "runtime/memory/access.h"
#include "runtime/task/process.h"
#include "runtime/task/task.h"
#include "runtime/tty/pair.h"

static const struct {
    uint32_t code, speed;
} speeds[] = {
    {L_B50, 50},           {L_B75, 75},           {L_B110, 110},         {L_B134, 134},
    {L_B150, 150},         {L_B200, 200},         {L_B300, 300},         {L_B600, 600},
    {L_B1200, 1200},       {L_B1800, 1800},       {L_B2400, 2400},       {L_B4800, 4800},
    {L_B9600, 9600},       {L_B19200, 19200},     {L_B38400, 38400},     {L_B57600, 57600},
    {L_B115200, 115200},   {L_B230400, 230400},   {L_B460800, 460800},   {L_B500000, 500000},
    {L_B576000, 576000},   {L_B921600, 921600},   {L_B1000000, 1000000}, {L_B1152000, 1152000},
    {L_B1500000, 1500000}, {L_B2000000, 2000000}, {L_B2500000, 2500000}, {L_B3000000, 3000000},
    {L_B3500000, 3500000}, {L_B4000000, 4000000},
};

static uint32_t speed_of(uint32_t code, uint32_t other)
{
    if (code == L_BOTHER)
        return other;
    for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++)
        if (speeds[i].code == code)
            return speeds[i].speed;
    return 0;
}

static struct l_termios2 get_modes(struct tty *tty)
{
    struct l_termios2 modes;
    host_mutex_lock(&tty->lock);
    memcpy(&modes, &tty->ldisc.termios, sizeof(tty->ldisc.termios));
    modes.c_ispeed = tty->input_speed;
    modes.c_ospeed = tty->output_speed;
    host_mutex_unlock(&tty->lock);
    return modes;
}

/* Speeds mean nothing here but are kept, so that a program finds what it set. */
static int set_modes(struct tty *tty, struct task *task, struct l_termios2 *modes, bool discard)
{
    int error = tty_check_background(tty, task, L_SIGTTOU);
    if (error)
        return error;
    uint32_t output = speed_of(modes->c_cflag & L_CBAUD, modes->c_ospeed);
    uint32_t code = modes->c_cflag >> L_IBSHIFT & L_CBAUD;
    uint32_t input = code ? speed_of(code, modes->c_ispeed) : output;
    struct l_termios termios;
    memcpy(&termios, modes, sizeof(termios));
    struct tty_before before;
    tty_lock(tty, &before);
    if (discard)
        ldisc_discard_input(&tty->ldisc);
    ldisc_set_termios(&tty->ldisc, &termios);
    ldisc_pump(&tty->ldisc);
    tty->input_speed = input;
    tty->output_speed = output;
    tty_unlock(tty, &before);
    /* Readiness may mean something else now. */
    waitq_wake(&tty->slave_wait, 0);
    return 0;
}

static int set_from_guest(struct tty *tty, struct task *task, uint64_t arg, size_t size,
                          bool discard)
{
    struct l_termios2 modes = get_modes(tty);
    if (copy_from_guest(task->process->space, &modes, arg, size))
        return -L_EFAULT;
    return set_modes(tty, task, &modes, discard);
}

/* System V's structure holds the low halves of the flags and the first eight keys. */
static int get_old(struct tty *tty, struct task *task, uint64_t arg)
{
    struct l_termios2 modes = get_modes(tty);
    struct l_termio old = {.c_iflag = (uint16_t)modes.c_iflag,
                           .c_oflag = (uint16_t)modes.c_oflag,
                           .c_cflag = (uint16_t)modes.c_cflag,
                           .c_lflag = (uint16_t)modes.c_lflag,
                           .c_line = modes.c_line};
    memcpy(old.c_cc, modes.c_cc, L_NCC);
    return copy_to_guest(task->process->space, arg, &old, sizeof(old));
}

static int set_old(struct tty *tty, struct task *task, uint64_t arg, bool discard)
{
    struct l_termios2 modes = get_modes(tty);
    struct l_termio old;
    if (copy_from_guest(task->process->space, &old, arg, sizeof(old)))
        return -L_EFAULT;
    modes.c_iflag = (modes.c_iflag & 0xffff0000u) | old.c_iflag;
    modes.c_oflag = (modes.c_oflag & 0xffff0000u) | old.c_oflag;
    modes.c_cflag = (modes.c_cflag & 0xffff0000u) | old.c_cflag;
    modes.c_lflag = (modes.c_lflag & 0xffff0000u) | old.c_lflag;
    modes.c_line = old.c_line;
    memcpy(modes.c_cc, old.c_cc, L_NCC);
    return set_modes(tty, task, &modes, discard);
}

static int set_local(struct tty *tty, struct task *task, uint64_t arg)
{
    uint32_t on;
    if (get_guest_u32(task->process->space, arg, &on))
        return -L_EFAULT;
    struct l_termios2 modes = get_modes(tty);
    modes.c_cflag = (modes.c_cflag & ~(uint32_t)L_CLOCAL) | (on ? L_CLOCAL : 0);
    return set_modes(tty, task, &modes, false);
}

int64_t tty_ioctl_modes(struct tty *tty, struct task *task, uint32_t command, uint64_t arg)
{
    struct space *space = task->process->space;
    struct l_termios2 modes;
    switch (command) {
    case L_TCGETS:
    case L_TCGETS2:
        modes = get_modes(tty);
        return copy_to_guest(space, arg, &modes,
                             command == L_TCGETS ? sizeof(struct l_termios) : sizeof(modes));
    case L_TCSETS:
    case L_TCSETSW:
    case L_TCSETSF:
        return set_from_guest(tty, task, arg, sizeof(struct l_termios), command == L_TCSETSF);
    case L_TCSETS2:
    case L_TCSETSW2:
    case L_TCSETSF2:
        return set_from_guest(tty, task, arg, sizeof(modes), command == L_TCSETSF2);
    case L_TIOCGSOFTCAR:
        modes = get_modes(tty);
        return put_guest_u32(space, arg, modes.c_cflag & L_CLOCAL ? 1 : 0);
    case L_TIOCSSOFTCAR:
        return set_local(tty, task, arg);
    case L_TCGETA:
        return get_old(tty, task, arg);
    case L_TCSETA:
    case L_TCSETAW:
    case L_TCSETAF:
        return set_old(tty, task, arg, command == L_TCSETAF);
    }
    return -L_ENOTTY;
}
