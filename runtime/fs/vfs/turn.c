/* Turns: a lock that may be kept while guest memory is touched, and whose wait can be killed. */
#include "runtime/fs/vfs/turn.h"

#include "runtime/abi/errno.h"

static bool take_now(void *arg)
{
    struct turn *turn = arg;
    return !atomic_exchange(&turn->taken, true);
}

void turn_init(struct turn *turn)
{
    atomic_init(&turn->taken, false);
    waitq_init(&turn->wait);
}

int turn_take(struct turn *turn)
{
    if (take_now(turn))
        return 0;
    return wait_until_killable(&turn->wait, take_now, turn, WAIT_FOREVER) ? -L_EINTR : 0;
}

void turn_give(struct turn *turn)
{
    /* An exchange is also the barrier that has to come before the look at the queue. */
    (void)atomic_exchange(&turn->taken, false);
    if (waitq_is_waited_for(&turn->wait))
        waitq_wake(&turn->wait, 0);
}
