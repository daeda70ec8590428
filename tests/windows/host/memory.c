/*
 * Memory and clocks where Windows does less than Wine: committing does not change the protection of
 * pages that are there, a size of 0 decommits the whole reservation, a view for copies takes no
 * PAGE_READWRITE, and the ticks lag behind the counter.
 *
 * wrap: VirtualAlloc VirtualFree VirtualProtect GetTickCount64
 */
#include <check.h>
#include <string.h>

#include "runtime/host/memory.h"
#include "runtime/host/time.h"
#include "tests/unit/run.h"
#include "tests/windows/host/shim.h"

static void *WINAPI shim_VirtualAlloc(void *address, SIZE_T size, DWORD type, DWORD protection);
static BOOL WINAPI shim_VirtualFree(void *address, SIZE_T size, DWORD type);
static BOOL WINAPI shim_VirtualProtect(void *address, SIZE_T size, DWORD protection, DWORD *old);
static ULONGLONG WINAPI shim_GetTickCount64(void);
SHIM(VirtualAlloc);
SHIM(VirtualFree);
SHIM(VirtualProtect);
SHIM(GetTickCount64);

static unsigned whole_decommits;

static void *WINAPI shim_VirtualAlloc(void *address, SIZE_T size, DWORD type, DWORD protection)
{
    if (type != MEM_COMMIT)
        return REAL(VirtualAlloc)(address, size, type, protection);
    for (char *at = address, *end = at + size; at < end;) {
        MEMORY_BASIC_INFORMATION pages;
        if (!VirtualQuery(at, &pages, sizeof(pages)))
            return NULL;
        SIZE_T part = pages.RegionSize < (SIZE_T)(end - at) ? pages.RegionSize : (SIZE_T)(end - at);
        if (pages.State == MEM_RESERVE && !REAL(VirtualAlloc)(at, part, type, protection))
            return NULL;
        at += part;
    }
    return address;
}

static BOOL WINAPI shim_VirtualFree(void *address, SIZE_T size, DWORD type)
{
    whole_decommits += type == MEM_DECOMMIT && size == 0;
    return REAL(VirtualFree)(address, size, type);
}

static BOOL WINAPI shim_VirtualProtect(void *address, SIZE_T size, DWORD protection, DWORD *old)
{
    MEMORY_BASIC_INFORMATION pages;
    if (protection == PAGE_READWRITE && VirtualQuery(address, &pages, sizeof(pages)) &&
        pages.Type == MEM_MAPPED && pages.AllocationProtect == PAGE_WRITECOPY) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    return REAL(VirtualProtect)(address, size, protection, old);
}

static ULONGLONG ticks;

static ULONGLONG WINAPI shim_GetTickCount64(void)
{
    return ticks;
}

static DWORD protection_of(uint64_t address)
{
    MEMORY_BASIC_INFORMATION page;
    ck_assert(VirtualQuery((void *)(uintptr_t)address, &page, sizeof(page)));
    return page.Protect;
}

static volatile uint8_t *bytes(uint64_t address)
{
    return (uint8_t *)(uintptr_t)address;
}

START_TEST(commit_gives_the_protection)
{
    uint64_t base;
    ck_assert_int_eq(host_reserve(0, 16 * HOST_PAGE, &base), 0);
    ck_assert_int_eq(host_commit(base + HOST_PAGE, HOST_PAGE, HOST_NONE), 0);
    ck_assert_int_eq(host_commit(base, 4 * HOST_PAGE, HOST_READ | HOST_WRITE), 0);
    for (int i = 0; i < 4; i++)
        ck_assert_uint_eq(protection_of(base + i * HOST_PAGE), PAGE_READWRITE);
    *bytes(base + HOST_PAGE) = 5;
    ck_assert_int_eq(host_commit(base, 2 * HOST_PAGE, HOST_READ), 0);
    ck_assert_uint_eq(protection_of(base + HOST_PAGE), PAGE_READONLY);
    ck_assert_uint_eq(*bytes(base + HOST_PAGE), 5);
    /* Filling opens pages, whatever they were. */
    ck_assert_int_eq(host_fill(base, 5, "text", HOST_READ), 0);
    ck_assert_str_eq((const char *)bytes(base), "text");
    ck_assert_uint_eq(protection_of(base), PAGE_READONLY);
    host_release(base, 16 * HOST_PAGE);
}
END_TEST

START_TEST(no_bytes_are_no_bytes)
{
    uint64_t base;
    ck_assert_int_eq(host_reserve(0, HOST_GRANULARITY, &base), 0);
    ck_assert_int_eq(host_commit(base, HOST_PAGE, HOST_READ | HOST_WRITE), 0);
    *bytes(base) = 1;
    ck_assert_int_eq(host_decommit(base, 0), 0);
    ck_assert_int_eq(host_clear(base, 0, HOST_READ), 0);
    ck_assert_int_eq(host_commit(base, 0, HOST_READ), 0);
    ck_assert_int_eq(host_protect(base, 0, HOST_READ), 0);
    ck_assert_uint_eq(whole_decommits, 0);
    ck_assert_uint_eq(*bytes(base), 1);
    *bytes(base) = 2;
    host_release(base, HOST_GRANULARITY);
}
END_TEST

START_TEST(private_views_stay_private)
{
    uint64_t shared, own;
    struct host_section *section = host_section_create(HOST_GRANULARITY, false);
    ck_assert_ptr_nonnull(section);
    ck_assert_int_eq(
        host_view_map(section, 0, HOST_GRANULARITY, 0, HOST_READ | HOST_WRITE, &shared), 0);
    ck_assert_int_eq(host_view_map_private(section, 0, HOST_GRANULARITY, 0, &own), 0);
    ck_assert_int_eq(host_protect(own, HOST_PAGE, HOST_READ), 0);
    ck_assert_int_eq(host_protect(own, HOST_PAGE, HOST_READ | HOST_WRITE), 0);
    *bytes(own) = 7;
    ck_assert_uint_eq(*bytes(own), 7);
    ck_assert_uint_eq(*bytes(shared), 0);
    /* Not a way around the protection of others. */
    ck_assert_int_eq(host_protect(shared, HOST_PAGE, HOST_READ), 0);
    ck_assert_int_eq(host_protect(shared, HOST_PAGE, HOST_READ | HOST_WRITE), 0);
    ck_assert_uint_eq(protection_of(shared), PAGE_READWRITE);
    host_view_unmap(own, HOST_GRANULARITY);
    host_view_unmap(shared, HOST_GRANULARITY);
    host_section_free(section);
}
END_TEST

START_TEST(boottime_is_not_below_monotonic)
{
    uint64_t before = host_clock_monotonic_ns();
    ticks = 0;
    ck_assert_uint_ge(host_clock_boottime_ns(), before);
    before = host_clock_monotonic_ns();
    ticks = before / 1000000 - 10;
    ck_assert_uint_ge(host_clock_boottime_ns(), before);
    /* A machine that slept. */
    ticks = before / 1000000 + 3600000;
    ck_assert_uint_eq(host_clock_boottime_ns(), ticks * 1000000);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("memory");
    tcase_add_test(tcase, commit_gives_the_protection);
    tcase_add_test(tcase, no_bytes_are_no_bytes);
    tcase_add_test(tcase, private_views_stay_private);
    tcase_add_test(tcase, boottime_is_not_below_monotonic);
    return unit_run("windows memory", tcase);
}
