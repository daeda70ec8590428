/* Reservations, sections and views, and what the fault handler says about touching them. */
#include "runtime/host/memory.h"
#include "runtime/host/fault.h"
#include "runtime/host/random.h"
#include "tests/unit/run.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

#define KIB 1024ull
#define MIB (1024 * KIB)

/* touch_*: return 0, or 1 when the access faulted. First argument in rdi and rcx alike. */
uint64_t touch_read(uint64_t address, uint64_t unused);
uint64_t touch_write(uint64_t address, uint64_t unused);
uint64_t touch_divide(uint64_t divisor, uint64_t unused);
uint64_t touch_illegal(void);
extern char touch_first[], touch_last[], touch_failed[];
#ifdef __WIN64__
#define ARG "rcx"
#else
#define ARG "rdi"
#endif
__asm__(".text\n"
        ".globl touch_read, touch_write, touch_divide, touch_illegal\n"
        ".globl touch_first, touch_last, touch_failed\n"
        "touch_first:\n"
        "touch_read: movb (%" ARG "), %al\n"
        "xorl %eax, %eax\n"
        "ret\n"
        "touch_write: movb $90, (%" ARG ")\n"
        "xorl %eax, %eax\n"
        "ret\n"
        "touch_divide: movq %" ARG ", %rcx\n"
        "movl $5, %eax\n"
        "xorl %edx, %edx\n"
        "divq %rcx\n"
        "xorl %eax, %eax\n"
        "ret\n"
        "touch_illegal: ud2\n"
        "touch_last:\n"
        "touch_failed: movl $1, %eax\n"
        "ret\n");

static struct host_fault last;

static uint64_t on_fault(const struct host_fault *fault)
{
    if (fault->rip < (uint64_t)(uintptr_t)touch_first ||
        fault->rip >= (uint64_t)(uintptr_t)touch_last)
        return 0;
    last = *fault;
    return (uint64_t)(uintptr_t)touch_failed;
}

static void faults(uint64_t address, uint32_t access)
{
    memset(&last, 0, sizeof(last));
    uint64_t failed =
        access == HOST_ACCESS_WRITE ? touch_write(address, 0) : touch_read(address, 0);
    ck_assert_uint_eq(failed, 1);
    ck_assert_uint_eq(last.kind, HOST_FAULT_MEMORY);
    ck_assert_uint_eq(last.access, access);
    ck_assert(last.address_valid);
    ck_assert_uint_eq(last.address, address);
    ck_assert_ptr_nonnull(last.thread);
}

static uint8_t *bytes(uint64_t address)
{
    return (uint8_t *)(uintptr_t)address;
}

START_TEST(reserve_commit_protect)
{
    uint64_t base;
    ck_assert_int_eq(host_reserve(0, MIB, &base), 0);
    ck_assert_uint_eq(base % HOST_GRANULARITY, 0);
    faults(base, HOST_ACCESS_READ);
    faults(base + 5 * HOST_PAGE, HOST_ACCESS_WRITE);

    ck_assert_int_eq(host_commit(base + 4 * HOST_PAGE, 2 * HOST_PAGE, HOST_READ | HOST_WRITE), 0);
    ck_assert_uint_eq(*bytes(base + 4 * HOST_PAGE), 0);
    memset(bytes(base + 4 * HOST_PAGE), 7, 2 * HOST_PAGE);
    faults(base + 6 * HOST_PAGE, HOST_ACCESS_READ);
    faults(base + 3 * HOST_PAGE, HOST_ACCESS_READ);

    ck_assert_int_eq(host_protect(base + 5 * HOST_PAGE, HOST_PAGE, HOST_READ), 0);
    ck_assert_uint_eq(*bytes(base + 5 * HOST_PAGE), 7);
    faults(base + 5 * HOST_PAGE, HOST_ACCESS_WRITE);
    ck_assert_int_eq(host_protect(base + 5 * HOST_PAGE, HOST_PAGE, HOST_NONE), 0);
    faults(base + 5 * HOST_PAGE, HOST_ACCESS_READ);
    /* Commit again keeps the contents. */
    ck_assert_int_eq(host_commit(base + 4 * HOST_PAGE, 4 * HOST_PAGE, HOST_READ | HOST_WRITE), 0);
    ck_assert_uint_eq(*bytes(base + 5 * HOST_PAGE), 7);
    ck_assert_uint_eq(*bytes(base + 6 * HOST_PAGE), 0);

    ck_assert_int_eq(host_clear(base + 5 * HOST_PAGE, HOST_PAGE, HOST_READ | HOST_WRITE), 0);
    ck_assert_uint_eq(*bytes(base + 5 * HOST_PAGE), 0);
    ck_assert_int_eq(host_decommit(base + 4 * HOST_PAGE, HOST_PAGE), 0);
    faults(base + 4 * HOST_PAGE, HOST_ACCESS_READ);
    ck_assert_int_eq(host_commit(base + 4 * HOST_PAGE, HOST_PAGE, HOST_READ | HOST_WRITE), 0);
    ck_assert_uint_eq(*bytes(base + 4 * HOST_PAGE), 0);
    host_prefault(base + 4 * HOST_PAGE, HOST_PAGE);
    host_release(base, MIB);
    faults(base + 4 * HOST_PAGE, HOST_ACCESS_READ);
}
END_TEST

START_TEST(exact_addresses)
{
    uint64_t at = 0x234500000000, base;
    ck_assert_int_eq(host_reserve(at, 16 * MIB, &base), 0);
    ck_assert_uint_eq(base, at);
    ck_assert_int_lt(host_reserve(at + MIB, MIB, &base), 0);
    ck_assert_int_eq(host_reserve(at + 16 * MIB, MIB, &base), 0);
    host_release(at + 16 * MIB, MIB);
    host_release(at, 16 * MIB);
    ck_assert_int_eq(host_reserve(at + MIB, MIB, &base), 0);
    host_release(at + MIB, MIB);
}
END_TEST

/* What is asked of the host: whether a range is free, what was touched, how many pieces are left.
 */
START_TEST(questions)
{
    uint64_t at = 0x234500000000, base;
    size_t left = host_pieces_left();
    bool bounded = left != SIZE_MAX;
    ck_assert_uint_gt(left, 1000);
    ck_assert(host_address_free(at, 16 * MIB));
    ck_assert_int_eq(host_reserve(at, 16 * MIB, &base), 0);
    ck_assert(!host_address_free(at + MIB, MIB));
    ck_assert(!host_address_free(at - MIB, 32 * MIB));
    ck_assert(host_address_free(at + 16 * MIB, MIB));
    for (unsigned i = 0; i < 100; i++)
        ck_assert_int_eq(host_commit(at + 2 * i * HOST_PAGE, HOST_PAGE, HOST_READ | HOST_WRITE), 0);
    size_t less = host_pieces_left();
    ck_assert(bounded ? left - less > 150 : less == SIZE_MAX);
    ck_assert_int_eq(host_commit(at, 64 * HOST_PAGE, HOST_READ | HOST_WRITE), 0);
    *bytes(at + HOST_PAGE) = 1;
    *bytes(at + 40 * HOST_PAGE) = 1;
    ck_assert_uint_eq(host_touched(at, 64 * HOST_PAGE), bounded ? 2 : 0);
    host_prefault(at, 64 * HOST_PAGE);
    ck_assert_uint_eq(*bytes(at + HOST_PAGE), 1);
    host_release(at, 16 * MIB);
    ck_assert(host_address_free(at, 16 * MIB));
}
END_TEST

START_TEST(views_share)
{
    struct host_section *section = host_section_create(MIB, false);
    ck_assert_ptr_nonnull(section);
    uint64_t first, second, private;
    uint64_t at = 0x234600000000;
    ck_assert_int_eq(host_view_map(section, 0, MIB, 0, HOST_READ | HOST_WRITE, &first), 0);
    ck_assert_int_eq(
        host_view_map(section, 128 * KIB, 64 * KIB, at, HOST_READ | HOST_WRITE, &second), 0);
    ck_assert_uint_eq(second, at);
    *bytes(first + 128 * KIB + 5) = 42;
    ck_assert_uint_eq(*bytes(second + 5), 42);
    ck_assert_int_eq(host_view_map_private(section, 128 * KIB, 64 * KIB, 0, &private), 0);
    ck_assert_uint_eq(*bytes(private + 5), 42);
    *bytes(private + 5) = 1;
    ck_assert_uint_eq(*bytes(second + 5), 42);
    ck_assert_int_eq(host_protect(second + HOST_PAGE, HOST_PAGE, HOST_READ), 0);
    faults(second + HOST_PAGE, HOST_ACCESS_WRITE);
    *bytes(second) = 3;
    ck_assert_uint_eq(*bytes(first + 128 * KIB), 3);
    ck_assert_int_lt(host_view_map(section, 0, 64 * KIB, at, HOST_READ, &second), 0);
    host_view_unmap(at, 64 * KIB);
    faults(at, HOST_ACCESS_READ);
    host_section_free(section);
    *bytes(first) = 1;
    host_view_unmap(private, 64 * KIB);
    host_view_unmap(first, MIB);
}
END_TEST

START_TEST(executable_double_view)
{
    static const uint8_t code[] = {0xb8, 0x2a, 0, 0, 0, 0xc3}; /* mov eax, 42; ret */
    struct host_section *section = host_section_create(64 * KIB, true);
    ck_assert_ptr_nonnull(section);
    uint64_t write, run;
    ck_assert_int_eq(host_view_map(section, 0, 64 * KIB, 0, HOST_READ | HOST_WRITE, &write), 0);
    ck_assert_int_eq(host_view_map(section, 0, 64 * KIB, 0, HOST_READ | HOST_EXEC, &run), 0);
    memcpy(bytes(write), code, sizeof(code));
    int (*function)(void) = (int (*)(void))(uintptr_t)run;
    ck_assert_int_eq(function(), 42);
    faults(run, HOST_ACCESS_WRITE);
    host_view_unmap(write, 64 * KIB);
    host_view_unmap(run, 64 * KIB);
    host_section_free(section);
}
END_TEST

START_TEST(other_faults)
{
    memset(&last, 0, sizeof(last));
    ck_assert_uint_eq(touch_divide(0, 0), 1);
    ck_assert_uint_eq(last.kind, HOST_FAULT_DIVIDE);
    ck_assert_uint_eq(touch_divide(1, 0), 0);
    ck_assert_uint_eq(touch_illegal(), 1);
    ck_assert_uint_eq(last.kind, HOST_FAULT_ILLEGAL);
    ck_assert_uint_eq(touch_read(0x8000000000000000, 0), 1);
    ck_assert_uint_eq(last.kind, HOST_FAULT_GENERAL);
    faults(0, HOST_ACCESS_READ);
    faults(0x10, HOST_ACCESS_WRITE);
}
END_TEST

START_TEST(random_bytes)
{
    uint8_t first[64] = {0}, second[64] = {0};
    host_random(first, sizeof(first));
    host_random(second, sizeof(second));
    ck_assert_int_ne(memcmp(first, second, sizeof(first)), 0);
    ck_assert_uint_ne(host_random_u64(), host_random_u64());
}
END_TEST

int main(void)
{
    if (host_fault_add(on_fault))
        return EXIT_FAILURE;
    TCase *tcase = tcase_create("memory");
    tcase_add_test(tcase, reserve_commit_protect);
    tcase_add_test(tcase, exact_addresses);
    tcase_add_test(tcase, questions);
    tcase_add_test(tcase, views_share);
    tcase_add_test(tcase, executable_double_view);
    tcase_add_test(tcase, other_faults);
    tcase_add_test(tcase, random_bytes);
    return unit_run("memory", tcase);
}
