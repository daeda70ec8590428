/* From a guest address to code: looking up, translating, linking. */
#define HEAP_TIER HEAP_ALWAYS /* code memory is the bound */
#include "runtime/translate/dispatch.h"

#include <string.h>

#include "runtime/abi/signal.h"
#include "runtime/host/heap.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"
#include "runtime/translate/code_kept.h"
#include "runtime/translate/cpu_fault.h"
#include "runtime/translate/saved.h"
#include "runtime/translate/stubs.h"

#define VSYSCALL 0xffffffffff600000u

struct cpu_thread *thread_create(void)
{
    struct cpu_thread *t = calloc(1, sizeof(struct cpu_thread));
    if (t)
        counters_enter(&t->counters);
    return t;
}

/* The thread is not in its slot. */
static void give_slot_back(struct cpu_thread *t)
{
    host_mutex_lock(&translate_lock);
    if (t->slot)
        cache_chunk_free(t->slot);
    host_mutex_unlock(&translate_lock);
    t->slot = NULL;
    if (t->slot_block)
        block_free(t->slot_block);
    t->slot_block = NULL;
}

void thread_free(struct cpu_thread *t)
{
    counters_leave(&t->counters);
    give_slot_back(t);
    free(t);
}

/* --- translation ------------------------------------------------------------------------------ */

/* What a translation is for. */
enum purpose {
    FOR_JUMPS, /* a block that indirect jumps enter; direct exits too */
    FOR_EXITS, /* one that direct exits alone lead to */
    FOR_ONE,   /* an instruction by itself */
};

static void begin(struct cpu_thread *t, uint64_t pc, const struct code_extent *extent,
                  enum purpose purpose)
{
    bool single = purpose == FOR_ONE;
    struct xlate *x = &t->xlate;
    memset(x, 0, sizeof *x);
    x->e.buf = t->buffer;
    x->e.cap = sizeof t->buffer;
    x->start = pc;
    x->limit_low = extent->file_id ? extent->start : 0;
    x->limit_high = extent->file_id ? extent->end : (uint64_t)1 << 47;
    x->single = single;
    x->bare = purpose == FOR_EXITS;
    x->self_check = extent->self_check && !single;
}

/* The vsyscall page has three entries: gettimeofday, time, getcpu. Each is `mov rax, number;
 * syscall; ret` here, though no page is there to be read. */
static size_t vsyscall_fetch(uint64_t pc, uint8_t *buf, struct code_extent *extent)
{
    static const uint32_t numbers[] = {96, 201, 309};
    uint64_t entry = (pc - VSYSCALL) >> 10, at = (pc - VSYSCALL) & 0x3ff;
    uint8_t code[] = {0x48, 0xc7, 0xc0, 0, 0, 0, 0, 0x0f, 0x05, 0xc3};
    if (pc < VSYSCALL || entry > 2 || (at != 0 && at != 9))
        return 0;
    memcpy(code + 3, &numbers[entry], 4);
    memcpy(buf, code + at, sizeof code - at);
    *extent = (struct code_extent){.start = VSYSCALL, .end = VSYSCALL + 4096};
    return sizeof code - at;
}

/* The bytes at pc into the thread's buffer. Returns how many, 0 with cpu->fault filled. */
static size_t fetch_code(struct cpu *cpu, uint64_t pc, struct code_extent *extent)
{
    struct cpu_thread *t = cpu->thread;
    const struct codeview *v = cpu->view;
    size_t n = vsyscall_fetch(pc, t->guest, extent);
    if (n == 0)
        n = v->source->fetch(v->owner, pc, t->guest, XLATE_GUEST_MAX, extent, &cpu->fault);
    if (n == 0)
        fault_address(cpu, pc, CODE_EXEC);
    return n;
}

static size_t translate_bytes(struct cpu *cpu, uint64_t pc, size_t n, struct code_extent *extent,
                              enum purpose purpose)
{
    struct cpu_thread *t = cpu->thread;
    const struct codeview *v = cpu->view;
    begin(t, pc, extent, purpose);
    size_t size = xlate_block(&t->xlate, t->guest, n);
    if (size > 0)
        return size;
    /* The instruction goes on in the next mapping: no file's alone any more. */
    struct code_extent more;
    size_t m = v->source->fetch(v->owner, pc + n, t->guest + n, 16, &more, &cpu->fault);
    if (m == 0) {
        fault_address(cpu, pc + n, CODE_EXEC);
        return 0;
    }
    extent->file_id = 0;
    extent->self_check |= more.self_check;
    begin(t, pc, extent, FOR_ONE);
    size = xlate_block(&t->xlate, t->guest, n + m);
    if (size == 0)
        fault_set(cpu, L_SIGILL, 2, pc, 6, 0);
    return size;
}

/* Translates the n bytes that were fetched. Returns the guest size, 0 with cpu->fault filled. */
static size_t translate(struct cpu *cpu, uint64_t pc, size_t n, struct code_extent *extent,
                        enum purpose purpose)
{
    struct counters *c = &cpu->thread->counters;
    uint64_t began = counters_timed() ? host_clock_monotonic_ns() : 0;
    size_t size = translate_bytes(cpu, pc, n, extent, purpose);
    if (counters_timed())
        counters_add(c, COUNT_TRANSLATION, host_clock_monotonic_ns() - began);
    if (size == 0)
        return 0;
    counters_add(c, COUNT_BLOCKS, 1);
    counters_add(c, COUNT_GUEST_BYTES, size);
    counters_add(c, COUNT_HOST_BYTES, cpu->thread->xlate.e.n);
    return size;
}

/* A block that may be kept, or compares them, has the guest bytes. */
static struct block *finish_block(struct cpu *cpu, const struct code_extent *extent, size_t size)
{
    struct cpu_thread *t = cpu->thread;
    bool bytes = t->xlate.self_check || extent->file_id;
    return t->xlate.e.full ? NULL : block_create(&t->xlate, bytes ? t->guest : NULL, size);
}

/* A code space of a file that this view meets for the first time: what others made of it, or what
 * was kept of it, is used. The block at pc, or NULL when that has to be made. */
static struct block *find_shared(struct cpu *cpu, uint64_t pc, const struct code_extent *extent,
                                 uint32_t drops, bool entry)
{
    struct codeview *v = cpu->view;
    struct block *b = NULL;
    struct saved_key key;
    host_mutex_lock(&translate_lock);
    bool known = codespace_known(extent);
    host_mutex_unlock(&translate_lock);
    bool keyed = !known && saved_key(v, pc, extent, &key);
    struct kept *kept = keyed ? saved_read(v, pc, extent, &key) : NULL;
    host_mutex_lock(&translate_lock);
    struct codespace *s = v->drops == drops && (known || keyed) ? view_space(v, extent) : NULL;
    if (s != codespace_known(extent)) /* another one has come to lie there */
        s = NULL;
    if (s && keyed && !s->keyed) {
        s->keyed = true;
        s->key = key;
    }
    if (s && kept && codespace_adopt(s, kept)) {
        counters_add(&cpu->thread->counters, COUNT_KEPT, s->kept_count);
        view_publish_kept(v, s);
        kept = NULL;
    }
    if (s)
        b = codespace_find(s, pc, entry);
    kept_free(kept);
    host_mutex_unlock(&translate_lock);
    return b;
}

/* Code memory is used up, or the host's: what is the view's own goes, and where it has nothing,
 * what all share. It is free when each thread has been at a quiet moment, for which this one has to
 * leave here. */
static void make_room(struct cpu *cpu)
{
    if (!view_flush(cpu->view))
        view_evict();
    cpu->thread->flushes++;
    cpu->fault.signo = 0;
}

/* Others may take their time: until then a thread goes on without blocks. */
static bool is_without_room(const struct cpu *cpu)
{
    return cpu->thread->flushes > 2;
}

/* The block at a guest address, with entry one that indirect jumps can enter; translated when there
 * is none. NULL when it cannot be executed: cpu->fault is filled; or, with signo 0, when code
 * memory had to be given back: the caller forgets all addresses of code and goes through
 * dispatch_resume.
 */
static struct block *dispatch_find(struct cpu *cpu, uint64_t pc, bool entry)
{
    struct codeview *v = cpu->view;
    for (;;) {
        host_mutex_lock(&translate_lock);
        struct block *b = view_find(v, pc, entry);
        uint32_t drops = v->drops;
        host_mutex_unlock(&translate_lock);
        if (b)
            return b;
        struct code_extent extent;
        size_t n = fetch_code(cpu, pc, &extent);
        if (n == 0)
            return NULL;
        if (extent.file_id && !extent.self_check && !view_has(v, &extent))
            b = find_shared(cpu, pc, &extent, drops, entry);
        if (b)
            return b;
        size_t size = translate(cpu, pc, n, &extent, entry ? FOR_JUMPS : FOR_EXITS);
        if (size == 0)
            return NULL;
        struct block *made = finish_block(cpu, &extent, size);
        if (!made) {
            if (cpu->thread->xlate.e.full)
                fault_defect(cpu, "a translation is too long");
            else
                make_room(cpu);
            return NULL;
        }
        host_mutex_lock(&translate_lock);
        if (v->drops != drops) {
            host_mutex_unlock(&translate_lock);
            block_free(made);
            continue;
        }
        struct codespace *s = view_space(v, &extent);
        b = s ? codespace_find(s, pc, entry) : NULL;
        bool added = !b && s && codespace_add(s, made, cpu->thread->buffer);
        host_mutex_unlock(&translate_lock);
        if (added) {
            cpu->thread->flushes = 0;
            return made;
        }
        block_free(made);
        if (!b)
            make_room(cpu);
        return b;
    }
}

/* --- where to go on ----------------------------------------------------------------------------
 */

int dispatch_call(struct cpu *cpu, enum cpu_event event)
{
    view_away(cpu);
    if (cache_is_short() && cpu->thread->slot)
        give_slot_back(cpu->thread);
    if (event == CPU_FAULT)
        counters_add(&cpu->thread->counters, COUNT_GUEST_FAULTS, 1);
    int r = cpu->service(cpu, event);
    cpu->block.host = 0;
    if (r)
        cpu->helper_value = (uint64_t)(int64_t)r;
    return r;
}

int dispatch_serve(struct cpu *cpu, enum cpu_event event)
{
    return dispatch_call(cpu, event) ? LEAVE_STOP : dispatch_resume(cpu, false);
}

int dispatch_resume(struct cpu *cpu, bool look)
{
    for (;;) {
        int r = 0;
        lockcheck_none_held("entering guest code");
        view_quiesce(cpu->view, cpu);
        if (cache_is_short() && cpu->thread->slot)
            give_slot_back(cpu->thread);
        if (cpu->pending) {
            cpu_clear_pending(cpu);
            r = dispatch_call(cpu, CPU_INTERRUPT);
        } else if (cpu->rflags & CPU_FLAG_TF) {
            return dispatch_single(cpu);
        } else {
            uint64_t entry = *(uint64_t *)(cpu->table + 8 * (cpu->rip & 0xffff));
            if (!look && entry != (uint64_t)(uintptr_t)stub_miss) {
                cpu->resume = entry;
                return LEAVE_GUEST;
            }
            struct block *b = dispatch_find(cpu, cpu->rip, true);
            if (b) {
                host_mutex_lock(&translate_lock);
                view_publish(cpu->view, b);
                host_mutex_unlock(&translate_lock);
                cpu->resume = (uint64_t)b->code + b->body;
                return LEAVE_GUEST;
            }
            if (cpu->fault.signo)
                r = dispatch_call(cpu, CPU_FAULT);
            else if (is_without_room(cpu))
                return dispatch_single(cpu);
        }
        if (r)
            return LEAVE_STOP;
        look = false;
    }
}

static bool step_done(struct cpu *cpu)
{
    if (!cpu->thread->stepping)
        return false;
    cpu->thread->stepping = false;
    fault_set(cpu, L_SIGTRAP, 2, cpu->rip, 1, 0);
    return true;
}

int dispatch_exit(struct cpu *cpu)
{
    host_mutex_lock(&translate_lock);
    struct block *from = cache_find(cpu->exit_slot - 1);
    struct link *link = NULL;
    uint32_t offset = from ? (uint32_t)(cpu->exit_slot - (uint64_t)from->code) : 0;
    const struct block *tables = from && from->origin ? from->origin : from;
    for (uint16_t i = 0; tables && i < tables->links; i++)
        if (tables->link[i].stub == offset)
            link = &tables->link[i];
    host_mutex_unlock(&translate_lock);
    if (!link) {
        fault_defect(cpu, "an exit that no block has");
        return dispatch_serve(cpu, CPU_FAULT);
    }
    cpu->rip = link->target;
    if (step_done(cpu))
        return dispatch_serve(cpu, CPU_FAULT);
    if (!from->space || cpu->pending || (cpu->rflags & CPU_FLAG_TF))
        return dispatch_resume(cpu, false);
    struct block *to = dispatch_find(cpu, cpu->rip, false);
    if (!to)
        return cpu->fault.signo ? dispatch_serve(cpu, CPU_FAULT) : dispatch_resume(cpu, false);
    host_mutex_lock(&translate_lock);
    bool linked = view_link(cpu->view, link, to);
    host_mutex_unlock(&translate_lock);
    if (linked)
        counters_add(&cpu->thread->counters, COUNT_LINKS, 1);
    cpu->resume = (uint64_t)to->code + to->body;
    return LEAVE_GUEST;
}

int dispatch_miss(struct cpu *cpu, bool look)
{
    if (step_done(cpu))
        return dispatch_serve(cpu, CPU_FAULT);
    return dispatch_resume(cpu, look);
}

/* --- the thread's slot -------------------------------------------------------------------------
 */

/* How often a thread lets others run before it ends for want of a slot, or of the host's memory for
 * what lies there: those that have a slot need it for a block at most, and what all share goes. */
#define SLOT_PATIENCE 1000000

static void wait_for_memory(void)
{
    view_evict();
    host_thread_yield();
}

static bool take_slot(struct cpu_thread *t)
{
    for (unsigned i = 0; !t->slot && i < SLOT_PATIENCE; i++) {
        host_mutex_lock(&translate_lock);
        t->slot = cache_chunk_for_slot();
        host_mutex_unlock(&translate_lock);
        if (!t->slot)
            host_thread_yield();
    }
    return t->slot;
}

/* Puts code into the thread's own chunk, replacing what was there. */
static bool into_slot(struct cpu *cpu, struct block *b, const uint8_t *code)
{
    struct cpu_thread *t = cpu->thread;
    uint8_t *w = NULL;
    if (!take_slot(t))
        return false;
    for (unsigned i = 0; !w && i < SLOT_PATIENCE; i++) {
        host_mutex_lock(&translate_lock);
        t->slot->used = t->slot->count = 0;
        w = cache_place(t->slot, b, b->size);
        if (w)
            block_place(b, code, w);
        host_mutex_unlock(&translate_lock);
        if (!w)
            wait_for_memory();
    }
    if (!w)
        return false;
    if (t->slot_block)
        block_free(t->slot_block);
    t->slot_block = b;
    return true;
}

/* The jump through the table becomes `jmp [stub_leave]`. */
static void leave_instead(uint8_t *at)
{
    static const uint8_t jump[] = {0xff, 0xa4, 0x24};
    uint32_t leave = offsetof(struct cpu, stub[STUB_LEAVE]);
    memcpy(at, jump, sizeof jump);
    memcpy(at + sizeof jump, &leave, sizeof leave);
}

/* As finish_block, when there is no other way. */
static struct block *finish_single(struct cpu *cpu, const struct code_extent *extent, size_t size)
{
    struct block *b = finish_block(cpu, extent, size);
    for (unsigned i = 0; !b && !cpu->thread->xlate.e.full && i < SLOT_PATIENCE; i++) {
        wait_for_memory();
        b = finish_block(cpu, extent, size);
    }
    return b;
}

int dispatch_single(struct cpu *cpu)
{
    struct code_extent extent;
    size_t n = fetch_code(cpu, cpu->rip, &extent);
    size_t size = n ? translate(cpu, cpu->rip, n, &extent, FOR_ONE) : 0;
    if (size == 0)
        return dispatch_serve(cpu, CPU_FAULT);
    struct block *b = finish_single(cpu, &extent, size);
    if (!b || !into_slot(cpu, b, cpu->thread->buffer)) {
        if (b)
            block_free(b);
        fault_defect(cpu, "no memory for a single step");
        return dispatch_serve(cpu, CPU_FAULT);
    }
    for (uint16_t i = 0; i < b->indirects; i++)
        leave_instead(cache_writable(b->code) + b->indirect[i].jump);
    cpu->thread->stepping = cpu->rflags & CPU_FLAG_TF;
    cpu->resume = (uint64_t)b->code + b->body;
    return LEAVE_GUEST;
}

uint8_t *dispatch_copy(struct cpu *cpu, struct block *origin)
{
    struct cpu_thread *t = cpu->thread;
    struct block *b = calloc(1, sizeof *b);
    for (unsigned i = 0; !b && i < SLOT_PATIENCE; i++) {
        wait_for_memory();
        b = calloc(1, sizeof *b);
    }
    if (!b)
        return NULL;
    b->pc = origin->pc;
    b->size = origin->size;
    b->body = origin->body;
    b->checked = origin->checked;
    b->origin = origin;
    memcpy(t->buffer, origin->code, origin->size);
    for (uint16_t i = 0; i < origin->links; i++) {
        const struct link *l = &origin->link[i];
        int32_t rel = (int32_t)l->stub - XLATE_STUB_CALL - (l->patch + 4);
        memcpy(t->buffer + l->patch, &rel, 4);
    }
    for (uint16_t i = 0; i < origin->indirects; i++)
        leave_instead(t->buffer + origin->indirect[i].jump);
    if (!into_slot(cpu, b, t->buffer)) {
        block_free(b);
        return NULL;
    }
    return b->code;
}
