/* mmap, munmap, mprotect, mremap, madvise, brk and faults of one address space. */
#include "runtime/memory/space.h"
#include "runtime/abi/errno.h"
#include "runtime/abi/mman.h"
#include "runtime/abi/signal.h"
#include "runtime/host/memory.h"
#include "runtime/memory/access.h"
#include "runtime/memory/mapping.h"
#include "runtime/memory/shared_block.h"
#include "tests/unit/run.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

#define PAGE ((uint64_t)4096)
#define KIB  ((uint64_t)1024)
#define MIB  (1024 * KIB)
#define GIB  (1024 * MIB)
#define RW   (L_PROT_READ | L_PROT_WRITE)
#define ANON (L_MAP_PRIVATE | L_MAP_ANONYMOUS)

static struct space *space;

static void setup(void)
{
    space = space_create();
    ck_assert_ptr_nonnull(space);
}

static void teardown(void)
{
    space_put(space);
    ck_assert_uint_eq(memory_used(), memory_kernel_used());
}

static uint64_t map(uint64_t address, uint64_t length, uint32_t prot, uint32_t flags)
{
    int64_t result = space_mmap(space, address, length, prot, flags, NULL, 0);
    ck_assert_msg(result >= 0, "mmap: %lld", (long long)result);
    return (uint64_t)result;
}

static uint32_t get(uint64_t address)
{
    uint32_t value = 0xdead;
    ck_assert_int_eq(get_guest_u32(space, address, &value), 0);
    return value;
}

static void put(uint64_t address, uint32_t value)
{
    ck_assert_int_eq(put_guest_u32(space, address, value), 0);
}

static uint64_t guest_used(void)
{
    return memory_used() - memory_kernel_used();
}

static bool readable(uint64_t address)
{
    uint8_t value;
    return get_guest_u8(space, address, &value) == 0;
}

static bool writable(uint64_t address)
{
    uint8_t value;
    return get_guest_u8(space, address, &value) == 0 && put_guest_u8(space, address, value) == 0;
}

static void refused(uint64_t address, enum space_access access, int signo, int code)
{
    struct space_fault fault = {0};
    ck_assert(!space_fault(space, address, access, &fault));
    ck_assert_int_eq(fault.signo, signo);
    ck_assert_int_eq(fault.code, code);
}

/* A file of blocks in memory. */
struct test_file {
    struct mapping mapping;
    struct block *blocks[64];
    unsigned calls, stores;
    uint64_t room; /* blocks that may be stored to */
    bool released;
};

static int file_block(struct mapping *mapping, uint64_t index, bool create, struct block **out)
{
    struct test_file *file = (struct test_file *)mapping;
    file->calls++;
    *out = NULL;
    if (index >= 64)
        return -L_EIO;
    if (!file->blocks[index] && create)
        file->blocks[index] = block_alloc();
    if (file->blocks[index])
        *out = block_get(file->blocks[index]);
    return 0;
}

static void file_release(struct mapping *mapping)
{
    struct test_file *file = (struct test_file *)mapping;
    for (unsigned i = 0; i < 64; i++)
        block_put(file->blocks[i]);
    file->released = true;
}

static void file_name(struct mapping *mapping, char *buffer, size_t size)
{
    (void)mapping;
    ck_assert_uint_gt(size, 10);
    strcpy(buffer, "/file");
}

static int file_store(struct mapping *mapping, uint64_t index)
{
    struct test_file *file = (struct test_file *)mapping;
    file->stores++;
    return index < file->room ? 0 : -L_ENOSPC;
}

static const struct mapping_ops file_ops = {
    .block = file_block, .release = file_release, .name = file_name};
static const struct mapping_ops told_ops = {
    .block = file_block, .store = file_store, .release = file_release, .name = file_name};

/* Word i of the file holds i. */
static void file_open(struct test_file *file, uint64_t size)
{
    memset(file, 0, sizeof(*file));
    mapping_init(&file->mapping, &file_ops, size);
    for (uint64_t at = 0; at < size; at += 4) {
        struct block **block = &file->blocks[at / BLOCK_SIZE];
        if (!*block)
            *block = block_alloc();
        uint32_t word = (uint32_t)(at / 4);
        memcpy((*block)->data + at % BLOCK_SIZE, &word, 4);
    }
}

static void file_close(struct test_file *file)
{
    mapping_put(&file->mapping);
    ck_assert(file->released);
}

START_TEST(anonymous_memory)
{
    uint64_t a = map(0, 3 * PAGE, RW, ANON);
    ck_assert_uint_eq(a % PAGE, 0);
    ck_assert_uint_eq(get(a), 0);
    put(a, 1);
    put(a + 3 * PAGE - 4, 2);
    ck_assert_uint_eq(get(a), 1);
    ck_assert_uint_eq(get(a + 3 * PAGE - 4), 2);
    ck_assert(!readable(a + 3 * PAGE));
    ck_assert_int_eq(space_munmap(space, a + PAGE, PAGE), 0);
    ck_assert(readable(a) && !readable(a + PAGE) && readable(a + 2 * PAGE));
    ck_assert_int_eq(space_mmap(space, a + PAGE, PAGE, RW, ANON | L_MAP_FIXED, NULL, 0),
                     (int64_t)(a + PAGE));
    ck_assert_uint_eq(get(a + PAGE), 0);
    /* MAP_FIXED replaces. */
    map(a, PAGE, RW, ANON | L_MAP_FIXED);
    ck_assert_uint_eq(get(a), 0);
    ck_assert_uint_eq(get(a + 3 * PAGE - 4), 2);
    ck_assert_int_eq(space_mmap(space, a, PAGE, RW, ANON | L_MAP_FIXED_NOREPLACE, NULL, 0),
                     -L_EEXIST);
}
END_TEST

START_TEST(bad_arguments)
{
    ck_assert_int_eq(space_mmap(space, 0, 0, RW, ANON, NULL, 0), -L_EINVAL);
    ck_assert_int_eq(space_mmap(space, 0, PAGE, RW, L_MAP_ANONYMOUS, NULL, 0), -L_EINVAL);
    ck_assert_int_eq(space_mmap(space, 0x10001, PAGE, RW, ANON | L_MAP_FIXED, NULL, 0), -L_EINVAL);
    ck_assert_int_eq(space_mmap(space, 0, PAGE, RW, ANON | L_MAP_FIXED, NULL, 0), -L_EPERM);
    ck_assert_int_eq(space_mmap(space, 0xf000, PAGE, RW, ANON | L_MAP_FIXED, NULL, 0), -L_EPERM);
    ck_assert_int_eq(space_mmap(space, 0, UINT64_MAX, RW, ANON, NULL, 0), -L_ENOMEM);
    ck_assert_int_eq(space_mmap(space, 0, (uint64_t)100 << 40, RW, ANON, NULL, 0), -L_ENOMEM);
    ck_assert_int_eq(space_mmap(space, SPACE_END, PAGE, RW, ANON | L_MAP_FIXED, NULL, 0),
                     -L_ENOMEM);
    ck_assert_int_eq(
        space_mmap(space, UINT64_MAX - PAGE + 1, PAGE, RW, ANON | L_MAP_FIXED, NULL, 0), -L_ENOMEM);
    ck_assert_int_eq(space_munmap(space, 1, PAGE), -L_EINVAL);
    ck_assert_int_eq(space_munmap(space, PAGE, 0), -L_EINVAL);
    ck_assert_int_eq(space_munmap(space, 0, UINT64_MAX), -L_EINVAL);
    ck_assert_int_eq(space_munmap(space, 16 * PAGE, PAGE), 0);
    ck_assert_int_eq(space_mprotect(space, 16 * PAGE, PAGE, RW), -L_ENOMEM);
    ck_assert_int_eq(space_mprotect(space, 16 * PAGE + 1, PAGE, RW), -L_EINVAL);
    /* The hint is rounded up and taken when it is free. */
    ck_assert_uint_eq(map(0x12345678, PAGE, RW, ANON), 0x12346000);
    ck_assert_uint_ne(map(0x12346000, PAGE, RW, ANON), 0x12346000);
    ck_assert_uint_lt(map(0, PAGE, RW, ANON | L_MAP_32BIT), 2 * GIB);
}
END_TEST

START_TEST(addresses_that_fault)
{
    static const uint64_t bad[] = {0,
                                   8,
                                   0xffff,
                                   0x10000,
                                   (uint64_t)124 << 30,
                                   ((uint64_t)128 << 30) - 1,
                                   (uint64_t)128 << 30,
                                   0x7fffffffe000,
                                   0x7fffffffffff,
                                   0x800000000000,
                                   0xffff800000000000,
                                   UINT64_MAX - 4096,
                                   UINT64_MAX};
    char buffer[16];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint32_t word;
        refused(bad[i], SPACE_READ, L_SIGSEGV, L_SEGV_MAPERR);
        refused(bad[i], SPACE_WRITE, L_SIGSEGV, L_SEGV_MAPERR);
        ck_assert_int_eq(copy_from_guest(space, buffer, bad[i], 16), -L_EFAULT);
        ck_assert_int_eq(copy_to_guest(space, bad[i], buffer, 16), -L_EFAULT);
        ck_assert_int_eq(clear_guest(space, bad[i], 16), -L_EFAULT);
        ck_assert_int_eq(guest_string(space, bad[i], buffer, 16), -L_EFAULT);
        ck_assert_int_eq(get_guest_u32(space, bad[i], &word), -L_EFAULT);
        ck_assert_int_eq(guest_xchg32(space, bad[i] & ~(uint64_t)3, &word), -L_EFAULT);
        ck_assert_int_eq(guest_cmpxchg32(space, bad[i] & ~(uint64_t)3, &word, 1), -L_EFAULT);
    }
    ck_assert_int_eq(copy_from_guest(space, buffer, 0x10000, SIZE_MAX), -L_EFAULT);
}
END_TEST

START_TEST(protection)
{
    uint64_t a = map(0x10000000, 64 * KIB, RW, ANON);
    for (unsigned i = 0; i < 16; i++)
        put(a + i * PAGE, i);
    /* 4 KiB protections inside 64 KiB. */
    ck_assert_int_eq(space_mprotect(space, a + PAGE, PAGE, L_PROT_READ), 0);
    ck_assert_int_eq(space_mprotect(space, a + 2 * PAGE, PAGE, L_PROT_NONE), 0);
    ck_assert_int_eq(space_mprotect(space, a + 4 * PAGE, PAGE, L_PROT_READ | L_PROT_EXEC), 0);
    ck_assert(writable(a) && !writable(a + PAGE) && readable(a + PAGE));
    ck_assert(!readable(a + 2 * PAGE) && writable(a + 3 * PAGE));
    ck_assert(readable(a + 4 * PAGE) && !writable(a + 4 * PAGE) && writable(a + 5 * PAGE));
    refused(a + PAGE, SPACE_WRITE, L_SIGSEGV, L_SEGV_ACCERR);
    refused(a + 2 * PAGE, SPACE_READ, L_SIGSEGV, L_SEGV_ACCERR);
    refused(a, SPACE_EXEC, L_SIGSEGV, L_SEGV_ACCERR);
    ck_assert_int_eq(space_mprotect(space, a, 64 * KIB, RW), 0);
    for (unsigned i = 0; i < 16; i++)
        ck_assert_uint_eq(get(a + i * PAGE), i);
    /* A short copy stops at the page. */
    char buffer[8192];
    ck_assert_int_eq(space_mprotect(space, a + PAGE, PAGE, L_PROT_NONE), 0);
    ck_assert_uint_eq(copy_from_guest_partial(space, buffer, a + 96, 8192), PAGE - 96);
    ck_assert_uint_eq(copy_to_guest_partial(space, a + 95, buffer, 8192), PAGE - 95);
    ck_assert_int_eq(space_mprotect(space, a + PAGE, PAGE, L_PROT_READ), 0);
    ck_assert_uint_eq(copy_from_guest_partial(space, buffer, a + 96, 8192), 8192);
    ck_assert_uint_eq(copy_to_guest_partial(space, a + 95, buffer, 8192), PAGE - 95);
}
END_TEST

START_TEST(big_mapping_by_touch)
{
    uint64_t before = guest_used();
    uint64_t a = map(0, 8 * GIB, RW, ANON | L_MAP_NORESERVE);
    ck_assert_uint_eq(guest_used(), before);
    put(a + 5 * GIB, 7);
    ck_assert_uint_eq(get(a + 5 * GIB), 7);
    ck_assert_uint_le(guest_used(), before + MIB);
    ck_assert_uint_eq(get(a + 8 * GIB - 4), 0);
    uint64_t b = map(0, 1 * GIB, L_PROT_NONE, ANON);
    ck_assert(!readable(b));
    ck_assert_int_eq(space_munmap(space, a, 8 * GIB), 0);
    ck_assert_uint_eq(guest_used(), before);
    ck_assert(!readable(a + 5 * GIB));
}
END_TEST

START_TEST(strings_and_words)
{
    uint64_t a = map(0, 2 * PAGE, RW, ANON);
    char buffer[32];
    uint64_t long_word;
    uint32_t word = 5, expected = 1;
    ck_assert_int_eq(copy_to_guest(space, a + PAGE - 3, "hello", 6), 0);
    ck_assert_int_eq(guest_string(space, a + PAGE - 3, buffer, sizeof(buffer)), 5);
    ck_assert_str_eq(buffer, "hello");
    ck_assert_int_eq(guest_string(space, a + PAGE - 3, buffer, 5), -L_ENAMETOOLONG);
    ck_assert_int_eq(guest_string(space, a + PAGE - 3, buffer, 6), 5);
    ck_assert_int_eq(copy_to_guest(space, a + 2 * PAGE - 3, "abc", 3), 0);
    ck_assert_int_eq(guest_string(space, a + 2 * PAGE - 3, buffer, sizeof(buffer)), -L_EFAULT);
    ck_assert_int_eq(put_guest_u64(space, a + PAGE - 4, 0x1122334455667788), 0);
    ck_assert_int_eq(get_guest_u64(space, a + PAGE - 4, &long_word), 0);
    ck_assert_uint_eq(long_word, 0x1122334455667788);
    ck_assert_int_eq(get_guest_u64(space, a + 2 * PAGE - 4, &long_word), -L_EFAULT);
    ck_assert_int_eq(guest_xchg32(space, a, &word), 0);
    ck_assert_uint_eq(word, 0);
    ck_assert_int_eq(guest_cmpxchg32(space, a, &expected, 9), 0);
    ck_assert_uint_eq(expected, 5);
    ck_assert_int_eq(guest_cmpxchg32(space, a, &expected, 9), 0);
    ck_assert_uint_eq(expected, 5);
    ck_assert_int_eq(guest_load32(space, a, &word), 0);
    ck_assert_uint_eq(word, 9);
    ck_assert_int_eq(guest_load32(space, a + 1, &word), -L_EFAULT);
}
END_TEST

START_TEST(private_file)
{
    struct test_file file;
    file_open(&file, 200 * KIB + 100);
    int64_t a = space_mmap(space, 0, 256 * KIB, RW, L_MAP_PRIVATE, &file.mapping, 0);
    ck_assert_int_gt(a, 0);
    ck_assert_uint_lt((uint64_t)a, 2 * GIB);
    for (uint64_t at = 0; at < 200 * KIB; at += 1000)
        ck_assert_uint_eq(get((uint64_t)a + at), at / 4);
    /* Zeros up to the end of the last page, SIGBUS beyond. */
    ck_assert_uint_eq(get((uint64_t)a + 200 * KIB + 100), 0);
    ck_assert_uint_eq(get((uint64_t)a + 204 * KIB - 4), 0);
    refused((uint64_t)a + 204 * KIB, SPACE_READ, L_SIGBUS, L_BUS_ADRERR);
    ck_assert(!readable((uint64_t)a + 204 * KIB));
    put((uint64_t)a + 8, 77);
    ck_assert_uint_eq(get((uint64_t)a + 8), 77);
    ck_assert_uint_eq(file.blocks[0]->data[8], 2);
    /* A part of it elsewhere, not congruent to anything. */
    int64_t b = space_mmap(space, 0x30003000, 3 * PAGE, L_PROT_READ, L_MAP_PRIVATE | L_MAP_FIXED,
                           &file.mapping, 60 * KIB);
    ck_assert_int_eq(b, 0x30003000);
    for (uint64_t at = 0; at < 3 * PAGE; at += 4)
        ck_assert_uint_eq(get((uint64_t)b + at), (60 * KIB + at) / 4);
    ck_assert(!writable((uint64_t)b));
    /* The same file goes to the same place in another space. */
    struct space *other = space_create();
    ck_assert_int_eq(space_mmap(other, 0, 256 * KIB, L_PROT_READ, L_MAP_PRIVATE, &file.mapping, 0),
                     a);
    space_put(other);
    ck_assert_int_eq(space_munmap(space, (uint64_t)a, 256 * KIB), 0);
    ck_assert_int_eq(space_munmap(space, (uint64_t)b, 3 * PAGE), 0);
    ck_assert_uint_eq(file.mapping.mapped, 0);
    file_close(&file);
}
END_TEST

START_TEST(shared_file)
{
    struct test_file file;
    file_open(&file, 200 * KIB + 100);
    struct space *other = space_create();
    int64_t a = space_mmap(space, 0, 256 * KIB, RW, L_MAP_SHARED, &file.mapping, 0);
    int64_t b = space_mmap(other, 0, 100 * KIB, RW, L_MAP_SHARED, &file.mapping, 68 * KIB);
    ck_assert_int_gt(a, 0);
    ck_assert_int_gt(b, 0);
    put((uint64_t)a + 70 * KIB, 1234);
    uint32_t word;
    ck_assert_int_eq(get_guest_u32(other, (uint64_t)b + 2 * KIB, &word), 0);
    ck_assert_uint_eq(word, 1234);
    memcpy(&word, file.blocks[1]->data + 6 * KIB, 4);
    ck_assert_uint_eq(word, 1234);
    refused((uint64_t)a + 204 * KIB, SPACE_WRITE, L_SIGBUS, L_BUS_ADRERR);
    ck_assert_int_eq(space_mprotect(other, (uint64_t)b, PAGE, L_PROT_READ), 0);
    ck_assert_int_eq(put_guest_u32(other, (uint64_t)b, 1), -L_EFAULT);
    ck_assert_int_eq(put_guest_u32(other, (uint64_t)b + PAGE, 1), 0);
    /* The file shrinks and grows under the mapping. */
    ck_assert(readable((uint64_t)a + 190 * KIB));
    file.mapping.size = 64 * KIB + 10;
    mapping_truncated(&file.mapping, file.mapping.size);
    refused((uint64_t)a + 190 * KIB, SPACE_READ, L_SIGBUS, L_BUS_ADRERR);
    ck_assert(!readable((uint64_t)a + 68 * KIB) && readable((uint64_t)a + 64 * KIB));
    ck_assert_int_eq(get_guest_u32(other, (uint64_t)b, &word), -L_EFAULT);
    file.mapping.size = 256 * KIB;
    ck_assert(readable((uint64_t)a + 190 * KIB) && readable((uint64_t)a + 255 * KIB));
    /* Futex keys are the same wherever the word is seen. */
    struct space_key first, second;
    ck_assert_int_eq(space_key(space, (uint64_t)a + 70 * KIB, &first), 0);
    ck_assert_int_eq(space_key(other, (uint64_t)b + 2 * KIB, &second), 0);
    ck_assert_uint_eq(first.object, second.object);
    ck_assert_uint_eq(first.offset, second.offset);
    space_put(other);
    space_munmap(space, (uint64_t)a, 256 * KIB);
    file_close(&file);
}
END_TEST

START_TEST(fixed_shared_inside_private)
{
    uint64_t a = map(0x40000000, MIB, RW, ANON);
    for (uint64_t at = 0; at < MIB; at += PAGE)
        put(a + at, (uint32_t)at);
    ck_assert_int_eq(space_mprotect(space, a + 4 * PAGE, PAGE, L_PROT_NONE), 0);
    uint64_t b = map(a + 128 * KIB, 128 * KIB, RW, L_MAP_SHARED | L_MAP_ANONYMOUS | L_MAP_FIXED);
    ck_assert_uint_eq(b, a + 128 * KIB);
    ck_assert_uint_eq(get(b), 0);
    put(b + 100 * KIB, 5);
    ck_assert_uint_eq(get(b + 100 * KIB), 5);
    ck_assert(!readable(a + 4 * PAGE));
    ck_assert_int_eq(space_mprotect(space, a + 4 * PAGE, PAGE, RW), 0);
    for (uint64_t at = 0; at < MIB; at += PAGE)
        if (at < 128 * KIB || at >= 256 * KIB)
            ck_assert_uint_eq(get(a + at), at);
    /* And private memory over part of the shared. */
    map(b, 64 * KIB, RW, ANON | L_MAP_FIXED);
    put(b, 8);
    ck_assert_uint_eq(get(b), 8);
    ck_assert_uint_eq(get(b + 100 * KIB), 5);
    /* What cannot be is refused. */
    ck_assert_int_eq(space_mmap(space, a + PAGE, PAGE, RW,
                                L_MAP_SHARED | L_MAP_ANONYMOUS | L_MAP_FIXED, NULL, 0),
                     -L_ENOMEM);
    struct mapping *file = mapping_create_anonymous(128 * KIB, "two");
    ck_assert_int_eq(space_mmap(space, b + 64 * KIB, PAGE, RW, L_MAP_SHARED | L_MAP_FIXED, file, 0),
                     -L_ENOMEM);
    ck_assert_int_eq(space_mmap(space, b + 68 * KIB, PAGE, RW, ANON | L_MAP_FIXED, NULL, 0),
                     -L_ENOMEM);
    ck_assert_uint_eq(get(b + 100 * KIB), 5);
    /* Parts of one file fit together. */
    uint64_t c = 0x48000000;
    for (uint64_t at = 0; at < 4 * PAGE; at += PAGE)
        ck_assert_int_eq(space_mmap(space, c + at, PAGE, RW, L_MAP_SHARED | L_MAP_FIXED, file, at),
                         (int64_t)(c + at));
    put(c + 3 * PAGE, 12);
    ck_assert_uint_eq(get(c + 3 * PAGE), 12);
    ck_assert(!readable(c + 4 * PAGE));
    /* A hint beside it is not taken. */
    ck_assert_uint_ne(map(c + 4 * PAGE, PAGE, RW, ANON), c + 4 * PAGE);
    ck_assert_int_eq(space_munmap(space, c, 4 * PAGE), 0);
    mapping_put(file);
}
END_TEST

START_TEST(remap)
{
    uint64_t a = map(0x50000000, 2 * PAGE, RW, ANON);
    put(a, 1);
    put(a + PAGE, 2);
    ck_assert_int_eq(space_mremap(space, a, 2 * PAGE, 4 * PAGE, 0, 0), (int64_t)a);
    ck_assert_uint_eq(get(a + 3 * PAGE), 0);
    ck_assert_uint_eq(get(a + PAGE), 2);
    map(a + 4 * PAGE, PAGE, RW, ANON | L_MAP_FIXED);
    ck_assert_int_eq(space_mprotect(space, a + 4 * PAGE, PAGE, L_PROT_READ), 0);
    ck_assert_int_eq(space_mremap(space, a, 4 * PAGE, 8 * PAGE, 0, 0), -L_ENOMEM);
    int64_t b = space_mremap(space, a, 4 * PAGE, 100 * PAGE, L_MREMAP_MAYMOVE, 0);
    ck_assert_int_gt(b, 0);
    ck_assert(!readable(a) && readable(a + 4 * PAGE));
    ck_assert_uint_eq(get((uint64_t)b), 1);
    ck_assert_uint_eq(get((uint64_t)b + PAGE), 2);
    ck_assert_uint_eq(get((uint64_t)b + 99 * PAGE), 0);
    put((uint64_t)b, 3);
    ck_assert_int_eq(space_mremap(space, (uint64_t)b, 100 * PAGE, PAGE, 0, 0), b);
    ck_assert(!readable((uint64_t)b + PAGE));
    ck_assert_int_eq(
        space_mremap(space, (uint64_t)b, PAGE, PAGE, L_MREMAP_MAYMOVE | L_MREMAP_FIXED, 0x50003000),
        0x50003000);
    ck_assert_uint_eq(get(0x50003000), 3);
    ck_assert_int_eq(space_mremap(space, (uint64_t)b, PAGE, PAGE, 0, 0), -L_EFAULT);
    ck_assert_int_eq(space_mremap(space, 0x50003000, PAGE, 0, 0, 0), -L_EINVAL);
    ck_assert_int_eq(space_mremap(space, 0x50003000, PAGE, PAGE, L_MREMAP_FIXED, 0x60000000),
                     -L_EINVAL);
    uint64_t c = map(0, 64 * KIB, RW, L_MAP_SHARED | L_MAP_ANONYMOUS);
    put(c + 4, 11);
    int64_t d = space_mremap(space, c, 64 * KIB, MIB, L_MREMAP_MAYMOVE, 0);
    ck_assert_int_gt(d, 0);
    ck_assert_uint_eq(get((uint64_t)d + 4), 11);
    refused((uint64_t)d + 64 * KIB, SPACE_READ, L_SIGBUS, L_BUS_ADRERR);
}
END_TEST

START_TEST(advise)
{
    uint64_t a = map(0, 256 * KIB, RW, ANON);
    put(a, 1);
    put(a + 100 * KIB, 2);
    ck_assert_int_eq(space_madvise(space, a, 64 * KIB, L_MADV_DONTNEED), 0);
    ck_assert_uint_eq(get(a), 0);
    ck_assert_uint_eq(get(a + 100 * KIB), 2);
    ck_assert_int_eq(space_madvise(space, a, 64 * KIB, L_MADV_WILLNEED), 0);
    ck_assert_int_eq(space_madvise(space, a, 64 * KIB, 9999), -L_EINVAL);
    ck_assert_int_eq(space_madvise(space, a, MIB, L_MADV_DONTNEED), -L_ENOMEM);
    ck_assert_int_eq(space_madvise(space, a + 1, PAGE, L_MADV_DONTNEED), -L_EINVAL);
    struct test_file file;
    file_open(&file, 64 * KIB);
    int64_t b = space_mmap(space, 0, 64 * KIB, RW, L_MAP_PRIVATE, &file.mapping, 0);
    put((uint64_t)b + 8, 99);
    ck_assert_int_eq(space_madvise(space, (uint64_t)b, 64 * KIB, L_MADV_DONTNEED), 0);
    ck_assert_uint_eq(get((uint64_t)b + 8), 2);
    uint8_t vector[16] = {0};
    ck_assert_int_eq(space_mincore(space, (uint64_t)b, 64 * KIB, vector), 0);
    ck_assert_uint_eq(vector[0] & 1, 1);
    ck_assert_int_eq(space_mincore(space, (uint64_t)b, MIB, vector), -L_ENOMEM);
    ck_assert_int_eq(space_msync(space, (uint64_t)b, 64 * KIB, L_MS_SYNC), 0);
    ck_assert_int_eq(space_msync(space, (uint64_t)b, 64 * KIB, L_MS_SYNC | L_MS_ASYNC), -L_EINVAL);
    space_munmap(space, (uint64_t)b, 64 * KIB);
    file_close(&file);
}
END_TEST

START_TEST(program_break)
{
    ck_assert_uint_eq(space_set_brk(space, 0x10001000), 0x10001000);
    ck_assert_uint_eq(space_brk(space, 0), 0x10001000);
    ck_assert_uint_eq(space_brk(space, 0x10001234), 0x10001234);
    put(0x10001000, 5);
    ck_assert(readable(0x10001fff) && !readable(0x10002000));
    ck_assert_uint_eq(space_brk(space, 0x10201000), 0x10201000);
    put(0x10200ffc, 6);
    ck_assert_uint_eq(get(0x10001000), 5);
    ck_assert_uint_eq(space_brk(space, 0x10002000), 0x10002000);
    ck_assert(!readable(0x10200ffc) && readable(0x10001000));
    /* Into the way of another mapping, below the start, beyond the limit. */
    map(0x10003000, PAGE, RW, ANON | L_MAP_FIXED);
    ck_assert_uint_eq(space_brk(space, 0x10004000), 0x10002000);
    ck_assert_uint_eq(space_brk(space, 0x10000000), 0x10002000);
    space_set_data_limit(space, 0x1800);
    ck_assert_uint_eq(space_brk(space, 0x10003000), 0x10002000);
    struct space *other = space_create();
    ck_assert_uint_ge(space_set_brk(other, 0), 4 * GIB);
    space_put(other);
}
END_TEST

START_TEST(limit)
{
    memory_limit_set(memory_used() + 8 * MIB);
    ck_assert_int_eq(space_mmap(space, 0, 16 * MIB, RW, ANON, NULL, 0), -L_ENOMEM);
    uint64_t a = map(0, 16 * MIB, RW, ANON | L_MAP_NORESERVE), at = a;
    struct space_fault fault;
    while (at < a + 16 * MIB && space_fault(space, at, SPACE_WRITE, &fault))
        at += PAGE;
    ck_assert_uint_ge(at - a, 8 * MIB - 64 * KIB);
    ck_assert_uint_le(at - a, 8 * MIB);
    ck_assert_int_eq(fault.signo, L_SIGKILL);
    ck_assert_int_eq(put_guest_u8(space, at, 1), -L_EFAULT);
    ck_assert_int_eq(space_munmap(space, a, 16 * MIB), 0);
    memory_limit_set(0);
    uint64_t b = map(0, 16 * MIB, RW, ANON);
    put(b + 15 * MIB, 1);
}
END_TEST

struct described {
    unsigned count;
    uint64_t last_end;
    bool file, heap;
};

static int describe(void *arg, const struct space_region *region)
{
    struct described *seen = arg;
    ck_assert_uint_ge(region->start, seen->last_end);
    ck_assert_uint_lt(region->start, region->end);
    seen->last_end = region->end;
    seen->count++;
    seen->file |= strcmp(region->name, "/file") == 0 && region->offset == PAGE;
    seen->heap |= strcmp(region->name, "[heap]") == 0 && region->resident == PAGE;
    return 0;
}

START_TEST(description)
{
    struct test_file file;
    struct described seen = {0};
    file_open(&file, 64 * KIB);
    /* Somewhere below 2 GiB; what has an address of its own lies above that. */
    int64_t at = space_mmap(space, 0, 2 * PAGE, L_PROT_READ, L_MAP_PRIVATE, &file.mapping, PAGE);
    ck_assert_int_gt(at, 0);
    space_set_brk(space, 0x110001000);
    ck_assert_uint_eq(space_brk(space, 0x110001004), 0x110001004);
    /* Alike neighbours are one region. */
    map(0x140000000, PAGE, RW, ANON | L_MAP_FIXED);
    map(0x140001000, PAGE, RW, ANON | L_MAP_FIXED);
    ck_assert_int_eq(space_mprotect(space, 0x140000000, PAGE, L_PROT_READ), 0);
    ck_assert_int_eq(space_mprotect(space, 0x140000000, PAGE, RW), 0);
    ck_assert_int_eq(space_describe(space, describe, &seen), 0);
    ck_assert_uint_eq(seen.count, 3);
    ck_assert(seen.file && seen.heap);
    struct space_usage usage;
    space_usage(space, &usage);
    ck_assert_uint_eq(usage.mapped, 5 * PAGE);
    ck_assert_uint_eq(usage.brk, 0x110001004);
    space_munmap(space, 0x10000, GIB * 100);
    file_close(&file);
}
END_TEST

START_TEST(peek_and_poke)
{
    uint64_t a = map(0, 2 * PAGE, RW, ANON);
    uint32_t word = 0;
    put(a + PAGE, 3);
    ck_assert_int_eq(space_mprotect(space, a, 2 * PAGE, L_PROT_NONE), 0);
    ck_assert_uint_eq(space_peek(space, &word, a + PAGE, 4), 4);
    ck_assert_uint_eq(word, 3);
    word = 9;
    ck_assert_uint_eq(space_poke(space, a + 2 * PAGE - 2, &word, 4), 2);
    ck_assert_uint_eq(space_poke(space, a + PAGE, &word, 4), 4);
    ck_assert(!readable(a + PAGE));
    ck_assert_int_eq(space_mprotect(space, a, 2 * PAGE, L_PROT_READ), 0);
    ck_assert_uint_eq(get(a + PAGE), 9);
    ck_assert(!writable(a + PAGE));
}
END_TEST

/* Windows keep clear of everything that the process has in their range, and of 4 GiB below them. */
START_TEST(windows_avoid_the_host)
{
    enum { MOST = 5000 };
    static struct space *spaces[MOST];
    uint64_t taken;
    ck_assert_int_eq(host_reserve(0x300000000000 + 5 * MIB, MIB, &taken), 0);
    int *heap = malloc(MIB);
    uint64_t avoid[] = {taken, (uint64_t)(uintptr_t)&space, (uint64_t)(uintptr_t)heap};
    unsigned count = 0;
    while (count < MOST && (spaces[count] = space_create())) {
        uint64_t base = space_base(spaces[count++]);
        for (unsigned i = 0; i < 3; i++)
            ck_assert(avoid[i] < base - 4 * GIB || avoid[i] >= base + 16 * GIB);
    }
    ck_assert_uint_gt(count, 3900);
    ck_assert_uint_lt(count, MOST);
    while (count)
        space_put(spaces[--count]);
    free(heap);
    host_release(taken, MIB);
}
END_TEST

static uint64_t show(struct test_file *file, uint64_t offset, uint64_t length, uint32_t prot)
{
    int64_t result = space_mmap(space, 0, length, prot, L_MAP_SHARED, &file->mapping, offset);
    ck_assert_msg(result >= 0, "mmap: %lld", (long long)result);
    return (uint64_t)result;
}

/* A file is told before anything is stored in a block of it through a shared mapping, and what it
 * has no room for is SIGBUS at the store. */
START_TEST(told_before_stores)
{
    struct test_file file;
    file_open(&file, 4 * BLOCK_SIZE);
    file.mapping.ops = &told_ops;
    file.room = 1;
    uint64_t at = show(&file, 0, 4 * BLOCK_SIZE, L_PROT_READ);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_uint_eq(get(at + i * BLOCK_SIZE), i * BLOCK_SIZE / 4);
    ck_assert_int_eq(space_mprotect(space, at, 4 * BLOCK_SIZE, RW), 0);
    ck_assert_uint_eq(file.stores, 0);
    put(at, 7);
    put(at + 5000, 7);
    ck_assert_uint_eq(file.stores, 1);
    for (unsigned i = 0; i < 2; i++) {
        refused(at + BLOCK_SIZE, SPACE_WRITE, L_SIGBUS, L_BUS_ADRERR);
        ck_assert_int_eq(put_guest_u32(space, at + BLOCK_SIZE, 1), -L_EFAULT);
        ck_assert_uint_eq(get(at + BLOCK_SIZE), BLOCK_SIZE / 4);
    }
    uint64_t again = show(&file, BLOCK_SIZE, BLOCK_SIZE, RW);
    refused(again, SPACE_WRITE, L_SIGBUS, L_BUS_ADRERR);
    file.room = 2;
    put(at + BLOCK_SIZE, 8);
    put(again + 8, 9);
    ck_assert_uint_eq(get(again), 8);
    ck_assert_int_eq(space_munmap(space, at, 4 * BLOCK_SIZE), 0);
    ck_assert_int_eq(space_munmap(space, again, BLOCK_SIZE), 0);
    file_close(&file);
}
END_TEST

int main(void)
{
    if (space_init())
        return EXIT_FAILURE;
    TCase *tcase = tcase_create("space");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, anonymous_memory);
    tcase_add_test(tcase, told_before_stores);
    tcase_add_test(tcase, bad_arguments);
    tcase_add_test(tcase, addresses_that_fault);
    tcase_add_test(tcase, protection);
    tcase_add_test(tcase, big_mapping_by_touch);
    tcase_add_test(tcase, strings_and_words);
    tcase_add_test(tcase, private_file);
    tcase_add_test(tcase, shared_file);
    tcase_add_test(tcase, fixed_shared_inside_private);
    tcase_add_test(tcase, remap);
    tcase_add_test(tcase, advise);
    tcase_add_test(tcase, program_break);
    tcase_add_test(tcase, limit);
    tcase_add_test(tcase, windows_avoid_the_host);
    tcase_add_test(tcase, description);
    tcase_add_test(tcase, peek_and_poke);
    return unit_run("space", tcase);
}
