/*
 * Guest address spaces.
 *
 * An address space is a window of host addresses: guest address g is host address
 * space_base() + g. Usable are [SPACE_MIN, space_limit()), which grows when more is mapped, as long
 * as there is room; everything outside of mappings faults, and 4 GiB before and after the usable
 * part stay unmapped. A space is shared by reference count
 * (threads, vfork, CLONE_VM).
 *
 * Locking: each space has one lock, inside; no function here may be called with a lock held that a
 * mapping's operations take. Functions return 0 or a positive value, or a negative errno.
 * Addresses are guest addresses throughout.
 */
#ifndef RUNTIME_MEMORY_SPACE_H
#define RUNTIME_MEMORY_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/host/budget.h"

struct codeview;
struct mapping;
struct space;

#define SPACE_PAGE ((uint64_t)4096)
#define SPACE_MIN  ((uint64_t)65536) /* lowest address that can ever be mapped */

/* Once, before any other call here: hooks into the host's fault handler. 0 or negative errno. */
int space_init(void);

/* Beyond what programs are given on any system: addresses from here on are refused. */
#define SPACE_END ((uint64_t)0x7ffffffff000)

/* An empty space with one reference. NULL when out of memory or of room for windows, which is there
 * for some 4,000. */
struct space *space_create(void);
/* A copy for fork: private memory as it is now, shared memory shared, MADV_DONTFORK left out. No
 * other thread of the parent may be running guest code for the copy to be of one instant, but it is
 * safe if they do. NULL with *error = -L_ENOMEM or -L_EAGAIN. */
struct space *space_fork(struct space *parent, int *error);
/* Before it: the page is going to be written on both sides, so that it is better copied at once. */
void space_expect_write(struct space *space, uint64_t address);
struct space *space_get(struct space *space);
/* The last one unmaps everything. NULL is ignored. */
void space_put(struct space *space);

/* The calling thread runs guest code in the space from now on, or does not any more. The space
 * stops the others for moments where the host cannot fill pages at once (Windows). */
void space_thread_enter(struct space *space);
void space_thread_leave(struct space *space);

/* Host address of guest address 0. */
uint64_t space_base(const struct space *space);
/* First address that is not the window's, at this moment. */
uint64_t space_limit(const struct space *space);
/* A number no other space ever has. */
uint64_t space_id(const struct space *space);

/* The translations of the space; created at the first call, freed with the space. NULL: no memory.
 * A child of space_fork inherits its parent's (codeview_fork). */
struct codeview *space_codeview(struct space *space);

/* mmap(2). file is NULL for MAP_ANONYMOUS, otherwise a reference is taken; offset in bytes. The
 * caller has checked the file's access mode. Returns the address or a negative errno. */
int64_t space_mmap(struct space *space, uint64_t address, uint64_t length, uint32_t prot,
                   uint32_t flags, struct mapping *file, uint64_t offset);
int space_munmap(struct space *space, uint64_t address, uint64_t length);
int space_mprotect(struct space *space, uint64_t address, uint64_t length, uint32_t prot);
int64_t space_mremap(struct space *space, uint64_t address, uint64_t old_length,
                     uint64_t new_length, uint32_t flags, uint64_t new_address);
int space_madvise(struct space *space, uint64_t address, uint64_t length, int advice);
int space_msync(struct space *space, uint64_t address, uint64_t length, uint32_t flags);
/* One byte for each page into a buffer of the kernel's. */
int space_mincore(struct space *space, uint64_t address, uint64_t length, uint8_t *vector);

/* mlock(2), munlock(2): pages count as locked. -L_ENOMEM when some are not mapped, or more than
 * `limit` bytes of the space would be locked. */
int space_lock_pages(struct space *space, uint64_t address, uint64_t length, bool on,
                     uint64_t limit);
/* mlockall(2) with L_MCL_* flags; with none, nothing is locked any more. What is mapped is brought
 * in, as far as that can be done. -L_ENOMEM when more than limit is mapped. */
int space_lock_all(struct space *space, uint32_t flags, uint64_t limit);
/* What mappings that are locked from the start may come to, all in all: mmap and mremap are
 * -L_EAGAIN beyond it, and the break is not moved. UINT64_MAX at first. */
void space_set_lock_limit(struct space *space, uint64_t bytes);

/* A mapping with PROT_WRITE that a descriptor opened read-only may not be given by mprotect: tells
 * the space that the shared file regions in the range may never become writable. */
void space_deny_write(struct space *space, uint64_t address, uint64_t length);

/* From now on files lie at addresses that depend on this number. */
void space_place_seed(uint64_t seed);
/* Where a file's image of `length` bytes goes when the loader may choose: low, and the same in
 * every space while the range is free there. The address, or -L_ENOMEM. Nothing is mapped. */
int64_t space_place(struct space *space, struct mapping *file, uint64_t length);

/* brk(2): the loader sets the start once (page aligned; 0 lets the space choose an address above
 * 4 GiB); space_brk returns the break, unchanged when it cannot be moved. rlimit_data in bytes. */
uint64_t space_set_brk(struct space *space, uint64_t start);
uint64_t space_brk(struct space *space, uint64_t address);
void space_set_data_limit(struct space *space, uint64_t bytes);
void space_set_address_limit(struct space *space, uint64_t bytes); /* RLIMIT_AS */

/* The main stack of a new program, `size` bytes that end at space_limit() of a new space and grow
 * downwards up to `limit` (RLIMIT_STACK) when touched below. Private mappings keep clear of it:
 * that many bytes, but at least 128 MiB and at most a quarter of their zone. 0 or -L_ENOMEM. */
int space_make_stack(struct space *space, uint64_t size, uint64_t limit, uint32_t prot);
void space_set_stack_limit(struct space *space, uint64_t bytes);

/* For /proc/PID/maps and smaps, and core dumps. */
struct space_region {
    uint64_t start, end;
    uint32_t prot; /* L_PROT_* */
    bool shared;
    uint64_t offset, device, inode;
    uint64_t resident; /* bytes */
    const char *name;  /* valid during the callback */
};
/* Calls fn for each region in order, without the lock; stops when fn returns non-zero and returns
 * that. */
int space_describe(struct space *space, int (*fn)(void *arg, const struct space_region *region),
                   void *arg);

struct space_usage {
    uint64_t mapped;   /* bytes in all regions */
    uint64_t resident; /* bytes present */
    uint64_t shared;   /* of those, in shared regions */
    uint64_t data;     /* bytes in private writable regions */
    uint64_t stack;    /* bytes in the region named [stack] */
    uint64_t text;     /* bytes in executable regions */
    uint64_t locked;   /* bytes of mlock */
    uint64_t brk_start, brk;
};
void space_usage(struct space *space, struct space_usage *usage);

/* Access kinds of a fault. */
enum space_access { SPACE_READ, SPACE_WRITE, SPACE_EXEC };

struct space_fault {
    int32_t signo; /* L_SIGSEGV, L_SIGBUS; L_SIGKILL, code 0: there is no memory */
    int32_t code;  /* si_code */
};

/* Supplies the page at address for the access. True: try the access again. Otherwise *fault says
 * which signal Linux would send. Ordinary code: takes the space's lock, reads files. */
bool space_fault(struct space *space, uint64_t address, enum space_access access,
                 struct space_fault *fault);

/* Identity of the 32-bit word at address for futexes and the like: shared memory gives the same
 * object and offset in every space. 0, or -L_EFAULT when nothing is mapped there. */
struct space_key {
    uint64_t object; /* mapping id with the top bit set, or space id */
    uint64_t offset;
};
int space_key(struct space *space, uint64_t address, struct space_key *key);

/* What a page fault may need is not there: the limit is reached, or the host has next to nothing.
 */
bool memory_is_short(void);

/* Called, with no lock held, when a fault or an accessor found memory short: true when some was
 * given back, and the access is tried again; false kills the guest. Installed once. */
typedef bool memory_short_fn(void);
void memory_short_set(memory_short_fn *fn);
bool memory_short(void);

/* Whether the calling thread has to die: what goes through much memory stops then. Installed once;
 * false without. */
typedef bool memory_dying_fn(void);
void memory_dying_set(memory_dying_fn *fn);
bool memory_dying(void);

#endif
