/* Kernel objects that threads of a guest share: an epoll whose items are added, changed and taken
 * away while what they watch becomes ready. The guest's memory is a piece of the test's own. */
#include "together.h"

#include <string.h>

#include "runtime/abi/poll.h"
#include "runtime/abi/resource.h"
#include "runtime/fs/vfs/fdtable.h"
#include "runtime/fs/vfs/file.h"
#include "runtime/kernel/kernel_calls.h"
#include "runtime/memory/internal.h"
#include "runtime/task/process.h"
#include "runtime/task/task.h"

#define ROUNDS 3000
#define FIRST  4096u /* the guest's address of `memory` */

/* Each part has some of it. */
static uint8_t memory[4][4096] __attribute__((aligned(4096)));
static struct space space;
static struct process process;
static struct task task;
static int64_t epoll, event, other;

static uint64_t address_of(int which)
{
    return FIRST + sizeof(memory[0]) * (unsigned)which;
}

static void set_event(int which, uint32_t events)
{
    struct l_epoll_event e = {.events = events, .data = (uint64_t)which};
    memcpy(memory[which], &e, sizeof(e));
}

static void change(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        set_event(0, i & 1 ? L_POLLIN : L_POLLIN | L_EPOLLET);
        ck_assert_int_eq(
            sys_epoll_ctl(&task, (uint64_t)epoll, L_EPOLL_CTL_MOD, (uint64_t)event, address_of(0)),
            0);
    }
}

static void add_and_remove(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        set_event(1, L_POLLIN | L_POLLOUT);
        ck_assert_int_eq(
            sys_epoll_ctl(&task, (uint64_t)epoll, L_EPOLL_CTL_ADD, (uint64_t)other, address_of(1)),
            0);
        ck_assert_int_eq(sys_epoll_ctl(&task, (uint64_t)epoll, L_EPOLL_CTL_DEL, (uint64_t)other, 0),
                         0);
    }
}

static void wait_for_events(void)
{
    for (int i = 0; i < ROUNDS; i++)
        ck_assert_int_ge(sys_epoll_wait(&task, (uint64_t)epoll, address_of(2), 8, 0), 0);
}

/* Ready and not ready in turns. */
static void make_ready(void)
{
    uint64_t one = 1, got;
    struct file *file = files_get(task.files, (int)event);
    for (int i = 0; i < ROUNDS; i++) {
        ck_assert_int_eq(file->ops->write(file, &one, sizeof(one), NULL), sizeof(one));
        ck_assert_int_eq(file->ops->read(file, &got, sizeof(got), NULL), sizeof(got));
    }
    file_put(file);
}

START_TEST(epoll_shared)
{
    space.base = (uint64_t)(uintptr_t)memory - FIRST;
    atomic_init(&space.window.limit, FIRST + sizeof(memory));
    process.space = &space;
    process.rlimits[L_RLIMIT_NOFILE].rlim_cur = 100;
    task.process = &process;
    task.files = files_new();
    epoll = sys_epoll_create1(&task, 0);
    event = sys_eventfd2(&task, 0, 0);
    other = sys_eventfd2(&task, 1, 0);
    ck_assert(epoll >= 0 && event >= 0 && other >= 0);
    set_event(0, L_POLLIN);
    ck_assert_int_eq(
        sys_epoll_ctl(&task, (uint64_t)epoll, L_EPOLL_CTL_ADD, (uint64_t)event, address_of(0)), 0);
    TOGETHER(change, add_and_remove, wait_for_events, make_ready);
    files_put(task.files);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("objects");
    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, epoll_shared);
    return unit_run("objects", tc);
}
