/* Access past the guest's protection, for tracers and /proc/PID/mem. */
#include "runtime/host/lockcheck.h"
#include "runtime/memory/access.h"
#include "runtime/memory/internal.h"
#include <string.h>

/* With the lock: copies between one page that is present and the kernel. */
static bool copy_present(struct space *space, uint64_t address, void *kernel, size_t size,
                         bool write)
{
    struct region *region = region_at(space, address);
    struct chunk *chunk = chunk_find(space, address);
    uint64_t page = page_down(address);
    if (!region || !chunk || !(chunk->present & page_bit(address)))
        return false;
    if (chunk->kind == CHUNK_VIEW) {
        uint8_t *data = chunk->block->data + (address & (CHUNK - 1));
        memcpy(write ? data : kernel, write ? kernel : data, size);
        return true;
    }
    if (write && (chunk->kept & page_bit(address)) && origin_release(space, chunk))
        return false;
    if (host_protect(space->base + page, PAGE, write ? HOST_READ | HOST_WRITE : HOST_READ))
        return false;
    if (write)
        memcpy(host_pointer(space, address), kernel, size);
    else
        memcpy(kernel, host_pointer(space, address), size);
    /* Whatever it is now, pages_apply sets it again. */
    chunk->readable |= page_bit(address);
    chunk->writable = write ? chunk->writable | page_bit(address)
                            : chunk->writable & (uint16_t)~page_bit(address);
    pages_apply(space, page, page + PAGE);
    if (write) {
        chunk->written |= page_bit(address);
        if (region->prot & L_PROT_EXEC)
            space_drop_code(space, page, page + PAGE);
    }
    return true;
}

static size_t transfer(struct space *space, uint64_t address, void *kernel, size_t size, bool write)
{
    size_t done = 0;
    while (done < size) {
        struct space_fault fault;
        uint64_t at = address + done;
        size_t part = min_u64(size - done, PAGE - (at & (PAGE - 1)));
        if (!fault_supply(space, at, SPACE_READ, true, &fault))
            break;
        host_mutex_lock(&space->lock);
        bool copied = copy_present(space, at, (uint8_t *)kernel + done, part, write);
        host_mutex_unlock(&space->lock);
        if (!copied)
            break;
        done += part;
    }
    return done;
}

size_t space_peek(struct space *space, void *to, uint64_t from, size_t size)
{
    lockcheck_none_held("reading a guest's memory");
    return transfer(space, from, to, size, false);
}

size_t space_poke(struct space *space, uint64_t to, const void *from, size_t size)
{
    lockcheck_none_held("writing a guest's memory");
    return transfer(space, to, (void *)(uintptr_t)from, size, true);
}
