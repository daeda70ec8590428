/* The functions of a program's file. */
#define HEAP_TIER HEAP_RESERVE
#include "runtime/kernel/entry/symbols.h"

#include <string.h>

#include "runtime/abi/elf.h"
#include "runtime/fs/vfs/vfs.h"
#include "runtime/host/heap.h"

#define SECTIONS_MAX 1024u
#define SEGMENTS_MAX 64u
#define SYMBOLS_MAX  (1u << 20)
/* Functions may lie inside others; this many are looked through from the last one backwards. */
#define NESTED_MAX 64u

struct entry {
    uint64_t start, size;
    uint32_t name;
};

struct symbols {
    struct file *file;
    struct l_elf_section strings;
    struct l_elf_segment segments[SEGMENTS_MAX];
    size_t segment_count;
    struct entry *entries; /* in rising order */
    size_t count;
};

static bool read_at(struct file *file, void *to, size_t n, uint64_t offset)
{
    return (int64_t)offset >= 0 && file_read(file, to, n, &offset) == (int64_t)n;
}

static bool read_segments(struct symbols *s, const struct l_elf_header *h)
{
    for (unsigned i = 0; i < h->e_phnum && i < SEGMENTS_MAX; i++) {
        struct l_elf_segment *to = &s->segments[s->segment_count];
        if (!read_at(s->file, to, sizeof(*to), h->e_phoff + i * sizeof(*to)))
            return false;
        if (to->p_type == L_PT_LOAD)
            s->segment_count++;
    }
    return true;
}

static bool find_table(struct symbols *s, const struct l_elf_header *h, struct l_elf_section *table)
{
    bool found = false;
    for (unsigned i = 0; i < h->e_shnum && i < SECTIONS_MAX; i++) {
        struct l_elf_section section;
        if (!read_at(s->file, &section, sizeof(section), h->e_shoff + i * sizeof(section)))
            break;
        if (section.sh_entsize != sizeof(struct l_elf_symbol) ||
            (section.sh_type != L_SHT_SYMTAB && section.sh_type != L_SHT_DYNSYM))
            continue;
        *table = section;
        found = true;
        if (section.sh_type == L_SHT_SYMTAB)
            break;
    }
    uint64_t link = table->sh_link;
    return found &&
           read_at(s->file, &s->strings, sizeof(s->strings), h->e_shoff + link * sizeof(*table));
}

static bool add(struct symbols *s, size_t *room, const struct l_elf_symbol *symbol)
{
    if (s->count == *room) {
        size_t more = *room ? *room * 2 : 256;
        struct entry *grown = realloc(s->entries, more * sizeof(*grown));
        if (!grown)
            return false;
        s->entries = grown;
        *room = more;
    }
    s->entries[s->count++] = (struct entry){symbol->st_value, symbol->st_size, symbol->st_name};
    return true;
}

static int by_start(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    /* Of several names that of a size, and then always the same. */
    if (!x->size != !y->size)
        return x->size ? 1 : -1;
    return x->name < y->name ? 1 : x->name > y->name ? -1 : 0;
}

static void read_entries(struct symbols *s, const struct l_elf_section *table)
{
    struct l_elf_symbol some[64];
    uint64_t count = table->sh_size / sizeof(*some);
    size_t room = 0;
    for (uint64_t i = 0; i < count && i < SYMBOLS_MAX; i += 64) {
        size_t n = count - i < 64 ? (size_t)(count - i) : 64;
        if (!read_at(s->file, some, n * sizeof(*some), table->sh_offset + i * sizeof(*some)))
            break;
        for (size_t k = 0; k < n; k++)
            if ((some[k].st_info & 15) == L_STT_FUNC && some[k].st_shndx &&
                !add(s, &room, &some[k]))
                return;
    }
}

struct symbols *symbols_read(struct file *file)
{
    struct l_elf_header h;
    struct l_elf_section table = {0};
    if (!read_at(file, &h, sizeof(h), 0) || memcmp(h.e_ident, "\177ELF\2", 5) ||
        h.e_phentsize != sizeof(struct l_elf_segment))
        return NULL;
    struct symbols *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->file = file_get(file);
    if (!read_segments(s, &h)) {
        symbols_free(s);
        return NULL;
    }
    if (h.e_shentsize == sizeof(struct l_elf_section) && find_table(s, &h, &table))
        read_entries(s, &table);
    if (s->count)
        qsort(s->entries, s->count, sizeof(*s->entries), by_start);
    return s;
}

void symbols_free(struct symbols *s)
{
    if (!s)
        return;
    file_put(s->file);
    free(s->entries);
    free(s);
}

bool symbols_to_address(const struct symbols *s, uint64_t offset, uint64_t *address)
{
    for (size_t i = 0; i < s->segment_count; i++) {
        const struct l_elf_segment *g = &s->segments[i];
        if (offset < g->p_offset || offset - g->p_offset >= g->p_filesz)
            continue;
        *address = g->p_vaddr + (offset - g->p_offset);
        return true;
    }
    return false;
}

bool symbols_to_offset(const struct symbols *s, uint64_t address, uint64_t *offset)
{
    for (size_t i = 0; i < s->segment_count; i++) {
        const struct l_elf_segment *g = &s->segments[i];
        if (address < g->p_vaddr || address - g->p_vaddr >= g->p_filesz)
            continue;
        *offset = g->p_offset + (address - g->p_vaddr);
        return true;
    }
    return false;
}

static bool name_of(const struct symbols *s, const struct entry *e, struct symbol *out)
{
    uint64_t offset = s->strings.sh_offset + e->name;
    *out = (struct symbol){.start = e->start, .size = e->size};
    if (e->name >= s->strings.sh_size || (int64_t)offset < 0 ||
        file_read(s->file, out->name, sizeof(out->name) - 1, &offset) <= 0)
        return false;
    for (char *c = out->name; *c; c++)
        if (*c < 33 || *c > 126)
            *c = '?';
    return out->name[0];
}

bool symbols_at(const struct symbols *s, uint64_t address, struct symbol *out)
{
    size_t low = 0, high = s->count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (s->entries[mid].start <= address)
            low = mid + 1;
        else
            high = mid;
    }
    for (size_t i = low; i > 0 && low - i < NESTED_MAX; i--) {
        const struct entry *e = &s->entries[i - 1];
        if (!e->size || address - e->start < e->size)
            return name_of(s, e, out);
    }
    return false;
}

bool symbols_named(const struct symbols *s, const char *name, struct symbol *out)
{
    for (size_t i = 0; i < s->count; i++)
        if (name_of(s, &s->entries[i], out) && strcmp(out->name, name) == 0)
            return true;
    return false;
}
