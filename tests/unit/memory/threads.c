/* Several threads of one address space: nobody may see a page before it is complete. */
#include "runtime/abi/errno.h"
#include "runtime/abi/mman.h"
#include "runtime/host/park.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"
#include "runtime/memory/access.h"
#include "runtime/memory/mapping.h"
#include "runtime/memory/shared_block.h"
#include "runtime/memory/space.h"
#include "tests/unit/run.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

#define PAGE    ((uint64_t)4096)
#define KIB     ((uint64_t)1024)
#define RW      (L_PROT_READ | L_PROT_WRITE)
#define ANON    (L_MAP_PRIVATE | L_MAP_ANONYMOUS)
#define THREADS 4
#define SIZE    (256 * KIB)
#define ROUNDS  150

static struct space *space;
static uint64_t base;
static _Atomic unsigned round_number, working, wrong;
static _Atomic bool leave;
static struct host_mutex lock = HOST_MUTEX_INIT(RANK_TEST);
static struct host_cond turn = HOST_COND_INIT, idle = HOST_COND_INIT;

static uint32_t pattern(uint64_t at)
{
    return (uint32_t)at * 2654435761u | 1;
}

/* Each thread starts elsewhere, so that some come while others fill. */
static void read_all(unsigned number)
{
    for (uint64_t i = 0; i < SIZE; i += 1024) {
        uint64_t at = (i + number * 1020) % SIZE & ~(uint64_t)3;
        uint32_t word;
        if (get_guest_u32(space, base + at, &word) || word != pattern(at))
            wrong++;
    }
}

static void worker(void *arg)
{
    unsigned number = (unsigned)(uintptr_t)arg, seen = 0;
    space_thread_enter(space);
    for (;;) {
        host_mutex_lock(&lock);
        while (round_number == seen && !leave)
            host_cond_wait(&turn, &lock, HOST_FOREVER);
        seen = round_number;
        host_mutex_unlock(&lock);
        if (leave)
            break;
        read_all(number);
        host_mutex_lock(&lock);
        if (--working == 0)
            host_cond_signal(&idle);
        host_mutex_unlock(&lock);
    }
    space_thread_leave(space);
    host_mutex_lock(&lock);
    if (--working == 0)
        host_cond_signal(&idle);
    host_mutex_unlock(&lock);
}

static void wait_for_workers(void)
{
    uint64_t deadline = host_clock_monotonic_ns() + 60000000000;
    while (working)
        ck_assert(host_cond_wait(&idle, &lock, deadline));
    host_mutex_unlock(&lock);
}

static void start_workers(void)
{
    leave = false;
    wrong = round_number = 0;
    for (unsigned i = 0; i < THREADS; i++)
        ck_assert_int_eq(host_thread_start(worker, (void *)(uintptr_t)i), 0);
}

static void next_round(void)
{
    host_mutex_lock(&lock);
    working = THREADS;
    round_number++;
    host_cond_broadcast(&turn);
    wait_for_workers();
    ck_assert_uint_eq(wrong, 0);
}

static void stop_workers(void)
{
    host_mutex_lock(&lock);
    working = THREADS;
    leave = true;
    host_cond_broadcast(&turn);
    wait_for_workers();
}

static struct mapping *make_file(void)
{
    struct mapping *file = mapping_create_anonymous(SIZE, "pattern");
    for (uint64_t at = 0; at < SIZE; at += 4) {
        struct block *block;
        uint32_t word = pattern(at);
        ck_assert_int_eq(file->ops->block(file, at / BLOCK_SIZE, true, &block), 0);
        memcpy(block->data + at % BLOCK_SIZE, &word, 4);
        block_put(block);
    }
    return file;
}

START_TEST(file_pages)
{
    struct mapping *file = make_file();
    space = space_create();
    start_workers();
    for (unsigned i = 0; i < ROUNDS; i++) {
        base = (uint64_t)space_mmap(space, 0, SIZE, RW, L_MAP_PRIVATE, file, 0);
        next_round();
        ck_assert_int_eq(space_munmap(space, base, SIZE), 0);
    }
    stop_workers();
    space_put(space);
    mapping_put(file);
}
END_TEST

START_TEST(shared_pages)
{
    struct mapping *file = make_file();
    space = space_create();
    start_workers();
    for (unsigned i = 0; i < ROUNDS; i++) {
        base = (uint64_t)space_mmap(space, 0, SIZE, RW, L_MAP_SHARED, file, 0);
        /* Wine shows zeros for a moment where a view is being mapped; Windows does not. So the
         * views are there before the threads come; what they change is the protection. */
        for (uint64_t at = 0; at < SIZE; at += BLOCK_SIZE) {
            uint32_t word;
            ck_assert_int_eq(get_guest_u32(space, base + at, &word), 0);
        }
        ck_assert_int_eq(space_mprotect(space, base, SIZE, L_PROT_NONE), 0);
        ck_assert_int_eq(space_mprotect(space, base, SIZE, L_PROT_READ), 0);
        next_round();
        ck_assert_int_eq(space_munmap(space, base, SIZE), 0);
    }
    stop_workers();
    space_put(space);
    mapping_put(file);
}
END_TEST

/* The workers' space forks; the child's contents and the parent's stay whole. */
START_TEST(forked_pages)
{
    space = space_create();
    base = (uint64_t)space_mmap(space, 0, SIZE, RW, ANON, NULL, 0);
    for (uint64_t at = 0; at < SIZE; at += 4)
        ck_assert_int_eq(put_guest_u32(space, base + at, pattern(at)), 0);
    /* The workers run in the child of a space that goes on storing. */
    for (unsigned i = 0; i < ROUNDS / 5; i++) {
        int error;
        struct space *parent = space;
        struct space *child = space_fork(parent, &error);
        ck_assert_ptr_nonnull(child);
        space = child;
        start_workers();
        host_mutex_lock(&lock);
        working = THREADS;
        round_number++;
        host_cond_broadcast(&turn);
        host_mutex_unlock(&lock);
        for (uint64_t at = 0; at < SIZE; at += PAGE)
            ck_assert_int_eq(put_guest_u32(parent, base + at, 0), 0);
        host_mutex_lock(&lock);
        wait_for_workers();
        ck_assert_uint_eq(wrong, 0);
        stop_workers();
        space_put(parent);
    }
    space_put(space);
    ck_assert_uint_eq(memory_used(), memory_kernel_used());
}
END_TEST

/* Threads that map, protect, fill and unmap, each in its own part, side by side in 64 KiB. */
static void churn(void *arg)
{
    uint64_t mine = base + (uint64_t)(uintptr_t)arg * 5 * PAGE;
    space_thread_enter(space);
    for (uint32_t i = 1; i <= 400; i++) {
        bool good =
            space_mmap(space, mine, 5 * PAGE, RW, ANON | L_MAP_FIXED, NULL, 0) == (int64_t)mine;
        for (uint64_t at = 0; at < 5 * PAGE && good; at += PAGE) {
            uint32_t word;
            good = get_guest_u32(space, mine + at, &word) == 0 && word == 0 &&
                   put_guest_u32(space, mine + at, i) == 0;
        }
        uint32_t word;
        good = good && space_mprotect(space, mine + PAGE, PAGE, L_PROT_READ) == 0 &&
               put_guest_u32(space, mine + PAGE, 0) == -L_EFAULT &&
               get_guest_u32(space, mine + PAGE, &word) == 0 && word == i &&
               space_munmap(space, mine, 2 * PAGE) == 0 &&
               get_guest_u32(space, mine, &word) == -L_EFAULT &&
               get_guest_u32(space, mine + 2 * PAGE, &word) == 0 && word == i;
        if (!good)
            wrong++;
    }
    space_thread_leave(space);
    host_mutex_lock(&lock);
    if (--working == 0)
        host_cond_signal(&idle);
    host_mutex_unlock(&lock);
}

START_TEST(neighbours)
{
    space = space_create();
    base = 0x40000000;
    wrong = 0;
    working = THREADS;
    for (unsigned i = 0; i < THREADS; i++)
        ck_assert_int_eq(host_thread_start(churn, (void *)(uintptr_t)i), 0);
    host_mutex_lock(&lock);
    wait_for_workers();
    ck_assert_uint_eq(wrong, 0);
    space_put(space);
    ck_assert_uint_eq(memory_used(), memory_kernel_used());
}
END_TEST

int main(void)
{
    if (space_init())
        return EXIT_FAILURE;
    TCase *tcase = tcase_create("threads");
    tcase_set_timeout(tcase, 100);
    tcase_add_test(tcase, file_pages);
    tcase_add_test(tcase, shared_pages);
    tcase_add_test(tcase, forked_pages);
    tcase_add_test(tcase, neighbours);
    return unit_run("threads", tcase);
}
