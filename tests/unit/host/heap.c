/* The counted heap and the budget. */
#define HEAP_PLAIN
#include "runtime/host/heap.h"
#include "runtime/host/budget.h"
#include "runtime/host/thread.h"
#include "tests/unit/run.h"
#include <check.h>
#include <stdint.h>
#include <string.h>

#define MIB ((uint64_t)1 << 20)

START_TEST(counts)
{
    uint64_t before = memory_used(), kernel = memory_kernel_used();
    void *p = heap_alloc(HEAP_KERNEL, 10000);
    ck_assert_uint_ge(memory_used(), before + 10000);
    ck_assert_uint_eq(memory_used() - before, memory_kernel_used() - kernel);
    p = heap_resize(HEAP_KERNEL, p, 100000);
    ck_assert_uint_ge(memory_used(), before + 100000);
    p = heap_resize(HEAP_KERNEL, p, 10);
    ck_assert_uint_lt(memory_used(), before + 100000);
    heap_free(p);
    uint8_t *z = heap_zalloc(HEAP_KERNEL, 100, 10);
    for (int i = 0; i < 1000; i++)
        ck_assert_uint_eq(z[i], 0);
    heap_free(z);
    char *text = heap_strdup(HEAP_KERNEL, "text");
    ck_assert_str_eq(text, "text");
    heap_free(text);
    heap_free(NULL);
    ck_assert_uint_eq(memory_used(), before);
    ck_assert_uint_eq(memory_kernel_used(), kernel);
}
END_TEST

START_TEST(refuses)
{
    uint64_t before = memory_used(), limit = before + 16 * MIB;
    memory_limit_set(limit);
    uint32_t refusals = memory_refusals();
    ck_assert(!memory_kernel_is_short());
    ck_assert_ptr_null(heap_alloc(HEAP_KERNEL, SIZE_MAX / 2));
    ck_assert_ptr_null(heap_zalloc(HEAP_KERNEL, SIZE_MAX / 2, 4));
    ck_assert_ptr_null(heap_alloc(HEAP_KERNEL, 16 * MIB));
    ck_assert_uint_gt(memory_refusals(), refusals);
    /* The kernel stops short of the limit, what ends with a call does not. */
    void *most = heap_alloc(HEAP_KERNEL, 14 * MIB);
    ck_assert_ptr_nonnull(most);
    ck_assert(memory_kernel_is_short());
    ck_assert_ptr_null(heap_alloc(HEAP_KERNEL, 3 * MIB / 2));
    ck_assert_ptr_null(heap_resize(HEAP_KERNEL, most, 31 * MIB / 2));
    void *reserve = heap_alloc(HEAP_RESERVE, 3 * MIB / 2);
    ck_assert_ptr_nonnull(reserve);
    ck_assert_ptr_null(heap_alloc(HEAP_RESERVE, MIB));
    void *always = heap_alloc(HEAP_ALWAYS, MIB);
    ck_assert_ptr_nonnull(always);
    ck_assert_uint_gt(memory_used(), limit);
    heap_free(always);
    heap_free(reserve);
    heap_free(most);
    ck_assert_uint_eq(memory_used(), before);
    memory_limit_set(0);
}
END_TEST

START_TEST(trims)
{
    static void *pieces[1024];
    heap_trim();
    for (int i = 0; i < 1024; i++)
        pieces[i] = heap_alloc(HEAP_KERNEL, 65536);
    ck_assert(!heap_wants_trim());
    for (int i = 0; i < 1024; i++)
        heap_free(pieces[i]);
    ck_assert(heap_wants_trim());
    heap_trim();
    ck_assert(!heap_wants_trim());
}
END_TEST

static void nothing(void *arg)
{
    (void)arg;
}

/* Stacks count: no thread beyond the limit. */
START_TEST(threads)
{
    memory_limit_set(memory_used() + 1);
    ck_assert_int_lt(host_thread_start(nothing, NULL), 0);
    memory_limit_set(0);
    uint64_t before = memory_used();
    ck_assert_int_eq(host_thread_start(nothing, NULL), 0);
    ck_assert_uint_ge(memory_used(), before + HOST_STACK_TOUCHED);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("heap");
    tcase_add_test(tests, counts);
    tcase_add_test(tests, refuses);
    tcase_add_test(tests, trims);
    tcase_add_test(tests, threads);
    return unit_run("heap", tests);
}
