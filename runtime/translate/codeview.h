/* A codeview from inside: the table, the attached code spaces, the threads. Under translate_lock.
 */
#ifndef RUNTIME_TRANSLATE_CODEVIEW_H
#define RUNTIME_TRANSLATE_CODEVIEW_H

#include <stdatomic.h>

#include "runtime/translate/code_source.h"
#include "runtime/translate/codespace.h"
#include "runtime/translate/cpu.h"
#include "runtime/translate/view_table.h"

struct attachment {
    uint64_t start, end; /* guest range in which the code space applies */
    struct codespace *space;
};

struct codeview {
    const struct code_source *source;
    void *owner;
    uint64_t window; /* below which the table is shown, if it is */
    struct view_table *table;
    /* What is there; one that was put, and is another's, only of a view at rest. */
    const struct view_table *shown;
    struct attachment *attached;
    uint32_t attached_count, attached_room;
    struct codespace *
        *held; /* every shared code space it ever attached: threads may still be inside */
    uint32_t held_count, held_room;
    /* The first so many of them are evicted, and let go when no thread can be inside: when each has
     * been at a quiet moment since this stamp. */
    uint32_t leaving;
    uint64_t leaving_stamp;
    struct codespace *own;          /* private */
    struct view_table **old_tables; /* replaced ones, which a thread may still be reading */
    uint32_t old_count, old_room;
    struct cpu *threads;
    struct codeview *next, **listed; /* among all, but those at rest */
    _Atomic uint64_t stamp;          /* counts retirements of code */
    _Atomic uint32_t drops;          /* counts codeview_drop calls that dropped something */
};

/* Drops all translations that are the view's own, and frees what no thread of it can run any more.
 * False when there is nothing to gain. */
bool view_flush(struct codeview *view);

/* All shared code spaces go, whoever uses them: the way out when code memory is used up. What no
 * thread can be inside is freed at once, the rest by further calls, as long as there is some. */
void view_evict(void);

/* The thread holds no address of code of the view. */
void view_quiesce(const struct codeview *view, struct cpu *cpu);
/* The thread goes to the service function, holding none. */
void view_away(struct cpu *cpu);

void view_enter(struct codeview *view, struct cpu *cpu);
void view_leave(struct codeview *view, struct cpu *cpu);

/* The block at an address, or NULL; with entry only one that indirect jumps can enter. */
struct block *view_find(const struct codeview *view, uint64_t pc, bool entry);
/* Whether the view has a code space attached where the extent is. Takes translate_lock. */
bool view_has(struct codeview *view, const struct code_extent *extent);
/* The code space for an extent, attached to the view; NULL when out of memory. */
struct codespace *view_space(struct codeview *view, const struct code_extent *extent);
/* Indirect jumps to the block's address find it from now on, if the view has it still. */
void view_publish(struct codeview *view, struct block *block);
/* The same for what jumps led to in earlier runs. */
void view_publish_kept(struct codeview *view, const struct codespace *space);
/* The exit leads straight to the block from now on, if it may in this view and did not yet: true.
 */
bool view_link(struct codeview *view, struct link *link, struct block *to);

#endif
