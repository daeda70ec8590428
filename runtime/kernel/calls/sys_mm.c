/* System calls of memory: arguments checked here, done by runtime/memory. */

#include "runtime/abi/errno.h"
#include "runtime/abi/mman.h"
#include "runtime/fs/vfs/fdtable.h"
#include "runtime/kernel/kernel_calls.h"
#include "runtime/kernel/life/oom.h"
#include "runtime/memory/access.h"
#include "runtime/memory/mapping.h"
#include "runtime/memory/space.h"
#include "runtime/task/process.h"

#define PAGE_MASK (SPACE_PAGE - 1)

/* What a task may lock, in bytes. */
static uint64_t lock_limit(struct task *t)
{
    bool any = cred_capable(&t->process->cred, L_CAP_IPC_LOCK);
    return any ? UINT64_MAX : t->process->rlimits[L_RLIMIT_MEMLOCK].rlim_cur;
}

/* The task's space, with what may be locked now: that depends on what the task may do. */
static struct space *space_of(struct task *t)
{
    space_set_lock_limit(t->process->space, lock_limit(t));
    return t->process->space;
}

static int64_t map(struct space *space, uint64_t address, uint64_t length, uint32_t prot,
                   uint32_t flags, struct mapping *mapping, uint64_t offset)
{
    int64_t result = space_mmap(space, address, length, prot, flags, mapping, offset);
    if (result == -L_ENOMEM && oom_make_room(length))
        result = space_mmap(space, address, length, prot, flags, mapping, offset);
    return result;
}

static int64_t map_file(struct task *t, uint64_t address, uint64_t length, uint32_t prot,
                        uint32_t flags, int fd, uint64_t offset)
{
    struct space *space = space_of(t);
    struct file *file = files_get(t->files, fd);
    if (!file)
        return -L_EBADF;
    bool shared = (flags & L_MAP_TYPE) != L_MAP_PRIVATE;
    struct mapping *mapping = NULL;
    int64_t result = file_mmap(file, prot, shared, &mapping, &offset);
    if (!result) {
        /* NULL: the file stands for anonymous memory (/dev/zero). */
        result = map(space, address, length, prot, mapping ? flags : flags | L_MAP_ANONYMOUS,
                     mapping, offset);
        if (mapping)
            mapping_put(mapping);
        if (result >= 0 && shared && !file_writable(file))
            space_deny_write(space, (uint64_t)result, length);
    }
    file_put(file);
    return result;
}

int64_t sys_mmap(struct task *t, uint64_t address, uint64_t length, uint64_t prot, uint64_t flags,
                 uint64_t fd, uint64_t offset)
{
    if (offset & PAGE_MASK)
        return -L_EINVAL;
    uint64_t type = flags & L_MAP_TYPE;
    if (type != L_MAP_PRIVATE && type != L_MAP_SHARED && type != L_MAP_SHARED_VALIDATE)
        return -L_EINVAL;
    if (flags & L_MAP_HUGETLB)
        return -L_ENOMEM;
    if (flags & L_MAP_ANONYMOUS)
        return map(space_of(t), address, length, (uint32_t)prot, (uint32_t)flags, NULL, offset);
    return map_file(t, address, length, (uint32_t)prot, (uint32_t)flags, (int)fd, offset);
}

int64_t sys_munmap(struct task *t, uint64_t address, uint64_t length)
{
    return space_munmap(t->process->space, address, length);
}

int64_t sys_mprotect(struct task *t, uint64_t address, uint64_t length, uint64_t prot)
{
    return space_mprotect(t->process->space, address, length, (uint32_t)prot);
}

int64_t sys_mremap(struct task *t, uint64_t address, uint64_t old_length, uint64_t new_length,
                   uint64_t flags, uint64_t new_address)
{
    struct space *space = space_of(t);
    int64_t result =
        space_mremap(space, address, old_length, new_length, (uint32_t)flags, new_address);
    if (result == -L_ENOMEM && oom_make_room(new_length))
        result = space_mremap(space, address, old_length, new_length, (uint32_t)flags, new_address);
    return result;
}

int64_t sys_madvise(struct task *t, uint64_t address, uint64_t length, uint64_t advice)
{
    return space_madvise(t->process->space, address, length, (int)advice);
}

int64_t sys_msync(struct task *t, uint64_t address, uint64_t length, uint64_t flags)
{
    return space_msync(t->process->space, address, length, (uint32_t)flags);
}

int64_t sys_mincore(struct task *t, uint64_t address, uint64_t length, uint64_t vector)
{
    struct space *space = t->process->space;
    uint8_t chunk[256];
    if (address & PAGE_MASK)
        return -L_EINVAL;
    if (length > SPACE_END || address > SPACE_END - length)
        return -L_ENOMEM;
    uint64_t pages = (length + PAGE_MASK) / SPACE_PAGE;
    for (uint64_t done = 0; done < pages;) {
        uint64_t n = pages - done < sizeof(chunk) ? pages - done : sizeof(chunk);
        int error = signal_fatal_pending(t) ? -L_EINTR : 0;
        if (!error)
            error = space_mincore(space, address + done * SPACE_PAGE, n * SPACE_PAGE, chunk);
        if (!error)
            error = copy_to_guest(space, vector + done, chunk, n);
        if (error)
            return error;
        done += n;
    }
    return 0;
}

int64_t sys_brk(struct task *t, uint64_t address)
{
    struct space *space = space_of(t);
    uint64_t now = space_brk(space, address);
    if (now < address && oom_make_room(address - now))
        now = space_brk(space, address);
    return (int64_t)now;
}

/* Brings the pages in; a kill ends it. */
static int touch(struct task *t, uint64_t address, uint64_t length)
{
    uint64_t end = address + length;
    for (uint64_t page = address & ~PAGE_MASK; page < end; page += SPACE_PAGE) {
        uint8_t byte;
        if (!space_peek(t->process->space, &byte, page, 1))
            return -L_ENOMEM;
        if (signal_fatal_pending(t))
            return -L_EINTR;
    }
    return 0;
}

static int64_t lock_range(struct task *t, uint64_t address, uint64_t length, bool present)
{
    uint64_t limit = lock_limit(t);
    if (!limit)
        return -L_EPERM;
    int error = space_lock_pages(t->process->space, address, length, true, limit);
    return error || !present ? error : touch(t, address, length);
}

int64_t sys_mlock(struct task *t, uint64_t address, uint64_t length)
{
    return lock_range(t, address, length, true);
}

int64_t sys_mlock2(struct task *t, uint64_t address, uint64_t length, uint64_t flags)
{
    return flags & ~1ull ? -L_EINVAL : lock_range(t, address, length, !flags);
}

int64_t sys_munlock(struct task *t, uint64_t address, uint64_t length)
{
    return space_lock_pages(t->process->space, address, length, false, 0);
}

int64_t sys_mlockall(struct task *t, uint64_t flags)
{
    const uint64_t known = L_MCL_CURRENT | L_MCL_FUTURE | L_MCL_ONFAULT;
    if (!flags || (flags & ~known) || flags == L_MCL_ONFAULT)
        return -L_EINVAL;
    uint64_t limit = lock_limit(t);
    if (!limit)
        return -L_EPERM;
    return space_lock_all(t->process->space, (uint32_t)flags, limit);
}

int64_t sys_munlockall(struct task *t)
{
    return space_lock_all(t->process->space, 0, UINT64_MAX);
}

/* A processor without protection keys, as cpuid says. */
int64_t sys_pkey_mprotect(struct task *t, uint64_t address, uint64_t length, uint64_t prot,
                          uint64_t key)
{
    return (int32_t)key == -1 ? sys_mprotect(t, address, length, prot) : -L_EINVAL;
}

int64_t sys_pkey_alloc(struct task *t, uint64_t flags, uint64_t rights)
{
    (void)t;
    return flags || rights & ~3ull ? -L_EINVAL : -L_ENOSPC;
}

int64_t sys_pkey_free(struct task *t, uint64_t key)
{
    (void)t;
    (void)key;
    return -L_EINVAL;
}
