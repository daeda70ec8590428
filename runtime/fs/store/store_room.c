/* What an image takes, and what still fits beside it. */
#include "runtime/fs/store/store_state.h"

#include "runtime/abi/errno.h"
#include "runtime/host/budget.h"
#include "runtime/host/file.h"

#define OVERHEAD  (64u << 10) /* bytes: the inner pages that any change may touch */
#define ROOM_KEPT (1u << 20)  /* bytes left free for what was not foreseen and what makes room */

void store_usage(struct store *store, struct store_usage *out)
{
    host_mutex_lock(&store->lock);
    *out = store->usage;
    host_mutex_unlock(&store->lock);
}

void store_limit(struct store *store, uint64_t bytes)
{
    media_limit(store->media, bytes);
}

/* Pages for so many bytes of data, with rows, lists of free pages and the tree above them. */
static uint64_t with_overhead(uint64_t bytes)
{
    return bytes ? bytes + bytes / 8 + OVERHEAD : 0;
}

static uint64_t beyond(uint64_t needed, uint64_t there)
{
    return needed > there ? needed - there : 0;
}

/* Bytes that there are on the disk, or in memory for an image that is only read. */
static uint64_t room_outside(const struct store *store)
{
    struct host_fs_usage host = {.block_size = 4096};
    if (store->read_only)
        return memory_kernel_room();
    if (host_path_statfs(store->path, &host))
        return UINT64_MAX;
    return host.available * host.block_size;
}

bool store_fits(struct store *store, uint64_t grow, uint64_t rewrite, uint64_t *spare)
{
    struct media_usage media;
    struct store_usage usage;
    store_usage(store, &usage);
    media_usage(store->media, &media);
    uint64_t room = room_outside(store);
    if (media.room < room)
        room = media.room;
    uint64_t more = grow ? with_overhead(grow) + ROOM_KEPT : 0;
    uint64_t growth = beyond(usage.bytes, media.image) + beyond(more, usage.bytes_free);
    uint64_t needed = growth + beyond(usage.bytes_log + with_overhead(grow + rewrite), media.log);
    if (store->read_only)
        needed += grow + rewrite; /* the queue's copies take of the same memory */
    *spare = beyond(room, needed);
    if (!store->read_only)
        return needed <= room;
    /* Log and queue are given back, the image's pages are not: they leave an eighth of all memory,
     * as files in memory do. */
    uint64_t lasting = beyond(memory_kernel_room(), memory_limit() / 16);
    if (beyond(lasting, growth) < *spare)
        *spare = beyond(lasting, growth);
    return needed <= room && growth <= lasting;
}
