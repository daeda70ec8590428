/* The table of segments. A segment's mapping stands before anonymous memory and tells when its last
 * reference goes. */
#include "runtime/task/shm.h"

#include <stdio.h>
#include <string.h>

#include "runtime/abi/capability.h"
#include "runtime/abi/errno.h"
#include "runtime/host/heap.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"
#include "runtime/memory/mapping.h"
#include "runtime/memory/shared_block.h"
#include "runtime/memory/space.h"
#include "runtime/task/cred.h"
#include "runtime/task/process.h"
#include "runtime/task/task.h"

#define PLACE_BITS 15
#define SIZE_MOST  (128ull << 30) /* an address space: more could not be shown */
#define MODE_BITS  0777u

struct segment {
    struct mapping mapping; /* first */
    struct mapping *memory;
    struct l_ipc64_perm perm; /* under the lock, as created and place */
    uint64_t size;
    int64_t changed;
    int32_t id, creator;
    _Atomic int64_t attached, detached;
    _Atomic int32_t last;
};

static struct host_mutex lock = HOST_MUTEX_INIT(RANK_SHM);
static struct segment *table[L_SHMMNI];
static uint32_t next_seq;

static int64_t now(void)
{
    return (int64_t)(host_clock_realtime_ns() / 1000000000u);
}

/* --- a segment's memory --- */

static int segment_block(struct mapping *mapping, uint64_t index, bool create, struct block **out)
{
    struct mapping *memory = ((struct segment *)mapping)->memory;
    return memory->ops->block(memory, index, create, out);
}

static void segment_name(struct mapping *mapping, char *buffer, size_t size)
{
    snprintf(buffer, size, "/SYSV%08x (deleted)", (uint32_t)((struct segment *)mapping)->perm.key);
}

static void segment_identity(struct mapping *mapping, uint64_t *device, uint64_t *inode)
{
    *device = SHM_DEVICE;
    *inode = (uint64_t)((struct segment *)mapping)->id;
}

static void segment_shown(struct mapping *mapping, bool more)
{
    struct segment *segment = (struct segment *)mapping;
    struct task *t = task_current();
    atomic_store(more ? &segment->attached : &segment->detached, now());
    if (t)
        atomic_store(&segment->last, t->process->pid);
}

/* It was removed, and nobody shows it. */
static void segment_release(struct mapping *mapping)
{
    struct segment *segment = (struct segment *)mapping;
    host_mutex_lock(&lock);
    table[segment->id & (L_SHMMNI - 1)] = NULL;
    host_mutex_unlock(&lock);
    mapping_put(segment->memory);
    free(segment);
}

static const struct mapping_ops segment_ops = {
    .block = segment_block,
    .release = segment_release,
    .name = segment_name,
    .identity = segment_identity,
    .shown = segment_shown,
};

/* --- the table; the lock is held --- */

/* ipcperms() of Linux. */
static bool allowed(const struct cred *cred, const struct l_ipc64_perm *perm, uint32_t flags)
{
    uint32_t wanted = (flags >> 6 | flags >> 3 | flags) & 7, granted = perm->mode;
    if (cred->euid == perm->cuid || cred->euid == perm->uid)
        granted >>= 6;
    else if (cred_in_group(cred, perm->cgid) || cred_in_group(cred, perm->gid))
        granted >>= 3;
    return !(wanted & ~granted) || cred_capable(cred, L_CAP_IPC_OWNER);
}

/* Removed segments are found as long as they are shown, but not when their last reference is just
 * going. */
static int find(int32_t id, struct segment **out)
{
    *out = id < 0 ? NULL : table[id & (L_SHMMNI - 1)];
    if (!*out || !atomic_load(&(*out)->mapping.refs))
        return -L_EINVAL;
    return (*out)->id == id ? 0 : -L_EIDRM;
}

static struct segment *find_key(int32_t key)
{
    for (uint32_t i = 0; i < L_SHMMNI; i++)
        if (table[i] && table[i]->perm.key == key && !(table[i]->perm.mode & L_SHM_DEST))
            return table[i];
    return NULL;
}

static int enter(struct segment *segment)
{
    for (uint32_t i = 0; i < L_SHMMNI; i++) {
        if (table[i])
            continue;
        segment->perm.seq = (uint16_t)next_seq++;
        segment->id = (int32_t)((uint32_t)segment->perm.seq << PLACE_BITS | i);
        table[i] = segment;
        return segment->id;
    }
    return -L_ENOSPC;
}

/* What is there for the key, or -L_ENOENT. */
static int existing(const struct cred *cred, int32_t key, uint64_t size, uint32_t flags)
{
    struct segment *segment = key == L_IPC_PRIVATE ? NULL : find_key(key);
    if (!segment)
        return -L_ENOENT;
    if ((flags & L_IPC_CREAT) && (flags & L_IPC_EXCL))
        return -L_EEXIST;
    if (size > segment->size)
        return -L_EINVAL;
    return allowed(cred, &segment->perm, flags) ? segment->id : -L_EACCES;
}

/* --- for callers --- */

static struct segment *create(const struct cred *cred, int32_t pid, int32_t key, uint64_t size,
                              uint32_t flags)
{
    uint64_t whole = (size + SPACE_PAGE - 1) & ~(SPACE_PAGE - 1);
    struct segment *segment = calloc(1, sizeof(*segment));
    struct mapping *memory = mapping_create_anonymous(whole, "");
    if (!segment || !memory) {
        mapping_put(memory);
        free(segment);
        return NULL;
    }
    mapping_init(&segment->mapping, &segment_ops, whole);
    segment->memory = memory;
    segment->perm.key = key;
    segment->perm.uid = segment->perm.cuid = cred->euid;
    segment->perm.gid = segment->perm.cgid = cred->egid;
    segment->perm.mode = flags & MODE_BITS;
    segment->size = size;
    segment->changed = now();
    segment->creator = pid;
    return segment;
}

int shm_get(const struct cred *cred, int32_t pid, int32_t key, uint64_t size, uint32_t flags)
{
    host_mutex_lock(&lock);
    int id = existing(cred, key, size, flags);
    host_mutex_unlock(&lock);
    if (id != -L_ENOENT || (key != L_IPC_PRIVATE && !(flags & L_IPC_CREAT)))
        return id;
    if (!size || size > L_SHMMAX)
        return -L_EINVAL;
    if ((flags & L_SHM_HUGETLB) || size > SIZE_MOST)
        return -L_ENOMEM;
    struct segment *made = create(cred, pid, key, size, flags);
    if (!made)
        return -L_ENOMEM;
    host_mutex_lock(&lock);
    id = existing(cred, key, size, flags); /* another may have been faster */
    if (id == -L_ENOENT) {
        id = enter(made);
        made = id < 0 ? made : NULL;
    }
    host_mutex_unlock(&lock);
    if (made) {
        mapping_put(made->memory);
        free(made);
    }
    return id;
}

int shm_open_segment(const struct cred *cred, int32_t id, uint32_t access, struct mapping **out,
                     uint64_t *size)
{
    struct segment *segment;
    host_mutex_lock(&lock);
    int error = find(id, &segment);
    if (!error && !allowed(cred, &segment->perm, access))
        error = -L_EACCES;
    if (!error) {
        /* One whose last reference goes meanwhile is gone. */
        uint32_t refs = atomic_load(&segment->mapping.refs);
        while (refs && !atomic_compare_exchange_weak(&segment->mapping.refs, &refs, refs + 1)) {
        }
        error = refs ? 0 : -L_EIDRM;
        *out = &segment->mapping;
        *size = segment->size;
    }
    host_mutex_unlock(&lock);
    return error;
}

int shm_stat(const struct cred *cred, int32_t id, uint32_t command, struct l_shmid64_ds *out)
{
    struct segment *segment;
    memset(out, 0, sizeof(*out));
    host_mutex_lock(&lock);
    int error = -L_EINVAL;
    if (command == L_IPC_STAT)
        error = find(id, &segment);
    else if (id >= 0 && id < L_SHMMNI && table[id])
        error = find(table[id]->id, &segment);
    if (!error && command != L_SHM_STAT_ANY && !allowed(cred, &segment->perm, 0444))
        error = -L_EACCES;
    if (!error) {
        *out = (struct l_shmid64_ds){segment->perm,
                                     segment->size,
                                     atomic_load(&segment->attached),
                                     atomic_load(&segment->detached),
                                     segment->changed,
                                     segment->creator,
                                     atomic_load(&segment->last),
                                     atomic_load(&segment->mapping.mapped),
                                     {0}};
        error = command == L_IPC_STAT ? 0 : segment->id;
    }
    host_mutex_unlock(&lock);
    return error;
}

static int set_locked(const struct cred *cred, struct segment *segment, bool on, uint64_t limit)
{
    if (!cred_capable(cred, L_CAP_IPC_LOCK)) {
        if (cred->euid != segment->perm.uid && cred->euid != segment->perm.cuid)
            return -L_EPERM;
        if (on && !limit)
            return -L_EPERM;
        if (on && segment->size > limit)
            return -L_ENOMEM;
    }
    segment->perm.mode =
        on ? segment->perm.mode | L_SHM_LOCKED : segment->perm.mode & ~(uint32_t)L_SHM_LOCKED;
    return 0;
}

static int change(const struct cred *cred, struct segment *segment, uint32_t command,
                  const struct l_shmid64_ds *set, bool *removed)
{
    struct l_ipc64_perm *perm = &segment->perm;
    if (cred->euid != perm->uid && cred->euid != perm->cuid && !cred_capable(cred, L_CAP_SYS_ADMIN))
        return -L_EPERM;
    if (command == L_IPC_SET) {
        if (set->shm_perm.uid == UINT32_MAX || set->shm_perm.gid == UINT32_MAX)
            return -L_EINVAL;
        perm->uid = set->shm_perm.uid;
        perm->gid = set->shm_perm.gid;
        perm->mode = (perm->mode & ~MODE_BITS) | (set->shm_perm.mode & MODE_BITS);
        segment->changed = now();
    } else if (!(perm->mode & L_SHM_DEST)) {
        *removed = true;
        perm->mode |= L_SHM_DEST;
        perm->key = L_IPC_PRIVATE;
    }
    return 0;
}

int shm_change(const struct cred *cred, int32_t id, uint32_t command,
               const struct l_shmid64_ds *set, uint64_t limit)
{
    struct segment *segment;
    bool removed = false;
    host_mutex_lock(&lock);
    int error = find(id, &segment);
    if (!error && (command == L_SHM_LOCK || command == L_SHM_UNLOCK))
        error = set_locked(cred, segment, command == L_SHM_LOCK, limit);
    else if (!error)
        error = change(cred, segment, command, set, &removed);
    host_mutex_unlock(&lock);
    if (removed)
        mapping_put(&segment->mapping); /* the table's */
    return error;
}

uint64_t shm_resident(int32_t place)
{
    uint64_t bytes = 0;
    struct segment *segment = NULL;
    struct mapping *memory = NULL;
    host_mutex_lock(&lock);
    if (place >= 0 && place < L_SHMMNI && table[place] && !find(table[place]->id, &segment))
        memory = mapping_get(segment->memory);
    host_mutex_unlock(&lock);
    if (!memory)
        return 0;
    for (uint64_t at = 0; at < atomic_load(&memory->size) && !memory_dying(); at += BLOCK_SIZE) {
        struct block *block;
        if (!memory->ops->block(memory, at / BLOCK_SIZE, false, &block) && block) {
            bytes += BLOCK_SIZE;
            block_put(block);
        }
    }
    mapping_put(memory);
    return bytes;
}

int shm_info(struct l_shm_info *out)
{
    int highest = 0;
    memset(out, 0, sizeof(*out));
    host_mutex_lock(&lock);
    for (int i = 0; i < L_SHMMNI; i++) {
        if (!table[i])
            continue;
        highest = i;
        out->used_ids++;
        out->shm_tot += (table[i]->size + SPACE_PAGE - 1) / SPACE_PAGE;
    }
    host_mutex_unlock(&lock);
    for (int i = 0; i <= highest; i++)
        out->shm_rss += shm_resident(i) / SPACE_PAGE;
    return highest;
}
