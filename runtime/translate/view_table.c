/* Tables for indirect jumps: made, shown below windows, filled. */
#define HEAP_TIER HEAP_ALWAYS /* code memory is the bound */
#include "runtime/translate/view_table.h"

#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/host/budget.h"
#include "runtime/host/heap.h"
#include "runtime/host/memory.h"
#include "runtime/translate/cache.h"
#include "runtime/translate/stubs.h"

#define SECOND_BYTES (SECOND_SETS * VIEW_SECOND_WAYS * sizeof(struct second_entry))
#define TABLE_BYTES  (VIEW_TABLE_BYTES + SECOND_BYTES)
#define PAGE_BYTES   4096u
#define FIRST_PAGES  (VIEW_TABLE_BYTES / PAGE_BYTES)
#define PAGES        (TABLE_BYTES / PAGE_BYTES)
/* Tables in one section. */
#define ARENA_TABLES 8
/* Tables kept as they are for the next process: it takes a while to fill one, and programs start
 * often. The memory of others goes back to the host. */
#define WARM_MOST 4

_Static_assert(sizeof((struct view_table){0}.own) * 8 == PAGES, "one bit each");
_Static_assert(sizeof(struct second_entry) == 16, "as stub_miss takes it to be");

/* Not in use: as their last users left them, and without contents. */
static struct view_table *warm, *cold;
static unsigned warm_count;
static struct view_table *nothing;

static bool is_own(const struct view_table *t, uint32_t page)
{
    return t->own[page / 8] >> page % 8 & 1;
}

static uint64_t *page_at(const struct view_table *t, uint32_t page)
{
    return (uint64_t *)((uint64_t)t->entry + page * PAGE_BYTES);
}

static void empty_page(struct view_table *t, uint32_t page)
{
    uint64_t *p = page_at(t, page);
    for (size_t i = 0; i < PAGE_BYTES / sizeof(*p); i++)
        p[i] = page < FIRST_PAGES ? (uint64_t)(uintptr_t)stub_miss : 0;
}

static void push(struct view_table **list, struct view_table *t)
{
    t->next = *list;
    *list = t;
}

/* More tables, without contents. */
static bool add_arena(void)
{
    uint64_t at;
    struct host_section *section = host_section_create(ARENA_TABLES * TABLE_BYTES, false);
    struct view_table *tables = calloc(ARENA_TABLES, sizeof *tables);
    if (!section || !tables ||
        host_view_map(section, 0, ARENA_TABLES * TABLE_BYTES, 0, HOST_READ | HOST_WRITE, &at) < 0) {
        host_section_free(section);
        free(tables);
        return false;
    }
    for (size_t i = 0; i < ARENA_TABLES; i++, at += TABLE_BYTES) {
        struct view_table *t = &tables[i];
        t->section = section;
        t->offset = i * TABLE_BYTES;
        t->entry = (_Atomic uint64_t *)at;
        t->second = (struct second_entry(*)[VIEW_SECOND_WAYS])(at + VIEW_TABLE_BYTES);
        push(&cold, t);
    }
    return true;
}

static struct view_table *take(void)
{
    struct view_table **list = warm ? &warm : &cold;
    if (!*list && !add_arena())
        return NULL;
    struct view_table *t = *list;
    *list = t->next;
    warm_count -= list == &warm;
    return t;
}

/* Without what it knew; counted as memory of the kernel's: all of the first table, and pages of the
 * second when they are written to. */
static struct view_table *begin(struct view_table *t)
{
    if (!t->filled)
        host_prefault((uint64_t)(uintptr_t)t->entry, VIEW_TABLE_BYTES);
    for (uint32_t page = 0; page < PAGES; page++)
        if (is_own(t, page) || (!t->filled && page < FIRST_PAGES))
            empty_page(t, page);
    memset(t->own, 0, sizeof(t->own));
    t->filled = true;
    t->second_pages = 0;
    t->refs = 1;
    memory_charge_always(VIEW_TABLE_BYTES);
    return t;
}

int table_init(void)
{
    nothing = take();
    return nothing ? 0 : -L_ENOMEM;
}

struct view_table *table_create(void)
{
    host_mutex_lock(&translate_lock);
    struct view_table *t = take();
    host_mutex_unlock(&translate_lock);
    return t ? begin(t) : NULL;
}

static void count_page(struct view_table *t, uint32_t page)
{
    if (is_own(t, page))
        return;
    t->own[page / 8] |= (uint8_t)(1u << page % 8);
    if (page >= FIRST_PAGES) {
        t->second_pages++;
        memory_charge_always(PAGE_BYTES);
    }
}

struct view_table *table_copy(const struct view_table *from)
{
    struct view_table *t = take();
    if (!t)
        return NULL;
    begin(t);
    for (uint32_t page = 0; page < PAGES; page++) {
        if (!is_own(from, page))
            continue;
        count_page(t, page);
        memcpy(page_at(t, page), page_at(from, page), PAGE_BYTES);
    }
    return t;
}

struct view_table *table_nothing(void)
{
    if (!nothing->filled)
        begin(nothing);
    nothing->refs++;
    return nothing;
}

bool table_is_nothing(const struct view_table *t)
{
    return t == nothing;
}

void table_put(struct view_table *t)
{
    if (--t->refs > 0)
        return;
    memory_uncharge_kernel(VIEW_TABLE_BYTES + (uint64_t)t->second_pages * PAGE_BYTES);
    if (warm_count < WARM_MOST) {
        warm_count++;
        push(&warm, t);
        return;
    }
    host_section_discard(t->section, t->offset, TABLE_BYTES);
    t->filled = false;
    push(&cold, t);
}

/* --- below the window -------------------------------------------------------------------------
 */

bool table_show(const struct view_table *t, uint64_t base)
{
    uint64_t at;
    return host_view_map(t->section, t->offset, TABLE_BYTES, base - CPU_TABLE_BELOW, HOST_READ,
                         &at) == 0;
}

void table_hide(uint64_t base)
{
    host_view_unmap(base - CPU_TABLE_BELOW, TABLE_BYTES);
}

bool table_contains(uint64_t base, uint64_t host)
{
    return host - (base - CPU_TABLE_BELOW) < TABLE_BYTES;
}

/* --- what it knows ----------------------------------------------------------------------------
 */

static uint32_t page_of(const struct view_table *t, const void *entry)
{
    return (uint32_t)((uint64_t)entry - (uint64_t)t->entry) / PAGE_BYTES;
}

static struct second_entry *second_set(const struct view_table *t, uint64_t pc)
{
    return t->second[((uint32_t)(pc >> 16) ^ (uint32_t)pc) & (SECOND_SETS - 1)];
}

/* Who reads the old address together with the new code finds there that it does not fit. */
static void fill(struct second_entry *e, uint64_t pc, uint64_t code)
{
    atomic_store_explicit(&e->pc, 0, memory_order_release);
    atomic_store_explicit(&e->code, code, memory_order_release);
    atomic_store_explicit(&e->pc, pc, memory_order_release);
}

uint64_t table_place(const struct view_table *t, uint64_t pc)
{
    return t->entry[pc & 0xffff];
}

void table_enter(struct view_table *t, uint64_t pc, uint64_t code)
{
    _Atomic uint64_t *entry = &t->entry[pc & 0xffff];
    count_page(t, page_of(t, entry));
    atomic_store_explicit(entry, code, memory_order_release);
}

void table_keep(struct view_table *t, uint64_t pc, uint64_t code)
{
    struct second_entry *set = second_set(t, pc), *to = NULL;
    for (unsigned i = 0; i < VIEW_SECOND_WAYS; i++) {
        uint64_t has = atomic_load_explicit(&set[i].pc, memory_order_relaxed);
        if (has == pc || (!has && !to))
            to = &set[i];
        if (has == pc)
            break;
    }
    if (!to)
        to = &set[t->turns++ % VIEW_SECOND_WAYS];
    count_page(t, page_of(t, to));
    fill(to, pc, code);
}

void table_forget(struct view_table *t, uint64_t pc, uint64_t code)
{
    struct second_entry *set = second_set(t, pc);
    if (table_place(t, pc) == code)
        table_enter(t, pc, (uint64_t)(uintptr_t)stub_miss);
    if (!is_own(t, page_of(t, set)))
        return;
    for (unsigned i = 0; i < VIEW_SECOND_WAYS; i++)
        if (set[i].pc == pc)
            fill(&set[i], 0, 0);
}
