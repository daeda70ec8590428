/* Does what the checks of a debug or sanitizer build have to find; planted.sh looks whether they
 * do. planted order      takes a lock of an outer rank under one of an inner rank planted twice
 * takes a lock that the thread holds planted rankless   takes a lock that was not initialised
 *   planted release    releases a lock that another thread took
 *   planted accessor   touches guest memory with a lock held
 *   planted right      takes locks in the right order, tries one in the wrong one, waits */
#include <stdio.h>
#include <string.h>

#include "runtime/host/lock.h"
#include "runtime/host/thread.h"
#include "runtime/memory/access.h"
#include "runtime/memory/space.h"

static struct host_mutex outer = HOST_MUTEX_INIT(RANK_INODE);
static struct host_mutex sibling = HOST_MUTEX_INIT(RANK_INODE);
static struct host_mutex inner = HOST_MUTEX_INIT(RANK_WAITQ);
static struct host_mutex rankless;
static struct host_cond taken = HOST_COND_INIT;
static bool is_taken;

__attribute__((noinline)) static void takes_inner(void)
{
    host_mutex_lock(&inner);
}

__attribute__((noinline)) static void takes_outer(void)
{
    host_mutex_lock(&outer);
}

static void takes_for_another(void *arg)
{
    (void)arg;
    takes_outer();
    host_mutex_lock(&inner);
    is_taken = true;
    host_cond_broadcast(&taken);
    host_mutex_unlock(&inner);
}

static void releases_anothers(void)
{
    if (host_thread_start(takes_for_another, NULL))
        return;
    takes_inner();
    while (!is_taken)
        host_cond_wait(&taken, &inner, HOST_FOREVER);
    host_mutex_unlock(&inner);
    host_mutex_unlock(&outer);
}

static void touches(void)
{
    uint32_t word;
    struct space *space = space_create();
    takes_inner();
    get_guest_u32(space, 0, &word);
}

static void right(void)
{
    takes_outer();
    host_mutex_lock(&sibling);
    takes_inner();
    host_mutex_unlock(&outer);
    if (host_mutex_trylock(&outer))
        host_mutex_unlock(&outer);
    host_cond_wait(&taken, &inner, 0);
    host_mutex_unlock(&inner);
    host_mutex_unlock(&sibling);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (!strcmp(what, "order")) {
        takes_inner();
        takes_outer();
    } else if (!strcmp(what, "twice")) {
        takes_outer();
        takes_outer();
    } else if (!strcmp(what, "rankless")) {
        host_mutex_lock(&rankless);
    } else if (!strcmp(what, "release")) {
        releases_anothers();
    } else if (!strcmp(what, "accessor")) {
        touches();
    } else if (!strcmp(what, "right")) {
        right();
    } else {
        return 2;
    }
    puts("not found");
    return 0;
}
