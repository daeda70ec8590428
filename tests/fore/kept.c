/* For cache.sh: says a number that stands in its code, and that a fault behind folded pushes and in
 * a string instruction is told with exact registers. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static volatile greg_t seen[NGREG];

/* Over the two bytes of the load, or of rep stosb. */
static void note(int signal, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    (void)signal;
    (void)info;
    for (int i = 0; i < NGREG; i++)
        seen[i] = registers[i];
    registers[REG_RIP] += 2;
}

static int after_pushes(void)
{
    long before, at, result;
    __asm__ volatile("mov %%rsp, %0\n"
                     "lea 1f(%%rip), %1\n"
                     "push %%rbx; push %%r8; push %%r10; push %%r11\n"
                     "mov $0x123456789, %%r11\n"
                     "xor %%eax, %%eax\n"
                     "1: mov (%%rax), %%al\n"
                     "mov %%r11, %2\n"
                     "pop %%r11; pop %%r10; pop %%r8; pop %%rbx\n"
                     : "=&r"(before), "=&r"(at), "=&r"(result)
                     :
                     : "rax", "memory");
    return seen[REG_RSP] == before - 32 && seen[REG_RIP] == at && seen[REG_R11] == 0x123456789 &&
           result == 0x123456789;
}

static int in_string(char *page)
{
    char *to = page + 4000;
    long count = 4096;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(7) : "memory");
    return to == page + 4096 && count == 4000 && seen[REG_RCX] == 4000 &&
           seen[REG_RDI] == (greg_t)(page + 4096);
}

/* A block for each jump. */
static void many(void)
{
    __asm__ volatile(".rept 12000\njmp 1f\n1:\n.endr");
}

/* Code that a process makes known which has ended, while another one goes on. */
static int go_on(void)
{
    char byte;
    pid_t child = fork();
    if (child == 0) {
        many();
        _exit(0);
    }
    waitpid(child, NULL, 0);
    puts("ready");
    fflush(stdout);
    return read(0, &byte, 1) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return go_on();
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
    char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned number;
    sigaction(SIGSEGV, &action, NULL);
    munmap(page + 4096, 4096);
    __asm__ volatile("mov $0x41424344, %0" : "=r"(number));
    printf("%x %d %d\n", number, after_pushes(), in_string(page));
    return 0;
}
