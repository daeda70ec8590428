/* The terminal that fore was started in, as master of a guest's. */
#include "runtime/tty/hostterm.h"

#include "runtime/abi/errno.h"
#include "runtime/host/lock.h"
#include "runtime/host/stdio.h"
#include "runtime/host/thread.h"
#include "runtime/tty/tty.h"

static struct host_mutex lock = HOST_MUTEX_INIT(RANK_HOSTTERM);
static struct host_cond changed = HOST_COND_INIT; /* any of the following */
static bool output_waiting, output_busy;
static bool room, typed;

static struct tty *tty;

static void set_flag(bool *flag)
{
    host_mutex_lock(&lock);
    *flag = true;
    host_cond_broadcast(&changed);
    host_mutex_unlock(&lock);
}

static void on_output(void *owner)
{
    (void)owner;
    set_flag(&output_waiting);
}

static void on_room(void *owner)
{
    (void)owner;
    set_flag(&room);
}

static void on_closed(void *owner)
{
    (void)owner;
}

static void on_typed(void *arg)
{
    (void)arg;
    set_flag(&typed);
}

static void wait_and_clear(bool *flag)
{
    host_mutex_lock(&lock);
    while (!*flag)
        host_cond_wait(&changed, &lock, HOST_FOREVER);
    *flag = false;
    host_mutex_unlock(&lock);
}

static void run_output(void *arg)
{
    (void)arg;
    static uint8_t bytes[32768];
    for (;;) {
        host_mutex_lock(&lock);
        output_busy = false;
        host_cond_broadcast(&changed);
        while (!output_waiting)
            host_cond_wait(&changed, &lock, HOST_FOREVER);
        output_waiting = false;
        output_busy = true;
        host_mutex_unlock(&lock);
        size_t n;
        while ((n = tty_master_read(tty, bytes, sizeof(bytes))) > 0)
            if (host_terminal_write(bytes, n) < 0)
                break;
    }
}

static void type_all(const uint8_t *bytes, size_t n)
{
    size_t done = 0;
    while (done < n) {
        done += tty_input(tty, bytes + done, n - done);
        if (done < n)
            wait_and_clear(&room);
    }
}

static void run_input(void *arg)
{
    (void)arg;
    static uint8_t bytes[4096];
    for (;;) {
        int64_t n = host_stdio_read(0, bytes, sizeof(bytes));
        if (n > 0) {
            type_all(bytes, (size_t)n);
        } else if (n == -L_EAGAIN) {
            wait_and_clear(&typed);
        } else {
            /* The host terminal is gone. */
            tty_hangup(tty);
            return;
        }
    }
}

static void take_size(void *arg)
{
    (void)arg;
    struct l_winsize size = {0};
    if (host_terminal_size(&size.ws_row, &size.ws_col) == 0)
        tty_resize(tty, &size);
}

int hostterm_start(struct tty **result)
{
    static const struct tty_master_ops ops = {on_output, on_room, on_closed};
    bool keyboard = host_stdio_kind(0) == HOST_STDIO_TERMINAL;
    if (!keyboard && host_stdio_kind(1) != HOST_STDIO_TERMINAL &&
        host_stdio_kind(2) != HOST_STDIO_TERMINAL)
        return -L_ENOTTY;
    int error = tty_create(&ops, NULL, &tty);
    if (error)
        return error;
    take_size(NULL);
    host_terminal_watch(take_size, NULL);
    error = host_thread_start(run_output, NULL);
    if (!error && keyboard && host_terminal_raw() == 0) {
        host_stdio_notify(0, on_typed, NULL);
        error = host_thread_start(run_input, NULL);
    }
    if (error) {
        host_terminal_restore();
        return error;
    }
    *result = tty;
    return 0;
}

void hostterm_finish(uint64_t deadline_ns)
{
    bool in_time = true;
    if (!tty)
        return;
    host_mutex_lock(&lock);
    while (in_time && (output_waiting || output_busy))
        in_time = host_cond_wait(&changed, &lock, deadline_ns);
    host_mutex_unlock(&lock);
    host_terminal_restore();
}
