/* Every address that must not be usable, touched and given to system calls: SIGSEGV or EFAULT,
 * never anything else. */
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

static uint64_t addresses[32];
static unsigned address_count;

static sigjmp_buf again;
static volatile int signal_seen;

static void on_fault(int signal)
{
    signal_seen = signal;
    siglongjmp(again, 1);
}

static void touch(uint64_t address)
{
    for (volatile int write = 0; write < 3; write++) {
        signal_seen = 0;
        if (sigsetjmp(again, 1) == 0) {
            if (write == 0)
                (void)*(volatile uint8_t *)address;
            else if (write == 1)
                *(volatile uint64_t *)address = 1;
            else
                ((void (*)(void))address)();
        }
        check_(signal_seen == SIGSEGV || signal_seen == SIGBUS, __FILE__, __LINE__,
               "access %d of %#llx gave signal %d", write, (unsigned long long)address,
               signal_seen);
    }
}

static int null_file, zero_file, pipe_fds[2], socket_fds[2];

/* One call with the address as its pointer; all of them have to give EFAULT. */
static const struct {
    const char *name;
    int number;
    uint64_t arguments[6];
} calls[] = {
#define P    0xbadbad
#define N(x) #x, SYS_##x
    {N(read), {1000, P, 100}},
    {N(write), {1001, P, 100}},
    {N(open), {P, O_RDONLY}},
    {N(stat), {P, 0}},
    {N(fstat), {1000, P}},
    {N(lstat), {P, 0}},
    {N(poll), {P, 1, 0}},
    {N(rt_sigaction), {SIGUSR1, P, 0, 8}},
    {N(rt_sigprocmask), {SIG_BLOCK, P, 0, 8}},
    {N(pread64), {1000, P, 10, 0}},
    {N(readv), {1000, P, 1}},
    {N(writev), {1001, P, 1}},
    {N(access), {P, 0}},
    {N(pipe), {P}},
    {N(pipe2), {P, 0}},
    {N(mincore), {1002, 4096, P}},
    {N(nanosleep), {P, 0}},
    {N(getitimer), {0, P}},
    {N(setitimer), {0, P, 0}},
    {N(socketpair), {AF_UNIX, SOCK_STREAM, 0, P}},
    {N(sendto), {1003, P, 10, 0, 0, 0}},
    {N(recvfrom), {1004, P, 10, MSG_DONTWAIT, 0, 0}},
    {N(execve), {P, 0, 0}},
    {N(uname), {P}},
    {N(getcwd), {P, 100}},
    {N(chdir), {P}},
    {N(rename), {P, P}},
    {N(mkdir), {P, 0777}},
    {N(rmdir), {P}},
    {N(link), {P, P}},
    {N(unlink), {P}},
    {N(symlink), {P, P}},
    {N(readlink), {P, 1005, 10}},
    {N(chmod), {P, 0}},
    {N(gettimeofday), {P, 0}},
    {N(getrlimit), {0, P}},
    {N(getrusage), {0, P}},
    {N(sysinfo), {P}},
    {N(times), {P}},
    {N(rt_sigpending), {P, 8}},
    {N(rt_sigtimedwait), {P, 0, 1006, 8}},
    {N(rt_sigsuspend), {P, 8}},
    {N(sigaltstack), {P, 0}},
    {N(statfs), {P, 1005}},
    {N(clock_gettime), {0, P}},
    {N(clock_getres), {0, P}},
    {N(clock_nanosleep), {0, 0, P, 0}},
    {N(futex), {P, 0, 0, 0, 0, 0}},
    {N(getdents64), {1007, P, 2000}},
    {N(select), {1, P, 0, 0, 1006}},
    {N(pselect6), {1, P, 0, 0, 1006, 0}},
    {N(ppoll), {P, 1, 1006, 0, 0}},
    {N(openat), {-100, P, O_RDONLY, 0}},
    {N(newfstatat), {-100, P, 1005, 0}},
    {N(unlinkat), {-100, P, 0}},
    {N(readlinkat), {-100, P, 1005, 10}},
    {N(faccessat), {-100, P, 0}},
    {N(statx), {-100, P, 0, 0, 1005}},
    {N(getrandom), {P, 16, 0}},
    {N(memfd_create), {P, 0}},
    {N(prlimit64), {0, 0, P, 0}},
    {N(sched_getaffinity), {0, 128, P}},
    {N(getresuid), {P, P, P}},
    {N(wait4), {1008, P, 0, 0}},
    {N(utimensat), {-100, P, 0, 0}},
    {N(arch_prctl), {0x1003, P}},
    {N(truncate), {P, 0}},
};
#define CALLS (sizeof(calls) / sizeof(*calls))

static uint8_t spare[4096];
static struct timespec nothing;

static uint64_t resolve(uint64_t value, uint64_t address, int directory)
{
    switch (value) {
    case P:
        return address;
    case 1000:
        return zero_file;
    case 1001:
        return pipe_fds[1];
    case 1002:
        return (uintptr_t)spare & ~UINT64_C(4095);
    case 1003:
        return socket_fds[0];
    case 1004:
        return socket_fds[1];
    case 1005:
        return (uintptr_t)spare;
    case 1006:
        return (uintptr_t)&nothing;
    case 1007:
        return directory;
    default:
        return value;
    }
}

static void call_all(uint64_t address)
{
    int directory = open("/", O_RDONLY | O_DIRECTORY);
    for (size_t i = 0; i < CALLS; i++) {
        uint64_t a[6];
        pid_t child = 0;
        for (int j = 0; j < 6; j++)
            a[j] = resolve(calls[i].arguments[j], address, directory);
        if (calls[i].number == SYS_wait4) {
            child = fork();
            if (child == 0)
                _exit(0);
            a[0] = child;
        }
        if (calls[i].number == SYS_recvfrom)
            (void)!write(socket_fds[0], "some data", 9);
        errno = 0;
        long result = syscall(calls[i].number, a[0], a[1], a[2], a[3], a[4], a[5]);
        check_(result == -1 && errno == EFAULT, __FILE__, __LINE__, "%s(%#llx) gave %ld, errno %d",
               calls[i].name, (unsigned long long)address, result, errno);
        if (calls[i].number == SYS_recvfrom)
            (void)!recv(socket_fds[1], spare, 100, MSG_DONTWAIT);
    }
    close(directory);
}

int main(void)
{
    const uint64_t page = 4096;
    uint8_t *area =
        mmap(NULL, 16 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(area + 4 * page, page, PROT_NONE);
    munmap(area + 8 * page, page);
    /* Null page, first 64 KiB, holes, no access, beyond user space, not canonical, the kernel's
     * half; places where a translator could have something of its own. */
    static const uint64_t fixed[] = {
        0x10,
        0x1000,
        0xff00,
        UINT64_C(0x7ffffffff000) + 0x10,
        UINT64_C(0x800000000000),
        UINT64_C(0x0001000000000000),
        UINT64_C(0x7fffffffffffffff) - 7,
        UINT64_C(0x8000000000000000),
        UINT64_C(0xffff7fffffffffff) - 7,
        UINT64_C(0xffff800000000000),
        UINT64_C(0xffffffff80000000),
        UINT64_C(0xfffffffffffffff0),
        UINT64_C(0x200000000000),
        UINT64_C(0x3fffffff0000),
        UINT64_C(0x1fffff0000),
        UINT64_C(0x2000000000),
        UINT64_C(0x20f0000000),
        UINT64_C(0xffffffe000000000),
        UINT64_C(0xfffffffff0000000),
        UINT64_C(0x60000000ff00),
    };
    for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
        addresses[address_count++] = fixed[i];
    addresses[address_count++] = (uintptr_t)area + 4 * page;
    addresses[address_count++] = (uintptr_t)area + 8 * page + 0x20;

    struct sigaction action = {.sa_handler = on_fault};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    null_file = open("/dev/null", O_RDWR);
    zero_file = open("/dev/zero", O_RDONLY);
    CHECK_OK(null_file);
    CHECK_OK(zero_file);
    CHECK_OK(pipe(pipe_fds));
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, socket_fds));
    for (unsigned i = 0; i < address_count; i++) {
        touch(addresses[i]);
        call_all(addresses[i]);
    }

    /* Partly usable: a transfer stops where access does. */
    uint8_t *edge = area + 4 * page - 100;
    CHECK_EQ(read(zero_file, edge, 200), 100);
    CHECK_EQ(write(pipe_fds[1], edge, 50), 50);
    CHECK_ERRNO(write(pipe_fds[1], area + 4 * page, 1), EFAULT);
    struct iovec parts[2] = {{edge, 100}, {area + 4 * page, 100}};
    CHECK_EQ(readv(zero_file, parts, 2), 100);
    CHECK_EQ(read(pipe_fds[0], spare, 50), 50);
    /* Read-only memory cannot be read into. */
    mprotect(area, page, PROT_READ);
    CHECK_ERRNO(read(zero_file, area, 10), EFAULT);
    /* A path that ends at the edge of what is mapped. */
    memcpy(edge + 90, "/dev/null", 10);
    CHECK_EQ(access((char *)edge + 90, F_OK), 0);
    edge[99] = 'x';
    CHECK_ERRNO(access((char *)edge + 90, F_OK), EFAULT);
    /* Fresh memory that nobody has touched can be read into and out of. */
    uint8_t *fresh =
        mmap(NULL, 16 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_EQ(write(pipe_fds[1], fresh, 2 * page), (ssize_t)(2 * page));
    CHECK_EQ(read(pipe_fds[0], fresh + 5 * page, 2 * page), (ssize_t)(2 * page));
    return check_done();
}
