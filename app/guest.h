/* The guests behind the window: the runtime is started, a login shell runs in the session. */
#ifndef APP_GUEST_H
#define APP_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "app/session.h"

#define GUEST_MOUNTS_MAX 16

struct guest_options {
    const char *root;  /* directory or tar archive; NULL: the image */
    const char *image; /* file; NULL: the default one beside the program or in the user's folder */
    const char *mounts[GUEST_MOUNTS_MAX]; /* HOST:GUEST */
    int mount_count;
    uint64_t memory;      /* limit in bytes; 0: three quarters of the machine's */
    char *const *command; /* NULL-terminated; NULL: a login shell */
};

/*
 * Starts the runtime and the command on a thread of its own. Whatever goes wrong is written into
 * the session, and ended(context, true) says that the window shall stay; when the command has ended
 * ended(context, false) is called. 0, or a negative errno when there is no thread.
 */
int guest_start(const struct guest_options *options, struct session *session,
                void (*ended)(void *context, bool message), void *context);

/* The window is closed: guests are killed when they do not end soon, files are written back. */
void guest_finish(void);

#endif
