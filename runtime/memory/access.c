/* How the kernel reads and writes guest memory. */
#include "runtime/memory/access.h"
#include "runtime/host/fault.h"
#include "runtime/host/lockcheck.h"
#include "runtime/memory/internal.h"
#include <string.h>

#define SYSV __attribute__((sysv_abi))

/* access_copy.S */
SYSV size_t access_copy(void *to, const void *from, size_t size);
SYSV size_t access_clear(void *to, size_t size);
SYSV int access_load32(uint32_t *to, const void *guest);
SYSV int access_load64(uint64_t *to, const void *guest);
SYSV int access_store32(void *guest, uint32_t value);
SYSV int access_store64(void *guest, uint64_t value);
SYSV int access_exchange32(void *guest, uint32_t *value);
SYSV int access_compare32(void *guest, uint32_t *expected, uint32_t desired);
extern const char access_begin[], access_end[], access_failed[];
extern const char access_copy_fault[], access_copy_fixup[];
extern const char access_clear_fault[], access_clear_fixup[];

static uint64_t code_address(const char *label)
{
    return (uint64_t)(uintptr_t)label;
}

/* Only accesses to windows are ours to mend: a fault on the kernel's own side is a defect. */
static uint64_t on_fault(const struct host_fault *fault)
{
    if (fault->rip < code_address(access_begin) || fault->rip >= code_address(access_end))
        return 0;
    if (fault->rip == code_address(access_copy_fault))
        return code_address(access_copy_fixup);
    if (fault->rip == code_address(access_clear_fault))
        return code_address(access_clear_fixup);
    return code_address(access_failed);
}

int space_init(void)
{
    return host_fault_add(on_fault);
}

static bool in_window(const struct space *space, uint64_t address, size_t size)
{
    uint64_t limit = window_limit(space);
    return size <= limit && address <= limit - size;
}

#define TOUCHING "touching guest memory"

static bool may_touch(const struct space *space, uint64_t address, size_t size)
{
    lockcheck_none_held(TOUCHING);
    return in_window(space, address, size);
}

/* A page that stays unusable although the space calls it supplied: give up some day. */
#define TRIES_MAX 1000

static bool supply(struct space *space, uint64_t address, enum space_access access, unsigned *tries)
{
    struct space_fault fault;
    return ++*tries < TRIES_MAX && space_fault(space, address, access, &fault);
}

/* As much as lies in the window of what is asked for. */
static size_t cut_to_window(const struct space *space, uint64_t address, size_t size)
{
    uint64_t limit = window_limit(space);
    lockcheck_none_held(TOUCHING);
    if (address >= limit)
        return 0;
    return min_u64(size, limit - address);
}

size_t copy_from_guest_partial(struct space *space, void *to, uint64_t from, size_t size)
{
    size_t done = 0;
    unsigned tries = 0;
    size = cut_to_window(space, from, size);
    while (done < size) {
        size_t left =
            access_copy((uint8_t *)to + done, host_pointer(space, from + done), size - done);
        if (size - left != done)
            tries = 0;
        done = size - left;
        if (left && !supply(space, from + done, SPACE_READ, &tries))
            break;
    }
    return done;
}

size_t copy_to_guest_partial(struct space *space, uint64_t to, const void *from, size_t size)
{
    size_t done = 0;
    unsigned tries = 0;
    size = cut_to_window(space, to, size);
    while (done < size) {
        size_t left =
            access_copy(host_pointer(space, to + done), (const uint8_t *)from + done, size - done);
        if (size - left != done)
            tries = 0;
        done = size - left;
        if (left && !supply(space, to + done, SPACE_WRITE, &tries))
            break;
    }
    return done;
}

int copy_from_guest(struct space *space, void *to, uint64_t from, size_t size)
{
    return copy_from_guest_partial(space, to, from, size) == size ? 0 : -L_EFAULT;
}

int copy_to_guest(struct space *space, uint64_t to, const void *from, size_t size)
{
    return copy_to_guest_partial(space, to, from, size) == size ? 0 : -L_EFAULT;
}

int clear_guest(struct space *space, uint64_t to, size_t size)
{
    size_t done = 0;
    unsigned tries = 0;
    if (!may_touch(space, to, size))
        return -L_EFAULT;
    while (done < size) {
        size_t left = access_clear(host_pointer(space, to + done), size - done);
        if (size - left != done)
            tries = 0;
        done = size - left;
        if (left && !supply(space, to + done, SPACE_WRITE, &tries))
            return -L_EFAULT;
    }
    return 0;
}

int64_t guest_string(struct space *space, uint64_t from, char *to, size_t max)
{
    size_t done = 0;
    while (done < max) {
        size_t part = min_u64(max - done, PAGE - ((from + done) & (PAGE - 1)));
        size_t got = copy_from_guest_partial(space, to + done, from + done, part);
        const char *end = memchr(to + done, 0, got);
        if (end)
            return end - to;
        if (got < part)
            return -L_EFAULT;
        done += part;
    }
    return -L_ENAMETOOLONG;
}

/* The access of a word may have failed at its first page or at its last. */
static bool supply_word(struct space *space, uint64_t address, unsigned size,
                        enum space_access access, unsigned *tries)
{
    return supply(space, address, access, tries) &&
           (((address ^ (address + size - 1)) & ~(PAGE - 1)) == 0 ||
            supply(space, address + size - 1, access, tries));
}

int get_guest_u8(struct space *space, uint64_t address, uint8_t *value)
{
    return copy_from_guest(space, value, address, sizeof(*value));
}

int get_guest_u32(struct space *space, uint64_t address, uint32_t *value)
{
    unsigned tries = 0;
    if (!may_touch(space, address, sizeof(*value)))
        return -L_EFAULT;
    while (access_load32(value, host_pointer(space, address)))
        if (!supply_word(space, address, sizeof(*value), SPACE_READ, &tries))
            return -L_EFAULT;
    return 0;
}

int get_guest_u64(struct space *space, uint64_t address, uint64_t *value)
{
    unsigned tries = 0;
    if (!may_touch(space, address, sizeof(*value)))
        return -L_EFAULT;
    while (access_load64(value, host_pointer(space, address)))
        if (!supply_word(space, address, sizeof(*value), SPACE_READ, &tries))
            return -L_EFAULT;
    return 0;
}

int put_guest_u8(struct space *space, uint64_t address, uint8_t value)
{
    return copy_to_guest(space, address, &value, sizeof(value));
}

int put_guest_u16(struct space *space, uint64_t address, uint16_t value)
{
    return copy_to_guest(space, address, &value, sizeof(value));
}

int put_guest_u32(struct space *space, uint64_t address, uint32_t value)
{
    unsigned tries = 0;
    if (!may_touch(space, address, sizeof(value)))
        return -L_EFAULT;
    while (access_store32(host_pointer(space, address), value))
        if (!supply_word(space, address, sizeof(value), SPACE_WRITE, &tries))
            return -L_EFAULT;
    return 0;
}

int put_guest_u64(struct space *space, uint64_t address, uint64_t value)
{
    unsigned tries = 0;
    if (!may_touch(space, address, sizeof(value)))
        return -L_EFAULT;
    while (access_store64(host_pointer(space, address), value))
        if (!supply_word(space, address, sizeof(value), SPACE_WRITE, &tries))
            return -L_EFAULT;
    return 0;
}

static bool is_word(const struct space *space, uint64_t address)
{
    return (address & 3) == 0 && may_touch(space, address, 4);
}

int guest_load32(struct space *space, uint64_t address, uint32_t *value)
{
    /* An aligned load is atomic, and sequentially consistent beside locked stores. */
    return is_word(space, address) ? get_guest_u32(space, address, value) : -L_EFAULT;
}

int guest_xchg32(struct space *space, uint64_t address, uint32_t *value)
{
    unsigned tries = 0;
    if (!is_word(space, address))
        return -L_EFAULT;
    while (access_exchange32(host_pointer(space, address), value))
        if (!supply(space, address, SPACE_WRITE, &tries))
            return -L_EFAULT;
    return 0;
}

int guest_cmpxchg32(struct space *space, uint64_t address, uint32_t *expected, uint32_t desired)
{
    unsigned tries = 0;
    if (!is_word(space, address))
        return -L_EFAULT;
    while (access_compare32(host_pointer(space, address), expected, desired))
        if (!supply(space, address, SPACE_WRITE, &tries))
            return -L_EFAULT;
    return 0;
}
