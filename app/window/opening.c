/* Starts programs of the host on a thread of its own. */
#include "app/window/opening.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/window/window_private.h"
#include "runtime/host/log.h"
#include "runtime/host/thread.h"

#define SHOWN 500 /* bytes of a target */

struct opening {
    struct window *w;
    bool (*open)(const char *target);
    const char *failed;
    char target[];
};

static void tell_failed(struct window *w, void *arg)
{
    const struct opening *o = arg;
    char text[SHOWN + 256];
    snprintf(text, sizeof(text), "%s\n%.*s", o->failed, SHOWN, o->target);
    host_log("%s: %.*s", o->failed, SHOWN, o->target);
    note_pass(w, text);
}

static void opening_thread(void *arg)
{
    struct opening *o = arg;
    if (!o->open(o->target))
        window_call(o->w, tell_failed, o);
    free(o);
}

void opening_start(struct window *w, bool (*open)(const char *target), const char *target,
                   const char *failed)
{
    size_t n = strlen(target) + 1;
    struct opening *o = malloc(sizeof(*o) + n);
    if (!o)
        return;
    *o = (struct opening){.w = w, .open = open, .failed = failed};
    memcpy(o->target, target, n);
    if (host_thread_start(opening_thread, o)) {
        tell_failed(w, o);
        free(o);
    }
}
