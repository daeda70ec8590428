/* 2,000 forks and execs in a row, 600 processes alive at once: none is lost, nothing leaks that
 * can be counted, and the last take no longer than the first. */
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define IN_A_ROW 2000
#define AT_ONCE  600

static int open_files(void)
{
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static int64_t microseconds(const struct timeval *time)
{
    return time->tv_sec * INT64_C(1000000) + time->tv_usec;
}

/* The processor's time that this process and those it has waited for have taken. */
static int64_t used(void)
{
    struct rusage own, children;
    getrusage(RUSAGE_SELF, &own);
    getrusage(RUSAGE_CHILDREN, &children);
    return microseconds(&own.ru_utime) + microseconds(&own.ru_stime) +
           microseconds(&children.ru_utime) + microseconds(&children.ru_stime);
}

/* What the processor worked for each quarter is compared: other work makes everything wait. */
static void in_a_row(char *self)
{
    int64_t took[4];
    int files = open_files();
    for (int i = 0; i < 4; i++) {
        int64_t start = used();
        for (int j = 0; j < IN_A_ROW / 4; j++) {
            int status = -1;
            pid_t child = fork();
            if (child == 0) {
                char *arguments[] = {self, "child", NULL}, *environment[] = {NULL};
                execve(self, arguments, environment);
                _exit(99);
            }
            if (child < 0 || waitpid(child, &status, 0) != child || status != 7 << 8) {
                check_(false, __FILE__, __LINE__, "fork %d: status %#x, %s", i * 500 + j, status,
                       strerror(errno));
                return;
            }
        }
        took[i] = used() - start;
    }
    CHECK_EQ(open_files(), files);
    check_(took[3] < took[0] * 3, __FILE__, __LINE__,
           "forks and execs took %d us at first and %d us in the end", (int)took[0], (int)took[3]);
}

static void at_once(void)
{
    static pid_t children[AT_ONCE];
    static bool seen[AT_ONCE];
    int gate[2], report[2];
    CHECK_OK(pipe(gate));
    CHECK_OK(pipe(report));
    for (int i = 0; i < AT_ONCE; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            char byte;
            close(gate[1]);
            if (write(report[1], &i, sizeof(i)) != sizeof(i) || read(gate[0], &byte, 1) != 0)
                _exit(1);
            _exit(i);
        }
        if (children[i] < 0) {
            CHECK(!"fork failed");
            return;
        }
    }
    for (int i = 0; i < AT_ONCE; i++) {
        int who = -1;
        CHECK_EQ(read(report[0], &who, sizeof(who)), (ssize_t)sizeof(who));
        CHECK(who >= 0 && who < AT_ONCE && !seen[who]);
        seen[who] = true;
    }
    for (int i = 0; i < AT_ONCE; i++)
        CHECK_OK(kill(children[i], 0));
    close(gate[0]);
    close(gate[1]);
    for (int i = 0; i < AT_ONCE; i++) {
        int status = -1;
        CHECK_EQ(waitpid(children[i], &status, 0), children[i]);
        CHECK_EQ(status, (i & 255) << 8);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "child") == 0)
        return 7;
    in_a_row(argv[0]);
    at_once();
    return check_done();
}
