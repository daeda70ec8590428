/* Policies of the host for this process that stand in the way of translated code. */
#ifndef RUNTIME_HOST_POLICY_H
#define RUNTIME_HOST_POLICY_H

#include <stddef.h>

enum host_policy {
    HOST_POLICY_FREE,    /* nothing to say */
    HOST_POLICY_HINDERS, /* guests run, but something may fail */
    HOST_POLICY_FORBIDS, /* no guest can run */
};

/* Fills text with one sentence for the user, without a newline: what stands in the way and where it
 * is set; empty for HOST_POLICY_FREE. */
enum host_policy host_policy(char *text, size_t size);

#endif
