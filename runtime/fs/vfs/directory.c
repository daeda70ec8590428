/* Entries of a directory in memory, by name and by cookie. */
#include "runtime/fs/vfs/directory.h"
#include "runtime/host/heap.h"

#include <stdbool.h>
#include <string.h>

static uint32_t hash_of(const char *name, size_t length)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (uint8_t)name[i]) * 16777619u;
    return hash;
}

struct directory *directory_new(void)
{
    struct directory *d = calloc(1, sizeof(*d));
    if (d)
        d->next_cookie = 3;
    return d;
}

void directory_free(struct directory *d)
{
    if (!d)
        return;
    while (d->first) {
        struct entry *e = d->first;
        d->first = e->next;
        free(e);
    }
    free(d->table);
    free(d);
}

struct entry *directory_find(struct directory *d, const char *name)
{
    size_t length = strlen(name);
    if (!d->buckets)
        return NULL;
    uint32_t hash = hash_of(name, length);
    struct entry *e = d->table[hash & (d->buckets - 1)];
    while (e && !(e->hash == hash && e->length == length && memcmp(e->name, name, length) == 0))
        e = e->hash_next;
    return e;
}

static bool grow_directory(struct directory *d)
{
    uint32_t buckets = d->buckets ? d->buckets * 2 : 8;
    struct entry **table = calloc(buckets, sizeof(*table));
    if (!table)
        return d->buckets > 0;
    for (struct entry *e = d->first; e; e = e->next) {
        e->hash_next = table[e->hash & (buckets - 1)];
        table[e->hash & (buckets - 1)] = e;
    }
    free(d->table);
    d->table = table;
    d->buckets = buckets;
    return true;
}

struct entry *directory_prepare(struct directory *d, const char *name)
{
    size_t length = strlen(name);
    if (d->count >= d->buckets && !grow_directory(d))
        return NULL;
    struct entry *e = malloc(sizeof(*e) + length + 1);
    if (!e)
        return NULL;
    *e = (struct entry){.hash = hash_of(name, length), .length = (uint16_t)length};
    memcpy(e->name, name, length + 1);
    return e;
}

void directory_add(struct directory *d, struct entry *e)
{
    struct entry **link = &d->table[e->hash & (d->buckets - 1)];
    e->cookie = d->next_cookie++;
    e->hash_next = *link;
    *link = e;
    e->next = NULL;
    e->previous = d->last;
    *(d->last ? &d->last->next : &d->first) = e;
    d->last = e;
    d->count++;
}

void directory_take(struct directory *d, struct entry *e)
{
    struct entry **link = &d->table[e->hash & (d->buckets - 1)];
    while (*link != e)
        link = &(*link)->hash_next;
    *link = e->hash_next;
    *(e->previous ? &e->previous->next : &d->first) = e->next;
    *(e->next ? &e->next->previous : &d->last) = e->previous;
    d->count--;
}
