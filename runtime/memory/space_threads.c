/*
 * The threads of a space. On Windows a page can only be filled while everybody can see it: the
 * other threads are held for that moment.
 */
#define HEAP_TIER HEAP_RESERVE /* as the pages it stands for */
#include "runtime/host/heap.h"
#include "runtime/host/thread.h"
#include "runtime/memory/internal.h"

void space_thread_enter(struct space *space)
{
    struct host_thread *self = host_thread_self();
    host_mutex_lock(&space->lock);
    if (space->thread_count == space->thread_room) {
        size_t room = space->thread_room * 2 + 4;
        struct host_thread **threads = realloc(space->threads, room * sizeof(*threads));
        if (threads) {
            space->threads = threads;
            space->thread_room = room;
        }
    }
    if (space->thread_count < space->thread_room)
        space->threads[space->thread_count++] = self;
    else
        space->unknown_threads = true;
    host_mutex_unlock(&space->lock);
}

void space_thread_leave(struct space *space)
{
    struct host_thread *self = host_thread_self();
    host_mutex_lock(&space->lock);
    for (size_t i = 0; i < space->thread_count; i++) {
        if (space->threads[i] != self)
            continue;
        space->threads[i] = space->threads[--space->thread_count];
        break;
    }
    host_mutex_unlock(&space->lock);
}

bool threads_are_alone(const struct space *space)
{
    return !space->unknown_threads &&
           (!space->thread_count ||
            (space->thread_count == 1 && space->threads[0] == host_thread_self()));
}

void threads_hold(struct space *space)
{
    if (space->thread_count)
        host_threads_hold(space->threads, space->thread_count);
}

void threads_resume(struct space *space)
{
    if (space->thread_count)
        host_threads_resume(space->threads, space->thread_count);
}
