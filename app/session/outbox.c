/* Bytes that wait for a tty. */
#include "app/session/outbox.h"

#include <stdlib.h>
#include <string.h>

#define KEPT 65536 /* bytes of memory that an empty one keeps */

static bool outbox_grow(struct outbox *o, size_t n)
{
    if (o->start + o->size + n <= o->capacity)
        return true;
    if (o->start >= o->size + n) {
        memcpy(o->bytes, o->bytes + o->start, o->size);
        o->start = 0;
        return true;
    }
    size_t capacity = 2 * (o->start + o->size + n) + 4096;
    char *more = realloc(o->bytes, capacity);
    if (!more)
        return false;
    o->bytes = more;
    o->capacity = capacity;
    return true;
}

bool outbox_add(struct outbox *o, const char *bytes, size_t n, size_t max)
{
    if (n > max || o->size > max - n || !outbox_grow(o, n))
        return false;
    if (n == 1) {
        o->lone = o->size;
        o->has_lone = true;
    }
    memcpy(o->bytes + o->start + o->size, bytes, n);
    o->size += n;
    return true;
}

size_t outbox_first(const struct outbox *o, char *bytes, size_t n)
{
    if (n > o->size)
        n = o->size;
    if (o->has_lone && o->lone > 0 && n > o->lone)
        n = o->lone;
    if (n > 0)
        memcpy(bytes, o->bytes + o->start, n);
    return n;
}

void outbox_drop(struct outbox *o, size_t n)
{
    o->start += n;
    o->size -= n;
    if (n > o->lone)
        o->has_lone = false;
    else
        o->lone -= n;
    if (o->size > 0)
        return;
    o->start = 0;
    if (o->capacity > KEPT)
        outbox_free(o);
}

bool outbox_lone(const struct outbox *o, char *byte, size_t *before)
{
    if (!o->has_lone)
        return false;
    *byte = o->bytes[o->start + o->lone];
    *before = o->lone;
    return true;
}

void outbox_free(struct outbox *o)
{
    free(o->bytes);
    *o = (struct outbox){0};
}
