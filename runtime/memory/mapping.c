/* The content of files as blocks, and the spaces that show them. */
#define HEAP_TIER HEAP_RESERVE /* as the pages it stands for */
#include "runtime/memory/mapping.h"
#include "runtime/host/heap.h"
#include "runtime/memory/internal.h"
#include <stdio.h>
#include <string.h>

void mapping_init(struct mapping *mapping, const struct mapping_ops *ops, uint64_t size)
{
    static _Atomic uint64_t next_id = 1;
    atomic_init(&mapping->refs, 1);
    atomic_init(&mapping->mapped, 0);
    atomic_init(&mapping->executed, 0);
    atomic_init(&mapping->stored, 0);
    atomic_init(&mapping->cleaned, 0);
    atomic_init(&mapping->place, 0);
    mapping->ops = ops;
    mapping->id = atomic_fetch_add(&next_id, 1);
    atomic_init(&mapping->generation, 1);
    atomic_init(&mapping->size, size);
}

struct mapping *mapping_get(struct mapping *mapping)
{
    atomic_fetch_add(&mapping->refs, 1);
    return mapping;
}

void mapping_put(struct mapping *mapping)
{
    if (mapping && atomic_fetch_sub(&mapping->refs, 1) == 1)
        mapping->ops->release(mapping);
}

/* A walk over what shows bytes [start, end) of a file in every space. */
struct walk {
    struct mapping *mapping;
    uint64_t start, end;
    /* With the space's lock; from and to are guest addresses. */
    void (*visit)(struct space *space, const struct region *region, uint64_t from, uint64_t to,
                  struct walk *walk);
    bool result;
};

static void walk_space(struct space *space, void *arg)
{
    struct walk *walk = arg;
    host_mutex_lock(&space->lock);
    for (size_t i = 0; i < space->region_count; i++) {
        const struct region *region = &space->regions[i];
        uint64_t length = region->end - region->start;
        if (region->file != walk->mapping || region->offset >= walk->end ||
            region->offset + length <= walk->start)
            continue;
        uint64_t from = walk->start > region->offset
                            ? region->start + (walk->start - region->offset)
                            : region->start;
        uint64_t to = walk->end - region->offset < length
                          ? region->start + (walk->end - region->offset)
                          : region->end;
        walk->visit(space, region, page_down(from), page_up(to), walk);
    }
    host_mutex_unlock(&space->lock);
}

static bool walk_all(struct walk *walk)
{
    if (atomic_load(&walk->mapping->mapped))
        space_for_each(walk_space, walk);
    return walk->result;
}

static void visit_drop(struct space *space, const struct region *region, uint64_t from, uint64_t to,
                       struct walk *walk)
{
    (void)walk;
    if (region->prot & L_PROT_EXEC)
        space_drop_code(space, from, to);
}

void mapping_drop_code(struct mapping *mapping, uint64_t start, uint64_t end)
{
    struct walk walk = {mapping, start, end, visit_drop, false};
    if (atomic_load(&mapping->executed)) {
        atomic_fetch_add(&mapping->generation, 1);
        walk_all(&walk);
    }
}

void mapping_changed(struct mapping *mapping, uint64_t start, uint64_t end)
{
    atomic_fetch_add(&mapping->generation, 1);
    mapping_drop_code(mapping, start, end);
}

static void visit_truncate(struct space *space, const struct region *region, uint64_t from,
                           uint64_t to, struct walk *walk)
{
    (void)walk;
    if (region->prot & L_PROT_EXEC)
        space_drop_code(space, from, to);
    pages_discard(space, from, to);
}

void mapping_truncated(struct mapping *mapping, uint64_t size)
{
    struct walk walk = {mapping, page_up(size), UINT64_MAX, visit_truncate, false};
    atomic_fetch_add(&mapping->generation, 1);
    walk_all(&walk);
}

static void visit_protect(struct space *space, const struct region *region, uint64_t from,
                          uint64_t to, struct walk *walk)
{
    if (!(region->flags & REGION_SHARED))
        return;
    for (uint64_t page = from; page < to; page += PAGE) {
        struct chunk *chunk = chunk_find(space, page);
        if (!chunk || chunk->kind != CHUNK_VIEW)
            continue;
        uint16_t bit = page_bit(page);
        if (chunk->checked & bit) {
            walk->result = true;
        } else if (chunk->writable & bit) {
            chunk->code |= bit;
            pages_apply(space, page, page + PAGE);
        }
    }
}

bool mapping_protect_code(struct mapping *mapping, uint64_t start, uint64_t end)
{
    struct walk walk = {mapping, start, end, visit_protect, false};
    return walk_all(&walk);
}

static void visit_clean(struct space *space, const struct region *region, uint64_t from,
                        uint64_t to, struct walk *walk)
{
    (void)walk;
    if (!(region->flags & REGION_SHARED))
        return;
    for (uint64_t at = chunk_down(from); segment_next(space, &at) && at < to; at += CHUNK) {
        struct chunk *chunk = chunk_find(space, at);
        if (chunk->kind == CHUNK_VIEW && !chunk->untold) {
            chunk->untold = true;
            pages_apply(space, at, at + CHUNK);
        }
    }
}

void mapping_clean(struct mapping *mapping, uint64_t start, uint64_t end)
{
    struct walk walk = {mapping, start, end, visit_clean, false};
    /* Who has told the file and not yet made the view tells it again (page_fault.c). */
    atomic_fetch_add(&mapping->cleaned, 1);
    walk_all(&walk);
}

/* Anonymous shared memory: blocks made when they are touched, in leaves made likewise, so that a
 * large mapping costs no more than what is used of it. */
#define LEAF_BLOCKS 256u

struct leaf {
    struct block *blocks[LEAF_BLOCKS];
};

struct anonymous {
    struct mapping mapping;
    struct host_mutex lock; /* members below */
    const char *name;
    uint64_t leaf_count;
    struct leaf **leaves;
};

static int grow_leaves(struct anonymous *self, uint64_t leaf)
{
    uint64_t count = self->leaf_count ? self->leaf_count : 4;
    while (count <= leaf)
        count *= 2;
    struct leaf **leaves = realloc(self->leaves, count * sizeof(struct leaf *));
    if (!leaves)
        return -L_ENOMEM;
    memset(leaves + self->leaf_count, 0, (count - self->leaf_count) * sizeof(struct leaf *));
    self->leaves = leaves;
    self->leaf_count = count;
    return 0;
}

/* Where the block is kept; NULL when it is not there (create false) or there is no memory. */
static struct block **place_of(struct anonymous *self, uint64_t index, bool create)
{
    uint64_t leaf = index / LEAF_BLOCKS;
    if (leaf >= self->leaf_count && (!create || grow_leaves(self, leaf)))
        return NULL;
    if (!self->leaves[leaf] && create)
        self->leaves[leaf] = calloc(1, sizeof(struct leaf));
    return self->leaves[leaf] ? &self->leaves[leaf]->blocks[index % LEAF_BLOCKS] : NULL;
}

static int anonymous_block(struct mapping *mapping, uint64_t index, bool create, struct block **out)
{
    struct anonymous *self = (struct anonymous *)mapping;
    *out = NULL;
    if (index >= atomic_load(&mapping->size) >> BLOCK_SHIFT)
        return -L_EFAULT;
    host_mutex_lock(&self->lock);
    struct block **place = place_of(self, index, create);
    if (place && !*place && create)
        *place = block_alloc();
    if (place && *place)
        *out = block_get(*place);
    host_mutex_unlock(&self->lock);
    return *out || !create ? 0 : -L_ENOMEM;
}

static void anonymous_release(struct mapping *mapping)
{
    struct anonymous *self = (struct anonymous *)mapping;
    for (uint64_t i = 0; i < self->leaf_count; i++) {
        for (unsigned k = 0; self->leaves[i] && k < LEAF_BLOCKS; k++)
            block_put(self->leaves[i]->blocks[k]);
        free(self->leaves[i]);
    }
    free(self->leaves);
    free(self);
}

static void anonymous_name(struct mapping *mapping, char *buffer, size_t size)
{
    snprintf(buffer, size, "%s", ((struct anonymous *)mapping)->name);
}

static const struct mapping_ops anonymous_ops = {
    .block = anonymous_block,
    .release = anonymous_release,
    .name = anonymous_name,
};

struct mapping *mapping_create_anonymous(uint64_t size, const char *name)
{
    struct anonymous *self = calloc(1, sizeof(*self));
    if (!self)
        return NULL;
    host_mutex_init(&self->lock, RANK_ANONYMOUS);
    mapping_init(&self->mapping, &anonymous_ops,
                 (size + BLOCK_SIZE - 1) & ~(uint64_t)(BLOCK_SIZE - 1));
    self->name = name;
    return &self->mapping;
}
