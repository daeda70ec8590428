/* 2,000 forks and execs in a row, 200 processes alive at once: none is lost, nothing leaks that can
 * be counted, and the last take no longer than the first. */
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>

#define IN_A_ROW 2000
#define AT_ONCE  200

static int open_files(void)
{
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* The quickest of each quarter are compared: other work slows down many, but not all. */
static void in_a_row(char *self)
{
    int64_t quickest[4];
    int files = open_files();
    for (int i = 0; i < 4; i++) {
        quickest[i] = INT64_MAX;
        for (int j = 0; j < IN_A_ROW / 4; j++) {
            int64_t start = check_now();
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
            int64_t took = check_now() - start;
            if (took < quickest[i])
                quickest[i] = took;
        }
    }
    CHECK_EQ(open_files(), files);
    check_(quickest[3] < quickest[0] * 3, __FILE__, __LINE__,
           "fork and exec took %d us at first and %d us in the end", (int)(quickest[0] / 1000),
           (int)(quickest[3] / 1000));
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
