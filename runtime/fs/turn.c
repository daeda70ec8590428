#include "runtime/fs/turn.h"

#include "runtime/abi/errno.h"

static bool take_now(void *arg)
{
    struct turn *turn = arg;
    return !atomic_exchange(&turn->taken, true);
}

int turn_take(struct turn *turn)
{
    return wait_until_killable(&turn->wait, take_now, turn, WAIT_FOREVER) ? -L_EINTR : 0;
}

void turn_give(struct turn *turn)
{
    atomic_store(&turn->taken, false);
    waitq_wake(&turn->wait, 0);
}
