/* Kept code spaces: read, compared with what is there now, and made into blocks. */
#define HEAP_TIER HEAP_ALWAYS /* code memory is the bound */
#include "runtime/translate/saved.h"

#include <string.h>

#include "runtime/host/file.h"
#include "runtime/host/heap.h"
#include "runtime/host/log.h"
#include "runtime/host/memory.h"
#include "runtime/host/time.h"
#include "runtime/translate/saved_file.h"

#define STAY_NS ((int64_t)(24 * 3600 * NS_PER_SEC))

struct saved {
    struct saved_header *header; /* with its tables */
    struct saved_tables tables;
    struct block *blocks;
    struct link *links;
    struct block **aims;
    uint32_t aim_count;
    struct block **hash;
    uint32_t buckets;
    struct chunk *chunks; /* those of the file, in its order backwards */
    bool adopted;
};

/* Memory that is going to be written at once, all of it. */
static void *alloc_ready(size_t size)
{
    const uint64_t page = HOST_PAGE;
    void *p = malloc(size + 1);
    uint64_t from = ((uint64_t)(uintptr_t)p + page - 1) & ~(page - 1);
    uint64_t to = ((uint64_t)(uintptr_t)p + size) & ~(page - 1);
    if (p && to >= from + 16 * page)
        host_prefault(from, to - from);
    return p;
}

/* --- the file ----------------------------------------------------------------------------------
 */

static bool read_all(struct host_file *file, void *to, size_t size, uint64_t offset)
{
    return host_file_read(file, to, size, offset) == (int64_t)size;
}

/* The header and the tables, with a right sum, for this key. */
static bool read_tables(struct saved *s, struct host_file *file, const struct saved_header *wanted)
{
    struct saved_header h;
    struct host_stat st;
    if (host_file_fstat(file, &st) || !read_all(file, &h, sizeof(h), 0))
        return false;
    size_t same = offsetof(struct saved_header, blocks);
    struct saved_header expected = *wanted;
    expected.sum = h.sum;
    expected.code_sum = h.code_sum;
    struct saved_tables t = saved_tables(&h);
    if (memcmp(&h, &expected, same) || st.size > SAVED_FILE_MAX || t.size + h.code != st.size ||
        h.blocks == 0 || h.chunks > CACHE_SIZE / CACHE_CHUNK)
        return false;
    s->header = alloc_ready(t.size);
    if (!s->header || !read_all(file, s->header, t.size, 0))
        return false;
    s->tables = saved_tables(s->header);
    const uint8_t *summed = (const uint8_t *)&s->header->code_sum;
    size_t before = (size_t)(summed - (const uint8_t *)s->header);
    return s->tables.size == t.size && s->header->code == h.code && s->header->chunks == h.chunks &&
           s->header->sum == h.sum && saved_sum(0, summed, t.size - before) == h.sum;
}

/* The code goes to where it will run; until then nothing leads there. */
static bool read_code(struct saved *s, struct host_file *file)
{
    uint64_t at = s->tables.size, sum = 0;
    for (uint32_t i = 0; i < s->header->chunks; i++) {
        uint32_t size = s->tables.chunks[i];
        if (size > CACHE_CHUNK || size % 16)
            return false;
        host_mutex_lock(&translate_lock);
        struct chunk *c = cache_chunk();
        host_mutex_unlock(&translate_lock);
        if (!c)
            return false;
        c->next = s->chunks;
        s->chunks = c;
        uint8_t *to = cache_memory(c);
        host_prefault((uint64_t)(uintptr_t)to, (size + HOST_PAGE - 1) & ~(HOST_PAGE - 1));
        if (!read_all(file, to, size, at))
            return false;
        sum = saved_sum(sum, to, size);
        c->used = size;
        at += size;
    }
    return sum == s->header->code_sum && at == s->tables.size + s->header->code;
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

static bool is_current(const struct saved *s, const struct codeview *v, uint64_t pc,
                       const struct code_extent *e)
{
    struct view_of_file *f = malloc(sizeof(*f));
    const uint8_t *bytes = s->tables.bytes;
    uint64_t left = s->header->bytes;
    if (!f)
        return false;
    f->view = v;
    f->pc = pc;
    f->file_id = e->file_id;
    f->valid = false;
    bool same = true;
    for (uint32_t i = 0; same && i < s->header->ranges; i++) {
        const struct saved_range *r = &s->tables.ranges[i];
        same = r->size <= left && r->start < e->end - e->start &&
               r->size <= e->end - e->start - r->start &&
               has_bytes(f, e->offset + r->start, bytes, r->size);
        bytes += r->size;
        left -= r->size;
    }
    free(f);
    return same && left == 0;
}

/* --- blocks -------------------------------------------------------------------------------------
 */

/* Walks the tables along with the blocks. */
struct cursor {
    struct recovery *recovery, *recoveries_end;
    struct saved_link *link, *links_end;
    struct indirect_point *indirect, *indirects_end;
};

/* Where the guest bytes of each range are: blocks are not in the order of ranges. */
static uint8_t *bytes_of(const struct saved *s, const uint32_t *starts, const struct saved_block *b)
{
    uint32_t low = 0, high = s->header->ranges;
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (s->tables.ranges[middle].start <= b->pc)
            low = middle;
        else
            high = middle;
    }
    const struct saved_range *r = &s->tables.ranges[low];
    if (s->header->ranges == 0 || b->pc < r->start || b->pc - r->start > r->size ||
        b->guest_size > r->size - (b->pc - r->start))
        return NULL;
    return s->tables.bytes + starts[low] + (b->pc - r->start);
}

static bool fill_link(struct saved *s, struct link *l, struct block *from,
                      const struct saved_link *saved)
{
    if (saved->patch + 4u > from->size || saved->stub > from->size)
        return false;
    *l = (struct link){.patch = saved->patch,
                       .stub = saved->stub,
                       .target = s->header->key.start + saved->target,
                       .from = from};
    return true;
}

static bool fill_block(struct saved *s, struct block *b, const struct saved_block *saved,
                       struct chunk *chunk, struct cursor *at, const uint32_t *starts)
{
    if (saved->offset % 16 || (uint32_t)saved->offset + saved->size > chunk->used ||
        saved->body > saved->size || saved->checked > saved->size ||
        saved->recoveries > at->recoveries_end - at->recovery ||
        saved->links > at->links_end - at->link ||
        saved->indirects > at->indirects_end - at->indirect)
        return false;
    struct link *links = &s->links[s->header->links - (uint32_t)(at->links_end - at->link)];
    *b = (struct block){.pc = s->header->key.start + saved->pc,
                        .guest_size = saved->guest_size,
                        .size = saved->size,
                        .code = cache_executable(cache_memory(chunk) + saved->offset),
                        .body = saved->body,
                        .checked = saved->checked,
                        .recoveries = saved->recoveries,
                        .links = saved->links,
                        .indirects = saved->indirects,
                        .aimed_at = saved->aimed_at,
                        .kept = true,
                        .guest_bytes = bytes_of(s, starts, saved),
                        .recovery = at->recovery,
                        .link = links,
                        .indirect = at->indirect};
    for (uint16_t i = 0; i < saved->links; i++)
        if (!fill_link(s, &links[i], b, &at->link[i]))
            return false;
    at->recovery += saved->recoveries;
    at->link += saved->links;
    at->indirect += saved->indirects;
    return b->guest_bytes != NULL;
}

/* The chunks are in the order of the file backwards; blocks of one lie in rising order. */
static bool fill_chunk(struct saved *s, struct chunk *c, uint32_t index, uint32_t first,
                       uint32_t *count, struct cursor *at, const uint32_t *starts)
{
    uint32_t n = 0, end = 0;
    while (first + n < s->header->blocks && s->tables.blocks[first + n].chunk == index)
        n++;
    c->blocks = malloc((n + 1) * sizeof(*c->blocks));
    if (!c->blocks)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        const struct saved_block *saved = &s->tables.blocks[first + i];
        struct block *b = &s->blocks[first + i];
        if (saved->offset < end || !fill_block(s, b, saved, c, at, starts))
            return false;
        end = (uint32_t)saved->offset + saved->size;
        c->blocks[i] = b;
    }
    c->count = c->live = n;
    c->room = n + 1;
    *count = n;
    return true;
}

static void reverse(struct saved *s)
{
    struct chunk *turned = NULL;
    for (struct chunk *c = s->chunks, *next; c; c = next) {
        next = c->next;
        c->next = turned;
        turned = c;
    }
    s->chunks = turned;
}

/* Exits lead to where they can inside the space; the others to their stubs. */
static bool connect(struct saved *s)
{
    for (uint32_t i = 0; i < s->header->links; i++) {
        uint32_t to = s->tables.links[i].to;
        struct link *l = &s->links[i];
        if (to == SAVED_NOWHERE) {
            block_unpatch(l);
            continue;
        }
        if (to >= s->header->blocks || s->blocks[to].pc != l->target)
            return false;
        block_link(l, &s->blocks[to]);
    }
    return true;
}

static bool make_hash(struct saved *s)
{
    for (s->buckets = 256; s->buckets < s->header->blocks; s->buckets *= 2)
        continue;
    s->hash = calloc(s->buckets, sizeof(*s->hash));
    return s->hash != NULL;
}

static bool list_aims(struct saved *s)
{
    s->aims = malloc((s->header->blocks + 1) * sizeof(*s->aims));
    for (uint32_t i = 0; s->aims && i < s->header->blocks; i++)
        if (s->blocks[i].aimed_at)
            s->aims[s->aim_count++] = &s->blocks[i];
    return s->aims != NULL;
}

static bool make_blocks(struct saved *s)
{
    const struct saved_header *h = s->header;
    s->blocks = alloc_ready(h->blocks * sizeof(*s->blocks));
    s->links = alloc_ready(h->links * sizeof(*s->links));
    uint32_t *starts = malloc((h->ranges + 1) * sizeof(*starts));
    struct cursor at = {.recovery = s->tables.recoveries,
                        .recoveries_end = s->tables.recoveries + h->recoveries,
                        .link = s->tables.links,
                        .links_end = s->tables.links + h->links,
                        .indirect = s->tables.indirects,
                        .indirects_end = s->tables.indirects + h->indirects};
    bool ok = s->blocks && s->links && starts && make_hash(s);
    uint32_t sum = 0, index = 0, first = 0, count = 0;
    for (uint32_t i = 0; ok && i < h->ranges; i++) {
        starts[i] = sum;
        sum += s->tables.ranges[i].size;
    }
    reverse(s);
    for (struct chunk *c = s->chunks; ok && c; c = c->next, first += count)
        ok = fill_chunk(s, c, index++, first, &count, &at, starts);
    free(starts);
    return ok && first == h->blocks && at.recovery == at.recoveries_end &&
           at.link == at.links_end && at.indirect == at.indirects_end && connect(s) && list_aims(s);
}

/* --- for the dispatcher -------------------------------------------------------------------------
 */

/* What is used is not among the oldest, which go first; not more often than that is noticed. */
static void stay(struct host_file *file, const char *name)
{
    struct host_stat st;
    int64_t now = (int64_t)host_clock_realtime_ns();
    if (!host_file_fstat(file, &st) && st.mtime < now - STAY_NS)
        host_keep_touch(saved_folder(), name);
}

struct saved *saved_read(const struct codeview *v, uint64_t pc, const struct code_extent *e,
                         const struct saved_key *key)
{
    struct saved_header wanted;
    char name[HOST_KEEP_NAME_MAX];
    struct host_file *file;
    saved_describe(&wanted, key);
    saved_name(&wanted, name);
    if (host_keep_file(saved_folder(), name, &file))
        return NULL;
    struct saved *s = calloc(1, sizeof(*s));
    bool ok = s && read_tables(s, file, &wanted) && is_current(s, v, pc, e) && read_code(s, file) &&
              make_blocks(s);
    if (ok)
        stay(file, name);
    host_file_close(file);
    if (ok)
        return s;
    host_log_debug("kept code %s is not used: damaged, or of other content", name);
    saved_free(s);
    return NULL;
}

uint32_t saved_blocks(const struct saved *s)
{
    return s->header->blocks;
}

bool saved_adopt(struct saved *s, struct codespace *space)
{
    if (!codespace_adopt(space, s->chunks, s->blocks, s->header->blocks, s->hash, s->buckets))
        return false;
    space->kept[0] = s->header;
    space->kept[1] = s->blocks;
    space->kept[2] = s->links;
    space->kept[3] = space->aims = s->aims;
    space->aim_count = s->aim_count;
    s->adopted = true;
    return true;
}

void saved_free(struct saved *s)
{
    if (!s)
        return;
    if (!s->adopted) {
        host_mutex_lock(&translate_lock);
        for (struct chunk *c = s->chunks, *next; c; c = next) {
            next = c->next;
            cache_chunk_free(c);
        }
        host_mutex_unlock(&translate_lock);
        free(s->header);
        free(s->blocks);
        free(s->links);
        free(s->aims);
        free(s->hash);
    }
    free(s);
}
