/* Blocks of 64 KiB in host sections, which files and address spaces share. */
#define HEAP_TIER HEAP_RESERVE /* as the pages it stands for */
#include "runtime/memory/shared_block.h"
#include "runtime/host/heap.h"
#include "runtime/host/lock.h"
#include "runtime/host/memory.h"
#include "runtime/memory/space.h"
#include <string.h>

/* Blocks of one section; the section goes when all of them are free. */
#define ARENA_BLOCKS 64

struct block_arena {
    struct block_arena *next, *previous; /* among those with a free block */
    struct host_section *section;
    uint64_t view;
    uint64_t free;    /* bit i: block i is free */
    uint64_t touched; /* bit i: block i is not zero any more */
    struct block blocks[ARENA_BLOCKS];
};

static struct host_mutex lock = HOST_MUTEX_INIT(RANK_BLOCK_ARENAS);
static struct block_arena *with_room;

static void link_arena(struct block_arena *arena)
{
    arena->previous = NULL;
    arena->next = with_room;
    if (with_room)
        with_room->previous = arena;
    with_room = arena;
}

static void unlink_arena(struct block_arena *arena)
{
    if (arena->next)
        arena->next->previous = arena->previous;
    if (arena->previous)
        arena->previous->next = arena->next;
    else
        with_room = arena->next;
}

static void free_arena(struct block_arena *arena)
{
    if (arena->view)
        host_view_unmap(arena->view, ARENA_BLOCKS * BLOCK_SIZE);
    host_section_free(arena->section);
    free(arena);
}

static struct block_arena *new_arena(void)
{
    struct block_arena *arena = calloc(1, sizeof(*arena));
    if (!arena)
        return NULL;
    arena->section = host_section_create(ARENA_BLOCKS * BLOCK_SIZE, false);
    if (!arena->section || host_view_map(arena->section, 0, ARENA_BLOCKS * BLOCK_SIZE, 0,
                                         HOST_READ | HOST_WRITE, &arena->view)) {
        arena->view = 0;
        free_arena(arena);
        return NULL;
    }
    arena->free = UINT64_MAX;
    for (uint32_t i = 0; i < ARENA_BLOCKS; i++) {
        struct block *block = &arena->blocks[i];
        block->slot = i;
        block->data = (uint8_t *)(uintptr_t)(arena->view + i * BLOCK_SIZE);
        block->section = arena->section;
        block->offset = i * BLOCK_SIZE;
        block->arena = arena;
    }
    return arena;
}

struct block *block_alloc(void)
{
    if (!memory_charge(BLOCK_SIZE))
        return NULL;
    host_mutex_lock(&lock);
    struct block_arena *arena = with_room;
    if (!arena && (arena = new_arena()))
        link_arena(arena);
    if (!arena) {
        host_mutex_unlock(&lock);
        memory_uncharge(BLOCK_SIZE);
        return NULL;
    }
    unsigned slot = (unsigned)__builtin_ctzll(arena->free);
    uint64_t bit = (uint64_t)1 << slot;
    bool clear = arena->touched & bit;
    arena->free &= ~bit;
    arena->touched |= bit;
    if (!arena->free)
        unlink_arena(arena);
    host_mutex_unlock(&lock);
    struct block *block = &arena->blocks[slot];
    if (clear)
        memset(block->data, 0, BLOCK_SIZE);
    atomic_store(&block->refs, 1);
    return block;
}

struct block *block_get(struct block *block)
{
    atomic_fetch_add_explicit(&block->refs, 1, memory_order_relaxed);
    return block;
}

void block_put(struct block *block)
{
    if (!block || atomic_fetch_sub(&block->refs, 1) != 1)
        return;
    struct block_arena *arena = block->arena;
    memory_uncharge(BLOCK_SIZE);
    host_section_discard(arena->section, block->offset, BLOCK_SIZE);
    host_mutex_lock(&lock);
    if (!arena->free)
        link_arena(arena);
    arena->free |= (uint64_t)1 << block->slot;
    /* One empty arena stays for the next who asks. */
    bool empty = arena->free == UINT64_MAX && (arena->next || arena->previous);
    if (empty)
        unlink_arena(arena);
    host_mutex_unlock(&lock);
    if (empty)
        free_arena(arena);
}
