/* The file and the function of a guest's address. */
#include "runtime/kernel/entry/where.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runtime/abi/fcntl.h"
#include "runtime/abi/stat.h"
#include "runtime/fs/path/path.h"
#include "runtime/fs/vfs/vfs.h"
#include "runtime/kernel/entry/symbols.h"
#include "runtime/kernel/entry/trace_names.h"
#include "runtime/memory/space.h"
#include "runtime/task/pid.h"
#include "runtime/task/process.h"
#include "runtime/task/task.h"
#include "runtime/translate/code_where.h"
#include "runtime/translate/cpu.h"

#define NAME_SIZE 512

/* Of the region that holds the address. */
struct place {
    uint64_t address;
    bool found;
    uint64_t start, offset, inode;
    char name[NAME_SIZE];
};

static int look(void *arg, const struct space_region *r)
{
    struct place *place = arg;
    if (place->address < r->start || place->address >= r->end)
        return 0;
    place->found = true;
    place->start = r->start;
    place->offset = r->offset;
    place->inode = r->inode;
    snprintf(place->name, sizeof(place->name), "%s", r->name ? r->name : "");
    return 1;
}

/* Appends " (function+0x20)" for a place in the file. */
static void add_symbol(struct file *file, uint64_t offset, char *text, size_t size)
{
    struct symbols *symbols = symbols_read(file);
    struct symbol symbol;
    uint64_t address;
    if (symbols && symbols_to_address(symbols, offset, &address) &&
        symbols_at(symbols, address, &symbol))
        snprintf(text, size, " (%s+0x%llx)", symbol.name,
                 (unsigned long long)(address - symbol.start));
    symbols_free(symbols);
}

/* --- addresses --- */

static void where_in(struct space *space, uint64_t address, char *text, size_t size)
{
    struct place place = {.address = address};
    struct file *file;
    if (space)
        space_describe(space, look, &place);
    if (!place.found || !place.name[0]) {
        snprintf(text, size, place.found ? "memory of no file" : "no memory");
        return;
    }
    uint64_t offset = place.offset + (address - place.start);
    int n = snprintf(text, size, "%s+0x%llx", place.name, (unsigned long long)offset);
    if (n < 0 || (size_t)n >= size || place.name[0] != '/' ||
        vfs_open(vfs_kernel_caller(), NULL, place.name, L_O_RDONLY | L_O_NONBLOCK, 0, 0, &file))
        return;
    /* The name may be another file's by now. */
    if (file->inode->ino == place.inode && (file->inode->mode & L_S_IFMT) == L_S_IFREG)
        add_symbol(file, offset, text + n, size - (size_t)n);
    file_put(file);
}

void where_is(struct task *t, uint64_t address, char *text, size_t size)
{
    where_in(t->process->space, address, text, size);
}

void where_fault(struct task *t, const struct cpu *cpu, char *text, size_t size)
{
    const struct cpu_fault *f = &cpu->fault;
    const struct cpu_block *b = &cpu->block;
    char signal[16], place[NAME_SIZE + SYMBOL_NAME_SIZE + 64];
    where_is(t, cpu->rip, place, sizeof(place));
    int n = snprintf(text, size, "%s, code %d, address 0x%llx: rip 0x%llx in %s",
                     trace_signal_name(f->signo, signal), f->code, (unsigned long long)f->address,
                     (unsigned long long)cpu->rip, place);
    if (n > 0 && (size_t)n < size && b->host)
        snprintf(text + n, size - (size_t)n,
                 "; host 0x%llx, at 0x%llx of the block of 0x%llx-0x%llx at 0x%llx",
                 (unsigned long long)b->host, (unsigned long long)(b->host - b->code),
                 (unsigned long long)b->pc, (unsigned long long)(b->pc + b->size),
                 (unsigned long long)b->code);
}

/* --- for a debugger ---
 */

/* Appends to the text, which stays whole. */
static size_t add(char *text, size_t size, size_t at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(text + at, size - at, format, arguments);
    va_end(arguments);
    return n < 0 || (size_t)n >= size - at ? at : at + (size_t)n;
}

/* The processes whose threads can come there. */
static size_t add_processes(char *text, size_t size, size_t at, const struct code_place *place)
{
    const struct process *last = NULL;
    for (int32_t id = 1; id <= pid_highest(); id++) {
        const struct task *t = pid_entry(id)->task;
        if (!t || !t->cpu || t->process == last || !code_where_used(t->cpu, place))
            continue;
        at = add(text, size, at, "%s%d", last ? ", " : "; process ", (int)t->process->pid);
        last = t->process;
    }
    return at;
}

__attribute__((used)) const char *where_host(uint64_t host)
{
    static const char *const kinds[] = {
        [CODE_ELSEWHERE] = "no translated code",
        [CODE_STUB] = "between guest code and C (stubs.S)",
        [CODE_FREE] = "code memory without a block",
    };
    static char text[512];
    struct code_place p;
    code_where(host, &p);
    size_t at = add(text, sizeof(text), 0, "host 0x%llx: ", (unsigned long long)host);
    if (!p.block) {
        add(text, sizeof(text), at, "%s", kinds[p.kind]);
        return text;
    }
    at = add(text, sizeof(text), at, "guest 0x%llx", (unsigned long long)p.guest);
    if (p.guest_end != p.guest)
        at = add(text, sizeof(text), at, " to 0x%llx", (unsigned long long)p.guest_end);
    at = add(text, sizeof(text), at, ", at 0x%x of the %sblock of 0x%llx-0x%llx at 0x%llx-0x%llx, ",
             p.offset, p.dead ? "dropped " : "", (unsigned long long)p.pc,
             (unsigned long long)(p.pc + p.guest_size), (unsigned long long)p.code,
             (unsigned long long)(p.code + p.size));
    if (p.kind == CODE_SLOT)
        at = add(text, sizeof(text), at, "one thread's own");
    else if (p.file_id)
        at = add(text, sizeof(text), at, "shared code of file %llu", (unsigned long long)p.file_id);
    else
        at = add(text, sizeof(text), at, "private code");
    add_processes(text, sizeof(text), at, &p);
    return text;
}

__attribute__((used)) const char *where_guest(int pid, uint64_t address)
{
    static char text[NAME_SIZE + SYMBOL_NAME_SIZE + 64];
    struct process *p = process_find(pid);
    struct space *space = p ? process_space(p) : NULL;
    if (space)
        where_in(space, address, text, sizeof(text));
    else
        snprintf(text, sizeof(text), "no such process");
    if (space)
        space_put(space);
    process_put(p);
    return text;
}
