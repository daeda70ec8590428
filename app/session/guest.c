/* Starts the first program of a session and waits for it. */
#include "app/session/guest.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/config/config.h"
#include "app/session/machine.h"
#include "runtime/host/log.h"
#include "runtime/host/policy.h"
#include "runtime/host/thread.h"
#include "runtime/kernel/boot/boot.h"
#include "runtime/kernel/boot/run.h"
#include "runtime/task/process.h"
#include "runtime/tty/tty.h"

struct guest {
    const struct config *config;
    char *const *command;
    struct session *session;
    const struct guest_events *events;
    void *context;
    _Atomic int32_t first; /* its process id while it runs, else 0 */
};

/* A message of ours among what guests write: in red, and what to do next. */
static void show_error(const struct guest *g, const char *what, const char *message)
{
    char text[2048];
    snprintf(text, sizeof(text),
             "\033[0;1;31m%s\033[0m\n\n%s%s%s\n\nClose the window when you have read this.\n", what,
             message, host_log_path() ? "\n\nThe log is " : "",
             host_log_path() ? host_log_path() : "");
    session_print(g->session, text);
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

static int start_session(const struct guest *g, struct process **first, char *message, size_t size)
{
    static const char *const shell[] = {"-bash", NULL};
    const struct config *c = g->config;
    char *const *command = g->command ? g->command : c->command.items;
    const char **variables = environment(c);
    struct boot_session session = {.tty = session_tty(g->session),
                                   .argv = command ? (const char *const *)command : shell,
                                   .program = command ? NULL : "/bin/bash",
                                   .environment = variables};
    int error = boot_session(&session, first, message, size);
    free(variables);
    return error;
}

static void guest_thread(void *arg)
{
    struct guest *g = arg;
    char message[1024];
    struct process *first;
    if (machine_start(g->config, g->events->note, g->context, message, sizeof(message))) {
        show_error(g, "Foreland cannot start.", message);
        g->events->ended(g->context, true);
        return;
    }
    if (host_policy(message, sizeof(message)) != HOST_POLICY_FREE) {
        session_print(g->session, message);
        session_print(g->session, "\n");
    }
    if (start_session(g, &first, message, sizeof(message))) {
        show_error(g, "The command cannot be started.", message);
        g->events->ended(g->context, true);
        return;
    }
    atomic_store(&g->first, first->pid);
    process_wait_exit(first);
    atomic_store(&g->first, 0);
    process_put(first);
    g->events->ended(g->context, false);
}

struct guest *guest_new(const struct config *config, char *const *command, struct session *session,
                        const struct guest_events *events, void *context)
{
    struct guest *g = calloc(1, sizeof(*g));
    if (!g)
        return NULL;
    g->config = config;
    g->command = command;
    g->session = session;
    g->events = events;
    g->context = context;
    return g;
}

int guest_start(struct guest *g)
{
    return host_thread_start(guest_thread, g);
}

enum guest_state guest_state(struct guest *g)
{
    int32_t first = g ? atomic_load(&g->first) : 0;
    if (!first)
        return GUEST_NONE;
    int32_t front = tty_foreground(session_tty(g->session));
    return front == first || front <= 0 ? GUEST_FIRST : GUEST_BUSY;
}
