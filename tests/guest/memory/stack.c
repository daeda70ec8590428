/* The main stack grows as far as RLIMIT_STACK says at that moment, also after exec; other memory
 * keeps clear of it; MAP_GROWSDOWN; RLIMIT_DATA. */
#include "check.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <ucontext.h>

#define MB         (1024L * 1024)
#define GUARD_SIZE (1L << 20)

static char self[200];

static __attribute__((noinline)) int use(long kilobytes)
{
    volatile char frame[4000];
    memset((void *)frame, (int)kilobytes, sizeof(frame));
    return kilobytes > 4 ? use(kilobytes - 4) + frame[5] : 0;
}

static int set_limit(int resource, rlim_t bytes)
{
    struct rlimit limit;
    getrlimit(resource, &limit);
    limit.rlim_cur = bytes;
    return setrlimit(resource, &limit);
}

static int status_of(pid_t child)
{
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    return status;
}

static int grow_to(rlim_t limit, long megabytes)
{
    pid_t child = fork();
    if (child == 0) {
        if (set_limit(RLIMIT_STACK, limit))
            _exit(9);
        use(megabytes * 1024);
        _exit(0);
    }
    return status_of(child);
}

static int exec_with(rlim_t limit, long megabytes)
{
    pid_t child = fork();
    if (child == 0) {
        char text[20];
        snprintf(text, sizeof(text), "%ld", megabytes);
        if (set_limit(RLIMIT_STACK, limit))
            _exit(9);
        execl(self, self, "use", text, NULL);
        _exit(8);
    }
    return status_of(child);
}

static void limits(void)
{
    CHECK_EQ(grow_to(8 * MB, 7), 0);
    CHECK_EQ(WTERMSIG(grow_to(8 * MB, 9)), SIGSEGV);
    CHECK_EQ(grow_to(16 * MB, 12), 0);
    CHECK_EQ(grow_to(64 * MB, 60), 0);
    CHECK_EQ(grow_to(RLIM_INFINITY, 60), 0);
    CHECK_EQ(WTERMSIG(grow_to(4 * MB, 6)), SIGSEGV);
    CHECK_EQ(WTERMSIG(exec_with(1 * MB, 3)), SIGSEGV);
    CHECK_EQ(WTERMSIG(exec_with(16 * MB, 20)), SIGSEGV);
    CHECK_EQ(exec_with(16 * MB, 12), 0);
    CHECK_EQ(exec_with(200 * MB, 190), 0);
    CHECK_EQ(exec_with(RLIM_INFINITY, 100), 0);
}

/* What a vfork's child sets for itself is not its parent's. */
static void vforked(void)
{
    pid_t child = vfork();
    if (child == 0) {
        set_limit(RLIMIT_STACK, 1 * MB);
        set_limit(RLIMIT_DATA, 0);
        _exit(0);
    }
    CHECK_EQ(status_of(child), 0);
    CHECK_EQ(use(4 * 1024) != -1, 1);
    CHECK(mmap(NULL, MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

/* Mappings made meanwhile do not stand in the way. */
static void beside_mappings(void)
{
    pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < 8; i++)
            if (mmap(NULL, 1024 * MB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                     0) == MAP_FAILED)
                _exit(2);
        for (int i = 0; i < 100; i++)
            if (mmap(NULL, 65536 * (i % 3 + 1), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                     -1, 0) == MAP_FAILED)
                _exit(3);
        if (set_limit(RLIMIT_STACK, 100 * MB))
            _exit(4);
        use(90 * 1024);
        _exit(0);
    }
    CHECK_EQ(status_of(child), 0);
}

/* In pages from the end of its mapping. */
static bool stack_lines(uint64_t *start, uint64_t *end)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[400];
    bool found = false;
    while (maps && fgets(line, sizeof(line), maps)) {
        unsigned long from, to;
        if (strstr(line, "[stack]") && sscanf(line, "%lx-%lx", &from, &to) == 2) {
            *start = from;
            *end = to;
            found = true;
        }
    }
    if (maps)
        fclose(maps);
    return found;
}

static void shown(void)
{
    uint64_t start = 0, end = 0, here = (uint64_t)(uintptr_t)&start, before;
    CHECK(stack_lines(&start, &end));
    CHECK(start <= here && here < end);
    CHECK(end - start < 8u * MB);
    before = start;
    use(5 * 1024);
    CHECK(stack_lines(&start, &end));
    CHECK(before - start <= 6u * MB);
    CHECK(end - start >= 4u * MB);
}

static uint8_t other_stack[65536];
static volatile uintptr_t low;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    uintptr_t at = (uintptr_t)info->si_addr;
    _exit(info->si_code == SEGV_MAPERR && at < low && at > low - 65536 ? 44 : 45);
}

static __attribute__((noinline)) int forever(int depth)
{
    volatile uint8_t frame[2000];
    frame[0] = (uint8_t)depth;
    low = (uintptr_t)frame;
    return depth < 100000000 ? forever(depth + 1) + frame[0] : 0;
}

static void overflow(void)
{
    pid_t child = fork();
    if (child == 0) {
        stack_t stack = {.ss_sp = other_stack, .ss_size = sizeof(other_stack)};
        struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_ONSTACK | SA_SIGINFO};
        sigaltstack(&stack, NULL);
        sigaction(SIGSEGV, &action, NULL);
        _exit(forever(0) ? 1 : 2);
    }
    CHECK_EQ(WEXITSTATUS(status_of(child)), 44);
}

/* 0 when the bytes below can be written, 1 when not. */
static int touch_down(uint8_t *from, long bytes)
{
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        for (long i = 1; i <= bytes; i += 1000)
            from[-i] = 1;
        _exit(0);
    }
    return status_of(child) != 0;
}

static void growing_mapping(void)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    /* Free room, with what is to grow in the middle. */
    uint8_t *room =
        mmap(NULL, 64 * MB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK_OK(munmap(room, 64 * MB));
    uint8_t *at = room + 32 * MB;
    CHECK(mmap(at, 65536, PROT_READ | PROT_WRITE, flags | MAP_GROWSDOWN, -1, 0) == at);
    CHECK_EQ(touch_down(at, 4 * MB), 0);
    CHECK_EQ(touch_down(at, 9 * MB), 1);
    /* Accessible memory below is kept at a distance, and new mappings keep theirs. */
    uint8_t *wall = at - 3 * MB;
    CHECK(mmap(wall, 65536, PROT_READ | PROT_WRITE, flags, -1, 0) == wall);
    CHECK_EQ(touch_down(at, 3 * MB - 65536 - GUARD_SIZE), 0);
    CHECK_EQ(touch_down(at, 3 * MB - GUARD_SIZE), 1);
    uint8_t *hint = at - 65536;
    uint8_t *got = mmap(hint, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(got != MAP_FAILED && got != hint);
    CHECK_OK(munmap(got, 65536));
    CHECK_OK(munmap(wall, 65536));
    hint[65536 - 10] = 1;
    CHECK_OK(mprotect(at, 4096, PROT_READ | PROT_GROWSDOWN));
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        hint[65536 - 10] = 2;
        _exit(0);
    }
    CHECK(status_of(child) != 0);
    CHECK_ERRNO(mprotect(other_stack + 4096 - ((uintptr_t)other_stack & 4095), 4096,
                         PROT_READ | PROT_WRITE | PROT_GROWSDOWN),
                EINVAL);
    CHECK_OK(munmap(room, 64 * MB));
}

static void data_limit(void)
{
    pid_t child = fork();
    if (child == 0) {
        const int flags = MAP_PRIVATE | MAP_ANONYMOUS, both = PROT_READ | PROT_WRITE;
        CHECK_OK(set_limit(RLIMIT_DATA, 20 * MB));
        CHECK(mmap(NULL, 40 * MB, both, flags, -1, 0) == MAP_FAILED && errno == ENOMEM);
        uint8_t *reads = mmap(NULL, 40 * MB, PROT_READ, flags, -1, 0);
        CHECK(reads != MAP_FAILED);
        CHECK_ERRNO(mprotect(reads, 40 * MB, both), ENOMEM);
        CHECK_OK(mprotect(reads, MB, both));
        CHECK(mmap(NULL, 40 * MB, both, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
        uint8_t *small = mmap(NULL, 4 * MB, both, flags, -1, 0);
        CHECK(small != MAP_FAILED);
        CHECK(mremap(small, 4 * MB, 40 * MB, MREMAP_MAYMOVE) == MAP_FAILED && errno == ENOMEM);
        CHECK(sbrk(40 * MB) == (void *)-1);
        use(4 * 1024); /* the stack does not count */
        _exit(check_failed != 0);
    }
    CHECK_EQ(status_of(child), 0);
}

int main(int argc, char **argv)
{
    if (argc == 3) {
        use(atol(argv[2]) * 1024);
        return 0;
    }
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    set_limit(RLIMIT_STACK, 8 * MB);
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[n > 0 ? n : 0] = 0;
    shown();
    limits();
    vforked();
    beside_mappings();
    overflow();
    growing_mapping();
    data_limit();
    return check_done();
}
