/* RLIMIT_CPU ends a loop, RLIMIT_MEMLOCK bounds what is locked, and sleeping on CPU clocks. */
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
    CHECK_OK(syscall(SYS_setresuid, 54325, 54325, 54325));
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
    pid_t child = fork();
    if (child == 0) {
        memory_of_user();
        _exit(check_failed != 0);
    }
    CHECK_EQ(status_of(child), 0);
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

int main(void)
{
    cpu_time();
    memory();
    cpu_sleep();
    return check_done();
}
