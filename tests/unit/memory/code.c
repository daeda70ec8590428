/* Code handed to the translator: what is write-protected, and what a store to it drops. */
#include "runtime/abi/signal.h"
#include "runtime/memory/access.h"
#include "runtime/memory/internal.h"
#include "runtime/translate/code_source.h"
#include "runtime/translate/cpu.h"
#include "tests/unit/run.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

#define KIB  ((uint64_t)1024)
#define RW   (L_PROT_READ | L_PROT_WRITE)
#define RX   (L_PROT_READ | L_PROT_EXEC)
#define RWX  (RW | L_PROT_EXEC)
#define ANON (L_MAP_PRIVATE | L_MAP_ANONYMOUS)

/* In the place of a codeview: what was dropped. */
struct codeview {
    unsigned drops;
    uint64_t start, end;
};

static void record(struct codeview *view, uint64_t start, uint64_t end)
{
    view->drops++;
    view->start = start;
    view->end = end;
}

static void ignore(struct codeview *view)
{
    (void)view;
}

static struct codeview *same(struct codeview *view, void *owner, uint64_t window,
                             struct codeview *former)
{
    (void)owner, (void)window, (void)former;
    return view;
}

static struct codeview view, other_view;
static struct space *space;

static struct space *make(struct codeview *with)
{
    struct space *made = space_create();
    memset(with, 0, sizeof(*with));
    made->codeview = with;
    made->drop_code = record;
    made->destroy_code = ignore;
    made->fork_code = same;
    return made;
}

static void setup(void)
{
    space = make(&view);
}

static void teardown(void)
{
    space_put(space);
    ck_assert_uint_eq(memory_used(), memory_kernel_used());
}

static uint64_t map(uint64_t length, uint32_t prot, uint32_t flags, struct mapping *file)
{
    int64_t result = space_mmap(space, 0, length, prot, flags, file, 0);
    ck_assert_int_gt(result, 0);
    return (uint64_t)result;
}

static struct code_extent extent;

static uint32_t fetch(struct space *from, uint64_t address)
{
    struct cpu_fault fault;
    uint32_t word = 0;
    ck_assert_uint_eq(space_code_source.fetch(from, address, &word, 4, &extent, &fault), 4);
    return word;
}

static void no_code(uint64_t address, int signo, int code, uint32_t error)
{
    struct cpu_fault fault;
    uint8_t byte;
    memset(&fault, 0, sizeof(fault));
    ck_assert_uint_eq(space_code_source.fetch(space, address, &byte, 1, &extent, &fault), 0);
    ck_assert_int_eq(fault.signo, signo);
    ck_assert_int_eq(fault.code, code);
    ck_assert_uint_eq(fault.address, address);
    ck_assert_uint_eq(fault.trapno, 14);
    ck_assert_uint_eq(fault.error, error);
}

START_TEST(not_code)
{
    no_code(0, L_SIGSEGV, L_SEGV_MAPERR, 4 | 16);
    no_code(UINT64_MAX, L_SIGSEGV, L_SEGV_MAPERR, 4 | 16);
    uint64_t a = map(2 * PAGE, RW, ANON, NULL);
    no_code(a, L_SIGSEGV, L_SEGV_ACCERR, 1 | 4 | 16);
    ck_assert_int_eq(space_mprotect(space, a, PAGE, L_PROT_NONE), 0);
    no_code(a, L_SIGSEGV, L_SEGV_ACCERR, 4 | 16);
    struct cpu_fault fault;
    ck_assert(!space_code_source.fault(space, a, CODE_WRITE, &fault));
    ck_assert_uint_eq(fault.error, 4 | 2);
    ck_assert_uint_eq(fault.cr2, a);
    ck_assert(space_code_source.fault(space, a + PAGE, CODE_WRITE, &fault));
}
END_TEST

START_TEST(stores_drop)
{
    uint64_t a = map(64 * KIB, RWX, ANON, NULL);
    put_guest_u32(space, a + 8, 42);
    ck_assert_uint_eq(fetch(space, a + 8), 42);
    ck_assert_uint_eq(extent.start, a);
    ck_assert_uint_eq(extent.end, a + 64 * KIB);
    ck_assert_uint_eq(extent.file_id, 0);
    ck_assert(!extent.self_check);
    ck_assert_uint_eq(view.drops, 0);
    put_guest_u32(space, a + PAGE, 1); /* another page */
    ck_assert_uint_eq(view.drops, 0);
    put_guest_u32(space, a + 100, 43);
    ck_assert_uint_eq(view.drops, 1);
    ck_assert_uint_eq(view.start, a);
    ck_assert_uint_eq(view.end, a + PAGE);
    put_guest_u32(space, a + 100, 44);
    ck_assert_uint_eq(view.drops, 1);
    /* A fetch of several pages stops at the end of the mapping. */
    uint8_t buffer[3 * PAGE];
    struct cpu_fault fault;
    ck_assert_uint_eq(
        space_code_source.fetch(space, a + 62 * KIB, buffer, sizeof(buffer), &extent, &fault),
        2 * KIB);
    ck_assert_uint_eq(
        space_code_source.fetch(space, a + 100, buffer, sizeof(buffer), &extent, &fault),
        sizeof(buffer));
}
END_TEST

START_TEST(written_and_executed_in_turns)
{
    uint64_t a = map(64 * KIB, RWX, ANON, NULL);
    unsigned i = 0;
    do {
        put_guest_u32(space, a, ++i);
        ck_assert_uint_eq(fetch(space, a), i);
        ck_assert_uint_lt(i, 100);
    } while (!extent.self_check);
    unsigned drops = view.drops;
    put_guest_u32(space, a, 1000);
    ck_assert_uint_eq(view.drops, drops);
    fetch(space, a + PAGE);
    ck_assert(!extent.self_check);
}
END_TEST

START_TEST(mapping_changes_drop)
{
    uint64_t a = map(64 * KIB, RX, ANON, NULL);
    fetch(space, a);
    ck_assert_int_eq(space_mprotect(space, a, PAGE, RW), 0);
    ck_assert_uint_eq(view.drops, 1);
    ck_assert_uint_eq(view.end, a + PAGE);
    put_guest_u32(space, a, 5);
    ck_assert_uint_eq(view.drops, 1);
    ck_assert_int_eq(space_mprotect(space, a, PAGE, RX), 0);
    ck_assert_uint_eq(fetch(space, a), 5);
    uint32_t word = 6;
    ck_assert_uint_eq(space_poke(space, a, &word, 4), 4);
    ck_assert_uint_eq(view.drops, 2);
    ck_assert_uint_eq(fetch(space, a), 6);
    space_mmap(space, a, PAGE, RX, ANON | L_MAP_FIXED, NULL, 0);
    ck_assert_uint_eq(view.drops, 3);
    ck_assert_uint_eq(fetch(space, a), 0);
    ck_assert_int_eq(space_munmap(space, a + PAGE, PAGE), 0);
    ck_assert_uint_eq(view.drops, 4);
    ck_assert_uint_eq(view.start, a + PAGE);
}
END_TEST

START_TEST(code_of_a_file)
{
    struct mapping *file = mapping_create_anonymous(128 * KIB, "code");
    struct block *block;
    ck_assert_int_eq(file->ops->block(file, 1, true, &block), 0);
    *(uint32_t *)(void *)block->data = 77;
    uint64_t a = map(128 * KIB, RX, L_MAP_PRIVATE, file);
    ck_assert_uint_eq(fetch(space, a + 64 * KIB), 77);
    ck_assert_uint_eq(extent.file_id, file->id);
    ck_assert_uint_eq(extent.generation, file->generation);
    ck_assert_uint_eq(extent.offset, 0);
    /* Reading it as data changes nothing. */
    uint32_t word;
    get_guest_u32(space, a + 64 * KIB, &word);
    fetch(space, a);
    ck_assert_uint_eq(extent.file_id, file->id);
    /* Another space, with a part of it. */
    struct space *other = make(&other_view);
    int64_t b = space_mmap(other, 0, 64 * KIB, RX, L_MAP_PRIVATE, file, 64 * KIB);
    ck_assert_uint_eq(fetch(other, (uint64_t)b), 77);
    ck_assert_uint_eq(extent.file_id, file->id);
    ck_assert_uint_eq(extent.offset, 64 * KIB);
    /* A breakpoint in one space makes that mapping private, there only. */
    word = 0xcc;
    ck_assert_uint_eq(space_poke(space, a + 64 * KIB, &word, 1), 1);
    ck_assert_uint_eq(view.drops, 1);
    ck_assert_uint_eq(fetch(space, a + 64 * KIB), 0xcc);
    ck_assert_uint_eq(extent.file_id, 0);
    ck_assert_uint_eq(fetch(other, (uint64_t)b), 77);
    ck_assert_uint_eq(extent.file_id, file->id);
    /* write(2) to the file. */
    uint64_t generation = file->generation;
    mapping_changed(file, 64 * KIB, 64 * KIB + 1);
    ck_assert_uint_gt(file->generation, generation);
    ck_assert_uint_eq(other_view.drops, 1);
    ck_assert_uint_eq(other_view.start, b);
    ck_assert_uint_eq(other_view.end, (uint64_t)b + PAGE);
    space_put(other);
    ck_assert_int_eq(space_munmap(space, a, 128 * KIB), 0);
    block_put(block);
    mapping_put(file);
}
END_TEST

START_TEST(two_views_of_shared_memory)
{
    struct mapping *file = mapping_create_anonymous(64 * KIB, "dual");
    uint64_t code = map(64 * KIB, RX, L_MAP_SHARED, file);
    uint64_t data = map(64 * KIB, RW, L_MAP_SHARED, file);
    struct space *other = make(&other_view);
    int64_t third = space_mmap(other, 0, 64 * KIB, RW, L_MAP_SHARED, file, 0);
    put_guest_u32(space, data, 1);
    ck_assert_uint_eq(fetch(space, code), 1);
    unsigned drops = view.drops;
    put_guest_u32(space, data, 2);
    ck_assert_uint_gt(view.drops, drops);
    ck_assert_uint_eq(fetch(space, code), 2);
    /* A view that did not exist when the code was fetched, in another space. */
    drops = view.drops;
    ck_assert_int_eq(put_guest_u32(other, (uint64_t)third, 3), 0);
    ck_assert_uint_gt(view.drops, drops);
    ck_assert_uint_eq(fetch(space, code), 3);
    drops = view.drops;
    ck_assert_int_eq(put_guest_u32(other, (uint64_t)third, 4), 0);
    ck_assert_uint_gt(view.drops, drops);
    unsigned i = 0;
    do {
        put_guest_u32(space, data, ++i);
        ck_assert_uint_eq(fetch(space, code), i);
        ck_assert_uint_lt(i, 100);
    } while (!extent.self_check);
    space_put(other);
    space_munmap(space, code, 64 * KIB);
    space_munmap(space, data, 64 * KIB);
    mapping_put(file);
}
END_TEST

START_TEST(fork_keeps_code_apart)
{
    uint64_t a = map(64 * KIB, RWX, ANON, NULL);
    put_guest_u32(space, a, 1);
    fetch(space, a);
    int error;
    struct space *child = space_fork(space, &error);
    ck_assert_ptr_nonnull(child);
    ck_assert_uint_eq(fetch(child, a), 1);
    ck_assert_int_eq(put_guest_u32(space, a, 2), 0);
    ck_assert_uint_eq(view.drops, 1);
    ck_assert_uint_eq(fetch(child, a), 1);
    ck_assert_int_eq(put_guest_u32(child, a, 3), 0);
    ck_assert_uint_eq(view.drops, 2);
    ck_assert_uint_eq(fetch(space, a), 2);
    space_put(child);
}
END_TEST

int main(void)
{
    if (space_init())
        return EXIT_FAILURE;
    TCase *tcase = tcase_create("code");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, not_code);
    tcase_add_test(tcase, stores_drop);
    tcase_add_test(tcase, written_and_executed_in_turns);
    tcase_add_test(tcase, mapping_changes_drop);
    tcase_add_test(tcase, code_of_a_file);
    tcase_add_test(tcase, two_views_of_shared_memory);
    tcase_add_test(tcase, fork_keeps_code_apart);
    return unit_run("code", tcase);
}
