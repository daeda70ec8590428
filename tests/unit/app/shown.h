/* For tests of sessions: waits until a text stands on the screen. */
#ifndef TESTS_UNIT_APP_SHOWN_H
#define TESTS_UNIT_APP_SHOWN_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "app/session/session.h"
#include "runtime/host/time.h"

static inline void wait_for(struct session *s, const char *text)
{
    uint64_t deadline = host_clock_monotonic_ns() + 20000000000u;
    for (;;) {
        uint64_t seen = session_changes(s);
        char *screen = term_screen_text(session_lock(s));
        session_unlock(s);
        bool found = strstr(screen, text) != NULL;
        free(screen);
        if (found)
            return;
        ck_assert_msg(session_wait(s, seen, deadline), "%s is not shown", text);
    }
}

#endif
