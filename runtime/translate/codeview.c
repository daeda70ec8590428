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
#include "runtime/translate/code_kept.h"
#include "runtime/translate/saved.h"
#include "runtime/translate/stubs.h"

static void use_table(struct cpu *cpu, const struct view_table *t)
{
    cpu->table = (uint64_t)t->entry;
    cpu->second = (uint64_t)t->second;
}

static struct codeview *views;

/* translate_lock held. */
static void enlist(struct codeview *v)
{
    v->next = views;
    v->listed = &views;
    if (views)
        views->listed = &v->next;
    views = v;
}

static void unlist(struct codeview *v)
{
    if (!v->listed)
        return;
    *v->listed = v->next;
    if (v->next)
        v->next->listed = v->listed;
    v->listed = NULL;
}

static struct codeview *create(const struct code_source *source, void *owner, uint64_t window)
{
    struct codeview *v = calloc(1, sizeof *v);
    if (!v)
        return NULL;
    v->source = source;
    v->owner = owner;
    v->window = window;
    v->own = codespace_private();
    if (!v->own) {
        free(v);
        return NULL;
    }
    host_mutex_lock(&translate_lock);
    enlist(v);
    host_mutex_unlock(&translate_lock);
    return v;
}

/* Shows the table below the window instead of what is there. */
static bool view_show(struct codeview *v, const struct view_table *t)
{
    if (v->shown == t)
        return true;
    if (v->shown)
        table_hide(v->window);
    v->shown = table_show(t, v->window) ? t : NULL;
    return v->shown;
}

/* The view of a new address space gets its table; without one it is no view. */
static struct codeview *with_table(struct codeview *v, struct view_table *t)
{
    host_mutex_lock(&translate_lock);
    if (!v->table)
        v->table = t;
    bool shown = v->table && view_show(v, v->table);
    host_mutex_unlock(&translate_lock);
    if (shown)
        return v;
    codeview_destroy(v);
    return NULL;
}

struct codeview *codeview_create(const struct code_source *source, void *owner, uint64_t window)
{
    struct codeview *v = create(source, owner, window);
    return v ? with_table(v, table_create()) : NULL;
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

struct codeview *codeview_fork(struct codeview *parent, void *owner, uint64_t window,
                               struct codeview *former)
{
    struct view_table *t = NULL;
    struct codeview *v = create(parent->source, owner, window);
    if (v && former) {
        v->shown = former->shown;
        former->shown = NULL;
    }
    if (former)
        codeview_destroy(former);
    if (!v)
        return NULL;
    host_mutex_lock(&translate_lock);
    for (uint32_t i = 0; i < parent->attached_count; i++)
        attach(v, parent->attached[i].start, parent->attached[i].end, parent->attached[i].space);
    if (parent->own->count == 0 && v->attached_count == parent->attached_count) {
        t = v->table = parent->table;
        t->refs++;
    }
    host_mutex_unlock(&translate_lock);
    return with_table(v, t ? t : table_create());
}

void codeview_rest(struct codeview *v)
{
    host_mutex_lock(&translate_lock);
    unlist(v);
    if (v->own)
        codespace_put(v->own);
    for (uint32_t i = 0; i < v->held_count; i++)
        codespace_put(v->held[i]);
    if (v->table)
        table_put(v->table);
    for (uint32_t i = 0; i < v->old_count; i++)
        table_put(v->old_tables[i]);
    host_mutex_unlock(&translate_lock);
    saved_look();
    free(v->old_tables);
    free(v->held);
    free(v->attached);
    struct codeview rest = {.source = v->source, .window = v->window, .shown = v->shown};
    *v = rest;
}

void codeview_destroy(struct codeview *v)
{
    codeview_rest(v);
    if (v->shown)
        table_hide(v->window);
    free(v);
}

void view_enter(struct codeview *v, struct cpu *cpu)
{
    cpu->next_in_view = v->threads;
    v->threads = cpu;
    cpu->view = v;
    atomic_store(&cpu->stamp, UINT64_MAX);
    use_table(cpu, v->table);
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

/* The view is about to differ from others that share its table. When it cannot have one of its own
 * it gets the one that knows nothing: every jump goes through the dispatcher then. While none is
 * shown they do so too. */
static void own_table(struct codeview *v)
{
    if (v->table->refs == 1 || table_is_nothing(v->table))
        return;
    struct view_table *t = table_copy(v->table);
    if (!t)
        t = table_nothing();
    /* Threads may still be reading the former. Where there is no memory for that it stays for
     * ever. */
    if (make_room((void **)&v->old_tables, v->old_count, &v->old_room, sizeof *v->old_tables))
        v->old_tables[v->old_count++] = v->table;
    v->table = t;
    view_show(v, t);
    for (struct cpu *c = v->threads; c; c = c->next_in_view)
        use_table(c, t);
}

static const struct attachment *attachment_at(const struct codeview *v, uint64_t pc)
{
    for (uint32_t i = 0; i < v->attached_count; i++)
        if (pc >= v->attached[i].start && pc < v->attached[i].end)
            return &v->attached[i];
    return NULL;
}

struct block *view_find(const struct codeview *v, uint64_t pc, bool entry)
{
    const struct attachment *a = attachment_at(v, pc);
    if (a)
        return codespace_find(a->space, pc, entry);
    return codespace_find(v->own, pc, entry);
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

/* Whether the code space is what the address has in this view. */
static bool is_there(const struct codeview *v, const struct codespace *s, uint64_t pc)
{
    const struct attachment *a = attachment_at(v, pc);
    return s == (a ? a->space : v->own);
}

/* Where indirect jumps enter. */
static uint64_t entry_of(const struct block *b)
{
    return (uint64_t)b->code + XLATE_ENTRY;
}

/* Indirect jumps to pc find the code of that space, if it is what the address has in this view. */
static void publish(struct codeview *v, const struct codespace *s, uint64_t pc, uint64_t entry)
{
    uint64_t former = table_place(v->table, pc), displaced;
    if (!is_there(v, s, pc) || former == entry)
        return;
    if (cache_find_pc(former, &displaced))
        table_keep(v->table, displaced, former);
    table_enter(v->table, pc, entry);
}

/* Whether the table may know a block of that space. */
static bool is_open(const struct codeview *v, const struct codespace *s)
{
    return v->table->refs == 1 || (s != v->own && !table_is_nothing(v->table));
}

void view_publish_kept(struct codeview *v, const struct codespace *s)
{
    uint64_t pc;
    if (!s->kept || !is_open(v, s))
        return;
    for (uint32_t i = 0; i < s->kept->header->aims; i++) {
        uint64_t entry = kept_entry(s->kept, s->kept->tables.aims[i], &pc);
        publish(v, s, pc, entry);
    }
}

void view_publish(struct codeview *v, struct block *b)
{
    b->aimed_at = true;
    if (!b->dead && is_open(v, b->space))
        publish(v, b->space, b->pc, entry_of(b));
}

bool view_link(struct codeview *v, struct link *l, struct block *to)
{
    struct codespace *s = l->from->space;
    if (l->to || l->from->dead || to->dead || !is_there(v, to->space, to->pc) ||
        (s != to->space && s != v->own))
        return false;
    /* Code of a file is shared by views where another file may lie beside it; what is private can
     * lead anywhere, as long as that is there. */
    s->reaches |= s != to->space;
    block_link(l, to);
    return true;
}

static void forget(struct codeview *v, const struct block *b)
{
    if (!table_is_nothing(v->table))
        table_forget(v->table, b->pc, entry_of(b));
}

static void forget_all(struct codeview *v, const struct codespace *s)
{
    uint64_t pc;
    for (uint32_t i = 0; i < s->buckets; i++)
        for (struct block *b = s->hash[i]; b; b = b->next)
            forget(v, b);
    for (uint32_t i = 0; s->kept && !table_is_nothing(v->table) && i < s->kept->header->aims; i++) {
        uint64_t entry = kept_entry(s->kept, s->kept->tables.aims[i], &pc);
        table_forget(v->table, pc, entry);
    }
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
    if (!v->leaving || oldest <= v->leaving_stamp)
        return;
    for (uint32_t i = 0; i < v->leaving; i++)
        codespace_put(v->held[i]);
    v->held_count -= v->leaving;
    memmove(v->held, v->held + v->leaving, v->held_count * sizeof *v->held);
    v->leaving = 0;
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

/* What the view has attached leaves it. */
static void leave_all(struct codeview *v)
{
    if (!v->held_count)
        return;
    /* A view that is being made has none yet, and its own will know nothing. */
    if (v->table && v->attached_count)
        own_table(v);
    for (uint32_t i = 0; i < v->attached_count; i++) {
        if (v->table)
            forget_all(v, v->attached[i].space);
        codespace_part(v->own, v->attached[i].space);
    }
    v->attached_count = 0;
    v->leaving = v->held_count;
    v->leaving_stamp = atomic_fetch_add(&v->stamp, 1);
    atomic_fetch_add(&v->drops, 1);
    interrupt_others(v);
}

void view_evict(void)
{
    bool leaving = false;
    host_mutex_lock(&translate_lock);
    for (const struct codeview *v = views; v; v = v->next)
        leaving |= v->leaving > 0;
    if (!leaving) {
        codespace_evict();
        for (struct codeview *v = views; v; v = v->next)
            leave_all(v);
    }
    for (struct codeview *v = views; v; v = v->next)
        sweep(v);
    host_mutex_unlock(&translate_lock);
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
