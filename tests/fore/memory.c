/* Uses up the memory that `fore --memory` allows: what is refused, who is killed, and that all
 * others live on. The first argument is the limit in MiB; with a second one it only comes to harm
 * itself: "hog", "recurse" or "crash". Not run on the real kernel, whose memory it would take. */
#include "check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define MIB   ((size_t)1 << 20)
#define PIECE (4 * MIB)

static size_t limit;

static uint8_t *reserve(size_t size)
{
    uint8_t *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(memory != MAP_FAILED);
    return memory;
}

static void touch(uint8_t *memory, size_t size, uint8_t value)
{
    for (size_t i = 0; i < size; i += 4096)
        memory[i] = value;
}

/* mmap and brk say ENOMEM before anybody has to die. */
static void refused(void)
{
    static uint8_t *pieces[4096];
    unsigned count = 0;
    for (;;) {
        uint8_t *piece =
            mmap(NULL, PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (piece == MAP_FAILED || count == 4096)
            break;
        touch(piece, PIECE, 1);
        pieces[count++] = piece;
    }
    CHECK_EQ(errno, ENOMEM);
    CHECK(count * PIECE > limit / 2 && count * PIECE <= limit);
    CHECK_ERRNO((intptr_t)sbrk(limit), ENOMEM);
    CHECK_ERRNO((intptr_t)mremap(pieces[0], PIECE, limit, MREMAP_MAYMOVE), ENOMEM);
    while (count-- > 0)
        CHECK_OK(munmap(pieces[count], PIECE));
    pieces[0] = mmap(NULL, PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pieces[0] != MAP_FAILED);
    CHECK_OK(munmap(pieces[0], PIECE));
}

static void by_touching(void)
{
    touch(reserve(4 * limit), 4 * limit, 1);
}

/* The kernel stores for it. */
static void by_reading(void)
{
    uint8_t *memory = reserve(4 * limit);
    int zero = open("/dev/zero", O_RDONLY);
    for (size_t done = 0; done < 4 * limit; done += MIB)
        if (read(zero, memory + done, MIB) != (ssize_t)MIB)
            _exit(3);
}

static void by_sharing(void)
{
    uint8_t *memory =
        mmap(NULL, 4 * limit, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        _exit(3);
    touch(memory, 4 * limit, 1);
}

static void by_children(void)
{
    static uint8_t *memory;
    memory = reserve(4 * limit);
    for (int i = 0; i < 3; i++)
        if (fork() == 0) {
            touch(reserve(4 * limit), 4 * limit, 1);
            _exit(3);
        }
    touch(memory, 4 * limit, 1);
}

static size_t recurse(volatile uint8_t *outer)
{
    volatile uint8_t inner[4096];
    inner[0] = outer[0];
    return outer[0] ? 0 : recurse(inner) + inner[0];
}

static void by_recursing(void)
{
    uint8_t first = 0;
    recurse(&first);
}

static void by_crashing(void)
{
    *(volatile int *)8 = 1;
}

/* A process that answers each byte; it has to outlive everything. */
static int asked[2], answered[2];

static pid_t start_bystander(void)
{
    CHECK_OK(pipe(asked));
    CHECK_OK(pipe(answered));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        char byte;
        close(asked[1]);
        while (read(asked[0], &byte, 1) == 1)
            if (write(answered[1], &byte, 1) != 1)
                _exit(1);
        _exit(0);
    }
    close(asked[0]);
    return child;
}

static void bystander_answers(void)
{
    char byte = 'x';
    CHECK_EQ(write(asked[1], "y", 1), 1);
    CHECK_EQ(read(answered[0], &byte, 1), 1);
    CHECK_EQ(byte, 'y');
}

static void ends(void (*how)(void), int signal)
{
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        setpgid(0, 0);
        how();
        _exit(3);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status & 0x7f, signal);
    /* Its children are ours now; they come to the same end. */
    while (waitpid(-child, &status, 0) > 0)
        CHECK_EQ(status & 0x7f, signal);
    bystander_answers();
}

static void adjust(int value)
{
    FILE *file = fopen("/proc/self/oom_score_adj", "w");
    CHECK(file != NULL);
    fprintf(file, "%d\n", value);
    CHECK_EQ(fclose(file), 0);
}

/* A child that has more than half of the memory; it says so and sleeps. */
static pid_t start_large(bool protected)
{
    int ready[2];
    char byte;
    CHECK_OK(pipe(ready));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (protected)
            adjust(-1000);
        touch(reserve(limit / 5 * 3), limit / 5 * 3, 2);
        if (write(ready[1], "r", 1) == 1)
            for (;;)
                pause();
        _exit(1);
    }
    close(ready[1]);
    CHECK_EQ(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return child;
}

/* The one that has most is killed, not the one that asks. */
static void largest(void)
{
    int status = 0;
    pid_t large = start_large(false);
    uint8_t *memory = reserve(limit / 2);
    touch(memory, limit / 2, 3);
    CHECK_EQ(waitpid(large, &status, 0), large);
    CHECK_EQ(status, SIGKILL);
    for (size_t i = 0; i < limit / 2; i += 4096)
        if (memory[i] != 3) {
            CHECK_EQ(memory[i], 3);
            break;
        }
    CHECK_OK(munmap(memory, limit / 2));
    bystander_answers();
}

static void by_half(void)
{
    touch(reserve(limit / 2), limit / 2, 3);
}

/* Who is never to be killed is not. */
static void spared(void)
{
    int status = 0;
    pid_t large = start_large(true);
    ends(by_half, SIGKILL);
    CHECK_EQ(waitpid(large, &status, WNOHANG), 0);
    CHECK_OK(kill(large, SIGKILL));
    CHECK_EQ(waitpid(large, &status, 0), large);
}

/* Files in memory cannot take it all either. */
static void files(void)
{
    static uint8_t data[1 << 20];
    int fd = open("/tmp/large", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK_OK(fd);
    memset(data, 1, sizeof(data));
    size_t size = 0;
    ssize_t put;
    while ((put = write(fd, data, sizeof(data))) > 0)
        size += put;
    CHECK(put == -1 && (errno == ENOSPC || errno == ENOMEM));
    CHECK(size > limit / 2 && size <= limit);
    bystander_answers();
    CHECK_OK(unlink("/tmp/large"));
    CHECK_OK(close(fd));
    ends(by_touching, SIGKILL);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    limit = strtoul(argv[1], NULL, 10) * MIB;
    if (argc > 2) {
        if (strcmp(argv[2], "hog") == 0)
            by_touching();
        else if (strcmp(argv[2], "recurse") == 0)
            by_recursing();
        else
            by_crashing();
        return 3;
    }
    CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
    pid_t bystander = start_bystander();
    refused();
    ends(by_touching, SIGKILL);
    ends(by_reading, SIGKILL);
    ends(by_sharing, SIGKILL);
    ends(by_children, SIGKILL);
    ends(by_recursing, SIGSEGV);
    ends(by_crashing, SIGSEGV);
    largest();
    spared();
    files();
    refused();
    int status = 1;
    close(asked[1]);
    CHECK_EQ(waitpid(bystander, &status, 0), bystander);
    CHECK_EQ(status, 0);
    return check_done();
}
