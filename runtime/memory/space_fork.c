/* A copy of an address space that shares its pages until they are written. */
#include "runtime/memory/internal.h"
#include <string.h>

/* What a child's window has to hold. */
static uint64_t last_address(const struct space *space)
{
    return space->region_count ? space->regions[space->region_count - 1].end : 0;
}

static int copy_regions(struct space *child, const struct space *parent)
{
    int error = region_reserve(child, parent->region_count);
    /* The parent may have mapped more since the child's window was chosen. */
    if (!error)
        error = window_reach(child, last_address(parent));
    for (size_t i = 0; i < parent->region_count && !error; i++)
        if (!(parent->regions[i].flags & REGION_DONTFORK))
            region_insert(child, &parent->regions[i]);
    for (size_t i = 0; i < child->region_count; i++) /* locks are not inherited */
        child->regions[i].flags &= ~(uint32_t)REGION_LOCKED;
    return error;
}

/* Pages of the chunk whose contents the child shall have: all that are there, but those of a file
 * only when they may differ from it. */
static uint16_t inherited(const struct region *region, const struct chunk *chunk, uint64_t address)
{
    if (region->flags & (REGION_SHARED | REGION_DONTFORK | REGION_WIPEONFORK))
        return 0;
    uint16_t pages = chunk->present;
    if (region->file)
        pages &= chunk->written;
    return (pages | chunk->pending) &
           page_mask(address, max_u64(region->start, address), region->end);
}

/* Pages of the chunk that the child gets copies of at once: those that were written soon after the
 * last forks, if the region lets them be. */
static uint16_t given(const struct region *region, const struct chunk *chunk, uint64_t address)
{
    uint16_t pages = chunk->hot & chunk->present & chunk->readable & (uint16_t)~chunk->checked;
    if (!pages || !(region->prot & L_PROT_WRITE))
        return 0;
    return pages & inherited(region, chunk, address);
}

/* Most pages that one fork copies at once, and of those that grow downwards, which come last. */
#define GIVEN_MOST       48
#define GIVEN_STACK_MOST 16

/* Copies what of pages is to be, as long as there is room for more; takes it out of *pages. Without
 * memory it is left as the others are. */
static void give_pages(struct space *child, const struct space *parent, uint64_t address,
                       uint16_t given, uint16_t *pages)
{
    if (!given || pages_copy(child, address, given, host_pointer(parent, address)))
        return;
    chunk_find(child, address)->hot = given;
    *pages &= (uint16_t)~given;
}

static int copy_chunk(struct space *child, struct space *parent, struct chunk *chunk,
                      uint64_t address, uint16_t pages)
{
    struct origin *origin;
    if (!pages)
        return 0;
    struct chunk *copy = chunk_make(child, address);
    if (!copy)
        return -L_ENOMEM;
    int error = origin_share(parent, chunk, address, pages, &origin);
    if (error || !origin)
        return error;
    copy->origin = origin;
    copy->pending = pages;
    return 0;
}

/* Pages of a chunk that several regions share are collected before they are passed on. */
static int copy_contents(struct space *child, struct space *parent)
{
    uint64_t done = 0; /* chunks below are dealt with */
    /* Other threads would go on writing to a page while it is copied. */
    bool gives = threads_are_alone(parent);
    unsigned room = gives ? GIVEN_MOST : 0, stack_room = gives ? GIVEN_STACK_MOST : 0;
    for (size_t i = 0; i < parent->region_count; i++) {
        const struct region *region = &parent->regions[i];
        uint64_t address = max_u64(chunk_down(region->start), done);
        for (; segment_next(parent, &address) && address < region->end; address += CHUNK) {
            struct chunk *chunk = chunk_find(parent, address);
            if (chunk->kind == CHUNK_VIEW || !(chunk->present | chunk->pending))
                continue;
            uint16_t pages = 0, at_once = 0;
            origin_learn(chunk);
            for (size_t j = i;
                 j < parent->region_count && parent->regions[j].start < address + CHUNK; j++) {
                pages |= inherited(&parent->regions[j], chunk, address);
                at_once |= given(&parent->regions[j], chunk, address);
            }
            unsigned *left = region->flags & REGION_GROWSDOWN ? &stack_room : &room;
            if (page_count(at_once) > *left)
                at_once = chunk->hot = 0; /* it will be seen what is written again */
            *left -= page_count(at_once);
            give_pages(child, parent, address, at_once, &pages);
            int error = copy_chunk(child, parent, chunk, address, pages);
            if (error)
                return error;
        }
        done = address;
    }
    return 0;
}

/* What the children of the parent share, one reference more, and where its addresses end. */
static struct family *fork_family(struct space *parent, uint64_t *end)
{
    host_mutex_lock(&parent->lock);
    *end = last_address(parent);
    struct family *family = family_get(parent->children);
    parent->children = family;
    host_mutex_unlock(&parent->lock);
    return family;
}

/* What a process may come to have of the pieces that the host counts (65,530 on Linux), and what is
 * left to those that live. */
#define PIECES_EACH  128
#define PIECES_LEAST 4096

/* Whether the host lets one more process live. They are counted again when half of those that would
 * fit have been born, or thought to be. */
static bool has_pieces(void)
{
    static _Atomic int64_t sure;
    if (atomic_fetch_sub(&sure, 1) > 0)
        return true;
    size_t left = host_pieces_left();
    if (left < PIECES_LEAST)
        return false;
    atomic_store(&sure, (int64_t)(min_u64(left, 1u << 30) - PIECES_LEAST) / PIECES_EACH / 2);
    return true;
}

/* Nothing is in it, but it may have a codeview at rest. */
static struct space *make_child(struct space *parent)
{
    uint64_t end;
    struct family *family = fork_family(parent, &end);
    struct space *child = rest_take(family, end);
    if (child) {
        family_put(family); /* it has one */
        return child;
    }
    child = has_pieces() || (rest_release() && has_pieces()) ? space_make(end) : NULL;
    if (child)
        child->family = family;
    else
        family_put(family);
    return child;
}

void space_expect_write(struct space *space, uint64_t address)
{
    host_mutex_lock(&space->lock);
    struct chunk *chunk = address < window_limit(space) ? chunk_find(space, address) : NULL;
    if (chunk)
        chunk->hot |= page_bit(address);
    host_mutex_unlock(&space->lock);
}

struct space *space_fork(struct space *parent, int *error)
{
    struct space *child = make_child(parent);
    if (!child) {
        *error = -L_EAGAIN;
        return NULL;
    }
    struct codeview *former = child->codeview;
    child->codeview = NULL;
    host_mutex_lock(&parent->lock);
    *error = copy_regions(child, parent);
    if (!*error)
        *error = copy_contents(child, parent);
    if (pages_drop_spare(child))
        *error = -L_ENOMEM;
    /* Also after an error: what became kept must be protected. */
    int failed = pages_apply(parent, 0, window_limit(parent));
    if (!*error)
        *error = failed;
    child->brk_start = parent->brk_start;
    child->brk = parent->brk;
    child->data_limit = parent->data_limit;
    child->address_limit = parent->address_limit;
    child->stack_limit = parent->stack_limit;
    child->private_end = parent->private_end;
    if (!*error && parent->codeview) {
        child->drop_code = parent->drop_code;
        child->destroy_code = parent->destroy_code;
        child->fork_code = parent->fork_code;
        child->rest_code = parent->rest_code;
        child->codeview = parent->fork_code(parent->codeview, child, child->base, former);
        former = NULL;
        if (!child->codeview)
            *error = -L_ENOMEM;
    }
    host_mutex_unlock(&parent->lock);
    if (former)
        parent->destroy_code(former);
    if (!*error)
        return child;
    space_put(child);
    return NULL;
}
