/* Addresses and protections. */
#include <string.h>

#include "app/fore/selftest.h"
#include "runtime/host/memory.h"

#define GIB           ((uint64_t)1 << 30)
#define WINDOWS_START ((uint64_t)0x200000000000) /* as runtime/memory/space_window.c */
#define WINDOWS_END   ((uint64_t)0x600000000000)
#define WINDOW        (16 * GIB)
#define PIECE         ((size_t)16 << 20)

static uint8_t *bytes(uint64_t address)
{
    return (uint8_t *)(uintptr_t)address;
}

/* What a guest needs: some windows at all; for thousands of processes, most of them. */
static void check_windows(void)
{
    unsigned all = 0, vacant = 0, usable = 0;
    for (uint64_t at = WINDOWS_START; at < WINDOWS_END; at += WINDOW, all++) {
        uint64_t where;
        if (!host_address_free(at, WINDOW))
            continue;
        vacant++;
        if (host_reserve(at + WINDOW / 2, PIECE, &where))
            continue;
        usable += where == at + WINDOW / 2;
        host_release(where, PIECE);
    }
    selftest_line("address windows of 16 GiB", usable > all / 2, "%u of %u free, %u usable", vacant,
                  all, usable);
}

static void check_pages(void)
{
    uint64_t at = WINDOWS_START + 3 * WINDOW, base = 0;
    int error = host_reserve(at, PIECE, &base);
    if (error)
        error = host_reserve(0, PIECE, &base);
    selftest_line("reserving at an address", error == 0 && base == at, "%#llx, error %d",
                  (unsigned long long)base, -error);
    if (error)
        return;
    error = host_commit(base, 2 * HOST_PAGE, HOST_READ | HOST_WRITE);
    bool zero = !error && !*bytes(base + HOST_PAGE);
    if (!error)
        memset(bytes(base), 7, 2 * HOST_PAGE);
    selftest_line("committed pages are zero and can be written", zero, "error %d", -error);
    if (!error)
        error = host_commit(base, 4 * HOST_PAGE, HOST_READ | HOST_WRITE);
    selftest_line("committing again keeps what is there", !error && *bytes(base) == 7, "error %d",
                  -error);
    if (!error)
        error = host_clear(base, HOST_PAGE, HOST_READ);
    selftest_line("pages can be cleared", !error && !*bytes(base), "error %d", -error);
    uint64_t other;
    error = host_reserve(base + HOST_GRANULARITY, HOST_GRANULARITY, &other);
    selftest_line("what is reserved is not given twice", error != 0, "error %d", -error);
    host_release(base, PIECE);
}

static void check_code_views(void)
{
    static const uint8_t code[] = {0xb8, 0x2a, 0, 0, 0, 0xc3}; /* mov eax, 42; ret */
    struct host_section *section = host_section_create(HOST_GRANULARITY, true);
    uint64_t write = 0, run = 0;
    int error = section
                    ? host_view_map(section, 0, HOST_GRANULARITY, 0, HOST_READ | HOST_WRITE, &write)
                    : -1;
    if (!error)
        error = host_view_map(section, 0, HOST_GRANULARITY, 0, HOST_READ | HOST_EXEC, &run);
    selftest_line("views of one memory with code", error == 0, "error %d", -error);
    if (error)
        return;
    memcpy(bytes(write), code, sizeof(code));
    int (*function)(void) = (int (*)(void))(uintptr_t)run;
    int seen = function();
    selftest_line("code written through one view runs in another", seen == 42, "%d", seen);
    host_view_unmap(write, HOST_GRANULARITY);
    host_view_unmap(run, HOST_GRANULARITY);
    host_section_free(section);
}

static void check_private_view(void)
{
    struct host_section *section = host_section_create(HOST_GRANULARITY, false);
    uint64_t shown = 0, own = 0;
    int error = section
                    ? host_view_map(section, 0, HOST_GRANULARITY, 0, HOST_READ | HOST_WRITE, &shown)
                    : -1;
    if (!error)
        error = host_view_map_private(section, 0, HOST_GRANULARITY, 0, &own);
    selftest_line("views of one memory", error == 0, "error %d", -error);
    if (error)
        return;
    *bytes(own + HOST_PAGE) = 1;
    selftest_line("a view of its own does not show in others", !*bytes(shown + HOST_PAGE), "%d",
                  *bytes(shown + HOST_PAGE));
    host_view_unmap(shown, HOST_GRANULARITY);
    host_view_unmap(own, HOST_GRANULARITY);
    host_section_free(section);
}

void selftest_memory(void)
{
    check_windows();
    check_pages();
    check_code_views();
    check_private_view();
}
