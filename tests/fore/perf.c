/* For perf.sh: time is spent in hot (most of it), in warm, and in code that is made while running;
 * and a function of known instructions. As long as the argument says. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

__asm__(".globl shown\n"
        ".type shown, @function\n"
        "shown: mov (%rdi), %rax\n"
        "push %rbx\n"
        "mov %rcx, %rbx\n"
        "add %rbx, %rax\n"
        "cmp %rsi, %rax\n"
        "pop %rbx\n"
        "jne 1f\n"
        "xor %eax, %eax\n"
        "1: ret\n"
        ".size shown, . - shown\n");
extern long shown(const long *, long, long, long);

__attribute__((noinline)) static unsigned hot(unsigned n)
{
    unsigned x = 1;
    while (n--)
        x = x * 1103515245 + 12345 + (x >> 7);
    return x;
}

__attribute__((noinline)) static unsigned warm(unsigned n)
{
    unsigned x = 1;
    while (n--)
        x = x * 69069 + 12345 + (x >> 9);
    return x;
}

/* mov %edi, %ecx; 1: imul $69069, %eax, %eax; imul $69069, %eax, %eax; loop 1b; ret */
static const unsigned char loop[] = {0x89, 0xf9, 0x69, 0xc0, 0xcd, 0x0d, 1,    0,   0x69,
                                     0xc0, 0xcd, 0x0d, 1,    0,    0xe2, 0xf2, 0xc3};

int main(int argc, char **argv)
{
    unsigned n = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
    long one = 1;
    unsigned char *made =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (made == MAP_FAILED)
        return 1;
    memcpy(made, loop, sizeof(loop));
    unsigned x = warm(n * 3) + hot(n * 8);
    ((void (*)(unsigned))made)(n * 2);
    return x == 1 && shown(&one, 1, 0, 0) == 7;
}
