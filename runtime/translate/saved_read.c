/* Kept code spaces: read and compared with what is there now. */
#define HEAP_TIER HEAP_ALWAYS /* code memory is the bound */
#include "runtime/translate/saved.h"

#include <string.h>

#include "runtime/host/file.h"
#include "runtime/host/heap.h"
#include "runtime/host/log.h"
#include "runtime/host/time.h"
#include "runtime/translate/code_kept.h"

#define STAY_NS ((int64_t)(24 * 3600 * NS_PER_SEC))

/* --- the file ----------------------------------------------------------------------------------
 */

static bool is_for(const struct saved_header *h, const struct saved_header *wanted)
{
    struct saved_header expected = *wanted;
    expected.sum = h->sum;
    expected.code_sum = h->code_sum;
    return !memcmp(h, &expected, offsetof(struct saved_header, blocks));
}

/* All of the file is there, with right sums, for this key. */
static bool show(struct kept *k, struct host_file *file, const struct saved_header *wanted)
{
    struct host_stat st;
    const void *shown;
    if (host_file_fstat(file, &st) || st.size < sizeof(*k->header) || st.size > SAVED_FILE_MAX ||
        host_file_show(file, st.size, &shown))
        return false;
    const struct saved_header *h = k->header = shown;
    k->size = st.size;
    k->tables = saved_tables(h);
    if (!is_for(h, wanted) || k->tables.size + h->code != st.size || h->blocks == 0 ||
        h->chunks == 0 || h->chunks > CACHE_SIZE / CACHE_CHUNK)
        return false;
    const uint8_t *summed = (const uint8_t *)&h->code_sum;
    size_t before = (size_t)(summed - (const uint8_t *)h);
    return saved_sum(0, summed, k->tables.size - before) == h->sum &&
           saved_sum(0, (const uint8_t *)h + k->tables.size, h->code) == h->code_sum;
}

/* --- the tables --------------------------------------------------------------------------------
 */

/* Where the block before ends in each table. */
struct cursor {
    uint32_t link, recovery, indirect, chunk, offset;
};

static bool is_block(const struct kept *k, const struct saved_block *b, struct cursor *at)
{
    const struct saved_header *h = k->header;
    bool next = b->link == at->link && b->recovery == at->recovery && b->indirect == at->indirect;
    if (b->chunk != at->chunk)
        at->offset = 0;
    if (!next || b->chunk < at->chunk || b->chunk >= h->chunks || b->offset < at->offset ||
        (uint32_t)b->offset + b->size > k->tables.chunks[b->chunk].used || b->offset % CACHE_LINE ||
        b->body > b->size || b->checked > b->size || b->bytes > h->bytes ||
        b->guest_size > h->bytes - b->bytes)
        return false;
    *at = (struct cursor){b->link + b->links, b->recovery + b->recoveries,
                          b->indirect + b->indirects, b->chunk, (uint32_t)b->offset + b->size};
    for (uint32_t i = b->link; i < at->link && i < h->links; i++)
        if (k->tables.links[i].patch + 4u > b->size || k->tables.links[i].stub > b->size)
            return false;
    return true;
}

static bool are_chunks(const struct kept *k)
{
    const struct saved_header *h = k->header;
    uint32_t before = 0;
    for (uint32_t i = 0; i < h->chunks; i++) {
        const struct saved_chunk *c = &k->tables.chunks[i];
        if (c->used > CACHE_CHUNK || c->first < before || c->first > h->blocks)
            return false;
        before = c->first;
    }
    return h->code == (h->chunks - 1) * CACHE_CHUNK + k->tables.chunks[h->chunks - 1].used;
}

/* No number leads out of a table. */
static bool is_sound(const struct kept *k)
{
    const struct saved_header *h = k->header;
    struct cursor at = {0};
    if (!are_chunks(k))
        return false;
    for (uint32_t i = 0; i < h->blocks; i++)
        if (!is_block(k, &k->tables.blocks[i], &at) || k->tables.places[i].block >= h->blocks)
            return false;
    for (uint32_t i = 0; i < h->aims; i++)
        if (k->tables.aims[i] >= h->blocks || !k->tables.blocks[k->tables.aims[i]].body)
            return false;
    return at.link == h->links && at.recovery == h->recoveries && at.indirect == h->indirects;
}

/* --- the guest's file ---------------------------------------------------------------------------
 */

/* A window over the guest's file. */
struct view_of_file {
    const struct codeview *view;
    uint64_t pc, file_id;
    uint64_t index; /* of block in the file */
    bool valid;
    uint8_t block[CODE_BLOCK];
};

/* Whether the file has these bytes at the offset. */
static bool has_bytes(struct view_of_file *f, uint64_t offset, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        uint64_t index = offset / CODE_BLOCK;
        if (!f->valid || f->index != index) {
            f->valid =
                f->view->source->read(f->view->owner, f->pc, f->file_id, index, f->block) >= 0;
            f->index = index;
            if (!f->valid)
                return false;
        }
        size_t within = offset % CODE_BLOCK;
        size_t n = CODE_BLOCK - within < size ? CODE_BLOCK - within : size;
        if (memcmp(f->block + within, bytes, n))
            return false;
        offset += n;
        bytes += n;
        size -= n;
    }
    return true;
}

static bool is_current(const struct kept *k, const struct codeview *v, uint64_t pc,
                       const struct code_extent *e)
{
    struct view_of_file *f = malloc(sizeof(*f));
    const uint8_t *bytes = k->tables.bytes;
    uint64_t left = k->header->bytes;
    if (!f)
        return false;
    f->view = v;
    f->pc = pc;
    f->file_id = e->file_id;
    f->valid = false;
    bool same = true;
    for (uint32_t i = 0; same && i < k->header->ranges; i++) {
        const struct saved_range *r = &k->tables.ranges[i];
        same = r->size <= left && r->start < e->end - e->start &&
               r->size <= e->end - e->start - r->start &&
               has_bytes(f, e->offset + r->start, bytes, r->size);
        bytes += r->size;
        left -= r->size;
    }
    free(f);
    return same && left == 0;
}

/* --- for the dispatcher -------------------------------------------------------------------------
 */

/* The code goes to where it will run; until the space has it nothing leads there. */
static bool place(struct kept *k)
{
    uint32_t number = 0;
    host_mutex_lock(&translate_lock);
    k->chunks = cache_chunks(k->header->chunks);
    host_mutex_unlock(&translate_lock);
    k->blocks = calloc(k->header->blocks, sizeof(*k->blocks));
    k->links = calloc(k->header->links + 1, sizeof(*k->links));
    if (!k->chunks || !k->blocks || !k->links)
        return false;
    cache_fill(k->chunks, (const uint8_t *)k->header + k->tables.size, k->header->code);
    k->code = cache_executable(cache_memory(k->chunks));
    for (struct chunk *c = k->chunks; c; c = c->next, number++) {
        c->used = c->kept_bytes = k->tables.chunks[number].used;
        c->kept = k;
        c->kept_number = number;
    }
    return true;
}

/* What is used is not among the oldest, which go first; not more often than that is noticed. */
static void stay(struct host_file *file, const char *name)
{
    struct host_stat st;
    int64_t now = (int64_t)host_clock_realtime_ns();
    if (!host_file_fstat(file, &st) && st.mtime < now - STAY_NS)
        host_keep_touch(saved_folder(), name);
}

struct kept *saved_read(const struct codeview *v, uint64_t pc, const struct code_extent *e,
                        const struct saved_key *key)
{
    struct saved_header wanted;
    char name[HOST_KEEP_NAME_MAX];
    struct host_file *file;
    saved_describe(&wanted, key);
    saved_name(&wanted, name);
    if (host_keep_file(saved_folder(), name, &file))
        return NULL;
    struct kept *k = calloc(1, sizeof(*k));
    bool ok = k && show(k, file, &wanted) && is_sound(k) && is_current(k, v, pc, e) && place(k);
    if (ok)
        stay(file, name);
    host_file_close(file);
    if (ok)
        return k;
    host_log_debug("kept code %s is not used: damaged, or of other content", name);
    host_mutex_lock(&translate_lock);
    kept_free(k);
    host_mutex_unlock(&translate_lock);
    return NULL;
}
