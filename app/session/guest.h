/* The first program of a session, and the thread that waits for its end. */
#ifndef APP_SESSION_GUEST_H
#define APP_SESSION_GUEST_H

#include <stdbool.h>

#include "app/session/session.h"

struct config;
struct guest;

/* Called on the guest's thread. */
struct guest_events {
    /* It has ended, or has not begun: then a message is in the session, which is to stay. */
    void (*ended)(void *context, bool message);
    void (*note)(void *context, const char *text, bool stands); /* as machine_note */
};

/* A guest that does not run yet. The command or, when that is NULL, the configured one. What the
 * arguments point to has to live on. NULL when out of memory. */
struct guest *guest_new(const struct config *config, char *const *command, struct session *session,
                        const struct guest_events *events, void *context);

/* Starts it on a thread of its own, which starts the machine before (machine.h); whatever goes
 * wrong is written into the session. 0, or a negative errno when there is no thread. A guest that
 * has been started lives as long as the process: its thread does. */
int guest_start(struct guest *g);

/* Nothing runs; the first program is in front; it has given the terminal to another one. Any
 * thread. NULL: nothing runs. */
enum guest_state { GUEST_NONE, GUEST_FIRST, GUEST_BUSY };
enum guest_state guest_state(struct guest *g);

#endif
