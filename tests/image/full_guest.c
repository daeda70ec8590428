/* A guest on a disk that is full or becomes so.
 *
 *   full_guest fill FILE       writes until there is no room; fsync; prints the bytes
 *   full_guest verify FILE N   whether the file holds these bytes
 *   full_guest again FILE N    removes the file, which must work, and writes about as much again
 *   full_guest hold FILE N     writes so many bytes, says so, and ends when its input ends
 *   full_guest remove FILE N OTHER   the same, and removes another file at the end
 *   full_guest map FILE        stores to the pages of a file of holes through a mapping, which must
 *                              end in SIGBUS; msync; prints the pages
 *   full_guest pages FILE N    whether just these pages hold what was stored
 *   full_guest rm FILE         removes it and says that this is stored
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE 100000

static unsigned char buffer[PIECE];

static int fail(const char *what)
{
    printf("%s: %s\n", what, strerror(errno));
    exit(1);
}

static void pattern(unsigned long long at)
{
    for (int i = 0; i < PIECE; i++, at++)
        buffer[i] = (unsigned char)(at * 7 + (at >> 12) + 1);
}

static unsigned long long fill(const char *name, unsigned long long most)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    unsigned long long at = 0;
    if (fd < 0)
        fail(name);
    while (at < most) {
        pattern(at);
        ssize_t done = write(fd, buffer, PIECE);
        if (done < 0 && errno == ENOSPC)
            break;
        if (done < 0)
            fail("write");
        at += (unsigned long long)done;
    }
    if (most == ~0ull && fsync(fd))
        fail("fsync");
    if (close(fd))
        fail("close");
    return at;
}

static int verify(const char *name, unsigned long long size)
{
    static unsigned char found[PIECE];
    struct stat status;
    int fd = open(name, O_RDONLY);
    if (fd < 0 || fstat(fd, &status) || (unsigned long long)status.st_size != size)
        return fail("size");
    for (unsigned long long at = 0; at < size; at += PIECE) {
        size_t part = size - at < PIECE ? (size_t)(size - at) : PIECE;
        pattern(at);
        if (read(fd, found, part) != (ssize_t)part || memcmp(found, buffer, part))
            return fail("content");
    }
    return 0;
}

/* There may be room for some. */
static int folders(void)
{
    char name[32];
    for (int i = 0; i < 10000; i++) {
        snprintf(name, sizeof(name), "/d%d", i);
        if (mkdir(name, 0755))
            return errno == ENOSPC ? 0 : fail("mkdir on a full disk");
    }
    return fail("folders without end");
}

#define MAPPED ((size_t)64 << 20)
#define PAGE   4096

static sigjmp_buf out;
static siginfo_t fault;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    fault = *info;
    siglongjmp(out, 1);
}

static int map(const char *name)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    int fd = open(name, O_RDWR | O_CREAT, 0644);
    static volatile size_t at;
    if (fd < 0 || ftruncate(fd, (off_t)MAPPED))
        fail(name);
    volatile unsigned long long *memory =
        mmap(NULL, MAPPED, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        fail("mmap");
    sigaction(SIGBUS, &action, NULL);
    if (!sigsetjmp(out, 1)) {
        for (; at < MAPPED; at += PAGE)
            memory[at / 8] = at + 1;
        printf("64 MB were stored\n");
        return 1;
    }
    if (fault.si_code != BUS_ADRERR || fault.si_addr != (const char *)memory + at) {
        printf("another fault: code %d at %p, not at %p\n", fault.si_code, fault.si_addr,
               (const void *)((const char *)memory + at));
        return 1;
    }
    /* A hole can be read all the same, and what has room be stored to. */
    if (memory[at / 8] || memory[MAPPED / 8 - 1])
        return fail("not a hole");
    memory[1] = 7;
    if (msync((void *)memory, MAPPED, MS_SYNC))
        return fail("msync");
    printf("%zu\n", at / PAGE);
    return 0;
}

static int pages(const char *name, size_t count)
{
    unsigned long long word = 0;
    int fd = open(name, O_RDONLY);
    for (size_t i = 0; i <= count; i++) {
        off_t at = (off_t)i * PAGE;
        if (pread(fd, &word, 8, at) != 8 || word != (i < count ? (unsigned long long)at + 1 : 0))
            return fail("page");
    }
    return 0;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    const char *what = argc > 2 ? argv[1] : "";
    unsigned long long size = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
    if (strcmp(what, "fill") == 0) {
        printf("%llu\n", fill(argv[2], ~0ull));
        return folders();
    }
    if (strcmp(what, "map") == 0)
        return map(argv[2]);
    if (strcmp(what, "pages") == 0)
        return pages(argv[2], size);
    if (strcmp(what, "verify") == 0)
        return verify(argv[2], size);
    if (strcmp(what, "again") == 0) {
        if (unlink(argv[2]))
            fail("unlink");
        unsigned long long again = fill(argv[2], ~0ull);
        printf("%llu\n", again);
        return again + again / 4 < size;
    }
    if (strcmp(what, "rm") == 0) {
        int folder = open("/", O_RDONLY);
        return unlink(argv[2]) || fsync(folder) ? fail(argv[2]) : 0;
    }
    if (strcmp(what, "hold") == 0 || strcmp(what, "remove") == 0) {
        printf("%llu\n", fill(argv[2], size));
        while (getchar() != EOF)
            ;
        if (argc > 4 && unlink(argv[4]))
            return fail(argv[4]);
        return 0;
    }
    return 2;
}
