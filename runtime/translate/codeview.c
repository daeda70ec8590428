/* What an address space sees of code, and when what was dropped can be used again. */
#define HEAP_TIER HEAP_ALWAYS /* code memory is the bound */
#include "runtime/translate/codeview.h"

#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/host/budget.h"
#include "runtime/host/heap.h"
#include "runtime/host/memory.h"
#include "runtime/host/thread.h"
#include "runtime/translate/cache.h"
#include "runtime/translate/stubs.h"

#define FIRST_BYTES  (VIEW_TABLE_ENTRIES * sizeof(uint64_t))
#define SECOND_BYTES (SECOND_SETS * VIEW_SECOND_WAYS * sizeof(struct second_entry))
#define TABLE_BYTES  (FIRST_BYTES + SECOND_BYTES)
#define PAGE_BYTES   4096u

_Static_assert(sizeof((struct view_table){0}.own) * 8 * PAGE_BYTES == TABLE_BYTES, "one bit each");
_Static_assert(sizeof(struct second_entry) == 16, "as stub_miss takes it to be");

static struct host_section *template_section;
static uint64_t template_view;

int view_init(void)
{
    template_section = host_section_create(TABLE_BYTES, false);
    if (!template_section || host_view_map(template_section, 0, TABLE_BYTES, 0,
                                           HOST_READ | HOST_WRITE, &template_view) < 0)
        return -L_ENOMEM;
    uint64_t *entry = (uint64_t *)template_view;
    for (size_t i = 0; i < VIEW_TABLE_ENTRIES; i++)
        entry[i] = (uint64_t)(uintptr_t)stub_miss;
    struct second_entry *second = (struct second_entry *)(template_view + FIRST_BYTES);
    for (size_t i = 0; i < SECOND_SETS * VIEW_SECOND_WAYS; i++)
        second[i].code = (uint64_t)(uintptr_t)stub_leave;
    return 0;
}

static void use_table(struct cpu *cpu, uint64_t at)
{
    cpu->table = at;
    cpu->second = at + FIRST_BYTES;
}

static struct view_table *table_create(void)
{
    uint64_t at;
    struct view_table *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    if (host_view_map_private(template_section, 0, TABLE_BYTES, 0, &at) < 0) {
        free(t);
        return NULL;
    }
    t->refs = 1;
    t->entry = (_Atomic uint64_t *)at;
    t->second = (struct second_entry(*)[VIEW_SECOND_WAYS])(at + FIRST_BYTES);
    return t;
}

static void table_put(struct view_table *t)
{
    if (--t->refs > 0)
        return;
    host_view_unmap((uint64_t)t->entry, TABLE_BYTES);
    memory_uncharge_kernel((uint64_t)t->own_pages * PAGE_BYTES);
    free(t);
}

static uint32_t page_of(const struct view_table *t, const void *entry)
{
    return (uint32_t)((uint64_t)entry - (uint64_t)t->entry) / PAGE_BYTES;
}

static bool is_own(const struct view_table *t, uint32_t page)
{
    return t->own[page / 8] >> page % 8 & 1;
}

/* Of the private view of the template, pages are memory of the table's own when they have been
 * written to. */
static void count_page(struct view_table *t, const void *entry)
{
    uint32_t page = page_of(t, entry);
    if (is_own(t, page))
        return;
    t->own[page / 8] |= (uint8_t)(1u << page % 8);
    t->own_pages++;
    memory_charge_always(PAGE_BYTES);
}

static void table_set(struct view_table *t, uint32_t index, uint64_t to)
{
    count_page(t, &t->entry[index]);
    atomic_store_explicit(&t->entry[index], to, memory_order_release);
}

static struct second_entry *second_set(const struct view_table *t, uint64_t pc)
{
    return t->second[((uint32_t)(pc >> 16) ^ (uint32_t)pc) & (SECOND_SETS - 1)];
}

/* Who reads the old address together with the new code finds there that it does not fit. */
static void second_fill(struct second_entry *e, uint64_t pc, uint64_t code)
{
    atomic_store_explicit(&e->pc, 0, memory_order_release);
    atomic_store_explicit(&e->code, code, memory_order_release);
    atomic_store_explicit(&e->pc, pc, memory_order_release);
}

static void second_add(struct view_table *t, uint64_t pc, uint64_t code)
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
    count_page(t, to);
    second_fill(to, pc, code);
}

static void second_remove(struct view_table *t, uint64_t pc)
{
    struct second_entry *set = second_set(t, pc);
    if (!is_own(t, page_of(t, set)))
        return;
    for (unsigned i = 0; i < VIEW_SECOND_WAYS; i++)
        if (set[i].pc == pc)
            second_fill(&set[i], 0, (uint64_t)(uintptr_t)stub_leave);
}

struct codeview *codeview_create(const struct code_source *source, void *owner)
{
    struct codeview *v = calloc(1, sizeof *v);
    if (!v)
        return NULL;
    v->source = source;
    v->owner = owner;
    v->table = table_create();
    v->own = codespace_private();
    if (!v->table || !v->own) {
        if (v->table)
            table_put(v->table);
        if (v->own)
            codespace_put(v->own);
        free(v);
        return NULL;
    }
    return v;
}

/* Appends to a growing array of pointers or structs; false when out of memory. */
static bool make_room(void **array, uint32_t count, uint32_t *room, size_t size)
{
    if (count < *room)
        return true;
    uint32_t wanted = *room ? *room * 2 : 8;
    void *grown = realloc(*array, wanted * size);
    if (!grown)
        return false;
    *array = grown;
    *room = wanted;
    return true;
}

static bool hold(struct codeview *v, struct codespace *s)
{
    for (uint32_t i = 0; i < v->held_count; i++)
        if (v->held[i] == s)
            return true;
    if (!make_room((void **)&v->held, v->held_count, &v->held_room, sizeof *v->held))
        return false;
    s->refs++;
    v->held[v->held_count++] = s;
    return true;
}

static bool attach(struct codeview *v, uint64_t start, uint64_t end, struct codespace *s)
{
    if (!hold(v, s) || !make_room((void **)&v->attached, v->attached_count, &v->attached_room,
                                  sizeof *v->attached))
        return false;
    v->attached[v->attached_count++] = (struct attachment){start, end, s};
    return true;
}

struct codeview *codeview_fork(struct codeview *parent, void *owner)
{
    struct codeview *v = codeview_create(parent->source, owner);
    if (!v)
        return NULL;
    host_mutex_lock(&translate_lock);
    for (uint32_t i = 0; i < parent->attached_count; i++)
        attach(v, parent->attached[i].start, parent->attached[i].end, parent->attached[i].space);
    if (parent->own->count == 0 && v->attached_count == parent->attached_count) {
        table_put(v->table);
        v->table = parent->table;
        v->table->refs++;
    }
    host_mutex_unlock(&translate_lock);
    return v;
}

void codeview_destroy(struct codeview *v)
{
    host_mutex_lock(&translate_lock);
    codespace_put(v->own);
    for (uint32_t i = 0; i < v->held_count; i++)
        codespace_put(v->held[i]);
    table_put(v->table);
    for (uint32_t i = 0; i < v->old_count; i++)
        table_put(v->old_tables[i]);
    host_mutex_unlock(&translate_lock);
    free(v->old_tables);
    free(v->held);
    free(v->attached);
    free(v);
}

void view_enter(struct codeview *v, struct cpu *cpu)
{
    cpu->next_in_view = v->threads;
    v->threads = cpu;
    cpu->view = v;
    atomic_store(&cpu->stamp, UINT64_MAX);
    use_table(cpu, (uint64_t)v->table->entry);
}

void view_leave(struct codeview *v, struct cpu *cpu)
{
    for (struct cpu **p = &v->threads; *p; p = &(*p)->next_in_view) {
        if (*p == cpu) {
            *p = cpu->next_in_view;
            break;
        }
    }
    cpu->view = NULL;
}

/* The view is about to differ from others that share its table. A table that cannot be had leaves
 * the view with the template's address: every jump goes through the dispatcher then. */
static void own_table(struct codeview *v)
{
    if (v->table->refs == 1)
        return;
    struct view_table *t = table_create();
    struct view_table **old = realloc(v->old_tables, (v->old_count + 1) * sizeof *old);
    if (old)
        v->old_tables = old;
    if (!t || !old) {
        if (t)
            table_put(t);
        for (struct cpu *c = v->threads; c; c = c->next_in_view)
            use_table(c, template_view);
        return;
    }
    v->old_tables[v->old_count++] = v->table;
    v->table = t;
    for (struct cpu *c = v->threads; c; c = c->next_in_view)
        use_table(c, (uint64_t)t->entry);
}

static const struct attachment *attachment_at(const struct codeview *v, uint64_t pc)
{
    for (uint32_t i = 0; i < v->attached_count; i++)
        if (pc >= v->attached[i].start && pc < v->attached[i].end)
            return &v->attached[i];
    return NULL;
}

struct block *view_find(const struct codeview *v, uint64_t pc)
{
    const struct attachment *a = attachment_at(v, pc);
    if (a)
        return codespace_find(a->space, pc);
    return codespace_find(v->own, pc);
}

bool view_has(struct codeview *v, const struct code_extent *e)
{
    host_mutex_lock(&translate_lock);
    bool has = attachment_at(v, e->start) != NULL;
    host_mutex_unlock(&translate_lock);
    return has;
}

struct codespace *view_space(struct codeview *v, const struct code_extent *e)
{
    if (e->file_id == 0) {
        if (v->own->count == 0)
            own_table(v);
        return v->own;
    }
    const struct attachment *a = attachment_at(v, e->start);
    if (a)
        return a->space;
    own_table(v);
    struct codespace *s = codespace_get(e);
    if (!s)
        return NULL;
    bool ok = attach(v, e->start, e->end, s);
    codespace_put(s);
    if (ok)
        view_publish_kept(v, s);
    return ok ? s : NULL;
}

/* Whether the block is what the address has in this view still. */
static bool has(const struct codeview *v, const struct block *b)
{
    const struct attachment *a = attachment_at(v, b->pc);
    return !b->dead && b->space == (a ? a->space : v->own);
}

/* Where indirect jumps enter. */
static uint64_t entry_of(const struct block *b)
{
    return (uint64_t)b->code + XLATE_ENTRY;
}

void view_publish_kept(struct codeview *v, const struct codespace *s)
{
    for (uint32_t i = 0; i < s->aim_count; i++)
        view_publish(v, s->aims[i]);
}

void view_publish(struct codeview *v, struct block *b)
{
    b->aimed_at = true;
    if (!has(v, b) || (v->table->refs > 1 && b->space == v->own))
        return;
    uint32_t index = b->pc & 0xffff;
    uint64_t former = v->table->entry[index];
    const struct block *displaced = cache_find(former);
    if (former == entry_of(b))
        return;
    if (displaced)
        second_add(v->table, displaced->pc, former);
    table_set(v->table, index, entry_of(b));
}

bool view_link(struct codeview *v, struct link *l, struct block *to)
{
    struct codespace *s = l->from->space;
    if (l->to || l->from->dead || !has(v, to) || (s != to->space && s != v->own))
        return false;
    /* Code of a file is shared by views where another file may lie beside it; what is private can
     * lead anywhere, as long as that is there. */
    s->reaches |= s != to->space;
    block_link(l, to);
    return true;
}

static void forget(struct codeview *v, const struct block *b)
{
    uint32_t index = b->pc & 0xffff;
    if (v->table->entry[index] == entry_of(b))
        table_set(v->table, index, (uint64_t)(uintptr_t)stub_miss);
    second_remove(v->table, b->pc);
}

static void forget_all(struct codeview *v, const struct codespace *s)
{
    for (uint32_t i = 0; i < s->buckets; i++)
        for (struct block *b = s->hash[i]; b; b = b->next)
            forget(v, b);
}

static bool detach_range(struct codeview *v, uint64_t start, uint64_t end)
{
    bool changed = false;
    for (uint32_t i = 0; i < v->attached_count;) {
        struct attachment *a = &v->attached[i];
        if (a->start >= end || a->end <= start) {
            i++;
            continue;
        }
        own_table(v);
        forget_all(v, a->space);
        codespace_part(v->own, a->space);
        *a = v->attached[--v->attached_count];
        changed = true;
    }
    return changed;
}

static void kill_block(void *arg, struct block *b)
{
    struct codeview *v = arg;
    forget(v, b);
    codespace_kill(v->own, b, v->stamp);
}

static bool kill_range(struct codeview *v, uint64_t start, uint64_t end)
{
    return codespace_each(v->own, start, end, kill_block, v);
}

/* Frees what was retired before every thread's last quiet moment. */
static void sweep(struct codeview *v)
{
    uint64_t oldest = v->stamp;
    for (struct cpu *c = v->threads; c; c = c->next_in_view)
        if (c->stamp < oldest)
            oldest = c->stamp;
    codespace_sweep(v->own, oldest);
}

void view_quiesce(const struct codeview *v, struct cpu *cpu)
{
    atomic_store(&cpu->stamp, v->stamp);
}

void view_away(struct cpu *cpu)
{
    atomic_store_explicit(&cpu->stamp, UINT64_MAX, memory_order_release);
}

/* translate_lock held. */
static void interrupt_others(struct codeview *v)
{
    const struct host_thread *self = host_thread_self();
    for (struct cpu *c = v->threads; c; c = c->next_in_view) {
        if (c->host != self)
            cpu_interrupt(c);
    }
}

bool view_flush(struct codeview *v)
{
    host_mutex_lock(&translate_lock);
    bool some = v->own->count > 0 && kill_range(v, 0, UINT64_MAX);
    if (some) {
        atomic_fetch_add(&v->stamp, 1);
        atomic_fetch_add(&v->drops, 1);
        interrupt_others(v);
    }
    bool waiting = v->own->retired != NULL;
    if (waiting)
        sweep(v);
    host_mutex_unlock(&translate_lock);
    return some || waiting;
}

void codeview_drop(struct codeview *v, uint64_t start, uint64_t end)
{
    host_mutex_lock(&translate_lock);
    bool changed = detach_range(v, start, end);
    if (v->own->count > 0 && kill_range(v, start, end)) {
        changed = true;
        atomic_fetch_add(&v->stamp, 1);
    }
    if (v->own->retired)
        sweep(v);
    atomic_fetch_add(&v->drops, 1);
    if (changed)
        interrupt_others(v);
    host_mutex_unlock(&translate_lock);
}
