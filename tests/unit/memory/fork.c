/* Copies of address spaces: what parent and child see of each other's stores. */
#include "runtime/abi/errno.h"
#include "runtime/abi/mman.h"
#include "runtime/host/env.h"
#include "runtime/host/memory.h"
#include "runtime/host/park.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"
#include "runtime/memory/access.h"
#include "runtime/memory/space.h"
#include "tests/unit/run.h"
#include <check.h>
#include <stdlib.h>

#define PAGE ((uint64_t)4096)
#define KIB  ((uint64_t)1024)
#define MIB  (1024 * KIB)
#define RW   (L_PROT_READ | L_PROT_WRITE)
#define ANON (L_MAP_PRIVATE | L_MAP_ANONYMOUS)

static uint64_t map(struct space *space, uint64_t length, uint32_t prot, uint32_t flags)
{
    int64_t result = space_mmap(space, 0, length, prot, flags, NULL, 0);
    ck_assert_int_gt(result, 0);
    return (uint64_t)result;
}

static uint32_t get(struct space *space, uint64_t address)
{
    uint32_t value = 0xdead;
    ck_assert_int_eq(get_guest_u32(space, address, &value), 0);
    return value;
}

static void put(struct space *space, uint64_t address, uint32_t value)
{
    ck_assert_int_eq(put_guest_u32(space, address, value), 0);
}

static struct space *copy(struct space *parent)
{
    int error = 0;
    struct space *child = space_fork(parent, &error);
    ck_assert_ptr_nonnull(child);
    ck_assert_int_eq(error, 0);
    ck_assert_uint_ne(space_base(child), space_base(parent));
    return child;
}

static void drop(struct space *space)
{
    space_put(space);
}

static void nothing_left(void)
{
    ck_assert_uint_eq(memory_used(), memory_kernel_used());
}

START_TEST(both_directions)
{
    struct space *parent = space_create();
    uint64_t a = map(parent, MIB, RW, ANON);
    for (uint64_t at = 0; at < MIB; at += PAGE)
        put(parent, a + at, (uint32_t)at + 1);
    struct space *child = copy(parent);
    put(parent, a, 7);
    put(child, a + PAGE, 8);
    put(child, a + 512 * KIB, 9);
    ck_assert_uint_eq(get(child, a), 1);
    ck_assert_uint_eq(get(parent, a + PAGE), PAGE + 1);
    ck_assert_uint_eq(get(parent, a + 512 * KIB), 512 * KIB + 1);
    ck_assert_uint_eq(get(parent, a), 7);
    for (uint64_t at = 2 * PAGE; at < MIB; at += PAGE) {
        if (at == 512 * KIB)
            continue;
        put(at & PAGE ? parent : child, a + at, 0);
        ck_assert_uint_eq(get(at & PAGE ? child : parent, a + at), at + 1);
    }
    drop(parent);
    ck_assert_uint_eq(get(child, a + PAGE), 8);
    drop(child);
}
END_TEST

START_TEST(outlives_its_process)
{
    struct space *parent = space_create();
    uint64_t a = map(parent, MIB, RW, ANON);
    for (uint64_t at = 0; at < MIB; at += PAGE)
        put(parent, a + at, (uint32_t)at + 1);
    struct space *child = copy(parent);
    struct space *grandchild = copy(child);
    put(child, a + 64 * KIB, 5);
    drop(parent);
    for (uint64_t at = 0; at < 512 * KIB; at += PAGE) {
        ck_assert_uint_eq(get(child, a + at), at == 64 * KIB ? 5 : at + 1);
        ck_assert_uint_eq(get(grandchild, a + at), at + 1);
    }
    drop(child);
    for (uint64_t at = 0; at < MIB; at += PAGE)
        ck_assert_uint_eq(get(grandchild, a + at), at + 1);
    drop(grandchild);
}
END_TEST

START_TEST(generations)
{
    struct space *parent = space_create();
    struct space *children[8];
    uint64_t a = map(parent, 256 * KIB, RW, ANON);
    for (uint32_t i = 0; i < 8; i++) {
        put(parent, a, i);
        put(parent, a + 64 * KIB + i * PAGE, 100 + i);
        children[i] = copy(parent);
    }
    put(parent, a, 1000);
    for (uint32_t i = 0; i < 8; i++) {
        ck_assert_uint_eq(get(children[i], a), i);
        for (uint32_t j = 0; j < 8; j++)
            ck_assert_uint_eq(get(children[i], a + 64 * KIB + j * PAGE), j <= i ? 100 + j : 0);
        ck_assert_uint_eq(get(children[i], a + 128 * KIB), 0);
    }
    for (uint32_t i = 0; i < 8; i++)
        drop(children[i]);
    ck_assert_uint_eq(get(parent, a), 1000);
    drop(parent);
}
END_TEST

START_TEST(parent_unmaps_and_protects)
{
    struct space *parent = space_create();
    uint64_t a = map(parent, 4 * 64 * KIB, RW, ANON);
    for (uint32_t i = 0; i < 4; i++)
        put(parent, a + i * 64 * KIB, i + 1);
    ck_assert_int_eq(space_mprotect(parent, a + 3 * 64 * KIB, PAGE, L_PROT_NONE), 0);
    struct space *child = copy(parent);
    ck_assert_int_eq(space_munmap(parent, a, 64 * KIB), 0);
    ck_assert_int_eq(space_madvise(parent, a + 64 * KIB, 64 * KIB, L_MADV_DONTNEED), 0);
    ck_assert_int_eq(space_mprotect(parent, a + 128 * KIB, 64 * KIB, L_PROT_NONE), 0);
    ck_assert_uint_eq(get(parent, a + 64 * KIB), 0);
    for (uint32_t i = 0; i < 3; i++)
        ck_assert_uint_eq(get(child, a + i * 64 * KIB), i + 1);
    uint32_t word;
    ck_assert_int_eq(get_guest_u32(child, a + 3 * 64 * KIB, &word), -L_EFAULT);
    ck_assert_int_eq(get_guest_u32(parent, a + 3 * 64 * KIB, &word), -L_EFAULT);
    ck_assert_int_eq(space_mprotect(child, a + 3 * 64 * KIB, PAGE, L_PROT_READ), 0);
    ck_assert_uint_eq(get(child, a + 3 * 64 * KIB), 4);
    drop(parent);
    drop(child);
}
END_TEST

START_TEST(child_replaces_pending)
{
    struct space *parent = space_create();
    uint64_t a = map(parent, 64 * KIB, RW, ANON);
    for (uint32_t i = 0; i < 16; i++)
        put(parent, a + i * PAGE, i + 1);
    struct space *child = copy(parent);
    ck_assert_int_eq(space_munmap(child, a + PAGE, PAGE), 0);
    ck_assert_int_eq(space_mmap(child, a + 2 * PAGE, PAGE, RW, ANON | L_MAP_FIXED, NULL, 0),
                     (int64_t)(a + 2 * PAGE));
    ck_assert_uint_eq(get(child, a + 2 * PAGE), 0);
    ck_assert_uint_eq(get(child, a), 1);
    ck_assert_uint_eq(get(child, a + 15 * PAGE), 16);
    uint32_t word;
    ck_assert_int_eq(get_guest_u32(child, a + PAGE, &word), -L_EFAULT);
    ck_assert_uint_eq(get(parent, a + PAGE), 2);
    drop(child);
    drop(parent);
}
END_TEST

START_TEST(shared_stays_shared)
{
    struct space *parent = space_create();
    uint64_t a = map(parent, 256 * KIB, RW, L_MAP_SHARED | L_MAP_ANONYMOUS);
    uint64_t hidden = map(parent, PAGE, RW, ANON), wiped = map(parent, PAGE, RW, ANON);
    put(parent, a, 1);
    put(parent, hidden, 1);
    put(parent, wiped, 1);
    ck_assert_int_eq(space_madvise(parent, hidden, PAGE, L_MADV_DONTFORK), 0);
    ck_assert_int_eq(space_madvise(parent, wiped, PAGE, L_MADV_WIPEONFORK), 0);
    struct space *child = copy(parent);
    put(child, a, 2);
    put(parent, a + 200 * KIB, 3);
    ck_assert_uint_eq(get(parent, a), 2);
    ck_assert_uint_eq(get(child, a + 200 * KIB), 3);
    uint32_t word;
    ck_assert_int_eq(get_guest_u32(child, hidden, &word), -L_EFAULT);
    ck_assert_uint_eq(get(child, wiped), 0);
    ck_assert_uint_eq(get(parent, wiped), 1);
    drop(parent);
    ck_assert_uint_eq(get(child, a), 2);
    drop(child);
}
END_TEST

START_TEST(break_and_growth)
{
    struct space *parent = space_create();
    space_set_brk(parent, 0x10000000);
    space_brk(parent, 0x10003000);
    put(parent, 0x10002000, 4);
    struct space *child = copy(parent);
    ck_assert_uint_eq(space_brk(child, 0), 0x10003000);
    ck_assert_uint_eq(space_brk(child, 0x10005000), 0x10005000);
    put(child, 0x10004000, 5);
    ck_assert_uint_eq(get(child, 0x10002000), 4);
    int64_t moved = space_mremap(child, 0x10000000, 0x5000, 0x20000, L_MREMAP_MAYMOVE, 0);
    ck_assert_int_gt(moved, 0);
    ck_assert_uint_eq(get(child, (uint64_t)moved + 0x2000), 4);
    ck_assert_uint_eq(get(child, (uint64_t)moved + 0x4000), 5);
    ck_assert_uint_eq(get(parent, 0x10002000), 4);
    drop(child);
    drop(parent);
}
END_TEST

/* Every second chunk changed by one side: more differences than a host has mappings. */
START_TEST(more_pieces_than_mappings)
{
    const uint64_t chunks = 70000;
    if (host_memory_available() < 2 * chunks * 64 * KIB) /* it takes 6.1 GB, and is not alone */
        return;
    struct space *parent = space_create();
    uint64_t a = map(parent, chunks * 64 * KIB, RW, ANON | L_MAP_NORESERVE);
    for (uint64_t i = 0; i < chunks; i++)
        put(parent, a + i * 64 * KIB, (uint32_t)i + 1);
    struct space *child = copy(parent);
    for (uint64_t i = 0; i < chunks; i += 2)
        put(parent, a + i * 64 * KIB, 0);
    for (uint64_t i = 0; i < chunks; i += 97)
        ck_assert_uint_eq(get(parent, a + i * 64 * KIB), i & 1 ? i + 1 : 0);
    for (uint64_t i = 1; i < chunks; i += 997)
        ck_assert_uint_eq(get(child, a + i * 64 * KIB), i + 1);
    drop(child);
    drop(parent);
}
END_TEST

START_TEST(two_hundred)
{
    struct space *spaces[200];
    uint64_t a = 0;
    for (unsigned i = 0; i < 200; i++) {
        spaces[i] = i % 10 ? copy(spaces[i - 1]) : space_create();
        ck_assert_ptr_nonnull(spaces[i]);
        if (i % 10 == 0)
            a = map(spaces[i], MIB, RW, ANON);
        put(spaces[i], a + (i % 10) * 64 * KIB, i);
    }
    for (unsigned i = 0; i < 200; i++)
        for (unsigned j = 0; j <= i % 10; j++)
            ck_assert_uint_eq(get(spaces[i], a + j * 64 * KIB), i - i % 10 + j);
    for (unsigned i = 0; i < 200; i++)
        drop(spaces[(i * 77) % 200]);
}
END_TEST

/* Windows are given back: more spaces one after the other than there are windows. */
START_TEST(windows_are_used_again)
{
    struct space *parent = space_create();
    uint64_t a = map(parent, 64 * KIB, RW, ANON);
    for (unsigned i = 0; i < 1500; i++) {
        struct space *child = copy(parent);
        put(i & 1 ? parent : child, a, i);
        drop(child);
    }
    static struct space *many[5000];
    unsigned count = 0;
    while (count < 5000 && (many[count] = space_create()))
        count++;
    ck_assert_uint_ge(count, 4000);
    ck_assert_uint_lt(count, 4100);
    int error = 0;
    ck_assert_ptr_null(space_fork(parent, &error));
    ck_assert_int_eq(error, -L_EAGAIN);
    while (count)
        drop(many[--count]);
    drop(parent);
}
END_TEST

/* A parent's thread counts up in a page while forks are made: a child's words agree. */
#define WORDS 4
static _Atomic bool stop;
static struct host_parker stopped = HOST_PARKER_INIT;
struct writer {
    struct space *space;
    uint64_t address;
};

static void write_words(void *arg)
{
    struct writer *writer = arg;
    space_thread_enter(writer->space);
    for (uint32_t i = 1; !stop; i++)
        for (unsigned word = 0; word < WORDS; word++)
            if (put_guest_u32(writer->space, writer->address + word * 64 * KIB, i))
                stop = true;
    space_thread_leave(writer->space);
    host_unpark(&stopped);
}

START_TEST(parent_keeps_running)
{
    struct space *parent = space_create();
    struct writer writer = {parent, map(parent, WORDS * 64 * KIB, RW, ANON)};
    uint32_t last = 0;
    stop = false;
    ck_assert_int_eq(host_thread_start(write_words, &writer), 0);
    for (unsigned i = 0; i < 300; i++) {
        struct space *child = copy(parent);
        uint32_t first = get(child, writer.address);
        for (unsigned word = 1; word < WORDS; word++) {
            uint32_t value = get(child, writer.address + word * 64 * KIB);
            /* Written after the first word, before its next value. */
            ck_assert(value == first || value + 1 == first);
        }
        ck_assert_uint_ge(first, last);
        last = first;
        drop(child);
    }
    ck_assert(!stop);
    stop = true;
    ck_assert(host_park(&stopped, host_clock_monotonic_ns() + 20000000000));
    drop(parent);
}
END_TEST

#define CHUNKS 3

/* What a round's child finds at the page-th page of the parent's memory: every fifth was never
 * touched. */
static uint32_t at_fork(unsigned page, unsigned round)
{
    return page % 5 == 4 ? 0 : page % 3 ? page + 1 : 1000 * round + page;
}

/* Children one after the other, in the windows that those before them left: each finds what the
 * parent has at that moment, and nothing of its brothers'. */
START_TEST(one_after_the_other)
{
    const unsigned pages = CHUNKS * 16;
    struct space *parent = space_create();
    uint64_t a = map(parent, CHUNKS * 64 * KIB, RW, ANON), last = 0;
    for (unsigned page = 0; page < pages; page++)
        if (page % 5 != 4)
            put(parent, a + page * PAGE, page + 1);
    for (unsigned round = 1; round < 12; round++) {
        for (unsigned page = 0; page < pages; page++)
            if (page % 3 == 0 && page % 5 != 4)
                put(parent, a + page * PAGE, 1000 * round + page);
        struct space *child = copy(parent);
        ck_assert(!last || space_base(child) == last);
        last = space_base(child);
        uint64_t own = map(child, 64 * KIB, RW, ANON);
        ck_assert_uint_eq(get(child, own + round % 16 * PAGE), 0);
        for (unsigned page = 0; page < pages; page++) {
            ck_assert_uint_eq(get(child, a + page * PAGE), at_fork(page, round));
            if ((page + round) % 4)
                put(child, a + page * PAGE, 77);
            put(child, own + page % 16 * PAGE, 88);
        }
        for (unsigned page = 0; page < pages; page++)
            ck_assert_uint_eq(get(parent, a + page * PAGE), at_fork(page, round));
        drop(child);
    }
    drop(parent);
}
END_TEST

/* What the parent unmapped, protected or gave away since the last fork is not there for the next.
 */
START_TEST(changed_between_forks)
{
    struct space *parent = space_create();
    uint64_t a = map(parent, 64 * KIB, RW, ANON);
    for (unsigned page = 0; page < 16; page++)
        put(parent, a + page * PAGE, page + 1);
    for (unsigned round = 0; round < 4; round++) {
        struct space *child = copy(parent);
        for (unsigned page = 0; page < 16; page++)
            put(child, a + page * PAGE, 5);
        drop(child);
    }
    uint32_t value;
    ck_assert_int_eq(space_munmap(parent, a, PAGE), 0);
    ck_assert_int_eq(space_mprotect(parent, a + PAGE, PAGE, L_PROT_READ), 0);
    ck_assert_int_eq(space_mprotect(parent, a + 2 * PAGE, PAGE, L_PROT_NONE), 0);
    ck_assert_int_eq(space_madvise(parent, a + 3 * PAGE, PAGE, L_MADV_DONTNEED), 0);
    ck_assert_int_eq(space_madvise(parent, a + 4 * PAGE, PAGE, L_MADV_WIPEONFORK), 0);
    ck_assert_int_eq(space_madvise(parent, a + 5 * PAGE, PAGE, L_MADV_DONTFORK), 0);
    struct space *child = copy(parent);
    ck_assert_int_ne(get_guest_u32(child, a, &value), 0);
    ck_assert_uint_eq(get(child, a + PAGE), 2);
    ck_assert_int_ne(put_guest_u32(child, a + PAGE, 1), 0);
    ck_assert_int_ne(get_guest_u32(child, a + 2 * PAGE, &value), 0);
    ck_assert_uint_eq(get(child, a + 3 * PAGE), 0);
    ck_assert_uint_eq(get(child, a + 4 * PAGE), 0);
    ck_assert_int_ne(get_guest_u32(child, a + 5 * PAGE, &value), 0);
    ck_assert_int_eq(space_mprotect(child, a + 2 * PAGE, PAGE, RW), 0);
    ck_assert_uint_eq(get(child, a + 2 * PAGE), 3);
    for (unsigned page = 6; page < 16; page++)
        ck_assert_uint_eq(get(child, a + page * PAGE), page + 1);
    drop(child);
    drop(parent);
}
END_TEST

/* What rests has a bound, and is given back for who needs it. */
START_TEST(rest_is_bounded)
{
    struct space *parent = space_create(), *children[30];
    uint64_t a = map(parent, 4 * MIB, RW, ANON);
    for (unsigned round = 0; round < 3; round++) {
        for (uint64_t at = 0; at < 30 * PAGE; at += PAGE)
            put(parent, a + at, 1);
        for (unsigned i = 0; i < 30; i++)
            children[i] = copy(parent);
        for (unsigned i = 0; i < 30; i++)
            for (uint64_t at = 0; at < 30 * PAGE; at += PAGE)
                put(children[i], a + at, 2);
        for (unsigned i = 0; i < 30; i++)
            drop(children[i]);
    }
    uint64_t rests = memory_used() - memory_kernel_used() - 48 * PAGE;
    ck_assert_uint_gt(rests, 30 * PAGE);
    ck_assert_uint_le(rests, 8 * 64 * PAGE);
    memory_limit_set(memory_used() + 256 * KIB);
    for (uint64_t at = MIB; at < MIB + 256 * KIB + rests / 2; at += PAGE)
        put(parent, a + at, 1);
    memory_limit_set(0);
    drop(parent);
}
END_TEST

#ifndef __SANITIZE_ADDRESS__ /* which ends the program when it gets no mapping for itself */
/* The host allows no more pieces: a store is refused or done, and nothing is forgotten. */
START_TEST(pieces_run_out)
{
    const uint64_t pages = 80000;
    uint64_t filler, count = 0;
    if (host_pieces_left() > pages)
        return; /* as on Windows */
    struct space *parent = space_create();
    uint64_t a = map(parent, 4 * MIB, RW, ANON);
    for (uint64_t at = 0; at < 4 * MIB; at += PAGE)
        put(parent, a + at, (uint32_t)at + 1);
    struct space *child = copy(parent);
    ck_assert_int_eq(host_reserve(0, pages * 2 * PAGE, &filler), 0);
    while (count < pages && !host_commit(filler + 2 * count * PAGE, PAGE, HOST_READ | HOST_WRITE))
        count++;
    ck_assert_uint_lt(count, pages);
    unsigned refused = 0;
    for (uint64_t at = 64 * KIB; at < 4 * MIB; at += 192 * KIB)
        refused += put_guest_u32(at & 64 * KIB ? parent : child, a + at, 7) != 0;
    ck_assert_uint_le(refused, 21);
    int error = 0;
    struct space *other = space_fork(child, &error);
    ck_assert(other || error == -L_EAGAIN || error == -L_ENOMEM);
    space_put(other);
    host_release(filler, pages * 2 * PAGE);
    for (uint64_t at = 0; at < 4 * MIB; at += PAGE) {
        uint32_t mine = get(parent, a + at), theirs = get(child, a + at);
        ck_assert(mine == at + 1 || mine == 7);
        ck_assert(theirs == at + 1 || (theirs == 7 && mine == at + 1));
        put(parent, a + at, 8);
        ck_assert_uint_eq(get(child, a + at), theirs);
        put(child, a + at, 9);
        ck_assert_uint_eq(get(parent, a + at), 8);
    }
    drop(child);
    drop(parent);
}
END_TEST
#endif

int main(void)
{
    if (space_init())
        return EXIT_FAILURE;
    TCase *tcase = tcase_create("fork");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, NULL, nothing_left);
    tcase_add_test(tcase, both_directions);
    tcase_add_test(tcase, outlives_its_process);
    tcase_add_test(tcase, generations);
    tcase_add_test(tcase, parent_unmaps_and_protects);
    tcase_add_test(tcase, child_replaces_pending);
    tcase_add_test(tcase, shared_stays_shared);
    tcase_add_test(tcase, break_and_growth);
    tcase_add_test(tcase, more_pieces_than_mappings);
    tcase_add_test(tcase, two_hundred);
    tcase_add_test(tcase, windows_are_used_again);
    tcase_add_test(tcase, parent_keeps_running);
    tcase_add_test(tcase, one_after_the_other);
    tcase_add_test(tcase, changed_between_forks);
    tcase_add_test(tcase, rest_is_bounded);
#ifndef __SANITIZE_ADDRESS__
    tcase_add_test(tcase, pieces_run_out);
#endif
    return unit_run("fork", tcase);
}
