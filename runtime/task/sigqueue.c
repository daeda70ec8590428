/* Queues of pending signals. */
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/host/heap.h"
#include "runtime/task/signal.h"

/* Delivered before all others, because they belong to the instruction the thread stands at. */
#define SYNCHRONOUS                                                                                \
    (L_SIGBIT(L_SIGSEGV) | L_SIGBIT(L_SIGBUS) | L_SIGBIT(L_SIGILL) | L_SIGBIT(L_SIGTRAP) |         \
     L_SIGBIT(L_SIGFPE) | L_SIGBIT(L_SIGSYS))

int sigqueue_push(struct sigqueue *q, int sig, const struct l_siginfo *info, uint32_t *count,
                  uint64_t limit)
{
    /* A standard signal is pending once or not at all. */
    if (sig < L_SIGRTMIN && (q->set & L_SIGBIT(sig)))
        return 0;
    bool keep = sig < L_SIGRTMIN && info->si_code >= 0;
    struct sigentry *e = *count < limit || keep ? malloc(sizeof(*e)) : NULL;
    if (!e) {
        /* Without its information a signal from kill(2) still arrives; one from sigqueue(3) may not
         * be lost silently. */
        if (sig >= L_SIGRTMIN && info->si_code != L_SI_USER)
            return -L_EAGAIN;
        q->set |= L_SIGBIT(sig);
        return 0;
    }
    e->next = NULL;
    e->info = *info;
    e->info.si_signo = sig;
    if (q->last)
        q->last->next = e;
    else
        q->first = e;
    q->last = e;
    q->set |= L_SIGBIT(sig);
    ++*count;
    return 0;
}

/* Takes the oldest entry of a signal out; *more tells whether another one is left. */
static bool take_entry(struct sigqueue *q, int sig, struct l_siginfo *info, bool *more)
{
    struct sigentry *found = NULL, *prev = NULL;
    *more = false;
    for (struct sigentry *e = q->first, *before = NULL; e; before = e, e = e->next) {
        if (e->info.si_signo != sig)
            continue;
        if (found) {
            *more = true;
            break;
        }
        found = e;
        prev = before;
    }
    if (!found)
        return false;
    if (prev)
        prev->next = found->next;
    else
        q->first = found->next;
    if (q->last == found)
        q->last = prev;
    *info = found->info;
    free(found);
    return true;
}

int sigqueue_pop(struct sigqueue *q, uint64_t wanted, struct l_siginfo *info, uint32_t *count)
{
    uint64_t set = q->set & wanted;
    if (!set)
        return 0;
    if (set & SYNCHRONOUS)
        set &= SYNCHRONOUS;
    int sig = __builtin_ctzll(set) + 1;
    bool more;
    if (take_entry(q, sig, info, &more)) {
        --*count;
    } else {
        memset(info, 0, sizeof(*info));
        info->si_signo = sig;
    }
    if (!more)
        q->set &= ~L_SIGBIT(sig);
    return sig;
}

void sigqueue_remove(struct sigqueue *q, uint64_t set, uint32_t *count)
{
    struct sigentry **link = &q->first;
    q->last = NULL;
    while (*link) {
        struct sigentry *e = *link;
        if (set & L_SIGBIT(e->info.si_signo)) {
            *link = e->next;
            free(e);
            --*count;
        } else {
            q->last = e;
            link = &e->next;
        }
    }
    q->set &= ~set;
}
