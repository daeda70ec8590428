/*
 * What is written to files in the tests that kill the writer: each file has a number, and its
 * content follows from that. Included by a program of the host and by a guest.
 */
#ifndef TESTS_CRASH_CONTENT_H
#define TESTS_CRASH_CONTENT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct header {
    uint64_t number, size;
};

static inline uint64_t random_of(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u;
    uint64_t x = *state;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* Puts the file of that number at to, header first; returns its size, which is less than the
 * header's and most. Mostly small ones. */
static inline size_t content(uint64_t number, uint8_t *to, uint64_t most)
{
    uint64_t state = number;
    struct header header = {number, sizeof(header) + random_of(&state) % most};
    if (number % 4)
        header.size = sizeof(header) + header.size % 3000;
    memcpy(to, &header, sizeof(header));
    for (size_t i = sizeof(header); i < header.size; i++)
        to[i] = (uint8_t)(i * 13 + number * 5 + (i >> 8));
    return (size_t)header.size;
}

#endif
