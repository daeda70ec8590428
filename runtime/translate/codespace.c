/* Code spaces: blocks that address spaces share. */
#define HEAP_TIER HEAP_ALWAYS /* code memory is the bound */
#include "runtime/translate/codespace.h"
#include "runtime/host/heap.h"
#include "runtime/translate/code_kept.h"

#define PAGE_SHIFT 12

static struct codespace *shared;

_Atomic uint32_t codespace_grown;

struct codespace *codespace_private(void)
{
    struct codespace *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->buckets = 256;
    s->hash = calloc(s->buckets, sizeof *s->hash);
    if (!s->hash) {
        free(s);
        return NULL;
    }
    s->refs = 1;
    return s;
}

static bool is_for(const struct codespace *s, const struct code_extent *e)
{
    return s->file_id == e->file_id && s->generation == e->generation &&
           s->base == e->start - e->offset && s->start == e->start && s->end == e->end;
}

struct codespace *codespace_known(const struct code_extent *e)
{
    for (struct codespace *s = shared; s; s = s->next)
        if (is_for(s, e))
            return s;
    return NULL;
}

void codespace_each_shared(void (*each)(void *arg, struct codespace *space), void *arg)
{
    for (struct codespace *s = shared; s; s = s->next)
        each(arg, s);
}

struct codespace *codespace_get(const struct code_extent *e)
{
    struct codespace *s = codespace_known(e);
    if (s) {
        s->refs++;
        return s;
    }
    s = codespace_private();
    if (!s)
        return NULL;
    s->file_id = e->file_id;
    s->generation = e->generation;
    s->base = e->start - e->offset;
    s->start = e->start;
    s->end = e->end;
    s->next = shared;
    shared = s;
    return s;
}

static void free_chunk(struct chunk *c)
{
    for (uint32_t i = 0; i < c->count; i++)
        block_free(c->blocks[i]);
    cache_chunk_free(c);
}

static void destroy(struct codespace *s)
{
    for (uint32_t i = 0; i < s->buckets; i++)
        for (struct block *b = s->hash[i]; b; b = b->next)
            block_unlink_outgoing(b);
    for (struct chunk *c = s->chunks, *next; c; c = next) {
        next = c->next;
        free_chunk(c);
    }
    codespace_sweep(s, UINT64_MAX);
    kept_free(s->kept);
    free(s->hash);
    free(s->pages);
    free(s);
}

void codespace_put(struct codespace *s)
{
    if (--s->refs == 0 && (s->file_id == 0 || s->evicted))
        destroy(s);
}

void codespace_evict(void)
{
    for (struct codespace *s = shared, *next; s; s = next) {
        next = s->next;
        s->evicted = true;
        if (s->refs == 0)
            destroy(s);
    }
    shared = NULL;
}

/* Drops shared code spaces that nobody uses. True when something was freed. */
static bool reclaim(void)
{
    bool freed = false;
    for (struct codespace **p = &shared; *p;) {
        struct codespace *s = *p;
        if (s->refs == 0) {
            *p = s->next;
            freed |= s->chunks != NULL;
            destroy(s);
        } else {
            p = &s->next;
        }
    }
    return freed;
}

static uint32_t bucket(const struct codespace *s, uint64_t pc)
{
    return (uint32_t)((pc * 0x9e3779b97f4a7c15u) >> 40) & (s->buckets - 1);
}

struct block *codespace_find(const struct codespace *s, uint64_t pc, bool entry)
{
    for (struct block *b = s->hash[bucket(s, pc)]; b; b = b->next)
        if (b->pc == pc && (b->body || !entry))
            return b;
    return s->kept ? kept_find(s->kept, pc, entry) : NULL;
}

/* Enters it into the tables. */
static void enter(struct codespace *s, struct block *b)
{
    struct block **at = &s->hash[bucket(s, b->pc)];
    b->next = *at;
    *at = b;
    if (s->pages) {
        at = &s->pages[bucket(s, b->pc >> PAGE_SHIFT)];
        b->near = *at;
        *at = b;
    }
}

static void grow_table(struct codespace *s)
{
    uint32_t old = s->buckets;
    struct block **from = s->hash;
    struct block **to = calloc((size_t)old * 4, sizeof *to);
    struct block **pages = s->pages ? calloc((size_t)old * 4, sizeof *pages) : NULL;
    if (!to || (s->pages && !pages)) {
        free(to);
        free(pages);
        return;
    }
    free(s->pages);
    s->pages = pages;
    s->hash = to;
    s->buckets = old * 4;
    for (uint32_t i = 0; i < old; i++) {
        for (struct block *b = from[i], *next; b; b = next) {
            next = b->next;
            enter(s, b);
        }
    }
    free(from);
}

void codespace_enter(struct codespace *s, struct block *b)
{
    b->space = s;
    if (s->count++ >= s->buckets)
        grow_table(s);
    enter(s, b);
}

bool codespace_add(struct codespace *s, struct block *b, const uint8_t *code)
{
    if (!s->file_id && !s->pages && !(s->pages = calloc(s->buckets, sizeof *s->pages)))
        return false;
    uint8_t *w = s->chunks ? cache_place(s->chunks, b, b->size) : NULL;
    if (!w) {
        struct chunk *c = cache_chunk();
        if (!c && reclaim())
            c = cache_chunk();
        if (!c)
            return false;
        c->next = s->chunks;
        s->chunks = c;
        w = cache_place(c, b, b->size);
        if (!w)
            return false;
    }
    block_place(b, code, w);
    if (s->keyed)
        atomic_fetch_add_explicit(&codespace_grown, 1, memory_order_relaxed);
    s->added++;
    codespace_enter(s, b);
    return true;
}

bool codespace_adopt(struct codespace *s, struct kept *kept)
{
    if (!s->file_id || s->count || s->chunks)
        return false;
    s->kept = kept;
    s->kept_count = kept->header->blocks;
    s->chunks = kept->chunks;
    kept->space = s;
    kept->chunks = NULL;
    return true;
}

void codespace_each_block(struct codespace *s,
                          void (*each)(void *arg, const struct block *block, uint32_t chunk),
                          void *arg)
{
    uint32_t number = 0;
    for (const struct chunk *c = s->chunks; c; c = c->next, number++) {
        if (c->kept)
            for (uint32_t i = kept_first(c->kept, c->kept_number),
                          end = kept_first(c->kept, c->kept_number + 1);
                 i < end; i++)
                each(arg, kept_block(c->kept, i), number);
        for (uint32_t i = 0; i < c->count; i++)
            each(arg, c->blocks[i], number);
    }
}

/* Of the blocks that start in one page. */
static bool each_of_page(struct codespace *s, uint64_t page, uint64_t start, uint64_t end,
                         void (*each)(void *arg, struct block *block), void *arg)
{
    bool some = false;
    for (struct block *b = s->pages[bucket(s, page)], *next; b; b = next) {
        next = b->near;
        if (b->pc >> PAGE_SHIFT != page || b->pc >= end || b->pc + b->guest_size <= start)
            continue;
        each(arg, b);
        some = true;
    }
    return some;
}

bool codespace_each(struct codespace *s, uint64_t start, uint64_t end,
                    void (*each)(void *arg, struct block *block), void *arg)
{
    bool some = false;
    /* A block may begin in the page before. */
    uint64_t first = (start > XLATE_GUEST_MAX ? start - XLATE_GUEST_MAX : 0) >> PAGE_SHIFT;
    uint64_t last = (end - 1) >> PAGE_SHIFT;
    if (!s->count)
        return false;
    if (last - first < s->buckets) {
        for (uint64_t page = first; page <= last; page++)
            some |= each_of_page(s, page, start, end, each, arg);
        return some;
    }
    /* Page by page: who is killed is the first that codespace_kill meets. */
    for (uint32_t i = 0; i < s->buckets; i++) {
        for (struct block *b = s->pages[i], *next; b; b = next) {
            next = b->near;
            if (b->pc >= end || b->pc + b->guest_size <= start)
                continue;
            each(arg, b);
            some = true;
        }
    }
    return some;
}

void codespace_part(struct codespace *s, const struct codespace *other)
{
    for (uint32_t i = 0; s->reaches && i < s->buckets; i++)
        for (struct block *b = s->hash[i]; b; b = b->next)
            block_unlink_to(b, other);
}

static void retire(struct codespace *s, struct chunk *c, uint64_t stamp)
{
    for (struct chunk **p = &s->chunks->next; *p; p = &(*p)->next) {
        if (*p == c) {
            *p = c->next;
            c->next = s->retired;
            c->retired = stamp;
            s->retired = c;
            return;
        }
    }
}

void codespace_kill(struct codespace *s, struct block *b, uint64_t stamp)
{
    for (struct block **p = &s->hash[bucket(s, b->pc)]; *p; p = &(*p)->next) {
        if (*p == b) {
            *p = b->next;
            s->count--;
            break;
        }
    }
    for (struct block **p = &s->pages[bucket(s, b->pc >> PAGE_SHIFT)]; *p; p = &(*p)->near) {
        if (*p == b) {
            *p = b->near;
            break;
        }
    }
    block_unlink_incoming(b);
    block_unlink_outgoing(b);
    b->dead = true;
    struct chunk *c = cache_chunk_of(b->code);
    if (--c->live == 0 && c != s->chunks)
        retire(s, c, stamp);
}

void codespace_sweep(struct codespace *s, uint64_t stamp)
{
    for (struct chunk **p = &s->retired; *p;) {
        struct chunk *c = *p;
        if (c->retired < stamp) {
            *p = c->next;
            free_chunk(c);
        } else {
            p = &c->next;
        }
    }
}
