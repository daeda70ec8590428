/* Much more address space than memory: mappings of hundreds of GiB cost nothing, can be used at
 * both ends, are there after a fork, go again, and lie where they are asked for. */
#include "check.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#define GIB      ((size_t)1 << 30)
#define RESERVED (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

static int finish(pid_t child)
{
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    return status;
}

static int64_t used(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000) +
           usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

/* Six of 40 GiB, as runtimes of WebAssembly have them. */
static void several(void)
{
    char *memory[6];
    int64_t before = used();
    for (int i = 0; i < 6; i++) {
        memory[i] = mmap(NULL, 40 * GIB, PROT_NONE, RESERVED, -1, 0);
        CHECK(memory[i] != MAP_FAILED);
        if (memory[i] == MAP_FAILED)
            return;
        CHECK_OK(mprotect(memory[i] + 39 * GIB, 65536, PROT_READ | PROT_WRITE));
        memory[i][39 * GIB + 5] = (char)(i + 1);
    }
    pid_t child = fork();
    if (child == 0) {
        int wrong = 0;
        for (int i = 0; i < 6; i++) {
            wrong += memory[i][39 * GIB + 5] != i + 1;
            memory[i][39 * GIB + 5] = 99;
        }
        _exit(wrong);
    }
    CHECK_EQ(finish(child), 0);
    for (int i = 0; i < 6; i++) {
        CHECK_EQ(memory[i][39 * GIB + 5], i + 1);
        CHECK_OK(munmap(memory[i], 40 * GIB));
    }
    /* Nothing of it is done page by page. */
    CHECK(used() - before < 1000000);
}

static void both_ends(void)
{
    size_t size = 512 * GIB;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, RESERVED, -1, 0);
    CHECK(memory != MAP_FAILED);
    if (memory == MAP_FAILED)
        return;
    memory[0] = 1;
    memory[size - 1] = 2;
    CHECK_EQ(memory[0] + memory[size - 1] + memory[size / 2], 3);
    CHECK_OK(mprotect(memory, size, PROT_READ));
    CHECK_EQ(memory[0] + memory[size - 1], 3);
    CHECK_OK(munmap(memory + 4096, size - 8192));
    CHECK_EQ(memory[0] + memory[size - 1], 3);
    CHECK_OK(munmap(memory, size));
    unsigned char seen;
    CHECK_EQ(mincore(memory, 1, &seen), -1);
    CHECK_EQ(errno, ENOMEM);
}

/* At an address of one's own, and beyond what any program is given. */
static void at_an_address(void)
{
    char *wanted = (char *)0x1ffefff000;
    char *memory =
        mmap(wanted, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(memory == wanted);
    if (memory == wanted) {
        memory[8191] = 7;
        CHECK_EQ(memory[8191], 7);
        char *larger = mremap(memory, 8192, 65536, 0);
        CHECK(larger == memory);
        CHECK_EQ(memory[65535], 0);
        memory[4096] = 8;
        char *further = (char *)0x2800000000;
        CHECK(mremap(memory, 65536, 65536, MREMAP_MAYMOVE | MREMAP_FIXED, further) == further);
        CHECK_EQ(further[8191] + further[4096], 15);
        CHECK_OK(munmap(further, 65536));
        /* What an address is only wished for. */
        wanted = (char *)0x700000000;
        CHECK(mmap(wanted, GIB, PROT_READ | PROT_WRITE, RESERVED, -1, 0) == wanted);
        CHECK_OK(munmap(wanted, GIB));
    }
    CHECK(mmap((void *)0x7ffffffff000, 4096, PROT_READ, RESERVED | MAP_FIXED, -1, 0) == MAP_FAILED);
    CHECK_EQ(errno, ENOMEM);
    CHECK_EQ(munmap((void *)0x7ffffffff000, 4096), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_OK(munmap((void *)0x600000000000, GIB));
}

int main(void)
{
    several();
    both_ends();
    at_an_address();
    return check_done();
}
