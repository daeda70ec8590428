/* A process that runs into its limits harms only itself: endless recursion, exhausted address
 * space, descriptors, file size. */
#include "check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

static volatile int depth_limit = -1;

__attribute__((noinline)) static int recurse(int depth)
{
    volatile char block[1024];
    block[0] = (char)depth;
    if (depth == depth_limit)
        return 0;
    return recurse(depth + 1) + block[0];
}

static int in_child(int (*body)(void))
{
    int status = -1;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(body());
    CHECK_EQ(waitpid(child, &status, 0), child);
    return status;
}

static int recursion(void)
{
    return recurse(0);
}

/* 7 of the 8 MiB that a stack has are usable. */
static int deep(void)
{
    depth_limit = 6500;
    return recurse(0) & 0;
}

static int address_space(void)
{
    struct rlimit limit = {256 << 20, 256 << 20};
    if (setrlimit(RLIMIT_AS, &limit))
        return 1;
    size_t total = 0;
    void *got;
    while ((got = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                       0)) != MAP_FAILED) {
        memset(got, 1, 1 << 20);
        total += 1 << 20;
        if (total > 256u << 20)
            return 2;
    }
    return errno == ENOMEM && total > 200u << 20 ? 0 : 3;
}

static int descriptors(void)
{
    struct rlimit limit = {20, 20};
    if (setrlimit(RLIMIT_NOFILE, &limit))
        return 1;
    int fd, last = -1;
    while ((fd = open("/dev/null", O_RDONLY)) >= 0)
        last = fd;
    if (errno != EMFILE || last != 19)
        return 2;
    int fds[2];
    if (pipe(fds) != -1 || errno != EMFILE)
        return 3;
    return dup2(0, 20) == -1 && errno == EBADF ? 0 : 4;
}

static int file_size(void)
{
    char name[] = "/tmp/guest-limit-XXXXXX";
    int fd = mkstemp(name);
    struct rlimit limit = {1000, 1000};
    unlink(name);
    signal(SIGXFSZ, SIG_IGN);
    if (fd < 0 || setrlimit(RLIMIT_FSIZE, &limit))
        return 1;
    char block[600] = {0};
    if (write(fd, block, 600) != 600 || write(fd, block, 600) != 400)
        return 2;
    if (write(fd, block, 1) != -1 || errno != EFBIG)
        return 3;
    signal(SIGXFSZ, SIG_DFL);
    return write(fd, block, 1) ? 4 : 5;
}

static int forks(void)
{
    /* A fork bomb of three levels: every one is waited for. */
    for (int level = 0; level < 3; level++)
        for (int i = 0; i < 4; i++) {
            pid_t child = fork();
            if (child < 0)
                return 1;
            if (child == 0)
                break;
        }
    while (wait(NULL) > 0)
        ;
    return 0;
}

int main(void)
{
    CHECK_EQ(in_child(recursion) & 0x7f, SIGSEGV);
    CHECK_EQ(in_child(deep), 0);
    CHECK_EQ(in_child(address_space), 0);
    CHECK_EQ(in_child(descriptors), 0);
    CHECK_EQ(in_child(file_size) & 0x7f, SIGXFSZ);
    CHECK_EQ(in_child(forks), 0);
    CHECK_EQ(in_child(recursion) & 0x7f, SIGSEGV);
    return check_done();
}
