/* Packs rows into blocks, unpacks them, and drops the oldest. */
#include "term/history/history.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 65536u

/* Every row in a block begins with this, packed without padding. */
#define HEADER_BYTES 7u /* u32 bytes of the row, u16 cells, u8 flags | size << 6 */

enum row_kind { KIND_PLAIN, KIND_RUNS, KIND_RAW };

struct block {
    uint64_t first;    /* number of its first row */
    uint32_t *offsets; /* where each row begins */
    uint32_t count;    /* rows */
    uint32_t slots;    /* room in offsets */
    uint32_t used;     /* bytes */
    uint32_t capacity; /* bytes of data */
    uint8_t *data;
    struct use_list uses;
};

struct history {
    struct block *blocks; /* oldest first */
    size_t count, slots;
    uint64_t first, end;
    size_t bytes;
    size_t bytes_max;
    uint64_t rows_max;
    int chain;       /* wrapped rows at the end without a cut */
    uint32_t serial; /* of the newest block */
    struct uses uses;
    uint8_t *scratch;
    size_t scratch_bytes;
};

struct history *history_new(int rows, size_t bytes)
{
    struct history *h = calloc(1, sizeof(*h));
    if (h)
        history_set_limits(h, rows, bytes);
    return h;
}

static size_t block_bytes(const struct block *b)
{
    return b->capacity + ((size_t)b->slots + b->uses.slots) * sizeof(uint32_t);
}

static void block_free(struct history *h, struct block *b)
{
    h->bytes -= block_bytes(b);
    uses_drop(&h->uses, &b->uses);
    free(b->data);
    free(b->offsets);
}

void history_clear(struct history *h)
{
    for (size_t i = 0; i < h->count; i++)
        block_free(h, &h->blocks[i]);
    h->count = 0;
    h->first = h->end;
    h->chain = 0;
}

void history_free(struct history *h)
{
    if (!h)
        return;
    history_clear(h);
    uses_free(&h->uses);
    free(h->blocks);
    free(h->scratch);
    free(h);
}

uint64_t history_first(const struct history *h)
{
    return h->first;
}

uint64_t history_end(const struct history *h)
{
    return h->end;
}

size_t history_bytes(const struct history *h)
{
    return h->bytes;
}

/* Drops whole blocks from the old end; the row limit itself is exact. */
static void enforce(struct history *h)
{
    size_t drop = 0;
    size_t bytes = h->bytes;
    while (drop < h->count) {
        struct block *b = &h->blocks[drop];
        bool old = b->first + b->count + h->rows_max <= h->end;
        bool heavy = bytes > h->bytes_max && (drop + 1 < h->count || h->rows_max == 0);
        if (!old && !heavy)
            break;
        bytes -= block_bytes(b);
        drop++;
    }
    for (size_t i = 0; i < drop; i++)
        block_free(h, &h->blocks[i]);
    if (drop) {
        h->count -= drop;
        memmove(h->blocks, h->blocks + drop, h->count * sizeof(*h->blocks));
    }
    uint64_t kept = h->count ? h->blocks[0].first : h->end;
    if (h->end - kept > h->rows_max)
        kept = h->end - h->rows_max;
    if (h->first < kept)
        h->first = kept;
}

void history_set_limits(struct history *h, int rows, size_t bytes)
{
    h->rows_max = rows > 0 ? (uint64_t)rows : 0;
    h->bytes_max = bytes ? bytes : (size_t)h->rows_max * 2048 + BLOCK_BYTES;
    enforce(h);
}

static bool same_style(const struct term_cell *a, const struct term_cell *b)
{
    return a->fg == b->fg && a->bg == b->bg && a->attr == b->attr;
}

/* Packs cells as runs of one style; returns the bytes, or `limit` when it would take as many. */
static size_t pack_runs(const struct term_cell *cells, int n, uint8_t *out, size_t limit)
{
    size_t at = 0;
    for (int i = 0; i < n;) {
        int end = i + 1;
        bool narrow = cells[i].ch < 0x80;
        while (end < n && same_style(&cells[i], &cells[end]) && (cells[end].ch < 0x80) == narrow)
            end++;
        uint16_t count = (uint16_t)(end - i);
        bool styled = cells[i].fg || cells[i].bg || cells[i].attr;
        if (at + 15 + (size_t)count * (narrow ? 1 : 4) >= limit)
            return limit;
        out[at++] = (uint8_t)(narrow | styled << 1);
        memcpy(out + at, &count, 2);
        at += 2;
        if (styled) {
            memcpy(out + at, &cells[i].fg, 12);
            at += 12;
        }
        for (; i < end; i++) {
            if (narrow) {
                out[at++] = (uint8_t)cells[i].ch;
            } else {
                memcpy(out + at, &cells[i].ch, 4);
                at += 4;
            }
        }
    }
    return at;
}

/* Packs a row into `out` (room for HEADER_BYTES + 1 + 16 n) and returns its bytes. */
static size_t row_pack(const struct term_cell *cells, int n, unsigned flags, unsigned size,
                       uint8_t *out)
{
    uint8_t *body = out + HEADER_BYTES + 1;
    size_t length;
    uint8_t kind;
    if (!(flags & ROW_RICH)) {
        kind = KIND_PLAIN;
        for (int i = 0; i < n; i++)
            body[i] = (uint8_t)cells[i].ch;
        length = (size_t)n;
    } else {
        kind = KIND_RUNS;
        length = pack_runs(cells, n, body, (size_t)n * sizeof(*cells));
        if (length == (size_t)n * sizeof(*cells)) {
            kind = KIND_RAW;
            memcpy(body, cells, length);
        }
    }
    uint32_t total = (uint32_t)(HEADER_BYTES + 1 + length);
    uint16_t count = (uint16_t)n;
    memcpy(out, &total, 4);
    memcpy(out + 4, &count, 2);
    out[6] = (uint8_t)(flags | size << 6);
    out[7] = kind;
    return total;
}

/* A block with room for `need` more bytes and one more row, or NULL. */
static struct block *block_room(struct history *h, size_t need)
{
    struct block *b = h->count ? &h->blocks[h->count - 1] : NULL;
    if (!b || b->capacity - b->used < need) {
        if (h->count == h->slots) {
            size_t slots = h->slots ? h->slots * 2 : 16;
            struct block *grown = realloc(h->blocks, slots * sizeof(*grown));
            if (!grown)
                return NULL;
            h->blocks = grown;
            h->slots = slots;
        }
        size_t capacity = need > BLOCK_BYTES ? need : BLOCK_BYTES;
        uint8_t *data = malloc(capacity);
        if (!data)
            return NULL;
        b = &h->blocks[h->count++];
        *b = (struct block){.first = h->end, .capacity = (uint32_t)capacity, .data = data};
        b->uses.serial = ++h->serial;
        h->bytes += capacity;
    }
    if (b->count == b->slots) {
        uint32_t slots = b->slots ? b->slots * 2 : 256;
        uint32_t *grown = realloc(b->offsets, slots * sizeof(*grown));
        if (!grown)
            return NULL;
        h->bytes += (slots - b->slots) * sizeof(*grown);
        b->offsets = grown;
        b->slots = slots;
    }
    return b;
}

/* Notes the numbers a row has in its block. */
static bool history_note(struct history *h, struct block *b, const struct term_cell *cells, int n)
{
    size_t before = block_bytes(b);
    bool noted = uses_note(&h->uses, &b->uses, cells, n);
    h->bytes += block_bytes(b) - before;
    return noted;
}

bool history_push(struct history *h, const struct term_cell *cells, int n, unsigned flags,
                  unsigned size)
{
    if (h->rows_max == 0) {
        h->end++;
        h->first = h->end;
        return true;
    }
    flags &= ~ROW_CUT;
    h->chain = flags & ROW_WRAPPED ? h->chain + 1 : 0;
    if (h->chain >= HISTORY_CHAIN_MAX) {
        flags |= ROW_CUT;
        h->chain = 0;
    }
    size_t most = HEADER_BYTES + 1 + (size_t)n * (flags & ROW_RICH ? sizeof(*cells) : 1);
    struct block *b = h->count ? &h->blocks[h->count - 1] : NULL;
    uint8_t *target;
    /* Pack in place where the worst case fits, else by way of the scratch buffer. */
    if (b && b->capacity - b->used >= most && b->count < b->slots) {
        target = b->data + b->used;
    } else {
        if (h->scratch_bytes < most) {
            uint8_t *grown = realloc(h->scratch, most);
            if (!grown)
                return false;
            h->scratch = grown;
            h->scratch_bytes = most;
        }
        target = h->scratch;
    }
    size_t bytes = row_pack(cells, n, flags, size, target);
    if (target == h->scratch) {
        b = block_room(h, bytes);
        if (!b)
            return false;
        memcpy(b->data + b->used, h->scratch, bytes);
    }
    if ((flags & ROW_RICH) && !history_note(h, b, cells, n))
        return false;
    b->offsets[b->count++] = b->used;
    b->used += (uint32_t)bytes;
    h->end++;
    if (h->end - h->first > h->rows_max || h->bytes > h->bytes_max)
        enforce(h);
    return true;
}

static const struct block *block_find(const struct history *h, uint64_t row)
{
    size_t low = 0, high = h->count;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (h->blocks[middle].first <= row)
            low = middle;
        else
            high = middle;
    }
    return &h->blocks[low];
}

static const uint8_t *record(const struct history *h, uint64_t row)
{
    const struct block *b = block_find(h, row);
    return b->data + b->offsets[row - b->first];
}

void history_pop(struct history *h)
{
    if (h->end == h->first)
        return;
    h->end--;
    while (h->blocks[h->count - 1].count == 0) /* made for a row that memory did not suffice for */
        block_free(h, &h->blocks[--h->count]);
    struct block *b = &h->blocks[h->count - 1];
    b->used = b->offsets[--b->count];
    if (b->count == 0)
        block_free(h, &h->blocks[--h->count]);
    h->chain = 0;
    for (uint64_t row = h->end; row > h->first && h->chain < HISTORY_CHAIN_MAX; row--) {
        unsigned flags = history_flags(h, row - 1);
        if (!(flags & ROW_WRAPPED) || (flags & ROW_CUT))
            break;
        h->chain++;
    }
}

void history_end_text(struct history *h)
{
    if (h->end > h->first)
        ((uint8_t *)record(h, h->end - 1))[6] &= (uint8_t)~ROW_WRAPPED;
    h->chain = 0;
}

unsigned history_flags(const struct history *h, uint64_t row)
{
    return record(h, row)[6] & 63;
}

int history_length(const struct history *h, uint64_t row)
{
    uint16_t count;
    memcpy(&count, record(h, row) + 4, sizeof(count));
    return count;
}

bool history_uses(const struct history *h, enum use_kind kind, uint32_t number)
{
    return uses_has(&h->uses, kind, number);
}

const uint8_t *history_plain(const struct history *h, uint64_t row, int *n)
{
    const uint8_t *r = record(h, row);
    uint16_t count;
    memcpy(&count, r + 4, 2);
    *n = count;
    return r[7] == KIND_PLAIN ? r + HEADER_BYTES + 1 : NULL;
}

static void unpack_runs(const uint8_t *body, int n, struct term_cell *out, int capacity)
{
    for (int i = 0; i < n;) {
        uint8_t head = *body++;
        uint16_t count;
        struct term_cell style = {0};
        memcpy(&count, body, 2);
        body += 2;
        if (head & 2) {
            memcpy(&style.fg, body, 12);
            body += 12;
        }
        for (int end = i + count; i < end; i++) {
            if (head & 1) {
                style.ch = *body++;
            } else {
                memcpy(&style.ch, body, 4);
                body += 4;
            }
            if (i < capacity)
                out[i] = style;
        }
    }
}

int history_get(const struct history *h, uint64_t row, struct term_cell *out, int capacity,
                unsigned *flags, unsigned *size)
{
    const uint8_t *r = record(h, row);
    uint16_t count;
    memcpy(&count, r + 4, 2);
    *flags = r[6] & 63;
    *size = r[6] >> 6;
    const uint8_t *body = r + HEADER_BYTES + 1;
    if (r[7] == KIND_PLAIN) {
        for (int i = 0; i < count && i < capacity; i++)
            out[i] = (struct term_cell){.ch = body[i]};
    } else if (r[7] == KIND_RAW) {
        int stored = count < capacity ? count : capacity;
        memcpy(out, body, (size_t)stored * sizeof(*out));
    } else {
        unpack_runs(body, count, out, capacity);
    }
    return count;
}
