/*
 * Translated code of an address space.
 *
 * A codeview belongs to one address space: it has the table for indirect jumps, the list of code
 * spaces attached, and the private code space. A code space holds the translations of one mapping
 * of a file whose executable pages are all the file's (key: file, generation, load address) and is
 * shared by every address space that maps it so; everything else is translated privately.
 *
 * Locking: one translator lock inside; callbacks of struct code_source are made without it.
 */
#ifndef RUNTIME_TRANSLATE_CODE_SOURCE_H
#define RUNTIME_TRANSLATE_CODE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct codeview;
struct cpu_fault;

/* Access kinds of a fault. */
enum code_access { CODE_READ, CODE_WRITE, CODE_EXEC };

/* The executable mapping around an address. */
struct code_extent {
    uint64_t start, end; /* guest addresses, whole pages, all executable, all of one mapping */
    uint64_t file_id;    /* mapping id when every executable page of it is the file's own; else 0 */
    uint64_t generation; /* of the file's content */
    uint64_t offset;     /* file offset of start */
    bool self_check;     /* page is written and executed in turns: blocks compare their own bytes */
};

#define CODE_BLOCK ((size_t)64 << 10)

/* What the translator needs of an address space. */
struct code_source {
    /* Copies up to n bytes of executable memory at guest address addr (never past extent->end) to
     * buf and describes the mapping. Before it reads from a page that may still be written (private
     * and writable, or aliased), it write-protects all aliases, so that a later write calls
     * codeview_drop. Returns the number of bytes, 0 when addr is not executable or absent (fault is
     * filled). May read files; takes its own locks. */
    size_t (*fetch)(void *owner, uint64_t addr, void *buf, size_t n, struct code_extent *extent,
                    struct cpu_fault *fault);
    /* Copies block `index` (CODE_BLOCK bytes) of the file with that id, which the extent around
     * addr shows, as fetch would read it; what lies beyond its end is 0. Later changes of the file
     * call codeview_drop. Gives the file's size, or -L_EAGAIN when another file is there or this
     * one is stored to through mappings, or another negative errno. As fetch. NULL: there are no
     * files.
     */
    int64_t (*read)(void *owner, uint64_t addr, uint64_t file_id, uint64_t index, void *block);
    /* A guest access of 1..64 bytes at addr faulted. Returns true when memory has been supplied or
     * made accessible and the access shall be tried again; otherwise fills fault (SIGSEGV with
     * SEGV_MAPERR or SEGV_ACCERR, SIGBUS ...;
     * error is 1 when a page is there that may be accessed in another way, else 0). */
    bool (*fault)(void *owner, uint64_t addr, enum code_access access, struct cpu_fault *fault);
};

/* A view for a new address space with that window, below which its table will be shown (cpu.h);
 * NULL when out of memory. The owner is passed to the callbacks. */
struct codeview *codeview_create(const struct code_source *source, void *owner, uint64_t window);

/* The view of a fork's child: starts with everything the parent has that is shared. former, which
 * ends: one at rest with that window, or NULL. */
struct codeview *codeview_fork(struct codeview *parent, void *owner, uint64_t window,
                               struct codeview *former);

/* No thread runs in the address space any more: all the view has goes, but what it shows below its
 * window stays, for codeview_fork. */
void codeview_rest(struct codeview *view);

/* No thread runs in the address space any more. */
void codeview_destroy(struct codeview *view);

/* Executable guest memory in [start, end) was unmapped, re-protected, replaced or is about to be
 * written: translations of it are unreachable from this view when the call returns (threads inside
 * one finish their block). Caller may hold the address space's lock. */
void codeview_drop(struct codeview *view, uint64_t start, uint64_t end);

#endif
