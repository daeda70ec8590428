/* The guests behind the window: the runtime is started, a login shell runs in the session. */
#ifndef APP_SESSION_GUEST_H
#define APP_SESSION_GUEST_H

#include <stdbool.h>

#include "app/session/session.h"

struct config;

/* Called on the thread of the guests. */
struct guest_events {
    void (*ended)(void *context, bool message);
    /* Something to be read over the text, for some seconds or until it is put away. */
    void (*note)(void *context, const char *text, bool stands);
};

/*
 * Starts the runtime and the command, or the configured one when that is NULL, on a thread of its
 * own. config, command and events have to live on. Whatever goes wrong is written into the session,
 * and ended(context, true) says that the window shall stay; when the command has ended
 * ended(context, false) is called. 0, or a negative errno when there is no thread.
 */
int guest_start(const struct config *config, char *const *command, struct session *session,
                const struct guest_events *events, void *context);

/* Nothing runs; the first program is in front; it has given the terminal to another one. Any
 * thread. */
enum guest_state { GUEST_NONE, GUEST_FIRST, GUEST_BUSY };
enum guest_state guest_state(void);

/* The window is closed: guests are killed when they do not end soon, files are written back. As
 * boot_finish. */
int guest_finish(char *message, size_t size);

/* The same when the host ends the program: quicker. */
void guest_end(void);

#endif
