/*
 * Bytes on their way to a tty that does not take them at once. Grows as it fills and gives its
 * memory back when it is empty. No lock of its own.
 */
#ifndef APP_SESSION_OUTBOX_H
#define APP_SESSION_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>

struct outbox {
    char *bytes;
    size_t start, size, capacity; /* the bytes are [start, start + size) */
    size_t lone;                  /* how many are before the last one that came alone */
    bool has_lone;
};

/* Adds all of them, or none: false when there would be more than max, or no memory. One byte that
 * comes alone is remembered: it may be a key that makes a signal. */
bool outbox_add(struct outbox *o, const char *bytes, size_t n, size_t max);

/* Up to n of the first ones, none at or behind the lone one unless it is the first. */
size_t outbox_first(const struct outbox *o, char *bytes, size_t n);
void outbox_drop(struct outbox *o, size_t n);

/* The lone byte and how many are before it. False when there is none. */
bool outbox_lone(const struct outbox *o, char *byte, size_t *before);

void outbox_free(struct outbox *o);

#endif
