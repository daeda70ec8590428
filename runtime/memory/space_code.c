/* What the translator needs of an address space (runtime/translate/code_source.h). */
#include "runtime/abi/signal.h"
#include "runtime/memory/internal.h"
#include "runtime/translate/code_source.h"
#include "runtime/translate/cpu.h"
#include <string.h>

/* Bits of a page fault's error code (Intel SDM vol. 3, 4.7). */
enum { ERROR_PRESENT = 1, ERROR_WRITE = 2, ERROR_USER = 4, ERROR_FETCH = 16 };
#define TRAP_PAGE_FAULT 14

/* The page can be accessed in another way: then it is present as the processor sees it. */
static bool is_present(struct space *space, uint64_t address, enum code_access access,
                       const struct space_fault *fault)
{
    struct space_fault ignored;
    return fault->signo == L_SIGSEGV && fault->code == L_SEGV_ACCERR && access != CODE_READ &&
           space_fault(space, address, SPACE_READ, &ignored);
}

static void fill_fault(struct cpu_fault *out, struct space *space, uint64_t address,
                       enum code_access access, const struct space_fault *fault)
{
    out->signo = fault->signo;
    out->code = fault->code;
    out->address = address;
    out->cr2 = address;
    out->trapno = TRAP_PAGE_FAULT;
    out->error = ERROR_USER | (access == CODE_WRITE ? ERROR_WRITE : 0) |
                 (access == CODE_EXEC ? ERROR_FETCH : 0) |
                 (is_present(space, address, access, fault) ? ERROR_PRESENT : 0);
}

static bool on_fault(void *owner, uint64_t address, enum code_access access, struct cpu_fault *out)
{
    static const enum space_access accesses[] = {
        [CODE_READ] = SPACE_READ, [CODE_WRITE] = SPACE_WRITE, [CODE_EXEC] = SPACE_EXEC};
    struct space_fault fault;
    if (space_fault(owner, address, accesses[access], &fault))
        return true;
    fill_fault(out, owner, address, access, &fault);
    return false;
}

/* No page of the region differs from its file. */
static bool is_pristine(const struct space *space, const struct region *region)
{
    if (!region->file || (region->flags & REGION_SHARED) || (region->prot & L_PROT_WRITE))
        return false;
    const struct segment *segment;
    for (uint64_t address = chunk_down(region->start);
         (segment = segment_next(space, &address)) && address < region->end; address += CHUNK) {
        const struct chunk *chunk = &segment->chunks[(address & (SEGMENT - 1)) >> CHUNK_SHIFT];
        uint16_t changed = chunk->written | chunk->pending;
        if (changed && (changed & page_mask(address, max_u64(region->start, address), region->end)))
            return false;
    }
    return true;
}

static void describe_extent(const struct space *space, const struct region *region,
                            struct code_extent *extent)
{
    memset(extent, 0, sizeof(*extent));
    extent->start = region->start;
    extent->end = region->end;
    if (!region->file)
        return;
    extent->generation = atomic_load(&region->file->generation);
    extent->offset = region->offset;
    if (is_pristine(space, region))
        extent->file_id = region->file->id;
}

/* A fetch looks at the region, may have to fetch a block or protect the views of others without
 * the lock, and then looks again. */
struct fetch {
    struct space *space;
    uint64_t address;
    uint8_t *to;
    size_t size;
    struct code_extent *extent;
    struct mapping *file; /* a reference, with the file's offset of the address */
    uint64_t offset;
    bool protected;      /* the file's views are write-protected where the code is */
    bool checked;        /* some view of it is written and executed in turns */
    struct block *block; /* of the address, when have_block */
    bool have_block;
};

enum outcome { DONE, NEED_PROTECTION, NEED_BLOCK, NEED_PAGE, NOT_EXECUTABLE };

static enum outcome copy_from_window(struct fetch *fetch, const struct region *region,
                                     struct chunk *chunk)
{
    struct space *space = fetch->space;
    uint16_t bit = page_bit(fetch->address);
    uint64_t page = page_down(fetch->address);
    fetch->extent->self_check = fetch->checked || (chunk->checked & bit);
    if ((region->prot & L_PROT_WRITE) && !fetch->extent->self_check && !(chunk->code & bit)) {
        chunk->code |= bit;
        if (pages_apply(space, page, page + PAGE))
            return NOT_EXECUTABLE;
    }
    if (!(chunk->readable & bit))
        return NEED_PAGE;
    memcpy(fetch->to, host_pointer(space, fetch->address), fetch->size);
    return DONE;
}

static enum outcome copy_from_block(struct fetch *fetch, const struct region *region)
{
    uint64_t offset = region->offset + (fetch->address - region->start);
    if (offset >= page_up(atomic_load(&region->file->size)))
        return NEED_PAGE; /* which is refused with SIGBUS */
    if (!fetch->have_block)
        return NEED_BLOCK;
    fetch->extent->self_check = fetch->checked;
    if (fetch->block)
        memcpy(fetch->to, fetch->block->data + (offset & (BLOCK_SIZE - 1)), fetch->size);
    else
        memset(fetch->to, 0, fetch->size);
    return DONE;
}

static enum outcome look_for_code(struct fetch *fetch)
{
    struct space *space = fetch->space;
    const struct region *region = region_at(space, fetch->address);
    if (!region || !(region->prot & L_PROT_EXEC))
        return NOT_EXECUTABLE;
    uint64_t offset = region->offset + (fetch->address - region->start);
    if (region->file &&
        (fetch->file != region->file || fetch->offset != offset || !fetch->protected)) {
        if (!fetch->file) {
            fetch->file = mapping_get(region->file);
            fetch->offset = offset;
        }
        return NEED_PROTECTION;
    }
    describe_extent(space, region, fetch->extent);
    struct chunk *chunk = chunk_find(space, fetch->address);
    uint16_t bit = page_bit(fetch->address);
    bool shared = region->flags & REGION_SHARED;
    if (chunk && (chunk->pending & bit))
        return NEED_PAGE;
    if (chunk && (chunk->present & bit) && (chunk->readable & bit))
        return copy_from_window(fetch, region, chunk);
    if (region->file && !shared)
        return copy_from_block(fetch, region);
    return NEED_PAGE;
}

static void reset(struct fetch *fetch)
{
    if (fetch->have_block)
        block_put(fetch->block);
    mapping_put(fetch->file);
    fetch->file = NULL;
    fetch->block = NULL;
    fetch->have_block = fetch->protected = fetch->checked = false;
}

/* Also right for a file that nobody stores to: a view that becomes writable later sees `executed`
 * and starts write-protected. */
static void protect_views(struct fetch *fetch)
{
    if (fetch->protected) { /* of a mapping that was replaced meanwhile */
        reset(fetch);
        return;
    }
    atomic_store(&fetch->file->executed, 1);
    if (atomic_load(&fetch->file->stored))
        fetch->checked = mapping_protect_code(fetch->file, fetch->offset & ~(PAGE - 1),
                                              (fetch->offset & ~(PAGE - 1)) + PAGE);
    fetch->protected = true;
}

/* Bytes of one page. */
static size_t fetch_page(struct space *space, uint64_t address, uint8_t *to, size_t size,
                         struct code_extent *extent, struct space_fault *fault)
{
    struct fetch fetch = {
        .space = space, .address = address, .to = to, .size = size, .extent = extent};
    enum outcome outcome;
    do {
        host_mutex_lock(&space->lock);
        outcome = look_for_code(&fetch);
        host_mutex_unlock(&space->lock);
        if (outcome == NEED_PROTECTION)
            protect_views(&fetch);
        else if (outcome == NEED_BLOCK)
            fetch.have_block = fetch.file->ops->block(fetch.file, fetch.offset >> BLOCK_SHIFT,
                                                      false, &fetch.block) == 0;
        if (outcome == NEED_PAGE || outcome == NOT_EXECUTABLE ||
            (outcome == NEED_BLOCK && !fetch.have_block)) {
            /* Supplies the page, or says what is wrong. */
            if (!space_fault(space, address, SPACE_EXEC, fault))
                break;
        }
    } while (outcome != DONE);
    reset(&fetch);
    return outcome == DONE ? size : 0;
}

static size_t fetch(void *owner, uint64_t address, void *buffer, size_t size,
                    struct code_extent *extent, struct cpu_fault *out)
{
    struct space *space = owner;
    struct space_fault fault;
    size_t done = 0;
    while (done < size) {
        uint64_t at = address + done;
        size_t part = min_u64(size - done, PAGE - (at & (PAGE - 1)));
        struct code_extent here;
        size_t got = fetch_page(space, at, (uint8_t *)buffer + done, part, &here, &fault);
        if (done == 0) {
            if (!got) {
                fill_fault(out, space, at, CODE_EXEC, &fault);
                return 0;
            }
            *extent = here;
        } else if (!got || here.start != extent->start || here.end != extent->end ||
                   here.self_check != extent->self_check || here.file_id != extent->file_id) {
            break;
        }
        done += part;
    }
    return done;
}

static int64_t read_file(void *owner, uint64_t address, uint64_t id, uint64_t index, void *block)
{
    struct space *space = owner;
    host_mutex_lock(&space->lock);
    const struct region *region = region_at(space, address);
    struct mapping *file =
        region && region->file && region->file->id == id ? mapping_get(region->file) : NULL;
    host_mutex_unlock(&space->lock);
    if (!file)
        return -L_EAGAIN;
    /* In this order: see protect_views. */
    atomic_store(&file->executed, 1);
    int64_t result = atomic_load(&file->stored) ? -L_EAGAIN : 0;
    if (!result)
        result = file->ops->peek ? file->ops->peek(file, index, block) : -L_EAGAIN;
    if (!result)
        result = (int64_t)atomic_load(&file->size);
    mapping_put(file);
    return result;
}

const struct code_source space_code_source = {.fetch = fetch, .fault = on_fault, .read = read_file};

struct codeview *space_codeview(struct space *space)
{
    host_mutex_lock(&space->lock);
    if (!space->codeview) {
        space->codeview = codeview_create(&space_code_source, space, space->base);
        space->drop_code = codeview_drop;
        space->destroy_code = codeview_destroy;
        space->rest_code = codeview_rest;
        space->fork_code = codeview_fork;
    }
    struct codeview *view = space->codeview;
    host_mutex_unlock(&space->lock);
    return view;
}
