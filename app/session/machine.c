/* Starts the runtime and ends it. */
#include "app/session/machine.h"

#include <stdatomic.h>
#include <stdio.h>

#include "app/config/config.h"
#include "runtime/fs/store/store.h"
#include "runtime/host/lock.h"
#include "runtime/host/log.h"
#include "runtime/host/time.h"
#include "runtime/kernel/boot/boot.h"
#include "runtime/kernel/boot/run.h"

#define GRACE_NS 3000000000u
#define NOTE_NS  1000000000u /* a note that passes is told again, also when nothing has moved on */

/* --- An image that is converted --- */

struct conversion {
    machine_note *note;
    void *context;
    int percent; /* told last; -1: none */
    uint64_t again;
};

static void show_conversion(void *arg, unsigned percent)
{
    struct conversion *conversion = arg;
    uint64_t now = host_clock_monotonic_ns();
    char text[100];
    if (conversion->percent == (int)percent && now < conversion->again)
        return;
    conversion->percent = (int)percent;
    conversion->again = now + NOTE_NS;
    snprintf(text, sizeof(text), "The image is converted to the present format: %u %%", percent);
    conversion->note(conversion->context, text, false);
}

static void show_remark(void *arg, const char *line)
{
    struct conversion *conversion = arg;
    conversion->percent = -1;
    conversion->note(conversion->context, line, true);
}

int machine_start(const struct config *c, machine_note *note, void *context, char *message,
                  size_t size)
{
    struct conversion conversion = {.note = note, .context = context, .percent = -1};
    const struct store_watch watch = {
        .report = show_remark, .progress = show_conversion, .arg = &conversion};
    const struct boot_options boot = {.root = c->root[0] ? c->root : NULL,
                                      .image = c->image[0] ? c->image : NULL,
                                      .read_only = c->read_only,
                                      .mounts = (const char *const *)c->mounts.items,
                                      .mount_count = (unsigned)c->mounts.count,
                                      .isolated = c->isolated,
                                      .listen_lan = c->network_listen,
                                      .memory = c->memory,
                                      .watch = &watch};
    int error = boot_start(&boot, message, size);
    if (!error && conversion.percent >= 0)
        note(context, "The image is of the present format now.", false);
    return error;
}

/* --- The end --- */

/* Held by whoever brings Foreland down, until the process ends. */
static struct host_mutex finishing = HOST_MUTEX_INIT(RANK_FINISHING);
static _Atomic(struct tty *) watched;

void machine_watch(struct tty *tty)
{
    atomic_store(&watched, tty);
}

void machine_end(void)
{
    boot_leave_rest();
    host_mutex_lock(&finishing);
    boot_end(atomic_load(&watched));
}

int machine_finish(char *message, size_t size)
{
    /* The sessions have got SIGHUP: time for shells to pass it on and for editors to save. */
    process_wait_all(host_clock_monotonic_ns() + GRACE_NS);
    host_mutex_lock(&finishing);
    int unstored = boot_finish(message, size);
    uint64_t left = boot_send_rest(BOOT_REST_NS);
    if (left)
        host_log("%llu bytes for the network are lost: the other side does not take them",
                 (unsigned long long)left);
    return unstored;
}
