/*
 * Host memory at chosen addresses.
 *
 * Reservations and views start at multiples of HOST_GRANULARITY; commit, decommit and protect work
 * on pages of HOST_PAGE bytes. On every host the rules of Windows hold: a call never spans two
 * reservations, a reservation is released whole, a view cannot lie in a reservation. Sizes are in
 * bytes; commit, decommit and protect do nothing to 0 bytes. Functions return 0 or -L_ENOMEM (no
 * memory, address taken) or -L_EINVAL, where nothing else is said.
 */
#ifndef RUNTIME_HOST_MEMORY_H
#define RUNTIME_HOST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOST_PAGE        ((size_t)4096)
#define HOST_GRANULARITY ((size_t)65536)

enum host_protection {
    HOST_NONE = 0,
    HOST_READ = 1,
    HOST_WRITE = 2, /* implies HOST_READ */
    HOST_EXEC = 4,
};

/* Reserves address space without memory behind it; address 0 lets the host choose. *out gets the
 * address. */
int host_reserve(uint64_t address, size_t size, uint64_t *out);
/* Ends a reservation and what is committed in it: exactly the address and size of host_reserve. */
void host_release(uint64_t address, size_t size);

/* Whether nothing at all of this process lies in the range, its own program and heap included, as
 * far as the host tells. */
bool host_address_free(uint64_t address, uint64_t size);

/* Puts zeroed pages behind part of a reservation; pages already committed keep their contents and
 * get the protection. */
int host_commit(uint64_t address, size_t size, unsigned protection);
/* Takes the pages away; touching them faults. */
int host_decommit(uint64_t address, size_t size);
int host_protect(uint64_t address, size_t size, unsigned protection);
/* Contents of committed pages become zero and get the protection; the memory goes back to the host.
 * For a moment touching them may fault. */
int host_clear(uint64_t address, size_t size, unsigned protection);
/* Commits pages that are not committed, with contents. Where the host can do it (Linux), other
 * threads see the pages absent or complete, never half filled. */
int host_fill(uint64_t address, size_t size, const void *data, unsigned protection);
/* Ends part of a reservation, whole granules, and leaves the rest (which may then be released in
 * two parts); or all reservations and views in the range at once. -L_ENOTSUP where the host cannot
 * (Windows). */
int host_release_part(uint64_t address, size_t size);
/* A hint that all of it will be written soon. */
void host_prefault(uint64_t address, size_t size);
/* Pages of a committed range that were touched; at most HOST_TOUCHED_MOST pages are looked at. 0
 * where the host does not tell. */
#define HOST_TOUCHED_MOST 256
size_t host_touched(uint64_t address, size_t size);

/* How many more pieces, each with a protection of its own, the host lets this process have;
 * SIZE_MAX without a bound. Takes milliseconds when there are many. */
size_t host_pieces_left(void);

/* A section: memory that several views can show. `size` a multiple of HOST_GRANULARITY; `exec` when
 * views shall be executable: then they are neither private nor discarded. The host keeps no more
 * memory than was touched on Linux; on Windows the whole size is charged. */
struct host_section;
struct host_section *host_section_create(uint64_t size, bool exec);
/* Views keep the memory alive. */
void host_section_free(struct host_section *section);
/* Shows [offset, offset + size) at address (0: anywhere); both multiples of HOST_GRANULARITY. Wine,
 * unlike Windows, shows zeros there for a moment first. */
int host_view_map(struct host_section *section, uint64_t offset, size_t size, uint64_t address,
                  unsigned protection, uint64_t *out);
/* The same of a section without exec, but writes stay private to the view. */
int host_view_map_private(struct host_section *section, uint64_t offset, size_t size,
                          uint64_t address, uint64_t *out);
/* Ends a view: exactly the address and size of the map. */
void host_view_unmap(uint64_t address, size_t size);
/* Gives the memory of part of a section back where the host can (Linux), else does nothing; the
 * contents are undefined afterwards. */
void host_section_discard(struct host_section *section, uint64_t offset, size_t size);

/* Bytes that the C library's heap gave for p, not NULL; at least what was asked for. */
size_t host_heap_size(void *p);
/* Gives what lies idle in the heap back. Takes milliseconds. */
void host_heap_trim(void);

#endif
