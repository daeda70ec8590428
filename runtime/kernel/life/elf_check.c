/* ELF headers: what Linux accepts and the errno for what it does not (fs/binfmt_elf.c's behaviour).
 */
#define HEAP_TIER HEAP_RESERVE
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/path/path.h"
#include "runtime/host/heap.h"
#include "runtime/kernel/life/exec.h"

#define SEGMENTS_SIZE_MAX 65536
#define NAME_MAX_SIZE     4096

/* All or -L_EIO. */
static int read_all(struct file *file, void *buffer, size_t n, uint64_t offset)
{
    uint8_t *p = buffer;
    while (n) {
        int64_t got = file_read(file, p, n, &offset);
        if (got < 0)
            return (int)got;
        if (!got)
            return -L_EIO;
        p += got;
        n -= (size_t)got;
    }
    return 0;
}

static bool header_valid(const struct l_elf_header *h)
{
    return !memcmp(h->e_ident, "\177ELF", 4) && (h->e_type == L_ET_EXEC || h->e_type == L_ET_DYN) &&
           h->e_machine == L_EM_X86_64;
}

static int read_segments(struct elf_file *elf)
{
    const struct l_elf_header *h = &elf->header;
    size_t size = sizeof(struct l_elf_segment) * h->e_phnum;
    if (h->e_phentsize != sizeof(struct l_elf_segment) || !size || size > SEGMENTS_SIZE_MAX)
        return -L_ENOEXEC;
    elf->segments = malloc(size);
    if (!elf->segments || (int64_t)h->e_phoff < 0)
        return -L_ENOEXEC;
    return read_all(elf->file, elf->segments, size, h->e_phoff) ? -L_ENOEXEC : 0;
}

static int open_interpreter(struct exec *ex, const struct l_elf_segment *s)
{
    if (s->p_filesz > NAME_MAX_SIZE || s->p_filesz < 2)
        return -L_ENOEXEC;
    char *name = malloc(s->p_filesz);
    if (!name)
        return -L_ENOMEM;
    int error = (int64_t)s->p_offset < 0
                    ? -L_EINVAL
                    : read_all(ex->program.file, name, s->p_filesz, s->p_offset);
    if (!error && name[s->p_filesz - 1])
        error = -L_ENOEXEC;
    struct elf_file *in = &ex->interpreter;
    if (!error) {
        struct vfs_caller caller;
        vfs_caller_of(ex->task, &caller);
        /* The empty name leads Linux to the current directory, which is no program. */
        error = name[0] ? vfs_open_exec(&caller, NULL, name, 0, &in->file) : -L_EACCES;
    }
    free(name);
    if (error)
        return error;
    error = read_all(in->file, &in->header, sizeof(in->header), 0);
    if (error)
        return error;
    if (!header_valid(&in->header) || read_segments(in))
        return -L_ELIBBAD;
    return 0;
}

int elf_open(struct exec *ex, const uint8_t head[EXEC_HEAD_SIZE])
{
    struct elf_file *elf = &ex->program;
    memcpy(&elf->header, head, sizeof(elf->header));
    if (!header_valid(&elf->header))
        return -L_ENOEXEC;
    int error = read_segments(elf);
    if (error)
        return error;
    for (int i = 0; i < elf->header.e_phnum; i++) {
        const struct l_elf_segment *s = &elf->segments[i];
        if (s->p_type == L_PT_INTERP && !ex->interpreter.file) {
            error = open_interpreter(ex, s);
            if (error)
                return error;
        }
        if (s->p_type == L_PT_GNU_STACK)
            ex->executable_stack = s->p_flags & L_PF_X;
    }
    return 0;
}

void elf_close(struct elf_file *elf)
{
    if (elf->mapping)
        mapping_put(elf->mapping);
    if (elf->file)
        file_put(elf->file);
    free(elf->segments);
    memset(elf, 0, sizeof(*elf));
}
