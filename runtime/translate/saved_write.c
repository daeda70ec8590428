/* Code spaces that have grown are written. */
#define HEAP_TIER HEAP_ALWAYS /* freed at once; code memory is the bound */
#include "runtime/translate/saved.h"

#include <stdio.h>
#include <string.h>

#include "runtime/host/heap.h"
#include "runtime/host/log.h"
#include "runtime/host/thread.h"
#include "runtime/translate/saved_file.h"

/* As many new blocks are worth a file, and this part of those that were there. */
#define WORTH_BLOCKS 8
#define WORTH_PART   100
/* So many are written before the end. */
#define WORTH_NOW 10000
/* Files at one time: whoever ends the program waits. */
#define WRITES_MOST 256

/* A block on its way into the file. */
struct item {
    const struct block *block;
    uint32_t index, chunk, offset;
};

struct writing {
    struct saved_header *header;
    struct saved_tables tables;
    uint8_t *code;
    struct item *items;   /* in the order of their code */
    struct item **sorted; /* by guest address */
    uint32_t listed;
};

/* Who writes, so that the end waits for what is under way. */
static struct host_mutex writing = HOST_MUTEX_INIT(RANK_CODE_WRITING);

/* --- gathering, with translate_lock --------------------------------------------------------------
 */

static bool is_worth(const struct codespace *s)
{
    return s->keyed && s->added >= WORTH_BLOCKS && s->added > s->kept_count / WORTH_PART;
}

static bool may_be_kept(const struct block *b)
{
    return !b->dead && !b->self_check && b->guest_bytes;
}

static void count_block(void *arg, const struct block *b, uint32_t chunk)
{
    struct saved_header *h = arg;
    (void)chunk;
    if (!may_be_kept(b))
        return;
    h->blocks++;
    h->links += b->links;
    h->recoveries += b->recoveries;
    h->indirects += b->indirects;
    h->aims += b->aimed_at && b->body;
}

static void count_all(struct saved_header *h, struct codespace *s)
{
    for (const struct chunk *c = s->chunks; c; c = c->next) {
        h->chunks++;
        h->code = (h->chunks - 1) * (uint32_t)CACHE_CHUNK + c->used;
    }
    codespace_each_block(s, count_block, h);
}

static int by_address(const void *a, const void *b)
{
    uint64_t x = (*(struct item *const *)a)->block->pc, y = (*(struct item *const *)b)->block->pc;
    return x < y ? -1 : x > y;
}

static void list_block(void *arg, const struct block *b, uint32_t chunk)
{
    struct writing *w = arg;
    uint32_t n = w->listed;
    if (!may_be_kept(b))
        return;
    /* Code memory is mapped at multiples of a chunk's size. */
    w->items[n] = (struct item){b, n, chunk, (uint32_t)((uintptr_t)b->code % CACHE_CHUNK)};
    w->sorted[n] = &w->items[n];
    w->listed++;
}

/* The block at the guest address, or NULL. */
static const struct item *item_at(const struct writing *w, uint64_t pc)
{
    uint32_t low = 0, high = w->header->blocks;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (w->sorted[middle]->block->pc < pc)
            low = middle + 1;
        else
            high = middle;
    }
    return low < w->header->blocks && w->sorted[low]->block->pc == pc ? w->sorted[low] : NULL;
}

static uint32_t place_of(const struct item *i)
{
    return i->chunk * (uint32_t)CACHE_CHUNK + i->offset;
}

/* Where an exit leads as long as nothing is known of what lies around the code space. */
static void set_exit(const struct writing *w, const struct item *from, const struct link *l)
{
    const struct item *to = item_at(w, l->target);
    uint32_t patch = place_of(from) + l->patch;
    uint32_t place =
        to ? place_of(to) + to->block->body : place_of(from) + l->stub - XLATE_STUB_CALL;
    uint32_t relative = place - (patch + 4);
    memcpy(w->code + patch, &relative, sizeof(relative));
}

/* Where the next entries of each table go. */
struct filling {
    uint32_t link, recovery, indirect, aim;
};

static void put_block(struct writing *w, const struct item *item, struct filling *at)
{
    const struct block *b = item->block;
    uint64_t start = w->header->key.start;
    struct saved_tables *t = &w->tables;
    t->blocks[item->index] = (struct saved_block){.pc = (uint32_t)(b->pc - start),
                                                  .link = at->link,
                                                  .recovery = at->recovery,
                                                  .indirect = at->indirect,
                                                  .guest_size = (uint16_t)b->guest_size,
                                                  .size = (uint16_t)b->size,
                                                  .body = b->body,
                                                  .checked = b->checked,
                                                  .recoveries = b->recoveries,
                                                  .links = b->links,
                                                  .indirects = b->indirects,
                                                  .aimed_at = b->aimed_at,
                                                  .chunk = (uint16_t)item->chunk,
                                                  .offset = (uint16_t)item->offset};
    memcpy(t->recoveries + at->recovery, b->recovery, b->recoveries * sizeof(*b->recovery));
    memcpy(t->indirects + at->indirect, b->indirect, b->indirects * sizeof(*b->indirect));
    at->recovery += b->recoveries;
    at->indirect += b->indirects;
    for (uint16_t k = 0; k < b->links; k++) {
        t->links[at->link++] = (struct saved_link){.target = (uint32_t)(b->link[k].target - start),
                                                   .patch = b->link[k].patch,
                                                   .stub = b->link[k].stub};
        set_exit(w, item, &b->link[k]);
    }
    if (b->aimed_at && b->body)
        t->aims[at->aim++] = item->index;
}

static void put_blocks(struct writing *w)
{
    struct filling at = {0};
    for (uint32_t i = 0; i < w->header->blocks; i++) {
        put_block(w, &w->items[i], &at);
        w->tables.places[i] = (struct saved_place){
            (uint32_t)(w->sorted[i]->block->pc - w->header->key.start), w->sorted[i]->index};
    }
}

/* Joins the blocks' guest bytes to ranges; without store only counts them. False when two blocks
 * were made from different bytes at one address: the file was changed between them. */
static bool put_ranges(struct writing *w, bool store)
{
    struct saved_header *h = w->header;
    const struct saved_tables *t = &w->tables;
    uint32_t n = 0, size = 0, end = 0;
    for (uint32_t i = 0; i < h->blocks; i++) {
        const struct block *b = w->sorted[i]->block;
        uint32_t start = (uint32_t)(b->pc - h->key.start);
        uint32_t common = n && start < end ? end - start : 0;
        uint32_t overlap = common < b->guest_size ? common : b->guest_size;
        uint32_t more = b->guest_size - overlap;
        if (n == 0 || start > end) {
            if (store)
                t->ranges[n] = (struct saved_range){start, 0};
            n++;
            end = start;
        }
        if (store && memcmp(t->bytes + size - common, b->guest_bytes, overlap))
            return false;
        if (store) {
            t->blocks[w->sorted[i]->index].bytes = size - common;
            memcpy(t->bytes + size, b->guest_bytes + overlap, more);
            t->ranges[n - 1].size += more;
        }
        size += more;
        end += more;
    }
    h->ranges = n;
    h->bytes = size;
    return true;
}

static void put_code(struct writing *w, const struct codespace *s)
{
    uint32_t number = 0, first = 0;
    memset(w->code, 0, w->header->code);
    for (const struct chunk *c = s->chunks; c; c = c->next, number++) {
        memcpy(w->code + number * CACHE_CHUNK, cache_memory(c), c->used);
        while (first < w->header->blocks && w->items[first].chunk < number)
            first++;
        w->tables.chunks[number] = (struct saved_chunk){c->used, first};
    }
}

/* Everything in one piece of memory, but for the sums. False: no memory, or not to be kept. */
static bool gather(struct writing *w, struct codespace *s)
{
    struct saved_header counted, *h = &counted;
    saved_describe(h, &s->key);
    count_all(h, s);
    w->header = h;
    w->items = malloc(h->blocks * sizeof(*w->items) + 1);
    w->sorted = malloc(h->blocks * sizeof(*w->sorted) + 1);
    if (!h->blocks || !w->items || !w->sorted)
        return false;
    codespace_each_block(s, list_block, w);
    qsort(w->sorted, w->listed, sizeof(*w->sorted), by_address);
    put_ranges(w, false);
    w->tables = saved_tables(h);
    if (w->tables.size + h->code > SAVED_FILE_MAX)
        return false;
    w->header = malloc(w->tables.size + h->code);
    if (!w->header)
        return false;
    *w->header = counted;
    w->tables = saved_tables(w->header);
    w->code = (uint8_t *)w->header + w->tables.size;
    put_code(w, s);
    put_blocks(w);
    return put_ranges(w, true);
}

/* --- the folder ----------------------------------------------------------------------------------
 */

struct kept_file {
    int64_t time;
    uint64_t size;
    char name[HOST_KEEP_NAME_MAX];
};

struct listing {
    struct kept_file *files;
    size_t count, room;
    uint64_t total;
};

static int list_file(void *arg, const char *name, uint64_t size, int64_t time)
{
    struct listing *l = arg;
    l->total += size;
    /* What is not code stays: addresses depend on it. */
    if (strlen(name) < SAVED_NAME_LENGTH || strlen(name) >= sizeof(l->files->name))
        return 0;
    if (l->count == l->room) {
        size_t room = l->room ? l->room * 2 : 256;
        struct kept_file *grown = realloc(l->files, room * sizeof(*grown));
        if (!grown)
            return 0;
        l->files = grown;
        l->room = room;
    }
    struct kept_file *f = &l->files[l->count++];
    *f = (struct kept_file){.time = time, .size = size};
    snprintf(f->name, sizeof(f->name), "%s", name);
    return 0;
}

static int by_time(const void *a, const void *b)
{
    const struct kept_file *x = a, *y = b;
    return x->time < y->time ? -1 : x->time > y->time;
}

/* The oldest go, some more than have to. What an end of the program left half written is among them
 * one day. With `writing`. */
static void make_room(uint64_t size)
{
    static uint64_t total = SAVED_MOST; /* not known yet */
    if (total + size > SAVED_MOST) {
        struct listing l = {0};
        host_keep_each(saved_folder(), list_file, &l);
        if (l.total + size > SAVED_MOST) {
            qsort(l.files, l.count, sizeof(*l.files), by_time);
            for (size_t i = 0; i < l.count && l.total + size > SAVED_MOST / 10 * 9; i++)
                if (host_keep_remove(saved_folder(), l.files[i].name) == 0)
                    l.total -= l.files[i].size;
        }
        free(l.files);
        total = l.total;
    }
    total += size;
}

static void store(struct saved_header *h, const uint8_t *code, size_t tables)
{
    char name[HOST_KEEP_NAME_MAX];
    const uint8_t *summed = (const uint8_t *)&h->code_sum;
    h->code_sum = saved_sum(0, code, h->code);
    h->sum = saved_sum(0, summed, tables - (size_t)(summed - (const uint8_t *)h));
    saved_name(h, name);
    make_room(tables + h->code);
    int error = host_keep_store(saved_folder(), name, h, tables + h->code);
    if (error)
        host_log_debug("code cannot be kept: error %d", -error);
}

/* --- which ---------------------------------------------------------------------------------------
 */

struct choice {
    struct codespace *space;
};

static void choose(void *arg, struct codespace *s)
{
    struct choice *c = arg;
    if (!c->space && is_worth(s))
        c->space = s;
}

/* True when there may be another one. */
static bool write_one(void)
{
    struct writing w = {0};
    struct choice c = {0};
    host_mutex_lock(&translate_lock);
    codespace_each_shared(choose, &c);
    bool made = c.space && gather(&w, c.space);
    if (c.space) { /* tried, at least */
        c.space->kept_count += c.space->added;
        c.space->added = 0;
    }
    host_mutex_unlock(&translate_lock);
    if (made)
        store(w.header, w.code, w.tables.size);
    if (w.code)
        free(w.header);
    free(w.items);
    free(w.sorted);
    return c.space != NULL;
}

void saved_write(void)
{
    if (!saved_folder())
        return;
    host_mutex_lock(&writing);
    atomic_store(&codespace_grown, 0);
    for (int i = 0; i < WRITES_MOST && write_one(); i++)
        continue;
    host_mutex_unlock(&writing);
}

static void write_beside(void *arg)
{
    atomic_bool *busy = arg;
    saved_write();
    atomic_store(busy, false);
}

void saved_look(void)
{
    static atomic_bool busy;
    if (!saved_folder() || atomic_load(&codespace_grown) < WORTH_NOW ||
        atomic_exchange(&busy, true))
        return;
    if (host_thread_start(write_beside, &busy))
        atomic_store(&busy, false);
}
