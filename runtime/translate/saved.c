/* What kept code depends on, and how it is found. */
#define HEAP_TIER HEAP_ALWAYS /* freed at once */
#include "runtime/translate/saved.h"

#include <Zydis/Zydis.h>
#include <stdio.h>
#include <string.h>

#include "runtime/host/hash.h"
#include "runtime/host/heap.h"
#include "runtime/translate/cpuid.h"
#include "runtime/translate/saved_file.h"

#define FIRST_BYTES 4096

static struct host_keep *folder;

void saved_open(struct host_keep *keep)
{
    folder = keep;
}

struct host_keep *saved_folder(void)
{
    return folder;
}

#define LANES 8

/* Sums side by side, so that none waits for another; each step is one to one in what is added and
 * in the sum before. */
uint64_t saved_sum(uint64_t sum, const void *data, size_t size)
{
    uint64_t lane[LANES], word[LANES];
    const uint8_t *p = data;
    for (unsigned i = 0; i < LANES; i++)
        lane[i] = i ? sum + i : sum ^ size;
    for (; size > 0; p += sizeof(word)) {
        size_t n = size < sizeof(word) ? size : sizeof(word);
        memset(word, 0, n < sizeof(word) ? sizeof(word) : 0);
        memcpy(word, p, n);
        size -= n;
        for (unsigned i = 0; i < LANES; i++) {
            lane[i] = (lane[i] ^ word[i]) * HASH_FACTOR;
            lane[i] ^= lane[i] >> 32;
        }
    }
    for (unsigned i = 1; i < LANES; i++) {
        lane[0] = (lane[0] ^ lane[i]) * HASH_FACTOR;
        lane[0] ^= lane[0] >> 29;
    }
    return lane[0];
}

/* What the guest's processor reports, without what differs from one moment or core to the next:
 * whose and which it is, and what it has. */
static uint64_t features(void)
{
    static const struct {
        uint32_t leaf, sub, mask[4];
    } asked[] = {
        {0, 0, {0, ~(uint32_t)0, ~(uint32_t)0, ~(uint32_t)0}},
        {1, 0, {0x0fff0ff0, 0, ~(uint32_t)0, ~(uint32_t)0}},
        {7, 0, {0, ~(uint32_t)0, ~(uint32_t)0, ~(uint32_t)0}},
        {0xd, 1, {~(uint32_t)0, 0, 0, 0}},
        {0x80000001, 0, {0, 0, ~(uint32_t)0, ~(uint32_t)0}},
    };
    uint64_t sum = saved_sum(cpu_xcr0(), &(uint64_t){ZydisGetVersion()}, sizeof(uint64_t));
    for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
        uint32_t out[4];
        cpu_cpuid(asked[i].leaf, asked[i].sub, out);
        for (int word = 0; word < 4; word++)
            out[word] &= asked[i].mask[word];
        sum = saved_sum(sum, out, sizeof(out));
    }
    return sum;
}

bool saved_key(const struct codeview *v, uint64_t pc, const struct code_extent *e,
               struct saved_key *key)
{
    /* An address that is not the same in the next run is not worth the room. */
    if (!folder || !v->source->read || !e->file_id || e->self_check || e->end > UINT32_MAX)
        return false;
    uint8_t *first = malloc(CODE_BLOCK);
    int64_t size = first ? v->source->read(v->owner, pc, e->file_id, 0, first) : -1;
    if (size < 0) {
        free(first);
        return false;
    }
    *key = (struct saved_key){.file_size = (uint64_t)size,
                              .first = saved_sum(0, first, FIRST_BYTES),
                              .start = e->start,
                              .end = e->end,
                              .offset = e->offset};
    free(first);
    return true;
}

void saved_describe(struct saved_header *h, const struct saved_key *key)
{
    memset(h, 0, sizeof(*h));
    memcpy(h->magic, SAVED_MAGIC, sizeof(h->magic));
    memcpy(h->recipe, saved_recipe, sizeof(h->recipe));
    h->features = features();
    h->key = *key;
}

void saved_name(const struct saved_header *h, char name[HOST_KEEP_NAME_MAX])
{
    uint64_t a = saved_sum(1, &h->key, sizeof(h->key)), b = saved_sum(2, &h->key, sizeof(h->key));
    a = saved_sum(a, h->recipe, sizeof(h->recipe)) ^ h->features;
    snprintf(name, HOST_KEEP_NAME_MAX, "%016llx%016llx", (unsigned long long)a,
             (unsigned long long)b);
}

static void *after(uint8_t **at, size_t size)
{
    uint8_t *here = *at;
    *at += size;
    return here;
}

struct saved_tables saved_tables(const struct saved_header *h)
{
    struct saved_tables t;
    uint8_t *at = (uint8_t *)(uintptr_t)(h + 1);
    t.blocks = after(&at, (size_t)h->blocks * sizeof(*t.blocks));
    t.links = after(&at, (size_t)h->links * sizeof(*t.links));
    t.ranges = after(&at, (size_t)h->ranges * sizeof(*t.ranges));
    t.chunks = after(&at, (size_t)h->chunks * sizeof(*t.chunks));
    t.places = after(&at, (size_t)h->blocks * sizeof(*t.places));
    t.aims = after(&at, (size_t)h->aims * sizeof(*t.aims));
    t.recoveries = after(&at, (size_t)h->recoveries * sizeof(*t.recoveries));
    t.indirects = after(&at, (size_t)h->indirects * sizeof(*t.indirects));
    t.bytes = after(&at, h->bytes);
    t.size = (size_t)(at - (const uint8_t *)h);
    return t;
}
