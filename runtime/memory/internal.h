/*
 * The inside of an address space. Only runtime/memory includes this.
 *
 * A window is divided into segments of 16 MiB and those into chunks of 64 KiB. Regions say what the
 * guest has mapped; chunks say what is really there. A chunk is free, private (its addresses are
 * reserved; pages are committed one by one) or a view of a block (shared memory). A page that a
 * region promises and that is not present is supplied when it is touched (page_fault.c).
 *
 * Fork leaves the contents where they are: for each private chunk of the parent with contents an
 * origin is made; the parent's pages in it are `kept` (write-protected), the child's are `pending`.
 * Whoever touches a pending page copies the chunk; a parent about to change kept pages gives the
 * origin a copy of its own first, unless nobody depends on it any more (origin.c).
 *
 * Locks, in this order: list of spaces, space->lock, origin->lock. None is held while a mapping's
 * operations run.
 */
#ifndef RUNTIME_MEMORY_INTERNAL_H
#define RUNTIME_MEMORY_INTERNAL_H

#include "runtime/abi/errno.h"
#include "runtime/abi/mman.h"
#include "runtime/host/lock.h"
#include "runtime/host/memory.h"
#include "runtime/memory/mapping.h"
#include "runtime/memory/shared_block.h"
#include "runtime/memory/space.h"

#define PAGE           SPACE_PAGE
#define PAGE_SHIFT     12
#define CHUNK          BLOCK_SIZE
#define CHUNK_SHIFT    BLOCK_SHIFT
#define CHUNK_PAGES    16
#define SEGMENT        ((uint64_t)16 << 20)
#define SEGMENT_SHIFT  24
#define SEGMENT_CHUNKS 256
#define WINDOW_GUARD   ((uint64_t)4 << 30)
/* Where the addresses of a new window end; it grows when more are asked for (space_window.c). */
#define WINDOW_FIRST ((uint64_t)12 << 30)

/* A window's addresses by use. Files and everything for MAP_32BIT below LOW_END; the break of a
 * position-independent program from BRK_START; shared memory, never reserved, from SHARED_START
 * upwards; private memory, and above it the main stack, from WINDOW_FIRST downwards. In what is
 * added to a window shared memory lies from below as well, and private memory from above. */
#define LOW_START    ((uint64_t)256 << 20)
#define LOW_END      ((uint64_t)2 << 30)
#define BRK_START    ((uint64_t)4 << 30)
#define SHARED_START ((uint64_t)8 << 30)

/* Below it a mapping gets the address that it would like to have, although the window is to grow
 * for that. */
#define WISHES_END ((uint64_t)128 << 30)

/* What stays free below memory that grows downwards. */
#define STACK_GUARD ((uint64_t)1 << 20)

/* Mappings up to this size are committed at once. */
#define COMMIT_AT_ONCE ((uint64_t)1 << 20)

enum {
    REGION_SHARED = 1,
    REGION_NORESERVE = 2,
    REGION_DONTFORK = 4,
    REGION_WIPEONFORK = 8,
    REGION_DENY_WRITE = 16, /* shared file opened without write access */
    REGION_HEAP = 32,
    REGION_GROWSDOWN = 64,
    REGION_LOCKED = 128,
};

struct region {
    uint64_t start, end;
    uint64_t offset;      /* in file, of start */
    struct mapping *file; /* a reference; NULL for private anonymous memory */
    const char *name;
    uint32_t prot;
    uint32_t flags;
    uint64_t step; /* bytes supplied by the last touch; grows */
    uint64_t next; /* the first address behind them */
};

/* Contents of a private chunk at the time of a fork. */
struct origin {
    struct host_mutex lock;
    _Atomic uint32_t refs; /* chunks: the owner's while it keeps the pages, and the dependants' */
    struct space *owner;   /* data lies in this one's window; NULL: data is a copy */
    uint8_t *data;         /* of the chunk's first page */
    uint16_t pages;        /* that have contents */
    _Atomic uint16_t touched; /* by dependants: they shall have these at once next time */
};

enum { CHUNK_FREE, CHUNK_PRIVATE, CHUNK_VIEW };

/* Bit i of each mask is page i of the chunk. */
struct chunk {
    uint16_t present;  /* contents are there (views: all) */
    uint16_t readable; /* what the host allows now */
    uint16_t writable;
    uint16_t written; /* private file pages that may differ from the file */
    uint16_t code;    /* write-protected because code was translated from them */
    uint16_t checked; /* written and executed in turns: translations check themselves */
    uint16_t kept;    /* contents that dependants of origin need */
    uint16_t pending; /* contents that are still in origin; none is present then */
    uint8_t kind;
    uint8_t code_faults;
    bool untold;    /* views: the file is to be told before anything is stored */
    uint16_t hot;   /* written soon after forks: a child gets copies of its own at once */
    uint16_t spare; /* memory left by the window's former space, without contents (space_rest.c) */
    union {
        struct origin *origin; /* CHUNK_FREE and CHUNK_PRIVATE */
        struct block *block;   /* CHUNK_VIEW */
    };
};

struct segment {
    struct chunk chunks[SEGMENT_CHUNKS];
    uint8_t starts[SEGMENT_CHUNKS]; /* 1: a reservation starts at this chunk */
    uint32_t views;                 /* chunks that are views */
};

#define DIRECTORY       128 /* segments in a directory: 2 GiB */
#define DIRECTORY_SHIFT (SEGMENT_SHIFT + 7)

/* Addresses of the host that are a space's, or that the host has something in (space_window.c). */
struct window {
    uint64_t base;
    _Atomic uint64_t limit; /* bytes; grows */
    struct window *next, *previous;
    struct space *space; /* NULL: the host's */
};

struct space {
    _Atomic uint32_t refs;
    _Atomic uint32_t holds; /* 1 while refs is not 0, and 1 for each origin in the window */
    struct host_mutex lock;
    uint64_t id;
    uint64_t base;
    struct window window;
    struct region *regions; /* sorted, apart */
    size_t region_count, region_room;
    struct segment ***directories;
    size_t directory_count;
    uint64_t brk_start, brk;
    uint64_t data_limit, address_limit, stack_limit;
    _Atomic uint64_t lock_limit;  /* bytes that may be locked */
    bool lock_future;             /* mlockall: what is mapped from now on is locked */
    bool lock_on_fault;           /* but not brought in */
    uint64_t private_end;         /* private mappings go below, to leave the stack its room */
    uint64_t mapped;              /* bytes in regions */
    uint64_t resident;            /* private pages charged */
    uint64_t sequence;            /* counts changes of regions */
    unsigned small_unmaps;        /* counts mappings as space_commit_small makes them that went */
    bool fills_small;             /* most of the pages of such a one had been touched */
    struct host_thread **threads; /* that run guest code here */
    size_t thread_count, thread_room;
    bool unknown_threads; /* and others: there was no room */
    struct codeview *codeview;
    void (*drop_code)(struct codeview *view, uint64_t start, uint64_t end);
    void (*destroy_code)(struct codeview *view);
    void (*rest_code)(struct codeview *view);
    struct codeview *(*fork_code)(struct codeview *view, void *owner, uint64_t window,
                                  struct codeview *former);
    struct family *children; /* its own and of its children; NULL before the first fork */
    struct family *family;   /* of the space it is a copy of */
};

/* Guest addresses from here on are not the window's; read without a lock by who only touches. */
static inline uint64_t window_limit(const struct space *space)
{
    return atomic_load_explicit(&space->window.limit, memory_order_acquire);
}

static inline uint64_t page_down(uint64_t address)
{
    return address & ~(PAGE - 1);
}

static inline uint64_t page_up(uint64_t address)
{
    return (address + PAGE - 1) & ~(PAGE - 1);
}

static inline uint64_t chunk_down(uint64_t address)
{
    return address & ~(CHUNK - 1);
}

static inline uint64_t chunk_up(uint64_t address)
{
    return (address + CHUNK - 1) & ~(CHUNK - 1);
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Pages of [start, end) in the chunk at `chunk`; the range must touch it. */
static inline uint16_t page_mask(uint64_t chunk, uint64_t start, uint64_t end)
{
    unsigned first = start > chunk ? (unsigned)((start - chunk) >> PAGE_SHIFT) : 0;
    unsigned last =
        end < chunk + CHUNK ? (unsigned)((end - chunk) >> PAGE_SHIFT) : (unsigned)CHUNK_PAGES;
    return (uint16_t)(((1u << last) - 1) & ~((1u << first) - 1));
}

static inline uint16_t page_bit(uint64_t address)
{
    return (uint16_t)(1u << ((address >> PAGE_SHIFT) & (CHUNK_PAGES - 1)));
}

static inline unsigned page_count(uint16_t mask)
{
    return (unsigned)__builtin_popcount(mask);
}

static inline uint8_t *host_pointer(const struct space *space, uint64_t address)
{
    return (uint8_t *)(uintptr_t)(space->base + address);
}

/* region.c; with space->lock. */

/* Index of the first region that ends above address. */
size_t region_index(const struct space *space, uint64_t address);
/* The region that holds address, or NULL. */
struct region *region_at(const struct space *space, uint64_t address);
/* Room for n more regions, so that what follows cannot fail. */
int region_reserve(struct space *space, size_t n);
/* Makes address a boundary; needs room for one. */
void region_split(struct space *space, uint64_t address);
/* Takes over no reference: the file gets one of its own. Needs room for one. */
void region_insert(struct space *space, const struct region *region);
/* Removes the regions in [start, end), whose ends are boundaries. References that are to be
 * dropped without the lock go to *files, *count of them (array freed by region_put_files). */
void region_remove(struct space *space, uint64_t start, uint64_t end, struct mapping ***files,
                   size_t *count);
void region_put_files(struct mapping **files, size_t count);
/* Joins neighbours that became alike in and around [start, end). */
void region_merge(struct space *space, uint64_t start, uint64_t end);
/* All of [start, end) is mapped. */
bool region_covers(const struct space *space, uint64_t start, uint64_t end);

/* stack_region.c; with space->lock. */

/* Where what lies below the region has to end: memory that grows has a guard there. */
uint64_t region_floor(const struct region *region);
/* Memory just above the unmapped address that grows so far, or NULL. */
struct region *region_grow_down(struct space *space, uint64_t address);

/* place.c; with space->lock. The address or -L_ENOMEM. Before it, and without the lock, place_name
 * makes known where the file lies rather; NULL: no file. */
void place_name(struct mapping *file);
int64_t place_mapping(struct space *space, uint64_t length, uint32_t flags, struct mapping *file,
                      uint64_t offset);
bool place_is_free(const struct space *space, uint64_t start, uint64_t end);
/* Likewise, and no guard of memory that grows is hurt. */
bool place_is_clear(const struct space *space, uint64_t start, uint64_t end);
/* No chunk would be both private and shared, or show two files. shared_file: NULL for a private
 * mapping. (mmap.c) */
bool place_fits(const struct space *space, uint64_t start, uint64_t end,
                const struct mapping *shared_file, uint64_t offset);
/* 0 when a mapping may be made at the fixed address as far as that goes, else -L_ENOMEM and a line
 * in the log. (mmap.c) */
int place_check_fixed(const struct space *space, uint64_t address, uint64_t length,
                      const struct mapping *shared_file, uint64_t offset);
uint64_t place_find_up(const struct space *space, uint64_t low, uint64_t high, uint64_t length,
                       uint64_t align, uint64_t remainder);

/* chunk.c; with space->lock. */

/* NULL when absent; the second makes it, NULL only when out of memory. */
struct chunk *chunk_find(const struct space *space, uint64_t address);
struct chunk *chunk_make(struct space *space, uint64_t address);
struct segment *segment_find(const struct space *space, uint64_t address);
struct segment *segment_make(struct space *space, uint64_t address);
/* That of the first address from *address on that has one; NULL: none has. */
struct segment *segment_next(const struct space *space, uint64_t *address);
/* Makes every free chunk of [start, end) private. */
int chunk_reserve(struct space *space, uint64_t start, uint64_t end);
/* Makes a private chunk free, without touching what else its reservation holds. Its pages must be
 * gone. */
int chunk_carve(struct space *space, uint64_t address);
/* Unmaps the view and drops the block. */
void chunk_unview(struct space *space, struct chunk *chunk, uint64_t address);
/* Frees every reservation and view of the window. */
void chunk_release_all(struct space *space);

/* pages.c; with space->lock. */

bool page_is_zero(const uint8_t *page);

/* Gives present pages the protection that their region, code and origin allow. */
int pages_apply(struct space *space, uint64_t start, uint64_t end);
/* Puts zeroed memory behind the absent pages of a private region. -L_ENOMEM at the limit. */
int pages_supply(struct space *space, const struct region *region, uint64_t start, uint64_t end);
/* Puts data behind the absent pages of [start, end), all in one chunk of a private region; data
 * belongs to start. NULL: zeros. */
int pages_fill(struct space *space, const struct region *region, uint64_t start, uint64_t end,
               const uint8_t *data);
/* Takes away whatever is present or pending in the range. Views go when no region shows them. */
int pages_discard(struct space *space, uint64_t start, uint64_t end);
/* Makes all present pages of the chunk readable (for a copy); pages_apply undoes it. */
int pages_open(struct space *space, struct chunk *chunk, uint64_t address);
/* Puts copies of data, which belongs to the chunk's first page, behind absent pages of a chunk in a
 * space that nobody runs in. They can be written. -L_ENOMEM at the limit. */
int pages_copy(struct space *space, uint64_t chunk, uint16_t pages, const uint8_t *data);
/* Takes away spare memory of the whole space. */
int pages_drop_spare(struct space *space);

/* origin.c; with space->lock. */

/* What the last dependants touched becomes hot. */
void origin_learn(struct chunk *chunk);
/* Prepares the pages of the parent's chunk for one more dependant; the origin's reference for the
 * dependant is returned in *out, NULL when no page is needed. */
int origin_share(struct space *parent, struct chunk *chunk, uint64_t address, uint16_t pages,
                 struct origin **out);
/* Brings a chunk's pending pages in. */
int origin_pull(struct space *space, struct chunk *chunk, uint64_t address);
/* The chunk's kept pages may change afterwards. */
int origin_release(struct space *space, struct chunk *chunk);
/* Pages of the chunk are not wanted any more. */
void origin_forget(struct space *space, struct chunk *chunk, uint16_t pages);
void origin_put(struct origin *origin);

/* space_code.c */
extern const struct code_source space_code_source;

/* space_rest.c; without locks. */

/* What ended children of a space leave for those to come. NULL without memory. */
struct family *family_get(struct family *family);
void family_put(struct family *family);
/* Whether the space, which has ended, may rest; then keeps it, unless it holds too much. */
bool rest_is_wanted(const struct space *space);
bool rest_keep(struct space *space);
/* One that a child of the family left, NULL for none: with a window of that limit at least, its
 * codeview, and memory in spare pages. */
struct space *rest_take(struct family *family, uint64_t limit);
/* The family's parent has ended. */
void rest_end(struct family *family);
/* Gives back all that rests. Whether that was any. */
bool rest_release(void);

/* space_window.c; without locks, but for the last two. */

/* Calls fn for every living space, with a reference. */
void space_for_each(void (*fn)(struct space *space, void *arg), void *arg);

/* Gives the space a window of that limit at least. False when there is no room. */
bool window_take(struct space *space, uint64_t limit);
/* Nothing is in it any more. */
void window_give_back(struct space *space);
/* With space->lock: the window grows until it holds addresses below `end`; where more is at hand it
 * gets more. False when something lies behind it. */
bool window_grow(struct space *space, uint64_t end);
/* The same for who cannot do without: -L_ENOMEM, and a line in the log. */
int window_reach(struct space *space, uint64_t end);

/* space.c */
/* Nothing is in it, and nobody knows it. */
void space_begin(struct space *space);
/* As space_create, with a window of that limit at least. */
struct space *space_make(uint64_t limit);
void space_unhold(struct space *space);
/* Translations of [start, end) are void; with or without space->lock. */
void space_drop_code(struct space *space, uint64_t start, uint64_t end);

/* space_threads.c; with space->lock. Between the two: no lock, no allocation. */
void threads_hold(struct space *space);
void threads_resume(struct space *space);
/* Nobody but the calling thread runs guest code in the space. */
bool threads_are_alone(const struct space *space);

/* page_fault.c; without locks. As space_fault; force asks for the page whatever its region allows.
 */
bool fault_supply(struct space *space, uint64_t address, enum space_access access, bool force,
                  struct space_fault *fault);
/* As space_fault, which supplies anonymous memory around the page as well; here that stays in
 * [from, until), although its region may have become one with another mapping's. */
bool fault_supply_within(struct space *space, uint64_t address, uint64_t from, uint64_t until,
                         enum space_access access, struct space_fault *fault);
/* mapping.c; without locks. Drops translations of the file's bytes in every space. */
void mapping_drop_code(struct mapping *mapping, uint64_t start, uint64_t end);
/* Write-protects the pages of every shared view of the file's bytes. True when some page is written
 * and executed in turns. */
bool mapping_protect_code(struct mapping *mapping, uint64_t start, uint64_t end);

/* mmap.c: with space->lock. More private writable memory than RLIMIT_DATA allows. */
bool space_over_data(const struct space *space, uint64_t more);
/* mmap.c: with space->lock; references to drop later as in region_remove. */
int space_unmap_locked(struct space *space, uint64_t start, uint64_t end, struct mapping ***files,
                       size_t *count);
void space_commit_small(struct space *space, uint64_t start, uint64_t end);
/* Without the lock: brings pages in up to the first that cannot be had, or a kill. */
void space_populate(struct space *space, uint64_t start, uint64_t end, bool write);

/* mlock.c: with space->lock. Whether that many more bytes may be locked. */
bool space_may_lock(const struct space *space, uint64_t more);

#endif
