/* What is counted for each user. */
#include "runtime/task/user.h"

#include "runtime/host/heap.h"
#include "runtime/host/lock.h"

static struct host_mutex lock = HOST_MUTEX_INIT(RANK_USER);
static struct user *users;

struct user *user_find(uint32_t uid)
{
    host_mutex_lock(&lock);
    struct user *user = users;
    while (user && user->uid != uid)
        user = user->next;
    if (!user && (user = calloc(1, sizeof(*user)))) {
        user->uid = uid;
        user->next = users;
        users = user;
    }
    if (user)
        user->refs++;
    host_mutex_unlock(&lock);
    return user;
}

struct user *user_get(struct user *user)
{
    host_mutex_lock(&lock);
    user->refs++;
    host_mutex_unlock(&lock);
    return user;
}

void user_put(struct user *user)
{
    if (!user)
        return;
    host_mutex_lock(&lock);
    if (--user->refs == 0) {
        struct user **link = &users;
        while (*link != user)
            link = &(*link)->next;
        *link = user->next;
        free(user);
    }
    host_mutex_unlock(&lock);
}
