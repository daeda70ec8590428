/*
 * Hostile system calls: a guest that calls everything with random and edge arguments, again and
 * again the same for the same seed.
 *
 *   values.c       numbers, pointers, names and structures
 *   descriptors.c  descriptors of every kind
 *   calls.c        which calls there are, what they take, and what may not be called
 *   worker.c       a process of several threads that makes them
 *   attack.c       starts workers, looks after them, and answers the script outside
 */
#ifndef TESTS_ATTACK_ATTACK_H
#define TESTS_ATTACK_ATTACK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- random numbers: the same for the same seed --- */

struct random {
    uint64_t state;
};

static inline uint64_t next(struct random *r)
{
    uint64_t x = r->state += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static inline uint64_t below(struct random *r, uint64_t count)
{
    return next(r) % count;
}

static inline bool one_in(struct random *r, uint64_t count)
{
    return next(r) % count == 0;
}

#define COUNT(array)   (sizeof(array) / sizeof(*(array)))
#define PICK(r, array) ((array)[below(r, COUNT(array))])

/* --- what all processes of the test share --- */

enum { WORKERS = 3, THREADS = 3, NUMBERS = 512, PROTECTED = 3 };

struct shared {
    atomic_uint_fast64_t calls, succeeded[NUMBERS];
    int32_t guarded[PROTECTED]; /* processes that nothing may be done to */
    struct now {
        atomic_uint_fast64_t number, arguments[6];
        atomic_bool inside;
    } now[WORKERS][THREADS];
};
extern struct shared *shared;

/* --- values.c --- */

void values_prepare(struct random *r);
uint64_t value_word(struct random *r);
uint64_t value_number(struct random *r);
/* A name of IPv4 or IPv6, in room for the larger; its size. */
size_t value_inet(struct random *r, void *to);
uint64_t value_size(struct random *r);
uint64_t value_offset(struct random *r);
uint64_t value_flags(struct random *r);
uint64_t value_process(struct random *r);
/* A place for an answer or for bytes. */
uint64_t value_pointer(struct random *r);
uint64_t value_buffer(struct random *r);
/* A range of addresses that the process can do without, mostly. */
uint64_t value_range(struct random *r);
/* A name; where the call changes what it names, only those below the worker's folder. */
uint64_t value_path(struct random *r);
uint64_t value_own_path(struct random *r);
/* The structure of that letter (calls.c), filled and put somewhere. */
uint64_t value_structure(struct random *r, char letter);
void value_child(int pid);

/* --- descriptors.c --- */

void descriptors_prepare(struct random *r);
void descriptor_make(struct random *r);
uint64_t value_descriptor(struct random *r);
uint64_t value_folder(struct random *r);

/* --- calls.c --- */

struct call {
    uint64_t number, arguments[6];
};

/* deep: it may not make another process. */
/* Whether sockets of the network may be made: guests cannot leave fore. */
extern bool attack_network;
struct call call_choose(struct random *r, bool deep);
bool call_makes_process(uint64_t number);

/* --- worker.c --- */

/* Does not return. calls: how many each thread makes; milliseconds: when to end at the latest. */
_Noreturn void worker(unsigned slot, uint64_t seed, uint64_t calls, unsigned milliseconds);

static inline uint64_t raw_call(const struct call *c)
{
    register uint64_t r10 __asm__("r10") = c->arguments[3];
    register uint64_t r8 __asm__("r8") = c->arguments[4];
    register uint64_t r9 __asm__("r9") = c->arguments[5];
    uint64_t result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(c->number), "D"(c->arguments[0]), "S"(c->arguments[1]),
                       "d"(c->arguments[2]), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

#endif
