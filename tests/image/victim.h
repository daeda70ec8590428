/* What the attacks on images share: an image to be attacked, ways to damage it, and what an image
 * holds. */
#ifndef TESTS_IMAGE_VICTIM_H
#define TESTS_IMAGE_VICTIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENTRIES_MOST 1000

struct store_batch;

extern char attack_message[5000]; /* what was said last about an image */
extern int attack_bad;            /* attacks that went wrong */

/* Ends the program. */
void attack_die(const char *what, int error);
uint64_t attack_random(uint64_t *state);
/* For a struct store_watch. */
void attack_ignore(void *arg, const char *line);

/* Whole files of the host; saving removes what lies beside an image. */
uint8_t *attack_load(const char *path, size_t *length);
void attack_save(const char *path, const uint8_t *data, size_t length);

/* Makes the image. */
void victim_make(const char *path);
/* A file named by its number, with data that only the number decides. */
void victim_put_file(struct store_batch *batch, uint64_t dir, uint64_t ino, uint64_t size);

enum { FLIP, SECTOR, ZEROS, SWAP, CUT, KINDS };
extern const char *const damage_kinds[KINDS];
/* A page that the image uses, counted from 0: not behind the last one, where room for a commit is
 * kept, and none that is free. */
size_t victim_used_page(const uint8_t *data, uint64_t *state);
/* Where the first page says which the first trunk of the list of free pages is, counted from 1. */
uint64_t victim_free_list(const uint8_t *data);
/* Damages a copy of the image in one of these ways, in pages that it uses; what is left of its
 * length. */
size_t victim_damage(int kind, uint8_t *data, size_t length, uint64_t *state);

/* Entries in the order in which they are found: the path and a checksum of all that is told of it;
 * 0: asking gave an error. */
struct content {
    struct {
        char path[200];
        uint64_t sum;
    } entries[ENTRIES_MOST];
    int count, errors;
};

/* 0, or the error with which the image was refused. */
int content_read(const char *path, bool read_only, struct content *content);
/* The index of an entry, or -1. */
int content_find(const struct content *content, const char *path);
/* Whether an error was given for a path or for a directory above it. */
bool content_excuses(const struct content *content, const char *path);
/* How much is wrong and was not said, compared with what was stored; printed. */
int content_compare(const struct content *wanted, const struct content *got);

/* damaged.c: 0 when all went as it should. */
int attack_around(int count, uint64_t seed);
int attack_rescue(int count, uint64_t seed);
int attack_repair(int count, uint64_t seed);

#endif
