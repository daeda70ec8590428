/* RLIMIT_CPU ends a loop, RLIMIT_MEMLOCK bounds what is locked and what will be, and sleeping on
 * CPU clocks. */
#include "check.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define KB 1024L
#define MB (1024L * 1024)

static volatile sig_atomic_t seen;

static void on_signal(int sig)
{
    seen = sig;
}

static int status_of(pid_t child)
{
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    return status;
}

static void cpu_time(void)
{
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {1, 10};
        alarm(3 * CHECK_PATIENCE);
        signal(SIGXCPU, on_signal);
        setrlimit(RLIMIT_CPU, &limit);
        while (!seen)
            ;
        getrlimit(RLIMIT_CPU, &limit);
        _exit(seen == SIGXCPU && limit.rlim_cur == 2 ? 5 : 6);
    }
    CHECK_EQ(status_of(child), 5 << 8);
    /* The limit is inherited, and the hard one kills. */
    child = fork();
    if (child == 0) {
        struct rlimit limit = {1, 1};
        setrlimit(RLIMIT_CPU, &limit);
        pid_t inner = fork();
        if (inner == 0) {
            alarm(3 * CHECK_PATIENCE);
            for (;;)
                ;
        }
        int status;
        waitpid(inner, &status, 0);
        _exit(WTERMSIG(status) == SIGKILL ? 7 : 8);
    }
    CHECK_EQ(status_of(child), 7 << 8);
}

static long locked_kilobytes(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[200];
    long kilobytes = -1;
    while (file && fgets(line, sizeof(line), file))
        sscanf(line, "VmLck: %ld kB", &kilobytes);
    if (file)
        fclose(file);
    return kilobytes;
}

static void memory_of_user(void)
{
    struct rlimit limit = {64 * KB, 64 * KB};
    CHECK_OK(setrlimit(RLIMIT_MEMLOCK, &limit));
    CHECK_OK(check_become(54325));
    char *area = mmap(NULL, MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(area != MAP_FAILED);
    CHECK_OK(mlock(area, 16 * KB));
    CHECK_EQ(locked_kilobytes(), 16);
    CHECK_OK(mlock(area, 64 * KB)); /* what is locked already counts once */
    CHECK_EQ(locked_kilobytes(), 64);
    CHECK_ERRNO(mlock(area + 64 * KB, 4 * KB), ENOMEM);
    CHECK_ERRNO(mlock(area, MB), ENOMEM);
    CHECK_OK(munlock(area + 1, 16 * KB - 1));
    CHECK_EQ(locked_kilobytes(), 48);
    CHECK_OK(mlock(area + 128 * KB, 16 * KB));
    CHECK_OK(munmap(area + 16 * KB, 48 * KB));
    CHECK_EQ(locked_kilobytes(), 16);
    CHECK_ERRNO(mlockall(MCL_CURRENT), ENOMEM);
    pid_t child = fork();
    if (child == 0)
        _exit(locked_kilobytes() != 0);
    CHECK_EQ(status_of(child), 0);
    CHECK_OK(munlockall());
    CHECK_EQ(locked_kilobytes(), 0);
    limit.rlim_cur = 0;
    CHECK_OK(setrlimit(RLIMIT_MEMLOCK, &limit));
    CHECK_ERRNO(mlock(area, 4 * KB), EPERM);
    CHECK_ERRNO(mlockall(MCL_CURRENT), EPERM);
}

static long present(char *area, size_t size)
{
    static uint8_t pages[4096];
    long count = 0;
    CHECK_OK(mincore(area, size, pages));
    for (size_t i = 0; i < size / (4 * KB); i++)
        count += pages[i] & 1;
    return count;
}

static char *map(size_t size, int flags)
{
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

/* What is locked is brought in, and what is unlocked is not. */
static void brought_in(void)
{
    char *area = map(16 * MB, 0);
    CHECK_OK(munlock(area, 16 * MB));
    CHECK_OK(munlockall());
    CHECK_EQ(present(area, 16 * MB), 0);
    CHECK_OK(mlockall(MCL_FUTURE | MCL_ONFAULT));
    char *later = map(16 * MB, 0);
    CHECK_EQ(present(later, 16 * MB), 0);
    CHECK_OK(mlockall(MCL_FUTURE));
    CHECK_EQ(present(area, 16 * MB) + present(later, 16 * MB), 0);
    char *now = map(16 * MB, 0),
         *none = mmap(NULL, 16 * MB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_EQ(present(now, 16 * MB), 4096);
    CHECK_EQ(present(none, 16 * MB), 0);
    CHECK_OK(munlockall());
    CHECK_EQ(present(area, 16 * MB) + present(later, 16 * MB), 0);
    CHECK_OK(mlockall(MCL_CURRENT));
    CHECK_EQ(present(area, 16 * MB), 4096);
    CHECK_EQ(present(none, 16 * MB), 0);
    CHECK_OK(munlockall());
    char *locked = map(16 * MB, MAP_LOCKED);
    CHECK_EQ(present(locked, 16 * MB), 4096);
    CHECK_EQ(locked_kilobytes(), 16 * KB);
    CHECK_OK(munlockall());
    munmap(area, 16 * MB);
    munmap(later, 16 * MB);
    munmap(now, 16 * MB);
    munmap(none, 16 * MB);
    munmap(locked, 16 * MB);
}

/* Mappings that would be locked from the start. */
static void born_locked(void)
{
    struct rlimit limit = {2 * MB, 2 * MB};
    CHECK_OK(setrlimit(RLIMIT_MEMLOCK, &limit));
    CHECK_OK(check_become(54325));
    CHECK_OK(mlockall(MCL_FUTURE));
    char *area = map(MB, 0);
    CHECK(area != MAP_FAILED);
    CHECK(locked_kilobytes() >= KB); /* and what a libc has mapped to tell */
    CHECK_ERRNO(map(2 * MB, 0), EAGAIN);
    CHECK_ERRNO(map(2 * MB, MAP_LOCKED), EAGAIN);
    CHECK_ERRNO(mmap(area, 2 * MB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
                EAGAIN);
    CHECK_ERRNO(mremap(area, MB, 3 * MB, MREMAP_MAYMOVE), EAGAIN);
    char *end = (char *)syscall(SYS_brk, 0);
    CHECK_EQ(syscall(SYS_brk, end + 4 * MB), end);
    CHECK_OK(munlockall());
    CHECK_EQ(syscall(SYS_brk, end + 4 * MB), end + 4 * MB);
    CHECK_EQ(locked_kilobytes(), 0);
    CHECK_ERRNO(map(4 * MB, MAP_LOCKED), EAGAIN);
    limit.rlim_cur = 0;
    CHECK_OK(setrlimit(RLIMIT_MEMLOCK, &limit));
    /* A libc may give another errno. */
    CHECK_ERRNO(syscall(SYS_mmap, NULL, 4 * KB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED,
                        -1, 0l),
                EPERM);
    CHECK_OK(munlock(area, MB));
    CHECK_OK(munlockall());
}

static void memory(void)
{
    char *area = mmap(NULL, MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_OK(munmap(area + 64 * KB, 64 * KB));
    CHECK_ERRNO(mlock(area, MB), ENOMEM);
    CHECK_ERRNO(munlock(area, MB), ENOMEM);
    CHECK_ERRNO(mlockall(0), EINVAL);
    munlockall();
    if (geteuid() != 0)
        return;
    check_in_child(memory_of_user);
    check_in_child(brought_in);
    check_in_child(born_locked);
}

static atomic_bool stop;

static void *burn(void *arg)
{
    while (!atomic_load(&stop))
        ;
    return arg;
}

static int64_t cpu_used(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void cpu_sleep(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, burn, NULL);
    struct timespec time = {0, 60000000};
    int64_t before = cpu_used();
    CHECK_EQ(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &time, NULL), 0);
    CHECK(cpu_used() - before >= 60000000);
    int64_t until = cpu_used() + 30000000;
    time = (struct timespec){until / 1000000000, until % 1000000000};
    CHECK_EQ(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME, &time, NULL), 0);
    CHECK(cpu_used() >= until);
    CHECK_EQ(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME, &time, NULL), 0);
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
    CHECK_EQ(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &time, NULL), EINVAL);
}

static void *work_a_little(void *arg)
{
    int64_t until = check_now() + 200000;
    while (check_now() < until)
        ;
    atomic_store((atomic_bool *)arg, true);
    return NULL;
}

/* Threads come and go; what they have used is counted once, and from their start. */
static void cpu_clock_goes_on(void)
{
    int64_t last = cpu_used();
    int backwards = 0;
    for (int i = 0; i < 300; i++) {
        atomic_bool done = false;
        pthread_t thread;
        if (pthread_create(&thread, NULL, work_a_little, &done))
            break;
        for (bool ended = false; !ended;) {
            ended = atomic_load(&done);
            int64_t now = cpu_used();
            backwards += now < last;
            last = now;
        }
        pthread_join(thread, NULL);
    }
    CHECK_EQ(backwards, 0);
}

int main(void)
{
    cpu_time();
    memory();
    cpu_clock_goes_on();
    cpu_sleep();
    return check_done();
}
