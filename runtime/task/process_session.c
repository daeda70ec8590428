/* Sessions. */
#include "runtime/task/process_session.h"

#include "runtime/host/heap.h"
#include "runtime/task/pid.h"
#include "runtime/task/process_tree.h"

void (*session_leader_exit_hook)(struct session *session);

struct session *session_create_locked(int32_t id)
{
    struct session *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->refs = 1;
    s->id = id;
    pid_entry(id)->session = s;
    return s;
}

void session_put_locked(struct session *s)
{
    if (!s || --s->refs)
        return;
    pid_entry(s->id)->session = NULL;
    free(s);
}

void session_get(struct session *session)
{
    host_mutex_lock(&kernel_lock);
    session->refs++;
    host_mutex_unlock(&kernel_lock);
}

void session_put(struct session *session)
{
    host_mutex_lock(&kernel_lock);
    session_put_locked(session);
    host_mutex_unlock(&kernel_lock);
}

struct session *session_current(struct task *t)
{
    host_mutex_lock(&kernel_lock);
    struct session *session = t->process->pgrp->session;
    session->refs++;
    host_mutex_unlock(&kernel_lock);
    return session;
}
