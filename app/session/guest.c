/* Starts the runtime and the first program of a window, and ends them. */
#include "app/session/guest.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/config/config.h"
#include "runtime/fs/store/store.h"
#include "runtime/host/lock.h"
#include "runtime/host/log.h"
#include "runtime/host/policy.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"
#include "runtime/kernel/boot/boot.h"
#include "runtime/kernel/boot/run.h"
#include "runtime/task/process.h"
#include "runtime/tty/tty.h"

#define GRACE_NS 3000000000u

static struct {
    const struct config *config;
    char *const *command;
    struct session *session;
    const struct guest_events *events;
    void *context;
    _Atomic int32_t first; /* its process id while it runs, else 0 */
} guest;

/* A message of ours among what guests write: in red, and what to do next. */
static void show_error(const char *what, const char *message)
{
    char text[2048];
    snprintf(text, sizeof(text),
             "\033[0;1;31m%s\033[0m\n\n%s%s%s\n\nClose the window when you have read this.\n", what,
             message, host_log_path() ? "\n\nThe log is " : "",
             host_log_path() ? host_log_path() : "");
    session_print(guest.session, text);
}

/* What programs ask of a terminal that terminfo does not tell, then what the user sets. NULL when
 * out of memory; the caller frees it. */
static const char **environment(const struct config *c)
{
    static const char *const own[] = {"COLORTERM=truecolor", "TERM_PROGRAM=Foreland",
                                      "TERM_PROGRAM_VERSION=" FORELAND_VERSION};
    size_t n = sizeof(own) / sizeof(own[0]), more = (size_t)c->environment.count;
    const char **all = calloc(n + more + 1, sizeof(*all));
    if (!all)
        return NULL;
    for (size_t i = 0; i < n; i++)
        all[i] = own[i];
    for (size_t i = 0; i < more; i++)
        all[n + i] = c->environment.items[i];
    return all;
}

static int start_session(struct process **first, char *message, size_t size)
{
    static const char *const shell[] = {"-bash", NULL};
    const struct config *c = guest.config;
    char *const *command = guest.command ? guest.command : c->command.items;
    const char **variables = environment(c);
    struct boot_session session = {.tty = session_tty(guest.session),
                                   .argv = command ? (const char *const *)command : shell,
                                   .program = command ? NULL : "/bin/bash",
                                   .environment = variables};
    int error = boot_session(&session, first, message, size);
    free(variables);
    return error;
}

/* --- an image that is converted --- */

#define NOTE_NS 1000000000u /* a note that passes is told again, also when nothing has moved on */

struct conversion {
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
    guest.events->note(guest.context, text, false);
}

static void show_remark(void *arg, const char *line)
{
    struct conversion *conversion = arg;
    conversion->percent = -1;
    guest.events->note(guest.context, line, true);
}

static int start(const struct config *c, char *message, size_t size)
{
    struct conversion conversion = {.percent = -1};
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
        guest.events->note(guest.context, "The image is of the present format now.", false);
    return error;
}

static void guest_thread(void *arg)
{
    (void)arg;
    char message[1024];
    struct process *first;
    if (start(guest.config, message, sizeof(message))) {
        show_error("Foreland cannot start.", message);
        guest.events->ended(guest.context, true);
        return;
    }
    if (host_policy(message, sizeof(message)) != HOST_POLICY_FREE) {
        session_print(guest.session, message);
        session_print(guest.session, "\n");
    }
    if (start_session(&first, message, sizeof(message))) {
        show_error("The command cannot be started.", message);
        guest.events->ended(guest.context, true);
        return;
    }
    atomic_store(&guest.first, first->pid);
    process_wait_exit(first);
    atomic_store(&guest.first, 0);
    process_put(first);
    guest.events->ended(guest.context, false);
}

int guest_start(const struct config *config, char *const *command, struct session *session,
                const struct guest_events *events, void *context)
{
    guest.config = config;
    guest.command = command;
    guest.session = session;
    guest.events = events;
    guest.context = context;
    return host_thread_start(guest_thread, NULL);
}

enum guest_state guest_state(void)
{
    int32_t first = atomic_load(&guest.first);
    if (!first)
        return GUEST_NONE;
    int32_t front = tty_foreground(session_tty(guest.session));
    return front == first || front <= 0 ? GUEST_FIRST : GUEST_BUSY;
}

/* Held by whoever brings Foreland down, until the process ends. */
static struct host_mutex finishing = HOST_MUTEX_INIT(RANK_FINISHING);

void guest_end(void)
{
    boot_leave_rest();
    host_mutex_lock(&finishing);
    boot_end(session_tty(guest.session));
}

int guest_finish(char *message, size_t size)
{
    /* The session has got SIGHUP: time for shells to pass it on and for editors to save. */
    process_wait_all(host_clock_monotonic_ns() + GRACE_NS);
    host_mutex_lock(&finishing);
    int unstored = boot_finish(message, size);
    uint64_t left = boot_send_rest(BOOT_REST_NS);
    if (left)
        host_log("%llu bytes for the network are lost: the other side does not take them",
                 (unsigned long long)left);
    return unstored;
}
