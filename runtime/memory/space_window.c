/* Where windows lie in the host's addresses, and how they grow. */
#define HEAP_TIER HEAP_RESERVE /* as the pages it stands for */
#include "runtime/host/heap.h"
#include "runtime/host/log.h"
#include "runtime/memory/internal.h"
#include "runtime/translate/cpu.h"

#define RANGE_START ((uint64_t)0x200000000000)
#define RANGE_END   ((uint64_t)0x600000000000)

/* Windows start at multiples of it, and grow by them. */
#define STEP ((uint64_t)4 << 30)

/* What is left to a window to grow into, as long as there is so much. */
#define GROWTH ((uint64_t)1 << 40)

static struct host_mutex list_lock = HOST_MUTEX_INIT(RANK_SPACES);
static struct window *list; /* sorted, apart */

/* The host's address behind the guard of the window, or where the range of all begins. */
static uint64_t end_of(const struct window *window)
{
    return window ? window->base + atomic_load(&window->limit) + WINDOW_GUARD
                  : RANGE_START + WINDOW_GUARD;
}

static uint64_t start_of(const struct window *window)
{
    return window ? window->base : RANGE_END;
}

/* Where the guard behind a window's end has nothing in it: what is shown below the next window, if
 * that is a space's (cpu.h), may be its last part. */
static uint64_t end_of_guard(uint64_t end, const struct window *next)
{
    uint64_t shown = next && next->space ? CPU_TABLE_BELOW : 0;
    return min_u64(end + WINDOW_GUARD, start_of(next) - shown);
}

static void insert(struct window *window, struct window *previous)
{
    window->previous = previous;
    window->next = previous ? previous->next : list;
    if (window->next)
        window->next->previous = window;
    if (previous)
        previous->next = window;
    else
        list = window;
}

static void take_out(struct window *window)
{
    if (window->next)
        window->next->previous = window->previous;
    if (window->previous)
        window->previous->next = window->next;
    else
        list = window->next;
}

/* The largest room between two windows, or the ends of the range: what comes before it in *before.
 * Its size, with the guard at its end. */
static uint64_t largest_room(struct window **before)
{
    uint64_t largest = 0;
    struct window *previous = NULL, *next = list;
    for (;; next = next->next) {
        uint64_t from = end_of(previous), to = start_of(next);
        if (to > from && to - from > largest) {
            largest = to - from;
            *before = previous;
        }
        if (!next)
            return largest;
        previous = next;
    }
}

/* The program itself and its heap may lie in the range (Linux puts position independent programs
 * there): what is found there is a window of the host's from then on. */
static bool note_host(uint64_t base, uint64_t limit, struct window *before)
{
    struct window *window = calloc(1, sizeof(*window));
    if (!window)
        return false;
    window->base = base;
    atomic_init(&window->limit, limit);
    insert(window, before);
    return true;
}

bool window_take(struct space *space, uint64_t limit)
{
    bool taken = false, more = true;
    struct window *before = NULL;
    limit = (limit + STEP - 1) & ~(STEP - 1);
    host_mutex_lock(&list_lock);
    while (!taken && more) {
        uint64_t room = largest_room(&before), need = limit + WINDOW_GUARD;
        if (room < need)
            break;
        uint64_t base = end_of(before) + min_u64((room - need) / 2, GROWTH);
        base &= ~(STEP - 1);
        uint64_t end = end_of_guard(base + limit, before ? before->next : list);
        taken = host_address_free(base - WINDOW_GUARD, end - (base - WINDOW_GUARD));
        if (!taken) {
            more = note_host(base, limit, before);
            continue;
        }
        space->base = space->window.base = base;
        space->window.space = space;
        atomic_store(&space->window.limit, limit);
        insert(&space->window, before);
    }
    host_mutex_unlock(&list_lock);
    return taken;
}

void window_give_back(struct space *space)
{
    host_mutex_lock(&list_lock);
    take_out(&space->window);
    host_mutex_unlock(&list_lock);
}

/* Whether the window may have that limit, instead of the lower one that it has. */
static bool has_room(const struct window *window, uint64_t limit)
{
    uint64_t from = window->base + atomic_load(&window->limit), to = window->base + limit;
    return to + WINDOW_GUARD <= start_of(window->next) &&
           host_address_free(from, end_of_guard(to, window->next) - from);
}

bool window_grow(struct space *space, uint64_t end)
{
    struct window *window = &space->window;
    uint64_t limit = window_limit(space);
    if (end <= limit)
        return true;
    uint64_t least = (end + STEP - 1) & ~(STEP - 1), rather = max_u64(2 * limit, least + limit);
    host_mutex_lock(&list_lock);
    if (rather > RANGE_END || !has_room(window, rather))
        rather = least;
    bool grows = rather <= RANGE_END && has_room(window, rather);
    if (grows)
        atomic_store(&window->limit, rather);
    host_mutex_unlock(&list_lock);
    return grows;
}

int window_reach(struct space *space, uint64_t end)
{
    if (window_grow(space, end))
        return 0;
    host_log("memory: an address space of %llu GiB cannot grow to %llu: another lies behind it",
             (unsigned long long)(window_limit(space) >> 30), (unsigned long long)(end >> 30));
    return -L_ENOMEM;
}

/* A reference unless the last one is already gone. */
static bool try_get(struct space *space)
{
    uint32_t refs = atomic_load(&space->refs);
    while (refs)
        if (atomic_compare_exchange_weak(&space->refs, &refs, refs + 1))
            return true;
    return false;
}

#define AT_ONCE 64

void space_for_each(void (*fn)(struct space *space, void *arg), void *arg)
{
    struct space *spaces[AT_ONCE];
    uint64_t after = 0;
    size_t count;
    do {
        count = 0;
        host_mutex_lock(&list_lock);
        for (struct window *window = list; window && count < AT_ONCE; window = window->next)
            if (window->base > after && window->space && try_get(window->space))
                spaces[count++] = window->space;
        host_mutex_unlock(&list_lock);
        for (size_t i = 0; i < count; i++) {
            after = spaces[i]->base;
            fn(spaces[i], arg);
            space_put(spaces[i]);
        }
    } while (count == AT_ONCE);
}
