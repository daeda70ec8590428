/* Maps the segments of a program and its interpreter. */
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/mman.h"
#include "runtime/fs/vfs/file.h"
#include "runtime/kernel/life/exec.h"
#include "runtime/memory/access.h"
#include "runtime/memory/mapping.h"
#include "runtime/memory/space.h"

#define PAGE_MASK   (SPACE_PAGE - 1)
#define BLOCK_ALIGN 65536u

static uint64_t page_down(uint64_t a)
{
    return a & ~PAGE_MASK;
}

static uint64_t page_up(uint64_t a)
{
    return (a + PAGE_MASK) & ~PAGE_MASK;
}

static uint32_t protection(const struct l_elf_segment *s)
{
    return (s->p_flags & L_PF_R ? L_PROT_READ : 0) | (s->p_flags & L_PF_W ? L_PROT_WRITE : 0) |
           (s->p_flags & L_PF_X ? L_PROT_EXEC : 0);
}

struct extent {
    uint64_t low, high, align;
};

/* The range of all loaded segments; false when there is none. */
static bool measure(const struct elf_file *elf, struct extent *e)
{
    bool any = false;
    *e = (struct extent){UINT64_MAX, 0, SPACE_PAGE};
    for (int i = 0; i < elf->header.e_phnum; i++) {
        const struct l_elf_segment *s = &elf->segments[i];
        if (s->p_type != L_PT_LOAD)
            continue;
        any = true;
        uint64_t end = s->p_vaddr + s->p_memsz;
        if (page_down(s->p_vaddr) < e->low)
            e->low = page_down(s->p_vaddr);
        if (end > e->high)
            e->high = end;
        bool power = s->p_align && !(s->p_align & (s->p_align - 1));
        if (power && s->p_align > e->align)
            e->align = s->p_align;
    }
    return any;
}

static int choose_bias(struct space *space, struct elf_file *elf, uint64_t *bias)
{
    struct extent e;
    *bias = 0;
    if (!measure(elf, &e))
        return elf->header.e_type == L_ET_DYN ? -L_EINVAL : 0;
    if (elf->header.e_type == L_ET_EXEC)
        return 0;
    if (e.high < e.low || e.high - e.low > SPACE_END)
        return -L_ENOMEM;
    uint64_t slack = e.align > BLOCK_ALIGN ? e.align : 0;
    if (slack > SPACE_END)
        return -L_ENOMEM;
    int64_t at = space_place(space, elf->mapping, page_up(e.high - e.low) + slack);
    if (at < 0)
        return (int)at;
    uint64_t address = (uint64_t)at;
    if (slack)
        address = (address + e.align - 1) & ~(e.align - 1);
    *bias = address - e.low;
    return 0;
}

/* Zero from the end of the file's part to the end of the page; the rest is anonymous. */
static int load_zeroes(struct space *space, const struct l_elf_segment *s, uint64_t bias)
{
    uint64_t start = s->p_vaddr + s->p_filesz + bias;
    uint64_t end = page_up(s->p_vaddr + s->p_memsz + bias);
    if (s->p_filesz && (start & PAGE_MASK)) {
        uint64_t tail = page_up(start) - start;
        if (clear_guest(space, start, tail) && (s->p_flags & L_PF_W))
            return -L_EFAULT;
    }
    start = s->p_filesz ? page_up(start) : page_down(start);
    if (end <= start)
        return 0;
    int64_t at = space_mmap(space, start, end - start,
                            L_PROT_READ | L_PROT_WRITE | (s->p_flags & L_PF_X ? L_PROT_EXEC : 0),
                            L_MAP_PRIVATE | L_MAP_FIXED | L_MAP_ANONYMOUS, NULL, 0);
    return at < 0 ? (int)at : 0;
}

static int load_segment(struct space *space, struct elf_file *elf, const struct l_elf_segment *s,
                        uint64_t bias, bool first)
{
    uint64_t limit = SPACE_END;
    uint64_t address = s->p_vaddr + bias;
    if (s->p_filesz > s->p_memsz || s->p_memsz > limit || address > limit - s->p_memsz ||
        s->p_filesz > limit)
        return -L_EINVAL;
    if (s->p_filesz) {
        uint64_t skew = s->p_vaddr & PAGE_MASK;
        if (s->p_offset < skew || (int64_t)s->p_offset < 0 || ((s->p_offset - skew) & PAGE_MASK))
            return -L_EINVAL;
        uint32_t fixed = first ? L_MAP_FIXED_NOREPLACE : L_MAP_FIXED;
        int64_t at = space_mmap(space, address - skew, page_up(s->p_filesz + skew), protection(s),
                                L_MAP_PRIVATE | fixed, elf->mapping, s->p_offset - skew);
        if (at < 0)
            return (int)at;
    }
    return s->p_memsz > s->p_filesz ? load_zeroes(space, s, bias) : 0;
}

static int load_file(struct space *space, struct elf_file *elf, uint64_t *bias, uint64_t *end)
{
    uint64_t offset = 0;
    int error = file_mmap(elf->file, L_PROT_READ | L_PROT_EXEC, false, &elf->mapping, &offset);
    if (error)
        return error;
    error = choose_bias(space, elf, bias);
    bool first = true;
    *end = 0;
    for (int i = 0; i < elf->header.e_phnum && !error; i++) {
        const struct l_elf_segment *s = &elf->segments[i];
        if (s->p_type != L_PT_LOAD)
            continue;
        error = load_segment(space, elf, s, *bias, first);
        first = false;
        if (s->p_vaddr + s->p_memsz + *bias > *end)
            *end = s->p_vaddr + s->p_memsz + *bias;
    }
    return error;
}

/* Where the program headers lie in memory: the segment that holds them in the file. */
static uint64_t find_headers(const struct elf_file *elf, uint64_t bias)
{
    for (int i = 0; i < elf->header.e_phnum; i++) {
        const struct l_elf_segment *s = &elf->segments[i];
        if (s->p_type == L_PT_LOAD && s->p_offset <= elf->header.e_phoff &&
            elf->header.e_phoff < s->p_offset + s->p_filesz)
            return elf->header.e_phoff - s->p_offset + s->p_vaddr + bias;
    }
    return 0;
}

int elf_load(struct exec *ex)
{
    uint64_t bias, end;
    int error = load_file(ex->space, &ex->program, &bias, &end);
    if (error)
        return error;
    ex->entry = ex->start = ex->program.header.e_entry + bias;
    ex->phdr = find_headers(&ex->program, bias);
    bool fixed = ex->program.header.e_type == L_ET_EXEC && end;
    ex->brk = space_set_brk(ex->space, fixed ? page_up(end) : 0);
    if (!ex->interpreter.file)
        return 0;
    error = load_file(ex->space, &ex->interpreter, &ex->base, &end);
    ex->start = ex->interpreter.header.e_entry + ex->base;
    return error;
}
