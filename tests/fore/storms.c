/* Storms of calls that want much of the kernel at once: strings for exec, endless recursion, holes
 * of a terabyte, circles of links, a large directory, mappings that change under threads which use
 * them, queued signals, forks that exec and are killed, terminals that are closed while they are
 * used. One kind after the other, each for a moment; what has to hold is that the call or the
 * process ends as on Linux and that a process beside it works. What fore takes meanwhile is looked
 * at by the script (storms.sh), when this says it is ready. Not run on the real kernel. */
#include "check.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define MILLISECONDS 1500

static int64_t end;

static bool over(void)
{
    return check_now() > end;
}

static uint32_t next(uint32_t *state)
{
    *state = *state * 1103515245 + 12345;
    return *state >> 8;
}

static int status_of(pid_t child)
{
    int status = 0;
    CHECK_EQ(waitpid(child, &status, 0), child);
    return status;
}

/* Starts itself with these strings; the child's errno, or 0 when it was started. */
static int started(char **strings)
{
    pid_t child = fork();
    if (child == 0) {
        execv("/proc/self/exe", strings);
        _exit(errno);
    }
    int status = status_of(child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void arguments(void)
{
    enum { LONG = 2 << 20, MANY = 8 << 20 };
    char *text = malloc(LONG + 1), *one[] = {"storms", text, NULL};
    memset(text, 'x', LONG);
    text[LONG] = 0;
    CHECK_EQ(started(one), E2BIG);
    free(text);
    char **many = mmap(NULL, MANY * sizeof(*many), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(many != MAP_FAILED);
    for (size_t i = 0; i < MANY - 1; i++)
        many[i] = "a";
    CHECK_EQ(started(many), E2BIG);
    munmap(many, MANY * sizeof(*many));
}

static void holes(void)
{
    int fd = open("/tmp/hole", O_CREAT | O_RDWR, 0600);
    CHECK_OK(ftruncate(fd, (off_t)1 << 40));
    CHECK_EQ(pwrite(fd, "x", 1, ((off_t)1 << 40) - 1), 1);
    CHECK(fallocate(fd, 0, 0, (off_t)1 << 40) == -1);
    CHECK(errno == ENOSPC || errno == EFBIG || errno == EOPNOTSUPP || errno == ENOMEM);
    struct stat st;
    CHECK_OK(fstat(fd, &st));
    CHECK(st.st_blocks < 1 << 10);
    close(fd);
    CHECK_OK(unlink("/tmp/hole"));
}

static __attribute__((noinline)) int deeper(int n)
{
    volatile char frame[1000];
    frame[n % 1000] = (char)n;
    return n < 0 ? 0 : deeper(n + 1) + frame[3];
}

static void recursion(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(deeper(0));
    int status = status_of(child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static void on_signal(int number)
{
    (void)number;
    sched_yield();
}

/* A handler that comes back to what faults, without a stack of its own: an endless loop. */
static void faults_again(void)
{
    pid_t child = fork();
    if (child == 0) {
        struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_NODEFER};
        sigaction(SIGSEGV, &action, NULL);
        *(volatile int *)8 = 1;
        _exit(0);
    }
    while (!over())
        usleep(10000);
    CHECK_OK(kill(child, SIGKILL));
    int status = status_of(child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void links(void)
{
    char name[4000] = "/tmp/";
    CHECK_OK(symlink("l2", "/tmp/l1"));
    CHECK_OK(symlink("l1", "/tmp/l2"));
    CHECK_OK(symlink(".", "/tmp/dot"));
    CHECK_ERRNO(open("/tmp/l1", O_RDONLY), ELOOP);
    for (int i = 0; i < 900; i++)
        strcat(name, "dot/");
    struct stat st;
    CHECK_ERRNO(stat(name, &st), ELOOP);
    unlink("/tmp/l1");
    unlink("/tmp/l2");
    unlink("/tmp/dot");
}

static void network(void)
{
    struct rlimit most = {1 << 16, 1 << 16};
    pid_t child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_NOFILE, &most);
        while (!over() && socket(AF_INET, SOCK_STREAM, 0) >= 0)
            ;
        _exit(errno == EMFILE || errno == ENOMEM || over() ? 0 : 1);
    }
    CHECK_EQ(status_of(child), 0);
}

static void directory(void)
{
    char name[64];
    int made = 0;
    CHECK_OK(mkdir("/tmp/many", 0700));
    for (; made < 20000; made++) {
        snprintf(name, sizeof(name), "/tmp/many/%d", made);
        int fd = open(name, O_CREAT | O_WRONLY, 0600);
        if (fd < 0)
            break;
        close(fd);
    }
    CHECK_EQ(made, 20000);
    for (int i = 0; i < made; i++) {
        snprintf(name, sizeof(name), "/tmp/many/%d", i);
        (void)!unlink(name);
    }
    CHECK_OK(rmdir("/tmp/many"));
}

#define STORM_BYTES ((size_t)64 << 20)
static char *storm;

static void *touches(void *arg)
{
    uint32_t state = (uint32_t)(uintptr_t)arg;
    while (!over())
        *(volatile char *)(storm + next(&state) % STORM_BYTES) = 1;
    return NULL;
}

static void maps_again(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    /* Here not all can be mapped: private beside shared memory within 64 KiB. */
    if (mmap((void *)((uintptr_t)info->si_addr & ~(uintptr_t)4095), 4096, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED &&
        over())
        _exit(0);
}

static void change_mapping(uint32_t *state, int fd)
{
    char *at = storm + (size_t)(next(state) % 16000) * 4096;
    size_t size = (size_t)(next(state) % 64 + 1) * 4096;
    char *to = storm + (size_t)(next(state) % 16000) * 4096;
    switch (next(state) % 8) {
    case 0:
        munmap(at, size);
        break;
    case 1:
        mprotect(at, size, (int)(next(state) % 8));
        break;
    case 2:
        mmap(at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        break;
    case 3:
        mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
             (off_t)(next(state) % 128) * 4096);
        break;
    case 4:
        mremap(at, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to);
        break;
    case 5:
        madvise(at, size, MADV_DONTNEED);
        break;
    case 6:
        mmap(at, size, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0);
        break;
    default:
        (void)!ftruncate(fd, (off_t)(next(state) % 256) * 4096);
    }
}

static void mappings(void)
{
    pid_t child = fork();
    if (child == 0) {
        struct sigaction action = {.sa_sigaction = maps_again, .sa_flags = SA_SIGINFO};
        pthread_t thread;
        uint32_t state = 1;
        int fd = open("/tmp/mapped", O_CREAT | O_RDWR, 0600);
        storm = mmap(NULL, STORM_BYTES + (1 << 20), PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        sigaction(SIGSEGV, &action, NULL);
        sigaction(SIGBUS, &action, NULL);
        for (uintptr_t i = 1; i < 4; i++)
            pthread_create(&thread, NULL, touches, (void *)(i * 7919));
        for (uint32_t n = 0; !over(); n++) {
            change_mapping(&state, fd);
            pid_t one = n % 64 == 0 ? fork() : -1;
            if (one == 0) {
                for (int i = 0; i < 50; i++)
                    storm[next(&state) % STORM_BYTES] = 1;
                _exit(0);
            }
            if (one > 0)
                waitpid(one, NULL, 0);
        }
        _exit(0);
    }
    int status = status_of(child);
    /* It may have mapped over what its handler needs. */
    CHECK(WIFEXITED(status) || WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS);
    unlink("/tmp/mapped");
}

static void queued(void)
{
    struct rlimit most = {1000, 1000};
    CHECK_OK(setrlimit(RLIMIT_SIGPENDING, &most));
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    pid_t target = fork();
    while (target == 0)
        pause();
    bool full = false;
    uint32_t state = 1;
    while (!over()) {
        int number = SIGRTMIN + (int)(next(&state) % 20);
        if (sigqueue(target, number, (union sigval){.sival_int = 1}) && errno == EAGAIN)
            full = true;
    }
    CHECK(full);
    CHECK_OK(kill(target, SIGKILL));
    status_of(target);
}

static void *waits(void *arg)
{
    (void)arg;
    pause();
    return NULL;
}

static void forks(void)
{
    while (!over()) {
        pid_t child[8];
        for (int i = 0; i < 8; i++) {
            child[i] = fork();
            if (child[i])
                continue;
            pthread_t thread;
            if (i % 3 == 0)
                pthread_create(&thread, NULL, waits, NULL);
            if (i % 4 == 1)
                _exit(0);
            if (i % 5 == 0)
                setsid();
            char *strings[] = {"storms", "nothing", NULL};
            execv("/proc/self/exe", strings);
            _exit(1);
        }
        for (int i = 0; i < 8; i++) {
            if (child[i] > 0 && i % 2)
                kill(child[i], i % 3 ? SIGKILL : SIGTERM);
            if (child[i] > 0)
                waitpid(child[i], NULL, 0);
        }
    }
}

static void use_terminals(const int *masters, const int *slaves, int count, uint32_t state)
{
    static char data[5000];
    static const unsigned long requests[] = {TIOCSTI,   TCFLSH,  TCXONC,   TIOCSPGRP, TIOCSCTTY,
                                             TIOCNOTTY, TIOCPKT, FIONREAD, TIOCSWINSZ};
    setsid();
    for (int i = 0; i < 300; i++) {
        int at = (int)(next(&state) % (uint32_t)count);
        const int *side = next(&state) % 2 ? masters : slaves;
        ioctl(side[at], requests[next(&state) % (sizeof(requests) / sizeof(*requests))], data);
        (void)!write(side[at], data, next(&state) % sizeof(data));
        (void)!read(side[at], data, sizeof(data));
    }
    _exit(0);
}

static void terminals(void)
{
    enum { COUNT = 10 };
    for (uint32_t round = 0; !over(); round++) {
        int masters[COUNT], slaves[COUNT], count = 0, zero = 0;
        for (; count < COUNT; count++) {
            char name[32];
            unsigned number = 0;
            masters[count] = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
            if (masters[count] < 0)
                break;
            ioctl(masters[count], TIOCSPTLCK, &zero);
            ioctl(masters[count], TIOCGPTN, &number);
            snprintf(name, sizeof(name), "/dev/pts/%u", number);
            slaves[count] = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK);
        }
        CHECK(count > 0);
        pid_t child = fork();
        if (child == 0)
            use_terminals(masters, slaves, count, round);
        for (int i = 0; i < count; i++) {
            close(i % 2 ? masters[i] : slaves[i]);
            close(i % 2 ? slaves[i] : masters[i]);
        }
        if (round % 2)
            kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
}

static void *answers(void *arg)
{
    _Atomic long *answered = arg;
    while (*answered >= 0) {
        pid_t child = fork();
        if (child == 0)
            _exit(7);
        int status = 0;
        if (child > 0 && waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7)
            (*answered)++;
        usleep(20000);
    }
    return NULL;
}

static const struct kind {
    const char *name;
    void (*run)(void);
} kinds[] = {
    {"arguments", arguments}, {"holes", holes},         {"recursion", recursion},
    {"faults", faults_again}, {"links", links},         {"network", network},
    {"directory", directory}, {"mappings", mappings},   {"signals", queued},
    {"forks", forks},         {"terminals", terminals},
};

/* In a process of its own, so that what it leaves goes with it. */
static void run(const struct kind *kind)
{
    pid_t child = fork();
    if (child == 0) {
        check_failed = 0;
        end = check_now() + MILLISECONDS * INT64_C(1000000);
        kind->run();
        _exit(check_failed != 0);
    }
    check_(status_of(child) == 0, __FILE__, __LINE__, "%s", kind->name);
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return 0;
    int answered[2];
    char byte;
    CHECK_OK(pipe(answered));
    /* A process beside it, until the pipe is closed: it says how often it could work. */
    pid_t beside = fork();
    if (beside == 0) {
        close(answered[1]);
        static _Atomic long count;
        pthread_t thread;
        pthread_create(&thread, NULL, answers, (void *)&count);
        (void)!read(answered[0], &byte, 1);
        long had = count;
        count = -1000000;
        _exit(had > 0 ? 0 : 1);
    }
    close(answered[0]);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        run(&kinds[i]);
        fprintf(stderr, "%s\n", kinds[i].name);
    }
    close(answered[1]);
    CHECK_EQ(status_of(beside), 0);
    int failed = check_done();
    printf("ready\n");
    fflush(stdout);
    (void)!read(0, &byte, 1);
    return failed;
}
