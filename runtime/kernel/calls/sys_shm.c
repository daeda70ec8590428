/* System V shared memory. */
#include <string.h>

#include "runtime/abi/capability.h"
#include "runtime/abi/errno.h"
#include "runtime/abi/ipc.h"
#include "runtime/abi/mman.h"
#include "runtime/abi/resource.h"
#include "runtime/kernel/kernel_calls.h"
#include "runtime/memory/access.h"
#include "runtime/memory/mapping.h"
#include "runtime/memory/space.h"
#include "runtime/task/process.h"
#include "runtime/task/shm.h"

int64_t sys_shmget(struct task *t, uint64_t key, uint64_t size, uint64_t flags)
{
    return shm_get(&t->process->cred, t->process->pid, (int32_t)key, size, (uint32_t)flags);
}

int64_t sys_shmat(struct task *t, uint64_t id, uint64_t address, uint64_t flags)
{
    struct space *space = t->process->space;
    uint32_t prot = L_PROT_READ, access = 0444, map = L_MAP_SHARED;
    struct mapping *mapping;
    uint64_t size;
    if ((int32_t)id < 0)
        return -L_EINVAL;
    if (address & (SPACE_PAGE - 1)) {
        if (!(flags & L_SHM_RND))
            return -L_EINVAL;
        address &= ~(SPACE_PAGE - 1);
    }
    if (!address && (flags & L_SHM_REMAP))
        return -L_EINVAL;
    if (!(flags & L_SHM_RDONLY)) {
        prot |= L_PROT_WRITE;
        access |= 0222;
    }
    if (flags & L_SHM_EXEC) {
        prot |= L_PROT_EXEC;
        access |= 0111;
    }
    int error = shm_open_segment(&t->process->cred, (int32_t)id, access, &mapping, &size);
    if (error)
        return error;
    if (address)
        map |= flags & L_SHM_REMAP ? L_MAP_FIXED : L_MAP_FIXED_NOREPLACE;
    size = (size + SPACE_PAGE - 1) & ~(SPACE_PAGE - 1);
    int64_t result = space_mmap(space, address, size, prot, map, mapping, 0);
    if (result >= 0 && (flags & L_SHM_RDONLY))
        space_deny_write(space, (uint64_t)result, size);
    mapping_put(mapping);
    return result == -L_EEXIST ? -L_EINVAL : result;
}

/* Looks for the regions that an attachment at `address` is made of: the first that would have been
 * its begin, and then what belongs to the same segment. */
struct detaching {
    uint64_t address, inode;
    uint64_t start, end; /* the next of its regions, at `from` or above */
    uint64_t from;
    bool found;
};

static int look(void *arg, const struct space_region *region)
{
    struct detaching *d = arg;
    if (region->device != SHM_DEVICE || !region->shared || region->start < d->from ||
        region->start - d->address != region->offset || (d->found && region->inode != d->inode))
        return 0;
    d->found = true;
    d->inode = region->inode;
    d->start = region->start;
    d->end = region->end;
    return 1;
}

int64_t sys_shmdt(struct task *t, uint64_t address)
{
    struct detaching d = {.address = address, .from = address};
    if (address & (SPACE_PAGE - 1))
        return -L_EINVAL;
    int result;
    while ((result = space_describe(t->process->space, look, &d)) == 1) {
        int error = space_munmap(t->process->space, d.start, d.end - d.start);
        if (error)
            return error;
        d.from = d.end;
    }
    return result ? result : d.found ? 0 : -L_EINVAL;
}

static int64_t put(struct task *t, uint64_t address, const void *data, size_t size, int64_t result)
{
    return copy_to_guest(t->process->space, address, data, size) ? -L_EFAULT : result;
}

int64_t sys_shmctl(struct task *t, uint64_t id, uint64_t command, uint64_t buffer)
{
    const struct cred *cred = &t->process->cred;
    struct l_shmid64_ds segment;
    struct l_shm_info info;
    int result;
    if ((int32_t)id < 0 || (int32_t)command < 0)
        return -L_EINVAL;
    switch ((uint32_t)command) {
    case L_IPC_INFO: {
        const struct l_shminfo64 limits = {L_SHMMAX, 1, L_SHMMNI, L_SHMMNI, L_SHMALL, {0}};
        return put(t, buffer, &limits, sizeof(limits), shm_info(&info));
    }
    case L_SHM_INFO:
        result = shm_info(&info);
        return put(t, buffer, &info, sizeof(info), result);
    case L_IPC_STAT:
    case L_SHM_STAT:
    case L_SHM_STAT_ANY:
        result = shm_stat(cred, (int32_t)id, (uint32_t)command, &segment);
        return result < 0 ? result : put(t, buffer, &segment, sizeof(segment), result);
    case L_IPC_SET:
        if (copy_from_guest(t->process->space, &segment, buffer, sizeof(segment)))
            return -L_EFAULT;
        break;
    case L_IPC_RMID:
    case L_SHM_LOCK:
    case L_SHM_UNLOCK:
        memset(&segment, 0, sizeof(segment));
        break;
    default:
        return -L_EINVAL;
    }
    return shm_change(cred, (int32_t)id, (uint32_t)command, &segment,
                      t->process->rlimits[L_RLIMIT_MEMLOCK].rlim_cur);
}
