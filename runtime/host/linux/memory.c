/* Memory: windows, sections, views, protection. */
#include "runtime/host/memory.h"
#include "runtime/abi/errno.h"
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

struct host_section {
    int fd;
    uint64_t size;
    void *code; /* one for code: a view of it; fd is -1 */
};

static int protection_bits(unsigned protection)
{
    int bits = PROT_NONE;
    if (protection & (HOST_READ | HOST_WRITE))
        bits |= PROT_READ;
    if (protection & HOST_WRITE)
        bits |= PROT_WRITE;
    if (protection & HOST_EXEC)
        bits |= PROT_READ | PROT_EXEC;
    return bits;
}

static void *at(uint64_t address)
{
    return (void *)(uintptr_t)address;
}

static int map(uint64_t address, size_t size, int bits, int flags, int fd, uint64_t offset,
               uint64_t *out)
{
    if (address)
        flags |= MAP_FIXED_NOREPLACE;
    void *where = mmap(at(address), size, bits, flags, fd, (off_t)offset);
    if (where == MAP_FAILED)
        return -L_ENOMEM;
    if (address && where != at(address)) { /* a kernel without MAP_FIXED_NOREPLACE */
        munmap(where, size);
        return -L_ENOMEM;
    }
    *out = (uint64_t)(uintptr_t)where;
    return 0;
}

/* Room at an address of the host's choice, aligned to HOST_GRANULARITY: mapped without access, so
 * that no other thread can take it. */
static int take_room(size_t size, uint64_t *out)
{
    uint64_t start;
    int error = map(0, size + HOST_GRANULARITY, PROT_NONE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0, &start);
    if (error)
        return error;
    uint64_t end = start + size + HOST_GRANULARITY;
    *out = (start + HOST_GRANULARITY - 1) & ~(HOST_GRANULARITY - 1);
    if (*out > start)
        munmap(at(start), *out - start);
    if (end > *out + size)
        munmap(at(*out + size), end - (*out + size));
    return 0;
}

static int map_aligned(uint64_t address, size_t size, int bits, int flags, int fd, uint64_t offset,
                       uint64_t *out)
{
    if (address)
        return map(address, size, bits, flags, fd, offset, out);
    int error = take_room(size, &address);
    if (error)
        return error;
    if (mmap(at(address), size, bits, flags | MAP_FIXED, fd, (off_t)offset) == MAP_FAILED) {
        munmap(at(address), size);
        return -L_ENOMEM;
    }
    *out = address;
    return 0;
}

int host_reserve(uint64_t address, size_t size, uint64_t *out)
{
    return map_aligned(address, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0,
                       out);
}

void host_release(uint64_t address, size_t size)
{
    munmap(at(address), size);
}

bool host_address_free(uint64_t address, uint64_t size)
{
    void *where = mmap(at(address), size, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    /* Any other error is of the host's limits, and says nothing of the range. */
    if (where == MAP_FAILED)
        return errno != EEXIST;
    munmap(where, size);
    return where == at(address); /* elsewhere: a kernel without MAP_FIXED_NOREPLACE */
}

int host_commit(uint64_t address, size_t size, unsigned protection)
{
    return host_protect(address, size, protection);
}

int host_decommit(uint64_t address, size_t size)
{
    if (!size)
        return 0;
    void *where = mmap(at(address), size, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    return where == MAP_FAILED ? -L_ENOMEM : 0;
}

int host_protect(uint64_t address, size_t size, unsigned protection)
{
    return mprotect(at(address), size, protection_bits(protection)) ? -L_ENOMEM : 0;
}

int host_clear(uint64_t address, size_t size, unsigned protection)
{
    if (madvise(at(address), size, MADV_DONTNEED))
        return -L_ENOMEM;
    return host_protect(address, size, protection);
}

/* proc(5): writes to /proc/self/mem reach private pages whatever their protection, so that nobody
 * sees them before they are complete. */
static int memory_file(void)
{
    static _Atomic int file = -1;
    int fd = atomic_load(&file);
    if (fd >= 0)
        return fd;
    fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
    int none = -1;
    if (fd >= 0 && !atomic_compare_exchange_strong(&file, &none, fd)) {
        close(fd);
        fd = none;
    }
    return fd;
}

int host_fill(uint64_t address, size_t size, const void *data, unsigned protection)
{
    int fd = memory_file();
    if (fd >= 0 && pwrite(fd, data, size, (off_t)address) == (ssize_t)size)
        return host_protect(address, size, protection);
    /* Refused to this process: the pages are open while they are filled. */
    int error = host_commit(address, size, HOST_READ | HOST_WRITE);
    if (error)
        return error;
    memcpy(at(address), data, size);
    return protection == (HOST_READ | HOST_WRITE) ? 0 : host_protect(address, size, protection);
}

int host_release_part(uint64_t address, size_t size)
{
    return munmap(at(address), size) ? -L_ENOMEM : 0;
}

void host_prefault(uint64_t address, size_t size)
{
    madvise(at(address), size, MADV_POPULATE_WRITE);
}

size_t host_touched(uint64_t address, size_t size)
{
    unsigned char pages[HOST_TOUCHED_MOST];
    size_t count = size / HOST_PAGE, touched = 0;
    if (count > HOST_TOUCHED_MOST)
        count = HOST_TOUCHED_MOST;
    if (mincore(at(address), count * HOST_PAGE, pages))
        return 0;
    for (size_t i = 0; i < count; i++)
        touched += pages[i] & 1;
    return touched;
}

/* proc(5): no more mappings than this, which are the lines of /proc/self/maps. */
static size_t most_pieces(void)
{
    char text[32];
    int fd = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    text[got > 0 ? got : 0] = 0;
    return got > 0 ? strtoul(text, NULL, 10) : 65530;
}

size_t host_pieces_left(void)
{
    static _Atomic size_t most;
    size_t bound = atomic_load(&most), pieces = 0;
    char text[4096];
    ssize_t got;
    if (!bound)
        atomic_store(&most, bound = most_pieces());
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return SIZE_MAX;
    while ((got = read(fd, text, sizeof(text))) > 0)
        for (ssize_t i = 0; i < got; i++)
            pieces += text[i] == '\n';
    close(fd);
    return bound > pieces ? bound - pieces : 0;
}

struct host_section *host_section_create(uint64_t size, bool exec)
{
    struct host_section *section = malloc(sizeof(*section));
    if (!section)
        return NULL;
    *section = (struct host_section){.fd = -1, .size = size};
    if (exec) {
        /* Without a file: perf(1) looks for names of code (perf_map.h) only in such memory. */
        section->code = mmap(NULL, size, PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (section->code != MAP_FAILED)
            return section;
        free(section);
        return NULL;
    }
    section->fd = memfd_create("foreland", MFD_CLOEXEC);
    if (section->fd >= 0 && ftruncate(section->fd, (off_t)size) == 0)
        return section;
    if (section->fd >= 0)
        close(section->fd);
    free(section);
    return NULL;
}

void host_section_free(struct host_section *section)
{
    if (!section)
        return;
    if (section->code)
        munmap(section->code, section->size);
    else
        close(section->fd);
    free(section);
}

/* Another view of memory without a file (mremap(2), old_size 0). */
static int map_code(const struct host_section *section, uint64_t offset, size_t size,
                    uint64_t address, int bits, uint64_t *out)
{
    int error = address ? map(address, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, out)
                        : take_room(size, out);
    if (error)
        return error;
    uint8_t *from = (uint8_t *)section->code + offset;
    if (mremap(from, 0, size, MREMAP_MAYMOVE | MREMAP_FIXED, at(*out)) != MAP_FAILED &&
        mprotect(at(*out), size, bits) == 0)
        return 0;
    munmap(at(*out), size);
    return -L_ENOMEM;
}

int host_view_map(struct host_section *section, uint64_t offset, size_t size, uint64_t address,
                  unsigned protection, uint64_t *out)
{
    int bits = protection_bits(protection);
    if (section->code)
        return map_code(section, offset, size, address, bits, out);
    return map_aligned(address, size, bits, MAP_SHARED, section->fd, offset, out);
}

int host_view_map_private(struct host_section *section, uint64_t offset, size_t size,
                          uint64_t address, uint64_t *out)
{
    return map_aligned(address, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE,
                       section->fd, offset, out);
}

void host_view_unmap(uint64_t address, size_t size)
{
    munmap(at(address), size);
}

void host_section_discard(struct host_section *section, uint64_t offset, size_t size)
{
    /* Fails only where holes are not supported; then the memory stays. */
    int ignored = fallocate(section->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
                            (off_t)size);
    (void)ignored;
}

size_t host_heap_size(void *p)
{
    return malloc_usable_size(p);
}

void host_heap_trim(void)
{
    malloc_trim(0);
}
