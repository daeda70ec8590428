/* What a cell cannot hold itself: underline colours and links (extras), grapheme clusters. */
#include "term/screen/tables.h"

#include "term/screen/screen.h"
#include "term/screen/state.h"

#include <stdlib.h>
#include <string.h>

#define EXTRAS_MAX      65535
#define LINKS_MAX       65535u
#define LINK_BYTES_MAX  (16u << 20)
#define LINK_LENGTH_MAX 4096

/* The hash FNV-1a, here of half words. */
#define FNV_BASIS 2166136261u
#define FNV_PRIME 16777619u

static uint32_t hash_words(const uint32_t *words, int n)
{
    uint32_t h = FNV_BASIS;
    for (int i = 0; i < n; i++) {
        h = (h ^ (words[i] & 0xffff)) * FNV_PRIME;
        h = (h ^ (words[i] >> 16)) * FNV_PRIME;
    }
    return h ^ h >> 15;
}

/* Calls `visit` with the cells of both screens, and the pens. */
static void walk(struct term *t, void (*visit)(void *context, const struct term_cell *cells, int n),
                 void *context)
{
    const struct screen *screens[2] = {&t->normal, &t->alternate};
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < t->rows; i++)
            visit(context, screens[k]->lines[i]->cells, screens[k]->lines[i]->used);
        visit(context, &screens[k]->saved.pen, 1);
    }
    visit(context, &t->cursor.pen, 1);
    visit(context, t->pens, PEN_STACK);
    term_worked(t, (size_t)t->rows * (size_t)t->cols);
}

/* Walking everything for every number asked for would take for ever: once in so many, unless the
 * last walk found much (which then counts from 0 again). */
static bool walk_worth(unsigned *tries)
{
    return (*tries)++ % 4096 == 0;
}

/* --- Extras --- */

static uint32_t extra_hash(struct term_extra e)
{
    uint32_t words[2] = {e.underline_color, e.link};
    return hash_words(words, 2);
}

static void extra_bucket(struct extras *x, unsigned number)
{
    uint32_t b = extra_hash(x->entries[number]) % x->bucket_count;
    while (x->buckets[b])
        b = (b + 1) % x->bucket_count;
    x->buckets[b] = (uint16_t)number;
}

/* Room for one more entry, with twice as many buckets as entries. */
static bool extras_grow(struct extras *x)
{
    if (x->count < x->slots)
        return true;
    int slots = x->slots ? x->slots * 2 : 64;
    struct term_extra *entries = realloc(x->entries, (size_t)slots * sizeof(*entries));
    if (!entries)
        return false;
    x->entries = entries;
    uint16_t *buckets = calloc((size_t)slots * 2, sizeof(*buckets));
    if (!buckets)
        return false;
    free(x->buckets);
    x->buckets = buckets;
    x->bucket_count = (uint32_t)slots * 2;
    x->slots = slots;
    if (x->count == 0)
        x->entries[x->count++] = (struct term_extra){0};
    for (int i = 1; i < x->count; i++)
        extra_bucket(x, (unsigned)i);
    return true;
}

static void mark_extras(void *context, const struct term_cell *cells, int n)
{
    uint8_t *used = context;
    for (int i = 0; i < n; i++)
        used[cells[i].attr >> TERM_EXTRA_SHIFT] = 1;
}

static void links_sweep(struct extras *x, const uint8_t *linked)
{
    for (uint32_t i = 1; i < x->link_count; i++) {
        if (!linked[i] && x->links[i]) {
            x->link_bytes -= strlen(x->links[i]) + 1;
            free(x->links[i]);
            x->links[i] = NULL;
        }
    }
    x->link_hole = 1;
}

/* Frees the numbers (and links) that no cell has; they become holes to be filled again. */
static void extras_sweep(struct term *t)
{
    struct extras *x = &t->extras;
    if (!walk_worth(&x->tries))
        return;
    uint8_t *used = calloc(1, EXTRAS_MAX + 1);
    uint8_t *linked = calloc(1, LINKS_MAX + 1);
    if (!used || !linked) {
        free(used);
        free(linked);
        return;
    }
    walk(t, mark_extras, used);
    memset(x->buckets, 0, x->bucket_count * sizeof(*x->buckets));
    x->free_count = 0;
    linked[t->link] = 1;
    for (int i = 1; i < x->count; i++) {
        if (used[i] || history_uses(t->history, USE_EXTRA, (uint32_t)i)) {
            linked[x->entries[i].link] = 1;
            extra_bucket(x, (unsigned)i);
        } else {
            x->entries[i] = (struct term_extra){0};
            x->free_count++;
        }
    }
    x->hole = 1;
    size_t bytes = x->link_bytes;
    links_sweep(x, linked);
    if (x->free_count > EXTRAS_MAX / 8 || bytes - x->link_bytes > LINK_BYTES_MAX / 8)
        x->tries = 0;
    term_worked(t, EXTRAS_MAX);
    free(used);
    free(linked);
}

static unsigned extra_find(const struct extras *x, struct term_extra e)
{
    if (!x->bucket_count)
        return 0;
    uint32_t b = extra_hash(e) % x->bucket_count;
    for (; x->buckets[b]; b = (b + 1) % x->bucket_count) {
        const struct term_extra *have = &x->entries[x->buckets[b]];
        if (have->underline_color == e.underline_color && have->link == e.link)
            return x->buckets[b];
    }
    return 0;
}

unsigned extra_number(struct term *t, uint32_t underline_color, uint32_t link)
{
    struct extras *x = &t->extras;
    struct term_extra e = {underline_color, link};
    if (!underline_color && !link)
        return 0;
    unsigned number = extra_find(x, e);
    if (number)
        return number;
    if (x->count > EXTRAS_MAX && x->free_count == 0)
        extras_sweep(t);
    if (x->free_count > 0) {
        while (x->entries[x->hole].underline_color || x->entries[x->hole].link)
            x->hole++;
        number = (unsigned)x->hole++;
        x->free_count--;
    } else if (x->count <= EXTRAS_MAX && extras_grow(x)) {
        number = (unsigned)x->count++;
    } else {
        return 0;
    }
    x->entries[number] = e;
    extra_bucket(x, number);
    return number;
}

void link_changed(struct term *t)
{
    struct term_cell *pen = &t->cursor.pen;
    pen->attr &= ~TERM_EXTRA_MASK;
    pen->attr |= extra_number(t, t->underline_color, t->link) << TERM_EXTRA_SHIFT;
}

struct term_extra extra_get(const struct term *t, uint32_t attr)
{
    uint32_t number = attr >> TERM_EXTRA_SHIFT;
    if (!number || !t->extras.entries)
        return (struct term_extra){0};
    return t->extras.entries[number];
}

/* --- Links: "id\nuri" by number; pieces with one id and one URI are one link --- */

static bool links_grow(struct extras *x)
{
    if (x->link_count < x->link_slots)
        return true;
    uint32_t slots = x->link_slots ? x->link_slots * 2 : 64;
    char **grown = realloc(x->links, slots * sizeof(*grown));
    if (!grown)
        return false;
    x->links = grown;
    x->link_slots = slots;
    if (x->link_count == 0)
        x->links[x->link_count++] = NULL;
    return true;
}

static uint32_t link_find(const struct extras *x, const char *text)
{
    /* Programs write the pieces of a link close together: recent numbers are enough. */
    uint32_t low = x->link_last > 64 ? x->link_last - 64 : 0;
    for (uint32_t i = x->link_last; i > low; i--) {
        if (x->links[i] && strcmp(x->links[i], text) == 0)
            return i;
    }
    return 0;
}

/* A number for a link of so many bytes; 0 when there is no room. */
static uint32_t link_free_number(struct term *t, size_t length)
{
    struct extras *x = &t->extras;
    for (int pass = 0; pass < 2; pass++) {
        if (pass > 0)
            extras_sweep(t);
        if (x->link_bytes + length > LINK_BYTES_MAX)
            continue;
        while (x->link_hole < x->link_count && x->links[x->link_hole])
            x->link_hole++;
        if (x->link_hole < x->link_count && x->link_hole > 0)
            return x->link_hole;
        if (x->link_count <= LINKS_MAX && links_grow(x)) {
            x->links[x->link_count] = NULL;
            return x->link_count++;
        }
    }
    return 0;
}

/* The number of a link, old or new; 0 when there is no room. `text` is taken. */
static uint32_t link_number(struct term *t, char *text, size_t length, bool named)
{
    struct extras *x = &t->extras;
    uint32_t number = named ? link_find(x, text) : 0;
    if (!number)
        number = link_free_number(t, length);
    if (!number || x->links[number]) {
        free(text);
        return number;
    }
    x->links[number] = text;
    x->link_bytes += length;
    x->link_last = number;
    return number;
}

void link_set(struct term *t, const char *id, size_t id_length, const char *uri)
{
    t->link = 0;
    size_t length = uri && *uri ? id_length + 1 + strlen(uri) + 1 : 0;
    char *text = length && length <= LINK_LENGTH_MAX ? malloc(length) : NULL;
    if (text) {
        memcpy(text, id, id_length);
        text[id_length] = '\n';
        strcpy(text + id_length + 1, uri);
        t->link = link_number(t, text, length, id_length > 0);
    }
    link_changed(t);
}

const char *link_uri(const struct term *t, uint32_t link)
{
    if (link == 0 || link >= t->extras.link_count || !t->extras.links[link])
        return NULL;
    return strchr(t->extras.links[link], '\n') + 1;
}

/* --- Clusters --- */

static const uint32_t *cluster_codes(const struct clusters *c, uint32_t number, int *n)
{
    const uint32_t *at = c->codes + c->starts[number];
    *n = (int)at[0];
    return at + 1;
}

static bool rebucket(struct clusters *c, uint32_t buckets)
{
    uint32_t *fresh = calloc(buckets, sizeof(*fresh));
    if (!fresh)
        return false;
    free(c->buckets);
    c->buckets = fresh;
    c->bucket_count = buckets;
    for (uint32_t i = 0; i < c->count; i++) {
        int n;
        const uint32_t *codes = cluster_codes(c, i, &n);
        if (n == 0)
            continue;
        uint32_t b = hash_words(codes, n) % buckets;
        while (c->buckets[b])
            b = (b + 1) % buckets;
        c->buckets[b] = i + 1;
    }
    return true;
}

static void mark_clusters(void *context, const struct term_cell *cells, int n)
{
    uint8_t *used = context;
    for (int i = 0; i < n; i++) {
        if (cells[i].ch & TERM_CH_CLUSTER)
            used[TERM_CH_INDEX(cells[i].ch)] = 1;
    }
}

/* Forgets the clusters no cell has. Numbers of the others stay; freed ones become holes with
 * the length 0. */
static void clusters_sweep(struct term *t)
{
    struct clusters *c = &t->clusters;
    if (!walk_worth(&c->tries))
        return;
    uint8_t *used = calloc(1, (size_t)c->count + 1);
    uint32_t *fresh = malloc(((size_t)c->used + c->count + 1) * sizeof(*fresh));
    if (!used || !fresh) {
        free(used);
        free(fresh);
        return;
    }
    walk(t, mark_clusters, used);
    term_worked(t, c->used);
    uint32_t at = 1;
    fresh[0] = 0; /* where every hole begins */
    c->free_count = 0;
    c->hole = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        int n;
        const uint32_t *codes = cluster_codes(c, i, &n);
        bool kept = used[i] || history_uses(t->history, USE_CLUSTER, i);
        if (!kept || n == 0) {
            c->starts[i] = 0;
            c->free_count++;
            continue;
        }
        c->starts[i] = at;
        fresh[at++] = (uint32_t)n;
        memcpy(fresh + at, codes, (size_t)n * sizeof(*codes));
        at += (uint32_t)n;
    }
    c->slots = c->used + c->count + 1;
    if (at < CLUSTER_WORDS_MAX / 8 * 7 && c->free_count > c->count / 8)
        c->tries = 0;
    c->used = at;
    free(c->codes);
    c->codes = fresh;
    free(used);
    rebucket(c, c->bucket_count);
}

static bool clusters_grow(struct clusters *c, int n)
{
    if (c->used + (uint32_t)n + 2 > c->slots) {
        uint32_t slots = c->slots ? c->slots * 2 : 1024;
        uint32_t *grown = realloc(c->codes, slots * sizeof(*grown));
        if (!grown)
            return false;
        c->codes = grown;
        c->slots = slots;
        if (c->used == 0)
            c->codes[c->used++] = 0;
    }
    if (c->count == c->start_slots) {
        uint32_t slots = c->start_slots ? c->start_slots * 2 : 256;
        uint32_t *grown = realloc(c->starts, slots * sizeof(*grown));
        if (!grown)
            return false;
        c->starts = grown;
        c->start_slots = slots;
    }
    if (c->count * 2 >= c->bucket_count)
        return rebucket(c, c->bucket_count ? c->bucket_count * 2 : 512);
    return true;
}

uint32_t cluster_number(struct term *t, const uint32_t *codes, int n)
{
    struct clusters *c = &t->clusters;
    uint32_t hash = hash_words(codes, n);
    if (c->bucket_count) {
        for (uint32_t b = hash % c->bucket_count; c->buckets[b]; b = (b + 1) % c->bucket_count) {
            int have;
            const uint32_t *old = cluster_codes(c, c->buckets[b] - 1, &have);
            if (have == n && memcmp(old, codes, (size_t)n * sizeof(*codes)) == 0)
                return TERM_CH_CLUSTER | (c->buckets[b] - 1);
        }
    }
    if (c->used >= CLUSTER_WORDS_MAX || (c->count >= CLUSTERS_MAX && c->free_count == 0))
        clusters_sweep(t);
    if (c->used >= CLUSTER_WORDS_MAX || !clusters_grow(c, n))
        return 0;
    uint32_t number;
    if (c->free_count > 0) {
        while (c->codes[c->starts[c->hole]] != 0)
            c->hole++;
        number = c->hole++;
        c->free_count--;
    } else if (c->count < CLUSTERS_MAX) {
        number = c->count++;
    } else {
        return 0;
    }
    c->starts[number] = c->used;
    c->codes[c->used++] = (uint32_t)n;
    memcpy(c->codes + c->used, codes, (size_t)n * sizeof(*codes));
    c->used += (uint32_t)n;
    uint32_t b = hash % c->bucket_count;
    while (c->buckets[b])
        b = (b + 1) % c->bucket_count;
    c->buckets[b] = number + 1;
    return TERM_CH_CLUSTER | number;
}

int cell_codes(const struct term *t, uint32_t ch, uint32_t *codes)
{
    if (ch == TERM_CH_EMPTY || ch == TERM_CH_TAIL || ch == TERM_CH_SPACER)
        return 0;
    if (!(ch & TERM_CH_CLUSTER)) {
        codes[0] = ch;
        return 1;
    }
    int n;
    const uint32_t *from = cluster_codes(&t->clusters, TERM_CH_INDEX(ch), &n);
    memcpy(codes, from, (size_t)n * sizeof(*codes));
    return n;
}

void tables_free(struct term *t)
{
    for (uint32_t i = 0; i < t->extras.link_count; i++)
        free(t->extras.links[i]);
    free(t->extras.links);
    free(t->extras.entries);
    free(t->extras.buckets);
    free(t->clusters.codes);
    free(t->clusters.starts);
    free(t->clusters.buckets);
}
