/* What every guest program shares: counting checks, deadlines, and catching one signal with its
 * context.
 *
 * A program calls CHECK for each expectation and returns check_done() from main. A failed check
 * prints its place and text on standard output; the number of checks is printed at the end, so that
 * a run that lost some of them differs from the run on the real kernel. Nothing printed may depend
 * on the host, time or address randomisation.
 */
#ifndef GUEST_CHECK_H
#define GUEST_CHECK_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Seconds a program waits for an event that has to come. */
#define CHECK_PATIENCE 20

static int check_failed __attribute__((unused));
static int check_count __attribute__((unused));

__attribute__((unused, format(printf, 4, 5))) static bool check_(bool held, const char *file,
                                                                 int line, const char *format, ...)
{
    check_count++;
    if (held)
        return true;
    check_failed++;
    const char *slash = strrchr(file, '/');
    printf("FAILED %s:%d: ", slash ? slash + 1 : file, line);
    va_list list;
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    printf("\n");
    fflush(stdout);
    return false;
}

#define CHECK(condition) check_((condition), __FILE__, __LINE__, "%s", #condition)

/* Two integers that have to be equal; both are shown in decimal and hexadecimal. */
#define CHECK_EQ(left, right)                                                                      \
    do {                                                                                           \
        long long left_ = (long long)(left), right_ = (long long)(right);                          \
        check_(left_ == right_, __FILE__, __LINE__, "%s is %lld (%#llx), not %s: %lld (%#llx)",    \
               #left, left_, (unsigned long long)left_, #right, right_,                            \
               (unsigned long long)right_);                                                        \
    } while (0)

/* A call that has to succeed. */
#define CHECK_OK(call)                                                                             \
    do {                                                                                           \
        errno = 0;                                                                                 \
        long long result_ = (long long)(call);                                                     \
        check_(result_ != -1, __FILE__, __LINE__, "%s failed: %s", #call, strerror(errno));        \
    } while (0)

/* A call that has to fail with the given errno. */
#define CHECK_ERRNO(call, number)                                                                  \
    do {                                                                                           \
        errno = 0;                                                                                 \
        long long result_ = (long long)(call);                                                     \
        int errno_ = errno;                                                                        \
        check_(result_ == -1 && errno_ == (number), __FILE__, __LINE__,                            \
               "%s gave %lld, errno %d (%s), not %s", #call, result_, errno_, strerror(errno_),    \
               #number);                                                                           \
    } while (0)

__attribute__((unused)) static int check_done(void)
{
    printf("%d checks, %d failed\n", check_count, check_failed);
    fflush(stdout);
    return check_failed ? 1 : 0;
}

/* Nanoseconds of the monotonic clock. */
__attribute__((unused)) static int64_t check_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Evaluates the condition again and again until it holds or CHECK_PATIENCE is over. Only where
 * there is nothing to block on. */
#define CHECK_EVENTUALLY(condition)                                                                \
    do {                                                                                           \
        int64_t until_ = check_now() + CHECK_PATIENCE * INT64_C(1000000000);                       \
        while (!(condition) && check_now() < until_) {                                             \
            struct timespec pause_ = {0, 1000000};                                                 \
            nanosleep(&pause_, NULL);                                                              \
        }                                                                                          \
        CHECK(condition);                                                                          \
    } while (0)

/* A user id by chance: the kernel counts what a user has wherever it is, also what other tests, and
 * the same one elsewhere on this machine, do at this moment. */
__attribute__((unused)) static uid_t check_user(void)
{
    uint32_t number = 0;
    (void)!getrandom(&number, sizeof(number), 0);
    return 20000 + number % 30000;
}

/* Makes the calling process that user's, with the group of the same number and no others. 0, or -1
 * and errno; the C library is not told, so only the calling thread changes. */
__attribute__((unused)) static int check_become(unsigned id)
{
    if (syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresgid, id, id, id))
        return -1;
    return (int)syscall(SYS_setresuid, id, id, id);
}

/* Runs fn in a child of its own. What fails there is printed by the child, and counts as one. */
__attribute__((unused)) static void check_in_child(void (*fn)(void))
{
    int status = -1;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        check_failed = 0;
        fn();
        fflush(stdout);
        _exit(check_failed != 0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
}

/* "FOLDER/NAME", good until the fourth call after this one. */
__attribute__((unused)) static const char *check_path(const char *folder, const char *name)
{
    static char paths[4][400];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof(*paths), "%s/%s", folder, name);
    return path;
}

/* Copies a program to a new file that all may execute. */
__attribute__((unused)) static void check_copy(const char *program, const char *path)
{
    char buffer[65536];
    ssize_t n;
    int from = open(program, O_RDONLY), to = open(path, O_WRONLY | O_CREAT, 0755);
    while ((n = read(from, buffer, sizeof(buffer))) > 0)
        CHECK_EQ(write(to, buffer, (size_t)n), n);
    CHECK_OK(fchmod(to, 0755));
    close(from);
    close(to);
}

/* xorshift64*: the same numbers on every system. */
__attribute__((unused)) static uint64_t check_random(uint64_t *state)
{
    uint64_t x = *state ? *state : 0x9e3779b97f4a7c15u;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545f4914f6cdd1du;
}

#endif
