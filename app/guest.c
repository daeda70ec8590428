#include "app/guest.h"

int guest_start(const struct guest_options *options, struct session *session,
                void (*ended)(void *context, bool message), void *context)
{
    (void)options;
    (void)ended;
    (void)context;
    session_print(session, "No guests yet.\n");
    return 0;
}

void guest_finish(void)
{
}
