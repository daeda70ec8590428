/* Threads that change credentials at the same time: what one gives away stays given away, whatever
 * another one sets meanwhile. Only root can play this. */
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define SETPCAP  8 /* dropping needs it */
#define LAST     31
#define CHILDREN 20

static atomic_int sets;
static atomic_bool done;

/* Changes nothing, but writes the credentials. */
static void *set_the_same(void *arg)
{
    (void)arg;
    for (; !atomic_load(&done); atomic_fetch_add(&sets, 1))
        if (syscall(SYS_setresgid, -1, -1, -1))
            return "setresgid";
    return NULL;
}

/* Until the other thread has set them once more, or cannot any more. */
static void wait_for_set(pthread_t other)
{
    int seen = atomic_load(&sets);
    while (atomic_load(&sets) == seen && pthread_kill(other, 0) == 0)
        sched_yield();
}

static void give_away(void)
{
    pthread_t other;
    void *failed;
    CHECK_EQ(pthread_create(&other, NULL, set_the_same, NULL), 0);
    for (unsigned long cap = 0; cap <= LAST; cap++) {
        if (cap == SETPCAP)
            continue;
        wait_for_set(other);
        CHECK_OK(prctl(PR_CAPBSET_DROP, cap, 0, 0, 0));
    }
    CHECK_OK(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
    atomic_store(&done, true);
    CHECK_EQ(pthread_join(other, &failed), 0);
    CHECK(!failed);
    for (unsigned long cap = 0; cap <= LAST; cap++)
        CHECK_EQ(prctl(PR_CAPBSET_READ, cap, 0, 0, 0), cap == SETPCAP);
    CHECK_EQ(prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0), 1);
}

int main(void)
{
    if (geteuid() != 0)
        return check_done();
    for (int i = 0; i < CHILDREN; i++) {
        int status;
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            give_away();
            _exit(check_failed != 0);
        }
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    return check_done();
}
