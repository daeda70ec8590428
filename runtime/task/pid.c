/* The table of ids. */
#include "runtime/task/pid.h"

#include <stddef.h>

#include "runtime/abi/errno.h"
#include "runtime/task/process.h"

static struct pid table[PID_MAX];
static int32_t last = 1, highest = 1;

struct pid *pid_entry(int32_t id)
{
    return id > 0 && id < PID_MAX ? &table[id] : NULL;
}

int32_t pid_alloc(void)
{
    for (int32_t n = 2; n < PID_MAX; n++) {
        /* Low numbers are given out once, as Linux does. */
        last = last + 1 < PID_MAX ? last + 1 : 300;
        const struct pid *e = &table[last];
        if (!e->task && !e->process && !e->pgrp && !e->session) {
            highest = last > highest ? last : highest;
            return last;
        }
    }
    return -L_EAGAIN;
}

int32_t pid_highest(void)
{
    return highest;
}
