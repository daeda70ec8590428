/* Which blocks of a file are stored and which are holes. */
#include "runtime/fs/imagefs/image_node.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/stat.h"
#include "runtime/host/heap.h"
#include <string.h>

#define LEAF_BITS  32768u /* blocks: 2 GiB of a file, 4 KiB of bits */
#define LEAF_WORDS (LEAF_BITS / 64)

/* Leaf-level, never held over anything. */
static struct host_mutex map_lock = HOST_MUTEX_INIT(RANK_CHUNK_MAP);

static uint64_t *word_of(struct chunk_map *map, uint64_t index, bool create)
{
    if (index < 64)
        return &map->first;
    uint64_t leaf = index / LEAF_BITS;
    if (leaf >= map->leaf_count) {
        uint32_t count = map->leaf_count ? map->leaf_count * 2 : 1;
        while (count <= leaf)
            count *= 2;
        uint64_t **leaves = create ? realloc(map->leaves, count * sizeof(*leaves)) : NULL;
        if (!leaves)
            return NULL;
        memset(leaves + map->leaf_count, 0, (count - map->leaf_count) * sizeof(*leaves));
        map->leaves = leaves;
        map->leaf_count = count;
    }
    if (!map->leaves[leaf] && create)
        map->leaves[leaf] = calloc(LEAF_WORDS, sizeof(uint64_t));
    return map->leaves[leaf] ? &map->leaves[leaf][index % LEAF_BITS / 64] : NULL;
}

/* A bit that finds no memory is lost: the block then shows as a hole until the next mount, to seek
 * and stat only. map_lock held. */
static void set_bit(struct chunk_map *map, uint64_t index, bool stored)
{
    uint64_t *word = word_of(map, index, stored);
    uint64_t bit = (uint64_t)1 << (index % 64);
    if (!word || !(*word & bit) == !stored)
        return;
    *word ^= bit;
    map->count += stored ? 1 : -1u;
}

static bool next(struct chunk_map *map, uint64_t index, uint64_t *out)
{
    const uint64_t end = (uint64_t)map->leaf_count * LEAF_BITS;
    while (index < 64 || index < end) {
        uint64_t *word = word_of(map, index, false);
        uint64_t rest = word ? *word >> (index % 64) : 0;
        if (rest) {
            *out = index + (uint64_t)__builtin_ctzll(rest);
            return true;
        }
        if (word)
            index = (index / 64 + 1) * 64;
        else
            index = (index / LEAF_BITS + 1) * LEAF_BITS;
    }
    return false;
}

void chunks_free(struct chunk_map *map)
{
    for (uint32_t i = 0; i < map->leaf_count; i++)
        free(map->leaves[i]);
    free(map->leaves);
}

static void note(void *arg, uint64_t index)
{
    set_bit(arg, index, true);
}

int chunks_load(struct inode *inode)
{
    struct chunk_map *map = &node_of(inode)->chunks, fresh = {.known = true};
    host_mutex_lock(&map_lock);
    bool known = map->known;
    host_mutex_unlock(&map_lock);
    if (known)
        return 0;
    int error = store_read_chunks(image_of(inode)->store, inode->ino, note, &fresh);
    host_mutex_lock(&map_lock);
    if (error || map->known)
        chunks_free(&fresh);
    else
        *map = fresh;
    host_mutex_unlock(&map_lock);
    return image_error(image_of(inode), inode->ino, error);
}

void chunks_set(struct inode *inode, uint64_t index, bool stored)
{
    host_mutex_lock(&map_lock);
    set_bit(&node_of(inode)->chunks, index, stored);
    host_mutex_unlock(&map_lock);
}

void chunks_cut(struct inode *inode, uint64_t size)
{
    struct chunk_map *map = &node_of(inode)->chunks;
    uint64_t index = (size + STORE_CHUNK_SIZE - 1) >> STORE_CHUNK_SHIFT;
    host_mutex_lock(&map_lock);
    while (next(map, index, &index))
        set_bit(map, index, false);
    host_mutex_unlock(&map_lock);
}

bool chunks_has(struct inode *inode, uint64_t index)
{
    host_mutex_lock(&inode->writing);
    int error = chunks_load(inode);
    host_mutex_unlock(&inode->writing);
    if (error)
        return false;
    host_mutex_lock(&map_lock);
    uint64_t *word = word_of(&node_of(inode)->chunks, index, false);
    bool stored = word && *word >> (index % 64) & 1;
    host_mutex_unlock(&map_lock);
    return stored;
}

int chunks_next(struct inode *inode, uint64_t index, uint64_t *out)
{
    host_mutex_lock(&inode->writing);
    int error = chunks_load(inode);
    host_mutex_unlock(&inode->writing);
    if (error)
        return error;
    host_mutex_lock(&map_lock);
    bool found = next(&node_of(inode)->chunks, index, out);
    host_mutex_unlock(&map_lock);
    return found ? 0 : -L_ENXIO;
}

/* --- st_blocks --- */

struct counting {
    struct chunk_map *map;
    uint64_t more; /* dirty blocks that are not stored */
    uint64_t last;
    bool last_used;
    bool locked; /* map_lock is held */
};

/* From the first dirty block on the map stays as it is: a block that is being written is dirty
 * until it counts as stored, and counts once. */
static void count_dirty(void *arg, uint64_t index)
{
    struct counting *counting = arg;
    if (!counting->locked)
        host_mutex_lock(&map_lock);
    counting->locked = true;
    uint64_t *word = word_of(counting->map, index, false);
    if (!word || !(*word >> (index % 64) & 1))
        counting->more++;
    if (index == counting->last)
        counting->last_used = true;
}

uint64_t chunks_blocks(struct node *node, struct inode *inode, uint64_t size)
{
    struct counting counting = {.map = &node->chunks, .last = size >> STORE_CHUNK_SHIFT};
    if (inode)
        pagecache_each_dirty(inode, count_dirty, &counting);
    if (!counting.locked)
        host_mutex_lock(&map_lock);
    bool known = counting.map->known;
    uint64_t count = counting.map->count;
    uint64_t *word = word_of(counting.map, counting.last, false);
    counting.last_used |= word && *word >> (counting.last % 64) & 1;
    host_mutex_unlock(&map_lock);
    if (!known)
        return node->attr.blocks;
    uint64_t blocks = (count + counting.more) * (STORE_CHUNK_SIZE / STAT_BLOCK);
    /* Of the last block only what lies in the file, in pages. */
    uint64_t rest = size & (STORE_CHUNK_SIZE - 1);
    if (counting.last_used)
        blocks -= STORE_CHUNK_SIZE / STAT_BLOCK -
                  (rest + PAGE_BYTES - 1) / PAGE_BYTES * (PAGE_BYTES / STAT_BLOCK);
    return blocks;
}
