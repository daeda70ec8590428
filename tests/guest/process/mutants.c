/*
 * A thousand damaged programs: what execve says of them, or what ends them, is printed and has to
 * be what the real kernel says. The program that is damaged is made here: code, data and bss, a
 * note of the stack's protection, and in half of the cases the name of an interpreter.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MUTANTS  1000
#define SEGMENTS 5
#define CODE     0x1000
#define DATA     0x2000
#define SIZE     0x3000
#define BASE     0x10000000ul

static unsigned char image[SIZE];
static uint64_t state;

static uint32_t next_random(void)
{
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(state >> 33);
}

/* Exits with 7 when its data is there and its bss is zero, else with 9. */
static const unsigned char code[] = {
    0x81, 0x3c, 0x25, 0x00, 0x20, 0x00, 0x10, 0x78, 0x56, 0x34, 0x12, /* cmpl 0x12345678, data */
    0x75, 0x16,                                                       /* jne bad */
    0x83, 0x3c, 0x25, 0x00, 0x38, 0x00, 0x10, 0x00,                   /* cmpl 0, bss */
    0x75, 0x0c,                                                       /* jne bad */
    0xbf, 0x07, 0x00, 0x00, 0x00,                                     /* mov 7, edi */
    0xb8, 0x3c, 0x00, 0x00, 0x00,                                     /* mov SYS_exit, eax */
    0x0f, 0x05,                                                       /* syscall */
    0xbf, 0x09, 0x00, 0x00, 0x00,                                     /* bad: mov 9, edi */
    0xb8, 0x3c, 0x00, 0x00, 0x00, 0x0f, 0x05,
};

static void make_program(int interpreter)
{
    static const char name[] = "/nonexistent/interpreter";
    Elf64_Ehdr *e = (Elf64_Ehdr *)image;
    Elf64_Phdr *p = (Elf64_Phdr *)(image + sizeof(*e));
    memset(image, 0, sizeof(image));
    memcpy(e->e_ident, ELFMAG, SELFMAG);
    e->e_ident[EI_CLASS] = ELFCLASS64;
    e->e_ident[EI_DATA] = ELFDATA2LSB;
    e->e_ident[EI_VERSION] = EV_CURRENT;
    e->e_type = ET_EXEC;
    e->e_machine = EM_X86_64;
    e->e_version = EV_CURRENT;
    e->e_entry = BASE + CODE;
    e->e_phoff = sizeof(*e);
    e->e_ehsize = sizeof(*e);
    e->e_phentsize = sizeof(*p);
    e->e_phnum = SEGMENTS;
    p[0] = (Elf64_Phdr){PT_LOAD, PF_R, 0, BASE, BASE, 0x400, 0x400, 0x1000};
    p[1] = (Elf64_Phdr){PT_LOAD, PF_R | PF_X, CODE, BASE + CODE, 0, 0x1000, 0x1000, 0x1000};
    p[2] = (Elf64_Phdr){PT_LOAD, PF_R | PF_W, DATA, BASE + DATA, 0, 0x1000, 0x4000, 0x1000};
    p[3] = (Elf64_Phdr){PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 16};
    p[4] = (Elf64_Phdr){interpreter ? PT_INTERP : PT_NOTE,
                        PF_R,
                        0x300,
                        BASE + 0x300,
                        0,
                        sizeof(name),
                        sizeof(name),
                        1};
    memcpy(image + 0x300, name, sizeof(name));
    memcpy(image + CODE, code, sizeof(code));
    memcpy(image + DATA, "\x78\x56\x34\x12", 4);
}

static void damage(int *length)
{
    static const unsigned char odd[] = {0, 1, 2, 3, 4, 6, 0x10, 0x7f, 0x80, 0xff};
    unsigned headers = sizeof(Elf64_Ehdr) + SEGMENTS * sizeof(Elf64_Phdr);
    unsigned times = 1 + next_random() % 3;
    for (unsigned i = 0; i < times; i++) {
        unsigned at = next_random() % headers;
        unsigned how = next_random() % 3;
        /* Addresses above what a smaller window has are another matter. */
        if (at >= sizeof(Elf64_Ehdr)) {
            unsigned in = (at - sizeof(Elf64_Ehdr)) % sizeof(Elf64_Phdr);
            if (in >= offsetof(Elf64_Phdr, p_vaddr) + 4 && in < offsetof(Elf64_Phdr, p_paddr) + 8)
                continue;
        }
        if (how == 0)
            image[at] ^= (unsigned char)(1u << next_random() % 8);
        else if (how == 1)
            image[at] = odd[next_random() % sizeof(odd)];
        else
            image[at] = (unsigned char)next_random();
    }
    *length = next_random() % 8 ? SIZE : (int)(next_random() % SIZE);
}

static void run(int number, int length)
{
    static const char file[] = "./mutant";
    unlink(file);
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    if (fd < 0 || write(fd, image, (size_t)length) != length || fchmod(fd, 0755))
        exit(2);
    close(fd);
    int channel[2], status, error = 0;
    if (pipe2(channel, O_CLOEXEC))
        exit(2);
    pid_t child = fork();
    if (child == 0) {
        char *argv[] = {(char *)"mutant", NULL};
        alarm(20);
        execve(file, argv, argv + 1);
        error = errno;
        if (write(channel[1], &error, sizeof(error)) != sizeof(error))
            _exit(2);
        _exit(0);
    }
    close(channel[1]);
    if (read(channel[0], &error, sizeof(error)) != sizeof(error))
        error = 0;
    close(channel[0]);
    waitpid(child, &status, 0);
    if (error)
        printf("%d: errno %d\n", number, error);
    else
        printf("%d: status %x\n", number, (unsigned)status & 0xff7f);
}

int main(void)
{
    for (int i = 0; i < MUTANTS; i++) {
        int length;
        state = (uint64_t)i + 1;
        for (int warm = 0; warm < 8; warm++)
            next_random();
        make_program(i % 2);
        damage(&length);
        run(i, i ? length : SIZE);
    }
    unlink("./mutant");
    return 0;
}
