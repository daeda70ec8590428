/* Memory: windows of placeholders, sections, views, protection. */
#include "runtime/host/memory.h"
#include "runtime/abi/errno.h"
#include <stdlib.h>
#include <string.h>
#include <windows.h>

struct host_section {
    HANDLE handle;
    bool exec;
};

static DWORD page_protection(unsigned protection)
{
    if (protection & HOST_EXEC)
        return protection & HOST_WRITE ? PAGE_EXECUTE_READWRITE : PAGE_EXECUTE_READ;
    if (protection & HOST_WRITE)
        return PAGE_READWRITE;
    return protection & HOST_READ ? PAGE_READONLY : PAGE_NOACCESS;
}

static void *at(uint64_t address)
{
    return (void *)(uintptr_t)address;
}

int host_reserve(uint64_t address, size_t size, uint64_t *out)
{
    void *where = VirtualAlloc(at(address), size, MEM_RESERVE, PAGE_NOACCESS);
    if (!where)
        return -L_ENOMEM;
    *out = (uint64_t)(uintptr_t)where;
    return 0;
}

void host_release(uint64_t address, size_t size)
{
    (void)size;
    VirtualFree(at(address), 0, MEM_RELEASE);
}

bool host_address_free(uint64_t address, uint64_t size)
{
    MEMORY_BASIC_INFORMATION around;
    if (!VirtualQuery(at(address), &around, sizeof around) || around.State != MEM_FREE)
        return false;
    uint64_t start = (uint64_t)(uintptr_t)around.BaseAddress;
    return start + around.RegionSize - address >= size;
}

int host_commit(uint64_t address, size_t size, unsigned protection)
{
    if (!size)
        return 0;
    if (!VirtualAlloc(at(address), size, MEM_COMMIT, page_protection(protection)))
        return -L_ENOMEM;
    /* VirtualAlloc promises its protection only to pages that were not committed before. */
    return host_protect(address, size, protection);
}

int host_decommit(uint64_t address, size_t size)
{
    /* To VirtualFree a size of 0 is the whole reservation. */
    return !size || VirtualFree(at(address), size, MEM_DECOMMIT) ? 0 : -L_ENOMEM;
}

/* Whether the pages belong to a view made with FILE_MAP_COPY. */
static bool is_private_view(uint64_t address)
{
    MEMORY_BASIC_INFORMATION page;
    return VirtualQuery(at(address), &page, sizeof(page)) && page.Type == MEM_MAPPED &&
           page.AllocationProtect == PAGE_WRITECOPY;
}

int host_protect(uint64_t address, size_t size, unsigned protection)
{
    DWORD old, wanted = page_protection(protection);
    if (!size || VirtualProtect(at(address), size, wanted, &old))
        return 0;
    /* A protection has to be compatible with the access a view was mapped with. */
    if (wanted == PAGE_READWRITE && is_private_view(address) &&
        VirtualProtect(at(address), size, PAGE_WRITECOPY, &old))
        return 0;
    return -L_ENOMEM;
}

int host_clear(uint64_t address, size_t size, unsigned protection)
{
    int error = host_decommit(address, size);
    return error ? error : host_commit(address, size, protection);
}

int host_fill(uint64_t address, size_t size, const void *data, unsigned protection)
{
    int error = host_commit(address, size, HOST_READ | HOST_WRITE);
    if (error)
        return error;
    memcpy(at(address), data, size);
    return protection == (HOST_READ | HOST_WRITE) ? 0 : host_protect(address, size, protection);
}

int host_release_part(uint64_t address, size_t size)
{
    (void)address;
    (void)size;
    return -L_ENOTSUP;
}

void host_prefault(uint64_t address, size_t size)
{
    /* Nothing Windows documents makes zero pages ahead of their use. */
    (void)address;
    (void)size;
}

size_t host_touched(uint64_t address, size_t size)
{
    /* It would only serve host_prefault. */
    (void)address;
    (void)size;
    return 0;
}

size_t host_pieces_left(void)
{
    return SIZE_MAX;
}

struct host_section *host_section_create(uint64_t size, bool exec)
{
    struct host_section *section = malloc(sizeof(*section));
    if (!section)
        return NULL;
    section->exec = exec;
    section->handle = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL,
                                         exec ? PAGE_EXECUTE_READWRITE : PAGE_READWRITE,
                                         (DWORD)(size >> 32), (DWORD)size, NULL);
    if (section->handle)
        return section;
    free(section);
    return NULL;
}

void host_section_free(struct host_section *section)
{
    if (!section)
        return;
    CloseHandle(section->handle);
    free(section);
}

static int view(struct host_section *section, DWORD access, uint64_t offset, size_t size,
                uint64_t address, uint64_t *out)
{
    void *where = MapViewOfFileEx(section->handle, access, (DWORD)(offset >> 32), (DWORD)offset,
                                  size, at(address));
    if (!where)
        return -L_ENOMEM;
    *out = (uint64_t)(uintptr_t)where;
    return 0;
}

int host_view_map(struct host_section *section, uint64_t offset, size_t size, uint64_t address,
                  unsigned protection, uint64_t *out)
{
    if (protection & HOST_EXEC) {
        DWORD write = protection & HOST_WRITE ? FILE_MAP_WRITE : 0;
        return view(section, FILE_MAP_READ | FILE_MAP_EXECUTE | write, offset, size, address, out);
    }
    /* Mapped for writing, so that host_protect can allow it later. */
    int error = view(section, FILE_MAP_READ | FILE_MAP_WRITE, offset, size, address, out);
    if (!error && !(protection & HOST_WRITE))
        error = host_protect(*out, size, protection);
    return error;
}

int host_view_map_private(struct host_section *section, uint64_t offset, size_t size,
                          uint64_t address, uint64_t *out)
{
    return view(section, FILE_MAP_COPY, offset, size, address, out);
}

void host_view_unmap(uint64_t address, size_t size)
{
    (void)size;
    UnmapViewOfFile(at(address));
}

void host_section_discard(struct host_section *section, uint64_t offset, size_t size)
{
    /* Memory of a section stays until the section goes. */
    (void)section;
    (void)offset;
    (void)size;
}

size_t host_heap_size(void *p)
{
    return _msize(p);
}

/* HeapCompact decommits large free blocks. */
void host_heap_trim(void)
{
    HeapCompact((HANDLE)_get_heap_handle(), 0);
}
