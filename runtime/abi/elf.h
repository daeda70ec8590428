/* ELF-64 files (elf(5)) and the auxiliary vector (getauxval(3)). */
#ifndef RUNTIME_ABI_ELF_H
#define RUNTIME_ABI_ELF_H

#include <stdint.h>

#define L_ET_EXEC   2
#define L_ET_DYN    3
#define L_EM_X86_64 62

#define L_PT_LOAD      1
#define L_PT_DYNAMIC   2
#define L_PT_INTERP    3
#define L_PT_PHDR      6
#define L_PT_GNU_STACK 0x6474e551

#define L_PF_X 1
#define L_PF_W 2
#define L_PF_R 4

struct l_elf_header {
    uint8_t e_ident[16];
    uint16_t e_type;
    uint16_t e_machine;
    uint32_t e_version;
    uint64_t e_entry;
    uint64_t e_phoff;
    uint64_t e_shoff;
    uint32_t e_flags;
    uint16_t e_ehsize;
    uint16_t e_phentsize;
    uint16_t e_phnum;
    uint16_t e_shentsize;
    uint16_t e_shnum;
    uint16_t e_shstrndx;
};
_Static_assert(sizeof(struct l_elf_header) == 64, "Elf64_Ehdr");

struct l_elf_segment {
    uint32_t p_type;
    uint32_t p_flags;
    uint64_t p_offset;
    uint64_t p_vaddr;
    uint64_t p_paddr;
    uint64_t p_filesz;
    uint64_t p_memsz;
    uint64_t p_align;
};
_Static_assert(sizeof(struct l_elf_segment) == 56, "Elf64_Phdr");

#define L_SHT_SYMTAB 2
#define L_SHT_DYNSYM 11
#define L_STT_FUNC   2

struct l_elf_section {
    uint32_t sh_name;
    uint32_t sh_type;
    uint64_t sh_flags;
    uint64_t sh_addr;
    uint64_t sh_offset;
    uint64_t sh_size;
    uint32_t sh_link;
    uint32_t sh_info;
    uint64_t sh_addralign;
    uint64_t sh_entsize;
};
_Static_assert(sizeof(struct l_elf_section) == 64, "Elf64_Shdr");

struct l_elf_symbol {
    uint32_t st_name;
    uint8_t st_info; /* type in the low four bits */
    uint8_t st_other;
    uint16_t st_shndx;
    uint64_t st_value;
    uint64_t st_size;
};
_Static_assert(sizeof(struct l_elf_symbol) == 24, "Elf64_Sym");

#define L_AT_NULL         0
#define L_AT_PHDR         3
#define L_AT_PHENT        4
#define L_AT_PHNUM        5
#define L_AT_PAGESZ       6
#define L_AT_BASE         7
#define L_AT_FLAGS        8
#define L_AT_ENTRY        9
#define L_AT_UID          11
#define L_AT_EUID         12
#define L_AT_GID          13
#define L_AT_EGID         14
#define L_AT_PLATFORM     15
#define L_AT_HWCAP        16
#define L_AT_CLKTCK       17
#define L_AT_SECURE       23
#define L_AT_RANDOM       25
#define L_AT_HWCAP2       26
#define L_AT_EXECFN       31
#define L_AT_SYSINFO_EHDR 33
#define L_AT_MINSIGSTKSZ  51

#endif
