/* What execve hands to a program: argv, environment, the auxiliary vector. */
#include "check.h"

#include <elf.h>
#include <sys/auxv.h>
#include <sys/mman.h>

extern char **environ;

int main(int argc, char **argv)
{
    CHECK_EQ(argc, 1);
    CHECK(argv[argc] == NULL);
    CHECK(strcmp(argv[0], "./args") == 0);
    CHECK(environ == argv + argc + 1);

    char **end = environ;
    while (*end)
        end++;
    const Elf64_auxv_t *vector = (const Elf64_auxv_t *)(end + 1);
    uint64_t hwcap = 0;
    bool seen[64] = {false}, once = true, agree = true;
    for (; vector->a_type != AT_NULL; vector++) {
        if (vector->a_type >= 64)
            continue;
        once &= !seen[vector->a_type];
        seen[vector->a_type] = true;
        if (vector->a_type == AT_HWCAP) /* glibc replaces it by a value of its own */
            hwcap = vector->a_un.a_val;
        else
            agree &= getauxval(vector->a_type) == vector->a_un.a_val;
    }
    CHECK(once);
    CHECK(agree);
    static const int wanted[] = {AT_PHDR,   AT_PHENT, AT_PHNUM,  AT_PAGESZ, AT_BASE,     AT_FLAGS,
                                 AT_ENTRY,  AT_UID,   AT_EUID,   AT_GID,    AT_EGID,     AT_SECURE,
                                 AT_RANDOM, AT_HWCAP, AT_CLKTCK, AT_EXECFN, AT_PLATFORM, AT_HWCAP2};
    for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
        check_(seen[wanted[i]], __FILE__, __LINE__, "no auxiliary vector entry %d", wanted[i]);

    CHECK_EQ(getauxval(AT_PAGESZ), 4096);
    CHECK_EQ(getauxval(AT_CLKTCK), 100);
    CHECK_EQ(getauxval(AT_SECURE), 0);
    CHECK_EQ(getauxval(AT_BASE), 0);
    CHECK_EQ(getauxval(AT_UID), getuid());
    CHECK_EQ(getauxval(AT_EUID), geteuid());
    CHECK_EQ(getauxval(AT_GID), getgid());
    CHECK_EQ(getauxval(AT_EGID), getegid());
    CHECK_EQ(getauxval(AT_PHENT), sizeof(Elf64_Phdr));
    CHECK(strcmp((char *)getauxval(AT_PLATFORM), "x86_64") == 0);
    CHECK(strcmp((char *)getauxval(AT_EXECFN), "./args") == 0);
    unsigned one, four, extra, features;
    __asm__ volatile("cpuid" : "=a"(one), "=b"(four), "=c"(extra), "=d"(features) : "a"(1), "c"(0));
    CHECK_EQ(hwcap, features);

    const uint8_t *random = (const uint8_t *)getauxval(AT_RANDOM);
    int bits = 0;
    for (int i = 0; i < 16; i++)
        bits |= random[i];
    CHECK(bits != 0);

    /* The program headers are those of this very file: one of them covers main. */
    const Elf64_Phdr *header = (const Elf64_Phdr *)getauxval(AT_PHDR);
    uint64_t slide = 0;
    for (size_t i = 0; i < getauxval(AT_PHNUM); i++)
        if (header[i].p_type == PT_PHDR)
            slide = (uint64_t)header - header[i].p_vaddr;
    bool covered = false, entry = false;
    for (size_t i = 0; i < getauxval(AT_PHNUM); i++) {
        uint64_t start = header[i].p_vaddr + slide;
        if (header[i].p_type != PT_LOAD || !(header[i].p_flags & PF_X))
            continue;
        covered |= (uint64_t)main - start < header[i].p_memsz;
        entry |= getauxval(AT_ENTRY) - start < header[i].p_memsz;
    }
    CHECK(covered);
    CHECK(entry);
    return check_done();
}
